"""Backups of SQLite databases: one archive of all that belong together, made while they are written, and put back likewise.

An archive is a ZIP file with a copy of each database and a description with its checksum. It is complete or not there. Servers
have better tools for their databases, so those are refused. This module knows of the databases' contents only what a restored
store needs: its revisions, its jobs, and how people come in at the desk.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final, TypedDict

from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.engine import make_url

from indexer.durable import sync_folder
from indexer.errors import BackupRefused, JobWaiting
from indexer.store.audit import COMMAND_LINE, AuditLog
from indexer.store.chain import Chain, open_database
from indexer.store.database import CHAIN
from indexer.store.dialects import for_writing, shown, translated
from indexer.store.jobs import JobStore
from indexer.store.tables import (
    desk_sessions,
    editorial_versions,
    invitations,
    login_attempts,
    revisions,
    runner,
)

STORE: Final = "store"
DESCRIPTION: Final = "backup.json"
FORMAT: Final = 1

PATIENCE: Final = 30.0
"""Seconds to wait for another process's transaction before each attempt to go on."""

MARGIN: Final = 1_000_000
"""How far the revisions of a restored store begin above those of the store that it replaces.

An index that was made of the replaced store takes lower revisions for changes that it has.
"""

_ENTRANCES: Final = (desk_sessions, invitations, login_attempts)
"""Tables that no restore brings back. What ended after the backup, by a new password for example, would let people in again."""

_COMPRESSION: Final = 1
"""Level of zlib: the fastest. Articles shrink to less than half."""
_PIECE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Database:
    """A database by its name in archives, with its URL and its migrations."""

    name: str
    url: str
    chain: Chain


@dataclass(frozen=True, slots=True)
class Backup:
    """An archive: where it is, when it was made, and the number of rows of each table of each database in it."""

    path: Path
    made_at: datetime
    rows: Mapping[str, Mapping[str, int]]


class _Described(TypedDict):
    """A database of an archive: its file there, the SHA-256 of that, and the number of rows of each table."""

    file: str
    sha256: str
    rows: dict[str, int]


def store_at(url: str) -> Database:
    """The store at a URL."""
    return Database(STORE, url, CHAIN)


def back_up(databases: Sequence[Database], target: Path) -> Backup:
    """Copy ``databases`` into a new archive: in the folder ``target``, or as the file ``target``, which it may replace.

    Each database is copied in one state, and checked. Other processes read and write meanwhile. A database that does not exist yet is
    left out, but not the first one. Needs space for the copies and the archive in the target's folder.

    Raises:
        BackupRefused: a database is not SQLite, is missing or is damaged.
        OSError: the archive cannot be written.
    """
    made_at = datetime.now(UTC).replace(microsecond=0)
    path = target / f"search-{made_at:%Y%m%d-%H%M%S}.zip" if target.is_dir() else target
    described: dict[str, _Described] = {}
    files = {each.name: _file_of(each, "back it up") for each in databases}
    if not files[databases[0].name].exists():
        raise BackupRefused(shown(make_url(databases[0].url)), "there is no such file yet")
    with TemporaryDirectory(dir=path.parent, prefix=".search-backup-") as folder:
        archive = Path(folder) / "archive"
        with zipfile.ZipFile(
            archive, "x", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION
        ) as writing:
            for name, file in files.items():
                if not file.exists():
                    continue
                copy = Path(folder) / f"{name}.sqlite3"
                with _opened(file) as source, _opened(copy, new=True) as copied:
                    source.backup(copied)
                    copied.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside
                    _check(copied, file)
                    rows = _rows(copied)
                with (
                    copy.open("rb") as reading,
                    writing.open(copy.name, "w", force_zip64=True) as part,
                ):
                    digest = _pour(reading, part)
                copy.unlink()
                described[name] = _Described(file=copy.name, sha256=digest, rows=rows)
            facts = {"format": FORMAT, "made_at": made_at.isoformat(), "databases": described}
            writing.writestr(DESCRIPTION, json.dumps(facts, indent=1))
        archive.chmod(0o600)  # it holds what the databases hold
        with archive.open("rb") as written:
            os.fsync(written.fileno())
        archive.replace(path)
    sync_folder(path.parent)
    return Backup(path, made_at, {name: each["rows"] for name, each in described.items()})


def restore(archive: Path, databases: Sequence[Database], *, force: bool) -> Backup:
    """Put the databases of an archive in the place of ``databases``, each in one transaction. The archive is verified first.

    Other processes may use the databases meanwhile: they see the old content, then the restored one. A restored store has a rebuild
    among its jobs, because no index fits it. It has no session, no invitation and no attempt to log in, and its log tells of the
    restore. Databases of an archive that ``databases`` does not name are left out.

    Raises:
        BackupRefused: the archive is none, is damaged or was made by a newer release; a database is not SQLite; or it holds
            something, and ``force`` is not set. Nothing was restored.
    """
    with TemporaryDirectory(dir=_beside(databases), prefix=".search-restore-") as folder:
        backup, copies = _unpacked(archive, Path(folder))
        wanted = [each for each in databases if each.name in copies]
        targets = {each.name: _file_of(each, "restore it") for each in wanted}
        for each in wanted:
            if not force and (held := _held(targets[each.name])) is not None:
                raise BackupRefused(
                    shown(make_url(each.url)),
                    f"it holds something already (table {held}), so nothing was restored; --force replaces it",
                )
        for each in wanted:  # newer releases are refused, older ones brought up to date
            url = f"sqlite:///{copies[each.name]}"
            engine = open_database(url, each.chain)
            try:
                if each.name == STORE:
                    _close_entrances(engine)
                    _go_on_after(JobStore(engine), engine, _revision(targets[each.name]))
                    made_at = backup.made_at.isoformat()
                    AuditLog(engine).note(
                        COMMAND_LINE, "backup.restore", archive.name, made_at=made_at
                    )
            finally:
                engine.dispose()
        for each in wanted:
            targets[each.name].parent.mkdir(parents=True, exist_ok=True)
            with (
                _opened(copies[each.name]) as source,
                _opened(targets[each.name], new=True) as target,
            ):
                source.backup(target)
        return Backup(
            archive, backup.made_at, {each.name: _restored(backup, each) for each in wanted}
        )


