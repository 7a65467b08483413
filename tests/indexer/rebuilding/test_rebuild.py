"""Rebuilds of a real store into real engines: nothing is lost, and nothing is promoted that is not whole."""

from __future__ import annotations

import resource
import shutil
import threading
import time
from itertools import count
from pathlib import Path

import pytest

from indexer.analysis.dictionary import UserDictionary, UserWord
from indexer.build_progress import BuildProgress
from indexer.errors import (
    FolderNotWritable,
    GenerationMissing,
    IndexDamaged,
    IndexOutdated,
    InvalidSetting,
    ManifestDamaged,
    NoLiveGeneration,
    NotEnoughRoom,
    RebuildFailed,
    StoreNeverFilled,
    WriterBusy,
)
from indexer.fingerprint import SCHEMA_VERSION, fingerprint
from indexer.generations import Generations
from indexer.opening import FOUND_WORDS, made_with, open_generation
from indexer.rebuilding import catch_up
from indexer.rebuilding.before import BYTES_OF_TEXT, ROOM
from indexer.store.database import open_store
from tests.indexer.analysis.test_new_words import texts
from tests.indexer.site import SHANGHAI, Site, at


def damage(folder: Path) -> None:
    """Overwrite the middle of the largest file in a folder."""
    largest = max(
        (path for path in folder.rglob("*") if path.is_file()), key=lambda p: p.stat().st_size
    )
    content = bytearray(largest.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 16] = b"\xff" * 16
    largest.write_bytes(content)


def fill_with(site: Site, *words: str) -> None:
    """Store an article for each word that is long enough for a rebuild to find the word in it."""
    for number, word in enumerate(words):
        site.fill(f"{number}", title="报道", body="".join(texts(word)))


def frequencies(site: Site, field: str, *words: str) -> list[int]:
    live = site.generations.live()
    engine = open_generation(live, analyzer=site.analyzer, timezone=SHANGHAI)
    with engine.reader() as reader:
        return reader.document_frequencies(field, words)


# What is built


def test_a_rebuild_makes_the_whole_store_live(site: Site) -> None:
    site.fill("a", "b", "c")
    site.fill("d", status="withdrawn")
    report = site.rebuild()
    assert site.indexed() == site.stored()
    assert (report.generation, report.articles, report.revision) == ("000001", 4, 4)
    assert (report.replayed, report.cleaned, report.pruned) == (0, (), ())
    assert report.size_bytes > 0
    assert report.rate == report.articles / report.seconds
    made = site.generations.live().manifest
    assert (made.engine, made.doc_count, made.revision) == (site.engine_name, 4, 4)
    assert made.schema_version == SCHEMA_VERSION
    assert made.fingerprint == fingerprint(
        engine=site.engine_name, analysis=site.analyzer.fingerprint
    )
    assert 0 <= made.seconds <= report.seconds


def test_the_users_words_stay_with_the_index_that_was_made_with_them(site: Site) -> None:
    site.rebuild()
    words = UserDictionary((UserWord("晴川谷"), UserWord("青石小镇", 2000), UserWord("科技", 0)))
    site.analyzer = site.analyzer.knowing(words)
    site.rebuild()
    generations = [site.generations.get(name) for name in ("000001", "000002")]
    kept = [made_with(each, site.analyzer).user_dictionary for each in generations]
    assert kept == [UserDictionary(), words]


def test_a_rebuild_learns_the_words_of_the_articles_and_keeps_them(site: Site) -> None:
    fill_with(site, "罗秋满", "晴川谷")
    report = site.rebuild()
    live = site.generations.live()
    learned = made_with(live, site.analyzer)
    assert [word.text for word in learned.found_words.words] == ["晴川谷", "罗秋满"]
    assert report.found_words == 2
    assert live.manifest.found_words == learned.found_words.fingerprint
    assert site.look().need == "nothing"
    assert site.check().faults == ()
    assert frequencies(site, "body", "晴川谷", "罗秋满") == [1, 1]


