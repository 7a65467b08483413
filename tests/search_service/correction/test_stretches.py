"""Which parts of a text may be one misspelt word."""

from __future__ import annotations

import pytest

from search_service.correction.stretches import stretches
from tests.typed_queries import analyzer


def found(text: str, known: set[str]) -> list[str]:
    cut = stretches(text, analyzer().query(text), known, analyzer().holds)
    return [text[each.start : each.end] for each in cut]


@pytest.mark.parametrize(
    ("text", "known", "expected"),
    [
        ("渔岗", set(), ["渔岗"]),
        ("渔岗", {"渔岗"}, []),
        ("人工只能", {"人工", "只能"}, ["人工只能"]),
        ("渔岗老树", {"老树"}, ["渔岗老树", "渔岗"]),
        ("渔", set(), []),
        ("abc 123", set(), []),
        ("一二三四五六七八九十东西南", set(), []),
    ],
)
def test_a_stretch_is_a_run_or_strange_or_long(
    text: str, known: set[str], expected: list[str]
) -> None:
    assert found(text, known) == expected


def test_two_characters_are_a_stretch_of_a_short_text_only() -> None:
    assert "渔岗" in found("渔岗老树", {"老树"})
    assert "渔岗" not in found("渔岗的那些老树", {"老树"})


def test_a_stretch_knows_its_run() -> None:
    text = "渔岗老树 花"
    whole, part = (
        each
        for each in stretches(text, analyzer().query(text), {"老树"}, analyzer().holds)
        if each.start == 0
    )
    assert (whole.is_run, part.is_run) == (True, False)
    assert part.run_with("渔港", text) == "渔港老树"
