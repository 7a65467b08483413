"""Reading articles that a reader ranked."""

from __future__ import annotations

from indexer.article import Article
from indexer.engines.base import Reader


def ranked_article(reader: Reader, article_id: str) -> Article:
    """An article that ``reader`` ranked, so it holds it."""
    article = reader.get(article_id)
    assert article is not None, "the snapshot holds what it ranks"
    return article
