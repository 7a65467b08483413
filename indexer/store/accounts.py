"""Accounts of the desk, and the invitations that make them.

The store keeps hashes: of passwords, which ``search_service/desk/passwords.py`` makes, and of the invitations' tokens. A token is
random and long, so its SHA-256 is enough.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, cast, get_args

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from indexer.store.dialects import for_writing, translated
from indexer.store.tables import accounts as table
from indexer.store.tables import desk_sessions, invitations, revisions

Role = Literal["editor", "admin"]
"""What an account may do: tend words, lists and articles, or everything."""

ROLES: Final[tuple[Role, ...]] = get_args(Role)

Refusal = Literal["void", "taken", "last_admin"]
"""Why a change was not made: the invitation does not work, the name is another's, nobody would be left to administrate."""

INVITED_FOR: Final = timedelta(hours=24)
"""How long an invitation works."""

_TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person who may use the desk. ``password`` is the hash. Times are in UTC."""

    id: int
    name: str
    role: Role
    password: str
    disabled: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An invitation that works. ``name``: the account that it makes, or whose password it sets; None if the guest chooses one."""

    role: Role
    name: str | None
    setup: bool
    expires_at: datetime


def new_token() -> str:
    """A text that nobody can guess: 43 characters that a URL or a cookie can hold."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def digest(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def stored_now() -> datetime:
    """The time in UTC without a zone, since SQLite and MySQL keep none."""
    return datetime.now(UTC).replace(tzinfo=None)


class AccountStore:
    """The accounts in one database. ``database.py`` opens it.

    Threads may share it, and processes share the database. Every method raises StoreUnavailable when the database fails, or
    stays locked by another process for too long.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = for_writing(engine)

    def any(self) -> bool:
        """Whether there is an account."""
        with translated(self._engine.url), self._engine.connect() as connection:
            return connection.execute(select(table.c.id).limit(1)).first() is not None

    def list(self) -> list[Account]:
        """All accounts, by name."""
        with translated(self._engine.url), self._engine.connect() as connection:
            return [
                account_of(row) for row in connection.execute(select(table).order_by(table.c.name))
            ]

    def find(self, name: str) -> Account | None:
        """The account of this name; None if there is none."""
        with translated(self._engine.url), self._engine.connect() as connection:
            return _find(connection, name)

    def get(self, account_id: int) -> Account | None:
        """The account with this id; None if there is none."""
        with translated(self._engine.url), self._engine.connect() as connection:
            return _get(connection, account_id)

    def invite(
        self,
        role: Role,
        *,
        name: str | None = None,
        setup: bool = False,
        invited_by: int | None = None,
    ) -> str:
        """Make an invitation, and return its token, which cannot be read again.

        With the name of an account it sets that account's password. Earlier ones of the same name no longer work. With ``setup`` it
        makes the first account, and earlier ones of this kind no longer work.

        ``invited_by`` is the id of the inviting account; None for the command line. The invitation works as long as that account is
        an admin who is not disabled. If it is none any more, the token does not work.
        """
        token, now = new_token(), stored_now()
        with translated(self._engine.url), self._writing.begin() as connection:
            _hold(connection)
            if invited_by is not None and not _administrates(_get(connection, invited_by)):
                return token
            connection.execute(delete(invitations).where(invitations.c.expires_at <= now))
            if setup:
                connection.execute(delete(invitations).where(invitations.c.setup.is_(True)))
            if name is not None:
                _void_invitations_of(connection, name)
            connection.execute(
                insert(invitations).values(
                    digest=digest(token),
                    role=role,
                    name=name,
                    setup=setup,
                    invited_by=invited_by,
                    expires_at=now + INVITED_FOR,
                )
            )
        return token

    def invitation(self, token: str) -> Invitation | None:
        """The invitation with this token; None if it is unknown, used, or too old."""
        with translated(self._engine.url), self._engine.connect() as connection:
            return _invitation(connection, token)

    def accept(self, token: str, *, name: str, password: str) -> Account | Refusal:
        """Use an invitation: make the account, or set its password and end its sessions. Others of its name no longer work.

        ``name`` counts if the invitation names nobody. Of several callers at the same time one succeeds.
        """
        with translated(self._engine.url), self._writing.begin() as connection:
            _hold(connection)
            invited = _invitation(connection, token)
            if invited is None or (invited.setup and _count(connection)):
                return "void"
            found = _find(connection, invited.name or name)
            if found is not None and invited.name is None:
                return "taken"
            connection.execute(delete(invitations).where(invitations.c.digest == digest(token)))
            _void_invitations_of(connection, invited.name or name)
            if found is not None:
                _set_password(connection, found.id, password)
                return found
            values = {
                "name": invited.name or name,
                "role": invited.role,
                "password": password,
                "disabled": False,
                "created_at": stored_now(),
            }
            (account_id,) = cast(
                Row[Any], connection.execute(insert(table).values(values)).inserted_primary_key
            )
            made = _get(connection, account_id)
        assert made is not None
        return made

    def set_password(self, account_id: int, password: str) -> None:
        """Change a password hash, and end the account's sessions."""
        with translated(self._engine.url), self._writing.begin() as connection:
            _set_password(connection, account_id, password)

    def change(
        self, account_id: int, *, role: Role | None = None, disabled: bool | None = None
    ) -> Account | Refusal | None:
        """Change the role of an account, or disable or enable it, and return it. None if there is no such account.

        The last admin who is not disabled stays one. A disabled account loses its sessions. The open invitations of an account
        that no longer administrates no longer work.
        """
        with translated(self._engine.url), self._writing.begin() as connection:
            _hold(connection)
            found = _get(connection, account_id)
            if found is None:
                return None
            new_role = found.role if role is None else role
            new_disabled = found.disabled if disabled is None else disabled
            mine = table.c.id == account_id
            others = select(table.c.id).where(
                ~mine, table.c.role == "admin", table.c.disabled.is_(False)
            )
            stays = new_role == "admin" and not new_disabled
            if not stays and connection.execute(others.limit(1)).first() is None:
                return "last_admin"
            connection.execute(
                update(table).where(mine).values(role=new_role, disabled=new_disabled)
            )
            if new_disabled:
                _end_sessions(connection, account_id)
            if not stays:
                connection.execute(
                    delete(invitations).where(invitations.c.invited_by == account_id)
                )
            return _get(connection, account_id)


