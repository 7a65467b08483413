"""Makers of live indexes for tests: real generations on disk, built from a handful of articles."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from indexer.article import Article
from indexer.engines.registry import open_engine
from indexer.fingerprint import SCHEMA_VERSION, fingerprint
from indexer.generations import Generation, Generations
from indexer.manifest import Manifest
from search_service.live.index import LiveIndex
from search_service.services import Services
from search_service.settings import SearchSettings
from tests.factories import NOON
from tests.typed_queries import analyzer

SHANGHAI = ZoneInfo("Asia/Shanghai")
MADE_AT = datetime(2026, 2, 28, 20, 0, tzinfo=UTC)
PATIENCE = 60.0
"""Seconds that a question may take in a test: on a busy machine the service's own limit would cut answers short."""
PATIENT = SearchSettings(time_limit=PATIENCE, querylog_url=None)
"""Settings with this time, and without a query log."""


def promote(
    root: Path,
    articles: Iterable[Article],
    *,
    engine: str = "memory",
    revision: int = 1,
    **manifest: object,
) -> Generation:
    """Build a generation of ``articles`` in ``root`` and make it the live one; ``manifest`` overrides its facts."""
    generations = Generations(root)
    with generations.lock():
        folder = generations.begin()
        made = open_engine(engine, folder / "index", analyzer=analyzer(), timezone=SHANGHAI)
        made.create()
        with made.writer() as writer:
            for each in articles:
                writer.add(each)
            writer.commit(revision=revision)
        with made.reader() as reader:
            count = reader.doc_count
        facts: dict[str, object] = {
            "name": folder.name,
            "engine": engine,
            "fingerprint": fingerprint(engine=engine, analysis=analyzer().fingerprint),
            "schema_version": SCHEMA_VERSION,
            "doc_count": count,
            "revision": revision,
            "made_at": MADE_AT,
            "seconds": 0.1,
        }
        generations.finish(Manifest(**(facts | manifest)))  # type: ignore[arg-type]
        return generations.promote(folder.name)


def apply(root: Path, changes: Iterable[Article | str], *, revision: int) -> None:
    """Commit changes to the live generation: articles to put, ids to delete."""
    live = Generations(root).live()
    engine = open_engine(live.manifest.engine, live.index, analyzer=analyzer(), timezone=SHANGHAI)
    with engine.writer() as writer:
        for change in changes:
            if isinstance(change, Article):
                writer.put(change)
            else:
                writer.delete(change)
        writer.commit(revision=revision)


def live_index(root: Path, *, interval: float = 0.0) -> LiveIndex:
    """The live index of ``root``, which looks at the folder before every request."""
    return LiveIndex(Generations(root), analyzer=analyzer(), timezone=SHANGHAI, interval=interval)


def services(
    root: Path, articles: Iterable[Article], *, engine: str = "memory", now: datetime = NOON
) -> Services:
    """The services over a new index of ``articles``, at a time that stands still."""
    promote(root, articles, engine=engine)
    return Services(live_index(root), SHANGHAI, lambda: now, time_limit=PATIENCE)
