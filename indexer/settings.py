"""Settings: each is declared once, as a dataclass field with its name, default and a sentence, and read once, at the top.

Only ``app.py`` and the two ``cli`` packages call :func:`read_settings`, and the engine that must find its cluster. All other code
receives values.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar, cast, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from indexer.errors import InvalidSetting, UnknownSetting
from indexer.times import Order

PROJECT: Final = Path(__file__).resolve().parent.parent
"""The folder of app.py. Relative paths in settings start here, whatever the working directory of a command."""


PREFIX: Final = "SEARCH_"

SERVICE_NAMES: Final = (
    "SEARCH_HOST",
    "PORT",
    "SEARCH_WORKERS",
    "SEARCH_SITE_NAME",
    "SEARCH_THEME",
    "SEARCH_LINKS",
    "SEARCH_PROXIES",
    "SEARCH_RECENCY",
    "SEARCH_RELATED",
    "SEARCH_TIME_LIMIT",
    "SEARCH_PRIVATE",
    "SEARCH_ORIGINS",
    "SEARCH_QUERYLOG_URL",
    "SEARCH_QUERYLOG_DAYS",
    "SEARCH_UPLOADS_DIR",
    "SEARCH_RATE_LIMIT",
    "SEARCH_LOG",
    "SEARCH_RUN_DIR",
)
"""The names of the service's settings. The indexer does not know the service, but finds these names in its environment."""

_GONE: Final[Mapping[str, str]] = {
    "SEARCH_USER_DICTIONARY": "the store keeps the words now: unset it, then run "
    "'python -m indexer editorial import words {value}'",
}
"""Settings of earlier releases that something else took the place of, and what to do with the value."""

_DECIMAL: Final = re.compile(r"\d{1,6}(\.\d{1,6})?", re.ASCII)

_INDEX_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,49}", re.ASCII)

_MISTYPED: Final = 2
"""The largest edit distance at which an unknown name counts as a mistyped setting."""

log = logging.getLogger(__name__)

_T = TypeVar("_T")
_Table = TypeVar("_Table")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name in the environment, its default as it would be typed, and what it does."""

    name: str
    default: str
    parse: Callable[[str], object]
    sentence: str


def setting(name: str, default: str, parse: Callable[[str], _T], sentence: str) -> _T:
    """Declare a dataclass field as a setting. ``parse`` raises ValueError with a reason for an invalid value."""
    declared = Setting(name, default, parse, sentence)
    made: _T = field(default_factory=lambda: parse(default), metadata={"setting": declared})
    return made


def declared_settings(table: type[Any]) -> tuple[Setting, ...]:
    """The settings of a table, in the order of declaration."""
    return tuple(each.metadata["setting"] for each in fields(table))


def read_settings(table: type[_Table], environ: Mapping[str, str]) -> _Table:
    """Read a table of settings (a dataclass made with :func:`setting`) from the environment.

    An empty value counts as not set. Other unknown names with the prefix are logged once, since container platforms set
    such names.

    Raises:
        UnknownSetting: the environment holds a name that differs from a setting's by a letter or two.
        InvalidSetting: names the setting (one of an earlier release too), its value and what would be right.
    """
    _check_names(environ)
    values: dict[str, object] = {}
    for each in fields(cast(Any, table)):
        declared: Setting = each.metadata["setting"]
        text = environ.get(declared.name, "").strip() or declared.default
        try:
            values[each.name] = declared.parse(text)
        except ValueError as error:
            raise InvalidSetting(declared.name, without_secrets(text), str(error)) from error
    return table(**values)


def without_secrets(text: str) -> str:
    """A value for errors and logs: without what stands before the host of a URL, where names and passwords are."""
    _, at, rest = text.rpartition("@")
    return f"...{at}{rest}" if at else text


def _check_names(environ: Mapping[str, str]) -> None:
    known = (*(each.name for each in declared_settings(IndexSettings)), *SERVICE_NAMES)
    unknown = [
        name
        for name, value in sorted(environ.items())
        if name.startswith(PREFIX) and name not in known and value.strip()
    ]
    for name in unknown:
        if name in _GONE:
            value = environ[name].strip()
            raise InvalidSetting(name, value, _GONE[name].format(value=value))
        # Compare as if every setting had the prefix: PORT has none, and SEARCH_PORT means PORT.
        letters = {each: _letters(name, PREFIX + each.removeprefix(PREFIX)) for each in known}
        meant = min(known, key=lambda each: letters[each])
        if letters[meant] <= _MISTYPED:
            raise UnknownSetting(name, meant)
    if unknown:
        _tell_unknown(", ".join(unknown))


@cache
def _tell_unknown(names: str) -> None:
    log.warning("no settings of this program, and not used: %s", names)


def _letters(one: str, other: str) -> int:
    """The edit distance: how many letters to insert, delete or replace to turn one name into the other. O(length x length)."""
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, start=1):
        before, row = row, [at]
        for place, each in enumerate(other, start=1):
            row.append(min(before[place] + 1, row[-1] + 1, before[place - 1] + (letter != each)))
    return row[-1]


def path(text: str) -> Path:
    """A path. A relative one starts from the project's folder."""
    return PROJECT / Path(text).expanduser()


def optional_path(text: str) -> Path | None:
    """A path, or None for an empty text."""
    return path(text) if text else None


def date_order(text: str) -> Order | None:
    """The order of day and month in dates that do not tell it; None for ``none``."""
    if text == "none":
        return None
    for order in get_args(Order):
        if text == order:
            return cast(Order, order)
    raise ValueError(f"must be one of {', '.join(get_args(Order))}, none")


