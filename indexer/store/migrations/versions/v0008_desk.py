"""The desk: accounts, their sessions, invitations, attempts to log in, and the log of what was done.

The index of articles by their deletion gets their status too, so that articles are counted by status without reading them.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects.mysql.base import MySQLDialect

revision = "0008"
down_revision = "0007"

_MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
_LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")


def upgrade() -> None:
    """Make the tables, and the index."""
    op.create_index("articles_state", "articles", ["deleted", "status"])
    op.drop_index("articles_deleted", "articles")
    dialect = op.get_bind().dialect
    options: dict[str, Any] = {}
    if isinstance(
        dialect, MySQLDialect
    ):  # by the server: the name of the dialect is that of the URL
        exact = "utf8mb4_nopad_bin" if dialect.is_mariadb else "utf8mb4_0900_bin"
        options = {f"{dialect.name}_charset": "utf8mb4", f"{dialect.name}_collate": exact}
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("password", sa.String(200), nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        **options,
    )
    op.create_index("accounts_name", "accounts", ["name"], unique=True)
    op.create_table(
        "desk_sessions",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("csrf", sa.String(64), nullable=False),
        sa.Column("message", _LONG_TEXT, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        **options,
    )
    op.create_index("desk_sessions_account", "desk_sessions", ["account_id"])
    op.create_table(
        "invitations",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("name", sa.String(64)),
        sa.Column("setup", sa.Boolean, nullable=False),
        sa.Column("invited_by", sa.Integer),
        sa.Column("expires_at", _MOMENT, nullable=False),
        **options,
    )
    op.create_table(
        "login_attempts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        **options,
    )
    op.create_index("login_attempts_at", "login_attempts", ["at"])
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("subject", _LONG_TEXT, nullable=False),
        sa.Column("details", _LONG_TEXT, nullable=False),
        **options,
    )
    op.create_index("audit_log_who", "audit_log", ["who"])