def test_changes_are_analysed_with_the_words_of_their_generation(site: Site) -> None:
    fill_with(site, "晴川谷")
    site.rebuild()
    site.fill("z", title="晴川谷", body="去晴川谷物市场")
    site.apply_changes()
    assert frequencies(site, "title", "晴川谷", "晴川谷物") == [1, 0]
    assert site.look().need == "nothing"


def test_a_word_that_the_user_dictionary_refuses_is_not_learned(site: Site) -> None:
    fill_with(site, "罗秋满", "晴川谷")
    site.analyzer = site.analyzer.knowing(UserDictionary((UserWord("晴川谷", 0),)))
    site.rebuild()
    learned = made_with(site.generations.live(), site.analyzer)
    assert [word.text for word in learned.found_words.words] == ["罗秋满"]


def test_two_rebuilds_of_the_same_articles_learn_the_same(site: Site) -> None:
    fill_with(site, "罗秋满", "晴川谷")
    site.rebuild()
    site.rebuild()
    one, other = (site.generations.get(name).manifest.found_words for name in ("000001", "000002"))
    assert one == other


def test_found_words_that_are_damaged_ask_for_a_rebuild(site: Site) -> None:
    fill_with(site, "晴川谷")
    site.rebuild()
    (site.generations.live().folder / FOUND_WORDS).write_text("云溪谷\n", encoding="utf-8")
    assert site.look().need == "rebuild"
    assert "other words" in site.look().why
    with pytest.raises(ManifestDamaged, match="other words"):
        site.apply_changes()


def test_an_empty_store_makes_an_empty_index(site: Site) -> None:
    report = site.rebuild()
    assert (report.articles, report.revision) == (0, 0)
    assert site.indexed() == {}
    assert site.look().need == "nothing"
    assert site.check().faults == ()


def test_a_store_of_nothing_but_tombstones_makes_an_empty_index(site: Site) -> None:
    site.fill("a", "b")
    site.store.delete(["a", "b"])
    report = site.rebuild()
    assert (report.articles, report.revision) == (0, 4)
    assert site.look().need == "nothing"


@pytest.mark.parametrize("applied", [False, True], ids=["rebuilt", "applied"])
def test_a_store_that_is_gone_does_not_empty_the_index(site: Site, applied: bool) -> None:
    if applied:
        site.rebuild()
    site.fill("a", "b")
    made = site.apply_changes() if applied else site.rebuild()
    site.store.close()
    site.store = open_store(f"sqlite:///{site.root}/other.sqlite3")
    for rebuild in (site.rebuild, site.rebuild_if_needed):
        with pytest.raises(
            StoreNeverFilled, match=r"other\.sqlite3 never held an article"
        ) as refused:
            rebuild()
        assert refused.value.articles == 2
    assert site.generations.live().name == made.generation
    assert site.folders() == [made.generation]
    assert set(site.indexed()) == {"a", "b"}


def test_a_store_that_is_gone_does_not_replace_what_cannot_be_read(site: Site) -> None:
    site.fill("a")
    made = site.rebuild()
    shutil.rmtree(site.generations.live().index)
    site.store.close()
    site.store = open_store(f"sqlite:///{site.root}/other.sqlite3")
    with pytest.raises(StoreNeverFilled, match="holds 1"):
        site.rebuild()
    assert site.generations.live().name == made.generation


def test_a_store_of_tombstones_empties_the_index(site: Site) -> None:
    site.fill("a")
    site.rebuild()
    site.store.delete(["a"])
    assert site.rebuild().articles == 0


def test_a_deleted_and_a_changed_article_are_built_as_they_are_now(site: Site) -> None:
    site.fill("a", "b", "c")
    site.fill("a", title="新标题")
    site.store.delete(["b"])
    site.rebuild()
    assert site.indexed() == site.stored()
    assert site.indexed()["a"].title == "新标题"


