"""Markup in texts that should be plain: whether a text holds HTML, and what a reader would see of it.

Two questions, two ways. Whether a text is HTML is decided by signs in the text: an author may write of tags, and such a text must
stay as it is. What HTML says is read by lxml, as browsers read it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from typing import Final, NamedTuple

from lxml import etree


class Plain(NamedTuple):
    """What a reader sees: paragraphs parted by one ``\\n``, and the address of the first picture ('' if there is none)."""

    text: str
    image: str


# Whether a text is HTML


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_VOID: Final = _names("br hr img")
_BLOCKS: Final = _names(
    "p div table tbody tr td th h1 h2 h3 h4 h5 h6 ul ol li dl dt dd blockquote section article figure center pre"
)
_INLINE: Final = _names("a b i u s em strong font span big small sub sup strike del ins mark code")
_KNOWN: Final = _VOID | _BLOCKS | _INLINE
_TAG = re.compile(
    r"<(?P<end>/?)(?P<name>[A-Za-z][A-Za-z0-9]{0,9})"
    r"(?P<attributes>(?:\s++[A-Za-z_:@][-\w:.@]*+\s*+=\s*+(?:\"[^\"<>]*+\"|'[^'<>]*+'|[^\s\"'<>=`]++))*+)"
    r"\s*+/?>",
    re.ASCII,
)
"""A tag as programs write it; ``a<b && c>d`` is none. A match never reaches across another ``<``, so that all of them together
cost O(length)."""
_DECLARATION = re.compile(
    r"\A\s*<(?:!DOCTYPE|html|head|body)\b|<!\[CDATA\[|<!--[A-Za-z]{1,40}-->", re.IGNORECASE
)
"""A whole page, the leftover of a feed, and the marks of programs such as ``<!--more-->``."""

_REFERENCE = re.compile(
    r"&(?:#\d{1,7};|#[xX][0-9A-Fa-f]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};|nbsp(?![A-Za-z0-9=]))"
)
_BLANK_RUN = re.compile(r"&nbsp;?\s*&nbsp")
_ANGLES: Final = frozenset("<>")
_ESCAPES: Final = frozenset("&\"'")

_NAMED_BEFORE = re.compile(
    r"(?:(?<![作信应引费])用|写作|写成|输入|插入|标签|标记|元素)[\s\"'`“‘]*\Z"
)
_NAMED_AFTER = re.compile(
    r"[\s\"'`”’]*(?:标签|标记|元素|实体|表示|代表|tags?\b|elements?\b|means\b|(?:和|与|與|及|或|、)\s*[<&])"
)
"""Words by which an author speaks of a tag or a reference: 用 <br> 换行, <p> 标签, &nbsp; 表示空格."""
_OPENING: Final = frozenset(" \t\u3000\"'`“‘「『（(《、")
_CLOSING: Final = frozenset(" \t\u3000\"'`”’」』）)》、，：；。,:;")
_SENTENCE_ENDS: Final = frozenset("。！？!?…；;”’」』》）)>\n")
_SPEAKING: Final = frozenset("，：、。）)》」』`")
"""Signs that follow a tag only in a sentence about it: <br>：换行."""
_BLANKS: Final = " \t\u3000"
_SPACES: Final = frozenset(_BLANKS)
_NEAR: Final = 100
"""Characters around a tag or a reference that can show that the author speaks of it."""
_CONNECTIVES: Final = frozenset({"和", "与", "與", "及", "或", "到", "至", "、", "and", "or", "to"})
"""What stands between two tags that are named together: <b> 和 </b>."""


def has_markup(text: str) -> bool:
    """True if ``text`` is HTML: it holds block tags, breaks, pictures, closed inline tags, or characters written as references.

    A text that only speaks of HTML is none: a tag named in a sentence, an inline tag that is not closed, ``&lt;b&gt;``, ``5<6``.
    HTML that an author shows on lines of its own cannot be told from markup. O(length); less than a microsecond without ``<`` and ``&``.
    """
    return ("<" in text and _has_tags(text)) or ("&" in text and _has_references(text))


def _has_tags(text: str) -> bool:
    if _DECLARATION.search(text):
        return True
    tags = [tag for tag in _TAG.finditer(text) if tag["name"].lower() in _KNOWN]
    opened = {tag["name"].lower() for tag in tags if not tag["end"]}
    closed = {tag["name"].lower() for tag in tags if tag["end"]}
    for tag in tags:
        name = tag["name"].lower()
        if name in _VOID:
            if _breaks(text, tag):
                return True
        elif name in _BLOCKS:
            if tag["end"]:
                if name in opened and _closes_block(text, tag):
                    return True
            elif _opens_block(text, tag, closed=name in closed):
                return True
    return _is_balanced(text, tags)


def _breaks(text: str, tag: re.Match[str]) -> bool:
    """True for a break or a picture of the text, in whatever place."""
    if tag["name"].lower() == "img" and not tag["attributes"]:
        return False
    return _after(text, tag) not in _SPEAKING and not _is_named(text, tag)


def _opens_block(text: str, tag: re.Match[str], *, closed: bool) -> bool:
    """True for a block that opens where one can: at the start, after a sentence or another tag."""
    before, after = _before(text, tag), _after(text, tag)
    if (before and before not in _SENTENCE_ENDS) or after in _SPEAKING:
        return False
    return (closed or after not in _SPACES) and not _is_named(text, tag)


def _closes_block(text: str, tag: re.Match[str]) -> bool:
    """True for a block that closes where one can: after a sentence or another tag, and before another tag or the end of a line."""
    before, after = _before(text, tag), _after(text, tag)
    return before in _SENTENCE_ENDS and (not after or after in "<\r\n")


def _is_balanced(text: str, tags: list[re.Match[str]]) -> bool:
    """True if all tags are inline, each closed in order around a text, and none only named."""
    open_tags: list[re.Match[str]] = []
    around_text = False
    for tag in tags:
        if tag["name"].lower() not in _INLINE:
            return False
        if not tag["end"]:
            if _after(text, tag) in _SPEAKING or _is_named(text, tag):
                return False
            open_tags.append(tag)
            continue
        if not open_tags or open_tags[-1]["name"].lower() != tag["name"].lower():
            return False
        start = open_tags.pop().end()
        if text[start : min(start + _NEAR, tag.start())].strip() in _CONNECTIVES:
            return False
        around_text = around_text or start < tag.start()
    return around_text and not open_tags


def _before(text: str, tag: re.Match[str]) -> str:
    """The character before the tag, blanks aside; '' at the start of the text."""
    return text[max(0, tag.start() - _NEAR) : tag.start()].rstrip(_BLANKS)[-1:]


def _after(text: str, tag: re.Match[str]) -> str:
    """The character behind the tag; '' at the end of the text."""
    return text[tag.end() : tag.end() + 1]


def _has_references(text: str) -> bool:
    """True if characters are written as references. What every escaped text holds (&amp; &quot;) tells only without an escaped tag."""
    if _BLANK_RUN.search(text):
        return True
    found = [(each, unescape(each[0])) for each in _REFERENCE.finditer(text)]
    decoded = {char for _, char in found if not char.endswith(";")}  # Others are no references.
    telling = decoded - _ANGLES if decoded.isdisjoint(_ANGLES) else decoded - _ANGLES - _ESCAPES
    return any(char in telling and not _is_named(text, each) for each, char in found)


def _is_named(text: str, mark: re.Match[str]) -> bool:
    """True if an author speaks of a tag or reference: a word says so, or it stands apart as a word of the sentence does."""
    start, end = mark.span()
    if text[start - 1 : start] in _OPENING and text[end : end + 1] in _CLOSING:
        return True
    near = slice(max(0, start - _NEAR), start)
    return bool(_NAMED_AFTER.match(text, end, end + _NEAR) or _NAMED_BEFORE.search(text[near]))


# What HTML says

MAX_DEPTH: Final = 1_000
"""Elements that may stand in one another; no browser builds more than 512. Below it every tag is read as a line break, for libxml2
searches all open elements at each end tag, which takes time quadratic in the depth."""
MAX_TABLES: Final = 8
"""Tables in tables whose rows become lines. Pages of 2000 laid out with tables nest four to six. Deeper rows are read as blocks."""
MAX_ROW: Final = 120
"""Characters of a row that becomes one line although a cell holds several. A longer one lays out a page: its lines stay lines."""
MIN_SIDE: Final = 33
"""Pixels. What says that it is smaller is a counting pixel, an emoticon or the icon of a file: they have 1 to 32."""
_PIECE: Final = 16_384
"""Characters handed to the parser at a time; the depth is looked at between two."""

_LINES: Final = _BLOCKS | _names(
    "address aside caption details dialog dir fieldset figcaption footer form header hgroup hr legend main menu nav"
    " summary tfoot thead"
)
_DROPPED: Final = _names(
    "head title script style noscript template iframe object embed applet audio video canvas svg map"
    " select textarea button input datalist option output progress rt rp"
)
"""What is no text for readers: programs, players, form elements, the readings over characters."""
_OTHERS: Final = _names(
    "html body meta link base basefont wbr nobr tt kbd samp var cite dfn abbr acronym q bdo bdi ruby rb rtc time data label"
    " optgroup meter source track param picture col colgroup area bgsound marquee blink frame frameset noframes"
)
_NO_TAG = re.compile(
    rf"<(?!/?(?:{'|'.join(_KNOWN | _LINES | _DROPPED | _OTHERS)})(?:[\s/>]|\Z)"
    r"|/?[a-z][a-z0-9]*+[:-][a-z][-\w:.]*+[\s/>]|!--|!\[|!doctype|\?[a-z])",
    re.IGNORECASE | re.ASCII,
)
"""A ``<`` that begins no element of HTML or of a namespace (``<o:p>``): 5<6, <号外>, <Enter>. Browsers drop unknown names; readers
would miss them."""
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_LAZY: Final = (
    *("data-src", "data-original", "data-lazy-src", "data-lazyload", "data-actualsrc", "data-echo"),
    *("data-url", "zoomfile", "file", "src"),
)
"""Where pages keep the address of a picture, in order: ``src`` holds a placeholder until the reader scrolls to it."""
_SIZE = re.compile(r"\s*(\d{1,5})(?:\.\d*)?\s*(?:px)?\s*\Z", re.IGNORECASE | re.ASCII)
_STYLED_SIZE = re.compile(
    r"(?:^|;)\s*(?:width|height)\s*:\s*(\d{1,5})(?:\.\d*)?px", re.IGNORECASE | re.ASCII
)
_PLACEHOLDER = re.compile(
    r"(?:^|/)(?:blank|spacer|pixel|transparent|loading|placeholder|lazy(?:load)?|1x1)\.\w{3,4}(?:\?|$)",
    re.IGNORECASE | re.ASCII,
)
_ANY_TAG = re.compile(r"<[^<>]*+>?")
_SURROGATE = re.compile("[\ud800-\udfff]")


def plain_text(markup: str) -> Plain:
    """What a reader sees of HTML: a page, a part of one, or a line with inline tags.

    Blocks, headings, items of lists and table rows are lines; the cells of a row are parted by one blank. ``<br>`` ends a line. Outside
    of every block a line break of the source does too, as in texts that only hold a picture or an inline tag. White space is one
    blank. Scripts, styles, comments, form elements and hidden elements are dropped. References are decoded once. NUL is dropped, and a
    lone surrogate becomes U+FFFD.

    The picture is the first that is not a ``data:`` URL, not a placeholder, and not smaller than MIN_SIDE.
    Broken markup is read as browsers read it, but a ``<`` that begins no known element is text. Nothing raises. O(length).
    """
    reader = _Reader()
    parser = etree.HTMLParser(target=reader, encoding="utf-8")
    source = _SURROGATE.sub("\ufffd", markup.replace("\0", ""))
    if "<![CDATA[" in source:
        source = source.replace("<![CDATA[", "").replace("]]>", "")
    source = _NO_TAG.sub("&lt;", source)
    start = 0
    while start < len(source):
        if reader.depth > MAX_DEPTH:
            parser.feed(_ANY_TAG.sub("<br>", source[start:]).encode())
            break
        end = start + _PIECE
        if end < len(source):  # Not inside a tag, if one begins in the piece.
            last = source.rfind("<", start + 1, end)
            end = last if last > start else end
        parser.feed(source[start:end].encode())
        start = end
    if source:
        parser.close()
    return Plain("\n".join(reader.lines), reader.image)


class _Reader:
    """The target of the parser: it is told of every element and text, and keeps lines only. No tree is built."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.image = ""
        self.depth = 0
        self._words: list[str] = []
        self._blocks = 0
        self._preformatted = 0
        self._dropped_at = 0
        self._rows: list[list[list[str]]] = []
        self._deeper_rows = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.depth += 1
        if self._dropped_at:
            return
        if tag in _DROPPED or "hidden" in attributes or _HIDDEN.search(attributes.get("style", "")):
            self._dropped_at = self.depth
        elif tag == "img":
            self.image = self.image or _address(attributes)
        elif tag == "br":
            self._end_line()
        elif tag in _LINES:
            self._end_line()
            self._blocks += 1
            self._preformatted += tag == "pre"
            self._start_row_or_cell(tag)

    def end(self, tag: str) -> None:
        self.depth -= 1
        if self._dropped_at:
            if self.depth < self._dropped_at:
                self._dropped_at = 0
        elif tag in _LINES:
            self._end_line()
            self._blocks -= 1
            self._preformatted -= tag == "pre"
            if tag == "tr":
                self._end_row()

    def data(self, text: str) -> None:
        if self._dropped_at:
            return
        if self._blocks and not self._preformatted:
            self._words.append(text)
            return
        first, *others = text.split("\n")
        self._words.append(first)
        for line in others:
            self._end_line()
            self._words.append(line)

    def close(self) -> None:
        self._end_line()

    def _end_line(self) -> None:
        line = " ".join("".join(self._words).split())
        self._words.clear()
        if line:
            (self._rows[-1][-1] if self._rows else self.lines).append(line)

    def _start_row_or_cell(self, tag: str) -> None:
        if tag == "tr":
            if len(self._rows) < MAX_TABLES:
                self._rows.append([[]])
            else:
                self._deeper_rows += 1
        elif tag in ("td", "th") and self._rows and not self._deeper_rows:
            self._rows[-1].append([])

    def _end_row(self) -> None:
        if self._deeper_rows:
            self._deeper_rows -= 1
            return
        cells = [cell for cell in self._rows.pop() if cell]
        lines = [line for cell in cells for line in cell]
        is_data = all(len(cell) == 1 for cell in cells) or sum(map(len, lines)) <= MAX_ROW
        if len(cells) > 1 and is_data:
            lines = [" ".join(lines)]
        (self._rows[-1][-1] if self._rows else self.lines).extend(lines)


def _address(attributes: Mapping[str, str]) -> str:
    """The address of a real picture, or ''."""
    sizes = [_SIZE.match(attributes.get(side, "")) for side in ("width", "height")]
    sizes += _STYLED_SIZE.finditer(attributes.get("style", ""))
    if any(size and int(size[1]) < MIN_SIDE for size in sizes):
        return ""
    for name in _LAZY:
        address = attributes.get(name, "").strip()
        if address and not address.lower().startswith(("data:", "about:", "javascript:")):
            return "" if _PLACEHOLDER.search(address) else address
    return ""
