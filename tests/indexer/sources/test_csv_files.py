"""The source csv: the contract of all sources, and what is its own."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
import tracemalloc
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import SourceUnreadable
from indexer.records import UNREAD, UNREAD_TEXT, Record, Rejection
from indexer.sources.base import Source
from indexer.sources.csv_files import MAX_ROW, CsvFile
from indexer.sources.recognise import kind_of
from tests.contracts.source import SourceContract, Values, sample

NAMES = tuple(sample(0))


def _table(records: Iterable[Values], *, delimiter: str = ",", end: str = "\r\n") -> Iterable[str]:
    line = io.StringIO()
    writer = csv.writer(line, delimiter=delimiter, lineterminator=end)
    for row in ([*NAMES], *([each[name] for name in NAMES] for each in records)):
        writer.writerow(row)
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def _write(path: Path, lines: Iterable[str], encoding: str = "utf-8") -> CsvFile:
    with path.open("w", encoding=encoding, newline="") as file:
        file.writelines(lines)
    return CsvFile(str(path))


class TestCommas(SourceContract):
    delimiter = ","
    end = "\r\n"
    encoding = "utf-8-sig"

    def lines(self, records: Iterable[Values]) -> Iterable[str]:
        return _table(records, delimiter=self.delimiter, end=self.end)

    def make(self, folder: Path, records: Iterable[Values]) -> Source:
        return _write(folder / "news.csv", self.lines(records), self.encoding)

    def make_with_bad_record(
        self, folder: Path, before: Sequence[Values], after: Sequence[Values]
    ) -> Source:
        lines = [*self.lines(before), f"少了几格{self.end}", *list(self.lines(after))[1:]]
        return _write(folder / "news.csv", lines, self.encoding)

    def make_missing(self, folder: Path) -> Source:
        return CsvFile(str(folder / "nowhere.csv"))

    def make_broken_off(self, folder: Path, records: Sequence[Values]) -> Source:
        whole = "".join(self.lines(records)).encode(self.encoding)
        (folder / "news.csv").write_bytes(gzip.compress(whole)[:-300])
        return CsvFile(str(folder / "news.csv"))


class TestSemicolonsInGb18030(TestCommas):
    delimiter = ";"
    encoding = "gb18030"


def _read(path: Path, content: str | bytes) -> list[Record | Rejection]:
    file = path / "n.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(CsvFile(str(file)).records())


def _seen(found: Iterable[Record | Rejection]) -> list[object]:
    """Each record's line and values, each rejection's line and reason."""
    return [
        (int(each.where.rpartition(":")[2]), each.values if isinstance(each, Record) else each.why)
        for each in found
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("id,标题\n1,早班船\n2,晚班船\n", [(2, {"id": "1", "标题": "早班船"}), (3, {"id": "2", "标题": "晚班船"})]),
        ("id\ttitle\n007\t灯, 亮了\n", [(2, {"id": "007", "title": "灯, 亮了"})]),
        ("id|title\n1|a\n2|b,c\n3|d,e\n", [(2, {"id": "1", "title": "a"}), (3, {"id": "2", "title": "b,c"}), (4, {"id": "3", "title": "d,e"})]),
        ('id,body\n1,"第一段\n\n第二段，""引""文"\n2,完\n', [(2, {"id": "1", "body": '第一段\n\n第二段，"引"文'}), (5, {"id": "2", "body": "完"})]),
        ("\n\nid,title\n\n1,空行之后\n,\n2,又一条\n", [(5, {"id": "1", "title": "空行之后"}), (7, {"id": "2", "title": "又一条"})]),
        ("id,title,,\n1,尾上两列无名,,\n2,短一些\n", [(2, {"id": "1", "title": "尾上两列无名"}), (3, {"id": "2", "title": "短一些"})]),
        ("id,title\r1,老式换行\r2,仍是两行\r", [(2, {"id": "1", "title": "老式换行"}), (3, {"id": "2", "title": "仍是两行"})]),
        ("id,title\n1,没有换行结尾", [(2, {"id": "1", "title": "没有换行结尾"})]),
        (" id , title \n 1, 空格留着\n", [(2, {"id": " 1", "title": " 空格留着"})]),
        ("id,title\n1,甲\x00乙\n", [(2, {"id": "1", "title": "甲\x00乙"})]),
        ("id,title\n", []),
        ("sep=;\r\nid;title\r\n1;早班船\r\n", [(3, {"id": "1", "title": "早班船"})]),
        ('"sep=^"\nid^title\n1^早,晚,班船\n', [(3, {"id": "1", "title": "早,晚,班船"})]),
        ("2026年稿件汇总表,,\n\n编号,标题,\n1,早班船,\n", [(4, {"编号": "1", "标题": "早班船"})]),
        ("稿件汇总\n填表：渡口\nid\ttitle\n1\t早,晚\n2\t江,河\n", [(4, {"id": "1", "title": "早,晚"}), (5, {"id": "2", "title": "江,河"})]),
        ("id,title\n1,甲\n\ufeffid,title\n2,乙\n", [(2, {"id": "1", "title": "甲"}), (4, {"id": "2", "title": "乙"})]),
        ("id,title\n1,甲\n\ufeff2,乙\nid,title\n", [(2, {"id": "1", "title": "甲"}), (3, {"id": "2", "title": "乙"})]),
        ('id,title\n="007",="1-2"\n"=""008""",=1\n', [(2, {"id": "007", "title": "1-2"}), (3, {"id": "008", "title": "=1"})]),
    ],
)  # fmt: skip
def test_tables_become_these_records(tmp_path: Path, content: str, expected: list[object]) -> None:
    assert _seen(_read(tmp_path, content)) == expected


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("9", "1 cells for 2 columns: a quote or a delimiter may be wrong"),
        (
            "9,逗号,没有引号",
            "3 cells for 2 columns: a text that holds ',' must stand in double quotes",
        ),
        ('9,"他说"好"就走了"', "line 3: a quote inside a quoted cell is not doubled"),
        ('9,"没有关上', "line 5: a quote opens a cell and is never closed"),
    ],
)
def test_a_row_that_is_wrong_is_rejected_with_its_line_and_the_rest_is_read(
    tmp_path: Path, row: str, why: str
) -> None:
    found = _read(tmp_path, f"id,title\n1,前\n{row}\n2,后\n3,再后\n")
    good = [(2, {"id": "1", "title": "前"}), (4, {"id": "2", "title": "后"}), (5, {"id": "3", "title": "再后"})]  # fmt: skip
    assert _seen(found) == [good[0], (3, why), *good[1:]]


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        ("3,丙,丁,戊", {"id": "3", "title": "丙", UNREAD_TEXT: "丁,戊"}),
        ("3", {"id": "3"}),
        ('3,"丙"丁"', {UNREAD_TEXT: '3,"丙"丁"'}),
    ],
)
def test_rejected_rows_keep_their_cells_and_cannot_become_articles_as_they_are(
    tmp_path: Path, row: str, kept: dict[str, str]
) -> None:
    _, _, bad = _read(tmp_path, f"id,title\n1,甲\n2,乙\n{row}\n")
    assert isinstance(bad, Rejection)
    assert json.loads(bad.raw) == {UNREAD: f"{bad.where}: {bad.why}", **kept}


