"""Every route of the desk: who may use it, and which forms are believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.search_service.web.desk.newsdesk import OWN, Newsdesk, opened

FOREIGN: tuple[dict[str, str], ...] = (
    {},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    OWN | {"Sec-Fetch-Site": "cross-site"},
    OWN | {"Sec-Fetch-Site": "same-site"},
    OWN | {"Sec-Fetch-Site": "none"},
)
"""What the form of another site's page sends, or a program that says nothing."""

OPEN = {"desk.login", "desk.log_in", "desk.invitation", "desk.accept"}
FOR_EDITORS = {
    *("desk.overview", "desk.first", "desk.overview_now", "desk.log_out", "desk.password", "desk.change_password", "desk.nothing"),
    *("desk.queries", "desk.query", "desk.try_choice", "desk.choose"),
    *("desk.lists", "desk.entries", "desk.add_entry", "desk.remove_entry", "desk.switch_entry", "desk.lines", "desk.import_lines", "desk.export_lines"),
    *("desk.words", "desk.words_now", "desk.preview_words", "desk.apply_words", "desk.new_words", "desk.decide_word"),
    *("desk.articles", "desk.article", "desk.article_now", "desk.article_gone", "desk.confirm_article", "desk.change_article"),
}  # fmt: skip


def routes(newsdesk: Newsdesk, method: str) -> dict[str, str]:
    """The address of each route of the desk that takes a method, by its endpoint."""
    found = {}
    adapter = newsdesk.app.url_map.bind("localhost")
    for rule in newsdesk.app.url_map.iter_rules():
        if rule.endpoint.startswith("desk.") and method in (rule.methods or ()):
            values = dict.fromkeys(rule.arguments, 7 if "int:" in rule.rule else "x")
            found[rule.endpoint] = adapter.build(rule.endpoint, values, method)
    return found


def test_every_route_but_the_login_needs_a_session(newsdesk: Newsdesk) -> None:
    for endpoint, path in routes(newsdesk, "GET").items():
        answer = newsdesk.guest().get(path)
        if endpoint in OPEN:
            assert answer.status_code in (200, 404), path
        else:
            assert answer.status_code == 303, path
            assert answer.location.startswith("/desk/login?next=")
    for endpoint, path in routes(newsdesk, "POST").items():
        if endpoint not in OPEN:
            answer = newsdesk.guest().post(path)
            assert (answer.status_code, answer.location) == (303, "/desk/login"), path


def test_an_editor_gets_nothing_that_is_the_admins(newsdesk: Newsdesk) -> None:
    editor = newsdesk.person("editor")
    for method in ("GET", "POST"):
        for endpoint, path in routes(newsdesk, method).items():
            if endpoint in OPEN | FOR_EDITORS:
                continue
            answer = editor.get(path) if method == "GET" else editor.post(path)
            assert answer.status_code == 403, path
            assert "没有权限" in answer.text


def test_no_route_is_forgotten(newsdesk: Newsdesk) -> None:
    known = routes(newsdesk, "GET") | routes(newsdesk, "POST")
    assert known.keys() > OPEN | FOR_EDITORS
    assert len(known) > 20


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_form_of_another_site_changes_nothing(
    newsdesk: Newsdesk, headers: dict[str, str]
) -> None:
    admin = newsdesk.person("admin")
    for path in routes(newsdesk, "POST").values():
        answer = admin.post_from(headers, path)
        assert answer.status_code == 403, path
        assert "来源不对" in answer.text


@pytest.mark.parametrize("token", ["", "x", "令牌"])
def test_a_form_without_the_token_of_its_session_changes_nothing(
    newsdesk: Newsdesk, token: str
) -> None:
    admin = newsdesk.person("admin")
    for endpoint, path in routes(newsdesk, "POST").items():
        if endpoint in OPEN:
            continue
        answer = admin.post(path, csrf=token)
        assert answer.status_code == 403, path
        assert "请返回上一页，刷新后再提交一次" in answer.text


def test_the_token_of_another_session_is_refused(newsdesk: Newsdesk) -> None:
    admin, editor = newsdesk.person("admin"), newsdesk.person("editor")
    assert admin.post("/desk/keys", csrf=editor.csrf, name="x", scope="search").status_code == 403
    assert editor.post("/desk/logout", csrf=admin.csrf).status_code == 403


def test_a_form_of_our_own_page_is_believed_whatever_the_host_is_behind_a_proxy(
    newsdesk: Newsdesk,
) -> None:
    admin = newsdesk.person("admin")
    for headers in (
        OWN,
        {"Origin": "https://localhost"},
        {"Origin": "https://news.example", "Sec-Fetch-Site": "same-origin"},
    ):
        assert admin.post_from(headers, "/desk/keys", name="").status_code == 400


def test_the_search_of_readers_goes_on_when_the_store_is_away(tmp_path: Path) -> None:
    with opened(tmp_path) as newsdesk:
        admin = newsdesk.person("admin")
        newsdesk.desk.store.close()
        for path in tmp_path.glob("articles.sqlite3*"):
            path.unlink()
        (tmp_path / "articles.sqlite3").mkdir()
        answer = admin.get("/desk")
        assert answer.status_code == 503
        assert "读者的搜索不受影响" in answer.text
        assert newsdesk.guest().get("/search?q=云溪").status_code == 200


def test_an_unknown_page_of_the_desk_says_so(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    for path in (
        "/desk/nothing",
        "/desk/jobs/99999999999999999999",
        "/desk/imports/x",
        "/desk/keys/5/revoke",
    ):
        assert admin.get(path).status_code == 404, path
