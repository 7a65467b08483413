"""The filters that a reader chose, and facets that count past them.

A facet of a field with chosen values counts as if none of them were chosen. So its other values stay in sight, and each count
is what the search finds with that value in place of the chosen ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from indexer.engines.base import Reader
from indexer.hits import FacetCount
from indexer.query import And, Query, SearchRequest

Narrowing = Mapping[str, Query]
"""The filters that the reader chose, by field. The field of a facet has the facet's name."""

Facets = Mapping[str, tuple[FacetCount, ...]]

_NONE: Final[Facets] = MappingProxyType({})


def narrowed(request: SearchRequest, *clauses: Query) -> SearchRequest:
    """The request with more filters."""
    before = (request.filter,) if request.filter else ()
    return replace(request, filter=And((*before, *clauses)))


def counting(request: SearchRequest) -> SearchRequest:
    """The same request, reduced to what counting needs: a page of one hit, no facets, no recency, no rescoring, no
    popularity.
    """
    plain = replace(request, first=(), recency=None, rescore=None, popularity=None)
    return replace(plain, collapse="none", facets=(), page=1, size=1)


def facets_of(
    reader: Reader, request: SearchRequest, narrowing: Narrowing, *, known: Facets = _NONE
) -> Facets:
    """The facets of ``request``, which is not yet narrowed; those in ``known`` are not counted again.

    Costs one search for each field with chosen values, and one for all others.
    """
    chosen = [(name,) for name in request.facets if name in narrowing]
    others = tuple(name for name in request.facets if name not in narrowing and name not in known)
    counted = dict(known)
    for names in filter(None, (others, *chosen)):
        clauses = [clause for field, clause in narrowing.items() if field not in names]
        asked = replace(counting(request), facets=names)
        counted.update(reader.search(narrowed(asked, *clauses)).facets)
    return MappingProxyType({name: counted[name] for name in request.facets})
