"""Finds literals. Grams select candidates; where they alone cannot decide, the candidate's text is searched."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import inf
from time import monotonic
from typing import Final, NamedTuple

import numpy as np

from indexer.analysis.characters import fold_literal
from indexer.analysis.grams import plan_literal
from indexer.columnar.errors import OutOfTime
from indexer.columnar.files.arrays import IntP
from indexer.columnar.files.snapshot import Leaf
from indexer.columnar.search import plan as p
from indexer.columnar.search.cache import BoundedCache
from indexer.columnar.search.executor import Executor
from indexer.engines.base import LITERAL_CANDIDATES
from indexer.engines.ranking import idf
from indexer.engines.whoosh.documents import texts_of
from indexer.engines.whoosh.fields import ARTICLE, PUBLISHED, encoded
from indexer.engines.whoosh.queries import literal_candidates
from indexer.query import TEXT_FIELDS

_KEPT_BYTES: Final = 16 * 2**20
"""The size of the cache of found literals. One search asks for the same literals on every rung."""


_AT_ONCE: Final = 512
"""Texts to verify between two checks of the deadline: some milliseconds."""


class _Wanted(NamedTuple):
    """A folded literal, the fields to search, and whether documents that hold it as a word need no verification."""

    literal: str
    fields: tuple[str, ...]
    is_word: bool


class _Held(NamedTuple):
    """The documents of a segment that hold a literal, deleted ones included, and how many unsure candidates were verified."""

    docs: IntP
    verified: int


_NOTHING: Final = _Held(np.empty(0, np.intp), 0)


class _Candidates(NamedTuple):
    """Documents of a segment that surely hold a literal, and others that may; ascending, deleted ones included."""

    sure: IntP
    unsure: IntP


class FoundLiteral(NamedTuple):
    """The living documents of each leaf that hold a literal, and their score, the literal's idf.

    ``complete`` is False when some candidates were not verified; ``late`` is True when the deadline was the reason.
    """

    docs: list[IntP]
    score: float
    complete: bool
    late: bool = False


class LiteralFinder:
    """Finds literals in one snapshot and caches the results. Threads may share it.

    A result for a segment is valid in every snapshot with that segment. ``reuse`` is the finder of an earlier snapshot.
    """

    def __init__(self, executor: Executor, reuse: LiteralFinder | None = None) -> None:
        self._executor = executor
        self._leaves = executor.snapshot.leaves
        self._known: BoundedCache[_Held] = reuse._known if reuse else BoundedCache(_KEPT_BYTES)
        self._known.keep_only(executor.snapshot.segment_names)

    def find(
        self,
        literal: str,
        fields: tuple[str, ...],
        *,
        is_word: bool = False,
        deadline: float = inf,
    ) -> FoundLiteral:
        """The documents that hold a folded literal (not empty) in one of ``fields``.

        With ``is_word``, documents that hold the literal as a word in one of the fields need no verification. If more than
        LITERAL_CANDIDATES others (deleted ones included) need verification, only the newest are verified, and the rest count as
        not holding the literal. Candidates that are not verified by the ``deadline``, a time of ``time.monotonic()``, count as
        not holding the literal either. A late result is not cached.
        """
        wanted = _Wanted(literal, fields, is_word)
        complete, late = True, False
        known = self._kept(wanted)
        held = [each for each in known if each]
        if len(held) < len(known):
            try:
                held, complete, late = self._find(wanted, known, deadline)
            except OutOfTime:
                held, complete, late = [_NOTHING] * len(known), False, True
        docs = [
            each.docs if leaf.live is None else each.docs[leaf.live[each.docs]]
            for each, leaf in zip(held, self._leaves, strict=True)
        ]
        holding = sum(map(len, docs))
        score = idf(self._executor.snapshot.doc_count, holding) if holding else 0.0
        return FoundLiteral(docs, score, complete, late)

    def find_all(self, literal: str) -> list[IntP]:
        """The living documents of each leaf that hold a folded literal (not empty), however many must be verified.

        O(the candidates' texts). Nothing is cached, for nobody asks twice.
        """
        wanted = _Wanted(literal, TEXT_FIELDS, is_word=False)
        held = [
            _verified(leaf, self._candidates(number, wanted, inf), wanted, inf)[0].docs
            for number, leaf in enumerate(self._leaves)
        ]
        return [
            docs if leaf.live is None else docs[leaf.live[docs]]
            for docs, leaf in zip(held, self._leaves, strict=True)
        ]

    def _kept(self, wanted: _Wanted, *commit: int) -> list[_Held | None]:
        """The cached result for each leaf; with a commit number, the result that is valid for that commit only."""
        return [self._known.get((leaf.segment.name, wanted, *commit)) for leaf in self._leaves]

    def _find(
        self, wanted: _Wanted, known: Sequence[_Held | None], deadline: float
    ) -> tuple[list[_Held], bool, bool]:
        """The result for each leaf, whether all candidates were verified, and whether the deadline passed first.

        ``known`` results are valid in every snapshot. With too many candidates, new results are cached for this snapshot only.
        """
        commit: tuple[int, ...] = (self._executor.snapshot.commit.number,)
        newest = [each for each in self._kept(wanted, *commit) if each]
        if len(newest) == len(known):
            return newest, False, False
        candidates = {
            number: self._candidates(number, wanted, deadline)
            for number, each in enumerate(known)
            if each is None
        }
        unsure = sum(len(each.unsure) for each in candidates.values())
        complete = unsure + sum(each.verified for each in known if each) <= LITERAL_CANDIDATES
        if complete:
            commit = ()
        else:
            known = [None] * len(known)
            candidates = self._newest(
                [self._candidates(number, wanted, deadline) for number in range(len(known))]
            )
        held, late = [], False
        for number, (leaf, found) in enumerate(zip(self._leaves, known, strict=True)):
            if found is None:
                found, in_time = _verified(leaf, candidates[number], wanted, deadline)
                if in_time:
                    key = (leaf.segment.name, wanted, *commit)
                    self._known.put(key, found, found.docs.nbytes)
                late |= not in_time
            held.append(found)
        return held, complete and not late, late

    def _candidates(self, leaf: int, wanted: _Wanted, deadline: float) -> _Candidates:
        plan = plan_literal(wanted.literal)
        find = partial(self._executor.documents, leaf, deadline=deadline)
        docs = find(literal_candidates(plan, wanted.fields))
        if plan.exact:
            return _Candidates(docs, docs[:0])
        sure = docs[:0]
        if wanted.is_word:
            weights = tuple((field, 1.0) for field in wanted.fields)
            word = find(p.Word(encoded(wanted.literal), weights))
            sure = np.intersect1d(docs, word, assume_unique=True)
        return _Candidates(sure, np.setdiff1d(docs, sure, assume_unique=True))

    def _newest(self, candidates: Sequence[_Candidates]) -> dict[int, _Candidates]:
        """The candidates of each leaf, with the unsure ones reduced to the newest LITERAL_CANDIDATES of all leaves."""
        times = np.concatenate(
            [
                leaf.segment.numbers(PUBLISHED)[each.unsure]
                for leaf, each in zip(self._leaves, candidates, strict=True)
            ]
        )
        chosen = np.zeros(len(times), dtype=bool)
        chosen[np.argpartition(times, -LITERAL_CANDIDATES)[-LITERAL_CANDIDATES:]] = True
        parts = np.split(chosen, np.cumsum([len(each.unsure) for each in candidates])[:-1])
        return {
            number: each._replace(unsure=each.unsure[part])
            for number, (each, part) in enumerate(zip(candidates, parts, strict=True))
        }


def _verified(
    leaf: Leaf, candidates: _Candidates, wanted: _Wanted, deadline: float
) -> tuple[_Held, bool]:
    """The candidates that hold the literal by their texts, and whether all were verified by the deadline."""
    sure, unsure = candidates
    in_time = True
    holding = [sure]
    for begin in range(0, len(unsure), _AT_ONCE):
        if monotonic() >= deadline:
            in_time = False
            break
        some = unsure[begin : begin + _AT_ONCE]
        holding.append(_holding(leaf, some, wanted.literal, wanted.fields))
    docs = np.concatenate(holding)
    docs.sort()
    return _Held(docs, len(unsure)), in_time


def _holding(leaf: Leaf, docs: IntP, wanted: str, fields: tuple[str, ...]) -> IntP:
    """The documents of ``docs`` whose folded texts hold ``wanted`` in one of ``fields``. O(their text)."""
    holds = []
    for blob in leaf.segment.blobs(ARTICLE).many(docs.tolist()):
        texts = texts_of(blob)
        some = [texts[field] for field in fields]
        # Folding changes nothing in a folded literal. So a text that holds it as it stands needs no folding.
        held = any(wanted in text for text in some)
        holds.append(held or any(wanted in fold_literal(text) for text in some))
    verified: IntP = docs[np.array(holds, dtype=bool)]
    return verified
