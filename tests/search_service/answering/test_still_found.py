"""Lists offer a recorded query only as long as it finds something: a real index, and a real query log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest

from indexer.editorial.entries import ListName
from indexer.editorial.lines import read_entry
from indexer.errors import Overloaded
from indexer.store.database import open_editorial
from search_service.answering.search import Question
from search_service.answering.still_found import KEPT_FOR, MOST_ASKED, Check, Findings
from search_service.gate import Gate
from search_service.live.decisions import LiveEditorial
from search_service.live.index import IndexState
from search_service.querylog.log import BackgroundQueryLog
from search_service.querylog.store import open_query_log
from search_service.services import Services
from tests.factories import NOON, article
from tests.search_service.indexes import SHANGHAI, apply, services
from tests.search_service.querylog.factory import fill
from tests.typed_queries import analyzer

PATIENCE = 60.0
ONLY = article("only", title="云溪水库大坝合龙", body="段工到场。")
OTHERS = [article(f"n-{n}", title="云溪水库", body="水库放水。") for n in range(5)]
SOON = article("soon", title="渔港茶会", expires_at="2026-03-01T12:00:30+00:00")
OF_ONE = ("云溪水库大坝合龙", "水库合龙", "云溪 段工")
"""Queries that only one article answers: its title, words of it, a word of its body."""


class Site:
    """An index of a few articles, and what readers asked."""

    def __init__(self, root: Path, engine: str, url: str) -> None:
        self.root = root
        asked = dict.fromkeys((*OF_ONE, "渔港茶会"), 3) | {"云溪水库": 9, "水库": 2}
        with closing(open_query_log(url, SHANGHAI)) as store:
            fill(store, asked, at=NOON - timedelta(hours=1))
        self.log = BackgroundQueryLog(
            url, keep_days=30, analyzer=analyzer, timezone=SHANGHAI, clock=lambda: NOON
        )
        assert self.log.settle(PATIENCE)
        self.store = f"sqlite:///{root / 'articles.sqlite3'}"
        made = services(root / "index", [ONLY, SOON, *OTHERS], engine=engine)
        editorial = LiveEditorial(self.store)
        made = replace(made, query_log=self.log, editorial=editorial, time_limit=PATIENCE)
        self.services: Services = made

    def decide(self, name: ListName, *lines: str) -> None:
        with closing(open_editorial(self.store)) as store:
            store.put(name, [read_entry(name, line) for line in lines])
        self.services.editorial.refresh()

    def at(self, now: datetime) -> Services:
        return replace(self.services, clock=lambda: now)

    def change(self, *changes: object, revision: int) -> None:
        apply(self.root / "index", changes, revision=revision)  # type: ignore[arg-type]


@pytest.fixture(params=["memory", "whoosh"])
def site(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    made = Site(tmp_path, request.param, f"sqlite:///{tmp_path / 'log.sqlite3'}")
    yield made
    made.services.close()


def hot(asked: Services) -> set[str]:
    return {each.text for each in asked.hot_queries("day", "week", "all", size=20)}


def suggested(asked: Services) -> set[str]:
    found = [*asked.suggest("云溪").items, *asked.suggest("sk").items]
    return {each.text for each in found if each.kind == "query"}


def related(asked: Services) -> set[str]:
    return set(asked.related_queries("云溪水库大坝", size=20))


@pytest.mark.parametrize("change", [replace(ONLY, status="withdrawn"), "only"])
def test_a_query_goes_with_its_only_article_from_every_list(site: Site, change: object) -> None:
    asked = site.services
    assert hot(asked) == {*OF_ONE, "云溪水库", "渔港茶会", "水库"}
    assert suggested(asked) == {*OF_ONE, "云溪水库", "水库"}
    assert related(asked) == {ONLY.title, "云溪水库", "水库"}
    site.change(change, revision=2)
    assert asked.search(Question(text=ONLY.title, correct=False)).total == 5  # loosely
    assert hot(asked) == {"云溪水库", "渔港茶会", "水库"}
    assert suggested(asked) == {"云溪水库", "水库"}
    assert related(asked) == {"云溪水库", "水库"}


def test_a_query_goes_with_the_last_of_its_articles(site: Site) -> None:
    asked = site.services
    assert "水库" in hot(asked)
    site.change("only", *(each.id for each in OTHERS[1:]), revision=6)
    assert hot(asked) == {"云溪水库", "渔港茶会", "水库"}
    site.change("n-0", revision=7)
    assert hot(asked) == {"渔港茶会"}


def test_a_query_comes_back_when_it_finds_something_again(site: Site) -> None:
    site.change("only", revision=2)
    assert not hot(site.services) & set(OF_ONE)
    site.change(ONLY, revision=3)
    assert set(OF_ONE) <= hot(site.at(NOON + KEPT_FOR))


def test_a_query_goes_when_its_only_article_expires(site: Site) -> None:
    assert "渔港茶会" in hot(site.services)
    assert "渔港茶会" not in hot(site.at(NOON + KEPT_FOR))


def test_queries_that_editors_list_stay_whatever_they_find(site: Site) -> None:
    site.decide("hot", "春运", "水库合龙")
    site.change("only", revision=2)
    items = site.services.hot_queries("day", size=9)
    assert [(each.text, each.pinned) for each in items[:2]] == [("春运", True), ("水库合龙", True)]


def test_what_editors_hid_and_pinned_counts(site: Site) -> None:
    assert {"渔港茶会", "水库合龙"} <= hot(site.services)
    site.decide("hides", "渔港茶会 => soon", "水库合龙 => only")
    site.decide("pins", "渔港茶会 => n-1 1")
    assert {"渔港茶会", "水库合龙"} & hot(site.services) == {"渔港茶会"}


class Busy(Gate):
    """A gate that admits only so many requests."""

    def __init__(self, admitted: int = 0) -> None:
        super().__init__()
        self.left = admitted

    def pass_in_turn(self, ask, *, patience):  # type: ignore[no-untyped-def]
        if not self.left:
            raise Overloaded(1)
        self.left -= 1
        return super().pass_in_turn(ask, patience=patience)


def test_only_what_is_not_known_waits_for_its_turn(site: Site) -> None:
    busy = replace(site.services, gate=Busy())
    with pytest.raises(Overloaded):
        busy.hot_queries("day")
    first = site.services.hot_queries("day")
    assert busy.hot_queries("day") == first
    site.change("only", revision=2)
    with pytest.raises(Overloaded):
        busy.hot_queries("day")


def check(site: Site, findings: Findings, *, deadline: float, asked: int = 0) -> tuple[bool, int]:
    """Whether a query is found, and how often the index was asked."""
    asking = site.services
    with asking.live.reader() as lent:
        made = Check(
            findings=findings,
            lent=lent,
            decisions=asking.editorial.decisions(),
            timezone=SHANGHAI,
            now=NOON,
            deadline=deadline,
            asked=asked,
        )
        return made("云溪水库"), made.asked


def test_what_cannot_be_checked_in_time_is_not_offered(site: Site) -> None:
    findings, later = Findings(), monotonic() + PATIENCE
    assert check(site, findings, deadline=monotonic()) == (False, 0)
    assert check(site, findings, deadline=later, asked=MOST_ASKED) == (False, MOST_ASKED)
    assert check(site, findings, deadline=later) == (True, 1)
    assert check(site, findings, deadline=monotonic()) == (True, 0)


def state(revision: int, generation: str = "000001") -> IndexState:
    return IndexState(generation, revision, NOON, 9, rebuilding=False, outdated=False)


def test_a_query_is_not_asked_again_before_as_many_changes_as_it_found_articles() -> None:
    findings = Findings()
    findings.note("水库", 5, state(10), 1, NOON)
    assert findings.known("水库", state(14), 1, NOON) is True
    for unknown in (
        findings.known("水库", state(15), 1, NOON),
        findings.known("水库", state(9), 1, NOON),
        findings.known("水库", state(10, "000002"), 1, NOON),
        findings.known("水库", state(10), 2, NOON),
        findings.known("水库", state(10), 1, NOON + KEPT_FOR),
        findings.known("水库", state(10), 1, NOON - KEPT_FOR),
        findings.known("茶会", state(10), 1, NOON),
    ):
        assert unknown is None
    findings.note("茶会", 0, state(10), 1, NOON)
    assert findings.known("茶会", state(99), 1, NOON) is False
