"""Whether recorded queries still find something that readers may see. Lists offer readers no others.

The query log records what a query found when it was asked. Meanwhile its only article may have been withdrawn. The query is
often the title of that article, and would tell what was withdrawn. Loosely, nearly every title finds something. So a query
counts as found only if one article holds all its words.

Each change of the store takes a revision of its own and changes one article. A query that found five articles therefore
still finds one after four more revisions, and is not asked again before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from time import monotonic
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from indexer.query import SearchRequest
from search_service.answering.ladder import query_on
from search_service.answering.pinning import count_arranged
from search_service.answering.rungs import ALL_WORDS, rungs
from search_service.live.decisions import Decisions
from search_service.live.index import IndexState, Lent
from search_service.understanding.filters import visible
from search_service.understanding.parse import parse
from search_service.understanding.synonyms import with_synonyms

KEPT_FOR: Final = timedelta(minutes=1)
"""How long a finding counts. Articles appear and expire without a revision. The lists too are read once a minute."""

MOST_KEPT: Final = 10_000
"""Maximum number of findings that are kept. They take some three MiB. The lists hold about as many queries."""

MOST_ASKED: Final = 100
"""Maximum number of queries that the index is asked about for one answer. This takes some 0.1 s. An index that no longer holds
what its log asks for cannot take up more time."""


class _Finding(NamedTuple):
    """How many articles a query found, in which state of the index and of the editors' lists, and when."""

    articles: int
    generation: str
    revision: int
    version: int
    at: datetime


class Findings:
    """What recorded queries found. Safe to share between threads."""

    def __init__(self) -> None:
        self._of: dict[str, _Finding] = {}

    def known(self, text: str, state: IndexState, version: int, now: datetime) -> bool | None:
        """Whether a query finds something in the index of ``state``; None if the index must be asked.

        ``version`` is that of the editors' lists. That a query finds something again shows after KEPT_FOR.
        """
        found = self._of.get(text)
        if (
            found is None
            or (found.generation, found.version) != (state.generation, version)
            or abs(now - found.at) >= KEPT_FOR
        ):
            return None
        changed = state.revision - found.revision
        return found.articles > 0 if not found.articles or 0 <= changed < found.articles else None

    def note(
        self, text: str, articles: int, state: IndexState, version: int, now: datetime
    ) -> None:
        """Keep how many articles a query finds. Forgets everything at MOST_KEPT."""
        if len(self._of) >= MOST_KEPT:
            self._of.clear()
        self._of[text] = _Finding(articles, state.generation, state.revision, version, now)


@dataclass(slots=True, kw_only=True)
class Check:
    """Says for one answer whether queries still find something. Asks the index if that is not known.

    It is False for a query that could not be checked before the ``deadline``, or with MOST_ASKED questions.
    """

    findings: Findings
    lent: Lent
    decisions: Decisions
    timezone: ZoneInfo
    now: datetime
    deadline: float
    asked: int = 0

    def __call__(self, text: str) -> bool:
        """Whether a query still finds something. Costs about a millisecond if the index is asked."""
        state, version = self.lent.state, self.decisions.version
        known = self.findings.known(text, state, version, self.now)
        if known is not None:
            return known
        if self.asked >= MOST_ASKED or monotonic() >= self.deadline:
            return False
        self.asked += 1
        articles = self._articles(text)
        if monotonic() < self.deadline:
            self.findings.note(text, articles, state, version, self.now)
        return articles > 0

    def _articles(self, text: str) -> int:
        """How many articles the strictest rungs find; with the editors' pins, and without what they hid."""
        reader, _, analyzer = self.lent
        parsed = parse(text, analyzer=analyzer, timezone=self.timezone)
        tree, _ = with_synonyms(parsed.tree, self.decisions.synonyms, analyzer)
        placements = self.decisions.placements(text, self.now.astimezone(self.timezone).date())
        strict = takewhile(ALL_WORDS.__contains__, rungs(tree))
        counts = (
            count_arranged(
                reader,
                SearchRequest(
                    query_on(tree, rung), filter=visible(self.now), deadline=self.deadline
                ),
                placements,
            )
            for rung in strict
        )
        return next(filter(None, counts), 0)
