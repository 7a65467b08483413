"""What may be asked of an index, as data.

These values have no engine's syntax and do not know what a reader typed. ``search_service/understanding/parse.py`` makes
them from typed text, engines answer them, tests write them out. A query says which articles match and how much each part
scores. Filters are queries whose scores do not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Final
from typing import Literal as OneOf

TEXT_FIELDS: Final = ("title", "lead", "body")
KEYWORD_FIELDS: Final = (
    "id",
    "channel",
    "source",
    "author",
    "tag",
    "site",
    "status",
    "group",
    "attribute",
)
TIME_FIELDS: Final = ("published_at", "updated_at", "expires_at")
FACET_FIELDS: Final = ("channel", "source", "author", "tag", "month")

Sort = OneOf["relevance", "newest", "oldest", "hot"]
SORTS: Final[tuple[Sort, ...]] = ("relevance", "newest", "oldest", "hot")

Collapse = OneOf["none", "duplicates"]
COLLAPSES: Final[tuple[Collapse, ...]] = ("none", "duplicates")

MAX_DEPTH: Final = 10_000
"""The last rank that a request may ask for: ``page * size`` may not exceed it."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A substitute for a word of a :class:`Match`: ``text`` counts as ``word``, with its score multiplied by ``factor``.

    ``word`` is one of the match's words, ``text`` is folded, ``words`` are the tokens of ``text`` in query mode. If ``text`` is a
    single token, it is searched as a word and never found inside other words (内存 is not in 国内存在). Otherwise it is searched as
    a :class:`Literal` or, if ``adjacent``, its words are searched as :class:`Adjacent` (17号 is not in 117号). A rare alternative scores as if it were no rarer than the word: an article is not better for using the
    rarer of two words for one thing.
    """

    word: str
    text: str
    factor: float
    words: tuple[str, ...]
    adjacent: bool = False

    @property
    def is_word(self) -> bool:
        """Whether the text is one word."""
        return self.words == (self.text,)


@dataclass(frozen=True, slots=True)
class Match:
    """Articles that hold ``words``, each in any of ``fields``.

    Words are tokens of the analyzer in query mode; repeated ones count once. ``need`` is the share of the distinct words that an
    article must hold: ``max(1, ceil(need * words))``. 1.0 means all of them, 0.0 any one. The score is the sum of weight x BM25
    over the words and fields. With ``inside``, an article that does not hold a word as a token may hold it inside other words, as
    a literal that scores as :class:`Literal`. An article that holds an alternative of a word holds the word. Only the best of the
    word and its alternatives scores. An empty ``words`` matches nothing.
    """

    words: tuple[str, ...]
    fields: tuple[tuple[str, float], ...] = (("title", 2.0), ("lead", 1.0), ("body", 1.0))
    need: float = 1.0
    inside: bool = False
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Literal:
    """Articles in which one of ``fields`` contains ``text`` literally, however the segmenter cut it.

    The comparison uses folded text (see ``analysis.fold``): width, case and traditional or simplified do not matter, and white
    space is collapsed and stripped. Each article that matches scores the idf of the literal. An empty text matches nothing.
    """

    text: str
    fields: tuple[str, ...] = TEXT_FIELDS


@dataclass(frozen=True, slots=True)
class Adjacent:
    """Articles in which ``words`` follow one another in one of ``fields``. The score is 0.

    Words are tokens of the analyzer in query mode. Characters between two words that are not words themselves are ignored:
    3:2 matches 3-2, and iPhone15 matches iPhone 15. An empty ``words`` matches nothing.
    """

    words: tuple[str, ...]
    fields: tuple[str, ...] = TEXT_FIELDS


@dataclass(frozen=True, slots=True)
class Glued:
    """Articles that hold ``text`` at an end of a word that no dictionary holds (see ``analysis/glued.py``). Each scores 1."""

    text: str


@dataclass(frozen=True, slots=True)
class Near:
    """Articles in which ``words`` stand near one another in one of ``fields``, in any order. The score is 0.

    Words are tokens of the analyzer in query mode; repeated ones count once. A stretch of the field holds every word and at most
    ``slop`` positions more than there are words. Two words that follow one another thus have a slop of 0. An empty ``words``
    matches nothing.
    """

    words: tuple[str, ...]
    slop: int
    fields: tuple[str, ...] = TEXT_FIELDS


@dataclass(frozen=True, slots=True)
class TitlePrefix:
    """Articles whose title begins with ``text``; with ``whole`` the title equals it.

    The folded texts are compared without quotes, other punctuation and blanks (see ``analysis.fold_title``). Each article that
    matches scores 1.
    """

    text: str
    whole: bool = False


@dataclass(frozen=True, slots=True)
class TitleSound:
    """Articles whose title's sound key begins with one of ``keys`` (see ``analysis/typed.py``). The score is 0."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """Articles whose ``field`` holds exactly ``value``.

    In a keyword field, ``value`` is compared literally and scores nothing. ``channel`` matches the channel and its descendants,
    primary and secondary. ``group`` holds the number of the article's duplicate group, in decimal digits. ``attribute`` holds
    ``name=value`` for each attribute that is a text; a name holds no ``=``. In a text field, ``value`` is a token of the analyzer
    and scores its BM25.
    """

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Range:
    """Articles whose time ``field`` lies in ``[start, end)``; None leaves that side open. The score is 0.

    An article without that time never matches.
    """

    field: str
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class NumberRange:
    """Articles whose attribute ``name`` is a number in ``[low, high]``; None leaves that side open. The score is 0.

    Numbers are compared as 64-bit floats. A whole number beyond 2 ** 53 may therefore equal its neighbours.
    """

    name: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class And:
    """Articles that match every one of ``clauses``; scores add up. Without clauses every article matches."""

    clauses: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Articles that match at least one of ``clauses``; scores add up. Without clauses no article matches."""

    clauses: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Articles that do not match ``clause``. The score is 0."""

    clause: Query


@dataclass(frozen=True, slots=True)
class Boost:
    """``clause`` with its score multiplied by ``factor`` (>= 0)."""

    clause: Query
    factor: float


@dataclass(frozen=True, slots=True)
class MatchAll:
    """Every article. The score is 0."""


Query = (
    Match
    | Literal
    | Adjacent
    | Glued
    | Near
    | TitlePrefix
    | TitleSound
    | Term
    | Range
    | NumberRange
    | And
    | Or
    | Not
    | Boost
    | MatchAll
)


@dataclass(frozen=True, slots=True)
class Rescore:
    """Rescores the best ``depth`` articles with measures that are too expensive for all articles.

    ``words`` are tokens in query mode; repeated ones count once. An article scores more for

    * proximity: ``near`` times the greatest sum of idfs of different words that stand within ``window`` positions of one
      another in one of ``fields``. A word's idf is the least of its idfs in ``fields``;
    * ``grams``, pairs of neighbouring Chinese characters (see ``chinese_pairs`` of ``analysis/grams.py``): ``pairs`` times
      the idf of each gram, in each of ``fields`` that holds it;
    * agreement: the sum so far is multiplied by 1 + ``agree`` * similarity. The similarity, 0 to 1, compares the article's body
      with the bodies of the best articles by their most telling words except ``words``. Articles with the same title (compared
      as in :class:`TitlePrefix`) are not compared: they are parts of one thing. Each engine chooses the telling words.

    Articles beyond ``depth`` follow in their previous order.
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
    """Lowers the scores of older articles: a score is multiplied by ``floor + (1 - floor) * 2 ** (-age / half_life)``.

    ``age`` is the time from published_at to ``at`` in days, 0 or more. An article without published_at has an infinite age.
    ``half_life`` is in days; with None articles do not age. ``channels`` maps channels to half-lives of their own. The deepest of
    an article's channels decides; of several equally deep ones, the one with the longest half-life. ``floor`` lies between 0
    and 1.
    """

    at: datetime
    half_life: float | None = 365.0
    channels: tuple[tuple[str, float | None], ...] = ()
    floor: float = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Popularity:
    """How much readers view articles at the moment: the heat of each viewed article, by id. Other articles have none.

    ``fading`` lowers the heat of older articles as it lowers scores. A popularity equals only itself: engines keep what they derive
    from it, and comparing thousands of ids would cost each request. Make one when views are counted, and share it.

    Raises:
        ValueError: a heat is not above 0, or not finite.
    """

    heats: tuple[tuple[str, float], ...]
    fading: Recency

    def __post_init__(self) -> None:
        wrong = [each for each in self.heats if not 0 < each[1] < inf]
        if wrong:
            raise ValueError(f"the heat of {wrong[0][0]} is {wrong[0][1]}: it must be above 0")


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A query, how to narrow and order its results, and which page of them to return.

    ``filter`` narrows the results without changing scores. ``relevance`` orders by score, then newer, then id. ``newest`` and
    ``oldest`` order by published_at (articles without one come last in both), then id. ``hot`` orders by the faded heat in
    ``popularity`` (see ``heat_level`` of ``engines/ranking.py``), then as ``newest``; without a popularity as ``newest``. ``facets`` are names of FACET_FIELDS,
    each with at most ``facet_size`` values: the newest months, and the most frequent values of the others. ``page`` counts from 1.
    With ``collapse`` duplicates, only the first article of each duplicate group is a hit; an article without a group is a hit of its
    own. ``first``, ``recency`` and ``rescore`` act on relevance only, before collapsing. Articles that match an earlier query of ``first`` come before all others, whatever their
    scores; those scores do not change. Recency also lowers what rescoring adds. ``deadline`` is a time of this machine's
    ``time.monotonic()``; the answer holds what was found by then, even if incomplete.
    """

    query: Query
    filter: Query | None = None
    sort: Sort = "relevance"
    collapse: Collapse = "none"
    first: tuple[Query, ...] = ()
    recency: Recency | None = None
    rescore: Rescore | None = None
    popularity: Popularity | None = None
    facets: tuple[str, ...] = ()
    facet_size: int = 20
    page: int = 1
    size: int = 10
    deadline: float | None = None


@dataclass(frozen=True, slots=True)
class TypedSo:
    """Texts whose beginning fits the typed ``text``: characters, pinyin, initials or a mixture (see ``analysis/typed.py``)."""

    text: str


@dataclass(frozen=True, slots=True)
class Alike:
    """Texts of ``length`` Chinese characters other than ``text`` that share at least ``shared`` characters with it, each at
    the same place. If ``sounds`` is not empty, the sound of each character must be among the sounds at its place.
    """

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
    """Asks for words and phrases of titles, tags and authors that complete or correct typed text.

    A completion's key (see ``analysis/typed.py``) begins with one of ``keys``; with ``whole_keys`` it equals one. Its folded
    text begins with ``begins`` and is one of ``texts``. At least one article that passes ``filter`` holds it. A key in ``keys``
    is never a prefix of another. ``deadline`` is a time of ``time.monotonic()``; the answer holds what was examined by then.
    """

    keys: tuple[str, ...]
    texts: TypedSo | Alike | AnyOf
    begins: str = ""
    whole_keys: bool = False
    filter: Query | None = None
    size: int = 10
    deadline: float | None = None