def time_zone(text: str) -> ZoneInfo:
    """A time zone by its IANA name."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("not a time zone name such as Asia/Shanghai") from error


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """A parser of whole numbers from ``low`` to ``high``, both included."""

    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return parse


def seconds(low: float, high: float) -> Callable[[str], float]:
    """A parser of seconds from ``low`` to ``high``, both included; 0.5 means half a second."""

    def parse(text: str) -> float:
        if not _DECIMAL.fullmatch(text) or not low <= float(text) <= high:
            raise ValueError(f"must be a number of seconds from {low} to {high}")
        return float(text)

    return parse


def database_url(text: str) -> str:
    """A database URL. A relative SQLite path starts from the project's folder."""
    scheme, separator, rest = text.partition(":///")
    if scheme.startswith("sqlite") and separator and rest and rest != ":memory:":
        return f"{scheme}:///{path(rest)}"
    if "://" not in text:
        raise ValueError("must be a database URL such as sqlite:///instance/articles.sqlite3")
    return text


def optional_database_url(text: str) -> str | None:
    """A database URL, or None for the word off."""
    return None if text == "off" else database_url(text)


def switch(text: str) -> bool:
    """True for on, False for off."""
    if text not in ("on", "off"):
        raise ValueError("must be on or off")
    return text == "on"


def optional_web_address(text: str) -> str | None:
    """An http or https URL, or None for an empty text."""
    if not text:
        return None
    parsed = urlsplit(text)
    # urllib sends no other characters and no password. It would fail at each use, and its error would show the URL.
    plain = text.isascii() and text.isprintable() and " " not in text and "@" not in parsed.netloc
    if (
        parsed.scheme not in ("http", "https")
        or not parsed.hostname
        or parsed.port == 0
        or not plain
    ):
        raise ValueError("must be a URL such as https://portal.example/hooks/search")
    return text


def optional_file(text: str) -> Path | None:
    """The path of a file that is there, or None for an empty text. A relative one starts from the project's folder."""
    found = optional_path(text)
    if found is not None and not found.is_file():
        raise ValueError("there is no such file")
    return found


def cluster_addresses(text: str) -> str:
    """One or more http or https URLs of a host and a port, parted by commas; each perhaps with a name and a password."""
    for each in text.split(","):
        try:
            parsed = urlsplit(each.strip())
            fits = bool(parsed.scheme in ("http", "https") and parsed.hostname and parsed.port != 0)
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(
                "must be a URL such as http://127.0.0.1:9200, or several parted by commas; "
                "in names and passwords write each other character than letters and digits as %XX"
            )
        if (parsed.username is None) != (parsed.password is None):
            raise ValueError("a name needs a password: https://name:password@host:9200")
    return text


def index_name(text: str) -> str:
    """The beginning of names of indexes in a cluster."""
    if not _INDEX_NAME.fullmatch(text):
        raise ValueError("must be up to 50 of the characters a-z, 0-9 and -, the first a letter")
    return text


def usable_cores() -> int:
    """The number of cores that this process may use, at least 1."""
    affinity = getattr(os, "sched_getaffinity", None)  # only on Linux
    return len(affinity(0)) if affinity else os.cpu_count() or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSettings:
    """Settings that both the indexer and the search service need."""

    index_dir: Path = setting(
        "SEARCH_INDEX_DIR",
        "index_data",
        path,
        "Folder of the index generations; deleting it is always safe.",
    )
    store_url: str = setting(
        "SEARCH_STORE_URL",
        "sqlite:///instance/articles.sqlite3",
        database_url,
        "Database of the articles, the editors' lists and the API keys; every index is made from its articles.",
    )
    timezone: ZoneInfo = setting(
        "SEARCH_TIMEZONE",
        "Asia/Shanghai",
        time_zone,
        "Time zone for times without an offset, and for counting days and months.",
    )
    date_order: Order | None = setting(
        "SEARCH_DATE_ORDER",
        "none",
        date_order,
        "How dates such as 11/12/2023 are read: day-month or month-day; none: such a date is refused.",
    )
    engine: str = setting("SEARCH_ENGINE", "whoosh", str, "Engine that builds new generations.")
    opensearch_url: str = setting(
        "SEARCH_OPENSEARCH_URL",
        "http://127.0.0.1:9200",
        cluster_addresses,
        "Address of the cluster, for SEARCH_ENGINE=opensearch; of several nodes parted by commas, if one may be away. "
        "With a name and a password: https://name:password@host:9200.",
    )
    opensearch_name: str = setting(
        "SEARCH_OPENSEARCH_NAME",
        "search",
        index_name,
        "How the names of the service's indexes in the cluster begin; two services in one cluster need two names.",
    )
    opensearch_ca: Path | None = setting(
        "SEARCH_OPENSEARCH_CA",
        "",
        optional_file,
        "File with the certificates (PEM) that the cluster's is checked against; empty: those of the package certifi.",
    )
    opensearch_shards: int = setting(
        "SEARCH_OPENSEARCH_SHARDS",
        "1",
        whole_number(1, 100),
        "Number of shards of new generations in the cluster.",
    )
    opensearch_replicas: int = setting(
        "SEARCH_OPENSEARCH_REPLICAS",
        "1",
        whole_number(0, 9),
        "Number of copies of each shard of new generations, beside the first; fewer if there are fewer nodes.",
    )
    keep_generations: int = setting(
        "SEARCH_KEEP_GENERATIONS",
        "2",
        whole_number(1, 100),
        "Number of generations to keep, including the live one; a rollback can return to the others.",
    )
    on_trouble: str | None = setting(
        "SEARCH_ON_TROUBLE",
        "",
        optional_web_address,
        "URL that gets a JSON POST when a job fails, or when the live index stays behind the store.",
    )
