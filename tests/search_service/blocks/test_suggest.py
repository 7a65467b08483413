from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest

from indexer.analysis.pinyin import units
from indexer.query import CompletionRequest, TypedSo
from search_service.blocks.suggest import Suggestion, Suggestions, suggest
from search_service.services import Services
from tests.factories import NOON, article
from tests.search_service.indexes import services

PATIENCE = 60.0
"""Seconds in which any of these suggestions is made."""

ARTICLES = [
    article("a", title="乡村振兴在云溪", published_at="2026-01-01"),
    article("b", title="乡村振兴的路", published_at="2026-01-03"),
    article("c", title="鄉村振興的路", published_at="2026-01-02"),
    article("d", title="说说乡村振兴", body="乡村振兴，乡村振兴。", published_at="2026-01-04"),
    article("e", title="乡村振兴草稿", tags=["香樟"], status="draft"),
    article("f", title="iPhone 15 评测", published_at="2025-01-01"),
    article("g", title="香港的学校", published_at="2026-02-28"),
    article("h", title="香山的学校", published_at="2024-02-28"),
    article("i", title="明天的香菇", published_at="2026-04-01"),
]


class Asked:
    """What readers asked, as a query log tells it."""

    def __init__(self, *queries: tuple[str, int]) -> None:
        self.queries = queries

    def frequent(self, prefix: str, *, size: int) -> Sequence[tuple[str, int]]:
        return [each for each in self.queries if each[0].startswith(prefix)][:size]


@pytest.fixture(params=["memory", "whoosh"])
def asked(tmp_path: Path, request: pytest.FixtureRequest) -> Services:
    return services(tmp_path, ARTICLES, engine=request.param)


def texts(answer: Suggestions, kind: str | None = None) -> list[str]:
    return [each.text for each in answer.items if kind in (None, each.kind)]


@pytest.mark.parametrize(
    "typed", ["乡村", "鄉村", "  乡村 ", "xiangcun", "乡cun", "xc", "XC", "xiang c"]
)
def test_words_come_first_then_titles_newest_first_and_none_twice(
    asked: Services, typed: str
) -> None:
    answer = asked.suggest(typed)
    assert texts(answer, "word") == ["乡村", "乡村振兴"]
    assert texts(answer, "title") == ["乡村振兴的路", "乡村振兴在云溪"]
    assert [each.kind for each in answer.items] == ["word"] * 2 + ["title"] * 2


@pytest.mark.parametrize("typed", ["", " ", "*", "振兴在", "\ud800", "乡村" * 5000, "qqqq"])
def test_what_begins_nothing_is_offered_nothing(asked: Services, typed: str) -> None:
    assert asked.suggest(typed).items == ()


def test_a_model_is_offered_in_its_spelling(asked: Services) -> None:
    assert texts(asked.suggest("ＩＰＨＯＮＥ  15")) == ["iPhone 15 评测"]
    assert texts(asked.suggest("ip")) == ["iPhone", "iPhone 15 评测"]


def test_news_come_before_old_words_and_the_future_and_drafts_stay_hidden(asked: Services) -> None:
    words = texts(asked.suggest("xiang"), "word")
    assert words.index("香港") < words.index("乡村") < words.index("香山")
    assert not {"香樟", "香菇", "草稿"} & set(words)
    assert "乡村振兴草稿" not in texts(asked.suggest("乡村"))


def test_no_more_than_asked_for_and_some_of_them_titles(asked: Services) -> None:
    assert len(asked.suggest("x", size=1).items) == 1
    answer = asked.suggest("x", size=5)
    assert [each.kind for each in answer.items] == ["word"] * 3 + ["title"] * 2


def test_what_readers_ask_comes_first_also_by_its_sound(asked: Services) -> None:
    log = Asked(("乡村教师", 40), ("云溪", 90), ("乡村", 3))
    answer = suggest(asked.live, "xc", size=5, now=NOON, time_limit=PATIENCE, queries=log)
    assert answer.items[0] == Suggestion("乡村教师", "query")
    assert "云溪" not in texts(answer)
    assert texts(answer).count("乡村") == 1
    characters = suggest(asked.live, "乡村j", size=5, now=NOON, time_limit=PATIENCE, queries=log)
    assert characters.items == (Suggestion("乡村教师", "query"),)


def test_the_typed_word_comes_first_if_articles_hold_it(tmp_path: Path) -> None:
    given = [article(f"{n}", title="香山公园", tags=["香山公园"]) for n in range(9)]
    asked = services(tmp_path, [*given, article("x", title="香山的秋天")])
    assert texts(asked.suggest("香山"))[0] == "香山"
    assert texts(asked.suggest("香山公园"))[0] == "香山公园"
    assert "香" not in texts(asked.suggest("香"))


@pytest.mark.parametrize("little", ["这个", "一个", "为何", "我们", "没有", "进行", "表示", "获得"])
def test_words_that_say_little_come_last(tmp_path: Path, little: str) -> None:
    sound = "".join(unit.sound[0] for unit in units(little))
    rare = {"zg": "主管", "yg": "渔港", "wh": "文化", "wm": "外贸", "my": "贸易", "jx": "吉祥"}
    rare |= {"bs": "博士", "hd": "海岛"}
    given = [article(f"{n}", title=f"{little}的路", body=f"{little}，" * 3) for n in range(3)]
    bodies = [article(f"b{n}", title="路", body=little) for n in range(90)]
    asked = services(tmp_path, [*given, *bodies, article("x", title=f"{rare[sound]}的路")])
    assert texts(asked.suggest(sound), "word") == [rare[sound], little]


def test_a_verb_that_titles_hold_is_offered_like_other_words(tmp_path: Path) -> None:
    given = [article(f"{n}", title="创新的路", body="创新，") for n in range(3)]
    asked = services(tmp_path, [*given, article("x", title="彩霞的路")])
    assert texts(asked.suggest("cx"), "word") == ["创新", "彩霞"]


def test_what_is_blocked_is_not_offered(asked: Services) -> None:
    answer = suggest(
        asked.live, "xc", size=9, now=NOON, time_limit=PATIENCE, blocked=lambda text: "云溪" in text
    )
    assert texts(answer) == ["乡村", "乡村振兴", "乡村振兴的路"]


def test_a_suggestion_says_for_what_and_from_which_index(asked: Services) -> None:
    answer = asked.suggest(" 乡村 ")
    assert answer.prefix == "乡村"
    assert answer.index.generation == "000001"


def test_no_words_are_looked_at_once_time_is_over(tmp_path: Path) -> None:
    live = services(tmp_path, ARTICLES, engine="whoosh").live
    with live.reader() as (reader, _, _):
        asked = CompletionRequest(("x",), TypedSo("x"))
        assert len(reader.complete(asked)) > 1
        assert reader.complete(replace(asked, deadline=monotonic())) == []


def test_with_time_enough_nothing_is_missing(asked: Services) -> None:
    for typed in ("xiang", "乡村", ""):
        limited = suggest(asked.live, typed, size=9, now=NOON, time_limit=PATIENCE)
        assert limited.complete
        assert limited.items == asked.suggest(typed, size=9).items
