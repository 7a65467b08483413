"""Lengths of time on a command line: ``30s``, ``10m``, ``1h``, ``1d``."""

from __future__ import annotations

import re
from typing import Final

_UNITS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_SPAN: Final = re.compile(r"([1-9][0-9]{0,6})([smhd])")

MAX_SPAN: Final = 31 * 86_400
"""The longest span in seconds: a month."""


def read_span(text: str) -> int:
    """The seconds of a whole number with a unit.

    Raises:
        ValueError: it is none, or not from a second to MAX_SPAN.
    """
    match = _SPAN.fullmatch(text)
    seconds = int(match[1]) * _UNITS[match[2]] if match else 0
    if not 1 <= seconds <= MAX_SPAN:
        raise ValueError("must be from 1s to 31d, such as 30s, 10m, 1h or 1d")
    return seconds


def spell_span(seconds: int) -> str:
    """The seconds in the largest unit that divides them."""
    unit, size = next((unit, size) for unit, size in _UNITS.items() if seconds % size == 0)
    return f"{seconds // size}{unit}"
