"""The parameters of each route as models, and the error messages for values that are not allowed.

The OpenAPI document is made from these models, and states every limit. The API is strict: an unknown parameter, or one
given twice, is an error that names it. A typo that is silently ignored would give wrong results. Pages ignore unknown
parameters, because links collect tracking parameters.
"""

from __future__ import annotations

import difflib
import reprlib
from functools import cache
from typing import Any, Final, Literal, NoReturn, Self
from urllib.parse import unquote_to_bytes

from flask import request
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from indexer.query import FACET_FIELDS, MAX_DEPTH, Collapse, Sort
from search_service.answering.search import DEFAULT_SIZE, MAX_SIZE, Question
from search_service.blocks.suggest import MAX_PREFIX
from search_service.understanding.filters import FIRST_DAY, LAST_DAY
from search_service.understanding.parse import MAX_LENGTH, MAX_WORDS, Syntax
from search_service.web.errors import Problem, problem
from search_service.web.payloads import WrongParameter
from search_service.web.values import (
    ARTICLE_ID,
    Day,
    ExactText,
    GroupNumber,
    Number,
    TypedText,
)
from search_service.web.visits import Logging

MAX_SUGGESTIONS: Final = 20
MAX_RELATED: Final = 20
MAX_EXCLUDED: Final = 100
MAX_EXPLAINED: Final = 10
"""Maximum number of hits on a page if their scores are explained."""

MAX_ECHO: Final = 100
"""Maximum number of characters of a wrong value, and of its name, that an error repeats."""

MAX_ERRORS: Final = 20
"""Maximum number of wrong parameters that an answer names. The answer only counts further ones."""


class Parameters(BaseModel):
    """Parameters of one route. An empty value counts as not given, so a form may send all its fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, values: object) -> object:
        if not isinstance(values, dict):  # the body is no JSON object
            return values
        return {name: value for name, value in values.items() if value != ""}


class SearchParameters(Parameters):
    """What ``/api/v1/search`` takes."""

    q: TypedText = Field(
        "",
        description="What the reader typed. Nothing typed is an error; an empty text lists every article. "
        'Operators: "exact phrase", "near words"~5, -word, NOT, AND, OR, parentheses, title: channel: source: author: tag: date:, '
        "and their Chinese names 标题: 频道: 来源: 作者: 标签: 日期:. "
        f"Only the first {MAX_LENGTH} characters and {MAX_WORDS} words are read; query.notes says so.",
        json_schema_extra={"example": "乡村振兴"},
    )
    syntax: Syntax = Field("default", description="plain: operators are read as text.")
    channel: ExactText | None = Field(
        None,
        description="Only this channel and all that lies in it, e.g. 情感 or 情感/故事.",
    )
    source: ExactText | None = Field(None, description="Only this source.")
    author: ExactText | None = Field(None, description="Only this author.")
    tag: ExactText | None = Field(None, description="Only articles with this tag.")
    group: GroupNumber | None = Field(
        None,
        description="Only the articles of this duplicate group (reprints of one another), all of them: a hit's group.",
    )
    start: Day | None = Field(
        None, alias="from", description="Published on this day (YYYY-MM-DD) or later."
    )
    end: Day | None = Field(
        None, alias="to", description="Published on this day (YYYY-MM-DD) or earlier."
    )
    sort: Sort = Field("relevance", description="Order of the hits.")
    collapse: Collapse = Field(
        "duplicates",
        description="duplicates: of the articles of a duplicate group only the best is a hit. none: all of them.",
    )
    page: Number = Field(
        1, ge=1, le=MAX_DEPTH, description=f"Counts from 1; page x size may not pass {MAX_DEPTH}."
    )
    size: Number = Field(DEFAULT_SIZE, ge=1, le=MAX_SIZE, description="Hits on a page.")
    facets: str | None = Field(
        None,
        description=f"What to count over all articles found: any of {', '.join(FACET_FIELDS)}, "
        "parted by commas.",
        pattern="^(?:{0})(?:,(?:{0}))*$".format("|".join(FACET_FIELDS)),
        json_schema_extra={"example": "channel,source"},
    )

    correct: Literal["on", "off"] = Field(
        "on", description="off: search for what was typed, and offer nothing else."
    )
    explain: Literal["0", "1"] = Field(
        "0",
        description="1: say of each hit why it has its score; "
        f"with a size of up to {MAX_EXPLAINED} only.",
    )
    log: Logging = Field(
        "on", description="off: this search is none of a reader's, do not count it."
    )

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.start and self.end and self.start > self.end:
            raise PydanticCustomError(
                "reversed", "lies after `to`", {"parameter": "from", "allowed": "a day up to `to`"}
            )
        if self.page * self.size > MAX_DEPTH:
            raise PydanticCustomError(
                "too_deep",
                "lies too deep",
                {
                    "parameter": "page",
                    "allowed": f"page x size up to {MAX_DEPTH}: narrow the search",
                },
            )
        if self.explain == "1" and self.size > MAX_EXPLAINED:
            raise PydanticCustomError(
                "too_costly",
                "asks for too many explanations",
                {"parameter": "explain", "allowed": f"1 with a size of up to {MAX_EXPLAINED}"},
            )
        return self

    def question(self) -> Question:
        """The question that these parameters ask."""
        return Question(
            text=self.q,
            syntax=self.syntax,
            channel=self.channel,
            source=self.source,
            author=self.author,
            tag=self.tag,
            group=self.group,
            start=self.start,
            end=self.end,
            sort=self.sort,
            collapse=self.collapse,
            facets=tuple(dict.fromkeys(self.facets.split(","))) if self.facets else (),
            correct=self.correct == "on",
            explain=self.explain == "1",
            page=self.page,
            size=self.size,
        )


class SearchPageParameters(SearchParameters):
    """What the page ``/search`` takes; anything else in its address is ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class SuggestParameters(Parameters):
    """What ``/api/v1/suggest`` takes."""

    q: TypedText = Field(
        "",
        description="What is being typed: characters, pinyin, initials, or a mixture. "
        f"Only the first {MAX_PREFIX} characters are read.",
        json_schema_extra={"example": "乡村"},
    )
    size: Number = Field(8, ge=1, le=MAX_SUGGESTIONS, description="Suggestions at most.")


