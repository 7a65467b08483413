"""Suggestions while a reader types: frequent queries, words and phrases, titles that begin with what was typed.

What was typed may be characters, pinyin, initials or a mixture (see ``analysis/typed.py``). Nothing is offered that only
articles hold which readers may not see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from math import exp2, log2
from time import monotonic
from typing import Final, Literal, Protocol, TypeVar

from indexer.analysis.characters import fold_literal
from indexer.analysis.filters import read_stopwords
from indexer.analysis.typed import Typed, read_typed
from indexer.engines.base import Reader
from indexer.query import (
    CompletionRequest,
    Or,
    Query,
    SearchRequest,
    TitlePrefix,
    TitleSound,
    TypedSo,
)
from search_service.live.index import IndexState, LiveIndex
from search_service.ranking.weights import (
    ASKED_FOR,
    FRESH_DAYS,
    FRESH_WORD,
    LONG_SUGGESTION,
    TITLES_SHARE,
)
from search_service.understanding.filters import visible

MAX_PREFIX: Final = 64
"""Characters of what was typed that are used: nobody who typed more waits to be offered the rest."""

_SPARE: Final = 3
"""Looked at for each one wanted: a reprint has the same title, and the freshest word is not the most frequent one."""
_FREQUENT: Final = 500
"""Frequent queries that are compared with what was typed: those whose beginning in characters is the same."""

_Item = TypeVar("_Item")

Kind = Literal["query", "word", "title"]


class FrequentQueries(Protocol):
    """Tells what readers search for."""

    def frequent(self, prefix: str, *, size: int) -> Sequence[tuple[str, int]]:
        """Queries that begin with ``prefix``, and how many readers asked each; the most asked first. All for ``""``.

        Such as :class:`search_service.querylog.lists.Lists`.
        """


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A text to offer, in its original spelling, and what it is."""

    text: str
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestions:
    """What to offer for ``prefix``, the best first, none twice: queries and words before titles.

    Not ``complete``: time ran out before all was looked at, so that some may be missing.
    """

    prefix: str
    items: tuple[Suggestion, ...]
    complete: bool
    index: IndexState


def suggest(
    live: LiveIndex,
    prefix: str,
    *,
    size: int,
    now: datetime,
    time_limit: float,
    queries: FrequentQueries | None = None,
    blocked: Callable[[str], bool] | None = None,
) -> Suggestions:
    """At most ``size`` completions of ``prefix`` within ``time_limit`` seconds; none for an empty one, and none that
    ``blocked`` tells.

    Raises:
        IndexFailure: see :meth:`LiveIndex.reader`.
    """
    deadline = monotonic() + time_limit
    prefix = " ".join(prefix.split())[:MAX_PREFIX]
    typed = read_typed(prefix)
    with live.reader() as (reader, state, _):
        words: list[Suggestion] = []
        titles: list[Suggestion] = []
        if typed.text:
            words = _words(reader, typed, deadline, size=size, now=now, queries=queries)
            titles = _titles(reader, typed, deadline, size=size, now=now)
    kept = _without_repeats([*words, *titles], typed, blocked or (lambda _: False))
    words = [each for each in kept if each.kind != "title"]
    titles = [each for each in kept if each.kind == "title"]
    few = max(size - len(titles), size - int(size * TITLES_SHARE))
    shown = words[:few]
    return Suggestions(
        prefix=prefix,
        items=(*shown, *titles)[:size],
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
    """Frequent queries and words, by use and freshness, the shorter ones first."""
    request = CompletionRequest(
        typed.keys,
        TypedSo(typed.text),
        typed.in_characters,
        filter=visible(now),
        size=size * _SPARE,
        deadline=deadline,
    )
    scored = [
        (
            log2(1 + found.count)
            + _freshness(found.newest, now)
            - LONG_SUGGESTION * len(found.text),
            Suggestion(found.text, "word"),
        )
        for found in reader.complete(request)
    ]
    asked = queries.frequent(typed.in_characters, size=_FREQUENT) if queries else ()
    scored += [
        (ASKED_FOR + log2(1 + count) - LONG_SUGGESTION * len(text), Suggestion(text, "query"))
        for text, count in _in_time(asked, deadline)
        if typed.begins(fold_literal(text))
    ]
    scored.sort(key=lambda each: (-each[0], each[1].text))
    return [suggestion for _, suggestion in scored]


def _in_time(items: Iterable[_Item], deadline: float) -> Iterator[_Item]:
    """The items, as long as the deadline is not over."""
    return takewhile(lambda _: monotonic() < deadline, items)


def _freshness(newest: datetime | None, now: datetime) -> float:
    if newest is None:
        return 0.0
    days = max(0.0, (now - newest).total_seconds() / 86_400)
    return FRESH_WORD * exp2(-days / FRESH_DAYS)


def _titles(
    reader: Reader, typed: Typed, deadline: float, *, size: int, now: datetime
) -> list[Suggestion]:
    """Titles that begin so, newest first. Pinyin is looked for only where letters were typed."""
    query: Query = TitlePrefix(typed.text)
    if typed.in_characters != typed.text:
        query = Or((query, TitleSound(typed.keys)))
    request = SearchRequest(
        query, filter=visible(now), sort="newest", size=size * _SPARE, deadline=deadline
    )
    titles = (hit.article.title for hit in _in_time(reader.search(request).hits, deadline))
    return [Suggestion(title, "title") for title in titles if _begins(typed, title)]


def _begins(typed: Typed, title: str) -> bool:
    folded = fold_literal(title)
    # A unit is at least one letter, so nothing behind that many characters counts; blanks and quotes may stand between.
    return folded.startswith(typed.text) or typed.begins(folded[: 2 * len(typed.text) + 8])


def _without_repeats(
    found: Iterable[Suggestion], typed: Typed, blocked: Callable[[str], bool]
) -> list[Suggestion]:
    """Each text once, and neither what was typed nor what says nothing."""
    seen = {typed.text, *read_stopwords()}
    kept: list[Suggestion] = []
    for each in found:
        folded = fold_literal(each.text)
        if folded not in seen and not blocked(each.text):
            seen.add(folded)
            kept.append(each)
    return kept
