"""Search: one page of the articles that answer a reader's query.

Four steps: parse the text, climb the ladder until a rung answers, look for a correction, cut out snippets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from math import ceil
from time import monotonic, perf_counter
from typing import Final
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.article import Article
from indexer.engines.base import Reader
from indexer.hits import FacetCount, Hit, Lack
from indexer.query import (
    MAX_DEPTH,
    And,
    Collapse,
    MatchAll,
    Or,
    Popularity,
    Query,
    Range,
    SearchRequest,
    Sort,
    Term,
)
from search_service.answering.climb import Climbed
from search_service.answering.explain import Explanation, explain
from search_service.answering.facets import Narrowing, counting
from search_service.answering.ladder import query_on, rescore_for, titles_first
from search_service.answering.marking import needles_of
from search_service.answering.missing import missing
from search_service.answering.pinning import arrange
from search_service.answering.rungs import Rung, is_loose
from search_service.correction.correct import Correction, Meant, NothingMeant, corrected, has_tones
from search_service.excerpts.snippets import Marked, Needle, mark, snippet
from search_service.live.decisions import Decisions
from search_service.live.index import IndexState, Lends, Lent
from search_service.ranking.aging import Aging
from search_service.ranking.weights import FEW
from search_service.understanding.filters import (
    AttributeFilter,
    any_of,
    in_channel,
    published_between,
    visible,
    with_attribute,
)
from search_service.understanding.parse import Parsed, Syntax, parse
from search_service.understanding.recency import recency
from search_service.understanding.synonyms import Used, with_synonyms
from search_service.understanding.tree import Node, Phrase, Words, wanted

DEFAULT_SIZE: Final = 10
MAX_SIZE: Final = 100
"""Maximum number of articles on a page. The web layer refuses more; this module does not check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One search request.

    An empty ``text`` browses: everything, newest first. An article must have one of the chosen values of each field. A channel
    includes its subchannels. ``start`` and ``end`` are days in the service's zone, both included; ``within`` demands that no more time has passed
    since an article was published. ``facets`` are names of
    FACET_FIELDS, each with at most ``facet_size`` values. A facet counts as if no value of its own field were chosen. Only the best article of a duplicate group
    is a hit, unless ``collapse`` is "none" or ``group`` asks for one group. Without ``correct``, only the typed text is
    searched, and no correction is offered. ``explain`` explains the score of each hit if the sort is by relevance. The sort hot is by
    the views of the last seven days.
    """

    text: str = ""
    syntax: Syntax = "default"
    channel: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    author: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    site: tuple[str, ...] = ()
    attributes: tuple[AttributeFilter, ...] = ()
    group: int | None = None
    start: date | None = None
    end: date | None = None
    within: timedelta | None = None
    sort: Sort = "relevance"
    collapse: Collapse = "duplicates"
    facets: tuple[str, ...] = ()
    facet_size: int = 20
    correct: bool = True
    explain: bool = False
    page: int = 1
    size: int = DEFAULT_SIZE


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """How the text of a question was read.

    ``parsed`` is its canonical form. ``rung`` is the rung that answered (see ``ladder.py``). ``stricter`` counts the
    articles found that also match a stricter rung. ``ignored`` are the words that were left out, ``synonyms`` the words
    searched beside the typed ones, ``missing`` the words that no article holds (told if nothing was found, or if some hits
    lack words and the query is not loose), ``notes`` Chinese sentences for the reader. ``correction`` is the text that was
    probably meant. If it is applied, all other fields describe the corrected text.
    """

    parsed: str
    rung: Rung
    stricter: int = 0
    ignored: tuple[str, ...] = ()
    synonyms: tuple[Used, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    correction: Correction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundArticle:
    """One hit, with its snippet and marked title. ``duplicates`` counts the other articles found of its duplicate group.

    ``pinned``: an editor put it there. Its score is 0.
    """

    article: Article
    score: float
    duplicates: int
    pinned: bool
    title: Marked
    snippet: Marked
    explanation: Explanation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One page of results.

    ``total`` counts articles. ``groups`` counts hits on all pages: fewer than ``total`` if duplicates are collapsed.
    ``pages`` counts the pages that can be requested. ``sort`` is the order of the hits: newest if hot was asked for and no view is
    known. With a ``lack`` articles, corrections, marks or explanations may be missing.
    """

    question: Question
    understood: Understood
    sort: Sort
    total: int
    groups: int
    total_is_estimate: bool
    lack: Lack | None
    hits: tuple[FoundArticle, ...]
    facets: Mapping[str, tuple[FacetCount, ...]]
    page: int
    size: int
    pages: int
    index: IndexState
    took_ms: float

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return self.lack is None


