"""The lists of an article's page: full, none twice, none hidden; and when the kept ones are used again."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.article import Article
from indexer.engines.base import Reader
from indexer.errors import ArticleNotFound, IndexFailure
from indexer.generations import Generations
from search_service.blocks.portal import KEEP, MOST_KEPT, Blocks, Kept, Sizes
from search_service.blocks.related import RelatedArticle, Wanted
from search_service.excerpts.leads import lead
from search_service.live.index import Lent, LiveIndex
from search_service.live.lag import Lag
from search_service.querylog.base import NoQueryLog
from search_service.querylog.lists import Lists
from search_service.querylog.views import ViewCount
from search_service.services import Services
from tests.factories import NOON, article
from tests.search_service.indexes import PATIENCE, SHANGHAI, apply, promote, services
from tests.typed_queries import analyzer

# Few texts and few values, so that reprints, shared words, tags, channels and equal dates are frequent.
TITLES = ("古塔下的茶会", "茶会移到古塔", "渡口的船工", "渡口 的船工", "船工修船", "雨季的水库", "")
BODIES = (
    "云溪的茶农把茶会移到古塔下，制陶匠人带来茶具。",
    "云溪茶农说，茶会离不开茶具，古塔下来了制陶匠人。",
    "渡口的船工在雨季修船，木匠送来桐油。",
    "渡口的船工在雨季\n修船，木匠送来桐油。",
    "雨季来临，水库的水位又升了一指，船工守在渡口。",
    "",
)
HOURS = (-40, -1, 0, 1, 2, 2, 30, 700)
"""Ages. The first two are of articles that are still to come."""


class ViewedLog(NoQueryLog):
    """A log that is off, with lists of what readers viewed."""

    def __init__(self, *viewed: str, as_of: datetime = NOON) -> None:
        counts = [
            ViewCount(article_id=each, visitors=9, heat=900.0 - place)
            for place, each in enumerate(viewed)
        ]
        self.lists = Lists(views={"day": counts}, as_of=as_of)  # type: ignore[misc]


@st.composite
def corpora(draw: st.DrawFn) -> list[Article]:
    """Some articles, of which readers may see the first."""
    made = [article("n-0", title=TITLES[0], body=BODIES[0], channel="文化/节会", tags=["茶会"])]
    for number in range(1, draw(st.integers(1, 24))):
        title, body = draw(st.sampled_from(TITLES)), draw(st.sampled_from(BODIES))
        age, end = draw(st.none() | st.sampled_from(HOURS)), draw(st.sampled_from((0, 0, 0, -1, 1)))
        made.append(
            article(
                f"n-{number}",
                title=f"{title}{draw(st.sampled_from(('', number)))}" or "快讯",
                body=body and f"{body}{draw(st.sampled_from(('', number)))}",
                lead=draw(st.sampled_from(("", "", "导语一句。"))),
                status=draw(st.sampled_from(("published", "published", "draft", "withdrawn"))),
                published_at=None if age is None else NOON - timedelta(hours=age),
                expires_at=NOON + timedelta(hours=end) if end else None,
                channel=draw(st.sampled_from(("", "文化", "文化/节会", "社会"))),
                tags=draw(st.lists(st.sampled_from(("茶会", "船")), max_size=2)),
                duplicate_group=draw(st.sampled_from((0, 0, 0, 1, 2))),
            )
        )
    group = draw(st.sampled_from((0, 0, 1)))
    return [replace(made[0], duplicate_group=group), *made[1:]]


sizes = st.builds(Sizes, related=st.integers(0, 5), hot=st.integers(0, 6), latest=st.integers(0, 6))
views = st.lists(st.integers(0, 26).map("n-{}".format), unique=True, max_size=8)


def faces(each: Article) -> set[str]:
    """What makes two articles reprints of each other: the same title, the same body, or one group."""
    texts = {"".join(text.split()) for text in (each.title, each.body)} - {""}
    return texts | ({f"group {each.duplicate_group}"} if each.duplicate_group else set())


def distinct(articles: Iterable[Article]) -> int:
    """How many articles there are if reprints, and reprints of reprints, count once."""
    subjects: list[set[str]] = []
    for each in articles:
        same = [subject for subject in subjects if subject & faces(each)]
        subjects = [subject for subject in subjects if subject not in same]
        subjects.append(faces(each).union(*same))
    return len(subjects)


def newest(articles: Iterable[Article]) -> list[Article]:
    """Newest first, undated last, then by id."""
    first = datetime.min.replace(tzinfo=UTC)
    return sorted(articles, key=lambda each: (-_seconds(each.published_at or first), each.id))


def _seconds(moment: datetime) -> float:
    return (moment - NOON).total_seconds()


def group(each: Article) -> object:
    return each.duplicate_group or each.id


def ids(items: Iterable[Any]) -> list[str]:
    return [item.article.id for item in items]


def fresh(root: Path, articles: Iterable[Article], engine: str) -> Services:
    """Services over a new index of ``articles``, built in a folder of its own."""
    return services(Path(tempfile.mkdtemp(dir=root)), articles, engine=engine)


@pytest.mark.parametrize("engine", ["memory", "whoosh"])
@settings(max_examples=20)
@given(articles=corpora(), wanted=sizes, viewed=views)
def test_no_article_stands_twice_and_each_list_is_full_while_there_are_others(
    tmp_path_factory: pytest.TempPathFactory,
    engine: str,
    articles: list[Article],
    wanted: Sizes,
    viewed: list[str],
) -> None:
    root = tmp_path_factory.getbasetemp()
    asked = replace(fresh(root, articles, engine), query_log=ViewedLog(*viewed))
    found = asked.blocks("n-0", wanted)
    asked.close()
    here = articles[0]
    visible = {each.id: each for each in articles[1:] if each.is_visible(NOON)}
    assert found.article == here
    assert (found.counted_at, found.made_at, found.stale) == (NOON, NOON, False)

    shown = ids(found.listed)
    assert len(shown) == len(set(shown))
    assert set(shown) <= visible.keys()
    for item in found.listed:
        whole = visible[item.article.id]
        assert item.article == replace(whole, body="")
        assert item.lead == lead(whole)
        assert item.lead or not (whole.lead or whole.body)

    related = [visible[each] for each in ids(found.related)]
    seen = [faces(each) for each in (here, *related)]
    assert len(set().union(*seen)) == sum(map(len, seen))
    others = distinct([here, *visible.values()]) - 1
    assert min(wanted.related, others) <= len(related) <= wanted.related

    readers = [item.article.id for item in found.hot if item.origin == "views"]
    left = [each for each in newest(visible.values()) if each.id not in ids(found.related)]
    latest = [each.id for each in left if each.id not in readers][: wanted.latest]
    assert ids(found.latest) == latest

    left = [each for each in left if each.id not in latest]
    hot = {group(each): each.id for each in reversed(left) if each.id in viewed}
    assert len(readers) == min(wanted.hot, len(hot))
    assert set(readers) <= {*viewed}
    groups = [group(visible[each]) for each in readers]
    for each in left:
        if group(each) not in groups:
            groups.append(group(each))
    hottest = [group(visible[each]) for each in ids(found.hot)]
    assert hottest == [each for each in groups if each in hottest]
    # A copy of an article that stands elsewhere may be left out with it, and nothing else.
    copies = {group(each) for each in (here, *related, *(visible[each] for each in latest))}
    assert len(hottest) <= wanted.hot
    full = len(hottest) == wanted.hot
    passed = groups[: groups.index(hottest[-1]) if hottest else 0] if full else groups
    assert {*passed} - {*hottest} <= copies


@settings(max_examples=15)
@given(articles=corpora())
def test_both_engines_find_the_same_related_articles_up_to_ties(
    tmp_path_factory: pytest.TempPathFactory, articles: list[Article]
) -> None:
    """Without reprints: of equal scores, the order would decide which of two is left out."""
    apart = [
        replace(each, title=f"{each.title}之{n}", body=f"{each.body}第{n}记", duplicate_group=0)
        for n, each in enumerate(articles)
    ]
    found = []
    for engine in ("memory", "whoosh"):
        asked = fresh(tmp_path_factory.getbasetemp(), apart, engine)
        found.append(asked.related("n-0", Wanted(size=30)).items)
        asked.close()
    one, other = found
    assert len(one) == sum(each.is_visible(NOON) for each in apart) - 1
    assert [item.step for item in one] == [item.step for item in other]
    assert [item.score for item in one] == pytest.approx([item.score for item in other])
    assert _by_score(one) == _by_score(other)


def _by_score(items: Sequence[RelatedArticle]) -> list[set[tuple[str, tuple[str, ...]]]]:
    """The ids and reasons of each run of equal scores."""
    runs: list[set[tuple[str, tuple[str, ...]]]] = []
    score = -1.0
    for item in items:
        if item.score != pytest.approx(score):
            runs.append(set())
            score = item.score
        runs[-1].add((item.article.id, item.reasons))
    return runs


class Counting(LiveIndex):
    """A live index that counts what is asked of its readers."""

    def __init__(self, root: Path) -> None:
        super().__init__(
            Generations(root),
            analyzer=analyzer(),
            timezone=SHANGHAI,
            lag=lambda _: self.behind,
            interval=0.0,
        )
        self.behind: Lag | None = None
        self.asked: Counter[str] = Counter()

    @contextmanager
    def reader(self) -> Iterator[Lent]:
        with super().reader() as lent:
            yield lent._replace(reader=cast(Reader, _Counted(lent.reader, self.asked)))


class _Counted:
    def __init__(self, reader: Reader, asked: Counter[str]) -> None:
        self._reader, self._asked = reader, asked

    def __getattr__(self, name: str) -> Any:
        if name in ("get", "rank", "search", "count"):
            self._asked[name] += 1
        return getattr(self._reader, name)


HERE = article("here", title=TITLES[0], body=BODIES[0], channel="文化/节会")
STORIES = [
    article(
        f"s-{n}",
        title=f"第{n}位茶农说古塔茶会",
        body=f"云溪的茶农说，茶会离不开茶具，制陶匠人忙了{n}天。\n"
        + "茶会散了，古塔下又静下来。" * 9,
        published_at=NOON - timedelta(days=n),
        expires_at=NOON + timedelta(seconds=30) if n == 7 else None,
    )
    for n in range(1, 9)
]
SOON = article("soon", title="夜市", body="灯亮了。", published_at=NOON + timedelta(seconds=20))
THREE = Sizes(related=2, hot=2, latest=2)


class Page:
    """One page's lists, with a clock and views that a test may set."""

    def __init__(self, root: Path, engine: str = "memory") -> None:
        promote(root, [HERE, SOON, *STORIES], engine=engine)
        self.root, self.now, self.live = root, NOON, Counting(root)
        self.services = Services(
            self.live,
            SHANGHAI,
            lambda: self.now,
            time_limit=PATIENCE,
            query_log=ViewedLog("s-7", "s-8"),
        )

    def ask(self, article_id: str = "here", sizes: Sizes = THREE) -> Blocks:
        self.live.asked.clear()
        return self.services.blocks(article_id, sizes)

    @property
    def made_anew(self) -> bool:
        """Whether the last call looked for articles, and did not only compare the kept ones."""
        return self.live.asked["rank"] + self.live.asked["search"] > 0

    def counted(self, *viewed: str, as_of: datetime) -> None:
        self.services = replace(self.services, query_log=ViewedLog(*viewed, as_of=as_of))


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    made = Page(tmp_path / "index")
    yield made
    made.services.close()


