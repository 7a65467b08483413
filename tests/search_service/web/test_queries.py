"""Searches and clicks reach the query log over HTTP, and the lists come back; pages show them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Table, select

from indexer.errors import Overloaded
from search_service.gate import Gate
from search_service.querylog.log import BackgroundQueryLog
from search_service.querylog.store import open_query_log
from search_service.querylog.tables import clicks, queries
from search_service.settings import SearchSettings
from search_service.web.factory import create_app
from tests.search_service.indexes import SHANGHAI, services
from tests.search_service.querylog.factory import BROWSER
from tests.search_service.web.portal import Portal, all_articles, as_problem, visible_text
from tests.typed_queries import analyzer

PATIENCE = 30.0
QUERY_ID = re.compile("[0-9a-f]{16}")


class Site:
    """The portal with a query log of its own."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.url = f"sqlite:///{folder / 'querylog.sqlite3'}"
        self.log = BackgroundQueryLog(
            self.url, keep_days=3650, analyzer=analyzer, timezone=SHANGHAI
        )
        self.services = replace(services(folder / "index", all_articles()), query_log=self.log)
        app = create_app(self.services, SearchSettings(**settings))
        self.client: FlaskClient = app.test_client()

    def get(self, path: str, by: int = 1, **headers: str) -> Any:
        sent = {"User-Agent": BROWSER} | {name.replace("_", "-"): headers[name] for name in headers}
        return self.client.get(path, headers=sent, environ_base={"REMOTE_ADDR": f"192.0.2.{by}"})

    def click(self, body: Any, **more: Any) -> Any:
        return self.client.post(
            "/api/v1/clicks", **({"json": body} | more), headers={"User-Agent": BROWSER}
        )

    def rows(self, table: Table = queries) -> list[Any]:
        assert self.log.settle(PATIENCE)
        store = open_query_log(self.url, SHANGHAI)
        with store.reading() as connection:
            found = list(connection.execute(select(table)).mappings())
        store.close()
        return found


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.log.close()


def make_hot(site: Site, *texts: str, visitors: int = 2) -> None:
    for by in range(visitors):
        for text in texts:
            site.get(f"/api/v1/search?q={text}", by=by)
    assert site.log.settle(PATIENCE)


def test_a_search_of_the_api_and_of_a_page_are_logged_alike(site: Site) -> None:
    body = site.get("/api/v1/search?q=水库").json
    page = site.get("/search?q=水库", by=2).text
    assert QUERY_ID.fullmatch(body["query_id"])
    on_page = re.findall('data-query-id="([0-9a-f]{16})"', page)
    rows = site.rows()
    assert [row["id"] for row in rows] == [body["query_id"], *on_page]
    assert {(row["query"], row["rung"], row["total"], row["counted"]) for row in rows} == {
        ("水库", "words", 24, True)
    }


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/v1/search", {}),
        ("/api/v1/search?q=库", {}),
        ("/api/v1/search?q=水库&log=off", {}),
        ("/search?q=水库&f.log=off", {}),
        ("/search?q=水库", {"Sec_Purpose": "prefetch;prerender"}),
    ],
)
def test_what_is_no_search_of_a_reader_has_no_id(site: Site, path: str, headers: Any) -> None:
    response = site.get(path, **headers)
    assert response.status_code == 200
    if path.startswith("/api"):
        assert response.json["query_id"] is None
    assert "data-query-id" not in response.text
    assert "clicks.js" not in response.text
    assert site.rows() == []


def test_programs_and_head_requests_are_not_logged(site: Site) -> None:
    site.get("/api/v1/search?q=水库", User_Agent="curl/8.1.2")
    site.client.get("/api/v1/search?q=水库")  # Werkzeug's own
    site.client.head("/api/v1/search?q=水库", headers={"User-Agent": BROWSER})
    assert site.rows() == []


def test_an_id_and_a_time_taken_do_not_change_the_tag(site: Site) -> None:
    for path in ("/api/v1/search?q=水库", "/search?q=水库"):
        first = site.get(path)
        again = site.get(path, If_None_Match=first.headers["ETag"])
        assert again.status_code == 304
        other = site.get(path + "&page=2", If_None_Match=first.headers["ETag"])
        assert other.status_code == 200


def test_a_click_is_answered_at_once_and_logged(site: Site) -> None:
    query_id = site.get("/api/v1/search?q=水库").json["query_id"]
    by_id = {"query_id": query_id, "article_id": "n-03", "position": 2}
    by_text = {"query": " 水 庫", "article_id": "新闻/4 b", "position": 11}
    for body in (by_id, by_text):
        response = site.click(body)
        assert (response.status_code, response.data) == (204, b"")
    assert "Set-Cookie" not in response.headers
    found = [
        (row["query_id"], row["query"], row["article_id"], row["position"])
        for row in site.rows(clicks)
    ]
    assert found == [(query_id, None, "n-03", 2), (None, "水 库", "新闻/4 b", 11)]


