"""What editors decided, as the API and the pages show it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from indexer.editorial.entries import ListName
from indexer.editorial.lines import read_entry
from indexer.settings import IndexSettings, read_settings
from indexer.store.database import open_editorial
from search_service.assembly import make_services
from search_service.settings import SearchSettings
from search_service.web.factory import create_app
from tests.factories import article
from tests.search_service.indexes import PATIENT, promote
from tests.search_service.web.portal import numbered, visible_text

LISTS: dict[ListName, tuple[str, ...]] = {
    "pins": ("水库 => n-07 1", "水库 => n-08 12"),
    "hides": ("水库 => n-09",),
    "picks": ("related n-01 => n-12 1", "hot => n-05 1"),
    "bans": ("related n-02 => *", "hot => n-24"),
    "blocked": ("观察之9",),
    "hot": ("茶会", "水库观察之9"),
}

ALIKE = [
    article(
        f"tea-{n}",
        title=f"古塔茶会{n}",
        body=f"茶农第{n}次把茶会移到古塔下。",
        published_at="2025-12-01",
    )
    for n in (1, 2)
]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A portal of 24 articles and two more, and editors who decided something."""
    folder: Path = tmp_path_factory.mktemp("portal")
    promote(folder / "index", [*numbered(), *ALIKE], engine="whoosh")
    url = f"sqlite:///{folder / 'articles.sqlite3'}"
    with closing(open_editorial(url)) as store:
        for name, lines in LISTS.items():
            store.put(name, [read_entry(name, line) for line in lines])
    named = {"SEARCH_INDEX_DIR": str(folder / "index"), "SEARCH_STORE_URL": url}
    services = make_services(read_settings(IndexSettings, named), PATIENT)
    return create_app(services, SearchSettings()).test_client()


def body(client: FlaskClient, path: str) -> Any:
    response = client.get(path)
    assert response.status_code == 200
    return response.json


def test_a_hit_says_whether_it_is_pinned(client: FlaskClient) -> None:
    answer = body(client, "/api/v1/search?q=水库&facets=source")
    assert (answer["total"], answer["groups"], answer["pages"]) == (23, 23, 3)
    assert sum(each["count"] for each in answer["facets"]["source"]) == 23
    first, second, *_ = answer["hits"]
    assert (first["id"], first["pinned"], first["score"]) == ("n-07", True, 0.0)
    assert second["pinned"] is False
    assert "<mark>水库</mark>" in first["highlights"]["title"]
    following = body(client, "/api/v1/search?q=水库&page=2")["hits"]
    assert [hit["id"] for hit in following if hit["pinned"]] == ["n-08"]
    assert following[1]["id"] == "n-08"
    newest = body(client, "/api/v1/search?q=水库&sort=newest&size=100")["hits"]
    assert "n-09" not in [hit["id"] for hit in newest]
    assert not any(hit["pinned"] for hit in newest)


def test_a_page_says_which_hits_are_pinned(client: FlaskClient) -> None:
    assert visible_text(client.get("/search?q=水库").text).count("置顶") == 1
    assert "置顶" not in client.get("/search?q=云溪").text


def test_blocked_and_pinned_queries_show_in_the_lists(client: FlaskClient) -> None:
    assert body(client, "/api/v1/queries/hot")["hits"] == [
        {"text": "茶会", "visitors": 0, "pinned": True}
    ]
    assert "茶会" in visible_text(client.get("/").text)
    offered = [hit["text"] for hit in body(client, "/api/v1/suggest?q=云溪&size=20")["hits"]]
    assert "云溪水库观察之10" in offered
    assert "云溪水库观察之9" not in offered


def test_health_says_which_lists_search_goes_by(client: FlaskClient) -> None:
    assert body(client, "/healthz")["editorial"] == {
        "version": 6,
        "current": True,
        "trouble": None,
    }


def test_what_is_picked_and_banned_shows_in_the_lists_of_articles(client: FlaskClient) -> None:
    found = body(client, "/api/v1/articles/n-01/related")
    assert (found["hits"][0]["id"], found["hits"][0]["step"]) == ("n-12", "picked")
    assert (found["terms"], found["hits"][1]["explanation"]) == (None, None)
    hot = body(client, "/api/v1/hot?size=30")["hits"]
    assert (hot[0]["id"], hot[0]["from"]) == ("n-05", "picked")
    assert "n-24" not in [each["id"] for each in hot]
    page = client.get("/articles/n-01").text
    assert "编辑推荐" in page
    assert "相关阅读" not in client.get("/articles/n-02").text


def test_related_explains_its_scores(client: FlaskClient) -> None:
    found = body(client, "/api/v1/articles/tea-1/related?explain=1&size=3")
    assert {"茶会", "古塔"} <= {each["term"] for each in found["terms"]}
    assert [hit["step"] for hit in found["hits"]] == ["terms", "latest", "latest"]
    first, *others = (hit["explanation"] for hit in found["hits"])
    assert {each["text"] for each in first["added"]} >= {"茶会", "古塔"}
    assert first["lines"][-1].startswith("合计")
    assert others == [None, None]