def story(number: int) -> Article:
    return STORIES[number - 1]


def test_the_lists_of_the_page(page: Page) -> None:
    """What the other tests change: two related, two that readers view, two of the latest."""
    found = page.ask()
    assert page.made_anew
    assert ids(found.hot) == ["s-7", "s-8"]
    assert len(found.related) == len(found.latest) == 2
    assert {item.step for item in found.related} == {"terms"}


@pytest.mark.parametrize("engine", ["memory", "whoosh"])
def test_the_same_snapshot_is_not_asked_again(tmp_path: Path, engine: str) -> None:
    page = Page(tmp_path, engine)
    found = page.ask()
    page.now += KEEP - timedelta(seconds=31)
    assert page.ask() == found
    assert not page.live.asked
    assert page.ask(sizes=Sizes(related=1)) != found
    assert page.made_anew
    apply(tmp_path, [story(6)], revision=2)
    again = page.ask()
    assert not page.made_anew
    assert page.live.asked["get"] == 7
    assert (again.index.revision, again.made_at) == (2, NOON)
    assert [*again.listed] == [*found.listed]
    assert page.ask() == again
    assert not page.live.asked
    page.services.close()


def test_kept_lists_say_how_far_the_index_is_behind_now(page: Page) -> None:
    assert page.ask().index.lag is None
    page.live.behind = Lag(3, 1.5)
    assert page.ask().index.lag == Lag(3, 1.5)
    assert not page.live.asked


