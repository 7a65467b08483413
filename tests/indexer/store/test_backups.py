"""Backups: what was backed up is restored, whoever writes meanwhile, and nothing else is touched."""

from __future__ import annotations

import json
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import delete

from indexer.errors import BackupRefused, StoreTooNew
from indexer.store import backups
from indexer.store.backups import DESCRIPTION, MARGIN, back_up, restore, store_at
from indexer.store.database import open_desk, open_jobs, open_store
from indexer.store.sessions import MOST_OF_BOTH
from indexer.store.tables import audit_log
from tests.factories import article
from tests.indexer.store.test_copying import _everything, _fill


def url_of(file: Path) -> str:
    return f"sqlite:///{file}"


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A store that holds something of everything."""
    url = url_of(tmp_path / "articles.sqlite3")
    _fill(url)
    return url


@pytest.fixture
def archive(store: str, tmp_path: Path) -> Path:
    return back_up([store_at(store)], tmp_path / "backup.zip").path


def forget_restore(url: str) -> None:
    """Remove what a restore adds to the log."""
    with closing(open_desk(url)) as desk, desk.engine.begin() as connection:
        connection.execute(delete(audit_log).where(audit_log.c.action == "backup.restore"))


def rewritten(archive: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The archive with other contents."""
    with zipfile.ZipFile(archive) as reading:
        parts = {name: reading.read(name) for name in reading.namelist()}
    change(parts)
    with zipfile.ZipFile(archive, "w") as writing:
        for name, content in parts.items():
            writing.writestr(name, content)
    return archive


def test_a_restored_store_holds_everything_and_a_rebuild_is_queued(
    store: str, archive: Path, tmp_path: Path
) -> None:
    new = url_of(tmp_path / "new" / "articles.sqlite3")
    restored = restore(archive, [store_at(new)], force=False)
    assert restored.rows["store"]["articles"] == 120
    with closing(open_desk(new)) as desk:
        (noted, *_), _ = desk.audit.entries()
        assert (noted.who, noted.action, noted.subject) == (
            "命令行",
            "backup.restore",
            archive.name,
        )
        assert noted.details == {"made_at": restored.made_at.isoformat()}
    forget_restore(new)
    assert _everything(new) == _everything(store)
    with closing(open_store(new)) as one, closing(open_store(store)) as other:
        assert one.revision() == other.revision()
        (result,) = one.put([article("later")])
        assert result.revision == other.revision() + 1
    with closing(open_jobs(new)) as jobs:
        assert [each.kind for each in jobs.list(state="queued")] == ["rebuild"]


def test_a_restore_brings_back_no_session_no_invitation_and_no_attempt(
    store: str, tmp_path: Path
) -> None:
    with closing(open_desk(store)) as desk:
        (made,) = desk.accounts.list()
        session, invitation = desk.sessions.begin(made.id), desk.accounts.invite("admin")
        for _ in range(MOST_OF_BOTH):
            desk.attempts.begin(made.name, "192.0.2.1")
        archive = back_up([store_at(store)], tmp_path / "backup.zip").path
        restored = restore(archive, [store_at(store)], force=True)
        assert desk.sessions.find(session) is None
        assert desk.accounts.invitation(invitation) is None
        assert desk.attempts.begin(made.name, "192.0.2.1") == 0
        assert desk.accounts.list() == [made]
    assert not {"desk_sessions", "invitations", "login_attempts"} & set(restored.rows["store"])


