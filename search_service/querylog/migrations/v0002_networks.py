"""Whose network a search and a click came from, as a hash that lasts a day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column to both tables; of what is there already the network is not known."""
    for table, what in (("queries", "query"), ("clicks", "article_id")):
        op.add_column(table, sa.Column("network", sa.String(24)))
        op.create_index(f"{table}_network", table, ["network", what])
