"""What must hold before a rebuild begins."""

from __future__ import annotations

from contextlib import suppress
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.errors import IndexFailure, StoreNeverFilled
from indexer.generations import Generations
from indexer.opening import open_generation
from indexer.store.articles import ArticleStore


def ensure_filled(
    store: ArticleStore, generations: Generations, *, analyzer: Analyzer, timezone: ZoneInfo
) -> None:
    """Raise StoreNeverFilled rather than replace articles by an empty store, such as a database that was just made.

    A store whose articles were all deleted has revisions, so it may be indexed.

    Raises:
        StoreNeverFilled: nothing was ever stored, and the live generation holds articles.
    """
    if store.revision():
        return
    try:
        live = generations.live()
    except IndexFailure:
        return
    articles = live.manifest.doc_count
    with suppress(IndexFailure):
        engine = open_generation(live, analyzer=analyzer, timezone=timezone)
        with engine.reader() as reader:
            articles = reader.doc_count
    if articles:
        raise StoreNeverFilled(store.url, live.name, articles, generations.root)
