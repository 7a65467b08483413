"""The tree of a typed query, and its canonical spelling.

``parse.py`` makes the trees, ``ladder.py`` turns them into index queries. A tree says what the reader asked for. How
strictly loose words are taken is decided later, rung by rung.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from indexer.analysis.characters import fold
from indexer.query import Alternative
from search_service.understanding.borders import has_borders

_LONGEST_NAME: Final = 8
"""Maximum number of characters of a text that may be one name."""


def _as_typed() -> str:
    """The name of a leaf's field as the reader typed it. Trees that differ in such names only are equal."""
    return field(default="", compare=False, repr=False)


_YEAR: Final = re.compile("(?:19|20)[0-9]{2}年")


@dataclass(frozen=True, slots=True)
class Day:
    """A day that was typed in figures: ``text`` is its ISO form, ``[start, end)`` its time.

    ``named`` are the words that name it in articles. ``near`` are those that name it without its year, as articles do that were
    published not long before or after.
    """

    text: str
    start: datetime
    end: datetime
    named: tuple[tuple[str, ...], ...] = field(default=(), compare=False, repr=False)
    near: tuple[tuple[str, ...], ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Words:
    """Loose words, with blanks between the pieces as typed. ``tokens`` are the analyzer's words, without repeats.

    ``joined``: stretches whose words must follow one another (``joined.py``). ``days``: the days that the text names in
    figures. ``asks``: one of the words is a question word (怎么, 哪些). ``common``: all words are stopwords. ``unknown``: a word that
    no dictionary holds is among them. ``alternatives`` and ``looser``, the alternatives that do not count on the rung "words",
    are empty after parsing; ``synonyms.py`` sets them. ``grams``: the text's pairs of characters (``analysis/grams.py``).
    ``name``: the name of the field.

    ``words_of`` maps a joined stretch to its words, and a text that is looked up by itself to its own: each piece, the
    :attr:`telling` tokens, the :attr:`outside` ones and, if there are both kinds, the bordered and the
    borderless tokens. The analyzer cuts such a text without its neighbours and may find other words. Words without tokens and
    days occur only if the whole query is punctuation.
    """

    text: str
    tokens: tuple[str, ...]
    title_only: bool = False
    alternatives: tuple[Alternative, ...] = ()
    looser: tuple[Alternative, ...] = ()
    joined: tuple[str, ...] = ()
    days: tuple[Day, ...] = ()
    asks: bool = False
    common: bool = False
    unknown: bool = field(default=False, compare=False)
    words_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False, repr=False)
    grams: tuple[str, ...] = field(default=(), compare=False, repr=False)
    name: str = _as_typed()

    @property
    def pieces(self) -> list[str]:
        """The parts between blanks that hold a letter or a digit."""
        return [piece for piece in self.text.split() if any(map(str.isalnum, piece))]

    @property
    def telling(self) -> tuple[str, ...]:
        """The tokens that mean something alone: those of several characters, or every token if all are stopwords."""
        return tuple(token for token in self.tokens if len(token) > 1 or self.common)

    @property
    def may_be_one(self) -> bool:
        """Whether the text may be one name that the segmenter cuts: short, typed in one go, and of parts that say little alone.

        李家 and 超, b and 站. Or a part is unknown: the segmenter glues such a word to its neighbours (李家超向).
        """
        return (
            2 <= len(self.text) <= _LONGEST_NAME
            and self.text.isalnum()
            and not any(map(str.isdigit, self.text))
            and not (self.asks or self.common)
            and bool(self.borderless)
            and ((len(self.telling) < 2 <= len(self.tokens)) or self.unknown)
        )

    @property
    def firm(self) -> tuple[str, ...]:
        """The joined stretches that count as one word: all but a year, which means the same without 年."""
        return tuple(stretch for stretch in self.joined if not _YEAR.fullmatch(fold(stretch)))

    @property
    def outside(self) -> tuple[str, ...]:
        """The telling tokens that are in no firm stretch."""
        inside = {word for stretch in self.firm for word in self.words_of[stretch]}
        return tuple(token for token in self.telling if token not in inside)

    @property
    def bordered(self) -> tuple[str, ...]:
        """The tokens of scripts with visible word borders (Latin, digits)."""
        return tuple(filter(has_borders, self.tokens))

    @property
    def borderless(self) -> tuple[str, ...]:
        """The tokens that are not :attr:`bordered`."""
        return tuple(token for token in self.tokens if not has_borders(token))

    def alone(self, tokens: tuple[str, ...]) -> tuple[str, ...]:
        """The words of ``tokens``, cut without their neighbours. ``tokens`` is one of the four tuples above."""
        return self.words_of[" ".join(tokens)]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Quoted text. It is to be found literally, or, with a ``slop``, its words near one another.

    ``slop``: how many other words may stand between the words, which are at least two. ``tokens`` are the analyzer's words of the
    text; ``common``: all of them are stopwords.
    """

    text: str
    title_only: bool = False
    slop: int = 0
    tokens: tuple[str, ...] = field(default=(), compare=False, repr=False)
    common: bool = field(default=False, compare=False, repr=False)
    name: str = _as_typed()


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword field (channel, source, author, tag) with its value."""

    field: str
    value: str
    name: str = _as_typed()


