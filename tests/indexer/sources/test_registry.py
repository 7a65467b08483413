"""Sources by name."""

from __future__ import annotations

import subprocess
import sys

import pytest

from indexer.errors import SourceUnreadable
from indexer.sources.json_lines import JsonLines
from indexer.sources.registry import SOURCES, open_source
from tests.conftest import PROJECT


def test_json_lines_are_opened_by_name() -> None:
    assert isinstance(open_source("json_lines", "news.jsonl"), JsonLines)


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
        "import sys, indexer.sources.registry; print('indexer.sources.json_lines' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "False"
