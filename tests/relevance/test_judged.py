"""Search on real judged questions: it may not get worse. docs/relevance.md has the figures and how they came about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from search_service.evaluation.judged import read_judged
from search_service.evaluation.search import evaluate
from tests.search_service.indexes import SHANGHAI
from tests.typed_queries import analyzer

EVERY = {"news_questions": 1, "web_questions": 1, "traditional_passages": 4}
"""One question in so many is asked."""


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "floor"),
    [("news_questions", 0.578), ("web_questions", 0.72), ("traditional_passages", 0.95)],
)
def test_judged_questions_are_answered_as_well_as_before(
    corpus_dir: Path, name: str, floor: float
) -> None:
    judged = read_judged(corpus_dir / "judged" / name)
    questions = dict(list(judged.questions.items())[:: EVERY[name]])
    found = evaluate(replace(judged, questions=questions), analyzer=analyzer(), timezone=SHANGHAI)
    assert found.ndcg_10 >= floor
    assert found.zero_hits == 0
