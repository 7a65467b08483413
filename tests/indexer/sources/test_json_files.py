"""The source json: the contract of all sources, and what is its own."""

from __future__ import annotations

import gzip
import io
import json
import random
import subprocess
import sys
import tracemalloc
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import SourceUnreadable
from indexer.lines import MAX_LINE_BYTES, read_lines
from indexer.records import UNREAD, UNREAD_TEXT, Record, Rejection
from indexer.sources.base import Source
from indexer.sources.json_files import JsonFile
from tests.conftest import PROJECT
from tests.contracts.source import SourceContract, Values


def _line(values: Values) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode() + b"\n"


def _write(path: Path, lines: Iterable[bytes]) -> JsonFile:
    with path.open("wb") as file:
        file.writelines(lines)
    return JsonFile(str(path))


def _write_gzipped(path: Path, lines: Iterable[bytes]) -> JsonFile:
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.writelines(lines)
    return JsonFile(str(path))


def _read(tmp_path: Path, content: bytes) -> list[Record | Rejection]:
    return list(_write(tmp_path / "news.jsonl", [content]).records())


def _noise() -> bytes:
    """Lines that gzip cannot make much smaller."""
    noise = random.Random(0)
    return b"".join(b'{"a": "%s"}\n' % noise.randbytes(20).hex().encode() for _ in range(2_000))


def _only(found: Sequence[Record | Rejection]) -> Rejection:
    (rejection,) = found
    assert isinstance(rejection, Rejection)
    return rejection


class TestPlain(SourceContract):
    def make(self, folder: Path, records: Iterable[Values]) -> Source:
        return _write(folder / "news.jsonl", map(_line, records))

    def make_with_bad_record(
        self, folder: Path, before: Sequence[Values], after: Sequence[Values]
    ) -> Source:
        lines = [*map(_line, before), b'{"id": "s-0", "title": \n', *map(_line, after)]
        return _write(folder / "news.jsonl", lines)

    def make_missing(self, folder: Path) -> Source:
        return JsonFile(str(folder / "nowhere.jsonl"))

    def make_broken_off(self, folder: Path, records: Sequence[Values]) -> Source:
        # A plain file cannot be told from a whole one; a gzipped one can, whatever its name.
        cut = gzip.compress(b"".join(map(_line, records)))[:-200]
        return _write(folder / "news.jsonl", [cut])


class TestGzipped(TestPlain):
    def make(self, folder: Path, records: Iterable[Values]) -> Source:
        return _write_gzipped(folder / "news.jsonl.gz", map(_line, records))

    def make_missing(self, folder: Path) -> Source:
        return JsonFile(str(folder / "nowhere.jsonl.gz"))

    def make_broken_off(self, folder: Path, records: Sequence[Values]) -> Source:
        whole = gzip.compress(b"".join(map(_line, records)))
        damaged = bytearray(whole)
        damaged[-5] ^= 0xFF  # the length at the end, or the checksum: the data itself is read
        return _write(folder / "news.jsonl.gz", [bytes(damaged)])


def test_a_record_names_its_file_and_line_and_keeps_the_line(tmp_path: Path) -> None:
    line = '{"id":  "a-1", "标题": "雨"}'
    (record,) = _read(tmp_path, f"\n\n {line} \r\n".encode())
    where = f"{tmp_path / 'news.jsonl'}:3"
    assert record == Record(where, {"id": "a-1", "标题": "雨"}, line)


def test_empty_lines_are_passed_over_and_counted(tmp_path: Path) -> None:
    found = _read(tmp_path, b'\n{"a": 1}\n   \n\t\r\n{"a": 2}')
    assert [each.where.rpartition(":")[2] for each in found] == ["2", "5"]


def test_line_numbers_are_right_after_lines_of_every_kind(tmp_path: Path) -> None:
    too_long = b'"' + b"x" * (MAX_LINE_BYTES + 70_000) + b'"'
    lines = [b"nonsense", too_long, b"\xff", b"", b'{"a": 1}']
    found = _read(tmp_path, b"\r\n".join(lines))
    assert [each.where.rpartition(":")[2] for each in found] == ["1", "2", "3", "5"]
    assert isinstance(found[-1], Record)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_the_last_line_needs_no_line_break(tmp_path: Path, end: bytes) -> None:
    assert len(_read(tmp_path, b'{"a": 1}\n{"a": 2}' + end)) == 2


def test_a_line_separator_inside_a_text_does_not_end_the_line(tmp_path: Path) -> None:
    text = "甲\u2028乙\u2029丙\x85丁"
    (record,) = _read(tmp_path, json.dumps({"body": text}, ensure_ascii=False).encode())
    assert isinstance(record, Record)
    assert record.values == {"body": text}


