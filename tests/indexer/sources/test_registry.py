"""Sources by name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from indexer.errors import SourceUnreadable
from indexer.sources.csv_files import CsvFile
from indexer.sources.json_files import JsonFile
from indexer.sources.registry import SOURCES, open_source
from tests.conftest import PROJECT


def test_json_is_opened_by_name() -> None:
    assert isinstance(open_source("json", "news.jsonl"), JsonFile)


def test_a_job_of_an_earlier_release_still_names_its_kind() -> None:
    assert isinstance(open_source("json_lines", "news.jsonl"), JsonFile)


def test_without_a_kind_the_content_decides(tmp_path: Path) -> None:
    file = tmp_path / "news.txt"
    file.write_text("id\ttitle\na-1\t晨雾散去\na-2\t渡船复航\n", encoding="gb18030")
    assert isinstance(open_source(None, str(file)), CsvFile)


def test_a_kind_that_no_source_reads_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "news.json"
    file.write_text('{"id": "a-1"}\n', encoding="utf-8")
    monkeypatch.delitem(SOURCES, "json")
    with pytest.raises(SourceUnreadable, match="is JSON, which no source here reads"):
        open_source(None, str(file))


def test_an_unknown_kind_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(SourceUnreadable) as caught:
        open_source("papyrus", "news.papyrus")
    assert "'papyrus'" in str(caught.value)
    assert all(kind in str(caught.value) for kind in SOURCES)


@pytest.mark.parametrize("kind", SOURCES)
def test_every_kind_in_the_table_exists(kind: str) -> None:
    assert callable(open_source(kind, "anything").records)


def test_no_source_is_imported_before_it_is_opened() -> None:
    code = (
        "import sys, indexer.sources.registry; print('indexer.sources.json_files' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "False"
