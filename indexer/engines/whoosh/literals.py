"""Finding literals: candidates by their grams, then a look into the folded text where the grams do not decide."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from indexer.analysis.grams import plan_literal
from indexer.columnar.executor import Executor
from indexer.columnar.segment import IntP
from indexer.columnar.snapshot import Leaf
from indexer.columnar.whoosh_plan import Compiler
from indexer.engines.base import LITERAL_CANDIDATES
from indexer.engines.ranking import idf
from indexer.engines.whoosh.fields import FOLDED, FOLDED_SEPARATOR, PUBLISHED
from indexer.engines.whoosh.queries import DocSet, literal_candidates
from indexer.query import TEXT_FIELDS

_SEPARATOR = FOLDED_SEPARATOR.encode()


class LiteralFinder:
    """Finds literals in one snapshot; ``incomplete`` turns true when one had more candidates than may be verified."""

    def __init__(self, executor: Executor, compiler: Compiler) -> None:
        self._executor, self._compiler = executor, compiler
        self.incomplete = False

    def find(self, literal: str, fields: tuple[str, ...]) -> DocSet:
        """The documents that hold a folded literal (not empty) in one of ``fields``, and their score, its idf.

        Of more than LITERAL_CANDIDATES candidates the newest are verified, and the others count as not holding it.
        """
        plan = plan_literal(literal)
        docs = self._executor.documents(self._compiler.compile(literal_candidates(plan, fields)))
        leaves = self._executor.snapshot.leaves
        if not plan.exact:
            if sum(map(len, docs)) > LITERAL_CANDIDATES:
                self.incomplete = True
                docs = _newest(leaves, docs, LITERAL_CANDIDATES)
            wanted = literal.encode("utf-8", "surrogatepass")
            docs = [
                _verified(leaf, each, wanted, fields)
                for leaf, each in zip(leaves, docs, strict=True)
            ]
        holding = sum(map(len, docs))
        return DocSet(docs, idf(self._executor.snapshot.doc_count, holding) if holding else 0.0)


def _newest(leaves: Sequence[Leaf], docs: Sequence[IntP], count: int) -> list[IntP]:
    times = np.concatenate(
        [leaf.segment.numbers(PUBLISHED)[each] for leaf, each in zip(leaves, docs, strict=True)]
    )
    chosen = np.zeros(len(times), dtype=bool)
    chosen[np.argpartition(times, -count)[-count:]] = True
    parts = np.split(chosen, np.cumsum([len(each) for each in docs])[:-1])
    return [each[part] for each, part in zip(docs, parts, strict=True)]


def _verified(leaf: Leaf, docs: IntP, wanted: bytes, fields: tuple[str, ...]) -> IntP:
    """Those of ``docs`` whose folded text holds ``wanted`` in one of ``fields``. O(their text)."""
    if not len(docs):
        return docs
    places = [TEXT_FIELDS.index(field) for field in fields]
    whole = len(places) == len(TEXT_FIELDS) and _SEPARATOR not in wanted
    holds = []
    for folded in leaf.segment.blobs(FOLDED).many(docs.tolist()):
        if wanted not in folded:
            holds.append(False)
        elif whole:
            holds.append(True)
        else:
            texts = folded.split(_SEPARATOR)
            holds.append(any(wanted in texts[place] for place in places))
    verified: IntP = docs[np.array(holds, dtype=bool)]
    return verified
