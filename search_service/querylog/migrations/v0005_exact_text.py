"""For MariaDB and MySQL: texts that differ in trailing blanks are different, and times have microseconds.

The other databases need no change.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0005"
down_revision = "0004"

_TEXTS = (
    ("queries", "query", 100, False),
    ("queries", "text", 100, False),
    ("clicks", "query", 100, True),
    ("clicks", "article_id", 256, False),
    ("query_days", "query", 100, False),
    ("query_days", "text", 100, False),
    ("views", "article_id", 256, False),
    ("viewers", "article_id", 256, False),
)
"""A table, its column, the column's length, and whether it may be NULL."""

_TIMES = (
    ("queries", "asked_at"),
    ("clicks", "clicked_at"),
    ("views", "began_at"),
    ("viewers", "viewed_at"),
)


def upgrade() -> None:
    """Change the types of columns."""
    dialect = op.get_bind().dialect
    if not isinstance(dialect, mysql.dialect):
        return
    collation = "utf8mb4_nopad_bin" if dialect.is_mariadb else "utf8mb4_0900_bin"
    for table, column, length, nullable in _TEXTS:
        op.alter_column(
            table,
            column,
            existing_type=mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"),
            type_=mysql.VARCHAR(length, charset="utf8mb4", collation=collation),
            existing_nullable=nullable,
        )
    for table, column in _TIMES:
        op.alter_column(
            table,
            column,
            existing_type=sa.DateTime(),
            type_=mysql.DATETIME(fsp=6),
            existing_nullable=False,
        )
