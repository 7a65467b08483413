"""ColumnarCodec: the read side of Whoosh's codec interface over columnar segments.

It answers Whoosh's requests a term or a document at a time from mapped arrays, and copies only what it returns. Statistics are
exact, lengths included. As in Whoosh, they count deleted documents until a merge drops them. The codec does not write:
``SegmentBuilder`` makes segments.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final

import numpy as np
from whoosh.codec import base
from whoosh.columns import Column, ColumnReader
from whoosh.fields import FieldType, Schema
from whoosh.formats import Format
from whoosh.matching import ListMatcher
from whoosh.reading import TermInfo, TermNotFound

from indexer.columnar.files.segment import PostingsField
from indexer.columnar.files.snapshot import Leaf
from indexer.columnar.files.terms import Terms
from indexer.columnar.whoosh.columns import ColumnCodec
from indexer.columnar.whoosh.matcher import ColumnarMatcher
from indexer.columnar.whoosh.schema import STORED, decode_vector, vector_blobs
from indexer.columnar.whoosh.stored_fields import decode_stored

_RUN: Final = 256
"""Terms to read at a time when a dictionary is walked through."""


class ColumnarSegment(base.Segment):  # type: ignore[misc]
    """A leaf of a snapshot in the form of a Whoosh segment. It cannot be changed."""

    def __init__(self, leaf: Leaf, codec: ColumnarCodec) -> None:
        self.leaf, self._codec = leaf, codec

    def codec(self) -> ColumnarCodec:
        """The codec that reads this segment."""
        return self._codec

    def segment_id(self) -> str:
        """The name of the segment's file."""
        return self.leaf.segment.name

    def is_compound(self) -> bool:
        """Always False: no segment is a compound segment of Whoosh."""
        return False

    def doc_count_all(self) -> int:
        """The number of documents, deleted ones included."""
        return self.leaf.segment.doc_count

    def deleted_count(self) -> int:
        """How many of its documents are deleted."""
        return self.leaf.deleted

    def deleted_docs(self) -> Iterator[int]:
        """The deleted documents, ascending."""
        live = self.leaf.live
        return iter(() if live is None else np.flatnonzero(~live).tolist())

    def is_deleted(self, docnum: int) -> bool:
        """Whether a document is deleted. Whoosh also asks for the number after the last one; the answer is False."""
        live = self.leaf.live
        return live is not None and docnum < len(live) and not live[docnum]


