"""The runner of jobs, as a row: which process of all machines it is, and when it last gave a sign of life.

Whoever becomes the runner gets a number, higher than those of all before. What a runner writes of jobs is refused when another one came
since. So one that stood still, or was cut off, puts nothing over what the next one wrote.

A lock of the database itself would not do. It lasts as long as its connection, and the connection of a machine that lost its power may
last for hours. SQLite has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, select, update

from indexer.errors import SearchIndexError
from indexer.store.dialects import for_writing, translated
from indexer.store.tables import runner as table


@dataclass(frozen=True, slots=True)
class Process:
    """A process on some machine. ``kernel`` is what all have in common that know each other by their numbers; empty if unknown."""

    number: int
    host: str
    kernel: str


@dataclass(frozen=True, slots=True)
class Runner:
    """Who runs the jobs. ``process`` is None when nobody does. ``seen_at`` is the last sign of life, in UTC, by the clock of its machine."""

    number: int
    process: Process | None
    seen_at: datetime | None


class RunnerReplaced(SearchIndexError):
    """Another process became the runner, because this one gave no sign of life for too long."""

    def __init__(self) -> None:
        super().__init__("another process became the runner: this one gave no sign of life")


class Seat:
    """The place of the runner in one database, and the number that this process had there last; 0 before it had any.

    Every method raises StoreUnavailable when the database fails.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = for_writing(engine)
        self._number = 0

    def runner(self) -> Runner:
        """Who runs the jobs."""
        with translated(self._engine.url), self._engine.connect() as connection:
            return _read(connection)

    def take(self, process: Process, *, after: Runner) -> bool:
        """Make a process the runner, and this its number. False, and no change, if there was a sign of life since ``after``."""
        with translated(self._engine.url), self._writing.begin() as connection:
            if _read(connection, hold=True) != after:
                return False
            connection.execute(
                update(table).values(
                    number=after.number + 1,
                    process=process.number,
                    host=process.host,
                    kernel=process.kernel,
                    seen_at=_now(),
                )
            )
        self._number = after.number + 1
        return True

    def beat(self) -> None:
        """Give a sign of life.

        Raises:
            RunnerReplaced: another process became the runner.
        """
        with translated(self._engine.url), self._writing.begin() as connection:
            self.keep(connection)

    def keep(self, connection: Connection) -> None:
        """Give a sign of life, and keep others from taking the place until the transaction ends. Raises what :meth:`beat` raises."""
        mine = update(table).where(table.c.number == self._number)
        if not connection.execute(mine.values(seen_at=_now())).rowcount:
            raise RunnerReplaced

    def leave(self) -> None:
        """Let another process become the runner at once. One that was replaced may leave too."""
        with translated(self._engine.url), self._writing.begin() as connection:
            mine = update(table).where(table.c.number == self._number)
            connection.execute(mine.values(process=None))


def _read(connection: Connection, *, hold: bool = False) -> Runner:
    query = select(table).with_for_update() if hold else select(table)
    row = connection.execute(query).one()
    process = None if row.process is None else Process(row.process, row.host, row.kernel)
    return Runner(row.number, process, row.seen_at and row.seen_at.replace(tzinfo=UTC))


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
