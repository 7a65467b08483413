"""A desk for tests: a real store and a real index behind a test client, and people who are logged in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from indexer.generations import Generations
from indexer.store.accounts import Role
from indexer.store.database import open_store
from search_service.desk.desk import Desk, LoggedIn
from search_service.live.decisions import LiveEditorial
from search_service.live.jobs import LiveJobs
from search_service.querylog.by_day import QueryDays
from search_service.querylog.store import QueryLogStore, open_query_log
from search_service.services import Services
from search_service.settings import SearchSettings
from search_service.web.factory import create_app
from tests.factories import NOON
from tests.search_service.indexes import PATIENCE, SHANGHAI, live_index, promote
from tests.search_service.web.portal import all_articles

PASSWORD = "板凳会上商量的事情真多"
OWN = {"Origin": "http://localhost"}
"""What a browser sends with a form of our own page."""


@dataclass
class Person:
    """Somebody with a browser. ``csrf`` is the token of the session, empty without one."""

    client: FlaskClient
    csrf: str = ""

    def get(self, path: str, **options: Any) -> TestResponse:
        """The answer to a look at a page."""
        return self.client.get(path, **options)

    def post(self, path: str, /, **fields: str) -> TestResponse:
        """The answer to a form that a page of ours posts. ``csrf`` overrides its token."""
        return self.post_from(OWN, path, **fields)

    def post_from(self, headers: dict[str, str], path: str, /, **fields: str) -> TestResponse:
        """The answer to a form that is posted with these headers."""
        return self.client.post(path, data={"csrf": self.csrf} | fields, headers=headers)

    def page(self, path: str) -> str:
        """A page that must be there."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text


@dataclass
class Newsdesk:
    """The desk, its application, its query log, and the addresses of its store and its index."""

    app: Flask
    desk: Desk
    services: Services
    log: QueryLogStore
    root: Path
    url: str
    people: dict[str, Person] = field(default_factory=dict)

    def guest(self) -> Person:
        """Somebody who is not logged in."""
        return Person(self.app.test_client())

    def person(self, role: Role, name: str = "") -> Person:
        """Somebody who is logged in. The same name is the same browser."""
        name = name or {"admin": "覃望舒", "editor": "鲁一鸣"}[role]
        if name not in self.people:
            with self.desk.store.use() as store:
                token = store.accounts.invite(role, name=name)
            done = self.desk.accept(token, name=name, password=PASSWORD)
            assert isinstance(done, LoggedIn)
            client = self.app.test_client()
            client.set_cookie("desk", done.token, path="/desk")
            self.people[name] = Person(client, csrf_of(client.get("/desk/password").text))
        return self.people[name]


def csrf_of(page: str) -> str:
    """The token of the forms of a page."""
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, page
    return found[1]


@contextmanager
def opened(root: Path) -> Iterator[Newsdesk]:
    """A desk over a new store and an index of the portal's articles in ``root``."""
    url = f"sqlite:///{root / 'articles.sqlite3'}"
    log_url = f"sqlite:///{root / 'querylog.sqlite3'}"
    log = open_query_log(log_url, SHANGHAI)
    store = open_store(url)
    store.put(all_articles())
    promote(root / "index", all_articles(), engine="whoosh", revision=store.revision())
    store.close()
    services = Services(
        live_index(root / "index"),
        SHANGHAI,
        lambda: NOON,
        time_limit=PATIENCE,
        editorial=LiveEditorial(url),
        jobs=LiveJobs(url),
    )
    desk = Desk(
        url,
        Generations(root / "index"),
        uploads=root / "uploads",
        query_days=QueryDays(log_url, SHANGHAI),
    )
    app = create_app(services, SearchSettings(), desk)
    try:
        yield Newsdesk(app, desk, services, log, root, url)
    finally:
        desk.close()
        log.close()
        services.close()