def _unpacked(archive: Path, folder: Path) -> tuple[Backup, dict[str, Path]]:
    """The description of an archive, and its databases as files in ``folder``, compared with their checksums."""
    copies: dict[str, Path] = {}
    try:
        with zipfile.ZipFile(archive) as reading:
            facts = json.loads(reading.read(DESCRIPTION))
            if facts["format"] != FORMAT:
                raise BackupRefused(str(archive), "another release made it: restore it with that")
            for name, told in facts["databases"].items():
                copies[name] = folder / f"{len(copies)}.sqlite3"
                with reading.open(told["file"]) as part, copies[name].open("xb") as file:
                    digest = _pour(part, file)
                if digest != told["sha256"]:
                    raise BackupRefused(str(archive), f"{told['file']} is damaged")
                with _opened(copies[name]) as copied:
                    _check(copied, archive)
            rows = {name: dict(told["rows"]) for name, told in facts["databases"].items()}
            return Backup(archive, datetime.fromisoformat(facts["made_at"]), rows), copies
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise BackupRefused(
            str(archive), f"it is no archive, or it is damaged ({error})"
        ) from error
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise BackupRefused(str(archive), "it is no backup of this program") from error


def _restored(backup: Backup, database: Database) -> dict[str, int]:
    """The number of rows of each table that a restore brings back."""
    left = {table.name for table in _ENTRANCES} if database.name == STORE else set()
    rows = backup.rows[database.name]
    return {table: count for table, count in rows.items() if table not in left}


def _close_entrances(engine: Engine) -> None:
    with translated(engine.url), for_writing(engine).begin() as connection:
        for table in _ENTRANCES:
            connection.execute(delete(table))


def _go_on_after(jobs: JobStore, engine: Engine, replaced: int) -> None:
    """Let the revisions of a restored store go on above those of the replaced one, and queue a rebuild."""
    if replaced:
        least = replaced + MARGIN
        with translated(engine.url), for_writing(engine).begin() as connection:
            connection.execute(update(revisions).values(last=func.max(revisions.c.last, least)))
    with suppress(JobWaiting):
        jobs.add_if_none_waits("rebuild", {})


def _revision(file: Path) -> int:
    """The last revision of a store; 0 if there is no store."""
    if not file.exists():
        return 0
    with _opened(file) as connection:
        if revisions.name not in _tables(connection):
            return 0
        found = connection.execute(str(select(revisions.c.last))).fetchone()
    return int(found[0]) if found else 0


def _held(file: Path) -> str | None:
    """The name of a table of a database that has rows which somebody put there; None if there is none."""
    if not file.exists():
        return None
    with _opened(file) as connection:
        return next((name for name, count in _rows(connection).items() if count), None)


def _rows(connection: sqlite3.Connection) -> dict[str, int]:
    """The number of rows of each table, without those that a new database has."""
    return {
        name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
        for name in _tables(connection)
        if name not in (revisions.name, editorial_versions.name, runner.name)
        and not name.endswith("_version")
    }


def _tables(connection: sqlite3.Connection) -> list[str]:
    query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    return [name for (name,) in connection.execute(query)]


def _file_of(database: Database, do: str) -> Path:
    url = make_url(database.url)
    if url.get_backend_name() != "sqlite" or not url.database:
        how = {
            "postgresql": "pg_dump and pg_restore",
            "mysql": "mariadb-dump --single-transaction and mariadb",
            "mariadb": "mariadb-dump --single-transaction and mariadb",
        }.get(url.get_backend_name(), "its own programs")
        raise BackupRefused(shown(url), f"it is not SQLite: {do} with {how}")
    return Path(url.database)


def _beside(databases: Sequence[Database]) -> Path:
    """An existing folder on the disk of the first database."""
    folder = _file_of(databases[0], "restore it").parent
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _opened(file: Path, *, new: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection to a SQLite file. Errors of SQLite become BackupRefused."""
    try:
        mode = "rwc" if new else "rw"
        address = f"{file.absolute().as_uri()}?mode={mode}"
        with closing(sqlite3.connect(address, uri=True, timeout=PATIENCE)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise BackupRefused(str(file), f"{error}") from error


def _check(connection: sqlite3.Connection, file: Path) -> None:
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise BackupRefused(str(file), f"the database is damaged: {found}")


def _pour(source: IO[bytes], target: IO[bytes]) -> str:
    """Copy all bytes, and return their SHA-256."""
    digest = hashlib.sha256()
    while piece := source.read(_PIECE):
        digest.update(piece)
        target.write(piece)
    return digest.hexdigest()
