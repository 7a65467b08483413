"""Converts an article to a document of the columnar index, and back."""

from __future__ import annotations

from hashlib import blake2b

import orjson

from indexer.analysis.analyzers import Analyzer
from indexer.analysis.characters import fold, fold_title, spaced
from indexer.article import Article, all_channels, article_from_record, article_to_record
from indexer.columnar.files.build import ColumnValue, Document
from indexer.engines.completions import offers_of
from indexer.engines.documents import (
    keywords,
    microseconds,
    number_term,
    numbers,
    searchable,
    searchable_texts,
)
from indexer.engines.whoosh.fields import (
    ARTICLE,
    CHANNEL_SEPARATOR,
    CHANNELS,
    COMPLETIONS,
    GROUP,
    NUMBERS,
    TITLE,
    TITLE_KEY,
    TITLE_SOUND,
    encoded,
)
from indexer.query import TEXT_FIELDS, TIME_FIELDS


def document_of(article: Article, analyzer: Analyzer) -> Document:
    """The document of an article. Its texts are read later, with those of others: see ``buffers.py``."""
    texts = {field: fold(text) for field, text in searchable_texts(article).items()}
    offers = offers_of(article, analyzer.index(article.title), spaced(texts["body"]))
    title_key = fold_title(article.title)
    terms = keywords(article) | {
        COMPLETIONS: {entry.term for entry in offers.entries},
        TITLE_SOUND: offers.title_keys,
        NUMBERS: {number_term(*each) for each in numbers(article).items()},
        TITLE_KEY: (title_key,) if title_key else (),
    }
    columns: dict[str, ColumnValue] = {
        field: None if (time := getattr(article, field)) is None else microseconds(time)
        for field in TIME_FIELDS
    }
    columns[CHANNELS] = CHANNEL_SEPARATOR.join(all_channels(article)).encode() or None
    columns[TITLE] = _number(title_key) if title_key else None
    columns[GROUP] = article.duplicate_group or None
    return Document(
        texts=texts,
        terms=terms,
        columns=columns,
        blobs={ARTICLE: orjson.dumps(article_to_record(article))},
    )


def _number(title_key: str) -> int:
    """62 bits of a hash, above 0. Among a million titles two share a number with a probability of 1 in 10 million."""
    return int.from_bytes(blake2b(encoded(title_key), digest_size=8).digest()) >> 2


def article_of(blob: bytes) -> Article:
    """The article of a document."""
    return article_from_record(orjson.loads(blob))


def texts_of(blob: bytes) -> dict[str, str]:
    """The searchable texts of a document, without the rest of its article."""
    record = orjson.loads(blob)
    return searchable(*(record.get(field, "") for field in TEXT_FIELDS))
