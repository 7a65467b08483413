"""The source sql: the contract of all sources on each kind of database, and what is its own."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import ClassVar
from uuid import UUID

import pytest
from sqlalchemy import make_url

from indexer.errors import InvalidSetting, SourceUnreadable
from indexer.records import UNREAD, Record, Rejection
from indexer.sources.base import Incremental, Source
from indexer.sources.csv_files import CsvFile
from indexer.sources.databases import absolute_url
from indexer.sources.registry import open_source
from indexer.sources.row_values import plain, read_mark, spell_mark
from indexer.sources.sql import MAX_ROW, SqlRows
from tests.contracts.source import SourceContract, Values
from tests.indexer.sources.rows import KINDS, SERVERS, cut_off, execute, make_table

FIELDS = ("id", "url", "title", "body", "channel", "published_at")
LONG = {"sqlite": "TEXT", "postgresql": "TEXT", "mariadb": "LONGTEXT"}
FAILS = {
    "sqlite": "abs(-9223372036854775807 - number / number)",
    "postgresql": "1 / (number - number)",
    "mariadb": "0 - CAST(number AS UNSIGNED)",
}
"""An expression that fails in a row, not before."""


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """The kind of database: that of the test's class, or of its parameter; else SQLite."""
    return getattr(request, "param", getattr(request.cls, "kind", "sqlite"))


@pytest.fixture
def url(new_url: str) -> str:
    """A database without tables."""
    return new_url


EACH = pytest.mark.databases(*KINDS)
EACH_SERVER = pytest.mark.databases(*SERVERS)


def values_of(source: Source) -> list[dict[str, object]]:
    found = list(source.records())
    assert all(isinstance(each, Record) for each in found), found
    return [dict(each.values) for each in found if isinstance(each, Record)]


def failure_of(source: Source) -> str:
    with pytest.raises(SourceUnreadable) as caught:
        list(source.records())
    return str(caught.value)


class TestSqlite(SourceContract):
    kind: ClassVar[str] = "sqlite"
    sizes = (300, 3_000)

    @pytest.fixture(autouse=True)
    def _database(self, url: str) -> None:
        self.url = url

    def fill(self, records: Iterable[Values]) -> str:
        columns = {"number": "INTEGER PRIMARY KEY"} | dict.fromkeys(FIELDS, LONG[self.kind])
        rows = (
            (number, *(each[name] for name in FIELDS))
            for number, each in enumerate(records, start=1)
        )
        make_table(self.url, columns, rows)
        return self.url

    def make(self, folder: Path, records: Iterable[Values]) -> Source:  # noqa: ARG002
        return SqlRows(self.fill(records), table="articles")

    def make_with_bad_record(
        self,
        folder: Path,  # noqa: ARG002
        before: Sequence[Values],
        after: Sequence[Values],
    ) -> Source:
        bad = {**dict.fromkeys(FIELDS, ""), "body": "x" * MAX_ROW}
        return SqlRows(self.fill([*before, bad, *after]), table="articles")

    def make_missing(self, folder: Path) -> Source:  # noqa: ARG002
        return SqlRows(self.fill([]), table="nowhere")

    def make_broken_off(self, folder: Path, records: Sequence[Values]) -> Source:  # noqa: ARG002
        query = (
            f"SELECT articles.*, CASE WHEN number > 100 THEN {FAILS[self.kind]} END AS failing "
            "FROM articles ORDER BY number"
        )
        return SqlRows(self.fill(records), query=query)


class TestPostgresql(TestSqlite):
    kind = "postgresql"


class TestMariadb(TestSqlite):
    kind = "mariadb"


# Values


