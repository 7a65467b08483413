"""Searches the memory engine's snapshots: every query examines every article.

``memory.py`` makes the entries. This module does not know files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from types import MappingProxyType
from zoneinfo import ZoneInfo

from indexer.analysis.characters import fold_literal
from indexer.article import Article
from indexer.engines.base import Reader
from indexer.engines.completions import Use, accepting, completions
from indexer.engines.documents import month_of
from indexer.engines.facets import first_values
from indexer.engines.memory_matching import Entry, Matcher
from indexer.engines.memory_order import collapsed, hottest_first, newest_first, newest_last
from indexer.engines.memory_rescoring import Rescorer
from indexer.engines.ranking import SCORE_DECIMALS
from indexer.engines.requests import check_completion_request, check_request, check_text_field
from indexer.hits import Completion, FacetCount, Hit, Reasons, SearchPage
from indexer.query import (
    CompletionRequest,
    MatchAll,
    Query,
    Rescore,
    SearchRequest,
)


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
        self._matcher = Matcher(snapshot.entries)
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
        found = self._matcher.found(request.query)
        if request.filter is not None:
            narrowed = self._matcher.found(request.filter)
            found = {each: found[each] for each in found if each in narrowed}
        scored = request.sort == "relevance"
        fresh = dict.fromkeys(found, 1.0 if scored else 0.0)
        if request.recency is not None and scored:
            fresh = {each: self._entries[each].freshness(request.recency) for each in found}
        hits = [
            Hit(self._entries[article_id].article, round(score * fresh[article_id], SCORE_DECIMALS))
            for article_id, score in found.items()
        ]
        hits.sort(key=newest_last if request.sort == "oldest" else newest_first)
        if request.sort == "hot" and request.popularity is not None:
            hits.sort(key=hottest_first(request.popularity))
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
        found = [self._matcher.found(part) for part in parts]
        rescore = request.rescore or Rescore((), fields=())
        rescorer = Rescorer(self._entries.values(), rescore)
        return {
            entry.article.id: Reasons(
                parts=tuple(scores.get(entry.article.id, 0.0) for scores in found),
                recency=entry.freshness(request.recency) if request.recency else 1.0,
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

    def holding(self, texts: Iterable[str]) -> list[str]:
        """The articles whose folded texts contain one of the texts. O(articles)."""
        wanted = [folded for text in texts if (folded := fold_literal(text))]
        return [
            article_id
            for article_id, entry in self._entries.items()
            if any(text in folded for text in wanted for folded in entry.folded.values())
        ]

    def document_frequencies(self, field: str, tokens: Sequence[str]) -> list[int]:
        """How many articles hold each token."""
        check_text_field(field)
        return [len(self._matcher.holding(field, token)) for token in tokens]

    def pair_frequencies(self, field: str, pairs: Sequence[str]) -> list[int]:
        """How many articles hold each pair of neighbouring characters."""
        check_text_field(field)
        entries = self._entries.values()
        return [sum(pair in entry.folded[field] for entry in entries) for pair in pairs]

    def complete(self, request: CompletionRequest) -> list[Completion]:
        """The requested completions. O(articles)."""
        check_completion_request(request)
        held = self._matcher.found(request.filter or MatchAll())
        accepts = accepting(request.texts)
        uses: list[Use] = []
        for entry in map(self._entries.__getitem__, held):
            fitting = (
                offer
                for offer in entry.offers.entries
                if (
                    offer.key in request.keys
                    if request.whole_keys
                    else offer.key.startswith(request.keys)
                )
                and offer.folded.startswith(request.begins)
                and accepts(offer.folded)
            )
            # Several keys of one text may fit. The article still counts once.
            once = {offer.text: offer for offer in fitting}
            uses += (Use(offer, entry.article.published_at, 1) for offer in once.values())
        return completions(uses, size=request.size)

    @property
    def damage(self) -> None:
        """None: the checksum was compared when the file was read, and nothing is read again."""

    def verifying(self) -> Iterator[None]:
        """Nothing is left to verify."""
        return iter(())

    def close(self) -> None:
        """Nothing is open."""

    def _order_first(self, hits: list[Hit], first: Sequence[Query]) -> None:
        """Move the articles that match an earlier query of ``first`` before the others, in place."""
        for query in reversed(first):
            matching = self._matcher.found(query)
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

    def _facet(self, name: str, found: Iterable[str], size: int) -> tuple[FacetCount, ...]:
        counts: Counter[str] = Counter()
        for article_id in found:
            counts.update(self._facet_values(name, self._entries[article_id]))
        first = first_values(name, counts, size=size)
        return tuple(FacetCount(value, counts[value]) for value in first)

    def _facet_values(self, name: str, entry: Entry) -> tuple[str, ...]:
        if name == "month":
            published = entry.article.published_at
            return (month_of(published, self._timezone),) if published else ()
        return entry.values[name]
