"""Cross-origin requests: who may read which answers, and that caches keep the answers to different origins apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from search_service.settings import SearchSettings, origins
from search_service.web.factory import create_app
from tests.factories import article
from tests.search_service.indexes import services

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
    assert answers(tmp_path, "none", "/api/v1/latest", PORTAL) == (None, False)
    assert SearchSettings().origins == frozenset()


@pytest.mark.parametrize(
    "path", ["/api/v1/articles:stored?id=a", "/api/v1/admin/jobs", "/articles/a", "/"]
)
def test_what_needs_a_key_and_what_is_a_page_is_for_nobody_else(tmp_path: Path, path: str) -> None:
    assert answers(tmp_path, "*", path, PORTAL) == (None, False)


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


def test_origins_are_read_in_any_case_and_with_ports() -> None:
    assert origins("HTTPS://WWW.Example.com:8443, http://[::1]:80") == {
        "https://www.example.com:8443",
        "http://[::1]:80",
    }
