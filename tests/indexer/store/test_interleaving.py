"""Two writers whose steps meet in a given order, on every kind of database. No test here relies on time.

The first writer stops inside its transaction. The second one must then wait for it, and the test goes on when it does: the server
says so. Of SQLite the test knows only that the second one has begun.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import select, update

from indexer.article import Article
from indexer.store import changing
from indexer.store.articles import ArticleStore
from indexer.store.database import open_editorial, open_jobs, open_store
from indexer.store.jobs import JobStore, _running
from indexer.store.prepared import prepare
from indexer.store.tables import editorial_versions
from indexer.store.tables import jobs as table
from tests.databases import DATABASES, PATIENCE, Second
from tests.factories import article
from tests.indexer.store.test_editorial_lists import entries

pytestmark = pytest.mark.databases(*DATABASES)


def _own(article_id: str) -> Article:
    """An article without duplicates: its title and its short text are its own."""
    return article(article_id, title=article_id)


def _follow(store: ArticleStore, after: int) -> list[tuple[int, str]]:
    return [(each.revision, each.article_id) for each in store.changes(after=after)]


def test_a_revision_shows_only_after_every_lower_one(
    store: ArticleStore, store_url: str, second: Second
) -> None:
    store.put([_own("a")])
    with closing(open_store(store_url)) as other, closing(open_store(store_url)) as reader:
        with store._change() as (connection, last):
            changing.put(connection, last, prepare([_own("b"), _own("c")]), None)
            later = second(other._engine, lambda: other.put([_own("d")]))
            assert (reader.revision(), _follow(reader, 1)) == (1, [])
        (done,) = later.result(PATIENCE)
        assert done.revision == 4
        assert _follow(reader, 1) == [(2, "b"), (3, "c"), (4, "d")]


def test_a_change_that_is_given_up_leaves_no_gap_and_harms_no_other(
    store: ArticleStore, store_url: str, second: Second
) -> None:
    with closing(open_store(store_url)) as other:
        with store._change() as (connection, last):
            changing.put(connection, last, prepare([article("a", title="甲")]), None)
            later = second(other._engine, lambda: other.put([article("a", title="乙")]))
            connection.rollback()
        assert [each[1:] for each in later.result(PATIENCE)] == [("created", 1)]
    found = store.get("a")
    assert found is not None
    assert found.title == "乙"


def test_who_changes_an_article_after_another_sees_what_the_other_made_of_it(
    store: ArticleStore, store_url: str, second: Second
) -> None:
    body = "渡口的早市天不亮就开了，挑担的人从两岸过来。" * 5
    with closing(open_store(store_url)) as other:
        with store._change() as (connection, last):
            changing.put(connection, last, prepare([article("a", title="早市", body=body)]), None)
            reprint = article("b", title="渡口早市", body=body)
            later = second(other._engine, lambda: other.put([reprint], when="absent"))
        later.result(PATIENCE)
    groups = {each.article_id: each.article for each in store.changes()}
    one, two = groups["a"], groups["b"]
    assert one is not None
    assert two is not None
    assert one.duplicate_group == two.duplicate_group != 0


@pytest.fixture
def jobs(store_url: str) -> Iterator[JobStore]:
    opened = open_jobs(store_url)
    yield opened
    opened.close()


def test_a_job_that_is_queued_again_while_somebody_cancels_it_is_cancelled(
    jobs: JobStore, store_url: str, second: Second
) -> None:
    job = jobs.add("rebuild", {})
    assert jobs.take() is not None
    with closing(open_jobs(store_url)) as other:
        with jobs._writing.begin() as connection:
            connection.execute(_running(job.id).values(state="queued"))
            asked = second(other._engine, lambda: other.ask_to_cancel(job.id))
        assert asked.result(PATIENCE).state == "cancelled"


def test_who_takes_a_job_while_another_does_gets_the_next_one(
    jobs: JobStore, store: ArticleStore, store_url: str, second: Second
) -> None:
    first, next_one = jobs.add("check", {}), jobs.add("check", {})
    with closing(open_jobs(store_url)) as other:
        # The lock of take(), and what it then does.
        with store._change() as (connection, _):
            taken = second(other._engine, other.take)
            connection.execute(update(table).where(table.c.id == first.id).values(state="running"))
        assert taken.result(PATIENCE).id == next_one.id


def test_lists_that_two_change_hold_what_both_added(store_url: str, second: Second) -> None:
    with closing(open_editorial(store_url)) as lists, closing(open_editorial(store_url)) as other:
        with lists._change("hot") as (stored, write):
            later = second(other._engine, lambda: other.put("hot", entries("hot", "庙会")))
            write({**stored, "春运": "春运"})
        later.result(PATIENCE)
        with lists._engine.connect() as connection:
            assert connection.execute(select(editorial_versions.c.last)).scalar_one() == 2
        assert [each.spell() for each in lists.read().entries["hot"]] == ["春运", "庙会"]
