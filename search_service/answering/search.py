"""Search: one page of the articles that answer a reader's query.

Four steps: parse the text, climb the ladder until a rung answers, look for a correction, cut out snippets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise
from math import ceil
from time import monotonic, perf_counter
from typing import Final
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.analysis.characters import fold_literal
from indexer.article import Article
from indexer.engines.base import Reader
from indexer.hits import FacetCount, Hit
from indexer.query import MAX_DEPTH, Collapse, MatchAll, Query, Recency, SearchRequest, Sort, Term
from search_service.answering.climb import Climbed, counting
from search_service.answering.explain import Explanation, explain
from search_service.answering.ladder import (
    Rung,
    has_other_signs,
    is_loose,
    may_stand_inside,
    query_on,
    rescore_for,
)
from search_service.answering.pinning import arrange
from search_service.correction.correct import Correction, Doubt, NothingMeant, corrected
from search_service.excerpts.snippets import Marked, Needle, mark, snippet
from search_service.live.decisions import Decisions
from search_service.live.index import IndexState, Lent, LiveIndex
from search_service.ranking.aging import Aging
from search_service.ranking.weights import FADED, FEW
from search_service.understanding.filters import (
    in_channel,
    published_between,
    start_of_day,
    visible,
)
from search_service.understanding.parse import Parsed, Syntax, parse
from search_service.understanding.synonyms import Used, with_synonyms
from search_service.understanding.tree import Node, Phrase, Words, wanted

DEFAULT_SIZE: Final = 10
MAX_SIZE: Final = 100
"""Maximum number of articles on a page. The web layer refuses more; this module does not check."""


_ALL_WORDS: Final[tuple[Rung, ...]] = ("words", "inside")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One search request.

    An empty ``text`` browses: everything, newest first. ``channel`` includes its subchannels. ``start`` and ``end`` are days
    in the service's zone, both included. ``facets`` are names of FACET_FIELDS. Only the best article of a duplicate group
    is a hit, unless ``collapse`` is "none" or ``group`` asks for one group. Without ``correct``, only the typed text is
    searched, and no correction is offered. ``explain`` explains the score of each hit if the sort is by relevance.
    """

    text: str = ""
    syntax: Syntax = "default"
    channel: str | None = None
    source: str | None = None
    author: str | None = None
    tag: str | None = None
    group: int | None = None
    start: date | None = None
    end: date | None = None
    sort: Sort = "relevance"
    collapse: Collapse = "duplicates"
    facets: tuple[str, ...] = ()
    correct: bool = True
    explain: bool = False
    page: int = 1
    size: int = DEFAULT_SIZE


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """How the text of a question was read.

    ``parsed`` is its canonical form. ``rung`` is the rung that answered (see ``ladder.py``). ``stricter`` counts the
    articles found that also match a stricter rung. ``ignored`` are the words that were left out, ``synonyms`` the words
    searched beside the typed ones, ``notes`` Chinese sentences for the reader. ``correction`` is the text that was
    probably meant. If it is applied, all other fields describe the corrected text.
    """

    parsed: str
    rung: Rung
    stricter: int = 0
    ignored: tuple[str, ...] = ()
    synonyms: tuple[Used, ...] = ()
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
    ``pages`` counts the pages that can be requested. If not ``complete``, time ran out, and articles, corrections, marks
    or explanations may be missing.
    """

    question: Question
    understood: Understood
    total: int
    groups: int
    total_is_estimate: bool
    complete: bool
    hits: tuple[FoundArticle, ...]
    facets: Mapping[str, tuple[FacetCount, ...]]
    page: int
    size: int
    pages: int
    index: IndexState
    took_ms: float


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
    live: LiveIndex,
    question: Question,
    *,
    decisions: Decisions,
    aging: Aging,
    timezone: ZoneInfo,
    now: datetime,
    time_limit: float,
    nothing_meant: NothingMeant,
) -> Answer:
    """Answer a question from the live index within ``time_limit`` seconds. Only articles visible at ``now`` are found.

    Raises:
        InvalidQuery: an unknown sort or facet, a page or size below 1, or a page that ends beyond MAX_DEPTH.
        IndexFailure: see :meth:`LiveIndex.reader`.
    """
    began = perf_counter()
    deadline = monotonic() + time_limit
    request = SearchRequest(
        MatchAll(),
        filter=visible(now),
        sort=question.sort,
        collapse=question.collapse if question.group is None else "none",
        recency=_recency(aging, now, timezone),
        facets=question.facets,
        page=question.page,
        size=question.size,
        deadline=deadline,
    )
    narrowing = _narrowing(question, timezone)

    def ask(lent: Lent, text: str, *, for_total: bool = False) -> _Asked:
        reader, _, analyzer = lent
        parsed = parse(text, analyzer=analyzer, timezone=timezone, syntax=question.syntax)
        tree, used = with_synonyms(parsed.tree, decisions.synonyms, analyzer)
        asked = counting(request) if for_total else replace(request, rescore=rescore_for(tree))
        placements = decisions.placements(text, now.astimezone(timezone).date())
        arranged = arrange(reader, tree, asked, narrowing, placements)
        return _Asked(parsed, tree, asked, used, arranged.found, arranged.pinned)

    with live.reader() as lent:
        reader, state, analyzer = lent
        asked = ask(lent, question.text)
        correction: Correction | None = None
        meant: str | None = None
        if question.correct and asked.found.page.complete:
            known = nothing_meant.of((state.generation, state.revision))
            meant = _meant(asked, reader, analyzer, now, deadline, known)
        if meant and monotonic() < deadline and not decisions.blocked(meant):
            applied = not asked.found.page.total
            other = ask(lent, meant, for_total=not applied)
            if _finds_more(other.found, asked.found):
                correction = Correction(meant, applied)
                asked = other if applied else asked
        explanations = _explanations(asked, reader) if question.explain else {}
    page = asked.found.page
    needles = _needles(asked.tree, asked.found.rung, analyzer)
    hits = tuple(
        _show(
            hit,
            needles if monotonic() < deadline else (),
            asked.pinned,
            explanations.get(hit.article.id),
        )
        for hit in page.hits
    )
    complete = page.complete and monotonic() < deadline
    return Answer(
        question=question,
        understood=_understood(asked, correction),
        total=page.total,
        groups=page.groups,
        total_is_estimate=page.total_is_estimate or not complete,
        complete=complete,
        hits=hits,
        facets=page.facets,
        page=question.page,
        size=question.size,
        pages=min(ceil(page.groups / question.size), MAX_DEPTH // question.size),
        index=state,
        took_ms=(perf_counter() - began) * 1000,
    )


def _recency(aging: Aging, now: datetime, timezone: ZoneInfo) -> Recency | None:
    """How age lowers scores. Ages are measured at the start of today: all pages of a day agree. None if no article ages."""
    if aging.half_life is None and all(days is None for _, days in aging.channels):
        return None
    today = start_of_day(now.astimezone(timezone).date(), timezone)
    return Recency(today, aging.half_life, aging.channels, FADED)


def _explanations(asked: _Asked, reader: Reader) -> dict[str, Explanation]:
    """The explanations of the hits' scores, by article id. Pins have no explanation. Empty unless the sort is by relevance."""
    if asked.request.sort != "relevance":
        return {}
    request = replace(asked.request, query=query_on(asked.tree, asked.found.rung))
    hits = [hit for hit in asked.found.page.hits if hit.article.id not in asked.pinned]
    return explain(reader, request, hits)


