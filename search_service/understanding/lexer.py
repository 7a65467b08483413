"""The lexer of typed queries: text -> operators, quotes, fields and plain text. It accepts every text.

The lexer decides what counts as an operator. An unbalanced operator, or one without an operand, is plain text. Operators of
other search engines (``foreign.py``) are set aside.
Positions are offsets into the given text. Full-width operators are read through a folded copy of equal length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from indexer.analysis.characters import fold
from search_service.understanding import foreign

MAX_DEPTH: Final = 16
"""Maximum number of levels of parentheses; deeper ones are text. It bounds the recursion of the parser."""

_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_DOUBLE_QUOTES: Final = dict.fromkeys(map(ord, "“”„‟"), ord('"'))
_OPERATORS: Final = str.maketrans(_WIDTH | _DOUBLE_QUOTES)
_CLOSING: Final = {'"': '"', "「": "」", "『": "』", "‘": "’"}
_NAME: Final = re.compile(r"(\w+):")
_FIELDS: Final = {name: name for name in ("title", "channel", "source", "author", "tag", "date")} | {
    "intitle": "title", "标题": "title", "频道": "channel", "来源": "source", "作者": "author", "标签": "tag", "日期": "date",
}  # fmt: skip
"""The fields by the folded names that readers type."""
_FOREIGN_FIELDS: Final = foreign.TEXT_FIELDS | foreign.FILTERS
_SLOP: Final = re.compile(r"~([0-9]+)(?![\w.])")
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
    NEAR = "NEAR"
    FOREIGN = "foreign"


_WORDS: Final = {"AND": Kind.AND, "OR": Kind.OR, "NOT": Kind.NOT}
_BEGINS_OPERAND: Final = (Kind.TEXT, Kind.QUOTE, Kind.FIELD, Kind.OPEN)
_ENDS_OPERAND: Final = (Kind.TEXT, Kind.QUOTE, Kind.FIELD, Kind.CLOSE)


@dataclass(frozen=True, slots=True)
class Lexeme:
    """One token of the typed text, at ``[start, end)``.

    ``value`` is the content of a quote or field, as typed. ``field`` is a field's English name, ``name`` the one that was typed,
    in lower case. ``quoted``: its value was quoted. ``slop`` is the number behind a quote: ``"a b"~5``.
    """

    kind: Kind
    start: int
    end: int
    value: str = ""
    field: str = ""
    name: str = ""
    quoted: bool = False
    slop: int = 0


def lex(text: str) -> list[Lexeme]:
    """The tokens of ``text`` in order. Parentheses are balanced, and every operator has its operands. O(length).

    NEAR and FOREIGN are operators that are not supported. They stand at the end.
    """
    lexemes = _balance(_scan(text))
    bound = _bind([each for each in lexemes if each.kind is not Kind.FOREIGN])
    aside = [each for each in lexemes if each.kind is Kind.FOREIGN]
    aside += [each for each in bound if each.kind is Kind.NEAR]
    return [each for each in bound if each.kind is not Kind.NEAR] + aside


def _scan(text: str) -> list[Lexeme]:
    shadow = text.translate(_OPERATORS)
    found: list[Lexeme] = []
    at = 0
    while at < len(text):
        if shadow[at].isspace():
            at += 1
            continue
        last = found[-1] if found else None
        lexemes = _lexemes(text, shadow, at, last)
        at = max(lexeme.end for lexeme in lexemes)
        repeats = last and last.kind in (Kind.AND, Kind.OR) and last.kind is lexemes[0].kind
        found += lexemes[1:] if repeats else lexemes
    return found


def _lexemes(text: str, shadow: str, at: int, last: Lexeme | None) -> list[Lexeme]:
    """What stands at ``at``: one token, or the pieces of a word and the foreign operators in it. ``last`` is the token before."""
    character = shadow[at]
    if character in "()":
        return [Lexeme(Kind(character), at, at + 1)]
    if character == "|":
        return [Lexeme(Kind.OR, at, at + 1)]
    if character == "-" and _excludes(shadow, at):
        return [Lexeme(Kind.NOT, at, at + 1)]
    if end := _quote_end(shadow, at):
        return [_with_slop(shadow, Lexeme(Kind.QUOTE, at, end, text[at + 1 : end - 1]))]
    if last and last.end == at and (last.kind is Kind.CLOSE or last.value):
        quoted = last.kind is not Kind.CLOSE
        if end := foreign.boost_end(shadow, at, quoted=quoted):
            return [Lexeme(Kind.FOREIGN, at, end)]
    elif end := foreign.expression_end(shadow, at):
        words = re.finditer(r"\w+", text[at:end])
        pieces = [Lexeme(Kind.TEXT, at + each.start(), at + each.end()) for each in words]
        return [Lexeme(Kind.FOREIGN, at, end), *pieces]
    if field := _field(text, shadow, at):
        return field
    end = _word_end(shadow, at)
    word = shadow[at:end]
    if foreign.NEAR.fullmatch(word):
        return [Lexeme(Kind.NEAR, at, end)]
    if word in _WORDS:
        return [Lexeme(_WORDS[word], at, end)]
    return list(_pieces(text, shadow, at, end))


def _pieces(text: str, shadow: str, at: int, end: int) -> Iterator[Lexeme]:
    """The word at ``[at, end)`` as the texts and foreign operators that it consists of."""
    begin = at
    for first, stop in foreign.in_word(text[at:end], shadow[at:end]):
        if begin < at + first:
            yield Lexeme(Kind.TEXT, begin, at + first)
        yield Lexeme(Kind.FOREIGN, at + first, at + stop)
        begin = at + stop
    if begin < end:
        yield Lexeme(Kind.TEXT, begin, end)


def _with_slop(shadow: str, quote: Lexeme) -> Lexeme:
    """The quote with the number behind it. A number behind an empty quote is text."""
    slop = _SLOP.match(shadow, quote.end)
    if slop is None or not quote.value.strip():
        return quote
    return replace(quote, end=slop.end(), slop=int(slop[1]))


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


def _field(text: str, shadow: str, at: int) -> list[Lexeme]:
    """The field at ``at`` with its value: a quote, or up to the end of the word. Empty if no name of a field stands there.

    Blanks may precede the value. A name without a value is text. The value of a foreign field is left to be read as text.
    """
    named = _named(shadow, at)
    if named is None:
        return []
    folded = fold(named[1])
    value = _value_start(shadow, named.end())
    if folded in foreign.TEXT_FIELDS and (value or shadow.startswith("(", named.end())):
        return [Lexeme(Kind.FOREIGN, at, named.end())]
    if value is None:
        return [Lexeme(Kind.TEXT, at, named.end())]
    end = _quote_end(shadow, value)
    if folded in foreign.FILTERS:
        if not end:
            end = _word_end(shadow, value)
            plus = shadow.find("+", value + 1, end)  # site:example.com+茶会
            end = plus if plus > 0 else end
        return [Lexeme(Kind.FOREIGN, at, end)]
    field = Lexeme(Kind.FIELD, at, end, field=_FIELDS[folded], name=named[1].lower())
    if end:
        field = replace(field, value=text[value + 1 : end - 1], quoted=True)
        return [_with_slop(shadow, field) if field.field == "title" else field]
    end = _word_end(shadow, value)
    first, *others = _pieces(text, shadow, value, end)
    # A value is one piece. An operator inside it, not behind it, is a part of the value.
    if [each.kind for each in others] == [Kind.FOREIGN]:
        end = first.end
    else:
        others = []
    return [replace(field, end=end, value=text[value:end]), *others]


def _named(shadow: str, at: int) -> re.Match[str] | None:
    """The name of a field at ``at`` with its colon, if one stands there."""
    named = _NAME.match(shadow, at)
    folded = fold(named[1]) if named else ""
    if folded in _FIELDS or (folded in _FOREIGN_FIELDS and named and named[1] == named[1].lower()):
        return named
    return None


def _value_start(shadow: str, at: int) -> int | None:
    """Where the value of a field begins whose colon ends at ``at``; None if no value follows. An operator is not a value."""
    value = at
    while value < len(shadow) and shadow[value].isspace():
        value += 1
    if value == len(shadow):
        return None
    if _quote_end(shadow, value):
        return value
    if _WORD_END.match(shadow, value):
        return None
    if value == at:
        return value
    word = shadow[value : _word_end(shadow, value)]
    is_operator = word in _WORDS or (shadow[value] == "-" and _excludes(shadow, value))
    return None if is_operator or _named(shadow, value) else value


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
        if kind in (Kind.AND, Kind.OR, Kind.NOT, Kind.NEAR):
            may_negate = kind in (Kind.AND, Kind.OR)
            may_follow = (*_BEGINS_OPERAND, Kind.NOT) if may_negate else _BEGINS_OPERAND
            if right is None or right.kind not in may_follow:
                bound[n] = _as_text(bound[n])
        right = bound[n]
    for n, lexeme in enumerate(bound):
        lacks_left = n == 0 or bound[n - 1].kind not in _ENDS_OPERAND
        if lexeme.kind in (Kind.AND, Kind.OR, Kind.NEAR) and lacks_left:
            bound[n] = _as_text(lexeme)
    return bound


def _as_text(lexeme: Lexeme) -> Lexeme:
    return Lexeme(Kind.TEXT, lexeme.start, lexeme.end)
