"""This checkout beside one of another commit, over one index: are the answers the same, and what do they cost?

    git worktree add FOLDER COMMIT
    SEARCH_INDEX_DIR=... SEARCH_STORE_URL=... python -m benchmarks.against_commit --other FOLDER
        [--queries FILE | --related] [--count 1000] [--seed 7] [--block 50] [--rounds 1] [--warm-up] [--now 2026-01-01T00:00:00Z] [--show 10]

Each side is one process (``answering.py``), started once, with its own imports and caches. Both answer the same queries
in blocks; while one answers, the other waits. The side that begins alternates with every block. With ``--related``, the
queries are articles of the store, and the call is ``Services.related``. Times are processor time of the process around
each call: other work on the machine counts for less.

In the first round each query is new to both sides, unless ``--warm-up`` asked all of them before. In further rounds the
caches hold the queries. All files of the index are read once before the first round. Otherwise the side that begins
would read them from the disk for both sides (a third more time, on a cold disk). Both sides use one fixed time,
``--now``. If ``--other`` is this checkout itself, the result shows how far equal sides differ.

Two answers are the same if everything is equal, with two exceptions. Scores may differ by 1e-5 of their value. Articles
whose scores differ by at most 1e-5 may stand in any order. At the end of a full page, each side may also show other
articles with such a score ("tied at the end"). The exit code is 1 if any answers differ.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.real_queries import PAGE, real_queries
from indexer.settings import PROJECT, IndexSettings, read_settings
from indexer.store.database import open_store

SAME: Final = 1e-5
"""The largest relative difference of equal scores. Scores are sums of float32, and the order of the sum may differ."""
TIED_AT_END: Final = "tied at the end"
WORKER: Final = Path(__file__).with_name("answering.py")
EXACT: Final = ("error", "rung", "stricter", "total", "groups", "correction", "facets")

Result = dict[str, Any]


class Side:
    """One checkout, which answers in its own process."""

    def __init__(
        self, checkout: Path, environment: dict[str, str], now: datetime, asks: str
    ) -> None:
        self.checkout = checkout.resolve()
        command = (sys.executable, "-c", WORKER.read_text(encoding="utf-8"))
        self._process = subprocess.Popen(
            command,
            cwd=self.checkout,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        source = Path(self._exchange({"now": now.isoformat(), "asks": asks}))
        if not source.is_relative_to(self.checkout):
            raise SystemExit(f"error: {self.checkout} answers with the code of {source}")

    def ask(self, texts: Sequence[str]) -> list[Result]:
        results: list[Result] = self._exchange(texts)
        return results

    def close(self) -> None:
        self._process.communicate()

    def commit(self) -> str:
        """The commit of the checkout, and whether its files were changed."""
        command = ("git", "-C", str(self.checkout), "describe", "--always", "--dirty")
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout.strip() or "no commit"

    def _exchange(self, message: object) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise SystemExit(f"error: {self.checkout} ended with {self._process.wait()}")
        return json.loads(line)


@dataclass(slots=True)
class Round:
    """The milliseconds of processor time of both sides for each query, and the differences between their answers."""

    times: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    differing: list[tuple[str, list[str]]] = field(default_factory=list)
    tied_at_end: int = 0
    errors: list[str] = field(default_factory=list)
    """Errors of queries that failed on both sides."""

    def take(self, text: str, ours: Result, theirs: Result) -> None:
        for times, result in zip(self.times, (ours, theirs), strict=True):
            times.append(result["cpu"])
        if "error" in ours and "error" in theirs:
            self.errors.append(ours["error"])
        found = list(differences(ours, theirs))
        self.tied_at_end += TIED_AT_END in found
        if told := [each for each in found if each != TIED_AT_END]:
            self.differing.append((text, told))


def differences(ours: Result, theirs: Result) -> Iterator[str]:
    """The differences between two answers, one line each. A line begins with the name of what differs."""
    for name in EXACT:
        if ours.get(name) != theirs.get(name):
            yield f"{name}: {short(ours.get(name))}, other {short(theirs.get(name))}"
    if "error" in ours or "error" in theirs:
        return
    pairs = list(zip(ours["scores"], theirs["scores"], strict=False))
    if len(ours["ids"]) != len(theirs["ids"]):
        yield f"hits: {len(ours['ids'])}, other {len(theirs['ids'])}"
    elif worst := max((apart(*pair) for pair in pairs if apart(*pair) > SAME), default=0.0):
        yield f"scores: up to {worst:.1e} apart"
    else:
        yield from other_articles(ours, theirs)
    shown = ours["shown"].keys() & theirs["shown"].keys()
    if odd := [key for key in sorted(shown) if ours["shown"][key] != theirs["shown"][key]]:
        yield f"shown: {len(odd)} hits, such as {odd[0]}"


def other_articles(ours: Result, theirs: Result) -> Iterator[str]:
    """The differences between the articles of two answers, where articles with the same score may stand in any order."""
    end = len(ours["ids"])
    cut = [place for place, pair in enumerate(pairwise(ours["scores"]), 1) if apart(*pair) > SAME]
    for begin, stop in pairwise((0, *cut, end)):
        mine, others = (set(side["ids"][begin:stop]) for side in (ours, theirs))
        if mine == others:
            continue
        if stop == end == PAGE and stop - begin > 1:
            yield TIED_AT_END
        else:
            yield f"ids: at {begin + 1} {short(sorted(mine))}, other {short(sorted(others))}"


def apart(one: float, other: float) -> float:
    """The difference of two scores, as a share of the greater one."""
    greater = max(abs(one), abs(other))
    return abs(one - other) / greater if greater else 0.0


def short(value: object, longest: int = 100) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= longest else text[: longest - 3] + "..."


def compare(sides: tuple[Side, Side], texts: Sequence[str], block: int) -> Round:
    """Ask both sides all queries once, block by block."""
    done = Round()
    for number, start in enumerate(range(0, len(texts), block)):
        part = texts[start : start + block]
        order = (0, 1) if number % 2 == 0 else (1, 0)
        answers = {side: sides[side].ask(part) for side in order}
        for text, ours, theirs in zip(part, answers[0], answers[1], strict=True):
            done.take(text, ours, theirs)
    return done


def article_ids(store_url: str) -> list[str]:
    """The ids of all articles of a store."""
    with closing(open_store(store_url)) as store:
        return [each.article_id for each in store.changes(after=0) if each.article]


def read_through(folder: Path) -> None:
    """Read every file once. Then the files are in memory for the side that begins."""
    for file in filter(Path.is_file, folder.rglob("*")):
        with file.open("rb") as opened:
            while opened.read(1 << 20):
                pass


def report(done: Round, names: Sequence[str]) -> None:
    if len(done.errors) == len(done.times[0]):
        raise SystemExit(f"error: nothing was answered: {done.errors[0]}")
    print("\n| processor time, ms | p50 | p95 | mean |\n| --- | --- | --- | --- |")
    for name, times in zip(names, done.times, strict=True):
        p50, p95 = np.percentile(times, (50, 95))
        print(f"| {name} | {p50:.3f} | {p95:.3f} | {np.mean(times):.3f} |")
    ours, theirs = (np.array(times) for times in done.times)
    each = np.median(ours[theirs > 0] / theirs[theirs > 0])
    print(f"\nratio of the sums {ours.sum() / theirs.sum():.3f}, median of the ratios {each:.3f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--other", type=Path, required=True, help="folder of the other checkout")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--queries", type=Path, help="lines of source, tab, query")
    what.add_argument("--related", action="store_true", help="ask for related articles")
    parser.add_argument("--count", type=int, default=1000, help="how many; 0 for all")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--block", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--warm-up", action="store_true", help="ask everything once before")
    parser.add_argument(
        "--now",
        type=datetime.fromisoformat,
        default=datetime.now(UTC).replace(microsecond=0),
        help="what time it is, with an offset",
    )
    parser.add_argument("--show", type=int, default=10, help="queries that differ to print")
    options = parser.parse_args()
    if options.now.tzinfo is None:
        parser.error("--now needs an offset, such as 2026-01-01T00:00:00+00:00")
    settings = read_settings(IndexSettings, os.environ)
    if options.related:
        asks, texts = "related", article_ids(settings.store_url)
    else:
        asks, texts = "search", [text for _, text in real_queries(options.queries)]
    if options.count:
        texts = random.Random(options.seed).sample(texts, min(options.count, len(texts)))
    environment = os.environ | {
        "SEARCH_INDEX_DIR": str(settings.index_dir),  # sides may have other working folders
        "SEARCH_STORE_URL": settings.store_url,
    }
    for name in ("PYTHONPATH", "PYTHONSAFEPATH"):
        environment.pop(name, None)
    read_through(settings.index_dir)
    with (
        closing(Side(PROJECT, environment, options.now, asks)) as this,
        closing(Side(options.other, environment, options.now, asks)) as other,
    ):
        sides = (this, other)
        names = (f"this ({this.commit()})", f"other ({other.commit()})")
        print(
            f"{platform.python_version()}, {platform.machine()}, {len(texts):,} of {asks} in blocks of "
            f"{options.block}, seed {options.seed}, now {options.now.isoformat()}, "
            f"{'after a first pass' if options.warm_up else 'no first pass'}"
        )
        if options.warm_up:
            compare(sides, texts, options.block)
        rounds = [compare(sides, texts, options.block) for _ in range(options.rounds)]
    for done in rounds:
        report(done, names)
    differing = {text: told for done in rounds for text, told in done.differing}
    print(f"\n{len(differing):,} of {len(texts):,} answered otherwise", end="")
    print(f"; {rounds[0].tied_at_end} with other articles of one score at the end of the page")
    kinds = Counter(each.partition(":")[0] for told in differing.values() for each in told)
    print(", ".join(f"{kind} {number:,}" for kind, number in kinds.most_common()) or "all the same")
    for text, told in list(differing.items())[: options.show]:
        print(text, *told, sep="\n  ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