def test_each_rebuild_is_a_new_generation_and_the_last_one_is_kept(site: Site) -> None:
    site.fill("a")
    for _ in range(2):
        site.rebuild()
    report = site.rebuild()
    assert (report.generation, report.pruned) == ("000003", ("000001",))
    assert site.folders() == ["000002", "000003"]


@pytest.mark.parametrize("command", ["rebuild", "rebuild_if_needed"])
def test_a_rebuild_over_a_damaged_generation_keeps_the_sound_one_before_it(
    site: Site, command: str
) -> None:
    site.fill(*(f"a-{number}" for number in range(20)))
    site.rebuild()
    site.rebuild()
    damage(site.generations.live().index)
    getattr(site, command)()
    assert site.folders() == ["000001", "000003"]
    assert site.check().faults == ()
    with site.generations.lock():
        assert site.generations.rollback().name == "000001"


def test_an_index_with_an_altered_byte_is_rebuilt(site: Site) -> None:
    """One that no sample of its articles shows."""
    site.fill(*(f"a-{number}" for number in range(60)))
    folder = site.root / "index_data" / "generations" / site.rebuild().generation
    (path,) = (each for each in (folder / "index").iterdir() if each.suffix in (".seg", ".jsonl"))
    content = bytearray(path.read_bytes())
    content[content.index(b"a-33")] ^= 1
    path.write_bytes(content)
    standing = site.look()
    assert (standing.need, site.rebuild_if_needed().did) == ("rebuild", "rebuilt")
    assert standing.why.startswith("the live index is damaged")


def test_after_a_rollback_the_way_back_is_the_one_that_was_live(site: Site) -> None:
    site.fill("a")
    site.rebuild(keep=3)
    site.rebuild(keep=3)
    with site.generations.lock():
        assert site.generations.rollback().name == "000001"
    assert site.rebuild(keep=2).pruned == ("000002",)
    with site.generations.lock():
        assert site.generations.rollback().name == "000001"


# What changes meanwhile


@pytest.mark.parametrize("phase", ["scan", "index", "catch up", "check"])
def test_what_changes_while_a_rebuild_runs_is_in_the_new_generation(site: Site, phase: str) -> None:
    site.fill("kept", "changed", "deleted", "deleted-and-back")

    def change() -> None:
        site.fill("changed", title="改过的标题")
        site.fill("new")
        site.store.delete(["deleted", "deleted-and-back"])
        site.fill("deleted-and-back")

    site.rebuild(progress=at(phase, change))
    assert site.indexed() == site.stored()
    assert set(site.indexed()) == {"kept", "changed", "new", "deleted-and-back"}
    assert site.generations.live().manifest.doc_count == 4
    assert site.look().need == "nothing"


def test_what_changes_in_the_last_instant_is_applied_later(site: Site) -> None:
    site.fill("a", "b")
    site.rebuild(progress=at("promote", lambda: site.store.delete(["a"])))
    assert set(site.indexed()) == {"a", "b"}
    assert site.look().need == "changes"
    site.apply_changes()
    assert set(site.indexed()) == {"b"}


def test_an_article_that_was_just_indexed_and_changes_is_replaced(site: Site) -> None:
    ids = [f"a-{number}" for number in range(5)]
    site.fill(*ids)

    def change(progress: BuildProgress) -> None:
        if progress.phase == "index" and progress.done == 5:
            site.fill(ids[0], title="改过的标题")
            site.store.delete([ids[1]])

    report = site.rebuild(progress=change)
    assert report.replayed == 2
    assert site.indexed() == site.stored()


def test_a_store_that_never_stands_still_is_caught_up_with(site: Site) -> None:
    site.fill(*(f"a-{number}" for number in range(20)))
    over = threading.Event()

    def disturb() -> None:
        number = 0
        while not over.is_set():
            number += 1
            site.fill(f"a-{number % 30}", title=f"第{number}版")
            if number % 7 == 0:
                site.store.delete([f"a-{number % 11}"])
            time.sleep(0.02)

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        report = site.rebuild()
    finally:
        over.set()
        thread.join()
    with site.engine().reader() as reader:
        assert (reader.doc_count, reader.revision) == (report.articles, report.revision)
    site.apply_changes()
    assert site.indexed() == site.stored()


