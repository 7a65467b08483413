"""Large bodies and streamed answers, over raw sockets: whole, cut short, slow, false, and with clients that go."""

from __future__ import annotations

import http.client
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from search_service.web.rsgi import LARGE_BODIES
from tests.conftest import PROJECT
from tests.end_to_end.raw_requests import CHUNKED, END, answer, asked, chunk, head
from tests.end_to_end.serving import PATIENCE, Server, free_port

ROOM = 20
"""MiB that a worker may grow by while it receives, keeps and sends 200 MB: a tenth."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.end_to_end.streaming", str(port)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    server = Server(port, process)
    try:
        server.wait_until_it_answers("/size")
        yield server
    finally:
        code, printed = server.end()
    assert code == 0
    assert printed.count("Traceback") == printed.count("ZeroDivisionError: \n") == 2  # of /failing


def ended(server: Server) -> str:
    """How the streamed answers ended since the last call."""
    return server.get("/ended")[1].decode()


def memory(server: Server) -> int:
    """The most memory that the worker ever had, in MiB."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    (worker,) = children.read_text(encoding="ascii").split()
    status = Path(f"/proc/{worker}/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def descriptors(server: Server) -> int:
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    (worker,) = children.read_text(encoding="ascii").split()
    return len(list(Path(f"/proc/{worker}/fd").iterdir()))


@pytest.mark.parametrize("length", [0, 1, 65_536, 65_537, 3_000_000])
def test_a_complete_body_is_read_whole(server: Server, length: int) -> None:
    body = b"x" * length
    with asked(server, "/size", f"Content-Length: {length}") as connection:
        connection.sendall(body)
        assert answer(connection) == (200, str(length).encode())
        connection.sendall(head("/size", CHUNKED) + (chunk(body) if body else b"") + END)
        assert answer(connection) == (200, str(length).encode())
        connection.sendall(head("/size"))
        assert answer(connection) == (200, b"0")


UNFINISHED = [
    ("Content-Length: 10", b"short"),
    ("Content-Length: 100000", b"x" * 99_999),
    (CHUNKED, b""),
    (CHUNKED, chunk(b"one") + chunk(b"two")),
    (CHUNKED, b"10\r\nhalf a chunk"),
]


def test_a_body_that_never_ends_is_late(server: Server) -> None:
    with ExitStack() as stack:
        waiting = []
        for framing, sent in UNFINISHED:
            waiting.append(stack.enter_context(asked(server, "/size", framing)))
            waiting[-1].sendall(sent)
        for connection in waiting:
            assert answer(connection) == (408, b"")
            assert connection.recv(1) == b""


@pytest.mark.parametrize(
    ("framing", "sent"), [*UNFINISHED, (CHUNKED, chunk(b"one") + b"no chunk\r\n")]
)
def test_a_body_that_is_cut_short_is_no_shorter_body(
    server: Server, framing: str, sent: bytes
) -> None:
    with asked(server, "/size", framing) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        assert answer(connection) == (400, b"")


def test_a_body_with_trailers_counts_as_cut_short(server: Server) -> None:
    with asked(server, "/size", CHUNKED) as connection:
        connection.sendall(chunk(b"one") + b"0\r\nX-Sum: 1\r\n\r\n")
        assert answer(connection) == (400, b"")


def test_bytes_beyond_the_length_are_not_of_the_body(server: Server) -> None:
    with asked(server, "/size", "Content-Length: 70000") as connection:
        connection.sendall(b"x" * 70_000 + head("/early", method="GET") + b"nonsense\r\n\r\n")
        answers = connection.makefile("rb").read()
    assert re.findall(rb"HTTP/1.1 (\d+)", answers) == [b"200", b"401", b"400"]


def test_a_client_that_sends_slower_than_anybody_is_refused(server: Server) -> None:
    with asked(server, "/size", CHUNKED) as connection:
        with pytest.raises(ConnectionError):  # noqa: PT012 (any of them)
            for _ in range(1000):
                connection.sendall(chunk(b"x"))
                time.sleep(0.1)
        assert answer(connection) == (408, b"")


def test_a_slow_body_goes_on_while_it_is_faster_than_the_least_rate(server: Server) -> None:
    with asked(server, "/size", CHUNKED) as connection:
        for _ in range(10):
            connection.sendall(chunk(b"x" * 1000))
            time.sleep(0.2)
        connection.sendall(END)
        assert answer(connection) == (200, b"10000")


def test_an_answer_that_needs_no_body_does_not_wait_for_it(server: Server) -> None:
    with (
        asked(server, "/early", "Content-Length: 1000000000") as known,
        asked(server, "/early", CHUNKED) as unknown,
    ):
        assert answer(known) == answer(unknown) == (401, b"early")
        assert known.recv(1) == unknown.recv(1) == b""  # the body did not come: no next request
    with asked(server, "/early", "Content-Length: 300000") as connection:
        assert answer(connection) == (401, b"early")
        connection.sendall(b"x" * 300_000)  # it does come, and the connection goes on
        connection.sendall(head("/size", method="GET"))
        assert answer(connection) == (200, b"0")


def test_who_sends_everything_before_he_reads_can_read_an_early_answer(server: Server) -> None:
    with asked(server, "/early", "Content-Length: 900000") as connection:
        connection.sendall(b"x" * 900_000)
        assert answer(connection) == (401, b"early")
    with asked(server, "/early", "Content-Length: 90000000") as connection:
        with pytest.raises(ConnectionError):
            connection.sendall(b"x" * 90_000_000)
        assert answer(connection) == (401, b"early")


def empty_body(server: Server) -> tuple[int, bytes]:
    """The answer to a body of unknown length that holds nothing."""
    with asked(server, "/size", CHUNKED) as connection:
        connection.sendall(END)
        return answer(connection)


def test_one_large_body_too_many_is_refused_at_once(server: Server) -> None:
    with ExitStack() as stack:
        for _ in range(LARGE_BODIES):
            connection = stack.enter_context(asked(server, "/echo", CHUNKED))
            connection.sendall(chunk(b"line\n"))
            assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")  # now it is being read
        with asked(server, "/size", CHUNKED) as connection:
            assert answer(connection) == (503, b"")
        with asked(server, "/early", CHUNKED) as connection:
            assert answer(connection) == (401, b"early")
        with asked(server, "/size", "Content-Length: 5") as connection:
            connection.sendall(b"small")
            assert answer(connection) == (200, b"5")
    endings: list[str] = []
    while len(endings) < LARGE_BODIES:
        endings += ended(server).split() or pytest.fail("a body is still being read")
    assert set(endings) == {"400"}
    deadline = time.monotonic() + PATIENCE
    while (given := empty_body(server)) == (503, b""):  # a place becomes free a moment later
        assert time.monotonic() < deadline, "no place becomes free"
    assert given == (200, b"0")


def test_each_line_is_answered_before_the_next_is_sent(server: Server) -> None:
    with asked(server, "/echo", CHUNKED) as connection:
        stream = connection.makefile("rb")
        connection.sendall(chunk(b"line 0\n"))
        while stream.readline() != b"\r\n":
            pass
        for number in range(1, 20):
            assert stream.readline() == (b"7\r\n" if number <= 10 else b"8\r\n")
            assert stream.readline() == b"line %d\n" % (number - 1)
            assert stream.readline() == b"\r\n"
            connection.sendall(chunk(b"line %d\n" % number))
        connection.sendall(END)
        assert stream.read(len(b"8\r\nline 19\n\r\n0\r\n\r\n")).endswith(END)
        connection.sendall(head("/size", method="GET"))
        assert answer(connection) == (200, b"0")
    assert ended(server) == "complete"


def test_a_streamed_answer_says_when_the_body_is_cut_or_stalls(server: Server) -> None:
    with asked(server, "/echo", CHUNKED) as connection:
        connection.sendall(chunk(b"one\ntwo"))
        assert answer(connection) == (200, b"one\nerror 408\n")
    with asked(server, "/echo", CHUNKED) as connection:
        connection.sendall(chunk(b"one\ntwo"))
        connection.shutdown(socket.SHUT_WR)
        assert answer(connection) == (200, b"one\nerror 400\n")
    assert ended(server) == "408 400"


@pytest.mark.skipif(sys.platform != "linux", reason="reads memory and open files from /proc")
def test_200_mb_are_echoed_to_one_who_reads_only_after_he_has_sent_them(server: Server) -> None:
    line = b"x" * 1999 + b"\n"
    block = chunk(line * 500)
    before, files = memory(server), descriptors(server)
    with asked(server, "/echo", CHUNKED) as connection:
        for _ in range(200):
            connection.sendall(block)
        connection.sendall(END)
        response = http.client.HTTPResponse(connection)
        response.begin()
        size = 0
        while piece := response.read(len(line) * 100):
            assert piece == line * (len(piece) // len(line))
            size += len(piece)
    assert size == 200_000_000
    assert memory(server) < before + ROOM
    assert ended(server) == "complete"
    wait_for_descriptors(server, files)


@pytest.mark.skipif(sys.platform != "linux", reason="reads open files from /proc")
@pytest.mark.parametrize("read", [0, 1, 1_000_000])
def test_an_answer_to_one_who_has_gone_ends_and_leaves_nothing_open(
    server: Server, read: int
) -> None:
    files = descriptors(server)
    with asked(server, "/endless", method="GET") as connection:
        if read:
            connection.recv(read)
        else:  # a request whose client goes at once is not always run, so the answer has begun
            assert connection.recv(1, socket.MSG_PEEK)
    assert ended(server) == "closed"
    wait_for_descriptors(server, files)


@pytest.mark.skipif(sys.platform != "linux", reason="reads memory and open files from /proc")
def test_an_answer_that_nobody_takes_ends_in_bounded_memory(server: Server) -> None:
    before, files = memory(server), descriptors(server)
    with asked(server, "/endless", method="GET") as connection:
        assert ended(server) == "closed"
        wait_for_descriptors(server, files)
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            answer(connection)
    assert memory(server) < before + ROOM


def wait_for_descriptors(server: Server, most: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while descriptors(server) > most:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_answer_that_fails_does_not_look_complete(server: Server) -> None:
    with asked(server, "/failing", method="GET") as connection:
        with pytest.raises(http.client.IncompleteRead) as caught:
            answer(connection)
        assert caught.value.partial == b"first"
    assert server.get("/failing?at=once")[0] == 500


def test_head_and_an_empty_stream_have_no_body(server: Server) -> None:
    with asked(server, "/endless", method="HEAD") as connection:
        assert answer(connection, method="HEAD") == (200, b"")
        connection.sendall(head("/echo", method="GET"))
        assert answer(connection) == (200, b"")
        connection.sendall(head("/echo", method="HEAD"))
        assert answer(connection, method="HEAD") == (200, b"")
    assert ended(server) == "closed complete complete"
