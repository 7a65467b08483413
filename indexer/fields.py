"""Reads loose values as the fields of an article, and notes what was done to them.

A fault in a side field costs the field, not the article: the article is made without it, and a note says so. Without an id, or
without a title and a body, there is no article. An unknown status is no side matter: it decides whether readers see the article.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cache
from math import isfinite
from typing import Final, NamedTuple, TypeVar
from urllib.parse import urljoin, urlsplit

import orjson

from indexer.article import (
    ATTRIBUTE_NAME,
    ATTRIBUTE_RULE,
    MAX_BODY,
    MAX_LINE,
    MAX_URL,
    MAX_VALUES,
    STATUSES,
    TIMES,
    Article,
    Status,
    channel_path,
    check_id,
    id_from_url,
    shown,
    unique,
)
from indexer.errors import InvalidArticle
from indexer.invisible import drop_invisible
from indexer.markup import has_markup, plain_text
from indexer.reading import TEXTS, Reading
from indexer.said import Said, told
from indexer.times import read_time

_SIDE_LINES: Final = ("lead", "source", "author", "editor", "site")
_JOINED: Final = ("source", "author", "editor")
"""Lines that several names may share."""

_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]+")
"""Control characters other than white space, and lone surrogates: halves of characters."""
_UNDECODED: Final = "\ufffd"
"""What a program writes for bytes that it could not decode."""
_PLAIN_URL: Final = re.compile(r"https?://[A-Za-z0-9.-]+(?:[/?#][!-\[\]-~]*)?")
"""Most URLs. None of them fails a check, and the standard library takes five times as long to read one."""
_PARTED: Final = re.compile(r"[,，、;；|｜\n]+")
"""The signs between the values of a list in one text."""
_LATIN: Final = re.compile("[A-Za-z]")

_TOO_MANY: Final = Said("more than {limit} values: only the first count", limit=MAX_VALUES)

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Note:
    """What was done to a value of a field, such as ``dropped`` or ``read as rfc 2822``, and ``why``, if that is not plain."""

    field: str
    what: str
    why: str = ""

    @property
    def name(self) -> str:
        """The note without its reason, for counting."""
        return f"{self.field} {self.what}"

    @property
    def sentence(self) -> Said:
        """The note as a sentence."""
        if not self.why:
            return Said("{field} {what}", field=self.field, what=self.what)
        return Said("{field} {what}: {why}", field=self.field, what=self.what, why=self.why)

    def __str__(self) -> str:
        return self.sentence


class Made(NamedTuple):
    """An article, and what was done to the values that it was made of."""

    article: Article
    notes: tuple[Note, ...]


def make_article(values: Mapping[str, object], *, timezone: tzinfo) -> Article:
    """The article that :func:`read_article` makes of values without a fault.

    Raises:
        InvalidArticle: names the first invalid field and the reason.
    """
    return read_article(values, Reading(timezone=timezone, strict=True)).article


def read_article(values: Mapping[str, object], reading: Reading) -> Made:
    """Make an article of loose values. Keys that are not fields of an article are ignored.

    White space is normalised. Control characters, invisible traces of bad conversions and markup are removed. Nothing else in a
    text changes.

    Raises:
        InvalidArticle: there is no article; names the field and the reason. With ``reading.strict`` any fault.
    """
    reader = _Reader(values, reading)
    article = reader.article()
    return Made(article, tuple(reader.notes))


def read_id(values: Mapping[str, object], reading: Reading) -> str:
    """The id of the article that :func:`read_article` would make of values, whatever else they hold.

    Raises:
        InvalidArticle: they name none.
    """
    return _Reader(values, reading).article_id()


class _Reader:
    """One reading of loose values. Each method reads a field, and raises InvalidArticle for a fault in it."""

    def __init__(self, values: Mapping[str, object], reading: Reading) -> None:
        self._values, self._reading = values, reading
        self._image = ""
        self.notes: list[Note] = []

    def article(self) -> Article:
        made: dict[str, object] = {"title": self._line("title"), "body": self._body()}
        if not made["title"] and not made["body"]:
            raise InvalidArticle("title", Said("neither a title nor a body"))
        for name in _SIDE_LINES:
            made[name] = self._side(self._line, name, empty="")
        for name in TIMES:
            made[name] = self._side(self._time, name, empty=None)
        url = made["url"] = self._own_url()
        made["image_url"] = self._side(self._url, "image_url", url, empty="")
        made["channel"] = self._side(self._own_channel, empty="")
        made["channels"] = unique(self._each("channels", self._channel))
        made["tags"] = unique(self._each("tags", self._tag))
        made["status"] = self._status()
        made["attributes"] = self._attributes()
        made["id"] = self._id(url)
        return Article(**made)  # type: ignore[arg-type]

    def article_id(self) -> str:
        return self._id(self._own_url())

    def _own_url(self) -> str:
        return self._side(self._url, "url", empty="")

    def _own_channel(self) -> str:
        return self._channel(self._text("channel"), "channel")

    def _side(self, read: Callable[..., _Value], *names: str, empty: _Value) -> _Value:
        """What ``read`` reads of a side field. A fault costs the field, which is then ``empty``."""
        try:
            return read(*names)
        except InvalidArticle as fault:
            self._cost(fault)
            return empty

    def _cost(self, fault: InvalidArticle) -> None:
        """Note that a fault costs a field or one value of it."""
        if self._reading.strict:
            raise fault
        self.notes.append(Note(fault.field, Said("dropped"), fault.why))

    def _text(self, name: str) -> str:
        value = self._values.get(name)
        if isinstance(value, str):
            return self._clean(value, name)
        if value is None:
            return ""
        if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
            if len(value) > 1 and name not in _JOINED:
                why = Said("holds {count} texts: give one", count=len(value))
                raise InvalidArticle(name, why)
            return self._clean("、".join(value), name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidArticle(name, _must_be_text(value))
        return str(value)

    def _clean(self, text: str, name: str) -> str:
        if name in TEXTS and (name in self._reading.markup or has_markup(text)):
            text, image = plain_text(text)
            self._image = self._image or image
            self.notes.append(Note(name, Said("cleaned of markup")))
        if undecoded := text.count(_UNDECODED):
            self.notes.append(
                Note(
                    name,
                    Said("holds undecoded characters"),
                    Said("{count} of them, shown as {mark}", count=undecoded, mark=_UNDECODED),
                )
            )
        if _is_plain(text):
            return text
        kept = _CONTROL.sub("", text)
        if kept != text:
            self.notes.append(Note(name, Said("cleaned of control characters")))
        return drop_invisible(kept)

    def _line(self, name: str) -> str:
        line = " ".join(self._text(name).split())
        if len(line) > MAX_LINE:
            raise InvalidArticle(name, _longer_than(MAX_LINE))
        return line

    def _body(self) -> str:
        text = self._text("body")
        if len(text) > MAX_BODY:
            why = Said("{count} characters, the limit is {limit}", count=len(text), limit=MAX_BODY)
            raise InvalidArticle("body", why)
        lines = [" ".join(line.split()) for line in text.splitlines()]
        return "\n".join([line for line in lines if line])

    def _time(self, name: str) -> datetime | None:
        value = self._values.get(name)
        if value is None or value == "":
            return None
        try:
            time = read_time(value, timezone=self._reading.timezone, order=self._reading.order)
        except ValueError as error:
            raise InvalidArticle(name, told(error)) from error
        if time is None:
            return None
        if time.form != "iso":
            self.notes.append(Note(name, _read_as(time.form)))
        return time.at

    def _url(self, name: str, base: str = "") -> str:
        url = self._text(name).strip() or (self._image if name == "image_url" else "")
        if not url:
            return ""
        if len(url) > MAX_URL:
            raise InvalidArticle(name, _longer_than(MAX_URL))
        if _PLAIN_URL.fullmatch(url):
            return url
        if url.split() != [url] or "\\" in url:
            raise InvalidArticle(name, Said("holds white space or a backslash"))
        try:
            if url.startswith("//"):
                url = f"{urlsplit(base).scheme or 'https'}:{url}"
            elif base and not url.startswith("/"):
                url = urljoin(base, url)
            parts = urlsplit(url)
        except ValueError as error:
            raise InvalidArticle(name, Said("not a URL ({why})", why=str(error))) from error
        absolute = parts.scheme.lower() in ("http", "https") and bool(parts.netloc)
        if not absolute and not url.startswith("/"):
            raise InvalidArticle(name, Said("must begin with http://, https:// or /"))
        return url

    def _channel(self, text: str, name: str) -> str:
        path = channel_path(self._reading.channels.get(" ".join(text.split()), text), name=name)
        return self._reading.channels.get(path, path)

    def _tag(self, text: str, _: str) -> str:
        return " ".join(text.split())

    def _each(self, name: str, read: Callable[[str, str], str]) -> Iterator[str]:
        """The values of a list. A fault costs the value."""
        nothing: Sequence[object] = ()
        for value in self._side(self._list, name, empty=nothing):
            try:
                if not isinstance(value, str):
                    why = Said("must hold texts, not {type}", type=type(value).__name__)
                    raise InvalidArticle(name, why)
                if len(value) > MAX_LINE:
                    why = Said("a value is longer than {limit} characters", limit=MAX_LINE)
                    raise InvalidArticle(name, why)
                yield read(self._clean(value, name), name)
            except InvalidArticle as fault:
                self._cost(fault)

    def _list(self, name: str) -> Sequence[object]:
        value = self._values.get(name)
        if value is None:
            return ()
        if isinstance(value, str):
            value = self._parted(value, name)
        if not isinstance(value, list | tuple):
            why = Said("must be a list of texts, not {type}", type=type(value).__name__)
            raise InvalidArticle(name, why)
        if len(value) > MAX_VALUES:
            self._cost(InvalidArticle(name, _TOO_MANY))
        return value[:MAX_VALUES]

    def _parted(self, text: str, name: str) -> list[object]:
        """The values of a list that is written in one text: as JSON, between signs, or between blanks if no value is Latin."""
        if text.startswith("[") and text.endswith("]"):
            try:
                found = orjson.loads(text)
            except orjson.JSONDecodeError:
                found = None
            if isinstance(found, list):
                return found
        parts = [part for part in _PARTED.split(text) if part.strip()]
        if len(parts) == 1 and not _LATIN.search(text):
            parts = parts[0].split()
        if len(parts) > 1:
            self.notes.append(Note(name, Said("read as a list")))
        return list(parts)

    def _status(self) -> Status:
        value = self._values.get("status")
        if value is None or value == "":
            return "published"
        if value not in STATUSES:
            statuses = ", ".join(STATUSES)
            why = Said("{value} is none of {statuses}", value=shown(value), statuses=statuses)
            raise InvalidArticle("status", why)
        return value

    def _attributes(self) -> Mapping[str, str | int | float]:
        value = self._values.get("attributes")
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            why = Said("must be an object, not {type}", type=type(value).__name__)
            self._cost(InvalidArticle("attributes", why))
            return {}
        checked: dict[str, str | int | float] = {}
        for key, each in value.items():
            if len(checked) == MAX_VALUES:
                self._cost(InvalidArticle("attributes", _TOO_MANY))
                break
            try:
                checked[_attribute_name(key)] = self._attribute(key, each)
            except InvalidArticle as fault:
                self._cost(fault)
        return checked

    def _attribute(self, key: str, value: object) -> str | int | float:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            why = Said("{key} must be a text or a number", key=key)
            raise InvalidArticle("attributes", why)
        if isinstance(value, str):
            text = self._clean(value, "attributes")
            if len(text) > MAX_LINE:
                why = Said("{key} is longer than {limit} characters", key=key, limit=MAX_LINE)
                raise InvalidArticle("attributes", why)
            return text
        if not (-(2**63) <= value < 2**63 if isinstance(value, int) else isfinite(value)):
            why = Said("{key} must be a finite number of at most 64 bits", key=key)
            raise InvalidArticle("attributes", why)
        return value

    def _id(self, url: str) -> str:
        value = self._values.get("id")
        if value is not None and (
            isinstance(value, bool) or not isinstance(value, str | int | float)
        ):
            raise InvalidArticle("id", _must_be_text(value))
        text = "" if value is None else str(value).strip()
        if not text:
            if not url:
                raise InvalidArticle("id", Said("missing, and there is no url to make one from"))
            return id_from_url(url)
        check_id(text)
        return text


def _is_plain(text: str) -> bool:
    """True if it is certain at a glance that nothing in a text is dropped, as in nearly all.

    U+034F is the only dropped character that counts as printable (a test checks all of Unicode).
    """
    shows = text.isprintable() or text.replace("\n", "").replace("\u3000", "").isprintable()
    return shows and "\u034f" not in text


def _attribute_name(key: object) -> str:
    if not isinstance(key, str) or not ATTRIBUTE_NAME.fullmatch(key):
        why = Said("name {value} is not {rule}", value=shown(key), rule=ATTRIBUTE_RULE)
        raise InvalidArticle("attributes", why)
    return key


@cache
def _read_as(form: str) -> Said:
    return Said("read as {form}", form=form)


def _must_be_text(value: object) -> Said:
    return Said("must be text, not {type}", type=type(value).__name__)


def _longer_than(limit: int) -> Said:
    return Said("longer than {limit} characters", limit=limit)
