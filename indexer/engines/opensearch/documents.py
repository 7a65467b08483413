"""Converts an article to a document of the index in the cluster, and back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from indexer.analysis.analyzers import Analyzer
from indexer.analysis.characters import fold, fold_title, spaced
from indexer.analysis.streams import Stream, Texts
from indexer.article import Article, article_from_record, article_to_record
from indexer.engines.completions import offers_of
from indexer.engines.documents import (
    keywords,
    microseconds,
    number_term,
    numbers,
    searchable_texts,
)
from indexer.engines.opensearch.fields import (
    ARTICLE,
    CANDIDATES,
    COMPLETIONS,
    DAY,
    DUPLICATES,
    GLUED,
    NUMBERS,
    ONE,
    PUBLISHED,
    TITLE_KEY,
    TITLE_SOUND,
    pairs_field,
    pairs_stream,
    places_field,
    words_streams,
)
from indexer.engines.opensearch.forward import candidates_of, occurrences, places_of
from indexer.query import TEXT_FIELDS, TIME_FIELDS


def documents_of(articles: Sequence[Article], analyzer: Analyzer) -> list[dict[str, Any]]:
    """The document of each article. Nearly all of the time goes into reading their texts, which is done for all together."""
    batch = analyzer.batch()
    held = {field: Texts() for field in TEXT_FIELDS}
    folded = [_folded(article) for article in articles]
    for texts in folded:
        for field, text in texts.items():
            batch.add(text, held[field])
    streams = {field: batch.read(texts) for field, texts in held.items()}
    words = {field: occurrences(stream) for field, stream in streams.items()}
    of_texts = {
        **{field: words_streams(stream) for field, stream in streams.items()},
        **{places_field(field): places_of(found) for field, found in words.items()},
        CANDIDATES: candidates_of(words["body"]),
        GLUED: _glued(streams.values(), analyzer),
    }
    made = [dict(zip(of_texts, each, strict=True)) for each in zip(*of_texts.values(), strict=True)]
    return [
        document | _other_fields(article, texts, analyzer)
        for document, article, texts in zip(made, articles, folded, strict=True)
    ]


def _folded(article: Article) -> dict[str, str]:
    return {field: fold(text) for field, text in searchable_texts(article).items()}


def _glued(streams: Iterable[Stream], analyzer: Analyzer) -> list[list[str]]:
    """The names that were glued to a neighbour, of each article in any of its texts."""
    names: defaultdict[int, set[str]] = defaultdict(set)
    size = 0
    for stream in streams:
        size = len(stream.counts)
        found = [*map(analyzer.glued, stream.places)]
        owners, ids = stream.holding(found)
        for owner, number in zip(owners.tolist(), ids.tolist(), strict=True):
            names[owner].update(found[number])
    return [sorted(names[each]) for each in range(size)]


def _other_fields(
    article: Article, folded: Mapping[str, str], analyzer: Analyzer
) -> dict[str, Any]:
    """The fields that take no reading of whole texts."""
    literal = {field: spaced(text) for field, text in folded.items()}
    offers = offers_of(article, analyzer.index(article.title), literal["body"])
    fields: dict[str, Any] = {
        **{pairs_field(field): pairs_stream(text) for field, text in literal.items()},
        **keywords(article),
        ONE: one_of(article),
        TITLE_SOUND: sorted(offers.title_keys),
        COMPLETIONS: sorted(entry.term for entry in offers.entries),
        NUMBERS: [number_term(*each) for each in numbers(article).items()],
        ARTICLE: orjson.dumps(article_to_record(article)).decode(),
    }
    if title := fold_title(article.title):
        fields[TITLE_KEY] = title
    for field in TIME_FIELDS:
        if (time := getattr(article, field)) is not None:
            fields[field] = microseconds(time)
    if article.duplicate_group:
        fields[DUPLICATES] = article.duplicate_group
    if article.published_at is not None:
        fields[DAY] = fields[PUBLISHED] // 1000
    return fields


def one_of(article: Article) -> str:
    """The group of an article, or a text that no other article has."""
    return str(article.duplicate_group or f"-{article.id}")


def is_group(one: str) -> bool:
    """Whether :func:`one_of` named a group."""
    return not one.startswith("-")


def article_of(source: dict[str, Any]) -> Article:
    """The article of a document."""
    return article_from_record(orjson.loads(source[ARTICLE]))
