"""The port of the server: who may listen on it."""

from __future__ import annotations

import errno
import socket

from indexer.errors import InvalidSetting, PortUnavailable


def claim_port(host: str, port: int) -> socket.socket:
    """Claim the port before granian listens on it. The claim lasts until the returned socket is closed.

    Granian's sockets share their port (SO_REUSEPORT): a second server would start silently and take half of the first
    one's requests. The claim is bound without sharing, and therefore fails if the port is taken. Then it begins to share,
    so that granian's sockets can be bound beside it. It never listens, so it gets no connection.

    Raises:
        PortUnavailable: the port is taken, or this user may not use it.
        InvalidSetting: the host is no address of this machine.
    """
    claim = None
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
        claim = socket.socket(family, kind, protocol)
        claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # past connections do not count
        claim.bind(address)
        claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    except socket.gaierror as error:
        raise InvalidSetting("SEARCH_HOST", host, "must be an address of this machine") from error
    except OSError as error:
        if claim is not None:
            claim.close()
        if error.errno == errno.EADDRINUSE:
            raise PortUnavailable(host, port, "is taken by another program") from error
        if error.errno == errno.EACCES:
            raise PortUnavailable(host, port, "is not for this user to listen on") from error
        if error.errno == errno.EADDRNOTAVAIL:
            why = "must be an address of this machine"
            raise InvalidSetting("SEARCH_HOST", host, why) from error
        raise PortUnavailable(host, port, f"cannot be used ({error.strerror})") from error
    return claim