def test_half_a_character_in_a_click_costs_no_other_entry(site: Site) -> None:
    site.get("/api/v1/search?q=水库")
    half = b'{"query": "\\ud83d\\u6c34\\u0000\\u5e93", "article_id": "n-03", "position": 1}'
    sent = {"data": half, "content_type": "application/json", "headers": {"User-Agent": BROWSER}}
    assert site.client.post("/api/v1/clicks", **sent).status_code == 204
    assert [row["query"] for row in site.rows(clicks)] == ["水 库"]
    assert [row["query"] for row in site.rows()] == ["水库"]


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"query_id": "xyz"}, "query_id"),
        ({"query_id": 5}, "query_id"),
        ({"query_id": None}, "query_id"),
        ({"query": "水库"}, "query_id"),
        ({"query_id": None, "query": 7}, "query"),
        ({"query_id": None, "query": ""}, "query_id"),
        ({"article_id": None}, "article_id"),
        ({"article_id": ".."}, "article_id"),
        ({"article_id": "a\u200bb"}, "article_id"),
        ({"article_id": "山" * 86}, "article_id"),
        ({"article_id": ["a"]}, "article_id"),
        ({"position": 0}, "position"),
        ({"position": "2"}, "position"),
        ({"position": 1.5}, "position"),
        ({"position": True}, "position"),
        ({"position": 10_001}, "position"),
        ({"posititon": 1}, "posititon"),
    ],
)
def test_a_click_that_cannot_be_is_refused_and_names_the_member(
    site: Site, changes: dict[str, Any], wrong: str
) -> None:
    body = {"query_id": "0" * 16, "article_id": "n-03", "position": 2} | changes
    problem = as_problem(site.click(body))
    assert problem["code"] == "invalid_parameter"
    assert [each["parameter"] for each in problem["errors"]] == [wrong]
    assert problem["errors"][0]["allowed"]
    assert site.rows(clicks) == []


def test_a_member_that_is_missing_is_named(site: Site) -> None:
    problem = as_problem(site.click({"query_id": "0" * 16}))
    assert [(each["parameter"], each["message"]) for each in problem["errors"]] == [
        ("article_id", "is missing"),
        ("position", "is missing"),
    ]


@pytest.mark.parametrize(
    "sent",
    [
        {"data": b"no json", "content_type": "application/json"},
        {"data": b'"text"', "content_type": "application/json"},
        {"data": b"[1]", "content_type": "application/json"},
        {"data": b"query_id=1", "content_type": "application/x-www-form-urlencoded"},
        {"data": b"", "content_type": "application/json"},
    ],
)
def test_a_body_that_is_no_object_is_refused(site: Site, sent: dict[str, Any]) -> None:
    response = site.client.post("/api/v1/clicks", **sent)
    problem = as_problem(response)
    assert (problem["code"], problem["errors"][0]["parameter"]) == ("invalid_parameter", "body")


@pytest.mark.parametrize("around", ["", '{"query": ', '{"query_id": "a", "position": '])
def test_a_body_of_any_depth_is_refused_and_no_fault_of_ours(site: Site, around: str) -> None:
    for depth in [*range(880, 1010), 5000]:
        for open_, close in ("[]", ('{"a":', "}")):
            body = around + (open_ * depth + "1" + close * depth) + ("}" if around else "")
            response = site.client.post(
                "/api/v1/clicks", data=body.encode()[:8192], content_type="application/json"
            )
            assert as_problem(response)["code"] == "invalid_parameter", depth


def test_a_body_that_is_too_long_is_refused(site: Site) -> None:
    body = json.dumps({"query": "云" * 9000, "article_id": "n-03", "position": 1})
    response = site.client.post("/api/v1/clicks", data=body, content_type="application/json")
    assert as_problem(response)["code"] == "bad_request"


def test_clicks_are_posted_only(site: Site) -> None:
    response = site.client.get("/api/v1/clicks")
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")


def test_hot_queries_are_told_by_window(site: Site) -> None:
    make_hot(site, "水库", "云溪水库")
    make_hot(site, "水库", visitors=3)
    body = site.get("/api/v1/queries/hot?window=week&size=1").json
    assert (body["window"], body["hits"]) == (
        "week",
        [{"text": "水库", "visitors": 3, "pinned": False}],
    )
    assert body["as_of"].endswith("+08:00")
    assert len(site.get("/api/v1/queries/hot").json["hits"]) == 2
    assert as_problem(site.get("/api/v1/queries/hot?window=month"))["errors"][0]["allowed"] == (
        "one of day, week, all"
    )


def test_related_queries_are_told(site: Site) -> None:
    make_hot(site, "云溪水库", "板凳会")
    body = site.get("/api/v1/queries/related?q=水库").json
    assert body == {"q": "水库", "hits": ["云溪水库"]}
    assert site.get("/api/v1/queries/related").json["hits"] == []