class ArticlePath(BaseModel):
    """The article that a path names. An id that no article can have is simply not found."""

    article_id: str = Field(
        description="The article's id: 1 to 128 of A-Z a-z 0-9 . _ ~ -",
        json_schema_extra={"example": "a-1"},
    )


class NoParameters(Parameters):
    """For routes that take none."""


class RelatedParameters(Parameters):
    """What ``/api/v1/articles/{id}/related`` takes."""

    size: Number = Field(6, ge=1, le=MAX_RELATED, description="Articles at most.")


class LatestParameters(Parameters):
    """What ``/api/v1/latest`` takes."""

    channel: ExactText | None = Field(
        None, description="Only this channel and all that lies in it; without it, all channels."
    )
    size: Number = Field(DEFAULT_SIZE, ge=1, le=MAX_SIZE, description="Articles at most.")
    exclude: str = Field(
        "",
        description=f"Ids of articles to leave out, parted by commas, {MAX_EXCLUDED} at most: "
        "those that the page shows already.",
        json_schema_extra={"example": "a-1,a-2"},
    )

    @field_validator("exclude")
    @classmethod
    def _check_exclude(cls, value: str) -> str:
        ids = value.split(",")
        if len(ids) > MAX_EXCLUDED or not all(ARTICLE_ID.fullmatch(each) for each in ids):
            raise PydanticCustomError(
                "ids",
                "is not a list of ids",
                {"allowed": f"up to {MAX_EXCLUDED} article ids, parted by commas"},
            )
        return value

    @property
    def excluded(self) -> tuple[str, ...]:
        """The ids to leave out."""
        return tuple(self.exclude.split(",")) if self.exclude else ()


def check_query_string(*, strict: bool) -> None:
    """Refuse a query string that is not UTF-8. If ``strict``, also refuse a parameter that is given twice.

    Raises:
        Problem: invalid_parameter.
    """
    try:
        unquote_to_bytes(request.query_string).decode()
    except UnicodeDecodeError:
        raise _wrong(_no_text(request.query_string)) from None
    if strict:
        twice = [name for name, values in request.args.lists() if len(values) > 1]
        if twice:
            raise _wrong(
                *(
                    WrongParameter(
                        parameter=name[:MAX_ECHO],
                        value=request.args.getlist(name)[1][:MAX_ECHO],
                        message="is given more than once",
                        allowed="one value",
                    )
                    for name in twice[:MAX_ERRORS]
                ),
                more=max(0, len(twice) - MAX_ERRORS),
            )


