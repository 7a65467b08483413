"""The checks before a promotion, over real stores and engines. Who asks is the search service itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from indexer.asking import Asked, Asking
from indexer.build_progress import BuildProgress
from indexer.editorial.lines import read_entry
from indexer.engines.base import Engine
from indexer.errors import ChecksFailed, IndexDamaged, ManifestDamaged
from indexer.promotion_checks import CHECKS, Moved, PromotionCheck, ensure_passed, read_checks
from indexer.rebuilding.checks import ASKED, MOST_MOVED
from indexer.rebuilding.rebuild import RebuildReport
from indexer.store.database import open_editorial, open_store
from search_service.querylog.store import open_query_log
from tests.indexer.site import SHANGHAI, Site, asking_as_readers
from tests.search_service.querylog.factory import asked
from tests.typed_queries import analyzer

TITLES = [
    f"{place}的{thing}"
    for place in ("云溪", "晴川", "石桥")
    for thing in ("水库", "渡口", "茶馆", "社戏")
]


@dataclass
class Broken:
    """Asks as readers do, but an index of the generation ``name`` seems to lack the articles ``lost``."""

    asking: Asking
    name: str
    lost: set[str] = field(default_factory=set)

    def ask(self, engine: Engine, text: str) -> Asked:
        found = self.asking.ask(engine, text)
        with engine.reader() as reader:
            mine = self.name in str(getattr(engine, "folder", "")) and reader
        left = tuple(each for each in found.ids if not mine or each not in self.lost)
        return Asked(len(left), left)

    def recorded(self, most: int) -> list[str]:
        return self.asking.recorded(most)


class Checked(Site):
    """A site with a query log and golden queries, whose rebuilds are checked."""

    def asking(self) -> Asking:
        return asking_as_readers(self.store.url, self.log_url)

    @property
    def log_url(self) -> str:
        return f"sqlite:///{self.root}/log.sqlite3"

    def search(self, *texts: str) -> None:
        """Record searches of readers."""
        now = datetime.now(UTC) - timedelta(hours=1)
        with closing(open_query_log(self.log_url, SHANGHAI)) as log:
            log.write([asked(text, by=n, at=now) for n, text in enumerate(texts)], now=now)

    def expect(self, *lines: str) -> None:
        """Keep golden queries."""
        with closing(open_editorial(self.store.url)) as store:
            store.put("golden", [read_entry("golden", line) for line in lines])

    def rebuild(self, **options: Any) -> RebuildReport:
        return super().rebuild(**({"asking": self.asking} | options))

    def rebuild_without(self, *lost: str, name: str = "000002", **options: Any) -> RebuildReport:
        """A rebuild whose index seems to lack some articles whenever it is asked."""
        return self.rebuild(asking=lambda: Broken(self.asking(), name, set(lost)), **options)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Checked]:
    store = open_store(f"sqlite:///{tmp_path}/articles.sqlite3")
    made = Checked(tmp_path, store, analyzer(), "whoosh")
    for number, title in enumerate(TITLES):
        made.fill(f"a-{number}", title=title, body=f"{title}今天开门。")
    yield made
    store.close()


def verdicts(report: RebuildReport) -> dict[str, str]:
    return {each.name: each.verdict for each in report.checks.checks}


def check_of(report: RebuildReport, name: str) -> PromotionCheck:
    (found,) = (each for each in report.checks.checks if each.name == name)
    return found


def test_an_index_that_answers_as_the_live_one_passes_every_check(site: Checked) -> None:
    site.rebuild()
    site.search("云溪", "茶馆", "无此物")
    site.expect("云溪水库 => a-0", "渡口 => a-1 a-5 a-9")
    report = site.rebuild()
    assert report.promoted
    assert report.checks.against == "000001"
    assert set(verdicts(report).values()) == {"passed"}
    assert list(verdicts(report)) == ["count", "checksums", *ASKED]
    assert check_of(report, "overlap").value == 1
    assert check_of(report, "zero hits").value == 0
    assert check_of(report, "own titles").detail.startswith("0 of 12 sampled articles")
    folder = site.generations.live().folder
    assert read_checks(folder) == report.checks
    ensure_passed("000002", folder)


def test_without_anybody_who_asks_the_checks_say_so_and_the_index_is_promoted(
    site: Checked,
) -> None:
    site.expect("云溪水库 => nowhere")
    report = site.rebuild(asking=None)
    assert report.promoted
    assert {name: verdicts(report)[name] for name in ASKED} == dict.fromkeys(ASKED, "not made")
    assert {check_of(report, name).reason for name in ASKED} == {"nobody asks"}


def test_what_there_is_nothing_to_compare_with_is_not_made(site: Checked) -> None:
    report = site.rebuild()
    assert verdicts(report)["own titles"] == "passed"
    assert check_of(report, "golden").detail == "the editors' list golden is empty"
    assert check_of(report, "zero hits").reason == check_of(report, "overlap").reason == "no live"
    report = site.rebuild()
    assert check_of(report, "overlap").detail.endswith("log.sqlite3: there is no such file")
    site.search("无此物")
    report = site.rebuild()
    assert verdicts(report)["zero hits"] == "passed"
    assert "may still see" in check_of(report, "overlap").detail
    assert report.promoted


def test_a_live_index_that_cannot_be_read_is_not_compared_with(site: Checked) -> None:
    site.rebuild()
    site.search("云溪")
    for path in site.generations.live().index.iterdir():
        path.unlink()
    report = site.rebuild()
    assert report.promoted
    assert "the live index cannot be read" in check_of(report, "overlap").detail


def test_where_no_live_index_can_be_read_a_failed_check_keeps_nothing_from_going_live(
    site: Checked,
) -> None:
    site.expect("云溪水库 => gone")
    report = site.rebuild()
    assert verdicts(report)["golden"] == "failed"
    assert report.promoted
    assert site.generations.live_name() == "000001"


def test_a_golden_query_that_lacks_an_article_keeps_the_index_from_going_live(
    site: Checked,
) -> None:
    site.rebuild()
    site.expect("云溪水库 => a-0", "渡口 => a-1 a-5")
    report = site.rebuild_without("a-5")
    assert not report.promoted
    golden = check_of(report, "golden")
    assert (golden.verdict, golden.value) == ("failed", 1)
    (moved,) = golden.moved
    assert (moved.query, moved.expected) == ("渡口", ("a-1", "a-5"))
    assert "a-1" in moved.found
    assert "a-5" not in moved.found
    assert site.generations.live_name() == "000001"
    left = site.generations.get("000002")
    assert not left.was_live
    assert site.indexed("000002") == site.stored()
    with pytest.raises(ChecksFailed, match=r"golden: 1 of 2.*promote 000002 --force"):
        ensure_passed("000002", left.folder)


def test_more_queries_without_a_hit_keep_it_from_going_live(site: Checked) -> None:
    site.rebuild()
    site.search("云溪水库", *(f"没有这个{n}号" for n in range(3)))
    before = [each.id for each in site.stored().values()]
    report = site.rebuild_without(*before)
    zero = check_of(report, "zero hits")
    assert (zero.verdict, report.promoted) == ("failed", False)
    assert zero.moved == (Moved("云溪水库", zero.moved[0].expected, ()),)
    assert zero.detail.endswith("in the live index")


def test_articles_that_their_own_titles_do_not_find_keep_it_from_going_live(
    site: Checked,
) -> None:
    site.rebuild()
    report = site.rebuild_without("a-3")
    titles = check_of(report, "own titles")
    assert (titles.verdict, titles.value) == ("failed", round(100 / 12, 2))
    assert [(each.query, each.expected) for each in titles.moved] == [("云溪的社戏", ("a-3",))]
    assert site.generations.live_name() == "000001"


def test_an_article_is_found_by_its_title_if_its_duplicate_or_namesake_is(site: Checked) -> None:
    text = "石匠在渡口修了三天的桥，桥上又能走人了，两岸的人都来看。" * 3
    site.fill("copy-1", "copy-2", title="石匠修桥三日记", body=text)
    for number in range(14):
        site.fill(f"notice-{number}", title="停水通知", body=f"第{number}片{'停水' * number}。")
    report = site.rebuild()
    assert check_of(report, "own titles").value == 0


def test_first_pages_that_hold_other_articles_keep_it_from_going_live(site: Checked) -> None:
    site.rebuild()
    site.search("渡口", "水库")
    report = site.rebuild_without("a-0", "a-1", "a-4", "a-5", "a-8")
    overlap = check_of(report, "overlap")
    assert (overlap.verdict, report.promoted) == ("failed", False)
    assert overlap.value is not None
    assert overlap.value < 0.3
    assert [each.query for each in overlap.moved] == ["水库", "渡口"]


def test_articles_that_were_withdrawn_meanwhile_are_not_missed(site: Checked) -> None:
    site.rebuild()
    site.search("渡口", "水库")
    site.store.delete(["a-0", "a-4", "a-8"])
    site.fill("a-1", "a-5", status="withdrawn")
    report = site.rebuild()
    assert report.promoted
    assert check_of(report, "overlap").value == 1
    assert check_of(report, "zero hits").value == 0


def test_a_failed_check_can_be_overruled(site: Checked) -> None:
    site.rebuild()
    site.expect("云溪水库 => nowhere")
    assert not site.rebuild().promoted
    report = site.rebuild(force=True)
    assert report.promoted
    assert verdicts(report)["golden"] == "failed"
    assert site.generations.live_name() == report.generation
    assert site.generations.live().was_live


def test_only_the_worst_queries_are_named(site: Checked) -> None:
    site.rebuild()
    site.expect(*(f"{n}号 => nowhere" for n in range(MOST_MOVED + 5)))
    golden = check_of(site.rebuild(), "golden")
    assert (len(golden.moved), golden.value) == (MOST_MOVED, MOST_MOVED + 5)


def test_what_fails_again_and_again_leaves_one_generation_and_the_way_back(site: Checked) -> None:
    site.rebuild()
    site.rebuild()
    site.expect("云溪水库 => nowhere")
    for name in ("000003", "000004"):
        report = site.rebuild()
        assert (report.generation, report.promoted) == (name, False)
        assert site.folders() == ["000001", "000002", name]
    with site.generations.lock():
        assert site.generations.rollback().name == "000001"


def test_a_new_index_that_cannot_be_asked_is_thrown_away(site: Checked) -> None:
    site.rebuild()
    folder = site.generations.root / "generations" / "000002" / "index"

    def damage(progress: BuildProgress) -> None:
        if progress.phase == "compare":
            for path in folder.iterdir():
                path.unlink()

    with pytest.raises(IndexDamaged):
        site.rebuild(progress=damage)
    assert site.folders() == ["000001"]


def test_what_changes_while_the_index_is_asked_is_in_it(site: Checked) -> None:
    site.rebuild()

    def change(progress: BuildProgress) -> None:
        if progress.phase == "compare" and not progress.done:
            site.fill("late", title="晚到的消息")
            site.store.delete(["a-0"])

    report = site.rebuild(progress=change)
    assert report.promoted
    assert site.indexed() == site.stored()
    assert check_of(report, "count").detail.startswith("12 articles")


def test_progress_counts_the_queries(site: Checked) -> None:
    site.rebuild()
    site.search("云溪", "晴川")
    site.expect("渡口 => a-1")
    seen: list[tuple[int, int]] = []

    def note(progress: BuildProgress) -> None:
        if progress.phase == "compare":
            seen.append((progress.done, progress.total))

    site.rebuild(progress=note)
    assert seen[0] == (0, 1 + 2 * 2 + len(TITLES))
    assert seen[-1][0] == seen[-1][1]


def test_checks_that_cannot_be_read_are_damage(site: Checked) -> None:
    site.rebuild()
    folder = site.generations.live().folder
    (folder / CHECKS).write_text("{}", encoding="utf-8")
    with pytest.raises(ManifestDamaged, match=CHECKS):
        ensure_passed("000001", folder)
    (folder / CHECKS).unlink()
    assert read_checks(folder) is None
    ensure_passed("000001", folder)
