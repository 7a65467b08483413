"""What a file is by its first bytes, where these are not text: a packed file, a workbook, or a file that holds no articles."""

from __future__ import annotations

from typing import Final
from zipfile import ZipFile

from indexer.said import Said

GZIP: Final = b"\x1f\x8b"
ZIP: Final = b"PK\x03\x04"
_EMPTY_ZIP: Final = b"PK\x05\x06"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""The container of Office files before 2007, and of later ones that a password protects."""
_TAR: Final = (257, b"ustar")

_UNPACK: Final = "unpack it first"
_NO_TEXT: Final = "it holds no text"
OTHERS: Final = (
    (b"%PDF-", "a PDF", "save its text as a page, or export the articles from where they were written"),
    (b"SQLite format 3\x00", "an SQLite database", "read it by its URL, such as sqlite:///news.sqlite3, with --table or --query"),
    (b"{\\rtf", "an RTF document", "save it as a page (HTML)"),
    (b"\x89PNG\r\n", "a picture (PNG)", _NO_TEXT),
    (b"\xff\xd8\xff", "a picture (JPEG)", _NO_TEXT),
    (b"GIF8", "a picture (GIF)", _NO_TEXT),
    (b"BM", "a picture (BMP)", _NO_TEXT),
    (b"II*\x00", "a picture (TIFF)", _NO_TEXT),
    (b"MM\x00*", "a picture (TIFF)", _NO_TEXT),
    (b"RIFF", "a picture, a sound or a film (RIFF)", _NO_TEXT),
    (b"ID3", "a sound (MP3)", _NO_TEXT),
    (b"BZh", "packed with bzip2", _UNPACK),
    (b"\xfd7zXZ\x00", "packed with xz", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "packed with 7-Zip", _UNPACK),
    (b"Rar!\x1a\x07", "packed with RAR", _UNPACK),
    (_EMPTY_ZIP, "an empty zip archive", "pack the files again"),
    (b"PAR1", "a Parquet file", "export it as CSV or JSON"),
    (b"\x7fELF", "a program", _NO_TEXT),
)  # fmt: skip
"""First bytes, what has them, and what to do about it."""

_WORKBOOKS: Final = ("xl/workbook.xml", "xl/workbook.bin")
DOCUMENTS: Final = (
    ("word/document.xml", "a Word document"),
    ("ppt/presentation.xml", "a PowerPoint presentation"),
)
_OPEN_DOCUMENT: Final = b"application/vnd.oasis.opendocument."
OLE_STREAMS: Final = (
    ("EncryptedPackage", "protected by a password", "save it without one"),
    ("WordDocument", "a Word document", "save it as a page (HTML)"),
    ("PowerPoint Document", "a PowerPoint presentation", "save it as a page (HTML)"),
)


class Other(Exception):
    """The file is none that a source reads. ``what`` it is, and ``fix``: what to do about it."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(Said("is {what}: {fix}", what=what, fix=fix))


def kind_of_bytes(head: bytes) -> str | None:
    """``excel`` for a workbook of before 2007, ``html`` for a tar archive, which can only hold pages; None for what is text.

    Raises:
        Other: the file is none that a source reads.
    """
    if head.startswith(_OLE):
        return _ole(head)
    place, mark = _TAR
    if head[place : place + len(mark)] == mark:
        return "html"
    for mark, what, fix in OTHERS:
        # Two letters can begin a text; a picture has zero bytes soon after them.
        if head.startswith(mark) and (len(mark) > 2 or b"\x00" in head[:16]):
            raise Other(what, fix)
    return None


def kind_of_office(archive: ZipFile) -> str | None:
    """``excel`` for a zip archive that is a workbook; None for one that is no office file.

    Raises:
        Other: it is another office file.
    """
    names = set(archive.namelist())
    if not names.isdisjoint(_WORKBOOKS):
        return "excel"
    for name, what in DOCUMENTS:
        if name in names:
            raise Other(what, "save it as a page (HTML)")
    if "mimetype" in names:
        with archive.open("mimetype") as file:
            kind = file.read(len(_OPEN_DOCUMENT) + 11)
        if kind.startswith(_OPEN_DOCUMENT):
            if kind.removeprefix(_OPEN_DOCUMENT).startswith(b"spreadsheet"):
                return "excel"
            raise Other("an OpenDocument file without sheets", "save it as a page (HTML)")
        if kind.startswith(b"application/epub"):
            raise Other("a book (EPUB)", "unpack it, and give the folder of its pages")
    return None


def _ole(head: bytes) -> str:
    """Told by the names of the file's streams, in UTF-16, as far as they stand in the first bytes."""
    for stream, what, fix in OLE_STREAMS:
        if stream.encode("utf-16-le") in head:
            raise Other(what, fix)
    return "excel"
