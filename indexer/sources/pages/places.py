"""Where pages are: a file, a zip, a tar or a tar.gz; pages may be gzipped themselves.

Archives are read member by member, and nothing is unpacked to disk. What could fill memory or time, or lead out of the archive,
is skipped and said. Folders are read by ``sources/folder.py``.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final, cast

from indexer.errors import SourceUnreadable
from indexer.records import Rejection
from indexer.said import Said
from indexer.sources.base import refused

MAX_PAGE_BYTES: Final = 8 * 1024 * 1024
"""The largest page, unpacked. The largest of 48 real ones has 0.5 MB; pages that hold their pictures have a few."""
MAX_RATIO: Final = 200
"""How many bytes one packed byte may become. Pages become a tenth; deflate can pack 1,032 bytes of nothing into one."""
RATIO_FREE: Final = 1024 * 1024
"""Bytes that are unpacked before the ratio counts: a short page of repeats is no bomb."""
MAX_CONTENTS: Final = 64 * 1024 * 1024
"""Bytes of a zip's table of contents, which is read at once and takes some ten times as much memory; about 600,000 pages."""
MAX_HEADER: Final = 1024 * 1024
"""Bytes of a header that a tar puts before a member for a long name. They are read at once."""

_PAGE: Final = re.compile(r"\.(?:s?html?|xhtml)(?:\.gz)?\Z", re.I)
_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OTHER_ARCHIVES: Final = {
    b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"7z\xbc\xaf": "7-Zip", b"Rar!": "RAR", b"\x28\xb5\x2f\xfd": "zstd",
}  # fmt: skip
_LEADS_OUT: Final = Said("its path leads out of the archive")
_LINK: Final = Said("a link, not followed")
_TOO_LARGE: Final = Said("more than {limit} bytes, not read", limit=MAX_PAGE_BYTES)
_BLOCK: Final = 512
"""Bytes of a block of a tar. The first one holds the mark ``ustar``; an archive without members is blocks of zeros."""
_LONG_HEADERS: Final = (
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
)
_UTF8_NAME: Final = 0x800
_ENCRYPTED: Final = 0x1
_BREAKS: Final = (tarfile.TarError, EOFError, OSError, zlib.error)


@dataclass(frozen=True, slots=True)
class Page:
    """The bytes of a page. ``name`` is its path inside its folder or archive, without ``.gz``."""

    where: str
    name: str
    raw: bytes


def is_page(name: str) -> bool:
    """Whether a file in a folder or an archive is a page, by its name. Pages may be gzipped."""
    return _PAGE.search(name) is not None


def read_pages(location: str, *, name: str) -> Iterator[Page | Rejection]:
    """The pages at a place, in the order of an archive. ``name`` is that of a page which is a file of its own.

    Raises:
        SourceUnreadable: the place cannot be read, or an archive breaks off. What came before was given.
    """
    kind = _kind(location)
    if kind == "zip":
        yield from _from_zip(location)
    elif kind == "tar":
        yield from _from_tar(location)
    else:
        yield _from_file(location, name)


def count_pages(location: str) -> int:
    """The number of pages at a place; 0 for a tar, which only reading would tell.

    Raises:
        SourceUnreadable: the place cannot be read.
    """
    kind = _kind(location)
    if kind == "zip":
        with _opened_zip(location) as archive:
            return sum(map(is_page, archive.namelist()))
    return 0 if kind == "tar" else 1


def _kind(location: str) -> str:
    """zip, tar or file, by the content."""
    try:
        with Path(location).open("rb") as file:
            head = file.read(_BLOCK)
    except OSError as error:
        raise refused(location, error) from error
    if head.startswith(_ZIP):
        return "zip"
    for mark, name in _OTHER_ARCHIVES.items():
        if head.startswith(mark):
            raise SourceUnreadable(
                location,
                Said(
                    "is packed with {name}: unpack it, or pack it as a zip or a tar.gz", name=name
                ),
            )
    if head.startswith(_GZIP):
        try:
            with gzip.open(location) as file:
                head = file.read(_BLOCK)
        except _BREAKS as error:
            raise SourceUnreadable(location, Said("is damaged gzip: fetch it again")) from error
    tar = head[257:262] == b"ustar" or (len(head) == _BLOCK and not any(head))
    return "tar" if tar else "file"