# What fails


def test_a_rebuild_whose_check_finds_damage_is_not_promoted(site: Site) -> None:
    site.fill("a")
    site.rebuild()
    before = site.indexed()
    folder = site.generations.root / "generations" / "000002" / "index"
    site.fill("b")
    with pytest.raises((RebuildFailed, IndexDamaged)):
        site.rebuild(progress=at("check", lambda: damage(folder)))
    assert site.generations.live_name() == "000001"
    assert site.folders() == ["000001"]
    assert site.indexed() == before


def test_a_rebuild_that_holds_too_few_articles_is_not_promoted(site: Site) -> None:
    site.fill("a", "b")
    site.rebuild()

    def lose_one() -> None:
        with site.engine("000002").writer() as writer:
            writer.delete("a")
            writer.commit(revision=2)

    with pytest.raises(RebuildFailed, match=r"000002 .*articles: 1, in the store: 2.*untouched"):
        site.rebuild(progress=at("check", lose_one))
    assert site.generations.live_name() == "000001"
    assert site.folders() == ["000001"]


@pytest.mark.parametrize("phase", ["scan", "index", "catch up", "check", "promote"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_a_rebuild_that_is_stopped_leaves_no_trace(
    site: Site, phase: str, error: type[BaseException]
) -> None:
    site.fill("a")
    site.rebuild()

    def stop() -> None:
        raise error

    with pytest.raises(error):
        site.rebuild(progress=at(phase, stop))
    assert site.generations.live_name() == "000001"
    assert site.folders() == ["000001"]
    assert site.rebuild().generation == "000002"


def test_a_failed_promotion_takes_the_new_generation_away(site: Site) -> None:
    site.fill("a")
    site.rebuild()
    (site.generations.root / ".CURRENT.new").mkdir()
    with pytest.raises(FolderNotWritable):
        site.rebuild()
    assert site.generations.live_name() == "000001"
    assert site.folders() == ["000001"]


@pytest.mark.parametrize("live", [True, False], ids=["beside a live one", "the first"])
def test_a_disk_without_room_for_another_index_is_told_before_anything_is_begun(
    site: Site, monkeypatch: pytest.MonkeyPatch, live: bool
) -> None:
    site.fill(*(f"a-{number}" for number in range(50)), body="石桥下的船。" * 200)
    if live:
        size = site.rebuild().size_bytes
    else:
        texts = sum(len(f"{each.title}\n{each.body}".encode()) for each in site.stored().values())
        size = round(BYTES_OF_TEXT * texts)
    needed = round(ROOM * size)
    before = site.folders() if live else []
    usage = shutil.disk_usage(site.root)
    for free in (needed - 1, needed):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: usage._replace(free=free))
        if free < needed:
            with pytest.raises(NotEnoughRoom, match=r"MB free: nothing was begun; run .*prune"):
                site.rebuild()
            assert (site.folders() if live else []) == before
    assert site.rebuild().promoted


def test_what_was_estimated_without_an_index_is_near_what_it_takes(site: Site) -> None:
    """Within a factor of three: these articles are short, and an estimate is for thousands of long ones."""
    site.fill(*(f"a-{number}" for number in range(200)), body="两岸的居民又坐上了船。" * 20)
    texts = sum(len(f"{each.title}\n{each.body}".encode()) for each in site.stored().values())
    assert 1 / 3 < BYTES_OF_TEXT * texts / site.rebuild().size_bytes < 3


# For the Whoosh engine see tests/end_to_end/test_killed_rebuild.py: what limits files limits the whole process.
@pytest.mark.parametrize("site", ["memory"], indirect=True)
def test_a_full_disk_is_named_and_the_live_index_stays(site: Site) -> None:
    site.fill(*(f"a-{number}" for number in range(50)))
    site.rebuild()
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill_the_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, unlimited[1]))

    try:
        with pytest.raises(FolderNotWritable, match=r"cannot be written \(File too large"):
            site.rebuild(progress=at("index", fill_the_disk))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert site.folders() == ["000001"]
    assert site.indexed() == site.stored()


