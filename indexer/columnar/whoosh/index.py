"""ColumnarIndex: Whoosh's Index over a folder with a columnar index.

The caller always passes the schema: the schema is code, and no index stores it. A checksummed commit file replaces Whoosh's
pickled table of contents. The number of the commit is Whoosh's generation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn, Self

from whoosh.fields import Schema, ensure_schema
from whoosh.index import Index
from whoosh.reading import IndexReader
from whoosh.searching import Searcher

from indexer.columnar.errors import Unsupported
from indexer.columnar.files.commit import commit_file, last_commit
from indexer.columnar.files.segment import Segment
from indexer.columnar.files.snapshot import Snapshot, open_snapshot
from indexer.columnar.files.writer import MEMORY_LIMIT, create_index
from indexer.columnar.whoosh.reader import reader_over
from indexer.columnar.whoosh.schema import fields_are_fixed, layout_of
from indexer.columnar.whoosh.writer import ColumnarWriter


class ColumnarIndex(Index):  # type: ignore[misc]
    """The index in a folder, read and written through Whoosh. Threads may share it, but not its searchers.

    Raises:
        Damaged: the folder holds no index, or the index cannot be read.
        Unsupported: the schema has a field that cannot be held, or that the index keeps as another kind.
    """

    def __init__(self, folder: Path, schema: Schema) -> None:
        self.folder, self.schema = folder, ensure_schema(schema)
        self._layout = layout_of(self.schema)
        self._snapshot: Snapshot | None = None
        self.snapshot()

    @classmethod
    def create(cls, folder: Path, schema: Schema) -> Self:
        """Make an empty index and open it.

        Raises:
            ColumnarError: there is one already.
            Unsupported: the schema has a field that cannot be held.
        """
        layout_of(ensure_schema(schema))
        create_index(folder)
        return cls(folder, schema)

    def __repr__(self) -> str:
        return f"ColumnarIndex({str(self.folder)!r})"

    def close(self) -> None:
        """Release the snapshot that is kept for the next reader. Open readers are not affected."""
        self._snapshot = None

    # Reading

    def snapshot(self) -> Snapshot:
        """The last commit, open. It shares segments that are already open."""
        snapshot = open_snapshot(self.folder, self._snapshot)
        if snapshot is not self._snapshot:
            for leaf in snapshot.leaves:
                self._check_kinds(leaf.segment)
            self._snapshot = snapshot
        return snapshot

    def _check_kinds(self, segment: Segment) -> None:
        """Raise Unsupported if segment and schema differ in the kind of a field. Either may lack fields of the other."""
        ours, theirs = self._layout, segment.layout
        for wanted, held in ((ours.postings, theirs.postings), (ours.columns, theirs.columns)):
            for name, kind in wanted.items():
                if held.get(name, kind) != kind:
                    raise Unsupported(
                        f"{segment.file.path} keeps field {name!r} as {held[name]}, the schema wants {kind}: "
                        "open it with the schema it was made with, or make it anew"
                    )

    def reader(self, reuse: IndexReader | None = None) -> IndexReader:
        """A reader of the last commit. ``reuse`` is ignored and stays open, since readers share segments anyway."""
        del reuse
        snapshot = self.snapshot()
        return reader_over(snapshot.leaves, self.schema, snapshot.commit.number)

    def latest_generation(self) -> int:
        """The number of the newest commit that can be read."""
        return last_commit(self.folder).number

    def last_modified(self) -> float:
        """When the last commit was made, in seconds since 1970."""
        return (self.folder / commit_file(self.latest_generation())).stat().st_mtime

    def is_empty(self) -> bool:
        """Whether the index holds no documents. A deleted document counts until a merge drops it."""
        return not last_commit(self.folder).segments

    # Writing

    def writer(self, *, timeout: float = 0.0, memory_limit: int = MEMORY_LIMIT) -> ColumnarWriter:
        """Open the writer; there is only one at a time. See :class:`ColumnarWriter`."""
        return ColumnarWriter(self.folder, self.schema, timeout=timeout, memory_limit=memory_limit)

    def optimize(self, **kwargs: Any) -> None:
        """Merge everything into one segment, without deleted documents."""
        self.writer(**kwargs).commit(optimize=True)

    def delete_by_term(self, fieldname: str, text: Any, searcher: Searcher | None = None) -> None:
        """Delete all documents that hold a term, and commit."""
        with self.writer() as writer:
            writer.delete_by_term(fieldname, text, searcher=searcher)

    def delete_by_query(self, q: Any, searcher: Searcher | None = None) -> None:
        """Delete all documents that match a query, and commit."""
        with self.writer() as writer:
            writer.delete_by_query(q, searcher=searcher)

    def add_field(self, fieldname: str, fieldspec: Any) -> NoReturn:
        """Raises Unsupported: the fields of an index are fixed."""
        del fieldspec
        raise fields_are_fixed(fieldname)

    def remove_field(self, fieldname: str) -> NoReturn:
        """Raises Unsupported: the fields of an index are fixed."""
        raise fields_are_fixed(fieldname)
