"""The source folder: files of every kind, and only those that changed."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from indexer.article import Article
from indexer.errors import SourceUnreadable
from indexer.fields import make_article
from indexer.records import Record, Rejection
from indexer.sources import folder as folder_module
from indexer.sources.base import Incremental, Source
from indexer.sources.folder import Folder
from indexer.sources.registry import open_source
from tests.contracts.source import SourceContract, Values, sample
from tests.indexer.sources.pages.writing import from_values
from tests.indexer.sources.sheets import write_xlsx


def line(number: int) -> str:
    return json.dumps(sample(number), ensure_ascii=False) + "\n"


def ids(source: Source) -> list[object]:
    """The ids of all records; of a page its address, of a rejection its reason."""
    return [
        each.values.get("id") or each.values.get("url") if isinstance(each, Record) else each.why
        for each in source.records()
    ]


class TestFolder(SourceContract):
    """A folder that holds one file of JSON for each record."""

    sizes = (100, 1_000)

    def expected(self, values: Values) -> Article:
        return make_article(values, timezone=UTC)

    def make(self, folder: Path, records: Iterable[Values]) -> Source:
        (folder / "in").mkdir()
        for number, each in enumerate(records):
            path = folder / "in" / f"{number:06}.jsonl"
            path.write_text(json.dumps(each, ensure_ascii=False), encoding="utf-8")
        return Folder(str(folder / "in"), changes_only=False, kind="json")

    def make_with_bad_record(
        self, folder: Path, before: Sequence[Values], after: Sequence[Values]
    ) -> Source:
        source = self.make(folder, [*before, *after])
        (folder / "in" / f"{len(before) - 1:06}.z.jsonl").write_text("{broken\n", encoding="utf-8")
        return source

    def make_missing(self, folder: Path) -> Source:
        return Folder(str(folder / "nowhere"))

    def make_broken_off(self, folder: Path, records: Sequence[Values]) -> Source:
        """Its second file is gzipped and breaks off."""
        source = self.make(folder, records[:1])
        lines = "".join(json.dumps(each) + "\n" for each in records[1:]).encode()
        (folder / "in" / "1.jsonl").write_bytes(gzip.compress(lines)[:-300])
        return source

    def test_what_stands_before_a_break_is_read_and_then_it_is_reported(
        self, tmp_path: Path
    ) -> None:
        """As a rejection: the other files are read."""
        records = [sample(number) for number in range(300)]
        *found, broken = self.make_broken_off(tmp_path, records).records()
        assert len(found) > 1
        assert list(map(self._article, found)) == list(map(self.expected, records[: len(found)]))
        assert isinstance(broken, Rejection)
        assert "breaks off" in broken.why


def test_each_file_is_read_by_the_source_that_reads_such_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(line(1) + line(2), encoding="utf-8")
    (tmp_path / "b.csv").write_text("id,title,body\nc-1,题,文\n", encoding="gb18030")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "page.html").write_text(from_values(sample(3)), encoding="utf-8")
    write_xlsx(tmp_path / "d.xlsx", {"稿件": [["id", "title"], ["x-1", "晨雾"]]})
    for unread in ("note.txt", "picture.jpg", ".hidden.jsonl", "rejects-a.jsonl", "~$d.xlsx"):
        (tmp_path / unread).write_text("unread", encoding="utf-8")
    everything = ["s-1", "s-2", "c-1", "x-1", sample(3)["url"]]
    assert ids(open_source(None, str(tmp_path))) == everything
    assert open_source(None, str(tmp_path)).count() == 0, "a workbook does not know"
    (tmp_path / "d.xlsx").unlink()
    assert open_source(None, str(tmp_path)).count() in (4, 5)
    assert ids(open_source("html", str(tmp_path))) == [sample(3)["url"]]


def test_a_file_that_cannot_be_read_is_a_rejection_and_the_next_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"%PDF-1.7\n%\xe2\xe3\n")
    (tmp_path / "b.jsonl").write_text(line(1), encoding="utf-8")
    (tmp_path / "c.jsonl").symlink_to(tmp_path / "b.jsonl")
    os.mkfifo(tmp_path / "d.jsonl")
    pdf, record, link, pipe = Folder(str(tmp_path)).records()
    assert isinstance(record, Record)
    assert [each.why for each in (pdf, link, pipe) if isinstance(each, Rejection)] == [
        "is a PDF: save its text as a page, or export the articles from where they were written",
        "a link, not followed: put the file itself there",
        "not a regular file",
    ]
    assert pdf.where == str(tmp_path / "a.jsonl")


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["2024/news.doc", "2024/old.txt"], "is a folder of 2 files, such as 2024/news.doc, and none"),
        (["page.html.txt"], "is a folder of 1 files, such as page.html.txt, and none"),
        ([], "is a folder of 0 files and none can be read by its name: pages (*.html,"),
    ],
)  # fmt: skip
def test_a_folder_of_which_nothing_is_read_is_one_sentence(
    tmp_path: Path, names: list[str], sentence: str
) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(SourceUnreadable) as caught:
        list(open_source(None, str(tmp_path)).records())
    assert f"{tmp_path}: {sentence}" in str(caught.value)
    assert list(open_source("html", str(tmp_path)).records()) == []
    assert list(open_source(None, str(tmp_path), changes_only=True).records()) == []


class Watched:
    """A folder that is read again and again, each time only what changed. Files count as written at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._since: str | None = None

    def write(self, name: str, number: int) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(line(number), encoding="utf-8")

    def source(self) -> Folder:
        source = Folder(str(self.folder), changes_only=True)
        assert isinstance(source, Incremental)
        source.since = self._since
        return source

    def read(self) -> list[object]:
        time.sleep(0.02)  # the time of a file has the grain of the kernel's clock
        source = self.source()
        found = ids(source)
        self._since = source.reached or self._since
        return found


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setattr(folder_module, "SETTLED", 0.0)
    (tmp_path / "in").mkdir()
    return Watched(tmp_path / "in")