changes: dict[str, Callable[[Article], Article | str]] = {
    "title": lambda one: replace(one, title="更正：茶会改期"),
    "lead": lambda one: replace(one, body="更正：茶会改在渡口举行。"),
    "withdrawn": lambda one: replace(one, status="withdrawn"),
    "rescheduled": lambda one: replace(one, published_at=NOON + timedelta(days=1)),
    "deleted": lambda one: one.id,
}


@pytest.mark.parametrize("change", changes)
@pytest.mark.parametrize("name", ["related", "hot", "latest"])
def test_a_change_of_a_listed_article_shows_at_once(page: Page, name: str, change: str) -> None:
    listed: str = getattr(page.ask(), name)[0].article.id
    one = next(each for each in STORIES if each.id == listed)
    made = changes[change](one)
    apply(page.root, [made], revision=2)
    found = page.ask()
    assert page.made_anew
    shown = {item.article.id: item for item in found.listed}
    if isinstance(made, Article) and made.is_visible(NOON):
        held = shown.get(listed)
        assert held is None or (held.article.title, held.lead) == (made.title, lead(made))
    else:
        assert listed not in shown
    assert len(shown) == 6


def test_a_change_that_no_list_shows_keeps_them(page: Page) -> None:
    found = page.ask()
    longer = replace(story(7), body=f"{story(7).body}\n夜里下了雨。")
    apply(page.root, [longer], revision=2)
    again = page.ask()
    assert not page.made_anew
    assert again == replace(found, index=again.index)
    assert again.index.revision == 2


