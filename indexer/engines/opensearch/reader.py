"""A snapshot of the index in the cluster, and its answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from math import inf
from typing import Any, Final
from zoneinfo import ZoneInfo

from indexer.analysis.characters import fold_literal
from indexer.article import Article
from indexer.engines.base import Reader
from indexer.engines.opensearch.cluster import TooLate
from indexer.engines.opensearch.completions import completion_request, completions_in
from indexer.engines.opensearch.counting import Counted, counted, counted_as, expected
from indexer.engines.opensearch.documents import article_of
from indexer.engines.opensearch.fields import ARTICLE, can_be_sent
from indexer.engines.opensearch.filters import Dsl, any_of, holds_literal
from indexer.engines.opensearch.queries import QueryBuilder
from indexer.engines.opensearch.rescoring import Looked, looked_for
from indexer.engines.opensearch.searching import Search, fresh_of
from indexer.engines.opensearch.snapshot import Snapshot
from indexer.engines.opensearch.statistics import Needed, Wanted
from indexer.engines.opensearch.translation import with_counts
from indexer.engines.requests import check_completion_request, check_request, check_text_field
from indexer.hits import Completion, Reasons, SearchPage
from indexer.query import TEXT_FIELDS, CompletionRequest, Query, Rescore, SearchRequest

_AT_ONCE: Final = 10_000
"""Ids that one round trip reads."""


class OpenSearchReader(Reader):
    """A reader of one commit. Readers of the same commit share the ``snapshot``. ``left`` is told when this one closes."""

    def __init__(
        self, snapshot: Snapshot, timezone: ZoneInfo, left: Callable[[Snapshot], None]
    ) -> None:
        self._snapshot, self._timezone, self._left = snapshot, timezone, left
        self._open = True
        self._expected: dict[Counted, int] = {}

    @property
    def doc_count(self) -> int:
        """How many articles the snapshot holds."""
        return self._snapshot.statistics.articles

    @property
    def revision(self) -> int:
        """The revision of the snapshot's commit."""
        return self._snapshot.facts.revision

    def search(self, request: SearchRequest) -> SearchPage:
        """Answer a request. Two round trips; one more for counts that are not known yet, one more for agreement."""
        check_request(request)
        known = self._expected.get(counted_as(request))
        first = tuple(
            each
            for each in request.first
            if self._expected.get(counted_as(replace(request, query=each))) != 0
        )
        asked = replace(request, first=first)
        return Search(self._snapshot, asked, self._timezone, known).page()

    def expect(self, requests: Sequence[SearchRequest]) -> None:
        """Count what some requests find, and what their scores need, in one round trip."""
        for each in requests:
            check_request(each)
        self._expected = expected(self._snapshot, requests) if requests else {}

    def count(self, request: SearchRequest) -> int:
        """How many articles a request finds. One round trip, unless it was expected."""
        check_request(request)
        known = self._expected.get(counted_as(request))
        return counted(self._snapshot, request) if known is None else known

    def rank(self, request: SearchRequest) -> list[tuple[str, float]]:
        """The ids and scores of a request's hits. One round trip less than :meth:`search`."""
        check_request(request)
        found = Search(self._snapshot, request, self._timezone).ranked()
        return [(each.id, each.score) for each in found]

    def explain(
        self, request: SearchRequest, parts: Sequence[Query], article_ids: Sequence[str]
    ) -> dict[str, Reasons]:
        """The parts of some articles' scores. One round trip, and one for counts that are not known yet."""
        check_request(request)
        ids = [each for each in dict.fromkeys(article_ids) if can_be_sent(each)]
        if not ids:
            return {}

        def make(needed: Needed) -> tuple[list[Dsl], Looked]:
            builder = QueryBuilder(needed)
            looked = looked_for(request.rescore or Rescore((), fields=()), needed)
            return [builder.build(part) for part in parts], looked

        deadline = inf if request.deadline is None else request.deadline
        these = {"ids": {"values": ids}}
        try:
            queries, looked = with_counts(self._snapshot, make, deadline=deadline)
            asked: list[dict[str, Any]] = [
                {"query": {"bool": {"filter": [these, looked.named]}}, **looked.request()},
                *({"query": {"bool": {"must": [each], "filter": [these]}}} for each in queries),
            ]
            answers = self._snapshot.ask(
                [body | {"size": len(ids), "_source": False} for body in asked], deadline=deadline
            )
        except TooLate:
            return {}
        hits, *scored = (answer["hits"]["hits"] for answer in answers)
        scores = [{hit["_id"]: hit["_score"] for hit in each} for each in scored]
        said = {}
        for hit in hits:
            near, pairs = looked.added(hit)
            said[hit["_id"]] = Reasons(
                parts=tuple(each.get(hit["_id"], 0.0) for each in scores),
                recency=fresh_of(hit, request.recency),
                near=near,
                pairs=pairs,
            )
        return said

    def get(self, article_id: str) -> Article | None:
        """The article with that id. One round trip."""
        if not can_be_sent(article_id):
            return None
        body = {"size": 1, "query": {"ids": {"values": [article_id]}}, "_source": [ARTICLE]}
        (answer,) = self._snapshot.ask([body])
        hits = answer["hits"]["hits"]
        return article_of(hits[0]["_source"]) if hits else None

    def holding(self, texts: Iterable[str]) -> list[str]:
        """The ids of all articles that hold one of the texts. One round trip for every 10,000."""
        folded = filter(None, map(fold_literal, texts))
        found: list[str] = []
        body: dict[str, Any] = {
            "size": _AT_ONCE,
            "query": {
                "bool": {"filter": [any_of([holds_literal(each, TEXT_FIELDS) for each in folded])]}
            },
            "sort": [{"id": "asc"}],
            "_source": False,
        }
        while True:
            (answer,) = self._snapshot.ask([body])
            ids = [hit["_id"] for hit in answer["hits"]["hits"]]
            found += ids
            if len(ids) < _AT_ONCE:
                return found
            body["search_after"] = ids[-1:]

    def document_frequencies(self, field: str, tokens: Sequence[str]) -> list[int]:
        """How many articles hold each token. One round trip, if some counts are not known yet."""
        check_text_field(field)
        return self._counts([Wanted(token, (field,), as_word=True) for token in tokens])

    def pair_frequencies(self, field: str, pairs: Sequence[str]) -> list[int]:
        """How many articles hold each pair. One round trip, if some counts are not known yet."""
        check_text_field(field)
        return self._counts([Wanted(pair, (field,), as_word=False) for pair in pairs])

    def _counts(self, wanted: Sequence[Wanted]) -> list[int]:
        return self._snapshot.statistics.fetch(
            wanted, lambda missing: self._snapshot.count(missing).held
        )

    def complete(self, request: CompletionRequest) -> list[Completion]:
        """The requested completions, with exact counts. One round trip. O(articles that hold a completion with the keys)."""
        check_completion_request(request)
        if not request.keys or not all(map(can_be_sent, (request.begins, *request.keys))):
            return []
        deadline = inf if request.deadline is None else request.deadline
        try:
            (answer,) = self._snapshot.ask([completion_request(request)], deadline=deadline)
        except TooLate:
            return []
        return completions_in(answer, request)

    @property
    def damage(self) -> None:
        """None: the cluster compares the checksums of its files itself, and an answer from damaged ones is an error."""

    def verifying(self) -> Iterator[None]:
        """Nothing is left to verify here."""
        return iter(())

    def close(self) -> None:
        """Let go of the snapshot."""
        if self._open:
            self._open = False
            self._left(self._snapshot)
