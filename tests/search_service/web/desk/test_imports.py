"""Imports at the desk: the upload, the preview, the fields, the job."""

from __future__ import annotations

import io

import pytest
from werkzeug.test import TestResponse

from indexer.errors import StoreUnavailable
from search_service.desk import uploads
from tests.search_service.web.desk.conftest import files
from tests.search_service.web.desk.newsdesk import OWN, Newsdesk, Person
from tests.search_service.web.portal import SCRIPT, visible_text

TABLE = "稿件编号,标题,内容,栏目,浏览量\nc-1,渡口茶会,茶会在老樟树下开了一天。,乡村/文化,12\nc-2,,,社会,3\n"


def sent(
    person: Person, content: bytes, name: str = "稿件.csv", csrf: str | None = None
) -> TestResponse:
    """The answer to an upload."""
    data = {"csrf": person.csrf if csrf is None else csrf, "file": (io.BytesIO(content), name)}
    return person.client.post("/desk/imports", data=data, headers=OWN)


def test_an_upload_shows_what_its_records_would_become(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    answer = sent(admin, TABLE.encode())
    assert answer.status_code == 303
    page = visible_text(admin.page(answer.location))
    assert "稿件.csv" in page
    assert "前 2 条会变成" in page
    assert "渡口茶会 乡村/文化" in page
    assert "不会收下 第 2 条：标题：没有标题，也没有正文" in page
    (kept,) = files(newsdesk)
    assert kept.read_bytes() == TABLE.encode()
    assert len(kept.name) == 32


def test_the_fields_are_guessed_and_the_person_decides(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    path = sent(admin, TABLE.encode()).location.partition("?")[0]
    fields = {
        "key1": "稿件编号",
        "field1": "id",
        "key2": "标题",
        "field2": "lead",
        "key3": "内容",
        "field3": "body",
    }
    again = admin.post(path, do="look", called="稿件.csv", **fields)
    assert again.status_code == 200
    assert "（没有标题）" in again.text
    assert newsdesk.services.jobs.list(size=5, state=None) == ()
    started = admin.post(
        path, do="start", called="稿件.csv", **fields, key4="坏", field4="no-field"
    )
    assert started.location == "/desk/jobs/1"
    job = newsdesk.services.jobs.get(1)
    assert job.kind == "import"
    assert job.arguments["mapping"] == {"稿件编号": "id", "标题": "lead", "内容": "body"}
    assert job.arguments["uploaded"] == "稿件.csv"


def test_a_file_that_is_sent_off_twice_is_imported_once(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    path = sent(admin, TABLE.encode()).location.partition("?")[0]
    fields = {"do": "start", "called": "稿件.csv", "key1": "标题", "field1": "title"}
    assert admin.post(path, **fields).location == "/desk/jobs/1"
    with newsdesk.desk.store.use() as store:
        before = store.audit.entries()
        for field in ("title", "body"):  # also with other fields
            assert admin.post(path, **fields | {"field1": field}).location == "/desk/jobs/1"
        assert store.audit.entries() == before
    assert len(newsdesk.services.jobs.list(size=5, state=None)) == 1
    assert "这个文件已经在导入" in admin.page("/desk/jobs/1")
    other = sent(admin, TABLE.encode()).location.partition("?")[0]
    assert admin.post(other, **fields).location == "/desk/jobs/2"


def test_a_file_that_is_not_wanted_is_removed(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    path = sent(admin, TABLE.encode()).location.partition("?")[0]
    assert admin.post(path, do="drop").location == "/desk/imports"
    assert files(newsdesk) == []
    assert admin.get(path).status_code == 404


def test_a_file_stays_as_long_as_a_job_needs_it(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    path = sent(admin, TABLE.encode()).location.partition("?")[0]
    admin.post(path, do="start", called="稿件.csv", key1="标题", field1="title")
    refused = admin.post(path, do="drop")
    assert refused.status_code == 409
    assert "导入任务 1 还没有结束" in refused.text
    assert len(files(newsdesk)) == 1
    admin.post("/desk/jobs/1/cancel")
    assert admin.post(path, do="drop").location == "/desk/imports"
    assert files(newsdesk) == []


def test_a_file_that_nobody_can_read_is_told_and_can_be_removed(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    page = admin.page(sent(admin, b"\x89PNG\r\n\x1a\n" + bytes(100), "a.png").location)
    assert "读不了 a.png：是图片（PNG），读不了。请换一个有文字的文件" in page
    assert str(newsdesk.root) not in page


def test_what_is_refused_is_not_kept(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    assert sent(admin, TABLE.encode(), csrf="x").status_code == 403
    assert sent(admin, b"").status_code == 400
    assert admin.post("/desk/imports").status_code == 400
    data = {"csrf": admin.csrf, "a": (io.BytesIO(b"1"), "a"), "b": (io.BytesIO(b"2"), "b")}
    assert admin.client.post("/desk/imports", data=data, headers=OWN).status_code == 413
    assert files(newsdesk) == []


def test_what_is_too_large_is_told_the_limit_of_its_page(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    large = {"CONTENT_LENGTH": str(uploads.MOST_BYTES + 1)}
    for path, most in (("imports", 1000), ("lists/blocked/import", 1), ("lists/blocked", 1)):
        answer = admin.client.post(f"/desk/{path}", headers=OWN, environ_overrides=large)
        assert answer.status_code == 413
        assert f"一次最多提交 {most} MB" in answer.text
        assert "什么也没有保存" in answer.text


def test_an_upload_that_cannot_be_noted_is_not_kept(
    newsdesk: Newsdesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = newsdesk.person("admin")

    def fail(*_: object, **__: object) -> None:
        raise StoreUnavailable("the store", "it is away")

    monkeypatch.setattr(newsdesk.desk, "note", fail)
    assert sent(admin, TABLE.encode()).status_code == 503
    assert files(newsdesk) == []


def test_scripts_in_a_file_are_text(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    table = f'标题,正文,{SCRIPT}\n"云溪{SCRIPT}","正文 &lt;i&gt;{SCRIPT}",1\n'
    page = admin.page(sent(admin, table.encode(), f"{SCRIPT}.csv").location)
    assert SCRIPT not in page


def test_an_old_file_goes_with_the_next_upload(
    newsdesk: Newsdesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = newsdesk.person("admin")
    sent(admin, TABLE.encode())
    (old,) = files(newsdesk)
    monkeypatch.setattr(uploads, "KEPT_SECONDS", -1.0)
    sent(admin, TABLE.encode())
    assert old not in files(newsdesk)


def test_only_rejects_of_uploads_can_be_had(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    folder = newsdesk.root / "uploads"
    folder.mkdir(exist_ok=True)
    (folder / "x.rejects.jsonl").write_text('{"_rejected": "why"}\n', encoding="utf-8")
    (newsdesk.root / "secret.rejects.jsonl").write_text("secret", encoding="utf-8")
    for path in (
        folder / "x.rejects.jsonl",
        newsdesk.root / "secret.rejects.jsonl",
        folder / ".." / "secret.rejects.jsonl",
    ):
        newsdesk.services.jobs.add("import", {"file": "x", "rejects": str(path)})
    assert admin.get("/desk/jobs/1/rejects", buffered=True).text == '{"_rejected": "why"}\n'
    assert admin.get("/desk/jobs/2/rejects").status_code == 404
    assert admin.get("/desk/jobs/3/rejects").status_code == 404
