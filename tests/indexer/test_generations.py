"""Generations on a real disk: what is complete, what is live, and that nothing changes it by half."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import subprocess
import sys
from dataclasses import MISSING, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from indexer.build_progress import BUILDING, SILENCE, BuildProgress, write_progress
from indexer.errors import (
    FolderNotWritable,
    GenerationMissing,
    IndexDamaged,
    ManifestDamaged,
    NoEarlierGeneration,
    NoLiveGeneration,
    WriterBusy,
)
from indexer.generations import DamagedGeneration, Generation, Generations
from indexer.manifest import MANIFEST, Manifest, read_manifest
from tests.conftest import PROJECT


def manifest(name: str, **values: object) -> Manifest:
    facts: dict[str, object] = {
        "name": name,
        "engine": "memory",
        "fingerprint": "0123456789abcdef",
        "schema_version": 1,
        "doc_count": 3,
        "revision": 5,
        "made_at": datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
        "seconds": 1.5,
    }
    return Manifest(**(facts | values))  # type: ignore[arg-type]


def finished(generations: Generations, count: int = 1) -> list[str]:
    """Make ``count`` complete generations and return their names."""
    made = []
    with generations.lock():
        for _ in range(count):
            folder = generations.begin()
            (folder / "index").mkdir()
            made.append(generations.finish(manifest(folder.name)).name)
    return made


def promote(generations: Generations, name: str) -> Generation:
    with generations.lock():
        return generations.promote(name)


def sound(generation: Generation) -> bool:
    """What is judged elsewhere: the folders here hold no index."""
    return generation.folder.is_dir()


def building(**values: object) -> BuildProgress:
    now = datetime.now(UTC)
    facts: dict[str, object] = {
        "pid": os.getpid(),
        "phase": "index",
        "done": 20,
        "total": 100,
        "started_at": now,
        "phase_started_at": now - timedelta(seconds=10),
        "updated_at": now,
    }
    return BuildProgress(**(facts | values))  # type: ignore[arg-type]


@pytest.fixture
def generations(tmp_path: Path) -> Generations:
    return Generations(tmp_path / "index_data")


# What is live


def test_an_index_folder_that_does_not_exist_has_no_live_generation(
    generations: Generations,
) -> None:
    assert generations.live_name() is None
    assert generations.list() == ()
    assert generations.building() is None
    with pytest.raises(NoLiveGeneration, match="python -m indexer rebuild"):
        generations.live()


def test_a_finished_generation_is_not_live_until_it_is_promoted(generations: Generations) -> None:
    (name,) = finished(generations)
    assert generations.live_name() is None
    live = promote(generations, name)
    assert live == generations.live()
    assert (live.name, live.live, live.index) == ("000001", True, live.folder / "index")
    assert live.manifest == manifest("000001")


def test_another_object_on_the_same_folder_sees_a_promotion(generations: Generations) -> None:
    first, second = finished(generations, 2)
    other = Generations(generations.root)
    promote(generations, first)
    assert other.live_name() == first
    promote(generations, second)
    assert other.live_name() == second


@pytest.mark.parametrize("name", ["000009", "7", "../000001", "generations", "", "\x00", "天地"])
def test_a_name_that_is_not_on_disk_is_missing(generations: Generations, name: str) -> None:
    finished(generations)
    with pytest.raises(GenerationMissing, match="generations list"):
        generations.get(name)
    with generations.lock(), pytest.raises(GenerationMissing):
        generations.promote(name)


@pytest.mark.parametrize("content", [b"000009\n", b"nonsense", b"\xff\xfe", b"../../etc"])
def test_a_pointer_to_nothing_is_named(generations: Generations, content: bytes) -> None:
    promote(generations, *finished(generations))
    (generations.root / "CURRENT").write_bytes(content)
    with pytest.raises(GenerationMissing):
        generations.live()
    assert [each.live for each in generations.list()] == [False]


@pytest.mark.parametrize("content", [b"", b"\n"])
def test_an_empty_pointer_counts_as_none(generations: Generations, content: bytes) -> None:
    finished(generations)
    (generations.root / "CURRENT").write_bytes(content)
    with pytest.raises(NoLiveGeneration):
        generations.live()


@pytest.mark.parametrize("content", [b"", b"\n"])
def test_from_an_empty_pointer_there_is_a_way_back(
    generations: Generations, content: bytes
) -> None:
    for name in finished(generations, 2):
        promote(generations, name)
    (generations.root / "CURRENT").write_bytes(content)
    with generations.lock():
        assert generations.rollback().name == "000002"
    assert generations.live().name == "000002"


def test_a_pointer_that_finds_no_room_leaves_nothing_beside_it_and_says_what_to_do(
    generations: Generations,
) -> None:
    (name,) = finished(generations)
    with generations.lock():
        # A process may write no more than so many bytes into one file: the same refusal as that of a full disk.
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
        try:
            with pytest.raises(FolderNotWritable):
                generations.promote(name)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, ignored)
    assert generations.live_name() is None
    assert not list(generations.root.glob(".CURRENT*"))


@pytest.mark.parametrize(
    ("number", "advice"), [(errno.ENOSPC, "make room"), (errno.EACCES, "set its owner")]
)
def test_a_full_disk_is_no_matter_of_owners(number: int, advice: str) -> None:
    assert advice in str(FolderNotWritable(Path("index"), os.strerror(number)))


def test_a_pointer_that_cannot_be_read_is_damage(generations: Generations) -> None:
    (generations.root / "CURRENT").mkdir(parents=True)
    with pytest.raises(IndexDamaged, match="CURRENT"):
        generations.live()


def test_a_live_generation_whose_folder_was_deleted_is_missing(generations: Generations) -> None:
    live = promote(generations, *finished(generations))
    (live.folder / MANIFEST).unlink()
    live.index.rmdir()
    live.folder.rmdir()
    with pytest.raises(GenerationMissing, match=r"'000001'.*rebuild"):
        generations.live()


# Manifests

DAMAGES = {
    "empty": b"",
    "not json": b"{ nonsense",
    "not an object": b"[1, 2]",
    "not utf-8": b'{"name": "\xff"}',
    "cut short": b'{"name": "000001", "engine": "mem',
}


@pytest.mark.parametrize("content", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_manifest_is_named_with_its_cure(
    generations: Generations, content: bytes
) -> None:
    live = promote(generations, *finished(generations))
    (live.folder / MANIFEST).write_bytes(content)
    with pytest.raises(ManifestDamaged, match=r"000001/manifest\.json .*indexer rebuild"):
        generations.live()
    (listed,) = generations.list()
    assert isinstance(listed, DamagedGeneration)
    assert (listed.name, listed.live) == ("000001", True)
    assert listed.why


def test_a_manifest_of_a_release_that_kept_no_words_is_read(generations: Generations) -> None:
    live = promote(generations, *finished(generations))
    values = json.loads((live.folder / MANIFEST).read_bytes())
    del values["user_dictionary"]
    (live.folder / MANIFEST).write_text(json.dumps(values), encoding="utf-8")
    assert generations.live().manifest.user_dictionary is None


@pytest.mark.parametrize("key", [each.name for each in fields(Manifest) if each.default is MISSING])
def test_a_manifest_without_one_of_its_keys_is_damaged(generations: Generations, key: str) -> None:
    live = promote(generations, *finished(generations))
    values = json.loads((live.folder / MANIFEST).read_bytes())
    del values[key]
    (live.folder / MANIFEST).write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(ManifestDamaged, match=f"{key}: Field required"):
        generations.live()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("doc_count", "3"),
        ("doc_count", -1),
        ("doc_count", 1.5),
        ("revision", None),
        ("revision", True),
        ("schema_version", "one"),
        ("made_at", "yesterday"),
        ("made_at", "2026-03-01T12:00:00"),
        ("fingerprint", 7),
        ("seconds", "long"),
    ],
)
def test_a_manifest_with_a_wrong_value_is_damaged(
    generations: Generations, key: str, value: object
) -> None:
    live = promote(generations, *finished(generations))
    values = json.loads((live.folder / MANIFEST).read_bytes())
    (live.folder / MANIFEST).write_text(json.dumps(values | {key: value}), encoding="utf-8")
    with pytest.raises(ManifestDamaged, match=f"{key}: "):
        generations.live()


def test_the_manifest_of_another_generation_is_damage(generations: Generations) -> None:
    first, second = finished(generations, 2)
    folder = generations.root / "generations"
    (folder / first / MANIFEST).write_bytes((folder / second / MANIFEST).read_bytes())
    with pytest.raises(ManifestDamaged, match="manifest of '000002'"):
        generations.get(first)


def test_a_key_of_a_later_release_is_ignored(generations: Generations) -> None:
    live = promote(generations, *finished(generations))
    values = json.loads((live.folder / MANIFEST).read_bytes())
    (live.folder / MANIFEST).write_text(json.dumps(values | {"notes": "x"}), encoding="utf-8")
    assert generations.live().manifest == manifest("000001")


def test_a_manifest_that_cannot_be_read_is_damaged(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).mkdir()
    with pytest.raises(ManifestDamaged, match="directory"):
        read_manifest(tmp_path)


def test_a_damaged_generation_is_not_promoted(generations: Generations) -> None:
    first, second = finished(generations, 2)
    promote(generations, first)
    (generations.root / "generations" / second / MANIFEST).write_bytes(b"{}")
    with generations.lock(), pytest.raises(ManifestDamaged):
        generations.promote(second)
    assert generations.live_name() == first


# Numbers


def test_names_ascend_and_are_never_used_again_while_any_later_is_there(
    generations: Generations,
) -> None:
    assert finished(generations, 3) == ["000001", "000002", "000003"]
    with generations.lock():
        unfinished = generations.begin()
        assert unfinished.name == "000004"
        assert generations.begin().name == "000005"


def test_a_new_generation_never_takes_the_name_that_the_pointer_holds(
    generations: Generations,
) -> None:
    finished(generations)
    (generations.root / "CURRENT").write_text("000007\n", encoding="utf-8")
    with generations.lock():
        assert generations.begin().name == "000008"


def test_numbers_are_compared_as_numbers(generations: Generations) -> None:
    (generations.root / "generations" / "1000000").mkdir(parents=True)
    with generations.lock():
        folder = generations.begin()
        generations.finish(manifest(folder.name))
        (generations.root / "generations" / "999999").mkdir()
        generations.finish(manifest("999999"))
    assert [each.name for each in generations.list()] == ["999999", "1000001"]


def test_what_is_no_generation_is_left_alone(generations: Generations) -> None:
    finished(generations)
    (generations.root / "generations" / "notes.txt").write_text("mine", encoding="utf-8")
    (generations.root / "generations" / "backup").mkdir()
    with generations.lock():
        assert generations.clean() == ()
        assert generations.prune(1, is_sound=sound) == ()
    assert (generations.root / "generations" / "notes.txt").exists()
    assert [each.name for each in generations.list()] == ["000001"]


def test_only_a_generation_that_was_begun_is_finished(generations: Generations) -> None:
    with generations.lock(), pytest.raises(GenerationMissing):
        generations.finish(manifest("000001"))


# Roll back


def test_rollback_promotes_the_newest_older_complete_generation(generations: Generations) -> None:
    first, second, third, fourth = finished(generations, 4)
    for name in (first, second, third):
        promote(generations, name)
    (generations.root / "generations" / second / MANIFEST).write_bytes(b"damaged")
    with generations.lock():
        assert generations.rollback().name == first
    assert generations.live_name() == first
    assert fourth in [each.name for each in generations.list()]


def test_rollback_passes_over_what_was_never_live(generations: Generations) -> None:
    first, second, third = finished(generations, 3)
    for name in (first, third):
        promote(generations, name)
    assert [each.was_live for each in generations.list() if isinstance(each, Generation)] == [
        *(True, False, True)
    ]
    with generations.lock():
        assert generations.rollback().name == first
    promote(generations, second)
    promote(generations, third)
    with generations.lock():
        assert generations.rollback().name == second


def test_rollback_with_nothing_older_says_so_and_changes_nothing(generations: Generations) -> None:
    first, _ = finished(generations, 2)
    promote(generations, first)
    with generations.lock(), pytest.raises(NoEarlierGeneration, match="older than the live one"):
        generations.rollback()
    assert generations.live_name() == first


def test_rollback_without_a_live_generation_says_so(generations: Generations) -> None:
    finished(generations)
    with generations.lock(), pytest.raises(NoLiveGeneration):
        generations.rollback()


@pytest.mark.parametrize("content", ["000009", "nonsense"])
def test_rollback_is_a_way_out_of_a_pointer_to_nothing(
    generations: Generations, content: str
) -> None:
    _, second = finished(generations, 2)
    promote(generations, second)
    (generations.root / "CURRENT").write_text(content, encoding="utf-8")
    with generations.lock():
        assert generations.rollback().name == second


# Prune, clean, discard


def test_prune_removes_first_what_was_never_live(generations: Generations) -> None:
    first, second, third, fourth = finished(generations, 4)
    for name in (first, second):
        promote(generations, name)
    with generations.lock():
        assert generations.prune(3, is_sound=sound, spare=fourth) == (third,)
        assert generations.prune(2, is_sound=sound) == (fourth,)
    assert [each.name for each in generations.list()] == [first, second]


def test_prune_keeps_the_live_one_and_the_newest_others(generations: Generations) -> None:
    names = finished(generations, 4)
    promote(generations, names[3])
    with generations.lock():
        assert generations.prune(2, is_sound=sound) == (names[0], names[1])
    assert [each.name for each in generations.list()] == names[2:]


def test_prune_never_removes_the_live_one_however_old_or_damaged(generations: Generations) -> None:
    """Nor the only one that is sound."""
    names = finished(generations, 3)
    promote(generations, names[0])
    with generations.lock():
        (generations.root / "generations" / names[0] / MANIFEST).write_bytes(b"damaged")
        assert generations.prune(1, is_sound=sound) == (names[1],)
    assert [each.name for each in generations.list()] == [names[0], names[2]]


def test_prune_keeps_sound_ones_before_newer_and_spared_ones(generations: Generations) -> None:
    names = finished(generations, 4)
    promote(generations, names[3])
    with generations.lock():
        judged = lambda each: each.name == names[0]  # noqa: E731
        assert generations.prune(2, is_sound=judged, spare=names[2]) == (names[1], names[2])
        assert generations.prune(1, is_sound=judged) == ()


def test_prune_keeps_the_spared_one_before_the_newest(generations: Generations) -> None:
    names = finished(generations, 4)
    promote(generations, names[3])
    with generations.lock():
        assert generations.prune(2, spare=names[0], is_sound=sound) == (names[1], names[2])


def test_prune_removes_damaged_ones_to_which_nobody_can_go_back(generations: Generations) -> None:
    names = finished(generations, 3)
    promote(generations, names[2])
    (generations.root / "generations" / names[1] / MANIFEST).write_bytes(b"damaged")
    with generations.lock():
        assert generations.prune(2, is_sound=sound) == (names[1],)


def test_prune_without_a_live_one_keeps_the_newest(generations: Generations) -> None:
    names = finished(generations, 3)
    with generations.lock():
        assert generations.prune(2, is_sound=sound) == (names[0],)


def test_prune_to_nothing_is_a_mistake_of_the_caller(generations: Generations) -> None:
    with generations.lock(), pytest.raises(ValueError, match="at least 1"):
        generations.prune(0, is_sound=sound)


def test_clean_removes_unfinished_generations_only(generations: Generations) -> None:
    (complete,) = finished(generations)
    with generations.lock():
        folder = generations.begin()
        (folder / "index").mkdir()
        (folder / "index" / "half.seg").write_bytes(b"half")
        assert generations.clean() == (folder.name,)
        assert not folder.exists()
        assert generations.clean() == ()
    assert [each.name for each in generations.list()] == [complete]


def test_clean_spares_a_live_generation_that_lost_its_manifest(generations: Generations) -> None:
    live = promote(generations, *finished(generations))
    (live.folder / MANIFEST).unlink()
    with generations.lock():
        assert generations.clean() == ()
    (listed,) = generations.list()
    assert isinstance(listed, DamagedGeneration)
    assert "missing" in listed.why


def test_discard_removes_what_was_begun(generations: Generations) -> None:
    with generations.lock():
        folder = generations.begin()
        generations.discard(folder.name)
    assert not folder.exists()


def test_an_unfinished_generation_is_not_listed(generations: Generations) -> None:
    with generations.lock():
        generations.begin()
    assert generations.list() == ()


# One writer


def test_what_is_written_is_neither_removed_nor_built_twice(generations: Generations) -> None:
    names = finished(generations, 3)
    promote(generations, names[2])
    other = Generations(generations.root)
    with generations.lock():
        folder = generations.begin()
    with generations.writing(folder.name), other.writing(names[0]):
        with pytest.raises(WriterBusy, match="wait until it has finished"), other.writing(names[0]):
            pass
        with other.lock():
            assert other.clean() == ()
            with pytest.raises(WriterBusy):
                other.begin()
            assert other.prune(1, is_sound=sound) == (names[1],)
    with other.lock():
        assert other.clean() == (folder.name,)
        assert other.prune(1, is_sound=sound) == (names[0],)
        assert other.begin() == folder


def test_only_what_is_there_is_written(generations: Generations) -> None:
    with pytest.raises(GenerationMissing), generations.writing("000001"):
        pass
    assert generations.list() == ()


def test_a_second_one_is_refused_when_the_first_does_not_let_go(
    generations: Generations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.generations.PATIENCE", 0.0)
    other = Generations(generations.root)
    with generations.lock():
        with pytest.raises(WriterBusy, match="wait until it has finished"), other.lock():
            pass
        with pytest.raises(WriterBusy), generations.lock():
            pass
    with other.lock():
        other.begin()


def test_the_lock_is_given_back_after_an_error(generations: Generations) -> None:
    with pytest.raises(ZeroDivisionError), generations.lock():
        raise ZeroDivisionError
    with generations.lock():
        pass


def test_the_system_frees_the_lock_of_a_killed_process(
    generations: Generations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.generations.PATIENCE", 0.0)
    program = (
        "import sys, time; from pathlib import Path\n"
        "from indexer.generations import Generations\n"
        "with Generations(Path(sys.argv[1])).lock():\n"
        "    print('locked', flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(generations.root)], cwd=PROJECT, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        with pytest.raises(WriterBusy), generations.lock():
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
    with generations.lock():
        pass


def test_changes_need_the_lock(generations: Generations) -> None:
    (name,) = finished(generations)
    for change in (
        generations.begin,
        generations.clean,
        generations.rollback,
        lambda: generations.finish(manifest(name)),
        lambda: generations.discard(name),
        lambda: generations.promote(name),
        lambda: generations.prune(1, is_sound=sound),
    ):
        with pytest.raises(RuntimeError, match="lock"):
            change()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "index_data").write_text("a file", encoding="utf-8")
    generations = Generations(tmp_path / "index_data")
    with (
        pytest.raises(FolderNotWritable, match=r"index_data cannot be written"),
        generations.lock(),
    ):
        pass
    assert generations.live_name() is None
    assert generations.list() == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_named(generations: Generations) -> None:
    (name,) = finished(generations)
    generations.root.chmod(0o500)
    try:
        with generations.lock(), pytest.raises(FolderNotWritable, match="Permission denied"):
            generations.promote(name)
        assert generations.live_name() is None
    finally:
        generations.root.chmod(0o700)


def test_a_pointer_that_cannot_be_replaced_leaves_the_live_one(generations: Generations) -> None:
    first, second = finished(generations, 2)
    promote(generations, first)
    (generations.root / ".CURRENT.new").mkdir()
    with generations.lock(), pytest.raises(FolderNotWritable, match="index_data"):
        generations.promote(second)
    assert generations.live_name() == first


# A rebuild that runs


def test_a_running_rebuild_is_seen_by_others(generations: Generations) -> None:
    finished(generations)
    progress = building()
    with generations.lock():
        write_progress(progress, generations.begin())
        assert Generations(generations.root).building() == progress
    assert progress.rate == pytest.approx(2.0)
    assert progress.seconds_left == pytest.approx(40.0)


def test_a_rebuild_is_over_when_its_generation_is_complete(generations: Generations) -> None:
    with generations.lock():
        folder = generations.begin()
        write_progress(building(), folder)
        generations.finish(manifest(folder.name))
    assert generations.building() is None
    assert not (folder / BUILDING).exists()


def test_a_rebuild_that_fell_silent_is_not_believed(generations: Generations) -> None:
    with generations.lock():
        folder = generations.begin()
        write_progress(building(updated_at=datetime.now(UTC) - 2 * SILENCE), folder)
    assert generations.building() is None


def test_a_rebuild_whose_process_is_gone_is_not_believed(generations: Generations) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    with generations.lock():
        write_progress(building(pid=process.pid), generations.begin())
    assert generations.building() is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": "x"}'])
def test_unreadable_progress_is_no_progress(generations: Generations, content: bytes) -> None:
    with generations.lock():
        (generations.begin() / BUILDING).write_bytes(content)
    assert generations.building() is None


def test_a_rate_is_never_made_up() -> None:
    now = datetime.now(UTC)
    assert building(phase_started_at=now, updated_at=now).rate == 0.0
    assert building(done=0).seconds_left is None
    assert building(done=120, total=100).seconds_left is None
