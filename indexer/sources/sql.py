"""Records from a database: the rows of a table or of a query, by any URL of SQLAlchemy.

The rows are read with plain SQL, so no value is lost to a type that the database does not enforce. Nothing is written there.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import URL, Connection, CursorResult, bindparam, inspect, text
from sqlalchemy.types import NullType

from indexer.errors import InvalidSetting, SourceUnreadable, StoreUnavailable
from indexer.records import Record, Rejection
from indexer.said import Said
from indexer.sources.databases import MYSQL, connected, read_url, rows_of
from indexer.sources.row_values import plain, read_mark, spell_mark, spelt, typed
from indexer.store.dialects import shown

MAX_ROW: Final = 8 * 1024 * 1024
"""Characters of the longest row, as JSON; longer ones are rejected. As for lines: an article at its limits takes less than half."""

_ROWS: Final = 50
"""Rows that are fetched at a time. They bound memory: 75 MB if every body is as long as an article's may be, usually 0.3 MB."""
_NAMED: Final = 20
"""The most tables or columns that an error lists."""
_MAX_KEY: Final = 100
"""The most characters of a row's key that its place repeats."""
_MAX_SHOWN: Final = 60
"""The most characters of a query that an error repeats."""
_NO_WORDS: Final = re.compile(
    r"""--[^\n]*|/\*(?!!).*?\*/|'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`""", re.DOTALL
)
"""What is no word of SQL: comments (MySQL does what stands in one with !), texts and quoted names."""
_WRITES: Final = frozenset(("insert", "update", "delete", "merge"))


