"""A store and the generations made of it, for tests of rebuilds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.article import Article
from indexer.asking import Asking
from indexer.build_progress import BuildProgress, Report
from indexer.editorial.entries import dictionary_of
from indexer.editorial.lines import read_entry
from indexer.engines.base import Engine
from indexer.engines.registry import open_engine
from indexer.generations import Generations
from indexer.query import MatchAll, SearchRequest
from indexer.rebuilding.catch_up import ChangesReport, apply_changes
from indexer.rebuilding.if_needed import Outcome, rebuild_if_needed
from indexer.rebuilding.rebuild import RebuildReport, rebuild
from indexer.rebuilding.status import CheckReport, Standing, check, look
from indexer.rebuilding.words import WordsReport, apply_words
from indexer.settings import IndexSettings
from indexer.store.articles import ArticleStore
from search_service.asking import AskingAsReaders
from search_service.settings import SearchSettings
from tests.factories import article

SHANGHAI = ZoneInfo("Asia/Shanghai")


def asking_as_readers(store_url: str, log_url: str | None = None) -> Asking:
    """Asks as the search service does, with the editors' lists of a store."""
    settings = replace(IndexSettings(), store_url=store_url)
    return AskingAsReaders(settings, SearchSettings(querylog_url=log_url))


@dataclass
class Site:
    """A store and an index folder, and the calls that tests make on them."""

    root: Path
    store: ArticleStore
    analyzer: Analyzer
    engine_name: str
    generations: Generations = field(init=False)

    def __post_init__(self) -> None:
        self.generations = Generations(self.root / "index_data")

    @property
    def means(self) -> dict[str, Any]:
        return {
            "engine_name": self.engine_name,
            "analyzer": self.analyzer,
            "timezone": SHANGHAI,
        }

    def fill(self, *ids: str, **values: object) -> None:
        self.store.put([article(each, **{"title": f"报道 {each}", **values}) for each in ids])

    def rebuild(self, **options: Any) -> RebuildReport:
        return rebuild(self.store, self.generations, **(self.means | {"keep": 2} | options))

    def rebuild_if_needed(self) -> Outcome:
        return rebuild_if_needed(self.store, self.generations, keep=2, **self.means)

    def apply_words(self, *words: str, **options: Any) -> WordsReport:
        """Apply these lines of the list of words, and keep them as the site's."""
        listed = dictionary_of(read_entry("words", line) for line in words)
        self.analyzer = self.analyzer.knowing(listed)
        return apply_words(self.store, self.generations, **(self.means | {"keep": 2} | options))

    def apply_changes(self, **options: Any) -> ChangesReport:
        return apply_changes(self.store, self.generations, **(self.means | options))

    def look(self) -> Standing:
        return look(self.store, self.generations, **self.means)

    def check(self) -> CheckReport:
        return check(self.store, self.generations, **self.means)

    def engine(self, name: str | None = None) -> Engine:
        """The engine of a generation, the live one unless named."""
        folder = self.generations.root / "generations" / (name or self.generations.live().name)
        return open_engine(
            self.engine_name, folder / "index", analyzer=self.analyzer, timezone=SHANGHAI
        )

    def indexed(self, name: str | None = None) -> dict[str, Article]:
        with self.engine(name).reader() as reader:
            page = reader.search(SearchRequest(MatchAll(), size=1_000))
        return {hit.article.id: hit.article for hit in page.hits}

    def stored(self) -> dict[str, Article]:
        return {
            change.article_id: change.article for change in self.store.changes() if change.article
        }

    def folders(self) -> list[str]:
        return sorted(path.name for path in (self.generations.root / "generations").iterdir())


def at(phase: str, act: Callable[[], object]) -> Report:
    """Progress that acts once, as soon as ``phase`` begins."""
    acted: list[str] = []

    def report(progress: BuildProgress) -> None:
        if progress.phase == phase and not acted:
            acted.append(phase)
            act()

    return report
