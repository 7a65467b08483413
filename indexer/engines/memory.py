"""The memory engine: the reference that tests compare other engines with. Slow, short, obviously right.

Every query examines every article. The index is one file on disk: a line of facts, then one article a line as JSON. Each commit
replaces the whole file and each process reads the whole file. For tests and a few thousand articles, not more.
"""

from __future__ import annotations

import secrets
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import orjson
from filelock import FileLock

from indexer.analysis.analyzers import Analyzer
from indexer.analysis.characters import fold_literal
from indexer.article import Article, article_from_record, article_to_record
from indexer.durable import copy_file, replace_file, sync_folder
from indexer.engines.base import CommitReport, Writer
from indexer.engines.completions import offers_of
from indexer.engines.documents import keywords, searchable_texts
from indexer.engines.folder import lock_folder, make_folder
from indexer.engines.memory_matching import Entry
from indexer.engines.memory_reader import MemoryReader, Snapshot
from indexer.engines.memory_rescoring import positions
from indexer.errors import FolderNotWritable, IndexDamaged

FILE: Final = "articles.jsonl"
_PART: Final = ".part"


class MemoryEngine:
    """An index that examines every article for each query."""

    name = "memory"

    def __init__(self, folder: Path, *, analyzer: Analyzer, timezone: ZoneInfo) -> None:
        self.folder = folder
        self.analyzer = analyzer
        self._timezone = timezone
        self._last: Snapshot | None = None

    def create(self) -> None:
        """Make an empty index."""
        make_folder(self.folder)
        self._write(0, 0, {})

    def copy_to(self, folder: Path) -> None:
        """Copy the one file, which each commit replaces as a whole."""
        self._snapshot()
        make_folder(folder)
        try:
            copy_file(self.folder / FILE, folder / FILE)
            sync_folder(folder)
        except OSError as error:
            raise FolderNotWritable(folder, error.strerror or str(error)) from error

    def reader(self) -> MemoryReader:
        """Open the last commit."""
        return MemoryReader(self._snapshot(), self._timezone)

    def writer(self) -> MemoryWriter:
        """Begin a batch of changes."""
        self._snapshot()
        lock = lock_folder(self.folder)
        try:
            return MemoryWriter(self._snapshot(), lock, self._write, self.folder)
        except BaseException:
            lock.release()
            raise

    def build_part(self, articles: Iterable[Article]) -> list[str]:
        """Write a file of articles, one a line."""
        path = self.folder / f"{secrets.token_hex(8)}{_PART}"
        lines = [orjson.dumps(article_to_record(article)) for article in articles]
        try:
            path.write_bytes(b"\n".join(lines))
        except OSError as error:
            raise FolderNotWritable(self.folder, error.strerror or str(error)) from error
        return [path.name]

    def merge(self) -> None:
        """Nothing: there is one file."""

    def replicate(self) -> None:
        """Nothing: the one copy is in the folder."""

    def version(self) -> object:
        """The number of the last commit."""
        try:
            with (self.folder / FILE).open("rb") as file:
                return _facts(file.readline())["commit"]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise IndexDamaged(self.folder, str(error)) from error

    def check(self) -> list[str]:
        """Read the file again and compare its checksum."""
        try:
            self._read()
        except IndexDamaged as damage:
            return [str(damage)]
        return []

    def _snapshot(self) -> Snapshot:
        if self._last is None or self.version() != self._last.commit:
            self._last = self._read()
        return self._last

    def _read(self) -> Snapshot:
        path = self.folder / FILE
        try:
            first, *rest = path.read_bytes().split(b"\n")
            facts = _facts(first)
            if facts["crc32"] != _checksum(facts["commit"], facts["revision"], rest):
                raise IndexDamaged(path, "its checksum is wrong")
            articles = [article_from_record(orjson.loads(line)) for line in rest]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise IndexDamaged(path, str(error)) from error
        lines = {article.id: line for article, line in zip(articles, rest, strict=True)}
        entries = {article.id: self._entry(article, lines[article.id]) for article in articles}
        return Snapshot(facts["commit"], facts["revision"], lines, entries)

    def _entry(self, article: Article, line: bytes) -> Entry:
        if self._last is not None and self._last.lines.get(article.id) == line:
            return self._last.entries[article.id]
        texts = searchable_texts(article)
        cut = {field: self.analyzer.index(text) for field, text in texts.items()}
        tokens = {field: Counter(token.text for token in cut[field]) for field in cut}
        places = {field: positions(cut[field]) for field in cut}
        folded = {field: fold_literal(text) for field, text in texts.items()}
        offers = offers_of(article, cut["title"], folded["body"])
        glued = frozenset(
            chain.from_iterable(map(self.analyzer.glued, set().union(*tokens.values())))
        )
        return Entry(article, tokens, places, folded, keywords(article), offers, glued)

    def _write(self, commit: int, revision: int, lines: Mapping[str, bytes]) -> None:
        body = list(lines.values())
        facts = {"commit": commit, "revision": revision, "crc32": _checksum(commit, revision, body)}
        try:
            replace_file(self.folder / FILE, b"\n".join([orjson.dumps(facts), *body]))
        except OSError as error:
            raise FolderNotWritable(self.folder, error.strerror or str(error)) from error


def _facts(line: bytes) -> dict[str, int]:
    facts: dict[str, int] = orjson.loads(line)
    return facts


def _checksum(commit: int, revision: int, lines: Iterable[bytes]) -> int:
    return zlib.crc32(b"\n".join([b"%d %d" % (commit, revision), *lines]))


class MemoryWriter(Writer):
    """A copy of the last commit that collects changes until it is written or dropped."""

    def __init__(
        self,
        snapshot: Snapshot,
        lock: FileLock,
        write: Callable[[int, int, Mapping[str, bytes]], None],
        folder: Path,
    ) -> None:
        self._commit = snapshot.commit + 1
        self._lines = dict(snapshot.lines)
        self._lock = lock
        self._write = write
        self._folder = folder

    def add(self, article: Article) -> None:
        """Add an article that the index does not hold."""
        self.put(article)

    def put(self, article: Article) -> None:
        """Add or replace an article."""
        self._need_batch()
        self._lines[article.id] = orjson.dumps(article_to_record(article))

    def delete(self, article_id: str) -> None:
        """Delete an article."""
        self._need_batch()
        self._lines.pop(article_id, None)

    def take(self, part: str) -> None:
        """Add the articles of a part."""
        self._need_batch()
        path = self._folder / part
        try:
            for line in path.read_bytes().splitlines():
                self._lines[orjson.loads(line)["id"]] = line
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise IndexDamaged(path, str(error)) from error

    def commit(self, *, revision: int) -> CommitReport:
        """Write the whole index, then end the batch."""
        self._need_batch()
        try:
            self._write(self._commit, revision, self._lines)
            return CommitReport()
        finally:
            self.cancel()

    def cancel(self) -> None:
        """End the batch."""
        if self._lock.is_locked:
            for path in self._folder.glob(f"*{_PART}"):
                path.unlink(missing_ok=True)
        self._lock.release()

    def _need_batch(self) -> None:
        if not self._lock.is_locked:
            raise RuntimeError("this batch has ended: begin another with engine.writer()")
