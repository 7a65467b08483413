"""What editors pick and ban in the lists of articles: related and hot ones, by themselves and in a page's blocks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from math import prod
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.editorial.entries import ListName
from indexer.editorial.lines import read_entry
from indexer.settings import IndexSettings, read_settings
from indexer.store.database import open_editorial
from search_service.assembly import make_services
from search_service.blocks.picks import arranged
from search_service.blocks.portal import Sizes
from search_service.blocks.related import Wanted
from search_service.querylog.base import NoQueryLog
from search_service.querylog.lists import Lists
from search_service.querylog.views import ViewCount
from search_service.ranking.relating import Relating
from search_service.services import Services
from tests.factories import NOON, article
from tests.search_service.indexes import PATIENT, promote

TEA = "云溪的茶会移到古塔下举行，茶农带来新茶，制陶匠人带来茶具。"
HERE = article("here", title="云溪茶会移师古塔", body=TEA, channel="文化", tags=["茶会", "古塔"])
ARTICLES = [
    HERE,
    article("tea-1", title="古塔下的茶会", body=f"云溪茶农说，茶会离不开茶具。{TEA}", channel="文化"),
    article("tea-2", title="茶会散了", body="云溪的茶农收起茶具，古塔下制陶匠人还在。"),
    article("copy-1", title="雨季的渡口", body="船工守着渡口。", duplicate_group=4),
    article("copy-2", title="渡口的雨季", body="渡口有船工守着。", duplicate_group=4),
    article("rain", title="雨下了三天", body="水库的水位又升了一指。", published_at="2026-02-20"),
    article("draft", title="草稿", body="未发。", status="draft"),
    article("lamp", title="灯会", body="满城灯火。", tags=["茶会"], published_at="2026-02-01"),
    article("both", title="灯谜", body="谜底揭晓。", tags=["茶会", "古塔"], published_at="2026-01-01"),
]  # fmt: skip


class Viewed(NoQueryLog):
    """A log in which readers viewed the tea articles."""

    def __init__(self) -> None:
        counts = [
            ViewCount(article_id=each, visitors=9, heat=9.0 - place)
            for place, each in enumerate(("tea-1", "tea-2", "copy-1"))
        ]
        self.lists = Lists(views={"day": counts}, as_of=NOON)  # type: ignore[misc]


class Site:
    """The services over an index and a store of their own, at noon."""

    def __init__(self, root: Path, engine: str) -> None:
        promote(root, ARTICLES, engine=engine)
        self.store_url = f"sqlite:///{root / 'articles.sqlite3'}"
        named = {"SEARCH_INDEX_DIR": str(root), "SEARCH_STORE_URL": self.store_url}
        self.services: Services = replace(
            make_services(read_settings(IndexSettings, named), PATIENT),
            query_log=Viewed(),
            clock=lambda: NOON,
        )

    def decide(self, name: ListName, *lines: str) -> None:
        with closing(open_editorial(self.store_url)) as store:
            store.put(name, [read_entry(name, line) for line in lines], replace=True)
        self.services.editorial.refresh()

    def related(self, page: str = "here", **wanted: object) -> list[tuple[str, str]]:
        found = self.services.related(page, Wanted(**wanted))  # type: ignore[arg-type]
        return [(each.article.id, each.step) for each in found.items]

    def hot(self, **wanted: object) -> list[tuple[str, str]]:
        found = self.services.hot(**wanted)  # type: ignore[arg-type]
        return [(each.article.id, each.origin) for each in found.items]


@pytest.fixture(params=["memory", "whoosh"])
def site(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    made = Site(tmp_path, request.param)
    yield made
    made.services.close()


def test_a_pick_stands_at_its_position_and_says_so(site: Site) -> None:
    plain = site.related()
    assert plain[:2] == [("tea-1", "terms"), ("tea-2", "terms")]
    site.decide("picks", "related here => rain 2", "related tea-1 => lamp 1")
    found = site.services.related("here").items
    assert [each.article.id for each in found][:3] == ["tea-1", "rain", "tea-2"]
    assert (found[1].step, found[1].reasons[0], found[1].score) == ("picked", "编辑推荐", 0.0)
    assert site.related("tea-1")[0] == ("lamp", "picked")
    assert ("rain", "picked") not in site.related("tea-2")


def test_picks_of_a_page_come_before_those_of_every_page(site: Site) -> None:
    site.decide("picks", "related => lamp 1", "related here => rain 1", "related => draft 1")
    assert site.related(size=3) == [("rain", "picked"), ("lamp", "picked"), ("tea-1", "terms")]
    assert site.related("rain", size=1) == [("lamp", "picked")]
    assert ("lamp", "picked") not in site.related("lamp"), "no page lists its own article"


def test_picks_meet_the_conditions_of_the_request(site: Site) -> None:
    site.decide("picks", "related here => rain 1", "related here => tea-1 2")
    assert site.related(size=2, channel="文化") == [("tea-1", "picked")]
    assert ("rain", "picked") not in site.related(exclude=("rain",))
    assert ("rain", "picked") not in site.related(max_age=3)


def test_copies_of_a_pick_are_not_listed(site: Site) -> None:
    site.decide("picks", "related here => copy-2 1", "hot => copy-2 2")
    assert {each for each, _ in site.related(size=9)} & {"copy-1", "copy-2"} == {"copy-2"}
    assert site.hot(size=9)[:3] == [("tea-1", "views"), ("copy-2", "picked"), ("tea-2", "views")]
    assert "copy-1" not in dict(site.hot(size=9))


def test_the_banned_and_their_copies_are_not_listed_and_others_follow(site: Site) -> None:
    site.decide("bans", "related here => tea-1", "related => copy-1", "hot => copy-2")
    found = dict(site.related(size=9))
    assert set(found) == {"tea-2", "rain", "lamp", "both"}
    assert "tea-1" in dict(site.related("tea-2"))
    assert set(dict(site.hot(size=9))) == {"here", "tea-1", "tea-2", "rain", "lamp", "both"}
    site.decide("picks", "related here => tea-1 1")
    assert "tea-1" not in dict(site.related(size=9)), "a ban overrules a pick"


def test_a_page_can_have_no_related_articles(site: Site) -> None:
    site.decide("bans", "related here => *")
    assert site.related() == []
    assert site.related("tea-1")
    assert site.services.blocks("here").related == ()


def test_decisions_act_on_their_days(site: Site) -> None:
    site.decide("picks", "hot => rain 1 2026-03-01", "hot => lamp 1 ..2026-02-27")
    site.decide(
        "bans", "related here => tea-1 2026-03-01 off", "related here => tea-2 2026-03-05.."
    )
    assert site.hot(size=1) == [("rain", "picked")]
    assert site.related(size=2) == [("tea-1", "terms"), ("tea-2", "terms")]
    site.services = replace(site.services, clock=lambda: NOON + timedelta(days=5))
    assert site.hot(size=1) == [("tea-1", "views")]
    assert ("tea-2", "terms") not in site.related()


def test_blocks_hold_no_pick_twice_and_show_new_decisions_at_once(site: Site) -> None:
    sizes = Sizes(related=3, hot=3, latest=3)
    before = site.services.blocks("here", sizes)
    assert site.services.blocks("here", sizes).hot is before.hot
    site.decide("picks", "related here => rain 1", "hot => rain 1", "hot => lamp 2")
    found = site.services.blocks("here", sizes)
    assert found.related[0].article.id == "rain"
    assert [each.article.id for each in found.hot if each.origin == "picked"] == ["lamp"]
    listed = [each.article.id for each in found.listed]
    assert len(listed) == len(set(listed))


def test_the_explanation_adds_up_to_the_score(site: Site) -> None:
    site.decide("picks", "related here => rain 1")
    found = site.services.related("here", Wanted(explain=True))
    terms = {term.spelling for term in found.terms}
    explained = [each for each in found.items if each.step == "terms"]
    assert [each.article.id for each in explained] == ["tea-1", "tea-2"]
    for each in explained:
        assert each.explanation
        assert each.explanation.score == pytest.approx(each.score, rel=1e-4)
        assert {one.text for one in each.explanation.added} <= terms
        assert prod(factor for _, factor in each.explanation.multiplied) > 0
    assert [by for by, _ in explained[0].explanation.multiplied] == ["recency", "channel"]  # type: ignore[union-attr]
    assert [by for by, _ in explained[1].explanation.multiplied] == ["recency"]  # type: ignore[union-attr]
    others = [each for each in found.items if each.step != "terms"]
    assert others
    assert not any(each.explanation for each in others)
    assert not any(each.explanation for each in site.services.related("here").items)


def test_the_setting_says_how_many_tags_are_shared(site: Site) -> None:
    assert [each for each, step in site.related(size=9) if step == "tags"] == ["lamp", "both"]
    site.services = replace(site.services, relating=Relating(shared_tags=2))
    assert [each for each, step in site.related(size=9) if step == "tags"] == ["both"]
    site.services = replace(site.services, relating=Relating(shared_tags=3))
    assert "tags" not in dict(site.related(size=9)).values()


def test_the_setting_weighs_the_channel_and_counts_ages_from_the_article(site: Site) -> None:
    def score(relating: Relating, now: datetime = NOON + timedelta(days=365)) -> float:
        asked = replace(site.services, relating=relating, clock=lambda: now)
        return next(
            each.score for each in asked.related("here").items if each.article.id == "tea-1"
        )

    plain = score(Relating())
    assert score(Relating(channel=2)) == pytest.approx(plain * 2 / Relating().channel)
    assert HERE.published_at
    dated = score(Relating(dated="article"))
    assert dated == pytest.approx(score(Relating(), HERE.published_at))
    assert dated > plain


@given(st.lists(st.integers(1, 12), max_size=6).map(sorted), st.integers(0, 8), st.integers(0, 9))
def test_picks_stand_at_their_positions_or_as_near_as_can_be(
    positions: list[int], others: int, size: int
) -> None:
    picks = [(position, -1 - number) for number, position in enumerate(positions)]
    found = arranged(picks, range(others), size)
    assert len(found) == min(size, others + len(picks))
    assert [each for each in found if each >= 0] == sorted(each for each in found if each >= 0)
    taken = 0
    for position, pick in picks:
        place = min(max(position, taken + 1), others + -pick)
        taken = place
        assert place > size or found[place - 1] == pick
