"""The list of words at the desk: what it would change before it is applied, and the new words that articles hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from indexer.analysis.dictionary import UserDictionary
from indexer.editorial.entries import Entry, dictionary_of
from indexer.store.editorial_lists import EditorialLists
from indexer.word_changes import WordsPreview
from indexer.words_preview import FullPreview, read_preview
from search_service.answering.search import FoundArticle, Question
from search_service.desk.desk import Desk
from search_service.services import Services


@dataclass(frozen=True, slots=True)
class NewWord:
    """A word that the articles hold and the dictionary lacks, the number of articles that readers find with it, and one of them."""

    text: str
    articles: int
    example: FoundArticle | None


@dataclass(frozen=True, slots=True)
class Pending:
    """What the list would change in the live index, and what it would change for readers' queries, if a job found that out."""

    effect: WordsPreview
    full: FullPreview | None


def words_with(lists: EditorialLists, entry: Entry) -> UserDictionary:
    """The list of words as it would be with one more entry."""
    entries = {each.key: each for each in lists.entries["words"]} | {entry.key: entry}
    return dictionary_of(entries.values())


def pending(services: Services, desk: Desk) -> Pending:
    """What applying the list of words would change. Costs what :meth:`Services.preview_words` costs."""
    effect = services.preview_words()
    full = read_preview(desk.generations.root)
    live = services.index_state().generation
    if full and (full.generation != live or full.effect.changes != effect.changes):
        full = None
    return Pending(effect, full)


def new_words(services: Services, lists: EditorialLists) -> Sequence[str]:
    """The words that the last rebuild found in the articles and that no editor has decided on, the most frequent first."""
    decided = {each.key for each in lists.entries["words"]}
    found = services.live.analyzer().found_words.words
    ranked = sorted(found, key=lambda word: (-(word.frequency or 0), word.text))
    return [each.text for each in ranked if each.text not in decided]


def in_articles(services: Services, text: str) -> NewWord:
    """A word with its articles: a search for exactly this text."""
    answer = services.search(Question(text=f'"{text}"', size=1, correct=False))
    return NewWord(text, answer.total, answer.hits[0] if answer.hits else None)
