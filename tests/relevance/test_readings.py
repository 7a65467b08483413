"""Names, places and words typed by their sound, against a real Whoosh index."""

from __future__ import annotations

import pytest

from search_service.answering.search import Answer, Question
from search_service.correction.correct import Correction
from search_service.services import Services
from tests.factories import article
from tests.search_service.indexes import services

TITLES = [
    "朝阳区", "翟晓川", "曾令旭", "曾国藩", "单县", "朴槿惠", "解晓东", "仇和", "查良镛", "浚县", "洪洞", "涡阳", "百色", "哈佛",
    "女排", "绿色", "中国", "西安", "战略", "单雪琴", "尉迟山", "区秋满", "铅山", "蚌埠", "番禺", "血糖", "角色", "秘鲁", "厦门",
]  # fmt: skip
"""Each is a word of a title and, as a tag, a completion."""

BODIES = {
    "terse": "会上的发言言简意赅，大家都听懂了。",
    "prudent": "他处事未雨绸缪，茶园因此少受了损失。",
    "data": "县里谈到了数据安全和茶叶的销路。",
    "ecuador": "新茶卖到了厄瓜多尔。",
    "humour": "茶农罗秋满很有幽默感。",
    "universe": "应急预案和宇宙无关。",
    "terse-too": "海报上的字言简意赅。",
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Services:
    articles = [
        *(article(f"t{n}", title=f"今天的{text}", tags=[text]) for n, text in enumerate(TITLES)),
        *(article(name, title="茶会", body=body) for name, body in BODIES.items()),
    ]
    return services(tmp_path_factory.mktemp("readings"), articles, engine="whoosh")


def ask(asked: Services, text: str) -> Answer:
    return asked.search(Question(text=text, size=100))


def ids(answer: Answer) -> set[str]:
    return {hit.article.id for hit in answer.hits}


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("chaoyangqu", "朝阳区"),
        ("zhaixiao", "翟晓川"),
        ("zenglingxu", "曾令旭"),
        ("zengguofan", "曾国藩"),
        ("shanxian", "单县"),
        ("piaojinhui", "朴槿惠"),
        ("xiexiaodong", "解晓东"),
        ("qiuhe", "仇和"),
        ("zhaliangyong", "查良镛"),
        ("xunxian", "浚县"),
        ("hongtong", "洪洞"),
        ("guoyang", "涡阳"),
        ("baise", "百色"),
        ("bose", "百色"),
        ("hafo", "哈佛"),
        ("shanxueqin", "单雪琴"),
        ("yuchishan", "尉迟山"),
        ("ouqiuman", "区秋满"),
        ("yanshan", "铅山"),
        ("qianshan", "铅山"),
        ("bengbu", "蚌埠"),
        ("panyu", "番禺"),
        ("xietang", "血糖"),
        ("xuetang", "血糖"),
        ("juese", "角色"),
        ("jiaose", "角色"),
        ("bilu", "秘鲁"),
        ("xiamen", "厦门"),
        ("nüpai", "女排"),
        ("nvpai", "女排"),
        ("lǜsè", "绿色"),
        ("zhong1guo2", "中国"),
        ("zhōngguó", "中国"),
        ("xī’ān", "西安"),
        ("zhanlue", "战略"),
    ],
)
def test_every_usual_reading_of_a_word_suggests_it(asked: Services, typed: str, text: str) -> None:
    assert text in [each.text for each in asked.suggest(typed, size=20).items]


@pytest.mark.parametrize(
    ("typed", "meant", "found"),
    [
        ("yanjianyigai", "言简意赅", {"terse", "terse-too"}),
        ("weiyuchoumou", "未雨绸缪", {"prudent"}),
        ("shujuanquan", "数据安全", {"data"}),
        ("shuju anquan", "数据安全", {"data"}),
        ("shù jù ān quán", "数据安全", {"data"}),
        ("shu4ju4an1quan2", "数据安全", {"data"}),
        ("eguaduoer", "厄瓜多尔", {"ecuador"}),
        ("youmogan", "幽默感", {"humour"}),
        ("nüpai", "女排", {"t14"}),
        ("lǜsè", "绿色", {"t15"}),
        ("zhanlue", "战略", {"t18"}),
        ("xi’an", "西安", {"t17"}),
        ("chaoyangqu", "朝阳区", {"t0"}),
    ],
)
def test_pinyin_in_full_finds_words_wherever_they_stand(
    asked: Services, typed: str, meant: str, found: set[str]
) -> None:
    answer = ask(asked, typed)
    assert answer.understood.correction == Correction(meant, applied=True)
    assert ids(answer) == found


@pytest.mark.parametrize("typed", ["yuanyuzhou", "bukeyihushi", "kafei shouji", "résumés"])
def test_letters_that_no_article_sounds_like_stay_as_they_are(asked: Services, typed: str) -> None:
    answer = ask(asked, typed)
    assert answer.understood.correction is None
    assert answer.total == 0
