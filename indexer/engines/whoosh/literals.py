"""Finding literals: candidates by their grams, then a look into the folded text where the grams do not decide."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from time import monotonic
from typing import Final, NamedTuple

import numpy as np

from indexer.analysis.grams import plan_literal
from indexer.columnar import plan as p
from indexer.columnar.arrays import IntP
from indexer.columnar.cache import BoundedCache
from indexer.columnar.errors import OutOfTime
from indexer.columnar.executor import Executor
from indexer.columnar.snapshot import Leaf
from indexer.engines.base import LITERAL_CANDIDATES
from indexer.engines.ranking import idf
from indexer.engines.whoosh.fields import FOLDED, FOLDED_SEPARATOR, PUBLISHED, encoded
from indexer.engines.whoosh.queries import literal_candidates
from indexer.query import TEXT_FIELDS

_SEPARATOR = FOLDED_SEPARATOR.encode()
_KEPT_BYTES: Final = 16 * 2**20
"""What is kept of literals that were found: a search that climbs asks for the same ones on every rung."""


_AT_ONCE: Final = 512
"""Texts that are looked into between two looks at the clock: some milliseconds."""


class FoundLiteral(NamedTuple):
    """The documents of each leaf that hold a literal, and their score, its idf.

    Not ``complete`` when some were not verified, ``late`` when that is because the deadline came first.
    """

    docs: list[IntP]
    score: float
    complete: bool
    late: bool = False


class LiteralFinder:
    """Finds literals in one snapshot, and keeps what was found. Shared by threads."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._known: BoundedCache[FoundLiteral] = BoundedCache(_KEPT_BYTES)

    def find(
        self,
        literal: str,
        fields: tuple[str, ...],
        *,
        is_word: bool = False,
        deadline: float = inf,
    ) -> FoundLiteral:
        """The documents that hold a folded literal (not empty) in one of ``fields``.

        With ``is_word`` those that hold it as a word in one of them need no verification. Of more than
        LITERAL_CANDIDATES others the newest are verified, and the rest counts as not holding it. So does what is not
        verified by the ``deadline``, a time of ``time.monotonic()``; such an answer is not kept.
        """
        key = (literal, fields, is_word)
        found = self._known.get(key)
        if found is None:
            try:
                found = self._find(literal, fields, is_word, deadline)
            except OutOfTime:
                nothing = [np.empty(0, np.intp) for _ in self._executor.snapshot.leaves]
                return FoundLiteral(nothing, 0.0, complete=False, late=True)
            if not found.late:
                self._known.put(key, found, sum(docs.nbytes for docs in found.docs))
        return found

    def _find(
        self, literal: str, fields: tuple[str, ...], is_word: bool, deadline: float
    ) -> FoundLiteral:
        plan = plan_literal(literal)
        docs = self._executor.documents(literal_candidates(plan, fields), deadline=deadline)
        leaves = self._executor.snapshot.leaves
        complete, late = True, False
        if not plan.exact:
            sure = [each[:0] for each in docs]
            if is_word:
                word = p.Word(encoded(literal), tuple((field, 1.0) for field in fields))
                held = self._executor.documents(word, deadline=deadline)
                sure = [
                    np.intersect1d(*pair, assume_unique=True)
                    for pair in zip(docs, held, strict=True)
                ]
            unsure = [
                np.setdiff1d(*pair, assume_unique=True) for pair in zip(docs, sure, strict=True)
            ]
            if sum(map(len, unsure)) > LITERAL_CANDIDATES:
                complete = False
                unsure = _newest(leaves, unsure, LITERAL_CANDIDATES)
            wanted = encoded(literal)
            docs = []
            for leaf, each, others in zip(leaves, sure, unsure, strict=True):
                looked_at: list[IntP] = []
                for begin in range(0, len(others), _AT_ONCE):
                    if monotonic() >= deadline:
                        complete, late = False, True
                        break
                    some = others[begin : begin + _AT_ONCE]
                    looked_at.append(_verified(leaf, some, wanted, fields))
                docs.append(np.union1d(each, np.concatenate([others[:0], *looked_at])))
        holding = sum(map(len, docs))
        score = idf(self._executor.snapshot.doc_count, holding) if holding else 0.0
        return FoundLiteral(docs, score, complete, late)


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
