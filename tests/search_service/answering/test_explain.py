"""What is said of a score is what happened."""

from __future__ import annotations

from dataclasses import replace

import pytest

from search_service.answering.explain import Added, AddedBy, Explanation
from search_service.answering.search import Answer, Question
from search_service.services import Services
from tests.factories import article
from tests.search_service.indexes import services

ARTICLES = [
    article(
        "title",
        channel="情感/故事",
        title="茶会",
        lead="茶会在村口",
        body="茶会来了很多人，集市也开了。",
    ),
    article("begins", title="茶会与集市", body="石板桥边的茶会，软件也来帮忙。"),
    article("body", title="一件事", body="茶会，集市。" + "别的话。" * 30 + "集市"),
    article("old", title="茶会旧事", body="集市与茶会", published_at="2016-01-01T00:00:00Z"),
    article("other", title="软体", body="修桥的人用的軟體，不是茶会"),
    *(article(f"more-{n}", title=f"春雨{n}", body="石板桥 集市 石渠 河堤 水闸") for n in range(9)),
]


@pytest.fixture(scope="module", params=["memory", "whoosh"])
def asked(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Services:
    return services(tmp_path_factory.mktemp("index"), ARTICLES, engine=request.param)


def ask(asked: Services, text: str, **question: object) -> Answer:
    return asked.search(Question(text=text, explain=True, **question))  # type: ignore[arg-type]


def explained(answer: Answer) -> dict[str, Explanation]:
    return {hit.article.id: hit.explanation for hit in answer.hits if hit.explanation}


@pytest.mark.parametrize(
    "text",
    [
        "茶会", "茶会 集市", "茶会的集市", "软件", "“石板桥边”", "茶会 OR 石板桥", "title:茶会", "桥", "石板", "茶会 -软件",
        "石板桥 集市 茶会 软件", "石板桥边的集市是什么", "茶会集市石渠河堤水闸", "没有这样的词 茶会", "channel:情感 茶会",
    ],
)  # fmt: skip
def test_the_parts_make_up_the_score(asked: Services, text: str) -> None:
    answer = ask(asked, text)
    assert answer.hits
    for hit in answer.hits:
        assert hit.explanation is not None
        assert hit.explanation.score == pytest.approx(hit.score, rel=1e-5)
        assert all(each.score > 0 for each in hit.explanation.added)


def test_words_are_told_by_field(asked: Services) -> None:
    why = explained(ask(asked, "茶会"))["title"]
    words = {(each.text, each.field) for each in why.added if each.by == "word"}
    assert words == {("茶会", "title"), ("茶会", "lead"), ("茶会", "body")}
    assert sum(each.score for each in why.added if each.by == "title") == pytest.approx(2.0)
    assert why.lines()[-1] == f"合计：{why.score:.2f}"
    assert any(line.startswith("标题里有“茶会”：+") for line in why.lines())


def test_what_is_close_together_and_old_is_told(asked: Services) -> None:
    why = explained(ask(asked, "茶会 集市"))
    near = {name: sum(each.score for each in why[name].added if each.by == "near") for name in why}
    assert near["title"] > 0
    assert dict(why["title"].multiplied)["recency"] > 0.9
    assert dict(why["old"].multiplied)["recency"] == pytest.approx(0.5, abs=0.01)


def test_questions_tell_of_agreement(asked: Services) -> None:
    why = explained(ask(asked, "石板桥边的集市是什么"))
    assert any(dict(each.multiplied).get("agreement", 1.0) > 1.01 for each in why.values())


def test_nothing_is_explained_when_time_is_over(asked: Services) -> None:
    assert explained(ask(replace(asked, time_limit=0.0), "茶会")) == {}


def test_nothing_is_explained_unless_asked_and_ordered_by_scores(asked: Services) -> None:
    assert explained(asked.search(Question(text="茶会"))) == {}
    assert explained(ask(asked, "茶会", sort="newest")) == {}
    assert ask(asked, "茶会").hits[0].article == asked.search(Question(text="茶会")).hits[0].article


def test_every_kind_has_its_sentence() -> None:
    kinds: tuple[AddedBy, ...] = ("word", "words", "text", "title", "near", "pairs")
    added = tuple(Added(by, "茶", "body" if by == "word" else "", 1.0) for by in kinds)
    why = Explanation(added, (("recency", 0.5), ("agreement", 2.0)))
    assert why.score == 6.0
    assert why.lines() == [
        "正文里有“茶”：+1.00",
        "有“茶”里的词：+1.00",
        "原样含有“茶”：+1.00",
        "标题是“茶”，或以它开头：+1.00",
        "搜索词离得近：+1.00",
        "相邻的字也一样：+1.00",
        "文章的新旧：×0.50",
        "与排在前面的文章相近：×2.00",
        "合计：6.00",
    ]
