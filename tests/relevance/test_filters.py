"""Filters of all kinds, each asked over HTTP as a portal's program asks it: exactly the articles that pass are found."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.factories import article
from tests.search_service.web.portal import Portal, open_portal

ARTICLES = [
    article(
        "ferry",
        title="渡口来了新船",
        site="news.example",
        source="青川日报",
        attributes={"region": "华东", "words": 820, "stars": 4.5, "edition": "3"},
        tags=["交通"],
        channel="社会/民生",
    ),
    article(
        "bridge",
        title="老桥明年加固",
        site="news.example",
        source="澜东日报",
        attributes={"region": "华南", "words": 1500, "stars": 3, "form": "图文/专题"},
        tags=["交通", "工程"],
        channel="社会/民生",
    ),
    article(
        "orchard",
        title="果园里的直播间",
        site="m.news.example",
        source="青川日报",
        author="覃望舒",
        attributes={"region": "华东 沿海", "words": 2000, "stars": -1, "edition": 3},
        tags=["农业"],
        channel="农业",
    ),
    article(
        "choir",
        title="合唱队的第一百场演出",
        site="文化.example",
        source="云溪晚报",
        author="姜禾",
        attributes={"Region": "华东", "words": 2**40, "stars": 0, "edition": "3.0"},
        tags=["演出", "工程"],
        channel="文化",
    ),
    article(
        "dyke",
        title="堤坝上的夜班",
        source="云溪晚报",
        author="鲁一鸣",
        attributes={"region": "west=far", "words": 0.5, "stars": 1e-9, "size.max": "大"},
        channel="社会",
    ),
    article("plain", title="没有别的说明", channel="文化/戏曲"),
]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    return open_portal(Path(tmp_path_factory.mktemp("shelf")), ARTICLES)


def found(shelf: Portal, query: list[tuple[str, str]]) -> str:
    """The ids found, sorted, in one line."""
    response = shelf.client.get("/api/v1/search?" + urlencode(query))
    assert response.status_code == 200, response.text
    return " ".join(sorted(hit["id"] for hit in response.get_json()["hits"]))


@pytest.mark.parametrize(
    ("site", "ids"),
    [
        (["news.example"], "bridge ferry"),
        (["m.news.example"], "orchard"),
        (["文化.example"], "choir"),
        (["news.example", "m.news.example"], "bridge ferry orchard"),
        (["m.news.example", "文化.example", "nowhere"], "choir orchard"),
        (["example"], ""),
        (["News.example"], ""),
        (["news.example "], ""),
        (["nowhere"], ""),
        ([""], "bridge choir dyke ferry orchard plain"),
        (["", "news.example"], "bridge ferry"),
    ],
)
def test_sites(shelf: Portal, site: list[str], ids: str) -> None:
    assert found(shelf, [("site", each) for each in site]) == ids


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("region=华东", "ferry"),
        ("region=华东 region=华南", "bridge ferry"),
        ("region=华东 沿海".replace(" ", "%20"), "orchard"),
        ("Region=华东", "choir"),
        ("region=west=far", "dyke"),
        ("region=华北", ""),
        ("region=", "bridge choir dyke ferry orchard plain"),
        ("form=图文/专题", "bridge"),
        ("edition=3", "ferry orchard"),
        ("edition=3.0", "choir orchard"),
        ("edition=4 edition=3", "ferry orchard"),
        ("stars=4.50", "ferry"),
        ("stars=-1", "orchard"),
        ("stars=1e-9", "dyke"),
        ("words=1099511627776", "choir"),
        ("region=华东 edition=3", "ferry"),
        ("region=华东 edition=4", ""),
        ("nothing=华东", ""),
    ],
)
def test_attributes_of_a_value(shelf: Portal, query: str, ids: str) -> None:
    pairs = [each.replace("%20", " ").split("=", 1) for each in query.split()]
    assert found(shelf, [(f"attributes.{name}", value) for name, value in pairs]) == ids


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("words.min=820", "bridge choir ferry orchard"),
        ("words.max=820", "dyke ferry"),
        ("words.min=820 words.max=1500", "bridge ferry"),
        ("words.min=1500 words.max=1500", "bridge"),
        ("words.min=821 words.max=1499.5", ""),
        ("words.min=2e3", "choir orchard"),
        ("stars.max=0", "choir orchard"),
        ("stars.min=0", "bridge choir dyke ferry"),
        ("stars.min=-1.5 stars.max=-.5", "orchard"),
        ("stars.min=-0 stars.max=0", "choir"),
        ("edition.min=1", "orchard"),
        ("region.min=0", ""),
        ("words.min=1000 stars.min=3", "bridge"),
        ("words.min=100 words.max=1600 words=820", "ferry"),
    ],
)
def test_attributes_in_a_range(shelf: Portal, query: str, ids: str) -> None:
    pairs = [each.split("=", 1) for each in query.split()]
    assert found(shelf, [(f"attributes.{name}", value) for name, value in pairs]) == ids


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("source=青川日报 source=云溪晚报", "choir dyke ferry orchard"),
        ("source=青川日报 source=云溪晚报 tag=交通", "ferry"),
        ("tag=交通 tag=演出", "bridge choir ferry"),
        ("tag=交通 tag=工程 source=澜东日报 source=云溪晚报", "bridge choir"),
        ("channel=社会", "bridge dyke ferry"),
        ("channel=社会/民生 channel=文化", "bridge choir ferry plain"),
        ("channel=社会 channel=社会/民生", "bridge dyke ferry"),
        ("author=覃望舒 author=姜禾 author=没有", "choir orchard"),
        ("channel=农业 channel=文化 author=覃望舒 author=姜禾 site=文化.example", "choir"),
        ("channel=农业 channel=文化 attributes.words.min=1 attributes.edition=3", "orchard"),
        ("q=演出 channel=农业 channel=文化", "choir"),
        ("tag=工程 tag=工程", "bridge choir"),
    ],
)
def test_several_values(shelf: Portal, query: str, ids: str) -> None:
    pairs = [each.split("=", 1) for each in query.split()]
    assert found(shelf, [(name, value) for name, value in pairs]) == ids
