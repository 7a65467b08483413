"""Converts an article to a document of the columnar index, and back."""

from __future__ import annotations

from collections.abc import Set
from hashlib import blake2b
from itertools import chain

import orjson

from indexer.analysis.analyzers import Analyzer
from indexer.analysis.characters import fold_literal, fold_title
from indexer.analysis.grams import gram_codes
from indexer.article import Article, all_channels, article_from_record, article_to_record
from indexer.columnar.files.build import ColumnValue, Document
from indexer.engines.completions import offers_of
from indexer.engines.documents import keywords, microseconds, number_term, numbers, searchable_texts
from indexer.engines.whoosh.fields import (
    ARTICLE,
    CHANNEL_SEPARATOR,
    CHANNELS,
    COMPLETIONS,
    FOLDED,
    FOLDED_SEPARATOR,
    GLUED,
    GROUP,
    NUMBERS,
    TITLE,
    TITLE_KEY,
    TITLE_SOUND,
    encoded,
    grams_field,
)
from indexer.query import TEXT_FIELDS, TIME_FIELDS


def document_of(article: Article, analyzer: Analyzer) -> Document:
    """The document of an article. Nearly all of the time goes into the analyzer."""
    texts = searchable_texts(article)
    folded = {field: fold_literal(text) for field, text in texts.items()}
    words, pairs = {}, {}
    terms: dict[str, Set[str] | tuple[str, ...]] = dict(keywords(article))
    for field, text in texts.items():
        places = analyzer.places(text)
        words[field] = (places, range(len(places)))
        pairs[grams_field(field)] = gram_codes(text)
        if field == "title":
            offers = offers_of(article, analyzer.index(text), folded["body"])
            terms[COMPLETIONS] = {entry.term for entry in offers.entries}
            terms[TITLE_SOUND] = offers.title_keys
    terms[NUMBERS] = {number_term(*each) for each in numbers(article).items()}
    terms[GLUED] = analyzer.glued(chain.from_iterable(places for places, _ in words.values()))
    title_key = fold_title(article.title)
    terms[TITLE_KEY] = (title_key,) if title_key else ()
    columns: dict[str, ColumnValue] = {
        field: None if (time := getattr(article, field)) is None else microseconds(time)
        for field in TIME_FIELDS
    }
    columns[CHANNELS] = CHANNEL_SEPARATOR.join(all_channels(article)).encode() or None
    columns[TITLE] = _number(title_key) if title_key else None
    columns[GROUP] = article.duplicate_group or None
    return Document(
        words=words,
        terms=terms,
        pairs=pairs,
        columns=columns,
        blobs={
            ARTICLE: orjson.dumps(article_to_record(article)),
            FOLDED: FOLDED_SEPARATOR.join(folded[field] for field in TEXT_FIELDS).encode(),
        },
    )


def _number(title_key: str) -> int:
    """62 bits of a hash, above 0. Among a million titles two share a number with a probability of 1 in 10 million."""
    return int.from_bytes(blake2b(encoded(title_key), digest_size=8).digest()) >> 2


def article_of(blob: bytes) -> Article:
    """The article of a document."""
    return article_from_record(orjson.loads(blob))
