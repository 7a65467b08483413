"""Fixtures and settings for every test. Factories are in tests/factories.py."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from indexer.store import migrate
from tests.databases import DatabaseServer, Second, second_caller, served
from tests.migrated import remembering
from tests.typed_queries import analyzer

if TYPE_CHECKING:
    from tests.opensearch import Nodes

PROJECT = Path(__file__).resolve().parent.parent


# Locally, every run draws new random examples. CI draws the same ones each time: a failure there is due to the change.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("home", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "home")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the number of runs of each random fault test, of which `make test-faults` asks for more, and of OpenSearch nodes."""
    parser.addoption("--fault-seeds", type=int, default=10, help="runs of each random fault test")
    parser.addoption(
        "--opensearch-nodes", type=int, default=1, help="nodes and shards of the engine's tests"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on each kind of database that its marker ``databases`` names. The nearest marker counts.

    On MariaDB only `make test-thorough` runs it.
    """
    marker = metafunc.definition.get_closest_marker("databases")
    if marker and "database" in metafunc.fixturenames:
        kinds = [
            pytest.param(each, marks=pytest.mark.thorough) if each == "mariadb" else each
            for each in marker.args
        ]
        metafunc.parametrize("database", kinds, indirect=True)


@pytest.fixture(scope="session", autouse=True)
def _processes_share_compiled_modules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep compiled modules in a folder of this run, if the environment forbids them: tests start hundreds of processes."""
    with pytest.MonkeyPatch.context() as patch:
        if os.environ.get("PYTHONDONTWRITEBYTECODE"):
            patch.delenv("PYTHONDONTWRITEBYTECODE")
            patch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path_factory.mktemp("compiled")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _new_databases_are_made_once() -> Iterator[None]:
    """Give new SQLite databases the tables of the first one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "migrate", remembering(migrate.migrate))
        yield


@pytest.fixture(scope="session", autouse=True)
def _analyzers_share_a_dictionary() -> None:
    """Load it once and keep it: the analyzers that tests make with no words of their own share that of this one."""
    analyzer().query("预热")


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """The kind of database that the test runs on."""
    return getattr(request, "param", "sqlite")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[DatabaseServer]:
    """A PostgreSQL of this run. Without its programs the test is skipped; if CI is set, it fails."""
    yield from served("postgresql")


@pytest.fixture(scope="session")
def mariadb() -> Iterator[DatabaseServer]:
    """A MariaDB of this run. Without its programs the test is skipped; if CI is set, it fails."""
    yield from served("mariadb")


@pytest.fixture(scope="session")
def opensearch_node(request: pytest.FixtureRequest) -> Iterator[Nodes]:
    """An OpenSearch of this run, as a rule of one node. Without Java or Maven the test is skipped; if CI is set, it fails."""
    from tests.opensearch import cluster  # the client takes long to load, and few tests need it

    with cluster(request.config.getoption("--opensearch-nodes")) as nodes:
        yield nodes


@pytest.fixture
def opensearch(opensearch_node: Nodes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nodes]:
    """The OpenSearch that the test's engines use, with a shard on each node. Its indexes are removed after the test."""
    count = len(opensearch_node.urls)
    monkeypatch.setenv("SEARCH_OPENSEARCH_URL", opensearch_node.url)
    monkeypatch.setenv("SEARCH_OPENSEARCH_SHARDS", f"{count}")
    monkeypatch.setenv("SEARCH_OPENSEARCH_REPLICAS", f"{min(1, count - 1)}")
    yield opensearch_node
    opensearch_node.empty()


@pytest.fixture
def new_url(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> str:
    """A database without tables."""
    if database == "sqlite":
        return f"sqlite:///{tmp_path / 'new.sqlite3'}"
    server: DatabaseServer = request.getfixturevalue(database)
    return server.new()


@pytest.fixture
def second(request: pytest.FixtureRequest, database: str) -> Iterator[Second]:
    """Begins a call in a thread and returns when it waits for a lock of the test's database."""
    server = None if database == "sqlite" else request.getfixturevalue(database)
    with second_caller(server) as begin:
        yield begin


@pytest.fixture(autouse=True)
def _small_commits_stay_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep up to three small commits of a test as segments of their own. Otherwise most tests would search a single segment."""
    monkeypatch.setattr("indexer.columnar.files.writer.TIER_WIDTH", 4)


@pytest.fixture(scope="session")
def corpus_dir() -> Path:
    """The folder of real articles: CORPUS_DIR, or shared/data beside the project.

    If it is missing, the test is skipped with a reason. If CI is set, the test fails.
    """
    folder = Path(os.environ.get("CORPUS_DIR") or PROJECT.parent / "shared" / "data")
    if not (folder / "articles").is_dir():
        sentence = f"the real articles are not in {folder}: set CORPUS_DIR to their folder"
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    return folder
