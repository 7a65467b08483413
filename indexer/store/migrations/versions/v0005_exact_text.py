"""For MariaDB and MySQL: ids that differ in trailing blanks are different, long texts fit, times have microseconds.

The other databases need no change.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0005"
down_revision = "0004"

_ID = mysql.VARCHAR(256, charset="utf8mb4", collation="utf8mb4_bin")
_LONG = {
    "editorial_entries": ("line",),
    "jobs": ("arguments", "outcome", "rejections"),
}
_TIMES = ("started_at", "phase_started_at", "heartbeat_at", "finished_at")


def upgrade() -> None:
    """Change the types of columns."""
    dialect = op.get_bind().dialect
    if not isinstance(dialect, mysql.dialect):
        return
    collation = "utf8mb4_nopad_bin" if dialect.is_mariadb else "utf8mb4_0900_bin"
    exact = mysql.VARCHAR(256, charset="utf8mb4", collation=collation)
    for table, column in (("articles", "id"), ("duplicate_keys", "article_id")):
        op.alter_column(table, column, existing_type=_ID, type_=exact, existing_nullable=False)
    for table, columns in _LONG.items():
        for column in columns:
            op.alter_column(
                table,
                column,
                existing_type=sa.Text(),
                type_=mysql.LONGTEXT(charset="utf8mb4"),
                existing_nullable=False,
            )
    _keep_microseconds("articles", "published_at")
    _keep_microseconds("jobs", "created_at", nullable=False)
    for column in _TIMES:
        _keep_microseconds("jobs", column)


def _keep_microseconds(table: str, column: str, *, nullable: bool = True) -> None:
    op.alter_column(
        table,
        column,
        existing_type=sa.DateTime(),
        type_=mysql.DATETIME(fsp=6),
        existing_nullable=nullable,
    )
