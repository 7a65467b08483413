"""The fields of the index in the cluster: its mappings, its similarities, and how texts are written for it.

Analysis happens here and never in OpenSearch. A text field gets a stream: the tokens that the analyzer made, position by position.
OpenSearch only takes the stream apart again. Articles hold no control characters, so control characters part the tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from operator import add
from typing import Any, Final

import numpy as np

from indexer.analysis.streams import Stream
from indexer.engines.ranking import K1, B
from indexer.query import MAX_DEPTH, TEXT_FIELDS, TIME_FIELDS

POSITION: Final = "\x01"
"""Parts the positions of a stream."""
TOGETHER: Final = "\x02"
"""Parts the tokens that share a position."""
GAP: Final = "\x03"
"""A position without a token."""
EVERY: Final = "\x04"
"""A token that every article holds in every text field, even in an empty one.

OpenSearch knows how many articles hold a field, and not how many there are. With this token both are the same number.
"""
END: Final = "\x05"
"""What follows the last character of a text, in the pairs of its characters."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_NEVER_HELD: Final = re.compile(f"[{POSITION}-{END}\ud800-\udfff]")

ARTICLE: Final = "article"
"""The article itself, as JSON. It is kept and not indexed."""
ONE: Final = "one"
"""What an article counts as when duplicates collapse: its group, or itself."""
CANDIDATES: Final = "candidates"
"""The words that may tell what an article is about, as ``forward.py`` packs them."""
PUBLISHED: Final = TIME_FIELDS[0]
DUPLICATES: Final = "duplicates"
"""The number of an article's group, for counting groups: of numbers the cluster counts different ones in half the time of terms."""
DAY: Final = "day"
"""The time of publication in milliseconds, for the counts of months."""
GLUED: Final = "glued"
TITLE_KEY: Final = "title_key"
TITLE_SOUND: Final = "title_sound"
COMPLETIONS: Final = "completions"
NUMBERS: Final = "numbers"
COMMIT: Final = "commit"
"""The facts of the last commit: a field that only one document has, whose id is :data:`COMMIT_ID`."""
COMMIT_ID: Final = "\x01commit"
"""No article has this id: ids hold no control characters."""

COMMITTED: Final = "committed"
"""The number of the commit that a marker tells, as a term: so whoever counts terms sees whether a later commit is counted."""

COUNTED: Final = ("id", "channel", "source", "author", "tag", "group", ONE, TITLE_KEY, COMPLETIONS)
"""Keyword fields with doc values, for sorting, counting, collapsing and comparing."""
LOOKED_UP: Final = ("site", "status", "attribute", GLUED, TITLE_SOUND, NUMBERS, COMMITTED)
"""Keyword fields that are only searched."""


def pairs_field(field: str) -> str:
    """The field that holds the pairs of neighbouring characters of a text field."""
    return f"{field}_pairs"


def places_field(field: str) -> str:
    """The field that holds where each word of a text field stands, as ``forward.py`` packs it."""
    return f"{field}_places"


def words_streams(stream: Stream) -> list[str]:
    """The words of each text, each at its position. Nothing stands next to the token EVERY at the beginning. O(words)."""
    places = [place if isinstance(place, str) else TOGETHER.join(place) for place in stream.places]
    words = [places[number] for number in stream.ids.tolist()]
    ends = np.cumsum(stream.counts, dtype=np.int64)
    gaps = np.diff(stream.positions.astype(np.int64), prepend=-1) - 1
    held = stream.counts > 0
    firsts = (ends - stream.counts)[held]
    gaps[firsts] = stream.positions[firsts]
    for at in np.flatnonzero(gaps).tolist():
        words[at] = f"{GAP}{POSITION}" * int(gaps[at]) + words[at]
    return [
        POSITION.join([EVERY, GAP, *words[begin:end]])
        for begin, end in pairwise([0, *ends.tolist()])
    ]


