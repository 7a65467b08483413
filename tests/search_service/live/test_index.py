from __future__ import annotations

import gc
import os
import shutil
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from indexer.analysis.analyzers import words_of
from indexer.analysis.dictionary import UserDictionary, UserWord
from indexer.build_progress import BuildProgress, write_progress
from indexer.engines.base import Reader
from indexer.errors import (
    FormatMismatch,
    GenerationMissing,
    IndexDamaged,
    ManifestDamaged,
    NoLiveGeneration,
)
from indexer.fingerprint import fingerprint
from indexer.generations import Generation, Generations
from indexer.opening import DICTIONARY, FOUND_WORDS, ensure_fit, keep_words
from indexer.query import MatchAll, SearchRequest
from search_service.live.index import IndexState, LiveIndex
from tests.factories import article, give_format
from tests.search_service.indexes import MADE_AT, SHANGHAI, apply, live_index, promote
from tests.typed_queries import analyzer

PATIENCE = 30.0


class Clock:
    """A monotonic clock that moves when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def ids(reader: Reader) -> set[str]:
    return {hit.article.id for hit in reader.search(SearchRequest(MatchAll(), size=100)).hits}


def shown(live: LiveIndex) -> set[str]:
    with live.reader() as (reader, _, _):
        return ids(reader)


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.parametrize("engine", ["memory", "whoosh"])
def test_a_state_says_which_index_it_is_and_how_fresh(tmp_path: Path, engine: str) -> None:
    promote(tmp_path, [article("a"), article("b", status="draft")], engine=engine, revision=7)
    assert live_index(tmp_path).state() == IndexState(
        generation="000001",
        revision=7,
        as_of=MADE_AT,
        doc_count=2,
        rebuilding=False,
        outdated=False,
    )


@pytest.mark.parametrize("engine", ["memory", "whoosh"])
def test_a_promotion_is_followed(tmp_path: Path, engine: str) -> None:
    promote(tmp_path, [article("a")], engine=engine)
    live = live_index(tmp_path)
    assert shown(live) == {"a"}
    promote(tmp_path, [article("b")], engine=engine)
    assert shown(live) == {"b"}
    assert live.state().generation == "000002"


def test_a_generation_of_another_engine_is_followed(tmp_path: Path) -> None:
    promote(tmp_path, [article("a")], engine="memory")
    live = live_index(tmp_path)
    assert shown(live) == {"a"}
    promote(tmp_path, [article("b")], engine="whoosh")
    assert shown(live) == {"b"}


@pytest.mark.parametrize("engine", ["memory", "whoosh"])
def test_a_commit_is_followed_and_dates_the_state(tmp_path: Path, engine: str) -> None:
    promote(tmp_path, [article("a")], engine=engine)
    live = live_index(tmp_path)
    assert shown(live) == {"a"}
    before = datetime.now(UTC)
    apply(tmp_path, [article("b"), "a"], revision=9)
    assert shown(live) == {"b"}
    after = live.state()
    assert after.revision == 9
    assert after.doc_count == 1
    assert before - timedelta(seconds=1) <= after.as_of <= datetime.now(UTC)


@pytest.mark.parametrize("engine", ["memory", "whoosh"])
def test_a_reader_in_use_stays_the_snapshot_that_it_was(tmp_path: Path, engine: str) -> None:
    promote(tmp_path, [article("a")], engine=engine)
    live = live_index(tmp_path)
    with live.reader() as (reader, _, _):
        apply(tmp_path, [article("b")], revision=2)
        promote(tmp_path, [article("c")], engine=engine)
        assert shown(live) == {"c"}
        assert ids(reader) == {"a"}
    assert shown(live) == {"c"}


# Words


def words_for(text: str, live: LiveIndex) -> tuple[str, ...]:
    with live.reader() as lent:
        return words_of(lent.analyzer, text)


def promote_with_words(
    root: Path, *words: str, found: tuple[str, ...] = (), **manifest: Any
) -> Generation:
    users, others = (UserDictionary(tuple(map(UserWord, each))) for each in (words, found))
    made = promote(
        root,
        [article("a")],
        user_dictionary=users.fingerprint,
        found_words=others.fingerprint,
        **manifest,
    )
    keep_words(made.folder, analyzer().knowing(users, others))
    return made


def test_a_query_is_cut_with_the_words_of_the_generation_that_answers(tmp_path: Path) -> None:
    promote_with_words(tmp_path)
    live = live_index(tmp_path)
    assert words_for("去晴川谷", live) == ("去", "晴川", "谷")
    with live.reader() as before:
        promote_with_words(tmp_path, "晴川谷")
        assert words_for("去晴川谷", live) == ("去", "晴川谷")
        assert words_of(before.analyzer, "去晴川谷") == ("去", "晴川", "谷")
    promote(tmp_path, [article("a")])  # as a release did that kept no words
    assert words_for("去晴川谷", live) == ("去", "晴川", "谷")


def test_a_query_is_cut_with_the_words_found_in_the_generations_articles(tmp_path: Path) -> None:
    promote_with_words(tmp_path, "晴川谷", found=("青石小镇",))
    live = live_index(tmp_path)
    assert words_for("晴川谷青石小镇", live) == ("晴川谷", "青石小镇")
    promote_with_words(tmp_path, "晴川谷")
    assert words_for("晴川谷青石小镇", live) == ("晴川谷", "青石", "小镇")


def test_the_same_words_are_not_loaded_again(tmp_path: Path) -> None:
    promote_with_words(tmp_path, "晴川谷", found=("青石小镇",))
    live = live_index(tmp_path)
    with live.reader() as lent:
        loaded = lent.analyzer
    promote_with_words(tmp_path, "晴川谷", found=("青石小镇",))
    with live.reader() as lent:
        assert lent.analyzer is loaded
    promote_with_words(tmp_path)
    with live.reader() as lent:
        assert lent.analyzer is analyzer()


def test_an_index_of_other_words_is_not_outdated(tmp_path: Path) -> None:
    words = UserDictionary((UserWord("晴川谷"),))
    made_with = fingerprint(engine="memory", analysis=analyzer().knowing(words).fingerprint)
    promote_with_words(tmp_path, "晴川谷", fingerprint=made_with)
    assert not live_index(tmp_path).state().outdated
    promote_with_words(tmp_path, "晴川谷")
    assert live_index(tmp_path).state().outdated


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        ("晴 川 谷\n", "line 1"),
        ("", "other words"),
        ("云溪谷\n", "other words"),
        (None, "No such file"),
    ],
)
@pytest.mark.parametrize("file", [DICTIONARY, FOUND_WORDS])
def test_words_that_are_damaged_are_told_and_never_made_live(
    tmp_path: Path, file: str, kept: str | None, why: str
) -> None:
    made = promote_with_words(tmp_path, "晴川谷", found=("青石小镇",))
    path = made.folder / file
    path.unlink() if kept is None else path.write_text(kept, encoding="utf-8")
    with pytest.raises(ManifestDamaged, match=why):
        live_index(tmp_path).state()
    with pytest.raises(ManifestDamaged, match=why):
        ensure_fit(made, analyzer=analyzer(), timezone=SHANGHAI)


def test_words_that_nobody_uses_any_more_are_let_go_of(tmp_path: Path) -> None:
    promote_with_words(tmp_path, "晴川谷")
    live = live_index(tmp_path)
    with live.reader() as lent:
        assert words_of(lent.analyzer, "去晴川谷") == ("去", "晴川谷")
        loaded = weakref.ref(lent.analyzer)
        segmenter = weakref.ref(lent.analyzer._segmenter)  # type: ignore[attr-defined]
    del lent
    promote_with_words(tmp_path)
    gc.disable()
    try:
        assert words_for("去晴川谷", live) == ("去", "晴川", "谷")
        assert loaded() is segmenter() is None
    finally:
        gc.enable()


def test_the_folder_is_looked_at_once_in_an_interval(tmp_path: Path) -> None:
    promote(tmp_path, [article("a")])
    clock = Clock()
    live = LiveIndex(
        Generations(tmp_path), analyzer=analyzer(), timezone=SHANGHAI, interval=1.0, clock=clock
    )
    assert shown(live) == {"a"}
    promote(tmp_path, [article("b")])
    clock.now = 0.99
    assert shown(live) == {"a"}
    clock.now = 1.0
    assert shown(live) == {"b"}


def test_a_thread_of_its_own_opens_new_commits_until_the_index_is_closed(tmp_path: Path) -> None:
    promote(tmp_path, [article("a")])
    others = set(threading.enumerate())
    live = live_index(tmp_path, interval=3600)
    live.keep_fresh()
    assert shown(live) == {"a"}
    promote(tmp_path, [article("b")])
    while shown(live) != {"b"}:
        time.sleep(0.01)
    (tmp_path / "CURRENT").unlink()
    with pytest.raises(NoLiveGeneration):
        _ = [shown(live) for _ in iter(int, 1)]
    promote(tmp_path, [article("c")])
    assert shown(live) == {"c"}
    live.close()
    assert "fresh index" not in {each.name for each in {*threading.enumerate()} - others}


def test_readers_are_used_again_and_one_for_each_thread_at_most(tmp_path: Path) -> None:
    promote(tmp_path, [article("a")])
    live = live_index(tmp_path)
    with live.reader() as (first, _, _), live.reader() as (second, _, _):
        assert first is not second
    with live.reader() as (third, _, _), live.reader() as (fourth, _, _):
        assert {id(third), id(fourth)} == {id(first), id(second)}


def test_closing_lets_go_and_a_later_request_opens_again(tmp_path: Path) -> None:
    promote(tmp_path, [article("a")], engine="whoosh")
    live = live_index(tmp_path)
    with live.reader() as (reader, _, _):
        live.close()
        assert ids(reader) == {"a"}
    live.close()
    assert shown(live) == {"a"}


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files through /proc")
def test_old_readers_do_not_pile_up(tmp_path: Path) -> None:
    promote(tmp_path, [article("a")], engine="whoosh")
    live = live_index(tmp_path)

    def use_and_count() -> int:
        with live.reader() as (one, _, _), live.reader() as (two, _, _):
            assert ids(one) == ids(two)
        return open_files()

    first = use_and_count()
    for number in range(2, 12):
        apply(tmp_path, [article(f"a-{number}")], revision=number)
        last = use_and_count()
    live.close()
    assert last <= first + 10
    assert open_files() < first


@pytest.mark.parametrize("engine", ["memory", "whoosh"])
def test_threads_are_answered_while_generations_come_and_go(tmp_path: Path, engine: str) -> None:
    promote(tmp_path, [article("g-1")], engine=engine)
    live = live_index(tmp_path)
    done = threading.Event()

    def ask() -> list[set[str]]:
        answers = []
        while not done.is_set():
            answers.append(shown(live))
        return answers

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        try:
            for number in range(2, 6):
                promote(tmp_path, [article(f"g-{number}")], engine=engine)
                apply(tmp_path, [article(f"h-{number}")], revision=number)
                generations = Generations(tmp_path)
                with generations.lock():
                    generations.prune(1, is_sound=lambda _: True)
        finally:
            done.set()
        answers = [answer for each in asking for answer in each.result()]
    possible = [{f"g-{n}"} for n in range(1, 6)] + [{f"g-{n}", f"h-{n}"} for n in range(2, 6)]
    assert all(answer in possible for answer in answers)
    assert shown(live) == {"g-5", "h-5"}


def test_requests_are_answered_while_a_new_generation_is_opened(tmp_path: Path) -> None:
    promote(tmp_path, [article("a")])
    live = live_index(tmp_path)
    assert shown(live) == {"a"}
    made = promote(tmp_path, [article("b")])
    manifest = made.folder / "manifest.json"
    content = manifest.read_bytes()
    manifest.unlink()
    os.mkfifo(manifest)  # whoever reads it waits for what is written
    with ThreadPoolExecutor(3) as pool:
        opening = pool.submit(shown, live)
        with manifest.open("wb") as told:
            asking = [pool.submit(shown, live) for _ in range(2)]
            try:
                assert [each.result(PATIENCE) for each in asking] == [{"a"}] * 2
                assert not opening.done()
            finally:
                told.write(content)
        assert opening.result(PATIENCE) == {"b"}
    manifest.unlink()
    manifest.write_bytes(content)
    assert shown(live) == {"b"}


# What may be wrong with the folder, and that it heals by itself


def test_no_index_yet(tmp_path: Path) -> None:
    live = live_index(tmp_path / "index_data")
    with pytest.raises(NoLiveGeneration):
        live.state()
    promote(tmp_path / "index_data", [article("a")])
    assert shown(live) == {"a"}


@pytest.mark.parametrize("engine", ["memory", "whoosh"])
def test_the_folder_is_deleted_under_us(tmp_path: Path, engine: str) -> None:
    root = tmp_path / "index_data"
    promote(root, [article("a")], engine=engine)
    live = live_index(root)
    assert shown(live) == {"a"}
    shutil.rmtree(root)
    for _ in range(2):
        with pytest.raises(NoLiveGeneration):
            live.state()
    promote(root, [article("b")], engine=engine)
    assert shown(live) == {"b"}


@pytest.mark.parametrize("engine", ["memory", "whoosh"])
def test_the_generation_is_deleted_under_us(tmp_path: Path, engine: str) -> None:
    live_one = promote(tmp_path, [article("a")], engine=engine)
    live = live_index(tmp_path)
    assert shown(live) == {"a"}
    shutil.rmtree(live_one.folder)
    with pytest.raises(GenerationMissing):
        live.state()
    promote(tmp_path, [article("b")], engine=engine)
    assert shown(live) == {"b"}


@pytest.mark.parametrize("engine", ["memory", "whoosh"])
def test_the_engines_files_are_deleted_under_us(tmp_path: Path, engine: str) -> None:
    live_one = promote(tmp_path, [article("a")], engine=engine)
    live = live_index(tmp_path)
    assert shown(live) == {"a"}
    shutil.rmtree(live_one.index)
    with pytest.raises(IndexDamaged):
        live.state()
    promote(tmp_path, [article("b")], engine=engine)
    assert shown(live) == {"b"}


def test_a_damaged_manifest(tmp_path: Path) -> None:
    live_one = promote(tmp_path, [article("a")])
    (live_one.folder / "manifest.json").write_text("{", encoding="utf-8")
    live = live_index(tmp_path)
    with pytest.raises(ManifestDamaged):
        live.state()
    promote(tmp_path, [article("b")])
    assert shown(live) == {"b"}


def test_a_manifest_that_is_damaged_under_us_takes_nothing_away(tmp_path: Path) -> None:
    live_one = promote(tmp_path, [article("a")])
    live = live_index(tmp_path)
    assert shown(live) == {"a"}
    (live_one.folder / "manifest.json").unlink()
    assert shown(live) == {"a"}


def test_a_manifest_that_names_an_engine_of_another_release(tmp_path: Path) -> None:
    made = promote(tmp_path, [article("a")])
    manifest = made.folder / "manifest.json"
    text = manifest.read_text(encoding="utf-8").replace('"memory"', '"steam"')
    manifest.write_text(text, encoding="utf-8")
    with pytest.raises(ManifestDamaged, match="no engine 'steam'"):
        live_index(tmp_path).state()


# A live generation that cannot be opened, while another one is open


def make_unreadable(how: str, made: Generation) -> None:
    """Do to a generation what keeps this program from opening it."""
    match how:
        case "format":
            give_format(made.folder, 99)
        case "missing":
            shutil.rmtree(made.folder)
        case "manifest":
            (made.folder / "manifest.json").write_text("{", encoding="utf-8")
        case "files":
            shutil.rmtree(made.index)


REASONS = {
    "format": FormatMismatch,
    "missing": GenerationMissing,
    "manifest": ManifestDamaged,
    "files": IndexDamaged,
}


def point_to(root: Path, name: str) -> None:
    (root / "CURRENT").write_text(f"{name}\n", encoding="utf-8")


@pytest.mark.parametrize("how", REASONS)
def test_while_the_live_one_cannot_be_opened_the_one_before_answers_and_says_so(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    promote(tmp_path, [article("a")], engine="whoosh")
    live = live_index(tmp_path)
    assert live.state().held_back is None
    made = promote(tmp_path, [article("b")], engine="whoosh")
    make_unreadable(how, made)
    for _ in range(3):
        assert shown(live) == {"a"}
    state = live.state()
    assert (state.generation, type(state.held_back)) == ("000001", REASONS[how])
    told = [each.getMessage() for each in caplog.records if "still come from" in each.getMessage()]
    assert told == [f"answers still come from generation 000001: {state.held_back}"]
    with pytest.raises(REASONS[how]):
        live_index(tmp_path).state()  # nothing is open there
    promote(tmp_path, [article("c")], engine="whoosh")
    assert shown(live) == {"c"}
    assert live.state().held_back is None


def test_what_goes_on_answering_shows_its_newest_commit(tmp_path: Path) -> None:
    promote(tmp_path, [article("a")], engine="whoosh")
    live = live_index(tmp_path)
    with live.reader() as (before, _, _):  # so that no idle reader is left
        apply(tmp_path, [article("late")], revision=2)
        make_unreadable("format", promote(tmp_path, [article("b")], engine="whoosh"))
        assert shown(live) == {"a", "late"}
        assert ids(before) == {"a"}
    point_to(tmp_path, "000001")
    apply(tmp_path, ["a"], revision=3)
    assert shown(live) == {"late"}
    assert live.state().held_back is None


def test_what_goes_on_answering_does_so_after_its_files_are_gone(tmp_path: Path) -> None:
    first = promote(tmp_path, [article("a")], engine="whoosh")
    live = live_index(tmp_path)
    assert shown(live) == {"a"}
    make_unreadable("missing", promote(tmp_path, [article("b")], engine="whoosh"))
    assert shown(live) == {"a"}
    shutil.rmtree(first.folder)
    assert shown(live) == {"a"}


def test_a_pointer_that_cannot_be_read_takes_nothing_away(tmp_path: Path) -> None:
    promote(tmp_path, [article("a")])
    live = live_index(tmp_path)
    assert shown(live) == {"a"}
    (tmp_path / "CURRENT").unlink()
    (tmp_path / "CURRENT").mkdir()
    assert shown(live) == {"a"}
    assert isinstance(live.state().held_back, IndexDamaged)


def test_an_error_of_the_index_while_it_is_used_makes_the_next_request_look_afresh(
    tmp_path: Path,
) -> None:
    promote(tmp_path, [article("a")])
    live = live_index(tmp_path, interval=3600)
    with pytest.raises(IndexDamaged), live.reader() as (used, _, _):
        raise IndexDamaged(tmp_path, "a page could not be read")
    with live.reader() as (fresh, _, _):
        assert fresh is not used


def test_an_index_of_another_fingerprint_answers_and_says_that_it_is_outdated(
    tmp_path: Path,
) -> None:
    promote(tmp_path, [article("a")], fingerprint="0" * 16)
    live = live_index(tmp_path)
    assert shown(live) == {"a"}
    assert live.state().outdated


def test_a_rebuild_that_runs_is_told(tmp_path: Path) -> None:
    promote(tmp_path, [article("a")])
    live = live_index(tmp_path)
    assert not live.state().rebuilding
    now = datetime.now(UTC)
    progress = BuildProgress(
        pid=os.getpid(),
        phase="index",
        done=1,
        total=2,
        started_at=now,
        phase_started_at=now,
        updated_at=now,
    )
    generations = Generations(tmp_path)
    with generations.lock():
        folder = generations.begin()
        write_progress(progress, folder)
        assert live.state().rebuilding
        generations.discard(folder.name)
    assert not live.state().rebuilding
