"""Related articles of the product beside OpenSearch's ``more_like_this`` on the same articles: time, overlap, quality.

    python -m benchmarks.related --opensearch http://127.0.0.1:9200 [--count 300] [--rounds 3] [--warm-up 200] [--seed 7]
        [--reuse] [--judged FOLDER]

OpenSearch must run already. The benchmark deletes its index ``search-benchmark`` and makes a new one of the articles in the store
that the settings name, cut into words by the same analyzer, in one shard, merged into one segment. With ``--reuse`` it uses an
existing index with the same number of articles. The product answers from its index twice: in this process, and by its own server,
which the benchmark starts with one worker. Its query log is off.

Each is asked for six articles. The product takes KEY_TERMS key terms, weighs age and channel, leaves reprints out, and returns
leads and reasons. OpenSearch takes as many terms of title and body, of two characters or more, and returns title, channel, source
and date of articles that share two of them. Its time includes that it cuts the article's text at blanks.

The three are asked for each article in turn, and the first of them alternates. The articles for warming up are not among the
measured ones. The first round asks for each article for the first time. Further rounds ask again, and the median of these rounds
counts. "Overlap" is the mean share of the product's articles that
OpenSearch lists too.

``--judged`` then measures both on a judged set, as ``evaluate-related`` does. OpenSearch's index then holds that set.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any, Final
from urllib.parse import quote

import numpy as np
import orjson

from benchmarks.opensearch import INDEX, articles_in_opensearch, load
from benchmarks.over_http import Connection, Request, product
from indexer.analysis.analyzers import Analyzer, make_analyzer
from indexer.query import MatchAll, SearchRequest
from indexer.settings import IndexSettings, read_settings
from indexer.store.database import open_store, read_words
from search_service.assembly import make_services
from search_service.blocks.related import RelatedAnswer, Wanted
from search_service.evaluation.judged import read_judged
from search_service.evaluation.related import evaluate_related
from search_service.ranking.weights import KEY_TERMS, MIN_SHARED
from search_service.services import Services
from search_service.understanding.filters import visible

SHOWN: Final = 6
"""The size of the block on an article's page."""
WANTED: Final = Wanted(size=SHOWN)
ASKED: Final = 50
"""Articles of OpenSearch for a seed of a judged set, so that SHOWN remain without near-copies."""
PAGE: Final = 100
"""Articles that are drawn from, in one request."""


@dataclass(slots=True)
class Side:
    """One that is asked: how, what its answer lists, and what it took in each round (milliseconds)."""

    name: str
    ask: Callable[[str], Any]
    listed: Callable[[Any], list[str]]
    rounds: list[list[float]] = field(default_factory=list)
    lists: dict[str, list[str]] = field(default_factory=dict)


def more_like(article_id: str, size: int) -> Request:
    body = {
        "size": size,
        "_source": ["title", "channel", "source", "date"],
        "query": {
            "more_like_this": {
                "fields": ["title", "body"],
                "like": {"_index": INDEX, "_id": article_id},
                "max_query_terms": KEY_TERMS,
                "min_term_freq": 1,
                "min_doc_freq": 2,
                "min_word_length": 2,
                "minimum_should_match": str(MIN_SHARED),
            }
        },
    }
    return Request("POST", f"/{INDEX}/_search", orjson.dumps(body))


def listed_by_opensearch(body: bytes) -> list[str]:
    return [hit["_id"] for hit in orjson.loads(body)["hits"]["hits"]]


def over_http(article_id: str) -> Request:
    return Request("GET", f"/api/v1/articles:related?id={quote(article_id, safe='')}&size={SHOWN}")


def listed_by_the_api(body: bytes) -> list[str]:
    return [hit["id"] for hit in orjson.loads(body)["hits"]]


def in_process(answer: RelatedAnswer) -> list[str]:
    return [item.article.id for item in answer.items]


def ask_in_turn(sides: Sequence[Side], ids: Sequence[str]) -> None:
    """Ask all sides for every article, one round."""
    for side in sides:
        side.rounds.append([])
    for number, article_id in enumerate(ids):
        first = number % len(sides)
        for side in (*sides[first:], *sides[:first]):
            began = time.perf_counter_ns()
            answer = side.ask(article_id)
            side.rounds[-1].append((time.perf_counter_ns() - began) / 1e6)
            side.lists[article_id] = side.listed(answer)


def report(sides: Sequence[Side]) -> None:
    print("\n| ms, p50 / p95 | for the first time | again |\n| --- | --- | --- |")
    for side in sides:
        first, *others = np.array(side.rounds)
        told = [first, np.median(others, axis=0)] if others else [first]
        cells = (" / ".join(f"{each:.2f}" for each in np.percentile(row, (50, 95))) for row in told)
        print(f"| {side.name} | {' | '.join(cells)} |")


