"""The product beside a real OpenSearch, both over HTTP: how long an answer takes, and how many a second there are.

    python -m benchmarks.opensearch --opensearch http://127.0.0.1:9200 [--product URL] [--articles FILE...] [--queries FILE]
        [--count 500] [--rounds 3] [--warm-up 1000] [--seed 7] [--workers 1] [--connections 4] [--reuse] [--offsets]

OpenSearch must run already. The benchmark deletes its index ``search-benchmark`` and makes a new one. With ``--reuse``
it uses an existing index with the same number of articles. The index stays afterwards. The product is the server at
URL. Without URL the benchmark starts the product's own server over the index of ``SEARCH_INDEX_DIR``, which must hold
the same articles. If that is not set either, it builds an index in a temporary folder.

Both get the same articles, cut into words by the same analyzer (``index`` for articles, ``query`` for queries). OpenSearch
gets the words separated by blanks, in one shard, merged into one segment. With ``--offsets`` it also stores the offsets
of words, which help its highlighter. Its request asks for any of the words (title counting double), ten hits with title,
channel, source and date, both texts highlighted, counts by channel and source, and the exact total. The time of
OpenSearch does not include the segmentation of queries. The product does everything that it does for a reader: ladder,
rescoring, correction, snippets of the original text, and the same two facets. Its query log is off.

One client asks both over a connection that it keeps open. It measures from the request to the last byte of the answer.
The queries for warming up are not among the measured ones. Both servers get each query in turn; the server that is
asked first alternates with every query. The first round asks each query for the first time. Further rounds ask it
again, and the median of these rounds counts. Then the benchmark measures requests a second: threads of this process
send them, each round opens new connections, and the median of the rounds counts. One round before them does not count.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import os
import platform
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import numpy as np
import orjson

from benchmarks.corpora import FILES, corpus_dir
from benchmarks.over_http import Connection, Request, product
from benchmarks.real_queries import PAGE, indexer, real_queries
from indexer.analysis.analyzers import Analyzer, make_analyzer
from indexer.article import Article
from indexer.fields import make_article

INDEX: Final = "search-benchmark"
BULK: Final = 500
"""Articles in one request."""


@dataclass(frozen=True, slots=True)
class Server:
    """One server, and how a text becomes a request to it."""

    name: str
    url: str
    request: Callable[[str], Request]
    found: Callable[[bytes], int]


def articles_of(files: Iterable[Path]) -> Iterator[Article]:
    for path in files:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for record in map(orjson.loads, file):
                yield make_article(record | {"channel": record["category"]}, timezone=UTC)


def mappings(*, offsets: bool) -> dict[str, Any]:
    text: dict[str, Any] = {"type": "text", "analyzer": "whitespace"}
    if offsets:
        text["index_options"] = "offsets"
    properties = {
        "title": text,
        "body": text,
        "channel": {"type": "keyword"},
        "source": {"type": "keyword"},
        "date": {"type": "date"},
    }
    return {
        "settings": {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "-1"},
        "mappings": {"dynamic": "strict", "properties": properties},
    }


def load(url: str, articles: Iterable[Article], analyzer: Analyzer, *, offsets: bool) -> None:
    """Make OpenSearch's index anew, and print the time that it took."""

    def words(text: str) -> str:
        return " ".join(token.text for token in analyzer.index(text))

    def lines(article: Article) -> bytes:
        fields = {
            "title": words(article.title),
            "body": words(article.body),
            "channel": article.channel,
            "source": article.source,
            "date": article.published_at,
        }
        action = {"index": {"_id": article.id}}
        return orjson.dumps(action) + b"\n" + orjson.dumps(fields) + b"\n"

    with closing(Connection(url)) as connection:
        connection.send(Request("DELETE", f"/{INDEX}?ignore_unavailable=true"))
        connection.send(Request("PUT", f"/{INDEX}", orjson.dumps(mappings(offsets=offsets))))
        began, waited = time.perf_counter(), 0.0
        left = iter(articles)
        while batch := list(itertools.islice(left, BULK)):
            body = b"".join(map(lines, batch))
            sent = time.perf_counter()
            request = Request("POST", f"/{INDEX}/_bulk", body, "application/x-ndjson")
            if orjson.loads(connection.send(request))["errors"]:
                raise SystemExit("error: OpenSearch refused articles")
            waited += time.perf_counter() - sent
        sent = time.perf_counter()
        connection.send(Request("POST", f"/{INDEX}/_forcemerge?max_num_segments=1"))
        connection.send(Request("POST", f"/{INDEX}/_refresh"))
        waited += time.perf_counter() - sent
        took = time.perf_counter() - began
    print(f"OpenSearch was loaded in {took:.0f} s, {waited:.0f} s of which its own", flush=True)


