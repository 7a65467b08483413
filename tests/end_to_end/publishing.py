"""Clients that write through the API of a real service, and what the store may hold after them."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.parse import quote

from indexer.engines.base import Reader
from indexer.generations import Generations
from indexer.ingest import BATCH
from indexer.opening import open_generation
from indexer.rebuilding.rebuild import rebuild
from indexer.store.articles import ArticleStore
from indexer.store.database import open_keys, open_store
from search_service.web.writing import NDJSON
from tests.end_to_end.serving import PATIENCE, Server, wait_until
from tests.factories import article
from tests.search_service.indexes import SHANGHAI
from tests.typed_queries import analyzer

FIRST: Final = "a-1"
"""The id of the article that every portal begins with."""

BULK_LINES: Final = BATCH + 100
"""Lines of a bulk request: more than the store takes at once."""

BROKEN: Final = (OSError, http.client.HTTPException)
"""What a client sees when the server dies: no connection, a reset, or an answer that ends too early."""


def store_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'articles.sqlite3'}"


def make_portal(folder: Path, *, engine: str = "whoosh") -> str:
    """Make a store with one article, and a live index of it, in ``folder``. Returns a key that may write."""
    with closing(open_store(store_url(folder))) as store:
        store.put([article(FIRST, published_at="2020-01-01")])
        rebuild(
            store,
            Generations(folder / "index"),
            engine_name=engine,
            analyzer=analyzer(),
            timezone=SHANGHAI,
            keep=1,
        )
    with closing(open_keys(store_url(folder))) as keys:
        return keys.create("portal", "write")[0]


@dataclass
class Answer:
    """An answer that came whole."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.body.splitlines()]


@dataclass(frozen=True)
class Portal:
    """A client with a key."""

    server: Server
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def ask(self, method: str, target: str, body: bytes | None = None) -> Answer:
        """Raises one of BROKEN if no whole answer comes."""
        kind = {} if body is None else {"Content-Type": "application/json"}
        with closing(self._connection()) as connection:
            connection.request(method, target, body, self.headers | kind)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def put(self, article_id: str, record: dict[str, object], query: str = "") -> Answer:
        target = f"/api/v1/articles/{quote(article_id, safe='')}{query}"
        return self.ask("PUT", target, json.dumps(record).encode())

    @contextmanager
    def bulk(self, lines: Iterable[bytes]) -> Iterator[http.client.HTTPResponse]:
        """The answer to a bulk request, from its first line on: ``lines`` are sent in chunks by another thread."""
        with closing(self._connection()) as connection:
            connection.putrequest("POST", "/api/v1/articles:bulk")
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.putheader("Content-Type", NDJSON)
            connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders()
            sender = threading.Thread(target=self._send, args=(connection, lines), daemon=True)
            sender.start()
            try:
                yield connection.getresponse()
            finally:
                if connection.sock:
                    connection.sock.close()
                sender.join(PATIENCE)

    @staticmethod
    def _send(connection: http.client.HTTPConnection, lines: Iterable[bytes]) -> None:
        try:
            for line in lines:
                connection.send(b"%x\r\n%b\r\n" % (len(line), line))
            connection.send(b"0\r\n\r\n")
        except BROKEN:
            return  # the one who reads the answer learns it too

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)


@dataclass
class Sent:
    """All states of one article that a client asked for, in order; None is a deletion. Those up to ``sure`` are answered."""

    states: list[str | None] = field(default_factory=lambda: [None])
    sure: int = 0

    def allows(self, found: str | None) -> bool:
        """Whether the store may hold ``found``: the last state that was answered, or a later one."""
        return found in self.states[self.sure :]


class Client(threading.Thread):
    """Writes to articles of its own until it is told to stop, whatever happens to the server, and keeps account."""

    def __init__(self, portal: Portal, name: str, seed: int) -> None:
        super().__init__(name=name, daemon=True)
        self._portal, self._random = portal, Random(f"{seed} {name}")
        self._told = threading.Event()
        self.sent: dict[str, Sent] = {}
        self.answered = 0
        self.unexpected: list[str] = []

    def run(self) -> None:
        while not self._told.is_set():
            try:
                self._write()
            except BROKEN:
                self._told.wait(0.1)

    def end(self) -> None:
        """Stop after the current request."""
        self._told.set()
        self.join(2 * PATIENCE)
        assert not self.is_alive()

    def _write(self) -> None:
        raise NotImplementedError

    def _next(self, article_id: str) -> str | None:
        """Another state for an article, noted as sent."""
        sent = self.sent.setdefault(article_id, Sent())
        state = f"{article_id} {self._random.random()}" if self._random.random() < 0.8 else None
        sent.states.append(state)
        return state

    def _note(self, article_id: str) -> None:
        """The last state that was sent for an article is answered."""
        sent = self.sent[article_id]
        sent.sure = len(sent.states) - 1
        self.answered += 1

    def record(self, title: str) -> dict[str, object]:
        """An article that resembles no other."""
        body = "".join(chr(self._random.randrange(0x4E00, 0x9000)) for _ in range(60))
        return {"title": title, "body": body, "published_at": "2020-01-01"}


