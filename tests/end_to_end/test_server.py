"""The real web server, over real HTTP: how it starts, what it answers, how it ends."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from threading import Event
from urllib.parse import quote

import pytest

from indexer.article import Article
from search_service.web.bodies import BODY_BYTES
from tests.end_to_end.serving import PATIENCE, Server, children, free_port, serving, start
from tests.factories import article
from tests.search_service.indexes import promote


def dated(name: str) -> Article:
    """An article that is old enough for any clock: this server has a real one."""
    return article(name, published_at="2020-01-01")


SMALL, CHUNKED = "Content-Length: 100", "Transfer-Encoding: chunked"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    index = tmp_path_factory.mktemp("server") / "index"
    promote(index, [dated("a-1"), dated("a-2")], engine="whoosh")
    return index


@pytest.fixture
def index(made: Path, tmp_path: Path) -> Path:
    """An index of the test's own."""
    return Path(shutil.copytree(made, tmp_path / "index"))


@pytest.fixture(scope="module")
def shared(made: Path) -> Iterator[Server]:
    """A server that ends well, and says nothing but its address, whatever these tests ask."""
    with serving(made) as server:
        yield server
        assert server.end() == (0, f"Serving at {server.url} (Ctrl-C ends it)\n")


def test_it_answers_where_it_says_that_it_serves(shared: Server) -> None:
    assert shared.json("/readyz")["index"]["doc_count"] == 2
    assert shared.json("/api/v1/search?q=" + quote("小学校"))["total"] == 2
    status, page = shared.get("/search?q=" + quote("小学校"))
    assert (status, "共 <strong>2</strong> 条" in page.decode()) == (200, True)


@pytest.mark.thorough
def test_its_host_may_be_a_name(index: Path) -> None:
    with serving(index, SEARCH_HOST="localhost") as server:
        assert server.end()[1] == f"Serving at http://localhost:{server.port} (Ctrl-C ends it)\n"


@pytest.mark.parametrize(
    ("proxies", "said"), [("0", 1), pytest.param("1", 0, marks=pytest.mark.thorough)]
)
def test_a_proxy_that_no_setting_counts_is_told_once(index: Path, proxies: str, said: int) -> None:
    with serving(index, SEARCH_PROXIES=proxies) as server:
        for _ in range(3):
            forwarded = urllib.request.Request(
                f"{server.url}/healthz", headers={"X-Forwarded-For": "198.18.0.7"}
            )
            with urllib.request.urlopen(forwarded, timeout=PATIENCE) as response:
                assert response.status == 200
        assert server.end()[1].count("SEARCH_PROXIES is 0") == said


@pytest.mark.parametrize("workers", [pytest.param("1", marks=pytest.mark.thorough), "2"])
def test_ctrl_c_ends_it_without_a_word(index: Path, workers: str) -> None:
    with serving(index, SEARCH_WORKERS=workers) as server:
        time.sleep(0.5)  # the second worker, which /healthz may not have asked
        code, printed = server.end(signal.SIGINT, group=True)
    assert code == 0
    assert printed.count("\n") == 1


def test_a_server_that_is_ended_while_it_starts_ends(index: Path) -> None:
    server = start(port=free_port(), index=index)
    assert server.process.stdout is not None
    server.process.stdout.readline()  # Serving at
    code, _ = server.end()
    assert code == 0


