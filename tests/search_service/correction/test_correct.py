"""What a misspelt question is corrected to, through the whole search."""

from __future__ import annotations

from pathlib import Path

import pytest

from search_service.answering.search import Answer, Question
from search_service.correction.correct import MOST_REMEMBERED, Correction, NothingMeant
from search_service.services import Services
from tests.factories import article
from tests.search_service.indexes import apply, services

ARTICLES = [
    article("bridge", title="苏云溪谈石板桥"),
    article("again", title="苏云溪再谈石板桥", body="修桥的人。"),
    article("country", title="乡村振兴在路上", body="乡村振兴，还是乡村振兴。"),
    article("metro", title="北京地铁开通", channel="城市"),
    article("mind", title="大会开幕", tags=["人工智能"], body="谈人工智能。"),
    article("phone", title="iPhone 15 评测"),
    article("harbour", title="渔港的老树", body="渔港老树下有一口井。"),
    article("draft", title="苹果梨上市", status="draft"),
    *(article(f"lake-{n}", title="云溪的湖", body="水面。") for n in range(25)),
    article("quay", title="云西的湖", body="水面。"),
]


@pytest.fixture(params=["memory", "whoosh"])
def asked(tmp_path: Path, request: pytest.FixtureRequest) -> Services:
    return services(tmp_path, ARTICLES, engine=request.param)


def ask(asked: Services, text: str, **question: object) -> Answer:
    return asked.search(Question(text=text, **question))  # type: ignore[arg-type]


def ids(answer: Answer) -> set[str]:
    return {hit.article.id for hit in answer.hits}


@pytest.mark.parametrize(
    ("typed", "meant", "found"),
    [
        ("渔岗", "渔港", {"harbour"}),
        ("漁崗", "渔港", {"harbour"}),
        ("iphnoe", "iPhone", {"phone"}),
        ("ipone", "iPhone", {"phone"}),
        ("xiangcunzhenxing", "乡村振兴", {"country"}),
        ("beijing ditie", "北京地铁", {"metro"}),
        ("苏芸希", "苏云溪", {"bridge", "again"}),
    ],
)
def test_what_finds_nothing_is_searched_for_as_it_was_meant(
    asked: Services, typed: str, meant: str, found: set[str]
) -> None:
    answer = ask(asked, typed)
    assert answer.understood.correction == Correction(meant, applied=True)
    assert (ids(answer), answer.understood.parsed) == (found, meant)
    assert answer.question.text == typed
    assert answer.hits[0].title.marks


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("人工只能", "人工智能"),
        ("北金地铁", "北京地铁"),
        ("乡村证兴", "乡村振兴"),
        ("人工智慧能", None),
        ("渔岗老树", "渔港老树"),
        ("渔岗地铁", None),
        ("乡村渔岗地铁", None),
        ("渔岗 老树", "渔港 老树"),
        ("渔岗 -北京", "渔港 -北京"),
        ("渔岗 OR 地铁", "渔港 OR 地铁"),
    ],
)
def test_what_finds_little_is_offered_or_searched_for_with_the_rest_as_typed(
    asked: Services, typed: str, meant: str | None
) -> None:
    correction = ask(asked, typed).understood.correction
    assert (correction and correction.query) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "", "*", "渔港", "乡村振兴", "北京地铁", "iPhone 16", "“渔岗”", "title:“渔岗”", "老树 -渔岗", "author:渔岗", "渔", "cun",
        "xyzzyx", "苹果离", "pingguoli", "地铁 xiangcunzhenxing",
    ],
)  # fmt: skip
def test_what_makes_sense_or_was_spelt_out_is_not_corrected(asked: Services, typed: str) -> None:
    assert ask(asked, typed).understood.correction is None


def test_a_word_that_articles_hold_is_not_taken_for_one_that_is_not_much_more_frequent(
    asked: Services, tmp_path: Path
) -> None:
    assert ask(asked, "鱼钢").understood.correction is None
    assert ask(asked, "云西").understood.correction is None
    lakes = [article(f"{n}", title="云溪的湖", body="水面。") for n in range(100)]
    frequent = services(tmp_path / "lakes", [*lakes, article("quay", title="云西的湖")])
    assert ask(frequent, "云西").understood.correction == Correction("云溪", applied=False)


def test_what_stands_in_articles_only_across_words_may_be_a_misspelling(tmp_path: Path) -> None:
    accidents = [article(f"{n}", title="只能靠人工", body="人工多，只能等。") for n in range(12)]
    asked = services(tmp_path, [*accidents, *ARTICLES])
    assert ask(asked, "人工只能").understood.correction == Correction("人工智能", applied=True)


def test_a_short_word_is_replaced_only_by_a_common_one(tmp_path: Path) -> None:
    others = [article(f"{n}", title=f"第{n}号报道") for n in range(1000)]
    harbours = [article(f"harbour-{n}", title="渔港的老树") for n in range(3)]
    asked = services(tmp_path, [*others, *harbours], engine="whoosh")
    assert ask(asked, "渔岗").understood.correction == Correction("渔港", applied=False)


def test_a_word_of_two_is_known_from_bodies_alone(tmp_path: Path) -> None:
    bodies = [article(f"{n}", title=f"第{n}号报道", body="都谈乡村振兴。") for n in range(12)]
    asked = services(tmp_path, bodies, engine="whoosh")
    assert ask(asked, "香村振兴").understood.correction == Correction("乡村振兴", applied=True)
    assert ask(asked, "乡村大兴").understood.correction is None


def test_whoever_insists_is_taken_at_their_word(asked: Services) -> None:
    answer = ask(asked, "渔岗", correct=False)
    assert (answer.total, answer.understood.correction) == (0, None)


def test_a_filter_that_leaves_nothing_is_no_misspelling(asked: Services) -> None:
    assert ask(asked, "渔港", channel="城市").understood.correction is None
    assert ask(asked, "渔岗", channel="城市").understood.correction is None


def test_every_page_of_an_answer_is_corrected_alike(asked: Services) -> None:
    pages = [ask(asked, "苏芸希", page=page, size=1) for page in (1, 2)]
    assert ids(pages[0]) | ids(pages[1]) == {"bridge", "again"}
    assert pages[0].understood == pages[1].understood


def test_what_was_meant_as_it_stands_is_remembered_for_one_snapshot() -> None:
    remembered = NothingMeant()
    remembered.of("a").add("渔港")
    assert "渔港" in remembered.of("a")
    assert "渔港" not in remembered.of("b")
    assert "渔港" not in remembered.of("a")


def test_not_more_texts_are_remembered_than_it_says() -> None:
    remembered = NothingMeant()
    for number in range(2 * MOST_REMEMBERED):
        remembered.of("a").add(number)
    assert len(remembered.of("a")) <= MOST_REMEMBERED


def test_an_article_that_comes_later_corrects_what_was_remembered_as_meant_so(
    tmp_path: Path,
) -> None:
    asked = services(tmp_path, ARTICLES[:1])
    assert [ask(asked, "渔岗").understood.correction for _ in range(2)] == [None, None]
    apply(tmp_path, [ARTICLES[6]], revision=2)
    assert ask(asked, "渔岗").understood.correction == Correction("渔港", applied=True)
