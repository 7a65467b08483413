"""The rungs of a tree: which there are, and how far its words may be relaxed. ``ladder.py`` says what each rung looks for."""

from __future__ import annotations

from typing import Final, Literal

from indexer.analysis.characters import fold
from indexer.engines.ranking import words_needed
from search_service.ranking.weights import LONG, MOST
from search_service.understanding.borders import has_borders
from search_service.understanding.tree import Node, Phrase, Words, wanted

Rung = Literal["browse", "words", "inside", "most", "any", "unquoted"]

ALL_WORDS: Final[tuple[Rung, ...]] = ("words", "inside")
"""The rungs whose articles hold every word."""


def rungs(tree: Node | None) -> tuple[Rung, ...]:
    """The rungs that can differ for this tree, strictest first. At least one."""
    leaves = wanted(tree)
    if not any(isinstance(leaf, Words | Phrase) for leaf in leaves):
        return ("browse",)
    found: list[Rung] = ["words"]
    words = [leaf for leaf in leaves if isinstance(leaf, Words) and leaf.tokens]
    loose = is_loose(tree)
    if words and not loose:
        found.append("inside")
    relaxed = [(len(leaf.tokens), len(leaf.telling)) for leaf in words if not leaf.title_only]
    if any(telling > 1 and words_needed(MOST, telling) < count for count, telling in relaxed):
        found.append("most")
    quoted = any(isinstance(leaf, Phrase) and not leaf.title_only for leaf in leaves)
    if any((telling and count > 1) or quoted for count, telling in relaxed):
        found.append("any")
    if loose:
        found.append("inside")
    if quoted:
        found.append("unquoted")
    return tuple(found)


def may_stand_inside(tree: Node | None) -> bool:
    """Whether the tree has words of a script without word borders. The segmenter may cut such words differently in an article."""
    leaves = wanted(tree)
    return any(isinstance(leaf, Words) and not has_borders(fold(leaf.text)) for leaf in leaves)


def has_looser_words(tree: Node | None) -> bool:
    """Whether the tree has words with alternatives for the looser rungs: numbers with other signs, and parts of unknown words."""
    leaves = wanted(tree)
    return any(isinstance(leaf, Words) and leaf.looser for leaf in leaves)


def is_loose(tree: Node | None) -> bool:
    """Whether words are taken loosely: the text is a question, or so long that hardly any article holds all its words."""
    leaves = wanted(tree)
    return any(isinstance(leaf, Words) and _is_loose(leaf) for leaf in leaves)


def may_be_filled(tree: Node | None) -> bool:
    """Whether articles that hold only some words may follow the few that hold all: if two words or stretches tell something alone."""
    leaves = wanted(tree)
    return any(
        isinstance(leaf, Words) and not leaf.title_only and _telling_apart(leaf) > 1
        for leaf in leaves
    )


def means_every_word(tree: Node | None) -> bool:
    """Whether even a single article with all words comes first: not for questions, long texts, and three words typed in one go."""
    leaves = wanted(tree)
    return not any(
        isinstance(leaf, Words)
        and (_is_loose(leaf) or (len(leaf.telling) > 2 and len(leaf.pieces) == 1))
        for leaf in leaves
    )


def _is_loose(words: Words) -> bool:
    telling = len(words.telling)
    return telling >= LONG or (words.asks and telling > 1)


def _telling_apart(words: Words) -> int:
    """How many words or joined stretches tell something alone. A number does not: 15 of iPhone 15."""
    return len(words.firm) + sum(not token.isdigit() for token in words.outside)
