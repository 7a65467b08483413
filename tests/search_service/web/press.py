"""A portal's back end for the tests of writing: a service over a real store and a real index, and a client with a key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from indexer.article import Article
from indexer.command_line import Stop
from indexer.generations import Generations
from indexer.reading import Reading
from indexer.rebuilding.follow import Follower
from indexer.store.articles import ArticleStore
from indexer.store.database import open_keys, open_store
from indexer.store.keys import Scope
from search_service.live.keys import LiveKeys
from search_service.services import Services
from search_service.settings import SearchSettings
from search_service.web.factory import create_app
from search_service.writing import Writing
from tests.factories import NOON
from tests.search_service.indexes import PATIENCE, SHANGHAI, live_index, promote
from tests.typed_queries import analyzer

FIELDS = {"title": "云溪茶会", "body": "茶会在渡口的老樟树下开了一天。"}
"""An article that needs an id."""


BULK = "/api/v1/articles:bulk"


@dataclass
class Press:
    """The service, its store, a client, and a clock that a test may set. ``key`` may write; without it none is sent."""

    root: Path
    url: str
    services: Services
    client: FlaskClient
    time: list[datetime]
    key: str | None

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: dict[str, str] | None = None,
        environ: dict[str, Any] | None = None,
        **query: Any,
    ) -> Any:
        """The response, asked for with the key: a TestResponse, but mypy would not let a test look into its ``json``.

        A body that is no bytes is sent as JSON. ``environ`` overrides what WSGI says of the request.
        """
        sent = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        authorization = {} if self.key is None else {"Authorization": f"Bearer {self.key}"}
        return self.client.open(
            path,
            method=method,
            data=sent,
            query_string=urlencode(query) or None,
            headers=authorization | (headers or {}),
            environ_overrides=environ,
            buffered=True,
        )

    def put(self, article_id: str, /, **fields: object) -> Any:
        """The answer to an article that must be accepted."""
        response = self.ask("PUT", "/api/v1/articles", FIELDS | fields, id=article_id)
        assert response.status_code in (200, 201), response.text
        return response.json

    def bulk(self, *lines: object, **query: Any) -> list[Any]:
        """The lines of the answer to objects, or lines of bytes."""
        body = b"".join(
            (each if isinstance(each, bytes) else json.dumps(each).encode()) + b"\n"
            for each in lines
        )
        response = self.ask("POST", "/api/v1/articles:bulk", body, **query)
        return told(response)

    def store(self) -> closing[ArticleStore]:
        """The store, for a ``with`` block."""
        return closing(open_store(self.url))

    def make_key(self, scope: Scope) -> str:
        """The text of a new key."""
        with closing(open_keys(self.url)) as keys:
            return keys.create("", scope)[0]

    @contextmanager
    def followed(self) -> Iterator[None]:
        """A follower brings the store's changes into the index, for the length of the ``with`` block."""
        stop = Stop()
        with self.store() as store:
            follower = Follower(
                store,
                Generations(self.root / "index"),
                analyzer=analyzer(),
                timezone=SHANGHAI,
                tell=lambda _: None,
            )
            thread = Thread(target=follower.run, args=(stop,))
            thread.start()
            try:
                yield
            finally:
                stop.asked = True
                thread.join()


def told(response: TestResponse) -> list[Any]:
    """The lines of a bulk answer."""
    assert response.status_code == 200, response.text
    assert response.content_type == "application/x-ndjson"
    return [json.loads(each) for each in response.data.splitlines()]


@contextmanager
def pressing(root: Path) -> Iterator[Press]:
    """A service over an empty store and an empty index in ``root``."""
    url = f"sqlite:///{root / 'articles.sqlite3'}"
    open_store(url).close()
    promote(root / "index", [], engine="whoosh", revision=0)
    live = live_index(root / "index")
    time = [NOON]
    services = Services(
        live,
        SHANGHAI,
        lambda: time[0],
        time_limit=PATIENCE,
        keys=LiveKeys(url),
        writing=Writing(url, live, reading=Reading(timezone=SHANGHAI)),
    )
    client = create_app(services, SearchSettings()).test_client()
    made = Press(root, url, services, client, time, None)
    with closing(services):
        yield replace(made, key=made.make_key("write"))


def held(press: Press, article_id: str) -> Article | None:
    """The stored article, without its group."""
    with press.store() as store:
        found = store.get(article_id)
    return found and replace(found, duplicate_group=0)
