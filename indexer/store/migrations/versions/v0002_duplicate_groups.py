"""Duplicate groups: the number of each article's group, the keys that find duplicates, aliases of numbers.

Articles already in the store have no keys afterwards. ``python -m indexer regroup`` makes them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add two columns to the articles, and make both tables."""
    op.add_column("articles", sa.Column("duplicate_group", sa.BigInteger))
    op.add_column("articles", sa.Column("duplicate_keys", sa.LargeBinary))
    op.create_index("articles_duplicate_group", "articles", ["duplicate_group"])
    op.create_table(
        "duplicate_keys",
        sa.Column("hash", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column(
            "article_id",
            sa.String(128).with_variant(
                mysql.VARCHAR(128, charset="ascii", collation="ascii_bin"), "mysql", "mariadb"
            ),
            primary_key=True,
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "duplicate_aliases",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("merged_into", sa.BigInteger, nullable=False),
    )
