"""The source html: the contract of all sources, archives, ids, and input that means harm."""

from __future__ import annotations

import gzip
import os
import random
import stat
import tarfile
import tracemalloc
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC
from pathlib import Path

import pytest

from indexer.article import Article
from indexer.clean import clean
from indexer.errors import SourceUnreadable
from indexer.fields import Made, make_article
from indexer.reading import Reading
from indexer.records import Record, Rejection
from indexer.sources.base import Source
from indexer.sources.folder import Folder
from indexer.sources.pages import places
from indexer.sources.pages.markup import MAX_TAGS, MAX_WORDS
from indexer.sources.pages.places import MAX_PAGE_BYTES
from indexer.sources.pages.source import Pages, id_from_path
from indexer.sources.registry import open_source
from tests.contracts.source import SourceContract, Values
from tests.indexer.sources.pages.writing import (
    article,
    from_values,
    only,
    page,
    read,
    refused,
    write_folder,
    write_tar,
    write_zip,
)

BAD = "<html><head><title>空白</title></head><body></body></html>"


def _named(records: Iterable[Values]) -> Iterable[tuple[str, str]]:
    return ((f"{number:06}.html", from_values(each)) for number, each in enumerate(records))


class TestTar(SourceContract):
    sizes = (10, 60)

    def expected(self, values: Values) -> Article:
        """A page has no id but its address."""
        return make_article({**values, "id": ""}, timezone=UTC)

    def make(self, folder: Path, records: Iterable[Values]) -> Source:
        return write_tar(folder / "pages.tar", _named(records))

    def make_with_bad_record(
        self, folder: Path, before: Sequence[Values], after: Sequence[Values]
    ) -> Source:
        pages = [
            *_named(before),
            ("000100.html", BAD),
            *((f"9{name}", each) for name, each in _named(after)),
        ]
        return write_tar(folder / "pages.tar", pages)

    def make_missing(self, folder: Path) -> Source:
        return Pages(str(folder / "nowhere.tar"))

    def make_broken_off(self, folder: Path, records: Sequence[Values]) -> Source:
        path = folder / "pages.tar"
        write_tar(path, _named(records))
        path.write_bytes(path.read_bytes()[:100_000])
        return Pages(str(path))


class TestGzippedTar(TestTar):
    def make(self, folder: Path, records: Iterable[Values]) -> Source:
        return write_tar(folder / "pages.tar.gz", _named(records))

    def make_broken_off(self, folder: Path, records: Sequence[Values]) -> Source:
        path = folder / "pages.tar.gz"
        write_tar(path, _named(records))
        path.write_bytes(path.read_bytes()[:-300])
        return Pages(str(path))


class TestFolder(TestTar):
    def make(self, folder: Path, records: Iterable[Values]) -> Source:
        return write_folder(folder / "pages", {"a/none.txt": "", **dict(_named(records))})

    def make_with_bad_record(
        self, folder: Path, before: Sequence[Values], after: Sequence[Values]
    ) -> Source:
        later = {f"b/{name}": each for name, each in _named(after)}
        bad = {"000100.html": BAD}
        return write_folder(folder / "pages", {**dict(_named(before)), **bad, **later})

    def make_missing(self, folder: Path) -> Source:
        return Folder(str(folder / "nowhere"), kind="html")


class TestZip(TestTar):
    sizes = (10, 60)  # the table of contents is in memory

    def make(self, folder: Path, records: Iterable[Values]) -> Source:
        return write_zip(folder / "pages.zip", dict(_named(records)))

    def make_with_bad_record(
        self, folder: Path, before: Sequence[Values], after: Sequence[Values]
    ) -> Source:
        later = {f"b/{name}": each for name, each in _named(after)}
        return write_zip(folder / "pages.zip", {**dict(_named(before)), "bad.html": BAD, **later})


def test_a_page_says_where_it_stands_inside_its_archive(tmp_path: Path) -> None:
    source = write_zip(tmp_path / "pages.zip", {"a/b.html": article()})
    assert only(source).where == f"{tmp_path}/pages.zip:a/b.html"


