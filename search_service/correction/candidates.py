"""Looks guesses up in the index: which of them articles hold, and which of these is the best."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from math import log2
from operator import add
from typing import Final, NamedTuple

from indexer.analysis.analyzers import Analyzer, words_of
from indexer.analysis.characters import fold_literal
from indexer.engines.base import Reader
from indexer.engines.completions import shared
from indexer.query import CompletionRequest, Match, Query, SearchRequest
from indexer.query import Literal as LiteralQuery
from search_service.correction.alike import Guess
from search_service.ranking.weights import CORRECT_FACTOR, FEW, FIELD_WEIGHTS, RARE_OF

_CANDIDATES: Final = 5
_SURE_SYLLABLES: Final = 3
"""From this many syllables on, letters that read as a word are pinyin, however rare the word is."""


class Candidate(NamedTuple):
    """A word that may be meant, as shown and folded. ``titled`` and ``held``: how many articles have it as a completion, and
    as a word of the body.
    """

    text: str
    folded: str
    titled: int
    held: int


class Candidates:
    """The words of one snapshot of the index. Counts are remembered. ``seen`` is a request whose filter says which articles count."""

    def __init__(self, reader: Reader, analyzer: Analyzer, seen: SearchRequest) -> None:
        self._reader, self._analyzer, self._seen = reader, analyzer, seen
        self._counts: dict[Query, int] = {}
        self._least = max(1.0, log2(max(1, reader.doc_count) / RARE_OF))

    def best(self, typed: str, candidates: list[Candidate]) -> str | None:
        """The best candidate that is used much more than the typed text. Without a typed text, the best word for some pinyin.

        Counting how often a text is used may read articles. It is skipped if there is no candidate, the usual case.
        """
        if not candidates:
            return None
        candidates.sort(key=lambda each: (-shared(typed, each.folded), -each.titled, -each.held))
        candidates = candidates[:_CANDIDATES]
        self._expect([*filter(None, [typed]), *(each.folded for each in candidates)])
        used = self.used(typed) if typed else 0
        if used >= FEW:
            return None
        for each in candidates:
            least = self._least if typed or len(each.folded) < _SURE_SYLLABLES else 1
            if self.used(each.folded) >= max(least, CORRECT_FACTOR * used):
                return each.text
        return None

    def frequent(self, words: Collection[str]) -> set[str]:
        """The words that occur in at least FEW bodies. They count as correctly spelt."""
        asked = sorted(words)
        counts = self._reader.document_frequencies("body", asked)
        return {word for word, count in zip(asked, counts, strict=True) if count >= FEW}

    def completions(self, guess: Guess) -> list[Candidate]:
        """The guessed words of titles, tags and authors."""
        request = CompletionRequest(
            guess.keys,
            guess.texts,
            whole_keys=True,
            filter=self._seen.filter,
            size=_CANDIDATES,
            deadline=self._seen.deadline,
        )
        found = self._reader.complete(request)
        counts = self._reader.document_frequencies("body", [each.folded for each in found])
        return [
            Candidate(each.text, each.folded, each.count, held)
            for each, held in zip(found, counts, strict=True)
        ]

    def words(self, words: Sequence[str]) -> list[Candidate]:
        """The most frequent of some words in bodies."""
        counts = self._reader.document_frequencies("body", words)
        best = sorted(zip(counts, words, strict=True), reverse=True)[:_CANDIDATES]
        return [Candidate(word, word, 0, count) for count, word in best if count]

    def glued(self, texts: Sequence[str]) -> list[Candidate]:
        """The texts of which every pair of neighbouring characters is frequent in bodies, with the number of articles that hold them.

        A name that no dictionary holds is often no word of the index, because the segmenter joins it with its neighbours.
        """
        pairs = list({pair for text in texts for pair in _pairs(text)})
        counts = dict(zip(pairs, self._reader.pair_frequencies("body", pairs), strict=True))
        rarest = ((min(counts[pair] for pair in _pairs(text)), text) for text in texts)
        best = [text for count, text in sorted(rarest, reverse=True) if count >= self._least]
        best = best[:_CANDIDATES]
        self._expect(best)
        return [Candidate(text, text, 0, self.used(text)) for text in best]

    def used(self, text: str) -> int:
        """The number of articles that hold a folded text. Letters count as a word, Chinese characters as a literal."""
        return self._count(self._query(text))

    def stands(self, text: str) -> bool:
        """Whether an article holds a folded text, be it inside a word."""
        return self._count(LiteralQuery(text)) > 0

    def is_common(self, text: str) -> bool:
        """Whether so many articles hold a text that it may replace one that says little."""
        return self.used(fold_literal(text)) >= self._least**2

    def _query(self, text: str) -> Query:
        if text.isascii():
            return Match(words_of(self._analyzer, text), FIELD_WEIGHTS)
        return LiteralQuery(text)

    def _expect(self, texts: Iterable[str]) -> None:
        """Tell the index which texts may be counted next."""
        unknown = [query for query in map(self._query, texts) if query not in self._counts]
        if len(unknown) > 1:
            self._reader.expect([replace(self._seen, query=query) for query in unknown])

    def _count(self, query: Query) -> int:
        if query not in self._counts:
            self._counts[query] = self._reader.count(replace(self._seen, query=query))
        return self._counts[query]


def _pairs(text: str) -> Iterator[str]:
    return map(add, text, text[1:])
