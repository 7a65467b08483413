"""What writing needs: ids of up to 256 bytes, the time of each change, API keys, jobs.

SQLite does not enforce lengths, so its columns stay as they were declared.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"

_OLD_ID = sa.String(128).with_variant(
    mysql.VARCHAR(128, charset="ascii", collation="ascii_bin"), "mysql", "mariadb"
)
_ID = sa.String(256).with_variant(
    mysql.VARCHAR(256, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
)


def upgrade() -> None:
    """Widen the ids, add the column of times, and make both tables."""
    if op.get_bind().dialect.name != "sqlite":
        for table, column in (("articles", "id"), ("duplicate_keys", "article_id")):
            op.alter_column(
                table, column, existing_type=_OLD_ID, type_=_ID, existing_nullable=False
            )
    op.add_column("articles", sa.Column("changed_at", sa.BigInteger))
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("expires_at", sa.DateTime),
        sa.Column("revoked_at", sa.DateTime),
        mysql_charset="utf8mb4",
    )
    op.create_index("api_keys_digest", "api_keys", ["digest"], unique=True)
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("arguments", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("cancel", sa.Boolean, nullable=False),
        sa.Column("phase", sa.String(32), nullable=False),
        sa.Column("done", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("started_at", sa.DateTime),
        sa.Column("phase_started_at", sa.DateTime),
        sa.Column("heartbeat_at", sa.DateTime),
        sa.Column("finished_at", sa.DateTime),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("rejections", sa.Text, nullable=False),
        mysql_charset="utf8mb4",
    )
    op.create_index("jobs_state", "jobs", ["state"])
