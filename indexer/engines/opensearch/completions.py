"""Finds completions: the cluster counts the terms that fit the keys, and the best of them are read here."""

from __future__ import annotations

import re
from typing import Any, Final

from indexer.engines.base import COMPLETION_CANDIDATES
from indexer.engines.completions import SEPARATOR, Use, accepting, completions, entry_of
from indexer.engines.documents import from_microseconds
from indexer.engines.opensearch.fields import COMPLETIONS, PUBLISHED
from indexer.engines.opensearch.filters import ARTICLES, any_of, begins
from indexer.engines.opensearch.snapshot import Answer
from indexer.engines.opensearch.translation import filter_of
from indexer.hits import Completion
from indexer.query import CompletionRequest

_SPECIAL: Final = re.compile(r"[^\w\s]")
"""What may mean something in Lucene's regular expressions."""


def completion_request(request: CompletionRequest) -> dict[str, Any]:
    """The search that counts the candidates of a request: COMPLETION_CANDIDATES, those that most articles hold."""
    narrow = [ARTICLES, any_of([begins(COMPLETIONS, key) for key in request.keys])]
    if request.filter is not None:
        narrow.append(filter_of(request.filter))
    counted = {
        "terms": {
            "field": COMPLETIONS,
            "include": _fitting(request),
            "size": COMPLETION_CANDIDATES,
            "shard_size": 4 * COMPLETION_CANDIDATES,
            "order": [{"_count": "desc"}, {"_key": "asc"}],
        },
        "aggs": {"newest": {"max": {"field": PUBLISHED}}},
    }
    return {"size": 0, "query": {"bool": {"filter": narrow}}, "aggs": {"terms": counted}}


def completions_in(answer: Answer, request: CompletionRequest) -> list[Completion]:
    """The requested completions, from the counts of :func:`completion_request`."""
    accepts = accepting(request.texts)
    uses: dict[tuple[str, str], Use] = {}
    for bucket in answer["aggregations"]["terms"]["buckets"]:
        entry = entry_of(bucket["key"])
        if accepts(entry.folded):
            # Several keys of one text may fit. Its articles are the same under each.
            newest = bucket["newest"]["value"]
            time = None if newest is None else from_microseconds(int(newest))
            uses[entry.folded, entry.text] = Use(entry, time, bucket["doc_count"])
    return completions(uses.values(), size=request.size)


def _fitting(request: CompletionRequest) -> str:
    """A regular expression of the terms whose key and folded text begin as requested."""
    keys = "|".join(map(_escaped, request.keys))
    rest = "" if request.whole_keys else f"[^{SEPARATOR}]*"
    return f"({keys}){rest}{SEPARATOR}{_escaped(request.begins)}.*"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)
