"""The rejects file: what it holds, when it is made, and what it never destroys."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.errors import FolderNotWritable
from indexer.records import Rejection
from indexer.rejects import RejectsFile


def _rejection(raw: str, why: str = "title: neither a title nor a body") -> Rejection:
    return Rejection("news.jsonl:3", why, raw)


def test_lines_and_reasons_stand_side_by_side(tmp_path: Path) -> None:
    path = tmp_path / "rejects.jsonl"
    with RejectsFile(path) as rejects:
        rejects.add(_rejection('{"标题": "雨"}'))
        rejects.add(Rejection("news.jsonl:9", "longer than allowed,\nnot copied", ""))
    assert path.read_text(encoding="utf-8") == '{"标题": "雨"}\n\n'
    reasons = (tmp_path / "rejects.jsonl.reasons").read_text(encoding="utf-8")
    assert reasons == (
        "news.jsonl:3: title: neither a title nor a body\n"
        "news.jsonl:9: longer than allowed, not copied\n"
    )
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "rejects.jsonl",
        "rejects.jsonl.reasons",
    ]


def test_bytes_that_are_not_utf8_are_written_as_they_were(tmp_path: Path) -> None:
    line = b'{"title": "\xc9\xbd"}'
    with RejectsFile(tmp_path / "rejects.jsonl") as rejects:
        rejects.add(_rejection(line.decode(errors="surrogateescape"), why="surrogate \ud800"))
    assert (tmp_path / "rejects.jsonl").read_bytes() == line + b"\n"
    assert b"surrogate \\ud800" in (tmp_path / "rejects.jsonl.reasons").read_bytes()


def test_without_a_rejection_nothing_is_made_and_nothing_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "new" / "rejects.jsonl"
    with RejectsFile(path):
        pass
    assert not path.parent.exists()
    path.parent.mkdir()
    path.write_text("from before", encoding="utf-8")
    with RejectsFile(path):
        pass
    assert path.read_text(encoding="utf-8") == "from before"


def test_the_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "rejects.jsonl"
    with RejectsFile(path) as rejects:
        rejects.add(_rejection("x"))
    assert path.read_text(encoding="utf-8") == "x\n"


def test_until_the_end_the_old_file_stands(tmp_path: Path) -> None:
    path = tmp_path / "rejects.jsonl"
    path.write_text("from before", encoding="utf-8")
    with RejectsFile(path) as rejects:
        rejects.add(_rejection("new"))
        assert path.read_text(encoding="utf-8") == "from before"
    assert path.read_text(encoding="utf-8") == "new\n"


def test_after_an_error_the_old_file_stands_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "rejects.jsonl"
    path.write_text("from before", encoding="utf-8")

    def interrupted() -> None:
        with RejectsFile(path) as rejects:
            rejects.add(_rejection("new"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text(encoding="utf-8") == "from before"
    assert [each.name for each in tmp_path.iterdir()] == ["rejects.jsonl"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with (
        pytest.raises(FolderNotWritable) as caught,
        RejectsFile(tmp_path / "file" / "rejects.jsonl") as rejects,
    ):
        rejects.add(_rejection("x"))
    assert caught.value.path == tmp_path / "file"


def test_a_folder_in_place_of_the_file_is_refused_without_leftovers(tmp_path: Path) -> None:
    path = tmp_path / "rejects.jsonl"
    path.mkdir()
    with pytest.raises(FolderNotWritable), RejectsFile(path) as rejects:
        rejects.add(_rejection("x"))
    assert [each.name for each in tmp_path.iterdir()] == ["rejects.jsonl"]
