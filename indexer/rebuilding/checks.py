"""The checks of a new generation before it goes live: whether it answers what readers and editors ask as the live one does.

That its files are whole and that it holds every article is checked before (``rebuild.py``). Here it is asked: golden queries, the
queries that readers asked last, and titles of its articles. Whoever can ask an index as readers do is handed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.analysis.characters import fold_literal
from indexer.article import Article
from indexer.asking import Asked, Asking
from indexer.build_progress import Announcer
from indexer.editorial.entries import Golden
from indexer.engines.base import Engine, Reader
from indexer.errors import IndexFailure, NoLiveGeneration, QueryLogUnavailable
from indexer.generations import Generations
from indexer.opening import open_generation
from indexer.promotion_checks import CheckName, Moved, NotMade, PromotionCheck, PromotionChecks
from indexer.store.articles import ArticleStore
from indexer.store.database import find_editorial

RECORDED: Final = 500
"""How many of the last different queries of readers are asked. Twice 500 searches take some seconds, and one query is 0.2 points."""
MOST_ZERO_HITS: Final = 2.0
"""By how many points the share of recorded queries without a hit may grow. Deleted articles explain a query or two, not ten of 500."""
SAMPLE: Final = 200
"""How many articles are looked for by their own titles, one of each stretch of the store's revisions."""
MOST_MISSING: Final = 5.0
"""The per cent of them that may be missing. Some titles are words that dozens of newer articles hold too."""
LEAST_OVERLAP: Final = 0.3
"""The least mean overlap of the first pages of recorded queries. New words or weights move pages by some articles, and below this a
reader would find another site."""
MOST_MOVED: Final = 20
"""How many queries a check names."""

ASKED: Final[tuple[CheckName, ...]] = ("golden", "zero hits", "own titles", "overlap")
"""The checks that ask the index, in the order of a report."""


class _Why(NamedTuple):
    """Why a check cannot be made, and the message of the error that is the reason, if one is."""

    reason: NotMade
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class _Compared:
    """A recorded query: the first page of the live index, without what readers may no longer see, and that of the new one."""

    query: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def overlap(self) -> float:
        """The share of the articles before that are there still."""
        return len(set(self.before) & set(self.after)) / len(self.before)


def whole(articles: int) -> tuple[PromotionCheck, PromotionCheck]:
    """The checks that an index has passed which is not thrown away: of the number of its articles, and of its bytes."""
    return (
        PromotionCheck(name="count", verdict="passed", facts={"articles": articles}),
        PromotionCheck(name="checksums", verdict="passed"),
    )


def compare_with_live(
    store: ArticleStore,
    made: Engine,
    generations: Generations,
    *,
    asking: Asking | None,
    analyzer: Analyzer,
    timezone: ZoneInfo,
    announcer: Announcer,
) -> PromotionChecks:
    """Ask the new index, and the live one beside it. ``announcer`` hears of each query.

    Costs two searches for each recorded query, and one for each golden query and each sampled article.

    Raises:
        IndexDamaged: the new index cannot be read.
        StoreError: the store cannot be read.
    """
    if asking is None:
        return PromotionChecks(
            against=None, checks=tuple(_not_made(name, _Why("nobody asks")) for name in ASKED)
        )
    against: str | None = None
    live: Engine | None = None
    why = _Why("no live")
    try:
        generation = generations.live()
        live = open_generation(generation, analyzer=analyzer, timezone=timezone)
        against = generation.name
    except NoLiveGeneration:
        pass
    except IndexFailure as error:
        why = _Why("live unreadable", str(error))
    return PromotionChecks(
        against=against, checks=tuple(_Asker(store, made, asking, announcer).checks(live, why))
    )