def account_of(row: Row[Any]) -> Account:
    """The account that a row of the table holds, whatever else the row holds."""
    return Account(
        id=row.id,
        name=row.name,
        role=cast(Role, row.role),
        password=row.password,
        disabled=row.disabled,
        created_at=row.created_at.replace(tzinfo=UTC),
    )


def _hold(connection: Connection) -> None:
    """Keep out others that decide by the accounts as they are. For SQLite the transaction alone does it."""
    connection.execute(select(revisions.c.last).with_for_update())


def _count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _find(connection: Connection, name: str) -> Account | None:
    row = connection.execute(select(table).where(table.c.name == name)).one_or_none()
    return None if row is None else account_of(row)


def _get(connection: Connection, account_id: int) -> Account | None:
    row = connection.execute(select(table).where(table.c.id == account_id)).one_or_none()
    return None if row is None else account_of(row)


def _administrates(account: Account | None) -> bool:
    return account is not None and account.role == "admin" and not account.disabled


def _void_invitations_of(connection: Connection, name: str) -> None:
    connection.execute(delete(invitations).where(invitations.c.name == name))


def _set_password(connection: Connection, account_id: int, password: str) -> None:
    connection.execute(update(table).where(table.c.id == account_id).values(password=password))
    _end_sessions(connection, account_id)


def _end_sessions(connection: Connection, account_id: int) -> None:
    connection.execute(delete(desk_sessions).where(desk_sessions.c.account_id == account_id))


def _invitation(connection: Connection, token: str) -> Invitation | None:
    found = select(invitations).where(
        invitations.c.digest == digest(token), invitations.c.expires_at > stored_now()
    )
    row = connection.execute(found).one_or_none()
    if row is None:
        return None
    return Invitation(
        role=cast(Role, row.role),
        name=row.name,
        setup=row.setup,
        expires_at=row.expires_at.replace(tzinfo=UTC),
    )
