"""Visitors. A salted hash identifies a visitor for one day; nothing else does. Programs are distinguished from people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address, ip_network
from secrets import token_hex
from typing import Final

from crawleruseragents import is_crawler

_LIBRARIES: Final = ("java/", "php/", "guzzlehttp/", "werkzeug/")
"""Beginnings of user agents of libraries that the crawler list lacks. A portal's back end passes on its reader's agent."""

_HASH_BYTES: Final = 12

REFRESH: Final = timedelta(minutes=30)
"""A repeat of a query or a view by one visitor within this time is not counted: it is another page, a return or a refresh."""

NETWORK_VISITORS: Final = 3
"""Visitors of one network that count per day for the same query, the same opened article or the same viewed article. A person
who changes the user agent, or the address within the network, thus counts as this many visitors at most."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """The address and user agent of a request. They stay in memory until the entry is written. Only hashes are written."""

    address: str
    agent: str

    def hashed(self, salt: str) -> str:
        """24 hex digits, equal for the same visitor and salt. They reveal nothing without the salt."""
        return _hash(f"{self.address}\0{self.agent}", salt)

    def hashed_network(self, salt: str) -> str:
        """24 hex digits of the visitor's network: the addresses that one household, office or attacker easily controls.

        The network is the first 24 bits of an IPv4 address, or the first 64 bits of an IPv6 address.
        """
        return _hash(_network(self.address), salt)

    @property
    def is_program(self) -> bool:
        """Whether it is a crawler, a monitor, a library, or sends no user agent."""
        return _is_program(self.agent)


def new_salt() -> str:
    """A random salt: 64 hex digits."""
    return token_hex(32)


def _hash(told: str, salt: str) -> str:
    key = bytes.fromhex(salt)
    return blake2b(told.encode("utf-8", "replace"), key=key, digest_size=_HASH_BYTES).hexdigest()


def client_of(address: str) -> str:
    """What one client certainly controls: an IPv4 address, or the first 64 bits of an IPv6 address."""
    return _network(address, bits=32)


def _network(text: str, *, bits: int = 24) -> str:
    """The network of an address: its first ``bits`` if it is of IPv4, its first 64 if it is of IPv6."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return text
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if isinstance(address, IPv6Address):
        bits = 64
    return str(ip_network(f"{address}/{bits}", strict=False))


@lru_cache(maxsize=4096)
def _is_program(agent: str) -> bool:
    """Checks the list of crawler-user-agents. Its hundreds of expressions take up to half a millisecond, hence the cache."""
    return not agent.strip() or agent.lower().startswith(_LIBRARIES) or is_crawler(agent)
