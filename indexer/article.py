"""The Article that every layer passes on, its validation, and its content hash.

This module defines what an article *is*. ``sources`` says where articles come from, ``store`` where they are kept. An article
keeps its author's text unchanged (traditional characters stay traditional); ``analysis`` folds it for comparison.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, tzinfo
from math import isfinite
from operator import attrgetter
from typing import Final, Literal, cast
from urllib.parse import urlsplit, urlunsplit

import orjson

from indexer.errors import InvalidArticle
from indexer.invisible import drop_invisible
from indexer.times import FIRST_YEAR, LAST_YEAR, parse_time

Status = Literal["published", "draft", "withdrawn"]
STATUSES: Final[tuple[Status, ...]] = ("published", "draft", "withdrawn")

MAX_BODY: Final = 500_000
"""Characters. The longest real news article seen has about 30,000. A longer text is a whole site in one field."""
MAX_LINE: Final = 1_000
"""Characters of any one-line text (title, lead, source ...)."""
MAX_URL: Final = 2_048
MAX_VALUES: Final = 64
"""The largest number of values in a list (channels, tags) and in ``attributes``."""
MAX_CHANNEL_DEPTH: Final = 8

MAX_ID: Final = 256
"""Bytes of UTF-8."""
ID_RULE: Final = f"1 to {MAX_ID} bytes of printable text, not . or .."

MAX_SHOWN: Final = 42
"""Characters that a reason repeats of a wrong value."""

ATTRIBUTE_NAME: Final = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._~-]{1,128}")
"""The form of an attribute's name: it stands in the names of parameters."""
ATTRIBUTE_RULE: Final = "1 to 128 of A-Z a-z 0-9 . _ ~ -"

