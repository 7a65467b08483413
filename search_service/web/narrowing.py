"""The links of a search page: narrow, widen, sort and page through the results.

The address of a search holds its whole state. Every control of the page is therefore a plain link. A value of a facet is
chosen with one click and removed with the next.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from flask import url_for

from indexer.article import channel_ancestry
from indexer.hits import FacetCount
from indexer.query import Sort
from search_service.answering.search import Answer
from search_service.understanding.filters import tidy_channel
from search_service.web.addresses import search_link
from search_service.web.page_params import CHOICE_NAMES, SearchPageParameters
from search_service.web.search_params import (
    ATTRIBUTES,
    Period,
    QuestionParameters,
    attribute_and_end,
)

SORT_NAMES: Final[dict[Sort, str]] = {
    "relevance": "相关度",
    "newest": "最新",
    "oldest": "最早",
    "hot": "热度",
}
VALUE_FACETS: Final = ("source", "author", "tag")
PERIOD_NAMES: Final[dict[Period, str]] = {
    "day": "一天",
    "week": "一周",
    "month": "一月",
    "year": "一年",
}
SHOWN_AT_ONCE: Final = 8
"""Links of a facet that are shown at once. The others open, but a chosen value is always shown."""
MAX_FACET_LINKS: Final = 30
"""Maximum number of links of a facet, or of one level of channels. Chosen values beyond it are shown too."""
FACET_SIZE: Final = 100
"""Values of a facet that a page asks for: the counts of the chosen ones are among them, and those of subchannels."""
ANY_TIME: Final[dict[str, object]] = {"time": None, "from": None, "to": None}
"""The changes to a search that take away what it demands of times."""
PAGES_AROUND: Final = 2
"""Pages shown before and after the current one."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link: its text, its address, whether it is the current one, how many articles it leads to, and its depth in a tree."""

    text: str
    url: str
    current: bool = False
    count: int | None = None
    depth: int = 0


@dataclass(frozen=True, slots=True)
class FacetLinks:
    """The links of one facet: those that are shown at once, chosen ones among them, and those that open."""

    name: str
    links: tuple[Link, ...]
    more: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class TimeLinks:
    """The links to periods, and the form for a range of days: the fields that it sends besides, and the days that are chosen."""

    links: tuple[Link, ...]
    fields: tuple[tuple[str, object], ...]
    start: date | None
    end: date | None


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


def search_url(asked: QuestionParameters, **changes: object) -> str:
    """The address of the same search with some parameters changed. None drops a parameter. It leads to the first page."""
    return search_link(**(asked.chosen() | changes))


def feed_url(asked: QuestionParameters) -> str:
    """The address of the feed of the same search. Whatever the order of the page, a feed shows what is new."""
    return url_for("feeds.search", **(asked.chosen() | {"sort": None, "explain": None}))


def sort_links(asked: SearchPageParameters, *, viewed: bool) -> tuple[Link, ...]:
    """A link for each sort order that makes a difference, and for the chosen one.

    A query without words has no relevance: its newest articles come first. Heat needs that articles were ``viewed``.
    """
    default: Sort = "relevance" if asked.q.strip() else "newest"
    chosen = default if asked.sort == "relevance" else asked.sort
    offered = {"newest", "oldest", default, chosen} | ({"hot"} if viewed else set())
    return tuple(
        Link(name, search_url(asked, sort=None if sort == default else sort), sort == chosen)
        for sort, name in SORT_NAMES.items()
        if sort in offered
    )


def filter_links(asked: SearchPageParameters) -> tuple[Link, ...]:
    """For each chosen value of a filter, a link that removes it."""
    links = [
        Link(
            f"{label}：{value}", search_url(asked, **{name: _without(getattr(asked, name), value)})
        )
        for name, label in CHOICE_NAMES.items()
        for value in getattr(asked, name)
    ]
    links += [
        Link(
            _condition(name, value),
            search_url(asked, **{ATTRIBUTES + name: _without(given, value)}),
        )
        for name, given in asked.attributes.items()
        for value in given
    ]
    if asked.group is not None:
        links.append(Link("同一篇文章的各个版本", search_url(asked, group=None)))
    elif asked.collapse == "none":
        links.append(Link("不合并转载", search_url(asked, collapse=None)))
    if asked.time:
        links.append(Link(f"时间：{PERIOD_NAMES[asked.time]}内", search_url(asked, time=None)))
    if asked.start or asked.end:
        links.append(Link(_days(asked), search_url(asked, **{"from": None, "to": None})))
    if asked.sort != "relevance":
        links.append(Link(f"排序：{SORT_NAMES[asked.sort]}", search_url(asked, sort=None)))
    return tuple(links)


def time_links(asked: SearchPageParameters) -> TimeLinks:
    """What narrows a search by time."""
    unlimited = not (asked.time or asked.start or asked.end)
    links = [Link("不限", search_url(asked, **ANY_TIME), current=unlimited)]
    links += [
        Link(name, search_url(asked, **ANY_TIME | {"time": each}), current=each == asked.time)
        for each, name in PERIOD_NAMES.items()
    ]
    fields = asked.fields(without=ANY_TIME)
    return TimeLinks(tuple(links), tuple(fields), asked.start, asked.end)


