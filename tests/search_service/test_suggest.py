from __future__ import annotations

from pathlib import Path

import pytest

from search_service.services import Services
from tests.factories import article
from tests.search_service.indexes import services

ARTICLES = [
    article("a", title="乡村振兴在云溪", published_at="2026-01-01"),
    article("b", title="乡村振兴的路", published_at="2026-01-03"),
    article("c", title="鄉村振興的路", published_at="2026-01-02"),
    article("d", title="说说乡村振兴", published_at="2026-01-04"),
    article("e", title="乡村振兴草稿", status="draft"),
    article("f", title="iPhone 15 评测"),
]


@pytest.fixture(params=["memory", "whoosh"])
def asked(tmp_path: Path, request: pytest.FixtureRequest) -> Services:
    return services(tmp_path, ARTICLES, engine=request.param)


@pytest.mark.parametrize(
    ("prefix", "titles"),
    [
        ("乡村", ("乡村振兴的路", "乡村振兴在云溪")),
        ("鄉村", ("乡村振兴的路", "乡村振兴在云溪")),
        ("  乡村 ", ("乡村振兴的路", "乡村振兴在云溪")),
        ("ＩＰＨＯＮＥ  15", ("iPhone 15 评测",)),
        ("振兴", ()),
        ("", ()),
        (" ", ()),
        ("*", ()),
        ("\ud800", ()),
        ("乡村" * 5000, ()),
    ],
)
def test_titles_that_begin_so_are_offered_newest_first_and_none_twice(
    asked: Services, prefix: str, titles: tuple[str, ...]
) -> None:
    assert asked.suggest(prefix).items == titles


def test_no_more_than_asked_for(asked: Services) -> None:
    assert asked.suggest("乡村", size=1).items == ("乡村振兴的路",)


def test_a_suggestion_says_for_what_and_from_which_index(asked: Services) -> None:
    answer = asked.suggest(" 乡村 ")
    assert answer.prefix == "乡村"
    assert answer.index.generation == "000001"