class _Asker:
    """Asks one new index, which is at rest."""

    def __init__(
        self, store: ArticleStore, made: Engine, asking: Asking, announcer: Announcer
    ) -> None:
        self._store, self._made = store, made
        self._asking, self._announcer = asking, announcer
        self._now = datetime.now(UTC)

    def checks(self, live: Engine | None, why: _Why) -> Iterator[PromotionCheck]:
        """All checks of ASKED. ``why`` says why there is no ``live`` index to compare with."""
        golden, titled = self._golden(), self._sampled()
        recorded: Sequence[str] = ()
        if live is not None:
            try:
                recorded = self._asking.recorded(RECORDED)
                why = _Why("no recorded")
            except QueryLogUnavailable as error:
                why = _Why("log unreadable", str(error))
        total = len(golden) + len(titled) + 2 * len(recorded)
        self._announcer.begin("compare", total=total)
        compared: list[_Compared] = []
        if live is not None:
            try:
                before = [self._asked(live, query) for query in recorded]
            except IndexFailure as error:
                why = _Why("live unreadable", str(error))
            else:
                compared = self._compared(recorded, before)
        yield self._golden_hold(golden)
        yield _zero_hits(compared) if compared else _not_made("zero hits", why)
        yield self._own_titles(titled)
        paged = [each for each in compared if each.before]
        if compared and not paged:
            why = _Why("nothing visible")
        yield _overlap(paged) if paged else _not_made("overlap", why)
        self._announcer.end()

    def _asked(self, engine: Engine, query: str) -> Asked:
        asked = self._asking.ask(engine, query)
        self._announcer.advance()
        return asked

    def _compared(self, recorded: Sequence[str], before: Sequence[Asked]) -> list[_Compared]:
        """What the live index and the new one answer. An article that was withdrawn meanwhile is not expected of the new one."""
        with self._made.reader() as reader:
            seen = [
                tuple(each for each in asked.ids if self._seen(reader, each)) for asked in before
            ]
        return [
            _Compared(query, ids, self._asked(self._made, query).ids)
            for query, ids in zip(recorded, seen, strict=True)
        ]

    def _seen(self, reader: Reader, article_id: str) -> bool:
        article = reader.get(article_id)
        return article is not None and article.is_visible(self._now)

    def _golden(self) -> list[Golden]:
        with closing(find_editorial(self._store.url)) as store:
            entries = store.read().entries["golden"]
        return [each for each in entries if isinstance(each, Golden)]

    def _golden_hold(self, golden: Sequence[Golden]) -> PromotionCheck:
        """Whether the first page of each golden query holds its articles."""
        if not golden:
            return _not_made("golden", _Why("no golden"))
        pages = ((each, self._asked(self._made, each.query).ids) for each in golden)
        broken = [
            Moved(each.query, each.article_ids, ids)
            for each, ids in pages
            if not set(each.article_ids) <= set(ids)
        ]
        return PromotionCheck(
            name="golden",
            verdict="failed" if broken else "passed",
            value=len(broken),
            threshold=0,
            facts={"held": len(golden) - len(broken), "queries": len(golden)},
            moved=tuple(broken[:MOST_MOVED]),
        )

    def _own_titles(self, titled: Sequence[Article]) -> PromotionCheck:
        """Whether articles are on the first page of their titles, they or others of the same duplicate group or title."""
        if not titled:
            return _not_made("own titles", _Why("no articles"))
        missing = []
        for each in titled:
            ids = self._asked(self._made, each.title).ids
            if each.id not in ids and not self._stands_for(each, ids):
                missing.append(Moved(each.title, (each.id,), ids))
        share = 100 * len(missing) / len(titled)
        return PromotionCheck(
            name="own titles",
            verdict="failed" if share > MOST_MISSING else "passed",
            value=round(share, 2),
            threshold=MOST_MISSING,
            facts={"missing": len(missing), "articles": len(titled)},
            moved=tuple(missing[:MOST_MOVED]),
        )

    def _stands_for(self, article: Article, ids: Iterable[str]) -> bool:
        """Whether one of these articles is a duplicate, or has the same title: then the title alone cannot tell them apart."""
        title = fold_literal(article.title)
        with self._made.reader() as reader:
            for other in filter(None, map(reader.get, ids)):
                grouped = (
                    article.duplicate_group and other.duplicate_group == article.duplicate_group
                )
                if grouped or fold_literal(other.title) == title:
                    return True
        return False

    def _sampled(self) -> list[Article]:
        """The first article that readers may see of each of SAMPLE stretches of the store's revisions, as the new index holds them."""
        with self._made.reader() as reader:
            last = reader.revision
        sampled = []
        edges = dict.fromkeys(last * n // SAMPLE for n in range(SAMPLE + 1))
        for after, upto in pairwise(edges):
            for change in self._store.changes(after=after, upto=upto, batch=10):
                if change.article is not None and change.article.is_visible(self._now):
                    sampled.append(change.article)
                    break
        return sampled


def _zero_hits(compared: Sequence[_Compared]) -> PromotionCheck:
    """Whether the share of queries that find nothing grew. ``compared`` is not empty."""
    lost = [each for each in compared if each.before and not each.after]
    before, after = (
        100 * sum(not ids for ids in pages) / len(compared)
        for pages in ([each.before for each in compared], [each.after for each in compared])
    )
    return PromotionCheck(
        name="zero hits",
        verdict="failed" if after - before > MOST_ZERO_HITS else "passed",
        value=round(after - before, 2),
        threshold=MOST_ZERO_HITS,
        facts={"queries": len(compared), "after": after, "before": before},
        moved=_moved(lost),
    )


def _overlap(compared: Sequence[_Compared]) -> PromotionCheck:
    """Whether first pages still hold the articles that they hold now. ``compared`` is not empty, and each found something before."""
    mean = sum(each.overlap for each in compared) / len(compared)
    moved = sorted((each for each in compared if each.overlap < 1), key=lambda each: each.overlap)
    return PromotionCheck(
        name="overlap",
        verdict="failed" if mean < LEAST_OVERLAP else "passed",
        value=round(mean, 3),
        threshold=LEAST_OVERLAP,
        facts={"queries": len(compared), "kept": 100 * mean, "changed": len(moved)},
        moved=_moved(moved),
    )


def _moved(compared: Sequence[_Compared]) -> tuple[Moved, ...]:
    return tuple(Moved(each.query, each.before, each.after) for each in compared[:MOST_MOVED])


def _not_made(name: CheckName, why: _Why) -> PromotionCheck:
    return PromotionCheck(name=name, verdict="not made", reason=why.reason, trouble=why.trouble)
