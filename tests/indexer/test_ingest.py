"""Ingest: from files through cleaning into a real store, and the report of it."""

from __future__ import annotations

import gzip
import json
import sqlite3
import tracemalloc
from collections.abc import Iterator, Mapping
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from indexer import ingest as ingest_module
from indexer.errors import ConditionFailed, InvalidSetting, SourceUnreadable, StoreUnavailable
from indexer.fields import make_article
from indexer.ingest import (
    BATCH,
    MAX_REPORTED,
    Ingest,
    IngestReport,
    Outcome,
    accept,
    accept_one,
)
from indexer.preparing import MAX_NAME_REPORTED
from indexer.reading import Deletion, Reading
from indexer.records import Item, Record, Rejection, Removal
from indexer.rejects import RejectsFile
from indexer.sources.json_files import JsonFile
from indexer.store import dialects
from indexer.store.articles import ArticleStore
from indexer.store.changing import Condition
from indexer.store.database import open_store

SHANGHAI = ZoneInfo("Asia/Shanghai")
READING = Reading(timezone=SHANGHAI)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ArticleStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'articles.sqlite3'}")
    yield opened
    opened.close()


class _Generated:
    """A source of records made on the spot."""

    def __init__(self, count: int, **values: object) -> None:
        self._count, self._values = count, values

    def records(self) -> Iterator[Record | Rejection]:
        for number in range(self._count):
            values = {"id": f"g-{number}", "title": f"第{number}篇", "body": "正文" * 300}
            yield Record(f"generated:{number}", values | self._values, "the raw line")


def _line(number: int, **values: object) -> str:
    record = {"id": f"a-{number}", "title": f"第{number}篇", "body": "晒谷场上的板凳会"}
    return json.dumps(record | values, ensure_ascii=False)


def _write(path: Path, *lines: str) -> JsonFile:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return JsonFile(str(path))


def _ingest(
    source: JsonFile | _Generated,
    store: ArticleStore,
    *,
    mapping: Mapping[str, str] | None = None,
    rejects: Path | None = None,
) -> IngestReport:
    reading = Reading(timezone=SHANGHAI, mapping=mapping or {})
    with RejectsFile(rejects) if rejects else nullcontext() as file:
        return accept(source.records(), store, reading, rejects=file)


def test_articles_go_into_the_store_and_the_report_counts_them(
    store: ArticleStore, tmp_path: Path
) -> None:
    source = _write(tmp_path / "news.jsonl", *(_line(number) for number in range(3)))
    report = _ingest(source, store)
    assert (report.read, report.created, report.updated, report.unchanged) == (3, 3, 0, 0)
    assert (report.rejected, report.rejections, report.failure) == (0, (), None)
    assert report.complete
    assert report.seconds > 0
    found = store.get("a-1")
    assert found is not None
    assert found.title == "第1篇"


def test_the_same_file_again_costs_no_revision(store: ArticleStore, tmp_path: Path) -> None:
    source = _write(tmp_path / "news.jsonl", *(_line(number) for number in range(3)))
    _ingest(source, store)
    report = _ingest(source, store)
    assert (report.created, report.updated, report.unchanged) == (0, 0, 3)
    assert store.revision() == 3


def test_what_changed_is_updated(store: ArticleStore, tmp_path: Path) -> None:
    _ingest(_write(tmp_path / "news.jsonl", _line(1), _line(2)), store)
    report = _ingest(_write(tmp_path / "news.jsonl", _line(1), _line(2, title="新题")), store)
    assert (report.created, report.updated, report.unchanged) == (0, 1, 1)


@pytest.mark.parametrize("between", [0, BATCH])
def test_of_repeated_ids_the_last_wins_and_every_line_is_counted(
    store: ArticleStore, tmp_path: Path, between: int
) -> None:
    lines = [_line(1), *(_line(number) for number in range(2, between + 2)), _line(1, title="后来")]
    report = _ingest(_write(tmp_path / "news.jsonl", *lines), store)
    assert report.read == between + 2
    assert (report.created, report.updated) == (between + 1, 1)
    found = store.get("a-1")
    assert found is not None
    assert found.title == "后来"


