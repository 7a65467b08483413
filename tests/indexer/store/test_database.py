"""Opening a store: making it, bringing it up to date, and every way in which it can fail."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import Literal

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, delete, event, insert, select

from indexer.errors import FolderNotWritable, SearchIndexError, StoreTooNew, StoreUnavailable
from indexer.store import changing, dialects
from indexer.store.articles import ArticleStore
from indexer.store.database import CHAIN, open_store
from indexer.store.tables import SCHEMA, articles, duplicate_keys, metadata
from tests.conftest import PROJECT
from tests.factories import article
from tests.migrating import differences


@contextmanager
def _raw(url: str) -> Iterator[sqlite3.Connection]:
    """The SQLite file below a store, past everything of ours."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as opened:
        yield opened


def _fail_to_open(url: str) -> SearchIndexError:
    with pytest.raises(SearchIndexError) as caught:
        open_store(url)
    return caught.value


def test_the_folder_and_the_file_are_made(store: ArticleStore, store_url: str) -> None:
    assert Path(store_url.removeprefix("sqlite:///")).is_file()
    assert store.count() == 0


def test_the_database_is_what_the_tables_say(store_url: str) -> None:
    open_store(store_url).close()
    engine = create_engine(store_url)
    assert differences(engine, CHAIN, metadata) == []
    engine.dispose()


def test_the_newest_migration_is_the_schema_that_the_program_expects() -> None:
    config = Config()
    config.set_main_option("script_location", "indexer.store:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA]


def test_an_up_to_date_store_opens_without_alembic(store: ArticleStore, store_url: str) -> None:
    store.put([article("a")])
    code = (
        "import sys\n"
        "from indexer.store.database import CHAIN, open_store\n"
        "store = open_store(sys.argv[1])\n"
        "print(store.count(), 'alembic' in sys.modules)\n"
        "store.close()\n"
    )
    command = [sys.executable, "-c", code, store_url]
    answer = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["1", "False"]


def test_a_migration_that_fails_leaves_no_table(store_url: str) -> None:
    database = Path(store_url.removeprefix("sqlite:///"))
    database.parent.mkdir()
    with _raw(store_url) as raw:
        raw.execute("CREATE TABLE revisions (of_another_program TEXT)")
    failure = _fail_to_open(store_url)
    assert isinstance(failure, StoreUnavailable)
    assert "table revisions already exists" in str(failure)
    with _raw(store_url) as raw:
        assert raw.execute("SELECT name FROM sqlite_master").fetchall() == [("revisions",)]


def test_a_store_of_a_newer_release_is_left_alone(store_url: str) -> None:
    open_store(store_url).close()
    with _raw(store_url) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    failure = _fail_to_open(store_url)
    assert isinstance(failure, StoreTooNew)
    assert failure.found == "9999"
    assert "run the newer release" in str(failure)


def test_commits_last_and_readers_do_not_wait(store: ArticleStore) -> None:
    found = {}
    with store._engine.connect() as connection:
        for pragma in ("journal_mode", "synchronous", "busy_timeout"):
            found[pragma] = connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()
    full = 2
    assert found == {"journal_mode": "wal", "synchronous": full, "busy_timeout": 30_000}


def test_writers_lock_at_the_start_and_readers_do_not(store: ArticleStore) -> None:
    begun: list[str] = []

    @event.listens_for(store._engine, "before_cursor_execute")
    def note(*args: object) -> None:
        if str(args[2]).startswith("BEGIN"):
            begun.append(str(args[2]))

    store.put([article("a")])
    store.get("a")
    assert begun == ["BEGIN IMMEDIATE", "BEGIN DEFERRED"]


def test_a_store_that_stays_locked_is_unavailable_and_says_so(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialects, "BUSY_SECONDS", 0.1)
    store = open_store(store_url)
    with _raw(store_url) as raw:
        raw.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="another process kept it locked for too long"):
            store.put([article("a")])
        assert store.count() == 0
        raw.execute("ROLLBACK")
    store.put([article("a")])
    assert store.count() == 1
    store.close()


def test_reading_does_not_wait_for_changes_that_wait_for_the_lock(
    store: ArticleStore, store_url: str
) -> None:
    store.put([article("a-1")])
    changes = [Thread(target=store.delete, args=(["a-1"],)) for _ in range(20)]
    with _raw(store_url) as other:
        other.execute("BEGIN IMMEDIATE")
        for each in changes:
            each.start()
        while store._engine.pool.checkedout() < 15:  # type: ignore[attr-defined]
            time.sleep(0.01)
        found = store.find("a-1")
        waiting = [each.is_alive() for each in changes]
        other.execute("ROLLBACK")
    for each in changes:
        each.join()
    assert found is not None
    assert all(waiting)
    assert store.find("a-1") is None


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "articles.sqlite3"
    path.write_text("这是一封信，不是数据库。" * 100, encoding="utf-8")
    failure = _fail_to_open(f"sqlite:///{path}")
    assert isinstance(failure, StoreUnavailable)
    assert "not a SQLite database: move it away" in str(failure)
    assert path.read_text(encoding="utf-8").startswith("这是一封信")


