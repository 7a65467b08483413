"""How well search answers judged questions: nDCG, MRR and recall.

The questions are asked through the same ``search`` that readers use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from statistics import fmean, median
from time import perf_counter
from types import ModuleType
from typing import Final
from zoneinfo import ZoneInfo

import orjson

from indexer.analysis.analyzers import Analyzer
from indexer.errors import InvalidJudgedSet
from search_service.answering.search import MAX_SIZE, Question
from search_service.evaluation.judged import AGING, ENGINE, JudgedSet, indexed
from search_service.evaluation.measures import Interval, interval, measuring
from search_service.ranking.aging import Aging
from search_service.services import Services

_MEASURES: Final = ("nDCG@10", "RR@10", "R@100")


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


def evaluate(
    judged: JudgedSet,
    *,
    analyzer: Analyzer,
    timezone: ZoneInfo,
    engine: str = ENGINE,
    aging: Aging = AGING,
) -> Evaluation:
    """Index a judged set in a temporary folder and ask all of its questions, one after another.

    Of a duplicate group only one article is a hit. So a group counts as one document, with the best grade of its articles.

    Raises:
        PackageMissing: ir-measures is not installed.
    """
    package = measuring()
    with indexed(
        judged, analyzer=analyzer, timezone=timezone, engine=engine, aging=aging
    ) as services:
        return _asked(judged, services, package)


def _asked(judged: JudgedSet, services: Services, package: ModuleType) -> Evaluation:
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
    measures = [package.parse_measure(name) for name in _MEASURES]
    for each in package.iter_calc(measures[:1], grades, run):
        answers[each.query_id] = replace(answers[each.query_id], ndcg=float(each.value))
    means = package.calc_aggregate(measures, grades, run)
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
