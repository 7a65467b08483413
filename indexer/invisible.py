"""Characters that do not show. They are dropped from articles and from queries, because they would part words.

A joiner (U+200C, U+200D) stays between two characters that it changes: it makes one picture of several emoji, and chooses the
forms of letters in Arabic and Indic scripts. Elsewhere, such as between Chinese or Latin letters, it does nothing.
"""

from __future__ import annotations

import re
from typing import Final

_ALWAYS: Final = (
    "\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
)
"""DEL, C1 controls, soft hyphens, zero-width spaces, marks of the direction of writing: traces of bad conversions and of copying
from pages, seen in real articles."""
_JOINED: Final = "\u0600-\u1aff\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
"""Emoji, their variation selector, and the scripts with joining letters."""

_INVISIBLE: Final = re.compile(
    f"[{_ALWAYS}]|[\u200c\u200d](?<![{_JOINED}].)|[\u200c\u200d](?![{_JOINED}])"
)


def drop_invisible(text: str) -> str:
    """``text`` without characters that do not show. O(length)."""
    return _INVISIBLE.sub("", text)
