"""The codes of what is wrong with an index, for errors and for the state of an index that goes on answering."""

from __future__ import annotations

from typing import Literal

from indexer.errors import (
    FormatMismatch,
    GenerationMissing,
    IndexFailure,
    IndexUnavailable,
    NoLiveGeneration,
)

IndexCode = Literal["index_missing", "index_format", "index_damaged", "index_unavailable"]


def index_code(error: IndexFailure) -> IndexCode:
    """The code of an error of the index."""
    match error:
        case NoLiveGeneration() | GenerationMissing():
            return "index_missing"
        case FormatMismatch():
            return "index_format"
        case IndexUnavailable():
            return "index_unavailable"
        case _:
            return "index_damaged"
