"""Rebuilds that are not promoted, and what becomes of their generations, as an admin types it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from indexer.cli.given import Given
from indexer.cli.main import cli
from indexer.command_line import run
from indexer.editorial.lines import read_entry
from indexer.generations import Generations
from indexer.promotion_checks import CHECKS
from indexer.store.database import open_editorial, open_store
from tests.factories import article
from tests.indexer.site import asking_as_readers

Shell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def generations(tmp_path: Path) -> Generations:
    return Generations(tmp_path / "index_data")


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Run a command line here, handed what asks as readers do, over a store of two articles."""
    url = f"sqlite:///{tmp_path}/articles.sqlite3"
    monkeypatch.setenv("SEARCH_INDEX_DIR", str(tmp_path / "index_data"))
    monkeypatch.setenv("SEARCH_STORE_URL", url)
    with closing(open_store(url)) as store:
        store.put([article("a-1", title="渡口开航"), article("a-2", title="茶馆开门")])

    def execute(*args: str) -> tuple[int, str, str]:
        code = run(
            cli, name="python -m indexer", args=args, given=Given(lambda: asking_as_readers(url))
        )
        return code, *capsys.readouterr()

    return execute


def expect(tmp_path: Path, line: str) -> None:
    with closing(open_editorial(f"sqlite:///{tmp_path}/articles.sqlite3")) as store:
        store.put("golden", [read_entry("golden", line)], replace=True)


def test_what_is_not_promoted_waits_until_it_is(shell: Shell, generations: Generations) -> None:
    assert shell("rebuild")[0] == 0
    code, out, err = shell("rebuild", "--no-promote")
    assert code == 0
    assert out.startswith("generation 000002 is complete and waits: 2 articles")
    assert "passed    own titles: 0 of 2 sampled articles" in out
    assert "next: python -m indexer generations promote 000002" in err
    assert generations.live_name() == "000001"
    rows = [line.split() for line in shell("generations", "list")[1].splitlines()[3:] if line]
    assert (rows[0][:2], rows[1][:3]) == (["000001", "live"], ["000002", "never", "live"])
    assert shell("rebuild", "--if-needed")[1].startswith("nothing: ")
    assert shell("generations", "promote", "000002")[1] == "generation 000002 is live\n"
    assert shell("generations", "rollback")[1] == "generation 000001 is live\n"


def test_a_failed_check_is_said_shown_and_overruled(
    shell: Shell, generations: Generations, tmp_path: Path
) -> None:
    shell("rebuild")
    expect(tmp_path, "渡口 => a-1 a-9")
    code, out, err = shell("rebuild")
    assert code == 1
    assert out.startswith("generation 000002 is complete and waits")
    assert "failed    golden: 0 of 1 golden queries find their articles" in out
    assert "          渡口: expected a-1 a-9; found a-1" in out
    assert "not live, for checks failed" in err
    assert "generations promote 000002 --force" in err
    _, shown, _ = shell("generations", "checks", "000002")
    assert shown in out
    assert "golden failed" in shell("generations", "list")[1]
    code, out, err = shell("generations", "promote", "000002")
    assert (code, out) == (2, "")
    assert "error: generation 000002 failed its checks and is not live (golden: 0 of 1" in err
    assert generations.live_name() == "000001"
    assert shell("generations", "promote", "000002", "--force")[0] == 0
    code, out, _ = shell("rebuild", "--force")
    assert code == 0
    assert out.startswith("generation 000003 is live")


def test_a_generation_that_was_rolled_back_is_not_promoted_again_by_itself(
    shell: Shell, generations: Generations, tmp_path: Path
) -> None:
    shell("rebuild")
    shell("rebuild")
    shell("generations", "rollback")
    assert shell("rebuild", "--if-needed")[1].startswith("nothing: ")
    with closing(open_store(f"sqlite:///{tmp_path}/articles.sqlite3")) as store:
        store.put([article("a-3")])
    out = shell("rebuild", "--if-needed")[1]
    assert out.startswith("applied changes: ")
    assert "generation 000001: 1 put" in out
    assert generations.live_name() == "000001"


def test_checks_that_are_missing_or_damaged_are_told(
    shell: Shell, generations: Generations
) -> None:
    shell("rebuild")
    folder = generations.live().folder
    (folder / CHECKS).write_bytes(b"{")
    assert "damaged: it does not hold checks" in shell("generations", "list")[1]
    assert shell("generations", "checks", "000001")[0] == 2
    (folder / CHECKS).unlink()
    assert "was made without checks" in shell("generations", "checks", "000001")[2]
