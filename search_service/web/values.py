"""Values in a URL: how their text is read, and which values are allowed."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from indexer.article import ID_RULE, MAX_LINE, check_id
from indexer.errors import InvalidArticle
from search_service.understanding.filters import FIRST_DAY, LAST_DAY
from search_service.understanding.parse import MAX_LENGTH

MAX_GROUP: Final = 2**53 - 1
"""The largest whole number that JavaScript represents exactly, as it does all smaller ones."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_NO_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # JSON can hold a lone surrogate
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,18}", re.ASCII)


def _typed_text(value: object) -> object:
    """Typed text. Control characters and lone surrogates become spaces, because no typed text is an error.

    The text is cut, because every link of a page repeats it. It keeps one character more than the parser reads. The parser
    then reports that the text is too long.
    """
    return _NO_TEXT.sub(" ", value[: MAX_LENGTH + 1]) if isinstance(value, str) else value


def has_control_character(text: str) -> bool:
    """Whether a text has a character that no value of an article has."""
    return _CONTROL.search(text) is not None


def _exact_text(value: str) -> str:
    if has_control_character(value):
        raise PydanticCustomError("control_character", "holds a control character")
    return value


def _day(value: object) -> object:
    """Accept only YYYY-MM-DD. pydantic alone would also take a number as seconds since 1970."""
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise PydanticCustomError("day", "is not a date")
    return value


def whole_number(value: object) -> object:
    """Accept only ASCII digits. pydantic alone would also take 1.0 and 1_0."""
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise PydanticCustomError("whole_number", "is not a whole number")
    return value


def _article_id(value: str) -> str:
    """Accept what can be the id of an article."""
    try:
        check_id(value)
    except InvalidArticle as error:
        raise PydanticCustomError("ids", "is not an article id", {"allowed": ID_RULE}) from error
    return value


TypedText = Annotated[str, BeforeValidator(_typed_text)]
ExactText = Annotated[str, Field(max_length=MAX_LINE), BeforeValidator(_exact_text)]
Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY), BeforeValidator(_day)]
Number = Annotated[int, BeforeValidator(whole_number)]
ArticleId = Annotated[str, AfterValidator(_article_id)]
GroupNumber = Annotated[int, Field(ge=1, le=MAX_GROUP), BeforeValidator(whole_number)]
