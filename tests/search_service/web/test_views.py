"""Views of articles reach the query log as browsers report them: as beacons, without a preflight. Hot articles come from them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from search_service.querylog.tables import clicks, viewers, views
from search_service.querylog.views import VIEW_WINDOWS
from search_service.web.queries import MAX_BODY
from tests.search_service.querylog.factory import BROWSER
from tests.search_service.web.portal import Portal, as_problem
from tests.search_service.web.test_queries import Site

PATIENCE = 30.0
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
    """The visitors of each article."""
    found: Counter[str] = Counter()
    for row in site.rows(views):
        if row["minutes"] == VIEW_WINDOWS["week"].minutes:
            found[row["article_id"]] += row["visitors"]
    return found


def test_a_beacon_is_accepted_whatever_its_body_is(site: Site) -> None:
    beacons: list[dict[str, Any]] = [
        {},
        {"data": "", "content_type": "text/plain;charset=UTF-8"},
        {"data": "{no json", "content_type": "application/json"},
        {"data": b"\xff\xfe", "content_type": "application/octet-stream"},
        {"data": "a=1", "content_type": "application/x-www-form-urlencoded"},
        {"data": "x" * (MAX_BODY + 1), "content_type": "text/plain"},
        {"data": {"a": "b"}, "content_type": "multipart/form-data"},
        {"headers": {"Origin": "http://localhost", "Sec-Fetch-Mode": "no-cors"}},
    ]
    for by, sent in enumerate(beacons):
        answer = post(site, by=by, **sent)
        assert (answer.status_code, answer.data) == (204, b""), sent
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers
    assert counted(site) == {"story-1": len(beacons)}


def test_both_addresses_name_the_article(site: Site) -> None:
    ids = ["a b", "新闻/2024/01", "a/view", "100%", "a,b", "?", "é" * 128]
    for article_id in ids:
        escaped = quote(article_id, safe="")
        assert post(site, f"/api/v1/articles/{escaped}/view").status_code == 204
        assert post(site, f"/api/v1/articles:view?id={escaped}", by=2).status_code == 204
    assert counted(site) == dict.fromkeys(ids, 2)


def test_an_id_that_no_article_can_have_costs_nothing(site: Site) -> None:
    for article_id in ("x" * 257, "a\u200bb", "a\tb", "新" * 86):
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
    assert not site.log.settle(PATIENCE)
    assert site.log.health().waiting == 1


def view(site: Site, visitors: dict[str, int]) -> None:
    """Have each article viewed by so many visitors."""
    for article_id, count in visitors.items():
        for by in range(count):
            post(site, f"/api/v1/articles:view?id={article_id}", by=by)
    assert site.log.settle(PATIENCE)


def hot(site: Site, query: str = "") -> list[tuple[str, int, str]]:
    body = site.get("/api/v1/hot" + query).json
    return [(each["id"], each["visitors"], each["from"]) for each in body["hits"]]


def test_hot_articles_are_those_that_readers_view(site: Site) -> None:
    view(site, {"n-03": 2, "n-04": 6, "story-1": 4, "nobody": 9, "draft-1": 8})
    answer = site.get("/api/v1/hot?size=4")
    body = answer.json
    assert [each["id"] for each in body["hits"][:3]] == ["n-04", "story-1", "n-03"]
    assert hot(site, "?size=4")[2:] == [("n-03", 2, "views"), ("untitled-1", 0, "latest")]
    assert body["window"] == "day"
    assert body["as_of"].endswith("+08:00")
    assert {"url", "title", "lead", "source", "image_url", "published_at"} <= body["hits"][1].keys()
    assert answer.headers["Surrogate-Key"].split() == [
        f"article/{each['id']}" for each in body["hits"]
    ]
    assert answer.headers["Cache-Control"] == "public, max-age=10"
    again = site.get("/api/v1/hot?size=4", If_None_Match=answer.headers["ETag"])
    assert again.status_code == 304


def test_hot_articles_are_narrowed_as_the_latest_are(site: Site) -> None:
    view(site, {"n-03": 2, "n-04": 6, "n-05": 3})
    assert hot(site, "?channel=社会&size=1") == [("n-03", 2, "views")]
    assert hot(site, "?channel=时政&size=2&window=hour") == [
        ("n-04", 6, "views"),
        ("n-05", 3, "views"),
    ]
    assert hot(site, "?exclude=n-04&size=1&window=week") == [("n-05", 3, "views")]
    for wrong in ("window=month", "size=101", "size=0", "exclude=..", "sort=newest"):
        assert as_problem(site.get(f"/api/v1/hot?{wrong}"))["code"] == "invalid_parameter"


def test_a_search_sorted_by_heat_shows_first_what_readers_view(site: Site) -> None:
    view(site, {"n-03": 2, "n-04": 6, "story-1": 9})
    path = "/api/v1/search?q=水库&size=3"
    body = site.get(f"{path}&sort=hot").json
    assert [each["id"] for each in body["hits"]][:2] == ["n-04", "n-03"]
    assert (body["sort"], body["total"], body["query"]["notes"]) == ("hot", 24, [])
    newest = site.get(f"{path}&sort=newest").json
    assert (newest["sort"], body["hits"][2]["id"]) == ("newest", newest["hits"][0]["id"])
    page = site.get("/search?q=水库&sort=hot").text
    assert re.findall('data-article="([^"]+)"', page)[:2] == ["n-04", "n-03"]
    assert re.search(r'aria-current="true">\s*热度', page)
    assert '<input type="hidden" name="sort" value="hot">' in page
    assert re.search(r'href="/search\?q=[^"]+&amp;sort=hot">热度', site.get("/search?q=水库").text)


def test_sorted_by_heat_without_views_the_newest_come_first_and_it_is_said(portal: Portal) -> None:
    body = portal.json("/api/v1/search", q="水库", sort="hot")
    newest = portal.json("/api/v1/search", q="水库", sort="newest")
    assert [each["id"] for each in body["hits"]] == [each["id"] for each in newest["hits"]]
    assert body["sort"] == "newest"
    assert body["query"]["notes"] == ["最近七天还没有阅读记录，已按最新排列。"]
    assert "最近七天还没有阅读记录" in portal.get("/search", q="水库", sort="hot").text
    assert "热度" not in portal.get("/search", q="水库").text


def test_without_views_the_latest_articles_are_hot(portal: Portal) -> None:
    body = portal.json("/api/v1/hot", size="5")
    latest = portal.json("/api/v1/latest", size="5")
    assert [each["id"] for each in body["hits"]] == [each["id"] for each in latest["hits"]]
    assert {each["from"] for each in body["hits"]} == {"latest"}
    assert body["as_of"] is None


def lists_of(page: str) -> list[list[str]]:
    """The ids of the related, the hot and the latest articles on an article's page."""
    lists = re.split(">(?:热门文章|最新文章)<", page.split(">相关阅读<")[1])
    return [re.findall(r'href="/articles/([^"]+)"', each) for each in lists]


