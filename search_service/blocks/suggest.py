"""Suggestions while a reader types: frequent queries, words and phrases, titles that begin with the typed text.

The typed text may be characters, pinyin, initials or a mixture (see ``analysis/typed.py``). A text that only hidden
articles hold is never offered, nor a frequent query that finds nothing any more. If articles hold the typed text as a word, it comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, takewhile
from math import exp2, log2
from time import monotonic
from typing import Final, Literal, Protocol, TypeVar

from indexer.analysis.characters import fold_literal
from indexer.analysis.dictionary import function_words, verbs
from indexer.analysis.filters import read_stopwords
from indexer.analysis.typed import Typed, read_typed
from indexer.article import Article
from indexer.engines.base import Reader
from indexer.hits import Completion
from indexer.query import (
    CompletionRequest,
    Or,
    Query,
    SearchRequest,
    TitlePrefix,
    TitleSound,
    TypedSo,
)
from search_service.live.index import IndexState, Lent, LiveIndex
from search_service.ranking.weights import (
    ASKED_FOR,
    COMMON_VERB,
    FRESH_DAYS,
    FRESH_WORD,
    LONG_SUGGESTION,
    RARE_IN_TITLES,
    SAYS_LITTLE,
    TITLES_SHARE,
)
from search_service.understanding.filters import visible

MAX_PREFIX: Final = 64
"""Maximum number of characters of the typed text that are used. The rest is ignored."""

_SPARE: Final = 3
"""Number of candidates for each requested suggestion. Repeated titles of reprints are dropped, and fresh words move up."""
_FREQUENT: Final = 500
"""Maximum number of frequent queries that are compared with the typed text: those that begin with the same characters."""

_Item = TypeVar("_Item")

Kind = Literal["query", "word", "title"]


class FrequentQueries(Protocol):
    """A source of the queries that readers ask most."""

    def frequent(self, prefix: str, *, size: int) -> Sequence[tuple[str, int]]:
        """Queries that begin with ``prefix``, and how many readers asked each; the most asked first. ``""`` means all.

        For example :class:`search_service.querylog.lists.Lists`.
        """


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A text to offer, in its original spelling, and its kind. A title has the article that bears it."""

    text: str
    kind: Kind
    article: Article | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestions:
    """The suggestions for ``prefix``, the best first, without repeats: queries and words before titles.

    If not ``complete``, time ran out, and some suggestions may be missing.
    """

    prefix: str
    items: tuple[Suggestion, ...]
    complete: bool
    index: IndexState

    def typed_lengths(self) -> list[int]:
        """For each item, how many characters at its beginning stand for what was typed. About 10 µs an item."""
        typed = read_typed(self.prefix)
        return [typed.extent(fold_literal(each.text)) for each in self.items]


def suggest(
    live: LiveIndex,
    prefix: str,
    *,
    size: int,
    now: datetime,
    time_limit: float,
    queries: FrequentQueries | None = None,
    blocked: Callable[[str], bool] | None = None,
    finding: Callable[[Lent, float], Callable[[str], bool]] | None = None,
) -> Suggestions:
    """At most ``size`` completions of ``prefix``, within ``time_limit`` seconds. An empty prefix has no completions.

    Texts for which ``blocked`` is true are left out. ``finding`` gives, for a reader and a deadline, a function that says whether
    a frequent query still finds something. Only the queries that would be shown are asked about.

    Raises:
        IndexFailure: see :meth:`LiveIndex.reader`.
    """
    deadline = monotonic() + time_limit
    prefix = " ".join(prefix.split())[:MAX_PREFIX]
    typed = read_typed(prefix)
    with live.reader() as lent:
        reader, state, _ = lent
        finds = finding(lent, deadline) if finding else (lambda _: True)
        found: list[Suggestion] = []
        if typed.text:
            found = _words(reader, typed, deadline, size=size, now=now, queries=queries)
            found += _titles(reader, typed, deadline, size=size, now=now)
        kept = _without_repeats(found, blocked or (lambda _: False))
        titles = [each for each in kept if each.kind == "title"]
        few = max(size - len(titles), size - int(size * TITLES_SHARE))
        words = (each for each in kept if each.kind != "title")
        shown = islice((each for each in words if each.kind != "query" or finds(each.text)), few)
        items = (*shown, *titles)[:size]
    return Suggestions(
        prefix=prefix,
        items=items,
        complete=monotonic() < deadline,
        index=state,
    )


