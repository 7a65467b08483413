"""The parameters of a search. See ``params.py``; how the search page reads them, ``page_params.py``.

A reader may choose several values of a field, so these parameters may be given several times. The names of attributes are the
portal's own: ``attributes.price.min`` stands in no model, and is read here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import Field, WithJsonSchema, field_validator, model_validator
from pydantic_core import PydanticCustomError

from indexer.article import ATTRIBUTE_NAME, ATTRIBUTE_RULE, MAX_LINE
from indexer.query import FACET_FIELDS, MAX_DEPTH, Collapse, Sort
from search_service.answering.search import DEFAULT_SIZE, MAX_SIZE, Question
from search_service.understanding.filters import AttributeFilter, number_of
from search_service.understanding.parse import MAX_LENGTH, MAX_WORDS, Syntax
from search_service.web.params import Parameters
from search_service.web.values import (
    Day,
    ExactText,
    GroupNumber,
    Number,
    TypedText,
    has_control_character,
)
from search_service.web.visits import Logging

MAX_EXPLAINED: Final = 10
"""Maximum number of hits on a page if their scores are explained."""

MAX_CHOICES: Final = 32
"""Maximum number of values of one field that a search may be narrowed to."""


ATTRIBUTES: Final = "attributes."
_SPELLINGS: Final = "attributes.NAME, attributes.NAME.min, attributes.NAME.max"

Period = Literal["day", "week", "month", "year"]
PERIODS: Final[dict[Period, timedelta]] = {
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}
"""How long ago an article may have been published. Counted back from the moment of the search: in the morning, the day of the
calendar would lack most of what is new."""

Choices = Annotated[tuple[ExactText, ...], Field(max_length=MAX_CHOICES)]
_Attributes = Annotated[
    dict[str, tuple[str, ...]],
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": {"type": "string", "maxLength": MAX_LINE},
            "example": {"attributes.region": "华东", "attributes.price.min": "100"},
        }
    ),
]
"""The attributes' values by the rest of the parameter's name. For OpenAPI each property of an object is a parameter."""


class QuestionParameters(Parameters):
    """A search: what is asked, and in which order its hits come. How many of them a route shows is the route's own."""

    repeatable: ClassVar[frozenset[str]] = frozenset(("channel", "source", "author", "tag", "site"))

    q: TypedText = Field(
        "",
        description="What the reader typed. Nothing typed is an error; an empty text lists every article. "
        'Operators: "exact phrase", "near words"~5, -word, NOT, AND, OR, parentheses, title: channel: source: author: tag: date:, '
        "and their Chinese names 标题: 频道: 来源: 作者: 标签: 日期:. "
        f"Only the first {MAX_LENGTH} characters and {MAX_WORDS} words are read; query.notes says so.",
        json_schema_extra={"example": "乡村振兴"},
    )
    syntax: Syntax = Field("default", description="plain: operators are read as text.")
    channel: Choices = Field(
        (),
        description="Only this channel and all that lies in it, e.g. 情感 or 情感/故事. May be given several times: "
        "any of them.",
    )
    source: Choices = Field(
        (), description="Only this source. May be given several times: any of them."
    )
    author: Choices = Field(
        (), description="Only this author. May be given several times: any of them."
    )
    tag: Choices = Field(
        (), description="Only articles with this tag. May be given several times: any of them."
    )
    site: Choices = Field(
        (), description="Only articles of this site. May be given several times: any of them."
    )
    attributes: _Attributes = Field(
        {},
        description="Parameters whose names hold the name of an attribute. attributes.NAME=VALUE: the attribute is this text, "
        "exactly, or this number; may be given several times: any of them. attributes.NAME.min=NUMBER and "
        "attributes.NAME.max=NUMBER: the attribute is a number in this range, both ends included.",
    )
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
    time: Period | None = Field(
        None,
        description="Published in the last 24 hours (day), 7, 30 or 365 days, counted from now.",
    )
    sort: Sort = Field(
        "relevance",
        description="Order of the hits. hot: those that readers viewed most in the last seven days, decayed by age; "
        "then the others, the newest first.",
    )
    collapse: Collapse = Field(
        "duplicates",
        description="duplicates: of the articles of a duplicate group only the best is a hit. none: all of them.",
    )
    correct: Literal["on", "off"] = Field(
        "on", description="off: search for what was typed, and offer nothing else."
    )

    @classmethod
    def takes_several(cls, name: str) -> bool:
        """Whether the parameter may be given several times."""
        if name.startswith(ATTRIBUTES):
            return not attribute_and_end(name.removeprefix(ATTRIBUTES))[1]
        return super().takes_several(name)

    @model_validator(mode="before")
    @classmethod
    def _gather_attributes(cls, values: dict[str, Any]) -> dict[str, Any]:
        gathered = {
            name.removeprefix(ATTRIBUTES): given
            for name, given in values.items()
            if name.startswith(ATTRIBUTES) and given not in ("", ())
        }
        others = {name: each for name, each in values.items() if not name.startswith(ATTRIBUTES)}
        return {"attributes": gathered, **others}

    @field_validator("attributes", mode="before")
    @classmethod
    def _check_attributes(cls, values: object) -> object:
        if not isinstance(values, Mapping):
            raise _wrong("attributes", str(values), "is not a parameter", _SPELLINGS)
        if len(values) > MAX_CHOICES:
            raise _wrong("attributes", "", "has too many names", f"up to {MAX_CHOICES} names")
        return {name: _checked(name, given) for name, given in values.items()}

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.start and self.end and self.start > self.end:
            raise PydanticCustomError(
                "reversed", "lies after `to`", {"parameter": "from", "allowed": "a day up to `to`"}
            )
        for each in _attribute_filters(self.attributes):
            if each.low is not None and each.high is not None and each.low > each.high:
                name = f"{ATTRIBUTES}{each.name}"
                low = self.attributes[f"{each.name}.min"][0]
                raise _wrong(
                    f"{name}.min", low, f"lies above `{name}.max`", f"a number up to `{name}.max`"
                )
        return self

    def chosen(self) -> dict[str, Any]:
        """The parameters that were given, by their names, without those of a single page of hits."""
        values = self.model_dump(
            by_alias=True,
            exclude_defaults=True,
            exclude={"page", "size", "facets", "log", "format", "attributes"},
        )
        return values | {ATTRIBUTES + name: given for name, given in self.attributes.items()}

    def question(self) -> Question:
        """The question that these parameters ask."""
        return Question(
            text=self.q,
            syntax=self.syntax,
            channel=self.channel,
            source=self.source,
            author=self.author,
            tag=self.tag,
            site=self.site,
            attributes=_attribute_filters(self.attributes),
            group=self.group,
            start=self.start,
            end=self.end,
            within=PERIODS[self.time] if self.time else None,
            sort=self.sort,
            collapse=self.collapse,
            correct=self.correct == "on",
        )


