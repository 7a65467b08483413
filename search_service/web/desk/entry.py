"""Who comes in: login, invitations, logout, and the change of one's own password."""

from __future__ import annotations

from typing import Final

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from indexer.store.audit import COMMAND_LINE
from search_service.desk.desk import Desk, LoggedIn, Wait, is_name, normal_name
from search_service.desk.passwords import LEAST, MOST, is_acceptable
from search_service.web.desk.forms import form
from search_service.web.desk.pages import (
    COOKIE,
    DeskPages,
    Refused,
    empty_cookie,
    fill_cookie,
    goes_to,
    session,
)

Answer = AnyResponse | str | tuple[str, int] | tuple[str, int, dict[str, str]]

BAD_PASSWORD: Final = f"密码要有 {LEAST} 到 {MOST} 个字符。"
NOT_ALIKE: Final = "两次输入的新密码不一样。"
BAD_NAME: Final = (
    f"名字要有 1 到 64 个字符，也不能叫“{COMMAND_LINE}”：记录里它指在服务器上运行的命令。"
)


def add_entry(pages: DeskPages, desk: Desk) -> None:
    """The routes ``/desk/login``, ``/desk/logout``, ``/desk/invitations/<token>`` and ``/desk/password``."""

    @pages.page("/login", role=None)
    def login() -> str:
        return render_template(
            "desk/login.html", next=request.args.get("next", ""), is_new=desk.is_new()
        )

    @pages.action("/login", role=None)
    def log_in() -> Answer:
        given = form()
        name = normal_name(given.get("name", ""))
        done = desk.log_in(
            name,
            given.get("password", ""),
            request.remote_addr or "",
            instead_of=request.cookies.get(COOKIE),
        )
        if isinstance(done, LoggedIn):
            return fill_cookie(redirect(goes_to(given.get("next", "")), 303), done.token)
        page = {"next": given.get("next", ""), "name": name}
        if isinstance(done, Wait):
            return _wait("desk/login.html", done, **page)
        error = "名字或密码不对。忘了密码，请管理员发一个新的邀请链接。"
        return render_template("desk/login.html", error=error, **page), 403

    @pages.action("/logout", role="editor")
    def log_out() -> AnyResponse:
        desk.log_out(session())
        return empty_cookie(redirect(url_for("desk.login"), 303))

    @pages.page("/invitations/<token>", role=None)
    def invitation(token: str) -> str:
        return _invitation(token)

    @pages.action("/invitations/<token>", role=None)
    def accept(token: str) -> Answer:
        given = form()
        name, password = normal_name(given.get("name", "")), given.get("password", "")
        if not is_name(name):
            return _invitation(token, error=BAD_NAME), 400
        if wrong := _wrong_password(password, given.get("again", "")):
            return _invitation(token, error=wrong, name=name), 400
        before = request.cookies.get(COOKIE)
        done = desk.accept(token, name=name, password=password, instead_of=before)
        if isinstance(done, LoggedIn):
            return fill_cookie(redirect(url_for("desk.overview"), 303), done.token)
        if done == "taken":
            return _invitation(token, error="这个名字已经有人用了，请换一个。", name=name), 400
        raise _void()

    def _invitation(token: str, **shown: str) -> str:
        with desk.store.use() as store:
            invited = store.accounts.invitation(token)
        if invited is None:
            raise _void()
        return render_template("desk/invitation.html", invited=invited, token=token, **shown)

    def _void() -> Refused:
        again = "请打开服务最近一次启动时打印的链接。" if desk.is_new() else "请管理员再发一个。"
        return Refused(404, "链接已失效", f"邀请链接只能用一次，24 小时内有效。{again}")

    @pages.page("/password", role="editor")
    def password() -> str:
        return render_template("desk/password.html")

    @pages.action("/password", role="editor")
    def change_password() -> Answer:
        given = form()
        if wrong := _wrong_password(given.get("password", ""), given.get("again", "")):
            return render_template("desk/password.html", error=wrong), 400
        done = desk.change_password(
            session(),
            old=given.get("old", ""),
            new=given.get("password", ""),
            address=request.remote_addr or "",
        )
        if isinstance(done, LoggedIn):
            return fill_cookie(redirect(url_for("desk.overview"), 303), done.token)
        if isinstance(done, Wait):
            return _wait("desk/password.html", done)
        return render_template("desk/password.html", error="现在的密码不对。"), 403


def _wrong_password(password: str, again: str) -> str:
    """What is wrong with a new password; nothing if it can be used."""
    if not is_acceptable(password):
        return BAD_PASSWORD
    return "" if password == again else NOT_ALIKE


def _wait(template: str, wait: Wait, **shown: str) -> tuple[str, int, dict[str, str]]:
    minutes = -(-wait.seconds // 60)
    page = render_template(template, error=f"尝试的次数太多，请 {minutes} 分钟后再试。", **shown)
    return page, 429, {"Retry-After": str(wait.seconds)}
