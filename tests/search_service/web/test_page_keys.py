"""Keys for pages: on which pages they work, which answers these may read, and what they never open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from indexer.store.database import open_keys
from indexer.store.keys import KeyStore, Scope
from search_service.live.keys import KNOWN_SECONDS, LiveKeys
from search_service.settings import SearchSettings
from search_service.web.factory import Application, create_app
from tests.factories import NOON, article
from tests.search_service.indexes import services
from tests.search_service.web.portal import as_problem

PORTAL, OTHER = "https://www.example.com", "https://other.example"
ORIGINS = (PORTAL, "http://localhost:3000")
LIMIT = 3
PREFLIGHT = {
    "Access-Control-Request-Method": "GET",
    "Access-Control-Request-Headers": "authorization",
}


@dataclass
class Site:
    """A service, its keys, and a clock that a test may move."""

    app: Application
    store: KeyStore
    time: list[datetime]

    def key(self, *origins: str, scope: Scope = "search", limit: int | None = None) -> str:
        """The text of a new key."""
        return self.store.create("", scope, requests_per_minute=limit, origins=origins)[0]

    def ask(
        self, key: str | None, path: str = "/api/v1/latest", method: str = "GET", **headers: str
    ) -> TestResponse:
        """Ask with a key and other headers, if any."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        return self.app.test_client().open(path, method=method, headers=sent, buffered=True)

    def preflight(self, origin: str, path: str = "/api/v1/latest") -> TestResponse:
        """What a browser asks before it sends a key."""
        return self.ask(None, path, "OPTIONS", Origin=origin, **PREFLIGHT)


def opened(folder: Path, settings: SearchSettings) -> Iterator[Site]:
    url, time = f"sqlite:///{folder / 'store.sqlite3'}", [NOON]
    long = [article(f"a-{number}", title=f"云溪茶会第{number}场") for number in range(20)]
    with closing(open_keys(url)) as store, closing(services(folder, long)) as made:
        keys = LiveKeys(url, clock=lambda: time[0].timestamp())
        app = create_app(replace(made, keys=keys, clock=lambda: time[0]), settings)
        yield Site(app, store, time)
        keys.close()


@pytest.fixture
def private(tmp_path: Path) -> Iterator[Site]:
    yield from opened(tmp_path, SearchSettings(private=True))


@pytest.fixture
def public(tmp_path: Path) -> Iterator[Site]:
    yield from opened(tmp_path, SearchSettings())


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Site]:
    yield from opened(tmp_path, SearchSettings(rate_limit=LIMIT))


def code(response: TestResponse) -> str:
    name: str = as_problem(response)["code"]
    return name


def test_a_key_with_origins_works_on_their_pages_only(private: Site) -> None:
    key, paths = (
        private.key(*ORIGINS),
        ("/api/v1/latest", "/api/v1/search?q=云溪", "/", "/embed/hot"),
    )
    for path, fine in product(
        paths,
        (
            *({"Origin": each} for each in ORIGINS),
            {"Referer": f"{PORTAL}/news/1?x#y"},
            {"Origin": PORTAL, "Referer": f"{OTHER}/"},
        ),
    ):
        assert private.ask(key, path, **fine).status_code == 200, fine
    for path, wrong in product(
        paths,
        (
            {},
            {"Origin": OTHER},
            {"Origin": "null"},
            {"Origin": f"{PORTAL}:8443"},
            {"Origin": f"{PORTAL}.evil.example"},
            {"Origin": OTHER, "Referer": f"{PORTAL}/"},
            {"Referer": f"{PORTAL}.evil.example/"},
            {"Referer": f"{PORTAL}@evil.example/"},
            {"Referer": "https://["},
        ),
    ):
        refused = private.ask(key, path, **wrong)
        assert refused.status_code == 403, wrong
        assert "云溪茶会" not in refused.text


def test_who_is_refused_is_told_where_the_request_came_from(private: Site) -> None:
    key = private.key(PORTAL)
    body = as_problem(private.ask(key, Origin=OTHER))
    assert body["code"] == "key_origin"
    assert body["detail"].endswith(f"this request comes from {OTHER}")
    nowhere = as_problem(private.ask(key))
    assert (nowhere["code"], PORTAL in nowhere["detail"]) == ("key_origin", False)
    assert nowhere["detail"].endswith("this request names no page")


def test_a_key_without_origins_works_from_everywhere(private: Site) -> None:
    key = private.key()
    for headers in ({}, {"Origin": OTHER}, {"Referer": f"{OTHER}/"}):
        assert private.ask(key, **headers).status_code == 200


