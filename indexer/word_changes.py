"""What a change of the editors' words changes: the articles that it touches, and how their titles are cut then.

A word changes the tokens of no text but those that hold it, in any of its spellings (``analysis/routes.py`` keeps it so).
The job that applies words and the preview that a page shows both stand on this module. It only reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from indexer.analysis.analyzers import Analyzer
from indexer.analysis.dictionary import UserDictionary, UserWord
from indexer.analysis.spellings import written_as
from indexer.editorial.entries import spell_word
from indexer.engines.base import Reader
from indexer.query import Literal, Or, SearchRequest
from indexer.said import Said, listed

TITLES: Final = 20
"""The most titles of a preview."""
_EXAMINED: Final = 200
"""The titles that are cut both ways, the newest that hold a word. Most of them are cut otherwise."""
_SHOWN: Final = 10
"""The most words of each kind that a sentence names."""


@dataclass(frozen=True, slots=True)
class WordChanges:
    """How the editors' words differ from those of an index. False if they do not.

    ``added`` are the words that the index was made without, or with another frequency; ``removed`` those that are no longer listed.
    """

    added: tuple[UserWord, ...] = ()
    removed: tuple[UserWord, ...] = ()

    @classmethod
    def between(cls, before: UserDictionary, after: UserDictionary) -> Self:
        """How ``after`` differs from ``before``. O(words)."""
        kept = {word.text for word in after.words}
        known = set(before.words)
        return cls(
            tuple(word for word in after.words if word not in known),
            tuple(word for word in before.words if word.text not in kept),
        )

    def __len__(self) -> int:
        return len(self.added) + len(self.removed)

    @property
    def sentence(self) -> str:
        """The words, the first ones of each kind; empty without any."""
        added, removed = _spelt(self.added), _spelt(self.removed)
        said = []
        if added:
            said.append(Said("added {words}", words=added))
        if removed:
            said.append(Said("removed {words}", words=removed))
        return listed(*said) if said else ""

    def __str__(self) -> str:
        return self.sentence

    @property
    def texts(self) -> frozenset[str]:
        """The folded texts of which an article holds one if the change touches it."""
        words = (*self.added, *self.removed)
        return frozenset().union(*(written_as(word.text) for word in words))


NO_CHANGES: Final = WordChanges()


def _spelt(words: tuple[UserWord, ...]) -> str:
    named = ", ".join(map(spell_word, words[:_SHOWN]))
    more = len(words) - _SHOWN
    return Said("{words} and {more} more", words=named, more=more) if more > 0 else named


def touched(reader: Reader, changes: WordChanges) -> list[str]:
    """The ids of all articles whose tokens the changes may change, whatever their status."""
    return reader.holding(sorted(changes.texts))


@dataclass(frozen=True, slots=True)
class RecutTitle:
    """A title that is cut otherwise: its words before and after the change."""

    article_id: str
    title: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsPreview:
    """The effect of changed words: how many of ``articles`` are ``touched``, and the newest titles that are cut otherwise.

    ``is_estimate``: more are touched than were counted.
    """

    changes: WordChanges
    articles: int
    touched: int
    is_estimate: bool
    titles: tuple[RecutTitle, ...]


def preview(
    reader: Reader, before: Analyzer, after: Analyzer, *, deadline: float | None = None
) -> WordsPreview:
    """The effect of the words of ``after`` in the place of those of ``before``, with which the index was made.

    ``deadline`` is a time of ``time.monotonic()``. What was not examined by then makes the numbers estimates.
    """
    changes = WordChanges.between(before.user_dictionary, after.user_dictionary)
    if not changes:
        return WordsPreview(
            changes=changes, articles=reader.doc_count, touched=0, is_estimate=False, titles=()
        )
    texts = sorted(changes.texts)
    page = reader.search(SearchRequest(Or(tuple(map(Literal, texts))), size=1, deadline=deadline))
    return WordsPreview(
        changes=changes,
        articles=reader.doc_count,
        touched=page.total,
        is_estimate=page.total_is_estimate,
        titles=_recut(reader, texts, before, after, deadline),
    )


def with_words(before: Analyzer, words: UserDictionary) -> Analyzer:
    """The analyzer that ``before`` becomes with other editors' words. A word that editors listed counts as found no more."""
    return before.knowing(words, before.found_words.without(words))


def _recut(
    reader: Reader, texts: list[str], before: Analyzer, after: Analyzer, deadline: float | None
) -> tuple[RecutTitle, ...]:
    in_title = Or(tuple(Literal(text, ("title",)) for text in texts))
    page = reader.search(SearchRequest(in_title, sort="newest", size=_EXAMINED, deadline=deadline))
    found: list[RecutTitle] = []
    for hit in page.hits:
        title = hit.article.title
        cut, recut = cut_title(before, title), cut_title(after, title)
        if cut != recut:
            found.append(RecutTitle(hit.article.id, title, cut, recut))
    return tuple(found[:TITLES])


def cut_title(analyzer: Analyzer, title: str) -> tuple[str, ...]:
    """The words of a title as they stand there, without those inside others."""
    words: dict[int, str] = {}
    for token in analyzer.index(title):
        words.setdefault(token.position, title[token.start : token.end])
    return tuple(words.values())
