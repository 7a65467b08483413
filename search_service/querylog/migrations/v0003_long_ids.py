"""Article ids of up to 256 bytes. SQLite does not enforce lengths, so its column stays as it was declared."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Widen the id of a clicked article."""
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column(
            "clicks",
            "article_id",
            existing_type=sa.String(128).with_variant(
                mysql.VARCHAR(128, charset="ascii", collation="ascii_bin"), "mysql", "mariadb"
            ),
            type_=sa.String(256).with_variant(
                mysql.VARCHAR(256, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
            ),
            existing_nullable=False,
        )