def test_a_byte_order_mark_is_no_part_of_the_line_even_where_files_were_joined(
    tmp_path: Path,
) -> None:
    found = _read(tmp_path, b'\xef\xbb\xbf{"a": 1}\n\xef\xbb\xbf{"a": 2}\n')
    assert [each.raw for each in found] == ['{"a": 1}', '{"a": 2}']


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a": 1', "not JSON (Expecting ',' delimiter, character 8)"),
        (b"{'a': 1}", "not JSON (Expecting property name enclosed in double quotes"),
        (b'{"a": 1} {"a": 2}', "not JSON (Extra data, character 10)"),
        (b'{"a": "x\ty"}', "not JSON (Invalid control character at, character 9)"),
        (b'{"a": NaN}', "NaN is no JSON value"),
        (b'{"a": -Infinity}', "-Infinity is no JSON value"),
        (b'{"a": 1, "b": 2, "a": 3}', "key 'a' stands twice in one object"),
        (b'{"attributes": {"n": 1, "n": 1}}', "key 'n' stands twice in one object"),
        (
            b"[" * 100_000,
            "lists and objects lie in one another too deep",
        ),
        (b'{"a": ' + b"1" * 5_000 + b"}", "a number has thousands of digits: write it in quotes"),
        (b'["a"]', "not a JSON object"),
        (b'"a"', "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"plain words", "not JSON"),
    ],
)
def test_a_line_that_is_no_object_is_rejected_with_its_reason(
    tmp_path: Path, line: bytes, reason: str
) -> None:
    rejection = _only(_read(tmp_path, line))
    assert reason in rejection.why
    if line.startswith(b"["):  # in a rejects file it would look like a list of records
        assert json.loads(rejection.raw)[UNREAD_TEXT] == line.decode()
    else:
        assert rejection.raw == line.decode()


@pytest.mark.parametrize("value", ["", None, False, 0, ["no"]])
def test_only_a_reason_under_the_key_of_unread_records_rejects(
    tmp_path: Path, value: object
) -> None:
    (record,) = _read(tmp_path, json.dumps({"a": 1, UNREAD: value}).encode())
    assert isinstance(record, Record)
    rejection = _only(_read(tmp_path, json.dumps({"a": 1, UNREAD: "t.csv:7: 3 cells"}).encode()))
    assert rejection.why == "t.csv:7: 3 cells"


def test_a_line_that_is_not_utf8_is_rejected_and_its_bytes_are_kept(tmp_path: Path) -> None:
    line = b'{"a": "\xe5\xb1\xb1\xff"}'
    rejection = _only(_read(tmp_path, line))
    assert "not UTF-8 (byte 0xFF at 11 of the line)" in rejection.why
    assert "GB18030" in rejection.why
    assert rejection.raw.encode(errors="surrogateescape") == line


def test_a_long_number_keeps_its_digits(tmp_path: Path) -> None:
    (record,) = _read(tmp_path, b'{"id": 20260301123456789012345}')
    assert isinstance(record, Record)
    assert record.values == {"id": 20260301123456789012345}


@pytest.mark.parametrize("extra", [0, 1])
def test_a_line_may_have_the_limit_and_no_byte_more(tmp_path: Path, extra: int) -> None:
    frame = len(b'{"a": ""}')
    line = b'{"a": "' + b"x" * (MAX_LINE_BYTES - frame + extra) + b'"}'
    first, second = _read(tmp_path, line + b'\n{"a": 2}\n')
    assert isinstance(first, Rejection if extra else Record)
    assert isinstance(second, Record)
    if isinstance(first, Rejection):
        assert first.why == f"longer than {MAX_LINE_BYTES} bytes, not copied"
        assert json.loads(first.raw) == {UNREAD: f"{first.where}: {first.why}"}


def test_a_line_that_is_far_too_long_is_never_held_in_memory(tmp_path: Path) -> None:
    blocks = (b"x" * 1_000_000 for _ in range(60))
    source = _write_gzipped(tmp_path / "one_line.jsonl.gz", blocks)
    tracemalloc.start()
    try:
        _only(list(source.records()))
        assert tracemalloc.get_traced_memory()[1] < 3 * MAX_LINE_BYTES
    finally:
        tracemalloc.stop()


def test_a_folder_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="Is a directory"):
        list(JsonFile(str(tmp_path)).records())


