from __future__ import annotations

from pathlib import Path

import pytest

from indexer.article import Article
from search_service.blocks import key_terms as module
from search_service.blocks.key_terms import KeyTerm, key_terms
from search_service.ranking.relating import Relating
from search_service.ranking.weights import KEY_TERMS
from tests.factories import article
from tests.search_service.indexes import live_index, promote
from tests.typed_queries import analyzer

DEFAULT = Relating()


def terms_of(
    tmp_path: Path, about: Article, *others: Article, relating: Relating = DEFAULT
) -> tuple[KeyTerm, ...]:
    promote(tmp_path, [about, *others])
    with live_index(tmp_path).reader() as (reader, _, _):
        return key_terms(about, reader, analyzer(), relating)


def tokens_of(tmp_path: Path, about: Article, *others: Article) -> list[str]:
    return [term.token for term in terms_of(tmp_path, about, *others)]


def test_single_characters_and_stopwords_tell_nothing_and_numbers_do(tmp_path: Path) -> None:
    twin = {"title": "茶 7 的 茶会", "body": "茶 7 的 茶会来了 4215 人"}
    found = set(tokens_of(tmp_path, article("a", **twin), article("b", **twin)))
    assert {"茶会", "4215"} <= found
    assert found.isdisjoint({"茶", "的", "7"})


def test_the_dateline_tells_nothing(tmp_path: Path) -> None:
    dated = "云溪社古塔12月19日电(记者李石渠)茶会开幕。"
    about = article("a", title="甲", body=dated)
    other = article("b", title="乙", body=f"{dated}集市古塔云溪社石渠")
    assert set(tokens_of(tmp_path, about, other)) == {"开幕", "茶会"}


def test_what_no_other_article_holds_tells_nothing(tmp_path: Path) -> None:
    assert tokens_of(
        tmp_path, article("a", title="茶会", body="古塔"), article("b", title="茶会", body="雨")
    ) == ["茶会"]


def test_what_too_many_hold_tells_nothing(tmp_path: Path) -> None:
    many = [
        article(f"m-{n}", title="集市", body="茶会古塔" if n < 2 else "茶会") for n in range(40)
    ]
    assert tokens_of(tmp_path, article("a", title="茶会", body="古塔"), *many) == ["古塔"]


def test_the_title_counts_more_than_the_body_and_rare_more_than_common(tmp_path: Path) -> None:
    about = article("a", title="古塔", body="集市石渠")
    others = [article("b", title="古塔集市石渠", body="古塔集市石渠"),
              article("c", title="石渠", body="石渠")]  # fmt: skip
    assert tokens_of(tmp_path, about, *others) == ["古塔", "集市", "石渠"]


def test_tags_and_the_lead_count(tmp_path: Path) -> None:
    about = article("a", title="雨", body="雪", lead="集市", tags=["古塔"])
    other = article("b", title="集市古塔", body="集市古塔")
    assert set(tokens_of(tmp_path, about, other)) == {"集市", "古塔"}


def test_there_are_not_too_many(tmp_path: Path) -> None:
    words = "茶会古塔集市石渠灯笼龙舟学校教室山谷清晨孩子石板老师图书馆雨水"
    body = f"{words}桥梁河流村庄森林天空星星月亮太阳海洋沙滩岛屿船舶港口灯塔渔民"
    about, other = article("a", title="甲", body=body), article("b", title="乙", body=body)
    terms = terms_of(tmp_path, about, other)
    assert len(terms) == KEY_TERMS
    assert all(term.weight >= 1 for term in terms)


@pytest.mark.parametrize("most", [1, 3, 8])
def test_few_terms_are_the_first_of_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Whatever was looked up together, and though more articles hold some words in titles than in bodies."""
    words = [
        "茶会",
        "古塔",
        "集市",
        "石渠",
        "灯笼",
        "龙舟",
        "学校",
        "教室",
        "山谷",
        "清晨",
        "孩子",
        "石板",
    ]
    about = article("a", title="雨", body="。".join(words[at % 12] for at in range(18)))
    others = [
        article(f"o-{n}", title="、".join(words[n:]), body="、".join(words[: n + 3]))
        for n in range(9)
    ]
    every = terms_of(tmp_path, about, *others)
    assert len(every) > most
    monkeypatch.setattr(module, "KEY_TERMS", most)
    monkeypatch.setattr(module, "_LOOKED_UP", 2)
    with live_index(tmp_path).reader() as (reader, _, _):
        assert key_terms(about, reader, analyzer(), DEFAULT) == every[:most]
