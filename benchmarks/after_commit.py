"""The most frequent queries before and after commits of one article each: what do caches that were lost cost?

    SEARCH_INDEX_DIR=... SEARCH_STORE_URL=sqlite:///... python -m benchmarks.after_commit
        [--queries FILE] [--hottest 20] [--commits 9] [--now 2024-01-01T00:00:00Z]

The benchmark copies the index and its store into a temporary folder and leaves the originals alone. The queries are the
most frequent texts of FILE. Equally frequent texts come in the order of FILE. Each query asks for ten hits with two
facets, and is asked twice to warm up. Then, ``--commits`` times, one invented article is stored and applied as
``rebuild --changes`` does it. The writer decides when segments are merged.

One side opens each new commit. The other side keeps the commit before the first one open. Both sides answer each query
in turn; the side that begins alternates with every query. The benchmark reports three times for each query, each the
median over all commits: the time of the side with the old commit ("before"), and the times of the first and the second
call on the side with the new commit. Times are processor time of the process around each call.

After each commit, newly opened services, which have no caches, answer the same queries. The exit code is 1 if an answer
differs by the rules of ``against_commit``.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from benchmarks.against_commit import TIED_AT_END, differences
from benchmarks.answering import Result, ask
from benchmarks.real_queries import real_queries
from indexer.analysis.analyzers import Analyzer, make_analyzer
from indexer.fields import make_article
from indexer.generations import Generations
from indexer.rebuilding.catch_up import apply_changes
from indexer.settings import IndexSettings, read_settings
from indexer.store.database import open_store, read_words
from search_service.assembly import make_services
from search_service.live.index import LiveIndex
from search_service.services import Services

_SQLITE = "sqlite:///"


class Side:
    """Services at one fixed time. They look for a new commit only when told to."""

    def __init__(self, settings: IndexSettings, now: datetime) -> None:
        self._time = 0.0
        made = make_services(settings)
        live = LiveIndex(
            Generations(settings.index_dir),
            analyzer=make_analyzer(words=read_words(settings.store_url)),
            timezone=settings.timezone,
            clock=lambda: self._time,
        )
        self.services: Services = replace(made, live=live, clock=lambda: now)
        self.services.warm_up()

    def look(self) -> float:
        """Open the last commit. Returns milliseconds of processor time."""
        self._time += 60.0
        began = time.process_time()
        self.services.index_state()
        return 1000 * (time.process_time() - began)

    def ask(self, texts: Sequence[str]) -> list[Result]:
        return [ask(self.services, "search", text) for text in texts]

    def close(self) -> None:
        self.services.close()


def copied(settings: IndexSettings, folder: Path) -> IndexSettings:
    """Copy the index and its store. Returns the settings of the copy."""
    if not settings.store_url.startswith(_SQLITE):
        raise SystemExit(f"error: only a store of {_SQLITE} can be copied")
    shutil.copytree(settings.index_dir, folder / "index")
    source = Path(settings.store_url.removeprefix(_SQLITE))
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as from_,
        closing(sqlite3.connect(folder / "articles.sqlite3")) as to,
    ):
        from_.backup(to)
    return replace(
        settings,
        index_dir=folder / "index",
        store_url=f"{_SQLITE}{folder / 'articles.sqlite3'}",
    )


def commit(settings: IndexSettings, analyzer: Analyzer, number: int, now: datetime) -> None:
    """Store one invented article and apply it to the live generation."""
    article = make_article(
        {
            "id": f"after-commit-{number}",
            "title": f"山城第{number}号通知：今天的雨水和最近的基金",
            "body": f"这是第{number}天。人们说，今年的雨水比去年多，基金公司回应了大家的问题。\n"
            * (5 + number),
            "published_at": (now - timedelta(hours=number)).isoformat(),
            "channel": "本地",
        },
        timezone=UTC,
    )
    with closing(open_store(settings.store_url)) as store:
        store.put([article])
        apply_changes(
            store,
            Generations(settings.index_dir),
            engine_name=settings.engine,
            analyzer=analyzer,
            timezone=settings.timezone,
        )


def in_turn(one: Side, other: Side, texts: Sequence[str]) -> tuple[list[Result], list[Result]]:
    """Ask both sides each query, one side after the other. Returns the answers of both."""
    answers: tuple[list[Result], list[Result]] = [], []
    for place, text in enumerate(texts):
        for side in (0, 1) if place % 2 else (1, 0):
            answers[side].extend((one, other)[side].ask([text]))
    return answers


def told_apart(texts: Sequence[str], ours: Sequence[Result], fresh: Sequence[Result]) -> int:
    """Print the answers that differ. Returns their number."""
    differing = 0
    for text, one, other in zip(texts, ours, fresh, strict=True):
        found = [each for each in differences(one, other) if each != TIED_AT_END]
        differing += bool(found)
        if found:
            print(text, *found, sep="\n  ")
    return differing


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--queries", type=Path, help="lines of source, tab, query")
    parser.add_argument("--hottest", type=int, default=20, help="how many queries")
    parser.add_argument("--commits", type=int, default=9)
    parser.add_argument(
        "--now",
        type=datetime.fromisoformat,
        default=datetime(2024, 1, 1, tzinfo=UTC),
        help="what time it is, with an offset",
    )
    options = parser.parse_args()
    counted = Counter(text for _, text in real_queries(options.queries))
    texts = [text for text, _ in counted.most_common(options.hottest)]
    with tempfile.TemporaryDirectory() as folder:
        settings = copied(read_settings(IndexSettings, os.environ), Path(folder))
        analyzer = make_analyzer(words=read_words(settings.store_url))
        with (
            closing(Side(settings, options.now)) as staying,
            closing(Side(settings, options.now)) as going,
        ):
            for _ in range(2):
                staying.ask(texts)
                going.ask(texts)
            times: list[list[list[float]]] = [[], [], []]
            opening, differing = [], 0
            for number in range(1, options.commits + 1):
                commit(settings, analyzer, number, options.now)
                opening.append(going.look())
                stayed, answers = in_turn(staying, going, texts)
                with closing(Side(settings, options.now)) as fresh:
                    differing += told_apart(texts, answers, fresh.ask(texts))
                for taken, results in zip(times, (stayed, answers, going.ask(texts)), strict=True):
                    taken.append([result["cpu"] for result in results])
    before, first, later = (np.median(taken, axis=0) for taken in times)
    print(
        f"{platform.python_version()}, {platform.machine()}, {len(texts)} queries, "
        f"{options.commits} commits; opening a commit {np.median(opening):.1f} ms"
    )
    print("\n| processor time, ms | p50 | p95 | mean | p50 against before |")
    print("| --- | --- | --- | --- | --- |")
    rows = {"before": before, "first after a commit": first, "again after it": later}
    for name, each in rows.items():
        p50, p95 = np.percentile(each, (50, 95))
        ratio = p50 / np.percentile(before, 50)
        print(f"| {name} | {p50:.3f} | {p95:.3f} | {np.mean(each):.3f} | {ratio:.2f} |")
    print(f"\nmedian of the queries' own ratios {np.median(first / before):.2f}; ", end="")
    print(f"{differing} answers differ from those without caches")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
