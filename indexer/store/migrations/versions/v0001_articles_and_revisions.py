"""The tables of the first release: articles, and the counter of revisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make both tables, and the counter's one row."""
    op.create_table(
        "articles",
        sa.Column(
            "id",
            sa.String(128).with_variant(
                mysql.VARCHAR(128, charset="ascii", collation="ascii_bin"), "mysql", "mariadb"
            ),
            primary_key=True,
        ),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("content_hash", sa.String(32), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("channel", sa.String(1000), nullable=False),
        sa.Column("published_at", sa.DateTime),
        sa.Column(
            "document",
            sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"),
            nullable=False,
        ),
        mysql_charset="utf8mb4",
    )
    op.create_index("articles_revision", "articles", ["revision"], unique=True)
    op.create_index("articles_deleted", "articles", ["deleted"])
    revisions = op.create_table(
        "revisions",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("last", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(revisions, [{"id": 1, "last": 0}])
