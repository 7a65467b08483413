"""What a piece of the segmenter puts at its position: the word, and the words inside it."""

from __future__ import annotations

from collections.abc import Iterator

from indexer.analysis.filters import expand
from indexer.analysis.measures import is_measure
from indexer.analysis.scripts import LETTERS_AND_DIGITS, holds_word, is_symbol
from indexer.analysis.segmenter import ChineseSegmenter
from indexer.analysis.spellings import is_number, number_parts, usual

Row = tuple[str, int, int]
"""A token of a piece: its text, its start and its end in the piece."""


def rows_of(piece: str, segmenter: ChineseSegmenter) -> tuple[Row, ...] | None:
    """The tokens of a piece: None for a separator, () if the piece is its own single token."""
    size = len(piece)
    if segmenter.is_mixed(piece):
        return (piece, 0, size), *_in_order([*_runs(piece), *_parts(piece, segmenter)])
    respelt = usual(piece)
    if is_number(piece):
        # The characters of a year in Chinese words are words too.
        parts = number_parts(piece) if piece[0].isascii() else _parts(piece, segmenter)
        return (respelt, 0, size), *parts
    if respelt != piece:
        return (respelt, 0, size), *segmenter.inner_words(respelt)
    expanded = expand(piece)
    if expanded != piece:
        words = [part for part in segmenter.cut_parts(expanded) if holds_word(part)]
        if size == 1 and (len(words) > 1 or any(map(is_symbol, expanded))):
            # A sign that is no single word (㎡, ℃, ½) is a word itself: its parts alone mean something else.
            return ()
        return tuple((word, 0, size) for word in dict.fromkeys(words)) or None
    if not holds_word(piece):
        return None
    inner = segmenter.inner_words(piece)
    return ((piece, 0, size), *inner) if inner else ()


def with_counter(piece: str, rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """The rows of a word that follows a number, with the measure that it begins with, unless it is a measure itself."""
    if len(piece) == 1 or is_measure(piece):
        return rows
    word, *inner = rows or ((piece, 0, len(piece)),)
    return word, *_in_order([(piece[0], 0, 1), *inner])


def _runs(mixed: str) -> Iterator[Row]:
    """The runs of letters and digits in a word that mixes scripts: 4s in 4s店. A reader types them without the rest."""
    for match in LETTERS_AND_DIGITS.finditer(mixed):
        if match.group() != mixed and not match.group().isdigit() and not match.group().isalpha():
            yield match.group(), *match.span()


def _in_order(rows: list[Row]) -> list[Row]:
    """Rows by start, the longer first."""
    return sorted(rows, key=lambda row: (row[1], -row[2]))


def _parts(mixed: str, segmenter: ChineseSegmenter) -> list[Row]:
    """The parts of a word that mixes scripts, and the words inside these parts."""
    rows: list[Row] = []
    at = 0
    for part in segmenter.cut_parts(mixed):
        if holds_word(part) and part != mixed:
            rows.append((part, at, at + len(part)))
            inner = segmenter.inner_words(part)
            rows += [(word, at + start, at + end) for word, start, end in inner]
        at += len(part)
    return rows
