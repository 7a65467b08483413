"""The Article that every layer passes on, its validation, and its content hash.

This module defines what an article *is*. ``sources`` says where articles come from, ``store`` where they are kept. An article
keeps its author's text unchanged (traditional characters stay traditional); ``analysis`` folds it for comparison.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter
from typing import Final, Literal, cast
from urllib.parse import urlsplit, urlunsplit

import orjson

from indexer.errors import InvalidArticle
from indexer.invisible import drop_invisible
from indexer.said import Said

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
TIMES: Final = ("published_at", "updated_at", "expires_at")
_LISTS: Final = ("channels", "tags")


def article_to_record(article: Article) -> dict[str, object]:
    """The article as plain JSON values, without empty fields. Inverse of `article_from_record`."""
    record = content_of(article)
    if article.duplicate_group:
        record[_GIVEN_BY_STORE] = article.duplicate_group
    return record


def content_of(article: Article) -> dict[str, object]:
    """What a source said of the article, as `article_to_record` does, without what the store adds."""
    record = {name: value for name, value in zip(FIELDS, _VALUES(article), strict=True) if value}
    for name in TIMES:
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
    for name in TIMES:
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
        raise InvalidArticle(name, Said("deeper than {limit} levels", limit=MAX_CHANNEL_DEPTH))
    path = "/".join(parts)
    if len(path) > MAX_LINE:
        raise InvalidArticle(name, Said("longer than {limit} characters", limit=MAX_LINE))
    return path


def channel_ancestry(path: str) -> tuple[str, ...]:
    """The channel and its ancestors, outermost first: ``情感/故事`` -> (``情感``, ``情感/故事``)."""
    parts = path.split("/") if path else []
    return tuple("/".join(parts[: n + 1]) for n in range(len(parts)))


def all_channels(article: Article) -> tuple[str, ...]:
    """The article's channels, primary and secondary, and their ancestors, without repeats."""
    paths = (article.channel, *article.channels)
    return unique(each for path in paths for each in channel_ancestry(path))


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
        why = Said("holds U+{code:04X}, which does not show, at {place}", code=code, place=place)
        raise InvalidArticle("id", why)
    if value != value.strip():
        why = Said("{value} begins or ends with a blank", value=shown(value))
        raise InvalidArticle("id", why)
    if not 1 <= len(value.encode()) <= MAX_ID or value in _STEPS:
        raise InvalidArticle("id", Said("{value} is not {rule}", value=shown(value), rule=ID_RULE))


def shown(value: object) -> str:
    """A wrong value as a reason repeats it."""
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def unique(values: Iterable[str]) -> tuple[str, ...]:
    """The values in their order, without empty ones and repeats."""
    return tuple(dict.fromkeys(value for value in values if value))
