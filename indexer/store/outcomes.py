"""What came of a job, and why records were rejected, as the rows of jobs hold it."""

from __future__ import annotations

import json
from typing import Final

from indexer.said import Said, from_json, to_json

MAX_OUTCOME: Final = 2_000
"""The most characters of each text in an outcome, and in the place and the reason of a rejection."""


def packed(outcome: str) -> str:
    """An outcome as its row holds it: JSON."""
    return json.dumps(to_json(as_line(outcome)), ensure_ascii=False)


def unpacked(kept: str) -> str:
    """The outcome of a row. Rows of jobs that have not ended, and of older releases, hold no JSON but the text itself."""
    try:
        return from_json(json.loads(kept))
    except (ValueError, KeyError, TypeError):
        return kept


def as_line(text: str) -> str:
    """A text as one line that every database can hold. File names may hold bytes that are not UTF-8.

    Of a sentence it is every text in it.
    """
    if isinstance(text, Said):
        facts = {
            name: as_line(fact) if isinstance(fact, str) else fact
            for name, fact in text.facts.items()
        }
        return Said(text.template, **facts)
    shown = " ".join(text.split()).encode(errors="backslashreplace").decode()
    return shown if len(shown) <= MAX_OUTCOME else f"{shown[: MAX_OUTCOME - 1]}…"
