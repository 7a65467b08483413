from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from indexer.analysis.characters import fold, fold_literal
from indexer.analysis.grams import LiteralPlan, gram_codes, grams, plan_literal
from indexer.analysis.scripts import is_sign
from tests.contracts.analyzer import TEXTS

FEW = st.text("上海大学a1A，。+😀 \n\u3000\u0301臺", max_size=12)
"""Texts of few characters, so that one often stands in another."""


def grants(plan: LiteralPlan, found: set[str]) -> bool:
    """Whether a text with these grams is a candidate of the plan."""
    return found.issuperset(plan.grams) and all(
        any(gram.startswith(prefix) for gram in found) for prefix in plan.prefixes
    )


@given(st.one_of(FEW, TEXTS), st.data())
@settings(max_examples=1000)
def test_every_text_that_holds_a_literal_is_a_candidate(text: str, data: st.DataObject) -> None:
    folded = fold_literal(text)
    start = data.draw(st.integers(0, len(folded)))
    literal = folded[start : data.draw(st.integers(start, len(folded)))]
    assert fold_literal(literal) in folded
    assert grants(plan_literal(literal), grams(text))


@given(FEW, st.text("上海大学a1A臺+😀 ", min_size=1, max_size=3))
@settings(max_examples=1000)
def test_a_candidate_of_an_exact_plan_holds_the_literal(text: str, literal: str) -> None:
    plan = plan_literal(literal)
    assume(plan.exact)
    assert grants(plan, grams(text)) == (fold_literal(literal) in fold_literal(text))


@given(TEXTS)
@settings(max_examples=500)
def test_white_space_collapsed_or_not_the_grams_are_the_same(text: str) -> None:
    assert grams(fold_literal(text)) == grams(fold(text)) == grams(text)


@given(TEXTS)
def test_every_letter_digit_and_sign_begins_a_gram(text: str) -> None:
    begins = {each for each in fold(text) if each.isalnum() or is_sign(each)}
    assert {gram[0] for gram in grams(text)} == begins
    assert all(len(gram) == 2 for gram in grams(text))


def test_grams_are_bigrams_of_runs_and_the_edges_where_runs_end() -> None:
    assert grams("A股，中国 10") == {"a股", "股 ", ", ", "中国", "国 ", "10", "0 "}
    assert grams("") == grams(" \n\u0301") == set()


def test_a_sign_is_a_gram_of_its_own() -> None:
    assert grams("20℃→😀👍🏽+，") == {"20", "0 ", "℃ ", "→ ", "😀 ", "👍 ", "🏽 ", "+ ", ", "}


@pytest.mark.parametrize(
    ("literal", "plan"),
    [
        ("中", LiteralPlan((), ("中",), exact=True)),
        ("中國", LiteralPlan(("中国",), (), exact=True)),
        ("中国人", LiteralPlan(("中国", "国人"), (), exact=False)),
        ("股，中国", LiteralPlan(("股 ", "中国", ", "), (), exact=False)),
        ("中国。", LiteralPlan(("中国", "国 ", "。 "), (), exact=False)),
        ("a，中", LiteralPlan(("a ", ", "), ("中",), exact=False)),
        ("“中”", LiteralPlan(("中 ", "“ ", "” "), (), exact=False)),
        (" 中 ", LiteralPlan((), ("中",), exact=True)),
        ("，", LiteralPlan((", ",), (), exact=True)),
        ("😀", LiteralPlan(("😀 ",), (), exact=True)),
        ("0℃", LiteralPlan(("0 ", "℃ "), (), exact=False)),
        ("", LiteralPlan((), (), exact=False)),
    ],
)
def test_a_plan_names_bigrams_edges_and_what_may_go_on(literal: str, plan: LiteralPlan) -> None:
    assert plan_literal(literal) == plan


@given(st.lists(st.one_of(FEW, TEXTS), max_size=5))
def test_texts_that_are_read_together_have_the_grams_of_each(texts: list[str]) -> None:
    codes, counts = gram_codes([fold(text) for text in texts])
    told = [chr(code >> 32) + chr(code & 0xFFFFFFFF) for code in codes.tolist()]
    ends = accumulate(counts.tolist())
    found = [set(told[end - size : end]) for end, size in zip(ends, counts.tolist(), strict=True)]
    assert found == [*map(grams, texts)]
