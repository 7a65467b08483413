"""The tables of the store, for SQLAlchemy.

``migrations/`` makes the real tables; a test compares the two. A change here needs a new migration and a new SCHEMA. A new
field of ``Article`` needs them too, although the column ``document`` holds it: an older release cannot read such a document,
and SCHEMA tells it to refuse the database.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

SCHEMA: Final = "0010"
"""The newest migration, which the row of ``alembic_version`` must name."""


def exact_text(length: int) -> TypeEngine[str]:
    """The type of a text that is only equal to itself.

    By default MariaDB and MySQL ignore case, accents and trailing blanks when they compare text. Of MySQL the migrations choose
    the collation utf8mb4_0900_bin, which is of the same kind.
    """
    on_mysql = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_nopad_bin")
    return String(length).with_variant(on_mysql, "mysql", "mariadb")


ID: Final = exact_text(256)
"""The type of an article's id."""
MOMENT: Final = DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
"""The type of a time to the microsecond, in UTC without a zone. MariaDB and MySQL would keep whole seconds, and no zone."""
_LONG_TEXT = Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
"""Their TEXT ends at 64 KB."""

metadata = MetaData()

articles: Final = Table(
    "articles",
    metadata,
    Column("id", ID, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("content_hash", String(32), nullable=False),
    Column("status", String(16), nullable=False),
    Column("channel", String(1000), nullable=False),
    Column("published_at", MOMENT),
    Column("document", _LONG_TEXT, nullable=False),
    Column("duplicate_group", BigInteger),
    Column("duplicate_keys", LargeBinary),
    Column("changed_at", BigInteger),
    Index("articles_duplicate_group", "duplicate_group"),
    Index("articles_revision", "revision", unique=True),
    Index("articles_state", "deleted", "status"),
)
"""One row for each id that was ever stored.

``document`` is the whole article as JSON. The columns before it repeat values for queries in the database.
``published_at`` is UTC without a zone, since SQLite and MySQL keep none. In a tombstone only ``id`` and ``revision`` mean
anything; its ``content_hash`` and ``document`` are empty. ``duplicate_group`` is the article's number, NULL without a group.
``duplicate_keys`` are its keys, 8 bytes each, NULL if they were not made yet, as in articles of releases without keys.
``changed_at`` is when the row took its revision, in milliseconds since 1970; NULL if an older release wrote it.
"""

duplicate_keys: Final = Table(
    "duplicate_keys",
    metadata,
    Column("hash", BigInteger, primary_key=True, autoincrement=False),
    Column("article_id", ID, primary_key=True),
    sqlite_with_rowid=False,
)
"""The articles by their keys (see ``indexer/store/duplicates.py``). Articles that may be the same text share a key."""

duplicate_aliases: Final = Table(
    "duplicate_aliases",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("merged_into", BigInteger, nullable=False),
)
"""Numbers of duplicate groups that were merged into an older group. The older number is never an alias itself."""

revisions: Final = Table(
    "revisions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)
"""One row: the highest revision taken. Whoever changes articles holds its lock until the commit. So does whoever adds a job that
must be the only one of its kind."""

editorial_entries: Final = Table(
    "editorial_entries",
    metadata,
    Column("list_name", String(16), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("line", _LONG_TEXT, nullable=False),
)
"""One row for each entry of the editorial lists, in order, as the line that ``indexer/editorial.py`` reads."""

editorial_versions: Final = Table(
    "editorial_versions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)
"""One row: how often the lists were changed. Whoever changes them holds its lock until the commit."""

api_keys: Final = Table(
    "api_keys",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("scope", String(16), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("expires_at", DateTime),
    Column("revoked_at", DateTime),
    Column("requests_per_minute", Integer),
    Column("origins", Text),
    Index("api_keys_digest", "digest", unique=True),
)
"""One row for each API key that was ever made. ``digest`` is the key's SHA-256 in hex; the key itself is kept nowhere.
``requests_per_minute`` is NULL for a key without a limit. ``origins`` are parted by blanks, NULL for a key without origins.
Times are UTC without a zone.
"""

jobs: Final = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("arguments", _LONG_TEXT, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("cancel", Boolean, nullable=False),
    Column("phase", String(32), nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("started_at", MOMENT),
    Column("phase_started_at", MOMENT),
    Column("heartbeat_at", MOMENT),
    Column("finished_at", MOMENT),
    Column("outcome", _LONG_TEXT, nullable=False),
    Column("rejections", _LONG_TEXT, nullable=False),
    Column("every_seconds", Integer),
    Column("due_at", MOMENT),
    Column("last_end", String(16)),
    Index("jobs_state", "state"),
)
"""One row for each job. ``arguments``, ``rejections`` and ``outcome`` are JSON, but the outcome is empty before the end, and plain text
in rows of older releases. ``attempts`` counts the starts,
without those that ended because the service was stopped. ``cancel``: somebody asked the runner to stop. Times are UTC without a zone.

A job with ``every_seconds`` is queued again after each run, until ``due_at``. ``last_end`` is then how its last run ended, of which
``outcome`` and ``rejections`` tell.
"""

runner: Final = Table(
    "runner",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("process", BigInteger),
    Column("host", String(255), nullable=False),
    Column("kernel", String(64), nullable=False),
    Column("seen_at", MOMENT),
)
"""One row: the process that runs jobs, NULL if none does. ``number`` counts the runners that there were. ``seen_at`` is its last sign of
life, in UTC without a zone. Whoever becomes the runner, or writes as the runner, holds the row's lock until the commit.
"""

watermarks: Final = Table(
    "watermarks",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("reached", Text, nullable=False),
)
"""How far each source was read that can go on where it ended (``Incremental`` in ``indexer/sources/base.py``), under its identity."""

NAME_LENGTH: Final = 64
"""Maximum number of characters of an account's name."""

accounts: Final = Table(
    "accounts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", exact_text(NAME_LENGTH), nullable=False),
    Column("role", String(16), nullable=False),
    Column("password", String(200), nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Index("accounts_name", "name", unique=True),
)
"""One row for each person who may use the desk. ``password`` is a hash. An account is disabled and never deleted."""

desk_sessions: Final = Table(
    "desk_sessions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("account_id", Integer, nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("message", _LONG_TEXT, nullable=False),
    Column("seen_at", MOMENT, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    Index("desk_sessions_account", "account_id"),
)
"""One row for each browser that is logged in, under the SHA-256 of its cookie. ``message`` is shown on its next page."""

invitations: Final = Table(
    "invitations",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("name", exact_text(NAME_LENGTH)),
    Column("setup", Boolean, nullable=False),
    Column("invited_by", Integer),
    Column("expires_at", MOMENT, nullable=False),
)
"""One row for each link that makes an account, or sets its password, under the SHA-256 of its token. It is deleted when used.
Without ``name`` the guest chooses one. ``setup``: printed at a start, for the first account. ``invited_by``: the id of an account;
NULL if the command line made it.
"""

login_attempts: Final = Table(
    "login_attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("address", String(64), nullable=False),
    Column("at", MOMENT, nullable=False),
    Index("login_attempts_at", "at"),
)
"""One row for each attempt to log in that has not succeeded. ``name`` is a SHA-256: people type passwords where a name belongs."""

audit_log: Final = Table(
    "audit_log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", MOMENT, nullable=False),
    Column("who", exact_text(NAME_LENGTH), nullable=False),
    Column("action", String(32), nullable=False),
    Column("subject", _LONG_TEXT, nullable=False),
    Column("details", _LONG_TEXT, nullable=False),
    Index("audit_log_who", "who"),
)
"""One row for each change by the desk: the account's name, what was done to what, and JSON about it."""
