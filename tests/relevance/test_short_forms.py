"""Abbreviations and full names, and regional names, find each other, and the answer says so."""

from __future__ import annotations

import pytest

from indexer.analysis.characters import fold
from search_service.answering.search import Question
from search_service.services import Services
from tests.factories import article
from tests.search_service.indexes import services

PAIRS = [
    ("GDP", "本地生产总值"),
    ("国内生产总值", "GDP"),
    ("澳洲", "澳大利亚"),
    ("CPI", "居民消费价格指数"),
    ("欧盟", "欧洲联盟"),
    ("中科院", "中国科学院"),
    ("世卫组织", "世界卫生组织"),
    ("NATO", "北约"),
    ("春晚", "春节联欢晚会"),
    ("高铁", "高速铁路"),
    ("住建部", "住房和城乡建设部"),
    ("G20", "二十国集团"),
    ("AI", "人工智慧"),
    ("川普", "特朗普"),
    ("纽泽西", "新泽西"),
]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Services:
    words = {word for pair in PAIRS for word in pair}
    articles = [
        article(f"a-{n}", title="短讯", body=f"村里的人谈到{word}，谈了一晚。")
        for n, word in enumerate(sorted(words))
    ]
    articles.append(article("train", title="短讯", body="G2008次列车晚点，他去问了气象站。"))
    return services(tmp_path_factory.mktemp("index"), articles, engine="whoosh")


@pytest.mark.parametrize(("short", "full"), PAIRS)
def test_a_short_form_finds_the_full_name_and_says_so(
    asked: Services, short: str, full: str
) -> None:
    answer = asked.search(Question(text=short, size=100))
    assert any(full in hit.article.body for hit in answer.hits)
    assert short in answer.hits[0].article.body
    others = {each for used in answer.understood.synonyms for each in used.others}
    assert fold(full) in others


@pytest.mark.parametrize("text", ["二十国集团", "七国集团", "M2", "央行", "人大", "雪梨", "永珍"])
def test_what_may_mean_something_else_is_no_alternative(asked: Services, text: str) -> None:
    answer = asked.search(Question(text=text, size=100))
    assert answer.understood.synonyms == ()
    assert "train" not in {hit.article.id for hit in answer.hits}
