"""Where the server may listen. That it serves is tested in tests/end_to_end/test_server.py."""

from __future__ import annotations

import errno
import socket

import pytest

from indexer.errors import InvalidSetting, PortUnavailable
from search_service.web.port import claim_port


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_claim_lasts_until_it_is_closed(host: str) -> None:
    port = free_port()
    for _ in range(2):
        with claim_port(host, port) as claim:
            assert claim.getsockname() == ("127.0.0.1", port)
            with pytest.raises(PortUnavailable):
                claim_port(host, port)


def test_the_server_listens_beside_the_claim_and_gets_every_connection() -> None:
    port = free_port()
    with claim_port("127.0.0.1", port), socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.bind(("127.0.0.1", port))
        server.listen()
        server.settimeout(10)
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", port)):
                server.accept()[0].close()


def test_connections_of_the_past_do_not_keep_a_port() -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            server.accept()[0].close()  # who closes first keeps the address for a minute
            client.recv(1)
    claim_port("127.0.0.1", port).close()


@pytest.mark.parametrize("shared", [False, True])
def test_a_port_that_someone_listens_on_is_taken_even_if_he_would_share_it(shared: bool) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, shared)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortUnavailable, match=f"port {port} is taken.*PORT=\\d+ make run"):
            claim_port("127.0.0.1", port)


@pytest.mark.parametrize("host", ["203.0.113.7", "not:an:address"])
def test_an_address_of_another_machine_is_a_wrong_setting(host: str) -> None:
    with pytest.raises(InvalidSetting, match="SEARCH_HOST"):
        claim_port(host, free_port())


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (errno.EACCES, "is not for this user to listen on"),
        (errno.ENOBUFS, "cannot be used"),
    ],
)
def test_another_refusal_of_the_system_says_why(
    monkeypatch: pytest.MonkeyPatch, number: int, why: str
) -> None:
    # Simulated: whether a low port is forbidden depends on the user and the system that run the tests.
    def refuse(*_: object) -> None:
        raise OSError(number, "as the system says")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(PortUnavailable, match=f"port 80 {why}.*PORT=8000 make run"):
        claim_port("127.0.0.1", 80)


def test_the_advice_never_names_a_port_that_cannot_be() -> None:
    assert "PORT=65535" in str(PortUnavailable("", 65_534, ""))
    assert "PORT=8000" in str(PortUnavailable("", 65_535, ""))
