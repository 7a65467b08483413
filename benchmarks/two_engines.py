"""The service with the embedded engine beside the same service with the engine ``opensearch``, over HTTP, on the same articles.

    python -m benchmarks.two_engines --opensearch http://127.0.0.1:9200 [--articles 10000] [--count 300] [--warm-up 600]
        [--rounds 3] [--seed 7] [--keep]

OpenSearch must run already, for example by ``tools/opensearch.sh start``. The articles are spliced from the real ones; with
``--articles 0`` they are the real ones. They come into one store, of which each engine builds an index with one process. Each index
gets a server with one worker; the query log is off. A third row is the bare request of ``benchmarks/opensearch.py``, in the same
cluster on the same articles. The index of the service is removed afterwards, unless ``--keep``. That of the bare request stays.

The three get each query in turn; the first of them alternates. The queries for warming up are not among the measured ones. The first
round asks each query for the first time. Further rounds ask again, and the median of these rounds counts.

Then the service asks its cluster alone, and the cluster says what it was asked: how many searches and other calls a request makes, and
how long its shards worked for it. A service asks five times a second whether a commit followed; these calls are left out.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson

from benchmarks.corpora import records, spliced_records
from benchmarks.opensearch import Server, in_turn, load, the_opensearch, the_product
from benchmarks.over_http import Connection, Request, product
from benchmarks.real_queries import indexer, real_queries
from indexer.analysis.analyzers import make_analyzer
from indexer.article import Article
from indexer.fields import make_article
from indexer.generations import Generations

ENGINES: Final = ("whoosh", "opensearch")
POLLS: Final = "document_get_action"
"""The call that asks whether a commit followed. Searches make none of it."""


@dataclass(frozen=True, slots=True)
class Built:
    """The settings of a service, and its generation: articles a second with all checks, and the bytes of an article in the index."""

    environment: dict[str, str]
    index: str
    rate: float
    size: float


@dataclass(frozen=True, slots=True)
class Asked:
    """What a cluster was asked: calls by kind, and the searches and milliseconds of the shards of one index."""

    calls: Counter[str]
    searches: int
    milliseconds: int


def answer(url: str, target: str, method: str = "GET") -> Any:
    with closing(Connection(url)) as connection:
        return orjson.loads(connection.send(Request(method, target)))


def build(engine: str, folder: Path, url: str) -> Built:
    """Build the engine's index of the store in ``folder``."""
    environment = {
        "SEARCH_ENGINE": engine,
        "SEARCH_OPENSEARCH_URL": url,
        "SEARCH_INDEX_DIR": f"{folder / engine}",
        "SEARCH_STORE_URL": f"sqlite:///{folder / 'articles.sqlite3'}",
        "SEARCH_QUERYLOG_URL": "off",
    }
    indexer(environment, "rebuild", "--processes", "1")
    live = Generations(folder / engine).live()
    articles = live.manifest.doc_count
    index = ""
    size = live.size()
    if engine == "opensearch":
        index = orjson.loads((live.index / "index.json").read_bytes())["name"]
        size = answer(url, f"/{index}/_stats/store")["_all"]["primaries"]["store"]["size_in_bytes"]
    assert size is not None, "only a cluster that is away has no size"
    return Built(environment, index, articles / live.manifest.seconds, size / articles)


def asked_so_far(url: str, index: str) -> Asked:
    nodes = answer(url, "/_nodes/usage/rest_actions")["nodes"].values()
    calls = sum((Counter(each["rest_actions"]) for each in nodes), Counter[str]())
    search = answer(url, f"/{index}/_stats/search")["_all"]["total"]["search"]
    took = search["query_time_in_millis"] + search["fetch_time_in_millis"]
    return Asked(calls, search["query_total"], took)


def articles_of(found: Sequence[dict[str, str]]) -> Iterator[Article]:
    for record in found:
        yield make_article(record | {"channel": record["category"]}, timezone=UTC)


def report(title: str, servers: Sequence[Server], times: np.ndarray) -> None:
    rows = np.percentile(times, (50, 95), axis=1).T
    print(f"\n| {title}, ms | p50 | p95 | p50 to the bare request |\n| --- | --- | --- | --- |")
    for server, (p50, p95) in zip(servers, rows, strict=True):
        print(f"| {server.name} | {p50:.1f} | {p95:.1f} | {p50 / rows[0][0]:.2f} |")


def report_parts(url: str, index: str, server: Server, texts: Sequence[str]) -> None:
    before = asked_so_far(url, index)
    times, _ = in_turn((server,), texts)
    after = asked_so_far(url, index)
    calls = {
        name: count / len(texts)
        for name, count in (after.calls - before.calls).items()
        if name != POLLS and count > 1  # the look at the usage itself
    }
    print(f"\nalone, a request takes {times.mean():.1f} ms on average, of which the cluster's")
    print(f"shards work {(after.milliseconds - before.milliseconds) / len(texts):.1f} ms for")
    print(f"{(after.searches - before.searches) / len(texts):.1f} searches, which come in calls:")
    for name, count in sorted(calls.items()):
        print(f"  {name}: {count:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--opensearch", required=True, help="URL of one that runs")
    parser.add_argument("--articles", type=int, default=10_000, help="0 for the real ones")
    parser.add_argument("--count", type=int, default=300, help="queries to measure")
    parser.add_argument("--warm-up", type=int, default=600, help="queries to warm up with")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--keep", action="store_true", help="keep the service's index")
    options = parser.parse_args()
    url = options.opensearch
    analyzer = make_analyzer()
    texts = list(dict.fromkeys(text for _, text in real_queries()))
    random.Random(options.seed).shuffle(texts)
    words = {text: [token.text for token in analyzer.query(text)] for text in texts}
    texts = [text for text in texts if words[text]][: options.count + options.warm_up]
    measured, before = texts[: options.count], texts[options.count :]
    found = list(spliced_records(options.articles) if options.articles else records())
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        source = folder / "articles.jsonl"
        source.write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in found))
        store = {"SEARCH_STORE_URL": f"sqlite:///{folder / 'articles.sqlite3'}"}
        mapping = ("--map", "category=channel", "--rejects", f"{folder / 'rejects.jsonl'}")
        indexer(store, "ingest", str(source), *mapping)
        built = {engine: build(engine, folder, url) for engine in ENGINES}
        if not options.keep:
            stack.callback(answer, url, f"/{built['opensearch'].index}", "DELETE")
        load(url, articles_of(found), analyzer, offsets=False)
        print(
            f"{platform.python_version()}, {os.cpu_count()} cores, {len(found):,} articles, {len(measured):,} queries, "
            f"{len(before):,} others before, seed {options.seed}\n\n| engine | articles/s | bytes an article |\n| --- | --- | --- |"
        )
        for engine, each in built.items():
            print(f"| {engine} | {each.rate:,.0f} | {each.size:,.0f} |")
        servers = [
            the_opensearch(url, words),
            *(
                the_product(stack.enter_context(product(1, each.environment)), f"engine {engine}")
                for engine, each in built.items()
            ),
        ]
        in_turn(servers, before)
        rounds = [in_turn(servers, measured) for _ in range(options.rounds)]
        report("each query for the first time", servers, rounds[0][0])
        if again := [times for times, _ in rounds[1:]]:
            report("again", servers, np.median(again, axis=0))
        totals = rounds[0][1]
        same = int((totals[1] == totals[2]).sum())
        print(f"\nof {len(measured)} queries, {same} have the same total with both engines")
        report_parts(url, built["opensearch"].index, servers[2], measured)


if __name__ == "__main__":
    main()
