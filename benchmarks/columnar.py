"""The columnar index beside its peers: same tokens, same k, exact totals, one run.

    python -m benchmarks.columnar [--articles 200000] [--queries 400] [--rounds 5] [--slow]

The engines answer each query in turn, warm, in one thread. A query's time is the median of its rounds; each figure is
taken over the queries. ``--slow`` adds stock Whoosh and SQLite FTS5. ``--articles 0`` takes the real articles.
"""

from __future__ import annotations

import argparse
import platform
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np

from benchmarks.corpora import Tokens, articles, cut_pieces, queries
from benchmarks.peers import TOP, Ask, Columnar, Fts5, Peer, StockWhoosh, Tantivy
from indexer.columnar.files.snapshot import open_snapshot
from indexer.columnar.files.writer import Writer
from indexer.columnar.search import plan as p
from indexer.columnar.search.executor import Executor
from indexer.columnar.search.top import Ordering

REFERENCE = Tantivy.name


def seconds(action: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def measure(
    askers: dict[str, Ask], wanted: Sequence[list[str]], rounds: int
) -> dict[str, tuple[float, float, float]]:
    """Mean, p50 and p95 over the queries in milliseconds. A query's time is the median of its rounds. Engines take turns."""
    times = {name: np.zeros((rounds, len(wanted))) for name in askers}
    for ask in askers.values():
        for words in wanted:
            ask(words)
    for turn in range(rounds):
        for place, words in enumerate(wanted):
            for name, ask in askers.items():
                begin = time.perf_counter_ns()
                ask(words)
                times[name][turn, place] = time.perf_counter_ns() - begin
    table = {}
    for name, taken in times.items():
        each = np.median(taken, axis=0) / 1e6
        table[name] = (float(each.mean()), float(np.median(each)), float(np.percentile(each, 95)))
    return table


def show(title: str, table: dict[str, tuple[float, float, float]], reference: str) -> None:
    """Print a Markdown table with ratios to the reference."""
    print(f"\n{title}\n\n| engine | mean ms | p50 ms | p95 ms | p50 ratio | p95 ratio |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, (mean, p50, p95) in table.items():
        _, peer50, peer95 = table[reference]
        print(
            f"| {name} | {mean:.3f} | {p50:.3f} | {p95:.3f} | {p50 / peer50:.2f} | {p95 / peer95:.2f} |"
        )


def refined(executor: Executor) -> Ask:
    """OR queries with a filter by channel and days, recency, and a facet."""
    leaves = executor.snapshot.leaves
    channel = leaves[0].segment.ordinals("channel")
    common = channel.terms[int(np.bincount(channel.ordinals).argmax())]
    days = np.concatenate([leaf.segment.numbers("day") for leaf in leaves])
    low, high = (int(day) for day in np.quantile(days, (0.1, 0.9)))
    newest = int(days.max())
    factors = [
        (0.5 + 0.5 * np.exp2((leaf.segment.numbers("day") - newest) / 360)).astype(np.float32)
        for leaf in leaves
    ]
    narrow = p.Intersection((p.Term("channel", common), p.Between("day", low, high)))
    ordering = Ordering("score", "day")

    def ask(words: list[str]) -> int:
        top = executor.search(
            Columnar.plan("or", words),
            limit=TOP,
            filter=narrow,
            facets=("channel",),
            factors=factors,
            ordering=ordering,
        )
        return top.total

    return ask


def small_commits(peer: Columnar, documents: Sequence[Tokens], commits: int) -> None:
    """Add commits of 20 articles to the index. Prints the time until a reader sees a commit, and how often a document is written.

    The call that commits first makes the commit visible and then merges segments. A reader looks for the commit meanwhile.
    """
    taken, written = [], 0
    snapshot = open_snapshot(peer.folder)
    known = {leaf.segment.name for leaf in snapshot.leaves}
    for number in range(commits):
        begin = time.perf_counter()
        with Writer(peer.folder, peer.layout) as writer:
            for place in range(20 * number, 20 * number + 20):
                key = f"n{place:08}"
                writer.put(peer.document(documents[place % len(documents)], key), key.encode())
            committing = Thread(target=writer.commit)
            committing.start()
            while open_snapshot(peer.folder, reuse=snapshot) is snapshot:
                time.sleep(0.0005)
            snapshot = open_snapshot(peer.folder, reuse=snapshot)
            taken.append(time.perf_counter() - begin)
            committing.join()
        snapshot = open_snapshot(peer.folder, reuse=snapshot)
        now = {leaf.segment.name: leaf.segment.doc_count for leaf in snapshot.leaves}
        fresh = [count for name, count in now.items() if name not in known]
        written += sum(fresh) if 20 in fresh else 20 + sum(fresh)
        known = set(now)
    p50, p95 = np.percentile(taken, (50, 95)) * 1e3
    print(
        f"\n{commits} commits of 20 articles: visible after p50 {p50:.0f}, p95 {p95:.0f}, at most "
        f"{max(taken) * 1e3:.0f} ms; each of their documents written {written / (20 * commits):.1f} times; "
        f"{len(snapshot.leaves)} segments at the end"
    )


def shares(peer: Columnar) -> None:
    """Print how much of the index each part takes."""
    file = peer.executor.snapshot.leaves[0].segment.file
    parts: dict[str, int] = {}
    for name in file:
        parts[name] = file.nbytes(name)
    total = sum(parts.values())
    rows = sorted(parts.items(), key=lambda item: -item[1])[:12]
    print(
        f"index: {total / 1e6:.0f} MB; "
        + ", ".join(f"{name} {size / total:.0%}" for name, size in rows)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=200_000)
    parser.add_argument("--queries", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--commits", type=int, default=0, help="measure so many commits of 20 articles"
    )
    parser.add_argument(
        "--slow", action="store_true", help="measure stock Whoosh and SQLite FTS5 too"
    )
    options = parser.parse_args()
    pieces = cut_pieces()
    documents = list(articles(pieces, options.articles or len(pieces.titles)))
    asked = queries(pieces, options.queries)
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "tantivy", "Whoosh"))
    print(f"Python {platform.python_version()}, {versions}; {len(documents)} articles")
    ours = Columnar()
    peers: list[Peer] = [Tantivy(), ours]
    if options.slow:
        peers += [StockWhoosh(), Fts5()]
    with tempfile.TemporaryDirectory() as name:
        for peer in peers:
            folder = Path(name) / peer.name
            rate = len(documents) / seconds(lambda: peer.build(folder, documents))  # noqa: B023 (called at once)
            size = sum(path.stat().st_size for path in folder.rglob("*"))
            print(f"build {peer.name}: {rate:.0f} articles/s, {size / 1e6:.0f} MB on disk")
        opening = [seconds(lambda: open_snapshot(ours.folder)) for _ in range(9)]
        print(f"open a snapshot: {np.median(opening) * 1e3:.1f} ms")
        shares(ours)
        for kind in ("or", "and", "phrase"):
            wanted = asked if kind != "phrase" else [words[:3] for words in asked if len(words) > 1]
            askers = {peer.name: peer.asker(kind) for peer in peers}
            pair = (askers[REFERENCE], askers[ours.name])
            differ = sum(pair[0](words) != pair[1](words) for words in wanted)
            title = f"{kind}, {len(wanted)} queries, top {TOP}; totals differ from {REFERENCE}'s in {differ}"
            show(title, measure(askers, wanted, options.rounds), REFERENCE)
        askers = {"plain": ours.asker("or"), "refined": refined(ours.executor)}
        show(
            "or, with filter by channel and days, facet and recency",
            measure(askers, asked, options.rounds),
            "plain",
        )
        if options.commits:
            small_commits(ours, documents, options.commits)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"\npeak memory of this process, all engines together: {peak / 1e3:.0f} MB")


if __name__ == "__main__":
    main()
