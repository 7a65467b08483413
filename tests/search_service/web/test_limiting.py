"""The limits of requests, of an address without a key and of a key: whom they refuse, what they say, and whom they never touch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from indexer.store.database import open_keys
from indexer.store.keys import Scope
from search_service.live.keys import LiveKeys
from search_service.settings import SearchSettings
from search_service.web.factory import create_app
from tests.factories import article
from tests.search_service.indexes import services
from tests.search_service.web.portal import as_problem

LIMIT = 3


@dataclass
class Site:
    """A service that allows LIMIT requests a minute."""

    url: str
    client: FlaskClient

    def statuses(self, path: str, count: int = LIMIT + 1, **options: object) -> list[int]:
        """The statuses of that many requests of one client."""
        return [self.client.get(path, buffered=True, **options).status_code for _ in range(count)]

    def key(self, scope: Scope, limit: int | None = None) -> dict[str, str]:
        """The header with a new key."""
        with closing(open_keys(self.url)) as keys:
            text, _ = keys.create("", scope, requests_per_minute=limit)
        return {"Authorization": f"Bearer {text}"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    yield from limited(tmp_path)


def limited(folder: Path, proxies: int = 0, limit: int | None = LIMIT) -> Iterator[Site]:
    url = f"sqlite:///{folder / 'store.sqlite3'}"
    open_keys(url).close()
    made = services(folder, [article("a-1")])
    object.__setattr__(made, "keys", LiveKeys(url))
    app = create_app(made, SearchSettings(rate_limit=limit, proxies=proxies))
    with closing(made):
        yield Site(url, app.test_client())


def test_an_address_that_asks_too_often_is_told_when_it_may_ask_again(site: Site) -> None:
    assert site.statuses("/api/v1/latest", LIMIT) == [200] * LIMIT
    refused = site.client.get("/api/v1/search")
    body = as_problem(refused)
    assert body["code"] == "rate_limited"
    assert body["detail"] == f"more than {LIMIT} requests in a minute from this address"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60 / LIMIT
    page = site.client.get("/")
    assert page.status_code == 429
    assert "访问太频繁" in page.text
    assert site.client.get("/embed/hot").data == b""


def test_clicks_and_views_count_as_requests(site: Site) -> None:
    sent = [
        site.client.post("/api/v1/articles/a-1/view", data=b"").status_code
        for _ in range(LIMIT + 1)
    ]
    assert sent == [204] * LIMIT + [429]


def test_health_files_and_descriptions_are_free(site: Site) -> None:
    for path in ("/healthz", "/readyz", "/static/style.css", "/robots.txt", "/embed.js"):
        assert site.statuses(path) == [200] * (LIMIT + 1)
    assert site.statuses("/api/v1/latest") == [200] * LIMIT + [429]


@pytest.mark.parametrize("scope", ["search", "write", "admin"])
def test_a_key_without_a_limit_is_never_limited(site: Site, scope: Scope) -> None:
    assert site.statuses("/api/v1/latest", 2 * LIMIT, headers=site.key(scope)) == [200] * 2 * LIMIT


def test_a_key_has_a_limit_of_its_own_even_where_no_address_has_one(tmp_path: Path) -> None:
    for site in limited(tmp_path, limit=None):
        for most in (LIMIT, LIMIT + 2):
            key = site.key("search", most)
            assert site.statuses("/api/v1/latest", most + 1, headers=key) == [200] * most + [429]
            refused = site.client.get("/api/v1/search", headers=key)
            body = as_problem(refused)
            assert body["code"] == "rate_limited"
            assert body["detail"] == f"more than {most} requests in a minute with this key"
            assert 1 <= int(refused.headers["Retry-After"]) <= 60 / most
            assert site.statuses("/healthz", headers=key) == [200] * (LIMIT + 1)
        assert site.statuses("/api/v1/latest", 3 * LIMIT) == [200] * 3 * LIMIT
        assert site.statuses("/api/v1/latest", headers=site.key("search")) == [200] * (LIMIT + 1)


def test_a_key_and_its_address_do_not_count_for_each_other(site: Site) -> None:
    key = site.key("write", LIMIT + 1)
    assert site.statuses("/api/v1/latest", LIMIT + 2, headers=key) == [200] * (LIMIT + 1) + [429]
    assert site.statuses("/api/v1/latest") == [200] * LIMIT + [429]
    assert site.statuses("/api/v1/latest", 1, headers=site.key("search", 1)) == [200]


def test_whoever_guesses_keys_is_limited(site: Site) -> None:
    wrong = {"Authorization": "Bearer ssk_search_guess"}
    assert site.statuses("/api/v1/latest", headers=wrong) == [401] * LIMIT + [429]


def test_each_client_has_a_limit_of_its_own_and_so_has_each_network_of_ipv6(
    tmp_path: Path,
) -> None:
    for site in limited(tmp_path, proxies=1):

        def ask(address: str) -> list[int]:
            return site.statuses("/api/v1/latest", headers={"X-Forwarded-For": address})  # noqa: B023

        allowed, refused = [200] * LIMIT + [429], [429] * (LIMIT + 1)
        assert ask("192.0.2.7") == allowed
        assert ask("192.0.2.8") == allowed
        assert ask("2001:db8::1") == allowed
        assert ask("2001:db8::2") == refused
        assert ask("2001:db8:0:1::1") == allowed
        assert ask("192.0.2.9, 192.0.2.7") == refused


def test_without_proxies_nobody_can_invent_an_address(site: Site) -> None:
    statuses = [
        site.client.get(
            "/api/v1/latest", headers={"X-Forwarded-For": f"192.0.2.{number}"}
        ).status_code
        for number in range(LIMIT + 1)
    ]
    assert statuses == [200] * LIMIT + [429]
