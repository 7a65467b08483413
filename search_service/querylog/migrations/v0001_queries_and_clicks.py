"""The tables of the first release: queries, clicks, the counts of each day, and the salt of the day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None

_EXACT_TEXT = sa.String(100).with_variant(
    mysql.VARCHAR(100, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
)
_ID = sa.String(128).with_variant(
    mysql.VARCHAR(128, charset="ascii", collation="ascii_bin"), "mysql", "mariadb"
)


def upgrade() -> None:
    """Make the four tables."""
    op.create_table(
        "queries",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("asked_at", sa.DateTime, nullable=False),
        sa.Column("query", _EXACT_TEXT, nullable=False),
        sa.Column("text", _EXACT_TEXT, nullable=False),
        sa.Column("rung", sa.String(16), nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("page", sa.Integer, nullable=False),
        sa.Column("visitor", sa.String(24), nullable=False),
        sa.Column("plain", sa.Boolean, nullable=False),
        sa.Column("counted", sa.Boolean, nullable=False),
        mysql_charset="utf8mb4",
    )
    op.create_index("queries_asked_at", "queries", ["asked_at"])
    op.create_index("queries_visitor", "queries", ["visitor", "asked_at"])
    op.create_table(
        "clicks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("clicked_at", sa.DateTime, nullable=False),
        sa.Column("query_id", sa.String(16)),
        sa.Column("query", _EXACT_TEXT),
        sa.Column("article_id", _ID, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("visitor", sa.String(24), nullable=False),
        mysql_charset="utf8mb4",
    )
    op.create_index("clicks_clicked_at", "clicks", ["clicked_at"])
    op.create_table(
        "query_days",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("query", _EXACT_TEXT, primary_key=True),
        sa.Column("text", _EXACT_TEXT, nullable=False),
        sa.Column("searches", sa.Integer, nullable=False),
        sa.Column("visitors", sa.Integer, nullable=False),
        sa.Column("clicks", sa.Integer, nullable=False),
        sa.Column("found", sa.Boolean, nullable=False),
        mysql_charset="utf8mb4",
    )
    op.create_table(
        "salts",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("salt", sa.String(64), nullable=False),
    )
