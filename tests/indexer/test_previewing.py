"""The first records of a source, as they would be stored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from indexer.cli.main import cli
from indexer.errors import SourceUnreadable
from indexer.previewing import guessed, preview
from indexer.reading import Reading
from indexer.sources.registry import open_source
from tests.indexer.site import SHANGHAI

TABLE = (
    "稿件编号,标题,内容,空\n"
    "c-1,渡口茶会,茶会在老樟树下开了一天。,\n"
    "c-2,,,\n"
    "c-3,水库水位,水位又降了一指。,有\n"
)
MAPPING = {"稿件编号": "id", "标题": "title", "内容": "body"}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "稿件.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def test_each_record_becomes_an_article_or_has_a_reason(table: Path) -> None:
    reading = Reading(timezone=SHANGHAI, mapping=MAPPING)
    found = preview(open_source(None, str(table)), reading, size=5)
    assert found.keys == {
        "稿件编号": "c-1",
        "标题": "渡口茶会",
        "内容": "茶会在老樟树下开了一天。",
        "空": "有",
    }
    assert [each.article and each.article["id"] for each in found.records] == ["c-1", None, "c-3"]
    assert "neither a title nor a body" in found.records[1].why
    assert found.records[0].where.endswith("稿件.csv:2")


def test_usual_keys_are_guessed(table: Path) -> None:
    found = preview(open_source(None, str(table)), Reading(timezone=SHANGHAI), size=1, guess=True)
    assert found.mapping == MAPPING
    assert found.records[0].article is not None
    assert guessed(["编号", "title", "标题", "内容", "正文", " Category ", "浏览量"]) == {
        "编号": "id",
        "内容": "body",
        " Category ": "channel",
    }


def test_no_more_than_the_first_records_are_read(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    lines = [json.dumps({"id": f"a-{number}", "title": "长" * 500}) for number in range(9)]
    path.write_text("\n".join([*lines, "\x00"]), encoding="utf-8")
    found = preview(open_source("json", str(path)), Reading(timezone=SHANGHAI), size=3)
    assert len(found.records) == 3
    assert found.keys["title"] == "长" * 120 + "…"


def test_what_no_source_reads_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(SourceUnreadable):
        preview(open_source(None, str(path)), Reading(timezone=SHANGHAI), size=3)


def test_the_command_shows_it_and_stores_nothing(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = table.parent / "instance" / "articles.sqlite3"
    monkeypatch.setenv("SEARCH_STORE_URL", f"sqlite:///{store}")
    maps = [part for key, name in MAPPING.items() for part in ("--map", f"{key}={name}")]
    done = CliRunner().invoke(cli, ["preview", str(table), *maps, "--size", "2"])
    assert done.exit_code == 0, done.output
    assert "title: 渡口茶会" in done.output
    assert "neither a title nor a body" in done.output
    assert "水库水位" not in done.output
    as_json = CliRunner().invoke(cli, ["preview", str(table), *maps, "--json"])
    assert [each["article"] is None for each in json.loads(as_json.output)["records"]] == [
        False,
        True,
        False,
    ]
    assert not store.exists()
    both = CliRunner().invoke(cli, ["preview", str(table), *maps, "--guess"])
    assert both.exit_code == 2
    assert "exclude each other" in both.output
