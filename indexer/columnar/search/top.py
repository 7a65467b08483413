"""The best documents of a result, in order by score or by a column. Ties have the same order on every run.

Equal scores are ordered by the greater column value (newer first), then by the lesser key, or number without keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.files.arrays import AnyArray, IntP
from indexer.columnar.files.fields import MISSING_INT
from indexer.columnar.files.snapshot import Leaf, Snapshot
from indexer.columnar.search.found import Found, Mask, listed, look_up, mask_of
from indexer.columnar.search.impacts import BLOCK, F32, Listed, padded

I64 = NDArray[np.int64]

_DECIMALS: Final = 4
"""Scores that agree to this many decimals tie. The same parts added up in another order differ in the sixth."""


_FURTHER: Final = 4
"""How many times as many documents, in the order of a column, are looked at next."""
_STEP: Final = 2.0**30
"""Greater than any score: steps and scores make one float64, with 23 bits left for the fraction."""


@dataclass(frozen=True, slots=True)
class Ordering:
    """How to order the documents found.

    ``by`` is score (then the greater value of the int64 ``column``), or newest or oldest by that column alone. With these two,
    documents without a value come last.

    Raises:
        ValueError: newest or oldest without a column.
    """

    by: Literal["score", "newest", "oldest"] = "score"
    column: str | None = None

    def __post_init__(self) -> None:
        if self.by != "score" and self.column is None:
            raise ValueError(f"{self.by} by which column? Name one")


class Ranked(NamedTuple):
    """Candidates of one leaf: numbers in the snapshot, scores, and sort keys, where a greater key comes first.

    Candidates with a greater step come before all others. ``ranks`` order what ties in both: the number of a document's key in its segment, or of the document without keys.
    """

    docs: I64
    scores: F32
    keys: I64
    ranks: I64
    steps: I64


_NONE: Final = Ranked(
    np.empty(0, np.int64),
    np.empty(0, np.float32),
    *(np.empty(0, np.int64) for _ in ("keys", "ranks", "steps")),
)


def best_of_leaf(
    found: Found, leaf: Leaf, order: Ordering, limit: int, preferred: Sequence[IntP] = ()
) -> tuple[Ranked, int]:
    """The best ``limit`` of a leaf, unordered, and how many were found. May hold more if candidates tie in every criterion.

    The found ones among an earlier array of ``preferred``, intp and ascending, come before all others.
    """
    count = _count(found)
    if not limit or not count:
        return _NONE, count
    chosen = (
        best_by_score(found, limit)
        if order.column is None or order.by == "score"
        else _best_by_column(found, leaf, order.column, limit, oldest=order.by == "oldest")
    )
    steps = np.zeros(len(chosen.docs), dtype=np.int64)
    if any(map(len, preferred)):
        chosen, steps = _with_preferred(chosen, found, leaf, preferred, limit)
    keys = _keys(leaf, order, chosen.docs)
    if len(chosen.docs) > limit:
        keep = _first(len(chosen.docs), limit, _respects(leaf, order, chosen, keys, steps))
        chosen = Listed(chosen.docs[keep], chosen.scores[keep])
        keys, steps = keys[keep], steps[keep]
    ranks = _ranks(leaf, chosen.docs)
    docs = chosen.docs.astype(np.int64) + leaf.base
    return Ranked(docs, chosen.scores, keys, ranks, steps), count


def _with_preferred(
    chosen: Listed, found: Found, leaf: Leaf, preferred: Sequence[IntP], limit: int
) -> tuple[Listed, I64]:
    """The chosen documents and the best preferred ones, ascending, and the step of each. O(preferred documents)."""
    parts = [chosen]
    for docs in preferred:
        hit, scores = look_up(found, docs, padded(leaf.segment.doc_count))
        parts.append(best_by_score(Listed(docs[hit], scores[hit]), limit))
    docs, at = np.unique(np.concatenate([part.docs for part in parts]), return_index=True)
    scores = np.concatenate([part.scores for part in parts])[at]
    steps = np.zeros(len(docs), dtype=np.int64)
    for step, these in enumerate(reversed(preferred), 1):
        steps[np.isin(docs, these, assume_unique=True)] = step
    return Listed(docs, scores), steps


def _count(found: Found) -> int:
    if isinstance(found, Listed):
        return len(found.docs)
    return int(np.count_nonzero(found.scores > 0 if found.mask is None else found.mask))


def _keys(leaf: Leaf, order: Ordering, docs: IntP) -> I64:
    if order.column is None:
        return np.zeros(len(docs), dtype=np.int64)
    values: I64 = leaf.segment.numbers(order.column)[docs]
    return np.where(values == MISSING_INT, MISSING_INT, -values) if order.by == "oldest" else values


def _respects(
    leaf: Leaf, order: Ordering, chosen: Listed, keys: I64, steps: I64
) -> Iterator[AnyArray]:
    """The criteria that compare candidates, one after the other. The greater value comes first."""
    if steps.any():
        yield steps
    if order.by == "score":
        yield chosen.scores.round(_DECIMALS)
    if order.column is not None:
        yield keys
    yield -_ranks(leaf, chosen.docs)


def _ranks(leaf: Leaf, docs: IntP) -> I64:
    ranks: I64 = docs if leaf.segment.layout.key is None else leaf.segment.key_numbers[docs]
    return ranks


def _first(rows: int, limit: int, respects: Iterator[AnyArray]) -> Mask:
    """Which of more than ``limit`` rows come first, with all rows that tie with the last of them in every criterion. O(rows)."""
    sure, tied = np.zeros(rows, dtype=bool), np.ones(rows, dtype=bool)
    for values in respects:
        among = values[tied]
        edge = np.partition(among, len(among) - limit)[len(among) - limit]
        better = tied & (values > edge)
        sure |= better
        tied &= values == edge
        limit -= int(np.count_nonzero(better))
        if np.count_nonzero(tied) <= limit:
            break
    kept: Mask = sure | tied
    return kept


def best_by_score(found: Found, limit: int) -> Listed:
    """The ``limit`` (1 or more) best documents of a result, and all that may tie with the last of them.

    O(documents / 256 + blocks hit). A partition of the whole accumulator would be slow, since most of it is zeros. First the
    best scores of all blocks of 256 are compared. Then only the blocks that reach the limit-th greatest block score are read.
    """
    if isinstance(found, Listed):
        if len(found.docs) <= limit:
            return found
        keep = found.scores >= _least_tied(found.scores, limit)
        return Listed(found.docs[keep], found.scores[keep])
    blocks = found.scores.reshape(-1, BLOCK)
    tops = blocks.max(axis=1)
    if len(tops) > limit:
        edge = _least_tied(tops, limit)
        if edge > 0:
            chosen = np.flatnonzero(tops >= edge)
            rows, columns = np.nonzero(blocks[chosen] >= edge)
            docs = chosen[rows] * BLOCK + columns
            return best_by_score(Listed(docs, found.scores[docs]), limit)
    return best_by_score(listed(found), limit)


def _best_by_column(found: Found, leaf: Leaf, column: str, limit: int, *, oldest: bool) -> Listed:
    """The first ``limit`` (1 or more) documents of a result by a column, and all that tie with the last of them.

    Walks the documents in the column's order until enough of them were found: O(limit) if most documents are found.
    """
    if isinstance(found, Listed):
        return found
    values, order = leaf.segment.numbers(column), leaf.segment.by_number(column)
    missing = int(np.searchsorted(values, MISSING_INT, side="right", sorter=order))
    order = np.roll(order, -missing) if oldest else order[::-1]
    mask = mask_of(found, padded(leaf.segment.doc_count))
    reach = limit
    while True:
        reach *= _FURTHER
        docs = order[:reach]
        hits = docs[mask[docs]]
        if reach >= len(order) or (
            len(hits) >= limit and values[docs[-1]] != values[hits[limit - 1]]
        ):
            hits.sort()
            return Listed(hits, found.scores[hits])


def _least_tied(scores: F32, limit: int) -> np.float32:
    """A lower bound for all scores that round to the ``limit``-th greatest score or more."""
    edge = np.partition(scores, len(scores) - limit)[len(scores) - limit]
    return np.float32(edge - 2 * 10**-_DECIMALS - 1e-6 * abs(edge))


def merged(
    parts: Sequence[Ranked], order: Ordering, limit: int, snapshot: Snapshot
) -> tuple[I64, F32]:
    """The ``limit`` best of all leaves in their final order: numbers and scores."""
    parts = [part for part in parts if len(part.docs)]
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    docs, scores, keys, ranks, steps = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    rounded = steps * _STEP
    if order.by == "score":
        rounded += scores.round(_DECIMALS)
    # ~keys is -keys - 1, but does not overflow for the least number.
    within = ranks if len(parts) == 1 else docs
    ranking = np.lexsort((within, ~keys, -rounded))
    if len(parts) > 1 and snapshot.has_keys:
        last = min(limit, len(ranking)) - 1
        ties = (rounded[ranking] == rounded[ranking[last]]) & (keys[ranking] == keys[ranking[last]])
        ranking = ranking[: max(last + 1, int(np.flatnonzero(ties)[-1]) + 1)]
        _order_ties(ranking, rounded, keys, docs, snapshot)
    ranking = ranking[:limit]
    return docs[ranking], scores[ranking]


def _order_ties(
    ranking: IntP, rounded: NDArray[np.float64], keys: I64, docs: I64, snapshot: Snapshot
) -> None:
    """Sort the tied documents of the ranking by their keys, in place. One look-up for each."""
    scores, columns = rounded[ranking], keys[ranking]
    ties = np.zeros(len(ranking) + 1, dtype=bool)  # whether a row ties with the one before it
    np.logical_and(scores[1:] == scores[:-1], columns[1:] == columns[:-1], out=ties[1:-1])
    edges = np.flatnonzero(ties[1:] != ties[:-1]).tolist()  # the first and last row of each run
    for begin, last in zip(edges[::2], edges[1::2], strict=True):
        run = ranking[begin : last + 1].tolist()
        ranking[begin : last + 1] = sorted(run, key=lambda at: snapshot.key(int(docs[at])))
