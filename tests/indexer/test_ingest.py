"""Ingest: from files through cleaning into a real store, and the report of it."""

from __future__ import annotations

import gzip
import json
import sqlite3
import tracemalloc
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from indexer import ingest as ingest_module
from indexer.errors import InvalidSetting, SourceUnreadable, StoreUnavailable
from indexer.ingest import BATCH, MAX_NAME_REPORTED, MAX_REPORTED, IngestReport, accept
from indexer.records import Record, Rejection
from indexer.sources.json_lines import JsonLines
from indexer.store import dialects
from indexer.store.articles import ArticleStore
from indexer.store.database import open_store

SHANGHAI = ZoneInfo("Asia/Shanghai")


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


def _write(path: Path, *lines: str) -> JsonLines:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return JsonLines(str(path))


def _ingest(
    source: JsonLines | _Generated,
    store: ArticleStore,
    *,
    mapping: Mapping[str, str] | None = None,
    rejects: Path | None = None,
) -> IngestReport:
    return accept(
        source.records(), store, mapping=mapping or {}, timezone=SHANGHAI, rejects=rejects
    )


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
    source = _write(path, _line(1), "nonsense", _line(2, published_at="昨天"), "", _line(3))
    rejects = tmp_path / "rejects.jsonl"
    report = _ingest(source, store, rejects=rejects)
    assert (report.read, report.created, report.rejected) == (4, 2, 2)
    assert not report.complete
    assert [each.where for each in report.rejections] == [f"{path}:2", f"{path}:3"]
    assert rejects.read_text(encoding="utf-8") == f"nonsense\n{_line(2, published_at='昨天')}\n"
    reasons = (tmp_path / "rejects.jsonl.reasons").read_text(encoding="utf-8").splitlines()
    assert reasons[0].startswith(f"{path}:2: not JSON")
    assert reasons[1].startswith(f"{path}:3: published_at: '昨天' is not a date")


def test_a_rejects_file_can_be_put_right_and_ingested_again(
    store: ArticleStore, tmp_path: Path
) -> None:
    rejects = tmp_path / "rejects.jsonl"
    bad = [_line(number, published_at="昨天") for number in (2, 4)]
    _ingest(
        _write(tmp_path / "news.jsonl", _line(1), bad[0], _line(3), bad[1]), store, rejects=rejects
    )
    text = rejects.read_text(encoding="utf-8")
    rejects.write_text(text.replace("昨天", "2025-01-02", 1), encoding="utf-8")
    report = _ingest(JsonLines(str(rejects)), store, rejects=rejects)
    assert (report.created, report.rejected) == (1, 1)
    assert rejects.read_text(encoding="utf-8") == f"{bad[1]}\n"
    rejects.write_text(bad[1].replace("昨天", "2025-01-02"), encoding="utf-8")
    assert _ingest(JsonLines(str(rejects)), store, rejects=rejects).complete
    assert store.count() == 4


def test_without_a_rejection_there_is_no_rejects_file(store: ArticleStore, tmp_path: Path) -> None:
    _ingest(_write(tmp_path / "news.jsonl", _line(1)), store, rejects=tmp_path / "rejects.jsonl")
    assert not (tmp_path / "rejects.jsonl").exists()
    assert not (tmp_path / "rejects.jsonl.reasons").exists()


def test_rejections_are_all_counted_and_written_and_the_first_reported(
    store: ArticleStore, tmp_path: Path
) -> None:
    lines = ["x" * 5_000 + str(number) for number in range(MAX_REPORTED + 5)]
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
    report = _ingest(JsonLines(str(path)), store)
    assert isinstance(report.failure, SourceUnreadable)
    assert str(path) in str(report.failure)
    assert not report.complete
    assert report.read == report.created == store.count() > 0


def test_rejections_before_a_break_are_written(store: ArticleStore, tmp_path: Path) -> None:
    damaged = bytearray(gzip.compress(b"nonsense\n"))
    damaged[-5] ^= 0xFF
    (tmp_path / "news.jsonl.gz").write_bytes(damaged)
    rejects = tmp_path / "rejects.jsonl"
    report = _ingest(JsonLines(str(tmp_path / "news.jsonl.gz")), store, rejects=rejects)
    assert report.failure
    assert rejects.read_text(encoding="utf-8") == "nonsense\n"


def test_a_missing_file_is_a_failure_in_the_report(store: ArticleStore, tmp_path: Path) -> None:
    report = _ingest(JsonLines(str(tmp_path / "nowhere.jsonl")), store)
    assert report.read == 0
    assert isinstance(report.failure, SourceUnreadable)
    assert "No such file" in str(report.failure)


def test_keys_are_mapped_and_those_that_nobody_reads_are_counted(
    store: ArticleStore, tmp_path: Path
) -> None:
    lines = [
        _line(1, category="地方", reads=1),
        _line(2, category="文化", reads=2, editor_note="x"),
        _line(3, published_at="昨天", reads=3),
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
    source = JsonLines(str(tmp_path / "nowhere.jsonl"))
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
    accept(_Generated(count).records(), store, mapping={}, timezone=SHANGHAI, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == count
    assert {BATCH, 2 * BATCH} <= set(told)


def test_progress_is_told_where_everything_is_rejected(store: ArticleStore) -> None:
    told: list[int] = []
    source = _Generated(BATCH, published_at="昨天")
    accept(source.records(), store, mapping={}, timezone=SHANGHAI, progress=told.append)
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
        report = accept(rejected(), store, mapping={}, timezone=SHANGHAI)
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


def test_memory_does_not_grow_with_the_source(store: ArticleStore) -> None:
    peaks = []
    for count in (2 * BATCH, 8 * BATCH):
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
    source = JsonLines(str(corpus_dir / "articles" / "news_portal.jsonl.gz"))
    report = _ingest(source, store, mapping={"category": "channel"})
    assert report.complete
    assert report.unused_fields == {}
    assert report.read == report.created == store.count() == 6_179


def test_records_need_no_source(store: ArticleStore) -> None:
    fields = {"id": "a", "title": "题", "body": "文", "url": "https://example.org/a"}
    told: list[Record | Rejection] = [
        Record("request:1", fields, ""),
        Record("request:2", {**fields, "published_at": "heute"}, "{}"),
        Rejection("request:3", "not an object", "[]"),
    ]
    report = accept(told, store, mapping={}, timezone=SHANGHAI)
    assert (report.read, report.created, report.rejected) == (3, 1, 2)
    assert [each.where for each in report.rejections] == ["request:2", "request:3"]
    assert not report.complete