def test_bad_records_are_rejected_and_the_rest_goes_in(store: ArticleStore, tmp_path: Path) -> None:
    path = tmp_path / "news.jsonl"
    source = _write(path, _line(1), "nonsense", _line(2, status="昨天"), "", _line(3))
    rejects = tmp_path / "rejects.jsonl"
    report = _ingest(source, store, rejects=rejects)
    assert (report.read, report.created, report.rejected) == (4, 2, 2)
    assert not report.complete
    assert [each.where for each in report.rejections] == [f"{path}:2", f"{path}:3"]
    assert rejects.read_text(encoding="utf-8") == f"nonsense\n{_line(2, status='昨天')}\n"
    reasons = (tmp_path / "rejects.jsonl.reasons").read_text(encoding="utf-8").splitlines()
    assert reasons[0].startswith(f"{path}:2: not JSON")
    assert reasons[1].startswith(f"{path}:3: status: '昨天' is none of")


def test_without_a_rejection_there_is_no_rejects_file(store: ArticleStore, tmp_path: Path) -> None:
    _ingest(_write(tmp_path / "news.jsonl", _line(1)), store, rejects=tmp_path / "rejects.jsonl")
    assert not (tmp_path / "rejects.jsonl").exists()
    assert not (tmp_path / "rejects.jsonl.reasons").exists()


def test_rejections_are_all_counted_and_written_and_the_first_reported(
    store: ArticleStore, tmp_path: Path
) -> None:
    lines = ["{" + "x" * 5_000 + str(number) for number in range(MAX_REPORTED + 5)]
    rejects = tmp_path / "rejects.jsonl"
    report = _ingest(_write(tmp_path / "news.jsonl", *lines), store, rejects=rejects)
    assert report.rejected == report.read == MAX_REPORTED + 5
    assert [each.where.rpartition(":")[2] for each in report.rejections] == [
        str(number + 1) for number in range(MAX_REPORTED)
    ]
    assert sum(len(each.raw) for each in report.rejections) < 10_000
    assert rejects.read_text(encoding="utf-8").splitlines() == lines


def test_a_source_that_breaks_off_leaves_what_came_before_and_says_so(
    store: ArticleStore, tmp_path: Path
) -> None:
    count = BATCH + 50
    lines = "".join(f"{_line(number)}\n" for number in range(count))
    damaged = bytearray(gzip.compress(lines.encode()))
    damaged[-5] ^= 0xFF
    path = tmp_path / "news.jsonl.gz"
    path.write_bytes(damaged)
    report = _ingest(JsonFile(str(path)), store)
    assert isinstance(report.failure, SourceUnreadable)
    assert str(path) in str(report.failure)
    assert not report.complete
    assert report.read == report.created == store.count() > 0


def test_rejections_before_a_break_are_written(store: ArticleStore, tmp_path: Path) -> None:
    damaged = bytearray(gzip.compress(b"nonsense\n"))
    damaged[-5] ^= 0xFF
    (tmp_path / "news.jsonl.gz").write_bytes(damaged)
    rejects = tmp_path / "rejects.jsonl"
    report = _ingest(JsonFile(str(tmp_path / "news.jsonl.gz")), store, rejects=rejects)
    assert report.failure
    assert rejects.read_text(encoding="utf-8") == "nonsense\n"


def test_a_missing_file_is_a_failure_in_the_report(store: ArticleStore, tmp_path: Path) -> None:
    report = _ingest(JsonFile(str(tmp_path / "nowhere.jsonl")), store)
    assert report.read == 0
    assert isinstance(report.failure, SourceUnreadable)
    assert "No such file" in str(report.failure)


def test_keys_are_mapped_and_those_that_nobody_reads_are_counted(
    store: ArticleStore, tmp_path: Path
) -> None:
    lines = [
        _line(1, category="地方", reads=1),
        _line(2, category="文化", reads=2, editor_note="x"),
        _line(3, status="昨天", reads=3),
    ]
    source = _write(tmp_path / "news.jsonl", *lines)
    report = _ingest(source, store, mapping={"category": "channel"})
    assert report.unused_fields == {"reads": 3, "editor_note": 1}
    found = store.get("a-2")
    assert found is not None
    assert found.channel == "文化"


def test_the_names_of_unread_keys_can_always_be_shown(store: ArticleStore, tmp_path: Path) -> None:
    line = '{"id": "a-1", "title": "题", "\\ud800": 1, "%s": 1}' % ("长" * 500)
    report = _ingest(_write(tmp_path / "news.jsonl", line), store)
    assert report.unused_fields == {"\\ud800": 1, "长" * MAX_NAME_REPORTED: 1}


