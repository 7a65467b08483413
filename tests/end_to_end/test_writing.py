"""Writing through the whole service with two workers: bodies that are not what they seem, and what readers see afterwards."""

from __future__ import annotations

import json
import socket
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from urllib.parse import quote

import pytest

import app
from indexer.ingest import BATCH
from indexer.store.database import open_store
from search_service.web.bodies import BODY_BYTES
from search_service.web.codes import CODES
from search_service.writing import MAX_CHANGING
from tests.end_to_end.publishing import FIRST, Answer, Portal, held, make_portal, store_url
from tests.end_to_end.raw_requests import CHUNKED, END, answer, asked, chunk
from tests.end_to_end.serving import PATIENCE, Server, children, serving, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds the processes in /proc")

WORKERS = 2

ROOM = 100
"""MiB that a worker may grow by while it takes bodies of 300 MB in all, in lines of 8 MB."""

CONNECTIONS = 12
"""Looks with a connection each. The system deals them out at random, so all reach one worker in 1 of 2,000 cases."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, engine: dict[str, str]) -> Path:  # noqa: ARG001 (one for each)
    return tmp_path_factory.mktemp("writing")


@pytest.fixture(scope="module")
def portal(folder: Path, engine: dict[str, str]) -> Iterator[Portal]:
    key = make_portal(folder, engine=engine["SEARCH_ENGINE"])
    with serving(folder / "index", "app.py", SEARCH_WORKERS=str(WORKERS), **engine) as server:
        yield Portal(server, key)
        code, printed = server.end()
    assert code == 0
    assert "Traceback" not in printed


def stored(folder: Path) -> set[str]:
    with closing(open_store(store_url(folder))) as store:
        return set(held(store))


def writing(
    stack: ExitStack, portal: Portal, target: str, *headers: str, method: str
) -> socket.socket:
    """A connection that sent the head of a request with a key."""
    key = f"Authorization: Bearer {portal.key}"
    path = f"/api/v1/articles{target}"
    return stack.enter_context(asked(portal.server, path, key, *headers, method=method))


def record(title: str, **values: object) -> bytes:
    return json.dumps({"title": title, "published_at": "2020-01-01"} | values).encode()


def test_a_put_whose_body_is_not_whole_stores_nothing(portal: Portal, folder: Path) -> None:
    body = record("半篇文章")
    long = record("长的半篇文章", body="长" * BODY_BYTES)
    cases = [
        (f"Content-Length: {len(body) + 1}", body, (400, 408)),  # a whole article, but too short
        (f"Content-Length: {len(body) - 1}", body, (400,)),
        (f"Content-Length: {len(long) + 1}", long, (400,)),
        (CHUNKED, chunk(body), (400,)),
        (CHUNKED, chunk(long)[:-9], (400,)),
    ]
    before = stored(folder)
    for number, (framing, sent, statuses) in enumerate(cases):
        for ends in ("shut", "closed", "silent")[: len(statuses) + 1]:
            with ExitStack() as stack:
                target = f"/half-{number}-{ends}"
                connection = writing(stack, portal, target, framing, method="PUT")
                connection.sendall(sent)
                if ends == "shut":
                    connection.shutdown(socket.SHUT_WR)
                if ends != "closed":
                    assert answer(connection)[0] in statuses
    # A request that comes later is answered, and is the only one that stored something.
    assert portal.put("whole", json.loads(body)).status == 201
    assert stored(folder) == before | {"whole"}


LINES = b"".join(record(f"第{n}行", id=f"line-{n}") + b"\n" for n in range(600))


@pytest.mark.parametrize("ends", ["shut", "false length"])
def test_of_a_bulk_request_that_breaks_off_the_complete_lines_are_stored(
    portal: Portal, folder: Path, ends: str
) -> None:
    lines = LINES.replace(b"line-", f"{ends} ".encode())
    ids = {json.loads(line)["id"] for line in lines.splitlines()}
    before = stored(folder)
    half = record("半行", id="half line")
    with ExitStack() as stack:
        # The length of the last case is false: it ends within the last line, and what follows is no request.
        framing = f"Content-Length: {len(lines) + 9}" if ends == "false length" else CHUNKED
        connection = writing(stack, portal, ":bulk", framing, method="POST")
        if ends == "false length":
            with suppress(ConnectionError):
                connection.sendall(lines + half)
        else:
            connection.sendall(chunk(lines + half))
        connection.shutdown(socket.SHUT_WR)
        status, answered = answer(connection)
    *outcomes, summary = [json.loads(line) for line in answered.splitlines()]
    assert status == 200
    assert {each["id"] for each in outcomes if "id" in each} == ids
    assert summary["complete"] is False
    assert (summary["created"], summary["rejected"]) == (600, int(ends == "false length"))
    assert stored(folder) == before | ids


def test_of_a_client_that_goes_the_first_lines_are_stored_and_no_other(
    portal: Portal, folder: Path
) -> None:
    """It gets no answers, so nobody knows how many these are."""
    ids = [f"gone {n}" for n in range(BATCH + 100)]
    before = stored(folder)
    with ExitStack() as stack:
        connection = writing(stack, portal, ":bulk", CHUNKED, method="POST")
        connection.sendall(chunk(b"".join(record(each, id=each) + b"\n" for each in ids)))
        connection.sendall(chunk(record("半行", id="half line")))
        connection.settimeout(PATIENCE)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")  # the first of them are answered
    found = stored(folder) - before
    assert found in (set(ids[:BATCH]), set(ids))


def memory(server: Server) -> int:
    """The most memory that any worker ever had, in MiB."""
    workers = children(server.child(app.CHILDREN[0].command))
    status = [Path(f"/proc/{each}/status").read_text(encoding="ascii") for each in workers]
    return max(int(each.partition("VmHWM:")[2].split()[0]) for each in status) // 1024


def test_bodies_without_end_cost_little_memory_and_stop_nobody(portal: Portal) -> None:
    """A line that never ends, lines that are too long to be articles, an article that never ends, and a silent client."""
    block = b"x" * 1_000_000
    before = memory(portal.server)
    with ExitStack() as stack:
        endless = writing(stack, portal, ":bulk", CHUNKED, method="POST")
        junk = writing(stack, portal, ":bulk", CHUNKED, method="POST")
        article = writing(stack, portal, "/endless", CHUNKED, method="PUT")
        silent = writing(stack, portal, ":bulk", CHUNKED, method="POST")
        for connection in (article, silent):
            connection.sendall(chunk(b'{"title": "'))
        for number in range(150):
            endless.sendall(chunk(block))
            junk.sendall(chunk(block + b"\n" if number % 7 == 6 else block))
            with suppress(ConnectionError):  # it is refused after 8 MB
                article.sendall(chunk(block))
            if number % 10 == 0:
                assert portal.ask("GET", "/api/v1/search?q=x").status == 200
                assert portal.put("meanwhile", {"title": f"第{number}次"}).status in (200, 201)
        for connection in (endless, junk):
            connection.sendall(chunk(b"\n") + END)
        assert summary(endless) == (1, 1)
        assert summary(junk) == (22, 22)
        assert answer(article)[0] == 400
    assert portal.ask("GET", "/api/v1/articles/endless/stored").status == 404
    assert memory(portal.server) < before + ROOM


def summary(connection: socket.socket) -> tuple[int, int]:
    """How many lines a bulk request had, and how many were rejected."""
    status, answered = answer(connection)
    assert status == 200
    found = json.loads(answered.splitlines()[-1])
    return found["read"], found["rejected"]


@pytest.mark.thorough
def test_changes_are_refused_while_another_process_locks_the_store(
    portal: Portal, folder: Path
) -> None:
    """Reading goes on, and everything works when the lock is gone."""
    before = stored(folder)
    answers: list[Answer] = []

    def change(n: int) -> None:
        answers.append(portal.put(f"refused-{n}", {"title": f"第{n}艘船"}, "?refresh=wait_for"))

    several = range(WORKERS * MAX_CHANGING + 1)
    clients = [Thread(target=change, args=(n,), daemon=True) for n in several]
    with closing(sqlite3.connect(folder / "articles.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for client in clients:
            client.start()
        for client in clients:
            while client.is_alive():
                assert portal.ask("GET", "/api/v1/search").status == 200
                assert portal.ask("GET", f"/api/v1/articles/{FIRST}/stored").status == 200
                client.join(0.1)
        with portal.bulk([record("一行", id="refused") + b"\n"]) as response:
            (line,) = response
        other.execute("ROLLBACK")
    assert len(answers) == len(clients)
    codes = {each.json["code"] for each in answers}
    # A worker takes no more than MAX_CHANGING at a time. Whether as many come at a time depends on the machine.
    assert codes - {"overloaded"} == {"store_unavailable"}
    for each in answers:
        assert each.status == 503
        assert each.headers["Retry-After"] == str(CODES[each.json["code"]].retry_after)
    summed = json.loads(line)
    assert (summed["complete"], "send the lines again" in summed["error"]) == (False, True)
    assert portal.put("later", {"title": "后来的船"}).status == 201
    wait_until(lambda: portal.ask("GET", "/api/v1/articles/later").status == 200)
    assert stored(folder) == before | {"later"}


def shown(portal: Portal, article_id: str, title: str) -> set[str]:
    """Where readers see an article now."""
    views = {
        "search": f"/api/v1/search?q={quote(title)}&log=off",
        "latest": "/api/v1/latest?size=100",
        "related": f"/api/v1/articles/{article_id}-sibling/related?size=20",
        "suggest": f"/api/v1/suggest?q={quote(title[:6])}&size=20",
        "article": f"/api/v1/articles/{article_id}",
        "page": f"/articles/{article_id}",
        "results": f"/search?q={quote(title)}",
    }
    found = set()
    for view, target in views.items():
        answered = portal.ask("GET", target)
        assert answered.status in ((200, 404) if view in ("article", "page") else (200,)), target
        # What was typed is repeated in some answers, so they must hold more than the title.
        signs = {
            "search": f'"id":"{article_id}"',
            "suggest": f'"text":"{title}"',
            "results": f'href="/articles/{article_id}"',
        }
        if answered.status == 200 and signs.get(view, title) in answered.body.decode():
            found.add(view)
    return found


EVERYWHERE = {"search", "latest", "related", "suggest", "article", "page", "results"}


def in_all_workers(portal: Portal, article_id: str, title: str, *, seen: bool) -> bool:
    """Whether each worker shows an article everywhere, or nowhere."""
    wanted = EVERYWHERE if seen else set()
    return all(shown(portal, article_id, title) == wanted for _ in range(CONNECTIONS))


def publish(portal: Portal, article_id: str, title: str, **values: object) -> int:
    """Store an article that is always related to the other one, then that one. Returns its revision, the last one."""
    body = "老船夫在渡口守了三十年，如今新桥通车，他把木船停在岸边，给孩子们讲摆渡的故事。"
    for each, name, others in (
        (f"{article_id}-sibling", "新桥通车以后", {}),
        (article_id, title, values),
    ):
        fields = {
            "title": name,
            "body": f"{name}。{body}",
            "tags": ["渡口"],
            "published_at": "2024-01-01",
        }
        written = portal.put(each, fields | others, "?refresh=wait_for")
        assert written.status == 201
    revision: int = written.json["revision"]
    return revision


TITLES = {"withdraw": "摆渡往事与河上的三十年", "delete": "竹篾灯笼照亮了老街的夜市"}


@pytest.mark.parametrize("how", [pytest.param("withdraw", marks=pytest.mark.thorough), "delete"])
def test_a_removed_article_goes_from_every_worker(portal: Portal, how: str) -> None:
    """It has PATIENCE seconds for that, so that a busy machine fails no test. The service says: about one."""
    article_id, title = f"ferry-{how}", TITLES[how]
    publish(portal, article_id, title)
    wait_until(lambda: in_all_workers(portal, article_id, title, seen=True))
    target = f"/api/v1/articles/{article_id}"
    if how == "withdraw":
        removed = portal.ask("POST", f"{target}/withdraw?refresh=wait_for")
    else:
        removed = portal.ask("DELETE", f"{target}?refresh=wait_for")
    assert removed.status == 200
    assert f"article/{article_id}" in removed.headers["Surrogate-Key"]
    wait_until(lambda: in_all_workers(portal, article_id, title, seen=False))


def before(moment: datetime) -> bool:
    return datetime.now(UTC) < moment


def in_seconds(seconds: int) -> datetime:
    """A time to come, in whole seconds as articles keep it."""
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)


def test_articles_come_and_go_when_their_time_comes_without_any_write(portal: Portal) -> None:
    for seconds in (2, 8, 32):  # longer, where the machine was too slow to look in time
        title, article_id = f"明日清晨采茶的姑娘唱起{seconds}", f"scheduled-{seconds}"
        moment = in_seconds(seconds)
        revision = publish(portal, article_id, title, published_at=moment.isoformat())
        seen = shown(portal, article_id, title)
        if before(moment):
            assert seen == set()
            break
    else:
        pytest.fail("no look came before the time of publication")
    wait_until(lambda: in_all_workers(portal, article_id, title, seen=True))
    assert portal.server.json("/readyz")["index"]["revision"] == revision

    for seconds in (3, 9, 27):
        title, article_id = f"昨夜山雨打湿了石磨坊{seconds}", f"expiring-{seconds}"
        moment = in_seconds(seconds)
        revision = publish(portal, article_id, title, expires_at=moment.isoformat())
        seen = set()
        while seen != EVERYWHERE and before(moment):  # the workers follow a little later
            seen = shown(portal, article_id, title)
        if seen == EVERYWHERE:
            break
    assert seen == EVERYWHERE
    wait_until(lambda: in_all_workers(portal, article_id, title, seen=False))
    assert portal.server.json("/readyz")["index"]["revision"] == revision
