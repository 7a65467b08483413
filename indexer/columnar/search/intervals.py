"""Intervals: expresses ranges of numbers by the segment's values that they include, so equivalent ranges compare equal.

The filter of visible articles changes with the clock. Its result in a segment changes only when the clock passes a time that a
document has. Until then the filters of all seconds pass the same documents.
"""

from __future__ import annotations

from dataclasses import replace

from indexer.columnar.files.segment import Segment
from indexer.columnar.search import plan as p


def told_by_values(plan: p.Plan, segment: Segment) -> p.Plan:
    """A cache key: the plan with the bounds of each range as numbers of distinct values.

    Ranges that include the same values of a segment give the same key. The key is never evaluated as a plan.
    O(ranges * log documents), once O(documents * log documents) for a column.
    """
    match plan:
        case p.Between(column, low, high):
            values = segment.distinct_numbers(column)
            bounds = [
                None if each is None else int(values.searchsorted(each)) for each in (low, high)
            ]
            return p.Between(column, *bounds)
        case p.Intersection(clauses):
            return p.Intersection(tuple(told_by_values(each, segment) for each in clauses))
        case p.Union() | p.Best():
            return replace(
                plan, clauses=tuple(told_by_values(each, segment) for each in plan.clauses)
            )
        case p.Without(inner, excluded):
            return p.Without(told_by_values(inner, segment), told_by_values(excluded, segment))
        case p.Constant() | p.Scaled():
            return replace(plan, plan=told_by_values(plan.plan, segment))
        case _:
            return plan