def pairs_stream(folded: str) -> str:
    """Every pair of neighbouring characters of a text, at the position of its first one."""
    return POSITION.join([*map(add, folded, folded[1:] + END), EVERY])


def phrase_stream(words: Iterable[str]) -> str:
    """Words that follow one another, as a phrase query takes them."""
    return POSITION.join(words)


def can_be_sent(text: str) -> bool:
    """Whether a text can be a value at all: a lone surrogate cannot be encoded, and would be taken for another character."""
    return _SURROGATE.search(text) is None


def can_be_held(text: str) -> bool:
    """Whether an article can hold a text at all: it has no lone surrogate, and no character that parts a stream. O(text)."""
    return _NEVER_HELD.search(text) is None


_IDF: Final = "Math.log(field.docCount / (term.docFreq + 1.0)) + 1.0"
"""``idf`` of ``engines/ranking.py``."""

# EVERY counts in lengths: one token of each article.
_BM25: Final = f"""
double average = (field.sumTotalTermFreq - field.docCount) / (double) field.docCount;
return weight * doc.freq * {K1 + 1} / (doc.freq + {K1} * ({1 - B} + {B} * (doc.length - 1) / average));
"""

SETTINGS: Final[dict[str, Any]] = {
    "index": {
        "number_of_shards": 1,
        "number_of_replicas": 0,
        # Only a commit shows what was written.
        "refresh_interval": "-1",
        # How long a deletion refuses older changes of its article: longer than any writer is late.
        "gc_deletes": "1h",
        "max_result_window": MAX_DEPTH,
        # Completions are asked for by up to some hundred prefixes in one expression.
        "max_regex_length": 1_000_000,
        "similarity": {
            "bm25": {
                "type": "scripted",
                "weight_script": {"source": f"return query.boost * ({_IDF});"},
                "script": {"source": _BM25},
                # Words inside others share their position, and count.
                "discount_overlaps": False,
            },
            "idf": {
                "type": "scripted",
                "weight_script": {"source": f"return query.boost * ({_IDF});"},
                "script": {"source": "return weight;"},
            },
        },
    },
    "analysis": {
        "tokenizer": {
            "places": {
                "type": "char_group",
                "tokenize_on_chars": [POSITION],
                "max_token_length": 1 << 20,
            }
        },
        "filter": {
            "together": {
                "type": "pattern_capture",
                "preserve_original": False,
                "patterns": [f"([^{TOGETHER}]+)"],
            },
            "gaps": {"type": "stop", "stopwords": [GAP]},
        },
        "analyzer": {
            "words": {
                "type": "custom",
                "tokenizer": "places",
                "filter": ["together", "gaps"],
            },
            "pairs": {"type": "custom", "tokenizer": "places"},
        },
    },
}

_WORDS: Final = {"type": "text", "analyzer": "words", "similarity": "bm25"}
_FORWARD: Final = {"type": "binary", "doc_values": True}
_PAIRS: Final = {"type": "text", "analyzer": "pairs", "similarity": "idf", "norms": False}

MAPPINGS: Final[dict[str, Any]] = {
    "dynamic": "strict",
    # What answers are made of. All else is only searched, sorted and counted.
    "_source": {"includes": [ARTICLE, COMMIT]},
    "properties": {
        **dict.fromkeys(TEXT_FIELDS, _WORDS),
        **dict.fromkeys(map(pairs_field, TEXT_FIELDS), _PAIRS),
        **dict.fromkeys((CANDIDATES, *map(places_field, TEXT_FIELDS)), _FORWARD),
        **{name: {"type": "keyword"} for name in COUNTED},
        **{name: {"type": "keyword", "doc_values": False} for name in LOOKED_UP},
        **{name: {"type": "long"} for name in TIME_FIELDS},
        DUPLICATES: {"type": "long", "index": False},
        DAY: {"type": "date", "format": "epoch_millis"},
        ARTICLE: {"type": "keyword", "index": False, "doc_values": False},
        COMMIT: {"type": "object", "enabled": False},
    },
}
