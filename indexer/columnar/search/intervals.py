"""Intervals: cache keys that are equal for two ranges of numbers if both include the same values of a segment.

The filter of visible articles contains the present time, so it differs from second to second. Its result in a segment changes
only when the clock passes a time that a document has. Until then all these filters have one key and share one cached result.
"""

from __future__ import annotations

from dataclasses import replace

from indexer.columnar.files.segment import Segment
from indexer.columnar.search import plan as p


def told_by_values(plan: p.Plan, segment: Segment) -> p.Plan:
    """A cache key: the plan with each bound of a range replaced by its rank among the segment's distinct values.

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
