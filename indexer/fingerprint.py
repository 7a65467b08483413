"""Which version of the index format this program makes, and the fingerprint that a generation must match.

The fields themselves are data of ``article.py`` (what is kept) and ``query.py`` (what may be asked).
"""

from __future__ import annotations

import hashlib
from typing import Final

SCHEMA_VERSION: Final = 2
"""Raised whenever what an engine writes for an article changes, whatever the reason."""


def fingerprint(*, engine: str, analysis: str) -> str:
    """16 hex digits for everything that an index depends on when it is made.

    ``analysis`` is the analyzer's own fingerprint: its chain, the segmenter's version, the dictionaries. Stopwords and
    synonyms act on queries only and are not in it.
    """
    facts = f"schema {SCHEMA_VERSION}\nengine {engine}\nanalysis {analysis}\n"
    return hashlib.sha256(facts.encode()).hexdigest()[:16]
