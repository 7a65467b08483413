"""Files of changes that wait for their commit: one change a line, and a checksum at the end.

A change is the id of an article, a tab and its document, both as JSON. Without a document the article is deleted.
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import orjson

from indexer.analysis.analyzers import Analyzer
from indexer.article import Article
from indexer.engines.opensearch.documents import documents_of
from indexer.errors import FolderNotWritable, IndexDamaged

SUFFIX: Final = ".part"
TOGETHER: Final = 200
"""Articles whose texts are read together. More share little more work."""
MOST_TEXT: Final = 1 << 20
"""Characters of bodies that are read together, or one body: reading takes some hundred bytes of memory for each."""


class PartWriter:
    """Writes one part into a folder. It makes the documents of some hundred articles together, since that is faster.

    ``size`` is the bytes written so far.

    Raises:
        FolderNotWritable: in any method, when the folder cannot be written or the disk is full.
    """

    def __init__(self, folder: Path, analyzer: Analyzer) -> None:
        self.path = folder / f"{secrets.token_hex(8)}{SUFFIX}"
        self._analyzer = analyzer
        self._waiting: list[tuple[str, Article | None]] = []
        self._characters = self._crc = self.size = 0
        try:
            self._file = self.path.open("xb")
        except OSError as error:
            raise FolderNotWritable(folder, error.strerror or str(error)) from error

    def add(self, article_id: str, article: Article | None) -> None:
        """Add a change: the article as it is now, None if it is deleted."""
        self._waiting.append((article_id, article))
        self._characters += len(article.body) if article else 0
        if len(self._waiting) == TOGETHER or self._characters > MOST_TEXT:
            self._write_waiting()

    def close(self) -> Path:
        """End the part, and return its path."""
        self._write_waiting()
        self._write(b"%d\n" % self._crc)
        self.end()
        return self.path

    def end(self) -> None:
        """Close the file. A part that was not closed by :meth:`close` is cut short."""
        try:
            self._file.close()
        except OSError as error:
            raise FolderNotWritable(self.path.parent, error.strerror or str(error)) from error

    def _write_waiting(self) -> None:
        articles = [article for _, article in self._waiting if article]
        documents = iter(documents_of(articles, self._analyzer))
        for article_id, article in self._waiting:
            document = orjson.dumps(next(documents)) if article else b""
            line = orjson.dumps(article_id) + b"\t" + document + b"\n"
            self._crc = zlib.crc32(line, self._crc)
            self._write(line)
        self._waiting.clear()
        self._characters = 0

    def _write(self, line: bytes) -> None:
        try:
            self._file.write(line)
        except OSError as error:
            raise FolderNotWritable(self.path.parent, error.strerror or str(error)) from error
        self.size += len(line)


def check_part(path: Path) -> None:
    """Compare a part with its checksum. O(part).

    Raises:
        IndexDamaged: it is missing, cut short or altered.
    """
    crc, last = 0, b""
    try:
        with path.open("rb") as file:
            for line in file:
                crc, last = zlib.crc32(last, crc), line
    except OSError as error:
        raise IndexDamaged(path, error.strerror or str(error)) from error
    if last != b"%d\n" % crc:
        raise IndexDamaged(path, "its checksum is wrong")


def changes_of(path: Path) -> Iterator[tuple[str, bytes]]:
    """The changes of a checked part: the id, and the document as JSON, empty if the article is deleted.

    Raises:
        IndexDamaged: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            for line in file:
                article_id, parted, document = line.partition(b"\t")
                if parted:
                    yield orjson.loads(article_id), document.strip()
    except OSError as error:
        raise IndexDamaged(path, error.strerror or str(error)) from error


def remove_parts(folder: Path) -> None:
    """Remove all parts of a folder."""
    for path in folder.glob(f"*{SUFFIX}"):
        path.unlink(missing_ok=True)
