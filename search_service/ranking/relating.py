"""How related articles are weighed, as the operator sets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final, Literal, TypeVar, get_args

from search_service.ranking.weights import SAME_CHANNEL, TAG_COUNTS, TITLE_COUNTS

Dated = Literal["now", "article"]
"""What the age of a related article is counted from: the present, or the date of the article that it is related to."""

SHARED_TAGS: Final = (1, 2, 3)
MOST_WEIGHT: Final = 100

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Relating:
    """The weights of related articles.

    A word in the title counts ``title`` times, one in a tag ``tags`` times. An article of the same channel has its score times
    ``channel``. Articles that fill up the list by tags share at least ``shared_tags`` of them. ``dated``: see :data:`Dated`.
    """

    title: float = TITLE_COUNTS
    tags: float = TAG_COUNTS
    channel: float = SAME_CHANNEL
    shared_tags: int = 1
    dated: Dated = "now"


def relating(text: str) -> Relating:
    """Parse ``title=4, tags=4, channel=1.25, shared_tags=1, dated=now``; what is not named has its default. ``default`` names nothing.

    Raises:
        ValueError: the text is wrong; the message says what would be right.
    """
    given: dict[str, str] = {}
    for part in text.split(",") if text.strip() != "default" else ():
        name, separator, value = (each.strip() for each in part.partition("="))
        if not separator or name in given:
            raise ValueError(
                f"{part.strip()!r} must be a name and its value, each name once, such as title=4"
            )
        given[name] = value
    names = [each.name for each in fields(Relating)]
    for name in given:
        if name not in names:
            raise ValueError(f"{name!r} must be one of {', '.join(names)}")
    return Relating(
        title=_weight(given, "title", TITLE_COUNTS),
        tags=_weight(given, "tags", TAG_COUNTS),
        channel=_weight(given, "channel", SAME_CHANNEL),
        shared_tags=_one_of(given, "shared_tags", {str(each): each for each in SHARED_TAGS}, 1),
        dated=_one_of(given, "dated", {each: each for each in get_args(Dated)}, "now"),
    )


def _weight(given: Mapping[str, str], name: str, default: float) -> float:
    try:
        weight = float(given.get(name, default))
    except ValueError:
        weight = 0.0
    if not 1 <= weight <= MOST_WEIGHT:
        raise ValueError(f"{name}={given[name]} must be a number from 1 to {MOST_WEIGHT}")
    return weight


def _one_of(
    given: Mapping[str, str], name: str, values: Mapping[str, _Value], default: _Value
) -> _Value:
    if name not in given:
        return default
    if given[name] not in values:
        raise ValueError(f"{name}={given[name]} must be one of {', '.join(values)}")
    return values[given[name]]
