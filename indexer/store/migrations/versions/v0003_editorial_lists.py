"""The editorial lists, and the counter of changes to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make both tables, and the counter's one row."""
    op.create_table(
        "editorial_entries",
        sa.Column("list_name", sa.String(16), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("line", sa.Text, nullable=False),
        mysql_charset="utf8mb4",
    )
    versions = op.create_table(
        "editorial_versions",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("last", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(versions, [{"id": 1, "last": 0}])
