"""The outbox of a streamed answer: its ring, its limits and its errors. tests/end_to_end/test_streaming.py sends real answers."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from search_service.web import outbox
from search_service.web.outbox import ClientGone, Outbox


class Client:
    """Stands for granian and a client: reads the file of an answer, ``size`` bytes at a time, until ``most`` are read."""

    def __init__(self, *, size: int = 65_536, most: int = 1_000_000_000) -> None:
        self.size, self.most = size, most
        self.received = bytearray()
        self.thread: Thread | None = None

    def response_file(self, _status: int, _headers: object, path: str) -> None:
        file = Path(path).open("rb", buffering=0)  # noqa: SIM115 (``read`` closes it)

        def read() -> None:
            with file:
                while len(self.received) < self.most and (data := file.read(self.size)):
                    self.received += data

        self.thread = Thread(target=read)
        self.thread.start()

    async def client_disconnect(self) -> None:
        await asyncio.sleep(60)


def send(client: Client, fill: Callable[[Outbox], None], *, held: bool = False) -> None:
    """Send what a thread fills in, as the Bridge does."""
    scope: Any = SimpleNamespace(server="127.0.0.1:1", client="127.0.0.1:2")

    async def run() -> None:
        box = Outbox(asyncio.get_running_loop(), held=held)
        filling = asyncio.to_thread(fill, box)
        await asyncio.gather(box.send(scope, client, 200, []), filling)  # type: ignore[arg-type]

    try:
        asyncio.run(run())
    finally:
        if client.thread is not None:
            client.thread.join()


def test_a_held_answer_begins_when_it_is_complete() -> None:
    client = Client()

    def fill(box: Outbox) -> None:
        for piece in (b"one ", b"two ", b"three"):
            box.put(piece)
            time.sleep(0.05)
            assert client.thread is None
        box.end()

    send(client, fill, held=True)
    assert client.received == b"one two three"


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_every_byte_arrives_in_order_however_often_the_ring_is_full(
    monkeypatch: pytest.MonkeyPatch, seed: int, *, held: bool
) -> None:
    monkeypatch.setattr(outbox, "OUTBOX_MEMORY", 1000)
    monkeypatch.setattr(outbox, "OUTBOX_BYTES", 7919)
    chance = random.Random(seed)
    pieces = [chance.randbytes(chance.choice([1, 10, 1000, 20_000])) for _ in range(300)]
    client = Client(size=chance.choice([100, 5000, 65_536]))

    def fill(box: Outbox) -> None:
        for piece in pieces:
            box.put(piece)
        box.end()

    send(client, fill, held=held)
    assert client.received == b"".join(pieces)


def test_a_full_outbox_waits_for_the_client_and_is_told_when_he_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbox, "OUTBOX_BYTES", 100_000)
    put = []

    def fill(box: Outbox) -> None:
        while True:
            try:
                box.put(b"x" * 1000)
            except ClientGone:
                return
            put.append(1000)

    client = Client(most=1_000_000)
    send(client, fill)
    held = 100_000 + 3 * 65_536  # in the outbox, on the way to the pipe, in it, and read from it
    assert len(client.received) <= sum(put) <= len(client.received) + held


def test_a_temporary_file_that_cannot_be_made_is_an_error_of_the_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))

    def fill(box: Outbox) -> None:
        with pytest.raises(FileNotFoundError) as caught:
            box.put(b"x" * 1_000_000)
        box.end(caught.value)

    with pytest.raises(FileNotFoundError):
        send(Client(), fill)


def test_an_answer_that_fails_before_it_has_a_byte_is_not_begun() -> None:
    client = Client()
    with pytest.raises(ZeroDivisionError):
        send(client, lambda box: box.end(ZeroDivisionError()))
    assert client.thread is None


def test_a_client_that_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "ANSWER_SECONDS", 0.2)

    class Asleep(Client):
        def response_file(self, _status: int, _headers: object, path: str) -> None:
            self.path = path

    def fill(box: Outbox) -> None:
        box.put(b"x")
        while True:
            try:
                box.put(b"y")
            except ClientGone:
                return
            time.sleep(0.01)

    client = Asleep()
    send(client, fill)
    assert client.received == b""