@EACH
def test_rows_come_as_they_are_with_their_key_and_as_one_line(url: str) -> None:
    times = "TIMESTAMP" if url.startswith("postgresql") else "DATETIME"
    columns = {
        "编号": "INTEGER PRIMARY KEY",
        "title": "VARCHAR(100)",
        "body": "TEXT",
        "price": "DECIMAL(20, 10)",
        "shown_at": times,
    }
    at = "2025-05-06 07:08:09" if url.startswith("sqlite") else datetime(2025, 5, 6, 7, 8, 9)
    rows = [
        (7, "茶市开张 🍵", "头一段。\r\n第二段。", "3.5", at),
        (8, "它的\u2028另一半", None, None, None),
    ]
    make_table(url, columns, rows)
    first, second = SqlRows(url, table="articles").records()
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert first.values == {
        "编号": 7,
        "title": "茶市开张 🍵",
        "body": "头一段。\r\n第二段。",
        "price": 3.5,
        "shown_at": at,
    }
    assert list(second.values.values()) == [8, "它的\u2028另一半", None, None, None]
    assert [first.where, second.where] == ["articles 编号=7", "articles 编号=8"]
    assert first.raw == (
        '{"编号": 7, "title": "茶市开张 🍵", "body": "头一段。\\r\\n第二段。", "price": 3.5, '
        f'"shown_at": "{at if isinstance(at, str) else at.isoformat()}"}}'
    )


@EACH
def test_a_row_without_a_key_has_its_number_and_a_long_key_is_cut(url: str) -> None:
    make_table(url, {"id": "VARCHAR(200)"}, [("a",), ("b",)])
    places = [each.where for each in SqlRows(url, table="articles").records()]
    assert places == ["articles row 1", "articles row 2"]
    make_table(url, {"id": "VARCHAR(200) PRIMARY KEY"}, [("长" * 150 + "1",), ("长" * 150 + "2",)])
    places = [each.where for each in SqlRows(url, table="articles").records()]
    assert len(set(places)) == 2
    assert max(map(len, places)) < 130


@pytest.mark.databases("mariadb")
def test_mariadbs_zero_dates_bits_and_times_of_a_zone_are_understood(url: str) -> None:
    make_table(
        url,
        {"id": "INT", "gone": "BIT(1)", "zero": "DATETIME", "stamp": "TIMESTAMP", "day": "DATE"},
        [],
    )
    execute(
        f"{url}&init_command=SET SESSION time_zone = '%2B08:00', sql_mode = ''",
        "INSERT INTO articles VALUES (1, b'1', '0000-00-00', '2025-05-06 07:08:09', '2025-05-06')",
        "INSERT INTO articles VALUES (2, b'0', NULL, '2025-05-06 07:08:09', '0000-00-00')",
    )
    first, second = values_of(SqlRows(url, table="articles"))
    stamp = datetime(2025, 5, 5, 23, 8, 9, tzinfo=UTC)
    assert first == {
        "id": 1,
        "gone": 1,
        "zero": "0000-00-00 00:00:00",
        "stamp": stamp,
        "day": "2025-05-06",
    }
    assert (second["gone"], second["zero"], second["day"]) == (0, None, "0000-00-00")


@pytest.mark.databases("postgresql")
def test_postgresqls_own_types_are_understood(url: str) -> None:
    query = """
        SELECT ARRAY['茶', '集市'] AS tags, '{"n": {"a": [1.5, null]}}'::jsonb AS more,
            'infinity'::timestamptz AS never, '0044-03-15 BC'::date AS ides, true AS yes,
            '2025-05-06 07:08:09+08'::timestamptz AS stamp, 'NaN'::float8 AS odd, 'NaN'::numeric AS odder,
            '8f7f5c1e-0000-4000-8000-000000000001'::uuid AS id, '\\xff00'::bytea AS picture,
            '\\xe88cb6'::bytea AS word, 1e30::numeric AS big, 0.1234567890123456789::numeric AS fine
    """
    (found,) = SqlRows(url, query=query).records()
    assert isinstance(found, Record)
    assert found.values == {
        "tags": ["茶", "集市"],
        "more": {"n": {"a": [1.5, None]}},
        "never": "infinity",
        "ides": "0044-03-15 BC",
        "yes": True,
        "stamp": datetime(2025, 5, 5, 23, 8, 9, tzinfo=UTC),
        "odd": "nan",
        "odder": "NaN",
        "id": "8f7f5c1e-0000-4000-8000-000000000001",
        "picture": b"\xff\x00",
        "word": "茶",
        "big": 10**30,
        "fine": "0.1234567890123456789",
    }
    assert json.loads(found.raw)["picture"] == {"bytes": 2}


