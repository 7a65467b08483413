"""Answers one request: which articles it finds, in which order, and how many there are.

The cluster orders the articles and counts them. Rescoring happens here, on the words of the best articles. What comes first is
searched apart from the others, in the same round trip: the cluster knows no order by two queries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from math import inf
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from indexer.article import Article
from indexer.engines.documents import from_microseconds
from indexer.engines.opensearch.cluster import TooLate
from indexer.engines.opensearch.documents import article_of, is_group
from indexer.engines.opensearch.facets import facet_counts, facet_requests
from indexer.engines.opensearch.fields import DUPLICATES, ONE, PUBLISHED
from indexer.engines.opensearch.filters import Dsl
from indexer.engines.opensearch.rescoring import Looked
from indexer.engines.opensearch.scripts import final_score, heat_order
from indexer.engines.opensearch.snapshot import Answer, Snapshot
from indexer.engines.opensearch.translation import Translated, translated, with_counts
from indexer.engines.ranking import SCORE_DECIMALS, freshness
from indexer.hits import Hit, Lack, SearchPage
from indexer.query import MAX_DEPTH, Recency, SearchRequest

_NEWEST: Final = {PUBLISHED: {"order": "desc", "missing": "_last"}}
_OLDEST: Final = {PUBLISHED: {"order": "asc", "missing": "_last"}}
_BY_ID: Final = {"id": "asc"}
_FEW: Final = 50
"""So many articles are ordered without collapsing duplicates, if it is known that there are no more."""
_FINE: Final = 40_000
"""Groups that are counted nearly exactly, beyond it to about 1 %: the most that OpenSearch offers."""


@dataclass(slots=True)
class Found:
    """An article that was found. ``tier`` is 0 for those that come first; ``published`` are microseconds."""

    id: str
    tier: int
    score: float
    published: int
    one: str
    hit: Answer


class Search:
    """One request to one snapshot. ``expected`` is the number of articles that it finds, if that is known already.

    ``total`` and ``groups`` are known once it was asked, and so is what it may ``lack``.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        request: SearchRequest,
        timezone: ZoneInfo,
        expected: int | None = None,
    ) -> None:
        self._snapshot, self._request, self._timezone = snapshot, request, timezone
        self._deadline = inf if request.deadline is None else request.deadline
        self._scored = request.sort == "relevance"
        self._collapse = request.collapse == "duplicates"
        self._end = request.page * request.size
        self._expected = expected
        self._whole = False
        self._counted: Answer = {}
        self._sizes: Mapping[str, int] | None = None
        self.total = self.groups = 0
        self.lack: Lack | None = None

    @cached_property
    def _made(self) -> Translated:
        make = partial(translated, self._request)
        return with_counts(self._snapshot, make, deadline=self._deadline)

    def ranked(self) -> list[Found]:
        """The articles on the request's page, in order. One round trip; another beyond the articles that are rescored."""
        if self._expected == 0:
            return []
        try:
            found = self._rescored() if self._made.looked else self._listed(self._end, count=True)
        except TooLate:
            self.lack = "time"
            return []
        if self._collapse:
            if len(found) == self.total:
                self._sizes = Counter(each.one for each in found)
            firsts: dict[str, Found] = {}
            for each in found:
                firsts.setdefault(each.one, each)
            found = [*firsts.values()]
        return found[self._end - self._request.size : self._end]

    def page(self) -> SearchPage:
        """The answer. One round trip more than :meth:`ranked`, for the articles and the sizes of groups that are not known yet.

        Without rescoring the articles of the first page come with their order, and so do few articles at any time.
        """
        few = self._expected is not None and self._expected <= self._end
        self._whole = few or (self._request.page == 1 and not self._request.rescore)
        found = self.ranked()
        articles, sizes = self._articles(found)
        hits = tuple(
            Hit(articles[each.id], each.score if self._scored else 0.0, sizes.get(each.one, 1))
            for each in found
            if each.id in articles
        )
        size = self._request.facet_size
        facets = {
            name: facet_counts(self._counted, name, size) if self._counted else ()
            for name in self._request.facets
        }
        return SearchPage(
            total=self.total,
            groups=self.groups,
            total_is_estimate=self.lack is not None,
            lack=self.lack,
            hits=hits,
            facets=MappingProxyType(facets),
        )

    def _rescored(self) -> list[Found]:
        """The best articles rescored, then the others as they were, up to the end of the page or further."""
        looked = self._made.looked
        assert looked is not None
        head = self._listed(min(looked.rescore.depth, MAX_DEPTH), looked, count=True)
        head = head[: looked.rescore.depth]
        recency = self._request.recency
        scores = np.array(
            [
                each.score + fresh_of(each.hit, recency) * sum(looked.added(each.hit))
                for each in head
            ]
        )
        scores *= looked.agreeing([each.hit for each in head], scores, self._snapshot.holding)
        for each, score in zip(head, scores.tolist(), strict=True):
            each.score = round(score, SCORE_DECIMALS)
        head.sort(key=lambda each: (each.tier, -each.score, -each.published, each.id))
        if self.total <= len(head) or len({each.one for each in head}) >= self._end:
            return head
        known = {each.id for each in head}
        return head + [each for each in self._listed(self._end) if each.id not in known]

    def _listed(
        self, size: int, looked: Looked | None = None, *, count: bool = False
    ) -> list[Found]:
        """The first articles of each tier, in order; with ``count`` also what the request counts.

        With ``looked`` they are not collapsed, and bring what rescoring needs.
        """
        if not looked and self._is_small:
            size = self._expected or size
        bodies = [self._body(tier, size, looked) for tier in self._made.tiers]
        if count and len(bodies) == 1:
            bodies[0]["aggs"] = self._counts()
        elif count:
            bodies.append(self._body(None, 0) | {"aggs": self._counts()})
        answers = self._ask(bodies)
        if count:
            self._counted = answers[-1].get("aggregations", {})
            self.total = answers[-1]["hits"]["total"]["value"]
            self.groups = self._groups()
        return [
            _found(hit, tier, scored=self._scored)
            for tier, answer in enumerate(answers[: len(self._made.tiers)])
            for hit in answer["hits"]["hits"]
        ]

    @property
    def _is_small(self) -> bool:
        """Whether all articles are asked for, and duplicates collapse here: their numbers are known then."""
        return self._expected is not None and self._expected <= _FEW

    def _body(self, tier: Dsl | None, size: int, looked: Looked | None = None) -> dict[str, Any]:
        """A search of one tier, or of all; of no articles if ``size`` is 0."""
        made, narrow = self._made, [*self._made.narrow, *([tier] if tier else [])]
        body: dict[str, Any] = {"size": size, "track_total_hits": True}
        if not size:
            return body | {"query": {"bool": {"filter": [made.query, *narrow]}}}
        if looked:
            narrow.append(looked.named)
        if self._scored:
            query: Dsl = {"bool": {"must": [made.query], "filter": narrow}}
            script = final_score(self._request.recency)
            body["query"] = {"script_score": {"query": query, "script": script}}
        else:
            body["query"] = {"bool": {"filter": [made.query, *narrow]}}
        body["sort"] = self._order()
        if self._whole:
            body["_source"] = True
        else:
            # Not even the id is read from where articles are kept whole: the order tells it.
            body["stored_fields"] = "_none_"
        body |= looked.request() if looked else {"docvalue_fields": [ONE]}
        if self._collapse and not looked and not self._is_small:
            body["collapse"] = {"field": ONE}
        return body

    def _order(self) -> list[dict[str, Any]]:
        match self._request.sort:
            case "relevance":
                return [{"_score": "desc"}, _NEWEST, _BY_ID]
            case "oldest":
                return [_OLDEST, _BY_ID]
            case "hot" if self._request.popularity:
                return [heat_order(self._request.popularity), _NEWEST, _BY_ID]
            case _:
                return [_NEWEST, _BY_ID]

    def _counts(self) -> dict[str, Any]:
        asked = facet_requests(self._request.facets, self._request.facet_size, self._timezone)
        if self._collapse:
            asked["grouped"] = {"value_count": {"field": DUPLICATES}}
            different = {"field": DUPLICATES, "precision_threshold": _FINE}
            asked["groups"] = {"cardinality": different}
        return asked

    def _groups(self) -> int:
        """The possible hits: those without a group, and the groups of the others."""
        if not self._collapse:
            return self.total
        grouped, groups = (self._counted[name]["value"] for name in ("grouped", "groups"))
        return int(self.total - grouped + groups)

    def _articles(self, found: Sequence[Found]) -> tuple[dict[str, Article], Mapping[str, int]]:
        """The articles by id, and by group the number of articles that the request finds.

        One round trip, unless the articles came with their order, and the sizes of their groups are known.
        """
        sources = {each.id: each.hit["_source"] for each in found if "_source" in each.hit}
        unknown = [each.id for each in found if each.id not in sources]
        groups = [each.one for each in found if is_group(each.one)] if self._collapse else []
        bodies: list[dict[str, Any]] = []
        if unknown:
            bodies.append({"size": len(unknown), "query": {"ids": {"values": unknown}}})
        if groups and self._sizes is None:
            terms = {"field": "group", "include": groups, "size": len(groups)}
            bodies.append(self._body(None, 0) | {"aggs": {"sizes": {"terms": terms}}})
        # What was found is shown: this small request has time even if the search had none left.
        answers = self._seen(self._snapshot.ask(bodies)) if bodies else []
        if unknown:
            sources |= {hit["_id"]: hit["_source"] for hit in answers[0]["hits"]["hits"]}
        if groups and self._sizes is None:
            sizes = answers[-1]["aggregations"]["sizes"]["buckets"]
            self._sizes = {each["key"]: each["doc_count"] for each in sizes}
        articles = {each: article_of(source) for each, source in sources.items()}
        return articles, self._sizes or {}

    def _ask(self, bodies: Sequence[dict[str, Any]]) -> list[Answer]:
        return self._seen(self._snapshot.ask(bodies, deadline=self._deadline))

    def _seen(self, answers: list[Answer]) -> list[Answer]:
        if any(each["_shards"]["failed"] for each in answers):
            self.lack = "shards"
        elif any(each["timed_out"] for each in answers):
            self.lack = self.lack or "time"
        return answers


def fresh_of(hit: Answer, recency: Recency | None) -> float:
    """The recency factor of a hit."""
    if recency is None:
        return 1.0
    fields = hit["fields"]
    (published,) = fields.get(PUBLISHED, (None,))
    time = None if published is None else from_microseconds(published)
    return freshness(fields.get("channel", ()), time, recency)


def _found(hit: Answer, tier: int, *, scored: bool) -> Found:
    *first, published, article_id = hit["sort"]
    (one,) = hit["fields"][ONE]
    return Found(article_id, tier, first[0] if scored else 0.0, published, one, hit)
