"""Jobs: the last ones, and one of them with its progress, its outcome and the records that it rejected."""

from __future__ import annotations

from typing import Final, get_args

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from indexer.store.jobs import MAX_ID, End, Job, State
from search_service.desk.desk import Desk
from search_service.services import Services
from search_service.web.desk.layout import KIND_NAMES, STATE_NAMES
from search_service.web.desk.pages import DeskPages, Refused, session

SHOWN: Final = 100
"""Jobs that the list shows at most."""

STATES: Final[tuple[State, ...]] = get_args(State)
ENDS: Final[tuple[End, ...]] = get_args(End)


def add_jobs(pages: DeskPages, services: Services, desk: Desk) -> None:
    """The routes under ``/desk/jobs``."""

    @pages.page("/jobs", role="admin")
    def jobs() -> str:
        return render_template("desk/jobs.html", **listed())

    @pages.fragment("/jobs/now", role="admin")
    def jobs_now() -> str:
        return render_template("desk/jobs_now.html", **listed())

    def listed() -> dict[str, object]:
        state = next((each for each in STATES if each == request.args.get("state")), None)
        found = services.jobs.list(size=SHOWN, state=state)
        return {"jobs": found, "state": state or "", "states": list(STATE_NAMES.items())}

    @pages.page("/jobs/<int:job_id>", role="admin")
    def job(job_id: int) -> str:
        return render_template("desk/job.html", **_shown(job_id))

    @pages.fragment("/jobs/<int:job_id>/now", role="admin")
    def job_now(job_id: int) -> str:
        return render_template("desk/job_now.html", **_shown(job_id))

    @pages.action("/jobs/<int:job_id>/cancel", role="admin")
    def cancel_job(job_id: int) -> AnyResponse:
        found = _found(job_id)
        cancelled = services.jobs.cancel(found.id)
        if found.state in ENDS or cancelled.state in ("succeeded", "failed"):
            desk.tell(session(), "任务已经结束。")
        else:
            desk.note(session(), "job.cancel", str(job_id), kind=cancelled.kind)
            done = "已取消" if cancelled.state == "cancelled" else "正在取消"
            desk.tell(session(), f"任务 {job_id} {done}。")
        return redirect(url_for("desk.job", job_id=job_id), 303)

    @pages.action("/jobs/<int:job_id>/repeat", role="admin")
    def repeat_job(job_id: int) -> AnyResponse:
        again = _found(job_id)
        if not may_repeat(again):
            raise Refused(
                409,
                "不能再做一次",
                "这项任务还没有结束，或者它上传的文件已经删除。启用和退回，请到“版本”里做。",
            )
        started = services.jobs.start(again.kind, again.arguments)
        desk.note(session(), "job.start", str(started.id), kind=started.kind, like=job_id)
        desk.tell(
            session(), f"{KIND_NAMES.get(started.kind, started.kind)}已提交，任务 {started.id}。"
        )
        return redirect(url_for("desk.job", job_id=started.id), 303)

    def _shown(job_id: int) -> dict[str, object]:
        found = _found(job_id)
        has_rejects = desk.uploads.rejects_of(found.arguments) is not None
        return {"job": found, "has_rejects": has_rejects, "may_repeat": may_repeat}

    def _found(job_id: int) -> Job:
        return services.jobs.get(min(job_id, MAX_ID))


def may_repeat(job: Job) -> bool:
    """Whether the same job can be done again: it has ended, its file is not gone with it, and no page asks before it is done.

    To go back once more leads to another generation.
    """
    again = job.state in ENDS and job.every_seconds is None and not job.arguments.get("uploaded")
    return again and job.kind not in ("promote", "rollback")
