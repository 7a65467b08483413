"""Whoosh's stored fields as JSON instead of a pickle, so reading an index can never run code.

Text, whole numbers, floats, True, False, None, lists and dicts with text keys are kept unchanged. Other values that Python
programs store are tagged: ``{"$": "bytes", "v": ...}``. A value that would not come back equal is refused.
"""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, Final

import orjson

from indexer.columnar.errors import Unsupported

_TAG: Final = "$"
_PLAIN: Final = frozenset((str, bool, type(None)))


def encode_stored(values: Mapping[str, object]) -> bytes:
    """A document's stored fields as bytes. Empty bytes if there are no fields.

    Raises:
        Unsupported: a value cannot be kept so that it comes back equal.
    """
    if not values:
        return b""
    try:
        return orjson.dumps({name: _tagged(name, value) for name, value in values.items()})
    except (orjson.JSONEncodeError, RecursionError) as error:
        raise Unsupported(f"stored fields {sorted(values)}: {error}") from error


def decode_stored(data: bytes) -> dict[str, Any]:
    """The inverse of :func:`encode_stored`."""
    if not data:
        return {}
    return {name: _plain(value) for name, value in orjson.loads(data).items()}


def _tagged(name: str, value: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is int:
        return value if -(2**63) <= value < 2**64 else {_TAG: "int", "v": str(value)}
    if kind is float:
        return value if math.isfinite(value) else {_TAG: "float", "v": str(value)}
    if kind is list:
        return [_tagged(name, each) for each in value]
    if kind is tuple:
        return {_TAG: "tuple", "v": [_tagged(name, each) for each in value]}
    if kind is dict:
        if _TAG not in value and all(type(key) is str for key in value):
            return {key: _tagged(name, each) for key, each in value.items()}
        pairs = [[_tagged(name, key), _tagged(name, each)] for key, each in value.items()]
        return {_TAG: "dict", "v": pairs}
    if kind is bytes:
        return {_TAG: "bytes", "v": b64encode(value).decode("ascii")}
    if kind is Decimal:
        return {_TAG: "decimal", "v": str(value)}
    if kind is timedelta:
        return {_TAG: "timedelta", "v": [value.days, value.seconds, value.microseconds]}
    if kind is date:
        return {_TAG: "date", "v": value.isoformat()}
    if kind is datetime or kind is time:
        if value.tzinfo is None or type(value.tzinfo) is timezone:
            return {_TAG: kind.__name__, "v": value.isoformat()}
        raise Unsupported(
            f"stored field {name!r}: {value!r} has a named time zone; store it in UTC with astimezone(UTC)"
        )
    raise Unsupported(
        f"stored field {name!r}: a {kind.__name__}; store text, bytes, numbers, times, lists or dicts of them"
    )


_TAGS: Final[dict[str, Callable[[Any], Any]]] = {
    "int": int,
    "float": float,
    "tuple": lambda values: tuple(_plain(each) for each in values),
    "dict": lambda pairs: {_plain(key): _plain(value) for key, value in pairs},
    "bytes": b64decode,
    "decimal": Decimal,
    "timedelta": lambda parts: timedelta(*parts),
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "time": time.fromisoformat,
}


def _plain(value: Any) -> Any:
    if type(value) is dict:
        if _TAG in value:
            return _TAGS[value[_TAG]](value["v"])
        return {key: _plain(each) for key, each in value.items()}
    if type(value) is list:
        return [_plain(each) for each in value]
    return value