class ColumnarCodec(base.Codec):  # type: ignore[misc]
    """Reads segments for the fields of one schema."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def terms_reader(self, storage: Any, segment: ColumnarSegment) -> ColumnarTerms:
        """The reader of terms and postings. ``storage`` is unused, since a segment is already open."""
        del storage
        return ColumnarTerms(segment.leaf)

    def per_document_reader(self, storage: Any, segment: ColumnarSegment) -> ColumnarDocuments:
        """The reader of per-document data."""
        del storage
        return ColumnarDocuments(self.schema, segment)


class ColumnarTermInfo(TermInfo):  # type: ignore[misc]
    """The statistics of a term in a segment. The lengths and the greatest frequency are computed on demand."""

    def __init__(self, field: PostingsField, number: int) -> None:
        self._field, self._number = field, number
        self._docs = field.docs(number)
        count = len(self._docs)
        super().__init__(
            weight=float(field.total_frequency(number) if field.words else count),
            df=count,
            minid=int(self._docs[0]),
            maxid=int(self._docs[-1]),
        )

    def min_length(self) -> int:
        """The length of the shortest document that holds the term; 0 for a field without lengths."""
        return int(self._field.lengths[self._docs].min()) if self._field.words else 0

    def max_length(self) -> int:
        """The length of the longest document that holds the term; 0 for a field without lengths."""
        return int(self._field.lengths[self._docs].max()) if self._field.words else 0

    def max_weight(self) -> float:
        """The greatest frequency of the term in a document."""
        return float(self._field.freqs(self._number).max()) if self._field.words else 1.0


class ColumnarTerms(base.TermsReader):  # type: ignore[misc]
    """Terms and postings of a leaf. A field that the segment lacks has no terms."""

    def __init__(self, leaf: Leaf) -> None:
        self._leaf = leaf

    def _find(self, fieldname: str, term: bytes) -> tuple[PostingsField, int] | None:
        segment = self._leaf.segment
        if fieldname not in segment.layout.postings:
            return None
        field = segment.postings(fieldname)
        number = field.terms.find(term)
        return None if number < 0 else (field, number)

    def _known(self, fieldname: str, term: bytes) -> tuple[PostingsField, int]:
        found = self._find(fieldname, term)
        if found is None:
            raise TermNotFound(f"No term {fieldname}:{term!r}")
        return found

    def __contains__(self, term: tuple[str, bytes]) -> bool:
        return self._find(*term) is not None

    def indexed_field_names(self) -> list[str]:
        """The fields that have terms here, sorted."""
        segment = self._leaf.segment
        names = sorted(segment.layout.postings)
        return [name for name in names if len(segment.postings(name).terms)]

    def cursor(self, fieldname: str, fieldobj: FieldType) -> base.FieldCursor:
        """A cursor on a field's terms, at the first one."""
        if fieldname not in self._leaf.segment.layout.postings:
            return base.EmptyCursor()
        return ColumnarCursor(self._leaf.segment.postings(fieldname), fieldobj)

    def terms(self) -> Iterator[tuple[str, bytes]]:
        """Every term, by field and then in order."""
        for name in self.indexed_field_names():
            for term, _ in _walk(self._leaf.segment.postings(name).terms, 0):
                yield name, term

    def terms_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[str, bytes]]:
        """Every term of a field from ``prefix`` on, then every term of the fields after it."""
        for name, term, _, _ in self._from(fieldname, prefix):
            yield name, term

    def items(self) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        """Every term with its statistics. O(postings)."""
        for name in self.indexed_field_names():
            field = self._leaf.segment.postings(name)
            for term, number in _walk(field.terms, 0):
                yield (name, term), ColumnarTermInfo(field, number)

    def items_from(
        self, fieldname: str, prefix: bytes
    ) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        """The terms of :meth:`terms_from`, each with its statistics."""
        for name, term, field, number in self._from(fieldname, prefix):
            yield (name, term), ColumnarTermInfo(field, number)

    def _from(
        self, fieldname: str, prefix: bytes
    ) -> Iterator[tuple[str, bytes, PostingsField, int]]:
        names = self.indexed_field_names()
        if fieldname not in names:
            return
        for name in names[names.index(fieldname) :]:
            field = self._leaf.segment.postings(name)
            first = field.terms.first_from(prefix) if name == fieldname else 0
            for term, number in _walk(field.terms, first):
                yield name, term, field, number

    def term_info(self, fieldname: str, text: bytes) -> ColumnarTermInfo:
        """The statistics of a term. O(its postings).

        Raises:
            TermNotFound: the segment lacks it.
        """
        return ColumnarTermInfo(*self._known(fieldname, text))

    def frequency(self, fieldname: str, text: bytes) -> float:
        """How often a term occurs; 0 if the segment lacks it. O(log terms)."""
        found = self._find(fieldname, text)
        if found is None:
            return 0.0
        field, number = found
        return float(field.total_frequency(number) if field.words else field.doc_frequency(number))

    def doc_frequency(self, fieldname: str, text: bytes) -> int:
        """How many documents hold a term; 0 if the segment lacks it. O(log terms)."""
        found = self._find(fieldname, text)
        return 0 if found is None else found[0].doc_frequency(found[1])

    def matcher(
        self,
        fieldname: str,
        text: bytes,
        format_: Format,
        scorer: Any = None,
        *,
        live_only: bool = False,
    ) -> ColumnarMatcher:
        """A term's postings. Includes the postings of deleted documents unless ``live_only``.

        Raises:
            TermNotFound: the segment lacks it.
        """
        field, number = self._known(fieldname, text)
        live = self._leaf.live if live_only else None
        return ColumnarMatcher(
            field, number, format_, term=(fieldname, text), scorer=scorer, live=live
        )


def _walk(terms: Terms, first: int) -> Iterator[tuple[bytes, int]]:
    """Terms with their numbers, from number ``first`` on."""
    for begin in range(first, len(terms), _RUN):
        yield from zip(
            terms.slice(begin, min(begin + _RUN, len(terms))),
            range(begin, begin + _RUN),
            strict=False,
        )


class ColumnarCursor(base.FieldCursor):  # type: ignore[misc]
    """Moves through a field's terms, as Whoosh's automata require."""

    def __init__(self, field: PostingsField, fieldobj: FieldType) -> None:
        self._field, self._terms, self._fieldobj = field, field.terms, fieldobj
        self._at = 0

    def is_valid(self) -> bool:
        """Whether the cursor is at a term, not past the last one."""
        return self._at < len(self._terms)

    def text(self) -> Any:
        """The current term in the field's decoded form; None past the last one."""
        return self._fieldobj.from_bytes(self._terms[self._at]) if self.is_valid() else None

    def term_info(self) -> TermInfo | None:
        """The statistics of the current term."""
        return ColumnarTermInfo(self._field, self._at) if self.is_valid() else None

    def first(self) -> Any:
        """Go to the first term and return it."""
        self._at = 0
        return self.text()

    def find(self, string: Any) -> Any:
        """Go to the first term that is ``string`` or greater, and return it. O(log terms)."""
        term = string if isinstance(string, bytes) else self._fieldobj.to_bytes(string)
        self._at = self._terms.first_from(term)
        return self.text()

    def next(self) -> Any:
        """Go to the next term and return it."""
        self._at = min(self._at + 1, len(self._terms))
        return self.text()


