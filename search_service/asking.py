"""Asks any index, live or not, as a reader's search asks the live one: the search service's side of ``indexer/asking.py``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from functools import cached_property
from typing import Final

from indexer.analysis.analyzers import Analyzer, make_analyzer
from indexer.asking import Asked
from indexer.engines.base import Engine
from indexer.settings import IndexSettings
from indexer.store.database import find_editorial
from indexer.store.editorial_lists import EditorialLists
from search_service.answering.search import Question, search
from search_service.correction.correct import NothingMeant
from search_service.live.decisions import Decisions
from search_service.live.index import IndexState, Lent
from search_service.querylog.counts import last_queries
from search_service.querylog.store import find_query_log
from search_service.services import utc_now
from search_service.settings import SearchSettings

TIME_LIMIT: Final = 60.0
"""Seconds for one question. What a busy machine cuts short would look like a difference between two indexes."""
PLACING: Final = frozenset({"pins", "hides"})
"""The editors' lists that put articles on a page, or keep them off it, whatever the index finds."""


class AskingAsReaders:
    """See :class:`indexer.asking.Asking`. Every question is asked at the time of the first one."""

    def __init__(self, settings: IndexSettings, searching: SearchSettings) -> None:
        self._settings, self._searching = settings, searching
        self._analyzers: list[Analyzer] = []

    def ask(self, engine: Engine, text: str) -> Asked:
        """See :meth:`indexer.asking.Asking.ask`."""
        answer = search(
            _Lending(engine, self._cutting(engine.analyzer)),
            Question(text=text),
            decisions=self._decisions,
            aging=self._searching.aging,
            popularity=None,
            timezone=self._settings.timezone,
            now=self._now,
            time_limit=TIME_LIMIT,
            nothing_meant=NothingMeant(),
        )
        return Asked(answer.total, tuple(hit.article.id for hit in answer.hits))

    def recorded(self, most: int) -> list[str]:
        """See :meth:`indexer.asking.Asking.recorded`."""
        if self._searching.querylog_url is None:
            return []
        log = find_query_log(self._searching.querylog_url, self._settings.timezone)
        with closing(log), log.reading() as connection:
            return last_queries(connection, most)

    @cached_property
    def _now(self) -> datetime:
        return utc_now()

    @cached_property
    def _decisions(self) -> Decisions:
        """The editors' lists without those that place articles, read at the first question."""
        with closing(find_editorial(self._settings.store_url)) as store:
            lists = store.read()
        entries = {name: each for name, each in lists.entries.items() if name not in PLACING}
        return Decisions(EditorialLists(lists.version, entries))

    def _cutting(self, made_with: Analyzer) -> Analyzer:
        """An analyzer with the words of ``made_with`` and the editors' stopwords. Kept, because it learns how queries are cut."""
        words = made_with.user_dictionary, made_with.found_words
        for each in self._analyzers:
            if each.knowing(*words) is each:
                return each
        made = make_analyzer(stopwords=lambda: self._decisions.stopwords).knowing(*words)
        self._analyzers.append(made)
        return made


class _Lending:
    """Lends new readers of an index that need not be live."""

    def __init__(self, engine: Engine, analyzer: Analyzer) -> None:
        self._engine, self._analyzer = engine, analyzer

    @contextmanager
    def reader(self) -> Iterator[Lent]:
        with self._engine.reader() as reader:
            state = IndexState(
                generation="",
                revision=reader.revision,
                as_of=utc_now(),
                doc_count=reader.doc_count,
                rebuilding=False,
                outdated=False,
            )
            yield Lent(reader, state, self._analyzer)
