"""Evaluation: measures how well search answers judged questions (nDCG, MRR, recall).

A judged set is a folder of three files: ``corpus.jsonl`` (or .gz; ``id``, ``title``, ``text``, and where known
``published_at`` and ``duplicate_group``), ``queries.jsonl`` (``id``, ``text``) and ``qrels.tsv`` (query, document, grade;
a header line first). The evaluation indexes the set in a temporary folder and asks it through the same ``search`` that
readers use, at the time just after its newest article. Queries without a relevant document do not count.
"""

from __future__ import annotations

import gzip
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from statistics import fmean, median
from time import perf_counter
from types import ModuleType
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import orjson

from indexer.analysis.analyzers import Analyzer
from indexer.article import Article, make_article
from indexer.engines.registry import open_engine
from indexer.errors import InvalidArticle, InvalidJudgedSet, PackageMissing
from indexer.fingerprint import SCHEMA_VERSION, fingerprint
from indexer.generations import Generations
from indexer.manifest import Manifest
from search_service.answering.search import MAX_SIZE, Question
from search_service.live.index import LiveIndex
from search_service.ranking.aging import Aging
from search_service.services import Services, utc_now
from search_service.settings import SearchSettings

_ENGINE: Final = "whoosh"
_MEASURES: Final = ("nDCG@10", "RR@10", "R@100")
_AGING: Final = SearchSettings().aging
_RESAMPLES: Final = 1_000
_SEED: Final = 7
_LARGEST_GROUP: Final = 2**63 - 1
"""An index keeps the number of a group in 64 bits with a sign."""

Interval = tuple[float, float]
"""The ends of a 95 % interval, the lower first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedSet:
    """Articles, questions by their ids, and the grade of each judged article by question (0: not relevant)."""

    name: str
    articles: tuple[Article, ...]
    questions: Mapping[str, str]
    grades: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedAnswer:
    """How one question was answered: its nDCG@10, its rung, the number of articles found, and milliseconds."""

    text: str
    ndcg: float
    rung: str
    total: int
    ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The result of a judged set: means over its questions, and each answer by its question's id.

    ``zero_hits`` is the share of the questions that found nothing. ``median_ms`` is the median time of a question.
    """

    name: str
    ndcg_10: float
    mrr_10: float
    recall_100: float
    zero_hits: float
    median_ms: float
    answers: Mapping[str, JudgedAnswer]

    @property
    def rungs(self) -> dict[str, int]:
        """How many questions each rung answered, the most first."""
        return dict(Counter(each.rung for each in self.answers.values()).most_common())

    @property
    def ndcg_10_interval(self) -> Interval:
        """The interval of the mean nDCG@10: see :func:`interval`."""
        return interval([each.ndcg for each in self.answers.values()])

    def gains_over(self, before: Evaluation) -> list[float]:
        """How much each question's nDCG@10 is higher than before. Only the questions that both asked."""
        shared = self.answers.keys() & before.answers.keys()
        return [self.answers[each].ndcg - before.answers[each].ndcg for each in sorted(shared)]


def interval(values: Sequence[float]) -> Interval:
    """The 95 % bootstrap interval of the mean of values, at least one.

    The ends are percentiles of the means of 1,000 resamples (Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
    chapter 13). The resamples have a fixed seed, so equal values have equal intervals. O(1,000 * values) time and memory.
    """
    drawn = np.random.default_rng(_SEED).choice(values, (_RESAMPLES, len(values)))
    low, high = np.percentile(drawn.mean(axis=1), (2.5, 97.5))
    return float(low), float(high)