class ColumnarDocuments(base.PerDocumentReader):  # type: ignore[misc]
    """The per-document data of a leaf: lengths, columns, vectors, stored fields, and whether a document lives."""

    def __init__(self, schema: Schema, segment: ColumnarSegment) -> None:
        self._schema, self._whoosh_segment = schema, segment
        self._leaf, self._segment = segment.leaf, segment.leaf.segment

    def doc_count(self) -> int:
        """The number of living documents."""
        return self._segment.doc_count - self._leaf.deleted

    def doc_count_all(self) -> int:
        """The number of documents, deleted ones included."""
        return self._segment.doc_count

    def has_deletions(self) -> bool:
        """Whether any document is deleted."""
        return self._leaf.deleted > 0

    def is_deleted(self, docnum: int) -> bool:
        """Whether a document is deleted."""
        return self._whoosh_segment.is_deleted(docnum)

    def deleted_docs(self) -> Iterator[int]:
        """The deleted documents, ascending."""
        return self._whoosh_segment.deleted_docs()

    def all_doc_ids(self) -> Iterator[int]:
        """The living documents, ascending."""
        live = self._leaf.live
        return iter(range(self.doc_count_all()) if live is None else np.flatnonzero(live).tolist())

    # Columns

    def supports_columns(self) -> bool:
        """Always true."""
        return True

    def list_columns(self) -> list[str]:
        """The fields that have a column."""
        return list(self._segment.layout.columns)

    def has_column(self, fieldname: str) -> bool:
        """Whether a field has a column."""
        return fieldname in self._segment.layout.columns

    def column_reader(self, fieldname: str, column: Column) -> ColumnReader:
        """The reader of a field's column. The schema decides how to read it; ``column`` is unused."""
        del column
        return ColumnCodec(fieldname, self._schema[fieldname]).reader(self._segment)

    # Lengths

    def _lengths(self, fieldname: str) -> Any:
        if self._segment.layout.postings.get(fieldname) != "words":
            return None
        return self._segment.postings(fieldname).lengths

    def doc_field_length(self, docnum: int, fieldname: str, default: int = 0) -> int:
        """How many terms a document has in a field; ``default`` if it has none."""
        lengths = self._lengths(fieldname)
        return default if lengths is None else int(lengths[docnum]) or default

    def field_length(self, fieldname: str) -> int:
        """How many terms all documents have in a field, deleted ones included; 0 for a field without lengths."""
        if self._lengths(fieldname) is None:
            return 0
        return self._segment.postings(fieldname).total_length

    def min_field_length(self, fieldname: str) -> int:
        """The least length of a field; 0 if a document has no terms in it. O(documents)."""
        lengths = self._lengths(fieldname)
        return 0 if lengths is None else int(lengths.min())

    def max_field_length(self, fieldname: str) -> int:
        """The greatest length of a field. O(documents)."""
        lengths = self._lengths(fieldname)
        return 0 if lengths is None else int(lengths.max())

    # Vectors and stored fields

    def has_vector(self, docnum: int, fieldname: str) -> bool:
        """Whether a document has a term vector of a field: the field has ``vector`` set and the document has terms in it."""
        return bool(self._vector(docnum, fieldname))

    def _vector(self, docnum: int, fieldname: str) -> bytes:
        blobs = vector_blobs(fieldname)
        return self._segment.blobs(blobs)[docnum] if blobs in self._segment.layout.blobs else b""

    def vector(self, docnum: int, fieldname: str, format_: Format) -> ListMatcher:
        """A document's term vector: all its terms in a field, ascending.

        It does not come from the forward index, which keeps only a document's weightiest terms.

        Raises:
            KeyError: the document has none.
        """
        data = self._vector(docnum, fieldname)
        if not data:
            raise KeyError(f"document {docnum} has no term vector of field {fieldname!r}")
        return decode_vector(data, format_)

    @cached_property
    def _stored(self) -> Any:
        return self._segment.blobs(STORED) if STORED in self._segment.layout.blobs else None

    def stored_fields(self, docnum: int) -> dict[str, Any]:
        """A document's stored fields. O(a block of blobs)."""
        return {} if self._stored is None else decode_stored(self._stored[docnum])
