"""WhooshExecutor: answers Whoosh's queries over one snapshot with the executor.

It returns what ``Searcher.search`` returns, at the executor's speed. ``whoosh/plan.py`` lists the differences. Whoosh's own
matchers answer only queries without a plan.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from math import inf

import numpy as np
from whoosh import query as wq
from whoosh.fields import Schema
from whoosh.scoring import BM25F
from whoosh.searching import Searcher

from indexer.columnar.files.snapshot import Snapshot
from indexer.columnar.search import plan as p
from indexer.columnar.search.executor import Derived, Executor, Top
from indexer.columnar.search.impacts import CACHE_BYTES, F32, Bm25
from indexer.columnar.search.top import Ordering
from indexer.columnar.whoosh.plan import Compiler
from indexer.columnar.whoosh.reader import reader_over


class WhooshExecutor:
    """Searches one snapshot, such as that of ``ColumnarIndex.snapshot()``, for Whoosh's queries. Threads may share it.

    The options are those of :class:`Executor`.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        schema: Schema,
        *,
        weighting: Bm25 | None = None,
        derived: Mapping[str, Derived] | None = None,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        self.snapshot, self.schema = snapshot, schema
        self._weighting = weighting or Bm25()
        self._executor = Executor(
            snapshot, weighting=self._weighting, derived=derived, cache_bytes=cache_bytes
        )
        self._compiler = Compiler(schema, self._ask_matcher)
        self._local = threading.local()

    def search(
        self,
        query: wq.Query,
        *,
        limit: int = 10,
        filter: wq.Query | None = None,  # noqa: A002 (Whoosh's name)
        ordering: Ordering | None = None,
        facets: Sequence[str] = (),
        factors: Sequence[F32] | None = None,
        deadline: float = inf,
    ) -> Top:
        """The best ``limit`` documents that match the query and ``filter``. The rest is as in :meth:`Executor.search`.

        Document numbers are those of Whoosh's readers over the same snapshot. Raises the errors of :meth:`Compiler.compile`
        and of Whoosh's matchers.
        """
        return self._executor.search(
            self.plan(query),
            limit=limit,
            filter=None if filter is None else self._compiler.compile(filter, scored=False),
            ordering=ordering,
            facets=facets,
            factors=factors,
            deadline=deadline,
        )

    def plan(self, query: wq.Query) -> p.Plan:
        """The plan of a query. It is valid for this snapshot only, since it may hold answers of Whoosh's matchers."""
        return self._compiler.compile(query)

    def _ask_matcher(self, query: wq.Query) -> p.Documents:
        """The documents and scores that Whoosh's matcher finds, leaf by leaf. O(postings that it reads), in Python."""
        by_leaf = {}
        searcher = self._searcher()
        leaves = searcher.leaf_searchers() if self.snapshot.leaves else ()
        for number, (leaf, _) in enumerate(leaves):
            matcher = query.matcher(leaf, searcher.context())
            docs, scores = [], []
            last = -1
            while matcher.is_active():
                doc = matcher.id()
                if doc > last:  # NestedChildren gives some documents twice
                    docs.append(doc)
                    scores.append(matcher.score())
                    last = doc
                matcher.next()
            if docs:
                by_leaf[number] = (np.array(docs, dtype=np.intp), np.array(scores, np.float32))
        return p.Documents(by_leaf)

    def _searcher(self) -> Searcher:
        """This thread's searcher. Threads may not share Whoosh's own."""
        searcher: Searcher | None = getattr(self._local, "searcher", None)
        if searcher is None:
            reader = reader_over(self.snapshot.leaves, self.schema, self.snapshot.commit.number)
            weighting = BM25F(B=self._weighting.b, K1=self._weighting.k1)
            searcher = self._local.searcher = Searcher(reader, weighting=weighting)
        return searcher
