"""Correction (您是不是要找): what a reader probably meant. Every corrected word occurs in the index.

Only loose words are corrected: Chinese words to words that sound alike, pinyin to characters, Latin words by one
letter. Phrases come from titles, tags and authors; words also from bodies. Quotes, exclusions, fields and numbers stay
as typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import log2
from typing import Final, Literal, NamedTuple

from indexer.analysis.analyzers import Analyzer, words_of
from indexer.analysis.characters import HAN, fold, fold_literal
from indexer.analysis.typed import plain_pinyin
from indexer.engines.base import Reader
from indexer.engines.completions import shared
from indexer.query import CompletionRequest, Match, MatchAll, Query, SearchRequest
from indexer.query import Literal as LiteralQuery
from search_service.correction.alike import (
    LETTERS_FROM,
    LETTERS_TO,
    ONE_WRONG_FROM,
    Guess,
    near_sound,
    of_sounds,
    one_letter,
    one_wrong,
    same_sound,
    spelt_out,
)
from search_service.ranking.weights import CORRECT_FACTOR, FEW, FIELD_WEIGHTS, RARE_OF
from search_service.understanding.tree import All, Either, Node, Words, spell, wanted

_LONGEST: Final = 8
"""Maximum number of characters of a corrected word. The phrases that an index offers are no longer than this."""
_READ: Final = 12
"""Maximum number of Chinese characters in a row that are corrected. A longer run is a headline or a question, where one wrong
character changes little."""
_STRETCHES: Final = 8
"""Maximum number of stretches of characters that are looked up, the longest first. Each costs a millisecond."""
_SYLLABLES: Final = 12
_SURE_SYLLABLES: Final = 3
"""From this many syllables on, letters that read as a word are pinyin, however rare the word is."""
_CANDIDATES: Final = 5

MOST_REMEMBERED: Final = 20_000
"""Maximum number of texts that are remembered as correct. They take some five MiB."""

_CHINESE_RUN: Final = re.compile(f"[{HAN}]{{2,}}")
_LETTERS: Final = re.compile(rf"(?<![^\W_])[a-z]{{{LETTERS_FROM},{LETTERS_TO}}}(?![^\W_])")
_PINYIN: Final = re.compile(r"[a-z]{1,40}(?:[ '’][a-z]{1,40})*")


Doubt = Literal["none", "some", "much"]
"""How likely a misspelling is.

