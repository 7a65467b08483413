"""The tables of the article store, as SQLAlchemy sees them.

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
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects import mysql

SCHEMA: Final = "0001"
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
    Index("articles_revision", "revision", unique=True),
    Index("articles_deleted", "deleted"),
)
"""One row for each id that was ever stored.

``document`` is the whole article as JSON; the columns before it repeat what people ask a database for.
``published_at`` is UTC without a zone, which SQLite and MySQL do not keep. Of a tombstone only ``id`` and
``revision`` say anything; its ``content_hash`` and ``document`` are empty.
"""

revisions: Final = Table(
    "revisions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)
"""One row: the highest revision given out. Who changes articles holds its lock until the commit."""
