"""Values of a database's rows, as an article's fields and JSON take them, without a loss; and watermarks as text."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any, Final

_TIMESTAMP: Final = 7
_BIT: Final = 16
"""Types of columns in MySQL's protocol. A BIT comes as bytes, a TIMESTAMP as a time without its zone."""


def typed(value: Any, type_code: int | None) -> Any:
    """A value that MySQL sends without its meaning."""
    if type_code == _BIT and isinstance(value, bytes):
        return int.from_bytes(value)
    if type_code == _TIMESTAMP and isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    return value


def plain(value: Any) -> Any:
    """A value as an article's fields take it, and JSON. Times stay times. Bytes that are not UTF-8 stay bytes."""
    match value:
        case None | bool() | int() | str() | datetime():
            return value
        case float():
            return value if isfinite(value) else str(value)
        case Decimal():
            return _number(value)
        case date():
            return value.isoformat()
        case bytes() | bytearray() | memoryview():
            try:
                return bytes(value).decode()
            except UnicodeDecodeError:
                return bytes(value)
        case Mapping():
            return {str(name): plain(each) for name, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(each) for each in value]
    return str(value)


def _number(value: Decimal) -> int | float | str:
    """A decimal as a number, or as text if a float has not all of its digits."""
    if not value.is_finite():
        return str(value)
    if value == value.to_integral_value() and value.adjusted() < 40:
        return int(value)
    return float(value) if Decimal(repr(float(value))) == value else str(value)


def spelt(value: datetime | bytes) -> object:
    """What JSON cannot hold, for ``raw``: a time as text. Of bytes the number, as an object, which no field takes for a value."""
    return value.isoformat() if isinstance(value, datetime) else {"bytes": len(value)}


def spell_mark(value: object) -> str:
    """A watermark as JSON, with its type."""
    match value:
        case int() | float():
            return json.dumps(["number", value])
        case Decimal():
            return json.dumps(["decimal", str(value)])
        case datetime():
            return json.dumps(["time", value.isoformat()])
        case date():
            return json.dumps(["day", value.isoformat()])
    return json.dumps(["text", str(value)], ensure_ascii=False)


_MARKS: Final[Mapping[str, Callable[[str], object]]] = {
    "decimal": Decimal,
    "time": datetime.fromisoformat,
    "day": date.fromisoformat,
}


def read_mark(mark: str) -> object:
    """The watermark that was spelt so."""
    kind, value = json.loads(mark)
    return _MARKS[kind](value) if kind in _MARKS else value
