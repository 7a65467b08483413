from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.columnar.errors import Unsupported
from indexer.columnar.whoosh.stored_fields import decode_stored, encode_stored

offsets = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.decimals(allow_nan=False),
    st.dates(),
    st.datetimes(timezones=st.one_of(st.none(), st.just(UTC), offsets)),
    st.times(),
    st.timedeltas(),
)
values = st.recursive(
    scalars,
    lambda parts: st.one_of(
        st.lists(parts),
        st.lists(parts).map(tuple),
        st.dictionaries(st.text(), parts),
        st.dictionaries(st.integers() | st.just("$"), parts),
    ),
    max_leaves=6,
)


def same(ours: Any, theirs: Any) -> bool:
    """Equal, and of the same types all the way down."""
    if type(ours) is not type(theirs):
        return False
    if isinstance(ours, list | tuple):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, dict):
        return same(list(ours.items()), list(theirs.items()))
    return bool(ours == theirs)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(min_size=1), values, max_size=4))
def test_what_is_stored_comes_back_equal_and_of_the_same_type(stored: dict[str, Any]) -> None:
    assert same(decode_stored(encode_stored(stored)), stored)


def test_values_at_the_edges_come_back() -> None:
    stored = {
        "big": 2**200,
        "small": -(2**63) - 1,
        "inf": math.inf,
        "zero": -0.0,
        "tag": {"$": "bytes", "v": "no tag of ours"},
        "aware": datetime(2024, 5, 1, 8, tzinfo=timezone(timedelta(hours=8))),
        "price": Decimal("1.10"),
        "day": date(1, 1, 1),
        "noon": time(12, 30, tzinfo=UTC),
    }
    back = decode_stored(encode_stored(stored))
    assert same(back, stored)
    assert math.copysign(1, back["zero"]) == -1
    assert str(back["price"]) == "1.10"
    assert math.isnan(decode_stored(encode_stored({"nan": math.nan}))["nan"])


def test_a_document_that_stores_nothing_takes_no_bytes() -> None:
    assert encode_stored({}) == b""
    assert decode_stored(b"") == {}


class Colour(IntEnum):
    RED = 1


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({1, 2}, "a set; store text"),
        (object(), "a object; store text"),
        (Colour.RED, "a Colour; store text"),
        ([{"deep": Colour}], "store text"),
        ("\ud800", "surrogates"),
        (datetime(2024, 5, 1, tzinfo=ZoneInfo("Asia/Shanghai")), "astimezone"),
    ],
)
def test_what_would_not_come_back_equal_is_refused(value: Any, said: str) -> None:
    with pytest.raises(Unsupported, match=said):
        encode_stored({"field": value})


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(Unsupported):
        encode_stored({"field": loop})
