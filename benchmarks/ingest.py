"""Ingest of a folder of articles, by the command line and over HTTP, beside SQLite's own rate for the same rows.

    python -m benchmarks.ingest [--articles FOLDER] [--map category=channel] [--rounds 3]

The files of the folder (``*.jsonl.gz``) become one file. Each way stores it in a new SQLite database in a temporary folder:

* ``command line`` runs ``python -m indexer ingest`` on it, with every check, the duplicate groups, and durable commits;
* ``bulk API`` sends the articles that the command has stored as the lines of one ``POST /api/v1/articles:bulk`` to a server of its own on
  this machine, with one worker, and reads the answer;
* ``bare SQLite`` inserts the rows that the command has stored, articles and keys of duplicates, by ``executemany`` of Python's
  own driver, into the same tables with the same pragmas, in transactions of as many articles. It is the ceiling.

The ways take turns, and the way that begins alternates with every round. All figures are medians of the rounds. ``in the
process`` is the rate that the command prints; the other rates include its start. The rate of the bulk API does not include the
server's start; its processor time does, and it also includes the server's warm-up, but not the client. What earlier ways left to write
goes to the disk before each way begins.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import orjson

from benchmarks.corpora import corpus_dir
from benchmarks.over_http import product
from indexer.ingest import BATCH
from indexer.settings import PROJECT
from indexer.store.database import open_keys, open_store
from indexer.store.dialects import make_engine
from search_service.web.writing import NDJSON

_PRINTED = re.compile(r"read ([\d,]+):.*?\(([\d,]+)/s\)")


@dataclass(frozen=True, slots=True)
class Taken:
    """What one way took: articles, seconds of wall time and of processor time, and the rate that it printed itself."""

    articles: int
    seconds: float
    cpu: float
    printed: float | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a store, in transactions: those of the articles, and those of their keys in the keys' order."""

    articles: list[list[tuple[object, ...]]]
    keys: list[list[tuple[int, str]]]


def store_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'articles.sqlite3'}"


