"""What the program says, in Chinese at the desk: each sentence has a text, and jobs that fail are told in it."""

from __future__ import annotations

import ast
import re
import threading
import time
from contextlib import closing
from itertools import chain
from pathlib import Path
from string import Formatter
from typing import Final

from indexer.article import FIELDS
from indexer.command_line import Stop
from indexer.generations import Generations
from indexer.jobs.kinds import Means, source_arguments
from indexer.jobs.work import Runner
from indexer.promotion_checks import DETAILS, REASONS
from indexer.reading import Options
from indexer.said import Said
from indexer.sources.recognise import CALLED
from indexer.sources.signatures import DOCUMENTS, OLE_STREAMS, OTHERS
from indexer.store.articles import ArticleStore
from indexer.store.database import open_jobs, open_store
from indexer.store.jobs import JobStore, Rejected
from search_service.web.desk.chinese.names import FIELD_NAMES, NAMES
from search_service.web.desk.chinese.saying import TEXTS, in_chinese
from tests.conftest import PROJECT
from tests.search_service.indexes import SHANGHAI
from tests.search_service.web.desk.newsdesk import Newsdesk
from tests.search_service.web.portal import SCRIPT, visible_text
from tests.typed_queries import analyzer

ENDED: Final = ("succeeded", "failed", "cancelled")
GENERAL: Final = "said.py", "errors.py", "outcomes.py", "promotion_checks.py"
"""The modules that make a sentence again, or one of a table."""


def calls(name: str) -> list[tuple[Path, ast.Call]]:
    """The calls of a function by its name, in all modules of ours."""
    return [
        (path, node)
        for package in ("indexer", "search_service")
        for path in (PROJECT / package).rglob("*.py")
        if f"{name}(" in (text := path.read_text(encoding="utf-8"))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]


def templates() -> set[str]:
    """The templates of all sentences."""
    found = {*DETAILS.values(), *REASONS.values(), *of_errors()}
    for path, call in calls("Said"):
        template = call.args[0]
        if isinstance(template, ast.Constant) and isinstance(template.value, str):
            found.add(template.value)
        else:
            assert path.name in GENERAL, f"{path}:{call.lineno} has no literal template"
    return found


def of_errors() -> set[str]:
    """The templates of the errors: what they give to the root with facts."""
    errors = [
        ast.parse(path.read_text("utf-8")) for path in (PROJECT / "indexer").rglob("errors.py")
    ]
    nodes = chain.from_iterable(map(ast.walk, errors))
    calls = [node for node in nodes if isinstance(node, ast.Call) and node.keywords]
    given = [each.args[0] for each in calls if ast.unparse(each.func) == "super().__init__"]
    return {str(each.value) for each in given if isinstance(each, ast.Constant)}


