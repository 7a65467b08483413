"""Stores of every released version, brought up to date on every kind of database."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime

import orjson
import pytest
from sqlalchemy import Engine, create_engine, insert, text, update

from indexer.article import article_to_record, content_hash
from indexer.store.database import CHAIN, open_keys, open_store
from indexer.store.tables import metadata
from tests.databases import DATABASES
from tests.factories import article
from tests.migrating import differences, released, table_of, upgrade

FIRST_KEYS = "0004"
"""The first version whose stores have keys."""


def _make(engine: Engine, version: str) -> None:
    """A store as the release with this version left it, with one article and one tombstone, and a key if it had keys."""
    upgrade(engine, CHAIN, version)
    each = article("a")
    row = {
        "revision": 2,
        "deleted": False,
        "content_hash": content_hash(each),
        "status": each.status,
        "channel": each.channel,
        "published_at": datetime(2026, 2, 1),
        "document": orjson.dumps(article_to_record(each)).decode(),
    }
    gone = {"content_hash": "", "status": "", "channel": "", "published_at": None, "document": ""}
    table, revisions = table_of(engine, "articles"), table_of(engine, "revisions")
    with engine.begin() as connection:
        connection.execute(insert(table).values(id="a", **row))
        connection.execute(
            insert(table).values(id="b", **(row | gone | {"revision": 1, "deleted": True}))
        )
        connection.execute(update(revisions).values(last=2))
        if version >= FIRST_KEYS:
            values = {
                "name": "门户",
                "scope": "write",
                "digest": "d",
                "created_at": datetime(2026, 2, 1),
            }
            connection.execute(insert(table_of(engine, "api_keys")).values(values))


@pytest.mark.databases(*DATABASES)
@pytest.mark.parametrize("version", released(CHAIN))
def test_a_store_of_any_release_is_brought_up_to_date(new_url: str, version: str) -> None:
    # Those releases made tables without a character set if the URL began with mariadb: no Chinese fitted in.
    engine = create_engine(new_url.replace("mariadb+", "mysql+"))
    _make(engine, version)
    with closing(open_store(new_url)) as store:
        assert [(each.revision, each.article) for each in store.changes()] == [
            (1, None),
            (2, article("a")),
        ]
        (done,) = store.put([article("A", title="另一篇")])
        assert done.revision == 3
    with closing(open_keys(new_url)) as keys:
        found = [(each.scope, each.requests_per_minute, each.origins) for each in keys.list()]
    assert found == ([("write", None, ())] if version >= FIRST_KEYS else [])
    assert differences(engine, CHAIN, metadata) == []
    engine.dispose()


@pytest.mark.databases("mariadb")
def test_every_text_of_mariadb_is_equal_to_itself_only(new_url: str) -> None:
    open_store(new_url).close()
    engine = create_engine(new_url)
    query = text(
        "SELECT DISTINCT collation_name FROM information_schema.columns WHERE table_schema = DATABASE() "
        "AND collation_name IS NOT NULL AND table_name <> 'alembic_version'"
    )
    with engine.connect() as connection:
        assert connection.execute(query).scalars().all() == ["utf8mb4_nopad_bin"]
    engine.dispose()