def test_a_run_reads_what_changed_since_the_last_one_in_the_order_of_changes(
    watched: Watched,
) -> None:
    assert watched.read() == []
    watched.write("z.jsonl", 1)
    time.sleep(0.02)
    watched.write("a.jsonl", 2)
    assert watched.read() == ["s-1", "s-2"]
    assert watched.read() == []
    watched.write("2025/new.jsonl", 3)
    assert watched.read() == ["s-3"]
    watched.write("z.jsonl", 4)
    assert watched.read() == ["s-4"]


def test_what_comes_with_an_old_date_is_read(watched: Watched, tmp_path: Path) -> None:
    outside = Watched(tmp_path / "out")
    for name, number in (("a.jsonl", 1), ("b.jsonl", 2), ("day/c.jsonl", 3), ("day/x/d.jsonl", 4)):
        outside.write(name, number)
        os.utime(outside.folder / name, (1_000_000_000, 1_000_000_000))
    watched.write("first.jsonl", 9)
    assert watched.read() == ["s-9"]
    shutil.copy2(outside.folder / "a.jsonl", watched.folder / "a.jsonl")  # with its date
    assert watched.read() == ["s-1"]
    (outside.folder / "b.jsonl").rename(watched.folder / "b.jsonl")
    assert watched.read() == ["s-2"]
    (outside.folder / "day").rename(watched.folder / "day")
    assert watched.read() == ["s-3", "s-4"]
    assert watched.read() == []


def test_a_folder_that_was_filled_for_long_is_read_whole_when_it_is_moved_here(
    watched: Watched, tmp_path: Path
) -> None:
    """Its last file came after the last file that was read here, its first one before."""
    outside = Watched(tmp_path / "out")
    outside.write("day/a.jsonl", 1)
    time.sleep(0.02)
    watched.write("first.jsonl", 9)
    assert watched.read() == ["s-9"]
    outside.write("day/b.jsonl", 2)
    time.sleep(0.02)
    (outside.folder / "day").rename(watched.folder / "day")
    assert watched.read() == ["s-1", "s-2"]
    assert watched.read() == []


def test_a_folder_that_vanishes_while_the_others_are_read_costs_nothing(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.write("a/a.jsonl", 1)
    watched.write("b/b.jsonl", 2)
    gone = watched.folder / "a"
    real = os.walk

    def walk(top: Path, **more: Any) -> Iterator[tuple[str, list[str], list[str]]]:
        for at, each in enumerate(real(top, **more)):
            yield each
            if not at:
                shutil.rmtree(gone)

    monkeypatch.setattr(os, "walk", walk)
    assert watched.read() == ["s-2"]


def test_what_did_not_change_is_not_counted_and_counting_reads_nothing(watched: Watched) -> None:
    watched.write("a.jsonl", 1)
    assert watched.read() == ["s-1"]
    watched.write("b.jsonl", 2)
    time.sleep(0.02)
    source = watched.source()
    assert (source.count(), source.reached) == (1, None)
    assert ids(source) == ["s-2"]


def test_a_run_that_ends_early_goes_on_with_the_same_file(watched: Watched) -> None:
    watched.write("a.jsonl", 1)
    time.sleep(0.02)
    watched.write("b.jsonl", 2)
    time.sleep(0.02)
    source = Folder(str(watched.folder), changes_only=True)
    assert [next(records) for records in [source.records()] for _ in "12"]
    again = Folder(str(watched.folder), changes_only=True)
    again.since = source.reached
    assert ids(again) == ["s-2"]


def test_a_file_that_is_being_written_waits_for_a_later_run(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(line(1), encoding="utf-8")
    source = Folder(str(tmp_path), changes_only=True)
    assert (ids(source), source.reached) == ([], None)
    assert ids(Folder(str(tmp_path))) == ["s-1"], "who reads everything waits for nothing"


def test_a_clock_that_is_set_back_hides_no_file(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.write("a.jsonl", 1)
    assert watched.read() == ["s-1"]
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() - 3_600 * 10**9)
    assert watched.read() == ["s-1"], "all are read once more"
    monkeypatch.undo()
    monkeypatch.setattr(folder_module, "SETTLED", 0.0)
    watched.write("b.jsonl", 2)
    assert watched.read() == ["s-1", "s-2"]
    assert watched.read() == []


def test_each_folder_and_kind_has_an_identity_of_its_own(tmp_path: Path) -> None:
    sources = [
        Folder(str(tmp_path / name), kind=kind, changes_only=True)
        for name in "ab"
        for kind in (None, "html")
    ]
    names = [each.identity for each in sources]
    assert len(set(names)) == 4
    assert all(name is not None and len(name) == 64 for name in names)
    assert Folder(str(tmp_path)).identity is None