def test_a_quote_that_is_never_closed_does_not_swallow_the_file(tmp_path: Path) -> None:
    line = "2," + "长" * 1_000 + "\n"
    count = MAX_ROW // len(line) + 10
    found = _read(tmp_path, 'id,title\n1,"没有关上\n' + line * count)
    assert len(found) == 1 + count
    rejections = [each for each in found if isinstance(each, Rejection)]
    assert [each.why for each in rejections] == [
        f"a quote opens a cell and is not closed within {MAX_ROW:,} characters"
    ]


def test_an_endless_line_is_never_held_in_memory(tmp_path: Path) -> None:
    file = tmp_path / "n.csv.gz"
    with gzip.open(file, "wb", compresslevel=1) as packed:
        packed.write(b"id,title\n1,a\n2,")
        for _ in range(60):
            packed.write(b"x" * 1_000_000)
        packed.write(b"\n3,c\n")
    tracemalloc.start()
    try:
        first, long, last = CsvFile(str(file)).records()
        assert tracemalloc.get_traced_memory()[1] < 6 * MAX_ROW
    finally:
        tracemalloc.stop()
    assert isinstance(long, Rejection)
    assert long.why == f"longer than {MAX_ROW:,} characters, not copied"
    assert json.loads(long.raw) == {UNREAD: f"{file}:3: {long.why}"}
    assert _seen([first, last]) == [(2, {"id": "1", "title": "a"}), (4, {"id": "3", "title": "c"})]


