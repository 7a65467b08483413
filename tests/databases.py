"""A PostgreSQL and a MariaDB for the tests: each is started once a run, in a temporary folder, on a free port of this machine.

The programs are Debian's (packages postgresql and mariadb-server). Both servers refuse to run as root, so root starts them as the
user that the package made. Nothing here is durable: a server that dies with the machine loses nothing that anybody needs.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any, Final

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

DATABASES: Final = ("sqlite", "postgresql", "mariadb")
"""Every kind of database that the product is tested with."""

PASSWORD: Final = "a b@c:/d%"
"""Of the user that the tests are. Its characters need escapes in a URL."""

PATIENCE: Final = 60
"""Seconds that a server may take to start or to stop, and a thread to come where it is expected."""

LOOK_EVERY: Final = 0.15
"""Seconds between two looks at who waits. MariaDB looks anew only if nobody asked it for 0.1 s, and else repeats its last answer."""

Second = Callable[[Engine, Callable[[], Any]], "Future[Any]"]
"""What the fixture ``second`` gives."""

_NUMBERED: Final = ("api_keys", "jobs", "clicks", "viewers")
"""The tables whose rows the database numbers."""

_ADMIN_OF_POSTGRESQL: Final = "admin"
_FOLDERS: Final = ("/usr/lib/postgresql/*/bin", "/usr/sbin", "/usr/bin")

_USER_OF_POSTGRESQL: Final = (f"CREATE ROLE search LOGIN PASSWORD '{PASSWORD}'",)
_USER_OF_MARIADB: Final = (
    f"CREATE USER search@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'",
    # The rights that docs/operations.md names.
    "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP ON `test%`.* TO search@'127.0.0.1'",
)


@dataclass(slots=True)
class DatabaseServer:
    """A running server. ``admin`` is the URL of a user who may do everything, ``url`` that of the tests' user, who may not."""

    admin: URL
    url: URL
    process: subprocess.Popen[bytes]
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _kept: dict[str, Engine] = field(default_factory=dict)

    def new(self) -> str:
        """The URL of a new database without tables."""
        name = f"test{next(self._numbers)}"
        with self.administer() as connection:
            if self.admin.get_backend_name() == "postgresql":
                connection.execute(text(f"CREATE DATABASE {name} OWNER search TEMPLATE template0"))
            else:
                # Another character set than ours, as a server of somebody else's may have it.
                connection.execute(text(f"CREATE DATABASE {name} CHARACTER SET latin1"))
        return self.url.set(database=name).render_as_string(hide_password=False)

    def emptied(self, use: str) -> str:
        """The URL of the database for this use, its tables as they were made: to make them for each test would take too long."""
        if use not in self._kept:
            self._kept[use] = create_engine(self.new(), pool_pre_ping=True)
        engine = self._kept[use]
        with engine.begin() as connection:
            _empty(connection)
        return engine.url.render_as_string(hide_password=False)

    def close(self) -> None:
        """Close what :meth:`emptied` keeps open."""
        for each in self._kept.values():
            each.dispose()

    @contextmanager
    def administer(self) -> Iterator[Connection]:
        """A connection for statements that each stand alone."""
        engine = create_engine(self.admin, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            yield connection

    def waiting(self) -> int:
        """How many sessions wait for a lock at this moment."""
        if self.admin.get_backend_name() == "postgresql":
            query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        else:
            query = (
                "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
            )
        with self.administer() as connection:
            return int(connection.execute(text(query)).scalar_one())

    def disconnect_all(self) -> None:
        """Close every connection of the tests' user, as a server does that starts again."""
        with self.administer() as connection:
            if self.admin.get_backend_name() == "postgresql":
                connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'search'"
                    )
                )
                return
            mine = text("SELECT id FROM information_schema.processlist WHERE user = 'search'")
            for number in connection.execute(mine).scalars().all():
                with suppress(OperationalError):  # it ended meanwhile
                    connection.execute(text(f"KILL {number}"))


def _empty(connection: Connection) -> None:
    """Delete the rows, and begin numbers anew. Rows are few here, and DELETE takes less time for these than TRUNCATE."""
    for each in inspect(connection).get_table_names():
        if each.endswith("_version"):
            continue
        if each in ("revisions", "editorial_versions"):
            connection.execute(text(f"UPDATE {each} SET last = 0"))
        elif each == "runner":
            connection.execute(
                text(
                    "UPDATE runner SET number = 0, process = NULL, host = '', kernel = '', seen_at = NULL"
                )
            )
        elif connection.execute(text(f"DELETE FROM {each}")).rowcount and each in _NUMBERED:
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"ALTER SEQUENCE {each}_id_seq RESTART"))
            else:
                connection.execute(text(f"ALTER TABLE {each} AUTO_INCREMENT = 1"))


