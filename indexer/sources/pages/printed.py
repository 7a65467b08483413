"""What the lines around an article say of it: 来源, 作者, 记者, 编辑, 供稿, and the date."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from indexer.sources.pages.markup import Line
from indexer.sources.pages.noise import EDITED

Kind = Literal["source", "author", "giver", "editor", "other"]

_LABELS: Final[dict[Kind, str]] = {
    # First, because a picture's source is not the article's.
    "other": "(?:图片|照片|视频|资料|数据|图)来源|摄影|制图|浏览(?:次数|量)?|点击(?:数|率|次数)?|阅读(?:数|量|次数)?|评论(?:数)?|发布(?:时间|日期|单位|机构)|日期|时间"
    "|關鍵詞|关键词|关键字|标签|字号|字体|分类|栏目|电话|邮箱|校对|审核|监制|责任",
    "source": "(?:稿件|文章|信息|消息|新闻|本文|内容)?来源于?|转[载贴]?自|摘自|稿源|來源|出处",
    "author": "作\\s?者|撰文|撰稿人?|采写|采访|特约记者|见习记者|实习记者|记者|記者|文",
    "giver": "供\\s?稿\\s?人?|供稿单位|投稿人?|通讯员|通訊員",
    "editor": EDITED,
}
_MARK: Final = "[:：︱丨|｜/／]"
_ONE_CHARACTER: Final = "文"
"""A label that is part of many words, so it must begin a text."""
_LABEL: Final = re.compile(
    rf"(?:(?<![^\W_])(?={_ONE_CHARACTER})|(?!{_ONE_CHARACTER}\s*{_MARK}))(?:"
    + "|".join(f"(?P<{kind}>{words})" for kind, words in _LABELS.items())
    + rf")\s*{_MARK}[\s\x1f]*"
)
_UNMARKED: Final = re.compile(
    rf"^([【（(\[]*(?:{_LABELS['author']}|{_LABELS['giver']}|{EDITED}))[ \x1f]+(?=[\u4e00-\u9fff])|([ \x1f])(校对|审核|{EDITED})[ \x1f]+(?=[\u4e00-\u9fff])"
)
"""A label with a space for its colon, at the beginning of a short line or after another one."""
_ALONE: Final = re.compile(
    rf"(^|\x1f)({'|'.join(words for kind, words in _LABELS.items() if kind != 'other')})\x1f(?!{_MARK})"
)
"""A label that is an element of its own, without a colon."""
_SHORT: Final = 40
_LONGEST_FACTS: Final = 120
"""Characters of a line that gives facts. In a longer one, a paragraph, a date is one that the article speaks of."""

_STOP: Final = re.compile(
    r"\x1f|\s{2,}|[|｜\[\]【】<>《（(）)。；;!！?？]|\s*(?:举报|参与互动|字号|字体|分享|我要|点击|浏览|打印|评论|收藏|调整|查看|关注|返回|订阅|纠错|展开)|(?:19|20)\d\d\s?[-/.年]"
)
_LONGEST_VALUE: Final = 60
"""Characters of a source or of several names; a longer value is a sentence."""
_NAMES: Final = re.compile(
    r"[\u4e00-\u9fff·]{1,4}(?:[ 、,，/]+[\u4e00-\u9fff·]{1,4})*(?![\u4e00-\u9fff])"
)
_NOBODY: Final = frozenset(("网络", "互联网", "网络整理", "未知", "不详", "无", "admin", "佚名"))
"""What stands after 来源： under pictures, and says nothing."""
_TRIM: Final = " \t:：,，、.|｜/／\"'“”_-—·\x1f"
_CODE: Final = re.compile(r"[_\s-]*[A-Z]{1,3}\d{2,}$")
"""The number of an editor, as in 张三_NN1234."""

_CREDIT: Final = re.compile(
    r"[（(]?記者(?P<reporter>[\u4e00-\u9fff]{2,4})[／/]|[（(]\s*[^（）()，。\s]{0,12}?(?P<label>记者|通讯员|供稿人?|供稿单位|作者|撰文|文)[\s:：/]*(?P<names>[^（）()，。：:]{2,40})[）)]"
)
"""A credit in brackets: （记者 张三）, （供稿人：李 四）; or as papers in Taiwan print it: 記者張三／報導."""
_REPORTER: Final = re.compile(
    r"\s*(?:(?:首席|见习|实习|特约|本报|本网)*(?:记者|通讯员|摄影|图|摄|整合|编辑|报道|摄影报道|文/?图)|实习生|综合)\s*"
)

_BYLINE: Final = re.compile(
    r"[\u4e00-\u9fff·、 ]{2,20}[/／]\s*([\u4e00-\u9fff]{2,12}(?:报|网|社|台|新闻|周刊|杂志|在线|客户端|发布))"
)
"""Author and outlet: 张三/某某日报."""
_NO_OUTLET: Final = re.compile(
    rf"{'|'.join(_LABELS.values())}|原创|转载|来自|关注|订阅|举报|参与|我有话说|收藏|分享|上午|下午|星期|周[一二三四五六日]|更新|发布|发表|首页|[\d\W]|.*\d[:：]\d|\W*$"
)
"""What stands beside a date and is no outlet: labels, controls, figures."""
_LONGEST_OUTLET: Final = 16
_DAY: Final = r"(?<![\d.])(?:199[4-9]|20\d\d)\s?[-/.年]\s?(?:1[0-2]|0?[1-9])\s?[-/.月]\s?(?:3[01]|[12]\d|0?[1-9])(?:\s?日)?"
"""No page is older than the Web."""
_CLOCK: Final = (
    r"(?:[\sT,]{0,3}[（(]?(?:星期|周|週)[一二三四五六日天][）)]?)?[\sT]{0,3}(?:上午|下午|凌晨|早上|中午|晚上)?\s?"
    r"(?:2[0-3]|[01]?\d)\s?[:：时]\s?[0-5]\d(?:\s?[:：分]\s?[0-5]\d)?[秒分]?(?:\.\d+)?(?:\s?(?:Z\b|[+-]\d\d:?\d\d))?"
)
_DATE: Final = re.compile(rf"{_DAY}(?:{_CLOCK}|(?![\d]))")
_CLOCKED: Final = re.compile(r"\d\s?[:：时]\s?\d")


def read_labels(found: Iterable[Line]) -> dict[Kind, str]:
    """The first value that these lines give for each kind of label. Kinds without a value are left out.

    A value ends with its element, at the next label, or where a name cannot go on.
    """
    values: dict[Kind, str] = {}
    for line in found:
        if len(line.text) > _LONGEST_FACTS:
            continue
        text = _bordered(line)
        labels = list(_LABEL.finditer(text))
        ends = [*(each.start() for each in labels), len(text)][1:]
        for label, end in zip(labels, ends, strict=True):
            kind: Kind = label.lastgroup  # type: ignore[assignment]  # the groups are named after the kinds
            value = _value(text[label.end() : end], kind)
            if kind != "other" and value:
                values.setdefault(kind, value)
    return values


def _bordered(line: Line) -> str:
    """A line's text with U+001F where one element ends and another begins, and a colon after each label."""
    text = re.sub(r"\s*\x1f\s*", "\x1f", "\x1f".join(line.pieces))
    text = re.sub(rf"\x1f(?={_MARK})", "", text)
    text = _ALONE.sub("\\1\\2：", text)
    return (
        _UNMARKED.sub(lambda found: f"{found[2] or ''}{found[1] or found[3]}：", text)
        if len(line.text) <= _SHORT and not line.linked
        else text
    )