def test_without_a_log_lists_are_empty_and_health_says_so(portal: Portal) -> None:
    hot = portal.json("/api/v1/queries/hot")
    assert (hot["hits"], hot["as_of"]) == ([], None)
    assert portal.json("/api/v1/search", q="水库")["query_id"] is None
    assert portal.json("/healthz")["query_log"] == {
        "state": "off",
        "waiting": 0,
        "dropped": 0,
        "trouble": None,
    }
    assert "热门搜索" not in portal.get("/").text


def test_health_says_whether_the_log_is_written(site: Site) -> None:
    assert site.log.settle(PATIENCE)
    assert site.get("/healthz").json["query_log"] == {
        "state": "on",
        "waiting": 0,
        "dropped": 0,
        "trouble": None,
    }


def test_searches_are_answered_while_the_database_is_away(site: Site) -> None:
    Path(site.url.removeprefix("sqlite:///")).mkdir()
    assert site.get("/api/v1/search?q=水库").json["total"] == 24
    assert site.get("/search?q=水库").status_code == 200
    assert site.get("/").status_code == 200
    assert not site.log.settle(PATIENCE)
    health = site.get("/healthz").json["query_log"]
    trouble = health.pop("trouble")
    assert health == {"state": "away", "waiting": 2, "dropped": 0}
    assert datetime.fromisoformat(trouble["since"]).tzinfo
    assert "cannot be opened" in trouble["why"]


def links(page: str, name: str) -> list[tuple[str, str]]:
    """The links of a list of queries on a page: text and address."""
    (block,) = re.findall(f'<nav class="queries" aria-label="{name}">(.*?)</nav>', page, re.DOTALL)
    found = re.findall('<a href="([^"]*)">([^<]*)</a>', block)
    return [(html.unescape(text), html.unescape(address)) for address, text in found]


def test_the_front_page_shows_hot_queries(site: Site) -> None:
    make_hot(site, "水库 <>", "板凳会")
    found = links(site.get("/").text, "热门搜索")
    assert {text for text, _ in found} == {"水库 <>", "板凳会"}
    for text, address in found:
        assert f'value="{html.escape(text)}"' in site.get(address).text


def test_a_search_shows_its_related_queries(site: Site) -> None:
    make_hot(site, "云溪水库", "板凳会")
    page = site.get("/search?q=水库").text
    assert [text for text, _ in links(page, "相关搜索")] == ["云溪水库"]
    assert "热门搜索" not in page


def test_a_search_that_finds_nothing_leads_on_to_hot_queries_and_the_latest(site: Site) -> None:
    make_hot(site, "云溪水库", "板凳会")
    page = site.get("/search?q=子虚乌有").text
    assert "没有找到与“子虚乌有”相符的文章" in visible_text(page)
    assert {text for text, _ in links(page, "热门搜索")} == {"云溪水库", "板凳会"}
    assert "最新文章" in page


def test_a_busy_service_shows_a_search_without_its_related_queries(tmp_path: Path) -> None:
    site = Site(tmp_path)
    make_hot(site, "云溪水库")
    admitting = iter(range(1))

    class Busy(Gate):
        def pass_in_turn(self, ask: Any, *, patience: float) -> Any:
            if next(admitting, None) is None:
                raise Overloaded(1)
            return super().pass_in_turn(ask, patience=patience)

    busy = create_app(replace(site.services, gate=Busy()), SearchSettings()).test_client()
    page = busy.get("/search?q=水库")
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-store")
    assert 'data-position="1"' in page.text
    assert "相关搜索" not in page.text
    problem = as_problem(busy.get("/api/v1/queries/related?q=水库"))
    assert (problem["status"], problem["code"]) == (503, "overloaded")
    site.log.close()


def test_hits_say_where_they_stand_for_the_script_that_reports_clicks(site: Site) -> None:
    page = site.get("/search?q=水库&page=2").text
    assert 'data-clicks="/api/v1/clicks"' in page
    assert re.findall('data-position="([0-9]+)"', page) == [str(each) for each in range(11, 21)]
    assert len(set(re.findall('data-article="([^"]+)"', page))) == 10
    script = re.search('src="(/static/clicks.js[^"]*)"', page)
    assert script
    assert site.client.get(script[1], buffered=True).status_code == 200


def test_log_off_is_not_carried_into_links(site: Site) -> None:
    assert "log=off" not in site.get("/search?q=水库&f.log=off").text


@pytest.mark.parametrize(("proxies", "visitors"), [(0, 1), (1, 2)])
def test_a_proxy_is_believed_as_far_as_the_settings_say(
    tmp_path: Path, proxies: int, visitors: int
) -> None:
    site = Site(tmp_path, proxies=proxies)
    for address in ("198.51.100.7", "198.51.100.8"):
        site.get("/api/v1/search?q=水库", X_Forwarded_For=f"203.0.113.9, {address}")
    assert len({row["visitor"] for row in site.rows()}) == visitors
    site.log.close()


def test_what_readers_ask_for_is_suggested_by_its_sound(site: Site) -> None:
    make_hot(site, "云溪水库")
    hits = site.get("/api/v1/suggest?q=yxsk").json["hits"]
    assert (hits[0]["text"], hits[0]["kind"]) == ("云溪水库", "query")