def test_a_missing_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable) as caught:
        list(JsonFile(str(tmp_path / "nowhere.jsonl")).records())
    assert str(tmp_path / "nowhere.jsonl") in str(caught.value)
    assert "No such file or directory" in str(caught.value)
    assert "check the path" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b'{"a": 1}\n'])
def test_a_file_that_is_gzipped_by_name_only_is_unreadable(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(SourceUnreadable, match="is not gzipped, though its name says so"):
        list(_write(tmp_path / "news.jsonl.gz", [content]).records())


def test_gzipped_files_may_be_joined(tmp_path: Path) -> None:
    content = gzip.compress(b'{"a": 1}\n') + gzip.compress(b'{"a": 2}\n')
    assert len(_read(tmp_path, content)) == 2


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_stream_in_utf16_is_named_as_what_it_is(encoding: str) -> None:
    stream = io.BytesIO('\ufeff{"a": 1}\n'.encode(encoding))
    with pytest.raises(SourceUnreadable, match="is UTF-16: convert it first"):
        list(read_lines(stream, "body"))


def test_a_break_is_reported_with_the_line_it_comes_in(tmp_path: Path) -> None:
    cut = gzip.compress(_noise())[:-5_000]
    iterator = _write(tmp_path / "news.jsonl.gz", [cut]).records()
    found: list[Record | Rejection] = []
    with pytest.raises(SourceUnreadable) as caught:
        found.extend(iterator)
    assert caught.value.where == f"{tmp_path / 'news.jsonl.gz'}:{len(found) + 1}"
    assert "breaks off here" in caught.value.why
    assert "then ingest it again" in caught.value.why


def test_damage_inside_a_gzipped_file_is_a_break(tmp_path: Path) -> None:
    damaged = bytearray(gzip.compress(_noise()))
    damaged[len(damaged) // 2 : len(damaged) // 2 + 500] = b"\xff" * 500
    with pytest.raises(SourceUnreadable, match="breaks off here"):
        list(_write(tmp_path / "news.jsonl.gz", [bytes(damaged)]).records())


class _StandardInput:
    def __init__(self, content: bytes) -> None:
        self.buffer = io.BufferedReader(io.BytesIO(content))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_standard_input_is_read_and_left_open(
    monkeypatch: pytest.MonkeyPatch, pack: type[bytes]
) -> None:
    standard_input = _StandardInput(pack(b'{"a": 1}\nnonsense\n'))
    monkeypatch.setattr(sys, "stdin", standard_input)
    record, rejection = JsonFile("-").records()
    assert record == Record("standard input:1", {"a": 1}, '{"a": 1}')
    assert rejection.where == "standard input:2"
    assert not standard_input.buffer.closed


def test_a_pipe_is_read_as_it_comes() -> None:
    code = (
        "from indexer.sources.json_files import JsonFile\n"
        "for each in JsonFile('-').records(): print(each.where, each.values['a'], flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in (1, 2):
            process.stdin.write(b'{"a": "%d"}\n' % number)
            process.stdin.flush()
            assert process.stdout.readline() == b"standard input:%d %d\n" % (number, number)
        process.stdin.close()
        assert process.stdout.read() == b""
    assert process.returncode == 0


_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    records=st.lists(st.dictionaries(st.text(), _values, max_size=4), max_size=4),
    ascii_only=st.booleans(),
)
def test_any_json_object_comes_out_as_it_went_in(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, object]], ascii_only: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    lines = [json.dumps(each, ensure_ascii=ascii_only).encode() + b"\n" for each in records]
    # An object alone in its file, with a list of objects, can be the answer of an API.
    found = list(_write(path, [*lines, b"{}\n{}\n"]).records())
    assert [each.values for each in found if isinstance(each, Record)] == [*records, {}, {}]


@given(content=st.binary(max_size=300))
def test_any_bytes_are_records_rejections_or_an_unreadable_source(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    def read() -> Iterator[Record | Rejection]:
        yield from _write(tmp_path_factory.getbasetemp() / "bytes.jsonl", [content]).records()

    try:
        found = list(read())
    except SourceUnreadable:
        return
    assert len(found) <= content.count(b"\n") + 1


@pytest.mark.parametrize(
    ("content", "lines"),
    [(b"", 0), (b"{}", 1), (b"{}\n", 1), (b"{}\n\n{}", 3), (b"\n" * 3_000_000, 3_000_000)],
)
def test_lines_are_counted_whether_or_not_the_last_one_ends(
    tmp_path: Path, content: bytes, lines: int
) -> None:
    assert _write(tmp_path / "news.jsonl", [content]).count() == lines


def test_standard_input_is_not_counted_since_it_can_be_read_only_once() -> None:
    assert JsonFile("-").count() == 0
