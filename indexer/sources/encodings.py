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

_CHUNK: Final = 32 * 1024
"""Bytes that are decoded at once. A larger chunk is no faster."""

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins as the mark of UTF-16 does, so it stands before it
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DOUBLE_BYTES: Final = ("gb18030", "big5hkscs")
"""GB18030 contains GBK and GB2312. Browsers read Big5 with the Hong Kong characters too."""

_NAMES: Final = {
    **dict.fromkeys((b"gb2312", b"gbk", b"gb18030", b"x-gbk", b"cp936"), "gb18030"),
    **dict.fromkeys((b"big5", b"big5-hkscs", b"cp950"), "big5hkscs"),
}
_DECLARATION: Final = re.compile(rb"\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([\w-]{2,40})[\"']")
_ZEROS: Final = 0.01
"""The least share of zero bytes in UTF-16: a digit, sign or line break in 50 characters. Other texts have none."""
_ZEROS_OF_ASCII: Final = 0.25
"""The same for what is valid UTF-8 too, as UTF-16 of ASCII alone is. A damaged text in UTF-8 may hold a few zero bytes."""
_DAMAGED: Final = 0.25
"""The most undecodable places for each character of a damaged text in UTF-8. In GB18030 or Big5 there is one for nearly every
character, and a few characters of it can look like UTF-8."""
_COMMON: Final = 0.85
"""The share of common characters from which a faultless text of double bytes is no UTF-8 with faults. Of Chinese headlines 98 %
reach it, also when cut to four characters; what the other encoding makes of their bytes has about half."""
_SPOILED: Final = 0.1
"""The largest share of control characters and undecodable bytes in a text. Pictures and programs have a third and more."""
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\ufffd]")


def encoding_of(head: bytes) -> str | None:
    """The encoding of the text that begins with ``head``, as Python calls it; None if these are no bytes of a text.

    UTF-8 is believed where it is valid, or mostly so and no other fits better, since other texts hardly ever are. GB18030 and
    Big5 are told apart by how common the characters are that they make of the bytes. An XML declaration counts where all bytes
    are ASCII; elsewhere they tell more, for many declarations are not true. O(head).
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    zeros = head[::2].count(0), head[1::2].count(0)
    good, bad = _decoded(head, "utf-8")
    if min(zeros) * 20 < max(zeros) > len(head) * (_ZEROS if bad else _ZEROS_OF_ASCII):
        return _if_text(head, "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le")
    if not bad:
        return _if_text(head, (head.isascii() and _declared(head)) or "utf-8")
    best = max(_DOUBLE_BYTES, key=lambda name: _commonness(head, name))
    _, worse = _decoded(head, best)
    fits = not worse and _commonness(head, best) > _COMMON
    damaged = bad <= _DAMAGED * good
    return _if_text(head, best if fits or (not damaged and worse < bad) else "utf-8")


def decode_head(head: bytes, encoding: str) -> str:
    """The text of ``head``, without a byte order mark. What cannot be decoded is U+FFFD; a character cut off is left out."""
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(head)
    return text.removeprefix("\ufeff")


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
                    f"is not {self._encoding} throughout ({error.reason}): get it whole, or convert it to UTF-8",
                ) from error
            if text and not self._begun:
                text, self._begun = text.removeprefix("\ufeff"), True
            self._ready = text.encode("utf-8", self._errors)
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count


def _decoded(head: bytes, encoding: str) -> tuple[int, int]:
    """How many characters beyond ASCII the bytes make, and how many undecodable places."""
    text = decode_head(head, encoding)
    bad = text.count("\ufffd")
    return sum(not each.isascii() for each in text) - bad, bad


def _declared(head: bytes) -> str | None:
    """The encoding of double bytes that an XML declaration says, if all of ``head`` is valid in it, save a character cut off."""
    match = _DECLARATION.match(head)
    name = _NAMES.get(match[1].lower()) if match else None
    return name if name and not _decoded(head, name)[1] else None


def _commonness(head: bytes, encoding: str) -> float:
    """The share of characters, of those beyond ASCII, that are common where the encoding is used.

    The common ones are the signs and the first level of each standard, some 4,000 and 5,400 characters sorted apart from the
    rare ones: rows B0 to D7 of GB 2312, A4 to C6 of Big5. Text of one encoding read as the other falls among the rare.
    """
    common = total = 0
    for each in decode_head(head, encoding):
        if each.isascii():
            continue
        total += 1
        if encoding == "gb18030":
            code = each.encode("gb2312", "ignore")
            common += bool(code) and (0xB0 <= code[0] <= 0xD7 or code[0] in (0xA1, 0xA3))
        else:
            code = each.encode("big5", "ignore")
            common += bool(code) and 0xA1 <= code[0] <= 0xC6
    return common / total if total else 0.0


def _if_text(head: bytes, encoding: str) -> str | None:
    text = decode_head(head, encoding)
    return encoding if len(_CONTROL.findall(text)) <= _SPOILED * len(text) else None