def by_command_line(file: Path, folder: Path, maps: Sequence[str]) -> Taken:
    """Ingest a file with the command, in a process of its own."""
    environment = {
        **os.environ,
        "SEARCH_STORE_URL": store_url(folder),
        "SEARCH_INDEX_DIR": str(folder / "index"),
    }
    mapped = [part for each in maps for part in ("--map", each)]
    command = [sys.executable, "-m", "indexer", "ingest", str(file), *mapped]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run = subprocess.run(
        [*command, "--rejects", str(folder / "rejects.jsonl")],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    printed = _PRINTED.search(run.stdout)
    if printed is None:
        raise SystemExit(f"error: the command failed: {run.stderr[-500:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    articles, rate = (int(each.replace(",", "")) for each in printed.groups())
    return Taken(articles, seconds, cpu, rate)


def by_bulk_api(lines: Path, folder: Path) -> Taken:
    """Send lines of articles to the service over HTTP in one request."""
    environment = {
        "SEARCH_STORE_URL": store_url(folder),
        "SEARCH_INDEX_DIR": str(folder / "index"),
        "SEARCH_QUERYLOG_URL": "off",
    }
    with closing(open_keys(store_url(folder))) as keys:
        key, _ = keys.create("benchmark", "write")
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": NDJSON,
        "Content-Length": str(lines.stat().st_size),
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with product(1, environment, ready="/healthz") as url, lines.open("rb") as body:
        began = time.perf_counter()
        request = urllib.request.Request(f"{url}/api/v1/articles:bulk", body, headers)
        with urllib.request.urlopen(request) as answer:
            summary = orjson.loads(answer.read().splitlines()[-1])
        seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if not summary["complete"]:
        raise SystemExit(f"error: the bulk request failed: {summary}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Taken(summary["created"], seconds, cpu)


def write_lines(folder: Path, lines: Path) -> None:
    """Write the articles that a way has stored as lines, in the order in which they were stored."""
    with (
        closing(sqlite3.connect(folder / "articles.sqlite3")) as connection,
        lines.open("wb") as out,
    ):
        for (document,) in connection.execute("SELECT document FROM articles ORDER BY revision"):
            out.write(f"{document}\n".encode())


def stored_rows(folder: Path) -> Rows:
    """The rows that a way has stored, in the order in which they were stored."""
    with closing(sqlite3.connect(folder / "articles.sqlite3")) as connection:
        keys: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for key, article_id in connection.execute("SELECT hash, article_id FROM duplicate_keys"):
            keys[article_id].append((key, article_id))
        found = connection.execute("SELECT * FROM articles ORDER BY revision").fetchall()
    batches = [found[at : at + BATCH] for at in range(0, len(found), BATCH)]
    return Rows(
        batches, [sorted(key for row in batch for key in keys[row[0]]) for batch in batches]
    )


def by_bare_sqlite(rows: Rows, folder: Path) -> Taken:
    """Insert rows without anything of ours but the tables and the pragmas."""
    open_store(store_url(folder)).close()
    engine = make_engine(store_url(folder))
    began, cpu_began = time.perf_counter(), time.process_time()
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        marks = ", ".join("?" * len(rows.articles[0][0]))
        for articles, keys in zip(rows.articles, rows.keys, strict=True):
            cursor.execute("BEGIN IMMEDIATE")
            cursor.executemany(f"INSERT INTO articles VALUES ({marks})", articles)
            cursor.executemany("INSERT INTO duplicate_keys VALUES (?, ?)", keys)
            cursor.execute("COMMIT")
    engine.dispose()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu_began
    return Taken(sum(map(len, rows.articles)), seconds, cpu)


def measure(way: Callable[[Path], Taken]) -> Taken:
    """Run one way in a new folder, after everything written before is on the disk."""
    with tempfile.TemporaryDirectory() as name:
        os.sync()
        return way(Path(name))


def show(taken: dict[str, list[Taken]]) -> None:
    """Print the medians of each way, and how its wall time compares with that of bare SQLite."""
    base = statistics.median(each.seconds for each in taken["bare SQLite"])
    print("| way | articles/s | of bare SQLite | in the process | articles/s of processor time |")
    print("| --- | --- | --- | --- | --- |")
    for name, rounds in taken.items():
        articles = rounds[0].articles
        seconds = statistics.median(each.seconds for each in rounds)
        cpu = statistics.median(each.cpu for each in rounds)
        printed = [each.printed for each in rounds if each.printed is not None]
        inside = f"{statistics.median(printed):,.0f}" if printed else ""
        print(
            f"| {name} | {articles / seconds:,.0f} | {base / seconds:.2f} | {inside} | {articles / cpu:,.0f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--articles", type=Path, help="a folder of *.jsonl.gz")
    parser.add_argument("--map", action="append", default=None, help="as of the command")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    files = sorted((options.articles or corpus_dir() / "articles").glob("*.jsonl.gz"))
    maps = options.map or ["category=channel"]
    with tempfile.TemporaryDirectory() as name:
        file, first = Path(name) / "all.jsonl.gz", Path(name) / "first"
        with file.open("wb") as whole:
            for each in files:
                with each.open("rb") as part:
                    shutil.copyfileobj(part, whole)
        first.mkdir()
        by_command_line(file, first, maps)
        rows, lines = stored_rows(first), Path(name) / "lines.jsonl"
        write_lines(first, lines)
        ways: dict[str, Callable[[Path], Taken]] = {
            "bare SQLite": lambda folder: by_bare_sqlite(rows, folder),
            "command line": lambda folder: by_command_line(file, folder, maps),
            "bulk API": lambda folder: by_bulk_api(lines, folder),
        }
        taken: dict[str, list[Taken]] = {each: [] for each in ways}
        for number in range(options.rounds):
            for each in reversed(ways) if number % 2 else ways:
                taken[each].append(measure(ways[each]))
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.machine()}, "
        f"{taken['command line'][0].articles:,} articles, {options.rounds} rounds\n"
    )
    show(taken)


if __name__ == "__main__":
    main()