def articles_in_opensearch(url: str) -> int:
    """The number of articles in OpenSearch's index; 0 if it does not exist."""
    with closing(Connection(url)) as connection:
        target = f"/{INDEX}/_count?ignore_unavailable=true"
        return int(orjson.loads(connection.send(Request("GET", target)))["count"])


def articles_in_product(url: str) -> int:
    with closing(Connection(url)) as connection:
        return int(orjson.loads(connection.send(Request("GET", "/readyz")))["index"]["doc_count"])


def opensearch_request(words: Sequence[str]) -> Request:
    fields = ["title^2", "body"]
    body = {
        "size": PAGE,
        "track_total_hits": True,
        "_source": ["title", "channel", "source", "date"],
        "query": {
            "bool": {
                "should": [
                    {"multi_match": {"query": word, "fields": fields, "type": "most_fields"}}
                    for word in words
                ]
            }
        },
        "highlight": {"fields": {"title": {}, "body": {}}},
        "aggs": {name: {"terms": {"field": name, "size": 100}} for name in ("channel", "source")},
    }
    return Request("POST", f"/{INDEX}/_search", orjson.dumps(body))


def the_opensearch(url: str, words: Mapping[str, Sequence[str]]) -> Server:
    """OpenSearch. A request holds the words that a text was cut into."""
    return Server(
        "OpenSearch",
        url,
        lambda text: opensearch_request(words[text]),
        lambda body: int(orjson.loads(body)["hits"]["total"]["value"]),
    )


def the_product(url: str, name: str = "product") -> Server:
    rest = f"facets=channel,source&size={PAGE}&log=off"
    return Server(
        name,
        url,
        lambda text: Request("GET", f"/api/v1/search?q={quote(text)}&{rest}"),
        lambda body: int(orjson.loads(body)["total"]),
    )


