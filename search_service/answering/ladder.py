"""The ladder: from the tree of a query to index queries. It begins strict and becomes looser rung by rung.

    browse   no words to look for: everything that is not excluded, newest first
    words    every word, as the analyzer cuts words
    inside   every word, also inside other words; for loose queries after "any", because it reads texts of articles
    most     most of the telling words
    any      at least one of the telling words; if the query has a quote, the quote alone is enough
    unquoted quotes are read as words; at least one of all words; articles with most of the words come first

The articles of stricter rungs come before those of looser ones (``climb.py``).

Only loose words are relaxed: those outside quotes and fields. Exclusions, fields, words of the title, AND and OR stay
as typed on every rung. Quotes stay on every rung except "unquoted", which is for quotes that no article holds. A loose
query is a question or a long text (``rungs.py``).

A word of one character is not telling, because it stands inside other words in nearly every article. If a text holds
only stopwords (的了吗), every word is telling. Latin words, numbers and measures typed without a blank (H1N1, iPhone15, 3公里) must
follow one another on every rung; on "most" and "any" such a stretch counts as one word. Latin words and numbers are looked for inside
other words only if the query holds no other words: ``art`` is not in ``party``, nor 15 in 2015. A number with another sign than
the typed one (2-1 for 2:1) counts on every rung but the first. A day in figures is required on every rung.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final, TypeGuard, TypeVar

from indexer.analysis.characters import fold
from indexer.analysis.scripts import ends_sentence
from indexer.analysis.spellings import number_parts
from indexer.engines.ranking import words_needed
from indexer.query import (
    TEXT_FIELDS,
    Adjacent,
    And,
    Boost,
    Glued,
    Match,
    MatchAll,
    Near,
    Not,
    Or,
    Query,
    Range,
    Rescore,
    Term,
    TitlePrefix,
)
from indexer.query import Literal as LiteralQuery
from search_service.answering.rungs import Rung, may_be_filled
from search_service.ranking.weights import (
    AGREE,
    ALL_WORDS,
    AS_TYPED,
    FIELD_WEIGHTS,
    MOST,
    NEAR,
    NEAR_A_DAY,
    NEAR_WINDOW,
    PAIRS,
    RESCORED,
    RESCORED_FIELDS,
    TITLE_BEGINS,
    TITLE_FROM,
)
from search_service.understanding.borders import has_borders, may_run_on
from search_service.understanding.filters import in_channel
from search_service.understanding.tree import (
    All,
    Dates,
    Day,
    Either,
    Exclude,
    Keyword,
    Node,
    Phrase,
    Words,
    wanted,
)

Fields = tuple[tuple[str, float], ...]
_Part = TypeVar("_Part", Words, Words | Phrase)

_TITLED: Final = 2
"""Minimum length in characters of a typed text that is compared with titles. Too many titles begin with a given character."""
_ENDS: Final = "。！？；!?;…."
"""Ends of sentences. They exclude nothing by themselves: -Yahoo! excludes Yahoo."""
_TITLE: Final = tuple(each for each in FIELD_WEIGHTS if each[0] == "title")


def titles_first(text: str, tree: Node | None) -> tuple[Query, ...]:
    """The articles that come first whatever their scores: those whose title was typed, then those whose title begins with it.

    ``text`` is the typed text: quotes and parentheses that are operators in the ``tree`` may be those of a title. For a day
    without other words, those that were published on that day.
    """
    if isinstance(tree, Words) and tree.days and not tree.tokens:
        return (Or(tuple(Range("published_at", day.start, day.end) for day in tree.days)),)
    leaves = wanted(tree)
    if len(text) < _TITLED or not leaves:
        return ()
    whole = TitlePrefix(text, whole=True)
    asks = any(isinstance(leaf, Words) and leaf.asks for leaf in leaves)
    return (whole, TitlePrefix(text)) if _is_long(text) and not asks else (whole,)


def _is_title(tree: Node | None) -> TypeGuard[Words]:
    """Whether a typed text is compared with titles."""
    return isinstance(tree, Words) and not tree.title_only and len(tree.text) >= _TITLED


def _is_long(text: str) -> bool:
    return sum(map(str.isalnum, text)) >= TITLE_FROM


def rescore_for(tree: Node | None) -> Rescore | None:
    """How the best hits are rescored: by the loose words, if there are at least two. With two telling words also by agreement."""
    leaves = wanted(tree)
    loose = [leaf for leaf in leaves if isinstance(leaf, Words) and not leaf.title_only]
    if sum(len(leaf.tokens) for leaf in loose) < 2:
        return None
    telling = _beyond_stopwords(loose)
    return Rescore(
        _tokens(telling),
        fields=RESCORED_FIELDS,
        near=NEAR,
        window=NEAR_WINDOW,
        grams=tuple(dict.fromkeys(gram for leaf in telling for gram in leaf.grams)),
        pairs=PAIRS,
        agree=AGREE if may_be_filled(tree) else 0.0,
        depth=RESCORED,
    )


def query_on(tree: Node | None, rung: Rung) -> Query:
    """The query of a rung: :func:`query_for`, and the articles whose title begins with the typed text.

    A short text that ends in letters or digits is left alone: 20 begins no title with 2023.
    """
    query = query_for(tree, rung)
    if not _is_title(tree) or (may_run_on(fold(tree.text)[-1:]) and not _is_long(tree.text)):
        return query
    return Or((query, Boost(TitlePrefix(tree.text), TITLE_BEGINS)))


def query_for(tree: Node | None, rung: Rung) -> Query:
    """The index query of a tree on a rung."""
    match tree:
        case None:
            return MatchAll()
        case Words():
            query = _on_days(tree, _with_joined(tree, _words(tree, rung), rung))
            # A title may be typed without its punctuation, and then be cut differently.
            return Or((query, TitlePrefix(tree.text, whole=True))) if tree.title_only else query
        case Phrase(slop=slop) if slop and (tree.title_only or rung != "unquoted"):
            return _near(tree)
        case Phrase(text, title_only=True):
            return LiteralQuery(text, fields=("title",))
        case Phrase(text):
            return _unquoted([tree]) if rung == "unquoted" else LiteralQuery(text)
        case Keyword(field, value):
            return in_channel(value) if field == "channel" else Term(field, value)
        case Dates(start, end):
            return Range("published_at", start, end)
        case All(parts):
            return _all(parts, rung)
        case Either(parts):
            return Or(tuple(query_for(part, rung) for part in parts))
        case Exclude(part):
            return Not(_excluded(part))


def _all(parts: tuple[Node, ...], rung: Rung) -> Query:
    """The query that requires every part. On the rungs "any" and "unquoted", quotes and loose words form one query."""
    quoted = any(isinstance(part, Phrase) and not part.title_only for part in parts)
    if not quoted or rung not in ("any", "unquoted"):
        return And(tuple(query_for(part, rung) for part in parts))
    if rung == "unquoted":
        loose = [part for part in parts if isinstance(part, Words | Phrase) and not part.title_only]
        others = [query_for(part, rung) for part in parts if part not in loose]
        return And((_unquoted(loose), *others))
    optional = [part for part in parts if isinstance(part, Words) and not part.title_only]
    required = And(tuple(query_for(part, rung) for part in parts if part not in optional))
    return Or((required, *(And((required, query_for(part, rung))) for part in optional)))


def _near(quote: Phrase) -> Query:
    """The articles with the words of the quote near one another, or with its very text, however the segmenter cut it."""
    fields = _TITLE if quote.title_only else FIELD_WEIGHTS
    names = tuple(name for name, _ in fields)
    near = Near(quote.tokens, quote.slop, names)
    return Or((And((Match(quote.tokens, fields), near)), LiteralQuery(quote.text, names)))


def _unquoted(parts: list[Words | Phrase]) -> Query:
    """Any word of the quotes and loose words; articles with most of the words come first."""
    words = _tokens(_beyond_stopwords(parts))
    most = Match(words, fields=FIELD_WEIGHTS, need=MOST)
    return Or((Match(words, fields=FIELD_WEIGHTS, need=0.0), Boost(most, ALL_WORDS)))


def _beyond_stopwords(parts: Sequence[_Part]) -> Sequence[_Part]:
    """The parts that hold more than stopwords. All parts if each holds only stopwords."""
    return [part for part in parts if not part.common] or parts


def _tokens(parts: Iterable[Words | Phrase]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(token for part in parts for token in part.tokens))


def _words(words: Words, rung: Rung) -> Query:
    fields = _TITLE if words.title_only else FIELD_WEIGHTS
    telling = words.telling
    if not words.tokens:
        return MatchAll() if words.days else LiteralQuery(words.text)
    if rung == "words":
        every = Match(words.tokens, fields, alternatives=words.alternatives)
        return _as_one(words, every, fields)
    if rung == "inside" or words.title_only or not telling:
        return _as_typed_first(words, _inside(words, fields), fields)
    need = 0.0 if rung == "any" else MOST
    # Words of one character find no article by themselves; they only rank the articles that hold enough telling words. So do the
    # numbers of a range: 2018/19 is about 2018-2019.
    held = Boost(_enough(words, need, fields, rung), 0.0)
    parts = (part for token in words.tokens for part, _, _ in number_parts(token))
    ranking = tuple(dict.fromkeys((*words.tokens, *parts)))
    return And((held, _match(words, ranking, fields, need=0.0)))


def _enough(words: Words, need: float, fields: Fields, rung: Rung) -> Query:
    """The articles that hold the share ``need`` of the telling words. A joined stretch counts as one word.

    Of several stretches, one or all count.
    """
    stretches = tuple(_joined(words, stretch, rung) for stretch in words.firm)
    if not stretches:
        return _match(words, words.alone(words.telling), fields, need)
    others = words.alone(words.outside)
    needed = words_needed(need, len(others) + len(stretches))
    ways: dict[int, tuple[Query, ...]] = {0: (), 1: (Or(stretches),), len(stretches): stretches}
    found: list[Query] = []
    for held, query in ways.items():
        if held >= needed:
            found.append(And(query))
        elif needed - held <= len(others):
            share = (needed - held - 0.5) / len(others)  # rounded up to that many words
            found.append(And((*query, _match(words, others, fields, share))))
    return Or(tuple(found))


def _with_joined(words: Words, query: Query, rung: Rung) -> Query:
    """On the first two rungs, the articles of ``query`` that hold each joined stretch (H1N1, 7号) or a synonym of it."""
    if rung not in ("words", "inside") or not words.joined or words.may_be_one:
        return query
    return And((query, *(_joined(words, stretch, rung) for stretch in words.joined)))


def _joined(words: Words, stretch: str, rung: Rung) -> Query:
    names = ("title",) if words.title_only else TEXT_FIELDS
    folded = fold(stretch)
    held = words.words_of[stretch]
    shared = [
        {each.words for each in words.alternatives if each.word == word}
        for word in held
        if word in words.tokens
    ]
    others = sorted(set.intersection(*shared)) if shared else []
    found = [_follow(each, folded, names) for each in (held, *others)]
    number = folded[0].isdigit()  # 3公里 is not in 13公里
    if (
        rung == "inside"
        and not number
        and (not has_borders(folded) or all(map(has_borders, words.tokens)))
    ):
        found.append(LiteralQuery(stretch, names))
    return Or(tuple(found)) if len(found) > 1 else found[0]


def _follow(words: tuple[str, ...], folded: str, names: tuple[str, ...]) -> Query:
    """The articles in which words follow one another. In 4S店 the parts of ``folded`` 4s have one position, and 4s is a word."""
    if len(words) == 1 or not has_borders(folded):
        return Adjacent(words, names)
    return Or((Adjacent(words, names), Adjacent((folded,), names)))


def _on_days(words: Words, query: Query) -> Query:
    """The articles of ``query`` for each day that was typed: those published on that day, and those that name it."""
    return And((query, *map(_on_day, words.days))) if words.days else query


def _on_day(day: Day) -> Query:
    reach = timedelta(days=NEAR_A_DAY)
    near = Range("published_at", day.start - reach, day.end + reach)
    return Or(
        (
            Range("published_at", day.start, day.end),
            *(Adjacent(each) for each in day.named),
            *(And((Adjacent(each), near)) for each in day.near),
        )
    )


def _inside(words: Words, fields: Fields) -> Query:
    """Every word, also inside other words. Latin words and numbers stay whole if there are other words."""
    bordered, others = words.bordered, words.borderless
    if not bordered or not (others or words.looser):
        return _match(words, words.tokens, fields, inside=True)
    if not others:
        return _match(words, bordered, fields)
    whole = _match(words, words.alone(bordered), fields)
    return And((whole, _match(words, words.alone(others), fields, inside=True)))


def _match(
    words: Words, some: tuple[str, ...], fields: Fields, need: float = 1.0, inside: bool = False
) -> Match:
    """The query for ``some`` of the words, each with all its alternatives."""
    return Match(some, fields, need, inside, (*words.alternatives, *words.looser))


def _as_one(words: Words, query: Query, fields: Fields) -> Query:
    """The articles of ``query``, the query of every word; for a text that may be one name, those that hold it however it was cut.

    Parts that say little alone must follow one another. Two Chinese characters are not looked for across the words of an article,
    because they meet there by chance (段简 in 一段简单), only at the ends of unknown words.
    """
    if not words.may_be_one:
        return query
    names = tuple(name for name, _ in fields)
    if len(words.telling) < 2 <= len(words.tokens):
        query = And((query, Adjacent(words.tokens, names)))
    if len(words.text) == 2 and not words.bordered:
        alone = len(words.tokens) == 1
        return Or((query, Boost(Glued(words.tokens[0]), AS_TYPED))) if alone else query
    literal: Query = LiteralQuery(words.text, names)
    if words.bordered:
        literal = And((_match(words, words.bordered, fields), literal))
    return Or((query, Boost(literal, AS_TYPED)))


def _as_typed_first(words: Words, query: Query, fields: Fields) -> Query:
    """The articles of ``query``. If the text was typed without blanks, articles that hold it literally come first: 段简 in 一段简单."""
    if len(words.pieces) != 1 or len(words.tokens) < 2:
        return query
    typed = LiteralQuery(words.text, tuple(name for name, _ in fields))
    return Or((query, Boost(typed, AS_TYPED)))


def _excluded(part: Node) -> Query:
    """The query for what an exclusion removes: articles that hold the typed words, also inside other words.

    ``-银行`` also removes articles with 农业银行, however the segmenter cuts it. ``-art`` keeps party, because Latin words
    have borders. ``-H1N1`` removes an article only if its words follow one another, and ``-3:2`` one with 3:2, not one with 3-2.
    """
    match part:
        case Words(tokens=[_, *_]):
            return And(tuple(_held(piece, part) for piece in part.pieces))
        case All(parts):
            return And(tuple(_excluded(each) for each in parts))
        case Either(parts):
            return Or(tuple(_excluded(each) for each in parts))
        case _:
            return query_for(part, "words")


def _held(piece: str, words: Words) -> Query:
    names = ("title",) if words.title_only else TEXT_FIELDS
    core = piece.strip(_ENDS)
    if has_borders(fold(core)) and not ends_sentence(fold(core)):
        return _follow(words.words_of[piece], fold(core), names)
    return LiteralQuery(core, names)
