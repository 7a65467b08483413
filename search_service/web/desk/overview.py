"""The first page: how the index, the articles and the processes are, and what readers searched for."""

from __future__ import annotations

from collections.abc import Sequence

from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from indexer.errors import IndexFailure
from search_service.desk import overview as facts
from search_service.desk.desk import Desk
from search_service.live.index import IndexState
from search_service.querylog.by_day import Day, Latency
from search_service.services import Services
from search_service.web.desk.layout import Plot
from search_service.web.desk.pages import DeskPages
from search_service.web.errors import problem_of


def add_overview(pages: DeskPages, services: Services, desk: Desk) -> None:
    """The route ``/desk``, and the part of it that is fetched again and again."""

    @pages.page("", role="editor")
    def overview() -> str:
        live = facts.live_generation(desk)
        days = facts.searches(desk, services.clock())
        took = facts.latencies(desk, services.clock())
        return render_template(
            "desk/overview.html",
            live=live,
            articles=facts.articles(desk),
            disk=facts.disk(desk, live),
            plots=() if days is None or took is None else (*plots(days), latency_plot(took)),
            **now(),
        )

    @pages.page("/", role="editor")
    def first() -> AnyResponse:
        return redirect(url_for("desk.overview"), 303)

    @pages.fragment("/now", role="editor")
    def overview_now() -> str:
        return render_template("desk/overview_now.html", **now())

    def now() -> dict[str, object]:
        """What changes from second to second."""
        state: IndexState | None = None
        trouble = ""
        try:
            state = services.index_state()
        except IndexFailure as error:
            trouble = problem_of(error).code.advice
        waiting = services.jobs.list(size=20, state="queued")
        return {
            "index": state,
            "trouble": trouble,
            "processes": facts.processes(
                desk,
                facts.live_generation(desk),
                runner=services.jobs.runner(),
                now=services.clock(),
            ),
            "jobs": [
                *services.jobs.list(size=5, state="running"),
                *(each for each in waiting if each.every_seconds is None),
            ],
        }


def plots(days: Sequence[Day]) -> tuple[Plot, Plot]:
    """The searches of each day, and the share of those that found nothing."""
    searches = sum(each.searches for each in days)
    nothing = sum(each.nothing for each in days)
    return (
        Plot(
            "每天的搜索次数",
            f"{len(days)} 天共 {searches:,} 次。",
            [(_day(each), each.searches, f"{each.searches:,} 次") for each in days],
        ),
        Plot(
            "无结果搜索的比例",
            f"{len(days)} 天共 {nothing:,} 次没有结果，占 {_share(nothing, searches):.1%}。",
            [
                (_day(each), share := _share(each.nothing, each.searches), f"{share:.1%}")
                for each in days
            ],
            warm=True,
        ),
    )


def latency_plot(days: Sequence[Latency]) -> Plot:
    """The time that all but a twentieth of the searches of each day took at most."""
    known = [each.p95 for each in days if each.p95 is not None]
    summary = (
        f"最慢的一天 {max(known):,} 毫秒，最近一天 {known[-1]:,} 毫秒。"
        if known
        else "还没有记录。"
    )
    return Plot(
        "每天的搜索用时（95% 的搜索不超过）",
        summary,
        [
            (
                _day(each),
                each.p95 or 0,
                "没有记录"
                if each.p95 is None
                else f"{each.p95:,} 毫秒，一半在 {each.median:,} 毫秒以内",
            )
            for each in days
        ],
        warm=True,
    )


def _day(each: Day | Latency) -> str:
    return f"{each.day.month}月{each.day.day}日"


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
