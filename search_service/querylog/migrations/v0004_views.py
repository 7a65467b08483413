"""Views of articles: the visitors of each slot of time, and who viewed what today."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"

_ID = sa.String(256).with_variant(
    mysql.VARCHAR(256, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
)


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "views",
        sa.Column("minutes", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("article_id", _ID, primary_key=True),
        sa.Column("began_at", sa.DateTime, primary_key=True),
        sa.Column("visitors", sa.Integer, nullable=False),
        mysql_charset="utf8mb4",
    )
    op.create_index("views_began_at", "views", ["began_at"])
    op.create_table(
        "viewers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("viewed_at", sa.DateTime, nullable=False),
        sa.Column("article_id", _ID, nullable=False),
        sa.Column("visitor", sa.String(24), nullable=False),
        sa.Column("network", sa.String(24), nullable=False),
        mysql_charset="utf8mb4",
    )
    op.create_index("viewers_viewed_at", "viewers", ["viewed_at"])
    op.create_index("viewers_network", "viewers", ["network", "article_id"])