def test_an_unknown_engine_is_named_and_leaves_nothing(site: Site) -> None:
    with pytest.raises(InvalidSetting, match="SEARCH_ENGINE"):
        site.rebuild(engine_name="sphinx")
    assert site.folders() == []


def test_what_a_killed_rebuild_left_is_removed_by_the_next(site: Site) -> None:
    site.fill("a")
    with site.generations.lock():
        folder = site.generations.begin()
        (folder / "index").mkdir()
        (folder / "index" / "half").write_bytes(b"half")
    report = site.rebuild()
    assert report.cleaned == (folder.name,)
    assert site.folders() == [report.generation]


def test_a_second_rebuild_is_refused_while_one_runs(site: Site) -> None:
    site.fill("a")
    refused: list[str] = []

    def second() -> None:
        with pytest.raises(WriterBusy, match="index_data: wait"):
            site.rebuild()
        refused.append("rebuild")

    assert site.rebuild(progress=at("index", second)).generation == "000001"
    assert refused == ["rebuild"]
    assert site.folders() == ["000001"]


@pytest.mark.parametrize("phase", ["index", "check", "promote"])
def test_changes_are_applied_to_the_live_generation_while_another_is_built(
    site: Site, phase: str
) -> None:
    site.fill("a", "b")
    site.rebuild()
    seen: list[set[str]] = []

    def change() -> None:
        site.fill("c")
        site.store.delete(["a"])
        assert site.apply_changes().generation == "000001"
        seen.append(set(site.indexed()))

    assert site.rebuild(progress=at(phase, change)).generation == "000002"
    assert seen == [{"b", "c"}]
    assert set(site.indexed("000001")) == {"b", "c"}
    assert phase == "promote" or site.indexed() == site.stored()
    assert site.apply_changes().generation == "000002"
    assert site.indexed() == site.stored()


def test_changes_are_applied_to_the_one_that_is_promoted_meanwhile_too(site: Site) -> None:
    site.fill("a")
    site.rebuild()
    site.rebuild()
    site.fill("b")

    def go_back() -> None:
        with site.generations.lock():
            site.generations.rollback()
            assert site.generations.prune(1, is_sound=lambda _: True) == ()

    report = site.apply_changes(progress=at("catch up", go_back))
    assert (report.generation, report.doc_count) == ("000001", 2)
    assert site.indexed() == site.indexed("000002") == site.stored()


def test_two_do_not_apply_changes_at_once(site: Site) -> None:
    site.fill("a")
    site.rebuild()
    site.fill("b")

    def second() -> None:
        with pytest.raises(WriterBusy, match="wait"):
            site.apply_changes()

    assert site.apply_changes(progress=at("catch up", second)).put == 1


# Progress


def test_progress_goes_through_the_phases_from_nothing_to_all(site: Site) -> None:
    site.fill("a", "b", "c")
    told: list[BuildProgress] = []
    site.rebuild(progress=told.append)
    phases = list(dict.fromkeys(each.phase for each in told))
    assert phases == ["scan", "index", "catch up", "check", "promote"]
    index = [(each.done, each.total) for each in told if each.phase == "index"]
    assert (index[0], index[-1]) == ((0, 3), (3, 3))


def test_other_processes_see_the_rebuild_even_while_the_engine_says_nothing(site: Site) -> None:
    site.fill("a")
    seen: list[BuildProgress] = []

    def wait_for(phase: str) -> None:
        until = time.monotonic() + 10
        while time.monotonic() < until and not seen:
            now = Generations(site.generations.root).building()
            if now is not None and now.phase == phase:
                seen.append(now)
            time.sleep(0.05)

    site.rebuild(progress=at("check", lambda: wait_for("check")))
    assert seen[0].total == 1
    assert site.generations.building() is None