@pytest.mark.parametrize(
    "other", ["another program", pytest.param("a server of ours", marks=pytest.mark.thorough)]
)
def test_a_taken_port_is_one_clear_line(index: Path, other: str) -> None:
    def refused(port: int) -> tuple[int, str]:
        return start("app.py", port=port, index=index).end_by_itself()

    if other == "a server of ours":
        with serving(index) as server:
            port, answer = server.port, refused(server.port)
            assert server.get("/healthz")[0] == 200
    else:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            answer = refused(port)
    another = port + 1 if port < 65_535 else 8000
    assert answer == (
        2,
        f"error: port {port} is taken by another program: choose another with PORT={another} make run\n",
    )


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("PORT", "http"),
        ("PORT", "70000"),
        ("SEARCH_WORKERS", "0"),
        ("SEARCH_HOST", "203.0.113.7"),
        ("SEARCH_TIMEZONE", "Mars/Olympus"),
        ("SEARCH_USER_DICTIONARY", "/nowhere/words.txt"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_clear_line(
    index: Path, setting: str, value: str
) -> None:
    server = start("app.py", port=free_port(), index=index, **{setting: value})
    code, printed = server.end_by_itself()
    assert code == 2
    assert printed.startswith("error: ")
    assert value in printed
    assert printed.count("\n") == 1


def test_an_option_that_does_not_exist_is_one_clear_line(index: Path) -> None:
    code, printed = start("app.py", "--port", "9000", port=free_port(), index=index).end_by_itself()
    assert code == 2
    assert printed == "error: No such option '--port': see 'python app.py --help'\n"


def test_it_starts_without_an_index_and_serves_one_as_soon_as_it_is_built(tmp_path: Path) -> None:
    with serving(tmp_path / "index") as server:
        status, body = server.get("/readyz")
        assert (status, b"index_missing" in body) == (503, True)
        assert server.get("/")[0] == 503
        promote(tmp_path / "index", [dated("a-1")], engine="whoosh")
        server.wait_until_it_answers("/readyz")
        assert server.get("/")[0] == 200
        _, printed = server.end()
    assert "python -m indexer rebuild" in printed
    assert "Traceback" not in printed


@pytest.mark.thorough
def test_no_request_fails_while_indexes_are_promoted(index: Path) -> None:
    stop = Event()

    def ask(path: str) -> set[int]:
        statuses = set()
        while not stop.is_set():
            statuses.add(server.get(path)[0])
        return statuses

    paths = ["/api/v1/search", "/api/v1/latest", "/", "/api/v1/articles/a-1"]
    with serving(index) as server, ThreadPoolExecutor() as threads:
        asking = [threads.submit(ask, path) for path in paths]
        for number in range(4):
            time.sleep(0.5)
            promote(
                index, [dated("a-1"), dated(f"b-{number}")], engine="whoosh", revision=number + 2
            )
        deadline = time.monotonic() + PATIENCE
        while server.json("/readyz")["index"]["revision"] != 5 and time.monotonic() < deadline:
            time.sleep(0.1)
        stop.set()
        assert [each.result() for each in asking] == [{200}] * len(paths)
        assert server.json("/readyz")["index"]["revision"] == 5


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform != "linux", reason="finds the worker in /proc")
def test_a_worker_that_dies_is_replaced(index: Path) -> None:
    def workers() -> set[int]:
        return children(server.process.pid)

    with serving(index) as server:
        (worker,) = workers()
        os.kill(worker, signal.SIGBUS)  # as when a mapped file is truncated
        deadline = time.monotonic() + PATIENCE
        while workers() in ({worker}, set()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert workers() != {worker}
        server.wait_until_it_answers("/readyz")
        code, _ = server.end()
    assert code == 0


@contextmanager
def half_asked(server: Server, *framings: str) -> Iterator[list[socket.socket]]:
    """Connections that sent the head of a click, and wait with its body."""
    with ExitStack() as stack:
        waiting = []
        for framing in framings:
            head = f"POST /api/v1/clicks HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n{framing}\r\n\r\n"
            address = ("127.0.0.1", server.port)
            connection = stack.enter_context(socket.create_connection(address, PATIENCE))
            connection.sendall(head.encode())
            waiting.append(connection)
        yield waiting


def answers_beside_half_clicks(server: Server) -> None:
    with half_asked(server, *[SMALL, CHUNKED] * 20):
        for _ in range(20):
            assert server.get("/healthz")[0] == 200
            assert server.get("/api/v1/search")[0] == 200


def test_bodies_that_never_come_hold_nobody_up(shared: Server) -> None:
    answers_beside_half_clicks(shared)


@pytest.mark.thorough
def test_bodies_that_never_come_hold_no_worker_of_two_up(index: Path) -> None:
    with serving(index, SEARCH_WORKERS="2") as server:
        answers_beside_half_clicks(server)
        code, printed = server.end()
    assert (code, printed.count("\n")) == (0, 1)


def test_who_waits_for_an_answer_to_half_a_click_is_told_so(shared: Server) -> None:
    with half_asked(shared, *[SMALL] * 40) as waiting:
        for connection in waiting:
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            assert answer.status == 408
            assert json.loads(answer.read())["code"] == "request_timeout"


def test_answers_that_nobody_reads_hold_nobody_up(shared: Server) -> None:
    path = "/openapi.json"  # the longest answer that needs no index
    with ExitStack() as stack:
        for _ in range(20):
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", shared.port))
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        for _ in range(20):
            assert shared.get("/healthz")[0] == 200
            assert len(shared.get(path)[1]) > 100_000


def test_a_body_is_read_whole_or_refused(shared: Server) -> None:
    def status(size: int, *, chunked: bool) -> int:
        click = {"query": "云" * (size // 3), "article_id": "a-1", "position": 1}
        body = json.dumps(click, ensure_ascii=False).encode()
        connection = http.client.HTTPConnection("127.0.0.1", shared.port, timeout=PATIENCE)
        pieces = (body[start : start + 700] for start in range(0, len(body), 700))
        try:
            connection.request(
                "POST",
                "/api/v1/clicks",
                body=pieces if chunked else body,
                headers={"Content-Type": "application/json"},
                encode_chunked=chunked,
            )
        except ConnectionError:  # refused before it was sent
            assert size > BODY_BYTES
        with closing(connection):
            return connection.getresponse().status

    for chunked in (True, False):
        assert status(1000, chunked=chunked) == 204
        assert status(10_000, chunked=chunked) == 400
        assert status(1_000_000, chunked=chunked) == 400
        assert shared.get("/healthz")[0] == 200


def test_only_http_1_0_may_leave_out_the_host(shared: Server) -> None:
    def status(*lines: str) -> bytes:
        with socket.create_connection(("127.0.0.1", shared.port), PATIENCE) as connection:
            connection.sendall("\r\n".join((*lines, "Connection: close", "", "")).encode("latin-1"))
            return connection.makefile("rb").readline().split(b" ")[1]

    for path in ("/", "/healthz"):
        assert status(f"GET {path} HTTP/1.1", "Host: a.b") == b"200"
        assert status(f"GET {path} HTTP/1.0") == b"200"
        assert status(f"GET http://a.b{path} HTTP/1.1") == b"200"
        assert status(f"GET {path} HTTP/1.1") == b"400"
        assert status(f"GET {path} HTTP/1.1", "Host:") == b"400"
        assert status(f"GET {path} HTTP/1.1", "Host: a", "Host: b") == b"400"
        assert status(f"GET {path} HTTP/1.1", "Host: a..b") == b"400"
        assert status(f"GET {path} HTTP/1.0", "Host: a..b") == b"400"


def test_bytes_that_are_no_text_and_long_addresses_get_an_answer(shared: Server) -> None:
    assert shared.get("/api/v1/search?q=%ff%00")[0] == 400
    assert shared.get("/api/v1/articles/%ff%00")[0] == 400
    assert shared.get("/%e4%ff")[0] == 404
    assert shared.get("/search?q=" + quote("云" * 5000))[0] == 200
    room = 65_534 - len("/search?q=")
    assert shared.get("/search?q=" + "a" * room)[0] == 200
    assert shared.get("/search?q=" + "a" * (room + 1))[0] == 414
