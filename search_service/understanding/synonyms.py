"""Synonyms: other words that match in place of the words of a query.

The packaged lines and the editors' lines make a table. Each change makes a new table. The loose words of a tree get
alternatives from the table. Quotes and exclusions get no alternatives: they mean exactly the typed words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Final

from indexer.analysis.analyzers import Analyzer, Token, words_of
from indexer.analysis.characters import fold_literal
from indexer.analysis.dictionary import is_han
from indexer.editorial.entries import Synonyms
from indexer.query import Alternative
from search_service.ranking.weights import SYNONYM
from search_service.understanding.numerals import respelt
from search_service.understanding.signs import bare, with_other_signs
from search_service.understanding.tree import All, Either, Node, Words

MOST: Final = 8
"""Maximum number of alternatives of a word. Each costs a look-up in the index."""
_GLUED_FROM: Final = 3
"""Minimum length of an unknown word that may be a name and a stopword."""
_LONGEST_RUN: Final = 6
"""Maximum number of words of a query that together match one entry of the table: 阿拉伯 联合 酋长国."""


@dataclass(frozen=True, slots=True)
class Used:
    """The texts ``others`` that were searched for beside the words ``text`` of a query."""

    text: str
    others: tuple[str, ...]


class SynonymTable:
    """The synonyms of each text. Immutable; threads may share it."""

    def __init__(self, *lists: Iterable[Synonyms]) -> None:
        """Make a table of several lists of lines, earlier lists first. If any line sets two words apart, no line joins them."""
        lines = [line for each in lists for line in each]
        apart = {pair for line in lines if line.apart for pair in permutations(line.words, 2)}
        found: dict[str, dict[str, None]] = {}
        for line in lines:
            for word, other in _pairs(line):
                if (word, other) not in apart:
                    found.setdefault(word, {})[other] = None
        self._others: Mapping[str, tuple[str, ...]] = {
            word: tuple(others) for word, others in found.items()
        }

    def others(self, text: str) -> tuple[str, ...]:
        """The synonyms of a folded text, in the order of the lines."""
        return self._others.get(text, ())


def _pairs(line: Synonyms) -> Iterator[tuple[str, str]]:
    if line.apart:
        return
    if line.targets:
        yield from ((word, other) for word in line.words for other in line.targets)
    else:
        yield from permutations(line.words, 2)


def with_synonyms(
    tree: Node | None, table: SynonymTable, analyzer: Analyzer
) -> tuple[Node | None, tuple[Used, ...]]:
    """The tree with alternatives for its loose words, and these alternatives. O(words), with a few look-ups for each."""
    used: dict[str, Used] = {}
    return tree and _expanded(tree, table, analyzer, used), tuple(used.values())


def _expanded(tree: Node, table: SynonymTable, analyzer: Analyzer, used: dict[str, Used]) -> Node:
    match tree:
        case Words(tokens=[_, *_]):
            return _with_alternatives(tree, table, analyzer, used)
        case All(parts):
            return All(tuple(_expanded(part, table, analyzer, used) for part in parts))
        case Either(parts):
            return Either(tuple(_expanded(part, table, analyzer, used) for part in parts))
        case _:
            return tree


def _with_alternatives(
    words: Words, table: SynonymTable, analyzer: Analyzer, used: dict[str, Used]
) -> Words:
    found: dict[str, dict[str, None]] = {}
    tokens = analyzer.query(words.text)
    for first in range(len(tokens)):
        for end in range(first + 1, min(len(tokens), first + _LONGEST_RUN) + 1):
            run = tokens[first:end]
            typed = words.text[run[0].start : run[-1].end]
            others = table.others(fold_literal(typed))
            if not others and len(run) == 1:
                others = _inside(run[0], table, analyzer)
            if others:
                used.setdefault(typed, Used(typed, others[:MOST]))
                for token in run:
                    found.setdefault(token.text, {}).update(dict.fromkeys(others))
    alternatives = [
        Alternative(word, other, SYNONYM, words_of(analyzer, other))
        for word, others in found.items()
        for other in list(others)[:MOST]
    ]
    stretches = dict.fromkeys(words.joined)
    cut = dict(words.words_of)
    for each in respelt(words.text, words.joined, analyzer):
        used.setdefault(each.text, Used(each.text, (each.other,)))
        stretches[each.text] = None
        cut[each.text] = each.words
        alternatives += (
            Alternative(word, each.other, SYNONYM, each.other_words, adjacent=True)
            for word in each.words
            if word in words.tokens
        )
    looser: list[Alternative] = []
    for word in words.tokens:
        if other := bare(word):
            used.setdefault(word, Used(word, (other,)))
            alternatives.append(Alternative(word, other, SYNONYM, (other,)))
        looser += (Alternative(word, each, SYNONYM, (each,)) for each in with_other_signs(word))
        looser += (
            Alternative(
                word, each, SYNONYM, tuple(each)
            )  # literally, since an article may glue it too
            for each in _without_edges(word, analyzer)
        )
    made = replace(
        words,
        alternatives=tuple(alternatives),
        looser=tuple(looser),
        joined=tuple(stretches),
        words_of=cut,
    )
    outside = " ".join(made.outside)
    return replace(made, words_of=cut | {outside: words_of(analyzer, outside)})


def _without_edges(word: str, analyzer: Analyzer) -> list[str]:
    """A Chinese word that no dictionary holds without a stopword at its end or beginning: 刘七 of 刘七是. The model glued them."""
    if len(word) < _GLUED_FROM or not is_han(word) or analyzer.holds(word):
        return []
    rests = ((word[-1], word[:-1]), (word[0], word[1:]))
    return [rest for edge, rest in rests if analyzer.only_stopwords(edge)]


def _inside(token: Token, table: SynonymTable, analyzer: Analyzer) -> tuple[str, ...]:
    """The alternatives of a long word: with a word inside it replaced, as in 软体工程师 for 软件工程师."""
    return tuple(
        token.text[: inner.start] + other + token.text[inner.end :]
        for inner in analyzer.index(token.text)
        if inner.text != token.text
        for other in table.others(inner.text)
    )
