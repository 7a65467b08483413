"""Where the server may listen. That it serves is tested in tests/end_to_end/test_server.py."""

from __future__ import annotations

import errno
import socket

import pytest

from indexer.errors import InvalidSetting, PortUnavailable
from search_service.web.server import claim_port


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_free_port_is_free_again_after_the_look() -> None:
    port = free_port()
    assert claim_port("127.0.0.1", port) == "127.0.0.1"
    assert claim_port("localhost", port) == "127.0.0.1"


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
