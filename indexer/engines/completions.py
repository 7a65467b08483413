"""The completions that an article offers: words and phrases of its title, its tags and its author.

Every engine uses this rule and the terms in which an index keeps completions. A term is the key of a completion (see
``analysis/typed.py``), its folded text and, if different, the text itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from itertools import chain, islice, product
from math import inf
from operator import eq
from typing import Final, NamedTuple

from indexer.analysis.analyzers import Token
from indexer.analysis.characters import fold, fold_literal
from indexer.analysis.memo import Memo
from indexer.analysis.pinyin import MAX_READINGS, can_sound, is_chinese, pronunciations
from indexer.analysis.typed import KEY_UNITS, key_of, read_typed
from indexer.article import Article
from indexer.hits import Completion
from indexer.query import Alike, AnyOf, TypedSo

LONGEST: Final = 16
"""The most characters of a completion. A longer word or tag is really a sentence."""
LONGEST_PHRASE: Final = 8
"""Characters: 中国特色社会主义. Longer phrases are titles, and those are offered anyway."""
PHRASE_WORDS: Final = 3
IN_BODY: Final = 2
"""How often the body must literally contain a phrase of the title. Words that are neighbours by chance do not recur.

The phrase must also stand free: once at least nothing precedes it in its clause, and once nothing follows. 詹姆斯拒绝 recurs, but
no clause ends with it. Of the pairs and triples that recur in 15,000 titles, 2,500 of 17,700 stand free.
"""

SEPARATOR: Final = "\0"
"""Separates the parts of a term. The key before the folded text never contains it."""


class Entry(NamedTuple):
    """A completion as an index keeps it: one entry for each key, since a text may have several usual readings."""

    key: str
    folded: str
    text: str

    @property
    def term(self) -> str:
        """The entry as one term. Terms sort by key, so the terms whose keys share a prefix are contiguous."""
        spelt = () if self.text == self.folded else (self.text,)
        return SEPARATOR.join((self.key, self.folded, *spelt))


def entry_of(term: str) -> Entry:
    """The entry that :attr:`Entry.term` encodes."""
    key, folded, *spelt = term.split(SEPARATOR)
    return Entry(key, folded, spelt[0] if spelt else folded)


@dataclass(frozen=True, slots=True)
class Use:
    """How many articles hold an entry, and when the newest of them was published."""

    entry: Entry
    newest: datetime | None
    count: int


def completions(uses: Iterable[Use], *, size: int) -> list[Completion]:
    """The best completions, one for each folded form: those that most articles hold first, then the newest, then by text."""
    together: dict[str, list[Use]] = {}
    for use in uses:
        together.setdefault(use.entry.folded, []).append(use)
    found = [_completion(folded, each) for folded, each in together.items()]
    found.sort(key=_most_held_first)
    return found[:size]


def _completion(folded: str, uses: Sequence[Use]) -> Completion:
    spelt: Counter[str] = Counter()
    for use in uses:
        spelt[use.entry.text] += use.count
    text = min(spelt, key=lambda each: (-spelt[each], each))
    times = [use.newest for use in uses if use.newest is not None]
    return Completion(text, folded, spelt.total(), max(times) if times else None)


def _most_held_first(found: Completion) -> tuple[int, float, str]:
    return (-found.count, -found.newest.timestamp() if found.newest else inf, found.folded)


def accepting(texts: TypedSo | Alike | AnyOf) -> Callable[[str], bool]:
    """A function that says whether a folded text is among the ``texts`` that a request asks for."""
    match texts:
        case TypedSo(text):
            return read_typed(text).begins
        case Alike():
            return partial(_is_alike, texts)
        case AnyOf(these):
            return these.__contains__


def _is_alike(wanted: Alike, text: str) -> bool:
    return (
        len(text) == wanted.length
        and text != wanted.text
        and is_chinese(text)
        and shared(text, wanted.text) >= wanted.shared
        and (not wanted.sounds or can_sound(text, wanted.sounds))
    )


def shared(text: str, other: str) -> int:
    """At how many places both texts have the same character."""
    return sum(map(eq, text, other))


@dataclass(frozen=True, slots=True)
class Offers:
    """The completions of one article, and the keys of its title: one for each usual reading, none for a title without sound."""

    entries: frozenset[Entry]
    title_keys: frozenset[str]


def offers_of(article: Article, tokens: Sequence[Token], body: str) -> Offers:
    """The completions of an article, without single characters. O(title + body), about 0.1 ms.

    ``tokens`` are the title's tokens as the analyzer indexes them. ``body`` is the body as literals are compared.
    """
    title, folded = article.title, fold(article.title)
    words = [
        token
        for n, token in enumerate(tokens)
        if n == 0 or token.position != tokens[n - 1].position  # skip words inside
    ]
    texts = {title[word.start : word.end] for word in words}
    text = f"{folded}\n{body}"
    for start, end in _phrases(folded, words):
        phrase = folded[start:end]
        if body.count(phrase) >= IN_BODY and _stands_free(phrase, text):
            texts.add(title[start:end])
    texts.update(article.tags)
    texts.add(article.author)
    made = _entries()
    entries = frozenset(chain.from_iterable(map(made.__getitem__, texts)))
    return Offers(entries, _title_keys(words))


def _title_keys(tokens: Iterable[Token]) -> frozenset[str]:
    """The keys of a title. The words around a character decide its reading."""
    read = []
    size = 0
    for token in tokens:
        read.append(pronunciations(token.text))
        size += len(read[-1][0])
        if size >= KEY_UNITS:
            break
    beginnings = islice(product(*read), MAX_READINGS)
    keys = (key_of([*chain.from_iterable(each)]) for each in beginnings)
    return frozenset(filter(None, keys))


def _stands_free(phrase: str, text: str) -> bool:
    """Whether no letter, digit or character precedes one occurrence, and none follows one. The text holds the phrase. O(text)."""
    first, *between, last = text.split(phrase)
    # Where nothing stands between two occurrences, they are each other's neighbours.
    before = [first[-1:], *(part[-1:] or phrase[-1] for part in between)]
    after = [*(part[:1] or phrase[0] for part in between), last[:1]]
    return not all(map(str.isalnum, before)) and not all(map(str.isalnum, after))


@cache
def _entries() -> Memo[str, tuple[Entry, ...]]:
    return Memo(_entries_of)


def _entries_of(text: str) -> tuple[Entry, ...]:
    folded = fold_literal(text)
    if not 2 <= len(folded) <= LONGEST or not any(map(str.isalpha, folded)):
        return ()
    keys = dict.fromkeys(map(key_of, pronunciations(folded)))
    return tuple(Entry(key, folded, " ".join(text.split())) for key in keys if key)


def _phrases(title: str, tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """The phrases of two or three neighbouring words. Numbers and single characters (10, 的 of 人民的) neither begin nor end one."""
    strong = [len(token.text) > 1 and not token.text.isdigit() for token in tokens]
    for begin, first in enumerate(tokens):
        if not strong[begin]:
            continue
        before = first
        for at in range(begin + 1, min(begin + PHRASE_WORDS, len(tokens))):
            after = tokens[at]
            joined = before.end == after.start or (
                after.text.isascii() and title[before.end : after.start] == " "
            )
            if not joined or after.end - first.start > LONGEST_PHRASE:
                break
            if strong[at]:
                yield first.start, after.end
            before = after
