"""What every engine indexes of an article: its texts, its keywords, its numbers, its times.

The analyzer makes tokens of the texts. Each engine decides how to store them.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from indexer.article import Article, all_channels

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_SIGN: Final = 1 << 63
_ALL_BITS: Final = (1 << 64) - 1


def searchable_texts(article: Article) -> dict[str, str]:
    """The text of each field of TEXT_FIELDS, as :func:`searchable` leaves it."""
    return searchable(article.title, article.lead, article.body)


def searchable(title: str, lead: str, body: str) -> dict[str, str]:
    """The texts of TEXT_FIELDS. A lead that is part of the body is left out, since its words would count twice."""
    return {"title": title, "lead": "" if lead in body else lead, "body": body}


def keywords(article: Article) -> dict[str, tuple[str, ...]]:
    """The non-empty values of each field of KEYWORD_FIELDS. Channels come with their ancestors, attributes with their names."""
    return {
        "id": (article.id,),
        "channel": all_channels(article),
        "source": (article.source,) if article.source else (),
        "author": (article.author,) if article.author else (),
        "tag": article.tags,
        "site": (article.site,) if article.site else (),
        "status": (article.status,),
        "group": (str(article.duplicate_group),) if article.duplicate_group else (),
        "attribute": tuple(
            attribute(name, value)
            for name, value in article.attributes.items()
            if isinstance(value, str) and value
        ),
    }


def attribute(name: str, value: str) -> str:
    """An attribute's value in the keyword field ``attribute``."""
    return f"{name}={value}"


def numbers(article: Article) -> dict[str, float]:
    """The attributes that are numbers, by name."""
    return {
        name: float(value)
        for name, value in article.attributes.items()
        if not isinstance(value, str)
    }


def month_of(time: datetime, timezone: tzinfo) -> str:
    """The month of a time in ``timezone``, such as ``2026-03``."""
    return time.astimezone(timezone).isoformat()[:7]  # strftime takes four times as long


def microseconds(time: datetime) -> int:
    """A time as a sortable number: microseconds since 1970 in UTC."""
    return (time - _EPOCH) // _MICROSECOND


def from_microseconds(number: int) -> datetime:
    """The inverse of :func:`microseconds`."""
    return _EPOCH + number * _MICROSECOND


def number_term(name: str, number: float) -> str:
    """The term of an attribute that is a number. The terms of a name have one length and are ordered as their numbers are.

    The bits of an IEEE 754 number are ordered so after the sign bit is inverted, and all other bits too if it was set.
    """
    (bits,) = struct.unpack(">Q", struct.pack(">d", number + 0.0))  # -0.0 equals 0.0
    ordered = bits ^ (_ALL_BITS if bits & _SIGN else _SIGN)
    return f"{number_prefix(name)}{ordered:016x}"


def number_prefix(name: str) -> str:
    """The beginning of all terms of an attribute's numbers. A name holds no ``=``."""
    return f"{name}="
