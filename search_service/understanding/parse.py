"""The parser: what a reader typed -> a tree. Only this module and ``lexer.py`` know the query syntax.

    "exact"  「exact」                     literally
    -word  NOT word                        without the word
    a AND b   a OR b   a | b   (a b)       AND binds closest, then OR, then the blank between words
    "a b"~5                                the words of the quote near one another, at most 5 others between them
    title: channel: source: author: tag:   one field; date:2023-11..2023-12 for the time of publication
    标题： 频道： 来源： 作者： 标签： 日期：     the same fields

Operators may be full-width. Every text can be parsed: an operator that makes no sense is read as text. An operator
that only other search engines have is left out, and a note says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer, words_of
from indexer.analysis.characters import fold, fold_literal
from indexer.analysis.grams import chinese_pairs
from indexer.invisible import drop_invisible
from search_service.understanding.borders import has_borders
from search_service.understanding.days import days_in
from search_service.understanding.filters import FIRST_DAY, LAST_DAY, start_of_day
from search_service.understanding.joined import joined
from search_service.understanding.lexer import Kind, Lexeme, lex
from search_service.understanding.tree import (
    Dates,
    Keyword,
    Node,
    Phrase,
    Words,
    all_of,
    either_of,
    excluding,
    spell,
)

Syntax = Literal["default", "plain"]
SYNTAXES: Final[tuple[Syntax, ...]] = ("default", "plain")

MAX_LENGTH: Final = 500
"""Maximum number of characters of a query that are used. Longer texts are pasted; their beginning says what they are about."""
MAX_WORDS: Final = 64
"""Maximum number of words (loose words, quotes and fields) of a query that are used. Each costs a look-up in the index."""

MAX_SLOP: Final = 50
"""Maximum number of other words between the words of a quote: about two sentences. More says no more than all words do."""

QUESTION_WORDS: Final = frozenset([
    "什么", "什么样", "怎么", "怎么样", "怎么办", "怎么回事", "怎样", "如何", "为什么", "为何", "为啥", "啥", "咋", "咋办",
    "何时", "何年", "何处", "何地", "何人", "哪", "哪个", "哪些", "哪里", "哪儿", "哪位", "哪一", "哪一年", "哪一天", "哪年", "哪天",
    "哪种", "哪家", "谁", "多少", "多久", "多长时间", "多长", "多大", "多高", "多远", "多重", "几", "几个", "几点", "几岁", "第几",
    "是否", "能否", "有没有", "吗",
])  # fmt: skip
"""Question words. The words beside one are a topic, and an article need not hold all of them."""
_ASKING: Final = re.compile("|".join(QUESTION_WORDS))

_ASIDE: Final = (Kind.NEAR, Kind.FOREIGN)
"""Operators that are not supported."""

_UNUSABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")

_DATE: Final = r"(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2}))?)?"
_DATES: Final = re.compile(rf"(?:{_DATE})?(\.\.)?(?:{_DATE})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Parsed:
    """How a text was read. ``tree`` is None if the text is empty.

    ``echo`` is the tree in canonical spelling. ``ignored`` are the stopwords that were left out. ``notes`` are Chinese
    sentences for the reader.
    """

    tree: Node | None
    echo: str
    ignored: tuple[str, ...]
    notes: tuple[str, ...]


def parse(
    text: str, *, analyzer: Analyzer, timezone: ZoneInfo, syntax: Syntax = "default"
) -> Parsed:
    """Parse a typed text. Never raises. Reads at most MAX_LENGTH characters of ``text``; O(length)."""
    notes: list[str] = []
    text = _UNUSABLE.sub(" ", drop_invisible(text[: 2 * MAX_LENGTH])).strip()
    if len(text) > MAX_LENGTH:
        text = text[:MAX_LENGTH].rstrip()
        notes.append(f"查询太长，只用了前 {MAX_LENGTH} 个字符。")
    parser = _Parser(text, analyzer, timezone, notes)
    tree = parser.read(lex(text)) if syntax == "default" else parser.words(text)
    if tree is None and text:
        tree = Words(" ".join(text.split()), ())
    ignored = tuple(dict.fromkeys(parser.ignored))
    return Parsed(tree, spell(tree) if tree else "", ignored, tuple(dict.fromkeys(notes)))


@dataclass(frozen=True, slots=True)
class _Loose:
    """Words whose neighbours are not known yet. All loose words of one sequence become one Words."""

    text: str


class _Parser:
    """Recursive descent over the tokens of one text. Depth is bounded by the lexer."""

    def __init__(self, text: str, analyzer: Analyzer, timezone: ZoneInfo, notes: list[str]) -> None:
        self.ignored: list[str] = []
        self._text, self._analyzer, self._timezone, self._notes = text, analyzer, timezone, notes
        self._left = MAX_WORDS
        self._lexemes: list[Lexeme] = []
        self._at = 0

    def read(self, lexemes: list[Lexeme]) -> Node | None:
        for lexeme in lexemes:
            if lexeme.kind in _ASIDE:
                self._notes.append(_unsupported(lexeme.kind, self._text[lexeme.start : lexeme.end]))
        self._lexemes = [lexeme for lexeme in lexemes if lexeme.kind not in _ASIDE]
        return self._sequence()

    def words(self, text: str, *, title_only: bool = False, name: str = "") -> Node | None:
        """The words of a loose text, up to MAX_WORDS. None if it has no words."""
        text = " ".join(text.split())
        found = self._analyzer.query(text)
        days = {} if title_only else days_in(found, self._analyzer, self._timezone)
        tokens = [token for token in found if token.text not in days]
        distinct = dict.fromkeys(token.text for token in tokens)
        if len(distinct) > self._left:
            self._notes.append(f"查询的词太多，只用了前 {MAX_WORDS} 个。")
            seen: set[str] = set()
            for token in tokens:
                seen.add(token.text)
                if len(seen) > self._left:
                    return self.words(text[: token.start], title_only=title_only, name=name)
        self._left -= len(distinct)
        self.ignored.extend(self._analyzer.ignored(text))
        self._notes.extend(
            f"“{day.text}”按日期搜索：这一天发布的文章，和提到这一天的文章。"
            for day in days.values()
        )
        if not distinct and not days:
            return None
        # Few texts contain the characters of a question word. Only such texts are segmented, also into the words inside words.
        asks = bool(_ASKING.search(fold(text))) and any(
            token.text in QUESTION_WORDS for token in self._analyzer.index(text)
        )
        together = joined(text, distinct, self._analyzer)
        common = self._analyzer.only_stopwords(text)
        words = Words(
            text,
            tuple(distinct),
            title_only,
            joined=tuple(together),
            days=tuple(days.values()),
            asks=asks,
            common=common,
            unknown=any(not (has_borders(word) or self._analyzer.holds(word)) for word in distinct),
            grams=tuple(chinese_pairs(text, tokens)),
            name=name,
            words_of=together,
        )
        parts = {*words.pieces, " ".join(words.telling), " ".join(words.outside)}
        if words.bordered and words.borderless:
            parts |= {" ".join(words.bordered), " ".join(words.borderless)}
        alone = {each: words_of(self._analyzer, each) for each in parts}
        return replace(words, words_of=alone | together)

    def _sequence(self) -> Node | None:
        """Parts with blanks between them, up to a closing parenthesis or the end."""
        parts: list[Node] = []
        loose: list[str] = []
        first_loose = 0
        while self._peek() not in (None, Kind.CLOSE):
            part = self._alternatives()
            if isinstance(part, _Loose):
                first_loose = first_loose if loose else len(parts)
                loose.append(part.text)
            elif part is not None:
                parts.append(part)
        if loose and (words := self.words(" ".join(loose))):
            parts.insert(first_loose, words)
        return all_of(parts)

    def _alternatives(self) -> Node | _Loose | None:
        first = self._together()
        if self._peek() is not Kind.OR:
            return first
        parts = [self._settle(first)]
        while self._take(Kind.OR):
            parts.append(self._settle(self._together()))
        return either_of(_present(parts))

    def _together(self) -> Node | _Loose | None:
        first = self._operand()
        if self._peek() is not Kind.AND:
            return first
        parts = [self._settle(first)]
        while self._take(Kind.AND):
            parts.append(self._settle(self._operand()))
        return all_of(_present(parts))

    def _operand(self) -> Node | _Loose | None:
        lexeme = self._lexemes[self._at]
        self._at += 1
        match lexeme.kind:
            case Kind.NOT:
                part = self._settle(self._operand())
                return excluding(part) if part else None
            case Kind.OPEN:
                part = self._sequence()
                self._take(Kind.CLOSE)
                return part
            case Kind.QUOTE:
                return self._phrase(lexeme)
            case Kind.FIELD:
                return self._field(lexeme)
            case _:
                return _Loose(self._text[lexeme.start : lexeme.end])

    def _settle(self, part: Node | _Loose | None) -> Node | None:
        return self.words(part.text) if isinstance(part, _Loose) else part

    def _phrase(self, lexeme: Lexeme) -> Node | None:
        text = " ".join(lexeme.value.split())
        if not fold_literal(text) or not self._spend():
            return None
        tokens = words_of(self._analyzer, text)
        slop = lexeme.slop if len(set(tokens)) > 1 else 0  # a single word is near itself
        if slop > MAX_SLOP:
            self._notes.append(f"引号里的词之间最多隔 {MAX_SLOP} 个词，已按 {MAX_SLOP} 个搜索。")
            slop = MAX_SLOP
        return Phrase(
            text,
            lexeme.field == "title",
            slop,
            tokens,
            common=self._analyzer.only_stopwords(text),
            name=lexeme.name,
        )

    def _field(self, lexeme: Lexeme) -> Node | _Loose | None:
        value = " ".join(lexeme.value.split())
        if lexeme.field == "title":
            if lexeme.quoted:
                return self._phrase(lexeme)
            return self.words(value, title_only=True, name=lexeme.name)
        if lexeme.field == "date":
            dates = _dates(value, self._timezone)
            if dates is None:
                self._notes.append(f"“{value}”不是日期，已当作文字搜索。")
                return _Loose(self._text[lexeme.start : lexeme.end])
            return replace(dates, name=lexeme.name) if self._spend() else None
        return Keyword(lexeme.field, value, lexeme.name) if value and self._spend() else None

    def _spend(self) -> bool:
        """Use up one of the remaining words. False if none is left."""
        if not self._left:
            self._notes.append(f"查询的词太多，只用了前 {MAX_WORDS} 个。")
            return False
        self._left -= 1
        return True

    def _peek(self) -> Kind | None:
        return self._lexemes[self._at].kind if self._at < len(self._lexemes) else None

    def _take(self, kind: Kind) -> bool:
        taken = self._peek() is kind
        self._at += taken
        return taken


def _unsupported(kind: Kind, typed: str) -> str:
    if kind is Kind.NEAR:
        return f'不支持“{typed}”，已忽略；找相隔不远的词，可以用 "甲 乙"~5。'
    return f"不支持“{typed}”，已忽略。"


def _present(parts: Iterable[Node | None]) -> list[Node]:
    return [part for part in parts if part is not None]


def _dates(text: str, timezone: ZoneInfo) -> Dates | None:
    """A day, month or year, or a range of them, where one side may be open. None for any other text."""
    match = _DATES.fullmatch(fold_literal(text))
    if match is None:
        return None
    ranged = match[4] is not None
    first, last = match.group(1, 2, 3), match.group(5, 6, 7)
    if (first[0] is None and last[0] is None) or (not ranged and last[0] is not None):
        return None
    try:
        since, until = (_period(each, timezone) for each in (first, last if ranged else first))
    except ValueError:
        return None
    if since and until and since[0] > until[0]:
        since, until = until, since
    spelt = ".." if ranged else ""
    text = f"{since[2] if since else ''}{spelt}{until[2] if ranged and until else ''}"
    return Dates(since[0] if since else None, until[1] if until else None, text)


def _period(
    parts: tuple[str | None, ...], timezone: ZoneInfo
) -> tuple[datetime, datetime, str] | None:
    """Start and end of a year, month or day, and its canonical spelling. None for an open side.

    Raises:
        ValueError: there is no such day, or no article can have it.
    """
    year, month, day = (None if part is None else int(part) for part in parts)
    if year is None:
        return None
    first = date(year, 1 if month is None else month, 1 if day is None else day)
    if not FIRST_DAY <= first <= LAST_DAY:
        raise ValueError("no article can have that day")
    if day is not None:
        end, spelt = first + timedelta(days=1), f"{first:%Y-%m-%d}"
    elif month is not None:
        end, spelt = date(year + month // 12, month % 12 + 1, 1), f"{first:%Y-%m}"
    else:
        end, spelt = date(year + 1, 1, 1), f"{first:%Y}"
    return start_of_day(first, timezone), start_of_day(end, timezone), spelt