def _from_file(path: str, name: str) -> Page | Rejection:
    where = shown(path)
    try:
        # A pipe or a device would never end.
        if not stat.S_ISREG(Path(path).stat().st_mode):
            return Rejection.unread(where, Said("not a regular file"))
        with Path(path).open("rb") as file:
            return _page(where, name, file)
    except OSError as error:
        return Rejection.unread(where, Said("cannot be read ({why})", why=str(error.strerror)))


def _page(where: str, name: str, stream: BinaryIO) -> Page | Rejection:
    """The page in a stream, unpacked if it is gzipped."""
    raw = stream.read(MAX_PAGE_BYTES + 1)
    if raw.startswith(_GZIP):
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(raw)) as unpacked:
                raw = unpacked.read(MAX_PAGE_BYTES + 1)
        except (EOFError, OSError, zlib.error):
            return Rejection.unread(where, Said("damaged gzip"))
    if len(raw) > MAX_PAGE_BYTES:
        return Rejection.unread(where, _TOO_LARGE)
    return Page(where, re.sub(r"\.gz\Z", "", name, flags=re.I), raw)


def _from_zip(location: str) -> Iterator[Page | Rejection]:
    with _opened_zip(location) as archive:
        for member in archive.infolist():
            name = _zip_name(member)
            if not is_page(name):
                continue
            where = shown(f"{location}:{name}")
            if why := _zip_objection(member, name):
                yield Rejection.unread(where, why)
                continue
            try:
                with archive.open(member) as stream:
                    found = _page(where, name, cast(BinaryIO, stream))
            # zipfile says so of a method that it does not know, and of sizes that cannot be.
            except (zipfile.BadZipFile, NotImplementedError, ValueError, *_BREAKS) as error:
                found = Rejection.unread(where, Said("cannot be unpacked ({why})", why=str(error)))
            yield found


def _opened_zip(location: str) -> zipfile.ZipFile:
    try:
        size = _contents_size(location)
        if size > MAX_CONTENTS:
            raise SourceUnreadable(
                location,
                Said(
                    "has a table of contents of {size} bytes: pack it as a tar.gz, or as several zips",
                    size=size,
                ),
            )
        return zipfile.ZipFile(location)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise SourceUnreadable(
            location, Said("is a damaged zip ({why}): fetch it again", why=str(error))
        ) from error


def _contents_size(location: str) -> int:
    """Bytes of a zip's table of contents, as the record at the end of the file says. 0 if there is no such record."""
    with Path(location).open("rb") as file:
        # The record has 22 bytes and a comment of at most 65,535; a large archive has 76 bytes more before it.
        file.seek(-min(65_535 + 22 + 76, os.fstat(file.fileno()).st_size), os.SEEK_END)
        tail = file.read()
    small, large = tail.rfind(b"PK\x05\x06"), tail.rfind(b"PK\x06\x06")
    if large >= 0 and len(tail) >= large + 48:
        return cast(int, struct.unpack_from("<Q", tail, large + 40)[0])
    return (
        cast(int, struct.unpack_from("<L", tail, small + 12)[0])
        if 0 <= small <= len(tail) - 16
        else 0
    )


def _zip_name(member: zipfile.ZipInfo) -> str:
    """A member's name. Chinese Windows stores names in GBK and does not say so; zipfile then reads them as cp437."""
    if member.flag_bits & _UTF8_NAME or member.filename.isascii():
        return member.filename
    raw = member.filename.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return member.filename


