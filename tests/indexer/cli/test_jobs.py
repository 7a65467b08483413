"""The commands of jobs as a person types them: what they queue, show and cancel, and how they refuse."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pytest

from indexer.cli.main import cli
from indexer.command_line import run
from indexer.reading import Options
from indexer.store.database import open_jobs
from indexer.store.jobs import JobStore, Rejected

Shell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[JobStore]:
    with closing(open_jobs(f"sqlite:///{tmp_path}/articles.sqlite3")) as opened:
        yield opened


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Run ``jobs`` here, in a folder of its own; returns exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEARCH_STORE_URL", f"sqlite:///{tmp_path}/articles.sqlite3")

    def execute(*args: str) -> tuple[int, str, str]:
        code = run(cli, name="python -m indexer", args=["jobs", *args])
        return code, *capsys.readouterr()

    return execute


def test_an_import_is_queued_with_absolute_paths(
    shell: Shell, jobs: JobStore, tmp_path: Path
) -> None:
    (tmp_path / "news.jsonl.gz").write_bytes(gzip.compress(b'{"id": "a-1"}\n'))
    code, out, err = shell("start", "import", "news.jsonl.gz", "--map", "category=channel")
    assert (code, out) == (0, "job 1 is queued\n")
    assert "python -m indexer work" in err
    (job,) = jobs.list()
    assert (job.kind, job.state) == ("import", "queued")
    assert job.arguments == {
        "file": f"{tmp_path}/news.jsonl.gz",
        "source": "json",
        "rejects": f"{tmp_path}/rejects-news.jsonl",
        **asdict(Options(mapping={"category": "channel"})),
        "markup": [],
    }


def test_a_job_keeps_the_folder_of_its_hook(shell: Shell, jobs: JobStore, tmp_path: Path) -> None:
    (tmp_path / "news.jsonl").write_text('{"id": "a-1"}\n', encoding="utf-8")
    code, _, err = shell("start", "import", "news.jsonl", "--hook", "portal:tidy")
    assert code == 2
    assert f"there is no {tmp_path}/portal.py: put it there" in err
    (tmp_path / "portal.py").write_text("def tidy(values): return values", encoding="utf-8")
    assert shell("start", "import", "news.jsonl", "--hook", "portal:tidy")[0] == 0
    (job,) = jobs.list()
    assert (job.arguments["hook"], job.arguments["hook_folder"]) == ("portal:tidy", str(tmp_path))


def test_a_job_on_a_database_is_queued_and_never_shows_the_password(
    shell: Shell, jobs: JobStore, tmp_path: Path
) -> None:
    url = "mysql+pymysql://reader:geheim@db/cms"
    code, _, _ = shell(
        *("start", "reconcile", url, "--source", "sql", "--table", "cms.articles"),
        *("--deleted", "gone", "--only", "site=门户", "--apply"),
    )
    assert code == 0
    (job,) = jobs.list()
    assert (job.kind, job.arguments["file"]) == ("reconcile", url)
    assert job.arguments["of_source"] == {"table": "cms.articles"}
    assert job.arguments["rejects"] == f"{tmp_path}/rejects-cms.articles.jsonl"
    assert [job.arguments[name] for name in ("only", "apply", "force")] == [
        "site=门户",
        True,
        False,
    ]
    out = shell("show", "1")[1]
    assert "mysql+pymysql://reader:***@db/cms" in out
    assert "geheim" not in out


def test_a_file_of_sqlite_is_queued_by_its_whole_path(
    shell: Shell, jobs: JobStore, tmp_path: Path
) -> None:
    url, query = "sqlite:///cms.sqlite3", "SELECT * FROM articles"
    options = ("--source", "sql", "--query", query, "--watermark", "id")
    assert shell("start", "import", url, *options)[0] == 0
    (job,) = jobs.list()
    assert job.arguments["file"] == f"sqlite:///{tmp_path}/cms.sqlite3"
    assert job.arguments["of_source"] == {"query": query, "watermark": "id"}
    assert job.arguments["rejects"] == f"{tmp_path}/rejects-query.jsonl"


@pytest.mark.parametrize(
    "wrong",
    [
        ("nowhere.jsonl",),
        ("news.jsonl", "--map", "a=b"),
        ("news.jsonl", "--source", "xml"),
        ("news.jsonl", "--table", "articles"),
        ("news.jsonl", "--source", "sql", "--table", "articles"),
        ("sqlite:///cms.sqlite3", "--source", "sql", "--table", "a", "--query", "SELECT 1"),
    ],
)
def test_a_wrong_import_is_not_queued(
    shell: Shell, jobs: JobStore, tmp_path: Path, wrong: tuple[str, ...]
) -> None:
    (tmp_path / "news.jsonl").write_text('{"id": "a-1"}\n', encoding="utf-8")
    code, out, err = shell("start", "import", *wrong)
    assert (code, out, err[:7]) == (2, "", "error: ")
    assert jobs.list() == ()


def test_a_part_of_a_file_can_be_queued(shell: Shell, jobs: JobStore, tmp_path: Path) -> None:
    (tmp_path / "news.json").write_text('{"a": [{"id": "a-1"}]}', encoding="utf-8")
    assert shell("start", "import", "news.json#a", "--source", "json")[0] == 0
    (job,) = jobs.list()
    assert job.arguments["file"] == f"{tmp_path}/news.json#a"


def test_a_file_that_no_source_reads_is_not_queued(
    shell: Shell, jobs: JobStore, tmp_path: Path
) -> None:
    (tmp_path / "news.json").write_bytes(b"%PDF-1.7\n")
    code, _, err = shell("start", "import", "news.json")
    assert code == 2
    assert "is a PDF" in err
    assert jobs.list() == ()


@pytest.mark.parametrize("kind", ["check", "regroup"])
def test_other_jobs_are_queued_without_arguments(shell: Shell, jobs: JobStore, kind: str) -> None:
    assert shell("start", kind)[:2] == (0, "job 1 is queued\n")
    assert [(job.kind, job.arguments) for job in jobs.list()] == [(kind, {})]


def test_jobs_are_listed_newest_first_with_their_progress(shell: Shell, jobs: JobStore) -> None:
    for _ in range(3):
        jobs.add("rebuild", {})
    jobs.take()
    jobs.beat(1, phase="index", done=20, total=100, seconds=10)
    lines = shell("list")[1].split("\n")[3:6]
    assert [line.split()[:3] for line in lines] == [
        ["3", "rebuild", "queued"],
        ["2", "rebuild", "queued"],
        ["1", "rebuild", "running"],
    ]
    assert "index 20 of 100, 2/s, 0:40 left" in lines[2]
    assert shell("list", "--size", "1")[1].count("rebuild") == 1


def test_a_job_is_shown_with_all_that_is_known(shell: Shell, jobs: JobStore) -> None:
    jobs.add("import", {"file": "/news.jsonl", "mapping": {"category": "channel"}})
    assert "state       queued, 0 attempts" in shell("show", "1")[1]
    jobs.take()
    jobs.beat(1, phase="import", done=20, total=100, seconds=10)
    jobs.ask_to_cancel(1)
    out = shell("show", "1")[1]
    assert "state       running, asked to end, 1 attempt\n" in out
    assert "phase       import 20 of 100, 2/s, 0:40 left\n" in out
    jobs.finish(1, "cancelled", "enough", rejections=[Rejected("news.jsonl:3", "title: too long")])
    out = shell("show", "1")[1]
    for line in (
        "job         1, import",
        "file        /news.jsonl",
        "mapping     category=channel",
        "state       cancelled, 1 attempt",
        "outcome     enough",
        "rejected    news.jsonl:3: title: too long",
    ):
        assert f"{line}\n" in out
    assert "ended       " in out


def test_a_job_is_cancelled_or_asked_to_end(shell: Shell, jobs: JobStore) -> None:
    jobs.add("rebuild", {})
    jobs.add("rebuild", {})
    jobs.take()
    assert shell("cancel", "1")[:2] == (0, "job 1 is running and was asked to end\n")
    assert shell("cancel", "2")[:2] == (0, "job 2 is cancelled\n")
    jobs.finish(1, "failed", "no")
    assert shell("cancel", "1")[:2] == (0, "job 1 is failed\n")


@pytest.mark.parametrize("command", ["show", "cancel"])
@pytest.mark.parametrize("unknown", ["7", "99999999999999999999"])
def test_an_unknown_job_is_an_error(
    shell: Shell, jobs: JobStore, command: str, unknown: str
) -> None:
    assert jobs.list() == ()
    code, out, err = shell(command, unknown)
    assert (code, out) == (2, "")
    assert err == f"error: there is no job {unknown}: see 'python -m indexer jobs list'\n"


def test_a_rebuild_a_promotion_and_a_rollback_are_queued_once(shell: Shell, jobs: JobStore) -> None:
    for _ in range(2):
        assert shell("start", "rebuild")[:2] == (0, "job 1 is queued\n")
        assert shell("start", "promote", "000007", "--force")[:2] == (0, "job 2 is queued\n")
        assert shell("start", "rollback")[:2] == (0, "job 3 is queued\n")
    code, out, err = shell("start", "rebuild", "--no-promote")
    assert (code, out) == (2, "")
    assert "job 1 (rebuild) is queued or running" in err
    assert [(each.kind, each.arguments) for each in reversed(jobs.list())] == [
        ("rebuild", {"promote": True, "force": False}),
        ("promote", {"generation": "000007", "force": True}),
        ("rollback", {}),
    ]
    assert "exclude each other" in shell("start", "rebuild", "--no-promote", "--force")[2]
