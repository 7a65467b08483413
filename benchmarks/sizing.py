"""What a number of articles takes: disk, memory, the time of a rebuild and of searches. The table of docs/operations.md.

    python -m benchmarks.sizing [--articles 50000 200000 1000000] [--queries 500] [--folder PATH]

For each number, spliced articles (``corpora.py``) are stored and indexed by the indexer's own commands in a temporary folder, or in
one below ``--folder``, which stays: the next run does only what is not done. Both the time that passed and that of the processors are told.
Then one worker answers real queries over HTTP, one after another, each once, after a warm-up of as many others. Memory is the
proportional set (PSS) of the worker, split into its own pages and those of the mapped index, which the system can drop; and the
peak resident set of the rebuild's processes, as the sum of all at one moment.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import numpy as np
import orjson

from benchmarks.corpora import SEED, spliced_records
from benchmarks.over_http import Connection, Request, product
from benchmarks.real_queries import real_queries
from indexer.settings import PROJECT

MIB = 1024 * 1024


def below(pid: int) -> list[int]:
    """A process and all processes below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    return [pid, *(each for child in children for each in below(int(child)))]


def resident(pid: int) -> tuple[float, float]:
    """The proportional set of a process and of all below it in MiB: its own pages, and those of files."""
    own = of_files = 0
    for each in below(pid):
        rows = Path(f"/proc/{each}/smaps_rollup").read_text(encoding="utf-8").splitlines()
        sizes = {row.split(":")[0]: int(row.split()[1]) for row in rows[1:]}
        own += sizes["Pss_Anon"]
        of_files += sizes["Pss_File"] + sizes["Pss_Shmem"]
    return own / 1024, of_files / 1024


def command(*arguments: str, environment: Mapping[str, str]) -> str:
    """Run a command of the indexer. Returns its time, and the peak of its own memory, that of its processes included."""
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(
        (sys.executable, "-m", "indexer", *arguments),
        cwd=PROJECT,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    peak = 0.0
    while process.poll() is None:
        with suppress(OSError):  # a process ended while it was looked at
            peak = max(peak, resident(process.pid)[0])
        time.sleep(0.5)
    if process.returncode:
        raise SystemExit(f"error: {' '.join(arguments)} ended with {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return f"{time.monotonic() - began:,.0f} s, {busy:,.0f} s of processors, {peak:,.0f} MiB"


def size(folder: Path) -> float:
    """The bytes of all files in a folder, in MiB."""
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file()) / MIB


def searches(url: str, texts: list[str]) -> list[float]:
    """Ask each query once. Returns the milliseconds of each."""
    connection, times = Connection(url), []
    for text in texts:
        began = time.monotonic()
        connection.send(
            Request("GET", f"/api/v1/search?q={quote(text)}&facets=channel,month&log=off")
        )
        times.append(1000 * (time.monotonic() - began))
    connection.close()
    return times


def make(articles: int, folder: Path, environment: Mapping[str, str]) -> None:
    """Store and index so many articles, each unless it is done already, and print what that took."""
    if not (folder / "store").exists():
        (folder / "store").mkdir(parents=True)
        lines = folder / "articles.jsonl"
        with lines.open("wb") as file:
            file.writelines(orjson.dumps(each) + b"\n" for each in spliced_records(articles))
        print(f"  {lines.stat().st_size / MIB:,.0f} MiB of JSON")
        print(f"  ingest: {command('ingest', str(lines), environment=environment)}", flush=True)
        lines.unlink()
    if not (folder / "index").exists():
        print(f"  rebuild: {command('rebuild', environment=environment)}", flush=True)


def measure(articles: int, queries: int, folder: Path) -> None:
    """Print the rows of one number of articles, whose store and index are in ``folder`` or will be."""
    environment = {
        "SEARCH_INDEX_DIR": str(folder / "index"),
        "SEARCH_STORE_URL": f"sqlite:///{folder / 'store' / 'articles.sqlite3'}",
        "SEARCH_QUERYLOG_URL": "off",
    }
    print(f"{articles:,} articles", flush=True)
    make(articles, folder, environment)
    print(f"  store {size(folder / 'store'):,.0f} MiB, index {size(folder / 'index'):,.0f} MiB")
    texts = [text for _, text in real_queries()]
    random.Random(SEED).shuffle(texts)
    with product(1, environment) as url:
        searches(url, texts[queries : 2 * queries])
        times = searches(url, texts[:queries])
        # Besides the worker there is its small parent.
        own, of_files = max(resident(pid) for pid in below(os.getpid())[2:])
    p50, p95, p99 = (float(np.percentile(times, each)) for each in (50, 95, 99))
    print(f"  a worker {own:,.0f} MiB, and {of_files:,.0f} MiB of files")
    print(f"  search p50 {p50:,.1f} ms, p95 {p95:,.1f}, p99 {p99:,.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--articles", type=int, nargs="+", default=[50_000, 200_000, 1_000_000])
    parser.add_argument("--queries", type=int, default=500, help="queries of each measurement")
    parser.add_argument("--folder", type=Path, help="where the stores and indexes stay")
    chosen = parser.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as temporary:
        for articles in chosen.articles:
            folder = (chosen.folder or Path(temporary)) / str(articles)
            measure(articles, chosen.queries, folder.absolute())


if __name__ == "__main__":
    main()
