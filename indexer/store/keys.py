"""API keys in the store: who may use the service over HTTP, for what, until when, how often, and on which pages.

The store keeps the SHA-256 of a key and never the key. A key is random and long, so a slow hash would add nothing: nobody can
try all keys. ``search_service/web/access.py`` decides what a key is good for.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, cast, get_args

from sqlalchemy import ColumnElement, Engine, Row, and_, insert, or_, select, update

from indexer.store.dialects import for_writing, translated
from indexer.store.tables import api_keys as table

Scope = Literal["search", "write", "admin"]
"""What a key is good for: reading, changing articles, or everything."""

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)

KeyState = Literal["active", "expired", "revoked"]

KEY_BYTES: Final = 32
"""Random bytes in a key: as many as its SHA-256 has."""

NAME_LENGTH: Final = 200
"""Maximum number of characters of a key's name: the width of its column."""

MOST_PER_MINUTE: Final = 1_000_000
"""The highest limit that a key can have."""

MOST_ORIGINS: Final = 50
"""Maximum number of origins of a key."""

_PREFIX: Final = "ssk"
"""How every key begins: "search service key". Scanners for leaked keys look for it."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key without its text. Times are in UTC, to the second.

    ``requests_per_minute`` is how often it may be used; None: at any rate. A key with ``origins``, such as
    ``https://www.example.com``, is for pages of these origins only; one without is for any program.
    """

    id: int
    name: str
    scope: Scope
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    requests_per_minute: int | None
    origins: tuple[str, ...]

    def state(self, now: datetime) -> KeyState:
        """Whether the key works at ``now``. A revoked key never works again, whatever the clock says."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"


class KeyStore:
    """The keys in one database. ``database.py`` opens it.

    Threads may share it, and processes share the database. Every method raises StoreUnavailable when the database fails, or
    stays locked by another process for too long.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = for_writing(engine)

    def create(
        self,
        name: str,
        scope: Scope,
        days: int | None = None,
        *,
        requests_per_minute: int | None = None,
        origins: tuple[str, ...] = (),
    ) -> tuple[str, ApiKey]:
        """Make a key, and return it with its facts. Its text is ``ssk_SCOPE_`` and 43 characters, and cannot be read again.

        ``name`` has at most NAME_LENGTH characters. The key expires after ``days`` days; without ``days`` it never does.
        ``requests_per_minute`` is at most MOST_PER_MINUTE. There are at most MOST_ORIGINS ``origins``, spelt as browsers send them.
        """
        text = f"{_PREFIX}_{scope}_{secrets.token_urlsafe(KEY_BYTES)}"
        now = _stored(datetime.now(UTC))
        facts = {
            "name": name,
            "scope": scope,
            "digest": _digest(text),
            "created_at": now,
            "expires_at": None if days is None else now + timedelta(days=days),
            "revoked_at": None,
            "requests_per_minute": requests_per_minute,
            "origins": " ".join(origins) or None,
        }
        with translated(self._engine.url), self._writing.begin() as connection:
            connection.execute(insert(table).values(facts))
            made = connection.execute(select(table).where(table.c.digest == facts["digest"])).one()
        return text, _key(made)

    def find(self, text: str) -> ApiKey | None:
        """The key with this text, in whatever state; None if there is none. One look into an index.

        The look-up compares digests. Its time tells nothing about the text of a key.
        """
        query = select(table).where(table.c.digest == _digest(text))
        with translated(self._engine.url), self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _key(row)

    def list(self) -> list[ApiKey]:
        """All keys that were ever made, oldest first."""
        with translated(self._engine.url), self._engine.connect() as connection:
            return [_key(row) for row in connection.execute(select(table).order_by(table.c.id))]

    def revoke(self, key_id: int) -> ApiKey | None:
        """Revoke a key for good, and return it; None if the id is unknown. A revoked key keeps the time of its revocation."""
        mine = table.c.id == key_id
        now = _stored(datetime.now(UTC))
        with translated(self._engine.url), self._writing.begin() as connection:
            connection.execute(
                update(table).where(mine, table.c.revoked_at.is_(None)).values(revoked_at=now)
            )
            row = connection.execute(select(table).where(mine)).one_or_none()
        return None if row is None else _key(row)

    def any_active(self, scopes: tuple[Scope, ...], now: datetime) -> bool:
        """Whether a key of one of these scopes works at ``now``. O(keys)."""
        query = select(table.c.id).where(table.c.scope.in_(scopes), _is_active(now)).limit(1)
        with translated(self._engine.url), self._engine.connect() as connection:
            return connection.execute(query).first() is not None

    def origins(self, now: datetime) -> frozenset[str]:
        """The origins of all keys that work at ``now``. O(keys)."""
        query = select(table.c.origins).where(table.c.origins.is_not(None), _is_active(now))
        with translated(self._engine.url), self._engine.connect() as connection:
            lists = connection.execute(query).scalars().all()
        return frozenset(each for origins in lists for each in origins.split())

    def close(self) -> None:
        """Close the idle connections. The others close when they are given back."""
        self._engine.dispose()


def _is_active(now: datetime) -> ColumnElement[bool]:
    """The condition in SQL that a key works at ``now``, as ``ApiKey.state`` says it."""
    lasts = or_(table.c.expires_at.is_(None), table.c.expires_at > _stored(now))
    return and_(table.c.revoked_at.is_(None), lasts)


def _digest(text: str) -> str:
    # A header may hold anything. What is no valid text is no key either.
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _stored(time: datetime) -> datetime:
    """A time as the table keeps it: UTC without a zone. MySQL keeps whole seconds only, so every database does."""
    return time.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def _read(time: datetime | None) -> datetime | None:
    return time and time.replace(tzinfo=UTC)


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        row.id,
        row.name,
        cast(Scope, row.scope),
        row.created_at.replace(tzinfo=UTC),
        _read(row.expires_at),
        _read(row.revoked_at),
        row.requests_per_minute,
        tuple((row.origins or "").split()),
    )
