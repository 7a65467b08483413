"""Titles that are typed: the article comes first, however old it is and whatever stands around its words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from search_service.answering.search import Question
from search_service.services import Services
from tests.factories import article
from tests.search_service.indexes import services

TITLES = {
    "old": "山谷里的小学校",
    "quoted": "云溪镇“板凳会”开到了山顶",
    "blank": "春耕 农机手 下田",
    "brackets": "《茶会》（上）：灯笼",
    "question": "板凳为什么有四条腿",
    "short": "茶会",
    "sign": "c++入门",
    "sign-other": "c入门",
    "cold": "20℃的早晨",
    "year": "2026年的早晨",
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Old articles with the titles, and new ones that hold the words of each more often, in their titles too."""
    old = [
        article(name, title=title, body="无关的话。", published_at="1999-01-01T08:00:00+08:00")
        for name, title in TITLES.items()
    ]
    new = [
        article(f"new-{name}-{n}", title=f"又见{title}：{title}", body=f"{title}。" * 9)
        for name, title in TITLES.items()
        for n in range(3)
    ]
    found = services(tmp_path_factory.mktemp("titles"), [*old, *new], engine="whoosh")
    yield found
    found.close()


def first(asked: Services, text: str) -> str:
    return asked.search(Question(text=text, correct=False)).hits[0].article.id


@pytest.mark.parametrize("name", TITLES)
def test_a_typed_title_is_first(asked: Services, name: str) -> None:
    assert first(asked, TITLES[name]) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("云溪镇板凳会开到了山顶", "quoted"),
        ("云溪镇「板凳会」开到了山顶！", "quoted"),
        ("春耕农机手下田", "blank"),
        ("茶会（上）灯笼", "brackets"),
        ("茶会上灯笼", "brackets"),
        ("山谷里的小學校", "old"),
        ("山谷里的小学校。", "old"),
        ("Ｃ＋＋入门", "sign"),
    ],
)
def test_quotes_punctuation_and_blanks_do_not_matter(asked: Services, text: str, name: str) -> None:
    assert first(asked, text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("山谷里的小学", "old"),
        ("云溪镇板凳会", "quoted"),
        ("云溪镇“板凳会”开", "quoted"),
        ("春耕 农机手 下", "blank"),
        ("《茶会》（上）：灯", "brackets"),
    ],
)
def test_the_beginning_of_a_title_is_enough(asked: Services, text: str, name: str) -> None:
    assert first(asked, text).removeprefix("new-").split("-")[0] == name


def test_a_number_begins_no_longer_number(asked: Services) -> None:
    found = {hit.article.id for hit in asked.search(Question(text="20", size=100)).hits}
    assert "year" not in found
    found = {hit.article.id for hit in asked.search(Question(text="20℃", size=100)).hits}
    assert "year" not in found
    assert "cold" in found


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("标题:云溪镇板凳会开到了山顶", "quoted"),
        ("title:春耕农机手下田", "blank"),
        ("标题：茶会上灯笼", "brackets"),
    ],
)
def test_a_whole_title_in_the_field_needs_no_punctuation(
    asked: Services, text: str, name: str
) -> None:
    found = asked.search(Question(text=text, size=100, correct=False)).hits
    assert name in {hit.article.id for hit in found}
