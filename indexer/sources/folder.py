"""The source folder: the files of a folder, each read by the source that reads such a file.

With ``changes_only`` a run reads only the files that were written, moved or copied there since the run before.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from indexer.errors import SourceUnreadable
from indexer.records import Record, Rejection
from indexer.said import Said
from indexer.sources.base import Source, refused
from indexer.sources.pages.places import is_page, shown
from indexer.sources.pages.source import Pages
from indexer.sources.registry import open_source

SETTLED: Final = 2.0
"""Seconds since the last change of a file after which it counts as written. Until then a later run reads it."""

_DATA: Final = re.compile(
    r"\.(?:jsonl?|ndjson|csv|tsv|xlsx?|xlsm|xlsb|ods|xml|rss|atom|zip|tar|tgz|tar\.gz)(?:\.gz)?\Z",
    re.I,
)
_NOT_YET: Final = re.compile(r"\.|~\$|rejects-")
"""How the names of files begin that are not there to be read: hidden ones, locks of an office program, our own rejects."""
_SECOND: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class _File:
    """A file below the folder. ``name`` is its path in there, ``at`` when it was changed or came there, in ns."""

    path: Path
    name: str
    at: int


class Folder:
    """The records of a folder's files, at any depth, in the order of their paths; with ``changes_only`` in that of their changes.

    A file counts if its name ends as those of pages or of data do (docs/cli.md). ``kind`` reads all of them with one kind of
    source; ``html`` only pages. Links are not followed. A file that cannot be read is a Rejection.
    """

    def __init__(
        self, location: str, *, kind: str | None = None, changes_only: bool = False
    ) -> None:
        self._folder = Path(location)
        self._kind, self._changes_only = kind, changes_only
        self._reached: int | None = None
        self._until = 0
        self.since: str | None = None

    @property
    def identity(self) -> str | None:
        """See ``Incremental.identity``: 64 hex digits of the folder and the kind; None without ``changes_only``."""
        if not self._changes_only:
            return None
        parts = ["folder", os.fsdecode(self._folder.absolute()), self._kind]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @property
    def reached(self) -> str | None:
        """See ``Incremental.reached``: the time of the last change that was read, in ns."""
        return None if self._reached is None else str(self._reached)

    def records(self) -> Iterator[Record | Rejection]:
        """See ``Source.records``.

        Raises:
            SourceUnreadable: the folder cannot be read; or none of its files can be, unless they may be yet to come.
        """
        found = False
        for file in self._files():
            found = True
            if self._changes_only:
                self._reached = min(file.at, self._until)
            yield from self._records_of(file)
        if found and self._changes_only:
            self._reached = min(file.at + 1, self._until)
        if not found and self._kind is None and not self._changes_only:
            raise SourceUnreadable(str(self._folder), self._why_nothing())

    def count(self) -> int:
        """See ``Source.count``: a page is one record, other files say how many they hold; 0 if one of them does not know."""
        counts = list(map(self._count_of, self._files()))
        return sum(counts) if all(counts) else 0

    def _files(self) -> Iterator[_File]:
        """The files to read. Memory: the names of one folder at a time; with ``changes_only`` those of all changed files."""
        if not self._changes_only:
            yield from self._below()
            return
        now = time.time_ns()
        until = self._until = now - int(SETTLED * _SECOND)
        since = int(self.since or 0)
        if since > now:  # the clock was set back: nothing tells what is new
            since = 0
        # A time beyond now is one of a clock that was ahead. Such files are read in every run until then.
        changed = [each for each in self._below(since) if not until < each.at <= now]
        yield from sorted(changed, key=lambda each: (each.at, each.name))

    def _below(self, since: int = 0) -> Iterator[_File]:
        """The files at any depth that changed, or came there, at ``since`` or later.

        A folder that is moved here keeps the times of its files. Its own status has changed then, without its list of files.
        """
        came: dict[str, int] = {}
        for parent, folders, files in os.walk(self._folder, onerror=self._refuse):
            folders.sort()
            try:
                status = Path(parent).stat()
            except FileNotFoundError:  # it was there a moment ago
                continue
            moved = status.st_ctime_ns >= since and status.st_ctime_ns > status.st_mtime_ns
            at = max(came.pop(parent, 0), status.st_ctime_ns if moved else 0)
            if at:
                came.update((str(Path(parent, each)), at) for each in folders)
            for each in sorted(filter(self._is_read, files)):
                path = Path(parent, each)
                try:
                    changed = max(at, path.lstat().st_ctime_ns)
                except FileNotFoundError:  # it was there a moment ago
                    continue
                if changed >= since:
                    yield _File(path, path.relative_to(self._folder).as_posix(), changed)

    def _refuse(self, error: OSError) -> None:
        if isinstance(error, FileNotFoundError) and error.filename != str(self._folder):
            return  # it was there a moment ago
        where = shown(str(error.filename or self._folder))
        raise refused(where, error) from error

    def _is_read(self, name: str) -> bool:
        if _NOT_YET.match(name):
            return False
        data = self._kind != "html" and _DATA.search(name) is not None
        return data or (self._kind in (None, "html") and is_page(name))

    def _source(self, file: _File) -> Source:
        if self._kind in (None, "html") and is_page(file.name):
            return Pages(str(file.path), name=file.name)
        return open_source(self._kind, str(file.path))

    def _records_of(self, file: _File) -> Iterator[Record | Rejection]:
        where = shown(str(file.path))
        if file.path.is_symlink():
            yield Rejection.unread(where, Said("a link, not followed: put the file itself there"))
        elif not file.path.is_file():  # a pipe or a device would never end
            yield Rejection.unread(where, Said("not a regular file"))
        else:
            try:
                yield from self._source(file).records()
            except SourceUnreadable as error:
                yield Rejection.unread(where, error.why)

    def _count_of(self, file: _File) -> int:
        if is_page(file.name) or not file.path.is_file():
            return 1
        try:
            return self._source(file).count()
        except SourceUnreadable:
            return 1  # its rejection

    def _why_nothing(self) -> str:
        count, first = 0, ""
        for parent, _, files in os.walk(self._folder):
            count += len(files)
            if files and not first:
                first = str(Path(parent, min(files)).relative_to(self._folder))
        such = f", such as {shown(first)}," if first else ""
        return (
            f"is a folder of {count} files{such} and none can be read by its name: pages (*.html, *.htm, *.shtml, *.xhtml), "
            "data (*.jsonl, *.json, *.csv, *.tsv, *.xlsx, *.ods, *.xml, *.zip and others); give one of its files"
        )