none: the search found enough with all words. Only runs of single characters that form no word are checked.
some: the search found enough, but not with all words. Stretches with a rare word or a single character are checked.
much: the search found too little. Every stretch is checked.
"""


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


class _Change(NamedTuple):
    start: int
    end: int
    text: str


def corrected(
    tree: Node,
    reader: Reader,
    analyzer: Analyzer,
    *,
    seen: Query,
    doubt: Doubt,
    deadline: float | None = None,
) -> str | None:
    """The query that was probably meant, in canonical spelling; None if the typed text makes sense.

    Only articles that match ``seen`` count as uses of a word. Costs a few look-ups for each word; some milliseconds with
    much doubt.
    """
    speller = _Speller(
        reader, analyzer, SearchRequest(MatchAll(), filter=seen, deadline=deadline), doubt
    )
    chinese = any(
        re.search(f"[{HAN}]", fold(leaf.text)) for leaf in wanted(tree) if isinstance(leaf, Words)
    )
    better = _walk(tree, lambda words: speller.meant(words, letters=not chinese))
    return None if better == tree else spell(better)


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


def _has_tones(text: str) -> bool:
    """Whether a text is written as only pinyin is: with tones, or ü where it is u: or v on a keyboard."""
    return plain_pinyin(text) != fold_literal(text)


class _Speller:
    """Corrects words against one snapshot of the index."""

    def __init__(
        self, reader: Reader, analyzer: Analyzer, seen: SearchRequest, doubt: Doubt
    ) -> None:
        self._reader, self._analyzer, self._seen, self._doubt = reader, analyzer, seen, doubt
        self._counts: dict[str, int] = {}
        self._least = max(1.0, log2(max(1, reader.doc_count) / RARE_OF))

    def meant(self, words: Words, *, letters: bool) -> Words:
        """The words that were meant. Returns the same object if nothing needs correction."""
        folded = fold(words.text)
        changes = list(self._chinese(folded))
        if letters and (self._doubt != "none" or _has_tones(words.text)):
            changes += self._pinyin(words.text)
        if self._doubt != "none" and not changes:
            changes += self._letters(folded)
        if not changes:
            return words
        text = words.text
        for change in sorted(changes, reverse=True):
            text = text[: change.start] + change.text + text[change.end :]
        tokens = dict.fromkeys(words_of(self._analyzer, text))
        return replace(words, text=text, tokens=tuple(tokens)) if tokens else words

    def _chinese(self, folded: str) -> Iterator[_Change]:
        """Corrected stretches of Chinese characters: same sounds first, then the longest. They do not overlap."""
        stretches = self._stretches(folded)
        kinds: list[Callable[[str], Guess]] = [same_sound]
        if self._doubt != "none":
            kinds += [near_sound, one_wrong]
        taken: list[tuple[int, int]] = []
        for kind in kinds:
            for start, end in stretches:
                if kind is one_wrong and end - start < ONE_WRONG_FROM:
                    continue
                if any(start < other_end and other < end for other, other_end in taken):
                    continue
                typed = folded[start:end]
                if found := self._best_of(typed, kind(typed)):
                    taken.append((start, end))
                    yield _Change(start, end, found)

    def _stretches(self, folded: str) -> list[tuple[int, int]]:
        """Stretches that may be one misspelt word, from one word border to another, the longest first."""
        tokens = self._analyzer.query(folded)
        known = self._frequent({token.text for token in tokens})
        found: list[tuple[int, int]] = []
        for run in _CHINESE_RUN.finditer(folded):
            begin, stop = run.span()
            if stop - begin > _READ:
                continue
            edges = {begin, stop}
            for token in tokens:
                edges |= {edge for edge in (token.start, token.end) if begin <= edge <= stop}
            borders = sorted(edges)
            pieces = [*pairwise(borders)]
            single = [right - left == 1 for left, right in pieces]
            strange = [folded[left:right] not in known for left, right in pieces]
            for first, start in enumerate(borders):
                for last, end in enumerate(borders[first + 1 :], first + 1):
                    if end - start > _LONGEST:
                        break
                    if folded[start:end] in known:
                        continue
                    alone = all(single[first:last])
                    odd = any(single[first:last]) or any(strange[first:last])
                    whole = (start, end) == (begin, stop)
                    least = 2 if whole or (odd and self._doubt != "none") else 3
                    if end - start < least:
                        continue
                    if self._doubt == "much" or alone or (self._doubt == "some" and odd):
                        found.append((start, end))
        return sorted(found, key=lambda each: each[0] - each[1])[:_STRETCHES]

    def _pinyin(self, text: str) -> list[_Change]:
        """Read the whole text as full pinyin, in as few words as possible."""
        letters = plain_pinyin(text)
        ways = spelt_out(letters) if _PINYIN.fullmatch(letters) else []
        ways = [sounds for sounds in ways if len(sounds) <= _SYLLABLES]
        if not ways or (not _has_tones(text) and self._used(fold(text)) >= FEW):
            return []
        read = [found for sounds in ways if (found := self._read(sounds))]
        # More syllables than necessary are read as one word only: yuanyuzhou is not 预案 宇宙.
        fewest = len(ways[0])
        sure = [each for each in read if each[0] == 1 or len(each[-1]) == fewest]
        return [_Change(0, len(text), min(sure)[-1])] if sure else []

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
                if word := self._best_of("", of_sounds(part, self._analyzer.sounding(part))):
                    best[end] = (*before, word)
        words = best[-1]
        if not words:
            return None
        return len(words), -min(self._used(fold_literal(word)) for word in words), "".join(words)

    def _letters(self, folded: str) -> Iterator[_Change]:
        for word in _LETTERS.finditer(folded):
            if found := self._best_of(word[0], one_letter(word[0])):
                yield _Change(word.start(), word.end(), found)

    def _best_of(self, typed: str, guess: Guess) -> str | None:
        """The best guess that is used much more than the typed text.

        Counting how often a text is used may read articles. It is skipped if there is no candidate, the usual case.
        """
        candidates = [*self._completions(guess), *self._words(guess)]
        if not candidates:
            return None
        used = self._used(typed) if typed else 0
        if used >= FEW:
            return None
        candidates.sort(key=lambda each: (-shared(typed, fold_literal(each[1])), -each[0]))
        for _, text in candidates[:_CANDIDATES]:
            # Three syllables hardly ever are something else than pinyin, so a single use is enough.
            least = self._least if typed or len(text) < _SURE_SYLLABLES else 1
            if self._used(fold_literal(text)) >= max(least, CORRECT_FACTOR * used):
                return text
        return None

    def _frequent(self, words: Collection[str]) -> set[str]:
        """The words that occur in at least FEW bodies. They count as correctly spelt."""
        asked = sorted(words)
        counts = self._reader.document_frequencies("body", asked)
        return {word for word, count in zip(asked, counts, strict=True) if count >= FEW}

    def _completions(self, guess: Guess) -> Iterator[tuple[int, str]]:
        request = CompletionRequest(
            guess.keys,
            guess.texts,
            guess.begins,
            guess.whole_keys,
            filter=self._seen.filter,
            size=_CANDIDATES,
            deadline=self._seen.deadline,
        )
        for found in self._reader.complete(request):
            yield found.count, found.text

    def _words(self, guess: Guess) -> Iterator[tuple[int, str]]:
        if not guess.words:
            return
        counts = self._reader.document_frequencies("body", guess.words)
        best = sorted(zip(counts, guess.words, strict=True), reverse=True)[:_CANDIDATES]
        yield from (each for each in best if each[0])

    def _used(self, text: str) -> int:
        """The number of articles that hold a folded text. Letters count as a word, Chinese characters as a literal."""
        if text not in self._counts:
            query: Query = LiteralQuery(text)
            if text.isascii():
                query = Match(words_of(self._analyzer, text), FIELD_WEIGHTS)
            self._counts[text] = self._reader.count(replace(self._seen, query=query))
        return self._counts[text]
