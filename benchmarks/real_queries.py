"""Real queries asked of the real articles: does anything fail, what finds nothing, which rung answers, how long it takes.

    python -m benchmarks.real_queries [--index FOLDER] [--articles 200000] [--queries 1000] [--seed 7] [--show 20]

Each query goes through ``Services.search`` as the page of results asks it: ten hits with snippets, and all facets. Times
are printed for all queries, and for those of at most SHORT characters, because most real queries are headlines.

FOLDER keeps the store and the index. If FOLDER holds no index, the indexer's own commands build them from the real articles, or
from ``--articles`` spliced ones. Without ``--index`` they are built in a temporary folder. "Before the ladder" is the
share of the queries that find nothing on the rung "words". ``--show`` prints queries with the titles of their first hits,
to be judged by eye. ``--zero`` prints the queries that find nothing.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import orjson

from benchmarks.corpora import FILES, corpus_dir, spliced_records
from indexer.command_line import PARTLY
from indexer.query import FACET_FIELDS, SearchRequest
from indexer.settings import IndexSettings, read_settings
from search_service.answering.ladder import query_for
from search_service.answering.search import Answer, Question
from search_service.assembly import make_services
from search_service.services import Services
from search_service.understanding.filters import visible
from search_service.understanding.parse import parse

TITLES = 5
PAGE = 10
SHORT = 8
"""Characters. People type queries up to this length; longer ones are pasted."""


@dataclass(slots=True)
class Outcome:
    """The results of the queries. Queries are ``(source, text)``; ``times`` are ``(length of the query, milliseconds)``."""

    times: list[tuple[int, float]] = field(default_factory=list)
    rungs: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[str, str, Exception]] = field(default_factory=list)
    strict_zero: Counter[str] = field(default_factory=Counter)
    zero: list[tuple[str, str]] = field(default_factory=list)


def real_queries(file: Path | None = None) -> list[tuple[str, str]]:
    """Every real query with its source, in the order of the file. Without ``file``, the file of CORPUS_DIR."""
    file = file or corpus_dir() / "queries_real.tsv"
    lines = file.read_text(encoding="utf-8").splitlines()
    rows = (line.partition("\t") for line in lines)
    return [(source, text) for source, _, text in rows]


def opened(folder: Path, articles: int) -> Services:
    """The services over the index in ``folder``. Builds it in some minutes if missing; ``articles`` 0 takes the real ones."""
    environment = {
        "SEARCH_INDEX_DIR": str(folder / "index_data"),
        "SEARCH_STORE_URL": f"sqlite:///{folder}/articles.sqlite3",
    }
    if not (folder / "index_data" / "CURRENT").exists():
        sources = [corpus_dir() / "articles" / f"{name}.jsonl.gz" for name in FILES]
        if articles:
            sources = [folder / "spliced.jsonl"]
            with sources[0].open("wb") as file:
                file.writelines(orjson.dumps(each) + b"\n" for each in spliced_records(articles))
        for source in sources:
            mapping = ("--map", "category=channel", "--rejects", f"{folder}/rejects.jsonl")
            indexer(environment, "ingest", str(source), *mapping)
        indexer(environment, "rebuild")
    return make_services(read_settings(IndexSettings, environment))


def indexer(environment: dict[str, str], *arguments: str) -> None:
    """Run a command of the indexer. Rejected articles are reported, but are no failure."""
    command = (sys.executable, "-m", "indexer", *arguments)
    code = subprocess.run(command, env=os.environ | environment, check=False).returncode
    if code not in (0, PARTLY):
        raise SystemExit(f"error: {' '.join(arguments)} ended with {code}")


def ask(services: Services, queries: Sequence[tuple[str, str]]) -> Outcome:
    """Ask every query once, after warming up with the first hundred."""
    for _, text in queries[:100]:
        services.search(page_of(text))
    outcome = Outcome()
    for source, text in queries:
        begin = time.perf_counter_ns()
        try:
            answer = services.search(page_of(text))
        except Exception as error:  # noqa: BLE001 (the benchmark counts failures of any kind)
            outcome.failed.append((source, text, error))
            continue
        outcome.times.append((len(text), (time.perf_counter_ns() - begin) / 1e6))
        outcome.rungs[answer.understood.rung] += 1
        if not answer.total:
            outcome.zero.append((source, text))
        outcome.strict_zero[source] += not strict_total(services, text)
    return outcome


def page_of(text: str) -> Question:
    return Question(text=text, facets=FACET_FIELDS, size=PAGE)


def strict_total(services: Services, text: str) -> int:
    """How many articles hold every word of a query as a word."""
    with services.live.reader() as (reader, _, analyzer):
        tree = parse(text, analyzer=analyzer, timezone=services.timezone).tree
        request = SearchRequest(query_for(tree, "words"), filter=visible(services.clock()), size=1)
        return reader.search(request).total


def report(outcome: Outcome, queries: Sequence[tuple[str, str]]) -> None:
    """Print the results of the queries."""
    for source, text, error in outcome.failed:
        print(f"FAILED {source} {text!r}: {error!r}")
    asked, zero = Counter(source for source, _ in queries), Counter(s for s, _ in outcome.zero)
    print(f"\n{len(queries):,} queries, {len(outcome.failed)} failed")
    print("\n| source | queries | nothing before the ladder | nothing after it |")
    print("| --- | --- | --- | --- |")
    rows = [(source, asked[source], outcome.strict_zero[source], zero[source]) for source in asked]
    total = ("all", len(queries), outcome.strict_zero.total(), len(outcome.zero))
    for source, count, before, after in (*rows, total):
        print(f"| {source} | {count:,} | {before / count:.1%} | {after} ({after / count:.2%}) |")
    print()
    for longest in (max(length for length, _ in outcome.times), SHORT):
        times = [taken for length, taken in outcome.times if length <= longest]
        p50, p95, p99 = np.percentile(times, (50, 95, 99))
        print(
            f"time in process, {len(times):,} queries of up to {longest} characters: "
            f"p50 {p50:.2f}, p95 {p95:.2f}, p99 {p99:.2f} ms"
        )
    print("rungs: " + ", ".join(f"{rung} {n:,}" for rung, n in outcome.rungs.most_common()))


def shown(answer: Answer) -> str:
    """A query, how it was understood, and its first titles, one a line."""
    understood = answer.understood
    lines = [
        f"\n{answer.question.text}\n  [{understood.rung}] {answer.total:,} found, {understood.stricter} more strictly"
    ]
    if understood.ignored or understood.notes:
        lines.append(f"  ignored {understood.ignored}, notes {understood.notes}")
    lines += [f"  {n}. {hit.title.text}" for n, hit in enumerate(answer.hits[:TITLES], start=1)]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--index", type=Path, help="folder that keeps the store and the index")
    parser.add_argument(
        "--articles", type=int, default=0, help="how many spliced ones; 0 for the real ones"
    )
    parser.add_argument("--queries", type=int, default=0, help="how many, at random; 0 for all")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--show", type=int, default=0, help="queries to print with their titles")
    parser.add_argument("--zero", action="store_true", help="print the queries that find nothing")
    options = parser.parse_args()
    queries = real_queries()
    chance = random.Random(options.seed)
    to_show = chance.sample(queries, options.show)
    if options.queries:
        queries = chance.sample(queries, options.queries)
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(opened(options.index or Path(folder), options.articles)) as services,
    ):
        outcome = ask(services, queries)
        print(f"\n{platform.python_version()}, {platform.machine()}, seed {options.seed}")
        report(outcome, queries)
        for source, text in outcome.zero if options.zero else ():
            print(f"nothing: {source} {text}")
        for _, text in to_show:
            print(shown(services.search(page_of(text))))


if __name__ == "__main__":
    main()
