"""Maps Whoosh's columns to columnar ones: kinds, encoding of values, readers.

Columnar columns hold plain numbers for computation. Whoosh's ``NUMERIC`` shifts numbers into the unsigned range before it
passes them to a column, and expects shifted numbers back. A column of ``NUMERIC(float)`` keeps all 64 bits of each number, as
an unsigned number that sorts in the same order.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from math import isnan
from typing import Any, Final

from whoosh import columns as wc
from whoosh.fields import DATETIME, NUMERIC, FieldType

from indexer.columnar.errors import Unsupported
from indexer.columnar.files.arrays import AnyArray
from indexer.columnar.files.build import ColumnValue
from indexer.columnar.files.fields import MISSING_INT, MISSING_UINT, ColumnKind
from indexer.columnar.files.ordinals import Ordinals
from indexer.columnar.files.segment import Segment

_BYTES: Final = (wc.VarBytesColumn, wc.FixedBytesColumn, wc.RefBytesColumn)
_LISTS: Final = (wc.VarBytesListColumn, wc.FixedBytesListColumn)
_INTEGERS: Final = "bBhHiIqlL"
_MISSING: Final[dict[str, int | None]] = {
    "int64": MISSING_INT,
    "uint64": MISSING_UINT,
    "float32": None,
}
"""The value for a document without one; a float32 column holds NaN."""


def column_kind(name: str, field: FieldType) -> ColumnKind:
    """The kind of columnar column for a field's column.

    Raises:
        Unsupported: no kind can hold it.
    """
    column = field.column_type
    if isinstance(field, NUMERIC) and type(column) is wc.NumericColumn:
        if field.numtype is float or (field.bits == 64 and not field.signed):
            return "uint64"
        return "int64"
    if type(column) is wc.NumericColumn:
        code = column._typecode
        if code in _INTEGERS:
            return "int64"
        if code in "Qf":
            return "uint64" if code == "Q" else "float32"
        raise Unsupported(
            f"field {name!r}: a column of type code {code!r}; use NUMERIC(float, sortable=True) or type code 'f'"
        )
    if type(column) in _BYTES:
        return "ordinal"
    if type(column) in _LISTS:
        return "ordinals"
    raise Unsupported(
        f"field {name!r}: a {type(column).__name__}; use a NumericColumn, VarBytesColumn or VarBytesListColumn"
    )


class ColumnCodec:
    """Encodes the values of one field's column, and makes its readers.

    Raises:
        Unsupported: no kind can hold such a column.
    """

    def __init__(self, name: str, field: FieldType) -> None:
        self.name, self.kind = name, column_kind(name, field)
        column = field.column_type
        self._default: Any = None if column.stores_lists() else column.default_value()
        self._shift = 0
        self._struct: struct.Struct | None = None
        self._width: int | None = getattr(column, "_fixedlen", 0) or None
        if isinstance(field, NUMERIC):
            if field.numtype is float:
                # Whoosh itself fails on such a column. Here a missing value sorts last, as in its integer columns.
                self._default = (
                    MISSING_UINT if isnan(field.default) else field.to_column_value(field.default)
                )
            elif self.kind == "int64" and field.signed and not isinstance(field, DATETIME):
                self._shift = 1 << (field.bits - 1)
        elif self.kind in _MISSING:
            self._struct = struct.Struct("<" + column._typecode)

    def encode(self, value: Any) -> ColumnValue:
        """The columnar form of a Whoosh column's value.

        Raises:
            Unsupported: the column cannot hold it.
        """
        if self.kind == "ordinals":
            return [self._checked(each) for each in value]
        if self.kind == "ordinal":
            return self._checked(value)
        if self._struct is not None:
            try:
                self._struct.pack(value)
            except (struct.error, OverflowError) as error:
                raise Unsupported(
                    f"field {self.name!r}: its column cannot hold {value!r}"
                ) from error
        number: int | float = value - self._shift
        if number == _MISSING[self.kind] or number != number:
            if value == self._default:
                return None
            raise Unsupported(f"field {self.name!r}: {value!r} stands for a missing value")
        return number

    def copied(self, value: Any) -> ColumnValue:
        """The columnar form of a value from another index. The column's default means that the value is missing."""
        return None if value == self._default else self.encode(value)

    def _checked(self, value: Any) -> bytes:
        if not isinstance(value, bytes):
            raise Unsupported(f"field {self.name!r}: its column holds bytes, not {value!r}")
        if self._width is not None and len(value) != self._width:
            raise Unsupported(f"field {self.name!r}: {value!r} is not {self._width} bytes long")
        return value

    def reader(self, segment: Segment) -> wc.ColumnReader:
        """Whoosh's reader of the column in a segment. A missing value reads as the column's default."""
        if self.kind == "ordinals":
            return _Lists(segment.ordinals(self.name))
        if self.kind == "ordinal":
            return _Values(segment.ordinals(self.name), self._default)
        return _Numbers(segment.numbers(self.name), _MISSING[self.kind], self._shift, self._default)


class _Reader(wc.ColumnReader):  # type: ignore[misc]
    def __init__(self, doc_count: int) -> None:
        self._doccount = doc_count


class _Numbers(_Reader):
    """A column of numbers."""

    def __init__(
        self, values: AnyArray, missing: int | None, shift: int, default: int | float
    ) -> None:
        super().__init__(len(values))
        self._values, self._missing = values, missing
        self._shift, self._default = shift, default
        self._reverse = False

    def _read(self, number: int | float) -> int | float:
        if number == self._missing or number != number:
            return self._default
        return number + self._shift

    def __getitem__(self, doc: int) -> int | float:
        return self._read(self._values[doc].item())

    def __iter__(self) -> Iterator[int | float]:
        return map(self._read, self._values.tolist())

    def sort_key(self, doc: int) -> int | float:
        key = self[doc]
        return 0 - key if self._reverse else key

    def set_reverse(self) -> None:
        self._reverse = True


class _Values(_Reader):
    """A column of byte strings."""

    def __init__(self, ordinals: Ordinals, default: bytes) -> None:
        super().__init__(len(ordinals.ordinals))
        self._ordinals, self._terms, self._default = ordinals.ordinals, ordinals.terms, default

    def __getitem__(self, doc: int) -> bytes:
        ordinal = int(self._ordinals[doc])
        return self._terms[ordinal] if ordinal < len(self._terms) else self._default

    def __iter__(self) -> Iterator[bytes]:
        values = [*self._terms.slice(), self._default]
        return (values[ordinal] for ordinal in self._ordinals.tolist())


class _Lists(_Reader):
    """A column of lists of byte strings."""

    def __init__(self, ordinals: Ordinals) -> None:
        assert ordinals.starts is not None, "a column of one value each"
        super().__init__(len(ordinals.starts) - 1)
        self._ordinals, self._terms, self._starts = (
            ordinals.ordinals,
            ordinals.terms,
            ordinals.starts,
        )

    def __getitem__(self, doc: int) -> list[bytes]:
        span = slice(int(self._starts[doc]), int(self._starts[doc + 1]))
        return [self._terms[ordinal] for ordinal in self._ordinals[span].tolist()]

    def sort_key(self, doc: int) -> bytes:
        return next(iter(self[doc]), b"")