def test_one_file_is_one_page_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "saved").write_text(article(), encoding="utf-8")
    assert only(Pages(str(tmp_path / "saved"))).values["title"] == "桥头集市的花鼓声"


def test_the_kind_html_opens_pages(tmp_path: Path) -> None:
    (tmp_path / "saved.html").write_text(article(), encoding="utf-8")
    (record,) = open_source("html", str(tmp_path)).records()
    assert isinstance(record, Record)


def test_pages_are_found_in_all_folders_under_their_usual_names(tmp_path: Path) -> None:
    names = ["a.html", "b/c.HTM", "b/d/e.shtml", "b/f.xhtml"]
    pages = {name: article() for name in names}
    others = {"b/style.css": "", "b/page.html.txt": "", "picture.jpg": ""}
    source = write_folder(
        tmp_path / "x", {**pages, **others, "g.html.gz": gzip.compress(article().encode())}
    )
    found = [each.where.removeprefix(f"{tmp_path}/x/") for each in read(source)]
    assert found == ["a.html", "g.html.gz", "b/c.HTM", "b/f.xhtml", "b/d/e.shtml"]
    assert source.count() == 5


def test_the_id_of_a_page_without_an_address_is_that_of_its_path_however_it_is_packed(
    tmp_path: Path,
) -> None:
    pages = {"2024/a.html": article()}
    sources: list[Source] = [
        write_folder(tmp_path / "one", pages),
        write_folder(tmp_path / "two", {"2024/a.html.gz": gzip.compress(article().encode())}),
        write_zip(tmp_path / "pages.zip", pages),
        write_tar(tmp_path / "pages.tar.gz", pages.items()),
        write_tar(tmp_path / "dotted.tar", [("./2024/a.html", article())]),
    ]
    assert {only(each).values["id"] for each in sources} == {id_from_path("2024/a.html")}
    assert only(write_folder(tmp_path / "three", {"b.html": article()})).values[
        "id"
    ] != id_from_path("2024/a.html")


def test_a_page_with_an_address_has_no_other_id(tmp_path: Path) -> None:
    head = "<link rel='canonical' href='https://portal.example/1.html'>"
    record = only(write_folder(tmp_path, {"a.html": article(head=head)}))
    assert record.values["url"] == "https://portal.example/1.html"
    assert "id" not in record.values


def test_names_in_a_zip_that_windows_packed_are_read_as_gbk(tmp_path: Path) -> None:
    path = tmp_path / "pages.zip"
    write_zip(path, {"ab/page.html": article()})
    name = "集".encode("gbk")
    path.write_bytes(path.read_bytes().replace(b"ab/page", name + b"/page"))
    assert only(Pages(str(path))).where.endswith(":集/page.html")


