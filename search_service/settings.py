"""Settings of the server. ``indexer/settings.py`` has the settings of the index."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, cast, get_args

from indexer.settings import (
    optional_database_url,
    optional_path,
    path,
    seconds,
    setting,
    switch,
    usable_cores,
    whole_number,
)
from search_service.ranking.aging import Aging, aging
from search_service.ranking.relating import Relating, relating

MOST_WORKERS: Final = 4
"""Maximum number of workers that ``auto`` starts. A worker grows to half a gigabyte of memory."""


LogFormat = Literal["text", "json"]

Links = Literal["portal", "marked", "preview"]
"""Where the titles of articles on the pages lead."""

_ORIGIN: Final = re.compile(
    r"https?://[a-z0-9.-]{1,253}(?::\d{1,5})?|https?://\[[0-9a-f:]{2,45}\](?::\d{1,5})?"
)
"""As browsers send it (RFC 6454, section 6.2): scheme, host and port, in lower case."""


def worker_count(text: str) -> int:
    """The number of worker processes. ``auto`` counts the cores, up to MOST_WORKERS."""
    if text == "auto":
        return min(usable_cores(), MOST_WORKERS)
    try:
        return whole_number(1, 64)(text)
    except ValueError as error:
        raise ValueError(f"{error}, or auto") from error


def origins(text: str) -> frozenset[str]:
    """Origins of pages, such as ``https://www.example.com``, parted by commas; ``*`` for all; ``none`` for none.

    Raises:
        ValueError: the text is wrong; the message says what would be right.
    """
    if text == "none":
        return frozenset()
    parts = (part.strip() for part in text.split(","))
    try:
        return frozenset(each if each == "*" else origin(each) for each in parts)
    except ValueError as error:
        raise ValueError(f"{error}, or *") from error


def origin(text: str) -> str:
    """The origin of pages, such as ``https://www.example.com``, as browsers send it: in lower case, without the usual port.

    Raises:
        ValueError: the text is wrong; the message says what would be right.
    """
    found = text.lower()
    if not _ORIGIN.fullmatch(found):
        raise ValueError(
            f"{found!r} must be an origin such as https://www.example.com, without a path"
        )
    return found.removesuffix(":443" if found.startswith("https:") else ":80")


def links(text: str) -> Links:
    """Where the titles of articles on the pages lead.

    Raises:
        ValueError: the text is wrong; the message says what would be right.
    """
    if text not in get_args(Links):
        raise ValueError(f"must be one of {', '.join(get_args(Links))}")
    return cast(Links, text)


def log_format(text: str) -> LogFormat:
    """The form of the log.

    Raises:
        ValueError: the text is wrong; the message says what would be right.
    """
    if text not in get_args(LogFormat):
        raise ValueError(f"must be one of {', '.join(get_args(LogFormat))}")
    return cast(LogFormat, text)


def rate_limit(text: str) -> int | None:
    """A number of requests, or None for off.

    Raises:
        ValueError: the text is wrong; the message says what would be right.
    """
    if text == "off":
        return None
    try:
        return whole_number(1, 1_000_000)(text)
    except ValueError as error:
        raise ValueError(f"{error}, or off") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSettings:
    """Settings of the server, and the name that the service shows."""

    host: str = setting(
        "SEARCH_HOST",
        "127.0.0.1",
        str,
        "Address to listen on; the default is reachable from this machine only.",
    )
    port: int = setting("PORT", "8000", whole_number(1, 65_535), "Port to listen on.")
    workers: int = setting(
        "SEARCH_WORKERS",
        "auto",
        worker_count,
        f"Number of processes that answer requests; auto: one for each usable core, {MOST_WORKERS} at most.",
    )
    site_name: str = setting(
        "SEARCH_SITE_NAME", "搜索", str, "Name of the site, in the titles of the pages."
    )
    theme: Path | None = setting(
        "SEARCH_THEME",
        "",
        optional_path,
        "Folder with the logo, colours, header, footer and templates of the pages: see theming.md.",
    )
    links: Links = setting(
        "SEARCH_LINKS",
        "portal",
        links,
        "Where the titles of articles lead on the pages. portal: to the article's url, if it names a host, else to the service's own "
        "page of it; marked: the same, and the browser marks the found words there (a text fragment); preview: always to the "
        "service's own page.",
    )
    proxies: int = setting(
        "SEARCH_PROXIES",
        "0",
        whole_number(0, 10),
        "Number of proxies in front of the service; each adds an address to X-Forwarded-For, and only these are trusted. "
        "With one or more, X-Forwarded-Proto and X-Forwarded-Prefix are believed too.",
    )
    aging: Aging = setting(
        "SEARCH_RECENCY",
        "365",
        aging,
        "Half-life in days of an article's freshness in the order by relevance; also per channel: "
        "365, 快讯=30, 教育=evergreen.",
    )
    relating: Relating = setting(
        "SEARCH_RELATED",
        "default",
        relating,
        "Weights of related articles: title=4, tags=4 (a word there counts so many times), channel=1.25 (factor of the same channel), "
        "shared_tags=1 (tags that articles found by tags share), dated=now or article (what ages are counted from); "
        "what is not named has the value shown here.",
    )
    time_limit: float = setting(
        "SEARCH_TIME_LIMIT",
        "2",
        seconds(0.05, 600),
        "Seconds after which a search or a suggestion answers with what it has found so far, and says so.",
    )
    private: bool = setting(
        "SEARCH_PRIVATE",
        "off",
        switch,
        "on: reading needs an API key too, on pages as well; only health checks, files and descriptions do not.",
    )
    origins: frozenset[str] = setting(
        "SEARCH_ORIGINS",
        "none",
        origins,
        "Origins of other sites whose pages may read answers in the browser and frame fragments, and whose clicks and views "
        "count, such as https://www.example.com, parted by commas; * for all, none for none.",
    )
    querylog_url: str | None = setting(
        "SEARCH_QUERYLOG_URL",
        "sqlite:///instance/querylog.sqlite3",
        optional_database_url,
        "Database of the query log; off switches the log off.",
    )
    querylog_days: int = setting(
        "SEARCH_QUERYLOG_DAYS",
        "90",
        whole_number(8, 3650),
        "Days to keep queries and clicks; the counts of each day, without visitors, stay for ever.",
    )
    uploads: Path = setting(
        "SEARCH_UPLOADS_DIR",
        "instance/uploads",
        path,
        "Folder for files uploaded at the desk, until they are imported. The processes web and work must see the same folder.",
    )
    rate_limit: int | None = setting(
        "SEARCH_RATE_LIMIT",
        "off",
        rate_limit,
        "Requests a minute that one address may send without a key, such as 120; off: any number. Requests with a key do not count, unless "
        "it is one for pages. Behind proxies it needs SEARCH_PROXIES.",
    )
    log: LogFormat = setting(
        "SEARCH_LOG",
        "text",
        log_format,
        "How the web logs on standard error. text: what went wrong; json: the same as one JSON object a line, and one for each request.",
    )
    run_dir: Path | None = setting(
        "SEARCH_RUN_DIR",
        "",
        optional_path,
        "Folder where the workers count together, for /metrics and rate limits; it must be empty at the start. Empty: python app.py "
        "makes one itself. Other WSGI servers with more than one process need it.",
    )
