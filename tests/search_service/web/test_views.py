"""Views of articles reach the query log as browsers report them: as beacons, without a preflight."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from search_service.querylog.tables import clicks, viewers, views
from search_service.web.queries import MAX_BODY
from tests.search_service.querylog.factory import BROWSER
from tests.search_service.web.portal import Portal, as_problem
from tests.search_service.web.test_queries import Site

PLAIN = "/api/v1/articles/story-1/view"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.log.close()


def post(site: Site, path: str = PLAIN, *, agent: str = BROWSER, by: int = 1, **sent: Any) -> Any:
    headers = {"User-Agent": agent} | sent.pop("headers", {})
    return site.client.post(
        path, headers=headers, environ_base={"REMOTE_ADDR": f"192.0.{by}.7"}, **sent
    )


def counted(site: Site) -> dict[str, int]:
    return {row["article_id"]: row["visitors"] for row in site.rows(views)}


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"data": "", "content_type": "text/plain;charset=UTF-8"},
        {"data": "{no json", "content_type": "application/json"},
        {"data": b"\xff\xfe", "content_type": "application/octet-stream"},
        {"data": "a=1", "content_type": "application/x-www-form-urlencoded"},
        {"data": "x" * (MAX_BODY + 1), "content_type": "text/plain"},
        {"data": {"a": "b"}, "content_type": "multipart/form-data"},
        {"headers": {"Origin": "https://portal.example", "Sec-Fetch-Mode": "no-cors"}},
    ],
)
def test_a_beacon_is_accepted_whatever_its_body_is(site: Site, sent: dict[str, Any]) -> None:
    answer = post(site, **sent)
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert counted(site) == {"story-1": 1}


@pytest.mark.parametrize(
    "article_id", ["a b", "新闻/2024/01", "a/view", "100%", "a,b", "?", "é" * 128]
)
def test_both_addresses_name_the_article(site: Site, article_id: str) -> None:
    escaped = quote(article_id, safe="")
    assert post(site, f"/api/v1/articles/{escaped}/view").status_code == 204
    assert post(site, f"/api/v1/articles:view?id={escaped}", by=2).status_code == 204
    assert counted(site) == {article_id: 2}


@pytest.mark.parametrize("article_id", ["x" * 257, "a\u200bb", "a\tb", "新" * 86])
def test_an_id_that_no_article_can_have_costs_nothing(site: Site, article_id: str) -> None:
    escaped = quote(article_id, safe="")
    assert post(site, f"/api/v1/articles/{escaped}/view").status_code == 204
    assert post(site, f"/api/v1/articles:view?id={escaped}").status_code == 204
    assert post(site).status_code == 204
    assert counted(site) == {"story-1": 1}


def test_refreshes_and_programs_do_not_count(site: Site) -> None:
    for agent in (BROWSER, BROWSER, "", "curl/8.1.2", "Mozilla/5.0 (compatible; Googlebot/2.1)"):
        assert post(site, agent=agent).status_code == 204
    assert counted(site) == {"story-1": 1}
    assert len(site.rows(viewers)) == 1


def test_a_click_counts_as_a_view_and_its_page_not_again(site: Site) -> None:
    query_id = site.get("/api/v1/search?q=水库").json["query_id"]
    site.click({"query_id": query_id, "article_id": "n-03", "position": 2})
    again = {"User-Agent": BROWSER}
    assert site.client.post("/api/v1/articles/n-03/view", headers=again).status_code == 204
    assert counted(site) == {"n-03": 1}
    assert len(site.rows(clicks)) == 1


def test_what_is_no_beacon_is_refused(site: Site) -> None:
    assert site.client.get(PLAIN).status_code == 404
    for path in ("/api/v1/articles:view", f"{PLAIN}?size=3"):
        assert as_problem(post(site, path))["code"] == "invalid_parameter"
    assert counted(site) == {}


def test_without_a_log_a_beacon_is_accepted_and_dropped(portal: Portal) -> None:
    assert portal.client.post(PLAIN, headers={"User-Agent": BROWSER}).status_code == 204


def test_a_database_that_is_away_delays_no_beacon(site: Site) -> None:
    Path(site.url.removeprefix("sqlite:///")).mkdir()
    assert post(site).status_code == 204
    assert not site.log.settle(30.0)
    assert site.log.health().waiting == 1
