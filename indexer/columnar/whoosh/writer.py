"""ColumnarWriter: Whoosh's IndexWriter over the columnar writer.

It behaves like Whoosh's writer, with these differences. ``update_document`` also replaces a document of the same batch: the
last one wins. An update or a deletion by a unique field affects *all* documents with that value. The fields are fixed: a
change of the schema requires a new index.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from whoosh import writing
from whoosh.fields import Schema, UnknownFieldError
from whoosh.reading import IndexReader
from whoosh.searching import Searcher

from indexer.columnar.errors import Unsupported
from indexer.columnar.files.merge import MergeInput, merge
from indexer.columnar.files.snapshot import Leaf
from indexer.columnar.files.writer import MEMORY_LIMIT, Writer, new_segment_path
from indexer.columnar.whoosh.copy import documents_of
from indexer.columnar.whoosh.reader import ColumnarReader, reader_over
from indexer.columnar.whoosh.schema import DocumentMaker, fields_are_fixed

MergePolicy = Callable[..., Any]

log = logging.getLogger(__name__)


class ColumnarWriter(writing.IndexWriter):  # type: ignore[misc]
    """Changes to one index, visible at the commit. Leaving the ``with`` block commits; an exception in it cancels.

    ``timeout`` is how many seconds to wait for another writer to end. ``merge``, ``optimize`` and ``mergetype`` may be set
    for the commit of the ``with`` block.

    Raises:
        Locked: another writer is still open after that time.
        Damaged: the last commit, or a segment of it, cannot be read.
        Unsupported: the schema has a field that cannot be held, or the index was made with other fields.
    """

    def __init__(
        self,
        folder: Path,
        schema: Schema,
        *,
        timeout: float = 0.0,
        memory_limit: int = MEMORY_LIMIT,
    ) -> None:
        self.schema = schema
        self._maker = DocumentMaker(schema)
        self._writer = Writer(
            folder, self._maker.layout, timeout=timeout, memory_limit=memory_limit
        )
        self._leaves = self._writer.leaves()
        self._added: defaultdict[tuple[str, bytes], set[int]] = defaultdict(set)
        self._dropped: set[int] = set()
        self.merge, self.optimize = True, False
        self.mergetype: MergePolicy | None = None
        self.is_closed = False

    def _check_open(self) -> None:
        if self.is_closed:
            raise writing.IndexingError("This writer is closed")

    # The fields

    def add_field(self, fieldname: str, fieldtype: Any, **_: Any) -> NoReturn:
        """Raises Unsupported: the fields of an index are fixed."""
        del fieldtype
        raise fields_are_fixed(fieldname)

    def remove_field(self, fieldname: str, **_: Any) -> NoReturn:
        """Raises Unsupported: the fields of an index are fixed."""
        raise fields_are_fixed(fieldname)

    # Reading

    def reader(self, **_: Any) -> IndexReader:
        """A reader of the last commit. It reflects this writer's deletions, but not its additions."""
        self._check_open()
        return reader_over(self._writer.leaves(), self.schema, None)

    def searcher(self, **kwargs: Any) -> Searcher:
        """A searcher over :meth:`reader`."""
        return Searcher(self.reader(), **kwargs)

    # Adding

    def start_group(self) -> None:
        """Keep the following documents together, for nested queries, until :meth:`end_group`."""
        self._check_open()
        self._writer.start_group()

    def end_group(self) -> None:
        """End the group."""
        self._check_open()
        self._writer.end_group()

    def add_document(self, **fields: Any) -> None:
        """Add a document: values by field, and ``_stored_<field>`` for a different value to store.

        Raises:
            UnknownFieldError: the schema has no such field.
            Unsupported: a value, or a boost, cannot be held. The batch is as it was before.
        """
        self._check_open()
        number = self._writer.add(self._maker.make(fields))
        for key in self._unique_terms(fields):
            self._added[key].add(number)

    def update_document(self, **fields: Any) -> None:
        """Add a document and replace all documents with the same value of a unique field, in this batch or before.

        Raises:
            UnknownFieldError: the schema has no such field.
            Unsupported: a value, or a boost, cannot be held. The batch is as it was before.
        """
        self._check_open()
        number = self._writer.add(self._maker.make(fields))
        for name, term in self._unique_terms(fields):
            self._delete_added(name, term)
            self._writer.delete_docs(self._committed(name, term))
            self._added[name, term].add(number)

    def _unique_terms(self, fields: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
        for name in self._unique_fields(fields):
            if fields[name] is not None:
                yield name, self.schema[name].to_bytes(fields[name])

    def _committed(self, name: str, term: bytes) -> Iterator[int]:
        """The documents of the last commit that hold a term. O(segments * log terms)."""
        for leaf in self._leaves:
            field = leaf.segment.postings(name)
            number = field.terms.find(term)
            if number >= 0:
                yield from (field.docs(number) + leaf.base).tolist()

    def _delete_added(self, name: str, term: bytes) -> int:
        """Delete the documents of this batch that have a unique value. Returns how many there are."""
        numbers = self._added.pop((name, term), set()) - self._dropped
        self._writer.delete_docs(numbers)
        self._dropped |= numbers
        return len(numbers)

    def add_reader(self, reader: IndexReader) -> None:
        """Add all documents of another index, which may be of any kind that Whoosh reads.

        A columnar segment is merged in. Other segments are copied one at a time, with all their postings in memory.

        Raises:
            Unsupported: the other index holds what a columnar index cannot.
        """
        self._check_open()
        for leaf_reader, _ in reader.leaf_readers():
            leaf = leaf_reader.leaf if isinstance(leaf_reader, ColumnarReader) else None
            if leaf is not None and leaf.segment.layout == self._maker.layout:
                self._add_leaf(leaf)
            else:
                for document in documents_of(leaf_reader, self._maker):
                    self._writer.add(document)

    def _add_leaf(self, leaf: Leaf) -> None:
        source = MergeInput(leaf.segment, leaf.live)
        if source.live_count:
            path = new_segment_path(self._writer.folder)
            merge(path, [source])
            self._writer.add_segment(path)

    # Deleting

    def delete_document(self, docnum: int, delete: bool = True) -> None:
        """Delete a document by its number in the last commit.

        Raises:
            IndexingError: there is no such number.
            Unsupported: ``delete`` is False.
        """
        self._check_open()
        if not delete:
            raise Unsupported("a deletion cannot be taken back: cancel the writer")
        if not 0 <= docnum < sum(leaf.segment.doc_count for leaf in self._leaves):
            raise writing.IndexingError(f"No document ID {docnum!r} in this index")
        self._writer.delete_docs((docnum,))

    def delete_by_term(self, fieldname: str, text: Any, searcher: Searcher | None = None) -> int:
        """Delete all documents that hold a term. Returns how many.

        Documents that were added in this batch are found only by the value of a unique field.

        Raises:
            UnknownFieldError: the schema has no such field.
        """
        self._check_open()
        if fieldname not in self.schema:
            raise UnknownFieldError(f"No field named {fieldname!r} in {self.schema}")
        count: int = super().delete_by_term(fieldname, text, searcher=searcher)
        field = self.schema[fieldname]
        return count + (self._delete_added(fieldname, field.to_bytes(text)) if field.unique else 0)

    # Ending

    def commit(
        self,
        mergetype: MergePolicy | None = None,
        optimize: bool | None = None,
        merge: bool | None = None,
    ) -> None:
        """Make the changes durable and visible, merge as requested, and end the writer in any case.

        ``merge=False`` merges nothing, ``optimize=True`` leaves one segment; otherwise merging is tiered. ``mergetype`` may
        be one of Whoosh's own policies; ``CLEAR`` drops all earlier documents. Whoosh's interface has no way to report a
        merge that fails after the commit, so the failure is logged as a warning.

        Raises:
            Unsupported: a custom merge policy.
        """
        self._check_open()
        policy = self.mergetype if mergetype is None else mergetype
        optimize = self.optimize if optimize is None else optimize
        merge = self.merge if merge is None else merge
        try:
            if policy is writing.CLEAR:
                self._writer.delete_docs(
                    range(sum(leaf.segment.doc_count for leaf in self._leaves))
                )
            elif policy is not None:
                known = (writing.NO_MERGE, writing.MERGE_SMALL, writing.OPTIMIZE)
                if policy not in known:
                    raise Unsupported("a merge policy of one's own: use merge, optimize or CLEAR")
                optimize, merge = policy is writing.OPTIMIZE, policy is not writing.NO_MERGE
            made = self._writer.commit(merge=merge, merge_all=optimize)
        finally:
            self.cancel()
        if made.merge_failure:
            log.warning(
                "%s: committed, but not merged: %s", self._writer.folder, made.merge_failure
            )

    def cancel(self) -> None:
        """Discard uncommitted changes and release the lock."""
        self._writer.cancel()
        self.is_closed = True
