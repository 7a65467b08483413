"""Bringing a source into the store: what is noted of how far it was read, and when."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from indexer.errors import InvalidSetting, StoreUnavailable
from indexer.importing import import_source, never, rejects_of
from indexer.ingest import IngestReport
from indexer.reading import Options, Reading, read_mapping
from indexer.sources.base import Source
from indexer.sources.csv_files import CsvFile
from indexer.sources.json_files import JsonFile
from indexer.sources.sql import SqlRows
from indexer.sources.workbooks import Workbook
from indexer.store.articles import ArticleStore
from indexer.store.database import open_store
from tests.indexer.site import SHANGHAI
from tests.indexer.sources.rows import make_table
from tests.indexer.sources.sheets import write_xlsx

COLUMNS = {"id": "TEXT", "title": "TEXT", "changed": "INTEGER"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ArticleStore]:
    with closing(open_store(f"sqlite:///{tmp_path}/articles.sqlite3")) as opened:
        yield opened


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/cms.sqlite3"


def rows(*numbers: int, title: str = "集市") -> list[Sequence[Any]]:
    """Rows that were changed in the order of their numbers."""
    return [(f"a-{number}", title, number) for number in numbers]


def bring(
    store: ArticleStore,
    url: str,
    *,
    query: str | None = None,
    mapping: Mapping[str, str] | None = None,
    rejects: Path = Path("rejects.jsonl"),
    expect: Callable[[int], None] | None = None,
    asked_to_end: Callable[[], bool] = lambda: False,
) -> IngestReport:
    table = None if query else "articles"
    return import_source(
        SqlRows(url, table=table, query=query, watermark="changed"),
        store,
        Reading(timezone=SHANGHAI, mapping=mapping or {}),
        location=url,
        rejects=rejects,
        progress=lambda _: None,
        expect=expect,
        asked_to_end=asked_to_end,
    )


def test_the_next_run_reads_what_came_since(store: ArticleStore, url: str) -> None:
    make_table(url, COLUMNS, rows(1, 2, 3))
    assert bring(store, url).created == 3
    again = bring(store, url)
    assert (again.read, again.unchanged) == (1, 1)
    make_table(url, COLUMNS, [*rows(1, 2, 3, 4), ("b", "也是三", 3)])
    later = bring(store, url)
    assert (later.read, later.created, later.unchanged) == (3, 2, 1)


def test_a_run_expects_only_what_came_since(store: ArticleStore, url: str) -> None:
    make_table(url, COLUMNS, rows(1, 2, 3))
    expected: list[int] = []
    bring(store, url, expect=expected.append)
    make_table(url, COLUMNS, rows(1, 2, 3, 4))
    bring(store, url, expect=expected.append)
    assert expected == [3, 2], "the last row and those after it"


def test_what_is_noted_is_kept_apart_for_each_source(store: ArticleStore, url: str) -> None:
    make_table(url, COLUMNS, rows(1, 2, 3))
    bring(store, url)
    assert bring(store, url, query="SELECT * FROM articles").read == 3
    assert bring(store, url).read == 1


def test_rows_that_are_read_in_another_way_are_read_from_the_first(
    store: ArticleStore, url: str
) -> None:
    make_table(url, COLUMNS, rows(1, 2, 3))
    assert bring(store, url).read == 3
    mapped = bring(store, url, mapping={"title": "lead", "id": "title"})
    assert (mapped.read, mapped.updated + mapped.rejected) == (3, 3)
    assert bring(store, url, mapping={"title": "lead", "id": "title"}).read == 1


def test_a_run_that_is_stopped_loses_nothing(store: ArticleStore, url: str) -> None:
    make_table(url, COLUMNS, rows(*range(1_200)))
    asked = iter([*[False] * 700, True])
    first = bring(store, url, asked_to_end=lambda: next(asked))
    assert first.created == 700
    second = bring(store, url)
    assert (second.read, second.created) == (500, 500)
    assert store.count() == 1_200


def test_a_run_that_breaks_off_goes_on_from_there(store: ArticleStore, url: str) -> None:
    columns = {**COLUMNS, "changed": "INTEGER PRIMARY KEY"}  # its rows need no sorting
    make_table(url, columns, rows(*range(100)))
    failing = "CASE WHEN changed = 60 AND {} THEN abs(-9223372036854775807 - 1) END AS failing"
    query = f"SELECT *, {failing} FROM articles"
    broken = query.format("(SELECT count(*) FROM articles) = 100")
    first = bring(store, url, query=broken)
    assert first.failure is not None
    assert 50 <= first.created <= 60, "SQLite's driver fetches a row ahead"
    make_table(url, columns, rows(*range(101)))
    second = bring(store, url, query=broken)
    left = 101 - first.created
    assert (second.read, second.created, second.failure) == (left + 1, left, None)


def test_nothing_is_noted_of_rows_that_were_not_stored(
    store: ArticleStore, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_table(url, COLUMNS, rows(*range(600)))

    def fail(*_: object, **__: object) -> None:
        raise StoreUnavailable("store", "the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(store, "put_prepared", fail)
        with pytest.raises(StoreUnavailable):
            bring(store, url)
    assert bring(store, url).created == 600


def test_without_a_watermark_every_run_reads_all(store: ArticleStore, url: str) -> None:
    make_table(url, COLUMNS, rows(1, 2))
    for _ in range(2):
        source = SqlRows(url, table="articles")
        report = import_source(
            source,
            store,
            Reading(timezone=SHANGHAI),
            location=url,
            rejects=Path("rejects.jsonl"),
            progress=lambda _: None,
        )
        assert report.read == 2


def from_file(
    store: ArticleStore, file: Path, rejects: Path, asked_to_end: Callable[[], bool] = never
) -> IngestReport:
    return import_source(
        JsonFile(str(file)),
        store,
        Reading(timezone=SHANGHAI),
        location=str(file),
        rejects=rejects,
        progress=lambda _: None,
        asked_to_end=asked_to_end,
    )


NAMES = ("id", "标题", "category", "gone")


def table_of(kind: str, folder: Path, rows: Sequence[Sequence[str]]) -> Source:
    """A table in the given kind of source."""
    if kind == "sql":
        url = f"sqlite:///{folder}/cms.sqlite3"
        make_table(url, dict.fromkeys(NAMES, "TEXT"), rows)
        return SqlRows(url, table="articles")
    if kind == "excel":
        return Workbook(str(write_xlsx(folder / "n.xlsx", {"稿件": [NAMES, *rows]})))
    file = folder / "n.csv"
    file.write_text("".join(f"{','.join(row)}\n" for row in [NAMES, *rows]), encoding="utf-8")
    return CsvFile(str(file))


def bring_table(store: ArticleStore, source: Source, *maps: str, deleted: str = "") -> IngestReport:
    options = Options(mapping=read_mapping(maps), deleted=deleted or None)
    return import_source(
        source,
        store,
        options.reading(timezone=SHANGHAI, order=None),
        location="somewhere",
        rejects=Path("rejects.jsonl"),
        progress=lambda _: None,
    )


@pytest.mark.parametrize("kind", ["csv", "excel", "sql"])
@pytest.mark.parametrize("rows", [0, 3])
def test_a_column_that_the_table_does_not_have_is_refused_before_anything_is_stored(
    store: ArticleStore, tmp_path: Path, kind: str, rows: int
) -> None:
    given = [(f"a-{number}", "集市", "地方", "0") for number in range(rows)]
    with pytest.raises(InvalidSetting, match="The columns are: id, 标题, category, gone"):
        bring_table(store, table_of(kind, tmp_path, given), "catgory=channel")
    assert store.count() == 0


@pytest.mark.parametrize(
    ("mapping", "deleted", "why"),
    [
        (
            "catgory=channel",
            "",
            "no column 'catgory', did you mean 'category'? The columns are: id",
        ),
        ("Category=channel", "", "no column 'Category', did you mean 'category'?"),
        ("标提=title", "", "no column '标提', did you mean '标题'?"),
        ("来源=source", "", "no column '来源'. The columns are: id"),
        ("标题=title", "gones", "no column 'gones', did you mean 'gone'?"),
        ("标题=title", "state=9", "no column 'state'"),
    ],
)
def test_a_column_that_is_not_there_is_named_with_the_nearest_one(
    mapping: str, deleted: str, why: str
) -> None:
    options = Options(mapping=read_mapping([mapping]), deleted=deleted or None)
    with pytest.raises(InvalidSetting) as caught:
        options.reading(timezone=SHANGHAI, order=None).check_columns(NAMES)
    assert why in str(caught.value)


@pytest.mark.parametrize("kind", ["csv", "excel", "sql"])
def test_of_columns_that_are_mapped_to_one_field_a_table_needs_only_one(
    store: ArticleStore, tmp_path: Path, kind: str
) -> None:
    source = table_of(kind, tmp_path, [("a-1", "集市", "地方", "0"), ("a-2", "灯会", "", "1")])
    report = bring_table(store, source, "headline=title", "标题=title", deleted="gone")
    assert (report.created, report.absent, report.unseen_keys) == (1, 1, ("headline",))
    article = store.get("a-1")
    assert article is not None
    assert article.title == "集市"


def test_a_long_list_of_columns_is_cut() -> None:
    with pytest.raises(InvalidSetting, match="column-19 and 980 more"):
        Reading(timezone=SHANGHAI, mapping={"x": "title"}).check_columns(
            [f"column-{number}" for number in range(1_000)]
        )


def test_keys_that_no_record_has_are_told_where_records_differ(
    store: ArticleStore, tmp_path: Path
) -> None:
    file = tmp_path / "news.jsonl"
    lines = ['{"id": "a-1", "标题": "集市"}', '{"id": "a-2", "标题": "灯会", "kind": null}', "x"]
    file.write_text("\n".join(lines), encoding="utf-8")
    maps = ("标题=title", "kind=channel", "athor=author")
    report = bring_table(store, JsonFile(str(file)), *maps, deleted="gone")
    assert (report.created, report.rejected) == (2, 1)
    assert report.unseen_keys == ("athor", "gone")
    file.write_text("x", encoding="utf-8")
    assert bring_table(store, JsonFile(str(file)), *maps).unseen_keys == ()


def ids_in(file: Path) -> list[str]:
    return [json.loads(line)["id"] for line in file.read_text(encoding="utf-8").splitlines()]


def test_later_runs_keep_what_earlier_ones_rejected(
    store: ArticleStore, url: str, tmp_path: Path
) -> None:
    rejects = tmp_path / "rejects-articles.jsonl"
    make_table(url, COLUMNS, [*rows(1), *rows(2, title="")])
    assert bring(store, url, rejects=rejects).rejected == 1
    make_table(url, COLUMNS, [*rows(1), *rows(2, title=""), *rows(3), *rows(4, title="")])
    for _ in range(3):  # a row at the watermark is read again each time
        assert bring(store, url, rejects=rejects).rejected > 0
    assert ids_in(rejects) == ["a-2", "a-4"]
    text = rejects.read_text(encoding="utf-8").replace('"title": ""', '"title": "补上"', 1)
    rejects.write_text(text, encoding="utf-8")
    report = from_file(store, rejects, rejects)
    assert (report.created, report.rejected) == (1, 1)
    assert ids_in(rejects) == ["a-4"]
    bring(store, url, rejects=rejects)
    rejects.write_text(
        rejects.read_text(encoding="utf-8").replace('"title": ""', '"title": "补上"'),
        encoding="utf-8",
    )
    assert from_file(store, rejects, rejects).complete
    assert not rejects.exists()
    assert store.count() == 4


def test_a_rejects_file_that_is_left_early_or_breaks_off_keeps_its_rest(
    store: ArticleStore, tmp_path: Path
) -> None:
    rejects = tmp_path / "rejects-news.jsonl"
    lines = ['{"id": "a-1"}', '{"id": "a-2", "title": "灯会"}', '{"id": "a-3"}']
    rejects.write_text("\n".join(lines), encoding="utf-8")
    asked = iter([False, False, True])
    assert from_file(store, rejects, rejects, lambda: next(asked)).read == 2
    assert rejects.read_text(encoding="utf-8").splitlines() == lines
    rejects.write_bytes(gzip.compress("\n".join(lines).encode())[:-4])
    before = rejects.read_bytes()
    report = from_file(store, rejects, rejects)
    assert report.failure is not None
    assert report.rejected
    assert rejects.read_bytes() == before


@pytest.mark.parametrize(
    ("location", "of_source", "name"),
    [
        ("/news/today.jsonl.gz", {}, "rejects-today.jsonl"),
        ("mysql://reader:ge/heim@db/cms", {"table": "cms.articles"}, "rejects-cms.articles.jsonl"),
        ("mysql://reader:ge/heim@db/cms", {"query": "SELECT 1"}, "rejects-query.jsonl"),
    ],
)
def test_the_rejects_file_is_named_after_what_is_read(
    location: str, of_source: dict[str, str], name: str
) -> None:
    assert rejects_of(location, Options(of_source=of_source)) == Path(name)