def facet_links(
    asked: SearchPageParameters, facets: Mapping[str, Sequence[FacetCount]], total: int
) -> tuple[FacetLinks, ...]:
    """The links of each facet that can still narrow the search, or has a chosen value."""
    found = {"channel": _channel_links(asked, facets["channel"])}
    for name in VALUE_FACETS:
        found[name] = _value_links(asked, name, facets[name], total)
    named = {CHOICE_NAMES[name]: each for name, each in found.items()}
    named["月份"] = _month_links(asked, facets["month"], total)
    return tuple(_facet(name, each) for name, each in named.items() if each)


def _facet(name: str, links: Sequence[Link]) -> FacetLinks:
    """A facet in two parts. Those that open are at least two: a single one takes no more room than what opens it."""
    chosen = [place for place, link in enumerate(links) if link.current]
    first = max(SHOWN_AT_ONCE, *(place + 1 for place in chosen)) if chosen else SHOWN_AT_ONCE
    if len(links) <= first + 1:
        first = len(links)
    return FacetLinks(name, tuple(links[:first]), tuple(links[first:]))


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


def _value_links(
    asked: SearchPageParameters, name: str, counts: Sequence[FacetCount], total: int
) -> list[Link]:
    """The values of a facet. A value that all articles have narrows nothing, and one value is no choice."""
    chosen: tuple[str, ...] = getattr(asked, name)
    if not chosen:
        counts = [each for each in counts if each.count < total] if len(counts) > 1 else []
    return [
        Link(
            value,
            search_url(asked, **{name: _toggled(chosen, value)}),
            current=value in chosen,
            count=count,
        )
        for value, count in _shown(counts, chosen)
    ]


def _channel_links(asked: SearchPageParameters, counts: Sequence[FacetCount]) -> list[Link]:
    """The outermost channels, and below each chosen one its subchannels. If there is a single one, its subchannels.

    A subchannel with all articles of its channel narrows nothing.
    """
    chosen = tuple(map(tidy_channel, asked.channel))
    opened = {path: None for each in chosen for path in channel_ancestry(each)}
    known = {each.value: each.count for each in counts}
    levels: dict[str, list[FacetCount]] = {}
    for each in counts:
        levels.setdefault(each.value.rpartition("/")[0], []).append(each)

    def below(parent: str, depth: int) -> Iterator[Link]:
        wanted = [path for path in opened if path.rpartition("/")[0] == parent]
        level = [
            each
            for each in levels.get(parent, ())
            if each.count != known.get(parent) or each.value in opened
        ]
        for path, count in _shown(level, wanted):
            if path in chosen:
                toggled = _without(chosen, path)
            else:  # a channel in another one says the same as the two
                kin = {*channel_ancestry(path)}
                kin |= {each for each in chosen if path in channel_ancestry(each)}
                toggled = (*(each for each in chosen if each not in kin), path)
            url = search_url(asked, channel=toggled)
            name = path.rpartition("/")[2]
            yield Link(name, url, current=path in chosen, count=count, depth=depth)
            if path in opened:
                yield from below(path, depth + 1)

    top = ""
    while not chosen and len(levels.get(top, ())) == 1:
        top = levels[top][0].value
    return [*below(top, 0)]


def _shown(counts: Sequence[FacetCount], chosen: Sequence[str]) -> list[tuple[str, int | None]]:
    """All chosen values, and then the first others, with their counts. A chosen value that was not counted has no count."""
    known = {each.value: each.count for each in counts}
    first = [each.value for each in counts[:MAX_FACET_LINKS]]
    return [(value, known.get(value)) for value in dict.fromkeys((*chosen, *first))]


def _month_links(
    asked: SearchPageParameters, counts: Sequence[FacetCount], total: int
) -> list[Link]:
    """The newest months. They come newest first."""
    links = []
    if len(counts) > 1:
        counts = [each for each in counts if each.count < total]
        for each in counts[:MAX_FACET_LINKS]:
            year, month = map(int, each.value.split("-"))
            first = date(year, month, 1)
            last = date(year, month, calendar.monthrange(year, month)[1])
            url = search_url(
                asked, **ANY_TIME | {"from": first.isoformat(), "to": last.isoformat()}
            )
            links.append(Link(f"{year}年{month}月", url, count=each.count))
    return links


def _toggled(chosen: Sequence[str], value: str) -> tuple[str, ...]:
    return _without(chosen, value) if value in chosen else (*chosen, value)


def _without(chosen: Sequence[str], value: str) -> tuple[str, ...]:
    return tuple(each for each in chosen if each != value)


def _condition(name: str, value: str) -> str:
    """What a parameter of an attribute demands, for the reader."""
    attribute, end = attribute_and_end(name)
    return f"{attribute}{_SIGNS[end]}{value}"


_SIGNS: Final = {"": "：", "min": " ≥ ", "max": " ≤ "}


def _days(asked: SearchPageParameters) -> str:
    if asked.start == asked.end:
        return f"日期：{asked.start}"
    return f"日期：{asked.start or '最早'} 至 {asked.end or '今天'}"
