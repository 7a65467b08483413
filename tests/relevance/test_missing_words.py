"""An answer with little or nothing in it says which words no article holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from search_service.answering.search import Answer, Question
from search_service.services import Services
from tests.factories import article
from tests.search_service.indexes import services

TEXTS = {
    "tea": ("云溪茶会", "茶会在古塔下开幕，罗秋满唱了第一首歌。"),
    "score": ("比赛", "主队3:2险胜客队，第7分钟进球，第6次射门。"),
    "canal": ("石渠", "石渠修好了，水流到村口。"),
    "phone": ("换机", "他换了 iPhone 15。"),
    "long": ("林科大讲座", "林岚在省林科大讲茶。"),
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Services:
    articles = [article(name, title=title, body=body) for name, (title, body) in TEXTS.items()]
    articles.append(article("hidden", title="旧闻", body="葫芦丝演奏", status="draft"))
    return services(tmp_path_factory.mktemp("index"), articles, engine="whoosh")


def ask(asked: Services, text: str, **narrowed: str) -> Answer:
    question = Question(text=text, size=100, correct=False)
    return asked.search(replace(question, **narrowed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("茶会 恐龙", ("恐龙",)),
        ("恐龙 火星", ("恐龙", "火星")),
        ("茶会 恐龙 石渠", ("恐龙",)),
        ("罗秋满 NASA", ("NASA",)),
        ("茶会 “恐龙 化石”", ("恐龙", "化石")),
        ("“茶会 化石”", ("化石",)),
        ("title:“恐龙 化石”", ("恐龙 化石",)),
        ("比赛 7:6", ("7:6",)),
        ("title:恐龙 茶会", ("恐龙",)),
        ("title:罗秋满 茶会", ()),
        ("茶会 葫芦丝", ()),
        ("恐龍 茶會", ("恐龍",)),
        ("iPhone 16 Pro", ("16", "Pro")),
        ("恐龙 OR 火星", ("恐龙", "火星")),
        ("恐龙 -茶会", ("恐龙",)),
    ],
)
def test_the_words_that_no_article_holds_are_told(
    asked: Services, text: str, missing: tuple[str, ...]
) -> None:
    assert ask(asked, text).understood.missing == missing


@pytest.mark.parametrize(
    "text",
    [
        "茶会",
        "古塔 茶会",
        "3:2",
        "科大",
        "-恐龙",
        "“古塔下”",
        "",
        "，",
        "茶会 OR 恐龙",
        "石渠 -恐龙",
    ],
)
def test_nothing_is_missing_where_all_words_are_found(asked: Services, text: str) -> None:
    assert ask(asked, text).understood.missing == ()


def test_a_filter_makes_no_word_missing(asked: Services) -> None:
    answer = ask(asked, "茶会 古塔", source="别处")
    assert (answer.total, answer.understood.missing) == (0, ())
