"""The version of the index format that this program writes, and the fingerprint that a generation must match.

``article.py`` defines which fields are kept, ``query.py`` which fields may be asked for.
"""

from __future__ import annotations

import hashlib
from typing import Final

SCHEMA_VERSION: Final = 4
"""Increased whenever an engine writes something different for an article, whatever the reason."""
_OF_ENGINE: Final = {"opensearch": 3}
"""The same for what one engine alone writes, if it ever changed. It spares the indexes of the others a rebuild."""


def fingerprint(*, engine: str, analysis: str) -> str:
    """16 hex digits that cover everything an index depends on when it is made.

    ``analysis`` is the analyzer's own fingerprint: its chain, the segmenter's version, the dictionaries. Stopwords and
    synonyms act on queries only and are not part of it.
    """
    version = f" {_OF_ENGINE[engine]}" if engine in _OF_ENGINE else ""
    facts = f"schema {SCHEMA_VERSION}\nengine {engine}{version}\nanalysis {analysis}\n"
    return hashlib.sha256(facts.encode()).hexdigest()[:16]
