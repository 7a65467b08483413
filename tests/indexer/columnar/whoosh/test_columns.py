"""Whoosh's columns on ours: what goes in comes out, and numbers are kept as they are."""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from whoosh import columns as wc
from whoosh.fields import COLUMN, DATETIME, ID, NUMERIC, TEXT, FieldType, Schema
from whoosh.reading import MultiReader

from indexer.columnar.errors import Unsupported
from indexer.columnar.files.fields import MISSING_INT
from indexer.columnar.whoosh.index import ColumnarIndex


def column_of(folder: Path, field: FieldType, *values: Any, reverse: bool = False) -> Any:
    """A column's reader over two segments: the values in the first, none in the second."""
    index = ColumnarIndex.create(folder, Schema(id=ID(stored=True), field=field))
    for batch in (values, (None,)):
        with index.writer() as writer:
            writer.merge = False
            for value in batch:
                writer.add_document(id="1", field=value)
    reader = index.reader()
    assert isinstance(reader, MultiReader)
    assert reader.has_column("field")
    return reader.column_reader("field", reverse=reverse)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        (NUMERIC(sortable=True), [-(2**31), -1, 0, 5, 2**31 - 1]),
        (NUMERIC(int, 64, sortable=True), [-(2**63) + 1, -1, 0, 2**63 - 1]),
        (NUMERIC(int, 64, signed=False, sortable=True), [0, 1, 2**64 - 1]),
        (NUMERIC(int, 8, signed=False, sortable=True), [0, 255]),
        (NUMERIC(float, sortable=True), [-math.inf, -1e300, -0.5, 0.1, 1 + 2**-52, math.inf]),
        (NUMERIC(int, decimal_places=2, sortable=True), [Decimal("-1.25"), Decimal("12.34")]),
        (DATETIME(sortable=True), [datetime.min, datetime(2024, 5, 1, 12), datetime.max]),
        (ID(sortable=True), ["", "a", "é", "山"]),
        (TEXT(sortable=True), ["one two", "山村"]),
        (COLUMN(wc.NumericColumn("b", default=7)), [-128, 7, 127]),
        (COLUMN(wc.NumericColumn("q")), [-(2**63) + 1, 0, 2**63 - 1]),
        (COLUMN(wc.NumericColumn("Q")), [0, 2**64 - 2]),
        (COLUMN(wc.NumericColumn("f", default=-1.0)), [-1.5, 0.25]),
        (COLUMN(wc.VarBytesColumn()), [b"", b"a", b"\xff\x00"]),
        (COLUMN(wc.FixedBytesColumn(2)), [b"aa", b"\x00\x00"]),
        (COLUMN(wc.RefBytesColumn(default=b"none")), [b"red", b"none"]),
        (COLUMN(wc.VarBytesListColumn()), [[b"b", b"a", b"b"], []]),
        (COLUMN(wc.FixedBytesListColumn(1)), [[b"b", b"a"], [b"c"]]),
    ],
    ids=str,
)
def test_a_column_hands_back_what_it_was_given(
    tmp_path: Path, field: FieldType, values: list[Any]
) -> None:
    reader = column_of(tmp_path, field, *values)
    assert [reader[number] for number in range(len(values))] == values
    first = reader._readers[0]
    assert list(first) == values
    assert len(first) == len(values)
    if not isinstance(values[0], list):
        keys = [first.sort_key(number) for number in range(len(values))]
        assert sorted(range(len(values)), key=keys.__getitem__) == sorted(
            range(len(values)), key=values.__getitem__
        )


def test_a_missing_value_reads_as_the_default(tmp_path: Path) -> None:
    for number, (column, default) in enumerate(
        [
            (wc.NumericColumn("i", default=-3), -3),
            (wc.NumericColumn("f", default=2.5), 2.5),
            (wc.NumericColumn("Q", default=9), 9),
            (wc.RefBytesColumn(default=b"none"), b"none"),
            (wc.FixedBytesColumn(2), b"\0\0"),
            (wc.VarBytesListColumn(), []),
        ]
    ):
        reader = column_of(tmp_path / str(number), COLUMN(column), None)
        assert [reader[0], reader[1]] == [default, default]
    assert math.isnan(column_of(tmp_path / "float", NUMERIC(float, sortable=True), None)[0])
    price = NUMERIC(float, sortable=True, default=1.5)
    assert column_of(tmp_path / "price", price, None)[0] == 1.5


def test_numbers_are_kept_as_they_are_so_that_they_can_be_computed_with(tmp_path: Path) -> None:
    schema = Schema(grade=NUMERIC(sortable=True), when=DATETIME(sortable=True))
    index = ColumnarIndex.create(tmp_path, schema)
    with index.writer() as writer:
        writer.add_document(grade=-5, when=datetime(1, 1, 1, 0, 0, 1))
        writer.add_document()
    (leaf,) = index.snapshot().leaves
    assert leaf.segment.numbers("grade").tolist() == [-5, MISSING_INT]
    assert leaf.segment.numbers("when").tolist() == [1_000_000, MISSING_INT]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (wc.NumericColumn("b"), 128),
        (wc.NumericColumn("i"), 1.5),
        (wc.NumericColumn("i"), "1"),
        (wc.NumericColumn("q"), MISSING_INT),
        (wc.NumericColumn("f"), math.nan),
        (wc.NumericColumn("f"), 1e39),
        (wc.VarBytesColumn(), "text"),
        (wc.FixedBytesColumn(2), b"abc"),
        (wc.VarBytesListColumn(), [b"a", "b"]),
    ],
)
def test_a_value_that_a_column_cannot_hold_is_refused_and_changes_nothing(
    tmp_path: Path, column: wc.Column, value: Any
) -> None:
    index = ColumnarIndex.create(tmp_path, Schema(field=COLUMN(column)))
    with index.writer() as writer, pytest.raises(Unsupported, match="field 'field'"):
        writer.add_document(field=value)
    assert index.doc_count_all() == 0


def test_reversed_numbers_sort_the_other_way_round(tmp_path: Path) -> None:
    reader = column_of(tmp_path, NUMERIC(sortable=True), 1, 3, 2, reverse=True)
    keys = [reader._readers[0].sort_key(doc) for doc in range(3)]
    assert sorted(range(3), key=keys.__getitem__) == [1, 2, 0]
