"""Pins and hides in what a search answers: places, pages, totals, facets, and copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.hits import FacetCount
from indexer.query import Collapse, MatchAll, Query, SearchRequest, Sort
from search_service.answering.climb import climb
from search_service.answering.pinning import Arranged, arrange
from search_service.live.decisions import Placements
from search_service.live.index import LiveIndex
from search_service.understanding.filters import in_channel, visible
from search_service.understanding.parse import parse
from tests.factories import NOON, article
from tests.search_service.indexes import SHANGHAI, live_index, promote
from tests.typed_queries import analyzer

ARTICLES = [
    *(
        article(
            f"n-{number:02}",
            title=f"水库观察之{number}",
            body="云溪水库的水位又降了一指。" * (1 + number % 5),
            channel="时政" if number % 2 else "社会",
            duplicate_group=[0, 0, 0, 5, 5, 5, 6][number % 7] * (number < 14),
            published_at=f"2026-01-{number + 1:02}",
        )
        for number in range(23)
    ),
    article("tea", title="茶会", body="茶农带来了新茶。", channel="文化"),
    article("bench", title="板凳会", body="村里的事在操场边商量。", channel="社会/乡村"),
    article("draft", title="水库草稿", status="draft"),
    article("future", title="水库预告", published_at="2026-03-02"),
]


@pytest.fixture(scope="module", params=["memory", "whoosh"])
def live(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LiveIndex:
    root = tmp_path_factory.mktemp("index")
    promote(root, ARTICLES, engine=request.param)
    return live_index(root)


def placed(pins: Mapping[str, int] | None = None, *hidden: str) -> Placements:
    ordered = sorted((pins or {}).items(), key=lambda item: item[1])
    return Placements(MappingProxyType(dict(ordered)), frozenset(hidden))


def ask(
    live: LiveIndex,
    placements: Placements,
    *,
    text: str = "水库",
    page: int = 1,
    size: int = 100,
    sort: Sort = "relevance",
    collapse: Collapse = "none",
    channel: str | None = None,
    facet_size: int = 100,
) -> Arranged:
    tree = parse(text, analyzer=analyzer(), timezone=SHANGHAI).tree
    request = SearchRequest(
        MatchAll(),
        filter=visible(NOON),
        sort=sort,
        collapse=collapse,
        facets=("channel",),
        facet_size=facet_size,
        page=page,
        size=size,
    )
    narrowing: dict[str, Query] = {"channel": in_channel(channel)} if channel else {}
    with live.reader() as (reader, _, _):
        if placements == Placements():
            return Arranged(climb(reader, tree, request, narrowing))
        return arrange(reader, tree, request, narrowing, placements)


def ids(arranged: Arranged) -> list[str]:
    return [hit.article.id for hit in arranged.found.page.hits]


def channels(arranged: Arranged) -> dict[str, int]:
    return {each.value: each.count for each in arranged.found.page.facets["channel"]}


def test_without_placements_nothing_is_changed(live: LiveIndex) -> None:
    found = ask(live, Placements())
    assert ask(live, placed({"nowhere": 1}, "nowhere either")).found.page == found.found.page
    assert found.pinned == frozenset()


def test_pins_stand_at_their_positions_whether_they_were_found_or_not(live: LiveIndex) -> None:
    before = ids(ask(live, Placements()))
    arranged = ask(live, placed({"tea": 1, before[5]: 3}))
    rest = [each for each in before if each != before[5]]
    assert ids(arranged) == ["tea", rest[0], before[5], *rest[1:]]
    assert arranged.pinned == {"tea", before[5]}
    page = arranged.found.page
    assert (page.total, page.groups) == (24, 24)
    assert {hit.score for hit in page.hits if hit.article.id in arranged.pinned} == {0.0}


def test_a_position_behind_the_last_is_the_last_and_equal_ones_follow_one_another(
    live: LiveIndex,
) -> None:
    arranged = ask(live, placed({"tea": 2, "bench": 2, "n-00": 90}))
    shown = ids(arranged)
    assert shown[1:3] == ["tea", "bench"]
    assert shown[-1] == "n-00"


def test_pins_are_all_there_is_where_nothing_else_is_found(live: LiveIndex) -> None:
    arranged = ask(live, placed({"tea": 3}), text="qwertz")
    assert ids(arranged) == ["tea"]
    assert arranged.found.page.total == 1
    assert channels(arranged) == {"文化": 1}


def test_what_readers_may_not_see_cannot_be_pinned(live: LiveIndex) -> None:
    arranged = ask(live, placed({"draft": 1, "future": 2}))
    assert arranged.pinned == frozenset()
    assert ids(arranged) == ids(ask(live, Placements()))


def test_a_pin_must_pass_the_filters_of_the_reader(live: LiveIndex) -> None:
    arranged = ask(live, placed({"tea": 1, "bench": 2}), channel="社会")
    assert arranged.pinned == {"bench"}
    assert ids(arranged)[1] == "bench"
    assert channels(arranged)["社会/乡村"] == 1


@pytest.mark.parametrize("sort", ["newest", "oldest", "hot"])
def test_pins_do_not_change_an_order_by_time_or_heat(live: LiveIndex, sort: Sort) -> None:
    arranged = ask(live, placed({"tea": 1}), sort=sort)
    assert arranged.pinned == frozenset()
    assert ids(arranged) == ids(ask(live, Placements(), sort=sort))


def test_hidden_articles_and_their_copies_are_not_there(live: LiveIndex) -> None:
    arranged = ask(live, placed(None, "n-00", "n-03"))
    gone = {"n-00", "n-03", "n-04", "n-05", "n-10", "n-11", "n-12"}
    assert set(ids(arranged)) == {f"n-{n:02}" for n in range(23)} - gone
    assert arranged.found.page.total == 23 - len(gone)
    assert sum(channels(arranged).values()) == 23 - len(gone)
    assert "n-00" not in ids(ask(live, placed(None, "n-00"), sort="newest"))
    assert ask(live, placed({"n-04": 1}, "n-03")).pinned == frozenset()


def test_copies_stand_behind_the_pin_where_they_are_collapsed(live: LiveIndex) -> None:
    before = ask(live, Placements(), collapse="duplicates").found.page
    arranged = ask(live, placed({"n-12": 1, "tea": 2}), collapse="duplicates")
    page = arranged.found.page
    first = page.hits[0]
    assert (first.article.id, first.group_size) == ("n-12", 6)
    assert (page.total, page.groups) == (before.total + 1, before.groups + 1)
    assert not {"n-03", "n-04", "n-05", "n-10", "n-11"} & set(ids(arranged))
    assert sum(hit.group_size for hit in page.hits) == page.total
    assert sum(channels(arranged).values()) == page.total


def test_of_pins_of_one_group_the_first_has_the_copies(live: LiveIndex) -> None:
    page = ask(live, placed({"n-12": 1, "n-03": 2}), collapse="duplicates").found.page
    assert [(hit.article.id, hit.group_size) for hit in page.hits[:2]] == [("n-12", 5), ("n-03", 1)]
    assert sum(hit.group_size for hit in page.hits) == page.total == 23


def test_a_full_facet_counts_pins_too(live: LiveIndex) -> None:
    few = ask(live, placed({"tea": 1, "n-01": 2}), facet_size=2).found.page.facets["channel"]
    assert few == (FacetCount("社会", 12), FacetCount("时政", 11))


@given(
    pins=st.dictionaries(
        st.sampled_from([each.id for each in ARTICLES]), st.integers(1, 30), max_size=8
    ),
    hidden=st.lists(st.sampled_from([each.id for each in ARTICLES]), max_size=3),
    size=st.integers(1, 12),
    collapse=st.sampled_from(["none", "duplicates"]),
    channel=st.sampled_from([None, "社会"]),
)
def test_the_pages_are_stretches_of_one_list(
    live: LiveIndex,
    pins: dict[str, int],
    hidden: Sequence[str],
    size: int,
    collapse: Collapse,
    channel: str | None,
) -> None:
    pins = {each: position for each, position in pins.items() if each not in hidden}
    placements = placed(pins, *hidden)
    whole = ask(live, placements, collapse=collapse, channel=channel)
    page = whole.found.page
    assert page.groups == len(page.hits) == len({*ids(whole)})
    assert page.total == sum(hit.group_size for hit in page.hits)
    last = 1 + len(page.hits) // size
    pages = [
        ids(ask(live, placements, page=n, size=size, collapse=collapse, channel=channel))
        for n in range(1, last + 2)
    ]
    assert [each for one in pages for each in one] == ids(whole)
    assert all(len(one) == size for one in pages[: len(page.hits) // size])
    assert ids(whole) == inserted(
        [each for each in ids(whole) if each not in whole.pinned],
        {each: place for each, place in placements.pinned.items() if each in whole.pinned},
    )
    for value in page.facets["channel"]:
        narrowed = ask(live, placements, collapse=collapse, channel=value.value)
        assert narrowed.found.page.total == value.count


def inserted(others: list[str], pins: Mapping[str, int]) -> list[str]:
    """The pins put in among the others one by one; ``pins`` are in the order of their positions."""
    shown, behind = list(others), 0
    for article_id, position in pins.items():
        shown.insert(max(position - 1, behind), article_id)
        behind = shown.index(article_id) + 1
    return shown