def facts_in(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def test_each_sentence_has_a_text_in_chinese_and_each_text_a_sentence() -> None:
    assert templates() == set(TEXTS)


def test_a_text_names_only_facts_of_its_sentence() -> None:
    strange = {template: facts_in(text) - facts_in(template) for template, text in TEXTS.items()}
    assert {template: facts for template, facts in strange.items() if facts} == {}


def test_what_a_file_is_and_what_to_do_about_it_have_names() -> None:
    pairs = [(what, fix) for _, what, fix in (*OTHERS, *OLE_STREAMS)]
    pairs += [(what, "") for _, what in DOCUMENTS]
    for _, call in calls("Other"):
        literals = [each.value if isinstance(each, ast.Constant) else "" for each in call.args]
        pairs.append((str(literals[0]), str(literals[1])))
    named = {"", *NAMES["what"]}, {"", *NAMES["fix"]}
    assert {what for what, _ in pairs} | set(CALLED.values()) <= named[0]
    assert {fix for _, fix in pairs} <= named[1]


def test_all_fields_have_names() -> None:
    assert set(FIELD_NAMES) == set(FIELDS)


def test_what_has_no_text_is_marked_as_english_and_escaped() -> None:
    unknown = Said("{field}: {why}", field="title", why=f"no <b> in {SCRIPT}")
    assert str(in_chinese(unknown)).startswith('标题：<span lang="en">no &lt;b&gt; in ')
    assert SCRIPT not in in_chinese(unknown)
    assert str(in_chinese("plain <b>")) == '<span lang="en">plain &lt;b&gt;</span>'
    full = Said("{path} cannot be written ({why}): {advice}, or choose another folder",
                path="/data", why="No space left on device", advice="make room on its disk")  # fmt: skip
    assert str(in_chinese(full)) == "写不进 /data（磁盘满了）。请管理员腾出磁盘空间"


def run(jobs: JobStore, means: Means) -> None:
    """Run all queued jobs."""
    stop = Stop()

    def end() -> None:
        while any(each.state not in ENDED for each in jobs.list(size=50)):
            time.sleep(0.01)
        stop.asked = True

    watching = threading.Thread(target=end)
    watching.start()
    Runner(jobs, means, stop=stop, tell=lambda *_, **__: None).run()
    watching.join()


def means(store: ArticleStore, root: Path) -> Means:
    return Means(
        store=store,
        generations=Generations(root / "no_index"),
        engine_name="memory",
        analyzer=analyzer,
        timezone=SHANGHAI,
        date_order=None,
        keep=2,
        processes=1,
    )


def test_the_pages_of_failed_jobs_tell_in_chinese_why(newsdesk: Newsdesk, tmp_path: Path) -> None:
    broken, empty = tmp_path / "稿件.jsonl", tmp_path / "空.jsonl"
    broken.write_text(
        '{"id": "x-1", "title": ["甲", "乙"]}\n{"id": "x-2", "title": \n{"id": "x-3", "title": "渡口", "status": "删"}\n',
        encoding="utf-8",
    )
    empty.write_text('{"id": " ", "title": "无"}\n', encoding="utf-8")

    def reading(path: Path) -> dict[str, object]:
        rejects = tmp_path / "rejects.jsonl"
        return source_arguments(str(path), source="json", options=Options(), rejects=rejects)

    whole = {"only": None, "apply": True, "force": False}
    wanted = {
        "rebuild": {"promote": True, "force": False},
        "promote": {"generation": "000009", "force": False},
        "rollback": {},
        "check": {},
        "words": {},
        "preview": {},
    }
    with closing(open_store(newsdesk.url)) as store, closing(open_jobs(newsdesk.url)) as jobs:
        jobs.add("import", reading(broken))
        jobs.add("import", reading(tmp_path / "没有.jsonl"))
        jobs.add("import", {"file": "x"})
        jobs.add("reconcile", reading(empty) | whole)
        for kind, arguments in wanted.items():
            jobs.add(kind, arguments)  # type: ignore[arg-type]
        working = means(store, tmp_path)
        with working.generations.lock():
            folder = working.generations.begin()
        with working.generations.writing(folder.name):
            run(jobs, working)
    admin = newsdesk.person("admin")
    pages = [visible_text(admin.page(f"/desk/jobs/{number}")) for number in range(1, 11)]
    imported, gone, unforeseen, reconciled, rebuilt, promoted, *without = pages
    assert (
        "读了 3 条：新增 0，更新 0，没有变化 0，没有收下 3；没有收下的，改正后再导入一次"
        in imported
    )
    assert "标题：有 2 段文字，只能有一段" in imported
    assert "不是 JSON（第 23 个字符：这里应该有一个值）" in imported
    assert "状态：'删' 不对，只能是 published, draft, withdrawn 之一" in imported
    assert f"读不了 {tmp_path / '没有.jsonl'}：打不开（没有这个文件或文件夹）" in gone
    assert "程序出错，没有做完。请把任务的编号和下面的原话转给维护系统的人：KeyError" in unforeseen
    assert "什么也没有改动：来源里一篇文章也没有，稿库里有 31 篇" in reconciled
    assert "另一个进程" in rebuilt
    assert "正在写索引，请等它做完再试" in rebuilt
    assert "没有版本 000009" in promoted
    assert all("还没有线上版本，请先重建" in each for each in without)
    for number, page in enumerate(pages, start=1):
        told, _, _ = admin.page(f"/desk/jobs/{number}").partition("<summary>参数")
        told = re.sub(r'<span lang="en">.*?</span>', "", told)
        assert not re.search(r"[a-z]+ [a-z]+ [a-z]+ ", visible_text(told)), page


def test_old_rows_are_told_in_english_with_what_to_do(newsdesk: Newsdesk) -> None:
    with closing(open_jobs(newsdesk.url)) as jobs:
        job = jobs.add("check", {})
        jobs.take()
        jobs.finish(job.id, "failed", "the disk is gone", rejections=[Rejected("a:1", "no id")])
    page = newsdesk.person("admin").page(f"/desk/jobs/{job.id}")
    assert '请转给维护系统的人：<span lang="en">the disk is gone</span>' in page
    assert '<span lang="en">no id</span>' in page