def test_a_corrected_article_has_its_new_text(page: Page) -> None:
    page.ask()
    corrected = replace(HERE, body=f"{HERE.body}\n更正一处地名。")
    apply(page.root, [corrected], revision=2)
    assert page.ask().article == corrected


def test_an_article_that_expires_leaves_the_lists(page: Page) -> None:
    page.ask()
    page.now += timedelta(seconds=29)
    assert "s-7" in ids(page.ask().listed)
    page.now += timedelta(seconds=1)
    found = page.ask()
    assert page.made_anew
    assert "s-7" not in ids(found.listed)
    assert len([*found.listed]) == 6


def test_a_scheduled_article_comes_within_a_minute_of_its_time(page: Page) -> None:
    assert "soon" not in ids(page.ask(sizes=Sizes(related=0, hot=0, latest=3)).listed)
    page.now += KEEP
    assert ids(page.ask(sizes=Sizes(related=0, hot=0, latest=3)).latest)[0] == "soon"


def test_after_a_minute_the_lists_are_made_anew(page: Page) -> None:
    without = Sizes(related=2, hot=0, latest=2)
    page.ask(sizes=without)
    apply(page.root, [article("new", published_at=NOON)], revision=2)
    page.now += KEEP - timedelta(microseconds=1)
    assert "new" not in ids(page.ask(sizes=without).listed)
    page.now += timedelta(microseconds=1)
    found = page.ask(sizes=without)
    assert "new" in ids(found.latest)
    assert found.made_at == NOON + KEEP


def test_a_minute_does_not_begin_again_with_a_commit(page: Page) -> None:
    without = Sizes(related=2, hot=0, latest=2)
    for revision in range(2, 5):
        page.ask(sizes=without)
        page.now += KEEP / 3
        apply(page.root, [article("other", status="draft")], revision=revision)
    page.ask(sizes=without)
    assert page.made_anew


def test_new_counts_of_views_show_at_once(page: Page) -> None:
    page.ask()
    page.counted("s-5", as_of=NOON + timedelta(seconds=20))
    found = page.ask()
    assert page.made_anew
    assert (found.counted_at, ids(found.hot)[0]) == (NOON + timedelta(seconds=20), "s-5")