# Changes alone


def test_changes_are_applied_to_the_live_generation(site: Site) -> None:
    site.fill("a", "b", "c")
    site.rebuild()
    site.fill("a", title="改过的标题")
    site.fill("d")
    site.store.delete(["b"])
    report = site.apply_changes()
    assert (report.generation, report.put, report.deleted) == ("000001", 2, 1)
    assert (report.doc_count, report.store_articles, report.revision) == (3, 3, 6)
    assert site.indexed() == site.stored()
    assert site.look().need == "nothing"


def test_with_no_changes_nothing_is_committed(site: Site) -> None:
    site.fill("a")
    site.rebuild()
    before = site.engine().version()
    report = site.apply_changes()
    assert (report.put, report.deleted) == (0, 0)
    assert site.engine().version() == before


def test_changes_are_committed_in_batches(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catch_up, "BATCH", 3)
    site.fill("a")
    site.rebuild()
    site.fill(*(f"b-{number}" for number in range(7)))
    before = site.engine()
    revisions: set[int] = set()

    def look_on(_: BuildProgress) -> None:
        with before.reader() as reader:
            revisions.add(reader.revision)

    monkeypatch.setattr("indexer.build_progress.TELL_EVERY", 0.0)
    site.apply_changes(progress=look_on)
    assert revisions == {1, 4, 7, 8}
    assert site.indexed() == site.stored()


