"""The list of words: what it would change, applying it by a job, and new words to decide on."""

from __future__ import annotations

from typing import Final

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from indexer.editorial.lines import read_entry
from indexer.errors import IndexFailure, InvalidEntry, JobWaiting, Overloaded
from indexer.store.jobs import Kind
from search_service.desk import words as facts
from search_service.desk.desk import Desk
from search_service.desk.lists import DeskLists
from search_service.services import Services
from search_service.web.desk.forms import form
from search_service.web.desk.layout import KIND_NAMES
from search_service.web.desk.list_names import LIST_TEXTS
from search_service.web.desk.pages import DeskPages, Refused, page_number, session

SIZE: Final = 20
"""New words on a page. Each costs a search."""

SHOWN: Final = 3
"""Jobs that are listed."""

TROUBLE: Final = "现在看不了：索引暂时不可用，或者搜索的人太多。请稍后再试。"


def add_words(pages: DeskPages, services: Services, desk: Desk) -> None:
    """The routes under ``/desk/lists/words``, beside those of every list."""
    lists = DeskLists(services, desk)

    @pages.page("/lists/words/apply", role="editor")
    def words() -> str:
        pending, trouble = None, ""
        try:
            pending = facts.pending(services, desk)
        except (IndexFailure, Overloaded):
            trouble = TROUBLE
        return render_template("desk/words.html", pending=pending, trouble=trouble, **of_words())

    @pages.fragment("/lists/words/now", role="editor")
    def words_now() -> str:
        """The jobs. ``waits``: the page waits for one, and is loaded anew when it has ended and this process has followed it."""
        shown = of_words()
        ended = "waits" in request.args and not shown["waits"] and is_followed()
        return render_template("desk/words_now.html", ended=ended, **shown)

    def is_followed() -> bool:
        """Whether this process answers from what is live."""
        try:
            return services.index_state().generation == desk.generations.live_name()
        except IndexFailure:
            return False

    def of_words() -> dict[str, object]:
        kinds: tuple[Kind, ...] = ("words", "preview")
        found = [each for each in services.jobs.list(size=100, state=None) if each.kind in kinds]
        waits = any(each.state in ("queued", "running") for each in found)
        return {"jobs": found[:SHOWN], "waits": waits}

    @pages.action("/lists/words/preview", role="editor")
    def preview_words() -> AnyResponse:
        return _start("preview")

    @pages.action("/lists/words/apply", role="editor")
    def apply_words() -> AnyResponse:
        return _start("words")

    def _start(kind: Kind) -> AnyResponse:
        try:
            job = services.jobs.start(kind, {})
        except JobWaiting as waiting:
            told = f"{KIND_NAMES[kind]}已经在做了，就是任务 {waiting.job_id}。"
        else:
            desk.note(session(), "job.start", str(job.id), kind=kind)
            told = f"{KIND_NAMES[kind]}已提交，任务 {job.id}。"
        desk.tell(session(), told)
        return redirect(url_for("desk.words"), 303)

    @pages.page("/lists/words/new", role="editor")
    def new_words() -> str:
        page, trouble = page_number(), ""
        found = facts.new_words(services, lists.read())
        shown: list[facts.NewWord] = []
        try:
            wanted = found[(page - 1) * SIZE : page * SIZE]
            shown = [facts.in_articles(services, each) for each in wanted]
        except (IndexFailure, Overloaded):
            trouble = TROUBLE
        return render_template(
            "desk/new_words.html",
            words=shown,
            trouble=trouble,
            page=page,
            size=SIZE,
            total=len(found),
        )

    @pages.action("/lists/words/new", role="editor")
    def decide_word() -> AnyResponse:
        given = form()
        sign = "-" if given.get("do") == "refuse" else ""
        try:
            entry = read_entry("words", sign + given.get("word", ""))
        except InvalidEntry as error:
            raise Refused(400, "不能写进词表", LIST_TEXTS["words"].how) from error
        lists.put(session(), "words", [entry])
        done = "不当作一个词" if sign else "当作一个词"
        desk.tell(session(), f"{entry.key}：{done}。应用以后生效。")
        return redirect(url_for("desk.new_words"), 303)
