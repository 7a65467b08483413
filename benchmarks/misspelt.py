"""Misspelt words: what search makes of a word with one wrong character, and of real queries. ``known_items`` prints it.

A wrong character sounds like the right one, tone aside, as typing by sound gives it. Only characters of GB 2312 in their
usual reading take part. The more titles of the articles hold a character, the more likely somebody picks it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple

from indexer.analysis.analyzers import Analyzer
from indexer.analysis.characters import fold, fold_literal
from indexer.analysis.dictionary import packaged_dictionary
from indexer.analysis.pinyin import HAN_CHARACTER, homophones, is_chinese, readings, units
from indexer.article import Article
from indexer.engines.base import Reader
from indexer.query import Literal, SearchRequest
from search_service.answering.search import Question
from search_service.services import Services

HELD_BY: Final = 20
"""The fewest articles that hold a word that is misspelt."""
COMMON: Final = 5
"""Only so many homophones of a character are tried, the most frequent ones."""
FIELDS: Final = ("title", "lead", "body")

BySound = Mapping[str, Sequence[str]]
"""For each sound its characters, the most frequent first."""


class Misspelt(NamedTuple):
    """A word of the articles, and the same word with one wrong character, which neither dictionary nor article holds."""

    word: str
    typed: str


def common_homophones(titles: Iterable[str]) -> BySound:
    """The characters of each sound by how often the titles hold them. Equally frequent ones stand in code point order."""
    counted = Counter(character for title in titles for character in fold(title))
    return {
        sound: sorted(
            (each for each in characters if readings(each)[0] == sound),
            key=lambda each: -counted[each],
        )
        for sound, characters in homophones().items()
    }


def wrong_characters(text: str, by_sound: BySound) -> list[tuple[int, list[str]]]:
    """The place of each Chinese character of a text, and the characters that sound like it. Places without any are left out."""
    folded = fold(text)
    places = [match.start() for match in HAN_CHARACTER.finditer(folded)]
    sounds = [unit.sound for unit in units(folded) if HAN_CHARACTER.match(unit.text)]
    found = []
    for place, sound in zip(places, sounds, strict=True):
        others = [each for each in by_sound.get(sound, ()) if each != folded[place]]
        if others:
            found.append((place, others))
    return found


def with_homophone(text: str, chance: random.Random, by_sound: BySound) -> str | None:
    """The text with one character replaced by its most frequent homophone; None if no character has one."""
    ways = wrong_characters(text, by_sound)
    if not ways:
        return None
    place, others = chance.choice(ways)
    return replaced(text, place, others[0])


def replaced(text: str, place: int, character: str) -> str:
    return text[:place] + character + text[place + 1 :]


def holds_text(article: Article, folded: str) -> bool:
    """Whether a text field of the article holds a folded text."""
    return any(folded in fold(getattr(article, name)) for name in FIELDS)


def misspelt_words(
    size: int, reader: Reader, analyzer: Analyzer, chance: random.Random, by_sound: BySound
) -> Iterator[Misspelt]:
    """Words of ``size`` characters in random order, each with one wrong character. Words without such a spelling are left out.

    The words are those of the dictionary that HELD_BY articles hold.
    """
    words = [
        word
        for word in packaged_dictionary().frequencies()
        if len(word) == size and is_chinese(word) and fold(word) == word
    ]
    counts = reader.document_frequencies("body", words)
    held = [word for word, count in zip(words, counts, strict=True) if count >= HELD_BY]
    chance.shuffle(held)
    for word in held:
        ways = wrong_characters(word, by_sound)
        chance.shuffle(ways)
        typed = (replaced(word, place, each) for place, others in ways for each in others[:COMMON])
        for each in typed:
            if not analyzer.holds(each) and not reader.count(SearchRequest(Literal(each))):
                yield Misspelt(word, each)
                break


def ask_misspelt(services: Services, name: str, words: Sequence[Misspelt]) -> list[str]:
    """Ask misspelt words, and print a row of a table. Returns a line about each whose word no hit of the first page holds."""
    found: Counter[str] = Counter()
    missed = []
    for word, typed in words:
        answer = services.search(Question(text=typed))
        correction = answer.understood.correction
        meant = "nothing meant"
        holds = any(holds_text(hit.article, word) for hit in answer.hits)
        found["article"] += holds
        if correction:
            right = "right" if fold_literal(correction.query) == word else "another"
            how = "applied" if correction.applied else "offered"
            found[f"{right} {how}"] += 1
            meant = f"{how} {correction.query}"
        if not holds:
            missed.append(f"{typed} for {word}: {meant}, {answer.total} articles found")
    total = len(words)
    shares = [f"{found['article'] / total:.3f}"]
    for right in ("right", "another"):
        shares += [f"{found[f'{right} {how}'] / total:.3f}" for how in ("offered", "applied")]
    print(f"| {name} | {total} | {' | '.join(shares)} |")
    return missed


def print_misses(missed: Mapping[str, Sequence[str]], most: int) -> None:
    """Print at most so many misses of each kind."""
    for name, lines in missed.items():
        if lines[:most]:
            print(f"\n{name}, {len(lines)} misses:")
            print(*(f"  {line}" for line in lines[:most]), sep="\n")


def print_corrections(
    services: Services, by_sound: BySound, *, count: int, seed: int, misses: int
) -> None:
    """Print the table of misspelt words: ``count`` of four characters, and half as many of three and of two."""
    missed: dict[str, list[str]] = {}
    print("\n| one wrong character | asked | right article among the first 10 ", end="")
    print("| right word offered | right word applied | another offered | another applied |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for size, wanted in ((4, count), (3, count // 2), (2, count // 2)):
        chance = random.Random(f"{seed} misspelt {size}")
        with services.live.reader() as (reader, _, analyzer):
            made = misspelt_words(size, reader, analyzer, chance, by_sound)
            words = list(islice(made, wanted))
        if words:
            name = f"word of {size} characters"
            missed[name] = ask_misspelt(services, name, words)
    print_misses(missed, misses)


def print_real(services: Services, queries: Sequence[str]) -> None:
    """Print the real queries that got a correction, to be read, and how many these are."""
    offered = []
    for text in queries:
        answer = services.search(Question(text=text))
        if correction := answer.understood.correction:
            offered.append((text, correction.query, correction.applied, answer.total))
    print("\n| typed | meant | applied | articles |\n| --- | --- | --- | --- |")
    for typed, meant, applied, total in offered:
        print(f"| {typed} | {meant} | {'yes' if applied else 'no'} | {total:,} |")
    taken = sum(applied for _, _, applied, _ in offered)
    print(
        f"\n{len(queries):,} real queries: {len(offered) - taken} were offered a correction, "
        f"{taken} got one applied"
    )
