"""The time that each search took."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column. Of existing rows it is unknown."""
    op.add_column("queries", sa.Column("took_ms", sa.Integer()))
