"""Whoosh's readers over the leaves of a snapshot: one leaf, several, or none.

A reader may be closed, as Whoosh wants it, but that frees nothing: mappings go when the last snapshot that shares them goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from whoosh.fields import Schema
from whoosh.reading import (
    EmptyReader,
    IndexReader,
    MultiReader,
    ReaderClosed,
    SegmentReader,
    TermNotFound,
)

from indexer.columnar.files.snapshot import Leaf
from indexer.columnar.whoosh.codec import ColumnarCodec, ColumnarSegment, ColumnarTerms
from indexer.columnar.whoosh.matcher import ColumnarMatcher


class ColumnarReader(SegmentReader):  # type: ignore[misc]
    """Whoosh's reader of one leaf."""

    def __init__(self, leaf: Leaf, schema: Schema, generation: int | None) -> None:
        self.leaf = leaf
        segment = ColumnarSegment(leaf, ColumnarCodec(schema))
        super().__init__(None, schema, segment, generation=generation)

    def __repr__(self) -> str:
        return f"ColumnarReader({self.leaf.segment.name!r})"

    def postings(self, fieldname: str, text: Any, scorer: Any = None) -> ColumnarMatcher:
        """The postings of a term in documents that live.

        Whoosh would filter deleted documents one at a time, and out of a set made anew for each term.

        Raises:
            TermNotFound: the segment lacks the term.
        """
        if self.is_closed:
            raise ReaderClosed
        if fieldname not in self.schema:
            raise TermNotFound(f"No field {fieldname!r}")
        term = self._text_to_bytes(fieldname, text)
        format_ = self.schema[fieldname].format
        terms: ColumnarTerms = self._terms
        return terms.matcher(fieldname, term, format_, scorer=scorer, live_only=True)


class _NoLeaves(EmptyReader):  # type: ignore[misc]
    """Whoosh's reader of nothing, which knows its generation: else its searcher is never up to date."""

    def __init__(self, schema: Schema, generation: int | None) -> None:
        super().__init__(schema)
        self._generation = generation

    def generation(self) -> int | None:
        return self._generation


def reader_over(leaves: Sequence[Leaf], schema: Schema, generation: int | None) -> IndexReader:
    """A reader over leaves, whose documents are numbered through. Opens no file."""
    if not leaves:
        return _NoLeaves(schema, generation)
    readers = [ColumnarReader(leaf, schema, generation) for leaf in leaves]
    return readers[0] if len(readers) == 1 else MultiReader(readers, generation=generation)
