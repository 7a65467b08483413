"""Correction (您是不是要找): what a reader probably meant. Every corrected word occurs in the index.

Only loose words are corrected: Chinese words to words that sound alike, pinyin to characters, Latin words by one
letter. Phrases come from titles, tags and authors; words also from bodies. Quotes, exclusions, fields and numbers stay
as typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple
from unicodedata import normalize

from indexer.analysis.analyzers import Analyzer, words_of
from indexer.analysis.characters import HAN, fold, fold_literal
from indexer.analysis.pinyin import units
from indexer.analysis.readings import WITHOUT_TONES
from indexer.analysis.typed import plain_pinyin
from indexer.engines.base import Reader
from indexer.query import MatchAll, Query, SearchRequest
from search_service.correction.alike import (
    LETTERS_FROM,
    LETTERS_TO,
    near_sound,
    of_sounds,
    one_letter,
    same_sound,
    spelt_out,
)
from search_service.correction.candidates import Candidates
from search_service.correction.stretches import Stretch, stretches
from search_service.ranking.weights import FEW
from search_service.understanding.tree import All, Either, Node, Words, spell, wanted

_SYLLABLES: Final = 12
_LONGEST: Final = 8
"""Maximum number of syllables of a word in pinyin. The phrases that an index offers are no longer than this."""
_LONG: Final = 4
"""From this length on, a word of the same sound must be in a dictionary, or be a completion. A shorter one may be a name."""
_NAME: Final = range(3, 5)
"""The length of a name that is looked up by its pairs of characters."""
_NEAR_FROM: Final = 3
"""Minimum length of a text that is corrected to a word of nearly the same sound. Shorter texts sound like too many words."""

MOST_REMEMBERED: Final = 20_000
"""Maximum number of texts that are remembered as correct. They take some five MiB."""

_LETTERS: Final = re.compile(rf"(?<![^\W_])[a-z]{{{LETTERS_FROM},{LETTERS_TO}}}(?![^\W_])")
_PINYIN: Final = re.compile(r"[a-z]{1,40}(?:[ '’][a-z]{1,40})*")


@dataclass(frozen=True, slots=True)
class Correction:
    """The query that was probably meant, in canonical spelling. ``applied``: the answer shows the results of ``query``."""

    query: str
    applied: bool


class NothingMeant:
    """The texts that need no correction in one snapshot of the index. A new snapshot forgets them all. Shared by threads."""

    def __init__(self) -> None:
        self._held: tuple[object, set[object]] = (None, set())

    def of(self, snapshot: object) -> set[object]:
        """The texts that need no correction in ``snapshot``. The caller adds to the set. Emptied at MOST_REMEMBERED texts."""
        held_of, known = self._held
        if held_of != snapshot or len(known) >= MOST_REMEMBERED:
            known = set()
            self._held = snapshot, known
        return known


class Meant(NamedTuple):
    """A query that was probably meant, in canonical spelling.

    ``whole``: nothing of the typed text is left. ``nowhere``: no article holds a replaced text. ``sure``: neither does a
    dictionary, and what replaces it is common if the text says little: two characters, or letters.
    """

    query: str
    whole: bool
    nowhere: bool
    sure: bool


class _Change(NamedTuple):
    start: int
    end: int
    text: str
    nowhere: bool
    sure: bool


def corrected(
    tree: Node,
    reader: Reader,
    analyzer: Analyzer,
    *,
    seen: Query,
    doubtful: bool,
    deadline: float | None = None,
) -> Meant | None:
    """The query that was probably meant; None if the typed text makes sense.

    Only articles that match ``seen`` count as uses of a word. Costs a few look-ups for each word; some milliseconds with
    doubt.
    """
    speller = _Speller(
        reader, analyzer, SearchRequest(MatchAll(), filter=seen, deadline=deadline), doubtful
    )
    chinese = any(
        re.search(f"[{HAN}]", fold(leaf.text)) for leaf in wanted(tree) if isinstance(leaf, Words)
    )
    better = _walk(tree, lambda words: speller.meant(words, letters=not chinese))
    if better == tree:
        return None
    changes = speller.changes
    return Meant(
        spell(better),
        whole=isinstance(tree, Words)
        and changes[0].start == 0
        and changes[0].end == len(tree.text),
        nowhere=all(change.nowhere for change in changes),
        sure=all(change.sure for change in changes),
    )


def _walk(tree: Node, meant: Callable[[Words], Words]) -> Node:
    match tree:
        case Words(tokens=[_, *_]):
            return meant(tree)
        case All(parts):
            return All(tuple(_walk(part, meant) for part in parts))
        case Either(parts):
            return Either(tuple(_walk(part, meant) for part in parts))
        case _:
            return tree


def has_tones(text: str) -> bool:
    """Whether a text is written as only pinyin is: with tones, or ü where it is u: or v on a keyboard."""
    spelt = normalize("NFKC", text).lower()
    return spelt.translate(WITHOUT_TONES) != spelt or plain_pinyin(text) != fold_literal(text)


class _Speller:
    """Corrects words against one snapshot of the index, and keeps the ``changes``."""

    def __init__(
        self, reader: Reader, analyzer: Analyzer, seen: SearchRequest, doubtful: bool
    ) -> None:
        self._index = Candidates(reader, analyzer, seen)
        self._analyzer, self._doubtful = analyzer, doubtful
        self.changes: list[_Change] = []

    def meant(self, words: Words, *, letters: bool) -> Words:
        """The words that were meant. Returns the same object if nothing needs correction."""
        folded = fold(words.text)
        changes = list(self._chinese(folded))
        if letters and (self._doubtful or has_tones(words.text)):
            changes += self._pinyin(words.text)
        if self._doubtful and not changes:
            changes += self._letters(folded)
        if not changes:
            return words
        self.changes += changes
        text = words.text
        for change in sorted(changes, reverse=True):
            text = text[: change.start] + change.text + text[change.end :]
        tokens = dict.fromkeys(words_of(self._analyzer, text))
        return replace(words, text=text, tokens=tuple(tokens)) if tokens else words

    def _chinese(self, folded: str) -> Iterator[_Change]:
        """Corrected stretches of Chinese characters: same sounds first, then the longest. They do not overlap."""
        tokens = self._analyzer.query(folded)
        known = self._index.frequent({token.text for token in tokens})
        found = stretches(folded, tokens, known, self._analyzer.holds)
        if not self._doubtful:
            found = [each for each in found if each.is_run]
        taken: list[Stretch] = []
        for kind in (self._same_sound, self._near_sound):
            for each in found:
                if any(each.start < other.end and other.start < each.end for other in taken):
                    continue
                if change := kind(folded, each):
                    taken.append(each)
                    yield change

    def _same_sound(self, folded: str, stretch: Stretch) -> _Change | None:
        """The stretch as a word of the same sound.

        A word of the dictionary is never surely wrong, and only a common word is offered in its place. If it has two
        characters, nearly always another word sounds the same, so it is left alone.
        """
        typed = folded[stretch.start : stretch.end]
        index, holds, size = self._index, self._analyzer.holds, len(typed)
        held, strange, run = holds(typed), not stretch.words, stretch.is_run
        if held and size == 2:
            return None
        alone = size == len(folded) and size in _NAME and not index.used(typed)
        doubtful = alone or self._doubtful
        guess = same_sound(typed)
        found = index.words(
            guess.words if strange and size < _LONG else tuple(filter(holds, guess.words))
        )
        if doubtful and (run or strange):
            found += index.completions(guess)
        text = index.best(typed, [each for each in found if _sounds_the_same(typed, each.folded)])
        if not text and (alone or (doubtful and run and strange and size in _NAME)):
            text = index.best(typed, index.glued(guess.words))
        if not text or (held and not index.is_common(text)):
            return None
        if size == 2 and not run and not index.used(stretch.run_with(fold_literal(text), folded)):
            return None
        nowhere = not index.used(typed)
        sure = nowhere and not held and (size > 2 or index.is_common(text))
        return _Change(stretch.start, stretch.end, text, nowhere, sure)

    def _near_sound(self, folded: str, stretch: Stretch) -> _Change | None:
        """A run that stands nowhere, as a completion of nearly the same sound."""
        typed = folded[stretch.start : stretch.end]
        if not self._doubtful or not stretch.is_run or len(typed) < _NEAR_FROM:
            return None
        if stretch.words == stretch.pieces:
            return None
        text = self._index.best(typed, self._index.completions(near_sound(typed)))
        if not text or self._index.used(typed):
            return None
        return _Change(stretch.start, stretch.end, text, nowhere=True, sure=True)

    def _pinyin(self, text: str) -> list[_Change]:
        """Read the whole text as full pinyin, in as few words as possible."""
        letters = plain_pinyin(text)
        ways = spelt_out(letters) if _PINYIN.fullmatch(letters) else []
        ways = [sounds for sounds in ways if len(sounds) <= _SYLLABLES]
        if not ways or (not has_tones(text) and self._index.used(fold(text)) >= FEW):
            return []
        read = [found for sounds in ways if (found := self._read(sounds))]
        # More syllables than necessary are read as one word only: yuanyuzhou is not 预案 宇宙.
        fewest = len(ways[0])
        sure = [each for each in read if each[0] == 1 or len(each[-1]) == fewest]
        if not sure:
            return []
        nowhere = not self._index.stands(fold_literal(text))
        return [_Change(0, len(text), min(sure)[-1], nowhere, sure=nowhere)]

    def _read(self, sounds: Sequence[str]) -> tuple[int, int, str] | None:
        """As few words as possible with these sounds: how many, minus the articles that hold the rarest, and the words."""
        best: list[tuple[str, ...] | None] = [(), *(None for _ in sounds)]
        for start in range(len(sounds)):
            before = best[start]
            if before is None:
                continue
            for end in range(start + 2, min(len(sounds), start + _LONGEST) + 1):
                so_far = best[end]
                if so_far is not None and len(so_far) <= len(before) + 1:
                    continue
                part = sounds[start:end]
                guess = of_sounds(part, self._analyzer.sounding(part))
                spoken = self._index.completions(guess) + self._index.words(guess.words)
                if word := self._index.best("", spoken):
                    best[end] = (*before, word)
        words = best[-1]
        if not words:
            return None
        rarest = min(self._index.used(fold_literal(word)) for word in words)
        return len(words), -rarest, "".join(words)

    def _letters(self, folded: str) -> Iterator[_Change]:
        """Latin words with one wrong letter. A short one is never surely wrong: too many words differ in one letter of four."""
        index = self._index
        for match in _LETTERS.finditer(folded):
            typed, guess = match[0], one_letter(match[0])
            if text := index.best(typed, index.words(guess.words) + index.completions(guess)):
                nowhere = not index.stands(typed)
                sure = nowhere and len(typed) > LETTERS_FROM and index.is_common(text)
                yield _Change(match.start(), match.end(), text, nowhere, sure)


def _sounds_the_same(typed: str, text: str) -> bool:
    """Whether the characters that differ are read alike. One may have a reading that it does not have in the word."""
    return all(
        one.sound == other.sound
        for one, other in zip(units(typed), units(text), strict=True)
        if one.text != other.text
    )
