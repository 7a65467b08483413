"""Validates requests once, before any engine sees them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from math import inf, isfinite
from typing import assert_never

from indexer.errors import InvalidQuery
from indexer.query import (
    COLLAPSES,
    FACET_FIELDS,
    KEYWORD_FIELDS,
    MAX_DEPTH,
    SORTS,
    TEXT_FIELDS,
    TIME_FIELDS,
    Adjacent,
    And,
    Boost,
    CompletionRequest,
    Glued,
    Literal,
    Match,
    MatchAll,
    Near,
    Not,
    NumberRange,
    Or,
    Query,
    Range,
    Recency,
    Rescore,
    SearchRequest,
    Term,
    TitlePrefix,
    TitleSound,
)


def check_request(request: SearchRequest) -> None:
    """Check that every engine can answer ``request``.

    Raises:
        InvalidQuery: names the first wrong value, and what would be right.
    """
    _one_of(request.sort, SORTS, "sort")
    _one_of(request.collapse, COLLAPSES, "way to collapse")
    for name in request.facets:
        _one_of(name, FACET_FIELDS, "facet")
    for label, number in (
        ("page", request.page),
        ("size", request.size),
        ("facet_size", request.facet_size),
    ):
        if number < 1:
            raise InvalidQuery(f"{label} is {number}: it must be at least 1")
    if request.page * request.size > MAX_DEPTH:
        raise InvalidQuery(
            f"page {request.page} of {request.size} ends at rank {request.page * request.size}: "
            f"results are given up to rank {MAX_DEPTH}, narrow the query instead"
        )
    for query in (request.query, *request.first):
        _check(query)
    if request.recency is not None:
        _check_recency(request.recency)
    if request.rescore is not None:
        _check_rescore(request.rescore)
    if request.popularity is not None:
        _check_recency(request.popularity.fading)
    if request.filter is not None:
        _check(request.filter)


def _check_recency(recency: Recency) -> None:
    for life in (recency.half_life, *(life for _, life in recency.channels)):
        if life is not None and not 0 < life < inf:
            raise InvalidQuery(f"half_life is {life}: it must be a number of days above 0, or None")
    if not 0 <= recency.floor <= 1:
        raise InvalidQuery(f"floor is {recency.floor}: it must lie between 0 and 1")
    if recency.at.tzinfo is None:
        raise InvalidQuery(f"the time {recency.at} has no offset")


def _check_rescore(rescore: Rescore) -> None:
    for field in rescore.fields:
        check_text_field(field)
    for name in ("near", "window", "pairs", "agree"):
        _not_negative(getattr(rescore, name), name)
    if rescore.depth < 1:
        raise InvalidQuery(f"depth is {rescore.depth}: it must be at least 1")


def check_completion_request(request: CompletionRequest) -> None:
    """Check that every engine can answer ``request``.

    Raises:
        InvalidQuery: no engine can answer it.
    """
    if request.size < 1:
        raise InvalidQuery(f"size is {request.size}: it must be at least 1")
    if request.filter is not None:
        _check(request.filter)


def check_text_field(field: str) -> None:
    """Check that ``field`` holds text.

    Raises:
        InvalidQuery: ``field`` is no text field.
    """
    _one_of(field, TEXT_FIELDS, "text field")


def _check(query: Query) -> None:
    match query:
        case Match():
            for field, weight in query.fields:
                check_text_field(field)
                _not_negative(weight, f"the weight of {field}")
            if not 0 <= query.need <= 1:
                raise InvalidQuery(f"need is {query.need}: it must lie between 0 and 1")
            for each in query.alternatives:
                _not_negative(each.factor, f"the factor of {each.text}")
        case Literal() | Adjacent():
            for field in query.fields:
                check_text_field(field)
        case Near():
            _not_negative(query.slop, "slop")
            for field in query.fields:
                check_text_field(field)
        case Term():
            _one_of(query.field, TEXT_FIELDS + KEYWORD_FIELDS, "field")
        case Range():
            _one_of(query.field, TIME_FIELDS, "time field")
            _aware(query.start, "start")
            _aware(query.end, "end")
        case NumberRange():
            _finite(query.low, "low")
            _finite(query.high, "high")
        case And() | Or():
            for clause in query.clauses:
                _check(clause)
        case Not():
            _check(query.clause)
        case Boost():
            _not_negative(query.factor, "a boost")
            _check(query.clause)
        case MatchAll() | Glued() | TitlePrefix() | TitleSound():
            pass
        case _:
            assert_never(query)


def _one_of(value: str, known: Collection[str], what: str) -> None:
    if value not in known:
        raise InvalidQuery(f"there is no {what} {value!r}: use one of {', '.join(known)}")


def _not_negative(number: float, what: str) -> None:
    if not (isfinite(number) and number >= 0):
        raise InvalidQuery(f"{what} is {number}: it must be a number from 0 up")


def _finite(number: float | None, what: str) -> None:
    if number is not None and not isfinite(number):
        raise InvalidQuery(
            f"the {what} of a range is {number}: it must be a finite number, or None"
        )


def _aware(time: datetime | None, what: str) -> None:
    if time is not None and time.tzinfo is None:
        raise InvalidQuery(f"the {what} of a range has no time zone")
