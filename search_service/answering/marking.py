"""What is marked in hits: the typed words and quotes, as far as they were looked for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from indexer.analysis.analyzers import Analyzer
from indexer.analysis.characters import fold, fold_literal
from search_service.answering.rungs import Rung, has_looser_words, may_stand_inside
from search_service.excerpts.snippets import Needle
from search_service.understanding.tree import Node, Phrase, Words, wanted


def needles_of(tree: Node | None, rung: Rung, analyzer: Analyzer) -> tuple[Needle, ...]:
    """The texts to mark in hits: quotes literally, words, and the typed pieces between blanks.

    A word of one character would be marked everywhere. If there are longer words, it is marked only together with its
    neighbours (号 in 7号电池). A number that was typed as a part of something (919 in C919), and the measure behind a number (万元 in
    200万元), are marked only as that part.
    """
    found: dict[str, Needle] = {}
    # The rung "inside" looks for Latin words inside other words only if the query has no other words.
    inside = rung == "inside" and not (may_stand_inside(tree) or has_looser_words(tree))
    for leaf in wanted(tree):
        if isinstance(leaf, Phrase) and (leaf.slop or (rung == "unquoted" and not leaf.title_only)):
            leaf = Words(leaf.text, leaf.tokens)
        if isinstance(leaf, Phrase):
            found[fold_literal(leaf.text)] = Needle(leaf.text, inside=True)
        elif isinstance(leaf, Words):
            for stretch in leaf.joined:
                needle = Needle(stretch, inside, parts=leaf.words_of[stretch])
                found.setdefault(fold_literal(stretch), needle)
            for text in _marked_words(leaf, analyzer):
                found.setdefault(fold_literal(text), Needle(text, inside))
            looser = () if rung == "words" else leaf.looser
            measured = _measured(leaf)
            for each in (*leaf.alternatives, *looser):
                if each.adjacent or each.word not in measured:
                    found.setdefault(each.text, Needle(each.text))
    return tuple(found.values())


def _measured(words: Words) -> set[str]:
    """The numbers and measures of the joined stretches that begin with a number."""
    numbers = (stretch for stretch in words.joined if fold(stretch)[0].isdigit())
    return {part for stretch in numbers for part in words.words_of[stretch]}


def _marked_words(words: Words, analyzer: Analyzer) -> Iterator[str]:
    for day in words.days:
        yield from ("".join(each) for each in (*day.named, *day.near))
    telling = [token for token in words.tokens if len(token) > 1]
    if not telling and not words.joined and not words.days:
        yield from words.tokens or (words.text,)
        return
    parts = {part for stretch in words.joined for part in words.words_of[stretch]}
    measured = _measured(words)
    yield from (
        token
        for token in telling
        if not (token in measured or (token.isdigit() and token in parts))
    )
    yield from (piece for piece in words.pieces if len(piece) > 1)
    for before, after in pairwise(analyzer.query(words.text)):
        touch = before.end == after.start and 1 in (len(before.text), len(after.text))
        if touch and not parts.issuperset((before.text, after.text)):
            yield words.text[before.start : after.end]