@dataclass(frozen=True, slots=True)
class Dates:
    """Published in ``[start, end)``. None leaves a side open. ``text`` is the range in canonical spelling."""

    start: datetime | None
    end: datetime | None
    text: str
    name: str = _as_typed()


@dataclass(frozen=True, slots=True)
class All:
    """All parts must match. At least two; none is an All itself."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part must match. At least two; none is an Either itself."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Exclude:
    """Everything but ``part``, which is no Exclude itself."""

    part: Node


Leaf = Words | Phrase | Keyword | Dates
Node = Leaf | All | Either | Exclude


def all_of(parts: Iterable[Node]) -> Node | None:
    """The parts joined by All, flat. None without parts; a single part stays as it is."""
    flat: list[Node] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, All) else (part,))
    return All(tuple(flat)) if len(flat) > 1 else flat[0] if flat else None


def either_of(parts: Iterable[Node]) -> Node | None:
    """The parts joined by Either, flat. None without parts; a single part stays as it is."""
    flat: list[Node] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Either) else (part,))
    return Either(tuple(flat)) if len(flat) > 1 else flat[0] if flat else None


def excluding(part: Node) -> Node:
    """Everything but the part. Excluding an exclusion gives its part back."""
    return part.part if isinstance(part, Exclude) else Exclude(part)


def wanted(tree: Node | None) -> list[Leaf]:
    """The leaves that articles are found by, in order. Excluded leaves are left out, and an empty text has none."""
    match tree:
        case All(parts) | Either(parts):
            return [leaf for part in parts for leaf in wanted(part)]
        case None | Exclude():
            return []
        case _:
            return [tree]


_QUOTES: Final = (('"', '"', '"“”„‟＂'), ("「", "」", "」"), ("『", "』", "』"), ("‘", "’", "’"))
"""Opening mark, closing mark, and the characters that may not stand between them."""


_OPEN_END: Final = re.compile(r"[:：]$|(?:^|\s)(?:AND|OR|NOT|NEAR\S*)$")
"""What needs something to follow it, at the end of a text."""


def spell(tree: Node) -> str:
    """The tree as a reader would type it. It is shown with the answer, and parses to the same tree."""
    match tree:
        case Words(text, _, title_only, name=name):
            return f"{name or 'title'}:{_quotable(text)}" if title_only else text
        case Phrase(text, title_only, slop, name=name):
            quoted = f"{_quote(text)}~{slop}" if slop else _quote(text)
            return f"{name or 'title'}:{quoted}" if title_only else quoted
        case Keyword(field, value, name):
            return f"{name or field}:{_quotable(value)}"
        case Dates(text=text, name=name):
            return f"{name or 'date'}:{text}"
        case Exclude(part):
            return f"-{_operand(part)}"
        case Either(parts):
            return " OR ".join(map(_operand, parts))
        case All(parts):
            return _spell_all(parts)


def _spell_all(parts: tuple[Node, ...]) -> str:
    """Join the spellings with blanks. Several loose parts get AND or parentheses: with blanks they would parse as one part.

    A loose part that ends with the name of a field or an operator gets parentheses: it would take what follows.
    """
    loose = [_is_loose(part) for part in parts]
    spelt = ""
    for n, part in enumerate(parts):
        follows, leads = n > 0 and loose[n - 1], n + 1 < len(parts) and loose[n + 1]
        if loose[n] and (follows or leads):
            spelt += f"{' AND ' if follows else ' '}{_operand(part)}"
        elif isinstance(part, Either) or (
            loose[n] and (sum(loose) > 1 or _reaches_on(part, parts[n + 1 :]))
        ):
            spelt += f" ({spell(part)})"
        else:
            spelt += f" {spell(part)}"
    return spelt.strip()


def _operand(part: Node) -> str:
    """The part's spelling, in parentheses if an operator before or after it would apply to a piece of it only."""
    several = isinstance(part, All | Either) or (_is_loose(part) and " " in spell(part))
    return f"({spell(part)})" if several else spell(part)


def _is_loose(part: Node) -> bool:
    return isinstance(part, Words) and not part.title_only


def _reaches_on(part: Node, others: tuple[Node, ...]) -> bool:
    return bool(others) and _OPEN_END.search(spell(part)) is not None


def _quote(text: str) -> str:
    for opening, closing, forbidden in _QUOTES:
        if not any(character in forbidden for character in text):
            return f"{opening}{text}{closing}"
    return f'"{text}"'


def _quotable(value: str) -> str:
    """A field's value, in quotes if white space or an operator would cut it short."""
    return _quote(value) if any(c.isspace() or c in '()|"“”＂「『‘（）｜' for c in value) else value