def test_a_text_in_sqlite_that_is_not_utf8_costs_nothing_else(url: str) -> None:
    make_table(url, {"id": "TEXT", "title": "TEXT"}, [("a", "雨"), ("b", "雪")])
    execute(url, "UPDATE articles SET title = CAST(x'D3EA' AS TEXT) WHERE id = 'a'")
    assert values_of(SqlRows(url, table="articles")) == [
        {"id": "a", "title": b"\xd3\xea"},
        {"id": "b", "title": "雪"},
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("17"), 17),
        (Decimal("17.00"), 17),
        (Decimal("0.1"), 0.1),
        (Decimal("-1E+2"), -100),
        (Decimal("1E+999999"), "1E+999999"),
        (Decimal("12345678901234567890.5"), "12345678901234567890.5"),
        (float("inf"), "inf"),
        (timedelta(hours=7), "7:00:00"),
        (date(2025, 5, 6), "2025-05-06"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (memoryview("茶".encode()), "茶"),
        (("茶", Decimal("2")), ["茶", 2]),
        (True, True),
    ],
)
def test_a_value_becomes_what_json_holds(value: object, expected: object) -> None:
    assert plain(value) == expected
    assert type(plain(value)) is type(expected)


# What is read


@EACH
def test_signs_in_a_query_are_no_parameters(url: str) -> None:
    make_table(url, {"id": "VARCHAR(20)"}, [("8:05",), ("100%",), (":since",)])
    query = "SELECT id FROM articles WHERE id LIKE '%:%' OR id = ':since' -- 100% :x\n;"
    assert sorted(str(each["id"]) for each in values_of(SqlRows(url, query=query))) == [
        "8:05",
        ":since",
    ]


@EACH
def test_tables_are_found_by_any_name(url: str) -> None:
    for name in ("文章", "Big.Small", 'a"b', "order"):
        make_table(url, {"id": "INTEGER"}, [(1,)], name=name)
        assert values_of(SqlRows(url, table=name)) == [{"id": 1}]


def test_a_view_is_read_as_a_table(url: str) -> None:
    execute(url, "CREATE VIEW seen AS SELECT 5 AS id")
    assert values_of(SqlRows(url, table="seen")) == [{"id": 5}]


@EACH
def test_a_table_may_be_named_with_its_schema(url: str, database: str) -> None:
    make_table(url, {"id": "INTEGER PRIMARY KEY"}, [(1,)])
    schema = {"sqlite": "main", "postgresql": "public"}.get(database) or make_url(url).database
    (found,) = SqlRows(url, table=f"{schema}.articles").records()
    assert found.where == f"{schema}.articles id=1"


@EACH
def test_a_missing_table_is_named_with_those_that_there_are(url: str) -> None:
    make_table(url, {"id": "INTEGER"}, [])
    why = failure_of(SqlRows(url, table="article"))
    assert "has no table 'article'; it has " in why
    assert "articles" in why


@EACH
@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT 1 AS id, 2 AS id", "two columns are called 'id'"),
        ("SELECT nothing FROM articles", "nothing"),
        ("SELECT 1 FROM", "the rows of query cannot be read"),
    ],
)
def test_a_query_that_cannot_be_used_is_refused(url: str, query: str, reason: str) -> None:
    make_table(url, {"id": "INTEGER"}, [(1,)])
    assert reason in failure_of(SqlRows(url, query=query))


