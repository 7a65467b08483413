from __future__ import annotations

from pathlib import Path

import pytest

from search_service.blocks.latest import LatestAnswer
from search_service.services import Services
from tests.factories import article
from tests.search_service.indexes import services

ARTICLES = [
    article("old", channel="文化/节会", published_at="2025-01-01"),
    article("new", channel="文化", published_at="2026-02-01", lead="导语。"),
    article("second", channel="农业", channels=["文化/非遗"], published_at="2025-06-01"),
    article("draft", status="draft", published_at="2026-02-02"),
    article("future", published_at="2026-04-02"),
    article("undated", published_at=None),
]


@pytest.fixture
def asked(tmp_path: Path) -> Services:
    return services(tmp_path, ARTICLES)


def ids(answer: LatestAnswer) -> list[str]:
    return [item.article.id for item in answer.items]


def test_the_newest_come_first_and_undated_ones_last(asked: Services) -> None:
    assert ids(asked.latest()) == ["new", "second", "old", "undated"]


def test_no_more_than_asked_for(asked: Services) -> None:
    assert ids(asked.latest(size=2)) == ["new", "second"]


def test_of_a_channel_with_all_that_lies_in_it(asked: Services) -> None:
    assert ids(asked.latest(channel="文化")) == ["new", "second", "old"]
    assert ids(asked.latest(channel="文化/节会")) == ["old"]
    assert ids(asked.latest(channel="没有")) == []


def test_without_what_the_page_already_shows(asked: Services) -> None:
    assert ids(asked.latest(size=2, exclude=("new", "unknown"))) == ["second", "old"]


def test_items_carry_leads_and_the_answer_its_index(asked: Services) -> None:
    answer = asked.latest(size=1)
    assert answer.items[0].lead == "导语。"
    assert answer.index.doc_count == len(ARTICLES)
