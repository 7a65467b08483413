"""Whoosh's readers over the leaves of a snapshot: one leaf, several, or none.

Closing a reader frees nothing. A mapping ends with the last snapshot that shares it.
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
        """The postings of a term in living documents.

        The default implementation of Whoosh tests each document against a set, which it builds again for each term.

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
    """A Whoosh reader without documents. It has a generation; without one its searcher would never be up to date."""

    def __init__(self, schema: Schema, generation: int | None) -> None:
        super().__init__(schema)
        self._generation = generation

    def generation(self) -> int | None:
        return self._generation


def reader_over(leaves: Sequence[Leaf], schema: Schema, generation: int | None) -> IndexReader:
    """A reader over leaves, with consecutive document numbers. Opens no file."""
    if not leaves:
        return _NoLeaves(schema, generation)
    readers = [ColumnarReader(leaf, schema, generation) for leaf in leaves]
    return readers[0] if len(readers) == 1 else MultiReader(readers, generation=generation)
