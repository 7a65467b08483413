"""The fields of the index, as Whoosh knows them and as the columnar segments keep them.

Whoosh's analyzers and parser are never used: fields are given tokens, and queries are built as data. The schema is code,
never read from disk, so there is nothing in an index that a later release could fail to unpickle.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from whoosh.fields import FieldType, Schema
from whoosh.formats import Existence, Positions

from indexer.columnar.files.fields import MISSING_INT, ColumnKind, Layout, PostingsKind
from indexer.query import KEYWORD_FIELDS, TEXT_FIELDS, TIME_FIELDS

TITLE_KEY: Final = "title_key"
"""The folded title as one term, for prefixes."""
TITLE_SOUND: Final = "title_sound"
"""The key of the title's sound, for prefixes in pinyin."""
COMPLETIONS: Final = "completions"
"""What the article can complete typed text with: entries of ``engines/completions.py``."""
ARTICLE: Final = "article"
"""The article itself, as JSON."""
FOLDED: Final = "folded"
"""Title, lead and body as literals are compared, parted by FOLDED_SEPARATOR."""
FOLDED_SEPARATOR: Final = "\0"
"""No article holds it: control characters are refused."""
CHANNELS: Final = "channels"
"""All channels of an article as one value: articles share few combinations, so counting those is counting channels."""
CHANNEL_SEPARATOR: Final = "\n"
SOURCE: Final = "source"
PUBLISHED: Final = TIME_FIELDS[0]
GROUP: Final = "duplicate_group"
"""The number of an article's duplicate group; missing for an article that is alone."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def encoded(text: str) -> bytes:
    """A term or an id as the segments hold it; half a surrogate pair is looked for, and found nowhere."""
    return text.encode("utf-8", "surrogatepass")


def grams_field(field: str) -> str:
    """The field that holds the grams of a text field."""
    return f"{field}_grams"


TERM_FIELDS: Final = (
    *map(grams_field, TEXT_FIELDS),
    *KEYWORD_FIELDS,
    TITLE_KEY,
    TITLE_SOUND,
    COMPLETIONS,
)
"""Fields of which only the documents of each term are kept."""

_WORDS: Final[PostingsKind] = "words"
_TERMS: Final[PostingsKind] = "terms"
_TIME: Final[ColumnKind] = "int64"

LAYOUT: Final = Layout(
    postings={**dict.fromkeys(TEXT_FIELDS, _WORDS), **dict.fromkeys(TERM_FIELDS, _TERMS)},
    columns={
        **dict.fromkeys(TIME_FIELDS, _TIME),
        CHANNELS: "ordinal",
        SOURCE: "ordinal",
        GROUP: "int64",
    },
    blobs=(ARTICLE, FOLDED),
    forward=("body",),
    key="id",
)

SCHEMA: Final = Schema(
    **{field: FieldType(Positions(), analyzer=None, scorable=True) for field in TEXT_FIELDS},
    **{field: FieldType(Existence(), analyzer=None) for field in TERM_FIELDS},
)


def microseconds(time: datetime) -> int:
    """A time as a number that sorts: microseconds since 1970 in UTC."""
    return (time - _EPOCH) // _MICROSECOND


def from_microseconds(number: int) -> datetime:
    """The time that :func:`microseconds` made ``number`` of."""
    return _EPOCH + number * _MICROSECOND


NO_TIME: Final = MISSING_INT