def test_the_page_of_an_article_shows_hot_articles_and_none_twice(site: Site) -> None:
    related, filling, newest = lists_of(site.get("/articles/story-1").text)
    assert (len(filling), len(newest)) == (10, 8)
    assert len({"story-1", *related, *filling, *newest}) == 1 + 6 + 10 + 8
    read = [newest[6], filling[1], newest[2]]
    view(site, {read[0]: 9, read[1]: 6, read[2]: 4, related[0]: 9, "story-1": 9})
    page = site.get("/articles/story-1")
    related, hot, latest = lists_of(page.text)
    assert hot[:3] == read
    assert (len(hot), len(latest)) == (10, 8)
    assert {*newest} - {*read} < {*latest}
    shown = {"story-1", *related, *hot, *latest}
    assert len(shown) == 1 + 6 + 10 + 8
    assert {*page.headers["Surrogate-Key"].split()} == {f"article/{each}" for each in shown}


def test_the_page_of_an_article_reports_its_view(site: Site, portal: Portal) -> None:
    page = site.get("/articles/story-1").text
    assert f'data-view="{PLAIN}"' in page
    script = re.search('src="(/static/views.js[^"]*)"', page)
    assert script
    assert site.client.get(script[1], buffered=True).status_code == 200
    assert "views.js" not in site.get("/").text
    without_log = portal.get("/articles/story-1").text
    assert "views.js" not in without_log
    assert "data-view" not in without_log
