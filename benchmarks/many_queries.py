"""Many distinct queries asked of one process: does its memory stay within what its caches may take?

    SEARCH_INDEX_DIR=... SEARCH_STORE_URL=... python -m benchmarks.many_queries [--queries FILE] [--count 100000] [--seed 7]

The benchmark asks each real query once, in random order, and then pairs of them. Each goes through ``Services.search``
with two facets, as the API asks it. After 1,000, 10,000, 50,000 and all queries it prints a line: the private memory of
the process (Private_Dirty of ``/proc/self/smaps_rollup``, without pages of the index), the size and the limit
of the caches that are limited in bytes, and the entries of the other caches. "Besides" is private memory minus the bytes
in caches.

The exit code is 1 if "besides" grows by more than ALLOWED from the first line to the last.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import random
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from time import process_time
from typing import Final

from benchmarks.real_queries import real_queries
from indexer.analysis.memo import Memo
from indexer.columnar.search.cache import BoundedCache
from indexer.columnar.search.impacts import Impacts
from indexer.settings import IndexSettings, read_settings
from search_service.answering.search import Question
from search_service.assembly import make_services
from search_service.services import Services

MIB: Final = 2**20
ALLOWED: Final = 50 * MIB
TOLD: Final = (1_000, 10_000, 50_000)


def distinct_queries(texts: list[str], chance: random.Random) -> Iterator[str]:
    """First the texts, then pairs of them, without repeats."""
    known = set(texts)
    singles = sorted(known)
    chance.shuffle(singles)
    yield from singles
    while True:
        pair = " ".join(chance.sample(singles, 2))
        if pair not in known:
            known.add(pair)
            yield pair


def private_bytes() -> int:
    """The bytes of private memory that the process has written to."""
    rows = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    return 1024 * sum(int(row.split()[1]) for row in rows if row.startswith("Private_Dirty"))


def held() -> tuple[int, int, dict[str, int]]:
    """The bytes held by the caches that are limited in bytes, their limit, and the entries of each other cache."""
    everything = gc.get_objects()
    caches = [each for each in everything if isinstance(each, BoundedCache)]
    impacts = [each for each in everything if isinstance(each, Impacts)]
    entries = {
        "places": sum(len(each._places) for each in impacts),
        "words": sum(len(each) for each in everything if isinstance(each, Memo)),
        "counted": sum(len(each._asked) for each in caches),
    }
    return sum(each.held for each in caches), sum(each._limit for each in caches), entries


def tell(asked: int, began: float) -> int:
    """Print one line. Returns the bytes besides the caches."""
    gc.collect()
    private = private_bytes()
    holding, limit, entries = held()
    numbers = [f"{number / MIB:,.0f}" for number in (private, holding, limit, private - holding)]
    counts = ", ".join(f"{name} {count:,}" for name, count in entries.items())
    spent = f"{process_time() - began:,.0f}"
    print("|", " | ".join((f"{asked:,}", *numbers, counts, spent)), "|", flush=True)
    return private - holding


def run(services: Services, texts: Iterator[str], count: int) -> int:
    began = process_time()
    told = []
    for number, text in enumerate(islice(texts, count), start=1):
        services.search(Question(text=text, facets=("channel", "source"), size=10))
        if number in TOLD or number == count:
            told.append(tell(number, began))
    grown = told[-1] - told[0]
    print(f"\nbesides the caches {grown / MIB:+,.0f} MiB; allowed {ALLOWED // MIB}")
    return 1 if grown > ALLOWED else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--queries", type=Path, help="lines of source, tab, query")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    texts = [text for _, text in real_queries(options.queries)]
    with closing(make_services(read_settings(IndexSettings, os.environ))) as services:
        services.warm_up()
        print(f"{platform.python_version()}, {platform.machine()}, seed {options.seed}; in MiB\n")
        print("| queries | private | caches hold | may hold | besides | entries | seconds |")
        print("| --- " * 7 + "|")
        return run(services, distinct_queries(texts, random.Random(options.seed)), options.count)


if __name__ == "__main__":
    sys.exit(main())
