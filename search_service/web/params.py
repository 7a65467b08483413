"""The parameters of routes as models, and the error messages for values that are not allowed.

The OpenAPI document is made from these models, and states every limit. The API is strict: an unknown parameter, or a second
value where one is allowed, is an error that names it. A typo that is silently ignored would give wrong results. Pages ignore
unknown parameters and wrong values: see ``page_params.py``. ``search_params.py`` holds the parameters of a search,
``list_params.py`` those of the lists of articles.
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable
from functools import cache
from typing import Any, ClassVar, Final, NoReturn, Self, TypeVar
from urllib.parse import unquote_to_bytes

from flask import request
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from werkzeug.exceptions import BadRequest

from indexer.article import ID_RULE
from indexer.query import FACET_FIELDS
from search_service.blocks.suggest import MAX_PREFIX
from search_service.understanding.filters import FIRST_DAY, LAST_DAY
from search_service.web.errors import Problem, problem
from search_service.web.payloads import WrongParameter
from search_service.web.query_strings import page_arguments
from search_service.web.values import Number, TypedText

MAX_SUGGESTIONS: Final = 20
MAX_ECHO: Final = 100
"""Maximum number of characters of a wrong value, and of its name, that an error repeats."""

MAX_ERRORS: Final = 20
"""Maximum number of wrong parameters that an answer names. The answer only counts further ones."""


class Parameters(BaseModel):
    """Parameters of one route. An empty value counts as not given, so a form may send all its fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    repeatable: ClassVar[frozenset[str]] = frozenset()
    """The parameters that may be given several times. Their values are tuples."""

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, values: object) -> object:
        if not isinstance(values, dict):  # the body is no JSON object
            return values
        return {name: value for name, value in values.items() if value not in ("", ())}

    @classmethod
    def takes_several(cls, name: str) -> bool:
        """Whether the parameter may be given several times."""
        return name in cls.repeatable

    @classmethod
    def read(cls, lists: Iterable[tuple[str, list[str]]]) -> Self:
        """The model of a query string. Of several values of a parameter that takes one, the first counts.

        Raises:
            ValidationError: parameters do not fit the model.
        """
        values = {
            name: tuple(filter(None, given)) if cls.takes_several(name) else given[0]
            for name, given in lists
        }
        return cls.model_validate(values)


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
        description="The article's id, percent-encoded. For ids with other characters than A-Z a-z 0-9 . _ ~ - the "
        "address with `id` is safer.",
        json_schema_extra={"example": "a-1"},
    )


class ArticleQuery(Parameters):
    """The article that a query string names. An id that no article can have is simply not found."""

    id: str = Field(
        description=f"The article's id: {ID_RULE}.", json_schema_extra={"example": "新闻/a 1"}
    )


class _ArticlePageQuery(ArticleQuery):
    model_config = ConfigDict(extra="ignore", frozen=True)


class NoParameters(Parameters):
    """For routes that take none."""


def check_path() -> None:
    """Refuse a path with an id that is not UTF-8. The server puts U+FFFD for such bytes, so the path would name another article.

    Raises:
        BadRequest: also for a true U+FFFD, which only a query string can hold, and for a line end, which no id and no route has.
    """
    if "\n" in request.path:
        raise BadRequest("the path holds a line end, and no id does")
    if "\ufffd" in (request.view_args or {}).get("article_id", ""):
        raise BadRequest("the id in the path is not percent-encoded UTF-8 (perhaps GBK or Big5)")


def check_query_string() -> None:
    """Refuse a query string that is not UTF-8.

    Raises:
        Problem: invalid_parameter.
    """
    try:
        unquote_to_bytes(request.query_string).decode()
    except UnicodeDecodeError:
        raise _wrong(_no_text(request.query_string)) from None


_Model = TypeVar("_Model", bound=Parameters)


def read_parameters(model: type[_Model]) -> _Model:
    """The parameters of this request.

    Raises:
        Problem: invalid_parameter; it names all wrong parameters, up to MAX_ERRORS.
    """
    lists = [*request.args.lists()]
    _refuse_second_values((name, given) for name, given in lists if not model.takes_several(name))
    try:
        return model.read(lists)
    except ValidationError as error:
        refuse_parameters(error)


def read_page_id() -> str:
    """The id that the query string of an article's page names. The page ignores all other parameters.

    Raises:
        Problem: invalid_parameter: there is no id, or it is in no encoding.
    """
    try:
        named = _ArticlePageQuery.read(page_arguments().items()).id
    except ValidationError as error:
        refuse_parameters(error)
    if "\ufffd" in named:  # a mark for bytes in no encoding would name another article
        check_query_string()
    return named


def _refuse_second_values(lists: Iterable[tuple[str, list[str]]]) -> None:
    twice = [(name, given[1]) for name, given in lists if len(given) > 1]
    if twice:
        raise _wrong(
            *(
                WrongParameter(
                    parameter=name[:MAX_ECHO],
                    value=second[:MAX_ECHO],
                    message="is given more than once",
                    allowed="one value",
                )
                for name, second in twice[:MAX_ERRORS]
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
    value = context.get("value") or (
        request.args.get(name, "") if isinstance(given, dict) else _shown(given)
    )
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
        allowed = context.get("allowed") or _allowed(properties[name], item=len(fault["loc"]) > 1)
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


_MESSAGES: Final = {"missing": "is missing", "too_long": "has too many values"}
_OUR_OWN: Final = (
    "control_character",
    "day",
    "whole_number",
    "reversed",
    "too_deep",
    "too_costly",
    "ids",
    "attribute",
    "source",
)


def _allowed(schema: dict[str, Any], *, item: bool = False) -> str:
    """What a parameter, or with ``item`` one of its values, may be, described from its JSON schema."""
    if item:
        schema = schema["items"]
    schema = next((each for each in schema.get("anyOf", ()) if each["type"] != "null"), schema)
    if schema["type"] == "array":
        return f"up to {schema['maxItems']} values, each {_allowed(schema['items'])}"
    if "const" in schema:
        return f"only {schema['const']}"
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
