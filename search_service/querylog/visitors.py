"""Who searches: known for a day by a salted hash, and never by anything else. Programs are told from people."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from secrets import token_hex
from typing import Final

from crawleruseragents import is_crawler

_LIBRARIES: Final = ("java/", "php/", "guzzlehttp/", "werkzeug/")
"""How agents begin that are libraries and not in the list of crawlers; a portal's back end passes its reader's on."""

_HASH_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever asks, as a request tells it. It lives in memory until its entry is written, and is not written itself."""

    address: str
    agent: str

    def hashed(self, salt: str) -> str:
        """24 hex digits that are the same for the same visitor and salt, and tell nothing without the salt."""
        return _hash(f"{self.address}\0{self.agent}", salt)

    def hashed_network(self, salt: str) -> str:
        """24 such digits of the visitor's network: what one household, office or attacker easily has to itself.

        That is the first 24 bits of an IPv4 address and the first 64 of an IPv6 address.
        """
        return _hash(_network(self.address), salt)

    @property
    def is_program(self) -> bool:
        """A crawler, a monitor, a library, or whatever does not say what it is."""
        return _is_program(self.agent)


def new_salt() -> str:
    """A random salt: 64 hex digits."""
    return token_hex(32)


def _hash(told: str, salt: str) -> str:
    key = bytes.fromhex(salt)
    return blake2b(told.encode("utf-8", "replace"), key=key, digest_size=_HASH_BYTES).hexdigest()


def _network(text: str) -> str:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return text
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    bits = 24 if isinstance(address, IPv4Address) else 64
    return str(ip_network(f"{address}/{bits}", strict=False))


@lru_cache(maxsize=4096)
def _is_program(agent: str) -> bool:
    """By the list of crawler-user-agents, whose hundreds of expressions take up to half a millisecond."""
    return not agent.strip() or agent.lower().startswith(_LIBRARIES) or is_crawler(agent)