@pytest.mark.parametrize(
    "content",
    [
        "id,title\n", "编号;标题;正文（摘要）", "sep=;\n编号;标题\n1;甲\n", "汇总表\n编号,标题\n1,甲\n", "汇总表,,\n编号,标题,\n1,甲,\n",
        "编号,标题,编号\n1,甲,2\n", "编号,,标题\n1,甲,乙\n", "id,title\n1,甲\n\ufeffid,title\n2,乙\n", "编号\t标题\n1\t甲,乙\n2\t丙,丁\n",
    ],
)  # fmt: skip
def test_tables_of_offices_are_recognised(tmp_path: Path, content: str) -> None:
    for encoding in ("utf-8-sig", "gb18030"):
        if encoding == "utf-8-sig" or "\ufeff" not in content:
            (tmp_path / "n").write_bytes(content.encode(encoding))
            assert kind_of(str(tmp_path / "n")) == "csv"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("id，title\n1，甲\n2，乙\n", "no row names two columns: they must be parted by commas, .* not by signs of full width"),
        ("“id”,“title”\n“1”,“甲,乙”\n", ":1: the names of the columns stand in “, which quotes no cell"),
        ("汇总,,制表：渡口\nid,title,body\n", ":1: column 2 has no name: .* delete the rows above them"),
        ("id,title,id\n1,2,3\n", ":1: two columns are called 'id': rename one in the first row"),
        ("id,,title\n1,2,3\n", ":1: column 2 has no name: the first row must name every column; if the names stand further down"),
        (",".join("abc") * 400_000, "columns, the limit is 1,000"),
        ("x" * (MAX_ROW + 10), ":1: the first row must name the columns: longer than"),
        ('id,"title\n1,a\n', ":1: the first row must name the columns: line 2: a quote opens a cell"),
        ("长" * 300 + ",b\n1,2\n", "is no name of a column"),
        ('{"id": "a-1"}\n', "is JSON, not a table [(]CSV[)]: read it with --source json"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_table_is_one_error(tmp_path: Path, content: str, why: str) -> None:
    with pytest.raises(SourceUnreadable, match=why):
        _read(tmp_path, content)


def test_a_byte_that_the_encoding_does_not_have_costs_its_row(tmp_path: Path) -> None:
    rows = "编号,标题\n1,江面起雾\n2,渡口停航\n3,雾散复航\n".encode("gb18030")
    broken = rows.replace("渡口".encode("gb18030"), b"\xb6\xff\xbf\xda")
    _, bad, _ = _read(tmp_path, broken)
    assert isinstance(bad, Rejection)
    assert bad.where.endswith(":3")
    assert bad.why == "column 2: not GB18030 (byte 0xB6)"
    assert "\udcff" in json.loads(bad.raw)["标题"]


def test_a_byte_that_the_encoding_does_not_have_in_the_names_is_one_error(tmp_path: Path) -> None:
    rows = f"编号,标题\n{'7,渡口今日停航，江面起雾' * 9}\n".encode("gb18030")
    broken = rows.replace("标题".encode("gb18030"), b"\xb1\xff\xcc\xe2")
    with pytest.raises(SourceUnreadable, match="must name the columns: column 2: not GB18030"):
        _read(tmp_path, broken)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "gbk", "big5"])
def test_encodings_are_found(tmp_path: Path, encoding: str) -> None:
    found = _read(tmp_path, "編號,標題\n1,江上大雪\n2,山中小雨\n".encode(encoding))
    assert [each.values["標題"] for each in found if isinstance(each, Record)] == [
        "江上大雪",
        "山中小雨",
    ]


def test_standard_input_is_read_and_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    standard_input = io.TextIOWrapper(io.BytesIO("id,title\n1,雨\n".encode()))
    monkeypatch.setattr(sys, "stdin", standard_input)
    (record,) = CsvFile("-").records()
    assert record.where == "standard input:2"
    assert not standard_input.buffer.closed
    assert CsvFile("-").count() == 0


def test_line_breaks_in_quotes_are_no_rows_to_count(tmp_path: Path) -> None:
    file = tmp_path / "n.csv"
    file.write_text('id,body\n1,"一\n二\n三"\n2,"四"\n3,五', encoding="utf-8")
    assert CsvFile(str(file)).count() == 3


@given(
    rows=st.lists(
        st.tuples(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8"))),
        max_size=5,
    ),
    delimiter=st.sampled_from(",\t;|"),
)
def test_any_text_comes_out_as_it_went_in(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], delimiter: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerows([("甲", "乙"), *rows])
    found = list(CsvFile(str(path)).records())
    expected = [{"甲": left, "乙": right} for left, right in rows if left or right]
    assert [each.values for each in found if isinstance(each, Record)] == expected
    assert len(found) == len(expected)


@given(content=st.binary(max_size=300))
def test_any_bytes_are_records_rejections_or_an_unreadable_source(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.csv"
    path.write_bytes(content)
    try:
        found = list(CsvFile(str(path)).records())
    except SourceUnreadable:
        return
    assert len(found) <= content.count(b"\n") + content.count(b"\r") + 1
