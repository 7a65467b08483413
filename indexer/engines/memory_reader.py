"""Searches the memory engine's snapshots: every query examines every article.

``memory.py`` makes the entries. This module does not know files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from time import monotonic
from types import MappingProxyType
from typing import assert_never
from zoneinfo import ZoneInfo

from indexer.analysis.characters import fold_literal, fold_title
from indexer.article import Article
from indexer.engines.base import Reader
from indexer.engines.completions import Offers, Use, accepting, completions
from indexer.engines.documents import month_of
from indexer.engines.memory_order import collapsed, newest_first, newest_last
from indexer.engines.memory_rescoring import Rescorer, freshness
from indexer.engines.ranking import K1, SCORE_DECIMALS, B, idf, words_needed
from indexer.engines.requests import check_completion_request, check_request, check_text_field
from indexer.hits import Completion, FacetCount, Hit, Reasons, SearchPage
from indexer.query import (
    TEXT_FIELDS,
    Adjacent,
    Alternative,
    And,
    Boost,
    CompletionRequest,
    Literal,
    Match,
    MatchAll,
    Not,
    Or,
    Query,
    Range,
    Rescore,
    SearchRequest,
    Term,
    TitlePrefix,
    TitleSound,
)

Scores = dict[str, float]
"""The articles that match, by id, with their scores."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An article and its searchable data by field: token counts, token positions, folded text."""

    article: Article
    tokens: Mapping[str, Counter[str]]
    places: Mapping[str, Mapping[str, frozenset[int]]]
    folded: Mapping[str, str]
    values: Mapping[str, tuple[str, ...]]
    offers: Offers

    def time(self, field: str) -> datetime | None:
        """One of the article's times."""
        time: datetime | None = getattr(self.article, field)
        return time


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state after a commit. ``commit`` is the number of the commit, 0 for the empty index."""

    commit: int
    revision: int
    lines: Mapping[str, bytes]
    entries: Mapping[str, Entry]


class MemoryReader(Reader):
    """A reader of one snapshot."""

    def __init__(self, snapshot: Snapshot, timezone: ZoneInfo) -> None:
        self._snapshot = snapshot
        self._entries = snapshot.entries
        self._timezone = timezone

    @property
    def doc_count(self) -> int:
        """How many articles there are."""
        return len(self._entries)

    @property
    def revision(self) -> int:
        """The revision of the last commit."""
        return self._snapshot.revision

    def search(self, request: SearchRequest) -> SearchPage:
        """Answer a request. O(articles), several times."""
        check_request(request)
        found = self._found(request.query)
        if request.filter is not None:
            narrowed = self._found(request.filter)
            found = {each: found[each] for each in found if each in narrowed}
        scored = request.sort == "relevance"
        fresh = dict.fromkeys(found, 1.0 if scored else 0.0)
        if request.recency is not None and scored:
            fresh = {
                each: freshness(self._entries[each].article, request.recency) for each in found
            }
        hits = [
            Hit(self._entries[article_id].article, round(score * fresh[article_id], SCORE_DECIMALS))
            for article_id, score in found.items()
        ]
        hits.sort(key=newest_last if request.sort == "oldest" else newest_first)
        if scored:
            self._order_first(hits, request.first)
        if request.rescore is not None and scored:
            head = self._rescored(hits[: request.rescore.depth], request.rescore, fresh)
            hits[: len(head)] = sorted(head, key=newest_first)
            self._order_first(hits, request.first)
        if request.collapse == "duplicates":
            hits = collapsed(hits)
        end = request.page * request.size
        facets = {name: self._facet(name, found, request.facet_size) for name in request.facets}
        return SearchPage(
            total=len(found),
            groups=len(hits),
            total_is_estimate=False,
            hits=tuple(hits[end - request.size : end]),
            facets=MappingProxyType(facets),
        )

    def count(self, request: SearchRequest) -> int:
        """How many articles a request finds. O(articles)."""
        return self.search(request).total

    def rank(self, request: SearchRequest) -> list[tuple[str, float]]:
        """The ids and scores of a request's hits. O(articles), several times."""
        return [(hit.article.id, hit.score) for hit in self.search(request).hits]

    def explain(
        self, request: SearchRequest, parts: Sequence[Query], article_ids: Sequence[str]
    ) -> dict[str, Reasons]:
        """The parts of some articles' scores. O(articles) for each part."""
        check_request(request)
        if request.deadline is not None and monotonic() >= request.deadline:
            return {}
        found = [self._found(part) for part in parts]
        rescore = request.rescore or Rescore((), fields=())
        rescorer = Rescorer(self._entries.values(), rescore)
        return {
            entry.article.id: Reasons(
                parts=tuple(scores.get(entry.article.id, 0.0) for scores in found),
                recency=freshness(entry.article, request.recency) if request.recency else 1.0,
                near=rescorer.near(entry),
                pairs=rescorer.paired(entry),
            )
            for entry in map(self._entries.get, article_ids)
            if entry
        }

    def get(self, article_id: str) -> Article | None:
        """The article with that id."""
        entry = self._entries.get(article_id)
        return entry.article if entry else None

    def document_frequencies(self, field: str, tokens: Sequence[str]) -> list[int]:
        """How many articles hold each token."""
        check_text_field(field)
        return [len(self._holding(field, token)) for token in tokens]

    def complete(self, request: CompletionRequest) -> list[Completion]:
        """The requested completions. O(articles)."""
        check_completion_request(request)
        held = self._found(request.filter or MatchAll())
        accepts = accepting(request.texts)
        uses = [
            Use(offer, entry.article.published_at, 1)
            for entry in map(self._entries.__getitem__, held)
            for offer in entry.offers.entries
            if (
                offer.key in request.keys
                if request.whole_keys
                else offer.key.startswith(request.keys)
            )
            and offer.folded.startswith(request.begins)
            and accepts(offer.folded)
        ]
        return completions(uses, size=request.size)

    @property
    def damage(self) -> None:
        """None: the checksum was compared when the file was read, and nothing is read again."""

    def verifying(self) -> Iterator[None]:
        """Nothing is left to verify."""
        return iter(())

    def close(self) -> None:
        """Nothing is open."""

    def _found(self, query: Query) -> Scores:
        match query:
            case Match():
                return self._match(query)
            case Literal():
                return self._literal(fold_literal(query.text), query.fields)
            case Adjacent():
                return self._adjacent(query)
            case TitlePrefix():
                return dict.fromkeys(self._where(lambda entry: _titled(entry, query)), 1.0)
            case TitleSound():
                return self._where(lambda entry: entry.offers.title_key.startswith(query.keys))
            case Term():
                if query.field in TEXT_FIELDS:
                    return self._bm25(query.field, query.value)
                return self._where(lambda entry: query.value in entry.values[query.field])
            case Range():
                return self._where(lambda entry: _within(entry.time(query.field), query))
            case And():
                return self._all([self._found(clause) for clause in query.clauses])
            case Or():
                return _sum([self._found(clause) for clause in query.clauses])
            case Not():
                excluded = self._found(query.clause)
                return self._where(lambda entry: entry.article.id not in excluded)
            case Boost():
                found = self._found(query.clause)
                return {article_id: score * query.factor for article_id, score in found.items()}
            case MatchAll():
                return self._where(lambda _: True)
            case _:
                assert_never(query)

    def _where(self, holds: Callable[[Entry], bool]) -> Scores:
        return {article_id: 0.0 for article_id, entry in self._entries.items() if holds(entry)}

    def _match(self, query: Match) -> Scores:
        words = list(dict.fromkeys(query.words))
        if not words:
            return {}
        found = [self._word(word, query) for word in words]
        held = Counter(article_id for scores in found for article_id in scores)
        needed = words_needed(query.need, len(words))
        return {
            article_id: score
            for article_id, score in _sum(found).items()
            if held[article_id] >= needed
        }

    def _word(self, word: str, query: Match) -> Scores:
        found = self._as_word(word, query)
        if query.inside:
            inside = self._literal(fold_literal(word), [field for field, _ in query.fields])
            found = inside | found
        for each in query.alternatives:
            if each.word == word:
                for article_id, score in self._alternative(each, query).items():
                    found[article_id] = max(found.get(article_id, 0.0), score * each.factor)
        return found

    def _as_word(self, word: str, query: Match, *, like: str | None = None) -> Scores:
        return _sum(
            {
                article_id: weight * score
                for article_id, score in self._bm25(field, word, like=like).items()
            }
            for field, weight in query.fields
        )

    def _alternative(self, each: Alternative, query: Match) -> Scores:
        if each.is_word:
            return self._as_word(each.text, query, like=each.word)
        fields = tuple(field for field, _ in query.fields)
        if each.adjacent:
            found = dict.fromkeys(self._adjacent(Adjacent(each.words, fields)), inf)
        else:
            found = self._literal(fold_literal(each.text), fields)
        if not found:
            return {}
        most = min(self._idf(field, each.word) for field in fields)
        return {article_id: min(score, most) for article_id, score in found.items()}

    def _literal(self, text: str, fields: Iterable[str]) -> Scores:
        names = list(fields)
        found = self._where(
            lambda entry: text != "" and any(text in entry.folded[field] for field in names)
        )
        return dict.fromkeys(found, idf(len(self._entries), len(found))) if found else {}

    def _idf(self, field: str, token: str) -> float:
        return idf(len(self._entries), len(self._holding(field, token)))

    def _adjacent(self, query: Adjacent) -> Scores:
        first, *rest = query.words or ("",)

        def holds(entry: Entry) -> bool:
            found = [entry.places[field] for field in query.fields]
            return any(
                all(start + n in places.get(word, ()) for n, word in enumerate(rest, 1))
                for places in found
                for start in places.get(first, ())
            )

        return self._where(holds)

    def _order_first(self, hits: list[Hit], first: Sequence[Query]) -> None:
        """Move the articles that match an earlier query of ``first`` before the others, in place."""
        for query in reversed(first):
            matching = self._found(query)
            hits.sort(key=lambda hit: hit.article.id not in matching)

    def _rescored(
        self, hits: Sequence[Hit], rescore: Rescore, fresh: Mapping[str, float]
    ) -> list[Hit]:
        rescorer = Rescorer(self._entries.values(), rescore)
        ids = [hit.article.id for hit in hits]
        scores = rescorer.scores(
            [
                (self._entries[each], hit.score, fresh[each])
                for each, hit in zip(ids, hits, strict=True)
            ]
        )
        return [
            replace(hit, score=round(score, SCORE_DECIMALS))
            for hit, score in zip(hits, scores, strict=True)
        ]

    def _holding(self, field: str, token: str) -> list[Entry]:
        return [entry for entry in self._entries.values() if token in entry.tokens[field]]

    def _bm25(self, field: str, token: str, *, like: str | None = None) -> Scores:
        """The BM25 scores of a token; with ``like``, as if the token were no rarer than ``like``."""
        holding = self._holding(field, token)
        if not holding:
            return {}
        articles = len(self._entries)
        average = sum(entry.tokens[field].total() for entry in self._entries.values()) / articles
        weight = idf(articles, len(holding))
        if like is not None:
            weight = min(weight, self._idf(field, like))
        scores = {}
        for entry in holding:
            tf, length = entry.tokens[field][token], entry.tokens[field].total()
            norm = K1 * (1 - B + B * length / average)
            scores[entry.article.id] = weight * tf * (K1 + 1) / (tf + norm)
        return scores

    def _all(self, found: Sequence[Scores]) -> Scores:
        everything = self._where(lambda _: True)
        return {
            article_id: score
            for article_id, score in _sum([everything, *found]).items()
            if all(article_id in scores for scores in found)
        }

    def _facet(self, name: str, found: Iterable[str], size: int) -> tuple[FacetCount, ...]:
        counts: Counter[str] = Counter()
        for article_id in found:
            counts.update(self._facet_values(name, self._entries[article_id]))
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return tuple(FacetCount(value, count) for value, count in ranked[:size])

    def _facet_values(self, name: str, entry: Entry) -> tuple[str, ...]:
        if name == "month":
            published = entry.article.published_at
            return (month_of(published, self._timezone),) if published else ()
        return entry.values[name]


def _titled(entry: Entry, query: TitlePrefix) -> bool:
    title, text = fold_title(entry.article.title), fold_title(query.text)
    return text != "" and (title == text if query.whole else title.startswith(text))


def _sum(found: Iterable[Scores]) -> Scores:
    total: Scores = {}
    for scores in found:
        for article_id, score in scores.items():
            total[article_id] = total.get(article_id, 0.0) + score
    return total


def _within(time: datetime | None, wanted: Range) -> bool:
    return (
        time is not None
        and (wanted.start is None or wanted.start <= time)
        and (wanted.end is None or time < wanted.end)
    )