class SearchParameters(QuestionParameters):
    """What ``/api/v1/search`` takes."""

    page: Number = Field(
        1, ge=1, le=MAX_DEPTH, description=f"Counts from 1; page x size may not pass {MAX_DEPTH}."
    )
    size: Number = Field(DEFAULT_SIZE, ge=1, le=MAX_SIZE, description="Hits on a page.")
    facets: str | None = Field(
        None,
        description=f"What to count over all articles found: any of {', '.join(FACET_FIELDS)}, "
        "parted by commas. A facet counts as if no value of its own field were chosen.",
        pattern="^(?:{0})(?:,(?:{0}))*$".format("|".join(FACET_FIELDS)),
        json_schema_extra={"example": "channel,source"},
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
    def _check_depth(self) -> Self:
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
        return replace(
            super().question(),
            facets=tuple(dict.fromkeys(self.facets.split(","))) if self.facets else (),
            explain=self.explain == "1",
            page=self.page,
            size=self.size,
        )


def attribute_and_end(name: str) -> tuple[str, str]:
    """The attribute that a parameter is about, and which end of a range it gives: ``min``, ``max`` or none."""
    attribute, _, end = name.rpartition(".")
    return (attribute, end) if attribute and end in ("min", "max") else (name, "")


def _checked(name: str, given: str | tuple[str, ...]) -> tuple[str, ...]:
    """The values of an attribute's parameter."""
    parameter = ATTRIBUTES + name
    attribute, end = attribute_and_end(name)
    values = (given,) if isinstance(given, str) else given
    if not ATTRIBUTE_NAME.fullmatch(attribute):
        allowed = f"a name of {ATTRIBUTE_RULE}"
        raise _wrong(parameter, values[0], "names no attribute", allowed)
    if end:
        if number_of(values[0]) is None:
            raise _wrong(parameter, values[0], "is not a number", "a number such as 3 or -1.5")
        return values
    if len(values) > MAX_CHOICES:
        raise _wrong(parameter, values[0], "has too many values", f"up to {MAX_CHOICES} values")
    for each in values:
        if len(each) > MAX_LINE or has_control_character(each):
            allowed = f"a text of at most {MAX_LINE} characters, none of them a control character"
            raise _wrong(parameter, each, "is not allowed", allowed)
    return values


def _wrong(parameter: str, value: str, message: str, allowed: str) -> PydanticCustomError:
    return PydanticCustomError(
        "attribute",
        message,
        {"parameter": parameter, "value": value, "allowed": allowed},
    )


def _attribute_filters(values: Mapping[str, tuple[str, ...]]) -> tuple[AttributeFilter, ...]:
    """The filters of checked parameters."""
    names = dict.fromkeys(attribute_and_end(name)[0] for name in values)

    def end(name: str, which: str) -> float | None:
        given = values.get(f"{name}.{which}")
        return number_of(given[0]) if given else None

    return tuple(
        AttributeFilter(name, values.get(name, ()), end(name, "min"), end(name, "max"))
        for name in names
    )
