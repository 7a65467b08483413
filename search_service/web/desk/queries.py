"""Queries: what readers searched for on some days, and from each query to a synonym, a pin, a word, or "nothing to find"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from indexer.article import Article
from indexer.editorial.entries import Entry, ListName
from indexer.errors import IndexFailure, Overloaded
from indexer.word_changes import WordsPreview
from search_service.answering.search import Answer
from search_service.desk import queries as facts
from search_service.desk.desk import Desk
from search_service.desk.lists import DeskLists
from search_service.desk.queries import Span, Which
from search_service.desk.words import words_with
from search_service.querylog.by_day import Day
from search_service.services import Services
from search_service.web.desk.choosing import ManyArticles, articles_in
from search_service.web.desk.entry_forms import WrongEntry, day_of, entry_of
from search_service.web.desk.forms import form
from search_service.web.desk.layout import Plot
from search_service.web.desk.list_names import LIST_TEXTS
from search_service.web.desk.overview import plots
from search_service.web.desk.pages import DeskPages, Refused, page_number, session

SIZE: Final = 50
"""Queries on a page of a table."""

TABLES: Final[Mapping[Which, str]] = {
    "nothing": "无结果查询",
    "most": "搜得最多",
    "unopened": "有结果没人点",
}

CHOICES: Final[tuple[ListName, ...]] = ("synonyms", "pins", "words", "nothing")
"""The lists that a query can be brought into from its page."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A choice that is filled in: for which list, with which fields, and what is wrong with it or which articles it may mean."""

    choice: ListName
    given: Mapping[str, str]
    error: str = ""
    articles: Sequence[Article] = ()


def add_queries(pages: DeskPages, services: Services, desk: Desk) -> None:
    """The routes under ``/desk/queries``."""
    lists = DeskLists(services, desk)

    @pages.page("/queries", role="editor")
    def queries() -> str:
        now = services.clock()
        days, error = _span(services)
        which: Which = next(
            (each for each in TABLES if each == request.args.get("table")), "nothing"
        )
        found = facts.searched(desk, days, which, now=now)
        page = page_number()
        return render_template(
            "desk/queries.html",
            days=days,
            error=error,
            quick=quick(services),
            tables=TABLES,
            which=which,
            plots=() if found is None else (*plots(found.days), clicks_plot(found.days)),
            rows=None if found is None else found.queries[(page - 1) * SIZE : page * SIZE],
            total=0 if found is None else len(found.queries),
            page=page,
            size=SIZE,
        )

    @pages.page("/queries/query", role="editor")
    def query() -> str:
        return _query(request.args.get("q", ""))

    @pages.action("/queries/try", role="editor")
    def try_choice() -> str | tuple[str, int]:
        given, choice = form(), _choice()
        try:
            entry = _entry(choice, given)
        except WrongEntry as wrong:
            return _query(given.get("q", ""), tried=Tried(choice, given, str(wrong))), 400
        except ManyArticles as many:
            return _query(given.get("q", ""), tried=Tried(choice, given, articles=many.articles))
        return _query(given.get("q", ""), tried=Tried(choice, given), entry=entry)

    @pages.action("/queries/choose", role="editor")
    def choose() -> AnyResponse | str | tuple[str, int]:
        given, choice = form(), _choice()
        text = given.get("q", "")
        try:
            entry = _entry(choice, given)
        except WrongEntry as wrong:
            return _query(text, tried=Tried(choice, given, str(wrong))), 400
        except ManyArticles as many:
            return _query(text, tried=Tried(choice, given, articles=many.articles))
        lists.put(session(), choice, [entry], query=text)
        desk.tell(session(), said(choice, entry))
        return redirect(url_for("desk.query", q=text, **_back()), 303)

    def _entry(choice: ListName, given: Mapping[str, str]) -> Entry:
        articles = articles_in(services, desk, choice, given)
        return entry_of(choice, {**given, "query": given.get("q", "")}, articles=articles)

    def _query(text: str, *, tried: Tried | None = None, entry: Entry | None = None) -> str:
        text = " ".join(text.split())
        if not text:
            raise Refused(404, "没有搜索词", "请从查询的表里点一个搜索词。")
        trouble, current = "", lists.read()
        before: Answer | None = None
        after: Answer | None = None
        effect: WordsPreview | None = None
        try:
            before = facts.first_page(services, text)
            if tried and entry and tried.choice == "words":
                effect = services.preview_words(words_with(current, entry))
            elif tried and entry:
                decisions = facts.with_entry(current, tried.choice, entry)
                after = facts.first_page(services, text, decisions)
        except (IndexFailure, Overloaded):
            trouble = "现在搜不了：索引暂时不可用，或者搜索的人太多。请稍后再试。"
        return render_template(
            "desk/query.html",
            text=text,
            before=before,
            after=after,
            effect=effect,
            trouble=trouble,
            decided=facts.decided(current, text),
            tried=tried,
            word=_word(text, before),
            back=_back(),
            list_texts=LIST_TEXTS,
        )


def said(name: ListName, entry: Entry) -> str:
    """What a page says after an entry was put into a list."""
    where = LIST_TEXTS[name].name
    if name == "words":
        return f"已写进{where}：{entry.spell()}。应用词表以后生效。"
    return f"已写进{where}：{entry.spell()}。现在就生效。"


def quick(services: Services) -> list[tuple[str, dict[str, str]]]:
    """Spans that are asked for often, each with its name and the parameters of its address."""
    today = services.clock().astimezone(services.timezone).date()
    return [
        (name, {"first": f"{today - timedelta(days=days - 1)}", "last": f"{today}"})
        for days, name in ((1, "今天"), (7, "近 7 天"), (30, "近 30 天"))
    ]


def clicks_plot(days: Sequence[Day]) -> Plot:
    """The hits that readers opened each day."""
    clicks = sum(each.clicks for each in days)
    return Plot(
        "每天点开的结果",
        f"{len(days)} 天共 {clicks:,} 次。",
        [
            (f"{each.day.month}月{each.day.day}日", each.clicks, f"{each.clicks:,} 次")
            for each in days
        ],
    )


def _span(services: Services) -> tuple[Span, str]:
    """The days that the address asks for, and what is wrong with them."""
    today = services.clock().astimezone(services.timezone).date()
    try:
        first, last = (day_of(request.args.get(name, "")) for name in ("first", "last"))
    except WrongEntry as wrong:
        return facts.span(None, None, today=today), str(wrong)
    return facts.span(first, last, today=today), ""


def _choice() -> ListName:
    given = form().get("choice")
    choice = next((each for each in CHOICES if each == given), None)
    if choice is None:
        raise Refused(400, "没有这种处理", "请返回上一页，选一种处理再提交。")
    return choice


def _back() -> dict[str, Any]:
    """The days and the table that a page came from, as parameters of an address. A form holds the days under other names: a pin has days too."""
    given, prefix = (form(), "days_") if request.method == "POST" else (request.args, "")
    fields = {"table": "table", "first": f"{prefix}first", "last": f"{prefix}last"}
    return {name: value for name, field in fields.items() if (value := given.get(field))}


def _word(text: str, found: Answer | None) -> str:
    """The word of a query that most probably needs a synonym: one that no article holds, else the whole query."""
    missing = found.understood.missing if found else ()
    return missing[0] if len(missing) == 1 else text