def test_a_file_that_was_moved_away_is_missed_and_not_made_anew(
    store: ArticleStore, store_url: str
) -> None:
    store.put([article("a")])
    path = Path(store_url.removeprefix("sqlite:///"))
    path.rename(path.with_name("away"))
    for _ in range(3):
        with pytest.raises(StoreUnavailable, match="moved, removed or replaced"):
            store.count()
        assert not path.exists()
    path.with_name("away").rename(path)
    assert store.count() == 1


def test_a_folder_in_place_of_the_file_is_unavailable(tmp_path: Path) -> None:
    failure = _fail_to_open(f"sqlite:///{tmp_path}")
    assert isinstance(failure, StoreUnavailable)
    assert "the path must be a file" in str(failure)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "instance").write_text("a file", encoding="utf-8")
    failure = _fail_to_open(f"sqlite:///{tmp_path / 'instance' / 'articles.sqlite3'}")
    assert isinstance(failure, FolderNotWritable)
    assert failure.path == tmp_path / "instance"


def test_a_damaged_file_is_unavailable(store: ArticleStore, store_url: str) -> None:
    store.put([article(f"a-{number}", body="正文" * 500) for number in range(200)])
    store.close()
    path = Path(store_url.removeprefix("sqlite:///"))
    content = bytearray(path.read_bytes())
    content[8192:] = b"\x55" * (len(content) - 8192)
    path.write_bytes(content)
    with pytest.raises(StoreUnavailable, match="is damaged: restore a backup"):
        store.put([article("b")])


def test_a_store_that_cannot_be_written_says_what_to_set(store: ArticleStore) -> None:
    @event.listens_for(store._engine, "connect")
    def make_read_only(connection: sqlite3.Connection, _entry: object) -> None:
        connection.execute("PRAGMA query_only = ON")

    store.close()
    with pytest.raises(StoreUnavailable, match="set the owner of the file and of its folder"):
        store.put([article("a")])


def test_a_full_disk_is_named(store: ArticleStore) -> None:
    @event.listens_for(store._engine, "connect")
    def fill(connection: sqlite3.Connection, _entry: object) -> None:
        connection.execute("PRAGMA max_page_count = 10")

    store.close()
    with pytest.raises(StoreUnavailable, match="the disk is full"):
        store.put([article(f"a-{number}", body="正文" * 500) for number in range(200)])
    assert store.count() == 0


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:a?uri=true"])
def test_a_database_without_a_lasting_file_is_refused(url: str) -> None:
    assert "name a file" in str(_fail_to_open(url))


def test_nonsense_in_place_of_a_url_is_refused() -> None:
    failure = _fail_to_open("postgresql//editor:secret@db.example/articles")
    assert "not a database URL" in str(failure)
    assert "secret" not in str(failure)


@pytest.mark.parametrize("scheme", ["postgresql+papyrus", "mysql+pyodbc"])
def test_a_database_without_a_driver_is_refused_with_one_to_install(scheme: str) -> None:
    failure = _fail_to_open(f"{scheme}://editor:secret@db.example/articles")
    assert "install one" in str(failure)
    assert "secret" not in str(failure)


def test_every_kind_of_sqlite_failure_that_is_foreseen_has_a_sentence() -> None:
    for sentence in dialects._SQLITE_SENTENCES.values():
        assert re.search("try again|restore|set the owner|move it away|must be a file", sentence)


def test_a_copy_of_the_file_is_a_backup(
    store: ArticleStore, store_url: str, tmp_path: Path
) -> None:
    store.put([article("a")])
    store.close()
    copy = tmp_path / "backup.sqlite3"
    shutil.copy(store_url.removeprefix("sqlite:///"), copy)
    restored = open_store(f"sqlite:///{copy}")
    assert restored.get("a") == article("a")
    restored.close()


@pytest.mark.parametrize("style", ["qmark", "named"])
def test_plain_rows_of_any_type_read_as_sqlalchemy_writes_them(
    style: Literal["qmark", "named"],
) -> None:
    engine = create_engine("sqlite://", paramstyle=style)
    at = datetime(2026, 2, 28, 12, 0, 0, 250)
    rows = [
        changing._Row(f"a-{place}", place, place > 1, published_at=time, duplicate_keys=keys)
        for place, (time, keys) in enumerate([(at, b"\x00'"), (None, None)], 1)
    ]
    with engine.begin() as connection:
        articles.create(connection)
        dialects.insert_plain(connection, articles, rows)
        found = connection.execute(select(articles).order_by(articles.c.revision)).all()
        assert [tuple(each) for each in found] == rows
        plain = connection.exec_driver_sql("SELECT * FROM articles ORDER BY revision").all()
        connection.execute(delete(articles))
        connection.execute(insert(articles), [each._asdict() for each in rows])
        assert connection.exec_driver_sql("SELECT * FROM articles ORDER BY revision").all() == plain


@pytest.mark.parametrize("style", ["qmark", "named"])
def test_plain_rows_are_inserted_whatever_the_driver_calls_its_parameters(
    style: Literal["qmark", "named"],
) -> None:
    engine = create_engine("sqlite://", paramstyle=style)
    rows = [(-(2**63), "a'1"), (2**63 - 1, "鼓:%s")]
    with engine.begin() as connection:
        duplicate_keys.create(connection)
        dialects.insert_plain(connection, duplicate_keys, rows)
        dialects.insert_plain(connection, duplicate_keys, [])
        found = connection.execute(select(duplicate_keys).order_by(duplicate_keys.c.hash)).all()
    assert [tuple(each) for each in found] == rows
