"""The tables of the store, as SQLAlchemy sees them.

What a database really holds is made by ``migrations/``; a test holds the two together. A change here needs a new
migration and a new SCHEMA. So does a new field of ``Article``, although it lives inside ``document``: an older
release cannot read such a document, and the version is how it learns that.
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
"""The newest migration: what the row of ``alembic_version`` must say."""

# MySQL compares text without regard to case unless told, and its TEXT ends at 64 KB.
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

``document`` is the whole article as JSON; the columns before it repeat what people ask a database for.
``published_at`` is UTC without a zone, which SQLite and MySQL do not keep. Of a tombstone only ``id`` and
``revision`` say anything; its ``content_hash`` and ``document`` are empty. ``duplicate_group`` is the number that the
article was given, NULL for one that is alone; ``duplicate_keys`` are its keys, 8 bytes each, NULL where they were not
made yet: those of articles from before there were any.
"""

duplicate_keys: Final = Table(
    "duplicate_keys",
    metadata,
    Column("hash", BigInteger, primary_key=True, autoincrement=False),
    Column("article_id", _ID, primary_key=True),
    sqlite_with_rowid=False,
)
"""The articles by their keys (see ``indexer/store/duplicates.py``): what may be the same text shares one."""

duplicate_aliases: Final = Table(
    "duplicate_aliases",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("merged_into", BigInteger, nullable=False),
)
"""Numbers of duplicate groups that turned out to be one with an older group; that one is never an alias itself."""

revisions: Final = Table(
    "revisions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)
"""One row: the highest revision given out. Who changes articles holds its lock until the commit."""

editorial_entries: Final = Table(
    "editorial_entries",
    metadata,
    Column("list_name", String(16), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("line", Text, nullable=False),
)
"""One row for each entry of the lists that editors keep, in order, as the line that ``indexer/editorial.py`` reads."""

editorial_versions: Final = Table(
    "editorial_versions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)
"""One row: how often the lists were changed. Who changes them holds its lock until the commit."""