def test_changes_that_never_pause_do_not_keep_it_going(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.build_progress.TELL_EVERY", 0.0)
    site.fill("a")
    site.rebuild()
    site.fill("b")
    numbers = count()
    report = site.apply_changes(progress=lambda _: site.fill(f"c-{next(numbers)}"))
    assert report.doc_count == report.store_articles
    assert report.revision == len(site.indexed()) < site.store.revision()
    site.apply_changes()
    assert site.indexed() == site.stored()


def test_stopped_changes_go_on_from_the_last_commit(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catch_up, "BATCH", 3)
    monkeypatch.setattr("indexer.build_progress.TELL_EVERY", 0.0)
    site.rebuild()
    site.fill(*(f"b-{number}" for number in range(7)))

    def stop(progress: BuildProgress) -> None:
        if progress.done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        site.apply_changes(progress=stop)
    assert site.look().revision == 3
    assert site.apply_changes().put == 4
    assert site.indexed() == site.stored()


def test_changes_need_a_live_generation(site: Site) -> None:
    with pytest.raises(NoLiveGeneration):
        site.apply_changes()


def test_changes_are_refused_for_another_fingerprint(site: Site) -> None:
    site.fill("a")
    site.rebuild()
    other = "memory" if site.engine_name == "whoosh" else "whoosh"
    with pytest.raises(IndexOutdated, match="run 'python -m indexer rebuild'"):
        site.apply_changes(engine_name=other)


def test_changes_of_another_store_are_refused(site: Site) -> None:
    site.fill("a", "b")
    site.rebuild()
    site.store.close()
    site.store = open_store(f"sqlite:///{site.root}/other.sqlite3")
    with pytest.raises(IndexDamaged, match="the store was replaced or restored"):
        site.apply_changes()


# What is needed


def test_nothing_is_done_when_nothing_is_needed(site: Site) -> None:
    site.fill("a")
    first = site.rebuild_if_needed()
    assert (first.did, first.why) == ("rebuilt", "there is no index yet")
    second = site.rebuild_if_needed()
    assert (second.did, second.rebuilt, second.applied) == ("nothing", None, None)
    assert "holds every article" in second.why
    assert site.folders() == ["000001"]


def test_an_index_that_is_only_behind_gets_the_changes(site: Site) -> None:
    site.fill("a")
    site.rebuild()
    site.fill("b")
    outcome = site.rebuild_if_needed()
    assert (outcome.did, outcome.why) == (
        "applied changes",
        "the index is at revision 1, the store at 2",
    )
    assert outcome.applied is not None
    assert site.indexed() == site.stored()


def test_an_index_of_another_fingerprint_is_rebuilt(site: Site) -> None:
    site.fill("a")
    other = "memory" if site.engine_name == "whoosh" else "whoosh"
    site.rebuild(engine_name=other)
    outcome = site.rebuild_if_needed()
    assert outcome.did == "rebuilt"
    assert "fingerprint" in outcome.why
    assert site.generations.live().manifest.engine == site.engine_name


def test_a_damaged_manifest_is_rebuilt(site: Site) -> None:
    site.fill("a")
    site.rebuild()
    (site.generations.live().folder / "manifest.json").write_bytes(b"{")
    with pytest.raises(ManifestDamaged):
        site.apply_changes()
    outcome = site.rebuild_if_needed()
    assert outcome.did == "rebuilt"
    assert "manifest is damaged" in outcome.why
    assert site.indexed() == site.stored()


def test_a_live_generation_that_is_gone_is_rebuilt(site: Site) -> None:
    site.fill("a")
    site.rebuild()
    shutil.rmtree(site.generations.live().folder)
    with pytest.raises(GenerationMissing):
        site.apply_changes()
    outcome = site.rebuild_if_needed()
    assert (outcome.did, outcome.why) == (
        "rebuilt",
        "the live generation 000001 is not on disk",
    )


def test_a_live_index_whose_files_are_gone_is_rebuilt(site: Site) -> None:
    site.fill("a")
    site.rebuild()
    shutil.rmtree(site.generations.live().index)
    with pytest.raises(IndexDamaged):
        site.apply_changes()
    outcome = site.rebuild_if_needed()
    assert outcome.did == "rebuilt"
    assert "the live index is damaged" in outcome.why


def test_an_index_that_lost_an_article_is_rebuilt(site: Site) -> None:
    site.fill("a", "b")
    site.rebuild()
    with site.engine().writer() as writer:
        writer.delete("a")
        writer.commit(revision=2)
    outcome = site.rebuild_if_needed()
    assert (outcome.did, outcome.why) == (
        "rebuilt",
        "the index does not hold the store (articles: 1, in the store: 2)",
    )


def test_an_index_of_another_store_is_rebuilt(site: Site) -> None:
    site.fill("a", "b")
    site.rebuild()
    site.store.close()
    site.store = open_store(f"sqlite:///{site.root}/other.sqlite3")
    site.fill("c")
    outcome = site.rebuild_if_needed()
    assert outcome.did == "rebuilt"
    assert "does not match the store" in outcome.why
    assert set(site.indexed()) == {"c"}


def test_a_store_that_was_replaced_by_a_longer_one_is_noticed(site: Site) -> None:
    site.fill("a")
    site.rebuild()
    site.store.close()
    site.store = open_store(f"sqlite:///{site.root}/other.sqlite3")
    site.fill("b", "c", "d")
    assert "does not match the store" in site.check().faults[0]
    with pytest.raises(IndexDamaged, match="the store was replaced or restored"):
        site.apply_changes()
    assert site.rebuild_if_needed().did == "rebuilt"
    assert site.indexed() == site.stored()


def test_a_store_that_was_restored_and_went_on_is_noticed(site: Site) -> None:
    site.fill(*(f"a-{number}" for number in range(50)))
    site.store.close()
    shutil.copy(site.root / "articles.sqlite3", site.root / "backup.sqlite3")
    site.store = open_store(f"sqlite:///{site.root}/articles.sqlite3")
    site.fill("lost-1", "lost-2")
    site.rebuild()
    site.store.close()
    site.store = open_store(f"sqlite:///{site.root}/backup.sqlite3")
    site.fill("later-1", "later-2", "later-3")
    assert site.look().need == "rebuild"
    with pytest.raises(IndexDamaged, match="the store was replaced or restored"):
        site.apply_changes()


def test_a_store_that_was_only_moved_is_the_same_store(site: Site) -> None:
    site.fill(*(f"a-{number}" for number in range(50)))
    site.fill("a-0", "a-49", title="改过的标题")
    site.store.delete(["a-7", "a-48"])
    site.rebuild()
    site.store.close()
    shutil.move(site.root / "articles.sqlite3", site.root / "moved.sqlite3")
    site.store = open_store(f"sqlite:///{site.root}/moved.sqlite3")
    site.fill("a-1", title="又改了")
    site.store.delete(["a-2"])
    assert site.look().need == "changes"
    assert site.check().faults == ()
    site.apply_changes()
    assert site.indexed() == site.stored()


def test_changes_that_do_not_make_the_index_whole_are_followed_by_a_rebuild(site: Site) -> None:
    site.fill(*(f"a-{number}" for number in range(60)))
    site.rebuild()
    with site.engine().writer() as writer:
        writer.delete("a-30")
        writer.commit(revision=60)
    site.fill("b")
    outcome = site.rebuild_if_needed()
    assert outcome.did == "rebuilt"
    assert outcome.why == (
        "with all changes applied the index did not hold the store (articles: 60, in the store: 61)"
    )
    assert site.indexed() == site.stored()


# Check


def test_a_sound_index_has_no_faults(site: Site) -> None:
    site.fill("a", "b")
    site.rebuild()
    report = site.check()
    assert (report.generation, report.doc_count, report.behind) == ("000001", 2, 0)
    assert report.faults == ()


def test_to_be_behind_is_no_fault(site: Site) -> None:
    site.fill("a")
    site.rebuild()
    site.fill("b", "c")
    report = site.check()
    assert (report.doc_count, report.behind, report.faults) == (1, 2, ())


def test_a_check_without_an_index_says_so(site: Site) -> None:
    with pytest.raises(NoLiveGeneration):
        site.check()


def test_every_fault_is_listed(site: Site) -> None:
    site.fill("a", "b")
    site.rebuild()
    site.rebuild()
    (site.generations.root / "generations" / "000001" / "manifest.json").write_bytes(b"{")
    with site.engine().writer() as writer:
        writer.delete("a")
        writer.commit(revision=9)
    faults = site.check().faults
    assert len(faults) == 2
    assert "manifest of generation 000001 is damaged" in faults[0]
    assert "does not match the store" in faults[1]


def test_a_lost_article_is_a_fault(site: Site) -> None:
    site.fill("a", "b")
    site.rebuild()
    with site.engine().writer() as writer:
        writer.delete("a")
        writer.commit(revision=2)
    assert site.check().faults == (
        "the index does not hold the store (articles: 1, in the store: 2)",
    )


def test_damaged_files_are_a_fault(site: Site) -> None:
    site.fill("a", "b")
    site.rebuild()
    damage(site.generations.live().index)
    assert site.check().faults


@pytest.mark.parametrize("lost", ["index", "folder", "manifest"])
def test_what_is_gone_is_a_fault(site: Site, lost: str) -> None:
    site.fill("a")
    live = site.generations.root / "generations" / site.rebuild().generation
    match lost:
        case "index":
            shutil.rmtree(live / "index")
        case "folder":
            shutil.rmtree(live)
        case "manifest":
            (live / "manifest.json").unlink()
    report = site.check()
    assert report.faults
    assert all("python -m indexer rebuild" in fault for fault in report.faults)


def test_another_fingerprint_is_a_fault_and_the_index_is_checked_all_the_same(site: Site) -> None:
    site.fill("a")
    other = "memory" if site.engine_name == "whoosh" else "whoosh"
    site.rebuild(engine_name=other)
    report = site.check()
    assert len(report.faults) == 1
    assert "fingerprint" in report.faults[0]
    assert report.doc_count == 1
