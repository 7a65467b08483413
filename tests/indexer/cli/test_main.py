"""``python -m indexer`` as a person types it: what it prints where, and the exit code."""

from __future__ import annotations

import gzip
import json
import os
import pty
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import click
import pytest

from indexer.build_progress import BuildProgress
from indexer.cli.main import cli
from indexer.cli.progress import figures
from indexer.command_line import run
from indexer.generations import Generations
from indexer.rejects import rejects_name
from indexer.store.database import open_store
from tests.conftest import PROJECT
from tests.factories import NOON, article, give_format
from tests.indexer.analysis.test_new_words import texts
from tests.indexer.columnar.files.steps import FullForMerges, watch

Shell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An index and a store of this test's own."""
    return {
        "SEARCH_INDEX_DIR": str(tmp_path / "index_data"),
        "SEARCH_STORE_URL": f"sqlite:///{tmp_path}/articles.sqlite3",
        "SEARCH_ENGINE": "memory",
        "SEARCH_KEEP_GENERATIONS": "2",
    }


@pytest.fixture
def shell(
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shell:
    """Run a command line here; returns exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def execute(*args: str, **settings: str) -> tuple[int, str, str]:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in settings.items():
                patch.setenv(name, value)
            code = run(cli, name="python -m indexer", args=args)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return execute


def process(environment: dict[str, str], *args: str) -> list[str]:
    """The command line of a real process, with settings in front."""
    settings = [f"{name}={value}" for name, value in environment.items()]
    return ["env", *settings, f"PYTHONPATH={PROJECT}", sys.executable, "-m", "indexer", *args]


def write_lines(path: Path, *records: object) -> Path:
    lines = "".join(
        f"{each if isinstance(each, str) else json.dumps(each, ensure_ascii=False)}\n"
        for each in records
    )
    path.write_text(lines, encoding="utf-8")
    return path


def record(number: int, **values: object) -> dict[str, object]:
    return {"id": f"n-{number}", "title": f"第{number}号渡口重新开航", **values}


def generations(environment: dict[str, str]) -> Generations:
    return Generations(Path(environment["SEARCH_INDEX_DIR"]))


# Ingest


def test_ingest_stores_articles_and_says_what_to_do_next(shell: Shell, tmp_path: Path) -> None:
    write_lines(tmp_path / "news.jsonl", record(1), record(2))
    code, out, err = shell("ingest", "news.jsonl")
    assert code == 0
    assert out.startswith("read 2: 2 created, 0 updated, 0 unchanged, 0 rejected; ")
    assert "peak memory" in out
    assert "otherwise: python -m indexer rebuild --if-needed" in err
    assert not (tmp_path / "rejects-news.jsonl").exists()


@pytest.mark.parametrize(
    "content", ["[]", '{"code": 0, "data": {"list": [], "total": 0}}', "id,title\n", "id;title\r\n"]
)
def test_a_file_without_records_is_said_to_hold_none(
    shell: Shell, tmp_path: Path, content: str
) -> None:
    (tmp_path / "news").write_text(content, encoding="utf-8")
    code, out, err = shell("ingest", "news")
    assert code == 0
    assert out.startswith("read 0: 0 created")
    assert err.startswith("nothing was read: there are no records in it")


def test_an_unchanged_file_changes_nothing(shell: Shell, tmp_path: Path) -> None:
    write_lines(tmp_path / "news.jsonl", record(1), record(2))
    shell("ingest", "news.jsonl")
    code, out, err = shell("ingest", "news.jsonl")
    assert code == 0
    assert out.startswith("read 2: 0 created, 0 updated, 2 unchanged")
    assert "next:" not in err


def test_rejected_records_are_named_kept_and_show_in_the_exit_code(
    shell: Shell, tmp_path: Path
) -> None:
    write_lines(tmp_path / "news.jsonl", record(1), "{ no json", record(2, title=""))
    code, out, err = shell("ingest", "news.jsonl")
    assert code == 1
    assert "1 created" in out
    assert "2 rejected" in out
    assert "rejected news.jsonl:2: " in err
    assert "rejected news.jsonl:3: title: neither a title nor a body" in err
    assert "put right and ingest again: rejects-news.jsonl" in err
    assert (tmp_path / "rejects-news.jsonl").read_text(encoding="utf-8").startswith("{ no json\n")


def test_many_rejections_are_counted_not_listed(shell: Shell, tmp_path: Path) -> None:
    write_lines(tmp_path / "news.jsonl", *(["{nonsense"] * 8))
    _, _, err = shell("ingest", "news.jsonl", "--rejects", "bad.jsonl")
    assert err.count("rejected news.jsonl:") == 5
    assert "... and 3 more" in err
    assert len((tmp_path / "bad.jsonl").read_text(encoding="utf-8").splitlines()) == 8


def test_a_table_needs_no_option(shell: Shell, tmp_path: Path, environment: dict[str, str]) -> None:
    table = "编号,标题\nt-1,晨雾散去\nt-2,渡船复航\n"
    (tmp_path / "稿件.xls").write_text(table, encoding="gb18030")
    code, _, _ = shell("ingest", "稿件.xls", "--map", "编号=id", "--map", "标题=title")
    assert code == 0
    store = open_store(environment["SEARCH_STORE_URL"])
    stored = store.get("t-2")
    store.close()
    assert stored is not None
    assert stored.title == "渡船复航"


@pytest.mark.parametrize(
    ("content", "options", "sentence"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\n" * 50, (), "is a PDF: save its text as a page"),
        (b"id,title\na-1,x\n" * 50, ("--source", "json"), "read it with --source csv"),
        (b"", (), "if that is as it should be, name its kind"),
    ],
)
def test_the_wrong_kind_of_file_is_one_sentence(
    shell: Shell, tmp_path: Path, content: bytes, options: tuple[str, ...], sentence: str
) -> None:
    (tmp_path / "news").write_bytes(content)
    code, _, err = shell("ingest", "news", *options)
    assert code == 2
    assert "rejected news:" not in err
    assert err.count("error: ") == 1
    assert sentence in err
    assert not list(tmp_path.glob("rejects-*"))


def test_rejects_can_be_put_right_and_ingested_again(shell: Shell, tmp_path: Path) -> None:
    write_lines(tmp_path / "news.jsonl", record(1), record(2, title=""))
    shell("ingest", "news.jsonl")
    rejects = tmp_path / "rejects-news.jsonl"
    rejects.write_text(
        rejects.read_text(encoding="utf-8").replace('"title": ""', '"title": "补上的标题"'),
        encoding="utf-8",
    )
    code, out, _ = shell("ingest", str(rejects))
    assert (code, "1 created" in out) == (0, True)


def test_rejected_rows_of_a_table_are_corrected_and_ingested_with_the_same_mapping(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "旧稿.csv").write_text(
        "编号,标题,栏目\n1,早班船,地方\n2,晚班船,地方,多出来的\n3,,地方\n,夜航,地方\n",
        encoding="utf-8",
    )
    maps = ("--map", "编号=id", "--map", "标题=title", "--map", "栏目=channel")
    assert "1 created, 0 updated, 0 unchanged, 3 rejected" in shell("ingest", "旧稿.csv", *maps)[1]
    rejects = tmp_path / "rejects-旧稿.csv.jsonl"
    lines = [json.loads(line) for line in rejects.read_text(encoding="utf-8").splitlines()]
    code, out, err = shell("ingest", rejects.name, *maps)
    assert (code, "3 rejected" in out) == (1, True), "none is right as it is"
    assert "4 cells for 3 columns" in err
    del lines[0]["_rejected"]
    lines[1]["标题"], lines[2]["编号"] = "补题", "4"
    write_lines(rejects, *lines)
    code, out, err = shell("ingest", rejects.name, *maps)
    assert (code, "3 created, 0 updated, 0 unchanged, 0 rejected" in out) == (0, True)
    assert f"{rejects.name} is removed" in err
    assert not list(tmp_path.glob("rejects-*"))


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("news.jsonl", "rejects-news.jsonl"),
        ("/data/news.jsonl.gz", "rejects-news.jsonl"),
        ("news.json", "rejects-news.jsonl"),
        ("news.ndjson.gz", "rejects-news.jsonl"),
        ("2024.10.19", "rejects-2024.10.19.jsonl"),
        ("新闻", "rejects-新闻.jsonl"),
        ("-", "rejects-stdin.jsonl"),
        ("rejects-news.jsonl", "rejects-news.jsonl"),
    ],
)
def test_the_rejects_file_is_named_after_the_input(file: str, name: str) -> None:
    assert rejects_name(file) == name


def test_keys_are_mapped_to_fields_and_unused_ones_are_named(
    shell: Shell, tmp_path: Path, environment: dict[str, str]
) -> None:
    path = tmp_path / "news.jsonl.gz"
    line = json.dumps(record(1, category="社会/交通", outlet="江畔日报", shoe_size=43))
    path.write_bytes(gzip.compress(f"{line}\n".encode()))
    code, _, err = shell("ingest", str(path), "--map", "category=channel", "--map", "outlet=source")
    assert code == 0
    assert "keys that were not used: shoe_size" in err
    store = open_store(environment["SEARCH_STORE_URL"])
    stored = store.get("n-1")
    store.close()
    assert stored is not None
    assert (stored.channel, stored.source) == ("社会/交通", "江畔日报")


def test_a_key_that_no_record_has_is_a_warning_and_a_column_that_is_not_there_an_error(
    shell: Shell, tmp_path: Path
) -> None:
    write_lines(tmp_path / "news.jsonl", record(1, category="地方"))
    code, out, err = shell("ingest", "news.jsonl", "--map", "catgory=channel")
    assert (code, "1 created" in out) == (0, True)
    assert "warning: no record has the key 'catgory' that --map or --deleted names" in err
    _, out, _ = shell("reconcile", "news.jsonl", "--map", "catgory=channel")
    assert "no record has the key 'catgory'" in out
    (tmp_path / "news.csv").write_text("id,title,category\nn-2,雨,地方\n", encoding="utf-8")
    for command in ("ingest", "reconcile"):
        code, out, err = shell(command, "news.csv", "--map", "catgory=channel")
        assert (code, out) == (2, "")
        assert "there is no column 'catgory', did you mean 'category'?" in err


@pytest.mark.parametrize("mapping", ["channel", "=channel", "category=", "category=chanel"])
def test_a_mapping_that_makes_no_sense_is_named(shell: Shell, tmp_path: Path, mapping: str) -> None:
    write_lines(tmp_path / "news.jsonl", record(1))
    code, out, err = shell("ingest", "news.jsonl", "--map", mapping)
    assert (code, out) == (2, "")
    assert mapping in err


def test_ingest_if_empty_does_nothing_the_second_time(shell: Shell, tmp_path: Path) -> None:
    write_lines(tmp_path / "news.jsonl", record(1))
    assert "1 created" in shell("ingest", "news.jsonl", "--if-empty")[1]
    code, out, _ = shell("ingest", "missing.jsonl", "--if-empty")
    assert (code, out) == (0, "nothing to do: the store holds 1 article\n")


def test_a_missing_file_is_one_line(shell: Shell) -> None:
    code, out, err = shell("ingest", "missing.jsonl")
    assert (code, out) == (2, "")
    assert err.startswith("error: missing.jsonl: ")
    assert err.count("\n") == 1


def test_a_file_that_breaks_off_keeps_what_came_before(shell: Shell, tmp_path: Path) -> None:
    whole = gzip.compress(
        b"".join(json.dumps(record(number)).encode() + b"\n" for number in range(2_000))
    )
    (tmp_path / "news.jsonl.gz").write_bytes(whole[: len(whole) * 3 // 4])
    code, out, err = shell("ingest", "news.jsonl.gz")
    assert code == 2
    assert "created" in out
    assert "error: news.jsonl.gz" in err
    assert shell("status")[1].startswith("store")
    assert not shell("status")[1].startswith("store       0 articles")


def test_standard_input_is_a_file_too(environment: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        process(environment, "ingest", "-"),
        input=json.dumps(record(1)).encode(),
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    assert done.stdout.startswith(b"read 1: 1 created")


# Delete, analyze


def test_regroup_finds_the_reprints_of_a_store_that_was_filled_without_groups(
    shell: Shell, tmp_path: Path
) -> None:
    body = "溪口镇的渡船今天早上七点开航，船上坐着去对岸赶集的人。" * 3
    records = ({"id": each, "title": f"渡船{each}", "body": body} for each in "ab")
    shell("ingest", str(write_lines(tmp_path / "in.jsonl", *records)))
    with closing(sqlite3.connect(tmp_path / "articles.sqlite3", isolation_level=None)) as raw:
        raw.execute("UPDATE articles SET duplicate_group = NULL, duplicate_keys = NULL")
        raw.execute("DELETE FROM duplicate_keys")
    code, out, err = shell("regroup")
    assert (code, out) == (0, "looked at 2 articles: 2 changed group\n")
    assert "otherwise: python -m indexer rebuild --changes" in err
    assert shell("regroup") == (0, "looked at 0 articles: 0 changed group\n", "")


def test_a_deleted_article_leaves_the_index_with_the_next_changes(
    shell: Shell, tmp_path: Path
) -> None:
    write_lines(tmp_path / "news.jsonl", record(1), record(2))
    shell("ingest", "news.jsonl")
    shell("rebuild")
    code, out, err = shell("delete", "n-1")
    assert (code, out) == (0, "deleted 1 article\n")
    assert "otherwise: python -m indexer rebuild --changes" in err
    code, out, _ = shell("rebuild", "--changes")
    assert code == 0
    assert out.startswith("generation 000001: 0 put, 1 deleted, now 1 article at revision 3; ")


def test_unknown_ids_are_named(shell: Shell, tmp_path: Path) -> None:
    write_lines(tmp_path / "news.jsonl", record(1))
    shell("ingest", "news.jsonl")
    code, out, err = shell("delete", "n-1", "x-7", "n-1", "x-8")
    assert (code, out) == (1, "deleted 1 article\n")
    assert "not in the store: x-7, x-8" in err


def test_analyze_shows_the_tokens_of_both_modes(shell: Shell) -> None:
    code, out, err = shell("analyze", "渡口的船")
    assert (code, err) == (0, "")
    index, query = out.split("query\n")
    assert index.startswith("index")
    assert [line.split() for line in index.splitlines() if line.startswith("  渡口")] == [
        ["渡口", "0", "0", "2"]
    ]
    assert "的" not in query.split("folded")[0]
    assert "\nfolded       渡口的船\n" in query
    assert "\ngrams        口的 渡口 的船 船␣\n" in query
    assert "\nignored      的\nfingerprint  " in query


def test_analyze_takes_text_as_it_stands(shell: Shell) -> None:
    code, out, _ = shell("analyze", "[bold]渡口[/bold] :smile:")
    assert code == 0
    assert "bold" in out
    assert "smile" in out


# Rebuild


def test_rebuild_says_what_it_made_and_what_to_try(shell: Shell, tmp_path: Path) -> None:
    write_lines(tmp_path / "news.jsonl", record(1), record(2))
    shell("ingest", "news.jsonl")
    code, out, err = shell("rebuild")
    assert code == 0
    assert out.startswith("generation 000001 is live: 2 articles, revision 2, ")
    assert "/s)" in out
    assert "peak memory" in out
    assert err.startswith("scan\nindex: 2\nindex: 2 of 2")
    assert "try: python -m search_service search" in err


def test_rebuild_names_what_it_removed_and_applied(
    shell: Shell, tmp_path: Path, environment: dict[str, str]
) -> None:
    write_lines(tmp_path / "news.jsonl", record(1))
    shell("ingest", "news.jsonl")
    shell("rebuild")
    shell("rebuild")
    root = generations(environment)
    with root.lock():
        root.begin()
    _, _, err = shell("rebuild")
    assert "removed what an unfinished rebuild left: 000003" in err
    assert "removed old generations: 000001" in err


def test_the_words_that_a_rebuild_found_are_listed(shell: Shell, tmp_path: Path) -> None:
    body = "".join(texts("晴川谷"))
    shell("ingest", str(write_lines(tmp_path / "a.jsonl", record(1, body=body))))
    _, _, err = shell("rebuild")
    assert "found 1 word that the dictionary lacks" in err
    code, out, _ = shell("words", "found")
    assert code == 0
    assert out.split()[0] == "晴川谷"
    code, out, _ = shell("words", "mine")
    assert code == 0
    comment, line = out.splitlines()
    assert comment.startswith("# 1 article: ")
    assert line.split()[0] == "晴川谷"
    (tmp_path / "mined.txt").write_text(out, encoding="utf-8")
    assert "1 added" in shell("editorial", "import", "words", "mined.txt")[1]
    shell("editorial", "add", "words", "--", "-晴川谷")
    assert "found" not in shell("rebuild")[2]
    assert shell("words", "found")[1] == ""


def test_words_are_previewed_and_applied(shell: Shell, tmp_path: Path) -> None:
    lines = (record(n, title=f"标题{n}") for n in range(9))
    write_lines(tmp_path / "a.jsonl", *lines, record(9, title="去晴川谷物市场"))
    shell("ingest", "a.jsonl")
    shell("rebuild")
    code, _, err = shell("editorial", "add", "words", "晴川谷")
    assert code == 0
    assert "next: python -m indexer words preview" in err
    assert "python -m indexer words apply" in shell("status")[1]
    code, out, err = shell("words", "preview")
    assert code == 0
    assert out.splitlines()[0].startswith("added 晴川谷: 1 of 10 articles are touched; ")
    assert out.splitlines()[1].endswith("去 晴川 谷物 市场 -> 去 晴川谷 物 市场")
    code, out, _ = shell("words", "apply")
    assert code == 0
    assert out.startswith(
        "added 晴川谷; articles indexed anew: 1\ngeneration 000002 is live: 10 articles"
    )
    assert "words       1 applied since all articles were indexed" in shell("status")[1]
    assert shell("words", "apply")[1].startswith("nothing to do")


def test_an_empty_store_can_be_rebuilt(shell: Shell) -> None:
    code, out, err = shell("rebuild")
    assert code == 0
    assert out.startswith("generation 000001 is live: 0 articles")
    assert "next: python -m indexer ingest FILE" in err


def test_rebuild_if_needed_says_what_and_why(shell: Shell, tmp_path: Path) -> None:
    write_lines(tmp_path / "news.jsonl", record(1))
    shell("ingest", "news.jsonl")
    code, out, _ = shell("rebuild", "--if-needed")
    assert code == 0
    assert out.startswith("rebuilt: there is no index yet\ngeneration 000001 is live")
    assert shell("rebuild", "--if-needed")[1].startswith("nothing: the index holds every article")
    write_lines(tmp_path / "news.jsonl", record(2))
    shell("ingest", "news.jsonl")
    _, out, _ = shell("rebuild", "--if-needed")
    assert out.startswith("applied changes: the index is at revision 1, the store at 2\n")


def test_changes_without_an_index_say_what_to_do(shell: Shell) -> None:
    code, out, err = shell("rebuild", "--changes")
    assert (code, out) == (2, "")
    assert "error: there is no index in " in err
    assert "run 'python -m indexer rebuild'" in err


def test_a_merge_that_failed_is_said_and_the_changes_are_live(shell: Shell, tmp_path: Path) -> None:
    for number in range(3):
        ingest_and_apply(shell, tmp_path, number)
    with pytest.MonkeyPatch.context() as patch:
        watch(patch, FullForMerges("open").before)
        code, out, err = ingest_and_apply(shell, tmp_path, 3)
    assert code == 0
    assert "1 put, 0 deleted, now 4 articles" in out
    assert "could not be merged (No space left on device)" in err
    assert shell("check", SEARCH_ENGINE="whoosh")[0] == 0
    assert "could not be merged" not in ingest_and_apply(shell, tmp_path, 4)[2]


def ingest_and_apply(shell: Shell, folder: Path, number: int) -> tuple[int, str, str]:
    """Store one article and apply the change, or make the first index of it."""
    write_lines(folder / "news.jsonl", record(number))
    shell("ingest", "news.jsonl")
    options = ("--changes",) if number else ()
    return shell("rebuild", *options, SEARCH_ENGINE="whoosh")


def test_changes_to_an_index_of_another_engine_are_refused(shell: Shell, tmp_path: Path) -> None:
    shell("rebuild")
    write_lines(tmp_path / "news.jsonl", record(1))
    shell("ingest", "news.jsonl")
    code, _, err = shell("rebuild", "--changes", SEARCH_ENGINE="whoosh")
    assert code == 2
    assert "error: the index was made with fingerprint" in err


def test_a_command_beside_one_that_does_not_let_go_is_refused(
    shell: Shell, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.generations.PATIENCE", 0.0)
    with generations(environment).lock():
        for args in (
            ["rebuild"],
            ["generations", "rollback"],
            ["generations", "promote", "000001"],
            ["generations", "prune"],
        ):
            code, out, err = shell(*args)
            assert (code, out) == (2, "")
            assert "another process is writing to" in err


def test_an_index_folder_that_cannot_be_written_is_one_line(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("", encoding="utf-8")
    code, _, err = shell("rebuild", SEARCH_INDEX_DIR=str(tmp_path / "a file"))
    assert code == 2
    assert err.startswith("error: ")
    assert "a file cannot be written" in err
    assert err.count("\n") == 1


# Status, check, generations


def test_status_tells_how_index_and_store_stand(
    shell: Shell, tmp_path: Path, environment: dict[str, str]
) -> None:
    write_lines(tmp_path / "news.jsonl", record(1), record(2))
    shell("ingest", "news.jsonl")
    _, out, _ = shell("status")
    assert out.startswith("store       2 articles, revision 2, sqlite:///")
    assert "state       there is no index yet: python -m indexer rebuild\n" in out
    shell("rebuild")
    _, out, _ = shell("status")
    made = generations(environment).live().manifest
    assert f"generation  000001, memory, fingerprint {made.fingerprint}, made 20" in out
    assert "index       2 articles, revision 2\n" in out
    assert "state       the index holds every article of the store (2)\n" in out
    shell("delete", "n-1")
    _, out, _ = shell("status")
    assert "at revision 2, the store at 3: python -m indexer rebuild --changes\n" in out
    _, out, _ = shell("status", SEARCH_ENGINE="whoosh")
    assert "fingerprint" in out.splitlines()[-1]


def test_check_lists_faults_and_shows_them_in_the_exit_code(
    shell: Shell, tmp_path: Path, environment: dict[str, str]
) -> None:
    write_lines(tmp_path / "news.jsonl", record(1))
    shell("ingest", "news.jsonl")
    shell("rebuild")
    code, out, err = shell("check")
    assert (code, out, err) == (0, "generation 000001 is sound, 1 article\n", "")
    write_lines(tmp_path / "news.jsonl", record(2))
    shell("ingest", "news.jsonl")
    code, _, err = shell("check")
    assert code == 0
    assert "it is 1 revision behind the store" in err
    (generations(environment).live().index / "articles.jsonl").write_bytes(b"nonsense")
    code, out, _ = shell("check")
    assert code == 1
    assert out.startswith("fault: ")


def test_generations_are_listed_promoted_rolled_back_and_pruned(
    shell: Shell, environment: dict[str, str]
) -> None:
    for _ in range(3):
        shell("rebuild", SEARCH_KEEP_GENERATIONS="5")
    assert shell("generations", "rollback")[1] == "generation 000002 is live\n"
    assert shell("generations", "promote", "000001")[1] == "generation 000001 is live\n"
    code, _, err = shell("generations", "rollback")
    assert code == 2
    assert "error: no generation in" in err
    (generations(environment).get("000003").folder / "manifest.json").write_bytes(b"{")
    _, out, _ = shell("generations", "list")
    rows = [line.split() for line in out.splitlines() if line.strip().startswith("0000")]
    assert [row[:3] for row in rows] == [
        ["000001", "live", "memory"],
        ["000002", "memory", rows[1][2]],
        ["000003", "damaged:", rows[2][2]],
    ]
    assert shell("generations", "prune", "--keep", "1")[1] == "removed 000002, 000003\n"
    assert shell("generations", "prune")[1] == "removed nothing\n"


def test_prune_never_removes_the_only_sound_generation(
    shell: Shell, environment: dict[str, str], tmp_path: Path
) -> None:
    write_lines(tmp_path / "news.jsonl", record(1))
    shell("ingest", "news.jsonl")
    for _ in range(2):
        shell("rebuild")
    damaged = generations(environment).live()
    (damaged.index / "articles.jsonl").write_bytes(b"{}")
    _, out, _ = shell("generations", "prune", "--keep", "1")
    assert out == "removed nothing\n"
    shell("generations", "rollback")
    assert shell("generations", "promote", damaged.name)[0] != 0
    _, out, _ = shell("generations", "prune", "--keep", "1")
    assert out == "removed 000002\n"


def test_prune_follows_the_setting(shell: Shell) -> None:
    for _ in range(4):
        shell("rebuild", SEARCH_KEEP_GENERATIONS="9")
    assert shell("generations", "prune")[1] == "removed 000001, 000002\n"


@pytest.mark.parametrize("command", [["promote", "000001"], ["rollback"]])
def test_promoting_another_format_is_refused_in_one_line(
    shell: Shell, environment: dict[str, str], command: list[str]
) -> None:
    for _ in range(2):
        shell("rebuild")
    give_format(generations(environment).get("000001").folder, 1)
    code, _, err = shell("generations", *command)
    assert code == 2
    assert "error: generation 000001 has an older format" in err
    assert generations(environment).live_name() == "000002"


def test_promoting_what_is_not_there_is_one_line(shell: Shell) -> None:
    code, _, err = shell("generations", "promote", "000009")
    assert code == 2
    assert "error: generation '000009' is not in" in err


# The edge


@pytest.mark.parametrize(
    ("args", "what"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["ingest"], "Missing argument 'FILE'"),
        (["ingest", "x", "--nonsense"], "No such option '--nonsense'"),
        (["ingest", "x", "--source", "stone"], "Invalid value for '--source'"),
        (["generations", "prune", "--keep", "0"], "Invalid value for '--keep'"),
        (["rebuild", "--changes", "--if-needed"], "exclude each other"),
        (["rebuild", "--changes", "--processes", "2"], "exclude each other"),
        (["rebuild", "--changes", "--force"], "exclude each other"),
        (["rebuild", "--if-needed", "--no-promote"], "exclude each other"),
        (["rebuild", "--no-promote", "--force"], "exclude each other"),
        (["delete"], "Missing argument 'ID...'"),
    ],
)
def test_a_wrong_usage_is_one_line_that_names_the_help(
    shell: Shell, args: list[str], what: str
) -> None:
    code, out, err = shell(*args)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert what in err
    assert "--help'" in err
    assert err.count("\n") == 1


def test_nothing_typed_shows_the_help(shell: Shell) -> None:
    code, _, err = shell()
    assert code == 2
    assert "Usage: python -m indexer" in err


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_is_a_result(shell: Shell, option: str) -> None:
    code, out, err = shell("rebuild", option)
    assert (code, err) == (0, "")
    assert "--if-needed" in out


def test_a_wrong_setting_is_one_line(shell: Shell) -> None:
    code, _, err = shell("status", SEARCH_TIMEZONE="Moon/Tranquillity")
    assert code == 2
    assert err.startswith("error: setting SEARCH_TIMEZONE='Moon/Tranquillity': ")


def test_what_the_system_refuses_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    @click.command()
    def refused() -> None:
        Path("/nowhere/at/all").read_bytes()

    assert run(refused, name="refused", args=[]) == 2
    assert capsys.readouterr().err == "error: /nowhere/at/all: No such file or directory\n"


def test_a_mistake_of_ours_is_not_hidden() -> None:
    @click.command()
    def mistaken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(mistaken, name="mistaken", args=[])


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("渡口", 0),
        pytest.param("渡口" * 3_000, 0, marks=pytest.mark.thorough),
        ("渡口" * 3_000, 1),
    ],
)
def test_a_reader_that_goes_away_gets_no_traceback(
    environment: dict[str, str], tmp_path: Path, text: str, lines: int
) -> None:
    command = process(environment, "analyze", text)
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        for _ in range(lines):
            started.stdout.readline()
        started.stdout.close()
        assert started.stderr.read() == b""
        assert started.wait() == 0


def test_ctrl_c_ends_with_130_and_leaves_nothing(
    environment: dict[str, str], tmp_path: Path
) -> None:
    store = open_store(environment["SEARCH_STORE_URL"])
    store.put(article(f"a-{number}", body="渡口的船" * 500) for number in range(3_000))
    store.close()
    root = generations(environment)
    with subprocess.Popen(
        process(environment, "rebuild"),
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        # A test run in the background of a shell has Ctrl-C ignored, and its children would inherit that.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    ) as started:
        while root.building() is None and started.poll() is None:
            time.sleep(0.02)
        started.send_signal(signal.SIGINT)
        assert started.stderr is not None
        err = started.stderr.read().decode()
        # Where it comes inside an exec() of text, CPython ends by the signal itself; a shell shows 130 for both.
        assert started.wait() in (130, -signal.SIGINT)
    assert "interrupted" in err
    assert "Traceback" not in err
    assert list((root.root / "generations").iterdir()) == []
    assert root.live_name() is None


def test_on_a_terminal_progress_is_a_bar(environment: dict[str, str], tmp_path: Path) -> None:
    write_lines(tmp_path / "news.jsonl", record(1), record(2))
    for args, shown in (("ingest", "news.jsonl"), "2 records"), (("rebuild",), "2 of 2"):
        terminal, side = pty.openpty()
        with subprocess.Popen(
            process({**environment, "TERM": "xterm"}, *args),
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=side,
        ) as started:
            os.close(side)
            screen = b""
            while True:
                try:
                    piece = os.read(terminal, 4096)
                except OSError:  # the other side is closed
                    break
                if not piece:
                    break
                screen += piece
            os.close(terminal)
            assert started.stdout is not None
            out = started.stdout.read().decode()
            assert started.wait() == 0
        assert "━" in screen.decode()
        assert shown in screen.decode()
        assert "\x1b" not in out


def test_figures_are_written_for_people() -> None:
    now = NOON.timestamp()
    progress = BuildProgress(
        pid=1,
        phase="index",
        done=1_200,
        total=45_219,
        started_at=NOON,
        phase_started_at=NOON,
        updated_at=NOON.fromtimestamp(now + 6, NOON.tzinfo),
    )
    assert figures(progress) == "1,200 of 45,219, 200/s, 3:40 left"


@pytest.mark.parametrize("closed", ["stdout", pytest.param("stderr", marks=pytest.mark.thorough)])
def test_work_goes_on_when_nobody_reads_its_output_any_more(
    environment: dict[str, str], tmp_path: Path, closed: str
) -> None:
    write_lines(tmp_path / "news.jsonl", record(1), record(2), record(3), "{ no json")
    codes = []
    for words in (["ingest", "news.jsonl"], ["rebuild", "--processes", "1"], ["rebuild", "-x"]):
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            [sys.executable, "-m", "indexer", *words],
            cwd=tmp_path,
            env=os.environ | environment | {"PYTHONPATH": str(PROJECT)},
            timeout=60,
            check=False,
            stdout=writing if closed == "stdout" else subprocess.DEVNULL,
            stderr=writing if closed == "stderr" else subprocess.DEVNULL,
        )
        os.close(writing)
        codes.append(done.returncode)
    assert codes == [1, 0, 2], "a rejected record, all right, a wrong option"
    assert Generations(Path(environment["SEARCH_INDEX_DIR"])).live().manifest.doc_count == 3


def test_a_store_is_copied_and_what_is_left_behind_is_said(shell: Shell, tmp_path: Path) -> None:
    shell(
        "ingest", str(write_lines(tmp_path / "a.jsonl", {"id": "a", "title": "甲", "body": "正文"}))
    )
    shell("jobs", "start", "rebuild")
    source, target = (f"sqlite:///{tmp_path}/{name}.sqlite3" for name in ("articles", "copy"))
    code, out, err = shell("copy-store", source, target)
    assert code == 0
    assert out.startswith("copied and compared, in rows: 1 articles, 1 duplicate keys, ")
    assert "1 job that did not end stayed in the old database" in err
    assert "SEARCH_STORE_URL" in err
    code, out, err = shell("copy-store", source, target)
    assert (code, out) == (2, "")
    assert "is not empty" in err
    code, _, err = shell("copy-store", "articles", target)
    assert (code, "'articles' must be a database URL" in err) == (2, True)


# Databases, and what a source lacks


def test_a_table_is_read_and_later_only_what_changed(shell: Shell, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "cms.sqlite3")) as cms:
        cms.execute("CREATE TABLE pages (nr INTEGER PRIMARY KEY, headline, gone, changed)")
        pages = [(number, f"第{number}号渡口", 0, number) for number in range(1, 6)]
        cms.executemany("INSERT INTO pages VALUES (?, ?, ?, ?)", pages)
        cms.commit()
        command = (
            *("ingest", "sqlite:///cms.sqlite3", "--table", "pages"),
            *("--watermark", "changed", "--map", "nr=id", "--map", "headline=title"),
            *("--deleted", "gone"),
        )
        code, out, err = shell(*command)
        assert (code, out.split(";")[0]) == (
            0,
            "read 5: 5 created, 0 updated, 0 unchanged, 0 rejected",
        )
        assert "keys that were not used: changed (" in err
        cms.execute("UPDATE pages SET gone = 1, changed = 6 WHERE nr = 2")
        cms.commit()
        code, out, err = shell(*command)
        assert (code, out.split(";")[0]) == (
            0,
            "read 2: 0 created, 0 updated, 1 unchanged, 0 rejected, 1 deleted",
        )
        assert "a running service applies this" in err
        code, out, _ = shell(*command)
        assert out.startswith(
            "read 1: 0 created, 0 updated, 0 unchanged, 0 rejected, 1 already deleted;"
        )


def test_a_source_and_the_store_are_compared_then_made_equal(shell: Shell, tmp_path: Path) -> None:
    write_lines(tmp_path / "news.jsonl", *map(record, range(10)))
    shell("ingest", "news.jsonl")
    write_lines(tmp_path / "news.jsonl", *map(record, range(1, 10)), record(10))
    code, out, err = shell("reconcile", "news.jsonl")
    assert (code, out.splitlines()) == (
        1,
        [
            "read 10, compared with 10 articles of the store: 9 same, 1 missing, 0 stale, 1 orphaned, 0 rejected",
            "missing: n-10",
            "orphaned: n-0",
        ],
    )
    assert "repair the store with --apply" in err
    code, out, err = shell("reconcile", "news.jsonl", "--apply")
    assert (code, out.splitlines()[1]) == (0, "1 stored, 1 deleted")
    assert "a running service applies this" in err
    code, out, err = shell("reconcile", "news.jsonl")
    assert (code, len(out.splitlines()), err) == (0, 1, "")


def test_a_doubtful_source_repairs_nothing_and_says_why(shell: Shell, tmp_path: Path) -> None:
    write_lines(tmp_path / "news.jsonl", *map(record, range(10)))
    shell("ingest", "news.jsonl")
    write_lines(tmp_path / "news.jsonl", record(1), "no json")
    code, out, err = shell("reconcile", "news.jsonl", "--apply")
    assert (code, out.splitlines()[1][:20]) == (2, "orphaned: n-0, n-2, ")
    assert "news.jsonl:2: not JSON" in err
    assert "error: nothing was changed: 9 of 10 articles" in err
    code, out, _ = shell("reconcile", "news.jsonl", "--apply", "--force")
    assert (code, out.splitlines()[1]) == (1, "0 stored, 9 deleted")
    assert shell("reconcile", "nowhere.jsonl", "--apply")[0] == 2
    assert shell("reconcile", "-", "--apply")[0] == 2


def test_the_rejects_file_never_replaces_a_device_or_a_pipe(shell: Shell, tmp_path: Path) -> None:
    file, pipe = tmp_path / "news.csv", tmp_path / "pipe"
    file.write_text("id,title\na,甲\nb,\n", encoding="utf-8")
    os.mkfifo(pipe)
    code, out, err = shell("ingest", str(file), "--rejects", str(pipe))
    assert (code, out) == (2, "")
    assert "is a device or a pipe" in err
    assert pipe.is_fifo()


def test_the_rejects_file_never_replaces_the_file_that_is_read(
    shell: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "news.csv"
    file.write_text("id,title\na,甲\nb,\n", encoding="utf-8")
    code, out, err = shell("ingest", str(file), "--rejects", str(file))
    assert (code, out) == (2, "")
    assert "is FILE itself" in err
    assert file.read_text(encoding="utf-8").startswith("id,title\n")
