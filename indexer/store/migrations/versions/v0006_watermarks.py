"""How far each source was read that can go on where it ended."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql.base import MySQLDialect

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table of watermarks."""
    dialect = op.get_bind().dialect
    options: dict[str, Any] = {}
    if isinstance(
        dialect, MySQLDialect
    ):  # by the server: the name of the dialect is that of the URL
        exact = "utf8mb4_nopad_bin" if dialect.is_mariadb else "utf8mb4_0900_bin"
        options = {f"{dialect.name}_charset": "utf8mb4", f"{dialect.name}_collate": exact}
    op.create_table(
        "watermarks",
        sa.Column("source", sa.String(64), primary_key=True),
        sa.Column("reached", sa.Text, nullable=False),
        **options,
    )
