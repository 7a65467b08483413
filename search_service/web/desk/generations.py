"""Rebuilds and generations: build a new one, look at its checks, make one live, go back. All of it by jobs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from indexer.errors import IndexFailure, JobWaiting, ManifestDamaged
from indexer.generations import Generation
from indexer.promotion_checks import PromotionChecks, read_checks
from indexer.store.jobs import Kind
from search_service.desk.desk import Desk
from search_service.services import Services
from search_service.web.desk.chinese.names import CHECK_NAMES
from search_service.web.desk.forms import form
from search_service.web.desk.layout import KIND_NAMES, OF_INDEX
from search_service.web.desk.pages import DeskPages, Refused, session

VERDICT_NAMES: Final = {"passed": "通过", "failed": "没有通过", "not made": "没有做"}
SHOWN: Final = 10
"""Jobs that are listed."""


def add_generations(pages: DeskPages, services: Services, desk: Desk) -> None:
    """The routes under ``/desk/rebuilds`` and ``/desk/generations``."""

    @pages.page("/rebuilds", role="admin")
    def rebuilds() -> str:
        return render_template("desk/rebuilds.html", **of_index())

    @pages.fragment("/rebuilds/now", role="admin")
    def rebuilds_now() -> str:
        return render_template("desk/rebuilds_now.html", **of_index())

    def of_index() -> dict[str, object]:
        found = [each for each in services.jobs.list(size=100, state=None) if each.kind in OF_INDEX]
        return {"jobs": found[:SHOWN]}

    @pages.action("/rebuilds", role="admin")
    def start_rebuild() -> AnyResponse:
        promote, force = form().get("hold") != "on", form().get("force") == "on"
        return _start("rebuild", {"promote": promote, "force": force})

    @pages.page("/generations", role="admin")
    def generations() -> str:
        listed = [
            (each, each.size(), *_checks(each))
            if isinstance(each, Generation)
            else (each, 0, None, "")
            for each in reversed(desk.generations.list())
        ]
        return render_template("desk/generations.html", generations=listed, earlier=_earlier())

    @pages.page("/generations/<name>", role="admin")
    def generation(name: str) -> str:
        found = _found(name)
        checks, fault = _checks(found)
        return render_template(
            "desk/generation.html",
            generation=found,
            size=found.size(),
            checks=checks,
            fault=fault,
            check_names=CHECK_NAMES,
            verdict_names=VERDICT_NAMES,
        )

    @pages.page("/generations/<name>/promote", role="admin")
    def ask_to_promote(name: str) -> str:
        found = _found(name)
        checks, _ = _checks(found)
        failed = checks is not None and bool(checks.failed)
        return render_template(
            "desk/confirm.html",
            title=f"启用版本 {name}",
            text="读者的搜索马上改用这个版本，不会中断；还可以再切回来。"
            + ("它有检查没有通过，请先确认这些差别是你想要的。" if failed else ""),
            action=url_for("desk.promote", name=name),
            button="仍然启用" if failed else "启用",
            fields={"force": "on"} if failed else {},
            back=url_for("desk.generation", name=name),
        )

    @pages.action("/generations/<name>/promote", role="admin")
    def promote(name: str) -> AnyResponse:
        force = form().get("force") == "on"
        return _start("promote", {"generation": _found(name).name, "force": force})

    @pages.page("/rollback", role="admin")
    def ask_to_roll_back() -> str:
        earlier = _earlier()
        if earlier is None:
            raise Refused(
                409, "没有可以退回的版本", "没有别的版本上线过，或者它已经清理掉。可以重建一个。"
            )
        return render_template(
            "desk/confirm.html",
            title=f"退回版本 {earlier}",
            text=f"读者的搜索马上改用版本 {earlier}，不会中断。稿库里的改动继续同步到它上面，文章不会变旧。",
            action=url_for("desk.roll_back"),
            button="退回",
            back=url_for("desk.generations"),
        )

    @pages.action("/rollback", role="admin")
    def roll_back() -> AnyResponse:
        return _start("rollback", {})

    def _start(kind: Kind, arguments: Mapping[str, Any]) -> AnyResponse:
        """Start a job, or lead to the one of its kind that has not ended."""
        begun = datetime.now(UTC)
        name = KIND_NAMES[kind]
        try:
            job = services.jobs.start(kind, arguments)
        except JobWaiting as waiting:
            job_id = waiting.job_id
            told = f"另一项{name}还没有结束，就是任务 {job_id}。请等它结束，或先取消它。"
        else:
            job_id = job.id
            told = f"{name}已经在做了，就是任务 {job_id}。"
            if job.created_at >= begun:
                desk.note(session(), "job.start", str(job_id), kind=kind, **arguments)
                told = f"{name}已提交，任务 {job_id}。"
        desk.tell(session(), told)
        return redirect(url_for("desk.job", job_id=job_id), 303)

    def _earlier() -> str | None:
        """The name of the generation that a rollback leads to."""
        try:
            return desk.generations.earlier()
        except IndexFailure:
            return None

    def _found(name: str) -> Generation:
        try:
            return desk.generations.get(name)
        except IndexFailure as error:
            raise Refused(404, "没有这个版本", "它可能已经清理掉，或者读不出来。") from error


def _checks(generation: Generation) -> tuple[PromotionChecks | None, str]:
    """The checks of a generation, and why they cannot be read. None if it was made without."""
    try:
        return read_checks(generation.folder), ""
    except ManifestDamaged as error:
        return None, error.why
