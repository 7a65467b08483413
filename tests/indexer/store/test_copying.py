"""Copying a store from one kind of database into another: all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Row, create_engine, text

from indexer.errors import CopyFailed, StoreTooNew, StoreUnavailable, TargetNotEmpty
from indexer.store import copying
from indexer.store.accounts import Account
from indexer.store.articles import Change
from indexer.store.copying import copy_store
from indexer.store.database import open_desk, open_editorial, open_jobs, open_keys, open_store
from indexer.store.jobs import Rejected
from indexer.store.tables import metadata
from tests.databases import DatabaseServer
from tests.factories import article
from tests.indexer.store.test_duplicates import REPORT
from tests.indexer.store.test_editorial_lists import entries

Make = Callable[[str], str]


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "BATCH", 50)


@pytest.fixture
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """The URL of an empty database of a kind. Each call gives another one."""
    made: list[str] = []

    def empty(kind: str) -> str:
        made.append(kind)
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / f'{len(made)}.sqlite3'}"
        server: DatabaseServer = request.getfixturevalue(kind)
        return server.emptied(f"copy{len(made)}")

    return empty


def _fill(url: str) -> str:
    """Something of everything that a store holds. Returns the text of a key."""
    with closing(open_store(url)) as store:
        store.put([article(each, title=each) for each in ("b", "B", "é", "e\u0301", "😀", "😃")])
        store.put([article(f"r-{n}", title=f"报 {n}", body=REPORT) for n in range(3)])
        store.put([article("long", title="长", body="山路弯弯，溪水长流。" * 20_000)])
        store.put([article(f"n-{n}", title=f"第 {n} 篇") for n in range(110)])
        store.delete(["b", "r-1"])
        store.withdraw(["B"])
    with closing(open_editorial(url)) as lists:
        lists.put("hot", entries("hot", "春运", "庙会"))
        lists.put("synonyms", entries("synonyms", "土豆,马铃薯"))
    with closing(open_keys(url)) as keys:
        page = {"requests_per_minute": 60, "origins": ("https://www.example.com",)}
        spelt, _ = keys.create("编辑部 😀", "write", 30, **page)  # type: ignore[arg-type]
        _, revoked = keys.create("旧", "admin")
        keys.revoke(revoked.id)
    with closing(open_desk(url)) as desk:
        made = desk.accounts.accept(
            desk.accounts.invite("admin"), name="覃望舒 😀", password="hash"
        )
        assert isinstance(made, Account)
        desk.accounts.invite("editor")
        desk.sessions.begin(made.id)
        desk.attempts.begin("覃望舒", "192.0.2.1")
        desk.audit.note("覃望舒 😀", "key.create", "1", scope="write")
    with closing(open_jobs(url)) as jobs:
        jobs.add("import", {"file": "稿件.jsonl"})
        taken = jobs.take()
        assert taken is not None
        jobs.finish(taken.id, "failed", "坏了", rejections=[Rejected("第 3 行", "没有标题")] * 20)
        jobs.add("rebuild", {})
    return spelt


def _everything(url: str) -> list[Any]:
    with (
        closing(open_store(url)) as store,
        closing(open_editorial(url)) as lists,
        closing(open_keys(url)) as keys,
        closing(open_jobs(url)) as jobs,
        closing(open_desk(url)) as desk,
    ):
        people = [desk.accounts.list(), desk.audit.entries()]
        ended = [each for each in jobs.list(size=100) if each.finished_at]
        pending = [store.pending(after) for after in (0, 5, store.revision())]
        changes: list[Change] = list(store.changes())
        return [changes, pending, lists.read(), keys.list(), people, ended]


@pytest.mark.parametrize(
    ("source", "target"),
    [("sqlite", "postgresql"), ("postgresql", "mariadb"), ("mariadb", "sqlite")],
)
def test_a_copy_holds_what_the_store_held_and_goes_on_from_there(
    make: Make, source: str, target: str
) -> None:
    old, new = make(source), make(target)
    key = _fill(old)
    told: list[tuple[str, int, int]] = []
    copied = copy_store(old, new, progress=lambda *how_far: told.append(how_far))
    assert _everything(new) == _everything(old)
    assert copied.rows["articles"] == 120
    assert (copied.rows["jobs"], copied.left) == (1, {**dict.fromkeys(copied.rows, 0), "jobs": 1})
    assert [each for each in told if each[0] == "articles"] == [
        ("articles", done, 120) for done in (50, 100, 120)
    ]
    with closing(open_store(new)) as store, closing(open_keys(new)) as keys:
        before = store.revision()
        (again,) = store.put([article("r-9", title="报 9", body=REPORT)])
        assert again.revision == before + 1
        changes = {each.article_id: each.article for each in store.changes()}
        one, other = changes["r-0"], changes["r-9"]
        assert one is not None
        assert other is not None
        assert one.duplicate_group == other.duplicate_group != 0
        assert keys.find(key) is not None
        assert keys.create("新", "search")[1].id == 3
    with closing(open_jobs(new)) as jobs:
        assert jobs.add("check", {}).id == 2


def _all_or_nothing(make: Make) -> tuple[str, str]:
    old, new = make("sqlite"), make("postgresql")
    with closing(open_store(old)) as store:
        store.put([article(f"a-{n}", title=f"第 {n} 篇") for n in range(70)])
        store.delete(["a-3"])
    return old, new


@pytest.mark.parametrize("table", ["articles", "duplicate_keys"])
def test_an_interrupted_copy_leaves_nothing_and_is_begun_again(make: Make, table: str) -> None:
    old, new = _all_or_nothing(make)

    def interrupt(name: str, _done: int, _total: int) -> None:
        if name == table:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_store(old, new, progress=interrupt)
    with closing(open_store(new)) as store:
        assert (store.revision(), list(store.changes())) == (0, [])
    copy_store(old, new)
    assert _everything(new) == _everything(old)


@pytest.mark.parametrize("fault", ["lost", "changed"])
def test_a_copy_that_differs_is_not_kept(
    make: Make, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    old, new = _all_or_nothing(make)
    write = copying._write

    def wrongly(connection: Connection, part: copying.Part, rows: Sequence[Row[Any]]) -> None:
        if part.table.name == "articles" and fault == "lost":
            rows = rows[1:]
        write(connection, part, rows)
        if part.table.name == "articles" and fault == "changed":
            connection.execute(text("UPDATE articles SET document = '{}' WHERE id = 'a-5'"))

    monkeypatch.setattr(copying, "_write", wrongly)
    with pytest.raises(CopyFailed, match="nothing was copied"):
        copy_store(old, new)
    with closing(open_store(new)) as store:
        assert (store.revision(), store.count()) == (0, 0)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_what_changes_meanwhile_is_not_copied(make: Make, kind: str) -> None:
    old, new = make(kind), make("sqlite")
    with closing(open_store(old)) as store, closing(open_keys(old)) as keys:
        store.put([article("a"), article("b", title="乙")])
        before = _everything(old)

        def change(name: str, _done: int, _total: int) -> None:
            if name == "revisions":
                store.put([article("a", title="改"), article("c", title="丙")])
                store.delete(["b"])
                keys.create("新", "search")

        copy_store(old, new, progress=change)
        assert _everything(new) == before
        assert store.revision() == 5


def test_only_an_empty_database_takes_a_copy(make: Make) -> None:
    old, new = make("sqlite"), make("sqlite")
    with closing(open_store(old)) as store, closing(open_store(new)) as other:
        store.put([article("a")])
        other.put([article("b")])
        other.delete(["b"])
    with pytest.raises(TargetNotEmpty, match="is not empty"):
        copy_store(old, new)
    with pytest.raises(TargetNotEmpty):
        copy_store(old, old)
    third = make("sqlite")
    with closing(open_keys(third)) as keys:
        keys.create("编辑部", "write")
    with pytest.raises(TargetNotEmpty, match="api_keys"):
        copy_store(old, third)


def test_an_empty_store_may_be_copied(make: Make) -> None:
    old, new = make("sqlite"), make("sqlite")
    open_store(old).close()
    copied = copy_store(old, new)
    assert set(copied.rows.values()) == set(copied.left.values()) == {0}
    assert _everything(new) == _everything(old)


@pytest.mark.parametrize(
    ("version", "error", "why"),
    [("0004", StoreUnavailable, "older release"), ("9999", StoreTooNew, "newer release")],
)
def test_a_store_of_another_release_is_not_copied(
    make: Make, version: str, error: type[Exception], why: str
) -> None:
    old, new = make("sqlite"), make("sqlite")
    open_store(old).close()
    engine = create_engine(old)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{version}'"))
    engine.dispose()
    with pytest.raises(error, match=why):
        copy_store(old, new)


def test_every_table_is_copied() -> None:
    assert {part.table.name for part in copying.STORE} == set(metadata.tables) - {"runner"}


def test_a_source_that_is_not_there_is_named_and_not_made(make: Make, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="there is no such file"):
        copy_store(make("sqlite"), make("sqlite"))
    assert list(tmp_path.iterdir()) == []
