"""Related articles (相关阅读): what else to read after one article, or beside a text that is not in the index.

The article's key terms make a query; older articles have lower scores, as in a search. If it finds too few articles, further
ones follow: first articles with the same tags, then articles of the same channel, then the latest articles. Editors pick and
ban articles. Each item says why it is listed, and which of these steps found it. The list holds at most one article of a duplicate group, and no article of the
article's own group. The same rule applies to articles with the same title or the same body.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import combinations
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.analysis.characters import fold
from indexer.article import Article
from indexer.engines.base import Reader
from indexer.errors import ArticleNotFound
from indexer.hits import Hit
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
from search_service.answering.explain import Explanation, explain
from search_service.blocks.events import Report, same_event
from search_service.blocks.key_terms import KeyTerm, key_terms
from search_service.blocks.picks import arranged, banned_groups, picked
from search_service.blocks.ranked import ranked_article
from search_service.blocks.reasons import reasons
from search_service.excerpts.leads import lead
from search_service.live.decisions import Placements
from search_service.live.index import IndexState, LiveIndex
from search_service.ranking.aging import Aging
from search_service.ranking.relating import Relating
from search_service.ranking.weights import (
    MIN_SHARED,
    MIN_SHARED_WEIGHT,
    RELATED_TITLE,
)
from search_service.understanding.filters import INSTANT, in_channel, visible
from search_service.understanding.recency import recency

_PAGE: Final = 50
"""Articles ranked in one request: several times the size of a block, because some of them are reprints."""
_MOST_TAGS: Final = 10
"""Tags that are tried together: 3 of 10 are 120 queries."""


Step = Literal["picked", "terms", "tags", "channel", "latest"]
"""What found a related article: an editor, shared key terms, shared tags, the same channel, or only its date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which related articles are wanted: at most ``size``, none of ``exclude``.

    Only articles of ``channel`` and its subchannels, at most ``max_age`` days old, and with ``past_only`` none newer than the article
    itself. Articles without a date meet neither of the last two.

    Of the articles that key terms find, at most ``per_source`` of one source, and with ``one_of_event`` one on each event, come
    before all others. With ``explain`` the answer explains the scores.
    """

    size: int = 6
    exclude: tuple[str, ...] = ()
    channel: str | None = None
    max_age: int | None = None
    past_only: bool = False
    per_source: int | None = None
    one_of_event: bool = False
    explain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedArticle:
    """One related article. ``reasons`` say in Chinese why it is listed. The score is 0.0 if ``step`` is not ``terms``.

    ``explanation`` explains the score, if there is one and that was wanted.
    """

    article: Article
    lead: str
    score: float
    step: Step
    reasons: tuple[str, ...]
    explanation: Explanation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedAnswer:
    """The articles related to ``article``, best first; picks stand at their positions.

    There are fewer than requested only if the index holds no more, or editors want none. ``terms`` are the key terms of the
    article.
    """

    article: Article
    items: tuple[RelatedArticle, ...]
    terms: tuple[KeyTerm, ...]
    index: IndexState


def related(
    live: LiveIndex,
    about: str | Article,
    wanted: Wanted,
    *,
    decided: Placements,
    aging: Aging,
    relating: Relating,
    timezone: ZoneInfo,
    now: datetime,
) -> RelatedAnswer:
    """The articles that are related to one: to the article with an id, or to one that need not be in the index, such as a draft.

    Of the latter, an article with the same id is left out of the list. ``decided`` are the editors' picks and bans for it.

    Raises:
        ArticleNotFound: no article with the id ``about`` is visible at ``now``.
        IndexFailure: see :meth:`LiveIndex.reader`.
    """
    with live.reader() as lent:
        article = about if isinstance(about, Article) else lent.reader.get(about)
        if article is None or (article is not about and not article.is_visible(now)):
            raise ArticleNotFound(str(about))
        if not wanted.size or decided.nothing:
            return RelatedAnswer(article=article, items=(), terms=(), index=lent.state)
        dated = now if relating.dated == "now" else article.published_at or now
        # Not by the filter: it would be another one for each article, and no mask of it could be kept.
        left_out = {article.id, *wanted.exclude, *decided.hidden}
        others = _Others(
            lent.reader,
            And((visible(now), *_narrowed(article, wanted, now))),
            left_out,
            recency(aging, dated, timezone),
            relating,
        )
        terms = key_terms(article, lent.reader, lent.analyzer, relating)
        chosen = _chosen(others, article, terms, lent.analyzer, wanted, decided)
        items = [_item(article, each, timezone=timezone, now=now) for each in chosen]
        if wanted.explain:
            items = _explained(others, article, terms, items)
        return RelatedAnswer(article=article, items=tuple(items), terms=terms, index=lent.state)


def _chosen(
    others: _Others,
    article: Article,
    terms: Sequence[KeyTerm],
    analyzer: Analyzer,
    wanted: Wanted,
    decided: Placements,
) -> tuple[_Candidate, ...]:
    """The articles of the list: the picks, and the best candidates around them that repeat nothing."""
    found = picked(others.reader, decided, others.filter, others.left_out)
    picks = [(place, _Candidate(each, _folded(each), "picked", 0.0, [])) for place, each in found]
    others.left_out.update(each.id for _, each in found)
    seen = {f"group {each}" for each in banned_groups(others.reader, decided)}
    seen.update(_faces(article, _folded(article)))
    for _, pick in picks:
        seen.update(_faces(pick.article, pick.folded))

    def fresh() -> Iterator[_Candidate]:
        for each in _candidates(others, article, terms, analyzer, wanted):
            faces = _faces(each.article, each.folded)
            if seen.isdisjoint(faces):
                seen.update(faces)
                yield each

    return arranged(picks, fresh(), wanted.size)


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
    """The articles of ``reader`` that may be listed: those that pass ``filter``, but for the ids ``left_out``.

    ``fading`` and ``relating`` weigh them.
    """

    reader: Reader
    filter: Query
    left_out: set[str]
    fading: Recency | None
    relating: Relating

    def best(self, query: Query) -> SearchRequest:
        """The request for the best for ``query``."""
        return SearchRequest(
            query,
            filter=self.filter,
            collapse="duplicates",
            recency=self.fading,
            size=_PAGE + len(self.left_out),
        )

    def ranked(self, query: Query) -> list[tuple[str, float]]:
        """The ids and scores of the _PAGE best for ``query``."""
        found = self.reader.rank(self.best(query))
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
    terms: Sequence[KeyTerm],
    analyzer: Analyzer,
    wanted: Wanted,
) -> Iterator[_Candidate]:
    """Yield candidates found by key terms, then by tags, then of the channel, then the latest. Reads each when needed."""
    yield from _varied(_alike(others, article, terms), others.reader, analyzer, wanted)
    steps: list[tuple[Step, Query]] = [("latest", MatchAll())]
    if article.channel:
        steps.insert(0, ("channel", in_channel(article.channel)))
    if len(article.tags) >= others.relating.shared_tags:
        steps.insert(0, ("tags", _sharing(article.tags, others.relating.shared_tags)))
    for step, query in steps:
        for other in others.newest(query):
            yield _Candidate(other, _folded(other), step, 0.0, [])


def _sharing(tags: Sequence[str], least: int) -> Query:
    """Articles that share ``least`` of ``tags``; of more than _MOST_TAGS tags, the first ones count."""
    together = combinations(tags[:_MOST_TAGS], least) if least > 1 else ((tag,) for tag in tags)
    return Or(tuple(And(tuple(Term("tag", tag) for tag in some)) for some in together))


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


def _alike(others: _Others, article: Article, terms: Sequence[KeyTerm]) -> Iterator[_Candidate]:
    """The articles that share enough key terms, best first."""
    if not terms:
        return
    enough = MIN_SHARED_WEIGHT * sum(term.weight for term in terms)
    for other, score in _by_terms(others, article, terms):
        folded = _folded(other)
        text = "\n".join(folded)
        shared = [term for term in terms if term.token in text]
        if len(shared) >= MIN_SHARED and sum(term.weight for term in shared) >= enough:
            yield _Candidate(other, folded, "terms", score, [term.spelling for term in shared])


def _by_terms(
    others: _Others, article: Article, terms: Sequence[KeyTerm]
) -> Iterator[tuple[Article, float]]:
    """The _PAGE articles that the key terms rank first. Articles of the same channel get a higher score.

    The channel is known only after an article is read. Until then the article is ordered by the score that it would have
    in the same channel. Thus only articles that may come next are read.
    """
    ranked = others.ranked(_about(terms))
    most = others.relating.channel if article.channel else 1.0
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


def _about(terms: Sequence[KeyTerm]) -> Query:
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
    other = chosen.article
    why = ("编辑推荐",) if chosen.step == "picked" else ()
    return RelatedArticle(
        article=other,
        lead=lead(other),
        score=chosen.score,
        step=chosen.step,
        reasons=(*why, *reasons(article, other, chosen.shared, timezone=timezone, now=now)),
    )


def _explained(
    others: _Others,
    article: Article,
    terms: Sequence[KeyTerm],
    items: Sequence[RelatedArticle],
) -> list[RelatedArticle]:
    """The items, those that key terms found with explanations. A word is shown as the article spells it."""
    spelt = {term.token: term.spelling for term in terms}
    hits = [Hit(each.article, each.score) for each in items if each.step == "terms"]
    found = explain(others.reader, others.best(_about(terms)), hits)

    def explained(each: RelatedArticle) -> RelatedArticle:
        why = found.get(each.article.id)
        if why is None:
            return each
        added = tuple(replace(one, text=spelt[one.text]) for one in why.added)
        multiplied = why.multiplied
        if article.channel and article.channel == each.article.channel:
            multiplied = (*multiplied, ("channel", others.relating.channel))
        return replace(each, explanation=Explanation(added, multiplied))

    return [explained(each) for each in items]
