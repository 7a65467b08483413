"""Prepares articles for the store: everything about a row that depends on its article alone.

Nothing here needs the database. The work is done before a transaction begins, so other writers do not wait for it, and it can be
done in another process.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import orjson

from indexer.article import Article, article_from_record, content_of, hash_of_content
from indexer.store.duplicates import sketches


class Prepared(NamedTuple):
    """An article as the store writes it: plain values, which cost little to hand to another process.

    ``published_at`` is in UTC, without a zone. ``document`` is the article's content as JSON, ``keys`` are those of its sketch.
    """

    id: str
    status: str
    channel: str
    published_at: datetime | None
    content_hash: str
    document: str
    keys: tuple[int, ...]


def prepare(articles: Sequence[Article]) -> list[Prepared]:
    """The articles, prepared, in their order. O(bodies), about 60 microseconds for each 800 characters."""
    return [
        _prepared(article, sketch.keys)
        for article, sketch in zip(articles, sketches(articles), strict=True)
    ]


def _prepared(article: Article, keys: tuple[int, ...]) -> Prepared:
    content = content_of(article)
    published = article.published_at
    return Prepared(
        id=article.id,
        status=article.status,
        channel=article.channel,
        published_at=published and published.astimezone(UTC).replace(tzinfo=None),
        content_hash=hash_of_content(content),
        document=orjson.dumps(content).decode(),
        keys=keys,
    )


def article_of(document: str, number: int | None) -> Article:
    """The article of a document, with the number of its group."""
    record = orjson.loads(document)
    return article_from_record({**record, "duplicate_group": number} if number else record)
