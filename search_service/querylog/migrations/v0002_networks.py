"""The network of each search and click, as a hash that is valid for one day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column to both tables. In existing rows the network is unknown."""
    for table, what in (("queries", "query"), ("clicks", "article_id")):
        op.add_column(table, sa.Column("network", sa.String(24)))
        op.create_index(f"{table}_network", table, ["network", what])
