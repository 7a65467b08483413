"""Who comes into the desk, and how: invitations, login, logout, passwords, and the limits of attempts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from indexer.store import sessions
from search_service.web.desk.pages import HEADERS
from search_service.web.observing import shown_path
from tests.search_service.web.desk.newsdesk import OWN, PASSWORD, Newsdesk, csrf_of, opened


def invite(newsdesk: Newsdesk, **options: object) -> str:
    with newsdesk.desk.store.use() as store:
        return f"/desk/invitations/{store.accounts.invite(**{'role': 'editor', **options})}"  # type: ignore[arg-type]


def test_a_guest_sees_the_login_and_comes_back_to_where_he_wanted_to_go(newsdesk: Newsdesk) -> None:
    newsdesk.person("admin")
    guest = newsdesk.guest()
    answer = guest.get("/desk/jobs?state=failed")
    assert answer.status_code == 303
    assert answer.location == "/desk/login?next=/desk/jobs%3Fstate%3Dfailed"
    assert guest.get(answer.location).status_code == 200
    done = guest.post(
        "/desk/login", name="覃望舒", password=PASSWORD, next="/desk/jobs?state=failed"
    )
    assert (done.status_code, done.location) == (303, "/desk/jobs?state=failed")
    assert guest.get("/desk/jobs?state=failed").status_code == 200


@pytest.mark.parametrize("wanted", ["https://evil.example/desk", "//evil.example", "/desk\\@evil.example", "/", "/search", "/desk/a b"])  # fmt: skip
def test_a_login_leads_nowhere_else(newsdesk: Newsdesk, wanted: str) -> None:
    newsdesk.person("admin")
    done = newsdesk.guest().post("/desk/login", name="覃望舒", password=PASSWORD, next=wanted)
    assert done.location == "/desk"


def test_before_the_first_account_the_pages_name_the_link_that_the_start_prints(
    newsdesk: Newsdesk,
) -> None:
    guest = newsdesk.guest()
    for path in ("/desk/login", "/desk/invitations/unknown"):
        assert "启动时打印" in guest.get(path).text
    newsdesk.person("admin")
    for path in ("/desk/login", "/desk/invitations/unknown"):
        assert "启动时打印" not in guest.get(path).text


def test_an_invitation_makes_one_account_once(newsdesk: Newsdesk) -> None:
    link = invite(newsdesk)
    guest = newsdesk.guest()
    assert "建立账号" in guest.page(link)
    fields = {"name": " 程远 ", "password": PASSWORD, "again": PASSWORD}
    assert guest.post(link, **fields).location == "/desk"
    assert "程远" in guest.page("/desk")
    assert newsdesk.guest().get(link).status_code == 404
    assert newsdesk.guest().post(link, **(fields | {"name": "别人"})).status_code == 404


def test_a_wrong_choice_is_told_and_uses_nothing_up(newsdesk: Newsdesk) -> None:
    newsdesk.person("editor", "程远")
    link, guest = invite(newsdesk), newsdesk.guest()
    for fields, why in (
        ({"name": "新人", "password": "短", "again": "短"}, "密码要有 10 到 200 个字符"),
        ({"name": "新人", "password": PASSWORD, "again": PASSWORD + "！"}, "不一样"),
        ({"name": " ", "password": PASSWORD, "again": PASSWORD}, "名字要有"),
        ({"name": " 命令行 ", "password": PASSWORD, "again": PASSWORD}, "不能叫“命令行”"),
        ({"name": "程远", "password": PASSWORD, "again": PASSWORD}, "已经有人用了"),
    ):
        answer = guest.post(link, **fields)
        assert answer.status_code == 400
        assert why in answer.text
    assert guest.post(link, name="新人", password=PASSWORD, again=PASSWORD).status_code == 303


def test_an_invitation_for_an_account_sets_its_password_and_ends_its_sessions(
    newsdesk: Newsdesk,
) -> None:
    before = newsdesk.person("editor", "程远")
    link = invite(newsdesk, name="程远", role="admin")
    done = newsdesk.guest().post(link, name="程远", password=PASSWORD + "二", again=PASSWORD + "二")
    assert done.location == "/desk"
    assert before.get("/desk").status_code == 303
    assert newsdesk.guest().post("/desk/login", name="程远", password=PASSWORD).status_code == 403
    with newsdesk.desk.store.use() as store:
        account = store.accounts.find("程远")
    assert account is not None
    assert account.role == "editor"


def test_names_and_passwords_are_the_same_in_any_composition(newsdesk: Newsdesk) -> None:
    link = invite(newsdesk)
    newsdesk.guest().post(link, name="José", password="éclair-éclair", again="éclair-éclair")
    decomposed = {"name": "Jose\u0301", "password": "e\u0301clair-e\u0301clair"}
    assert newsdesk.guest().post("/desk/login", **decomposed).location == "/desk"


def test_the_cookie_is_for_the_desk_alone(newsdesk: Newsdesk) -> None:
    newsdesk.person("admin")
    fields = {"name": "覃望舒", "password": PASSWORD}
    plain = newsdesk.guest().post("/desk/login", **fields).headers["Set-Cookie"]
    assert {"HttpOnly", "Path=/desk", "SameSite=Lax"} <= set(plain.split("; "))
    assert "Secure" not in plain
    client = newsdesk.app.test_client()
    origin = {"Origin": "https://localhost"}
    over_tls = client.post("/desk/login", data=fields, headers=origin, base_url="https://localhost")
    assert "Secure" in over_tls.headers["Set-Cookie"].split("; ")


def test_the_desk_stands_below_a_path_too(newsdesk: Newsdesk) -> None:
    newsdesk.person("admin")
    client, base = newsdesk.app.test_client(), "http://localhost/news/"
    asked = client.get("/desk/jobs", base_url=base)
    assert asked.location == "/news/desk/login?next=/desk/jobs"
    fields = {"name": "覃望舒", "password": PASSWORD, "next": "/desk/jobs"}
    done = client.post("/desk/login", data=fields, headers=OWN, base_url=base)
    assert done.location == "/news/desk/jobs"
    assert "Path=/news/desk" in done.headers["Set-Cookie"].split("; ")
    page = client.get("/desk/jobs", base_url=base)
    assert page.status_code == 200
    assert 'href="/news/desk/imports"' in page.text


def test_a_login_has_a_new_session_and_a_logout_ends_it(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    guest = newsdesk.guest()
    guest.post("/desk/login", name="覃望舒", password=PASSWORD)
    guest.csrf = csrf_of(guest.page("/desk"))
    assert guest.csrf != admin.csrf
    cookie = guest.client.get_cookie("desk", path="/desk")
    assert cookie is not None
    assert guest.post("/desk/logout").location == "/desk/login"
    assert guest.client.get_cookie("desk", path="/desk") is None
    guest.client.set_cookie("desk", cookie.value, path="/desk")
    assert guest.get("/desk").status_code == 303
    assert admin.get("/desk").status_code == 200


def test_who_logs_in_again_in_the_same_browser_ends_the_session_before(newsdesk: Newsdesk) -> None:
    newsdesk.person("admin")
    editor, elsewhere = newsdesk.person("editor"), newsdesk.guest()
    link = invite(newsdesk)

    def cookie() -> str:
        found = editor.client.get_cookie("desk", path="/desk")
        assert found is not None
        return found.value

    for path, fields in (
        ("/desk/login", {"name": "覃望舒", "password": PASSWORD}),
        (link, {"name": "新同事", "password": PASSWORD, "again": PASSWORD}),
    ):
        before = cookie()
        assert editor.post("/desk/login", name="覃望舒", password="错").status_code == 403
        assert editor.get("/desk").status_code == 200
        assert editor.post(path, **fields).location == "/desk"
        assert editor.get("/desk").status_code == 200
        elsewhere.client.set_cookie("desk", before, path="/desk")
        assert elsewhere.get("/desk").status_code == 303
    assert newsdesk.person("admin").get("/desk").status_code == 200


def test_a_changed_password_ends_the_other_sessions(newsdesk: Newsdesk) -> None:
    here = newsdesk.person("admin")
    there = newsdesk.guest()
    there.post("/desk/login", name="覃望舒", password=PASSWORD)
    new = {"password": "另一条更长的板凳在院里", "again": "另一条更长的板凳在院里"}
    assert here.post("/desk/password", old="错的", **new).status_code == 403
    assert here.post("/desk/password", old=PASSWORD, **new).location == "/desk"
    assert here.get("/desk").status_code == 200
    assert there.get("/desk").status_code == 303


def test_a_session_ends_when_it_is_not_used_or_too_old(
    newsdesk: Newsdesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = newsdesk.person("admin")
    for name in ("IDLE", "LASTS"):
        with monkeypatch.context() as patch:
            patch.setattr(sessions, name, timedelta())
            if name == "LASTS":
                newsdesk.people.clear()
                admin = newsdesk.guest()
                admin.post("/desk/login", name="覃望舒", password=PASSWORD)
            assert admin.get("/desk").status_code == 303


def test_attempts_are_limited_by_name_and_address(newsdesk: Newsdesk) -> None:
    newsdesk.person("admin")
    guest = newsdesk.guest()
    for name in ("覃望舒", "查无此人"):
        answers = [guest.post("/desk/login", name=name, password="猜猜猜猜猜") for _ in range(6)]
        assert [each.status_code for each in answers] == [403] * 5 + [429]
        assert 0 < int(answers[-1].headers["Retry-After"]) <= 15 * 60 + 1
    assert guest.post("/desk/login", name="覃望舒", password=PASSWORD).status_code == 429
    elsewhere = newsdesk.app.test_client()
    done = elsewhere.post(
        "/desk/login",
        data={"name": "覃望舒", "password": PASSWORD},
        headers={"Origin": "http://localhost"},
        environ_overrides={"REMOTE_ADDR": "198.51.100.7"},
    )
    assert done.status_code == 303


def test_an_unknown_name_is_answered_like_a_wrong_password(newsdesk: Newsdesk) -> None:
    newsdesk.person("admin")
    answers = [
        newsdesk.guest().post("/desk/login", name=name, password="猜猜猜猜猜")
        for name in ("覃望舒", "查无此")
    ]
    pages = [each.text.replace("覃望舒", "查无此") for each in answers]
    assert pages[0] == pages[1]


def test_a_success_forgets_the_failures(newsdesk: Newsdesk) -> None:
    newsdesk.person("admin")
    for _ in range(3):
        guest = newsdesk.guest()
        for _ in range(4):
            assert guest.post("/desk/login", name="覃望舒", password="猜").status_code == 403
        assert guest.post("/desk/login", name="覃望舒", password=PASSWORD).status_code == 303


def test_no_answer_of_the_desk_is_kept_framed_or_indexed(newsdesk: Newsdesk) -> None:
    admin = newsdesk.person("admin")
    for answer in (
        admin.get("/desk"),
        admin.get("/desk/nothing/here"),
        newsdesk.guest().get("/desk"),
        newsdesk.guest().get("/desk/login"),
        newsdesk.guest().post_from({}, "/desk/login"),
    ):
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"]


def test_a_store_that_is_away_is_not_replaced_by_an_empty_one(tmp_path: Path) -> None:
    with opened(tmp_path) as own:
        page = own.person("editor").page
        page("/desk")
        own.desk.close()
        files, away = sorted(tmp_path.glob("articles.sqlite3*")), tmp_path / "away"
        away.mkdir()
        for each in files:
            each.rename(away / each.name)
        for path in ("/desk", "/desk", "/desk/login", "/desk/invitations/unknown"):
            assert own.person("editor").get(path).status_code == 503, path
        assert not list(tmp_path.glob("articles.sqlite3*"))
        for each in reversed(files):
            (away / each.name).rename(each)
        page("/desk")


def test_no_log_holds_the_token_of_an_invitation(newsdesk: Newsdesk) -> None:
    with newsdesk.app.test_request_context("/desk/invitations/secret"):
        assert shown_path() == "/desk/invitations/<token>"
    with newsdesk.app.test_request_context("/desk/login"):
        assert shown_path() == "/desk/login"


def test_the_address_with_a_slash_leads_to_the_desk(newsdesk: Newsdesk) -> None:
    assert newsdesk.guest().get("/desk/").location == "/desk/login?next=/desk/"
    assert newsdesk.person("editor").get("/desk/").location == "/desk"
