from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from search_service.answering.search import Question
from search_service.ranking.aging import Aging, aging
from tests.factories import article
from tests.search_service.indexes import services


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


def test_a_day_is_a_day_of_the_zone_whatever_the_hour(tmp_path: Path) -> None:
    late = datetime(2026, 2, 28, 15, 59, 59, tzinfo=UTC)  # a second before midnight in Shanghai
    scores = [
        services(tmp_path / str(n), [article("a", published_at="2026-01-01")], now=now)
        .search(Question(text="学校"))
        .hits[0]
        .score
        for n, now in enumerate((late, late - timedelta(hours=20), late + timedelta(seconds=1)))
    ]
    assert scores[0] == scores[1] > scores[2] > 0


def test_where_nothing_ages_old_is_as_good_as_new(tmp_path: Path) -> None:
    articles = [article("old", published_at="2001-01-01"), article("new")]
    asked = replace(services(tmp_path, articles), aging=aging("evergreen, 情感=evergreen"))
    first, second = asked.search(Question(text="学校", collapse="none")).hits
    assert (first.article.id, second.article.id) == ("new", "old")
    assert first.score == second.score


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
