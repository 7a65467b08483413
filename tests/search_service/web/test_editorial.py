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
from search_service.services import make_services
from search_service.settings import SearchSettings
from search_service.web.factory import create_app
from tests.search_service.indexes import promote
from tests.search_service.web.portal import numbered, visible_text

LISTS: dict[ListName, tuple[str, ...]] = {
    "pins": ("水库 => n-07 1", "水库 => n-08 12"),
    "hides": ("水库 => n-09",),
    "blocked": ("观察之9",),
    "hot": ("茶会", "水库观察之9"),
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A portal of 24 articles, and editors who decided something."""
    folder: Path = tmp_path_factory.mktemp("portal")
    promote(folder / "index", numbered(), engine="whoosh")
    url = f"sqlite:///{folder / 'articles.sqlite3'}"
    with closing(open_editorial(url)) as store:
        for name, lines in LISTS.items():
            store.put(name, [read_entry(name, line) for line in lines])
    named = {"SEARCH_INDEX_DIR": str(folder / "index"), "SEARCH_STORE_URL": url}
    services = make_services(read_settings(IndexSettings, named))
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
        "version": 4,
        "current": True,
        "trouble": None,
    }
