"""The source excel: the contract of all sources, and what is its own."""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from indexer.errors import SourceUnreadable
from indexer.records import Record, Rejection
from indexer.sources import workbooks
from indexer.sources.base import Source
from indexer.sources.workbooks import Workbook
from tests.contracts.source import SourceContract, Values, sample
from tests.indexer.sources.sheets import Cell, column, ole, write_ods, write_xls, write_xlsx

NAMES = tuple(sample(0))


def _sheet(records: Iterable[Values]) -> Iterable[Sequence[Cell]]:
    yield NAMES
    for each in records:
        yield [each[name] for name in NAMES]


class TestWorkbook(SourceContract):
    def make(self, folder: Path, records: Iterable[Values]) -> Source:
        return Workbook(str(write_xlsx(folder / "news.xlsx", {"稿件": _sheet(records)})))

    def make_with_bad_record(
        self, folder: Path, before: Sequence[Values], after: Sequence[Values]
    ) -> Source:
        bad: Sequence[Cell] = [*"abcdef", "没有名称的一格"]
        rows = [*_sheet(before), bad, *list(_sheet(after))[1:]]
        return Workbook(str(write_xlsx(folder / "news.xlsx", {"稿件": rows})))

    def make_missing(self, folder: Path) -> Source:
        return Workbook(str(folder / "nowhere.xlsx"))

    def make_broken_off(self, folder: Path, records: Sequence[Values]) -> Source:
        whole = write_xlsx(folder / "whole.xlsx", {"稿件": _sheet(records)}).read_bytes()
        (folder / "news.xlsx").write_bytes(whole[: len(whole) // 2])
        return Workbook(str(folder / "news.xlsx"))

    def test_what_stands_before_a_break_is_read_and_then_it_is_reported(
        self, tmp_path: Path
    ) -> None:
        """A workbook's directory stands at its end, so nothing of a broken one can be read."""
        with pytest.raises(SourceUnreadable, match="get it whole"):
            next(self.make_broken_off(tmp_path, [sample(1)]).records())

    def test_a_source_that_breaks_off_is_counted_up_to_there(self, tmp_path: Path) -> None:
        with pytest.raises(SourceUnreadable, match="get it whole"):
            self.make_broken_off(tmp_path, [sample(1)]).count()


def _read(path: Path, sheet: str = "") -> list[Record | Rejection]:
    return list(Workbook(f"{path}#{sheet}" if sheet else str(path)).records())


def _values(found: Iterable[Record | Rejection]) -> list[dict[str, object]]:
    return [dict(each.values) for each in found if isinstance(each, Record)]


ROWS = [["编号", "标题"], ["g-1", "渔汛提前"], ["g-2", "灯塔换灯"]]


@pytest.mark.parametrize(("write", "name"), [(write_ods, "n.ods"), (write_xls, "n.xls")])
def test_other_formats_are_read_alike(
    tmp_path: Path, write: Callable[[Path, list[list[str]]], Path], name: str
) -> None:
    write(tmp_path / name, ROWS)
    found = _read(tmp_path / name)
    assert _values(found) == [
        {"编号": "g-1", "标题": "渔汛提前"},
        {"编号": "g-2", "标题": "灯塔换灯"},
    ]
    assert [each.where for each in found] == [f"{tmp_path / name}#稿件:{n}" for n in (2, 3)]


def test_cells_keep_their_types(tmp_path: Path) -> None:
    moment = datetime(2025, 3, 4, 5, 6)
    rows: list[list[Cell]] = [
        ["id", "时间", "比例", "头条", "备注"],
        [20250304, moment, 0.5, True, "甲\n乙"],
    ]
    (record,) = _read(write_xlsx(tmp_path / "n.xlsx", {"稿件": rows}))
    assert isinstance(record, Record)
    assert record.values == {
        "id": 20250304,
        "时间": moment,
        "比例": 0.5,
        "头条": True,
        "备注": "甲\n乙",
    }
    assert isinstance(record.values["id"], int)
    assert record.raw == (
        '{"id":20250304,"时间":"2025-03-04T05:06:00","比例":0.5,"头条":true,"备注":"甲\\n乙"}'
    )


def test_a_number_too_long_to_be_exact_costs_its_row(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [["id", "title"], [2**53 - 1, "甲"], [1_234_567_890_123_456_789, "乙"]]
    exact, other = _read(write_xlsx(tmp_path / "n.xlsx", {"稿件": rows}))
    assert isinstance(exact, Record)
    assert exact.values["id"] == 2**53 - 1
    assert isinstance(other, Rejection)
    assert "column 1: of the number 1234567890123456768 only 15 digits are certain" in other.why


def test_titles_above_the_names_empty_rows_and_merged_rows_are_skipped(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [
        ["三月稿件一览", None],
        [],
        ["id", "title"],
        ["m-1", "桥通了"],
        [None, None],
        ["下旬", None],
        ["m-2", None],
    ]
    path = write_xlsx(tmp_path / "n.xlsx", {"稿件": rows}, merged=["A1:B1", "A6:B6"])
    found = _read(path)
    assert _values(found) == [{"id": "m-1", "title": "桥通了"}, {"id": "m-2", "title": ""}]
    assert [each.where.rpartition(":")[2] for each in found] == ["4", "7"]


def test_a_cell_merged_with_those_below_counts_for_each_row(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [
        ["channel", "id"],
        ["河运", 1],
        [None, 2],
        [None, 3],
        [None, 4],
    ]
    path = write_xlsx(tmp_path / "n.xlsx", {"稿件": rows}, merged=["A2:A4"])
    channels = [each["channel"] for each in _values(_read(path))]
    assert channels == ["河运", "河运", "河运", ""]


def test_the_first_sheet_that_is_shown_is_read_or_the_one_that_is_named(tmp_path: Path) -> None:
    sheets: dict[str, list[list[Cell]]] = {
        "参数": [["id", "title"], ["x", "不显示"]],
        "一月": [["id", "title"], ["j", "冰面"]],
        "二月": [["id", "title"], ["f", "融雪"]],
    }
    path = write_xlsx(tmp_path / "n.xlsx", sheets, hidden=["参数"])
    assert _values(_read(path)) == [{"id": "j", "title": "冰面"}]
    assert _values(_read(path, "二月")) == [{"id": "f", "title": "融雪"}]
    with pytest.raises(
        SourceUnreadable, match="has no sheet '三月'; its sheets are: 参数, 一月, 二月"
    ):
        _read(path, "三月")


def test_a_file_whose_name_holds_the_sign_of_a_sheet_is_taken_whole(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "n#1.xlsx", {"稿件": ROWS})
    assert len(_read(path)) == 2
    assert len(_read(path, "稿件")) == 2


@pytest.mark.parametrize("pack", ["gzip", "zip", "input"])
def test_a_workbook_may_be_packed_or_come_from_standard_input(
    tmp_path: Path, pack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = write_xlsx(tmp_path / "n.xlsx", {"稿件": ROWS})
    location = str(tmp_path / "packed")
    if pack == "gzip":
        Path(location).write_bytes(gzip.compress(plain.read_bytes()))
    elif pack == "zip":
        with ZipFile(location, "w") as archive:
            archive.write(plain, "稿/n.xlsx")
    else:
        location = "-"
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(plain.read_bytes())))
    assert len(list(Workbook(location).records())) == 2


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([["id", "title", "id"], [1, 2, 3]], "two columns are called 'id'"),
        ([["id", None, "title"], [1, 2, 3]], "column 2 has no name"),
        ([["只有一格"], ["又一格"]], "no row names the columns"),
        ([], "the sheet is empty"),
    ],
)
def test_a_sheet_without_usable_names_is_refused(
    tmp_path: Path, rows: list[list[Cell]], why: str
) -> None:
    with pytest.raises(SourceUnreadable, match=why):
        _read(write_xlsx(tmp_path / "n.xlsx", {"稿件": rows}))


def test_a_password_is_named(tmp_path: Path) -> None:
    (tmp_path / "n.xlsx").write_bytes(ole("EncryptedPackage", b""))
    with pytest.raises(SourceUnreadable, match="is protected by a password: save it without one"):
        _read(tmp_path / "n.xlsx")


def test_a_table_of_text_is_no_workbook(tmp_path: Path) -> None:
    (tmp_path / "n.xlsx").write_text("id,title\na-1,晨雾\n", encoding="utf-8")
    with pytest.raises(SourceUnreadable, match="not a workbook: read it with --source csv"):
        _read(tmp_path / "n.xlsx")


def test_two_cells_far_apart_take_no_memory_here(tmp_path: Path) -> None:
    """A sheet is loaded as a rectangle: this one would take 400 GB. The process that tries it is ended."""
    far = f'<c r="{column(16_383)}1048576"><v>1</v></c>'
    path = write_xlsx(tmp_path / "n.xlsx", {"稿件": [["id", "title"]]})
    _change(
        path, lambda text: text.replace("</sheetData>", f'<row r="1048576">{far}</row></sheetData>')
    )
    with pytest.raises(SourceUnreadable, match=r"memory .* save the sheet as CSV"):
        _read(path)


def test_repeated_cells_take_no_memory_either(tmp_path: Path) -> None:
    path = write_ods(tmp_path / "n.ods", [["x"]])
    many = (
        '<table:table-row table:number-rows-repeated="1048576"><table:table-cell '
        'table:number-columns-repeated="16384" office:value-type="string">'
    )
    _change(
        path,
        lambda text: text.replace(
            '<table:table-row><table:table-cell office:value-type="string">', many
        ),
        member="content.xml",
    )
    with pytest.raises(SourceUnreadable, match=r"save the sheet as CSV"):
        _read(path)


def test_an_archive_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbooks, "MAX_UNPACKED", 1_000)
    path = write_xlsx(tmp_path / "n.xlsx", {"稿件": [ROWS[0], ["z-1", "零" * 5_000]]})
    with pytest.raises(SourceUnreadable, match=r"unpacks to .* bytes, the limit is 1,000"):
        _read(path)


def test_time_and_memory_have_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MAX_MEMORY", 150 * 1024**2)
    path = write_xlsx(tmp_path / "n.xlsx", {"稿件": [ROWS[0], ["z-1", "零" * 20_000_000]]})
    with pytest.raises(SourceUnreadable, match="memory"):
        _read(path)


def test_a_cell_that_is_too_long_costs_its_row(tmp_path: Path) -> None:
    rows = [ROWS[0], ["z-1", "零" * 3_000_000], ["z-2", "短"]]
    long, short = _read(write_xlsx(tmp_path / "n.xlsx", {"稿件": rows}))
    assert isinstance(long, Rejection)
    assert long.why == "longer than 8388608 bytes, not copied"
    assert long.where.endswith("#稿件:2")
    assert isinstance(short, Record)


def _change(
    path: Path, change: Callable[[str], str], *, member: str = "xl/worksheets/sheet1.xml"
) -> None:
    """Change the XML of the first sheet."""
    with ZipFile(path) as archive:
        members = {each: archive.read(each) for each in archive.namelist()}
    members[member] = change(members[member].decode()).encode()
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
