"""Suggestions and corrections on the real articles: how long they take, what comes back, and what is offered wrongly.

    python -m benchmarks.suggest --index FOLDER [--queries 4000] [--seed 7] [--show 10]

``benchmarks.real_queries --index`` must have filled FOLDER. Suggestions: the time for beginnings of real queries, typed in
characters, pinyin and initials. Corrections are measured in two ways, with real queries that find plenty of articles.
First: how many of these queries get a correction, which is nearly always wrong. Second: one character of each query is
replaced by another character of the same sound; how many of these texts are corrected back to the query.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from benchmarks.real_queries import real_queries
from indexer.analysis.characters import fold_literal
from indexer.analysis.pinyin import HAN_CHARACTER, homophones, units
from indexer.settings import IndexSettings, read_settings
from search_service.answering.search import Question
from search_service.assembly import make_services
from search_service.ranking.weights import FEW
from search_service.services import Services

SHORTEST, LONGEST = 3, 12
"""Minimum and maximum number of characters of the misspelt queries. Headlines are longer, but nobody types them."""
FEW_ASKED = 300
"""The number of first queries that are measured even if they find little. Later queries are measured only if they find plenty."""


def beginnings(text: str) -> Iterable[tuple[str, str]]:
    """The texts that somebody types on the way to a query: how each is typed, and the typed text."""
    read = units(fold_literal(text))[:4]
    for size in range(1, len(read) + 1):
        yield "characters", "".join(unit.text for unit in read[:size])
        yield "pinyin", "".join(unit.sound for unit in read[:size])
        yield "initials", "".join(unit.sound[0] for unit in read[:size])


def time_suggestions(services: Services, queries: Sequence[str]) -> None:
    """Print the times of suggestions."""
    typed = [each for text in queries for each in beginnings(text)]
    times: dict[str, list[float]] = {}
    for kind, text in typed:
        began = time.perf_counter()
        services.suggest(text, size=8)
        times.setdefault(kind, []).append((time.perf_counter() - began) * 1000)
    for kind, taken in times.items():
        p50, p95, p99 = np.percentile(taken, (50, 95, 99))
        print(f"suggest {kind:10} {len(taken):5} p50 {p50:.2f} p95 {p95:.2f} p99 {p99:.2f} ms")


def misspelt(text: str, chance: random.Random) -> str | None:
    """The text with one character replaced by another one of the same sound; None if there is none."""
    folded = fold_literal(text)
    places = [place for place, each in enumerate(folded) if HAN_CHARACTER.match(each)]
    if len(places) != len(folded):
        return None
    place = chance.choice(places)
    sound = units(folded)[place].sound
    others = [each for each in homophones().get(sound, "") if each != folded[place]]
    if not others:
        return None
    return folded[:place] + chance.choice(others) + folded[place + 1 :]


def measure_corrections(
    services: Services, queries: Sequence[str], chance: random.Random, *, show: int
) -> None:
    """Print how many misspelt queries are corrected back, and how many good queries get a correction."""
    found: Counter[str] = Counter()
    times: list[float] = []
    wrong: list[str] = []
    lost: list[str] = []
    for number, text in enumerate(queries):
        plain = services.search(Question(text=text, syntax="plain", correct=False))
        strict = plain.understood.rung in ("words", "inside")
        group = "plenty" if plain.total >= FEW and strict else "few"
        if group == "few" and number >= FEW_ASKED:
            continue
        began = time.perf_counter()
        offered = services.search(Question(text=text, syntax="plain")).understood.correction
        times.append((time.perf_counter() - began) * 1000 - plain.took_ms)
        found[group] += 1
        if offered:
            found[f"{group} offered"] += 1
            wrong.append(f"{group}: {text} -> {offered.query} ({plain.total})")
        typed = misspelt(text, chance)
        if group != "plenty" or typed is None:
            continue
        found["misspelt"] += 1
        correction = services.search(Question(text=typed, syntax="plain")).understood.correction
        if correction and fold_literal(correction.query) == fold_literal(text):
            found["came back"] += 1
        elif correction:
            found["came back as another"] += 1
            lost.append(f"{text}: {typed} -> {correction.query}")
        else:
            lost.append(f"{text}: {typed} -> nothing")
    print(dict(found))
    p50, p95 = np.percentile(times, (50, 95))
    print(f"correction adds p50 {p50:.2f} p95 {p95:.2f} ms to a query as typed")
    for line in (*wrong[:show], *lost[:show]):
        print("  ", line)


def main() -> None:
    """Run the measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--queries", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--show", type=int, default=10)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    texts = [text for _, text in real_queries() if SHORTEST <= len(text) <= LONGEST]
    queries = chance.sample(texts, arguments.queries)
    settings = read_settings(
        IndexSettings,
        {
            "SEARCH_INDEX_DIR": str(arguments.index / "index_data"),
        },
    )
    with closing(make_services(settings)) as services:
        services.warm_up()
        services.suggest("x")
        time_suggestions(services, queries[:FEW_ASKED])
        measure_corrections(services, queries, chance, show=arguments.show)


if __name__ == "__main__":
    main()