def _words(
    reader: Reader,
    typed: Typed,
    deadline: float,
    *,
    size: int,
    now: datetime,
    queries: FrequentQueries | None,
) -> list[Suggestion]:
    """Frequent queries and words, scored by use, freshness and shortness."""
    request = CompletionRequest(
        typed.keys,
        TypedSo(typed.typed),
        typed.in_characters,
        filter=visible(now),
        size=size * _SPARE,
        deadline=deadline,
    )
    completions = reader.complete(request)
    empty = _empty_words(reader, completions)
    scored = [
        (
            log2(1 + found.count)
            + _freshness(found.newest, now)
            - LONG_SUGGESTION * len(found.text)
            - SAYS_LITTLE * (found.folded in empty),
            Suggestion(found.text, "word"),
        )
        for found in completions
    ]
    asked = queries.frequent(typed.in_characters, size=_FREQUENT) if queries else ()
    scored += [
        (ASKED_FOR + log2(1 + count) - LONG_SUGGESTION * len(text), Suggestion(text, "query"))
        for text, count in _in_time(asked, deadline)
        if typed.begins(fold_literal(text))
    ]
    scored.sort(key=lambda each: (not _is_typed(typed, each[1]), -each[0], each[1].text))
    return [suggestion for _, suggestion in scored]


def _is_typed(typed: Typed, suggestion: Suggestion) -> bool:
    return fold_literal(suggestion.text) == typed.text


def _empty_words(reader: Reader, found: Sequence[Completion]) -> set[str]:
    """The folded texts that say little: function words, and verbs that many bodies and few titles hold."""
    folded = {each.folded: each.count for each in found}
    acting = [text for text in folded if text in verbs()]
    bodies = reader.document_frequencies("body", acting)
    return {text for text in folded if text in function_words()} | {
        text
        for text, times in zip(acting, bodies, strict=True)
        if times >= COMMON_VERB * reader.doc_count and folded[text] <= RARE_IN_TITLES * times
    }


def _in_time(items: Iterable[_Item], deadline: float) -> Iterator[_Item]:
    """The items, until the deadline passes."""
    return takewhile(lambda _: monotonic() < deadline, items)


def _freshness(newest: datetime | None, now: datetime) -> float:
    if newest is None:
        return 0.0
    days = max(0.0, (now - newest).total_seconds() / 86_400)
    return FRESH_WORD * exp2(-days / FRESH_DAYS)


def _titles(
    reader: Reader, typed: Typed, deadline: float, *, size: int, now: datetime
) -> list[Suggestion]:
    """Titles that begin with the typed text, newest first. Compared by pinyin only if letters were typed."""
    query: Query = TitlePrefix(typed.text)
    if typed.in_characters != typed.text:
        query = Or((query, TitleSound(typed.keys)))
    request = SearchRequest(
        query, filter=visible(now), sort="newest", size=size * _SPARE, deadline=deadline
    )
    found = (hit.article for hit in _in_time(reader.search(request).hits, deadline))
    return [Suggestion(each.title, "title", each) for each in found if _begins(typed, each.title)]


def _begins(typed: Typed, title: str) -> bool:
    folded = fold_literal(title)
    # Each unit has at least one letter. This many characters are enough, also with blanks and quotes.
    return folded.startswith(typed.text) or typed.begins(folded[: 2 * len(typed.text) + 8])


def _without_repeats(
    found: Iterable[Suggestion], blocked: Callable[[str], bool]
) -> list[Suggestion]:
    """Each text once, without stopwords and blocked texts."""
    seen = set(read_stopwords())
    kept: list[Suggestion] = []
    for each in found:
        folded = fold_literal(each.text)
        if folded not in seen and not blocked(each.text):
            seen.add(folded)
            kept.append(each)
    return kept
