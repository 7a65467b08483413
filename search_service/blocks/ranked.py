"""Reading articles that a reader ranked."""

from __future__ import annotations

from collections.abc import Collection

from indexer.article import Article
from indexer.engines.base import Reader
from indexer.query import Or, Query, SearchRequest, Term


def ranked_article(reader: Reader, article_id: str) -> Article:
    """An article that ``reader`` ranked, so it holds it."""
    article = reader.get(article_id)
    assert article is not None, "the snapshot holds what it ranks"
    return article


def allowed_ids(reader: Reader, ids: Collection[str], allowed: Query) -> set[str]:
    """Those of ``ids`` that match ``allowed``. One look-up for each."""
    if not ids:
        return set()
    named = Or(tuple(Term("id", each) for each in ids))
    request = SearchRequest(named, filter=allowed, size=len(ids))
    return {each for each, _ in reader.rank(request)}
