"""Events: reports on one event are told by their titles and days, and one of them comes before all others when asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from indexer.article import Article
from search_service.blocks.events import Report, same_event
from search_service.blocks.related import Wanted
from tests.factories import NOON, article
from tests.search_service.indexes import live_index, promote, services
from tests.typed_queries import analyzer

QUAKE = "石桥镇发生地震 渡口停航"
CASES = [
    ("石桥镇发生地震", 0, True),
    ("渡口因石桥镇地震停航", 2, True),
    ("石桥镇发生地震 山谷学校停课", 1, True),
    ("石桥镇发生地震 渡口停航", 4, False),
    ("山谷学校运动会开幕", 0, False),
    ("石桥镇茶会开幕", 0, False),
]


def reports(folder: Path, *articles: Article) -> list[Report]:
    filler = [article(f"f-{n}", title=f"第{n}场雨后的集市") for n in range(9)]
    promote(folder, [*articles, *filler])
    with live_index(folder).reader() as (reader, _, _):
        return [Report(each, reader, analyzer()) for each in articles]


@pytest.mark.parametrize(("title", "days", "same"), CASES)
def test_titles_and_days_tell_an_event(tmp_path: Path, title: str, days: int, same: bool) -> None:
    one, other = reports(
        tmp_path,
        article("a", title=QUAKE, published_at=NOON.isoformat()),
        article("b", title=title, published_at=(NOON - timedelta(days=days)).isoformat()),
    )
    assert same_event(one, other) is same_event(other, one) is same
    assert same_event(one, one)


FIGURES = "水位 41.7 米，超警戒 2.3 米，转移 1867 人，抢修堤段 926 米。"


@pytest.mark.parametrize(
    ("body", "hours", "same"),
    [
        (f"云溪连夜抢险。{FIGURES}村民说雨还没有停。", 30, True),
        (f"云溪连夜抢险。{FIGURES}", 50, False),
        ("水位 41.7 米，转移 1867 人，抢修 926 米，到了 318 人，来了 77 车石料。", 1, True),
        ("水位 41.7 米，转移 1867 人。另有 318 人、77 车石料、56 条船、6021 只沙袋。", 1, False),
        ("水位 41.7 米。", 1, False),
        ("云溪连夜抢险。", 1, False),
    ],
)
def test_figures_and_days_tell_an_event_whatever_the_titles(
    tmp_path: Path, body: str, hours: int, same: bool
) -> None:
    one, other = reports(
        tmp_path,
        article("a", title="堤上的灯", body=FIGURES, published_at=NOON.isoformat()),
        article(
            "b",
            title="云溪涨水",
            body=body,
            published_at=(NOON - timedelta(hours=hours)).isoformat(),
        ),
    )
    assert same_event(one, other) is same_event(other, one) is same


def test_without_a_date_or_a_title_there_is_no_event(tmp_path: Path) -> None:
    dated, undated, nameless = reports(
        tmp_path,
        article("a", title=QUAKE, published_at=NOON.isoformat()),
        article("b", title=QUAKE, published_at=None),
        article("c", title="", body="石桥镇地震。", published_at=NOON.isoformat()),
    )
    for other in (undated, nameless):
        assert not same_event(dated, other)
        assert not same_event(other, other)


def test_one_article_of_an_event_comes_before_all_others_when_asked(tmp_path: Path) -> None:
    body = "石桥镇的地震使渡口停航，救援队连夜赶到，学校停课。"
    here = article("here", title="石桥镇地震救援", body=body)
    titles = {
        "quake-1": "石桥镇发生地震 渡口停航",
        "quake-2": "石桥镇发生地震 学校停课",
        "quake-3": "石桥镇发生地震",
        "relief": "救援队连夜赶路",
        "ferry": "老渡口的木船",
    }
    others = [
        replace(
            article(name, title=title, body=f"{title}。{body}"),
            published_at=NOON - timedelta(hours=n),
        )
        for n, (name, title) in enumerate(titles.items())
    ]
    asked = services(tmp_path, [here, *others])
    plain = [item.article.id for item in asked.related("here", Wanted(size=5)).items]
    varied = [
        item.article.id for item in asked.related("here", Wanted(size=5, one_of_event=True)).items
    ]
    quakes = [each for each in plain if each.startswith("quake")]
    assert sorted(plain) == sorted(varied) == sorted(titles)
    assert varied == [each for each in plain if each not in quakes[1:]] + quakes[1:]
    assert varied != plain