@pytest.mark.parametrize(
    "query",
    ["DELETE FROM t", "drop table t", " -- SELECT\nUPDATE t SET a = 1", "/* SELECT */ INSERT INTO t VALUES (1)", "/*!50000 DROP TABLE t */",
     "WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a", "SELEC 1", "articles", "  ", "CALL clean()", "PRAGMA journal_mode"],
)  # fmt: skip
def test_a_query_that_is_no_select_is_sent_nowhere(query: str) -> None:
    with pytest.raises(InvalidSetting, match=r"--query=.*only a SELECT is allowed"):
        SqlRows("postgresql+psycopg://nobody@nowhere.invalid/cms", query=query)


@pytest.mark.parametrize(
    "query",
    ["select 1 AS id", "-- DELETE\n(SELECT 1 AS id)", "WITH a AS (SELECT 'delete' AS id) SELECT replace(id, 'a', 'b') AS \"update\" FROM a",
     "/* all */ SELECT 1 AS is_delete"],
)  # fmt: skip
def test_a_query_that_reads_is_taken(query: str) -> None:
    assert SqlRows("sqlite://", query=query).identity is None


@pytest.mark.parametrize("url", ["ftp://host.example/news.csv", "s3://bucket/news.csv"])
def test_an_address_that_is_no_database_says_to_fetch_the_file(url: str) -> None:
    why = failure_of(SqlRows(url, table="a"))
    assert "is no database that is known here" in why
    assert "has to be fetched first" in why
    with pytest.raises(SourceUnreadable, match="is no database that is known here"):
        absolute_url(url)  # as a job does when it is queued
    with pytest.raises(SourceUnreadable, match="is no file: fetch it first"):
        next(CsvFile(url).records())


@EACH
def test_nothing_is_written(url: str) -> None:
    make_table(url, {"id": "INTEGER"}, [(1,)])
    source = SqlRows(url, query="SELECT 1")
    source._query = "DELETE FROM articles"  # which is refused before, if it is given
    failure_of(source)
    assert values_of(SqlRows(url, table="articles")) == [{"id": 1}]


def test_a_sqlite_file_stays_as_it_is_and_is_never_made(url: str, tmp_path: Path) -> None:
    make_table(url, {"id": "INTEGER"}, [(1,)])
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    values_of(SqlRows(url, table="articles"))
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before
    why = failure_of(SqlRows(f"sqlite:///{tmp_path}/other.sqlite3", table="articles"))
    assert "there is no such file" in why
    assert not (tmp_path / "other.sqlite3").exists()


@pytest.mark.parametrize("options", [{}, {"table": "articles", "query": "SELECT 1"}])
def test_a_table_or_a_query_must_be_given(url: str, options: dict[str, str]) -> None:
    make_table(url, {"id": "INTEGER"}, [])
    assert "give either a table or a query" in failure_of(SqlRows(url, **options))


def test_a_file_that_is_no_database_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "news.jsonl").write_text('{"id": 1}\n' * 100, encoding="utf-8")
    why = failure_of(SqlRows(f"sqlite:///{tmp_path}/news.jsonl", table="articles"))
    assert "the file is not a SQLite database" in why


# Passwords


@pytest.mark.parametrize(
    "given",
    [
        "postgresql+psycopg://search:ge/heim@127.0.0.1/cms",
        "postgresql+psycopg:search:geheim",
        "geheim",
        "oracle+nothing://search:geheim@127.0.0.1/cms",
        "postgresql+psycopg://search:geheim@127.0.0.1:1/cms",
        "mysql+pymysql://search:geheim@127.0.0.1:1/cms",
        "mysql+pymysql://search:geheim@127.0.0.1:1/cms?colour=red",
        "sqlite:///nowhere.sqlite3?password=",
    ],
)
def test_an_url_that_cannot_be_used_is_one_sentence_without_the_password(given: str) -> None:
    for use in (lambda source: list(source.records()), SqlRows.count):
        with pytest.raises(SourceUnreadable) as caught:
            use(SqlRows(given, table="articles"))
        assert "heim" not in str(caught.value)
        assert len(str(caught.value)) > 30