_STEPS: Final = (".", "..")
"""Steps in the path of a URL. Clients and proxies resolve them, so they cannot be ids."""
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?:[/?#][!-\[\]-~]*)?")
"""Most URLs. None of them fails a check, and the standard library takes five times as long to read one."""
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One valid, normalised article, made with :func:`make_article`.

    ``channel`` is a path such as ``情感/故事`` (the breadcrumb); ``channels`` are secondary channels. ``body`` is plain text with
    one ``\\n`` between paragraphs. Times are timezone-aware, in UTC. ``attributes`` hold flat strings or numbers.
    ``duplicate_group`` is a number that articles of the same text share (see ``duplicates.py``), 0 for an article without
    duplicates. The store assigns it, never a source.
    """

    id: str
    url: str = ""
    title: str = ""
    body: str = ""
    lead: str = ""
    channel: str = ""
    channels: tuple[str, ...] = ()
    source: str = ""
    author: str = ""
    editor: str = ""
    tags: tuple[str, ...] = ()
    site: str = ""
    image_url: str = ""
    published_at: datetime | None = None
    updated_at: datetime | None = None
    expires_at: datetime | None = None
    status: Status = "published"
    attributes: Mapping[str, str | int | float] = field(default_factory=dict, hash=False)
    duplicate_group: int = 0

    def is_visible(self, now: datetime) -> bool:
        """True if readers may see the article at ``now``: it is published, its time is not in the future, it has not expired."""
        return (
            self.status == "published"
            and (self.published_at is None or self.published_at <= now)
            and (self.expires_at is None or now < self.expires_at)
        )


_GIVEN_BY_STORE: Final = "duplicate_group"
FIELDS: Final[tuple[str, ...]] = tuple(
    each.name for each in fields(Article) if each.name != _GIVEN_BY_STORE
)
"""The fields that a source may fill."""
_VALUES: Final = attrgetter(*FIELDS)
_TIMES: Final = ("published_at", "updated_at", "expires_at")
_LISTS: Final = ("channels", "tags")
_LINES: Final = ("title", "lead", "source", "author", "editor", "site")
_URLS: Final = ("url", "image_url")


def make_article(record: Mapping[str, object], *, timezone: tzinfo) -> Article:
    """Build an :class:`Article` from loose values: strings, lists, ISO 8601 or 2023年10月19日 dates.

    Keys that are not fields of an article are ignored. A naive time is read as local time in ``timezone``. White space is
    normalised and invisible traces of bad conversions are removed. Nothing else in a text changes.

    Raises:
        InvalidArticle: names the first invalid field and the reason.
    """
    values: dict[str, object] = {}
    for name in _LINES:
        values[name] = " ".join(_text(record, name).split())
        if len(cast(str, values[name])) > MAX_LINE:
            raise InvalidArticle(name, f"longer than {MAX_LINE} characters")
    values["body"] = _body(record)
    if not values["title"] and not values["body"]:
        raise InvalidArticle("title", "neither a title nor a body")
    for name in _URLS:
        values[name] = _url(record, name)
    for name in _TIMES:
        values[name] = _time(record.get(name), name, timezone)
    values["channel"] = channel_path(_text(record, "channel"), name="channel")
    values["channels"] = _unique(
        channel_path(each, name="channels") for each in _strings(record, "channels")
    )
    values["tags"] = _unique(" ".join(each.split()) for each in _strings(record, "tags"))
    values["status"] = _status(record)
    values["attributes"] = _attributes(record.get("attributes"))
    values["id"] = _id(record, cast(str, values["url"]))
    return Article(**values)  # type: ignore[arg-type]


def article_to_record(article: Article) -> dict[str, object]:
    """The article as plain JSON values, without empty fields. Inverse of `article_from_record`."""
    record = content_of(article)
    if article.duplicate_group:
        record[_GIVEN_BY_STORE] = article.duplicate_group
    return record


def content_of(article: Article) -> dict[str, object]:
    """What a source said of the article, as `article_to_record` does, without what the store adds."""
    record = {name: value for name, value in zip(FIELDS, _VALUES(article), strict=True) if value}
    for name in _TIMES:
        if name in record:
            record[name] = record[name].isoformat()
    for name in _LISTS:
        if name in record:
            record[name] = list(record[name])
    if "attributes" in record:
        record["attributes"] = dict(record["attributes"])
    return record


def article_from_record(record: Mapping[str, object]) -> Article:
    """The article that `article_to_record` turned into ``record``. Trusts its input: no validation."""
    values = dict(record)
    for name in _TIMES:
        if name in values:
            values[name] = datetime.fromisoformat(cast(str, values[name]))
    for name in _LISTS:
        if name in values:
            values[name] = tuple(cast("list[str]", values[name]))
    return Article(**values)  # type: ignore[arg-type]


def content_hash(article: Article) -> str:
    """32 hex digits that change exactly when one of FIELDS changes (a truncated SHA-256)."""
    return hash_of_content(content_of(article))


def hash_of_content(content: Mapping[str, object]) -> str:
    """The `content_hash` of the article that `content_of` turned into ``content``."""
    canonical = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(canonical).hexdigest()[:32]


def id_from_url(url: str) -> str:
    """The id for an article that has none: the first 32 hex digits of the SHA-256 of the normalised URL.

    Normalised: scheme and host in lower case, no fragment, no slash at the end of the path.
    """
    parts = urlsplit(url)
    path = parts.path.rstrip("/") or "/"
    normal = urlunsplit((parts.scheme.lower(), parts.netloc.lower(), path, parts.query, ""))
    return hashlib.sha256(normal.encode()).hexdigest()[:32]


def channel_path(text: str, *, name: str = "channel") -> str:
    """A channel as a normalised path: parts stripped, empty parts dropped (`` 情感 / 故事/`` -> ``情感/故事``).

    Raises:
        InvalidArticle: deeper than MAX_CHANNEL_DEPTH, or too long.
    """
    parts = [" ".join(part.split()) for part in text.split("/")]
    parts = [part for part in parts if part]
    if len(parts) > MAX_CHANNEL_DEPTH:
        raise InvalidArticle(name, f"deeper than {MAX_CHANNEL_DEPTH} levels")
    path = "/".join(parts)
    if len(path) > MAX_LINE:
        raise InvalidArticle(name, f"longer than {MAX_LINE} characters")
    return path


def channel_ancestry(path: str) -> tuple[str, ...]:
    """The channel and its ancestors, outermost first: ``情感/故事`` -> (``情感``, ``情感/故事``)."""
    parts = path.split("/") if path else []
    return tuple("/".join(parts[: n + 1]) for n in range(len(parts)))


def all_channels(article: Article) -> tuple[str, ...]:
    """The article's channels, primary and secondary, and their ancestors, without repeats."""
    paths = (article.channel, *article.channels)
    return _unique(each for path in paths for each in channel_ancestry(path))


def _text(record: Mapping[str, object], name: str) -> str:
    return _clean(_given(record, name), name)


def _given(record: Mapping[str, object], name: str) -> str:
    value = record.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise InvalidArticle(name, f"must be text, not {type(value).__name__}")
    return str(value)


def _clean(text: str, name: str) -> str:
    if _is_plain(text):
        return text
    if surrogate := _SURROGATE.search(text):
        raise InvalidArticle(
            name, f"lone surrogate U+{ord(surrogate[0]):04X} at {surrogate.start()}"
        )
    if control := _CONTROL.search(text):
        raise InvalidArticle(
            name, f"control character U+{ord(control[0]):04X} at {control.start()}"
        )
    return drop_invisible(text)


def _is_plain(text: str) -> bool:
    """True if it is certain at a glance that nothing in a text is rejected or dropped, as in nearly all.

    U+034F is the only dropped character that counts as printable (a test checks all of Unicode).
    """
    shown = text.isprintable() or text.replace("\n", "").replace("\u3000", "").isprintable()
    return shown and "\u034f" not in text


def _strings(record: Mapping[str, object], name: str) -> list[str]:
    value = record.get(name)
    if value is None:
        return []
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list | tuple):
        raise InvalidArticle(name, f"must be a list of texts, not {type(value).__name__}")
    if len(value) > MAX_VALUES:
        raise InvalidArticle(name, f"more than {MAX_VALUES} values")
    for each in value:
        if not isinstance(each, str):
            raise InvalidArticle(name, f"must hold texts, not {type(each).__name__}")
        if len(each) > MAX_LINE:
            raise InvalidArticle(name, f"a value is longer than {MAX_LINE} characters")
    return [_clean(each, name) for each in value]


