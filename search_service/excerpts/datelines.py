"""Datelines: who reports from where and when, at the beginning of an agency's text. They say nothing about the subject."""

from __future__ import annotations

import re
from typing import Final

_NAME: Final = r"[\u4e00-\u9fffA-Za-z·]"
_DATE: Final = r"\s*(?:\d{4}年)?\d{1,2}月\d{1,2}日\s*"
_REPORTS: Final = r"(?:电|讯|消息|报道)(?=[\s(（:：])"
_DATELINE: Final = re.compile(
    r"\s*(?:【[^【】\n]{1,24}(?:电|讯|消息|报道)[^【】\n]{0,24}】"
    rf"|(?:{_NAME}{{2,24}}?{_DATE}{_REPORTS}"
    rf"|{_NAME}{{1,6}}[社网]{_NAME}{{0,12}}?{_DATE}电(?:题[:：])?"
    rf"|{_NAME}{{1,10}}(?:社|网|报|台|刊|客户端){_REPORTS})"
    r"\s*(?:[(（][^()（）\n]{1,60}[)）])?)[\s:：]*"
)
"""A name and a place, then a date (云溪社古塔3月5日电), or an agency alone (本报讯), and who wrote it, in brackets.

A text may follow without a blank only if the name is an agency's (云溪网3月5日电渡口…).
"""


def without_dateline(text: str) -> str:
    """The text without a dateline at its beginning. A text that is nothing else stays as it is."""
    found = _DATELINE.match(text)
    return text[found.end() :] if found and found.end() < len(text) else text
