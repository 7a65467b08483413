"""Known items: does somebody who remembers an article find it? Seven kinds of question about real articles.

    SEARCH_INDEX_DIR=... SEARCH_STORE_URL=sqlite:///... python -m benchmarks.known_items
        [--count 300] [--seed 7] [--misses 0] [--real FILE] [--queries 3000] [--now 2024-01-01T00:00:00Z]

The articles are random ones that are visible at the given time, whose title has TITLE_HAN Chinese characters or more and
whose body has BODY characters or more. Each question goes through ``Services.search`` as readers ask it: first page, ten
hits. The table shows the share of the questions with a right first hit, and with a right hit among the first ten. A hit
is right if it is the article, if it is of the same duplicate group, or if its title begins alike: with the same BEGINNING
letters and digits, or with those that were typed of a title's beginning. For a word in pinyin any article is right that
holds the word.

The second table shows what becomes of words with one wrong character (``misspelt.py``). ``--real`` also asks
random queries of FILE (lines of source, tab, query) and lists those that got a correction, for somebody to read.

``--misses`` prints that many misses of each kind with the title of the first hit. The random choices of a kind depend on
the seed and the article alone. So two commits answer the same questions, except for those made of words, if they cut
words differently.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from opencc import OpenCC

from benchmarks.misspelt import (
    BySound,
    common_homophones,
    holds_text,
    print_corrections,
    print_misses,
    print_real,
    with_homophone,
)
from benchmarks.real_queries import real_queries
from indexer.analysis.analyzers import Analyzer, words_of
from indexer.analysis.characters import HAN, fold
from indexer.analysis.pinyin import HAN_CHARACTER, is_chinese, units
from indexer.article import Article
from indexer.engines.base import Reader
from indexer.settings import IndexSettings, read_settings
from indexer.store.articles import ArticleStore
from indexer.store.dialects import make_engine
from search_service.answering.search import Question
from search_service.assembly import make_services
from search_service.services import Services

TITLE_HAN: Final = 9
BODY: Final = 200
BEGINNING: Final = 8
"""Characters of a title that are typed, or letters and digits that are compared."""
TELLING: Final = 3
HELD_BY: Final = 5
"""The fewest articles that hold a telling word. Rarer ones are mostly misprints and wrong cuts."""
PHRASE: Final = 4
FIRST_PAGE: Final = 10
PATIENCE: Final = 60.0
"""Seconds for a search. Answers must not depend on how busy the machine is."""

_RUN: Final = re.compile(f"(?=([{HAN}]{{6}}))")
"""Six Chinese characters in a row, from every place on."""


class Asked(NamedTuple):
    """A question, and which hits answer it."""

    text: str
    is_right: Callable[[Article], bool]


@dataclass(frozen=True, slots=True)
class Made:
    """What questions are made with."""

    reader: Reader
    analyzer: Analyzer
    by_sound: BySound
    to_traditional: Callable[[str], str]


Kind = Callable[[Article, random.Random, Made], str | None]
"""Makes the text of a question about an article. None if the article has nothing to ask for in this way."""


def title_begins(article: Article, _: random.Random, __: Made) -> str:
    return article.title[:BEGINNING]


def telling_words(article: Article, _: random.Random, made: Made) -> str | None:
    """The rarest Chinese words of the body that HELD_BY articles hold, in the order of the body."""
    words = [
        word
        for word in dict.fromkeys(words_of(made.analyzer, article.body))
        if len(word) > 1 and is_chinese(word)
    ]
    counts = dict(zip(words, made.reader.document_frequencies("body", words), strict=True))
    known = [word for word in words if counts[word] >= HELD_BY]
    rarest = set(sorted(known, key=counts.__getitem__)[:TELLING])
    return " ".join(word for word in words if word in rarest) if len(rarest) == TELLING else None


def literal(article: Article, chance: random.Random, _: Made) -> str | None:
    runs = [match[1] for match in _RUN.finditer(article.body)]
    return f'"{chance.choice(runs)}"' if runs else None


def traditional(article: Article, _: random.Random, made: Made) -> str:
    return made.to_traditional(article.title)


def title_misspelt(article: Article, chance: random.Random, made: Made) -> str | None:
    return with_homophone(article.title, chance, made.by_sound)


def beginning_misspelt(article: Article, chance: random.Random, made: Made) -> str | None:
    return with_homophone(article.title[:BEGINNING], chance, made.by_sound)


def phrase(article: Article, chance: random.Random, made: Made) -> str | None:
    """A word of four characters that the dictionary holds, from the title or the body."""
    words = words_of(made.analyzer, f"{article.title}\n{article.body}")
    found = [
        word
        for word in dict.fromkeys(words)
        if len(word) == PHRASE and is_chinese(word) and made.analyzer.holds(word)
    ]
    return chance.choice(found) if found else None


KINDS: Final[Mapping[str, Kind]] = {
    "first eight characters of the title": title_begins,
    "three telling words of the body": telling_words,
    "six characters of the body, quoted": literal,
    "title in traditional script": traditional,
    "title with one homophone": title_misspelt,
    "first eight characters, one homophone": beginning_misspelt,
}
PINYIN: Final = "word of four characters in pinyin"


def question_about(article: Article, name: str, made: Made, seed: int) -> Asked | None:
    """The question of a kind about an article; None if there is none."""
    chance = random.Random(f"{seed} {name} {article.id}")
    if name == PINYIN:
        word = phrase(article, chance, made)
        if word is None:
            return None
        typed = "".join(unit.sound for unit in units(word))
        return Asked(typed, lambda hit: holds_text(hit, word))
    text = KINDS[name](article, chance, made)
    compared = letters(article.title)[:BEGINNING]
    if KINDS[name] in (title_begins, beginning_misspelt):
        compared = letters(article.title[:BEGINNING])
    return None if text is None else Asked(text, lambda hit: is_alike(hit, article, compared))


def is_alike(hit: Article, article: Article, beginning: str) -> bool:
    """Whether a hit is the article, is of its duplicate group, or has a title with that beginning."""
    return (
        hit.id == article.id
        or (hit.duplicate_group == article.duplicate_group != 0)
        or letters(hit.title).startswith(beginning)
    )


def letters(title: str) -> str:
    """A folded title without punctuation and blanks."""
    return "".join(each for each in fold(title) if each.isalnum())


def visible_articles(url: str, now: datetime) -> Iterator[Article]:
    """The articles of a store that readers may see, oldest revision first. Only reads the store."""
    with closing(ArticleStore(make_engine(url, reading=True))) as store:
        for change in store.changes():
            if change.article and change.article.is_visible(now):
                yield change.article


def chosen(articles: Sequence[Article], count: int, seed: int) -> list[Article]:
    """Random articles with a title and a body that are long enough, whatever their order."""
    fit = [
        each
        for each in articles
        if len(each.body) >= BODY and len(HAN_CHARACTER.findall(fold(each.title))) >= TITLE_HAN
    ]
    fit.sort(key=lambda each: each.id)
    return random.Random(seed).sample(fit, min(count, len(fit)))


def ask_kind(services: Services, name: str, asked: Sequence[Asked]) -> list[str]:
    """Ask the questions of a kind, and print a row of a table. Returns a line about each without a right first hit."""
    places: list[int] = []
    missed = []
    for question in asked:
        hits = services.search(Question(text=question.text, size=FIRST_PAGE)).hits
        right = [place for place, hit in enumerate(hits, 1) if question.is_right(hit.article)]
        places += right[:1]
        if right[:1] != [1]:
            first = hits[0].title.text if hits else "nothing"
            missed.append(f"{question.text}: right at {right[0] if right else '-'}, first: {first}")
    total = len(asked)
    print(f"| {name} | {total} | {places.count(1) / total:.3f} | {len(places) / total:.3f} |")
    return missed


def print_known_items(
    services: Services, sample: Sequence[Article], by_sound: BySound, *, seed: int, misses: int
) -> None:
    """Print the table of the seven kinds, and some misses of each."""
    missed: dict[str, list[str]] = {}
    print("\n| question | asked | right at 1 | right at 10 |\n| --- | --- | --- | --- |")
    for name in (*KINDS, PINYIN):
        with services.live.reader() as (reader, _, analyzer):
            made = Made(reader, analyzer, by_sound, OpenCC("s2t").convert)
            asked = [question_about(article, name, made, seed) for article in sample]
        missed[name] = ask_kind(services, name, [each for each in asked if each])
    print_misses(missed, misses)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=300, help="articles, and misspelt words")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--misses", type=int, default=0, help="misses of each kind to print")
    parser.add_argument("--real", type=Path, help="ask queries of this file: source, tab, query")
    parser.add_argument("--queries", type=int, default=3000, help="how many queries of the file")
    parser.add_argument(
        "--now",
        type=datetime.fromisoformat,
        default=datetime(2024, 1, 1, tzinfo=UTC),
        help="what time it is, with an offset",
    )
    options = parser.parse_args()
    settings = read_settings(IndexSettings, os.environ)
    articles = list(visible_articles(settings.store_url, options.now))
    titles = [article.title for article in articles]
    sample = chosen(articles, options.count, options.seed)
    del articles
    by_sound = common_homophones(titles)
    made = make_services(settings)
    with closing(replace(made, clock=lambda: options.now, time_limit=PATIENCE)) as services:
        services.warm_up()
        print(f"{platform.python_version()}, {len(titles):,} articles, seed {options.seed}")
        told = {"seed": options.seed, "misses": options.misses}
        print_known_items(services, sample, by_sound, **told)
        print_corrections(services, by_sound, count=options.count, **told)
        if options.real:
            queries = [text for _, text in real_queries(options.real)]
            chance = random.Random(options.seed)
            print_real(services, chance.sample(queries, min(options.queries, len(queries))))


if __name__ == "__main__":
    main()