def read_judged(folder: Path) -> JudgedSet:
    """Read a judged set.

    Raises:
        InvalidJudgedSet: a file is missing, or a line of it is malformed.
    """
    articles, questions = [], {}
    for where, record in _records(folder, "corpus.jsonl"):
        articles.append(_article(where, record))
    for where, record in _records(folder, "queries.jsonl"):
        if not isinstance(record.get("id"), str) or not isinstance(record.get("text"), str):
            raise InvalidJudgedSet(where, "a query needs an id and a text")
        questions[record["id"]] = record["text"]
    grades = _grades(folder)
    judged = {query for query, graded in grades.items() if max(graded.values()) > 0}
    counted = {query: text for query, text in questions.items() if query in judged}
    if not counted:
        raise InvalidJudgedSet(str(folder), "no query has a relevant document in qrels.tsv")
    return JudgedSet(name=folder.name, articles=tuple(articles), questions=counted, grades=grades)


def _article(where: str, record: Mapping[str, Any]) -> Article:
    """The article of a record of the corpus. A time without an offset is read as UTC."""
    group = record.get("duplicate_group", 0)
    if type(group) is not int or not 0 <= group <= _LARGEST_GROUP:
        raise InvalidJudgedSet(where, "duplicate_group must be a whole number, 0 for no group")
    try:
        values = {"id": record["id"], "title": record["title"], "body": record["text"]}
        dated = values | {"published_at": record.get("published_at")}
        return replace(make_article(dated, timezone=UTC), duplicate_group=group)
    except KeyError as error:
        raise InvalidJudgedSet(where, f"lacks {error}: id, title and text are needed") from error
    except InvalidArticle as error:
        raise InvalidJudgedSet(where, str(error)) from error


