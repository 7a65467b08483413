"""The links of a search page: narrow, widen, sort and page through the results.

The address of a search holds its whole state. Every control of the page is therefore a plain link.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from flask import url_for

from indexer.hits import FacetCount
from indexer.query import Sort
from search_service.answering.search import Answer
from search_service.web.params import SearchPageParameters

SORT_NAMES: Final[dict[Sort, str]] = {"relevance": "相关度", "newest": "最新", "oldest": "最早"}
FILTER_NAMES: Final = {"channel": "频道", "source": "来源", "author": "作者", "tag": "标签"}
FACET_NAMES: Final = {"channel": "频道", "source": "来源", "month": "月份"}
MAX_FACET_LINKS: Final = 8
PAGES_AROUND: Final = 2
"""Pages shown before and after the current one."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link: its text, its address, whether it is the current one, and how many articles it leads to."""

    text: str
    url: str
    current: bool = False
    count: int | None = None


@dataclass(frozen=True, slots=True)
class FacetLinks:
    """The links of one facet."""

    name: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class PageLinks:
    """The links to other pages. A None in ``numbers`` stands where page numbers are skipped."""

    numbers: tuple[Link | None, ...]
    previous: Link | None
    following: Link | None


@dataclass(frozen=True, slots=True)
class CorrectionLinks:
    """A correction: the link that searches for it, and the link that searches for the typed text without correction."""

    meant: Link
    as_typed: Link
    applied: bool


def search_url(asked: SearchPageParameters, **changes: object) -> str:
    """The address of the same search with some parameters changed. None drops a parameter. It leads to the first page."""
    values: dict[str, object] = asked.model_dump(
        by_alias=True, exclude_defaults=True, exclude={"page", "size", "facets", "log"}
    )
    values.update(changes)
    return url_for("pages.search", _external=False, **values)  # type: ignore[arg-type]


def sort_links(asked: SearchPageParameters) -> tuple[Link, ...]:
    """A link for each sort order. A query without words has no relevance: its newest articles come first."""
    default: Sort = "relevance" if asked.q.strip() else "newest"
    chosen = default if asked.sort == "relevance" else asked.sort
    return tuple(
        Link(name, search_url(asked, sort=None if sort == default else sort), sort == chosen)
        for sort, name in SORT_NAMES.items()
        if sort != "relevance" or default == "relevance"
    )


def filter_links(asked: SearchPageParameters) -> tuple[Link, ...]:
    """For each active filter, a link that removes it."""
    links = [
        Link(f"{label}：{getattr(asked, name)}", search_url(asked, **{name: None}))
        for name, label in FILTER_NAMES.items()
        if getattr(asked, name) is not None
    ]
    if asked.group is not None:
        links.append(Link("同一篇文章的各个版本", search_url(asked, group=None)))
    elif asked.collapse == "none":
        links.append(Link("不合并转载", search_url(asked, collapse=None)))
    if asked.start or asked.end:
        links.append(Link(_days(asked), search_url(asked, **{"from": None, "to": None})))
    return tuple(links)


def facet_links(
    asked: SearchPageParameters, facets: Mapping[str, Iterable[FacetCount]], total: int
) -> tuple[FacetLinks, ...]:
    """The links of each facet that can still narrow the search."""
    found = []
    for name, label in FACET_NAMES.items():
        every = list(facets.get(name, ()))
        counts = [each for each in every if each.count < total]
        if name == "channel":
            links = _channel_links(asked, every) if counts else []
        elif name == "source":
            links = [
                Link(each.value, search_url(asked, source=each.value), count=each.count)
                for each in counts
            ]
        else:
            links = _month_links(asked, counts)
        if links:
            found.append(FacetLinks(label, tuple(links[:MAX_FACET_LINKS])))
    return tuple(found)


def duplicate_links(asked: SearchPageParameters, answer: Answer) -> dict[str, str]:
    """For each hit with duplicates, by its id: the address that shows them all."""
    return {
        hit.article.id: search_url(asked, group=hit.article.duplicate_group)
        for hit in answer.hits
        if hit.duplicates
    }


def correction_links(asked: SearchPageParameters, answer: Answer) -> CorrectionLinks | None:
    """The links of a correction, if there is one."""
    correction = answer.understood.correction
    if correction is None:
        return None
    return CorrectionLinks(
        meant=Link(correction.query, search_url(asked, q=correction.query)),
        as_typed=Link(asked.q, search_url(asked, correct="off")),
        applied=correction.applied,
    )


def page_links(asked: SearchPageParameters, answer: Answer) -> PageLinks:
    """Links to the first, the last and the neighbouring pages."""

    def link(number: int, text: str = "") -> Link:
        page = None if number == 1 else number
        return Link(
            text or str(number), search_url(asked, page=page), current=number == answer.page
        )

    near = range(answer.page - PAGES_AROUND, answer.page + PAGES_AROUND + 1)
    shown = sorted({1, answer.pages, *(each for each in near if 1 <= each <= answer.pages)})
    numbers: list[Link | None] = []
    for before, number in zip([0, *shown], shown, strict=False):
        if number - before > 1:
            numbers.append(None)
        numbers.append(link(number))
    return PageLinks(
        tuple(numbers),
        previous=link(answer.page - 1, "上一页") if answer.page > 1 else None,
        following=link(answer.page + 1, "下一页") if answer.page < answer.pages else None,
    )


def _channel_links(asked: SearchPageParameters, counts: list[FacetCount]) -> list[Link]:
    """The channels one level below the chosen channel, or the outermost channels."""
    inside = f"{asked.channel}/" if asked.channel else ""
    return [
        Link(
            each.value.removeprefix(inside),
            search_url(asked, channel=each.value),
            count=each.count,
        )
        for each in counts
        if each.value.startswith(inside) and "/" not in each.value.removeprefix(inside)
    ]


def _month_links(asked: SearchPageParameters, counts: list[FacetCount]) -> list[Link]:
    """The months with the most articles, newest first."""
    links = []
    most = counts[:MAX_FACET_LINKS]
    for each in sorted(most, key=lambda count: count.value, reverse=True):
        year, month = map(int, each.value.split("-"))
        first = date(year, month, 1)
        last = date(year, month, calendar.monthrange(year, month)[1])
        url = search_url(asked, **{"from": first.isoformat(), "to": last.isoformat()})
        links.append(Link(f"{year}年{month}月", url, count=each.count))
    return links


def _days(asked: SearchPageParameters) -> str:
    if asked.start == asked.end:
        return f"日期：{asked.start}"
    return f"日期：{asked.start or '最早'} 至 {asked.end or '今天'}"
