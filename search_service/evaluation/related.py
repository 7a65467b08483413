"""How well the related articles are found: recall and nDCG of the first six.

Two articles are related if both are judged relevant to one question. Each such article is a seed: its related articles are
asked for, as its page does. Only those that its key terms find count, because articles of the same channel and the latest
articles say nothing about the key terms. The baseline beside them searches for all words of the seed.

Near-copies are easy to find, and nobody wants to read them next. So everything is measured twice: with near-copies and
without them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import fmean
from types import MappingProxyType, ModuleType
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import orjson

from indexer.analysis.analyzers import Analyzer
from indexer.article import Article
from indexer.engines.base import Reader
from indexer.errors import InvalidJudgedSet
from indexer.query import Match, SearchRequest
from search_service.blocks.related import Wanted
from search_service.evaluation.judged import JudgedSet, indexed
from search_service.evaluation.measures import SEED, interval, measuring
from search_service.services import Services

_SHOWN: Final = 6
"""The size of the block on an article's page."""
_ASKED: Final = 50
"""Articles asked for, so that _SHOWN remain without near-copies. The key terms rank no more."""
_MOST_SEEDS: Final = 600
_GRAM: Final = 5
_COPIED: Final = 0.5
_ALL_WORDS: Final = (("title", 1.0), ("body", 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedMeasures:
    """The recall and the nDCG of the first six articles that a ranking lists for each seed, by the seed's id.

    ``copies`` says whether near-copies count.
    """

    ranking: str
    copies: bool
    recalls: Mapping[str, float]
    ndcgs: Mapping[str, float]


Ranking = Callable[[str], list[str]]
"""The ids of the articles that are related to the one with an id, best first: _ASKED if there are so many."""


def evaluate_related(
    judged: JudgedSet,
    *,
    analyzer: Analyzer,
    timezone: ZoneInfo,
    peers: Mapping[str, Ranking] = MappingProxyType({}),
) -> list[RelatedMeasures]:
    """Index a judged set in a temporary folder, and rank for at most 600 seeds, drawn at random with a fixed seed.

    Returns the related articles, the baseline and the ``peers``, which are further rankings by name, first with near-copies, then without them. Without them, copies of one
    text count as one article, and a seed that is related only to its copies does not count. Two articles are near-copies if
    they share more than half of the distinct runs of 5 characters of the article that has fewer.

    Raises:
        InvalidJudgedSet: no two articles are relevant to one question, or only near-copies are.
        PackageMissing: ir-measures is not installed.
    """
    package = measuring()
    relevant = _drawn(judged)
    articles = {each.id: each for each in judged.articles}
    with indexed(judged, analyzer=analyzer, timezone=timezone) as services:
        by_terms = {seed: _related(services, seed) for seed in relevant}
        with services.live.reader() as (reader, _, words):
            by_all = {seed: _whole(reader, words, articles[seed]) for seed in relevant}
    rankings = {"related articles": by_terms, "whole article": by_all}
    for name, rank in peers.items():
        rankings[name] = {seed: rank(seed) for seed in relevant}
    found = [
        _measured(name, ranked, relevant, package, copies=True) for name, ranked in rankings.items()
    ]
    texts = _Texts(articles)
    for name, ranked in rankings.items():
        first, others = {}, {}
        for seed, ids in relevant.items():
            first[seed] = list(islice(texts.apart(seed, ranked[seed]), _SHOWN))
            # Of several copies the listed one counts, so a list that holds one of each is complete.
            listed_first = sorted(ids, key=lambda each: each not in first[seed])
            others[seed] = list(texts.apart(seed, listed_first))
        fresh = {seed: ids for seed, ids in others.items() if ids}
        if not fresh:
            raise InvalidJudgedSet(judged.name, "all related articles are near-copies")
        found.append(_measured(name, first, fresh, package, copies=False))
    return found


def _drawn(judged: JudgedSet) -> dict[str, list[str]]:
    """The seeds, each with the ids of all articles that are related to it."""
    known = {each.id for each in judged.articles}
    related: dict[str, set[str]] = {}
    for query in judged.questions:
        right = {each for each, grade in judged.grades[query].items() if grade > 0} & known
        for each in right:
            related.setdefault(each, set()).update(right - {each})
    seeds = sorted(each for each, others in related.items() if others)
    if not seeds:
        raise InvalidJudgedSet(judged.name, "no two articles are relevant to one question")
    generator = np.random.default_rng(SEED)
    drawn = generator.choice(len(seeds), min(len(seeds), _MOST_SEEDS), replace=False)
    return {seeds[place]: sorted(related[seeds[place]]) for place in sorted(drawn)}


def _related(services: Services, seed: str) -> list[str]:
    """The related articles of a seed. The block of _SHOWN articles is the beginning of this list, if near-copies count."""
    items = services.related(seed, Wanted(size=_ASKED)).items
    return [each.article.id for each in items if each.step == "terms"]


def _whole(reader: Reader, analyzer: Analyzer, seed: Article) -> list[str]:
    """The articles that hold any word of the seed, ordered by BM25."""
    words = tuple(analyzer.counts(f"{seed.title}\n{seed.body}"))
    request = SearchRequest(Match(words, fields=_ALL_WORDS, need=0.0), size=_ASKED + 1)
    return [each for each, _ in reader.rank(request) if each != seed.id]


class _Texts:
    """Which articles of a set are near-copies of one another."""

    def __init__(self, articles: Mapping[str, Article]) -> None:
        self._articles = articles
        self._grams: dict[str, frozenset[str]] = {}

    def apart(self, seed: str, ids: Iterable[str]) -> Iterator[str]:
        """Yield the articles that are near-copies neither of the seed nor of an article yielded before."""
        kept = [self._grams_of(seed)]
        for each in ids:
            grams = self._grams_of(each)
            if not any(_are_copies(grams, other) for other in kept):
                kept.append(grams)
                yield each

    def _grams_of(self, article_id: str) -> frozenset[str]:
        """The runs of _GRAM characters of an article, or its whole text if that is shorter."""
        if article_id not in self._grams:
            article = self._articles[article_id]
            text = "".join(f"{article.title}{article.body}".split())
            starts = range(max(1, len(text) - _GRAM + 1))
            self._grams[article_id] = frozenset(text[start : start + _GRAM] for start in starts)
        return self._grams[article_id]


def _are_copies(grams: frozenset[str], others: frozenset[str]) -> bool:
    return len(grams & others) > _COPIED * min(len(grams), len(others))


def _measured(
    ranking: str,
    listed: Mapping[str, Sequence[str]],
    relevant: Mapping[str, Sequence[str]],
    package: ModuleType,
    *,
    copies: bool,
) -> RelatedMeasures:
    """Measure the first _SHOWN articles that are listed for each seed in ``relevant``."""
    grades = {seed: dict.fromkeys(ids, 1) for seed, ids in relevant.items()}
    run = {
        seed: {each: float(-place) for place, each in enumerate(listed[seed])} for seed in relevant
    }
    measures = [package.parse_measure(f"{name}@{_SHOWN}") for name in ("R", "nDCG")]
    values: dict[Any, dict[str, float]] = {measure: {} for measure in measures}
    for each in package.iter_calc(measures, grades, run):
        values[each.measure][each.query_id] = float(each.value)
    recalls, ndcgs = (values[measure] for measure in measures)
    return RelatedMeasures(ranking=ranking, copies=copies, recalls=recalls, ndcgs=ndcgs)


def to_json(name: str, found: Sequence[RelatedMeasures]) -> bytes:
    """The measures of a set as JSON: the means with their intervals, and the values of each seed."""
    told = [
        {
            "ranking": each.ranking,
            "copies": each.copies,
            "recall_6": fmean(each.recalls.values()),
            "recall_6_interval": interval([*each.recalls.values()]),
            "ndcg_6": fmean(each.ndcgs.values()),
            "ndcg_6_interval": interval([*each.ndcgs.values()]),
            "seeds": {
                seed: {"recall": recall, "ndcg": each.ndcgs[seed]}
                for seed, recall in each.recalls.items()
            },
        }
        for each in found
    ]
    return orjson.dumps({"name": name, "measures": told}, option=orjson.OPT_INDENT_2) + b"\n"
