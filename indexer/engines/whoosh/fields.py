"""The fields of the index, for Whoosh and for the columnar segments.

Whoosh's analyzers and parser are never used: fields receive tokens, and queries are built as data. The schema is code and is
never read from disk, so an index holds no pickle that a later release could fail to load.
"""

from __future__ import annotations

from typing import Final

from whoosh.fields import FieldType, Schema
from whoosh.formats import Existence, Positions

from indexer.columnar.files.fields import MISSING_INT, ColumnKind, Layout, PostingsKind
from indexer.query import KEYWORD_FIELDS, TEXT_FIELDS, TIME_FIELDS

TITLE_KEY: Final = "title_key"
"""The title as titles are compared (``fold_title``), as one term, for prefix queries."""
GLUED: Final = "glued"
"""The names that the segmenter glued to their neighbours (``analysis/glued.py``)."""
TITLE_SOUND: Final = "title_sound"
"""The key of the title's sound, for prefix queries in pinyin."""
COMPLETIONS: Final = "completions"
"""The article's completions: entries of ``engines/completions.py``."""
ARTICLE: Final = "article"
"""The article itself, as JSON."""
CHANNELS: Final = "channels"
"""All channels of an article as one value. Articles share few combinations, so counting these counts channels cheaply."""
CHANNEL_SEPARATOR: Final = "\n"
NUMBERS: Final = "numbers"
"""The attributes that are numbers, as :func:`~indexer.engines.documents.number_term` writes them."""
PUBLISHED: Final = TIME_FIELDS[0]
TITLE: Final = "title_number"
"""A number of 62 bits for the title as titles are compared, equal for equal titles; missing for an article without one."""
GROUP: Final = "duplicate_group"
"""The number of an article's duplicate group; missing for an article without duplicates."""


def encoded(text: str) -> bytes:
    """A term or an id as segments hold it. A text with a lone surrogate can be looked up, but is never found."""
    return text.encode("utf-8", "surrogatepass")


def grams_field(field: str) -> str:
    """The field that holds the grams of a text field."""
    return f"{field}_grams"


TERM_FIELDS: Final = (
    *map(grams_field, TEXT_FIELDS),
    *KEYWORD_FIELDS,
    GLUED,
    TITLE_KEY,
    TITLE_SOUND,
    COMPLETIONS,
    NUMBERS,
)
"""Fields that keep only the documents of each term."""

_WORDS: Final[PostingsKind] = "words"
_TERMS: Final[PostingsKind] = "terms"
_TIME: Final[ColumnKind] = "int64"

LAYOUT: Final = Layout(
    postings={**dict.fromkeys(TEXT_FIELDS, _WORDS), **dict.fromkeys(TERM_FIELDS, _TERMS)},
    columns={
        **dict.fromkeys(TIME_FIELDS, _TIME),
        CHANNELS: "ordinal",
        GROUP: "int64",
        TITLE: "int64",
    },
    blobs=(ARTICLE,),
    forward=("body",),
    key="id",
)

SCHEMA: Final = Schema(
    **{field: FieldType(Positions(), analyzer=None, scorable=True) for field in TEXT_FIELDS},
    **{field: FieldType(Existence(), analyzer=None) for field in TERM_FIELDS},
)


NO_TIME: Final = MISSING_INT