def test_an_archive_is_one_private_file_with_a_name_of_its_time_in_a_folder(
    store: str, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    made = back_up([store_at(store)], folder)
    assert list(folder.iterdir()) == [made.path]
    assert made.path.name == f"search-{made.made_at:%Y%m%d-%H%M%S}.zip"
    assert made.path.stat().st_mode & 0o777 == 0o600


def test_a_backup_holds_one_state_of_a_store_that_is_written_and_holds_nobody_up(
    tmp_path: Path,
) -> None:
    """A writer stores pairs of articles. Each backup holds both of a pair or none."""
    url, stop = url_of(tmp_path / "articles.sqlite3"), Event()
    written: list[object] = []
    open_store(url).close()

    def write() -> None:
        with closing(open_store(url)) as store:
            while not stop.is_set():
                pair = [article(f"{side}-{len(written)}") for side in ("left", "right")]
                written.append(store.put(pair))

    writer = Thread(target=write)
    writer.start()
    try:
        counts, before = [], len(written)
        for number in range(5):
            while len(written) < before + 3:
                pass
            before = len(written)
            made = back_up([store_at(url)], tmp_path / "backup.zip")
            new = url_of(tmp_path / f"{number}.sqlite3")
            restore(made.path, [store_at(new)], force=False)
            with closing(open_store(new)) as store:
                ids = {each.article_id for each in store.changes()}
            assert {f"left-{n}" for n in range(len(ids) // 2)} <= ids
            assert len(ids) == 2 * (len(ids) // 2) >= 2 * before
            counts.append(len(ids))
    finally:
        stop.set()
        writer.join()
    assert counts == sorted(set(counts))


def test_a_store_is_replaced_under_a_service_that_writes_and_no_change_is_lost_to_the_index(
    store: str, archive: Path
) -> None:
    """What is stored after the restore has a revision that no index of the replaced store has reached."""
    with closing(open_store(store)) as service:
        service.put([article(f"new-{number}") for number in range(10)])
        newest = service.revision()
        restore(archive, [store_at(store)], force=True)
        assert service.get("new-1") is None
        assert service.get("r-0") is not None
        (result,) = service.put([article("after")])
        assert newest < newest + MARGIN < result.revision


def test_a_database_that_holds_something_is_not_replaced_unless_forced(
    store: str, archive: Path
) -> None:
    before = _everything(store)
    with pytest.raises(BackupRefused, match=r"holds something already .* --force"):
        restore(archive, [store_at(store)], force=False)
    assert _everything(store) == before


def test_a_new_store_without_articles_is_replaced(archive: Path, tmp_path: Path) -> None:
    new = url_of(tmp_path / "new.sqlite3")
    open_store(new).close()
    restore(archive, [store_at(new)], force=False)
    with closing(open_store(new)) as made:
        assert made.count() > 100


def _spoil(parts: dict[str, bytes]) -> None:
    middle = len(parts["store.sqlite3"]) // 2
    content = bytearray(parts["store.sqlite3"])
    content[middle] ^= 1
    parts["store.sqlite3"] = bytes(content)


def _of_a_later_format(parts: dict[str, bytes]) -> None:
    facts = json.loads(parts[DESCRIPTION])
    parts[DESCRIPTION] = json.dumps(facts | {"format": 2}).encode()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_spoil, "store.sqlite3 is damaged"),
        (_of_a_later_format, "another release made it"),
        (lambda parts: parts.pop("store.sqlite3"), "no backup of this program"),
        (lambda parts: parts.pop(DESCRIPTION), "no backup of this program"),
        (lambda parts: parts.update({DESCRIPTION: b"[]"}), "no backup of this program"),
    ],
)
def test_an_archive_that_is_not_as_it_was_made_is_refused_and_nothing_is_restored(
    store: str, archive: Path, change: Callable[[dict[str, bytes]], None], said: str
) -> None:
    before = _everything(store)
    with pytest.raises(BackupRefused, match=said):
        restore(rewritten(archive, change), [store_at(store)], force=True)
    assert _everything(store) == before


def test_an_archive_that_is_cut_short_is_refused(archive: Path, tmp_path: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-200])
    with pytest.raises(BackupRefused, match="damaged"):
        restore(archive, [store_at(url_of(tmp_path / "new.sqlite3"))], force=False)
    assert not (tmp_path / "new.sqlite3").exists()


def test_a_store_of_a_newer_release_is_refused(store: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "articles.sqlite3")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    archive = back_up([store_at(store)], tmp_path / "backup.zip").path
    with pytest.raises(StoreTooNew, match="9999"):
        restore(archive, [store_at(url_of(tmp_path / "new.sqlite3"))], force=False)
    assert not (tmp_path / "new.sqlite3").exists()


def test_a_damaged_database_is_not_backed_up_and_the_last_archive_stays(
    store: str, archive: Path, tmp_path: Path
) -> None:
    before = archive.read_bytes()
    file = tmp_path / "articles.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(file.read_bytes())
    content[8192:12288] = b"\xff" * 4096
    file.write_bytes(content)
    with pytest.raises(BackupRefused):
        back_up([store_at(store)], archive)
    assert archive.read_bytes() == before
    assert not list(tmp_path.glob(".search-*"))


def test_a_disk_that_fails_while_the_archive_is_written_leaves_nothing(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backups, "_pour", fail)
    folder = tmp_path / "backups"
    folder.mkdir()
    with pytest.raises(OSError, match="No space"):
        back_up([store_at(store)], folder)
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql+psycopg://search:secret@db/articles", "pg_dump"),
        ("mariadb+pymysql://search:secret@db/articles", "mariadb-dump"),
    ],
)
def test_a_server_is_refused_with_the_program_to_use(archive: Path, url: str, said: str) -> None:
    with pytest.raises(BackupRefused, match=said) as refused:
        back_up([store_at(url)], archive)
    assert "secret" not in str(refused.value)
    with pytest.raises(BackupRefused, match=said):
        restore(archive, [store_at(url)], force=True)


def test_a_store_that_is_not_there_is_refused(tmp_path: Path) -> None:
    missing = store_at(url_of(tmp_path / "articles.sqlite3"))
    with pytest.raises(BackupRefused, match="no such file"):
        back_up([missing], tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_an_archive_does_not_hold_is_left_alone(archive: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite3"
    shutil.copy(tmp_path / "articles.sqlite3", other)
    before = other.read_bytes()
    named = store_at(url_of(other))
    log = backups.Database("querylog", named.url, named.chain)
    new = store_at(url_of(tmp_path / "new.sqlite3"))
    assert set(restore(archive, [new, log], force=False).rows) == {"store"}
    assert other.read_bytes() == before
