"""Turns Whoosh's schema into a columnar layout, and a document's values into a Document that a segment can hold.

Reading the schema or adding a document raises Unsupported for what the format cannot hold: character offsets, boosts
of positions, fields and documents, weights that are not frequencies, fields whose names are patterns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
from whoosh.fields import FieldType, Schema, UnknownFieldError
from whoosh.formats import Existence, Format, Frequency, Positions, tokens
from whoosh.matching import ListMatcher

from indexer.columnar.errors import Unsupported
from indexer.columnar.files.build import ColumnValue, Document
from indexer.columnar.files.fields import ColumnKind, Layout, PostingsKind
from indexer.columnar.whoosh.columns import ColumnCodec, column_kind
from indexer.columnar.whoosh.matcher import encode_value
from indexer.columnar.whoosh.stored_fields import encode_stored

STORED: Final = "_stored"
"""The blobs of a document's stored fields. Whoosh's own names never begin with an underscore."""
_FORMATS: Final = (Existence, Frequency, Positions)

Words = tuple[Sequence[str | bytes], Sequence[int]]


def vector_blobs(field: str) -> str:
    """The name of the blobs for a field's term vectors."""
    return f"_vector_{field}"


def layout_of(schema: Schema) -> Layout:
    """The layout for a schema's fields.

    A field with positions, or with frequencies and lengths, is ``words``; any other indexed field is ``terms``. There is no
    ``key``, because Whoosh lets several documents share the value of a unique field, and no ``forward``, because a
    term vector is all of a document's terms.

    Raises:
        Unsupported: a field cannot be held; the message says what to do instead.
    """
    if schema._dyn_fields:
        raise Unsupported(
            f"fields with a pattern for a name ({', '.join(sorted(schema._dyn_fields))}); name each field"
        )
    postings: dict[str, PostingsKind] = {}
    columns: dict[str, ColumnKind] = {}
    blobs = []
    for name, field in schema.items():
        if field.indexed:
            postings[name] = _postings_kind(name, field)
        if field.column_type:
            columns[name] = column_kind(name, field)
        if field.vector:
            _check_format(name, field.vector)
            blobs.append(vector_blobs(name))
    if any(field.stored for _, field in schema.items()):
        blobs.append(STORED)
    return Layout(postings, columns, tuple(blobs))


def _postings_kind(name: str, field: FieldType) -> PostingsKind:
    _check_format(name, field.format)
    if type(field.format) is Positions:
        return "words"
    if not field.scorable:
        return "terms"
    if type(field.format) is Existence:
        raise Unsupported(
            f"field {name!r}: scored without frequencies; give it the format Frequency"
        )
    return "words"


def _check_format(name: str, format_: Format) -> None:
    if type(format_) not in _FORMATS:
        raise Unsupported(
            f"field {name!r}: the format {type(format_).__name__}; use Existence, Frequency or Positions"
        )
    if format_.field_boost != 1.0:
        raise Unsupported(f"field {name!r}: a boost of its own; boost the field in the query")


def fields_are_fixed(name: str) -> Unsupported:
    """The error for adding a field to an index or removing one."""
    return Unsupported(
        f"field {name!r}: the fields of an index are fixed; make a new index with the new schema"
    )


class DocumentMaker:
    """Makes Documents from the input of Whoosh's writers: values by field, or the postings of another index.

    Raises:
        Unsupported: the schema holds a field that cannot be held.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema, self.layout = schema, layout_of(schema)
        self._columns = {name: ColumnCodec(name, schema[name]) for name in self.layout.columns}

    def make(self, fields: Mapping[str, Any]) -> Document:
        """A document from the keyword arguments of Whoosh's ``add_document``.

        Raises:
            UnknownFieldError: the schema has no such field.
            Unsupported: a value, or a boost, cannot be held.
        """
        words: dict[str, Words] = {}
        terms: dict[str, set[str | bytes]] = {}
        columns: dict[str, ColumnValue] = {}
        blobs: dict[str, bytes] = {}
        stored: dict[str, Any] = {}
        for name, value in fields.items():
            if name.startswith("_"):
                self._check_option(name, value)
                continue
            field = self._field(name)
            if value is None:
                continue
            if name in self.layout.postings:
                if self.layout.postings[name] == "words":
                    words[name] = _words(name, field, value)
                else:
                    terms[name] = _terms(name, field, value)
                if field.separate_spelling():
                    spelled = field.spellable_words(value)
                    terms[field.spelling_fieldname(name)] = {word.encode() for word in spelled}
            if field.vector:
                blobs[vector_blobs(name)] = _vector(name, field, value)
            kept = fields.get(f"_stored_{name}", value)
            if field.stored and kept is not None:
                stored[name] = kept
            if name in self._columns and kept is not None:
                columns[name] = self._columns[name].encode(field.to_column_value(kept))
        if STORED in self.layout.blobs:
            blobs[STORED] = encode_stored(stored)
        return Document(words, terms, columns, blobs)

    def copied_column(self, name: str, value: Any) -> ColumnValue:
        """The columnar form of a column's value from another index."""
        return self._columns[name].copied(value)

    def _field(self, name: str) -> FieldType:
        if name not in self.schema:
            raise UnknownFieldError(f"No field named {name!r} in {self.schema}")
        return self.schema[name]

    def _check_option(self, name: str, value: Any) -> None:
        """Check an option of ``add_document``: ``_stored_<field>`` is allowed; ``_boost`` and ``_<field>_boost`` must be 1."""
        if name.startswith("_stored_"):
            self._field(name.removeprefix("_stored_"))
            return
        if name != "_boost":
            if not name.endswith("_boost"):
                raise UnknownFieldError(f"{name!r} is neither a field nor an option of one")
            self._field(name[1:].removesuffix("_boost"))
        if float(value) != 1.0:
            raise Unsupported(
                f"{name}={value!r}: a boost of a document; boost the field in the query"
            )


