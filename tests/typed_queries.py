"""Queries as a test writes them: texts, which the product's analyzer cuts."""

from __future__ import annotations

from functools import cache

from indexer.analysis.analyzers import Analyzer, make_analyzer, words_of
from indexer.analysis.grams import chinese_pairs
from indexer.query import Adjacent, Alternative, Match, Rescore


@cache
def analyzer() -> Analyzer:
    """One analyzer for all tests: its tables take a moment to make."""
    return make_analyzer()


def match(text: str, *args: object, **more: object) -> Match:
    """A Match of the words of a text."""
    return Match(words_of(analyzer(), text), *args, **more)  # type: ignore[arg-type]


def adjacent(text: str, *args: object, **more: object) -> Adjacent:
    """An Adjacent of the words of a text."""
    return Adjacent(words_of(analyzer(), text), *args, **more)  # type: ignore[arg-type]


def alternative(word: str, text: str, factor: float) -> Alternative:
    """An Alternative with the words of its text."""
    return Alternative(word, text, factor, words_of(analyzer(), text))


def rescore_by(text: str, **more: object) -> Rescore:
    """A Rescore of the words of a text and its pairs of characters."""
    tokens = analyzer().query(text)
    grams = tuple(chinese_pairs(text, tokens))
    return Rescore(tuple(token.text for token in tokens), grams=grams, **more)  # type: ignore[arg-type]
