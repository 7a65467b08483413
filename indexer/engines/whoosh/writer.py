"""A batch of changes to the Whoosh index."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from indexer.analysis.analyzers import Analyzer
from indexer.article import Article
from indexer.columnar.files.writer import Writer as IndexWriter
from indexer.engines.base import CommitReport, Writer
from indexer.engines.whoosh.buffers import text_buffers
from indexer.engines.whoosh.documents import document_of
from indexer.engines.whoosh.fields import LAYOUT, encoded
from indexer.engines.whoosh.translation import translated


class WhooshWriter(Writer):
    """The one writer of a folder.

    Raises:
        WriterBusy, IndexDamaged: only when the writer is made.
        FolderNotWritable: in any method, when the folder cannot be written or the disk is full.
    """

    def __init__(self, folder: Path, analyzer: Analyzer) -> None:
        self._folder, self._analyzer = folder, analyzer
        with translated(folder):
            self._writer = IndexWriter(folder, LAYOUT, buffers=partial(text_buffers, analyzer))
        self._bulk = self._writer.is_empty
        self._open = True

    def add(self, article: Article) -> None:
        """Add an article that the index does not hold."""
        self._need_batch()
        document = document_of(article, self._analyzer)
        with translated(self._folder):
            self._writer.add(document, article.id.encode())

    def put(self, article: Article) -> None:
        """Add or replace an article."""
        self.delete(article.id)
        self.add(article)

    def delete(self, article_id: str) -> None:
        """Delete an article."""
        self._need_batch()
        with translated(self._folder):
            self._writer.delete(encoded(article_id))

    def take(self, part: str) -> None:
        """Add a segment that another process built."""
        self._need_batch()
        with translated(self._folder):
            self._writer.add_segment(self._folder / part)

    def commit(self, *, revision: int) -> CommitReport:
        """Make the changes visible and end the batch. The first batch of an index is merged into one segment."""
        self._need_batch()
        self._open = False
        with translated(self._folder):
            made = self._writer.commit({"revision": revision}, merge_all=self._bulk)
        return CommitReport(merge_failure=made.merge_failure)

    def cancel(self) -> None:
        """Discard the changes and end the batch."""
        self._open = False
        with translated(self._folder):
            self._writer.cancel()

    def _need_batch(self) -> None:
        if not self._open:
            raise RuntimeError("this batch has ended: begin another with engine.writer()")
