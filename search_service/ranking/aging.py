"""How articles age: a half-life for all articles, and other half-lives for some channels. Evergreen articles do not age."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

EVERGREEN: Final = "evergreen"
_MOST: Final = 36_500


@dataclass(frozen=True, slots=True)
class Aging:
    """Half-lives in days: of every article, and of some channels. None means that articles do not age."""

    half_life: int | None
    channels: tuple[tuple[str, int | None], ...] = ()


def aging(text: str) -> Aging:
    """Parse ``365, 快讯=30, 教育/百科=evergreen``: days or the word evergreen, first for all articles, then for channels.

    Raises:
        ValueError: the text is wrong; the message says what would be right.
    """
    first, *others = (part.strip() for part in text.split(","))
    channels: dict[str, int | None] = {}
    for each in others:
        channel, separator, days = each.rpartition("=")
        path = "/".join(part.strip() for part in channel.split("/") if part.strip())
        if not separator or not path:
            raise ValueError(f"{each!r} must be a channel and its days, such as 快讯=30")
        if path in channels:
            raise ValueError(f"the channel {path} stands there twice")
        channels[path] = _days(days.strip())
    return Aging(_days(first), tuple(channels.items()))


def _days(text: str) -> int | None:
    if text == EVERGREEN:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _MOST:
        raise ValueError(f"{text!r} must be days from 1 to {_MOST}, or the word {EVERGREEN}")
    return int(text)
