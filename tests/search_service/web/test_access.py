"""Who may ask for what: keys, scopes, and a private service."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Response
from openapi_spec_validator import validate
from werkzeug.test import TestResponse

from indexer.store.database import open_keys
from indexer.store.keys import KeyStore, Scope
from search_service.live.keys import KNOWN_SECONDS, LiveKeys
from search_service.services import Services
from search_service.settings import SearchSettings
from search_service.web.factory import Application, create_app
from search_service.web.payloads import ReadyPayload
from search_service.web.responses import KEYS, described, json_response
from search_service.web.routes import Routes
from tests.factories import article
from tests.search_service.indexes import services
from tests.search_service.web.portal import Portal, as_problem

READING = (
    "/api/v1/search?q=云溪",
    "/api/v1/suggest?q=云",
    "/api/v1/suggest:opensearch?q=云",
    "/feeds/latest.xml",
    "/api/v1/articles/a-1",
    "/api/v1/articles/a-1/related",
    "/api/v1/latest",
    "/api/v1/hot",
    "/api/v1/queries/hot",
    "/api/v1/queries/related?q=云溪",
)
PAGES = ("/", "/search?q=云溪", "/articles/a-1")
UNKNOWN = ("/nothing", "/api/v1/nothing", "/api/v1/articles/nobody", "/articles/nobody")
OPEN = (
    "/healthz",
    "/readyz",
    "/docs",
    "/docs/errors",
    "/openapi.json",
    "/opensearch.xml",
    "/robots.txt",
    "/static/style.css",
)
CHANGING = {"write": "/api/v1/written", "admin": "/api/v1/admin/done"}


def scoped(scope: Scope) -> Routes:
    """A blueprint that stands for writing or administration: a route that changes something and one that does not."""
    blueprint = Routes(f"test-{scope}", __name__, scope=scope)

    @blueprint.put(CHANGING[scope], responses=described(None, *KEYS, "key_scope"))
    def change() -> Response:
        return Response(status=204)

    @blueprint.get(f"{CHANGING[scope]}/seen", responses=described(ReadyPayload, *KEYS, "key_scope"))
    def see() -> Response:
        return json_response({"seen": scope})

    return blueprint


@dataclass
class Site:
    """A service with routes of each scope, its keys, and a clock that stands still unless a test sets it."""

    url: str
    store: KeyStore
    app: Application
    time: list[datetime]

    def key(self, scope: Scope, days: int | None = None) -> str:
        """The text of a new key."""
        return self.store.create("", scope, days)[0]

    def forget_keys(self) -> None:
        """Let as much time pass as the service uses a key without a new look into the store."""
        self.time[0] += timedelta(seconds=KNOWN_SECONDS)

    def ask(self, path: str, authorization: str | None = None, method: str = "GET") -> TestResponse:
        """Ask with a header Authorization, or without."""
        headers = {} if authorization is None else {"Authorization": authorization}
        with self.app.test_client() as client:
            return client.open(path, method=method, headers=headers, buffered=True)

    def put(self, scope: Scope, key: str | None = None) -> TestResponse:
        """Ask the route that needs ``scope`` to change something."""
        return self.ask(CHANGING[scope], None if key is None else f"Bearer {key}", "PUT")


def make_site(index: Services, root: Path, *, private: bool = False) -> Site:
    url = f"sqlite:///{root / 'articles.sqlite3'}"
    store = open_keys(url)
    time = [datetime.now(UTC)]
    keys = LiveKeys(url, clock=lambda: time[0].timestamp())
    made = replace(index, keys=keys, clock=lambda: time[0])
    app = create_app(made, SearchSettings(private=private))
    for scope in ("write", "admin"):
        app.register_api(scoped(scope))  # type: ignore[attr-defined]
    return Site(url, store, app, time)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Services:
    """Services without keys, over an index that no test changes."""
    return services(tmp_path_factory.mktemp("index"), [article("a-1", title="云溪茶会")])


@pytest.fixture
def site(index: Services, tmp_path: Path) -> Iterator[Site]:
    made = make_site(index, tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def private(index: Services, tmp_path: Path) -> Iterator[Site]:
    made = make_site(index, tmp_path, private=True)
    yield made
    made.store.close()


def refused(response: TestResponse, status: int, code: str, challenge: str | None = None) -> Any:
    body = as_problem(response)
    assert (body["status"], body["code"]) == (status, code)
    assert response.headers.get("WWW-Authenticate") == challenge
    return body


INVALID = 'Bearer error="invalid_token"'


def test_without_a_key_that_may_write_writing_is_off(site: Site) -> None:
    refused(site.put("write"), 403, "writing_off")
    refused(site.put("write", "ssk_write_guess"), 403, "writing_off")
    refused(site.put("write", site.key("search")), 403, "writing_off")
    text, key = site.store.create("", "write")
    assert site.put("write", text).status_code == 204
    site.store.revoke(key.id)
    site.forget_keys()
    refused(site.put("write", text), 403, "writing_off")
    site.key("admin")
    refused(site.put("write", text), 401, "key_invalid", INVALID)


def test_administration_is_never_off_but_needs_its_key(site: Site) -> None:
    refused(site.put("admin"), 401, "key_missing", "Bearer")
    refused(site.put("admin", "guess"), 401, "key_invalid", INVALID)


@pytest.mark.parametrize(
    ("scope", "may"), [("search", set()), ("write", {"write"}), ("admin", {"write", "admin"})]
)
def test_a_key_is_good_for_its_scope_only(site: Site, scope: Scope, may: set[str]) -> None:
    site.key("write")
    text = site.key(scope)
    wanted: Scope
    for wanted in ("write", "admin"):
        response = site.put(wanted, text)
        if wanted in may:
            assert response.status_code == 204
            continue
        challenge = f'Bearer error="insufficient_scope", scope="{wanted}"'
        body = refused(response, 403, "key_scope", challenge)
        assert scope in body["detail"]
        assert wanted in body["detail"]


def test_a_key_works_until_it_expires(site: Site) -> None:
    text = site.key("write", days=2)
    site.key("admin")
    assert site.put("write", text).status_code == 204
    site.time[0] += timedelta(days=2, seconds=-1)
    assert site.put("write", text).status_code == 204
    site.time[0] += timedelta(seconds=2)
    body = refused(site.put("write", text), 401, "key_invalid", INVALID)
    assert body["detail"] == "the key expired"


def test_a_revoked_key_fails_within_a_second(site: Site) -> None:
    text, key = site.store.create("", "write")
    site.key("write")
    assert site.put("write", text).status_code == 204
    site.store.revoke(key.id)
    site.time[0] += timedelta(seconds=KNOWN_SECONDS - 0.01)
    assert site.put("write", text).status_code == 204
    site.time[0] += timedelta(seconds=0.02)
    body = refused(site.put("write", text), 401, "key_invalid", INVALID)
    assert body["detail"] == "the key was revoked"


def test_a_new_key_works_at_once_although_its_text_failed_before(site: Site) -> None:
    text = site.key("write")
    with closing(sqlite3.connect(site.url.removeprefix("sqlite:///"))) as raw:
        raw.execute("UPDATE api_keys SET digest = 'x' || digest")
        raw.commit()
        refused(site.put("write", text), 401, "key_invalid", INVALID)
        raw.execute("UPDATE api_keys SET digest = substr(digest, 2)")
        raw.commit()
    assert site.put("write", text).status_code == 204


def test_a_header_that_holds_more_or_less_than_a_key_does_not_work(site: Site) -> None:
    key = site.key("write")
    for header in (
        "Bearer",
        "Bearer ",
        "Bearer x",
        f"Bearer {key}=",
        f"Bearer {key},Bearer {key}",
        "Bearer é",
        "Bearer a=b",
        f'Bearer token="{key}"',
        f"bearer {key} {key}",
        f"Bearer\t{key}",
        key,
    ):
        assert site.ask(CHANGING["write"], header, "PUT").status_code == 401, header


def test_the_word_bearer_may_be_written_in_any_case(site: Site) -> None:
    key = site.key("write")
    for header in (f"Bearer {key}", f"bearer {key}", f"BEARER   {key} "):
        assert site.ask(CHANGING["write"], header, "PUT").status_code == 204, header


def test_a_key_in_the_address_is_not_read(site: Site) -> None:
    text = site.key("write")
    response = site.ask(f"{CHANGING['write']}?key={text}&access_token={text}", None, "PUT")
    refused(response, 401, "key_missing", "Bearer")


def test_an_answer_to_a_key_is_kept_by_its_client_only(site: Site) -> None:
    answer = site.ask(f"{CHANGING['admin']}/seen", f"Bearer {site.key('admin')}")
    assert answer.headers["Cache-Control"] == "private, max-age=10"


def test_reading_needs_no_key_but_refuses_a_wrong_one(site: Site) -> None:
    text, key = site.store.create("", "search")
    fine = (None, f"Bearer {text}", f"Bearer {site.key('write')}", "Basic dTpw", "Digest x", "")
    for path in (*READING, *PAGES):
        for header in fine:
            answer = site.ask(path, header)
            assert answer.status_code == 200, (path, header)
            assert answer.headers["Cache-Control"] == "public, max-age=10"
    site.store.revoke(key.id)
    site.forget_keys()
    for path in (*READING, *PAGES):
        for wrong in (text, "guess"):
            answer = site.ask(path, f"Bearer {wrong}")
            assert answer.status_code == 401, path
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["WWW-Authenticate"] == INVALID


def test_health_files_and_descriptions_need_no_key(private: Site) -> None:
    for path in OPEN:
        for header in (None, "Bearer guess", f"Bearer {private.key('search')}"):
            answer = private.ask(path, header)
            assert answer.status_code == 200, path
            assert "private" not in answer.headers["Cache-Control"]


def test_a_private_service_shows_nothing_without_a_key(private: Site) -> None:
    for path in (*READING, *PAGES, *UNKNOWN):
        for header in (None, "Basic dTpw", "Bearer guess"):
            answer = private.ask(path, header)
            assert answer.status_code == 401, path
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert "云溪茶会" not in answer.text
    assert "这里需要密钥" in private.ask("/").text


@pytest.mark.parametrize("scope", ["search", "write", "admin"])
def test_a_key_of_any_scope_reads_a_private_service(private: Site, scope: Scope) -> None:
    header = f"Bearer {private.key(scope)}"
    for path in (*READING, *PAGES):
        response = private.ask(path, header)
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "private, max-age=10"
        again = private.ask(path, header, "HEAD")
        assert (again.status_code, again.data) == (200, b"")
    for path in UNKNOWN:
        assert private.ask(path, header).status_code == 404
    assert private.ask("/api/v1/clicks", header, "POST").status_code == 400


@pytest.mark.parametrize("path", ["/api/v1/clicks", "/api/v1/articles/a-1/view"])
def test_a_click_and_a_view_on_a_private_service_need_a_key(private: Site, path: str) -> None:
    refused(private.ask(path, None, "POST"), 401, "key_missing", "Bearer")


def test_a_private_service_keeps_its_scopes(private: Site) -> None:
    private.key("write")
    assert private.put("write", private.key("search")).status_code == 403
    assert private.put("admin", private.key("admin")).status_code == 204
    refused(private.put("write"), 401, "key_missing", "Bearer")


@pytest.mark.parametrize("damage", ["missing", "replaced", "no table"])
def test_a_store_that_cannot_be_read_is_the_servers_fault_and_comes_back(
    site: Site, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    text = site.key("write")
    assert site.put("write", text).status_code == 204
    path = Path(site.url.removeprefix("sqlite:///"))
    aside = path.with_suffix(".aside")
    site.store.close()
    if damage == "no table":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("ALTER TABLE api_keys RENAME TO aside")
    else:
        for lying in path.parent.glob(f"{path.name}*"):  # a WAL would repair another file
            lying.rename(lying.with_name(lying.name.replace(path.name, aside.name)))
        if damage == "replaced":
            path.write_bytes(b"no database " * 1000)
    site.forget_keys()
    for _ in range(3):
        for response in (site.put("write", text), site.ask(READING[0], f"Bearer {text}")):
            refused(response, 503, "store_unavailable")
            assert response.headers["Retry-After"] == "5"
            assert str(path) not in response.text
        assert site.ask(READING[0]).status_code == 200
    assert str(path) in caplog.text
    assert text not in caplog.text
    if damage == "no table":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("ALTER TABLE aside RENAME TO api_keys")
    else:
        for lying in path.parent.glob(f"{aside.name}*"):
            lying.rename(lying.with_name(lying.name.replace(aside.name, path.name)))
    assert site.put("write", text).status_code == 204


def test_no_key_is_logged(
    site: Site, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, wrong = site.key("search"), "ssk_write_wrong"

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("out of order")

    with caplog.at_level(logging.DEBUG):
        for key in (text, wrong):
            site.put("write", key)
            site.ask(READING[0], f"Bearer {key}")
        monkeypatch.setattr("search_service.web.api.answers.search_payload", fail)
        assert site.ask(READING[0], f"Bearer {text}").status_code == 500
    assert "out of order" in caplog.text
    assert text not in caplog.text
    assert wrong not in caplog.text


def test_the_description_says_which_routes_need_a_key(site: Site, private: Site) -> None:
    document: Any = site.ask("/openapi.json").json
    scheme = document["components"]["securitySchemes"]["key"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert "security" not in document
    assert document["paths"][CHANGING["write"]]["put"]["security"] == [{"key": []}]
    assert "security" not in document["paths"]["/api/v1/search"]["get"]
    document = private.ask("/openapi.json").json
    validate(document)
    assert document["security"] == [{"key": []}]
    assert document["paths"]["/healthz"]["get"]["security"] == [{}]


def test_routes_that_need_another_key_may_share_a_path(site: Site) -> None:
    reading = Routes("test-reading", __name__)
    path = CHANGING["write"]

    @reading.get(path, responses=described(ReadyPayload, *KEYS))
    def see() -> Response:
        return json_response({})

    site.app.register_api(reading)  # type: ignore[attr-defined]
    assert site.ask(path).status_code == 200
    refused(site.ask(path, method="PUT"), 403, "writing_off")
    described_path: Any = site.ask("/openapi.json").json["paths"][path]  # type: ignore[index]
    assert set(described_path) == {"get", "put"}
    assert "security" not in described_path["get"]
    assert described_path["put"]["security"] == [{"key": []}]


def test_only_clicks_views_and_texts_are_sent_without_a_key(portal: Portal) -> None:
    """Clicks and views are counted. A text to which related articles are asked for changes nothing."""
    app = portal.client.application
    changing = {"POST", "PUT", "PATCH", "DELETE"}
    without = set()
    for rule in app.url_map.iter_rules():
        blueprint = app.blueprints.get(rule.endpoint.rpartition(".")[0])
        if changing & (rule.methods or set()) and not getattr(blueprint, "scope", None):
            without.add(rule.rule)
    assert without == {
        "/api/v1/clicks",
        "/api/v1/related",
        "/api/v1/blocks",
        "/api/v1/articles/<path:article_id>/view",
        "/api/v1/articles:view",
    }
