"""What a file is, by what it holds; and the one sentence about a file that no source reads."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import sqlite3
import sys
import tarfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from zipfile import ZipFile

import pytest

from indexer.errors import SourceUnreadable
from indexer.sources import reading
from indexer.sources.csv_files import CsvFile
from indexer.sources.json_files import JsonFile
from indexer.sources.recognise import kind_of
from tests.indexer.sources.sheets import ole, write_ods, write_xls, write_xlsx

LINES = '{"id": "a-1", "title": "晨雾"}\n{"id": "a-2", "title": "晚潮"}\n'
TABLE = "编号,标题\n1,晨雾\n2,晚潮\n"
PAGE = "<!-- 存档 -->\n<!DOCTYPE html>\n<html><head><title>晨雾</title></head></html>"
FEED = '<?xml version="1.0" encoding="{}"?>\n<!-- 源 -->\n<rss version="2.0"><channel/></rss>'

TEXTS = {
    "lines": (LINES, "json"),
    "list": (f"[\n{LINES.strip().replace(chr(10), ',')}\n]", "json"),
    "object": ('{\n"data": {"list": [{"id": 1, "标题": "晨雾"}]}}', "json"),
    "line without break": ('{"id": "晨"}', "json"),
    "rejects of a table": ('["1", "晨雾", "多一格"]\n{"id": "2"}\n', "json"),
    "rejects with a broken line first": (f"并非 JSON 的一行\n{LINES}", "json"),
    "commas": (TABLE, "csv"),
    "tabs": (TABLE.replace(",", "\t"), "csv"),
    "semicolons with commas in the texts": ("编号;标题\n1;晨,雾\n2;晚潮\n", "csv"),
    "a table with quoted line breaks": ('id,正文\n1,"甲\n乙,丙"\n2,丁\n', "csv"),
    "a table in brackets": ("[id],[标题]\n1,晨雾\n2,晚潮\n", "csv"),
    "a table with one wrong row": (f"{TABLE}3,晚,风\n4,夜航\n", "csv"),
    "a table with a page in it": ('id,正文\n1,"<p>晨雾</p>"\n2,<b>晚潮</b>\n', "csv"),
    "page": (PAGE, "html"),
    "a piece of a page": ("<div class='a'><p>晨雾散去。</p></div>", "html"),
    "a page after a warning": (f"Warning: 警告\n{PAGE}", "html"),
    "rss": (FEED.format("utf-8"), "feed"),
    "atom": ('<feed xmlns="http://www.w3.org/2005/Atom"><title>晨</title></feed>', "feed"),
    "rdf": ('<rdf:RDF xmlns="http://purl.org/rss/1.0/"><title>晨</title></rdf:RDF>', "feed"),
}


class _StandardInput:
    def __init__(self, content: bytes) -> None:
        self.buffer = io.BufferedReader(io.BytesIO(content))


def _give(monkeypatch: pytest.MonkeyPatch, content: bytes) -> _StandardInput:
    standard_input = _StandardInput(content)
    monkeypatch.setattr(sys, "stdin", standard_input)
    return standard_input


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "gb18030"])
@pytest.mark.parametrize("name", TEXTS)
def test_texts_are_recognised_in_every_encoding(tmp_path: Path, name: str, encoding: str) -> None:
    text, kind = TEXTS[name]
    (tmp_path / "file").write_bytes(text.encode(encoding))
    assert kind_of(str(tmp_path / "file")) == kind


@pytest.mark.parametrize("name", TEXTS)
def test_texts_are_recognised_packed_and_from_standard_input(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, kind = TEXTS[name]
    (tmp_path / "gz").write_bytes(gzip.compress(text.encode()))
    with ZipFile(tmp_path / "zip", "w") as archive:
        archive.writestr("稿件/", "")
        archive.writestr("稿件/n.txt", gzip.compress(text.encode()))
        archive.writestr("__MACOSX/稿件/._n.txt", "x")
        archive.writestr("稿件/.DS_Store", "x")
    assert kind_of(str(tmp_path / "gz")) == kind_of(str(tmp_path / "zip")) == kind
    for content in (text.encode(), gzip.compress(text.encode())):
        standard_input = _give(monkeypatch, content)
        assert kind_of("-") == kind
        assert standard_input.buffer.read() == content, "nothing is used up"


def test_workbooks_and_archives_of_pages_are_recognised(tmp_path: Path) -> None:
    rows = [["id", "title"], ["1", "晨雾"]]
    write_xlsx(tmp_path / "a", {"稿件": rows})
    write_ods(tmp_path / "b", rows)
    write_xls(tmp_path / "c", rows)
    assert [kind_of(str(tmp_path / each)) for each in "abc"] == ["excel"] * 3
    assert kind_of(f"{tmp_path / 'a'}#稿件") == "excel"
    with ZipFile(tmp_path / "pages", "w") as archive:
        archive.writestr("1.html", PAGE)
        archive.writestr("2.HTM", PAGE)
    with tarfile.open(tmp_path / "tar", "w:gz") as packed:
        packed.add(tmp_path / "pages", "1.html")
    (tmp_path / "gzipped").write_bytes(_zip(tmp_path / "made", {"1.html.gz": "", "2.html.gz": ""}))
    assert [kind_of(str(tmp_path / each)) for each in ("pages", "tar", "gzipped")] == ["html"] * 3
    assert kind_of(str(tmp_path)) == "folder"


def _zip(path: Path, members: Mapping[str, str]) -> bytes:
    with ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path.read_bytes()


def _sqlite(path: Path) -> bytes:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE a (b)")
    connection.close()
    return path.read_bytes()


OTHERS: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "pdf": (lambda _: b"%PDF-1.7\n%\xe2\xe3\n", "is a PDF: "),
    "word": (lambda path: _zip(path, {"word/document.xml": "<w/>"}), "is a Word document: save it as a page"),
    "old word": (lambda _: ole("WordDocument", b""), "is a Word document: save it as a page"),
    "slides": (lambda path: _zip(path, {"ppt/presentation.xml": ""}), "is a PowerPoint presentation"),
    "rtf": (lambda _: b"{\\rtf1\\ansi abc}", "is an RTF document"),
    "book": (lambda path: _zip(path, {"mimetype": "application/epub+zip"}), "is a book"),
    "text document": (lambda path: _zip(path, {"mimetype": "application/vnd.oasis.opendocument.text"}), "is an OpenDocument file without sheets"),
    "picture": (lambda _: b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "is a picture"),
    "photo": (lambda _: b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(200), "is a picture"),
    "bmp": (lambda _: b"BM\x36\x00\x0c\x00\x00\x00\x00\x00", "is a picture"),
    "sqlite": (_sqlite, "is an SQLite database: "),
    "bzip2": (lambda _: bz2.compress(LINES.encode()), "is packed with bzip2: unpack it first"),
    "two files": (lambda path: _zip(path, {"a.json": LINES, "b.json": LINES}), "a zip archive of 2 files, of which none is a page"),
    "empty zip": (lambda path: _zip(path, {}), "is an empty zip archive"),
    "cut zip": (lambda path: _zip(path, {"a.json": LINES})[:60], "is a zip archive that cannot be read"),
    "packed in itself": (lambda _: gzip.compress(gzip.compress(gzip.compress(gzip.compress(b"{}")))), "is packed more than 3 times over"),
    "noise": (lambda _: bytes(range(256)) * 4, "is neither text nor another file that can be read"),
    "site map": (lambda _: b"<?xml version='1.0'?><urlset><url/></urlset>", "is XML (urlset), neither a feed nor a page"),
    "web archive": (lambda _: b"From: <Saved by Blink>\nMIME-Version: 1.0\nContent-Type: multipart/related;\n", "is a web archive"),
    "empty": (lambda _: b"", "is empty, or "),
    "blank": (lambda _: b" \n\n", "is empty, or "),
    "packed nothing": (lambda _: gzip.compress(b""), "is empty, or "),
    "prose": (lambda _: "晨雾散去，渡船复航。\n岸上的人多了起来。\n".encode(), "is a text, but no JSON, table, page or feed: name its kind with --source"),
    "one line of prose": (lambda _: b"Fog, then sun.", "is a text, but no"),
    "english prose": (lambda _: b"Fog, then sun.\nThe ferry sails again.\nPeople came, and went, and came.\n", "is a text, but no"),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_a_file_that_no_source_reads_is_one_sentence(tmp_path: Path, name: str) -> None:
    make, sentence = OTHERS[name]
    content = make(tmp_path / "made")
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(SourceUnreadable) as caught:
        kind_of(str(tmp_path / "file"))
    assert f"{tmp_path / 'file'}: " in str(caught.value)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (TABLE, "is a table (CSV), not JSON: read it with --source csv"),
        (PAGE, "is a page (HTML), not JSON: read it with --source html"),
        (FEED, "is a feed (RSS or Atom), not JSON: read it with --source feed"),
        ("一行普通的话\n" * 20, "is not JSON: none of its first lines begins with { or ["),
    ],
)
def test_another_kind_than_the_one_that_is_said_is_one_sentence(
    tmp_path: Path, content: str, sentence: str
) -> None:
    (tmp_path / "file").write_text(content, encoding="utf-8")
    with pytest.raises(SourceUnreadable) as caught:
        list(JsonFile(str(tmp_path / "file")).records())
    assert sentence in str(caught.value)


@pytest.mark.parametrize("kind", [JsonFile, CsvFile])
def test_a_workbook_is_neither_json_nor_a_table(
    tmp_path: Path, kind: type[JsonFile | CsvFile]
) -> None:
    write_xlsx(tmp_path / "file", {"稿件": [["id", "title"]]})
    with pytest.raises(SourceUnreadable, match="is no text: read it with --source excel"):
        list(kind(str(tmp_path / "file")).records())


def test_an_archive_on_standard_input_has_to_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = write_xlsx(tmp_path / "file", {"稿件": [["id", "title"]]}).read_bytes()
    _give(monkeypatch, content)
    with pytest.raises(SourceUnreadable, match="save it to a file, or name its kind with --source"):
        kind_of("-")


def test_a_pipe_with_a_name_loses_nothing(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(SourceUnreadable, match="can be read only once: give it as standard input"):
        kind_of(str(pipe))
    content = f'{{"list": [{LINES.strip().replace(chr(10), ",")}]}}'
    writing = threading.Thread(target=pipe.write_text, args=(content, "utf-8"))
    writing.start()
    found = list(JsonFile(str(pipe)).records())
    writing.join()
    assert [each.where for each in found] == [f"{pipe}:list[0]", f"{pipe}:list[1]"]
    assert JsonFile(str(pipe)).count() == CsvFile(str(pipe)).count() == 0


def test_standard_input_is_not_copied_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_SPOOLED", 1_000)
    content = '{"data": [' + '{"id": 1},' * 1_000
    _give(monkeypatch, content.encode())
    with pytest.raises(SourceUnreadable, match="longer than 1,000 bytes: save it to a file first"):
        list(JsonFile("-").records())
