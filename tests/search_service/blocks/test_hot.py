"""Hot articles: those that readers view, decayed by age; filled up with the latest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from indexer.article import Article, all_channels
from search_service.blocks.hot import HotAnswer, hot
from search_service.live.decisions import Placements
from search_service.live.index import LiveIndex
from search_service.querylog.lists import Lists
from search_service.querylog.views import ViewCount, ViewWindow
from search_service.ranking.weights import HOT_AGING, HOT_FADED
from tests.factories import NOON, article
from tests.search_service.indexes import apply, live_index, promote

ARTICLES = [
    article("a", channel="文化/节会", published_at="2026-02-28", lead="导语。"),
    article(
        "b", channel="文化", published_at="2026-02-28", image_url="https://portal.example/b.jpg"
    ),
    article("c", channel="农业", channels=["文化/非遗"], published_at="2026-02-28"),
    article("d", channel="农业", published_at="2026-02-28"),
    article("draft", status="draft", published_at="2026-02-28"),
    article("future", published_at="2026-04-02"),
    article("expired", expires_at="2026-02-20", published_at="2026-02-19"),
    article("old", channel="文化", published_at="2020-01-01"),
    article("undated", published_at=None),
]


def live_of(root: Path, articles: list[Article] = ARTICLES, engine: str = "memory") -> LiveIndex:
    promote(root, articles, engine=engine)
    return live_index(root)


@pytest.fixture(params=["memory", "whoosh"])
def live(tmp_path: Path, request: pytest.FixtureRequest) -> LiveIndex:
    return live_of(tmp_path, engine=request.param)


def lists(window: ViewWindow = "day", /, **heats: float) -> Lists:
    """Lists in which each article has so much heat, and so many visitors."""
    counts = [
        ViewCount(article_id=each.replace("__", "-"), visitors=int(heat), heat=heat)
        for each, heat in heats.items()
    ]
    ranked = sorted(counts, key=lambda each: -each.heat)
    return Lists(views={window: ranked}, as_of=NOON)


def ask(
    live: LiveIndex,
    viewed: Lists,
    *,
    window: ViewWindow = "day",
    channel: str | None = None,
    size: int = 10,
    exclude: tuple[str, ...] = (),
    decided: Placements = Placements(),  # noqa: B008 (it is frozen)
) -> HotAnswer:
    return hot(
        live,
        viewed,
        window=window,
        channel=channel,
        size=size,
        exclude=exclude,
        decided=decided,
        now=NOON,
    )


def ids(answer: HotAnswer, origin: str | None = None) -> list[str]:
    return [each.article.id for each in answer.items if origin in (None, each.origin)]


def test_what_readers_view_comes_first_and_the_latest_fill_up(live: LiveIndex) -> None:
    answer = ask(live, lists(c=5, a=9, unknown=20), size=5)
    assert ids(answer, "views") == ["a", "c"]
    assert ids(answer, "latest") == ["b", "d", "old"]
    assert [each.visitors for each in answer.items] == [9, 5, 0, 0, 0]
    assert answer.items[0].lead == "导语。"
    assert (answer.as_of, answer.index.doc_count) == (NOON, len(ARTICLES))


def test_a_new_installation_shows_the_latest_and_says_so(live: LiveIndex) -> None:
    answer = ask(live, Lists(), size=3)
    assert ids(answer) == ids(answer, "latest") == ["a", "b", "c"]
    assert answer.as_of is None


def test_each_window_has_its_own_list(live: LiveIndex) -> None:
    viewed = lists("hour", d=3)
    assert ids(ask(live, viewed, window="hour"), "views") == ["d"]
    assert ids(ask(live, viewed, window="week"), "views") == []


def test_what_readers_may_not_see_is_left_out(live: LiveIndex) -> None:
    answer = ask(live, lists(draft=9, future=8, expired=7, undated=1))
    assert ids(answer, "views") == ["undated"]
    assert ids(answer, "latest") == ["a", "b", "c", "d", "old"]


def test_of_a_channel_with_all_that_lies_in_it(live: LiveIndex) -> None:
    viewed = lists(d=9, c=5, b=4, old=3)
    assert ids(ask(live, viewed, channel="文化")) == ["c", "b", "old", "a"]
    assert ids(ask(live, viewed, channel="文化/节会")) == ["a"]
    assert ids(ask(live, viewed, channel=" 农业 / ")) == ["d", "c"]
    assert ids(ask(live, viewed, channel="没有")) == []


def test_without_what_the_page_already_shows(live: LiveIndex) -> None:
    answer = ask(live, lists(a=9, b=5), size=3, exclude=("a", "c", "unknown"))
    assert (ids(answer, "views"), ids(answer, "latest")) == (["b"], ["d", "old"])


def test_a_withdrawn_article_goes_with_the_next_commit(tmp_path: Path) -> None:
    live = live_of(tmp_path)
    viewed = lists(a=9, b=5)
    apply(tmp_path, [replace(ARTICLES[0], status="withdrawn"), "b"], revision=2)
    assert ids(ask(live, viewed), "views") == []
    assert ids(ask(live, viewed)) == ["c", "d", "old", "undated"]


@pytest.mark.parametrize("window", ["hour", "day", "week"])
def test_an_old_article_needs_more_readers(tmp_path: Path, window: ViewWindow) -> None:
    new = article("new", published_at=NOON.isoformat())
    aged = article("aged", published_at=(NOON - timedelta(hours=HOT_AGING[window])).isoformat())
    live = live_of(tmp_path, [new, aged, *ARTICLES])
    half = (1 + HOT_FADED) / 2
    less, more = lists(window, new=100, aged=99 / half), lists(window, new=100, aged=101 / half)
    assert ids(ask(live, less, window=window, size=2)) == ["new", "aged"]
    assert ids(ask(live, more, window=window, size=2)) == ["aged", "new"]
    most = lists(window, new=100, old=101 / HOT_FADED, undated=99 / HOT_FADED)
    assert ids(ask(live, most, window=window, size=3)) == ["old", "new", "undated"]


def test_no_two_are_of_one_duplicate_group(live: LiveIndex, tmp_path: Path) -> None:
    copies = [
        replace(each, duplicate_group=number)
        for number, some in enumerate((ARTICLES[0:2], ARTICLES[2:4]), start=1)
        for each in some
    ]
    apply(tmp_path, copies, revision=2)
    assert ids(ask(live, lists(b=9, a=5))) == ["b", "c", "old", "undated"]
    assert ids(ask(live, Lists(), size=3)) == ["a", "c", "old"]


@pytest.mark.parametrize("engine", ["memory", "whoosh"])
def test_any_list_is_full_distinct_and_in_order(tmp_path: Path, engine: str) -> None:
    """Against a twin that reads everything."""
    seed = Random(3)
    articles = [
        replace(
            article(
                f"n-{number}",
                channel=seed.choice(["甲", "甲/乙", "丙"]),
                published_at=(NOON - timedelta(hours=seed.randrange(1, 200))).isoformat(),
                status=seed.choice(["published"] * 4 + ["draft"]),
            ),
            duplicate_group=seed.choice([0, 0, 0, 1, 2, 3]),
        )
        for number in range(120)
    ]
    live = live_of(tmp_path, articles, engine)
    for _ in range(20):
        viewed = lists(**{f"n__{seed.randrange(140)}": seed.uniform(1, 50) for _ in range(40)})
        channel, size = seed.choice([None, "甲", "甲/乙"]), seed.randrange(8, 30)
        exclude = tuple(f"n-{seed.randrange(120)}" for _ in range(seed.randrange(5)))
        answer = ask(live, viewed, channel=channel, size=size, exclude=exclude)
        allowed = {
            each.id: each
            for each in articles
            if each.is_visible(NOON)
            and each.id not in exclude
            and (channel is None or channel in all_channels(each))
        }
        groups = {each.duplicate_group or each.id for each in allowed.values()}
        shown = [each.article.duplicate_group or each.article.id for each in answer.items]
        assert len(shown) == len(set(shown)) == min(size, len(groups))
        assert set(ids(answer)) <= allowed.keys()
        heats = {each.article_id: each.heat for each in viewed.viewed("day")}
        scores = {}
        for each in allowed.values():
            assert each.published_at is not None
            age = (NOON - each.published_at) / timedelta(hours=24)
            factor = HOT_FADED + (1 - HOT_FADED) * 2**-age
            scores[each.id] = heats.get(each.id, 0) * factor
        best: dict[object, str] = {}
        for each_id in sorted(scores, key=lambda each_id: -scores[each_id]):
            if scores[each_id]:
                best.setdefault(allowed[each_id].duplicate_group or each_id, each_id)
        assert ids(answer, "views") == [*best.values()][:size]
        origins = [each.origin for each in answer.items]
        assert origins == sorted(origins, reverse=True)
