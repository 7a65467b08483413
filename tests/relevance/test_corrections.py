"""What misspelt queries are corrected to, and what is not taken for a misspelling, against a real Whoosh index."""

from __future__ import annotations

import pytest

from search_service.answering.search import Question
from search_service.correction.correct import Correction
from search_service.services import Services
from tests.factories import article
from tests.search_service.indexes import services

NAMES = {
    "郭艾轮": "郭艾伦", "李加超": "李家超", "碧桂元": "碧桂园", "苏芸溪": "苏云溪", "林兰川": "林岚川", "罗秋曼": "罗秋满",
    "云期谷": "云栖谷", "何石墨": "何拾墨", "巴蒂利": "巴蒂里", "沈亦州": "沈亦舟", "秦宛秋": "秦婉秋", "许知垣": "许知远",
    "范海信": "范海辛",
}  # fmt: skip
PHRASES = {
    "人工只能": "人工智能", "一脉相成": "一脉相承", "背水一展": "背水一战", "迫不及代": "迫不及待", "集四广益": "集思广益",
    "无人问进": "无人问津", "生活用拼": "生活用品", "依法行证": "依法行政", "遵纪手法": "遵纪守法", "环境有美": "环境优美",
    "内心是界": "内心世界",
}  # fmt: skip
WORDS = {
    "渔岗": "渔港", "暑价": "暑假", "图书棺": "图书馆", "呼吸导": "呼吸道", "菜市常": "菜市场", "公交战": "公交站", "骨投": "骨头",
    "查栏": "查岚", "救缘车": "救援车", "实明制": "实名制",
}  # fmt: skip
SOUND_ALIKE = {
    "戴尔": "代尔", "攻势": "公式", "权利": "权力", "事务": "事物", "形势": "形式", "启事": "启示", "树立": "竖立", "化装": "化妆",
    "反应": "反映", "必须": "必需", "功夫": "工夫", "西游": "嘻游",
}  # fmt: skip
"""Words of the dictionary that no article holds, and words of the same sound that articles hold."""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Services:
    held = [
        *NAMES.values(),
        *PHRASES.values(),
        *WORDS.values(),
        *SOUND_ALIKE.values(),
        "thepaper",
        "mask",
    ]
    articles = [
        article(f"{n}-{copy}", title=f"第{copy}次谈到{word}", body=f"今天，{word}，又有新的消息。")
        for n, word in enumerate(held)
        for copy in range(2)
    ]
    # The segmenter joins the name with what follows it: the name is no word of the index.
    glued = [article(f"glued-{n}", title="消息", body="李家超向记者挥手。") for n in range(3)]
    # The characters of a misspelling stand in articles, but never together.
    accidents = [
        article(f"accident-{n}", title="人工少只能等", body="只能，人工。") for n in range(12)
    ]
    return services(
        tmp_path_factory.mktemp("index"), [*articles, *glued, *accidents], engine="whoosh"
    )


def correction(asked: Services, text: str) -> Correction | None:
    return asked.search(Question(text=text)).understood.correction


@pytest.mark.parametrize(("typed", "meant"), [*NAMES.items(), *PHRASES.items(), *WORDS.items()])
def test_what_stands_nowhere_is_searched_for_as_the_text_that_sounds_the_same(
    asked: Services, typed: str, meant: str
) -> None:
    answer = asked.search(Question(text=typed))
    assert answer.understood.correction == Correction(meant, applied=True)
    assert meant in answer.hits[0].article.title + answer.hits[0].article.body


@pytest.mark.parametrize("typed", SOUND_ALIKE)
def test_a_word_of_the_dictionary_is_no_mistake_because_no_article_holds_it(
    asked: Services, typed: str
) -> None:
    assert correction(asked, typed) is None


@pytest.mark.parametrize("typed", [*NAMES.values(), *PHRASES.values(), *WORDS.values()])
def test_what_articles_hold_is_not_corrected(asked: Services, typed: str) -> None:
    assert correction(asked, typed) is None


@pytest.mark.parametrize(
    ("typed", "meant", "applied"),
    [("thepapar", "thepaper", True), ("mark", "mask", False), ("mass", "mask", False)],
)
def test_a_short_latin_word_is_never_replaced(
    asked: Services, typed: str, meant: str, applied: bool
) -> None:
    assert correction(asked, typed) == Correction(meant, applied)


@pytest.mark.parametrize(
    "typed",
    [
        "渔岗怎么走才能最快到达那里呢",
        "今天又有新的消息说渔岗要关闭",
        "记者又一次谈到渔岗的将来",
        "渔岗消息灵通",
        "新的暑价消息传来",
    ],
)
def test_two_unknown_characters_in_a_longer_text_are_left_alone(
    asked: Services, typed: str
) -> None:
    assert correction(asked, typed) is None
