"""One desk for all these tests. Each begins with an empty store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from indexer.store.tables import (
    accounts,
    api_keys,
    audit_log,
    desk_sessions,
    editorial_entries,
    editorial_versions,
    invitations,
    jobs,
    login_attempts,
)
from tests.factories import NOON
from tests.search_service.web.desk.newsdesk import Newsdesk, opened

TABLES = (
    accounts,
    api_keys,
    audit_log,
    desk_sessions,
    editorial_entries,
    invitations,
    jobs,
    login_attempts,
)


@pytest.fixture(scope="session")
def standing_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsdesk]:
    """A desk whose store is not emptied. To make its application takes longer than most of the tests."""
    with opened(tmp_path_factory.mktemp("desk")) as made:
        yield made


@pytest.fixture
def newsdesk(standing_desk: Newsdesk) -> Newsdesk:
    """A desk without accounts, jobs, keys, editorial decisions, searches and files."""
    with standing_desk.desk.store.use() as store, store.engine.begin() as connection:
        for table in TABLES:
            connection.execute(delete(table))
        connection.execute(update(editorial_versions).values(last=editorial_versions.c.last + 1))
    standing_desk.services.editorial.refresh()
    standing_desk.log.prune(now=NOON + timedelta(days=2), keep_days=0)
    for path in files(standing_desk):
        path.unlink()
    standing_desk.people.clear()
    return standing_desk


def files(newsdesk: Newsdesk) -> list[Path]:
    """The files of the folder of uploads."""
    folder = newsdesk.root / "uploads"
    return sorted(folder.iterdir()) if folder.exists() else []
