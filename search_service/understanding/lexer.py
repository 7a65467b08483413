"""The lexer of typed queries: text -> operators, quotes, fields and plain text. It accepts every text.

The lexer decides what counts as an operator. An unbalanced operator, or one without an operand, is plain text.
Positions are offsets into the given text. Full-width operators are read through a folded copy of equal length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

MAX_DEPTH: Final = 16
"""Maximum number of levels of parentheses; deeper ones are text. It bounds the recursion of the parser."""

_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_DOUBLE_QUOTES: Final = dict.fromkeys(map(ord, "“”„‟"), ord('"'))
_OPERATORS: Final = str.maketrans(_WIDTH | _DOUBLE_QUOTES)
_CLOSING: Final = {'"': '"', "「": "」", "『": "』", "‘": "’"}
_FIELD: Final = re.compile(r"(title|channel|source|author|tag|date):", re.IGNORECASE)
_DIGITS: Final = r"\d+(?:[.,]\d+)*"
_NUMBER: Final = f"-{_DIGITS}"
_AMOUNT: Final = re.compile(_NUMBER + rf"(?:[至到~—-]-?{_DIGITS})?\s?(?:[℃℉°度%‰]|[摄攝华華]氏)")
"""A number below zero with its unit, such as -20℃ or -3.5%."""
_LONE_NUMBER: Final = re.compile(rf"\s*{_NUMBER}(?![^\W_])\S*\s*")
"""A whole query that is a number below zero, such as -20 or -20~-5."""
_WORD_END: Final = re.compile(r'[\s()|"「『‘]')


class Kind(Enum):
    """The kind of a token."""

    TEXT = "text"
    QUOTE = "quote"
    FIELD = "field"
    OPEN = "("
    CLOSE = ")"
    AND = "AND"
    OR = "OR"
    NOT = "NOT"


_WORDS: Final = {"AND": Kind.AND, "OR": Kind.OR, "NOT": Kind.NOT}
_BEGINS_OPERAND: Final = (Kind.TEXT, Kind.QUOTE, Kind.FIELD, Kind.OPEN)
_ENDS_OPERAND: Final = (Kind.TEXT, Kind.QUOTE, Kind.FIELD, Kind.CLOSE)


@dataclass(frozen=True, slots=True)
class Lexeme:
    """One token of the typed text, at ``[start, end)``.

    ``value`` is the content of a quote or field, as typed. ``field`` is a field's name. ``quoted``: its value was quoted.
    """

    kind: Kind
    start: int
    end: int
    value: str = ""
    field: str = ""
    quoted: bool = False


def lex(text: str) -> list[Lexeme]:
    """The tokens of ``text`` in order. Parentheses are balanced, and every operator has its operands. O(length)."""
    return _bind(_balance(_scan(text)))


def _scan(text: str) -> list[Lexeme]:
    shadow = text.translate(_OPERATORS)
    found: list[Lexeme] = []
    at = 0
    while at < len(text):
        character = shadow[at]
        if character.isspace():
            at += 1
            continue
        if character in "()":
            lexeme = Lexeme(Kind(character), at, at + 1)
        elif character == "|":
            lexeme = Lexeme(Kind.OR, at, at + 1)
        elif character == "-" and _excludes(shadow, at):
            lexeme = Lexeme(Kind.NOT, at, at + 1)
        elif end := _quote_end(shadow, at):
            lexeme = Lexeme(Kind.QUOTE, at, end, text[at + 1 : end - 1])
        elif field := _FIELD.match(shadow, at):
            lexeme = _field(text, shadow, field)
        else:
            end = _word_end(shadow, at)
            lexeme = Lexeme(_WORDS.get(shadow[at:end], Kind.TEXT), at, end)
        at = lexeme.end
        repeated = lexeme.kind in (Kind.AND, Kind.OR) and found and found[-1].kind is lexeme.kind
        if not repeated:
            found.append(lexeme)
    return found


def _excludes(shadow: str, at: int) -> bool:
    """Whether the minus at ``at`` starts a word: nothing touches it on the left, and something to exclude follows.

    The minus of a number is no operator if the number has a unit of temperature or a per cent sign, or is the whole query.
    """
    if _AMOUNT.match(shadow, at) or _LONE_NUMBER.fullmatch(shadow):
        return False
    before, after = shadow[at - 1 : at], shadow[at + 1 : at + 2]
    return (not before or before.isspace() or before in "()") and not (
        not after or after.isspace() or after in ")|-"
    )


def _quote_end(shadow: str, at: int) -> int:
    """Where the quote that opens at ``at`` ends. 0 if no quote opens there, or if it is not closed."""
    closing = _CLOSING.get(shadow[at])
    return shadow.find(closing, at + 1) + 1 if closing else 0


def _word_end(shadow: str, at: int) -> int:
    """The end of the word at ``at``: before white space, an operator, or a closed quote."""
    end = at + 1
    while (stop := _WORD_END.search(shadow, end)) is not None:
        end = stop.start()
        if shadow[end] not in _CLOSING or _quote_end(shadow, end):
            return end
        end += 1
    return len(shadow)


def _field(text: str, shadow: str, field: re.Match[str]) -> Lexeme:
    """The field with its value. The value follows without a blank: in quotes, or up to the end of the word."""
    start, value = field.span()
    name = field[1].lower()
    if value < len(shadow) and (end := _quote_end(shadow, value)):
        return Lexeme(Kind.FIELD, start, end, text[value + 1 : end - 1], name, quoted=True)
    if value == len(shadow) or _WORD_END.match(shadow, value):
        return Lexeme(Kind.TEXT, start, value)
    end = _word_end(shadow, value)
    return Lexeme(Kind.FIELD, start, end, text[value:end], name)


def _balance(lexemes: list[Lexeme]) -> list[Lexeme]:
    """Turn parentheses without a partner, or nested too deeply, into text. Then join adjacent texts."""
    partners: set[int] = set()
    open_at: list[int] = []
    for n, lexeme in enumerate(lexemes):
        if lexeme.kind is Kind.OPEN:
            open_at.append(n)
        elif lexeme.kind is Kind.CLOSE and open_at:
            opened = open_at.pop()
            if len(open_at) < MAX_DEPTH:
                partners.update((opened, n))
    balanced: list[Lexeme] = []
    for n, lexeme in enumerate(lexemes):
        if lexeme.kind in (Kind.OPEN, Kind.CLOSE) and n not in partners:
            lexeme = _as_text(lexeme)
        last = balanced[-1] if balanced else None
        if last and last.kind is lexeme.kind is Kind.TEXT and last.end == lexeme.start:
            balanced[-1] = replace(last, end=lexeme.end)
        else:
            balanced.append(lexeme)
    return balanced


def _bind(lexemes: list[Lexeme]) -> list[Lexeme]:
    """Turn operators without an operand into text: first if the right operand is missing, then if the left one is missing."""
    bound = list(lexemes)
    right: Lexeme | None = None
    for n in range(len(bound) - 1, -1, -1):
        kind = bound[n].kind
        if kind in (Kind.AND, Kind.OR, Kind.NOT):
            may_follow = _BEGINS_OPERAND if kind is Kind.NOT else (*_BEGINS_OPERAND, Kind.NOT)
            if right is None or right.kind not in may_follow:
                bound[n] = _as_text(bound[n])
        right = bound[n]
    for n, lexeme in enumerate(bound):
        lacks_left = n == 0 or bound[n - 1].kind not in _ENDS_OPERAND
        if lexeme.kind in (Kind.AND, Kind.OR) and lacks_left:
            bound[n] = _as_text(lexeme)
    return bound


def _as_text(lexeme: Lexeme) -> Lexeme:
    return Lexeme(Kind.TEXT, lexeme.start, lexeme.end)
