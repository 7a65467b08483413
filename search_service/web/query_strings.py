"""The query string of a page, in whatever encoding a form or a link has sent it.

Browsers percent-encode the fields of a form in the encoding of its page, and the pages of old portals are in GBK. The API is
strict instead: see ``params.py``.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote_to_bytes

from flask import request

ENCODINGS: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "gb18030": "gb18030",
    "cp936": "gb18030",
    "big5": "big5hkscs",
    "big5-hkscs": "big5hkscs",
}
"""The values of ``ie`` (input encoding), a parameter that the search forms of old portals have, and the encodings that they mean.

GB18030 holds GBK, and GBK holds GB 2312.
"""

_Pairs = list[tuple[bytes, bytes]]


def page_arguments() -> dict[str, list[str]]:
    """The parameters of this request and the values of each. Never fails: what is in no encoding has U+FFFD.

    The encoding is the one that ``ie`` names, or else UTF-8, or else GB18030: the first in which the whole string is valid.
    """
    pairs = _pairs(request.query_string)
    encoding = _encoding(pairs)
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        texts = found.setdefault(name.decode(encoding, "replace"), [])
        texts.append(value.decode(encoding, "replace"))
    return found


def _pairs(query_string: bytes) -> _Pairs:
    parts = (part.replace(b"+", b" ").partition(b"=") for part in query_string.split(b"&") if part)
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in parts]


def _encoding(pairs: _Pairs) -> str:
    named = next((value for name, value in pairs if name == b"ie"), b"")
    meant = ENCODINGS.get(named.decode("latin-1").strip().lower())
    whole = b"&".join(text for pair in pairs for text in pair)
    for encoding in filter(None, (meant, "utf-8", "gb18030")):
        try:
            whole.decode(encoding)
        except UnicodeDecodeError as error:
            if encoding == "utf-8" and _is_cut(whole, error):
                break
        else:
            return encoding
    return "utf-8"


def _is_cut(text: bytes, error: UnicodeDecodeError) -> bool:
    """Whether a text is UTF-8 whose last character was cut off, as messengers do with long links. GBK nearly never looks so."""
    return error.reason == "unexpected end of data" and not text[: error.start].isascii()
