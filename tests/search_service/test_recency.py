from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from indexer.query import Recency
from search_service.recency import Aging, aging
from search_service.search import Question
from tests.factories import article
from tests.search_service.indexes import SHANGHAI, services


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("365", Aging(365)),
        ("evergreen", Aging(None)),
        (" 90 , 快讯 = 30,教育 / 百科=evergreen", Aging(90, (("快讯", 30), ("教育/百科", None)))),
        ("90, a=b=30", Aging(90, (("a=b", 30),))),
    ],
)
def test_half_lives_are_read(text: str, rule: Aging) -> None:
    assert aging(text) == rule


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "'' must be days"),
        ("0", "'0' must be days"),
        ("快讯=30", "'快讯=30' must be days"),
        ("365, 30", "'30' must be a channel"),
        ("365, =30", "'=30' must be a channel"),
        ("365, 快讯=", "'' must be days"),
        ("365,", "'' must be a channel"),
        ("365, a=1, a=2", "a stands there twice"),
        ("99999", "from 1 to 36500"),
    ],
)
def test_what_cannot_be_read_names_its_part(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        aging(text)


def test_all_searches_of_a_day_ask_for_the_same() -> None:
    morning = datetime(2026, 2, 28, 16, 30, tzinfo=UTC)  # half past midnight in Shanghai
    evening = datetime(2026, 3, 1, 15, 30, tzinfo=UTC)
    midnight = datetime(2026, 2, 28, 16, 0, tzinfo=UTC)
    asked = Aging(30).at(morning, SHANGHAI)
    assert asked == Aging(30).at(evening, SHANGHAI) == Recency(midnight, 30)
    assert Aging(None, (("a", None),)).at(morning, SHANGHAI) is None
    assert Aging(None, (("a", 3),)).at(morning, SHANGHAI) is not None


@pytest.mark.parametrize("engine", ["memory", "whoosh"])
def test_of_two_that_answer_alike_the_newer_comes_first_but_not_before_a_better_one(
    tmp_path: Path, engine: str
) -> None:
    long_ago = "2016-02-01T08:00:00+08:00"
    asked = services(
        tmp_path,
        [
            article("old", title="茶会与茶会", body="只有茶会", published_at=long_ago),
            article("new", title="一件事", body="只有茶会的长文" + "，别的话" * 20),
            article(
                "alike",
                title="一件事",
                body="只有茶会的长文" + "，别的话" * 20,
                published_at=long_ago,
            ),
        ],
        engine=engine,
    )
    answer = asked.search(Question(text="茶会", collapse="none"))
    assert [hit.article.id for hit in answer.hits] == ["old", "new", "alike"]
    assert answer.hits[2].score == pytest.approx(answer.hits[1].score / 2, rel=0.1)