def given_as_text(field: FieldType) -> bool:
    """Whether a ``words`` field passes its terms to a segment as text, straight from its analyzer, or as bytes.

    The answer for a field never changes, since all terms of a field in a segment have one type.
    """
    return type(field).index is FieldType.index


def _words(name: str, field: FieldType, value: Any) -> Words:
    """A ``words`` field's terms and positions. Without positions the field gets zeros, which are never read."""
    if given_as_text(field):
        if not isinstance(value, str | list | tuple):
            raise Unsupported(f"field {name!r}: {value!r} is neither text nor a list of words")
        placed = type(field.format) is Positions
        terms, positions = [], []
        options = {"mode": "index", "positions": placed, "boosts": True}
        for token in tokens(value, field.analyzer, options):
            if token.boost != 1.0:
                raise _weighted(name, token.text)
            terms.append(token.text)
            positions.append(token.pos if placed else 0)
        check_text(name, terms)
        return terms, positions
    found: list[bytes] = []
    places: list[int] = []
    for term, frequency, weight, encoded in field.index(value):
        if weight != frequency:
            raise _weighted(name, term)
        found.extend([term] * frequency)
        places.extend(decode_places(field.format, encoded, frequency))
    return found, places


def decode_places(format_: Format, encoded: bytes, frequency: int) -> Sequence[int]:
    """The positions in a posting's value in Whoosh's encoding, or as many zeros if its format keeps none."""
    if type(format_) is Positions:
        positions: list[int] = format_.decode_positions(encoded)
        return positions
    return [0] * frequency


def check_text(name: str, terms: Iterable[str]) -> None:
    """Check that terms can be written as UTF-8. A lone surrogate cannot."""
    try:
        "".join(terms).encode()
    except UnicodeEncodeError as error:
        raise Unsupported(f"field {name!r}: a term is not Unicode text ({error})") from error


def _terms(name: str, field: FieldType, value: Any) -> set[str | bytes]:
    """A ``terms`` field's distinct terms."""
    found: set[str | bytes] = set()
    for term, frequency, weight, _ in field.index(value):
        if frequency != 1:
            raise Unsupported(
                f"field {name!r}: {term!r} stands {frequency} times in a field that counts nothing; "
                "leave the repetitions out, or make the field scorable"
            )
        if weight != 1.0:
            raise _weighted(name, term)
        found.add(term)
    return found


def _weighted(name: str, term: str | bytes) -> Unsupported:
    return Unsupported(
        f"field {name!r}: the analyzer boosts {term!r}; index without boosts, and boost in the query"
    )


def _vector(name: str, field: FieldType, value: Any) -> bytes:
    """A document's term vector: its terms, each with its positions or its frequency, as JSON."""
    held: dict[str, Any] = {}
    items = field.vector.word_values(value, field.analyzer, mode="index")
    for text, frequency, weight, encoded in sorted(items):
        if weight != frequency:
            raise _weighted(name, text)
        placed = type(field.vector) is Positions
        held[text] = field.vector.decode_positions(encoded) if placed else frequency
    return encode_vector(name, held)


def encode_vector(name: str, held: Mapping[str, int | list[int]]) -> bytes:
    """A term vector as bytes; empty bytes for an empty vector."""
    check_text(name, held)
    return orjson.dumps(held) if held else b""


def decode_vector(data: bytes, format_: Format) -> ListMatcher:
    """A term vector for Whoosh, in the field's format for vectors."""
    held: dict[str, int | list[int]] = orjson.loads(data)
    weights = [float(len(each) if isinstance(each, list) else each) for each in held.values()]
    values = [encode_value(format_, each) for each in held.values()]
    return ListMatcher(list(held), weights, values, format_)
