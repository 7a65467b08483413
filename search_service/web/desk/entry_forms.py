"""The forms in which editors fill in an entry of a list, field by field. Each makes the entry, or says in Chinese what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from indexer.analysis.characters import fold, fold_literal
from indexer.analysis.dictionary import HIGHEST_FREQUENCY, UserWord
from indexer.editorial.entries import (
    Block,
    Blocked,
    BlockPlacement,
    Days,
    Entry,
    Golden,
    HotQuery,
    ListName,
    NothingToFind,
    Placement,
    Stopword,
    Synonyms,
    Word,
)
from indexer.editorial.lines import LAST_POSITION, MOST_GOLDEN, read_entry
from indexer.editorial.parts import LONGEST, split_words
from indexer.errors import InvalidEntry
from search_service.web.desk.list_names import LIST_TEXTS

Given = Mapping[str, str]


class WrongEntry(Exception):
    """A form is not filled in as it must be. Its text says what to do, in Chinese."""


def entry_of(name: ListName, given: Given, *, articles: tuple[str, ...] = ()) -> Entry:
    """The entry of a list that a form describes. ``articles`` are the ids of the articles that it names.

    Raises:
        WrongEntry: a field is missing or wrong.
    """
    meant = _meant(name, given, articles)
    line = meant.spell()
    try:
        entry = read_entry(name, line)
    except InvalidEntry as error:
        raise WrongEntry(f"“{line}”不能写进这张表。{LIST_TEXTS[name].how}") from error
    if entry != meant:
        raise WrongEntry(
            f"“{line}”在这张表里是别的意思：=>、开头的减号、末尾的数字和日期都有自己的含义。"
            "请去掉这些写法，或者填在表单里它们自己的栏里。"
        )
    return entry


def _meant(name: ListName, given: Given, articles: tuple[str, ...]) -> Entry:
    """What the form describes. Its line may spell something else, or nothing."""
    match name:
        case "synonyms":
            return _synonyms(given)
        case "stopwords":
            return Stopword(fold_literal(_text(given, "word", "词")), kept="kept" in given)
        case "words":
            return Word(UserWord(fold(_text(given, "word", "词")), _frequency(given)))
        case "blocked":
            return Blocked(_text(given, "word", "词"))
        case "hot":
            return HotQuery(_query(given), _days(given))
        case "golden":
            if len(articles) > MOST_GOLDEN:
                raise WrongEntry(f"最多写 {MOST_GOLDEN} 篇文章：第一页只有这么多。")
            return Golden(_query(given), tuple(dict.fromkeys(articles)))
        case "nothing":
            return NothingToFind(_query(given))
        case "pins" | "hides":
            position = _position(given) if name == "pins" else None
            return Placement(_query(given), articles[0], position, _days(given))
        case "picks" | "bans":
            block, page = _block(given)
            position = _position(given) if name == "picks" else None
            article = articles[0] if articles else None
            if article is None and (name == "picks" or page is None):
                raise WrongEntry("请填写是哪篇文章。只有某篇文章自己的页面，才能整块不要相关文章。")
            return BlockPlacement(block, page, article, position, _days(given))


def _synonyms(given: Given) -> Synonyms:
    words, others = (
        tuple(map(fold_literal, split_words(" ".join(given.get(field, "").split()))))
        for field in ("words", "others")
    )
    if not words or not others:
        raise WrongEntry("请把两边的词都填上，多个词用逗号隔开。")
    if given.get("way") == "one":
        return Synonyms(words, others)
    return Synonyms(words + others, apart=given.get("way") == "apart")


def _query(given: Given) -> str:
    return _text(given, "query", "搜索词")


def _text(given: Given, field: str, label: str) -> str:
    text = " ".join(given.get(field, "").split())
    if not text:
        raise WrongEntry(f"请填写{label}。")
    if len(text) > LONGEST:
        raise WrongEntry(f"{label}最多 {LONGEST} 个字符。")
    if not any(map(str.isalnum, text)):
        raise WrongEntry(f"{label}里要有字或数字。")
    return text


def _frequency(given: Given) -> int | None:
    if "refused" in given:
        return 0
    text = given.get("frequency", "").strip()
    if not text:
        return None
    return number_of(text, 1, HIGHEST_FREQUENCY, "词频")


def _position(given: Given) -> int:
    return number_of(given.get("position", ""), 1, LAST_POSITION, "位置")


def number_of(text: str, least: int, most: int, label: str) -> int:
    """The whole number that a field of a form holds.

    Raises:
        WrongEntry: it is none, or too small or too great.
    """
    digits = text.strip()
    if digits.isascii() and digits.isdigit() and least <= int(digits[:9]) <= most:
        return int(digits[:9])
    raise WrongEntry(f"{label}要写 {least} 到 {most} 的整数。")


def _days(given: Given) -> Days:
    first, last = (day_of(given.get(name, "")) for name in ("first", "last"))
    if first and last and first > last:
        raise WrongEntry("结束的日期早于开始的日期。")
    return Days(first, last)


def day_of(text: str) -> date | None:
    """The day that a field of a form holds; None if it is empty.

    Raises:
        WrongEntry: it is no day.
    """
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise WrongEntry("日期要写成 2026-01-20 这样。") from error


def _block(given: Given) -> tuple[Block, str | None]:
    where = given.get("where", "")
    if where == "hot":
        return "hot", None
    if where == "every":
        return "related", None
    page = given.get("page", "").strip()
    if not page:
        raise WrongEntry("请填写是哪篇文章的页面。")
    return "related", page
