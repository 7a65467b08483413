"""A rebuild beside the plain way: jieba's own ChineseAnalyzer into stock Whoosh, with one process.

    python -m benchmarks.rebuilding [--articles 45219] [--plain 2000] [--rounds 3] [--processes 1 2]

The store is filled once, by the command ``ingest``. In each round the plain way indexes ``--plain`` articles, drawn at random, in a
process of its own: id, title and body, stored, in one batch. Then ``python -m indexer rebuild`` indexes all articles, once for each
number of processes. A rate is articles a second of the whole process, its start included. That favours the plain way: it loads
little else than a dictionary, and a rebuild also finds new words, checks what it made and asks it. The medians of the rounds are
compared.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from itertools import islice
from pathlib import Path

import orjson

from benchmarks.corpora import SEED, records
from indexer.settings import PROJECT

_PLAIN = """
import sys
import orjson
from jieba.analyse import ChineseAnalyzer
from whoosh.fields import ID, TEXT, Schema
from whoosh.index import create_in
analyzer = ChineseAnalyzer()
schema = Schema(
    id=ID(stored=True, unique=True),
    title=TEXT(analyzer=analyzer, stored=True),
    body=TEXT(analyzer=analyzer, stored=True),
)
writer = create_in(sys.argv[2], schema).writer()
for line in open(sys.argv[1], "rb"):
    record = orjson.loads(line)
    writer.add_document(id=record["id"], title=record["title"], body=record["body"])
writer.commit()
"""


def seconds(*command: str, **environment: str) -> float:
    """How long a Python command takes, from its start to its end."""
    began = time.monotonic()
    subprocess.run(
        (sys.executable, *command),
        cwd=PROJECT,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--articles", type=int, default=45_219)
    parser.add_argument("--plain", type=int, default=2_000, help="articles of the plain way")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    chosen = parser.parse_args()
    given = [
        {**each, "id": f"r-{number}", "title": each["title"] or "无题"}
        for number, each in enumerate(islice(records(), chosen.articles))
    ]
    few = random.Random(SEED).sample(given, min(chosen.plain, len(given)))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, articles in (("all", given), ("few", few)):
            lines = b"".join(orjson.dumps(each) + b"\n" for each in articles)
            (folder / f"{name}.jsonl").write_bytes(lines)
        environment = {
            "SEARCH_STORE_URL": f"sqlite:///{folder / 'articles.sqlite3'}",
            "SEARCH_INDEX_DIR": str(folder / "index"),
            "SEARCH_QUERYLOG_URL": "off",
        }
        indexer = ("-m", "indexer")
        ingested = seconds(
            *indexer,
            *("ingest", str(folder / "all.jsonl"), "--map", "category=channel"),
            *("--rejects", str(folder / "rejects.jsonl")),
            **environment,
        )
        rates: defaultdict[str, list[float]] = defaultdict(list)
        for number in range(chosen.rounds):
            target = folder / f"plain{number}"
            target.mkdir()
            took = seconds("-c", _PLAIN, str(folder / "few.jsonl"), str(target))
            rates["plain"].append(len(few) / took)
            for processes in chosen.processes:
                took = seconds(*indexer, "rebuild", "--processes", str(processes), **environment)
                rates[f"rebuild, processes: {processes}"].append(len(given) / took)
    print(f"{platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    print(f"{len(given):,} articles, ingested at {len(given) / ingested:,.0f}/s")
    plain = statistics.median(rates["plain"])
    for name, each in rates.items():
        rate = statistics.median(each)
        all_rates = ", ".join(f"{one:,.0f}" for one in each)
        print(f"{name}: {rate:,.0f} articles/s ({all_rates}), {rate / plain:.1f} x the plain way")


if __name__ == "__main__":
    main()
