"""Brings the records of a source into the store, as the command ``ingest`` and the job ``import`` do.

A source that can go on where it ended the last time does so. ``ingest.py`` takes the records; it knows no sources.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from indexer.ingest import IngestReport, accept
from indexer.preparing import prepared_beside
from indexer.reading import Options, Reading
from indexer.records import Record, Rejection
from indexer.rejects import RejectsFile, rejects_name
from indexer.settings import usable_cores
from indexer.sources.base import Incremental, Source, Tabular
from indexer.sources.fetching import is_address
from indexer.sources.registry import open_source
from indexer.store.articles import ArticleStore

Asked = Callable[[], bool]


def never() -> bool:
    """Whether somebody asked to end, where nobody can."""
    return False


def given_source(kind: str | None, location: str, options: Options) -> Source:
    """The source that a command line or the row of a job names. Without a kind it is recognised.

    Raises:
        InvalidSetting: this kind of source does not take these options.
    """
    return open_source(kind, location, options.of_source, changes_only=options.changes_only)


def lasting_location(kind: str, location: str) -> str:
    """The location for a process in another folder: files by their absolute path, addresses as they are.

    Raises:
        SourceUnreadable: it is no URL where there must be one.
    """
    if is_address(location):
        return location
    if kind == "sql":
        from indexer.sources.databases import absolute_url  # lazily, as the source itself

        return absolute_url(location)
    return str(Path(location).absolute())


def import_source(
    source: Source,
    store: ArticleStore,
    reading: Reading,
    *,
    location: str,
    rejects: Path,
    progress: Callable[[int], None],
    expect: Callable[[int], None] | None = None,
    asked_to_end: Asked = never,
) -> IngestReport:
    """Accept the records of a source, until they end or ``asked_to_end`` says so, which it is asked before each record.

    ``location`` is where the source stands. Rejected lines go to the file ``rejects``; see ``rejects.py``. ``expect`` is told before the
    first record how many there are to read in this run; see ``Source.count``.

    How far an incremental source was read is noted once its records are stored, and the rejected ones are in the file. Those of a run
    that dies before are read again, and storing them again changes nothing. A source that is read in another way than before is read
    from its beginning.

    Raises:
        InvalidSetting: see :func:`checked_records`.
        StoreUnavailable, FolderNotWritable, PreparingFailed: see :func:`accept`.
    """
    name = None
    if isinstance(source, Incremental) and source.identity:
        name = hashlib.sha256(f"{source.identity} {reading.identity}".encode()).hexdigest()
        source.since = store.reached(name)
    if expect:
        expect(source.count())
    ended_early = False

    def records() -> Iterator[Record | Rejection]:
        nonlocal ended_early
        for record in checked_records(source, reading):
            if asked_to_end():
                ended_early = True
                return
            yield record

    preparing = prepared_beside(reading) if usable_cores() > 1 else None
    with RejectsFile(rejects, source=location) as file:
        report = accept(
            records(), store, reading, rejects=file, progress=progress, preparing=preparing
        )
        if ended_early or report.failure is not None:
            file.spare()
    if isinstance(source, Incremental) and name and source.reached is not None:
        store.note_reached(name, source.reached)
    return report


def checked_records(source: Source, reading: Reading) -> Iterator[Record | Rejection]:
    """The records of a source.

    Raises:
        InvalidSetting: before the first one: the reading names a column that the table does not have.
    """
    table = source if isinstance(source, Tabular) else None
    for record in source.records():
        if table and table.columns:
            reading.check_columns(table.columns)
            table = None
        yield record
    if table and table.columns:
        reading.check_columns(table.columns)


def rejects_of(location: str, options: Options) -> Path:
    """The file for the rejected records of a source: named after the file, the table, or ``query``."""
    of_source = options.of_source
    name = of_source.get("table") or ("query" if "query" in of_source else location)
    return Path(rejects_name(name))
