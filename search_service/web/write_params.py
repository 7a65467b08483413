"""The parameters of requests that write, and the payloads of their answers. See ``params.py`` and ``payloads.py``."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from indexer.store.changing import Result
from search_service.web.params import Parameters
from search_service.web.payloads import Payload


class WriteParameters(Parameters):
    """What routes that write take."""

    refresh: Literal["wait_for"] | None = Field(
        None,
        description="wait_for: answer when searches show the change, or after 5 seconds without that.",
    )


class StoreParameters(WriteParameters):
    """What routes that store articles take."""

    strict: Literal["on", "off"] = Field(
        "off",
        description="on: a value that cannot be used, such as a date that cannot be read, costs the article, not only the value.",
    )


_NOTES = "What was done to values: those that could not be used and why, spellings of dates, markup that was removed."
_REVISION = "The revision of the article, or of its tombstone; 0 if the store never knew it."
_SEARCHABLE = "Whether searches show the change; null without refresh=wait_for. The change is stored in any case."


class WrittenPayload(Payload):
    """What became of an article. It is durable."""

    id: str
    result: Result
    revision: int = Field(description=_REVISION)
    unused: list[str] = Field(description="Members of the body that an article does not have.")
    notes: list[str] = Field(description=_NOTES)
    searchable: bool | None = Field(description=_SEARCHABLE)


class StoredPayload(Payload):
    """An article as it is stored."""

    id: str
    revision: int
    article: dict[str, Any] = Field(description="All its fields that are not empty.")


class BulkLinePayload(Payload):
    """What became of one line of a bulk request. A rejected line has ``error``, others ``id`` and ``revision``."""

    line: int = Field(
        description="The number of the line, from 1. Empty lines count, and have no answer."
    )
    result: Result | Literal["rejected"]
    id: str | None = None
    revision: int | None = Field(None, description=_REVISION)
    error: str | None = Field(None, description="Why the line was rejected.")
    unused: list[str] | None = Field(None, description="Members that an article does not have.")
    notes: list[str] | None = Field(None, description=_NOTES)


class BulkSummaryPayload(Payload):
    """The last line of the answer to a bulk request."""

    read: int = Field(description="Lines read: the sum of all that follow.")
    created: int
    updated: int
    unchanged: int
    deleted: int
    absent: int = Field(description="Removals of articles that did not exist.")
    rejected: int
    complete: bool = Field(description="Everything was read, and nothing was rejected.")
    error: str | None = Field(description="Why the request ended early; null if it did not.")
    searchable: bool | None = Field(description=_SEARCHABLE)