def test_the_metrics_are_for_no_key_that_everybody_can_take(private: Site) -> None:
    scopes: tuple[Scope, ...] = ("search", "admin")
    for scope in scopes:
        taken, kept = private.key(PORTAL, scope=scope), private.key(scope=scope)
        assert code(private.ask(taken, "/metrics", Origin=PORTAL)) == "key_scope"
        assert private.ask(kept, "/metrics", Origin=PORTAL).status_code == 200


def test_only_pages_of_the_keys_own_origins_may_read_its_answers(private: Site) -> None:
    key, any_page = private.key(*ORIGINS), private.key()

    def allowed(key: str | None, origin: str, path: str = "/api/v1/latest") -> str | None:
        return private.ask(key, path, Origin=origin).headers.get("Access-Control-Allow-Origin")

    assert [allowed(key, each) for each in ORIGINS] == list(ORIGINS)
    assert allowed(key, OTHER) is None
    assert allowed(any_page, PORTAL) is None
    assert allowed(None, PORTAL) is None
    assert allowed(key, PORTAL, "/") is None
    admin = private.key(PORTAL, scope="admin")
    assert allowed(admin, PORTAL, "/api/v1/admin/jobs") == PORTAL
    assert allowed(admin, OTHER, "/api/v1/admin/jobs") is None


def test_caches_keep_apart_what_pages_may_read_with_a_key_and_without(public: Site) -> None:
    key = public.key(PORTAL)
    for asked, headers, varies in (
        (None, {}, False),
        (None, {"Origin": PORTAL}, True),
        (key, {"Origin": PORTAL}, True),
    ):
        answer = public.ask(asked, "/api/v1/latest?size=20", Accept_Encoding="gzip", **headers)
        assert answer.headers["Content-Encoding"] == "gzip"
        assert {"Accept-Encoding", "Origin"} <= set(answer.vary)
        assert ("Authorization" in answer.vary) == varies


def test_a_preflight_is_answered_to_the_origins_of_keys_that_work(private: Site) -> None:
    _, key = private.store.create("", "search", origins=ORIGINS)
    private.key(OTHER)
    for origin in (*ORIGINS, OTHER):
        answer = private.preflight(origin)
        assert (answer.status_code, answer.data) == (204, b"")
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
        assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
    private.store.revoke(key.id)
    private.time[0] += timedelta(seconds=KNOWN_SECONDS)
    assert private.preflight(OTHER).status_code == 204
    for origin in (*ORIGINS, "null", ""):
        refused = private.preflight(origin)
        assert refused.status_code == 401
        assert "Access-Control-Allow-Origin" not in refused.headers


def test_preflights_are_answered_where_a_page_may_send_a_key_and_nowhere_else(public: Site) -> None:
    public.key(PORTAL)
    for path in ("/api/v1/latest", "/embed/hot", "/feeds/latest.xml"):
        assert public.preflight(PORTAL, path).status_code == 204
    assert public.preflight(PORTAL, "/").status_code == 405
    assert public.ask(None, method="OPTIONS", Origin=PORTAL).status_code == 405


def test_a_beacon_counts_from_a_page_of_its_keys_origins(public: Site) -> None:
    path, key = "/api/v1/articles/a-1/view", public.key(PORTAL)
    assert public.ask(key, path, "POST", Origin=PORTAL).status_code == 204
    for other in (None, public.key()):
        assert code(public.ask(other, path, "POST", Origin=PORTAL)) == "origin_not_allowed"


def test_a_readers_address_counts_with_a_key_for_pages_as_without_one(limited: Site) -> None:
    key = limited.key(PORTAL)
    assert limited.preflight(PORTAL).status_code == 204
    statuses = [limited.ask(key, Origin=PORTAL).status_code for _ in range(LIMIT + 1)]
    assert statuses == [200] * LIMIT + [429]
    refused = limited.ask(key, Origin=PORTAL)
    assert refused.headers["Access-Control-Allow-Origin"] == PORTAL
    assert refused.headers["Access-Control-Expose-Headers"] == "Retry-After"
    assert limited.ask(None).status_code == 429
    assert limited.ask(limited.key()).status_code == 200
    assert limited.preflight(PORTAL).status_code == 204


def test_a_key_on_a_page_of_others_is_no_key_for_the_limit_of_an_address(limited: Site) -> None:
    key = limited.key(PORTAL)
    statuses = [limited.ask(key, Origin=OTHER).status_code for _ in range(LIMIT + 1)]
    assert statuses == [403] * LIMIT + [429]


def test_pages_of_others_do_not_use_up_the_limit_of_a_key(public: Site) -> None:
    key = public.key(PORTAL, limit=1)
    assert [public.ask(key, Origin=OTHER).status_code for _ in range(3)] == [403] * 3
    assert [public.ask(key, Origin=PORTAL).status_code for _ in range(2)] == [200, 429]