@contextmanager
def postgresql_server() -> Iterator[DatabaseServer]:
    """A new PostgreSQL."""
    initdb, postgres = _program("initdb"), _program("postgres")
    with _folder("postgres") as folder:
        port = _free_port()
        data = folder / "data"
        _make(
            [
                *(initdb, "--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"),
                *(f"--username={_ADMIN_OF_POSTGRESQL}", "-D", str(data)),
            ],
            user="postgres",
        )
        # Passwords are asked of everybody but the administrator.
        rules = f"host all {_ADMIN_OF_POSTGRESQL} 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        (data / "pg_hba.conf").write_text(rules, encoding="utf-8")
        command = [postgres, "-D", str(data), "-h", "127.0.0.1", "-p", str(port)]
        command += ["-k", str(folder), "-F", "-c", "full_page_writes=off"]
        admin = _url("postgresql+psycopg", _ADMIN_OF_POSTGRESQL, port, database="postgres")
        # SIGQUIT: the server ends at once and saves nothing.
        yield from _running(
            command, admin, _USER_OF_POSTGRESQL, user="postgres", stop=signal.SIGQUIT
        )


@contextmanager
def mariadb_server() -> Iterator[DatabaseServer]:
    """A new MariaDB."""
    install, mariadbd = _program("mariadb-install-db"), _program("mariadbd")
    with _folder("mysql") as folder:
        port = _free_port()
        data = ["--no-defaults", f"--datadir={folder}/data", "--innodb-log-file-size=8M"]
        # A server that starts deletes every temporary table in its temporary folder, also those of another server.
        data.append(f"--tmpdir={folder}")
        _make(
            [install, *data, "--auth-root-authentication-method=normal", "--skip-test-db"],
            user="mysql",
        )
        command = [mariadbd, *data, "--bind-address=127.0.0.1", f"--port={port}"]
        command += [f"--socket={folder}/socket", f"--pid-file={folder}/pid", "--skip-name-resolve"]
        command += [
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-doublewrite=0",
            "--sync-binlog=0",
        ]
        # To make ready for TLS, which is not used here, takes the driver longer than most tests.
        admin = _url("mariadb+pymysql", "root", port).set(query={"ssl_disabled": "true"})
        yield from _running(command, admin, _USER_OF_MARIADB, user="mysql", stop=signal.SIGKILL)


def served(kind: str) -> Iterator[DatabaseServer]:
    """What a session's fixture yields: the server of this kind.

    If its programs are not installed, the test is skipped with a reason. If CI is set, the test fails.
    """
    make = {"postgresql": postgresql_server, "mariadb": mariadb_server}[kind]
    package = {"postgresql": "postgresql", "mariadb": "mariadb-server"}[kind]
    try:
        with make() as server:
            yield server
    except ProgramMissing as error:
        sentence = f"there is no program {error} here: install Debian's package {package}"
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)


@contextmanager
def second_caller(server: DatabaseServer | None) -> Iterator[Second]:
    """Gives a function that begins a call, in a thread, and returns when the call waits for a lock of the engine's database.

    The server says that it waits. Of SQLite, which has no server, only its beginning is known.
    """
    with ThreadPoolExecutor(1) as thread:

        def begin(engine: Engine, call: Callable[[], Any]) -> Future[Any]:
            began = Event()
            event.listen(engine, "before_cursor_execute", lambda *_: began.set())
            future = thread.submit(call)
            assert began.wait(PATIENCE)
            until = time.monotonic() + PATIENCE
            while server and not server.waiting():
                assert not future.done(), "it did not wait"
                assert time.monotonic() < until, "it never came to wait"
                time.sleep(LOOK_EVERY)
            assert not future.done(), "it did not wait"
            return future

        yield begin


class ProgramMissing(Exception):
    """A server's program is not installed."""


def _program(name: str) -> str:
    """Where a program is. Debian keeps PostgreSQL's beside their release, and MariaDB's where only root looks."""
    if found := shutil.which(name):
        return str(Path(found).resolve())
    for pattern in _FOLDERS:
        for folder in sorted(Path("/").glob(pattern[1:]), reverse=True):
            if (folder / name).is_file():
                return str(folder / name)
    raise ProgramMissing(name)


@contextmanager
def _folder(user: str) -> Iterator[Path]:
    """A temporary folder that belongs to the user who runs the server. A test's own folder is closed to other users."""
    with tempfile.TemporaryDirectory(prefix="database-") as name:
        if os.getuid() == 0:
            shutil.chown(name, user, user)
        yield Path(name)


def _make(command: Sequence[str], *, user: str) -> None:
    done = subprocess.run(
        command,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        user=_run_by(user),
        group=_run_by(user),
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _run_by(user: str) -> str | None:
    """Who runs a child process: ``user`` if this process is root's, else the user of this process."""
    return user if os.getuid() == 0 else None


def _running(
    command: Sequence[str], admin: URL, setup: Sequence[str], *, user: str, stop: signal.Signals
) -> Iterator[DatabaseServer]:
    with subprocess.Popen(
        command,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=_run_by(user),
        group=_run_by(user),
    ) as process:
        url = admin.set(username="search", password=PASSWORD)
        server = DatabaseServer(admin, url, process)
        try:
            _wait_for(server)
            with server.administer() as connection:
                for each in setup:
                    connection.exec_driver_sql(each.replace("%", "%%"))
            yield server
        finally:
            server.close()
            process.send_signal(stop)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_for(server: DatabaseServer) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with server.administer():
                return
        except OperationalError:
            assert server.process.poll() is None, "the server ended by itself"
            assert time.monotonic() < until, "the server does not answer"
            time.sleep(0.05)


def _url(driver: str, user: str, port: int, *, database: str | None = None) -> URL:
    return URL.create(driver, user, host="127.0.0.1", port=port, database=database)


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