@EACH_SERVER
def test_a_wrong_password_is_not_told(url: str) -> None:
    name, _, rest = url.rpartition("@")
    given = f"{name[: name.rindex(':')]}:geheim@{rest}"
    assert "geheim" not in failure_of(SqlRows(given, table="articles"))


def test_options_are_for_this_kind_only_and_urls_become_absolute() -> None:
    with pytest.raises(InvalidSetting, match="--table='articles': is for --source sql"):
        open_source("json", "news.jsonl", {"table": "articles"})
    assert absolute_url("sqlite:///cms.sqlite3") == f"sqlite:///{Path.cwd()}/cms.sqlite3"
    server = "mysql+pymysql://search:geheim@127.0.0.1/cms"
    assert absolute_url(server) == server


# Watermarks


def _grow(url: str, *, since: str | None, mark: str = "changed") -> tuple[list[object], str | None]:
    source = SqlRows(url, table="articles", watermark=mark, since=since)
    return [each["id"] for each in values_of(source)], source.reached


MARKS: dict[str, list[object]] = {
    "INTEGER": [3, 5, 5, 9],
    "VARCHAR(20)": ["a", "b", "b", "c"],
    "DECIMAL(20, 6)": [Decimal("1.5"), Decimal("2.000001"), Decimal("2.000001"), Decimal("30")],
    "DATE": [date(2025, 1, day) for day in (1, 2, 2, 3)],
    "TIMESTAMP": [datetime(2025, 1, 1, 0, 0, second) for second in (1, 2, 2, 3)],
}


@EACH
@pytest.mark.parametrize("kind", MARKS)
def test_a_run_goes_on_from_the_last_watermark_and_the_same_one_comes_again(
    url: str, kind: str
) -> None:
    if url.startswith("sqlite"):
        marks: list[object] = [each if isinstance(each, int) else str(each) for each in MARKS[kind]]
        kind = "INTEGER" if kind == "INTEGER" else "TEXT"
    else:
        marks = MARKS[kind]
    columns = {"id": "INTEGER", "changed": f"{kind} NULL"}
    make_table(url, columns, [(2, marks[1]), (1, marks[0])])
    assert _grow(url, since=None)[0] == [1, 2]
    since = _grow(url, since=None)[1]
    make_table(url, columns, [(4, marks[3]), (1, marks[0]), (3, marks[2]), (2, marks[1])])
    found, reached = _grow(url, since=since)
    assert (sorted(found[:2], key=str), found[2:]) == ([2, 3], [4])
    assert _grow(url, since=reached) == ([4], reached)


@EACH
def test_rows_without_a_watermark_always_come(url: str) -> None:
    columns = {"id": "INTEGER", "changed": "INTEGER"}
    make_table(url, columns, [(1, 3), (2, None), (3, 5)])
    found, reached = _grow(url, since=spell_mark(4))
    assert sorted(found, key=str) == [2, 3]
    assert reached == spell_mark(5)
    make_table(url, columns, [(2, None)])
    assert _grow(url, since=spell_mark(4)) == ([2], None)


@EACH
def test_a_query_goes_on_from_a_watermark_too(url: str) -> None:
    make_table(url, {"id": "INTEGER", "changed": "INTEGER"}, [(1, 3), (2, 9), (3, 5)])
    query = "SELECT id, changed AS seen FROM articles WHERE id < 10 -- all of them"
    source = SqlRows(url, query=query, watermark="seen", since=spell_mark(5))
    assert [each["id"] for each in values_of(source)] == [3, 2]
    assert source.reached == spell_mark(9)
    assert source.count() == 0


@EACH
def test_only_the_rows_that_will_come_are_counted(url: str) -> None:
    make_table(url, {"id": "INTEGER", "changed": "INTEGER"}, [(1, 3), (2, 9), (3, 5), (4, None)])
    assert SqlRows(url, table="articles", watermark="changed").count() == 4
    since = SqlRows(url, table="articles", watermark="changed", since=spell_mark(5))
    assert since.count() == 3