def _value(text: str, kind: Kind) -> str:
    value = _STOP.split(text.strip(_TRIM), maxsplit=1)[0].strip(_TRIM)
    if kind == "source":
        # A space ends a Chinese name; in a Latin one it parts two words.
        value = re.split(r"\s+(?=[^\x00-\x7f])|(?<=[^\x00-\x7f])\s+", value, maxsplit=1)[0]
    else:
        value = _people(value)
    value = value.strip(_TRIM)
    return value if len(value) <= _LONGEST_VALUE and value not in _NOBODY else ""


def _people(text: str) -> str:
    """Names as one line: without the word 记者, an editor's number, or a blank inside a name of two characters."""
    text = _CODE.sub("", _REPORTER.sub(" ", f" {text} ").strip(_TRIM)).strip(_TRIM)
    if re.fullmatch(r"[\u4e00-\u9fff]\s+[\u4e00-\u9fff]", text):
        return text.replace(" ", "")
    if names := _NAMES.match(text):
        return (
            " ".join(re.split(r"[ 、,，/]+", names[0]))
            if names[0] != text
            else " ".join(text.split())
        )
    return " ".join(text.split())


def read_credits(texts: Sequence[str]) -> dict[Kind, str]:
    """Who wrote and who contributed, as credits in brackets say in the first or the last paragraphs."""
    values: dict[Kind, str] = {}
    for text in texts:
        for each in _CREDIT.finditer(text):
            kind: Kind = (
                "giver" if (each["label"] or "").startswith(("供稿", "通讯员")) else "author"
            )
            if names := _people(each["reporter"] or each["names"]):
                values.setdefault(kind, names)
    return values


def read_outlet(found: Iterable[Line]) -> str:
    """The outlet that stands without a label nearest to the date, or after the author's name and a slash; nothing if none does."""
    for line in found:
        if len(line.text) <= _LONGEST_VALUE:
            if byline := _BYLINE.fullmatch(line.text):
                return byline[1]
            dated = [n for n, piece in enumerate(line.pieces) if _DATE.search(piece)]
            near = sorted(
                enumerate(line.pieces), key=lambda each: abs(each[0] - dated[0]) if dated else 0
            )
            names = filter(None, (outlet(_DATE.sub("", piece)) for _, piece in near))
            if dated and (name := next(names, "")):
                return name
    return ""


def outlet(text: str) -> str:
    """A text as the name of an outlet; nothing if it cannot be one."""
    name = _value(text, "source")
    return name if 2 <= len(name) <= _LONGEST_OUTLET and not _NO_OUTLET.match(name) else ""


def read_date(found: Iterable[Line]) -> str:
    """The first date with a time of day in these lines, else the first date, else nothing."""
    dates = [
        " ".join(each.split())
        for line in found
        if len(line.text) <= _LONGEST_FACTS
        for each in _DATE.findall(" ".join(line.pieces))
    ]
    return next((each for each in dates if _CLOCKED.search(each)), dates[0] if dates else "")


def day_of(date: str) -> tuple[int, ...]:
    """Year, month and day of a date, to compare two; empty if the text does not begin with one."""
    return tuple(int(each) for each in re.findall(r"\d+", date)[:3])


def has_clock(date: str) -> bool:
    """Whether a date has a time of day."""
    return bool(_CLOCKED.search(date))
