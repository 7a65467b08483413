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

SCHEMA: Final = "0003"
"""The newest migration, which the row of ``alembic_version`` must name."""

# By default MySQL ignores case when it compares text, and its TEXT ends at 64 KB.
_ID = String(128).with_variant(
    mysql.VARCHAR(128, charset="ascii", collation="ascii_bin"), "mysql", "mariadb"
)
_DOCUMENT = Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")

metadata = MetaData()

articles: Final = Table(
    "articles",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("content_hash", String(32), nullable=False),
    Column("status", String(16), nullable=False),
    Column("channel", String(1000), nullable=False),
    Column("published_at", DateTime),
    Column("document", _DOCUMENT, nullable=False),
    Column("duplicate_group", BigInteger),
    Column("duplicate_keys", LargeBinary),
    Index("articles_duplicate_group", "duplicate_group"),
    Index("articles_revision", "revision", unique=True),
    Index("articles_deleted", "deleted"),
)
"""One row for each id that was ever stored.

``document`` is the whole article as JSON. The columns before it repeat values for queries in the database.
``published_at`` is UTC without a zone, since SQLite and MySQL keep none. In a tombstone only ``id`` and ``revision`` mean
anything; its ``content_hash`` and ``document`` are empty. ``duplicate_group`` is the article's number, NULL without a group.
``duplicate_keys`` are its keys, 8 bytes each, NULL if they were not made yet, as in articles of releases without keys.
"""

duplicate_keys: Final = Table(
    "duplicate_keys",
    metadata,
    Column("hash", BigInteger, primary_key=True, autoincrement=False),
    Column("article_id", _ID, primary_key=True),
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
"""One row: the highest revision taken. Whoever changes articles holds its lock until the commit."""

editorial_entries: Final = Table(
    "editorial_entries",
    metadata,
    Column("list_name", String(16), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("line", Text, nullable=False),
)
"""One row for each entry of the editorial lists, in order, as the line that ``indexer/editorial.py`` reads."""

editorial_versions: Final = Table(
    "editorial_versions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)
"""One row: how often the lists were changed. Whoever changes them holds its lock until the commit."""