def _zip_objection(member: zipfile.ZipInfo, name: str) -> str:
    """Why a member is not read, or nothing."""
    if _leads_out(name):
        return _LEADS_OUT
    if stat.S_ISLNK(member.external_attr >> 16):
        return _LINK
    if member.flag_bits & _ENCRYPTED:
        return Said("encrypted: unpack the archive")
    if member.file_size > MAX_PAGE_BYTES:
        return _TOO_LARGE
    if member.file_size > max(RATIO_FREE, MAX_RATIO * member.compress_size):
        return Said("unpacks to more than {ratio} times its size, not read", ratio=MAX_RATIO)
    return ""


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or ":" in (path.parts[0] if path.parts else "")


def _from_tar(location: str) -> Iterator[Page | Rejection]:
    last = "its beginning"
    members = pages = 0
    with Path(location).open("rb") as packed:
        stream = _Bounded(packed)
        try:
            with tarfile.open(
                fileobj=cast(BinaryIO, stream), mode="r|", tarinfo=_Member
            ) as archive:
                while (member := archive.next()) is not None:
                    # tarfile would remember every member.
                    archive.members.clear()  # type: ignore[attr-defined]
                    last = member.name
                    members += 1
                    if found := _tar_page(location, archive, member):
                        pages += 1
                        yield found
            stream.check_end()
        except _BREAKS as error:
            reason = str(error) or type(error).__name__
            raise SourceUnreadable(
                shown(location),
                Said(
                    "breaks off after {place} ({why}): fetch it again, then ingest it again",
                    place=shown(last),
                    why=reason,
                ),
            ) from error
    if members and not pages:
        raise SourceUnreadable(
            shown(location),
            Said(
                "is a tar archive of {members} members, of which none is a page: unpack it, and give one file",
                members=members,
            ),
        )


def _tar_page(
    location: str, archive: tarfile.TarFile, member: tarfile.TarInfo
) -> Page | Rejection | None:
    where = shown(f"{location}:{member.name}")
    if not is_page(member.name) or member.isdir():
        return None
    if _leads_out(member.name):
        return Rejection.unread(where, _LEADS_OUT)
    if member.issym() or member.islnk():
        return Rejection.unread(where, _LINK)
    if member.size > MAX_PAGE_BYTES:
        return Rejection.unread(where, _TOO_LARGE)
    stream = archive.extractfile(member)
    return (
        _page(where, re.sub(r"^\./", "", member.name), cast(BinaryIO, stream)) if stream else None
    )


class _Member(tarfile.TarInfo):
    """A member whose long name has a limit."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in _LONG_HEADERS and self.size > MAX_HEADER:
            raise tarfile.ReadError(f"a header of {self.size} bytes, the limit is {MAX_HEADER}")
        return cast(tarfile.TarInfo, super()._proc_member(archive))  # type: ignore[misc]


class _Bounded:
    """The unpacked bytes of a tar, as long as they are in proportion to the packed ones."""

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        gzipped = packed.read(len(_GZIP)) == _GZIP
        packed.seek(0)
        self._stream = cast(BinaryIO, gzip.GzipFile(fileobj=packed)) if gzipped else packed
        self._read = 0
        self._end = b""

    def read(self, size: int) -> bytes:
        """The next bytes.

        Raises:
            tarfile.ReadError: there are too many of them for what was packed.
        """
        data = self._stream.read(size)
        self._read += len(data)
        if self._read > max(RATIO_FREE, MAX_RATIO * self._packed.tell()):
            raise tarfile.ReadError(f"unpacks to more than {MAX_RATIO} times its size")
        self._end = data[-_BLOCK:] or self._end
        return data

    def check_end(self) -> None:
        """Check that the archive ended as a tar does, with zeros. tarfile takes a missing end, and rubbish, for the end.

        Raises:
            tarfile.ReadError: it did not.
        """
        if any(self._end):
            raise tarfile.ReadError("the end is missing")


def shown(name: str) -> str:
    """A name that can be printed on one line: other characters are escaped."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in name
    )
