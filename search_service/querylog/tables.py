"""The tables of the query log, as SQLAlchemy sees them.

``migrations/`` makes the real tables; a test checks that both agree. Times are UTC without a zone, because SQLite and
MySQL store no zone. Days are those of the service's zone.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Date, Index, Integer, MetaData, String, Table

from indexer.store.chain import Chain
from indexer.store.tables import ID, MOMENT, exact_text
from search_service.querylog.entries import MAX_QUERY

CHAIN: Final = Chain("search_service.querylog:migrations", "0006", "query_log_version")
"""The migrations of the query log. Their version is in a table of its own, so the store may use the same database."""

_EXACT_TEXT = exact_text(MAX_QUERY)

metadata = MetaData()

queries: Final = Table(
    "queries",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("asked_at", MOMENT, nullable=False),
    Column("query", _EXACT_TEXT, nullable=False),
    Column("text", _EXACT_TEXT, nullable=False),
    Column("rung", String(16), nullable=False),
    Column("total", Integer, nullable=False),
    Column("page", Integer, nullable=False),
    Column("visitor", String(24), nullable=False),
    Column("plain", Boolean, nullable=False),
    Column("counted", Boolean, nullable=False),
    Column("network", String(24)),
    Column("took_ms", Integer),
    Index("queries_asked_at", "asked_at"),
    Index("queries_visitor", "visitor", "asked_at"),
    Index("queries_network", "network", "query"),
)
"""One row for each search by a person. Rows older than the kept days are pruned.

``query`` is the normal form, ``text`` the spelling. ``plain``: only words and no filters. The total then depends on the
words alone. ``counted``: a first page and no refresh. Rows that are not counted are kept for their clicks. ``network``
and ``visitor`` are hashes with the salt of the day. Rows of an older release have no ``network``, or no ``took_ms``.
"""

clicks: Final = Table(
    "clicks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("clicked_at", MOMENT, nullable=False),
    Column("query_id", String(16)),
    Column("query", _EXACT_TEXT),
    Column("article_id", ID, nullable=False),
    Column("position", Integer, nullable=False),
    Column("visitor", String(24), nullable=False),
    Column("network", String(24)),
    Index("clicks_clicked_at", "clicked_at"),
    Index("clicks_network", "network", "article_id"),
)
"""One row for each opened hit. ``query_id`` is the id of the search. If it is not known, ``query`` is the search's normal form."""

query_days: Final = Table(
    "query_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("query", _EXACT_TEXT, primary_key=True),
    Column("text", _EXACT_TEXT, nullable=False),
    Column("searches", Integer, nullable=False),
    Column("visitors", Integer, nullable=False),
    Column("clicks", Integer, nullable=False),
    Column("found", Boolean, nullable=False),
)
"""What is kept of a past day: for each plain query its counts, its most frequent spelling, and whether it found anything
when it was last asked."""

views: Final = Table(
    "views",
    metadata,
    Column("minutes", Integer, primary_key=True, autoincrement=False),
    Column("article_id", ID, primary_key=True),
    Column("began_at", MOMENT, primary_key=True),
    Column("visitors", Integer, nullable=False),
    Index("views_began_at", "began_at"),
)
"""How many visitors viewed an article in the slot of time that began then and takes so many minutes (see ``views.py``). Holds no
hash of a visitor."""

viewers: Final = Table(
    "viewers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("viewed_at", MOMENT, nullable=False),
    Column("article_id", ID, nullable=False),
    Column("visitor", String(24), nullable=False),
    Column("network", String(24), nullable=False),
    Index("viewers_viewed_at", "viewed_at"),
    Index("viewers_network", "network", "article_id"),
)
"""One row for each view of today that was counted. Repeats are recognized by it."""

salts: Final = Table(
    "salts",
    metadata,
    Column("day", Date, primary_key=True),
    Column("salt", String(64), nullable=False),
)
"""The salt of today's visitors. It is deleted after the day. Then nobody can link a hash to a visitor."""
