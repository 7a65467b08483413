"""Converts an article to a document of the index in the cluster, and back."""

from __future__ import annotations

from itertools import chain
from typing import Any

import orjson

from indexer.analysis.analyzers import Analyzer
from indexer.analysis.characters import fold_literal, fold_title
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
    GLUED,
    NUMBERS,
    ONE,
    PUBLISHED,
    TITLE_KEY,
    TITLE_SOUND,
    pairs_field,
    pairs_stream,
    places_field,
    words_stream,
)
from indexer.engines.opensearch.forward import candidates_of, places_of
from indexer.query import TIME_FIELDS


def document_of(article: Article, analyzer: Analyzer) -> dict[str, Any]:
    """The document of an article. Nearly all of the time goes into the analyzer."""
    texts = searchable_texts(article)
    folded = {field: fold_literal(text) for field, text in texts.items()}
    tokens = {field: analyzer.index(text) for field, text in texts.items()}
    offers = offers_of(article, tokens["title"], folded["body"])
    words = {token.text for each in tokens.values() for token in each}
    document: dict[str, Any] = {
        **{field: words_stream(each) for field, each in tokens.items()},
        **{places_field(field): places_of(each) for field, each in tokens.items()},
        CANDIDATES: candidates_of(tokens["body"]),
        **{pairs_field(field): pairs_stream(text) for field, text in folded.items()},
        **keywords(article),
        ONE: one_of(article),
        GLUED: sorted(set(chain.from_iterable(map(analyzer.glued, words)))),
        TITLE_SOUND: sorted(offers.title_keys),
        COMPLETIONS: sorted(entry.term for entry in offers.entries),
        NUMBERS: [number_term(*each) for each in numbers(article).items()],
        ARTICLE: orjson.dumps(article_to_record(article)).decode(),
    }
    if title := fold_title(article.title):
        document[TITLE_KEY] = title
    for field in TIME_FIELDS:
        if (time := getattr(article, field)) is not None:
            document[field] = microseconds(time)
    if article.published_at is not None:
        document[DAY] = document[PUBLISHED] // 1000
    return document


def one_of(article: Article) -> str:
    """The group of an article, or a text that no other article has."""
    return str(article.duplicate_group or f"-{article.id}")


def is_group(one: str) -> bool:
    """Whether :func:`one_of` named a group."""
    return not one.startswith("-")


def article_of(source: dict[str, Any]) -> Article:
    """The article of a document."""
    return article_from_record(orjson.loads(source[ARTICLE]))
