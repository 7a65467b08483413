"""The parameters of requests about queries, and the body of a click. See ``params.py``."""

from __future__ import annotations

import re
from typing import Final, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from indexer.query import MAX_DEPTH
from search_service.answering.search import DEFAULT_SIZE
from search_service.querylog.lists import Window
from search_service.web.params import Parameters
from search_service.web.values import ArticleId, Number, TypedText

MAX_QUERIES: Final = 50
"""Maximum number of queries in a list."""

_QUERY_ID = re.compile(r"[0-9a-f]{16}")


class HotQueriesParameters(Parameters):
    """What ``/api/v1/queries/hot`` takes."""

    window: Window = Field(
        "day",
        description="day: the last 24 hours; week: today and the six days before it; all: ever.",
    )
    size: Number = Field(DEFAULT_SIZE, ge=1, le=MAX_QUERIES, description="Queries at most.")


class RelatedQueriesParameters(Parameters):
    """What ``/api/v1/queries/related`` takes."""

    q: TypedText = Field(
        "", description="A query as it was typed.", json_schema_extra={"example": "乡村振兴"}
    )
    size: Number = Field(8, ge=1, le=MAX_QUERIES, description="Queries at most.")


class Click(Parameters):
    """What ``/api/v1/clicks`` takes: an article that a reader opened from the hits of a search."""

    query_id: str | None = Field(None, description="The `query_id` of the answer.")
    query: TypedText | None = Field(
        None, description="The query as it was typed, when its `query_id` is not known."
    )
    article_id: ArticleId = Field(
        description="The id of the hit.", json_schema_extra={"example": "a-1"}
    )
    position: int = Field(
        strict=True, ge=1, le=MAX_DEPTH, description="Where the hit stood, 1 for the first of all."
    )

    @field_validator("query_id")
    @classmethod
    def _check_query_id(cls, value: str | None) -> str | None:
        if value is not None and not _QUERY_ID.fullmatch(value):
            raise PydanticCustomError(
                "ids", "is not a query_id", {"allowed": "16 hexadecimal digits, from an answer"}
            )
        return value

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if bool(self.query_id) == bool(self.query):
            raise PydanticCustomError(
                "ids",
                "is needed, or query is, and not both",
                {"parameter": "query_id", "allowed": "one of query_id and query"},
            )
        return self
