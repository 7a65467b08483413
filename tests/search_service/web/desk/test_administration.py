"""Keys, accounts, jobs and the log, as an admin uses them."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

from indexer.jobs.kinds import promote_arguments, rebuild_arguments, source_arguments
from indexer.reading import Options
from indexer.store.database import open_jobs
from search_service.web.desk.layout import ARGUMENT_NAMES
from tests.search_service.web.desk.newsdesk import PASSWORD, Newsdesk
from tests.search_service.web.portal import SCRIPT, visible_text


def test_a_key_is_shown_once_and_works_until_it_is_revoked(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    made = admin.post("/desk/keys", name="门户后端", scope="write", days="30").text
    found = re.search(r"ssk_write_[\w-]{43}", made)
    assert found
    assert found[0] not in admin.page("/desk/keys")
    with newsdesk.desk.store.use() as store:
        key = store.keys.find(found[0])
        assert key is not None
        assert (key.name, key.scope) == ("门户后端", "write")
    assert "马上就不能再访问" in admin.page(f"/desk/keys/{key.id}/revoke")
    assert admin.post(f"/desk/keys/{key.id}/revoke").location == "/desk/keys"
    page = visible_text(admin.page("/desk/keys"))
    assert f"密钥 {key.id} 已撤销。" in page
    with newsdesk.desk.store.use() as store:
        revoked = store.keys.find(found[0])
        assert revoked is not None
        assert revoked.revoked_at is not None


def test_a_wrong_key_is_not_made(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    for fields in (
        {"name": "", "scope": "write"},
        {"name": "x", "scope": "everything"},
        {"name": "x", "scope": "write", "days": "0"},
        {"name": "x", "scope": "write", "days": "一天"},
        {"name": "长" * 201, "scope": "write"},
        {"name": "x", "scope": "search", "limit": "0"},
        {"name": "x", "scope": "search", "limit": "1000001"},
        {"name": "x", "scope": "search", "origins": "www.example.com"},
        {"name": "x", "scope": "search", "origins": "https://www.example.com/"},
        {"name": "x", "scope": "search", "origins": "https://好.example"},
        {"name": "x", "scope": "search", "origins": " ".join(f"http://a.example:{n}" for n in range(51))},
    ):  # fmt: skip
        refused = admin.post("/desk/keys", **fields)
        assert refused.status_code == 400
        assert "ssk_" not in refused.text
    with newsdesk.desk.store.use() as store:
        assert store.keys.list() == []


def test_a_key_for_pages_has_a_limit_and_origins(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    origins = "https://www.example.com，HTTP://Localhost:3000 https://www.example.com"
    fields = {"name": "首页", "scope": "search", "limit": "600", "origins": origins}
    refused = admin.post("/desk/keys", **fields, days="0")
    assert "有效天数要写 1 到 36500 的整数。" in refused.text
    assert f'value="{origins}"' in refused.text
    assert admin.post("/desk/keys", **fields, days="").status_code == 200
    with newsdesk.desk.store.use() as store:
        (key,) = store.keys.list()
        noted = store.audit.entries()[0][0].details
    assert key.requests_per_minute == 600
    assert key.origins == ("https://www.example.com", "http://localhost:3000")
    assert (noted["limit"], noted["origins"]) == (600, list(key.origins))
    page = visible_text(admin.page("/desk/keys"))
    assert "600 次" in page
    assert all(each in page for each in key.origins)


def test_an_admin_invites_promotes_and_disables(newsdesk: Newsdesk) -> None:
    admin, editor = newsdesk.person("admin"), newsdesk.person("editor")
    assert admin.post("/desk/accounts", role="editor", name="命令行").status_code == 400
    link = re.search(
        r"http://localhost(/desk/invitations/[\w-]+)",
        admin.post("/desk/accounts", role="editor").text,
    )
    assert link
    done = newsdesk.guest().post(link[1], name="新同事", password=PASSWORD, again=PASSWORD)
    assert done.status_code == 303
    with newsdesk.desk.store.use() as store:
        account = store.accounts.find("鲁一鸣")
    assert account is not None
    path = f"/desk/accounts/{account.id}"
    assert admin.post(path, change="admin").status_code == 303
    assert editor.get("/desk/audit").status_code == 200
    assert admin.post(path, change="disable").status_code == 303
    assert editor.get("/desk").status_code == 303
    refused = newsdesk.guest().post("/desk/login", name="鲁一鸣", password=PASSWORD)
    assert refused.status_code == 403
    assert admin.post(path, change="enable").status_code == 303
    assert admin.post(path, change="nonsense").status_code == 400
    for nobody in ("99", "9" * 20):
        answer = admin.post(f"/desk/accounts/{nobody}", change="disable")
        assert answer.status_code == 404
        assert "没有这个账号" in answer.text


def test_a_link_of_an_admin_who_was_disabled_lets_nobody_in(newsdesk: Newsdesk) -> None:
    admin, other = newsdesk.person("admin"), newsdesk.person("admin", "程远")
    page = other.post("/desk/accounts", role="admin").text
    link = re.search(r"http://localhost(/desk/invitations/[\w-]+)", page)
    assert link
    assert newsdesk.guest().get(link[1]).status_code == 200
    with newsdesk.desk.store.use() as store:
        account = store.accounts.find("程远")
    assert account is not None
    assert admin.post(f"/desk/accounts/{account.id}", change="disable").status_code == 303
    done = newsdesk.guest().post(link[1], name="来客", password=PASSWORD, again=PASSWORD)
    assert done.status_code >= 400
    with newsdesk.desk.store.use() as store:
        assert store.accounts.find("来客") is None


def test_the_last_admin_stays_one(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    with newsdesk.desk.store.use() as store:
        account = store.accounts.find("覃望舒")
    assert account is not None
    for change in ("editor", "disable"):
        answer = admin.post(f"/desk/accounts/{account.id}", change=change)
        assert answer.status_code == 409
        assert "最后一位管理员" in answer.text
    assert admin.get("/desk/accounts").status_code == 200


def test_every_change_is_one_entry_of_the_log(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    admin.post("/desk/keys", name="门户后端", scope="search")
    admin.post("/desk/keys/1/revoke")
    admin.post("/desk/accounts", name="新同事", role="admin")
    with newsdesk.desk.store.use() as store:
        entries, total = store.audit.entries()
    assert total == 4
    assert [(each.who, each.action, each.subject) for each in entries] == [
        ("覃望舒", "account.invite", "新同事"),
        ("覃望舒", "key.revoke", "1"),
        ("覃望舒", "key.create", "1"),
        ("覃望舒", "account.make", "覃望舒"),
    ]


def test_the_log_tells_subjects_and_details_in_the_words_of_the_pages(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    with newsdesk.desk.store.use() as store:
        store.audit.note("程远", "job.start", "7", kind="rebuild", promote=True, force=False)
        store.audit.note("程远", "job.start", "8", kind="import", mapping={"栏目": "channel"})
        store.audit.note("程远", "list.add", "synonyms", lines=["轮渡, 渡船"], added=1)
        store.audit.note("程远", "backup.restore", "a.tar", unheard=1)
    text = visible_text(admin.page("/desk/audit"))
    assert "任务 7 任务：重建；做完上线：是；检查没有通过也上线：否" in text
    assert "任务 8 任务：导入；字段对应：栏目 → 频道" in text
    assert "同义词 条目：“轮渡, 渡船”；新增：1" in text
    assert "a.tar unheard：1" in text


def test_the_log_is_filtered_and_paged(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    with newsdesk.desk.store.use() as store:
        for number in range(60):
            store.audit.note("鲁一鸣" if number % 2 else "程远", "key.create", f"第{number}个")
    first, second = admin.page("/desk/audit"), admin.page("/desk/audit?page=2")
    assert "第59个" in first
    assert "第5个" in second
    assert "第59个" not in second
    assert "第 1 / 2 页，共 61 条" in first
    filtered = admin.page("/desk/audit?who=程远&action=key.create&page=0")
    assert "第58个" in filtered
    assert "第59个" not in filtered
    assert "没有这样的记录" in admin.page("/desk/audit?who=程远&action=key.revoke")


def test_scripts_in_names_are_text(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin", SCRIPT)
    admin.post("/desk/keys", name=SCRIPT, scope="search")
    newsdesk.services.jobs.add("import", {"file": SCRIPT, "uploaded": SCRIPT, "rejects": SCRIPT})
    for path in ("/desk", "/desk/keys", "/desk/keys/1/revoke", "/desk/accounts", "/desk/audit", "/desk/jobs", "/desk/jobs/1", "/desk/imports"):  # fmt: skip
        page = admin.page(path)
        assert SCRIPT not in page, path
        assert "&lt;script&gt;" in page, path


def test_a_queued_job_is_cancelled_and_an_ended_one_is_done_again(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    newsdesk.services.jobs.add("check", {})
    assert "取消任务" in admin.page("/desk/jobs/1")
    assert admin.post("/desk/jobs/1/repeat").status_code == 409
    assert admin.post("/desk/jobs/1/cancel").location == "/desk/jobs/1"
    assert "任务 1 已取消。" in admin.page("/desk/jobs/1")
    assert "任务 1 已取消。" not in admin.page("/desk/jobs/1")
    assert admin.post("/desk/jobs/1/repeat").location == "/desk/jobs/2"
    assert newsdesk.services.jobs.get(2).kind == "check"
    assert "排队中" in admin.page("/desk/jobs?state=queued")


def test_nobody_goes_back_by_doing_a_job_again(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    newsdesk.services.jobs.add("rollback", {})
    admin.post("/desk/jobs/1/cancel")
    assert "再做一次" not in admin.page("/desk/jobs/1")
    assert admin.post("/desk/jobs/1/repeat").status_code == 409


def test_a_job_that_has_ended_is_not_cancelled(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    newsdesk.services.jobs.add("check", {})
    with closing(open_jobs(newsdesk.url)) as jobs:
        assert jobs.take()
        jobs.finish(1, "succeeded", "done")
    with newsdesk.desk.store.use() as store:
        before = store.audit.entries()
        assert admin.post("/desk/jobs/1/cancel").location == "/desk/jobs/1"
        assert "任务已经结束。" in admin.page("/desk/jobs/1")
        assert store.audit.entries() == before


def test_a_part_that_is_fetched_again_leaves_the_message_for_the_page(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    newsdesk.services.jobs.add("check", {})
    admin.post("/desk/jobs/1/cancel")
    assert "已取消。" not in admin.page("/desk/jobs/1/now")
    assert "任务 1 已取消。" in admin.page("/desk/jobs/1")


def test_every_argument_of_a_job_has_a_chinese_name() -> None:
    given = source_arguments("a.jsonl", source="json", options=Options(), rejects=Path("r"))
    of_reconcile_and_upload = {"only", "apply", "force", "uploaded"}
    arguments = {
        *given,
        *rebuild_arguments(),
        *promote_arguments("000001"),
        *of_reconcile_and_upload,
    }
    assert arguments == ARGUMENT_NAMES.keys()
