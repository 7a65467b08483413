"""Jobs that are run again and again: how often, when next, and how the last run ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns. Jobs of older releases are run once."""
    moment = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    op.add_column("jobs", sa.Column("every_seconds", sa.Integer))
    op.add_column("jobs", sa.Column("due_at", moment))
    op.add_column("jobs", sa.Column("last_end", sa.String(16)))
