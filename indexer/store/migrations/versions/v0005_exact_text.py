"""For MariaDB and MySQL: every text is equal to itself only, long texts fit, times have microseconds.

Earlier releases left out the character set of tables if the URL began with mariadb: instead of mysql:. The other databases need no
change.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects.mysql.base import MySQLDialect

revision = "0005"
down_revision = "0004"

_TABLES = ("articles", "duplicate_keys", "editorial_entries", "api_keys", "jobs")
_LONG = (
    ("editorial_entries", "line"),
    ("jobs", "arguments"),
    ("jobs", "outcome"),
    ("jobs", "rejections"),
)
_TIMES = (
    ("articles", "published_at", True),
    ("jobs", "created_at", False),
    ("jobs", "started_at", True),
    ("jobs", "phase_started_at", True),
    ("jobs", "heartbeat_at", True),
    ("jobs", "finished_at", True),
)
"""A table, its column, and whether it may be NULL."""


def upgrade() -> None:
    """Convert the tables, and change the types of columns."""
    dialect = op.get_bind().dialect
    if not isinstance(dialect, MySQLDialect):
        return
    exact = "utf8mb4_nopad_bin" if dialect.is_mariadb else "utf8mb4_0900_bin"
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} CONVERT TO CHARACTER SET utf8mb4 COLLATE {exact}")
    for table, column in _LONG:
        op.alter_column(
            table,
            column,
            existing_type=sa.Text(),
            type_=mysql.LONGTEXT(charset="utf8mb4", collation=exact),
            existing_nullable=False,
        )
    for table, column, nullable in _TIMES:
        op.alter_column(
            table,
            column,
            existing_type=sa.DateTime(),
            type_=mysql.DATETIME(fsp=6),
            existing_nullable=nullable,
        )
