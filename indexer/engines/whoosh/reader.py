"""A snapshot of the Whoosh index, and its answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from math import inf
from types import MappingProxyType
from typing import Final

import numpy as np

from indexer.analysis.characters import fold_literal
from indexer.article import Article
from indexer.columnar.search.executor import Executor, Top
from indexer.columnar.search.plan import Plan
from indexer.columnar.search.rescoring import Rescore
from indexer.columnar.search.top import Ordering
from indexer.engines.base import Reader
from indexer.engines.requests import check_completion_request, check_request, check_text_field
from indexer.engines.whoosh.completions import complete
from indexer.engines.whoosh.documents import article_of
from indexer.engines.whoosh.explaining import reasons
from indexer.engines.whoosh.facets import column_of, facet_counts
from indexer.engines.whoosh.fields import (
    ARTICLE,
    GROUP,
    PUBLISHED,
    TITLE,
    encoded,
    grams_field,
)
from indexer.engines.whoosh.literals import LiteralFinder
from indexer.engines.whoosh.queries import NOTHING, PlanBuilder, looks_inside
from indexer.engines.whoosh.side_arrays import SideArrays
from indexer.engines.whoosh.translation import translated
from indexer.errors import IndexDamaged
from indexer.hits import Completion, Hit, Reasons, SearchPage
from indexer.query import CompletionRequest, Popularity, Query, Recency, SearchRequest, Sort
from indexer.query import Rescore as Wanted

_STUMBLES: Final = (
    ArithmeticError,
    AssertionError,
    IndexDamaged,
    LookupError,
    TypeError,
    ValueError,
)
"""The errors that computing with altered arrays may raise."""

_BY_SCORE: Final = Ordering("score", PUBLISHED)
_NEWEST: Final = Ordering("newest", PUBLISHED)
_ORDERINGS: Final[dict[Sort, Ordering]] = {
    "relevance": _BY_SCORE,
    "newest": _NEWEST,
    "oldest": Ordering("oldest", PUBLISHED),
    "hot": _NEWEST,  # without a popularity
}


class WhooshReader(Reader):
    """A reader of one commit. Readers of the same commit share the ``executor``. Each reader caches its last
    rescoring, because all rungs of one search need the same one.
    """

    def __init__(
        self,
        executor: Executor,
        literals: LiteralFinder,
        fading: SideArrays[Recency],
        heats: SideArrays[Popularity],
    ) -> None:
        self.executor, self._literals = executor, literals
        self._fading, self._heats = fading, heats
        self._snapshot = executor.snapshot
        self._last_rescore: tuple[Wanted, Rescore] | None = None
        self._last_filter: tuple[Query | None, Plan | None] = (None, None)

    @property
    def doc_count(self) -> int:
        """How many articles the snapshot holds."""
        return self._snapshot.doc_count

    @property
    def revision(self) -> int:
        """The revision of the snapshot's commit."""
        revision: int = self._snapshot.commit.facts["revision"]
        return revision

    def search(self, request: SearchRequest) -> SearchPage:
        """Answer a request."""
        check_request(request)
        with self._honest():
            builder = self._builder(_deadline(request))
            return self._page(request, self._top(request, builder), builder)

    def rank(self, request: SearchRequest) -> list[tuple[str, float]]:
        """The ids and scores of a request's hits."""
        check_request(request)
        with self._honest():
            top = self._top(request, self._builder(_deadline(request)))
            return [
                (self._snapshot.key(doc).decode(), score) for doc, score, _ in _hits(request, top)
            ]

    def _top(self, request: SearchRequest, builder: PlanBuilder) -> Top:
        """The results of a request, up to the end of its page."""
        scored = request.sort == "relevance"
        popularity = request.popularity if request.sort == "hot" else None
        return self.executor.search(
            self._plan(request, builder),
            limit=request.page * request.size,
            filter=self._filter(request.filter, builder),
            first=[builder.build(query) for query in request.first] if scored else (),
            ordering=_BY_SCORE if popularity else _ORDERINGS[request.sort],
            facets=[column_of(name) for name in request.facets],
            factors=self._fading.of(request.recency) if scored and request.recency else None,
            instead=self._heats.of(popularity) if popularity else None,
            deadline=_deadline(request),
            collapse=GROUP if request.collapse == "duplicates" else None,
            rescore=self._rescore(request.rescore) if scored and request.rescore else None,
        )

    def _plan(self, request: SearchRequest, builder: PlanBuilder) -> Plan:
        """The plan of a request's query. It is empty if the candidates of the query's literals already rule out every article.

        Then no text is read to verify candidates. Verification costs more than the rest of searching inside words.
        """
        if looks_inside(request.query):
            deadline = _deadline(request)
            rough = PlanBuilder(None, self._idf, deadline)
            plan, narrow = rough.build(request.query), self._filter(request.filter, builder)
            found = self.executor.search(plan, limit=0, filter=narrow, deadline=deadline)
            if found.complete and not found.total:
                return NOTHING
        return builder.build(request.query)

    def _page(self, request: SearchRequest, top: Top, builder: PlanBuilder) -> SearchPage:
        hits = tuple(
            Hit(self._article(doc), score, size) for doc, score, size in _hits(request, top)
        )
        facets = {
            name: facet_counts(name, top.facets[column_of(name)], size=request.facet_size)
            for name in request.facets
        }
        return SearchPage(
            total=top.total,
            groups=top.groups,
            total_is_estimate=not (builder.complete and top.complete),
            lack=None if top.complete and not builder.late else "time",
            hits=hits,
            facets=MappingProxyType(facets),
        )

    def _filter(self, query: Query | None, builder: PlanBuilder) -> Plan | None:
        """The plan of a filter. The same filter object yields the same plan, which all requests of one search share."""
        known, plan = self._last_filter
        if query is not known:
            plan = builder.filter(query)
            if builder.complete:
                self._last_filter = query, plan
        return plan

    def _builder(self, deadline: float = inf) -> PlanBuilder:
        return PlanBuilder(self._literals.find, self._idf, deadline)

    def _rescore(self, wanted: Wanted) -> Rescore:
        """A request's rescoring in the executor's terms."""
        if self._last_rescore and self._last_rescore[0] == wanted:
            return self._last_rescore[1]
        words = dict.fromkeys(map(encoded, wanted.words)) if wanted.fields else ()
        pairs = map(encoded, wanted.grams) if wanted.pairs else ()
        idf = self.executor.impacts.idf
        made = Rescore(
            fields=wanted.fields,
            words=tuple(
                (word, wanted.near * min(idf(field, word) for field in wanted.fields))
                for word in words
            ),
            window=wanted.window,
            terms=tuple(
                (field, pair, wanted.pairs * idf(field, pair))
                for field, pair in product(map(grams_field, wanted.fields), pairs)
            ),
            agree=wanted.agree,
            agree_in="body",
            parted_by=TITLE,
            depth=wanted.depth,
        )
        self._last_rescore = wanted, made
        return made

    def explain(
        self, request: SearchRequest, parts: Sequence[Query], article_ids: Sequence[str]
    ) -> dict[str, Reasons]:
        """The parts of some articles' scores. One probe for each part and segment."""
        check_request(request)
        with self._honest():
            builder = self._builder(_deadline(request))
            plans = [builder.build(part) for part in parts]
            if builder.late:
                return {}
            docs = {each: self._snapshot.find(encoded(each)) for each in article_ids}
            return reasons(
                self.executor.impacts,
                {each: doc for each, doc in docs.items() if doc >= 0},
                plans,
                rescore=self._rescore(request.rescore) if request.rescore else None,
                factors=self._fading.of(request.recency) if request.recency else None,
                deadline=_deadline(request),
            )

    def count(self, request: SearchRequest) -> int:
        """How many articles a request finds."""
        check_request(request)
        with self._honest():
            deadline = _deadline(request)
            builder = self._builder(deadline)
            plan, narrow = self._plan(request, builder), self._filter(request.filter, builder)
            return self.executor.search(plan, limit=0, filter=narrow, deadline=deadline).total

    def get(self, article_id: str) -> Article | None:
        """The article with that id."""
        with self._honest():
            doc = self._snapshot.find(encoded(article_id))
            return None if doc < 0 else self._article(doc)

    def holding(self, texts: Iterable[str]) -> list[str]:
        """The ids of all articles that hold one of the texts."""
        with self._honest():
            leaves = self._snapshot.leaves
            found = [np.zeros(leaf.segment.doc_count, dtype=bool) for leaf in leaves]
            for text in filter(None, map(fold_literal, texts)):
                for holds, docs in zip(found, self._literals.find_all(text), strict=True):
                    holds[docs] = True
            return [
                leaf.segment.key(doc).decode()
                for leaf, holds in zip(leaves, found, strict=True)
                for doc in np.flatnonzero(holds).tolist()
            ]

    def document_frequencies(self, field: str, tokens: Sequence[str]) -> list[int]:
        """How many articles hold each token. Deleted ones count until a merge drops them."""
        check_text_field(field)
        with self._honest():
            return self.executor.impacts.doc_frequencies(field, [*map(encoded, tokens)])

    def pair_frequencies(self, field: str, pairs: Sequence[str]) -> list[int]:
        """How many articles hold each pair. Deleted ones count until a merge drops them."""
        check_text_field(field)
        with self._honest():
            held = self.executor.impacts.doc_frequencies
            return held(grams_field(field), [*map(encoded, pairs)])

    def complete(self, request: CompletionRequest) -> list[Completion]:
        """The requested completions. O(terms with the prefixes), a few array operations for each segment."""
        check_completion_request(request)
        with self._honest():
            return complete(self.executor, request, self._filter(request.filter, self._builder()))

    @contextmanager
    def _honest(self) -> Iterator[None]:
        """Raise IndexDamaged instead of an error that damaged arrays cause. After such an error the index is verified once."""
        try:
            with translated(self._snapshot.folder):
                yield
        except _STUMBLES as error:
            for _ in self.verifying():
                pass
            if damage := self.damage:
                raise damage from error
            raise

    @property
    def damage(self) -> IndexDamaged | None:
        """The damage found so far in a segment of the snapshot."""
        found = self._snapshot.damage
        return None if found is None else IndexDamaged(found.path, found.why)

    def verifying(self) -> Iterator[None]:
        """Verify the segments' checksums; each segment keeps its verdict."""
        return self._snapshot.verifying()

    def _idf(self, field: str, token: str) -> float:
        return self.executor.impacts.idf(field, encoded(token))

    def _article(self, doc: int) -> Article:
        return article_of(self._snapshot.blob(ARTICLE, doc))

    def close(self) -> None:
        """Do nothing: the last user of the snapshot closes its files."""


def _hits(request: SearchRequest, top: Top) -> Iterator[tuple[int, float, int]]:
    """The documents on a request's page, each with its score (0.0 when not sorted by score) and the size of its group."""
    end = request.page * request.size
    page = slice(end - request.size, end)
    scores = top.scores[page] if request.sort == "relevance" else np.zeros(request.size)
    return zip(top.docs[page].tolist(), scores.tolist(), top.sizes[page].tolist(), strict=False)


def _deadline(request: SearchRequest) -> float:
    return inf if request.deadline is None else request.deadline