def _narrowing(question: Question, timezone: ZoneInfo) -> list[Query]:
    clauses: list[Query] = []
    if question.channel is not None:
        clauses.append(in_channel(question.channel))
    for field in ("source", "author", "tag"):
        value: str | None = getattr(question, field)
        if value is not None:
            clauses.append(Term(field, value))
    if question.group is not None:
        clauses.append(Term("group", str(question.group)))
    if question.start or question.end:
        clauses.append(published_between(question.start, question.end, timezone))
    return clauses


def _meant(
    asked: _Asked,
    reader: Reader,
    analyzer: Analyzer,
    now: datetime,
    deadline: float,
    nothing_meant: set[object],
) -> str | None:
    """The text that was probably meant, if any. The doubt about a loose query is "none": one wrong character changes little in it."""
    tree = asked.parsed.tree
    if tree is None:
        return None
    doubt: Doubt = "none"
    if not is_loose(tree):
        if asked.found.page.total < FEW:
            doubt = "much"
        elif asked.found.rung not in _ALL_WORDS:
            doubt = "some"
    told = (asked.parsed.echo, doubt)
    if told in nothing_meant:
        return None
    meant = corrected(tree, reader, analyzer, seen=visible(now), doubt=doubt, deadline=deadline)
    if meant is None and monotonic() < deadline:
        nothing_meant.add(told)
    return meant


