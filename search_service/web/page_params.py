"""The parameters of the search page: the API's under the page's names, read with leniency.

A link to the page collects parameters of others, is cut, or is typed by hand. Whatever it holds, the page shows what it can: a
value that is not allowed is left out, and a sentence for the reader says so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, Literal

from pydantic import ConfigDict, ValidationError

from indexer.query import MAX_DEPTH
from search_service.answering.search import DEFAULT_SIZE
from search_service.web.addresses import FILTER_PREFIX, PLAIN_PARAMETERS, page_parameter
from search_service.web.query_strings import page_arguments
from search_service.web.search_params import ATTRIBUTES, SearchParameters
from search_service.web.values import has_control_character

CHOICE_NAMES: Final = {
    "channel": "频道",
    "source": "来源",
    "author": "作者",
    "tag": "标签",
    "site": "站点",
}
"""The fields of which a reader may choose several values."""

MAX_SHOWN: Final = 40
"""Maximum number of characters of a wrong value that a remark repeats."""

MAX_REMARKS: Final = 5
"""Maximum number of remarks. An address may hold thousands of wrong parameters, and a reader needs to know only that."""

_LABELS: Final = CHOICE_NAMES | {
    "page": "页码",
    "sort": "排序",
    "from": "日期",
    "to": "日期",
    "time": "时间",
}
_REASONS: Final = {
    "day": "不是日期",
    "date_from_datetime_parsing": "不是日期",
    "whole_number": "不是数字",
    "greater_than_equal": "超出了范围",
    "less_than_equal": "超出了范围",
    "reversed": "晚于结束的日期",
    "too_deep": f"太靠后（最多 {MAX_DEPTH // DEFAULT_SIZE} 页）",
    "string_too_long": "太长",
}

_SET_BY_PAGE: Final = frozenset(("size", "facets"))
_OF_ONE_QUERY: Final = frozenset(("q", "correct", "group", "explain"))
"""What belongs to the query itself, and not to the next one."""

_Values = Mapping[str, list[str]]


class SearchPageParameters(SearchParameters):
    """What the page ``/search`` takes, by the names of the API. The page sets its size and its facets itself."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    kept: Literal["1"] | None = None
    """Whether the query was typed into the box of a page that had filters or an order."""

    def chosen(self) -> dict[str, Any]:
        """The parameters that were given, as in the API."""
        return {name: value for name, value in super().chosen().items() if name != "kept"}

    def fields(self, *, without: Collection[str]) -> list[tuple[str, object]]:
        """The chosen parameters as fields of a form, by the names of the page, ``without`` some of the API's names."""
        return [
            (page_parameter(name), each)
            for name, value in self.chosen().items()
            if name not in without
            for each in (value if isinstance(value, tuple) else (value,))
        ]

    def carried(self) -> list[tuple[str, object]]:
        """What the box on the page sends with the next query: the filters and the order.

        Both stay, as in InstantSearch and in Google's time filter: a reader who narrows and types again is still looking in
        the same place. What stays stands above the hits, with one link that clears it. If both were dropped, a reader who
        does mean the same place would have to choose everything once more.
        """
        kept = self.fields(without=_OF_ONE_QUERY)
        return [*kept, (page_parameter("kept"), "1")] if kept else []


def read_search_page() -> tuple[SearchPageParameters, tuple[str, ...]]:
    """The parameters of a search page, and a sentence for each value that was left out."""
    arguments = page_arguments()
    values: _Values = {own: given for name, given in arguments.items() if (own := _own_name(name))}
    remarks = [
        f"没有名为“{_shown(name)}”的筛选条件，没有计入。"
        for name in arguments
        if name.startswith(FILTER_PREFIX) and not _is_known(_own_name(name))
    ]
    while True:
        try:
            return SearchPageParameters.read(values.items()), _told(remarks)
        except ValidationError as error:
            values = _without_wrong(values, error, remarks)


def _told(remarks: list[str]) -> tuple[str, ...]:
    more = len(remarks) - MAX_REMARKS
    last = [f"另有 {more} 个参数没有计入。"] if more > 0 else []
    return (*remarks[:MAX_REMARKS], *last)


def _own_name(name: str) -> str | None:
    """The API's name of a parameter of the page; None for a parameter of others."""
    if name in PLAIN_PARAMETERS:
        return name
    own = name.removeprefix(FILTER_PREFIX)
    return None if own == name or own in PLAIN_PARAMETERS | _SET_BY_PAGE else own


def _is_known(own: str | None) -> bool:
    """Whether a parameter of this name in the API filters. The name of an attribute is the portal's own."""
    return own is not None and (
        own in SearchPageParameters.model_fields or own.startswith(ATTRIBUTES)
    )


def _without_wrong(values: _Values, error: ValidationError, remarks: list[str]) -> _Values:
    """The values without those that ``error`` is about. There is at least one, so this ends."""
    wrong: dict[str, tuple[str, set[int]]] = {}
    for fault in error.errors(include_url=False):
        named, *place = _place(fault)
        for name in [named] if named in values else [each for each in values if named in each]:
            _, which = wrong.setdefault(name, (fault["type"], set()))
            which.update(place or range(len(values[name])))
    if not wrong:  # nothing to leave out would be asked for ever
        raise error
    for name, (kind, places) in wrong.items():
        shown = "、".join(f"“{_shown(values[name][place])}”" for place in sorted(places)[:3])
        reason = _REASONS.get(kind, "无法识别")
        remarks.append(f"{_LABELS.get(name, _shown(name))}{shown}{reason}，没有计入。")
    kept = {
        name: [each for n, each in enumerate(given) if n not in wrong.get(name, ("", ()))[1]]
        for name, given in values.items()
    }
    return {name: given for name, given in kept.items() if given}


def _shown(text: str) -> str:
    """The beginning of a text, with marks for what no page may hold."""
    return "".join("\ufffd" if has_control_character(each) else each for each in text[:MAX_SHOWN])


def _place(fault: Any) -> tuple[Any, ...]:
    """The name of the wrong parameter, and of several values the number of the wrong one."""
    named = fault.get("ctx", {}).get("parameter")
    return (named,) if named else fault["loc"]