@EACH
def test_a_watermark_that_is_no_column_or_holds_bytes_is_refused(url: str) -> None:
    blob = "BYTEA" if url.startswith("postgresql") else "BLOB"
    make_table(url, {"id": "INTEGER", "changed": blob}, [(1, b"\x01")])
    why = failure_of(SqlRows(url, table="articles", watermark="chnged"))
    assert "chnged" in why
    why = failure_of(SqlRows(url, table="articles", watermark="changed"))
    assert "changed holds bytes" in why


@pytest.mark.databases("postgresql")
def test_nothing_hides_behind_an_infinite_time(url: str) -> None:
    columns = {"id": "INTEGER", "changed": "TIMESTAMP"}
    make_table(url, columns, [(1, "-infinity"), (2, datetime(2025, 1, 1)), (3, "infinity")])
    found, reached = _grow(url, since=None)
    assert found == [1, 2, 3]
    assert reached == spell_mark(datetime(2025, 1, 1))


def test_a_source_is_known_by_what_it_reads_and_never_by_its_password() -> None:
    url = "mysql+pymysql://search:geheim@127.0.0.1/cms"
    sources = [
        SqlRows(url, table="articles", watermark="changed"),
        SqlRows(url, table="articles", watermark="id"),
        SqlRows(url, table="pages", watermark="changed"),
        SqlRows(url, query="SELECT 1", watermark="changed"),
        SqlRows(url + "2", table="articles", watermark="changed"),
    ]
    identities = [each.identity for each in sources]
    assert len(set(identities)) == len(sources)
    assert all(each is not None and len(each) == 64 for each in identities)
    again = SqlRows(url.replace("geheim", "neu"), table="articles", watermark="changed")
    assert again.identity == identities[0]
    assert SqlRows(url, table="articles").identity is None
    assert isinstance(again, Incremental)


@pytest.mark.parametrize(
    "value", [*(value for values in MARKS.values() for value in values), 2.5, 10**30]
)
def test_a_watermark_is_kept_as_text(value: object) -> None:
    assert read_mark(spell_mark(value)) == value


# A database that goes away


def _spoil(url: str) -> None:
    """Overwrite the second half of a SQLite file."""
    path = Path(url.removeprefix("sqlite:///"))
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * (size - size // 2))


@EACH
def test_a_database_that_goes_away_ends_the_rows_and_says_after_which(
    url: str, database: str
) -> None:
    rows = [(number, "长" * 5_000) for number in range(3_000)]
    make_table(url, {"id": "INTEGER PRIMARY KEY", "body": LONG[database]}, rows)
    source = SqlRows(url, table="articles", watermark="id")
    records = source.records()
    found = [next(records)]
    (_spoil if database == "sqlite" else cut_off)(url)
    with pytest.raises(SourceUnreadable) as caught:
        found.extend(records)
    assert f"articles breaks off after row {len(found):,} (" in str(caught.value)
    assert "ingest it again" in str(caught.value)
    assert 0 < len(found) < len(rows)
    assert source.reached == spell_mark(len(found) - 1)


def test_a_locked_sqlite_file_can_still_be_read(url: str) -> None:
    make_table(url, {"id": "INTEGER"}, [(1,)])
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as writer:
        writer.execute("PRAGMA journal_mode = WAL").close()
        writer.execute("INSERT INTO articles VALUES (2)").close()
        assert values_of(SqlRows(url, table="articles")) == [{"id": 1}]


def test_a_row_that_is_too_long_is_rejected_alone(url: str) -> None:
    make_table(url, {"id": "INTEGER PRIMARY KEY", "body": "TEXT"}, [(1, "a"), (2, "雨")])
    execute(url, f"UPDATE articles SET body = zeroblob({MAX_ROW}) WHERE id = 1")
    first, second = SqlRows(url, table="articles").records()
    assert isinstance(first, Rejection)
    assert first.where == "articles id=1"
    assert json.loads(first.raw) == {UNREAD: f"articles id=1: {first.why}"}
    assert isinstance(second, Record)
