"""Engines are found by name, and only the one asked for is loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from indexer.engines.registry import ENGINES, open_engine, sharing_of, storage_of
from indexer.errors import InvalidSetting
from tests.conftest import PROJECT
from tests.contracts.engine import SHANGHAI
from tests.typed_queries import analyzer


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_is_opened_by_the_name_it_bears(name: str, tmp_path: Path) -> None:
    engine = open_engine(name, tmp_path / "index", analyzer=analyzer(), timezone=SHANGHAI)
    assert engine.name == name
    assert not (tmp_path / "index").exists()


@pytest.mark.parametrize("name", ["", "solr", "Whoosh", "memory "])
def test_an_unknown_name_is_an_invalid_setting_that_lists_the_engines(
    name: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidSetting, match=r"SEARCH_ENGINE.*memory, opensearch, whoosh"):
        open_engine(name, tmp_path, analyzer=analyzer(), timezone=SHANGHAI)


def test_an_engine_that_is_not_asked_for_is_not_loaded() -> None:
    program = (
        "import sys, indexer.engines.registry\n"
        "print([name for name in ('whoosh', 'indexer.engines.memory') if name in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["memory", "whoosh"])
def test_an_index_of_local_files_is_kept_in_its_folder_and_on_its_machine(
    name: str, tmp_path: Path
) -> None:
    folder = tmp_path / "index"
    assert storage_of(folder).size() == 0
    open_engine(name, folder, analyzer=analyzer(), timezone=SHANGHAI).create()
    storage = storage_of(folder)
    assert storage.is_local
    assert storage.size() == sum(path.stat().st_size for path in folder.iterdir()) > 0
    with storage.writing("rebuild"):
        storage.remove()
    assert [*folder.iterdir()], "who removes the folder removes it"
    assert sharing_of(name) is None
