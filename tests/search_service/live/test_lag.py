"""How far the index is behind the store: nothing, some changes, or unknown, whatever the clock says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from indexer.store.articles import ArticleStore
from indexer.store.chain import open_database
from indexer.store.database import CHAIN, open_store
from indexer.store.tables import articles
from search_service.live.lag import Lag, StoreWatch
from tests.factories import article


@dataclass
class Site:
    """A store, and a watch of it whose clock is set by hand. It looks only when it is told to."""

    url: str
    store: ArticleStore
    now: datetime

    def __post_init__(self) -> None:
        self.watch = StoreWatch(self.url, interval=3600.0, clock=lambda: self.now)

    def lag(self, revision: int) -> Lag | None:
        """The lag of an index at ``revision``, right after a look."""
        self.watch.lag(revision)
        self.watch.settle()
        return self.watch.lag(revision)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    url = f"sqlite:///{tmp_path}/articles.sqlite3"
    with closing(open_store(url)) as store:
        made = Site(url, store, datetime.now(UTC))
        yield made
        made.watch.close()


def seconds_of(lag: Lag | None) -> float:
    assert lag is not None
    assert lag.seconds is not None
    return lag.seconds


def test_an_index_at_the_revision_of_the_store_is_not_behind(site: Site) -> None:
    assert site.lag(0) == Lag(0, 0.0)
    site.store.put([article("a"), article("b")])
    assert site.lag(2) == Lag(0, 0.0)


def test_the_lag_counts_from_the_oldest_change_that_lacks(site: Site) -> None:
    site.store.put([article("a"), article("b")])
    site.store.delete(["a"])
    since = site.store.pending(1).since
    assert since is not None
    site.now = since + timedelta(seconds=7.5)
    assert site.lag(1) == Lag(2, 7.5)
    assert site.lag(3) == Lag(0, 0.0)


def test_a_commit_since_the_last_look_counts_at_once(site: Site) -> None:
    site.store.put([article("a"), article("b"), article("c")])
    site.lag(0)
    assert site.watch.lag(3) == Lag(0, 0.0)
    found = site.watch.lag(2)
    assert found is not None
    assert found.revisions == 1


def test_a_clock_that_is_set_back_gives_no_negative_lag(site: Site) -> None:
    site.store.put([article("a")])
    site.now -= timedelta(days=400)
    assert site.lag(0) == Lag(1, 0.0)
    site.now += timedelta(days=800)
    assert seconds_of(site.lag(0)) > 399 * 86_400


def test_a_change_of_a_release_that_did_not_note_the_time_has_no_seconds(site: Site) -> None:
    site.store.put([article("a")])
    engine = open_database(site.url, CHAIN)
    with engine.begin() as connection:
        connection.execute(update(articles).values(changed_at=None))
    engine.dispose()
    assert site.lag(0) == Lag(1, None)


def test_the_lag_is_unknown_while_the_store_cannot_be_read(site: Site, tmp_path: Path) -> None:
    assert site.watch.lag(0) is None, "nothing was read yet"
    site.store.put([article("a")])
    assert site.lag(1) == Lag(0, 0.0)
    site.store.close()
    path, away = tmp_path / "articles.sqlite3", tmp_path / "away"
    path.rename(away)
    assert site.lag(1) is None
    away.rename(path)
    assert site.lag(1) == Lag(0, 0.0)
