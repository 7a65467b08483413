"""Related articles (相关阅读): what else to read after one article, or beside a text that is not in the index.

The article's key terms make a query; older articles have lower scores, as in a search. If it finds too few articles, further
ones follow: first articles with the same tags, then articles of the same channel, then the latest articles. Each item says why
it is listed, and which of these steps found it. The list holds at most one article of a duplicate group, and no article of the
article's own group. The same rule applies to articles with the same title or the same body.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import islice
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.analysis.characters import fold
from indexer.article import Article
from indexer.engines.base import Reader
from indexer.errors import ArticleNotFound
from indexer.query import (
    MAX_DEPTH,
    And,
    Boost,
    MatchAll,
    Or,
    Query,
    Range,
    Recency,
    SearchRequest,
    Term,
)
from search_service.blocks.events import Report, same_event
from search_service.blocks.key_terms import KeyTerm, key_terms
from search_service.blocks.ranked import ranked_article
from search_service.excerpts.leads import lead
from search_service.live.index import IndexState, Lent, LiveIndex
from search_service.ranking.aging import Aging
from search_service.ranking.weights import (
    MIN_SHARED,
    MIN_SHARED_WEIGHT,
    RELATED_TITLE,
    SAME_CHANNEL,
)
from search_service.understanding.filters import INSTANT, any_of, in_channel, visible
from search_service.understanding.recency import recency

_PAGE: Final = 50
"""Articles ranked in one request: several times the size of a block, because some of them are reprints."""
_REASON_WORDS: Final = 3


Step = Literal["terms", "tags", "channel", "latest"]
"""What found a related article: shared key terms, a shared tag, the same channel, or only its date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which related articles are wanted: at most ``size``, none of ``exclude``.

    Only articles of ``channel`` and its subchannels, at most ``max_age`` days old, and with ``past_only`` none newer than the article
    itself. Articles without a date meet neither of the last two.

    Of the articles that key terms find, at most ``per_source`` of one source, and with ``one_of_event`` one on each event, come
    before all others.
    """

    size: int = 6
    exclude: tuple[str, ...] = ()
    channel: str | None = None
    max_age: int | None = None
    past_only: bool = False
    per_source: int | None = None
    one_of_event: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedArticle:
    """One related article. ``reasons`` say in Chinese why it is listed. The score is 0.0 if ``step`` is not ``terms``."""

    article: Article
    lead: str
    score: float
    step: Step
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedAnswer:
    """The articles related to ``article``, best first. Fewer than requested only if the index holds no more."""

    article: Article
    items: tuple[RelatedArticle, ...]
    index: IndexState


def related(
    live: LiveIndex,
    about: str | Article,
    wanted: Wanted,
    *,
    aging: Aging,
    timezone: ZoneInfo,
    now: datetime,
) -> RelatedAnswer:
    """The articles that are related to one: to the article with an id, or to one that need not be in the index, such as a draft.

    Of the latter, an article with the same id is left out of the list.

    Raises:
        ArticleNotFound: no article with the id ``about`` is visible at ``now``.
        IndexFailure: see :meth:`LiveIndex.reader`.
    """
    with live.reader() as lent:
        article = about if isinstance(about, Article) else lent.reader.get(about)
        if article is None or (article is not about and not article.is_visible(now)):
            raise ArticleNotFound(str(about))
        return _related(lent, article, wanted, aging=aging, timezone=timezone, now=now)


def _related(
    lent: Lent, article: Article, wanted: Wanted, *, aging: Aging, timezone: ZoneInfo, now: datetime
) -> RelatedAnswer:
    # Not by the filter: it would be another one for each article, and no mask of it could be kept.
    left_out = {article.id, *wanted.exclude}
    others = _Others(lent.reader, And((visible(now), *_narrowed(article, wanted, now))), left_out)
    fading = recency(aging, now, timezone)
    found = _candidates(others, article, lent.analyzer, fading, wanted)
    # No candidate beyond the last item is made, and none at all if none is wanted.
    chosen = islice(_without_reprints(article, found), wanted.size)
    items = tuple(_item(article, each, timezone=timezone, now=now) for each in chosen)
    return RelatedAnswer(article=article, items=items, index=lent.state)


def _without_reprints(article: Article, candidates: Iterable[_Candidate]) -> Iterator[_Candidate]:
    """The candidates but for reprints of ``article`` and of earlier candidates."""
    seen = _faces(article, _folded(article))
    for each in candidates:
        faces = _faces(each.article, each.folded)
        if seen.isdisjoint(faces):
            seen |= faces
            yield each


def _narrowed(article: Article, wanted: Wanted, now: datetime) -> Iterator[Query]:
    """The conditions of ``wanted`` but for its ``exclude``."""
    if wanted.channel is not None:
        yield in_channel(wanted.channel)
    if wanted.max_age is not None:
        yield Range("published_at", start=now - timedelta(days=wanted.max_age))
    if wanted.past_only:
        yield Range("published_at", end=(article.published_at or now) + INSTANT)


class _Candidate(NamedTuple):
    """A candidate article; its folded title, lead and body; the step that found it; its score; and the key terms that it shares."""

    article: Article
    folded: tuple[str, str, str]
    step: Step
    score: float
    shared: list[str]


@dataclass(frozen=True, slots=True)
class _Others:
    """The articles of ``reader`` that may be listed: those that pass ``filter``, but for the ids ``left_out``."""

    reader: Reader
    filter: Query
    left_out: set[str]

    def ranked(self, query: Query, fading: Recency | None) -> list[tuple[str, float]]:
        """The ids and scores of the _PAGE best for ``query``."""
        request = SearchRequest(
            query,
            filter=self.filter,
            collapse="duplicates",
            recency=fading,
            size=_PAGE + len(self.left_out),
        )
        found = self.reader.rank(request)
        return [each for each in found if each[0] not in self.left_out][:_PAGE]

    def newest(self, query: Query) -> Iterator[Article]:
        """Those that match ``query``, newest first."""
        for number in range(1, MAX_DEPTH // _PAGE + 1):
            request = SearchRequest(
                query,
                filter=self.filter,
                sort="newest",
                collapse="duplicates",
                page=number,
                size=_PAGE,
            )
            ranked = self.reader.rank(request)
            yield from (
                ranked_article(self.reader, each) for each, _ in ranked if each not in self.left_out
            )
            if len(ranked) < _PAGE:
                return


def _candidates(
    others: _Others,
    article: Article,
    analyzer: Analyzer,
    fading: Recency | None,
    wanted: Wanted,
) -> Iterator[_Candidate]:
    """Yield candidates found by key terms, then by tags, then of the channel, then the latest. Reads each when needed."""
    alike = _alike(others, article, key_terms(article, others.reader, analyzer), fading)
    yield from _varied(alike, others.reader, analyzer, wanted)
    steps: list[tuple[Step, Query]] = [("latest", MatchAll())]
    if article.channel:
        steps.insert(0, ("channel", in_channel(article.channel)))
    if article.tags:
        steps.insert(0, ("tags", any_of("tag", article.tags)))
    for step, query in steps:
        for other in others.newest(query):
            yield _Candidate(other, _folded(other), step, 0.0, [])


def _varied(
    candidates: Iterable[_Candidate], reader: Reader, analyzer: Analyzer, wanted: Wanted
) -> Iterator[_Candidate]:
    """The candidates in their order, but those after all others that are too many of a source or of an event."""
    counts: Counter[str] = Counter()
    reports: list[Report] = []
    too_many = []
    for each in candidates:
        source = each.article.source
        counts[source] += 1
        repeats = bool(source and wanted.per_source and counts[source] > wanted.per_source)
        if wanted.one_of_event and not repeats:
            report = Report(each.article, reader, analyzer)
            repeats = any(same_event(report, earlier) for earlier in reports)
            reports.append(report)
        if repeats:
            too_many.append(each)
        else:
            yield each
    yield from too_many


def _alike(
    others: _Others, article: Article, terms: tuple[KeyTerm, ...], fading: Recency | None
) -> Iterator[_Candidate]:
    """The articles that share enough key terms, best first."""
    if not terms:
        return
    enough = MIN_SHARED_WEIGHT * sum(term.weight for term in terms)
    for other, score in _by_terms(others, article, terms, fading):
        folded = _folded(other)
        text = "\n".join(folded)
        shared = [term for term in terms if term.token in text]
        if len(shared) >= MIN_SHARED and sum(term.weight for term in shared) >= enough:
            yield _Candidate(other, folded, "terms", score, [term.spelling for term in shared])


def _by_terms(
    others: _Others, article: Article, terms: tuple[KeyTerm, ...], fading: Recency | None
) -> Iterator[tuple[Article, float]]:
    """The _PAGE articles that the key terms rank first. Articles of the same channel get a higher score.

    The channel is known only after an article is read. Until then the article is ordered by the score that it would have
    in the same channel. Thus only articles that may come next are read.
    """
    ranked = others.ranked(_about(terms), fading)
    most = SAME_CHANNEL if article.channel else 1.0
    # By score, then in the engine's order: newer first.
    waiting = [(-score * most, place, score) for place, (_, score) in enumerate(ranked)]
    moved_down: dict[int, Article] = {}
    while waiting:
        best, place, score = heappop(waiting)
        if place in moved_down:
            yield moved_down[place], score
            continue
        other = ranked_article(others.reader, ranked[place][0])
        if other.channel == article.channel:
            yield other, -best
        else:
            moved_down[place] = other
            heappush(waiting, (-score, place, score))


def _about(terms: tuple[KeyTerm, ...]) -> Query:
    clauses: list[Query] = []
    for term in terms:
        clauses.append(Boost(Term("title", term.token), term.weight * RELATED_TITLE))
        clauses.append(Boost(Term("body", term.token), term.weight))
    return Or(tuple(clauses))


def _folded(article: Article) -> tuple[str, str, str]:
    return fold(article.title), fold(article.lead), fold(article.body)


def _faces(article: Article, folded: tuple[str, str, str]) -> set[str]:
    """The title and the body without white space, and the duplicate group. Articles that share one of them are reprints."""
    title, _, body = folded
    texts = {"".join(text.split()) for text in (title, body)}
    group = {f"group {article.duplicate_group}"} if article.duplicate_group else set()
    return (texts | group) - {""}


def _item(
    article: Article, chosen: _Candidate, *, timezone: ZoneInfo, now: datetime
) -> RelatedArticle:
    other, shared = chosen.article, chosen.shared
    reasons = []
    if shared:
        reasons.append(f"共同关键词: {'、'.join(shared[:_REASON_WORDS])}")
    if tags := [tag for tag in article.tags if tag in other.tags]:
        reasons.append(f"同标签: {'、'.join(tags[:_REASON_WORDS])}")
    if article.channel and article.channel == other.channel:
        reasons.append("同频道")
    if other.published_at:
        reasons.append(_age(other.published_at, now, timezone))
    return RelatedArticle(
        article=other,
        lead=lead(other),
        score=chosen.score,
        step=chosen.step,
        reasons=tuple(reasons),
    )


def _age(then: datetime, now: datetime, timezone: ZoneInfo) -> str:
    """The age in Chinese, counted in days of the zone."""
    days = (now.astimezone(timezone).date() - then.astimezone(timezone).date()).days
    if days < 2:
        return "昨天" if days == 1 else "今天"
    if days < 30:
        return f"{days}天前"
    return f"{days // 30}个月前" if days < 365 else f"{days // 365}年前"
