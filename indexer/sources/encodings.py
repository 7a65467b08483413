"""The encoding of a text, found from its first bytes, and the stream that turns it into UTF-8.

Only encodings that Chinese sites and programs write are told apart. A byte that its encoding does not have stays the byte
that it is, so that whoever reads the UTF-8 finds it and says where it stands.
"""

from __future__ import annotations

import codecs
import io
import re
from typing import Final

from indexer.errors import SourceUnreadable
from indexer.said import Said

_CHUNK: Final = 32 * 1024
"""Bytes that are decoded at once. A larger chunk is no faster."""

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins as the mark of UTF-16 does, so it stands before it
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CANDIDATES: Final = ("utf-8", "gb18030", "big5hkscs", "cp950", "utf-16-le", "utf-16-be")
"""Of equals the first one is taken. GB18030 contains GBK and GB2312. Two are Big5, with different characters added."""
_COMMON: Final = frozenset(
    character
    for encoding, rows in (
        ("gb2312", (0xA1, 0xA3, *range(0xB0, 0xD8))),
        ("big5", (0xA1, *range(0xA4, 0xC7))),
    )
    for row in rows
    for column in range(0x40, 0xFF)
    for character in bytes((row, column)).decode(encoding, "ignore")
)
"""Common characters, simplified and traditional: the signs, and the first levels of both standards, which hold the common ones sorted
apart from the rare ones. Of Chinese text 98 % are among them; of what a wrong encoding makes of its bytes half at most."""
_BEYOND_ASCII: Final = re.compile("[^\x00-\x7f]")
_BAD: Final = re.compile("[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\ufffd]")
_SPOILED: Final = 0.1
"""The largest share of control characters and undecodable bytes in a text. Pictures, programs and packed files have more, most of them over a fifth."""
_UNLIKELY: Final = 0.5
"""The least likeness of a text in UTF-16, in which nearly any bytes are a text: a tenth of the characters in noise are common."""

_NAMES: Final = {
    **dict.fromkeys((b"gb2312", b"gbk", b"gb18030", b"x-gbk", b"cp936"), "gb18030"),
    **dict.fromkeys((b"big5", b"big5-hkscs", b"cp950"), "big5hkscs"),
}
_DECLARATION: Final = re.compile(rb"\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([\w-]{2,40})[\"']")


def encoding_of(head: bytes) -> str | None:
    """The encoding of the text that begins with ``head``, as Python calls it; None if these are no bytes of a text.

    A byte order mark decides, then valid UTF-8, since other texts hardly ever are. Otherwise it is the encoding that makes the most
    common characters and the fewest bad ones of the bytes, whatever a declaration says: many are not true. Only where all bytes are
    ASCII an XML declaration tells what may follow. O(head), at most seven times.
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if not _BAD.search(decode(head, "utf-8")):
        declared = _DECLARATION.match(head) if head.isascii() else None
        return _NAMES.get(declared[1].lower(), "utf-8") if declared else "utf-8"
    best = max(_CANDIDATES, key=lambda name: _likeness(head, name))
    text = decode(head, best)
    return best if len(_BAD.findall(text)) <= _SPOILED * len(text) else None


def decode(raw: bytes, encoding: str) -> str:
    """The text of ``raw``, without a byte order mark. What cannot be decoded is U+FFFD; a character cut off is left out."""
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(raw)
    return text.removeprefix("\ufeff")


def _likeness(head: bytes, encoding: str) -> float:
    """How much the bytes look like Chinese text in an encoding: the share of common characters of those beyond ASCII, 1 without any,
    less the share of bad ones of all. -1 if it is not to be believed."""
    text = decode(head, encoding)
    beyond = _BEYOND_ASCII.findall(text)
    share = sum(map(_COMMON.__contains__, beyond)) / len(beyond) if beyond else 1.0
    likeness = share - len(_BAD.findall(text)) / max(1, len(text))
    return -1.0 if encoding.startswith("utf-16") and likeness < _UNLIKELY else likeness


def utf8(stream: io.BufferedReader, encoding: str, name: str) -> io.BufferedReader:
    """The stream in UTF-8. Bytes that are not of the ``encoding`` are passed on.

    Two such bytes of Big5 in a row can look like a character of UTF-8; those of GB18030 cannot.
    """
    if encoding == "utf-8":
        return stream
    return io.BufferedReader(_Utf8(stream, encoding, name), _CHUNK)


class _Utf8(io.RawIOBase):
    """A text of another encoding as a stream of UTF-8."""

    def __init__(self, stream: io.BufferedReader, encoding: str, name: str) -> None:
        self._stream, self._name, self._encoding = stream, name, encoding
        # A lone surrogate of UTF-16 has no single byte to stay: it is passed on as its three bytes.
        self._errors = "surrogatepass" if encoding.startswith("utf") else "surrogateescape"
        self._decoder = codecs.getincrementaldecoder(encoding)(errors=self._errors)
        self._ready = b""
        self._begun = self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._ready and not self._ended:
            chunk = self._stream.read1(_CHUNK)
            self._ended = not chunk
            try:
                text = self._decoder.decode(chunk, final=self._ended)
            except UnicodeDecodeError as error:
                raise SourceUnreadable(
                    self._name,
                    Said(
                        "is not {encoding} throughout ({why}): get it whole, or convert it to UTF-8",
                        encoding=self._encoding,
                        why=error.reason,
                    ),
                ) from error
            if text and not self._begun:
                text, self._begun = text.removeprefix("\ufeff"), True
            self._ready = text.encode("utf-8", self._errors)
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count
