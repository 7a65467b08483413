"""Shared by the parts of the engine contract: an engine under test, and helpers that fill and search it."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from indexer.article import Article
from indexer.engines.base import Engine, Reader
from indexer.engines.registry import open_engine
from indexer.query import Query, SearchRequest
from tests.typed_queries import analyzer

SHANGHAI = ZoneInfo("Asia/Shanghai")


def fill(engine: Engine, *articles: Article, revision: int = 1) -> None:
    """Put articles into an index, in one commit."""
    with engine.writer() as writer:
        for each in articles:
            writer.put(each)
        writer.commit(revision=revision)


def found(reader: Reader, query: Query, **request: object) -> list[str]:
    """The ids that a query finds, in order."""
    page = reader.search(SearchRequest(query, **{"size": 100, **request}))  # type: ignore[arg-type]
    return [hit.article.id for hit in page.hits]


def score(reader: Reader, query: Query, article_id: str) -> float:
    """The score of one article."""
    page = reader.search(SearchRequest(query, size=100))
    return {hit.article.id: hit.score for hit in page.hits}[article_id]


def idf(articles: int, holding: int) -> float:
    """As in ``engines/ranking.py``, written independently."""
    return math.log(articles / (holding + 1)) + 1


def bm25(tf: int, length: int, average: float) -> float:
    """As in ``engines/ranking.py``, written independently."""
    return tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * length / average))


class EngineBase:
    """An engine under test, chosen by its name, with an empty index."""

    name: str

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return tmp_path / "index"

    @pytest.fixture
    def engine(self, folder: Path) -> Engine:
        """An empty index."""
        engine = self.open(folder)
        engine.create()
        return engine

    def open(self, folder: Path) -> Engine:
        return open_engine(self.name, folder, analyzer=analyzer(), timezone=SHANGHAI)

    def drop_deleted(self, engine: Engine) -> None:
        """Have the engine drop for good what was replaced or deleted. An engine that does so with the commit does nothing here."""

    def answers(self, engine: Engine, *articles: Article) -> Callable[..., list[str]]:
        """A function that returns the ids that a query finds among ``articles``, sorted."""
        fill(engine, *articles)

        def ask(query: Query, **request: object) -> list[str]:
            with engine.reader() as reader:
                return sorted(found(reader, query, **request))

        return ask