def in_turn(servers: Sequence[Server], texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Ask all servers every text. Returns milliseconds and the number of articles found; one row for each server."""
    times = np.zeros((len(servers), len(texts)))
    found = np.zeros((len(servers), len(texts)), dtype=np.int64)
    with ExitStack() as stack:
        connections = [stack.enter_context(closing(Connection(each.url))) for each in servers]
        for number, text in enumerate(texts):
            turn = list(range(len(servers)))
            for place in turn if number % 2 else reversed(turn):
                request = servers[place].request(text)
                began = time.perf_counter_ns()
                body = connections[place].send(request)
                times[place, number] = (time.perf_counter_ns() - began) / 1e6
                found[place, number] = servers[place].found(body)
    return times, found


def report_times(title: str, times: np.ndarray) -> None:
    ours, theirs = (np.percentile(row, (50, 95)) for row in times)
    print(f"\n| {title}, ms | p50 | p95 |\n| --- | --- | --- |")
    print(f"| product | {ours[0]:.2f} | {ours[1]:.2f} |")
    print(f"| OpenSearch | {theirs[0]:.2f} | {theirs[1]:.2f} |")
    print(f"| product / OpenSearch | {ours[0] / theirs[0]:.2f} | {ours[1] / theirs[1]:.2f} |")


def per_second(server: Server, texts: Sequence[str], connections: int) -> float:
    """Requests a second with ``connections`` connections. Each has its own thread, which takes the next text."""
    requests = [server.request(text) for text in texts]
    left = iter(requests)
    failed: list[BaseException] = []

    def ask_on() -> None:
        try:
            with closing(Connection(server.url)) as connection:
                for request in left:
                    connection.send(request)
        except BaseException as error:  # noqa: BLE001 (the main thread raises it below)
            failed.append(error)

    threads = [threading.Thread(target=ask_on) for _ in range(connections)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if failed:
        raise failed[0]
    return len(requests) / took


def measure_rates(cases: Sequence[tuple[Server, int]], texts: Sequence[str], rounds: int) -> None:
    """Print the requests a second of each server with its number of connections. In each round they take turns."""
    for server in dict.fromkeys(server for server, _ in cases):
        per_second(server, texts, max(connections for _, connections in cases))
    rates: list[list[float]] = [[] for _ in cases]
    for _ in range(rounds):
        for (server, connections), taken in zip(cases, rates, strict=True):
            taken.append(per_second(server, texts, connections))
    print("\n| requests a second | connections | median | of rounds |\n| --- | --- | --- | --- |")
    for (server, connections), taken in zip(cases, rates, strict=True):
        each = ", ".join(f"{rate:.0f}" for rate in taken)
        print(f"| {server.name} | {connections} | {statistics.median(taken):.0f} | {each} |")


def index_of(files: Sequence[Path], stack: ExitStack) -> dict[str, str]:
    """The environment of the product's index: SEARCH_INDEX_DIR if set, otherwise an index built in a temporary folder."""
    log = {"SEARCH_QUERYLOG_URL": "off"}
    if os.environ.get("SEARCH_INDEX_DIR"):
        return log
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    environment = log | {
        "SEARCH_INDEX_DIR": str(folder / "index_data"),
        "SEARCH_STORE_URL": f"sqlite:///{folder}/articles.sqlite3",
    }
    for file in files:
        mapping = ("--map", "category=channel", "--rejects", f"{folder}/rejects.jsonl")
        indexer(environment, "ingest", str(file), *mapping)
    indexer(environment, "rebuild")
    return environment


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--opensearch", required=True, help="URL of one that runs")
    parser.add_argument("--product", help="URL of one that runs, instead of starting it")
    parser.add_argument("--articles", type=Path, nargs="+", help="gzipped JSON lines")
    parser.add_argument("--queries", type=Path, help="lines of source, tab, query")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--warm-up", type=int, default=1000, help="queries to warm up with")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workers", type=int, default=1, help="of the product asked in turn")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--reuse", action="store_true", help="OpenSearch's index, if it fits")
    parser.add_argument("--offsets", action="store_true", help="OpenSearch stores offsets")
    options = parser.parse_args()
    files = options.articles or [corpus_dir() / "articles" / f"{name}.jsonl.gz" for name in FILES]
    analyzer = make_analyzer()
    texts = list(dict.fromkeys(text for _, text in real_queries(options.queries)))
    random.Random(options.seed).shuffle(texts)
    words = {text: [token.text for token in analyzer.query(text)] for text in texts}
    texts = [text for text in texts if words[text]][: options.count + options.warm_up]
    asked, before = texts[: options.count], texts[options.count :]
    with ExitStack() as stack:
        if options.product:
            single = url = options.product
        else:
            environment = index_of(files, stack)
            single = stack.enter_context(product(1, environment))
            url = single
            if options.workers > 1:
                url = stack.enter_context(product(options.workers, environment))
        count = articles_in_product(url)
        if not (options.reuse and articles_in_opensearch(options.opensearch) == count):
            load(options.opensearch, articles_of(files), analyzer, offsets=options.offsets)
        peer_count = articles_in_opensearch(options.opensearch)
        if peer_count != count:
            raise SystemExit(f"error: the product has {count} articles, OpenSearch {peer_count}")
        print(
            f"{platform.python_version()}, {platform.machine()}, {count:,} articles, {len(asked):,} queries, "
            f"{len(before):,} others before, seed {options.seed}",
            flush=True,
        )
        ours, peer = the_product(url), the_opensearch(options.opensearch, words)
        in_turn((ours, peer), before)
        rounds = [in_turn((ours, peer), asked) for _ in range(options.rounds)]
        report_times("each query for the first time", rounds[0][0])
        if again := [times for times, _ in rounds[1:]]:
            report_times("again", np.median(again, axis=0))
        nothing = (rounds[0][1] == 0).sum(axis=1)
        print(f"\nnothing found: product {nothing[0]}, OpenSearch {nothing[1]}", flush=True)
        many = options.connections
        if options.product:
            cases = [(ours, 1), (ours, many)]
        else:
            one = the_product(single, "product, 1 worker")
            two = the_product(stack.enter_context(product(2, environment)), "product, 2 workers")
            cases = [(one, 1), (one, many), (two, many)]
        measure_rates([*cases, (peer, 1), (peer, many)], asked, options.rounds)


if __name__ == "__main__":
    main()
