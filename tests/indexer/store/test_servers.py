"""What only a database server can do to a store: compare texts in its own way, refuse, wait, and close connections."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Thread

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL, make_url

from indexer.errors import StoreUnavailable
from indexer.store import dialects, servers
from indexer.store.articles import ArticleStore
from indexer.store.database import open_jobs, open_store
from indexer.store.jobs import Rejected
from indexer.store.outcomes import MAX_OUTCOME
from tests.databases import DATABASES, DatabaseServer
from tests.factories import article

SERVERS = DATABASES[1:]
every_server = pytest.mark.databases(*SERVERS)


@pytest.fixture
def server(request: pytest.FixtureRequest, database: str) -> DatabaseServer:
    """The server that the test runs on."""
    found: DatabaseServer = request.getfixturevalue(database)
    return found


@contextmanager
def _raw(url: str) -> Iterator[Connection]:
    engine = create_engine(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _failure(url: URL) -> str:
    with pytest.raises(StoreUnavailable) as caught:
        open_store(url.render_as_string(hide_password=False))
    assert str(url.password) not in str(caught.value)
    return str(caught.value)


DIFFERENT = (
    *(
        "news",
        "News",
        "NEWS",
        "news.",
        "n\u0065\u0301ws",
        "n\u00e9ws",
        "nêws",
        "a%",
        "a_",
        "a\\",
        "a'",
    ),
    *(
        "\uff4e\uff45\uff57\uff53",
        "ß",
        "ss",
        "😀",
        "😃",
        "𠮷",
        "吉",
        "が",
        "か\u3099",
        "ı",
        "i",
        "ΐ",
    ),
    *("山" * 85, "山" * 84, '"a"', "01", "1", "1.0", "新闻/1", "新聞/1"),
)
UNKNOWN = (
    "news ",
    " news",
    "news\u3000",
    "news\t",
    "nEws",
    "né",
    "山" * 86,
    "а",
    "%",
    "_",
    "",
    "new\u017f",
)


@pytest.mark.databases(*DATABASES)
def test_every_id_is_equal_to_itself_only(store: ArticleStore) -> None:
    given = [article(each, title=f"第 {n} 篇") for n, each in enumerate(DIFFERENT)]
    assert {each.result for each in store.put(given)} == {"created"}
    assert [store.get(each.id) for each in given] == given
    assert [store.get(each) for each in UNKNOWN] == [None] * len(UNKNOWN)
    assert {each.result for each in store.delete(UNKNOWN)} == {"absent"}
    assert store.count() == len(DIFFERENT)


@pytest.mark.databases(*DATABASES)
def test_texts_as_long_as_they_may_be_are_kept_whole(store: ArticleStore, store_url: str) -> None:
    longest = article(
        "山" * 85,
        body="𠮷" * 500_000,
        channel="/".join(["频" * 124] * 8),
        attributes={f"a{n}": "值" * 1_000 for n in range(64)},
    )
    store.put([longest])
    assert store.get(longest.id) == longest
    with closing(open_jobs(store_url)) as jobs:
        jobs.add("import", {"file": "稿" * 30_000})
        taken = jobs.take()
        assert taken is not None
        rejected = [Rejected("行" * MAX_OUTCOME, "因" * MAX_OUTCOME)] * 20
        jobs.finish(taken.id, "failed", "果" * MAX_OUTCOME, rejections=rejected)
        ended = jobs.get(taken.id)
        assert ended is not None
        assert (ended.rejections, ended.outcome) == (tuple(rejected), "果" * MAX_OUTCOME)


@every_server
def test_a_server_that_is_not_there_is_named(server: DatabaseServer) -> None:
    nobody = server.url.set(port=1, database="test")
    assert "cannot be reached: start it" in _failure(nobody)


@every_server
def test_a_wrong_password_and_a_missing_database_are_named(
    store_url: str,
) -> None:
    url = make_url(store_url)
    assert "correct" in _failure(url.set(password="forgotten"))
    assert "password" in _failure(url.set(password="forgotten"))
    assert re.search("database.* in the URL", _failure(url.set(database="testnobody")))


@pytest.mark.databases("mariadb")
def test_a_missing_right_is_named(store_url: str) -> None:
    assert "lacks a right" in _failure(make_url(store_url).set(database="mysql"))


@pytest.mark.databases("postgresql")
def test_a_table_of_somebody_else_is_named(server: DatabaseServer) -> None:
    url = make_url(server.new())
    with _raw(server.admin.set(database=url.database).render_as_string(False)) as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.commit()
    assert "lacks a right" in _failure(url)


@every_server
def test_a_store_that_stays_locked_is_unavailable_and_says_so(
    store: ArticleStore, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialects, "BUSY_SECONDS", 0.2)
    with closing(open_store(store_url)) as other:
        with store._change():
            with pytest.raises(StoreUnavailable, match="another process kept it locked"):
                other.put([article("a")])
            assert other.count() == 0
        other.put([article("a")])
        assert other.count() == 1


@every_server
def test_a_change_whose_process_stands_still_keeps_no_lock_for_long(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "IDLE_SECONDS", 1)
    with closing(open_store(store_url)) as still, closing(open_store(store_url)) as other:

        def change() -> None:
            with still._change() as (connection, _):
                connection.execute(text("UPDATE revisions SET last = last + 1"))
                other.put([article("a")])

        with pytest.raises(StoreUnavailable):
            change()
        assert other.count() == 1
        still.put([article("b", title="乙")])
        assert other.count() == 2


@every_server
def test_connections_that_the_server_closed_are_replaced(
    server: DatabaseServer, store: ArticleStore
) -> None:
    store.put([article("a")])
    server.disconnect_all()
    assert store.count() == 1
    server.disconnect_all()
    store.put([article("b", title="乙")])
    assert store.count() == 2


@pytest.mark.databases("mariadb")
def test_a_mariadb_is_a_mysql_to_who_calls_it_so(store: ArticleStore, store_url: str) -> None:
    store.put([article("a")])
    with closing(open_store(store_url.replace("mariadb+", "mysql+"))) as other:
        other.put([article("A", title="乙")])
        assert other.count() == 2


@every_server
def test_reading_does_not_wait_for_changes_that_wait_for_the_lock(
    store: ArticleStore, store_url: str
) -> None:
    store.put([article("a-1")])
    changes = [Thread(target=store.delete, args=(["a-1"],)) for _ in range(16)]
    with closing(open_store(store_url)) as other, other._change():
        for each in changes:
            each.start()
        while store._engine.pool.checkedout() < 16:  # type: ignore[attr-defined]
            time.sleep(0.01)
        assert store.find("a-1") is not None
    for each in changes:
        each.join()
    assert store.find("a-1") is None


@every_server
def test_a_connection_that_breaks_in_a_change_fails_it_and_leaves_nothing_of_it(
    server: DatabaseServer, store: ArticleStore
) -> None:
    def change() -> None:
        with store._change() as (connection, _):
            connection.execute(text("UPDATE revisions SET last = 99"))
            server.disconnect_all()
            connection.execute(text("UPDATE revisions SET last = 100"))

    with pytest.raises(StoreUnavailable, match="try again"):
        change()
    assert store.revision() == 0
    store.put([article("a")])
    assert store.revision() == 1


@pytest.mark.databases("mariadb")
def test_a_text_that_is_too_long_is_refused_and_not_cut_whatever_the_server_is_set_to(
    server: DatabaseServer,
) -> None:
    too_long = text("UPDATE alembic_version SET version_num = :text").bindparams(text="a" * 33)
    with server.administer() as connection:
        connection.execute(text("SET GLOBAL sql_mode = ''"))
    try:
        with (
            closing(open_store(server.emptied("store"))) as store,
            pytest.raises(StoreUnavailable, match="too long"),
            store._change() as (changing, _),
        ):
            changing.execute(too_long)
    finally:
        with server.administer() as connection:
            connection.execute(text("SET GLOBAL sql_mode = DEFAULT"))


def test_every_kind_of_failure_that_is_foreseen_says_what_to_do() -> None:
    known = {*servers.POSTGRESQL_SENTENCES.values(), *servers.MYSQL_SENTENCES.values()}
    advice = "try again|correct|grant|close other|name the server|make a database|raise max"
    assert len(known) > 5
    for sentence in known:
        assert re.search(advice, sentence)


@pytest.mark.parametrize("scheme", ["papyrus", "oracle", "mssql+pymssql"])
def test_a_kind_of_database_that_holds_no_store_is_refused(scheme: str) -> None:
    failure = _failure(make_url(f"{scheme}://editor:secret@db.example/articles"))
    assert "name SQLite, PostgreSQL, MariaDB or MySQL" in failure
