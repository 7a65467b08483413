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


def test_a_line_break_in_the_name_of_a_file_parts_no_line_from_its_reason(tmp_path: Path) -> None:
    path = tmp_path / "rejects.jsonl"
    with RejectsFile(path) as rejects:
        rejects.add(Rejection("a\nb.jsonl:1", "no title", '{"id": 1}'))
        rejects.add(Rejection("a\nb.jsonl:2", "no title", '{"id": 2}'))
    assert _held(path) == [
        ('{"id": 1}', "a b.jsonl:1: no title"),
        ('{"id": 2}', "a b.jsonl:2: no title"),
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


def _run(path: Path, *rejected: str, source: str = "news.jsonl") -> None:
    """A run that reads ``source`` to its end."""
    with RejectsFile(path, source=source) as rejects:
        for number, raw in enumerate(rejected, start=1):
            rejects.add(Rejection(f"{source}:{number}", "no title", raw))


def _held(path: Path) -> list[tuple[str, str]]:
    """The lines, each with its reason."""
    lines = path.read_text(encoding="utf-8").splitlines()
    reasons = (path.parent / f"{path.name}.reasons").read_text(encoding="utf-8").splitlines()
    return list(zip(lines, reasons, strict=True))


def test_each_run_adds_what_is_new_and_takes_nothing_out(tmp_path: Path) -> None:
    path = tmp_path / "rejects.jsonl"
    _run(path, '{"id": 1}', '{"id": 2}')
    _run(path, '{"id": 2}', '{"id": 3}', source="later.jsonl")
    _run(path, '{"id": 1}')
    _run(path)
    assert _held(path) == [
        ('{"id": 1}', "news.jsonl:1: no title"),
        ('{"id": 2}', "news.jsonl:2: no title"),
        ('{"id": 3}', "later.jsonl:2: no title"),
    ]


def test_what_is_rejected_again_and_again_leaves_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "rejects.jsonl"
    _run(path, '{"id": 1}')
    before = path.stat()
    _run(path, '{"id": 1}')
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_lines_that_an_editor_wrote_otherwise_are_known_and_stay(tmp_path: Path) -> None:
    path = tmp_path / "rejects.jsonl"
    path.write_bytes(b'{"id": 1}\r\n  {"id": 2}')
    _run(path, '{"id": 2}', '{"id": 3}')
    assert path.read_bytes() == b'{"id": 1}\r\n  {"id": 2}\n{"id": 3}\n'


def test_reasons_never_stand_beside_the_wrong_line(tmp_path: Path) -> None:
    path = tmp_path / "rejects.jsonl"
    _run(path, '{"id": 1}', '{"id": 2}')
    path.write_text('{"id": 2}\n', encoding="utf-8")  # somebody took the first line out
    _run(path, '{"id": 3}')
    assert _held(path) == [
        ('{"id": 2}', "rejected by an earlier run"),
        ('{"id": 3}', "news.jsonl:1: no title"),
    ]


def test_only_a_run_of_the_file_itself_takes_accepted_lines_out(tmp_path: Path) -> None:
    path = tmp_path / "rejects.jsonl"
    _run(path, '{"id": 1}', '{"id": 2}', '{"id": 3}')
    _run(path, '{"id": 2}', source=str(path))
    assert _held(path) == [('{"id": 2}', f"{path}:1: no title")]
    _run(path, source=str(path))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_not_read_to_its_end_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "rejects.jsonl"
    _run(path, '{"id": 1}', '{"id": 2}')
    before = _held(path)
    with RejectsFile(path, source=str(path)) as rejects:
        rejects.add(_rejection('{"id": 1}'))
        rejects.spare()
    assert _held(path) == before


@pytest.mark.parametrize("end", ["", "\n"])
def test_what_another_run_adds_meanwhile_stays(tmp_path: Path, end: str) -> None:
    path = tmp_path / "rejects.jsonl"
    path.write_text(f'{{"id": 1}}\n{{"id": 2}}{end}', encoding="utf-8")
    with RejectsFile(path, source=str(path)) as rejects:
        rejects.add(Rejection("rejects.jsonl:2", "still no title", '{"id": 2}'))
        _run(path, '{"id": 4}')
    assert _held(path) == [
        ('{"id": 4}', "news.jsonl:1: no title"),
        ('{"id": 2}', "rejects.jsonl:2: still no title"),
    ]


def test_the_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "rejects.jsonl"
    with RejectsFile(path) as rejects:
        rejects.add(_rejection("x"))
    assert path.read_text(encoding="utf-8") == "x\n"


def test_until_the_end_the_old_file_stands(tmp_path: Path) -> None:
    path = tmp_path / "rejects.jsonl"
    path.write_text("from before\n", encoding="utf-8")
    with RejectsFile(path) as rejects:
        rejects.add(_rejection("new"))
        assert path.read_text(encoding="utf-8") == "from before\n"
        assert [each.name for each in tmp_path.iterdir()] == ["rejects.jsonl"]
    assert path.read_text(encoding="utf-8") == "from before\nnew\n"


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