def _body(record: Mapping[str, object]) -> str:
    text = _text(record, "body")
    if len(text) > MAX_BODY:
        raise InvalidArticle("body", f"{len(text)} characters, the limit is {MAX_BODY}")
    # The other line ends of str.splitlines are control characters, which no text may hold.
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return "\n".join([line for line in lines if line])


def _url(record: Mapping[str, object], name: str) -> str:
    url = _text(record, name).strip()
    if not url:
        return ""
    if len(url) > MAX_URL:
        raise InvalidArticle(name, f"longer than {MAX_URL} characters")
    if _PLAIN_URL.fullmatch(url):
        return url
    if url.split() != [url] or "\\" in url:
        raise InvalidArticle(name, "holds white space or a backslash")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise InvalidArticle(name, f"not a URL ({error})") from error
    absolute = parts.scheme.lower() in ("http", "https") and bool(parts.netloc)
    local = url.startswith("/") and not url.startswith("//")
    if not (absolute or local):
        raise InvalidArticle(name, "must begin with http://, https:// or /")
    return url


def _time(value: object, name: str, timezone: tzinfo) -> datetime | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, datetime):
        if not FIRST_YEAR <= value.year <= LAST_YEAR:
            raise InvalidArticle(name, f"year {value.year} is outside {FIRST_YEAR} to {LAST_YEAR}")
        aware = value if value.tzinfo else value.replace(tzinfo=timezone)
        return aware.astimezone(UTC)
    if not isinstance(value, str):
        raise InvalidArticle(name, f"must be a date as text, not {type(value).__name__}")
    try:
        return parse_time(value, timezone=timezone)
    except ValueError as error:
        raise InvalidArticle(name, str(error)) from error


def _status(record: Mapping[str, object]) -> Status:
    value = record.get("status")
    if value is None or value == "":
        return "published"
    if value not in STATUSES:
        raise InvalidArticle("status", f"{_cut(value)} is none of {', '.join(STATUSES)}")
    return value


def _attributes(value: object) -> Mapping[str, str | int | float]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidArticle("attributes", f"must be an object, not {type(value).__name__}")
    if len(value) > MAX_VALUES:
        raise InvalidArticle("attributes", f"more than {MAX_VALUES} values")
    checked: dict[str, str | int | float] = {}
    for key, each in value.items():
        if not isinstance(key, str) or not ATTRIBUTE_NAME.fullmatch(key):
            raise InvalidArticle("attributes", f"name {_cut(key)} is not {ATTRIBUTE_RULE}")
        if isinstance(each, bool) or not isinstance(each, str | int | float):
            raise InvalidArticle("attributes", f"{key} must be a text or a number")
        if isinstance(each, str):
            each = _clean(each, "attributes")
            if len(each) > MAX_LINE:
                raise InvalidArticle("attributes", f"{key} is longer than {MAX_LINE} characters")
        elif not (-(2**63) <= each < 2**63 if isinstance(each, int) else isfinite(each)):
            raise InvalidArticle("attributes", f"{key} must be a finite number of at most 64 bits")
        checked[key] = each
    return checked


def check_id(value: str) -> None:
    """Check that ``value`` can be the id of an article: ID_RULE. Nothing is dropped or changed, for ids are compared as they are.

    A character that does not show is refused: two ids that look the same would name two articles.

    Raises:
        InvalidArticle: it cannot; names the first such character.
    """
    if not value.isprintable() or drop_invisible(value) != value:
        place, code = next(
            (place, ord(each))
            for place, each in enumerate(value)
            if not each.isprintable() or not drop_invisible(each)
        )
        raise InvalidArticle("id", f"holds U+{code:04X}, which does not show, at {place}")
    if value != value.strip():
        raise InvalidArticle("id", f"{_cut(value)} begins or ends with a blank")
    if not 1 <= len(value.encode()) <= MAX_ID or value in _STEPS:
        raise InvalidArticle("id", f"{_cut(value)} is not {ID_RULE}")


def _cut(value: object) -> str:
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def _id(record: Mapping[str, object], url: str) -> str:
    value = _given(record, "id").strip()
    if not value:
        if not url:
            raise InvalidArticle("id", "missing, and there is no url to make one from")
        return id_from_url(url)
    check_id(value)
    return value


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))
