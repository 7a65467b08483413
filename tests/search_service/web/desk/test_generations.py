"""Rebuilds and generations at the desk: what is started, what is asked before, and what the checks say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from indexer.promotion_checks import Moved, PromotionCheck, PromotionChecks, write_checks
from tests.search_service.indexes import promote
from tests.search_service.web.desk.newsdesk import Newsdesk
from tests.search_service.web.portal import SCRIPT, STORY, visible_text

FAILED = PromotionChecks(
    against="000001",
    checks=(
        PromotionCheck(name="count", verdict="passed", facts={"articles": 1}),
        PromotionCheck(
            name="golden",
            verdict="failed",
            value=1,
            threshold=0,
            facts={"held": 3, "queries": 4},
            moved=(Moved(f"云溪{SCRIPT}", ("story-1",), ()),),
        ),
        PromotionCheck(name="overlap", verdict="not made", reason="no recorded"),
    ),
)


@pytest.fixture
def second(newsdesk: Newsdesk) -> Iterator[str]:
    """The name of a second generation, which is live, while the first one is there still."""
    made = promote(newsdesk.root / "index", [STORY])
    yield made.name
    with newsdesk.desk.generations.lock():
        newsdesk.desk.generations.promote("000001")
        newsdesk.desk.generations.prune(1, is_sound=lambda _: True)


def arguments(newsdesk: Newsdesk) -> list[tuple[str, dict[str, object]]]:
    """The jobs that were started, oldest first."""
    return [
        (each.kind, dict(each.arguments))
        for each in reversed(newsdesk.services.jobs.list(size=10, state=None))
    ]


def test_a_rebuild_starts_once_and_a_second_request_leads_to_it(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    assert "还没有。" in admin.page("/desk/rebuilds")
    first = admin.post("/desk/rebuilds", hold="on")
    assert first.location == "/desk/jobs/1"
    assert "重建已提交，任务 1。" in admin.page("/desk/jobs/1")
    assert admin.post("/desk/rebuilds", hold="on").location == "/desk/jobs/1"
    assert "重建已经在做了，就是任务 1。" in admin.page("/desk/jobs/1")
    assert admin.post("/desk/rebuilds", force="on").location == "/desk/jobs/1"
    assert "另一项重建还没有结束" in admin.page("/desk/jobs/1")
    assert arguments(newsdesk) == [("rebuild", {"promote": False, "force": False})]
    with newsdesk.desk.store.use() as store:
        entries, _ = store.audit.entries(action="job.start")
    assert [(each.subject, each.details["kind"]) for each in entries] == [("1", "rebuild")]
    assert "任务 1 · 重建" in visible_text(admin.page("/desk/rebuilds"))


def test_the_generations_are_listed_and_each_change_is_asked_before(
    newsdesk: Newsdesk, second: str
) -> None:
    admin = newsdesk.person("admin")
    page = visible_text(admin.page("/desk/generations"))
    assert "退回版本 000001" in page
    assert page.rindex(second) < page.rindex("000001")
    assert f"{second} 线上" in page
    assert f"/desk/generations/{second}/promote" not in admin.page("/desk/generations")
    assert "不会中断" in admin.page("/desk/generations/000001/promote")
    assert "马上改用版本 000001，不会中断" in admin.page("/desk/rollback")
    admin.post("/desk/generations/000001/promote")
    admin.post("/desk/rollback")
    assert arguments(newsdesk) == [
        ("promote", {"generation": "000001", "force": False}),
        ("rollback", {}),
    ]


def test_without_an_earlier_generation_nothing_offers_to_go_back(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    assert "/desk/rollback" not in admin.page("/desk/generations")
    assert admin.get("/desk/rollback").status_code == 409


def test_failed_checks_are_shown_and_promotion_must_be_insisted_on(
    newsdesk: Newsdesk, second: str
) -> None:
    admin = newsdesk.person("admin")
    write_checks(FAILED, newsdesk.desk.generations.get(second).folder)
    assert "1 项没有通过" in admin.page("/desk/generations")
    page = admin.page(f"/desk/generations/{second}")
    assert SCRIPT not in page
    told = visible_text(page)
    assert "与当时的线上版本 000001 比较" in told
    assert "必查查询 没有通过 1 0 4 个必查查询，3 个的第一页有该有的文章。" in told
    assert "首页结果重合 没有做 还没有读者的搜索词。" in told
    assert "story-1 没有结果" in told
    confirm = admin.page(f"/desk/generations/{second}/promote")
    assert "仍然启用" in confirm
    assert 'name="force" value="on"' in confirm
    admin.post(f"/desk/generations/{second}/promote", force="on")
    assert arguments(newsdesk) == [("promote", {"generation": second, "force": True})]


def test_a_damaged_generation_is_told(newsdesk: Newsdesk, second: str) -> None:
    admin = newsdesk.person("admin")
    folder = newsdesk.desk.generations.get(second).folder
    (folder / "checks.json").write_text("{", encoding="utf-8")
    assert "检查的记录读不出来" in admin.page(f"/desk/generations/{second}")
    manifest = folder / "manifest.json"
    whole = manifest.read_bytes()
    manifest.write_text("{", encoding="utf-8")
    assert "损坏" in admin.page("/desk/generations")
    assert "线上版本" in admin.page("/desk")
    assert admin.get(f"/desk/generations/{second}").status_code == 404
    manifest.write_bytes(whole)


def test_an_unknown_generation_starts_nothing(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    for name in ("000099", "..", "x"):
        assert admin.get(f"/desk/generations/{name}/promote").status_code in (404, 405)
        assert admin.post(f"/desk/generations/{name}/promote").status_code in (404, 405)
    assert arguments(newsdesk) == []
