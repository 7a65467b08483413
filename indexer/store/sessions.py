"""Sessions of the desk as rows, and the attempts to log in, which are limited over all processes.

A cookie holds a random token, the row its SHA-256. Nothing else is signed or kept secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, Engine, and_, delete, func, insert, or_, select, update

from indexer.store.accounts import Account, account_of, digest, new_token, stored_now
from indexer.store.dialects import for_writing, translated
from indexer.store.tables import accounts, login_attempts
from indexer.store.tables import desk_sessions as table

LASTS: Final = timedelta(days=7)
"""How long a session lasts at most."""
IDLE: Final = timedelta(hours=12)
"""How long a session lasts without a request."""
SEEN_EVERY: Final = timedelta(minutes=1)
"""How exactly the row says when it was last used: a request that changes nothing shall not write."""

WINDOW: Final = timedelta(minutes=15)
"""The time in which attempts are counted."""
MOST_OF_BOTH: Final = 5
"""Attempts for one name from one address."""
MOST_OF_ADDRESS: Final = 30
"""Attempts from one address, where many people may sit."""
MOST_OF_NAME: Final = 100
"""Attempts for one name from everywhere. Many, so that a stranger cannot easily lock its owner out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser that is logged in. ``key`` names the row, ``csrf`` is the token of its forms, ``message`` waits to be shown."""

    key: str
    account: Account
    csrf: str
    message: str


class SessionStore:
    """The sessions in one database. ``database.py`` opens it. Its errors are those of ``AccountStore``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = for_writing(engine)

    def begin(self, account_id: int, *, instead_of: str | None = None) -> str:
        """Begin a session, and return its token. The session with the token ``instead_of`` ends. Sessions that are over are removed."""
        token, now = new_token(), stored_now()
        over = or_(table.c.expires_at <= now, table.c.seen_at <= now - IDLE)
        if instead_of is not None:
            over = or_(over, table.c.digest == digest(instead_of))
        with translated(self._engine.url), self._writing.begin() as connection:
            connection.execute(delete(table).where(over))
            connection.execute(
                insert(table).values(
                    digest=digest(token),
                    account_id=account_id,
                    csrf=new_token(),
                    message="",
                    seen_at=now,
                    expires_at=now + LASTS,
                )
            )
        return token

    def find(self, token: str) -> Session | None:
        """The session with this token, unless it is over or its account is disabled. One look, and a write a minute at most."""
        now = stored_now()
        found = (
            select(table.c.digest, table.c.csrf, table.c.message, table.c.seen_at, accounts)
            .join(accounts, accounts.c.id == table.c.account_id)
            .where(
                table.c.digest == digest(token),
                table.c.expires_at > now,
                table.c.seen_at > now - IDLE,
                accounts.c.disabled.is_(False),
            )
        )
        with translated(self._engine.url), self._engine.connect() as connection:
            row = connection.execute(found).one_or_none()
        if row is None:
            return None
        if row.seen_at <= now - SEEN_EVERY:
            self._update(row.digest, seen_at=now)
        return Session(key=row.digest, account=account_of(row), csrf=row.csrf, message=row.message)

    def tell(self, key: str, message: str) -> None:
        """Keep a message for the next page of a session. Without text, none waits any longer."""
        self._update(key, message=message)

    def end(self, key: str) -> None:
        """End a session."""
        with translated(self._engine.url), self._writing.begin() as connection:
            connection.execute(delete(table).where(table.c.digest == key))

    def _update(self, key: str, **values: object) -> None:
        with translated(self._engine.url), self._writing.begin() as connection:
            connection.execute(update(table).where(table.c.digest == key).values(**values))


class AttemptStore:
    """The attempts to log in that did not succeed. ``database.py`` opens it. Its errors are those of ``AccountStore``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = for_writing(engine)

    def begin(self, name: str, address: str) -> int:
        """Note an attempt. Returns 0 if it may be made, else the seconds to wait.

        It is noted before it is counted, so of many at the same time no more than the limit are made.
        """
        now = stored_now()
        mine = {"name": digest(name), "address": address[:64], "at": now}
        with translated(self._engine.url), self._writing.begin() as connection:
            connection.execute(delete(login_attempts).where(login_attempts.c.at <= now - WINDOW))
            noted = connection.execute(insert(login_attempts).values(mine)).inserted_primary_key
        of_name = login_attempts.c.name == mine["name"]
        of_address = login_attempts.c.address == mine["address"]
        limits: tuple[tuple[ColumnElement[bool], int], ...] = (
            (and_(of_name, of_address), MOST_OF_BOTH),
            (of_address, MOST_OF_ADDRESS),
            (of_name, MOST_OF_NAME),
        )
        with translated(self._engine.url), self._writing.begin() as connection:
            for these, most in limits:
                count, first = connection.execute(
                    select(func.count(), func.min(login_attempts.c.at)).where(these)
                ).one()
                if count > most:
                    # A refused attempt does not count: whoever keeps trying waits no longer than others.
                    connection.execute(
                        delete(login_attempts).where(login_attempts.c.id == (noted or (0,))[0])
                    )
                    return max(1, int((first + WINDOW - stored_now()).total_seconds()) + 1)
        return 0

    def forgive(self, name: str, address: str) -> None:
        """Forget the attempts for this name from this address: one of them succeeded."""
        mine = and_(login_attempts.c.name == digest(name), login_attempts.c.address == address[:64])
        with translated(self._engine.url), self._writing.begin() as connection:
            connection.execute(delete(login_attempts).where(mine))
