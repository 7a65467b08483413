"""Reading the editors' lists and the API keys without the right to write the store."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from indexer.editorial.entries import ListName
from indexer.editorial.lines import read_entry
from indexer.errors import StoreUnavailable
from indexer.store.database import find_editorial, find_keys, open_editorial, open_keys
from indexer.store.dialects import make_engine
from indexer.store.editorial_lists import EditorialStore

NOBODY = 65_534


@pytest.fixture
def path() -> Iterator[Path]:
    """A store's file, in a folder to which every user can go."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder / "articles.sqlite3"
    shutil.rmtree(folder)


@contextmanager
def without_the_right_to_write(folder: Path) -> Iterator[None]:
    """Nothing in the folder can be written inside the block, not even by root, who becomes somebody else for it."""
    modes = {each: each.stat().st_mode for each in (folder, *folder.iterdir())}
    for each, mode in modes.items():
        each.chmod(mode & ~0o222)
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        with pytest.raises(OSError, match="denied"):
            (folder / "new").touch()
        yield
    finally:
        if user == 0:
            os.seteuid(user)
        for each, mode in modes.items():
            if each.exists():
                each.chmod(mode)


def put(store: EditorialStore, name: ListName, *lines: str) -> None:
    store.put(name, [read_entry(name, line) for line in lines])


def hides(store: EditorialStore) -> list[str]:
    return [entry.spell() for entry in store.read().entries["hides"]]


def test_a_store_that_nobody_has_open_is_read(path: Path) -> None:
    with closing(open_editorial(f"sqlite:///{path}")) as writing:
        put(writing, "hides", "春运 => a-1")
    assert not Path(f"{path}-wal").exists()
    with without_the_right_to_write(path.parent):
        with closing(find_editorial(f"sqlite:///{path}")) as reading:
            assert reading.version() == 1
            assert hides(reading) == ["春运 => a-1"]
            with pytest.raises(StoreUnavailable, match="cannot be written"):
                put(reading, "hides", "茶会 => a-2")
        assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_keys_are_read_while_another_user_changes_them(path: Path) -> None:
    with closing(open_keys(f"sqlite:///{path}")) as writing:
        text, key = writing.create("portal", "write")
        with without_the_right_to_write(path.parent):
            reading = find_keys(f"sqlite:///{path}")
            assert reading.find(text) == key
            with pytest.raises(StoreUnavailable, match="cannot be written"):
                reading.create("another", "admin")
        revoked = writing.revoke(key.id)
        with without_the_right_to_write(path.parent):
            assert reading.find(text) == revoked
    with without_the_right_to_write(path.parent), closing(reading):
        assert reading.list() == [revoked]


def test_changes_show_that_another_user_makes(path: Path) -> None:
    with closing(open_editorial(f"sqlite:///{path}")) as writing:
        put(writing, "hides", "春运 => a-1")
    with without_the_right_to_write(path.parent):
        reading = find_editorial(f"sqlite:///{path}")
        assert reading.version() == 1
    for number in range(2, 5):
        with closing(open_editorial(f"sqlite:///{path}")) as writing:
            put(writing, "hides", f"春运 => a-{number}")
            with without_the_right_to_write(path.parent):
                assert reading.version() == number, "while the writer has it open"
        with without_the_right_to_write(path.parent):
            assert len(hides(reading)) == number, "after the writer has closed it"
    reading.close()


def test_a_wal_that_cannot_be_read_is_not_passed_over(path: Path) -> None:
    with closing(open_editorial(f"sqlite:///{path}")) as writing:
        put(writing, "hides", "春运 => a-1")
        lying = {
            each: each.read_bytes()
            for each in path.parent.iterdir()
            if not each.name.endswith("-shm")
        }
    for each, content in lying.items():  # as after a crash, and a backup of two of the three files
        each.write_bytes(content)
    assert Path(f"{path}-wal").stat().st_size
    with (
        without_the_right_to_write(path.parent),
        pytest.raises(StoreUnavailable, match="cannot be opened"),
    ):
        find_editorial(f"sqlite:///{path}")


def test_who_may_write_reads_without_writing_all_the_same(path: Path) -> None:
    open_editorial(f"sqlite:///{path}").close()
    engine = make_engine(f"sqlite:///{path}", reading=True)
    with engine.connect() as connection, pytest.raises(Exception, match="readonly") as caught:
        connection.execute(text("DELETE FROM editorial_versions"))
    assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
    engine.dispose()
