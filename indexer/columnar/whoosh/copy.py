"""Reads documents from any index that Whoosh can read, to copy a stock Whoosh index into a columnar one.

An index gives postings term by term, but a copy needs them document by document. All postings of a leaf are therefore in memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from whoosh.formats import Positions
from whoosh.reading import IndexReader

from indexer.columnar.errors import Unsupported
from indexer.columnar.files.build import ColumnValue, Document
from indexer.columnar.whoosh.schema import (
    STORED,
    DocumentMaker,
    Words,
    decode_places,
    encode_vector,
    given_as_text,
    vector_blobs,
)
from indexer.columnar.whoosh.stored_fields import encode_stored


def documents_of(leaf: IndexReader, maker: DocumentMaker) -> Iterator[Document]:
    """The living documents of a leaf, in order, with the fields that the maker's schema knows. O(postings), in Python.

    Raises:
        Unsupported: a posting's weight is not its frequency, or a value cannot be held.
    """
    words, terms = _by_document(leaf, maker)
    readers = {
        name: leaf.column_reader(name, translate=False)
        for name in maker.layout.columns
        if leaf.has_column(name)
    }
    for doc, stored in leaf.iter_docs():
        blobs = {}
        if STORED in maker.layout.blobs:
            wanted = maker.schema.stored_names()
            blobs[STORED] = encode_stored({name: stored[name] for name in wanted if name in stored})
        for name, field in maker.schema.items():
            if field.vector and leaf.has_vector(doc, name):
                blobs[vector_blobs(name)] = encode_vector(name, _vector(leaf, doc, name, field))
        columns: dict[str, ColumnValue] = {}
        for name, reader in readers.items():
            columns[name] = maker.copied_column(name, reader[doc])
        yield Document(words.get(doc, {}), terms.get(doc, {}), columns, blobs)


def _by_document(
    leaf: IndexReader, maker: DocumentMaker
) -> tuple[dict[int, dict[str, Words]], dict[int, dict[str, set[str | bytes]]]]:
    """A leaf's postings by document and field: words with their positions, and distinct terms."""
    words: defaultdict[int, dict[str, tuple[list[str | bytes], list[int]]]] = defaultdict(dict)
    terms: defaultdict[int, dict[str, set[str | bytes]]] = defaultdict(dict)
    for name, term, doc, weight, value in leaf.iter_postings():
        if name not in maker.layout.postings:
            continue
        field = maker.schema[name]
        if maker.layout.postings[name] == "terms":
            terms[doc].setdefault(name, set()).add(term)
            frequency = 1
        else:
            frequency = field.format.decode_frequency(value)
            found, places = words[doc].setdefault(name, ([], []))
            found.extend([term.decode() if given_as_text(field) else term] * frequency)
            places.extend(decode_places(field.format, value, frequency))
        if weight != frequency:
            raise Unsupported(
                f"field {name!r}: {term!r} has weight {weight} and stands {frequency} times in document {doc}; "
                "index it anew without boosts"
            )
    return dict(words), dict(terms)  # type: ignore[arg-type]


def _vector(leaf: IndexReader, doc: int, name: str, field: Any) -> dict[str, int | list[int]]:
    held: dict[str, int | list[int]] = {}
    matcher = leaf.vector(doc, name)
    placed = type(field.vector) is Positions
    while matcher.is_active():
        value = matcher.value()
        held[matcher.id()] = (
            field.vector.decode_positions(value) if placed else field.vector.decode_frequency(value)
        )
        matcher.next()
    return held