def test_an_unknown_field_in_the_mapping_is_refused_before_anything_is_read(
    store: ArticleStore, tmp_path: Path
) -> None:
    source = JsonFile(str(tmp_path / "nowhere.jsonl"))
    with pytest.raises(InvalidSetting, match="has no field 'chanel'"):
        _ingest(source, store, mapping={"category": "chanel"})


def test_a_naive_time_is_taken_in_the_zone(store: ArticleStore, tmp_path: Path) -> None:
    _ingest(_write(tmp_path / "news.jsonl", _line(1, published_at="2025-01-02 08:00")), store)
    found = store.get("a-1")
    assert found is not None
    assert found.published_at is not None
    assert found.published_at.isoformat() == "2025-01-02T00:00:00+00:00"


def test_progress_is_told_as_records_are_read(store: ArticleStore) -> None:
    told: list[int] = []
    count = 2 * BATCH + 7
    accept(_Generated(count).records(), store, Reading(timezone=SHANGHAI), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == count
    assert {BATCH, 2 * BATCH} <= set(told)


def test_progress_is_told_where_everything_is_rejected(store: ArticleStore) -> None:
    told: list[int] = []
    source = _Generated(BATCH, status="昨天")
    accept(source.records(), store, Reading(timezone=SHANGHAI), progress=told.append)
    assert told[0] == BATCH


def test_very_long_articles_go_in_smaller_batches(
    store: ArticleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "BATCH_CHARACTERS", 2_000)
    commits: list[object] = []
    event.listen(store._engine, "commit", commits.append)
    assert _ingest(_Generated(9), store).created == 9  # of 600 characters each
    assert len(commits) == 3  # four, four, one


def test_very_long_lines_that_are_rejected_are_not_all_held(store: ArticleStore) -> None:
    def rejected() -> Iterator[Record | Rejection]:
        for number in range(2 * BATCH):
            if number % 2:
                yield Rejection(f"made:{number}", "not JSON", "x" * 1_000_000)
            else:
                yield Record(f"made:{number}", {"id": "."}, "x" * 1_000_000)

    tracemalloc.start()
    try:
        report = accept(rejected(), store, Reading(timezone=SHANGHAI))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert report.rejected == 2 * BATCH
    assert peak < 20_000_000


def test_batches_before_a_failure_of_the_store_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialects, "BUSY_SECONDS", 0.1)
    database, rejects = tmp_path / "busy.sqlite3", tmp_path / "rejects.jsonl"
    store = open_store(f"sqlite:///{database}")
    with closing(sqlite3.connect(database, isolation_level=None)) as another_program:

        class Locking(_Generated):
            def records(self) -> Iterator[Record | Rejection]:
                yield from super().records()
                yield Rejection("generated", "bad", "bad")
                another_program.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreUnavailable):
            _ingest(Locking(BATCH + 1), store, rejects=rejects)
    assert store.count() == BATCH
    assert not rejects.exists()
    store.close()


def test_memory_does_not_grow_with_the_source(
    store: ArticleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "BATCH", 250)
    peaks = []
    for count in (2 * 250, 8 * 250):
        tracemalloc.start()
        try:
            _ingest(_Generated(count), store)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.2


def test_memory_does_not_grow_with_keys_that_differ_in_every_record(
    store: ArticleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "MAX_UNUSED", 30)

    class Odd(_Generated):
        def records(self) -> Iterator[Record | Rejection]:
            for number in range(100):
                values = {"id": f"g-{number}", "title": "题", f"key-{number}": 1, "always": 1}
                yield Record(f"generated:{number}", values, "the raw line")

    report = _ingest(Odd(0), store)
    assert len(report.unused_fields) == MAX_REPORTED
    assert report.unused_fields["always"] == 100


def test_real_articles_go_in_whole(store: ArticleStore, corpus_dir: Path) -> None:
    source = JsonFile(str(corpus_dir / "articles" / "news_portal.jsonl.gz"))
    report = _ingest(source, store, mapping={"category": "channel"})
    assert report.complete
    assert report.unused_fields == {}
    assert report.read == report.created == store.count() == 6_179


def test_records_need_no_source(store: ArticleStore) -> None:
    fields = {"id": "a", "title": "题", "body": "文", "url": "https://example.org/a"}
    told: list[Record | Rejection] = [
        Record("request:1", fields, ""),
        Record("request:2", {**fields, "status": "heute"}, "{}"),
        Rejection("request:3", "not an object", "[]"),
    ]
    report = accept(told, store, Reading(timezone=SHANGHAI))
    assert (report.read, report.created, report.rejected) == (3, 1, 2)
    assert [each.where for each in report.rejections] == ["request:2", "request:3"]
    assert not report.complete


