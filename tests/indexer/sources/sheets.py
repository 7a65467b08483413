"""Small workbooks for tests, written by hand: xlsx, ods and the old xls."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

Cell = str | int | float | bool | datetime | None
Rows = Iterable[Sequence[Cell]]

_NAMESPACE = "http://schemas.openxmlformats.org/"
_MAIN = f"{_NAMESPACE}spreadsheetml/2006/main"
_RELATIONS = f"{_NAMESPACE}officeDocument/2006/relationships"
_EPOCH = datetime(1899, 12, 30)


def write_xlsx(
    path: Path,
    sheets: Mapping[str, Rows],
    *,
    merged: Sequence[str] = (),
    hidden: Sequence[str] = (),
) -> Path:
    """Write sheets by their names. ``merged`` are ranges of all sheets, such as A1:C1."""
    listed = relations = ""
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for number, (name, rows) in enumerate(sheets.items(), 1):
            state = ' state="hidden"' if name in hidden else ""
            listed += f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="r{number}"{state}/>'
            relations += _relation(f"r{number}", "worksheet", f"worksheets/sheet{number}.xml")
            with archive.open(f"xl/worksheets/sheet{number}.xml", "w") as file:
                file.write(f'<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
                for row, cells in enumerate(rows, 1):
                    inner = "".join(_cell(row, *each) for each in enumerate(cells))
                    file.write(f'<row r="{row}">{inner}</row>'.encode())
                ranges = "".join(f'<mergeCell ref="{each}"/>' for each in merged)
                file.write(f"</sheetData><mergeCells>{ranges}</mergeCells></worksheet>".encode())
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{listed}</sheets></workbook>',
        )
        relations += _relation("styles", "styles", "styles.xml")
        archive.writestr("xl/_rels/workbook.xml.rels", _relations(relations))
        root = _relation("root", "officeDocument", "xl/workbook.xml")
        archive.writestr("_rels/.rels", _relations(root))
        archive.writestr(
            "xl/styles.xml",
            f'<styleSheet xmlns="{_MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs></styleSheet>',
        )
    return path


def column(number: int) -> str:
    """The letters of a column, from 0."""
    return (column(number // 26 - 1) if number >= 26 else "") + chr(65 + number % 26)


def _relation(name: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{name}" Type="{_RELATIONS}/{kind}" Target="{target}"/>'


def _relations(inner: str) -> str:
    return f'<Relationships xmlns="{_NAMESPACE}package/2006/relationships">{inner}</Relationships>'


def _cell(row: int, number: int, value: Cell) -> str:
    place = f'r="{column(number)}{row}"'
    if value is None:
        return ""
    if isinstance(value, str):
        text = escape(value)
        return f'<c {place} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    if isinstance(value, bool):
        return f'<c {place} t="b"><v>{int(value)}</v></c>'
    if isinstance(value, datetime):
        return f'<c {place} s="1"><v>{(value - _EPOCH).total_seconds() / 86_400}</v></c>'
    return f"<c {place}><v>{value}</v></c>"


def write_ods(path: Path, rows: Iterable[Sequence[str]]) -> Path:
    """Write one sheet of texts."""
    office = "urn:oasis:names:tc:opendocument:xmlns:"
    body = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{escape(each)}</text:p></table:table-cell>'
            for each in row
        )
        + "</table:table-row>"
        for row in rows
    )
    with ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml", f'<manifest:manifest xmlns:manifest="{office}manifest:1.0"/>'
        )
        archive.writestr(
            "content.xml",
            f'<office:document-content xmlns:office="{office}office:1.0" xmlns:table="{office}table:1.0" '
            f'xmlns:text="{office}text:1.0"><office:body><office:spreadsheet><table:table table:name="稿件">'
            f"{body}</table:table></office:spreadsheet></office:body></office:document-content>",
        )
    return path


def write_xls(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    """Write one sheet of texts as BIFF8, in the container of its time."""
    cells = b"".join(
        _biff(
            0x0204, struct.pack("<HHHHB", row, number, 0, len(each), 1) + each.encode("utf-16-le")
        )
        for row, texts in enumerate(rows)
        for number, each in enumerate(texts)
    )
    name = "稿件".encode("utf-16-le")
    begin = _biff(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    sheet = _biff(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0)) + cells + _biff(0x0A)
    bound = len(begin) + 4 + 8 + len(name) + 4
    listed = _biff(0x0085, struct.pack("<IHBB", bound, 0, len(name) // 2, 1) + name)
    path.write_bytes(ole("Workbook", begin + listed + _biff(0x0A) + sheet))
    return path


def _biff(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def ole(name: str, content: bytes) -> bytes:
    """An OLE container with one stream, of at least 4,096 bytes, since shorter ones stand elsewhere."""
    content = content.ljust(4_096, b"\x00")
    sectors = -(-len(content) // 512)
    content = content.ljust(sectors * 512, b"\x00")
    header = struct.pack(
        "<8s16sHHHHH6xIIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6,
        0, 1, 1, 0, 4_096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0,
    )  # fmt: skip
    header += struct.pack("<I", 0xFFFFFFFF) * 108
    chain = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, sectors + 2), 0xFFFFFFFE]
    table = b"".join(struct.pack("<I", each) for each in chain).ljust(512, b"\xff")
    folder = _entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + _entry(
        name, 2, 0xFFFFFFFF, 2, len(content)
    )
    return header[:512] + table + folder.ljust(512, b"\x00") + content


def _entry(name: str, kind: int, child: int, begin: int, size: int) -> bytes:
    text = name.encode("utf-16-le")
    return struct.pack(
        "<64sHBBIII16xIQQIQ",
        text, len(text) + 2, kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child, 0, 0, 0, begin, size,
    )  # fmt: skip