def test_an_article_that_is_not_wholly_decodable_is_read_with_a_note(tmp_path: Path) -> None:
    raw = article().encode().replace("花鼓队".encode(), b"\xff\xfe")
    made = clean(only(write_folder(tmp_path, {"a.html": raw})), Reading(timezone=UTC))
    assert isinstance(made, Made)
    assert "到了晌午，\ufffd\ufffd从桥头走来" in made.article.body
    assert [str(each) for each in made.notes] == [
        "body holds undecoded characters: 2 of them, shown as \ufffd"
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (BAD, "no text of an article"),
        (page("<h1></h1>", title=""), "no text of an article"),
        ("<html><body><p>集市一早就热闹起来，卖糖画的老人支起了摊子。</p></body></html>", "no title"),
        ("", "no HTML"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 9, "binary data"),
        (page("".join(f"<ul><li><a href='/{n}'>第{n}条新闻的标题写在这里</a></li><li><a href='/b{n}'>又一条新闻的标题写在这里</a></li></ul>" for n in range(30))), "no text"),
        ("<div>" * 100_000 + "集市一早就热闹起来，卖糖画的老人支起了摊子。", "nested"),
        ("<b>x</b>" * (MAX_TAGS // 2 + 1), "tags, the limit is"),
        ("<p " + "a=1 " * (MAX_WORDS + 1) + ">", "words"),
        (b"x" * (MAX_PAGE_BYTES + 1), "not read"),
        (gzip.compress(b" " * (MAX_PAGE_BYTES + 1)), "not read"),
        (gzip.compress(article().encode())[:-20], "damaged gzip"),
    ],
)  # fmt: skip
def test_what_is_no_page_with_an_article_is_refused_with_the_reason(
    tmp_path: Path, content: str | bytes, why: str
) -> None:
    source = write_folder(tmp_path / "pages", {"a.html": content, "b.html": article()})
    bad, good = source.records()
    assert isinstance(bad, Rejection)
    assert why in bad.why
    assert isinstance(good, Record)


def test_a_page_of_many_tags_below_the_limit_is_read(tmp_path: Path) -> None:
    many = "<p>集市一早就热闹起来，<b>卖糖画</b>的老人支起了摊子。</p>" * (MAX_TAGS // 20)
    assert (
        len(str(only(write_folder(tmp_path, {"a.html": article(many)})).values["body"]))
        > MAX_TAGS // 2
    )


def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    write_folder(tmp_path / "elsewhere", {"secret.html": article()})
    source = write_folder(tmp_path / "pages", {"a.html": article()})
    (tmp_path / "pages" / "b.html").symlink_to(tmp_path / "elsewhere" / "secret.html")
    (tmp_path / "pages" / "c").symlink_to(tmp_path / "elsewhere")
    good, bad = source.records()
    assert isinstance(good, Record)
    assert isinstance(bad, Rejection)
    assert bad.why.startswith("a link, not followed")


def test_a_pipe_in_a_folder_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.html")
    assert refused(Folder(str(tmp_path), kind="html")).why == "not a regular file"


@pytest.mark.parametrize(
    "name", ["../a.html", "/etc/a.html", "x/../../a.html", "C:/a.html", "..\\a.html"]
)
@pytest.mark.parametrize("pack", ["zip", "tar"])
def test_a_path_that_leads_out_of_an_archive_is_refused(
    tmp_path: Path, name: str, pack: str
) -> None:
    pages = {name: article(), "b.html": article()}
    path = tmp_path / f"pages.{pack}"
    source = write_zip(path, pages) if pack == "zip" else write_tar(path, pages.items())
    bad, good = source.records()
    assert isinstance(bad, Rejection)
    assert bad.why == "its path leads out of the archive"
    assert isinstance(good, Record)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(tmp_path / "pages.tar", "w") as archive:
        member = tarfile.TarInfo("a.html")
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)
    assert refused(Pages(str(tmp_path / "pages.tar"))).why == "a link, not followed"


def test_links_in_a_zip_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "pages.zip", "w") as archive:
        member = zipfile.ZipInfo("a.html")
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(member, "/etc/passwd")
    assert refused(Pages(str(tmp_path / "pages.zip"))).why == "a link, not followed"


def test_members_of_a_zip_that_unpack_to_far_more_than_their_size_are_refused(
    tmp_path: Path,
) -> None:
    bomb = b"<p>" + b" " * (MAX_PAGE_BYTES - 3)
    large = b" " * (MAX_PAGE_BYTES + 1)
    source = write_zip(
        tmp_path / "pages.zip", {"a.html": bomb, "b.html": large, "c.html": article()}
    )
    first, second, good = source.records()
    assert isinstance(first, Rejection)
    assert "times its size" in first.why
    assert isinstance(second, Rejection)
    assert "more than" in second.why
    assert isinstance(good, Record)


def test_a_gzipped_tar_that_unpacks_to_far_more_than_its_size_breaks_off(tmp_path: Path) -> None:
    pages: list[tuple[str, str | bytes]] = [
        ("a.html", article()),
        ("film.bin", bytes(40_000_000)),
        ("b.html", article()),
    ]
    source = write_tar(tmp_path / "pages.tar.gz", pages)
    found: list[Record | Rejection] = []
    tracemalloc.start()
    try:
        with pytest.raises(SourceUnreadable, match=r"after film\.bin.*times its size"):
            found.extend(source.records())
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
    assert len(found) == 1