def _no_text(query_string: bytes) -> WrongParameter:
    """The first parameter that is not UTF-8. The separators are ASCII, so every part can be checked by itself."""
    for piece in query_string.split(b"&"):
        name, _, value = piece.replace(b"+", b" ").partition(b"=")
        try:
            unquote_to_bytes(piece).decode()
        except UnicodeDecodeError:
            break
    return WrongParameter(
        parameter=unquote_to_bytes(name).decode(errors="replace")[:MAX_ECHO],
        value=value[:MAX_ECHO].decode("latin-1"),
        message="is not valid UTF-8",
        allowed="percent-encoded UTF-8 (not GBK or Big5)",
    )


def read_page_parameters() -> SearchPageParameters:
    """The parameters of a search page. The page ignores size and facets, because it sets its own.

    Raises:
        Problem: invalid_parameter.
    """
    check_query_string(strict=False)
    try:
        values = request.args.to_dict()
        return SearchPageParameters.model_validate(
            {name: value for name, value in values.items() if name not in ("size", "facets")}
        )
    except ValidationError as error:
        refuse_parameters(error)


def refuse_parameters(error: ValidationError) -> NoReturn:
    """Refuse a request whose parameters do not fit a model.

    Raises:
        Problem: invalid_parameter; it names all wrong parameters, up to MAX_ERRORS.
    """
    faults = error.errors(include_url=False)
    named = [_explain(fault, error.title) for fault in faults[:MAX_ERRORS]]
    raise _wrong(*named, more=len(faults) - len(named)) from error


def _wrong(*errors: WrongParameter, more: int = 0) -> Problem:
    """The problem that names ``errors``. ``more`` further ones are only counted."""
    detail = "; ".join(
        f"{error.parameter} {error.message} (allowed: {error.allowed})" for error in errors
    )
    if more:
        detail += f"; and {more} more"
    return problem("invalid_parameter", detail, errors=errors)


def _explain(fault: Any, model_name: str) -> WrongParameter:
    """One pydantic error in our words. ``allowed`` comes from the model's schema, and therefore stays correct."""
    context = fault.get("ctx", {})
    if not fault["loc"] and "parameter" not in context:
        return WrongParameter(
            parameter="body", value="", message="is not allowed", allowed="a JSON object"
        )
    properties = _properties(model_name)
    name = context.get("parameter") or str(fault["loc"][0])[:MAX_ECHO]
    given = fault["input"]
    value = request.args.get(name, "") if isinstance(given, dict) else _shown(given)
    if fault["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, properties, n=1)
        message = "is not a parameter" + (f"; did you mean {near[0]}?" if near else "")
        allowed = ", ".join(properties) or "no parameters"
    else:
        message = (
            fault["msg"]
            if fault["type"] in _OUR_OWN
            else _MESSAGES.get(fault["type"], "is not allowed")
        )
        allowed = context.get("allowed") or _allowed(properties[name])
    return WrongParameter(parameter=name, value=value[:MAX_ECHO], message=message, allowed=allowed)


def _shown(given: object) -> str:
    return given if isinstance(given, str) else reprlib.repr(given)


@cache
def _properties(name: str) -> dict[str, Any]:
    """The parameters of the model with that name, in whichever module it is. Takes half a millisecond the first time."""
    models = [Parameters]
    for each in models:
        models += each.__subclasses__()
    model = next(each for each in models if each.__name__ == name)
    return model.model_json_schema().get("properties", {})  # type: ignore[no-any-return]


_MESSAGES: Final = {"missing": "is missing"}
_OUR_OWN: Final = (
    "control_character",
    "day",
    "whole_number",
    "reversed",
    "too_deep",
    "too_costly",
    "ids",
)


def _allowed(schema: dict[str, Any]) -> str:
    """What a parameter may be, described from its JSON schema."""
    schema = next((each for each in schema.get("anyOf", ()) if each["type"] != "null"), schema)
    if "enum" in schema:
        return "one of " + ", ".join(schema["enum"])
    if schema["type"] == "integer":
        return f"a whole number from {schema['minimum']} to {schema['maximum']}"
    if schema.get("format") == "date":
        return f"a day such as 2023-11-05, from {FIRST_DAY} to {LAST_DAY}"
    if "pattern" in schema:
        return f"some of {', '.join(FACET_FIELDS)}, parted by commas"
    if "maxLength" not in schema:
        return "a text"
    return f"a text of at most {schema['maxLength']} characters, none of them a control character"
