"""Records: input that may become an article, and rejections for input that cannot.

A file's source or a request makes records; ``ingest.py`` takes them. A request can also ask for removals.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal, Self

UNREAD: Final = "_rejected"
"""The key under which the line of a record that could not be read says where it stood, and why. In a file, a record with this key is
rejected for that reason, until somebody corrects its values and takes the key out."""
UNREAD_TEXT: Final = "_text"
"""The key under which such a line has what stood there and belongs to no key."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it was given, with the giver's own keys.

    ``where`` is a place that a person can look up, such as ``news.jsonl.gz:12``. ``raw`` is the record as one line that can
    be ingested again: the original line, or the values as JSON where there were no lines.
    """

    where: str
    values: Mapping[str, object]
    raw: str


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that cannot become an article: its place, the reason, and one line that can be corrected and ingested again.

    The line is the original one where there were lines of JSON; bytes that are not UTF-8 are kept in it as surrogate escapes. Else it is
    the values as JSON, or what :meth:`unread` makes.
    """

    where: str
    why: str
    raw: str

    @classmethod
    def unread(
        cls,
        where: str,
        why: str,
        values: Mapping[str, object] = MappingProxyType({}),
        *,
        text: str = "",
    ) -> Self:
        """The rejection of a record that could not be read as values, or not all of them are sure.

        Its line is JSON: the ``values`` that are known, the reason under UNREAD, and ``text`` under UNREAD_TEXT.
        """
        more = {UNREAD_TEXT: text} if text else {}
        return cls(where, why, one_line({UNREAD: f"{where}: {why}", **more, **values}))


@dataclass(frozen=True, slots=True)
class Removal:
    """A demand to delete an article, or to withdraw it: then it stays in the store, and readers no longer see it."""

    where: str
    article_id: str
    how: Literal["delete", "withdraw"]


Item = Record | Removal | Rejection
"""What can be ingested."""


def one_line(values: Mapping[str, object]) -> str:
    """Values as one line of JSON. Times are texts; lone surrogates are JSON's escapes."""
    text = json.dumps(values, ensure_ascii=False, default=datetime.isoformat)
    return text.encode("utf-8", "backslashreplace").decode()
