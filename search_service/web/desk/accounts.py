"""The accounts: invite people, change a role, disable and enable."""

from __future__ import annotations

from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from indexer.store.accounts import ROLES, Account, Role
from indexer.store.jobs import MAX_ID
from search_service.desk.actions import Action
from search_service.desk.desk import Desk, is_name, normal_name
from search_service.web.desk.entry import BAD_NAME
from search_service.web.desk.forms import form
from search_service.web.desk.layout import ROLE_NAMES
from search_service.web.desk.pages import DeskPages, Refused, session


def add_accounts(pages: DeskPages, desk: Desk) -> None:
    """The routes under ``/desk/accounts``."""

    @pages.page("/accounts", role="admin")
    def accounts() -> str:
        return _shown()

    @pages.action("/accounts", role="admin")
    def invite() -> str | tuple[str, int]:
        given = form()
        name = normal_name(given.get("name", ""))
        role: Role = "admin" if given.get("role") == "admin" else "editor"
        if name and not is_name(name):
            return _shown(error=BAD_NAME), 400
        with desk.store.use() as store:
            token = store.accounts.invite(role, name=name or None, invited_by=session().account.id)
        desk.note(session(), "account.invite", name, role=role)
        return _shown(link=url_for("desk.invitation", token=token, _external=True))

    @pages.action("/accounts/<int:account_id>", role="admin")
    def change_account(account_id: int) -> AnyResponse:
        """Change what the button of the form names: the role, or whether the account is disabled."""
        change = form().get("change", "")
        role = next((each for each in ROLES if each == change), None)
        disabled = {"disable": True, "enable": False}.get(change)
        if role is None and disabled is None:
            raise Refused(400, "不知道要改什么", "请返回上一页再试。")
        with desk.store.use() as store:
            done = store.accounts.change(min(account_id, MAX_ID), role=role, disabled=disabled)
        if done == "last_admin":
            raise Refused(409, "这是最后一位管理员", "请先让另一位同事成为管理员。")
        if not isinstance(done, Account):
            raise Refused(404, "没有这个账号", "地址可能写错了。")
        action: Action = "account.role"
        if disabled is not None:
            action = "account.disable" if disabled else "account.enable"
        desk.note(session(), action, done.name, role=done.role)
        state = "已停用" if done.disabled else f"现在是{ROLE_NAMES[done.role]}"
        desk.tell(session(), f"{done.name}{state}。")
        return redirect(url_for("desk.accounts"), 303)

    def _shown(**more: object) -> str:
        with desk.store.use() as store:
            found = store.accounts.list()
        return render_template("desk/accounts.html", accounts=found, **more)
