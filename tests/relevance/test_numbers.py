"""Numbers and days: a number with its signs, with its measure, in digits and in Chinese words."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from search_service.answering.search import Answer, Question
from search_service.services import Services
from tests.factories import article
from tests.search_service.indexes import services

HELD = {
    "3公里": "河边的步道长3公里，傍晚有人散步。",
    "12小时": "渡船停航12小时，旅客在码头等候。",
    "5公里": "学校离镇上5公里。",
    "2亿元": "这座桥花了2亿元。",
    "4.5万亿": "全年产值达到4.5万亿，比上年多。",
    "9号线": "地铁9号线昨天通车。",
    "7号": "会场设在7号楼的二层。",
    "4S": "他在4S店修车。",
    "第20届": "第20届茶会在云溪开幕。",
    "15个": "全县有15个村通了水。",
    "30分钟": "摆渡车每30分钟一班。",
    "800米": "他在800米比赛里跑了第三。",
    "6楼": "展厅搬到了6楼。",
    "8月": "8月初，渔民出海。",
    "25℃": "水温保持在25℃。",
    "60岁": "村里60岁以上的老人免费乘车。",
    "2.5吨": "一网捕上2.5吨鱼。",
    "18日": "18日讯，渡口恢复通航。",
    "10元": "门票只要10元。",
}
"""Typed texts, each with the only article that holds it."""

OTHERS = {
    "apart": "公里处有3座桥，小时候去过12次，亿元里有2家，线路9条，届时第20个，个别15，分钟30，米800，楼6，月8，岁60，吨2.5，日18，元10，"
    "号7，店4，公里5。万亿4.5",
    "longer": "全程13公里，历时112小时，支线15公里，造价12亿元，总计14.5万亿，坐19号线，住17号，第120届，115个，130分钟，1800米，16楼，"
    "18月，125℃，160岁，12.5吨，118日，110元",
    "pointed": "步道1.3公里，停航1.12小时，学校2.5公里，花了1.2亿元，编号1.9号线，门牌3.7号。",
}


def holder(text: str) -> str:
    """The id of the only article that holds a text of HELD."""
    return f"held-{list(HELD).index(text)}"


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Services:
    made = [article(holder(text), title="见闻", body=body) for text, body in HELD.items()]
    made += [article(name, title="杂记", body=body) for name, body in OTHERS.items()]
    made += [
        article("attack", title="旧闻", body="9·11事件过去多年，城市立了纪念碑。"),
        article("attack-bare", title="旧闻", body="911那天，电话占线。"),
        article("attack-dash", title="旧闻", body="编号9-11的货柜到港。"),
        article("ends", title="旧闻", body="价格下降2.9%。\n11月起恢复。共有9。11人到场。"),
        article("quake", title="旧闻", body="5·12地震以后，镇上重建了学校。"),
        article("quake-apart", title="旧闻", body="5月里有地震，12人报告。地震带在西边。"),
        article("score", title="球讯", body="主队2:1取胜。"),
        article("score-other", title="球讯", body="主队2-1取胜。"),
        article("score-ends", title="球讯", body="下半场进球2。1人受伤。"),
        article("ship-digits", title="飞船", body="神舟17号升空。"),
        article("ship-words", title="飞船", body="神舟十七号返回。"),
        article("ship-later", title="飞船", body="神舟二十七号还在图纸上，神舟117号也是。"),
        article("congress-digits", title="会议", body="20大代表到会。"),
        article("congress-words", title="会议", body="学习二十大精神。"),
        article("sale-digits", title="促销", body="双11的快递堆成山。"),
        article("sale-words", title="促销", body="双十一的快递堆成山。"),
        article("games-digits", title="赛事", body="第31届运动会闭幕。"),
        article("games-words", title="赛事", body="第三十一届运动会闭幕。"),
        article("hours-words", title="停电", body="停电二十四小时。"),
        article("hours-digits", title="停电", body="停电24小时。"),
        article("tombs", title="景点", body="十三陵的石像。"),
        article("tombs-digits", title="景点", body="13座陵墓。"),
        article("that-day", title="要闻", body="山里下了雪。", published_at=day(2023, 12, 19)),
        article(
            "long", title="要闻", body="2023年12月19日，山里下了雪。", published_at=day(2025, 1, 2)
        ),
        article("figures", title="要闻", body="日期：2023/12/19。", published_at=day(2025, 1, 2)),
        article("short", title="要闻", body="12月19日讯，路通了。", published_at=day(2023, 12, 20)),
        article(
            "short-old", title="要闻", body="12月19日，路通了。", published_at=day(2019, 12, 20)
        ),
        article("numbers", title="账目", body="2023户，12间，19亩。", published_at=day(2024, 5, 1)),
    ]
    root: Path = tmp_path_factory.mktemp("numbers")
    return services(root, made, engine="whoosh")


def day(year: int, month: int, number: int) -> datetime:
    return datetime(year, month, number, 4, tzinfo=UTC)


def ask(asked: Services, text: str) -> Answer:
    return asked.search(Question(text=text, size=100))


def ids(answer: Answer) -> list[str]:
    return [hit.article.id for hit in answer.hits]


@pytest.mark.parametrize("text", HELD)
def test_a_number_stays_with_its_measure(asked: Services, text: str) -> None:
    assert ids(ask(asked, text)) == [holder(text)]


@pytest.mark.parametrize("text", ["5万亿", "1公里", "3公", "12小时3", "500米"])
def test_a_part_of_a_number_is_another_number(asked: Services, text: str) -> None:
    assert ids(ask(asked, text)) == []


@pytest.mark.parametrize(
    ("text", "article_id", "marks"),
    [
        ("神舟17号", "ship-words", {"神舟十七号"}),
        ("4S", holder("4S"), {"4S"}),
        ("2023-12-19", "long", {"2023年12月19日"}),
        ("9·11事件", "attack", {"9·11事件"}),
    ],
)
def test_what_was_found_is_marked(
    asked: Services, text: str, article_id: str, marks: set[str]
) -> None:
    hit = next(hit for hit in ask(asked, text).hits if hit.article.id == article_id)
    assert {hit.snippet.text[start:end] for start, end in hit.snippet.marks} == marks


def test_the_score_of_another_spelling_is_explained(asked: Services) -> None:
    answer = asked.search(Question(text="神舟17号", explain=True))
    for hit in answer.hits:
        assert hit.explanation is not None
        assert hit.explanation.score == pytest.approx(hit.score, rel=0.01)


@pytest.mark.parametrize(
    "text", ["云溪 第20届", "地铁9号线通车", "步道长3公里", "渡船 12小时 停航"]
)
def test_the_article_that_holds_both_comes_first_among_other_words(
    asked: Services, text: str
) -> None:
    held = next(each for each in HELD if each in text)
    assert ids(ask(asked, text))[0] == holder(held)


@pytest.mark.parametrize("text", ["3公里 纪念碑", "9号线 快递", "12小时 石像", "2亿元 路通"])
def test_on_a_loose_rung_a_number_and_its_measure_count_as_one_word(
    asked: Services, text: str
) -> None:
    found = ids(ask(asked, text))
    assert holder(text.split()[0]) in found
    assert not {"apart", "longer", "pointed"} & set(found)


def test_numbers_do_not_meet_across_the_end_of_a_sentence(asked: Services) -> None:
    for text in ("9·11", "2·11", "9-11", "2:1", "1-2", "9.11"):
        assert not {"ends", "score-ends"} & set(ids(ask(asked, text)))


def test_the_typed_sign_or_none_comes_before_other_signs(asked: Services) -> None:
    found = ids(ask(asked, "9·11"))
    assert set(found[:2]) == {"attack", "attack-bare"}
    assert found[2:] == ["attack-dash"]
    assert ids(ask(asked, "2:1")) == ["score", "score-other"]
    assert ids(ask(asked, "2-1")) == ["score-other", "score"]
    assert ids(ask(asked, "２∶１"))[0] == "score"


@pytest.mark.parametrize(("text", "first"), [("9·11事件", "attack"), ("5·12 地震", "quake")])
def test_a_number_with_a_sign_stays_one_word_beside_others(
    asked: Services, text: str, first: str
) -> None:
    assert ids(ask(asked, text))[0] == first


@pytest.mark.parametrize(
    ("digits", "words", "group"),
    [
        ("神舟17号", "神舟十七号", "ship"),
        ("20大", "二十大", "congress"),
        ("双11", "双十一", "sale"),
        ("第31届", "第三十一届", "games"),
        ("24小时", "二十四小时", "hours"),
    ],
)
def test_digits_and_chinese_numerals_are_one_question(
    asked: Services, digits: str, words: str, group: str
) -> None:
    for text, own in ((digits, "digits"), (words, "words")):
        answer = ask(asked, text)
        assert ids(answer)[0] == f"{group}-{own}"
        assert set(ids(answer)[:2]) == {f"{group}-digits", f"{group}-words"}
        assert answer.understood.synonyms


@pytest.mark.parametrize(
    "text", ["十三陵", "三亚", "九寨沟", "一带一路", "五一", "十四五", "十分", "一起"]
)
def test_a_name_is_no_number(asked: Services, text: str) -> None:
    answer = ask(asked, text)
    assert answer.understood.synonyms == ()
    assert "tombs-digits" not in ids(answer)


@pytest.mark.parametrize("text", ["2023-12-19", "2023/12/19", "2023.12.19", "２０２３－１２－１９"])
def test_a_day_in_figures_is_that_day(asked: Services, text: str) -> None:
    answer = ask(asked, text)
    assert ids(answer)[0] == "that-day"
    assert set(ids(answer)) == {"that-day", "long", "figures", "short"}
    assert any("日期" in note for note in answer.understood.notes)


def test_a_day_narrows_other_words(asked: Services) -> None:
    assert set(ids(ask(asked, "2023-12-19 路通"))) == {"short"}
    assert set(ids(ask(asked, "山里 下了雪 2023-12-19"))) >= {"that-day", "long"}
    assert not {"that-day", "short"} & set(ids(ask(asked, "要闻 -2023-12-19")))


@pytest.mark.parametrize("text", ["2023-13-40", "2023-02-30", "1650-01-01"])
def test_what_is_no_day_of_an_article_is_a_number(asked: Services, text: str) -> None:
    answer = ask(asked, text)
    assert answer.hits == ()
    assert answer.understood.notes == ()


def test_every_day_of_a_year_is_read(asked: Services) -> None:
    days = [date(2024, month, number) for month in (1, 2, 12) for number in (1, 29)]
    for before, after in pairwise(days):
        assert ask(asked, f"{before:%Y/%m/%d}").understood.parsed == f"{before:%Y/%m/%d}"
        assert before < after


def test_the_measure_behind_a_number_is_not_marked_behind_other_numbers(tmp_path: Path) -> None:
    body = "步道长100公里，支路3.4公里，水深8千米；造价200万元，去年3554万元。"
    found = services(tmp_path, [article("road", title="无题", body=body)], engine="whoosh")
    for text in ("100公里", "200万元", "１００公里"):
        snippet = ask(found, text).hits[0].snippet
        marked = {snippet.text[start:end] for start, end in snippet.marks}
        assert marked == {text.translate({ord("１"): "1", ord("０"): "0"})}
    found.close()


@pytest.mark.parametrize("text", ["要到2019年的桥", "自2018年入村", "2023年冬季"])
def test_full_width_digits_are_digits(asked: Services, text: str) -> None:
    wide = text.translate({ord("0") + n: ord("０") + n for n in range(10)})
    one, other = ask(asked, text), ask(asked, wide)
    assert (one.understood.rung, one.total) == (other.understood.rung, other.total)
    assert ids(one) == ids(other)
