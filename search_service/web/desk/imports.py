"""Imports: upload a file, see what its first records would become, say which key is which field, and start the job."""

from __future__ import annotations

from pathlib import Path

from flask import redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response as AnyResponse

from indexer.said import told
from search_service.desk import uploads
from search_service.desk.desk import Desk
from search_service.services import Services
from search_service.web.desk.chinese.names import FIELD_NAMES
from search_service.web.desk.forms import form, keep_upload, upload
from search_service.web.desk.pages import DeskPages, Refused, session


def add_imports(pages: DeskPages, services: Services, desk: Desk) -> None:
    """The routes under ``/desk/imports``, and the rejected records of a job."""

    @pages.page("/imports", role="admin")
    def imports() -> str:
        recent = [
            each for each in services.jobs.list(size=100, state=None) if each.kind == "import"
        ]
        return render_template("desk/imports.html", jobs=recent[:10], most=uploads.MOST_BYTES)

    @pages.upload("/imports", role="admin", most=uploads.MOST_BYTES)
    def upload_file() -> AnyResponse:
        found = upload()
        if found is None or not found.path.stat().st_size:
            raise Refused(400, "没有收到文件", "请先选择一个文件。")
        desk.note(session(), "import.upload", found.name, bytes=found.path.stat().st_size)
        keep_upload()
        return redirect(url_for("desk.look_at", name=found.path.name, called=found.name), 303)

    @pages.page("/imports/<name>", role="admin")
    def look_at(name: str) -> str:
        return _looked_at(_found(name), request.args.get("called", ""), None)

    @pages.action("/imports/<name>", role="admin")
    def use_file(name: str) -> AnyResponse | str:
        """Look again with other fields, import the file, or drop it: what the button of the form says."""
        path, given = _found(name), form()
        called = given.get("called", "")[:200]
        if given.get("do") == "drop":
            reader = services.jobs.unfinished("import", argument="file", value=str(path))
            if reader is not None:
                raise Refused(
                    409,
                    "文件还要用",
                    f"导入任务 {reader.id} 还没有结束，它要读这个文件。不想导入的话，请先取消那个任务，文件会随它一起删除。",
                )
            path.unlink(missing_ok=True)
            desk.tell(session(), "文件已删除，什么也没有导入。")
            return redirect(url_for("desk.imports"), 303)
        mapping = _mapping()
        if given.get("do") != "start":
            return _looked_at(path, called, mapping)
        job, added = services.jobs.add_unless_same(
            "import",
            {
                "file": str(path),
                "source": None,
                "rejects": str(desk.uploads.rejects(path)),
                "mapping": mapping,
                "uploaded": called or name,
            },
            same="file",
        )
        if added:
            desk.note(
                session(), "job.start", str(job.id), kind="import", file=called, mapping=mapping
            )
            desk.tell(session(), f"导入已提交，任务 {job.id}。")
        else:  # the button was pressed twice
            desk.tell(session(), f"这个文件已经在导入，任务 {job.id}。")
        return redirect(url_for("desk.job", job_id=job.id), 303)

    @pages.page("/jobs/<int:job_id>/rejects", role="admin")
    def rejects(job_id: int) -> AnyResponse:
        path = desk.uploads.rejects_of(services.jobs.get(job_id).arguments)
        if path is None:
            raise Refused(404, "没有这个文件", "没有收下的记录最多保留 7 天。")
        return send_file(
            path,
            mimetype="application/x-ndjson",
            as_attachment=True,
            download_name=f"rejects-{job_id}.jsonl",
        )

    def _found(name: str) -> Path:
        path = desk.uploads.find(name)
        if path is None:
            raise Refused(404, "没有这个文件", "它可能已经导入或删除。需要的话，请再上传一次。")
        return path

    def _looked_at(path: Path, called: str, mapping: dict[str, str] | None) -> str:
        """The page of a file. Without a mapping it is guessed."""
        error, seen = "", None
        try:
            seen = uploads.preview(path, mapping)
        except uploads.PreviewFailed as failed:
            error = told(failed)
        return render_template(
            "desk/import_file.html",
            name=path.name,
            path=str(path),
            called=called,
            size=path.stat().st_size,
            seen=seen,
            mapping=seen.mapping if seen else {},
            fields=FIELD_NAMES,
            error=error,
        )


def _mapping() -> dict[str, str]:
    """The mapping that the form says: a key and its field, by their number."""
    given = form()
    pairs = (
        (given[name], given.get(f"field{name[3:]}", "")) for name in given if name.startswith("key")
    )
    return {key: field for key, field in pairs if field in FIELD_NAMES and field != key}
