"""What must hold before a rebuild begins."""

from __future__ import annotations

import shutil
from contextlib import suppress
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.engines.registry import storage_of
from indexer.errors import IndexFailure, NotEnoughRoom, StoreNeverFilled
from indexer.generations import Generations
from indexer.opening import open_generation
from indexer.rebuilding.sample import sample
from indexer.store.articles import ArticleStore

ROOM: Final = 2.2
"""The free room that a rebuild needs, in sizes of its index. One process took 1.0 at most; several took 2.1, because their parts are
there until they are merged."""
BYTES_OF_TEXT: Final = 2.7
"""The bytes of an index for each byte of the titles and bodies, measured with 6,000 news articles of 3,000 bytes."""
_SAMPLE: Final = 200


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


def ensure_room(store: ArticleStore, generations: Generations) -> None:
    """Raise NotEnoughRoom rather than begin what the disk has no room for.

    The new index is expected to be as large as the live one; without one here, as large as the first articles of the store say. An
    index that is kept elsewhere takes as much until it is sent there. The disk can still fill up meanwhile, and then the rebuild fails without harm.

    Raises:
        NotEnoughRoom: says how much is needed, how much is free, and what to do.
    """
    size = _size_here(generations)
    if size is None:
        texts = [len(text.encode()) for text in islice(sample(store), _SAMPLE)]
        size = round(BYTES_OF_TEXT * store.count() * sum(texts) / max(1, len(texts)))
    folder = generations.root
    while not folder.exists():
        folder = folder.parent
    needed, free = round(ROOM * size), shutil.disk_usage(folder).free
    if needed > free:
        raise NotEnoughRoom(generations.root, needed=needed, free=free)


def _size_here(generations: Generations) -> int | None:
    """The bytes that the live index takes; None if there is none, or if it is not kept here."""
    try:
        live = generations.live()
    except IndexFailure:
        return None
    return live.size() if storage_of(live.index).is_local else None