class SqlRows:
    """The rows of one table (``table`` or ``schema.table``), or of one query.

    With a ``watermark``, a column that grows whenever a row changes, rows come in its order. If ``since`` is given, only rows that
    have at least this value come, and those that have none. ``since`` is what :attr:`reached` was in the last run.

    Raises:
        InvalidSetting: the query is no SELECT. It was sent nowhere.
    """

    def __init__(
        self,
        url: str,
        *,
        table: str | None = None,
        query: str | None = None,
        watermark: str | None = None,
        since: str | None = None,
    ) -> None:
        if query is not None:
            _check_reads(query)
        self._given = url
        self._table, self._query, self._watermark = table, query, watermark
        self._name = table or "query"
        self._last: object = None
        self.since = since
        self.columns: tuple[str, ...] = ()

    @property
    def identity(self) -> str | None:
        """The name under which ``reached`` is kept: 64 hex digits. None without a watermark: then every run reads all rows."""
        if self._watermark is None:
            return None
        parts = [shown(self._url().set(password=None)), self._table, self._query, self._watermark]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @property
    def reached(self) -> str | None:
        """The watermark of the last row that was given; None before the first one."""
        return None if self._last is None else spell_mark(self._last)

    def records(self) -> Iterator[Record | Rejection]:
        """See ``Source.records``. A row's place is its primary key, or its number where there is none."""
        number = 0
        url = self._url()
        try:
            with connected(url) as connection:
                statement, key = self._select(connection, url)
                with rows_of(connection, statement, self._parameters(), batch=_ROWS) as rows:
                    columns = self._columns(rows, url)
                    self.columns = tuple(columns)
                    for number, row in enumerate(rows, start=1):
                        values = dict(zip(columns, row, strict=True))
                        self._note(values, columns, url)
                        yield self._record(values, columns, key, number)
        except StoreUnavailable as error:
            raise SourceUnreadable(shown(url), self._break(number, error.why)) from error

    def count(self) -> int:
        """See ``Source.count``: the rows of the table; 0 for a query, since to count its rows may cost as much as to read them."""
        url = self._url()
        try:
            with connected(url) as connection:
                rows, _ = self._rows(connection, url)
                if self._query is not None:
                    return 0
                statement = text(f"SELECT count(*) FROM {rows}{self._where(connection)}")
                found: int = connection.execute(
                    self._bound(statement), self._parameters()
                ).scalar_one()
        except StoreUnavailable as error:
            raise SourceUnreadable(shown(url), self._break(0, error.why)) from error
        return found

    def _url(self) -> URL:
        return read_url(self._given)

    def _break(self, rows: int, why: str) -> str:
        if not rows:
            return Said("the rows of {table} cannot be read: {why}", table=self._name, why=why)
        return Said(
            "{table} breaks off after row {rows:,} ({why}): ingest it again",
            table=self._name,
            rows=rows,
            why=why,
        )

    def _rows(self, connection: Connection, url: URL) -> tuple[str, tuple[str, ...]]:
        """What stands after FROM, and the columns of the primary key.

        Raises:
            SourceUnreadable: there is no such table, or neither or both of table and query were given.
        """
        if (self._table is None) == (self._query is None):
            raise SourceUnreadable(
                shown(url),
                Said("give either a table or a query: --table NAME, or --query 'SELECT ...'"),
            )
        if self._query is not None:
            return f"({_verbatim(self._query)}\n) records", ()
        inspector = inspect(connection)
        schema, name = None, self._table or ""
        if not inspector.has_table(name):
            schema, _, name = name.rpartition(".")
            if not schema or not inspector.has_table(name, schema=schema):
                names = [*inspector.get_table_names(), *inspector.get_view_names()]
                raise SourceUnreadable(
                    shown(url),
                    Said(
                        "has no table {table!r}; it has {names}",
                        table=self._table,
                        names=_listed(names),
                    ),
                )
        key = inspector.get_pk_constraint(name, schema=schema)["constrained_columns"]
        quote = connection.dialect.identifier_preparer.quote_identifier
        return ".".join(quote(each) for each in (schema, name) if each), tuple(key)

    def _select(self, connection: Connection, url: URL) -> tuple[Any, tuple[str, ...]]:
        """The statement, and the columns of the primary key."""
        rows, key = self._rows(connection, url)
        if self._watermark is None:
            return text(_verbatim(self._query) if self._query else f"SELECT * FROM {rows}"), key
        mark = connection.dialect.identifier_preparer.quote_identifier(self._watermark)
        order = f"{self._where(connection)} ORDER BY {mark}"
        return self._bound(text(f"SELECT * FROM {rows}{order}")), key

    def _where(self, connection: Connection) -> str:
        """Only rows that have at least the watermark, since others may have come with the same one, and those without any."""
        if self._watermark is None or self.since is None:
            return ""
        mark = connection.dialect.identifier_preparer.quote_identifier(self._watermark)
        return f" WHERE {mark} >= :since OR {mark} IS NULL"

    def _bound(self, statement: Any) -> Any:
        """The statement, whose parameter has no type: the database takes that of the column."""
        if not self._parameters():
            return statement
        return statement.bindparams(bindparam("since", type_=NullType()))

    def _parameters(self) -> dict[str, object]:
        if self._watermark is None or self.since is None:
            return {}
        return {"since": read_mark(self.since)}

    def _columns(self, result: CursorResult[Any], url: URL) -> dict[str, int | None]:
        """The columns, each with its type in MySQL's protocol; None for other databases.

        Raises:
            SourceUnreadable: there are no rows, a name stands twice, or none is that of the watermark.
        """
        if not result.returns_rows:
            raise SourceUnreadable(shown(url), Said("the query gives no rows: write a SELECT"))
        names = list(result.keys())
        if twice := sorted({each for each in names if names.count(each) > 1}):
            raise SourceUnreadable(
                shown(url),
                Said(
                    "two columns are called {name!r}: give one another name, as in SELECT a.id AS {name}_2",
                    name=twice[0],
                ),
            )
        if self._watermark is not None and self._watermark not in names:
            raise SourceUnreadable(
                shown(url),
                Said(
                    "has no column {column!r} in {table}; it has {names}",
                    column=self._watermark,
                    table=self._name,
                    names=_listed(names),
                ),
            )
        if result.dialect.name not in MYSQL:
            return dict.fromkeys(names)
        description = cast("list[tuple[str, int]]", result.cursor.description)
        return dict(zip(names, (each[1] for each in description), strict=True))

    def _note(self, values: dict[str, Any], columns: Mapping[str, int | None], url: URL) -> None:
        """Note the watermark of a row.

        Raises:
            SourceUnreadable: it holds bytes, which have no order that two databases share.
        """
        if self._watermark is None:
            return
        value = typed(values[self._watermark], columns[self._watermark])
        if isinstance(value, bytes | bytearray | memoryview):
            raise SourceUnreadable(
                shown(url),
                f"{self._watermark} holds bytes: a watermark is a time, a number or a text",
            )
        # What is no time in a column of times is PostgreSQL's infinity, behind which no row would ever come.
        if value is not None and (
            isinstance(value, datetime) or not isinstance(self._last, datetime)
        ):
            self._last = value

    def _record(
        self,
        row: Mapping[str, Any],
        columns: Mapping[str, int | None],
        key: tuple[str, ...],
        number: int,
    ) -> Record | Rejection:
        values = {name: plain(typed(value, columns[name])) for name, value in row.items()}
        named = ", ".join(f"{each}={values[each]}" for each in key if each in values)
        where = f"{self._name} {named[:_MAX_KEY] if named else f'row {number}'}"
        if len(named) > _MAX_KEY:
            where += f"... row {number}"
        raw = json.dumps(values, ensure_ascii=False, default=spelt)
        if len(raw) > MAX_ROW:
            return Rejection.unread(
                where, Said("longer than {limit:,} characters, not copied", limit=MAX_ROW)
            )
        return Record(where, values, raw)


def _check_reads(query: str) -> None:
    """Check that a query only reads. MySQL would not take a DROP back, though nothing is ever committed."""
    words = re.findall(r"\w+", _NO_WORDS.sub(" ", query).lower())
    kind = words[0] if words else ""
    if kind not in ("select", "with") or (kind == "with" and not _WRITES.isdisjoint(words)):
        shown_query = " ".join(query.split())
        if len(shown_query) > _MAX_SHOWN:
            shown_query = f"{shown_query[:_MAX_SHOWN]}..."
        raise InvalidSetting(
            "--query",
            shown_query,
            "only a SELECT is allowed, since nothing is changed there: write one",
        )


def _verbatim(query: str) -> str:
    """A query for ``text()``, which would take a colon for the beginning of a parameter."""
    return query.strip().rstrip(";").replace(":", "\\:")


def _listed(names: list[str]) -> str:
    if not names:
        return "none"
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
