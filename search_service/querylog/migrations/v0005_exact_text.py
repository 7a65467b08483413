"""For MariaDB and MySQL: every text is equal to itself only, and times have microseconds.

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

_TABLES = ("queries", "clicks", "query_days", "views", "viewers")
_TIMES = (
    ("queries", "asked_at"),
    ("clicks", "clicked_at"),
    ("views", "began_at"),
    ("viewers", "viewed_at"),
)


def upgrade() -> None:
    """Convert the tables, and change the types of columns."""
    dialect = op.get_bind().dialect
    if not isinstance(dialect, MySQLDialect):
        return
    exact = "utf8mb4_nopad_bin" if dialect.is_mariadb else "utf8mb4_0900_bin"
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} CONVERT TO CHARACTER SET utf8mb4 COLLATE {exact}")
    for table, column in _TIMES:
        op.alter_column(
            table,
            column,
            existing_type=sa.DateTime(),
            type_=mysql.DATETIME(fsp=6),
            existing_nullable=False,
        )
