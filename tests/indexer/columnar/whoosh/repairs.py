"""Whoosh 2.7.4's matchers without the faults that ours do not share, so that random query trees have an oracle.

Each repair is as small as it can be. What the unrepaired ones answer is pinned in ``test_whoosh_differences.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from whoosh import matching
from whoosh import query as wq


@contextmanager
def repaired() -> Iterator[None]:
    """Whoosh's matchers are repaired inside the ``with`` block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wq.Require, "matcher", _require)
        patch.setattr(matching.AndNotMatcher, "_find_first", matching.AndNotMatcher._find_next)
        patch.setattr(matching.AndNotMatcher, "skip_to", _and_not_skip_to)
        patch.setattr(matching.AndMaybeMatcher, "skip_to", _and_maybe_skip_to)
        patch.setattr(matching.DisjunctionMaxMatcher, "score", _disjunction_max_score)
        patch.setattr(matching.InverseMatcher, "_find_next", _inverse_find_next)
        patch.setattr(matching.ListMatcher, "weight", _list_weight)
        patch.setattr(matching.CoordMatcher, "replace", _as_it_is)
        patch.setattr(wq.Or, "_matcher", _or_matcher)
        for span in (wq.Query, wq.SpanNear2, wq.Sequence, wq.And):
            patch.setattr(span, "estimate_size", _any_size)
        yield


def _require(self: Any, searcher: Any, context: Any = None) -> Any:
    required = self.b.matcher(searcher, searcher.boolean_context())
    return matching.RequireMatcher(self.a.matcher(searcher, context), required)


def _and_not_skip_to(self: Any, doc: int) -> None:
    """The kept part may end on the way."""
    if doc > self.a.id():
        self.a.skip_to(doc)
        if self.a.is_active():
            self._find_next()


def _and_maybe_skip_to(self: Any, doc: int) -> None:
    """The optional part follows to where the other one stands, not to where it was sent."""
    self.a.skip_to(doc)
    if self.a.is_active() and self.b.is_active():
        self.b.skip_to(self.a.id())


def _disjunction_max_score(self: Any) -> float:
    parts = [each for each in (self.a, self.b) if each.is_active()]
    doc = min(each.id() for each in parts)
    return float(max(each.score() for each in parts if each.id() == doc))


def _inverse_find_next(self: Any) -> None:
    """Past deleted documents too after the last one that is left out."""
    while self._id < self.limit:
        if self.child.is_active() and self.child.id() < self._id:
            self.child.skip_to(self._id)
        inside = self.child.is_active() and self.child.id() == self._id
        if not (inside or self.missing(self._id)):
            return
        self._id += 1


def _list_weight(self: Any) -> float:
    """A weight of 0 for all is 0."""
    if self._all_weights is not None:
        return float(self._all_weights)
    return float(self._weights[self._i]) if self._weights else 1.0


def _as_it_is(self: Any, minquality: float = 0) -> Any:
    """How many terms there are is counted once."""
    del minquality
    return self


def _any_size(self: Any, reader: Any) -> int:
    """Some queries do not know their size, which only shapes the tree of matchers that they stand in."""
    del self
    return int(reader.doc_count())


_or_as_it_is = wq.Or._matcher


def _or_matcher(self: Any, subs: Any, searcher: Any, context: Any) -> Any:
    """Scores are added up as they are read: preloaded ones lose what scores 0. Unscored ones lose nothing."""
    if context is not None and context.weighting is None:
        return _or_as_it_is(self, subs, searcher, context)
    plain = wq.compound.DefaultOr(subs, boost=self.boost, scale=self.scale)
    return plain._matcher(subs, searcher, context)
