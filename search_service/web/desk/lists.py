"""The editors' lists: one page for each, with its entries, a form for a new one, import and export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NoReturn

from flask import Response, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from indexer.article import Article
from indexer.editorial.entries import (
    LISTS,
    BlockPlacement,
    ListName,
    Placement,
    spell_entries,
)
from indexer.errors import InvalidEntry
from search_service.desk.desk import Desk
from search_service.desk.lists import DeskLists, Fault, read_lines
from search_service.services import Services
from search_service.web.desk.choosing import ManyArticles, articles_in
from search_service.web.desk.entry_forms import WrongEntry, entry_of
from search_service.web.desk.forms import MAX_FORM, form, upload
from search_service.web.desk.list_names import LIST_TEXTS, SECTIONS
from search_service.web.desk.pages import DeskPages, Refused, page_number, session

SIZE: Final = 50
"""Entries on a page."""

FAULTS_SHOWN: Final = 20
"""Wrong lines that a page names."""


def add_lists(pages: DeskPages, services: Services, desk: Desk) -> None:
    """The routes under ``/desk/lists``."""
    kept = DeskLists(services, desk)

    @pages.page("/lists", role="editor")
    def lists() -> str:
        sizes = {name: len(entries) for name, entries in kept.read().entries.items()}
        return render_template(
            "desk/lists.html", sections=SECTIONS, list_texts=LIST_TEXTS, sizes=sizes
        )

    @pages.page("/lists/<name>", role="editor")
    def entries(name: str) -> str:
        return _entries(_named(name), given=request.args)

    @pages.action("/lists/<name>", role="editor")
    def add_entry(name: str) -> AnyResponse | str | tuple[str, int]:
        named, given = _named(name), form()
        try:
            articles = articles_in(services, desk, named, given)
            entry = entry_of(named, given, articles=articles)
        except WrongEntry as wrong:
            return _entries(named, given=given, error=str(wrong)), 400
        except ManyArticles as many:
            return _entries(named, given=given, articles=many.articles)
        change = kept.put(session(), named, [entry])
        done = "已添加" if change.added else "已修改" if change.changed else "本来就有"
        return _back(named, f"{done}：{entry.spell()}。")

    @pages.action("/lists/<name>/remove", role="editor")
    def remove_entry(name: str) -> AnyResponse:
        named, line = _named(name), form().get("line", "")
        try:
            removed = kept.remove(session(), named, line)
        except InvalidEntry:
            removed = False
        if not removed:
            _no_such_line()
        return _back(named, f"已删除：{line}。")

    @pages.action("/lists/<name>/switch", role="editor")
    def switch_entry(name: str) -> AnyResponse:
        named = _named(name)
        try:
            entry = kept.switch(session(), named, form().get("line", ""))
        except InvalidEntry:
            entry = None
        if entry is None:
            _no_such_line()
        active = isinstance(entry, Placement | BlockPlacement) and entry.active
        return _back(named, f"{'已启用' if active else '已停用'}：{entry.spell()}。")

    @pages.page("/lists/<name>/import", role="editor")
    def lines(name: str) -> str:
        return _lines(_named(name))

    @pages.upload("/lists/<name>/import", role="editor", most=MAX_FORM)
    def import_lines(name: str) -> AnyResponse | tuple[str, int]:
        named, instead = _named(name), "instead" in form()
        try:
            text = _posted_file() or form().get("lines", "")
        except WrongEntry as wrong:
            return _lines(named, text=form().get("lines", ""), error=str(wrong)), 400
        read, faults = read_lines(named, text)
        if faults or not read:
            return _lines(named, text=text, instead=instead, faults=faults), 400
        change = kept.put(session(), named, read, instead=instead)
        counts = f"新增 {change.added} 条，修改 {change.changed} 条，删除 {change.removed} 条"
        return _back(named, f"已导入：{counts}，{change.unchanged} 条没有变化。")

    @pages.page("/lists/<name>/export", role="editor")
    def export_lines(name: str) -> Response:
        named = _named(name)
        text = spell_entries(kept.read().entries[named])
        response = Response(text, mimetype="text/plain")
        response.headers.set("Content-Disposition", "attachment", filename=f"{named}.txt")
        return response

    def _entries(
        name: ListName,
        *,
        given: Mapping[str, str],
        error: str = "",
        articles: Sequence[Article] = (),
    ) -> str:
        wanted, page = request.args.get("q", ""), page_number()
        found = kept.holding(name, wanted)
        shown = found[(page - 1) * SIZE : page * SIZE]
        today = services.clock().astimezone(services.timezone).date()
        return render_template(
            "desk/entries.html",
            name=name,
            text=LIST_TEXTS[name],
            entries=shown,
            titles=kept.titles(shown),
            today=today,
            wanted=wanted,
            page=page,
            size=SIZE,
            total=len(found),
            given=given,
            error=error,
            articles=articles,
        )

    def _lines(
        name: ListName,
        *,
        text: str = "",
        instead: bool = False,
        faults: Sequence[Fault] = (),
        error: str = "",
    ) -> str:
        posted = request.method == "POST"
        return render_template(
            "desk/lines.html",
            name=name,
            list_text=LIST_TEXTS[name],
            lines=text,
            instead=instead,
            faults=faults[:FAULTS_SHOWN],
            more=max(0, len(faults) - FAULTS_SHOWN),
            error=error or ("没有读到任何一行。" if posted and not faults else ""),
        )

    def _back(name: ListName, message: str) -> AnyResponse:
        desk.tell(session(), message)
        return redirect(url_for("desk.entries", name=name), 303)


def _named(name: str) -> ListName:
    if name not in LISTS:
        raise NotFound
    return name


def _no_such_line() -> NoReturn:
    raise Refused(
        400, "没有这一条", "它可能已经被别人改过或删除。什么也没有改动，请回到词表再看一次。"
    )


def _posted_file() -> str:
    """The text of the file of the form; empty if it has none. Nothing is kept of the file.

    Raises:
        WrongEntry: it is no UTF-8.
    """
    posted = upload()
    if posted is None:
        return ""
    try:
        return posted.path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WrongEntry("文件不是 UTF-8 编码的文本。请另存为 UTF-8 再导入。") from error
