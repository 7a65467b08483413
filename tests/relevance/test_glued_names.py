"""Names that the segmenter cuts or glues: a short text typed in one go finds every article that holds it, and no accident."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from search_service.answering.search import Question
from search_service.services import Services
from tests.factories import article
from tests.search_service.indexes import services
from tests.typed_queries import analyzer

BODIES = {
    "lee": "记者提问时，李家超笑了笑。",
    "lee-glued": "会上，李家超在致辞中谈到青年。",
    "lee-apart": "李家的孩子超过了别人。",
    "brother": "字母哥又得了三十分。",
    "brother-glued": "球迷喊着字母哥队的名字。",
    "brother-apart": "他教哥哥写字母。",
    "qi": "周琦抢到篮板。",
    "qi-glued": "这一次周琦得分了。",
    "fair": "进博会在秋天开幕。",
    "fair-glued": "他在进博会上买了茶。",
    "bay": "大湾区的列车又快了。",
    "bay-glued": "大湾区内的列车又快了。",
    "station": "她在B站上传了短片。",
    "station-other": "这是AB站。",
    "chen": "谌龙则说自己准备好了。",
    "society": "学会在昨天成立。",
    "accident": "某大学会议室的灯亮了一夜。",
    "simple": "老师说，先写一段简单的话。",
    "seven": "刘七来了，大家都笑了。",
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    articles = [article(name, title="无题", body=body) for name, body in BODIES.items()]
    found = services(tmp_path_factory.mktemp("glued"), articles, engine="whoosh")
    yield found
    found.close()


def ids(asked: Services, text: str, **more: object) -> list[str]:
    return [hit.article.id for hit in asked.search(Question(text=text, size=100, **more)).hits]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("李家超", {"lee", "lee-glued"}),
        ("字母哥", {"brother", "brother-glued"}),
        ("周琦", {"qi", "qi-glued"}),
        ("进博会", {"fair", "fair-glued"}),
        ("大湾区", {"bay", "bay-glued"}),
        ("B站", {"station"}),
        ("谌龙", {"chen"}),
    ],
)
def test_a_name_finds_every_article_that_holds_it_first(
    asked: Services, text: str, held: set[str]
) -> None:
    assert set(ids(asked, text)[: len(held)]) == held
    assert set(ids(asked, text, sort="newest")) == held


def test_an_accident_is_not_among_the_first_nor_in_an_order_by_date(asked: Services) -> None:
    assert analyzer().holds("学会")
    assert ids(asked, "学会")[0] == "society"
    assert ids(asked, "学会", sort="newest") == ["society"]
    assert "lee-apart" not in ids(asked, "李家超", sort="oldest")


def test_characters_that_meet_by_chance_are_found_when_nothing_else_is(asked: Services) -> None:
    answer = asked.search(Question(text="段简"))
    assert [hit.article.id for hit in answer.hits] == ["simple"]
    assert answer.understood.rung == "inside"


@pytest.mark.parametrize("text", ["刘七是", "刘七是谁", "刘七在"])
def test_an_unknown_word_that_no_article_holds_falls_back_to_its_name(
    asked: Services, text: str
) -> None:
    assert ids(asked, text)[:1] == ["seven"]
