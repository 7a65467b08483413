"""Cross-origin requests: who may read which answers, that caches keep the answers to different origins apart, and whose beacons count."""

from __future__ import annotations

from pathlib import Path

import pytest

from search_service.querylog.tables import clicks
from search_service.services import Services
from search_service.settings import SearchSettings, origins
from search_service.web.factory import create_app
from tests.factories import article
from tests.search_service.indexes import SHANGHAI, live_index, services
from tests.search_service.querylog.factory import BROWSER
from tests.search_service.web.portal import as_problem
from tests.search_service.web.test_queries import Site
from tests.search_service.web.test_views import counted

PORTAL = "https://www.example.com"


def answers(folder: Path, allowed: str, path: str, origin: str | None) -> tuple[str | None, bool]:
    """The origin that an answer allows, and whether it says that it differs by origin."""
    app = create_app(services(folder, [article("a")]), SearchSettings(origins=origins(allowed)))
    headers = {} if origin is None else {"Origin": origin}
    response = app.test_client().get(path, headers=headers)
    return response.headers.get("Access-Control-Allow-Origin"), "Origin" in response.vary


@pytest.mark.parametrize(
    "path", ["/api/v1/latest", "/api/v1/articles/a", "/api/v1/articles/none", "/api/v1/queries/hot"]
)
def test_pages_of_the_listed_origins_may_read_answers(tmp_path: Path, path: str) -> None:
    allowed = f"{PORTAL}, http://localhost:3000"
    assert answers(tmp_path, allowed, path, PORTAL) == (PORTAL, True)
    assert answers(tmp_path, allowed, path, "http://localhost:3000") == (
        "http://localhost:3000",
        True,
    )
    for other in ("https://example.com", "http://www.example.com", "null", None):
        assert answers(tmp_path, allowed, path, other) == (None, True)


def test_all_origins_may_be_allowed_and_none_is_by_default(tmp_path: Path) -> None:
    assert answers(tmp_path, "*", "/api/v1/latest", PORTAL) == ("*", False)
    assert answers(tmp_path, "none", "/api/v1/latest", PORTAL) == (None, True)
    assert SearchSettings().origins == frozenset()


@pytest.mark.parametrize(
    "path", ["/api/v1/articles:stored?id=a", "/api/v1/admin/jobs", "/articles/a", "/"]
)
def test_what_needs_a_key_and_what_is_a_page_is_for_nobody_else(tmp_path: Path, path: str) -> None:
    assert answers(tmp_path, "*", path, PORTAL)[0] is None


def test_pages_may_read_when_to_ask_again(tmp_path: Path) -> None:
    empty = Services(live_index(tmp_path), SHANGHAI)
    app = create_app(empty, SearchSettings(origins=origins(PORTAL)))
    for origin, exposed in ((PORTAL, "Retry-After"), ("https://other.example", None)):
        response = app.test_client().get("/api/v1/latest", headers={"Origin": origin})
        assert (response.status_code, response.headers["Retry-After"]) == (503, "10")
        assert response.headers.get("Access-Control-Expose-Headers") == exposed


@pytest.mark.parametrize(
    ("allowed", "headers", "counts"),
    [
        (PORTAL, {"Origin": PORTAL}, True),
        ("*", {"Origin": "https://other.example"}, True),
        ("*", {"Origin": "null"}, True),
        ("none", {}, True),
        ("none", {"Origin": "http://localhost"}, True),
        ("none", {"Origin": "https://localhost"}, True),
        ("none", {"Origin": PORTAL, "Sec-Fetch-Site": "same-origin"}, True),
        ("none", {"Origin": PORTAL, "Sec-Fetch-Site": "same-site"}, False),
        (PORTAL, {"Origin": "https://example.com"}, False),
        (PORTAL, {"Origin": "http://www.example.com", "Sec-Fetch-Site": "cross-site"}, False),
        (PORTAL, {"Origin": "http://localhost:8000"}, False),
        (PORTAL, {"Origin": "null"}, False),
        (PORTAL, {"Origin": "http://["}, False),
    ],
)
def test_beacons_count_from_our_pages_and_those_of_the_listed_origins(
    tmp_path: Path, allowed: str, headers: dict[str, str], counts: bool
) -> None:
    site = Site(tmp_path, origins=origins(allowed))
    click = {"data": '{"query": "水库", "article_id": "n-03", "position": 2}'}
    for path, sent in (("/api/v1/clicks", click), ("/api/v1/articles:view?id=n-04", {})):
        response = site.client.post(
            path, content_type="text/plain", headers={"User-Agent": BROWSER} | headers, **sent
        )
        if counts:
            assert response.status_code == 204
        else:
            assert as_problem(response)["code"] == "origin_not_allowed"
    assert len(site.rows(clicks)) == counts
    assert counted(site) == ({"n-03": 1, "n-04": 1} if counts else {})
    site.log.close()


def test_a_click_is_read_from_a_plain_text_as_strictly_as_from_json(tmp_path: Path) -> None:
    site = Site(tmp_path)
    for body in ("", "no json", '"text"', "[1]", '{"article_id": "n-03"}', "[" * 5000):
        response = site.client.post("/api/v1/clicks", data=body, content_type="text/plain")
        assert as_problem(response)["code"] == "invalid_parameter"
    assert site.rows(clicks) == []
    site.log.close()


@pytest.mark.parametrize(
    "text",
    [
        "www.example.com",
        "https://www.example.com/",
        "ftp://x",
        "https://a b",
        "",
        "https://a,",
        "none,*",
    ],
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be an origin"):
        origins(text)


def test_origins_are_read_in_any_case_and_with_ports_as_browsers_send_them() -> None:
    assert origins(
        "HTTPS://WWW.Example.com:8443, http://[::1]:80, https://a:443, http://a:443"
    ) == {
        "https://www.example.com:8443",
        "http://[::1]",
        "https://a",
        "http://a:443",
    }