def _records(folder: Path, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The JSON objects of a file with one object a line, plain or gzipped. Each comes with its file and line."""
    path = next((each for each in (folder / name, folder / f"{name}.gz") if each.is_file()), None)
    if path is None:
        raise InvalidJudgedSet(str(folder / name), "is missing (it may be gzipped)")
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            where = f"{path}, line {number}"
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise InvalidJudgedSet(where, f"is not JSON: {error}") from error
            if not isinstance(record, dict):
                raise InvalidJudgedSet(where, "is not a JSON object")
            yield where, record


def _grades(folder: Path) -> dict[str, dict[str, int]]:
    path = folder / "qrels.tsv"
    if not path.is_file():
        raise InvalidJudgedSet(str(path), "is missing")
    grades: dict[str, dict[str, int]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()[1:], 2):
        try:
            query, document, grade = line.split("\t")
            grades.setdefault(query, {})[document] = int(grade)
        except ValueError as error:
            raise InvalidJudgedSet(
                f"{path}, line {number}", "needs a query, a document and a grade, parted by tabs"
            ) from error
    return grades


def evaluate(
    judged: JudgedSet, *, analyzer: Analyzer, timezone: ZoneInfo, aging: Aging = _AGING
) -> Evaluation:
    """Index a judged set in a temporary folder and ask all of its questions, one after another.

    Of a duplicate group only one article is a hit. So a group counts as one document, with the best grade of its articles.

    Raises:
        PackageMissing: ir-measures is not installed.
    """
    measuring = _measuring()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        _index(root, judged, analyzer, timezone)
        live = LiveIndex(Generations(root), analyzer=analyzer, timezone=timezone)
        services = Services(live, timezone, clock=_clock(judged.articles), aging=aging)
        with closing(services):
            return _asked(judged, services, measuring)


def _clock(articles: Sequence[Article]) -> Callable[[], datetime]:
    """A clock that stands still just after the newest article. Articles without a time are all equally old at any time."""
    times = [each.published_at for each in articles if each.published_at]
    if not times:
        return utc_now
    now = max(times) + timedelta(seconds=1)
    return lambda: now


def _measuring() -> ModuleType:
    """The package that computes the measures. It is large, and nothing else needs it."""
    try:
        return import_module("ir_measures")
    except ModuleNotFoundError as error:
        raise PackageMissing("ir-measures", "requirements-evaluate.txt") from error


def _asked(judged: JudgedSet, services: Services, measuring: ModuleType) -> Evaluation:
    services.search(
        Question(text=next(iter(judged.questions.values())))
    )  # loads what later searches reuse
    documents = {  # no id begins with a blank
        each.id: f" group {each.duplicate_group}" if each.duplicate_group else each.id
        for each in judged.articles
    }
    answers: dict[str, JudgedAnswer] = {}
    run: dict[str, dict[str, float]] = {}
    for query, text in judged.questions.items():
        began = perf_counter()
        answer = services.search(Question(text=text))
        ms = (perf_counter() - began) * 1000
        ranked = services.search(Question(text=text, size=MAX_SIZE)).hits
        run[query] = {documents[hit.article.id]: float(-place) for place, hit in enumerate(ranked)}
        answers[query] = JudgedAnswer(
            text=text, ndcg=0.0, rung=answer.understood.rung, total=answer.total, ms=ms
        )
    grades = {query: _best_grades(judged.grades[query], documents) for query in judged.questions}
    measures = [measuring.parse_measure(name) for name in _MEASURES]
    for each in measuring.iter_calc(measures[:1], grades, run):
        answers[each.query_id] = replace(answers[each.query_id], ndcg=float(each.value))
    means = measuring.calc_aggregate(measures, grades, run)
    ndcg, mrr, recall = (float(means[measure]) for measure in measures)
    return Evaluation(
        name=judged.name,
        ndcg_10=ndcg,
        mrr_10=mrr,
        recall_100=recall,
        zero_hits=fmean(not each.total for each in answers.values()),
        median_ms=median(each.ms for each in answers.values()),
        answers=answers,
    )


def _best_grades(grades: Mapping[str, int], documents: Mapping[str, str]) -> dict[str, int]:
    """The best grade of each document, by the document that each article stands for."""
    best: dict[str, int] = {}
    for article_id, grade in grades.items():
        document = documents.get(article_id, article_id)
        best[document] = max(grade, best.get(document, grade))
    return best


def _index(root: Path, judged: JudgedSet, analyzer: Analyzer, timezone: ZoneInfo) -> None:
    """Make a generation of a judged set and promote it.

    Unlike a rebuild it learns no words: the articles were gathered for the questions, whose words repeat in them as in no store.
    """
    generations = Generations(root)
    with generations.lock():
        folder = generations.begin()
        engine = open_engine(_ENGINE, folder / "index", analyzer=analyzer, timezone=timezone)
        engine.create()
        with engine.writer() as writer:
            for each in judged.articles:
                writer.add(each)
            writer.commit(revision=1)
        manifest = Manifest(
            name=folder.name,
            engine=_ENGINE,
            fingerprint=fingerprint(engine=_ENGINE, analysis=analyzer.fingerprint),
            schema_version=SCHEMA_VERSION,
            doc_count=len(judged.articles),
            revision=1,
            made_at=datetime.now(UTC),
            seconds=0.0,
        )
        generations.finish(manifest)
        generations.promote(folder.name)


def to_json(evaluations: list[Evaluation]) -> bytes:
    """The evaluations as JSON, with their rungs and intervals. :func:`from_json` reads it."""
    told = [
        asdict(each) | {"rungs": each.rungs, "ndcg_10_interval": each.ndcg_10_interval}
        for each in evaluations
    ]
    return orjson.dumps(told, option=orjson.OPT_INDENT_2) + b"\n"


def from_json(path: Path) -> dict[str, Evaluation]:
    """Read the evaluations that :func:`to_json` wrote. Returns each by the name of its set. What follows from answers may lack.

    Raises:
        InvalidJudgedSet: the file holds no evaluations.
    """
    try:
        found = {}
        for each in orjson.loads(path.read_bytes()):
            answers = {query: JudgedAnswer(**answer) for query, answer in each["answers"].items()}
            known = {field.name: each[field.name] for field in fields(Evaluation)}
            found[each["name"]] = Evaluation(**{**known, "answers": answers})
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise InvalidJudgedSet(
            str(path), "holds no evaluation: write one with evaluate --json FILE"
        ) from error
    return found