def _finds_more(other: Climbed, found: Climbed) -> bool:
    """Whether a correction finds articles with all its words, and the typed text finds fewer such articles or none.

    Without this check, 48 of 286 real queries that found little got a nonsense correction. The index held no answer to them.
    """
    if not other.page.total or other.rung not in _ALL_WORDS:
        return False
    return found.rung not in _ALL_WORDS or other.page.total > found.page.total


def _understood(asked: _Asked, correction: Correction | None) -> Understood:
    parsed, found = asked.parsed, asked.found
    notes = parsed.notes
    if isinstance(parsed.tree, Words) and not (parsed.tree.tokens or parsed.tree.days):
        notes = (*notes, "没有可以搜索的字词，已按原样查找。")
    leaves = wanted(parsed.tree) if parsed.tree else []
    if found.page.total and found.rung == "unquoted":
        notes = (*notes, "没有文章原样含有引号里的文字，已去掉引号搜索。")
    elif not found.page.total and any(
        isinstance(leaf, Phrase) and leaf.title_only for leaf in leaves
    ):
        notes = (*notes, "引号里的文字要原样出现；去掉引号可以放宽搜索。")
    return Understood(
        parsed=parsed.echo,
        rung=found.rung,
        stricter=found.stricter_total,
        ignored=parsed.ignored,
        synonyms=asked.used,
        notes=notes,
        correction=correction,
    )


def _needles(tree: Node | None, rung: Rung, analyzer: Analyzer) -> tuple[Needle, ...]:
    """The texts to mark in hits: quotes literally, words, and the typed pieces between blanks.

    A word of one character would be marked everywhere. If there are longer words, it is marked only together with its
    neighbours (号 in 7号电池).
    """
    found: dict[str, Needle] = {}
    # The rung "inside" looks for Latin words inside other words only if the query has no other words.
    inside = rung == "inside" and not (may_stand_inside(tree) or has_other_signs(tree))
    for leaf in wanted(tree) if tree else []:
        if isinstance(leaf, Phrase) and rung == "unquoted" and not leaf.title_only:
            leaf = Words(leaf.text, leaf.tokens)
        if isinstance(leaf, Phrase):
            found[fold_literal(leaf.text)] = Needle(leaf.text, inside=True)
        elif isinstance(leaf, Words):
            for text in _marked_words(leaf, analyzer):
                found.setdefault(fold_literal(text), Needle(text, inside=inside))
            looser = () if rung == "words" else leaf.looser
            for each in (*leaf.alternatives, *looser):
                found.setdefault(each.text, Needle(each.text))
    return tuple(found.values())


def _marked_words(words: Words, analyzer: Analyzer) -> Iterator[str]:
    for day in words.days:
        yield from ("".join(each) for each in (*day.named, *day.near))
    telling = [token for token in words.tokens if len(token) > 1]
    if not telling and not words.joined and not words.days:
        yield from words.tokens or (words.text,)
        return
    yield from telling
    yield from words.joined
    yield from (piece for piece in words.pieces if len(piece) > 1)
    for before, after in pairwise(analyzer.query(words.text)):
        if before.end == after.start and 1 in (len(before.text), len(after.text)):
            yield words.text[before.start : after.end]


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