def _put(number: int, **values: object) -> Record:
    fields = {"id": f"a-{number}", "title": f"第{number}篇", "body": f"第{number}篇的正文"}
    return Record(f"request:{number}", fields | values, "")


def _ingesting(store: ArticleStore, when: Condition | None = None) -> Ingest:
    return Ingest(store, Reading(timezone=SHANGHAI), when=when)


def _told(outcomes: list[Outcome]) -> list[tuple[str, str, int]]:
    return [(each.article_id, each.result, each.revision) for each in outcomes]


MIXED: tuple[Item, ...] = (
    Rejection("request:0", "not an object", "[]"),
    _put(1),
    _put(2, status="昨天"),
    _put(3),
    Removal("request:4", "a-1", "withdraw"),
    Removal("request:5", "nobody", "withdraw"),
    Rejection("request:6", "not an object", "[]"),
    Removal("request:7", "a-3", "delete"),
    Removal("request:8", "a-3", "delete"),
    _put(3, title="又来"),
    _put(1, status="withdrawn"),
)


def test_items_of_all_kinds_are_taken_in_their_order(store: ArticleStore) -> None:
    ingest = _ingesting(store)
    batches = [*ingest.batches(MIXED)]
    assert [_told(each) for each in batches] == [
        [("", "rejected", 0), ("a-1", "created", 1), ("", "rejected", 0), ("a-3", "created", 2)],
        [("a-1", "updated", 3), ("nobody", "absent", 0), ("", "rejected", 0)],
        [("a-3", "deleted", 4), ("a-3", "absent", 4)],
        [("a-3", "created", 5), ("a-1", "unchanged", 3)],
    ]
    assert [each.where for batch in batches for each in batch] == [each.where for each in MIXED]
    reasons = [each.rejection.why for batch in batches for each in batch if each.rejection]
    assert [why.partition(":")[0] for why in reasons] == [
        "not an object",
        "status",
        "not an object",
    ]
    report = ingest.report()
    assert (report.read, report.created, report.updated, report.unchanged) == (11, 3, 1, 1)
    assert (report.deleted, report.absent, report.rejected) == (1, 2, 3)
    assert not report.complete


