"""Facets: what the cluster counts, and how its counts become those of an answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from indexer.engines.opensearch.fields import DAY
from indexer.hits import FacetCount

_OF_SHARD: Final = 10_000
"""Values that each shard tells. With no more of them, the counts of several shards are exact."""


def facet_requests(names: Iterable[str], size: int, timezone: ZoneInfo) -> dict[str, Any]:
    """The counts to ask for. Months are those of ``timezone``."""
    return {name: _months(timezone) if name == "month" else _values(name, size) for name in names}


def _values(name: str, size: int) -> dict[str, Any]:
    # By bytes, which is the order of characters.
    order = [{"_count": "desc"}, {"_key": "asc"}]
    return {
        "terms": {"field": name, "size": size, "shard_size": max(size, _OF_SHARD), "order": order}
    }


def _months(timezone: ZoneInfo) -> dict[str, Any]:
    return {
        "date_histogram": {
            "field": DAY,
            "calendar_interval": "month",
            "time_zone": timezone.key,
            "format": "yyyy-MM",
            "min_doc_count": 1,
            "order": {"_key": "desc"},
        }
    }


def facet_counts(counted: Mapping[str, Any], name: str, size: int) -> tuple[FacetCount, ...]:
    """The first ``size`` values of a facet, from the cluster's counts."""
    buckets = counted[name]["buckets"][:size]
    return tuple(
        FacetCount(each.get("key_as_string", each["key"]), each["doc_count"]) for each in buckets
    )
