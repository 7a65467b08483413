"""Every route of the application, without a key and with keys that do not suffice: refused, and nothing told.

The routes come from the application itself, so a new one is asked too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from indexer.reading import Reading
from indexer.store.database import open_jobs, open_keys, open_store
from indexer.store.keys import Scope
from search_service.live.jobs import LiveJobs
from search_service.live.keys import LiveKeys
from search_service.services import Services
from search_service.settings import SearchSettings
from search_service.web.access import OPEN
from search_service.web.factory import create_app
from search_service.web.routes import Routes
from search_service.writing import Writing
from tests.factories import NOON, article
from tests.search_service.indexes import SHANGHAI, services

SECRETS = ("青瓦渡口的秘密", "只在正文里的话", "secret-1", "任务结果里的话")
"""What only the answers to somebody with a key may hold."""

OPEN_CHANGES = {
    ("POST", "/api/v1/blocks"),
    ("POST", "/api/v1/related"),
    ("POST", "/api/v1/clicks"),
    ("POST", "/api/v1/articles/<path:article_id>/view"),
    ("POST", "/api/v1/articles:view"),
}
"""What anybody may send to a public service: texts that are not kept, and beacons, which change counts only."""

PATHS = {"article_id": "secret-1", "job_id": "1", "filename": "style.css", "name": "logo.svg"}
"""Values of the parameters of rules. A new parameter needs one here."""

INSUFFICIENT: dict[Scope, tuple[Scope, ...]] = {
    "search": ("write",),
    "write": ("search",),
    "admin": ("search", "write"),
}


@dataclass
class Site:
    """A service over a store with an article, a job, and keys of every kind."""

    public: FlaskClient
    private: FlaskClient
    keys: dict[str, str]

    def ask(self, client: FlaskClient, method: str, rule: Rule, key: str | None) -> TestResponse:
        path = rule.rule
        for each in rule.arguments:
            for spelt in (f"<path:{each}>", f"<int:{each}>", f"<{each}>"):
                path = path.replace(spelt, PATHS[each])
        headers = {} if key is None else {"Authorization": f"Bearer {self.keys[key]}"}
        query = {"id": "secret-1", "q": "渡口"} if not rule.arguments else {}
        return client.open(
            path, method=method, query_string=query, json={}, headers=headers, buffered=True
        )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    url = f"sqlite:///{folder / 'store.sqlite3'}"
    stored = article("secret-1", title=SECRETS[0], body=SECRETS[1])
    with closing(open_store(url)) as store:
        store.put([stored])
    with closing(open_jobs(url)) as jobs:
        job = jobs.add("check", {})
        jobs.take()
        jobs.finish(job.id, "failed", SECRETS[3])
    with closing(open_keys(url)) as keys:
        made = {scope: keys.create("", scope)[0] for scope in ("search", "write", "admin")}
        made["expired"], _ = keys.create("", "admin", days=1)
        made["revoked"], key = keys.create("", "admin")
        keys.revoke(key.id)
    made["wrong"] = made["admin"][:-1] + ("a" if made["admin"][-1] != "a" else "b")
    bare = services(folder / "index", [stored])
    built: Services = replace(
        bare,
        clock=lambda: NOON.replace(year=2999),
        keys=LiveKeys(url),
        jobs=LiveJobs(url),
        writing=Writing(url, bare.live, reading=Reading(timezone=SHANGHAI)),
    )
    clients = [
        create_app(built, SearchSettings(private=private)).test_client()
        for private in (False, True)
    ]
    with closing(built):
        yield Site(clients[0], clients[1], made)


def routes(app: Flask) -> Iterator[tuple[str, Rule]]:
    """Every method and rule. HEAD answers as GET does."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD"}):
            yield method, rule


def scope_of(app: Flask, rule: Rule) -> Scope | None:
    blueprint = app.blueprints.get(rule.endpoint.rpartition(".")[0])
    return blueprint.scope if isinstance(blueprint, Routes) else None


def is_open(rule: Rule) -> bool:
    return rule.endpoint == "static" or rule.endpoint.rpartition(".")[0] in OPEN


def tells(response: TestResponse) -> list[str]:
    """The secrets that an answer holds, in its body or its headers. Its own address is none."""
    said = response.get_data(as_text=True) + str(response.headers)
    said = said.replace(response.request.path, "")
    return [each for each in SECRETS if each in said]


def test_the_secrets_are_told_to_whoever_may_know_them(site: Site) -> None:
    """Otherwise the tests below would prove nothing."""
    app: Any = site.public.application
    told = {
        secret
        for method, rule in routes(app)
        if method == "GET"
        for secret in tells(site.ask(site.private, method, rule, "admin"))
    }
    assert told == set(SECRETS)


@pytest.mark.parametrize("key", [None, "wrong", "expired", "revoked"])
def test_a_private_service_refuses_whoever_has_no_key_that_works(
    site: Site, key: str | None
) -> None:
    app: Any = site.private.application
    for method, rule in routes(app):
        answer = site.ask(site.private, method, rule, key)
        assert tells(answer) == [], rule
        if not is_open(rule):
            assert answer.status_code == 401, (method, rule)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("key", [None, "wrong", "expired", "revoked"])
def test_a_public_service_refuses_whoever_has_no_key_that_works_where_one_is_needed(
    site: Site, key: str | None
) -> None:
    app: Any = site.public.application
    for method, rule in routes(app):
        if scope_of(app, rule) is None and (key is None or is_open(rule)):
            continue
        answer = site.ask(site.public, method, rule, key)
        assert answer.status_code == 401, (method, rule)
        assert tells(answer) == [], rule


@pytest.mark.parametrize("private", [False, True])
def test_a_key_of_another_scope_is_refused(site: Site, private: bool) -> None:
    client = site.private if private else site.public
    app: Any = client.application
    asked = 0
    for method, rule in routes(app):
        scope = scope_of(app, rule)
        for key in INSUFFICIENT[scope] if scope else ():
            answer = site.ask(client, method, rule, key)
            assert answer.status_code == 403, (method, rule, key)
            assert tells(answer) == [], rule
            asked += 1
    assert asked > 15


def test_without_a_key_a_public_service_takes_nothing_but_beacons_and_texts(site: Site) -> None:
    app: Any = site.public.application
    changing = {
        (method, rule.rule)
        for method, rule in routes(app)
        if method != "GET" and scope_of(app, rule) is None and not is_open(rule)
    }
    assert changing == OPEN_CHANGES


def test_every_answer_has_the_security_headers(site: Site) -> None:
    app: Any = site.public.application
    for client in (site.public, site.private):
        for method, rule in routes(app):
            headers = site.ask(client, method, rule, "admin").headers
            policy = headers["Content-Security-Policy"]
            assert "default-src 'self'" in policy, rule
            assert "unsafe" not in policy, rule
            assert "frame-ancestors" in policy, rule
            assert headers["X-Content-Type-Options"] == "nosniff", rule
            assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin", rule
            assert headers["Cross-Origin-Opener-Policy"] == "same-origin", rule
            assert "camera=()" in headers["Permissions-Policy"], rule
            assert is_open(rule) or "Set-Cookie" not in headers, rule