class Single(Client):
    """Puts and deletes articles one by one."""

    def _write(self) -> None:
        article_id = f"{self.name}-{self._random.randrange(20)}"
        state = self._next(article_id)
        if state is None:
            answer = self._portal.ask("DELETE", f"/api/v1/articles/{article_id}")
        else:
            answer = self._portal.put(article_id, self.record(state))
        if answer.status in (200, 201):
            self._note(article_id)
        elif answer.status != 503:
            self.unexpected.append(f"{answer.status} {answer.body!r}")


class Bulk(Client):
    """Puts and deletes many articles with each request, and reads the answers while it sends."""

    def _write(self) -> None:
        ids = [f"{self.name}-{n}" for n in range(BULK_LINES)]
        self._random.shuffle(ids)
        lines = [self._line(each, self._next(each)) for each in ids]
        with self._portal.bulk(lines) as response:
            if response.status != 200:
                if response.status != 503:
                    self.unexpected.append(f"{response.status}")
                return
            for line in response:
                found = json.loads(line) if line.endswith(b"\n") else {}
                if "id" in found:
                    self._note(found["id"])
                elif found and not found.get("complete"):
                    self._check(found)

    def _check(self, found: dict[str, Any]) -> None:
        """Note a line that tells of another failure than a server that ends."""
        if "send" not in (found.get("error") or ""):
            self.unexpected.append(str(found))

    def _line(self, article_id: str, state: str | None) -> bytes:
        if state is None:
            return json.dumps({"action": "delete", "id": article_id}).encode() + b"\n"
        return json.dumps({"id": article_id, **self.record(state)}).encode() + b"\n"


class Searcher(threading.Thread):
    """Searches for one text until it is told to stop, and repeats a search that failed once.

    At least ``least`` articles hold the text all the time. An answer with fewer is ``untold``, unless it says that it is not complete.
    """

    def __init__(self, server: Server, text: str, *, least: int) -> None:
        super().__init__(daemon=True)
        self._server, self._least = server, least
        self._path = f"/api/v1/search?q={quote(text)}&collapse=none"
        self._told = threading.Event()
        self.answered = self.repeated = self.partial = 0
        self.failed: list[bytes] = []
        self.untold: list[Any] = []

    def run(self) -> None:
        while not self._told.is_set():
            status, body = self._server.get(self._path)
            if status != 200:
                self.repeated += 1
                status, body = self._server.get(self._path)
            if status == 200:
                self._look_at(json.loads(body))
            else:
                self.failed.append(body)

    def _look_at(self, answer: Any) -> None:
        self.answered += 1
        self.partial += not answer["complete"]
        if answer["complete"] and answer["total"] < self._least:
            self.untold.append(answer)

    def end(self) -> None:
        """Stop after the current search."""
        self._told.set()
        self.join(2 * PATIENCE)
        assert not self.is_alive()


def held(store: ArticleStore) -> dict[str, str]:
    """The titles of all articles of the store, by id."""
    return {
        each.article_id: each.article.title for each in store.changes() if each.article is not None
    }


def differences(clients: Sequence[Client], found: dict[str, str]) -> list[str]:
    """What the store must not hold, or should hold: one line for each article."""
    known = {FIRST: Sent(["山谷里的小学校"])}
    for client in clients:
        known |= client.sent
    strange = [f"{each}: nobody sent it" for each in found.keys() - known.keys()]
    return strange + [
        f"{each}: {found.get(each)!r} is none of {sent.states[sent.sure :]!r}"
        for each, sent in known.items()
        if not sent.allows(found.get(each))
    ]


def up_to_date(server: Server) -> bool:
    """Whether the index has all of the store's changes."""
    with suppress(*BROKEN):
        status, body = server.get("/readyz")
        return status == 200 and json.loads(body)["index"]["behind"] == 0
    return False


def read_index(folder: Path) -> Reader:
    live = Generations(folder / "index").live()
    return open_generation(live, analyzer=analyzer(), timezone=SHANGHAI).reader()


def check(folder: Path, clients: Sequence[Client]) -> None:
    """The store holds what was answered and nothing that nobody sent, and the index holds the same, each article once."""
    with closing(open_store(store_url(folder))) as store, read_index(folder) as reader:
        found = held(store)
        assert differences(clients, found) == []
        assert reader.revision == store.revision()
        assert reader.doc_count == len(found)
        for article_id, title in found.items():
            indexed = reader.get(article_id)
            assert indexed is not None
            assert indexed.title == title
    for each in clients:
        assert each.unexpected == []


def go_on(clients: Sequence[Client | Searcher], answers: int) -> None:
    """Wait until each client got further ``answers``."""
    wanted = [client.answered + answers for client in clients]
    wait_until(
        lambda: all(client.answered >= most for client, most in zip(clients, wanted, strict=True))
    )