def overlap(ours: Side, theirs: Side) -> float:
    shares = [
        len({*some} & {*theirs.lists[each]}) / len(some)
        for each, some in ours.lists.items()
        if some
    ]
    return fmean(shares)


def some_articles(services: Services, count: int, seed: int) -> list[str]:
    """The ids of ``count`` visible articles, drawn from the newest ones, twice as many: those are read most."""
    filter_ = visible(services.clock())
    ids: list[str] = []
    with services.live.reader() as (reader, _, _):
        for page in range(1, -(-2 * count // PAGE) + 1):
            request = SearchRequest(MatchAll(), filter=filter_, sort="newest", page=page, size=PAGE)
            ids += [each for each, _ in reader.rank(request)]
    random.Random(seed).shuffle(ids)
    return ids[:count]


def load_store(url: str, store_url: str, analyzer: Analyzer) -> None:
    """Load OpenSearch with the articles of the store."""
    with closing(open_store(store_url)) as store:
        articles = (change.article for change in store.changes())
        load(url, (each for each in articles if each is not None), analyzer, offsets=False)


def measure_quality(url: str, folder: Path, settings: IndexSettings) -> None:
    """Load OpenSearch with a judged set, and print the measures of both."""
    judged = read_judged(folder)
    analyzer = make_analyzer(words=read_words(settings.store_url))
    load(url, judged.articles, analyzer, offsets=False)
    with closing(Connection(url)) as peer:
        found = evaluate_related(
            judged,
            analyzer=analyzer,
            timezone=settings.timezone,
            peers={
                "OpenSearch": lambda seed: listed_by_opensearch(peer.send(more_like(seed, ASKED)))
            },
        )
    print(
        "\n| ranking | near-copies | seeds | recall@6 | nDCG@6 |\n| --- | --- | --- | --- | --- |"
    )
    for each in found:
        recall, ndcg = fmean(each.recalls.values()), fmean(each.ndcgs.values())
        copies = "in" if each.copies else "out"
        print(f"| {each.ranking} | {copies} | {len(each.ndcgs)} | {recall:.3f} | {ndcg:.3f} |")


def measure_times(options: argparse.Namespace, settings: IndexSettings) -> None:
    """Load OpenSearch with the articles of the store if need be, and print the times and the overlap of the lists."""
    url: str = options.opensearch
    with ExitStack() as stack:
        services = stack.enter_context(closing(make_services(settings)))
        services.warm_up()
        with services.live.reader() as (reader, _, words):
            count, analyzer = reader.doc_count, words
        if not (options.reuse and articles_in_opensearch(url) == count):
            load_store(url, settings.store_url, analyzer)
        if (peer_count := articles_in_opensearch(url)) != count:
            raise SystemExit(f"error: the product has {count} articles, OpenSearch {peer_count}")
        ids = some_articles(services, options.count + options.warm_up, options.seed)
        asked, before = ids[: options.count], ids[options.count :]
        print(
            f"{platform.python_version()}, {platform.machine()}, {count:,} articles, {len(asked):,} asked for, "
            f"{len(before):,} others before, seed {options.seed}",
            flush=True,
        )
        own_url = stack.enter_context(product(1, {"SEARCH_QUERYLOG_URL": "off"}))
        server = stack.enter_context(closing(Connection(own_url)))
        peer = stack.enter_context(closing(Connection(url)))
        sides = (
            Side("product, in process", lambda each: services.related(each, WANTED), in_process),
            Side(
                "product, over HTTP", lambda each: server.send(over_http(each)), listed_by_the_api
            ),
            Side(
                "OpenSearch", lambda each: peer.send(more_like(each, SHOWN)), listed_by_opensearch
            ),
        )
        ask_in_turn(sides, before)
        for side in sides:
            side.rounds, side.lists = [], {}
        for _ in range(options.rounds):
            ask_in_turn(sides, asked)
        report(sides)
        print(
            f"\noverlap of the product's articles with OpenSearch's: {overlap(sides[0], sides[2]):.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--opensearch", required=True, help="URL of one that runs")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--warm-up", type=int, default=200, help="articles to warm up with")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--reuse", action="store_true", help="OpenSearch's index, if it fits")
    parser.add_argument("--judged", type=Path, help="folder of a judged set")
    options = parser.parse_args()
    settings = read_settings(IndexSettings, os.environ)
    measure_times(options, settings)
    if options.judged:
        measure_quality(options.opensearch, options.judged, settings)


if __name__ == "__main__":
    main()
