"""Services: the use cases of the search service. app.py and the CLI build them.

A web view or a command calls one of them and renders the answer. Each call reads the clock once and takes one
snapshot of the index.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from time import monotonic
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from indexer.analysis.dictionary import UserDictionary, function_words, verbs
from indexer.analysis.pinyin import homophones, units
from indexer.article import Article
from indexer.errors import ArticleNotFound, IndexFailure
from indexer.word_changes import WordsPreview, preview, with_words
from search_service.answering.search import Answer, Question, search
from search_service.answering.still_found import Check, Findings
from search_service.blocks.hot import HotAnswer, hot
from search_service.blocks.latest import LatestAnswer, latest
from search_service.blocks.portal import Blocks, Kept, Sizes, blocks
from search_service.blocks.related import RelatedAnswer, Wanted, related
from search_service.blocks.suggest import Suggestions, suggest
from search_service.correction.correct import NothingMeant
from search_service.gate import Gate
from search_service.limits import Limits
from search_service.live.decisions import DecidedOn, Decisions, EditorialState, LiveEditorial
from search_service.live.index import IndexState, Lent, LiveIndex
from search_service.live.jobs import LiveJobs
from search_service.live.keys import LiveKeys
from search_service.live.lag import StoreWatch
from search_service.metrics import Metrics
from search_service.querylog.base import NoQueryLog, QueryLog
from search_service.querylog.lists import HotQuery, Window
from search_service.querylog.views import ViewWindow
from search_service.ranking.aging import Aging
from search_service.ranking.relating import Relating
from search_service.settings import SearchSettings
from search_service.writing import Writing

LISTS_PATIENCE: Final = 2.0
"""Seconds to wait at the start for the lists of queries. If their database is slow or away, they come later."""

_Answer = TypeVar("_Answer")


class _NotKnown(Exception):
    """The index must be asked."""


def utc_now() -> datetime:
    """The time now in UTC, to the second. All searches of one second thus share one visibility filter."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Services:
    """Every use case, bound to one live index, one time zone and one clock.

    Safe to share between threads. Calls that ask the index pass the gate: they may raise Overloaded, and their
    ``time_limit`` seconds begin when their turn comes. Every call may raise an IndexFailure (NoLiveGeneration,
    GenerationMissing, ManifestDamaged, FormatMismatch, IndexDamaged). The next call looks at the index again.
    """

    live: LiveIndex
    timezone: ZoneInfo
    clock: Callable[[], datetime] = utc_now
    query_log: QueryLog = field(default_factory=NoQueryLog)
    editorial: LiveEditorial = field(default_factory=LiveEditorial)
    store: StoreWatch | None = None
    keys: LiveKeys = field(default_factory=LiveKeys)
    jobs: LiveJobs = field(default_factory=LiveJobs)
    writing: Writing | None = None
    aging: Aging = field(default_factory=lambda: SearchSettings().aging)
    relating: Relating = field(default_factory=lambda: SearchSettings().relating)
    time_limit: float = field(default_factory=lambda: SearchSettings().time_limit)
    gate: Gate = field(default_factory=Gate)
    nothing_meant: NothingMeant = field(default_factory=NothingMeant)
    findings: Findings = field(default_factory=Findings)
    kept_blocks: Kept = field(default_factory=Kept)
    metrics: Metrics = field(default_factory=Metrics)
    limits: Limits = field(default_factory=Limits)

    def search(self, question: Question, *, decisions: Decisions | None = None) -> Answer:
        """Answer a question. ``decisions`` are tried out in place of the editors' own.

        Raises:
            InvalidQuery: an unknown sort or facet, a page or size below 1, or a page that ends beyond MAX_DEPTH.
        """
        answer = self._in_turn(
            lambda: search(
                self.live,
                question,
                decisions=decisions or self.editorial.decisions(),
                aging=self.aging,
                popularity=self.query_log.lists.popularity,
                timezone=self.timezone,
                now=self.clock(),
                time_limit=self.time_limit,
                nothing_meant=self.nothing_meant,
            )
        )
        self.metrics.searched(answer.understood.rung, complete=answer.complete)
        return answer

    def related(self, about: str | Article, wanted: Wanted = Wanted()) -> RelatedAnswer:  # noqa: B008 (it is frozen)
        """The articles related to the article with an id, or to one that need not be in the index, such as a draft.

        Raises:
            ArticleNotFound: no article with that id is visible to readers.
        """
        return self._in_turn(lambda: self._related(about, wanted, self.clock()))

    def _related(self, about: str | Article, wanted: Wanted, now: datetime) -> RelatedAnswer:
        return related(
            self.live,
            about,
            wanted,
            decided=self._decided().related_to(about.id if isinstance(about, Article) else about),
            aging=self.aging,
            relating=self.relating,
            timezone=self.timezone,
            now=now,
        )

    def latest(
        self, *, channel: str | None = None, size: int = 10, exclude: Sequence[str] = ()
    ) -> LatestAnswer:
        """The newest articles of all channels, or of one channel and its subchannels."""
        return self._in_turn(
            lambda: latest(self.live, channel=channel, size=size, exclude=exclude, now=self.clock())
        )

    def hot(
        self,
        *,
        window: ViewWindow = "day",
        channel: str | None = None,
        size: int = 10,
        exclude: Sequence[str] = (),
    ) -> HotAnswer:
        """The articles that readers view most, of all channels, or of one channel and its subchannels; then the latest."""
        return self._in_turn(
            lambda: hot(
                self.live,
                self.query_log.lists,
                window=window,
                channel=channel,
                size=size,
                exclude=exclude,
                decided=self._decided().hot_articles(),
                now=self.clock(),
            )
        )

    def blocks(self, about: str | Article, sizes: Sizes = Sizes()) -> Blocks:  # noqa: B008 (it is frozen)
        """The related, hot and latest articles of one article's page, with no article twice.

        Those of an article in the index are kept for up to a minute, and used while the index holds all of them as they are shown. If
        the index cannot be asked, what was kept is answered, and said to be stale.

        Raises:
            ArticleNotFound: no article with that id is visible to readers.
        """
        if isinstance(about, Article):
            return self._in_turn(lambda: self._new_blocks(about, sizes))
        kept = self._kept_blocks(about, sizes)
        self.metrics.looked_up("blocks", found=kept is not None)
        try:
            state = self.live.state()
            if kept and kept.is_of(state):
                return replace(kept, index=state)
            return self._in_turn(lambda: self._blocks(about, sizes, kept))
        except IndexFailure:
            if (kept := self._kept_blocks(about, sizes)) is None:
                raise
            return replace(kept, stale=True)

    def _kept_blocks(self, article_id: str, sizes: Sizes) -> Blocks | None:
        return self.kept_blocks.get(
            article_id, sizes, self.query_log.lists, self._decided(), self.clock()
        )

    def _blocks(self, article_id: str, sizes: Sizes, kept: Blocks | None) -> Blocks:
        """The kept lists if a newer snapshot still holds them, else new ones. If it does not, they are dropped."""
        with self.live.reader() as lent:
            if kept and kept.stands_in(lent.reader):
                made = replace(kept, index=lent.state)
            else:
                self.kept_blocks.drop(article_id, sizes)
                made = self._new_blocks(article_id, sizes)
        self.kept_blocks.put(sizes, made)
        return made

    def _new_blocks(self, about: str | Article, sizes: Sizes) -> Blocks:
        now = self.clock()
        around = self._related(about, Wanted(size=sizes.related, one_of_event=True), now)
        decided = self._decided()
        return blocks(self.live, self.query_log.lists, around, sizes, decided=decided, now=now)

    def preview_words(self, words: UserDictionary | None = None) -> WordsPreview:
        """What the editors' list of words would change if it were applied, or a list of these ``words``.

        Makes a second dictionary for the time of the call, 0.3 s and 60 MB, which no search waits for.
        """
        proposed = self.editorial.decisions().words if words is None else words
        kept = with_words(self.live.analyzer(), proposed)
        kept.query("预热")  # loads the dictionary, which analyzers with the same words share

        def ask() -> WordsPreview:
            with self.live.reader() as lent:
                after = with_words(lent.analyzer, proposed)
                deadline = monotonic() + self.time_limit
                return preview(lent.reader, lent.analyzer, after, deadline=deadline)

        return self._in_turn(ask)

    def suggest(self, prefix: str, *, size: int = 10) -> Suggestions:
        """Completions of the typed text."""
        made = self._in_turn(
            lambda: suggest(
                self.live,
                prefix,
                size=size,
                now=self.clock(),
                time_limit=self.time_limit,
                queries=self.query_log.lists,
                blocked=self.editorial.decisions().blocked,
                finding=self._check,
            )
        )
        self.metrics.suggested(complete=made.complete)
        return made

    def hot_queries(self, *windows: Window, size: int = 10) -> tuple[HotQuery, ...]:
        """At most ``size`` queries that many readers asked: first those of the first window, then those of the others.

        Pinned queries, and others if they still find something. Queries that cannot be checked in time are left out.
        """
        lists, decided = self.query_log.lists, self._decided()

        def choose(finds: Callable[[str], bool]) -> tuple[HotQuery, ...]:
            found: dict[str, HotQuery] = {}
            for window in windows:
                for item in lists.hot(window, size=size, editorial=decided, finds=finds):
                    found.setdefault(item.text, item)
                if len(found) >= size:
                    break
            return tuple(found.values())[:size]

        return self._choose(choose)

    def related_queries(self, text: str, *, size: int = 8) -> tuple[str, ...]:
        """At most ``size`` other queries that share words or clicked articles with ``text``; the closest first.

        Only those that still find something. Queries that cannot be checked in time are left out.
        """
        lists, decided = self.query_log.lists, self._decided()
        return self._choose(
            lambda finds: lists.related(text, size=size, editorial=decided, finds=finds)
        )

    def article(self, article_id: str) -> tuple[Article, IndexState]:
        """One article as it was indexed.

        Raises:
            ArticleNotFound: no article with that id is visible to readers.
        """

        def get() -> tuple[Article | None, IndexState]:
            with self.live.reader() as (reader, state, _):
                return reader.get(article_id), state

        article, state = self._in_turn(get)
        if article is None or not article.is_visible(self.clock()):
            raise ArticleNotFound(article_id)
        return article, state

    def index_state(self) -> IndexState:
        """The state of the live index, for health checks."""
        return self.live.state()

    def editorial_state(self) -> EditorialState:
        """How current the editorial lists are, for health checks."""
        return self.editorial.state()

    def warm_up(self) -> None:
        """Load the dictionaries (a second or two) and all lists, and keep the index fresh, so that no reader waits for them."""
        self.editorial.refresh()
        with (
            suppress(IndexFailure),
            self.live.reader() as lent,
        ):  # each request reports the failure to its reader
            lent.analyzer.sounding(("yu", "re"))
        self.live.keep_fresh()
        homophones()  # for suggestions and corrections
        function_words()  # for suggestions
        verbs()
        units("预热")
        self.query_log.settle(LISTS_PATIENCE)
        if self.store is not None:
            self.store.settle()

    def close(self) -> None:
        """Close the gate, the live index, the query log, the editorial lists, the keys, the jobs and the articles."""
        self.gate.close()
        self.live.close()
        self.query_log.close()
        self.editorial.close()
        if self.store is not None:
            self.store.close()
        self.keys.close()
        self.jobs.close()
        if self.writing is not None:
            self.writing.close()
        self.limits.close()

    def _in_turn(self, ask: Callable[[], _Answer]) -> _Answer:
        with self.metrics.at_gate.track_inprogress():
            return self.gate.pass_in_turn(ask, patience=self.time_limit)

    def _choose(self, choose: Callable[[Callable[[str], bool]], _Answer]) -> _Answer:
        """What ``choose`` chooses, given whether a query still finds something. Passes the gate only if the index must be asked."""
        state, now = cache(self.live.state), self.clock()
        version = self.editorial.decisions().version

        def known(text: str) -> bool:
            found = self.findings.known(text, state(), version, now)
            self.metrics.looked_up("queries", found=found is not None)
            if found is None:
                raise _NotKnown
            return found

        def ask() -> _Answer:
            with self.live.reader() as lent:
                return choose(self._check(lent, monotonic() + self.time_limit))

        try:
            return choose(known)
        except _NotKnown:
            return self._in_turn(ask)

    def _check(self, lent: Lent, deadline: float) -> Check:
        return Check(
            findings=self.findings,
            lent=lent,
            decisions=self.editorial.decisions(),
            timezone=self.timezone,
            now=self.clock(),
            deadline=deadline,
        )

    def _decided(self) -> DecidedOn:
        today = self.clock().astimezone(self.timezone).date()
        return DecidedOn(self.editorial.decisions(), today)
