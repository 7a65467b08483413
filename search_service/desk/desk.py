"""The desk's use cases that need only the store: who may come in, and the log of what they do there.

A view calls one of them and renders the answer. Every use raises StoreUnavailable while the store cannot be used.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from indexer.errors import QueryLogUnavailable, StoreUnavailable
from indexer.generations import Generations
from indexer.settings import IndexSettings
from indexer.store.accounts import Account, Refusal, Role
from indexer.store.audit import COMMAND_LINE
from indexer.store.database import DeskStore, open_desk
from indexer.store.sessions import Session
from indexer.store.tables import NAME_LENGTH
from search_service.desk import passwords
from search_service.desk.actions import Action
from search_service.desk.uploads import Uploads
from search_service.live.reopening import LOCK_PATIENCE, Reopened
from search_service.querylog.by_day import QueryDays
from search_service.settings import SearchSettings

_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A session begins, and its cookie shall hold this token."""

    token: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Too many attempts were made. The next one is possible after these seconds."""

    seconds: int


class Desk:
    """The desk of one store. Safe to share between threads; one for each process. Nothing is opened before the first use."""

    def __init__(
        self,
        store_url: str,
        generations: Generations,
        *,
        uploads: Path,
        query_days: QueryDays | None = None,
    ) -> None:
        """``uploads`` is the folder for files that are being imported. Without ``query_days`` no searches are told of."""
        self.store: Reopened[DeskStore] = Reopened(
            partial(open_desk, store_url, existing=True, patience=LOCK_PATIENCE)
        )
        self.generations = generations
        self.uploads = Uploads(uploads)
        self.query_days = query_days

    def close(self) -> None:
        """Close the databases. The next use opens them again."""
        self.store.close()
        if self.query_days is not None:
            self.query_days.close()

    def of_days(self, read: Callable[[QueryDays], _Read]) -> _Read | None:
        """What ``read`` reads of the query log; None if that is off or cannot be read."""
        if self.query_days is None:
            return None
        try:
            return read(self.query_days)
        except (StoreUnavailable, QueryLogUnavailable):
            return None

    def is_new(self) -> bool:
        """Whether nobody can log in, because there is no account yet."""
        with self.store.use() as store:
            return not store.accounts.any()

    def session(self, token: str) -> Session | None:
        """The session of a cookie; None if it is over."""
        with self.store.use() as store:
            return store.sessions.find(token)

    def log_in(
        self, name: str, password: str, address: str, *, instead_of: str | None = None
    ) -> LoggedIn | Wait | None:
        """Begin a session; None if the name or the password is wrong. ``instead_of`` is the token of the browser's session, which ends.

        Whether a name exists shows neither in the answer nor in the time that it takes.
        """
        with self.store.use() as store:
            if seconds := store.attempts.begin(name, address):
                return Wait(seconds)
            account = store.accounts.find(name) if is_name(name) else None
            right = passwords.is_right(password, account.password if account else None)
            if account is None or not right or account.disabled:
                return None
            store.attempts.forgive(name, address)
            store.audit.note(account.name, "session.begin", address=address)
            return LoggedIn(store.sessions.begin(account.id, instead_of=instead_of))

    def log_out(self, session: Session) -> None:
        """End a session."""
        with self.store.use() as store:
            store.sessions.end(session.key)
            store.audit.note(session.account.name, "session.end")

    def accept(
        self, token: str, *, name: str, password: str, instead_of: str | None = None
    ) -> LoggedIn | Refusal:
        """Make the account of an invitation, or set its password, and begin a session. ``instead_of`` is as for ``log_in``."""
        hashed = passwords.hash_of(password)
        with self.store.use() as store:
            account = store.accounts.accept(token, name=name, password=hashed)
            if not isinstance(account, Account):
                return account
            action: Action = "account.make" if account.password == hashed else "password.reset"
            store.audit.note(account.name, action, account.name, role=account.role)
            return LoggedIn(store.sessions.begin(account.id, instead_of=instead_of))

    def change_password(
        self, session: Session, *, old: str, new: str, address: str
    ) -> LoggedIn | Wait | None:
        """Change a password: all its sessions end, and a new one begins. None if the old password is wrong."""
        account = session.account
        with self.store.use() as store:
            if seconds := store.attempts.begin(account.name, address):
                return Wait(seconds)
            if not passwords.is_right(old, account.password):
                return None
            store.attempts.forgive(account.name, address)
            store.accounts.set_password(account.id, passwords.hash_of(new))
            store.audit.note(account.name, "password.change")
            return LoggedIn(store.sessions.begin(account.id))

    def note(self, session: Session, action: Action, subject: str = "", **details: Any) -> None:
        """Note in the log what an account did. ``details`` are JSON values."""
        with self.store.use() as store:
            store.audit.note(session.account.name, action, subject, **details)

    def tell(self, session: Session, message: str) -> None:
        """Keep a message for the next page of a session."""
        with self.store.use() as store:
            store.sessions.tell(session.key, message)


def make_desk(settings: IndexSettings, searching: SearchSettings) -> Desk:
    """The desk over the store and the index that the settings name. They need not exist yet."""
    log = searching.querylog_url
    return Desk(
        settings.store_url,
        Generations(settings.index_dir),
        uploads=searching.uploads,
        query_days=QueryDays(log, settings.timezone) if log else None,
    )


def is_name(text: str) -> bool:
    """Whether a text may be the name of an account. The name of the command line may not: the log would not tell who it was."""
    fits = 0 < len(text) <= NAME_LENGTH and text.isprintable() and text == normal_name(text)
    return fits and text != COMMAND_LINE


def normal_name(text: str) -> str:
    """A name as it is kept, whichever way a keyboard composes its characters, and without blanks around it."""
    return unicodedata.normalize("NFC", text).strip()


def setup_token(store_url: str) -> str | None:
    """The token of a new link for the first account, which makes earlier ones void; None if there is an account."""
    store = open_desk(store_url)
    try:
        return None if store.accounts.any() else store.accounts.invite("admin", setup=True)
    finally:
        store.close()


def invite(store_url: str, role: Role, name: str | None) -> str:
    """The token of a new link for an account, or for the password of the account of this name."""
    store = open_desk(store_url)
    try:
        return store.accounts.invite(role, name=name)
    finally:
        store.close()