def test_an_article_that_went_away_is_not_found_though_its_lists_are_kept(page: Page) -> None:
    with pytest.raises(ArticleNotFound):
        page.ask("nobody")
    goings: tuple[Article | str, ...] = (replace(HERE, status="withdrawn"), "here")
    for revision, gone in enumerate(goings, start=2):
        page.ask()
        apply(page.root, [gone], revision=revision)
        for _ in range(2):
            with pytest.raises(ArticleNotFound):
                page.ask()
        apply(page.root, [HERE], revision=revision + 10)
    apply(page.root, [replace(HERE, expires_at=NOON + timedelta(seconds=5))], revision=20)
    page.ask()
    page.now += timedelta(seconds=5)
    with pytest.raises(ArticleNotFound):
        page.ask()


def test_while_the_index_is_missing_the_kept_lists_are_stale(page: Page) -> None:
    found = page.ask()
    aside = page.root.with_name("aside")
    shutil.move(page.root, aside)
    assert page.ask() == replace(found, stale=True)
    for article_id, wanted in (("here", Sizes(related=1)), ("s-1", THREE), ("nobody", THREE)):
        with pytest.raises(IndexFailure):
            page.ask(article_id, wanted)
    shutil.move(aside, page.root)
    assert page.ask() == found


def test_no_lists_are_stale_for_longer_than_they_are_kept(page: Page) -> None:
    page.ask(sizes=Sizes(related=1, hot=0, latest=0))
    page.ask()
    shutil.rmtree(page.root)
    page.now += timedelta(seconds=30)
    with pytest.raises(IndexFailure):
        page.ask()  # one of them expired
    assert page.ask(sizes=Sizes(related=1, hot=0, latest=0)).stale
    page.counted(as_of=NOON + timedelta(seconds=30))
    with pytest.raises(IndexFailure):
        page.ask(sizes=Sizes(related=1, hot=0, latest=0))


def test_what_was_seen_to_be_gone_does_not_come_back_as_stale(page: Page) -> None:
    page.ask()
    apply(page.root, [replace(HERE, status="withdrawn")], revision=2)
    with pytest.raises(ArticleNotFound):
        page.ask()
    shutil.rmtree(page.root)
    with pytest.raises(IndexFailure):
        page.ask()


def test_the_lists_are_those_of_one_moment(tmp_path: Path) -> None:
    """Nothing in them has expired when they are said to be made, though the time goes on meanwhile."""
    seconds = iter(range(100))
    short = [
        replace(each, expires_at=NOON + timedelta(seconds=n)) for n, each in enumerate(STORIES)
    ]
    made = services(tmp_path, [HERE, *short])
    ticking = replace(made, clock=lambda: NOON + timedelta(seconds=next(seconds)))
    for about in ("here", HERE):
        found = ticking.blocks(about, THREE)
        assert found.is_visible(found.made_at)
        assert [*found.listed]
    made.close()


def test_the_pages_that_were_made_last_are_kept(page: Page) -> None:
    lists, found, kept = page.services.query_log.lists, page.ask(), Kept()
    for number in range(MOST_KEPT):
        kept.put(THREE, replace(found, article=replace(HERE, id=f"n-{number}")))
    kept.put(THREE, replace(found, article=replace(HERE, id="n-0")))
    kept.put(THREE, replace(found, article=replace(HERE, id="one more")))
    held = [
        kept.get(f"n-{number}", THREE, lists, found.decided, NOON) for number in range(MOST_KEPT)
    ]
    assert [number for number, each in enumerate(held) if each is None] == [1]
    assert kept.get("n-2", Sizes(), lists, found.decided, NOON) is None


def test_a_draft_has_lists_without_the_article_that_it_replaces(page: Page) -> None:
    draft = replace(HERE, published_at=None, status="draft")
    found = page.ask(sizes=Sizes(related=20, hot=20, latest=20))
    drafted = page.services.blocks(draft, Sizes(related=20, hot=20, latest=20))
    assert drafted.article == draft
    assert [*drafted.listed] == [*found.listed]
    nameless = page.services.blocks(replace(draft, id=""), Sizes(related=2, hot=20, latest=20))
    assert "here" in ids(nameless.listed)
    assert len({*ids(nameless.listed)}) == len([*nameless.listed]) == 9
    page.live.asked.clear()
    page.services.blocks(draft, THREE)
    assert page.made_anew  # a draft's lists are not kept