@dataclass(frozen=True, slots=True)
class _Asked:
    """One text: how it was read and what it found. ``pinned`` are the ids of the pinned articles."""

    parsed: Parsed
    tree: Node | None
    request: SearchRequest
    used: tuple[Used, ...]
    found: Climbed
    pinned: frozenset[str]


def search(
    live: Lends,
    question: Question,
    *,
    decisions: Decisions,
    aging: Aging,
    popularity: Popularity | None,
    timezone: ZoneInfo,
    now: datetime,
    time_limit: float,
    nothing_meant: NothingMeant,
) -> Answer:
    """Answer a question from an index, the live one as a rule, within ``time_limit`` seconds. Only articles visible at ``now`` are found.

    Raises:
        InvalidQuery: an unknown sort or facet, a page or size below 1, or a page that ends beyond MAX_DEPTH.
        IndexFailure: see :meth:`LiveIndex.reader`.
    """
    began = perf_counter()
    sort: Sort = "newest" if question.sort == "hot" and popularity is None else question.sort
    request = SearchRequest(
        MatchAll(),
        filter=visible(now),
        sort=sort,
        collapse=question.collapse if question.group is None else "none",
        recency=recency(aging, now, timezone),
        popularity=popularity,
        facets=question.facets,
        facet_size=question.facet_size,
        page=question.page,
        size=question.size,
    )
    narrowing = _narrowing(question, timezone, now)

    def ask(lent: Lent, text: str, *, for_total: bool = False) -> _Asked:
        reader, _, analyzer = lent
        parsed = parse(text, analyzer=analyzer, timezone=timezone, syntax=question.syntax)
        tree, used = with_synonyms(parsed.tree, decisions.synonyms, analyzer)
        first = titles_first(text, tree)
        ranked = replace(request, first=first, rescore=rescore_for(tree))
        asked = counting(request) if for_total else ranked
        placements = decisions.placements(text, now.astimezone(timezone).date())
        arranged = arrange(reader, tree, asked, narrowing, placements)
        return _Asked(parsed, tree, asked, used, arranged.found, arranged.pinned)

    with live.reader() as lent:
        reader, state, analyzer = lent
        # The time begins here: the first question of a process also opens the index and loads its dictionary.
        deadline = monotonic() + time_limit
        request = replace(request, deadline=deadline)
        asked = ask(lent, question.text)
        correction: Correction | None = None
        meant: Meant | None = None
        if question.correct and asked.found.page.complete:
            known = nothing_meant.of((state.generation, state.revision))
            meant = _meant(asked, reader, analyzer, now, deadline, known)
        if meant and monotonic() < deadline and not decisions.blocked(meant.query):
            applied = meant.sure and (meant.whole or not asked.found.page.total)
            other = ask(lent, meant.query, for_total=not applied)
            if _finds_more(meant, other.found, asked.found):
                correction = Correction(meant.query, applied)
                asked = other if applied else asked
        explanations = _explanations(asked, reader) if question.explain else {}
        lacking: tuple[str, ...] = ()
        if _is_poor(asked) and monotonic() < deadline:
            lacking = missing(asked.tree, asked.found.rung, reader, analyzer, counting(request))
    page = asked.found.page
    needles = needles_of(asked.tree, asked.found.rung, analyzer)
    hits = tuple(
        _show(
            hit,
            needles if monotonic() < deadline else (),
            asked.pinned,
            explanations.get(hit.article.id),
        )
        for hit in page.hits
    )
    lack = page.lack or (None if monotonic() < deadline else "time")
    return Answer(
        question=question,
        understood=_understood(asked, correction, lacking, unviewed=sort != question.sort),
        sort=sort,
        total=page.total,
        groups=page.groups,
        total_is_estimate=page.total_is_estimate or lack is not None,
        lack=lack,
        hits=hits,
        facets=page.facets,
        page=question.page,
        size=question.size,
        pages=min(ceil(page.groups / question.size), MAX_DEPTH // question.size),
        index=state,
        took_ms=(perf_counter() - began) * 1000,
    )


def _explanations(asked: _Asked, reader: Reader) -> dict[str, Explanation]:
    """The explanations of the hits' scores, by article id. Pins have no explanation. Empty unless the sort is by relevance."""
    if asked.request.sort != "relevance":
        return {}
    request = replace(asked.request, query=query_on(asked.tree, asked.found.rung))
    hits = [hit for hit in asked.found.page.hits if hit.article.id not in asked.pinned]
    return explain(reader, request, hits)


def _narrowing(question: Question, timezone: ZoneInfo, now: datetime) -> Narrowing:
    chosen: dict[str, Query] = {}
    if question.channel:
        chosen["channel"] = Or(tuple(map(in_channel, question.channel)))
    for field in ("source", "author", "tag", "site"):
        values: tuple[str, ...] = getattr(question, field)
        if values:
            chosen[field] = any_of(field, values)
    if question.attributes:
        chosen["attribute"] = And(tuple(map(with_attribute, question.attributes)))
    if question.group is not None:
        chosen["group"] = Term("group", str(question.group))
    if question.start or question.end:
        chosen["published_at"] = published_between(question.start, question.end, timezone)
    if question.within is not None:
        chosen["age"] = Range("published_at", start=now - question.within)
    return chosen


def _meant(
    asked: _Asked,
    reader: Reader,
    analyzer: Analyzer,
    now: datetime,
    deadline: float,
    nothing_meant: set[object],
) -> Meant | None:
    """The text that was probably meant, if any. None for a loose query: one wrong character changes little in it.

    Pinyin with tones is never loose, however many syllables it has.
    """
    tree = asked.parsed.tree
    if tree is None or (is_loose(tree) and not (isinstance(tree, Words) and has_tones(tree.text))):
        return None
    doubtful = asked.found.whole < FEW
    told = (asked.parsed.echo, doubtful)
    if told in nothing_meant:
        return None
    meant = corrected(
        tree, reader, analyzer, seen=visible(now), doubtful=doubtful, deadline=deadline
    )
    if meant is None and monotonic() < deadline:
        nothing_meant.add(told)
    return meant


def _finds_more(meant: Meant, other: Climbed, found: Climbed) -> bool:
    """Whether a correction finds articles with all its words, and the typed text finds fewer such articles or none.

    If the whole text stands nowhere, all that it finds are accidents, and their number says nothing. Without this check, 48 of
    286 real queries that found little got a nonsense correction: the index held no answer to them.
    """
    if not other.whole:
        return False
    return (meant.whole and meant.nowhere) or other.whole > found.whole


def _is_poor(asked: _Asked) -> bool:
    """Whether nothing was found, or only articles that lack some of the words. Loose queries allow for missing words."""
    relaxed = not asked.found.whole and not is_loose(asked.tree)
    return relaxed or not asked.found.page.total


def _understood(
    asked: _Asked, correction: Correction | None, lacking: tuple[str, ...], *, unviewed: bool
) -> Understood:
    parsed, found = asked.parsed, asked.found
    notes = parsed.notes
    if unviewed:
        notes = (*notes, "最近七天还没有阅读记录，已按最新排列。")
    if isinstance(parsed.tree, Words) and not (parsed.tree.tokens or parsed.tree.days):
        notes = (*notes, "没有可以搜索的字词，已按原样查找。")
    leaves = wanted(parsed.tree)
    if found.page.total and found.rung == "unquoted":
        near = any(isinstance(leaf, Phrase) and leaf.slop for leaf in leaves)
        how = "符合引号的要求" if near else "原样含有引号里的文字"
        notes = (*notes, f"没有文章{how}，已去掉引号搜索。")
    elif not found.page.total and any(
        isinstance(leaf, Phrase) and leaf.title_only and not leaf.slop for leaf in leaves
    ):
        notes = (*notes, "引号里的文字要原样出现；去掉引号可以放宽搜索。")
    return Understood(
        parsed=parsed.echo,
        rung=found.rung,
        stricter=found.stricter_total,
        ignored=parsed.ignored,
        synonyms=asked.used,
        missing=lacking,
        notes=notes,
        correction=correction,
    )


def _show(
    hit: Hit,
    needles: tuple[Needle, ...],
    pinned: frozenset[str],
    explanation: Explanation | None,
) -> FoundArticle:
    return FoundArticle(
        article=hit.article,
        score=hit.score,
        duplicates=hit.group_size - 1,
        pinned=hit.article.id in pinned,
        title=mark(hit.article.title, needles),
        snippet=snippet(hit.article, needles),
        explanation=explanation,
    )