@pytest.mark.parametrize("size", [1, 2, 3, 500])
def test_what_becomes_of_items_does_not_depend_on_the_batches(
    store: ArticleStore, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(ingest_module, "BATCH", size)
    items = [
        *MIXED,
        Removal("request:11", "a-3", "withdraw"),
        Removal("request:12", "a-3", "withdraw"),
        Removal("request:13", "a-3", "delete"),
        Removal("request:14", "a-1", "delete"),
        Removal("request:15", "a-3", "delete"),
    ]
    outcomes = [each for batch in _ingesting(store).batches(items) for each in batch]
    assert [each.result for each in outcomes[11:]] == [
        *("updated", "unchanged", "deleted", "deleted", "absent"),
    ]
    assert [each.result for each in outcomes[:11]] == [
        *("rejected", "created", "rejected", "created", "updated", "absent", "rejected"),
        *("deleted", "absent", "created", "unchanged"),
    ]
    assert store.count() == 0


def test_an_outcome_is_told_when_it_is_durable_and_no_sooner(store: ArticleStore) -> None:
    taken: list[int] = []

    def items() -> Iterator[Item]:
        for number in range(BATCH + 1):
            taken.append(number)
            yield _put(number)

    batches = _ingesting(store).batches(items())
    first = next(batches)
    assert len(first) == len(taken) == store.count() == BATCH
    assert len(next(batches)) == 1
    assert store.count() == BATCH + 1


def test_long_rejected_lines_go_in_smaller_batches(
    store: ArticleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "BATCH_CHARACTERS", 2_000)
    items = [Rejection(f"request:{number}", "bad", "x" * 600) for number in range(9)]
    assert [len(each) for each in _ingesting(store).batches(items)] == [4, 4, 1]


def test_the_report_counts_what_was_told(
    store: ArticleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The items of a batch that the store did not take are in no outcome, so they are in no count."""
    monkeypatch.setattr(ingest_module, "BATCH", 2)
    store.put([make_article({"id": "a-4", "title": "先来"}, timezone=SHANGHAI)])
    ingest = _ingesting(store, when="absent")
    items: list[Item] = [_put(1), _put(2), Rejection("request:3", "", ""), _put(4), _put(5)]
    batches = ingest.batches(items)
    told = next(batches)
    with pytest.raises(ConditionFailed, match="'a-4' is at revision 1"):
        next(batches)
    assert _told(told) == [("a-1", "created", 2), ("a-2", "created", 3)]
    report = ingest.report()
    assert (report.read, report.created, report.rejected, report.rejections) == (2, 2, 0, ())


def test_one_item_becomes_one_outcome(store: ArticleStore) -> None:
    made = accept_one(_put(1, reads=3), store, READING)
    assert made == Outcome("request:1", "created", "a-1", 1, unused=("reads",))
    again = accept_one(_put(1), store, READING, when="absent")
    assert (again.result, again.revision) == ("unchanged", 1)
    bad = accept_one(_put(1, status="昨天"), store, READING)
    assert (bad.result, bad.article_id, bad.revision) == ("rejected", "", 0)
    assert bad.rejection is not None
    assert bad.rejection.why.startswith("status: ")
    gone = accept_one(Removal("request:2", "a-1", "delete"), store, READING, when=1)
    assert gone == Outcome("request:2", "deleted", "a-1", 2)


def test_one_item_is_not_taken_if_its_condition_does_not_hold(store: ArticleStore) -> None:
    accept_one(_put(1), store, READING)
    for item in (
        _put(1, title="新题"),
        Removal("", "a-1", "delete"),
        Removal("", "a-1", "withdraw"),
    ):
        with pytest.raises(ConditionFailed):
            accept_one(item, store, READING, when=7)
    assert store.revision() == 1


def test_the_unused_keys_of_an_outcome_can_be_told_whatever_they_are(store: ArticleStore) -> None:
    odd = {"\ud800": 1, "长" * 500: 1, "": 1}
    outcome = accept_one(_put(1, **odd), store, READING)
    assert outcome.unused == ("", "\\ud800", "长" * MAX_NAME_REPORTED)
    many = accept_one(_put(2, **{f"key-{n:03}": n for n in range(100)}), store, READING)
    assert many.unused == tuple(f"key-{n:03}" for n in range(MAX_REPORTED))


def test_what_was_done_to_values_is_counted_and_the_first_faults_are_told(
    store: ArticleStore,
) -> None:
    items = [_put(n, published_at="昨天", tags="花鼓,集市") for n in range(MAX_REPORTED + 2)]
    report = accept(items, store, READING)
    assert (report.created, report.rejected) == (MAX_REPORTED + 2, 0)
    assert report.notes == {
        "published_at dropped": MAX_REPORTED + 2,
        "tags read as a list": MAX_REPORTED + 2,
    }
    assert len(report.dropped) == MAX_REPORTED
    where, note = report.dropped[0]
    assert (where, note.field, note.what) == (items[0].where, "published_at", "dropped")
    strict = accept(items, store, replace(READING, strict=True))
    assert (strict.rejected, strict.notes) == (MAX_REPORTED + 2, {})


def test_what_the_hook_drops_is_skipped_wherever_it_stands(store: ArticleStore) -> None:
    reading = replace(READING, hook=lambda values: values if values["id"] != "a-1" else None)
    items: list[Item] = [_put(1), Removal("", "a-2", "delete"), _put(1), _put(2), _put(1)]
    report = accept(items, store, reading)
    assert (report.read, report.skipped, report.created, report.absent) == (5, 3, 1, 1)
    outcomes = [each for batch in Ingest(store, reading).batches(items) for each in batch]
    assert [each.result for each in outcomes] == [
        "skipped",
        "deleted",
        "skipped",
        "created",
        "skipped",
    ]


def test_records_that_say_so_delete_their_articles_and_are_counted(store: ArticleStore) -> None:
    reading = replace(READING, deleted=Deletion("gone"))
    told = [{"id": f"a-{number}", "title": "雨"} for number in range(5)]
    accept([Record("", each, "{}") for each in told], store, reading)
    told = [each | {"gone": str(place % 2)} for place, each in enumerate(told)]
    told.append({"id": "b", "gone": "true"})
    report = accept([Record("", each, "{}") for each in told], store, reading)
    assert (report.unchanged, report.deleted, report.absent, report.rejected) == (3, 2, 1, 0)
    assert report.unused_fields == {}
    assert store.count() == 3
