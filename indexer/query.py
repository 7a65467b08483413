"""What may be asked of an index, as data.

No engine's syntax, and no knowledge of what a reader typed: ``search_service/understanding/parse.py`` makes these values from
typed text, engines answer them, tests write them out. A query says which articles match and how much each part
counts; filters are queries too, whose scores are not counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from typing import Literal as OneOf

TEXT_FIELDS: Final = ("title", "lead", "body")
KEYWORD_FIELDS: Final = ("id", "channel", "source", "author", "tag", "site", "status", "group")
TIME_FIELDS: Final = ("published_at", "updated_at", "expires_at")
FACET_FIELDS: Final = ("channel", "source", "month")

Sort = OneOf["relevance", "newest", "oldest"]
SORTS: Final[tuple[Sort, ...]] = ("relevance", "newest", "oldest")

Collapse = OneOf["none", "duplicates"]
COLLAPSES: Final[tuple[Collapse, ...]] = ("none", "duplicates")

MAX_DEPTH: Final = 10_000
"""The last rank that can be asked for: ``page * size`` may not exceed it."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """What counts for a word of a :class:`Match`: ``text`` stands for ``word``, and scores ``factor`` times as much.

    ``word`` is one of the match's words, ``text`` is folded, and ``words`` are its tokens in query mode. Where that is the
    text itself, it is a word too, which never stands inside others (内存 is not in 国内存在), else it is found as a
    :class:`Literal`. However rare it is, it scores as if it were no rarer than the word: an article is not the better for
    using the rarer of two words for one thing.
    """

    word: str
    text: str
    factor: float
    words: tuple[str, ...]

    @property
    def is_word(self) -> bool:
        """Whether the text is one word."""
        return self.words == (self.text,)


@dataclass(frozen=True, slots=True)
class Match:
    """Articles that hold ``words``, each in any of ``fields``.

    Words are tokens as the analyzer makes them in query mode; repeated ones count once. ``need`` is the share of
    the distinct words that an article must hold: 1.0 all of them, 0.0 any one; ``max(1, ceil(need * words))`` in
    between. The score is the sum over the words and fields of weight x BM25. With ``inside`` a word may also stand
    inside other words (as a literal, scored as :class:`Literal`) where it does not stand as a word. An article that holds
    one of a word's ``alternatives`` holds the word; the best of the word and its alternatives is what scores. No
    words match nothing.
    """

    words: tuple[str, ...]
    fields: tuple[tuple[str, float], ...] = (("title", 2.0), ("lead", 1.0), ("body", 1.0))
    need: float = 1.0
    inside: bool = False
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Literal:
    """Articles in which one of ``fields`` holds ``text`` as it stands, whatever the segmenter did.

    Compared as folded text (see ``analysis.fold``): width, case and traditional or simplified do not matter, white
    space is collapsed and stripped. Each article that matches scores the idf of the literal. An empty text matches nothing.
    """

    text: str
    fields: tuple[str, ...] = TEXT_FIELDS


@dataclass(frozen=True, slots=True)
class Adjacent:
    """Articles in which ``words`` follow one another in one of ``fields``. Scores nothing.

    Words are tokens as the analyzer makes them in query mode. What stands between two of them in an article without being
    a word does not count: 3:2 stands in 3-2, and iPhone15 in iPhone 15. No words match nothing.
    """

    words: tuple[str, ...]
    fields: tuple[str, ...] = TEXT_FIELDS


@dataclass(frozen=True, slots=True)
class TitlePrefix:
    """Articles whose title begins with ``text``, or is ``text`` and no more, compared as :class:`Literal` does.

    Each article that matches scores 1.
    """

    text: str
    whole: bool = False


@dataclass(frozen=True, slots=True)
class TitleSound:
    """Articles whose title is read as one of ``keys`` begins: keys of ``analysis/typed.py``. Scores nothing."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """Articles whose ``field`` holds exactly ``value``.

    In a keyword field ``value`` is compared as it stands, and scores nothing; ``channel`` matches the channel and
    all that lies in it, primary and secondary; ``group`` holds the number of the article's duplicate group, in decimal
    digits. In a text field ``value`` is a token as the analyzer makes them, and
    scores its BM25.
    """

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Range:
    """Articles whose time ``field`` lies in ``[start, end)``; None leaves that side open. Scores nothing.

    An article without that time never matches.
    """

    field: str
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class And:
    """Articles that match every one of ``clauses``; scores add up. No clauses match every article."""

    clauses: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Articles that match at least one of ``clauses``; scores add up. No clauses match nothing."""

    clauses: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Articles that do not match ``clause``. Scores nothing."""

    clause: Query


@dataclass(frozen=True, slots=True)
class Boost:
    """``clause`` with its score multiplied by ``factor`` (>= 0)."""

    clause: Query
    factor: float


@dataclass(frozen=True, slots=True)
class MatchAll:
    """Every article. Scores nothing."""


Query = (
    Match
    | Literal
    | Adjacent
    | TitlePrefix
    | TitleSound
    | Term
    | Range
    | And
    | Or
    | Not
    | Boost
    | MatchAll
)


@dataclass(frozen=True, slots=True)
class Rescore:
    """A second look at the best ``depth`` articles by score, for what is too dear to ask of all.

    ``words`` are tokens in query mode, of which repeated ones count once. An article scores more for

    * words that stand close together: ``near`` times the greatest sum of the idfs of different words within ``window``
      positions of one another in one of ``fields``; a word's idf is the least of those that it has in ``fields``;
    * ``grams``, pairs of neighbouring Chinese characters (see ``chinese_pairs`` of ``analysis/grams.py``): ``pairs`` times
      the idf of each, in each of ``fields`` that holds it;
    * being like the others: that sum is multiplied by 1 + ``agree`` * how much the article's body is like those of the best,
      0 to 1, by their most telling words but ``words``. Which those are is the engine's choice.

    Articles beyond ``depth`` follow as they were.
    """

    words: tuple[str, ...]
    fields: tuple[str, ...] = TEXT_FIELDS
    near: float = 1.0
    window: int = 16
    grams: tuple[str, ...] = ()
    pairs: float = 0.0
    agree: float = 0.0
    depth: int = 100


@dataclass(frozen=True, slots=True)
class Recency:
    """How much less an older article counts: its score is multiplied by ``floor + (1 - floor) * 2 ** (-age / half_life)``.

    ``age`` is in days from published_at to ``at``, 0 or more; an article without published_at is as old as can be.
    ``half_life`` is in days; None does not age. ``channels`` have half-lives of their own: an article goes by the deepest of
    those that it stands in, and of several by the longest-lived. ``floor`` lies between 0 and 1.
    """

    at: datetime
    half_life: float | None = 365.0
    channels: tuple[tuple[str, float | None], ...] = ()
    floor: float = 0.5


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A query, how to narrow and order what it finds, and which part of it to show.

    ``filter`` narrows without counting in scores. ``relevance`` orders by score, then newer, then id; ``newest`` and
    ``oldest`` by published_at (articles without one come last in both), then id. ``facets`` are names of FACET_FIELDS,
    each with at most ``facet_size`` values. ``page`` counts from 1. With ``collapse`` duplicates, only the first of the
    articles of each duplicate group is a hit; an article without one stands for itself. ``recency`` and
    ``rescore`` count by relevance only, and before that; what rescoring adds fades too. ``deadline`` is a time of this
    machine's ``time.monotonic()``: what is found by then is the answer, if it is not complete.
    """

    query: Query
    filter: Query | None = None
    sort: Sort = "relevance"
    collapse: Collapse = "none"
    recency: Recency | None = None
    rescore: Rescore | None = None
    facets: tuple[str, ...] = ()
    facet_size: int = 20
    page: int = 1
    size: int = 10
    deadline: float | None = None


@dataclass(frozen=True, slots=True)
class TypedSo:
    """Texts that begin as ``text`` was typed: in characters, pinyin, initials or a mixture of them (see ``analysis/typed.py``)."""

    text: str


@dataclass(frozen=True, slots=True)
class Alike:
    """Texts of ``length`` Chinese characters that are not ``text``, but share ``shared`` characters with it or more, each at
    its place; each is read as one of the sounds at its place in ``sounds``, unless that is empty."""

    length: int
    text: str = ""
    shared: int = 0
    sounds: tuple[frozenset[str], ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """These texts."""

    texts: frozenset[str]


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """Which words and phrases of titles, tags and authors are asked for, to complete or to correct typed text with.

    Those whose key (see ``analysis/typed.py``) is one of ``keys``, or, unless ``whole_keys``, begins as one does, and whose
    folded text begins with ``begins`` and is one of ``texts``; at least one article that ``filter`` lets through must hold
    them. No key begins with another one. What is looked at by the ``deadline``, a time of ``time.monotonic()``, is the answer.
    """

    keys: tuple[str, ...]
    texts: TypedSo | Alike | AnyOf
    begins: str = ""
    whole_keys: bool = False
    filter: Query | None = None
    size: int = 10
    deadline: float | None = None