def test_a_tar_of_other_files_says_that_none_is_a_page(tmp_path: Path) -> None:
    source = write_tar(tmp_path / "pages.tar.gz", [("news.jsonl", "{}"), ("old.csv", "")])
    with pytest.raises(
        SourceUnreadable, match="is a tar archive of 2 members, of which none is a page"
    ):
        read(source)


def test_a_header_of_a_tar_has_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "pages.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("x" * 2_000_000 + ".html"))
    with pytest.raises(SourceUnreadable, match="a header of"):
        read(Pages(str(path)))


def test_rubbish_inside_a_tar_is_a_break_and_not_its_end(tmp_path: Path) -> None:
    path = tmp_path / "pages.tar"
    write_tar(path, [("a.html", article()), ("b.html", article())])
    raw = path.read_bytes()
    second = raw.index(b"b.html")
    path.write_bytes(raw[:second] + random.Random(0).randbytes(len(raw) - second))
    found: list[Record | Rejection] = []
    with pytest.raises(SourceUnreadable, match=r"after a\.html"):
        found.extend(Pages(str(path)).records())
    assert len(found) == 1


def test_a_damaged_member_of_a_zip_is_refused_alone(tmp_path: Path) -> None:
    path = tmp_path / "pages.zip"
    write_zip(path, {"a.html": article(), "b.html": article()})
    raw = bytearray(path.read_bytes())
    raw[100:140] = bytes(40)
    path.write_bytes(raw)
    bad, good = Pages(str(path)).records()
    assert isinstance(bad, Rejection)
    assert "cannot be unpacked" in bad.why
    assert isinstance(good, Record)


def test_a_zip_without_its_end_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "pages.zip"
    write_zip(path, {"a.html": article()})
    path.write_bytes(path.read_bytes()[:-40])
    for read_or_count in (read, Pages.count):
        with pytest.raises(SourceUnreadable, match="damaged zip"):
            read_or_count(Pages(str(path)))


def test_a_zip_with_an_endless_table_of_contents_is_unreadable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "MAX_CONTENTS", 1_000)
    source = write_zip(tmp_path / "pages.zip", {f"{n}.html": "" for n in range(100)})
    with pytest.raises(SourceUnreadable, match="table of contents"):
        read(source)


@pytest.mark.parametrize(
    ("mark", "name"), [(b"BZh9", "bzip2"), (b"\xfd7zXZ\x00", "xz"), (b"Rar!\x1a", "RAR")]
)
def test_other_archives_are_named_with_what_to_do(tmp_path: Path, mark: bytes, name: str) -> None:
    (tmp_path / "pages").write_bytes(mark + bytes(100))
    with pytest.raises(
        SourceUnreadable, match=f"packed with {name}: unpack it, or pack it as a zip"
    ):
        read(Pages(str(tmp_path / "pages")))


def test_an_encrypted_zip_is_refused_page_by_page(tmp_path: Path) -> None:
    path = tmp_path / "pages.zip"
    write_zip(path, {"a.html": article()})
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    assert refused(Pages(str(path))).why.startswith("encrypted")


def test_a_name_that_cannot_be_printed_is_escaped(tmp_path: Path) -> None:
    source = write_zip(tmp_path / "pages.zip", {"a\nb.html": article()})
    assert only(source).where.endswith(":a\\nb.html")


@pytest.mark.parametrize("seed", range(20))
def test_any_bytes_are_a_record_or_a_rejection(tmp_path: Path, seed: int) -> None:
    noise = random.Random(seed)
    raw = bytearray(article().encode(noise.choice(["utf-8", "gb18030", "utf-16"])))
    for _ in range(noise.randrange(200)):
        raw[noise.randrange(len(raw))] = noise.randrange(256)
    (tmp_path / "a.html").write_bytes(raw)
    assert len(read(Folder(str(tmp_path), kind="html"))) == 1


def test_standard_input_is_not_a_page() -> None:
    with pytest.raises(SourceUnreadable, match="check the path"):
        read(Pages("-"))
