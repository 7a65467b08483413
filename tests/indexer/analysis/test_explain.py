from __future__ import annotations

from indexer.analysis.analyzers import make_analyzer
from indexer.analysis.explain import explain


def test_an_explanation_shows_both_modes_what_was_ignored_and_the_grams() -> None:
    analyzer = make_analyzer()
    explanation = explain("農業银行嗎", analyzer)
    assert explanation.text == "農業银行嗎"
    assert explanation.folded == "农业银行吗"
    assert explanation.analyzer == "zh"
    assert explanation.fingerprint == analyzer.fingerprint
    assert [token.text for token in explanation.index] == ["农业银行", "农业", "银行", "吗"]
    assert [token.text for token in explanation.query] == ["农业银行"]
    assert explanation.ignored == ("吗",)
    assert explanation.grams == ("业银", "农业", "吗 ", "行吗", "银行")
