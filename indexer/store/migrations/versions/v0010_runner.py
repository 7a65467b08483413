"""The runner of jobs: one row that says which process it is."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects.mysql.base import MySQLDialect

revision = "0010"
down_revision = "0009"

_MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def upgrade() -> None:
    """Make the table, and its one row. Nobody is the runner yet."""
    dialect = op.get_bind().dialect
    options: dict[str, Any] = {}
    if isinstance(
        dialect, MySQLDialect
    ):  # by the server: the name of the dialect is that of the URL
        exact = "utf8mb4_nopad_bin" if dialect.is_mariadb else "utf8mb4_0900_bin"
        options = {f"{dialect.name}_charset": "utf8mb4", f"{dialect.name}_collate": exact}
    runner = op.create_table(
        "runner",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("process", sa.BigInteger),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("kernel", sa.String(64), nullable=False),
        sa.Column("seen_at", _MOMENT),
        **options,
    )
    op.bulk_insert(runner, [{"id": 1, "number": 0, "host": "", "kernel": ""}])
