"""The API keys: make one, which is shown once, and revoke one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from indexer.store.keys import (
    MOST_ORIGINS,
    MOST_PER_MINUTE,
    NAME_LENGTH,
    SCOPES,
    ApiKey,
    Scope,
)
from search_service.desk.desk import Desk
from search_service.services import Services
from search_service.settings import origin
from search_service.web.desk.entry_forms import WrongEntry, number_of
from search_service.web.desk.forms import form
from search_service.web.desk.pages import DeskPages, Refused, session

SCOPE_NAMES: Final[dict[Scope, str]] = {
    "search": "只读：搜索和读取",
    "write": "写入：还能增改和撤下文章",
    "admin": "管理：全部接口",
}
STATE_NAMES: Final = {"active": "有效", "expired": "已过期", "revoked": "已撤销"}
MOST_DAYS: Final = 36_500


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The key that a form describes."""

    name: str
    scope: Scope
    days: int | None
    limit: int | None
    origins: tuple[str, ...]


def add_keys(pages: DeskPages, services: Services, desk: Desk) -> None:
    """The routes under ``/desk/keys``."""

    @pages.page("/keys", role="admin")
    def keys() -> str:
        return _shown()

    @pages.action("/keys", role="admin")
    def make_key() -> str | tuple[str, int]:
        try:
            wanted = _wanted(form())
        except WrongEntry as wrong:
            return _shown(error=str(wrong)), 400
        with desk.store.use() as store:
            text, key = store.keys.create(
                wanted.name,
                wanted.scope,
                wanted.days,
                requests_per_minute=wanted.limit,
                origins=wanted.origins,
            )
        desk.note(session(), "key.create", str(key.id), **asdict(wanted))
        return _shown(made=key, text=text)

    @pages.page("/keys/<int:key_id>/revoke", role="admin")
    def ask_to_revoke(key_id: int) -> str:
        key = _found(key_id)
        return render_template(
            "desk/confirm.html",
            title=f"撤销密钥 {key_id}",
            text=f"“{key.name}”用这个密钥的程序马上就不能再访问。撤销以后不能恢复。",
            action=url_for("desk.revoke_key", key_id=key_id),
            button="撤销",
            back=url_for("desk.keys"),
        )

    @pages.action("/keys/<int:key_id>/revoke", role="admin")
    def revoke_key(key_id: int) -> AnyResponse:
        key = _found(key_id)
        with desk.store.use() as store:
            store.keys.revoke(key.id)
        desk.note(session(), "key.revoke", str(key.id), name=key.name)
        desk.tell(session(), f"密钥 {key.id} 已撤销。")
        return redirect(url_for("desk.keys"), 303)

    def _shown(**more: object) -> str:
        now = services.clock()
        with desk.store.use() as store:
            found = [(each, STATE_NAMES[each.state(now)]) for each in store.keys.list()]
        return render_template(
            "desk/keys.html", keys=found[::-1], scope_names=SCOPE_NAMES, given=form(), **more
        )

    def _found(key_id: int) -> ApiKey:
        with desk.store.use() as store:
            found = next((each for each in store.keys.list() if each.id == key_id), None)
        if found is None:
            raise Refused(404, "没有这个密钥", "地址可能写错了。")
        return found


def _wanted(given: Mapping[str, str]) -> _Wanted:
    """Read the form.

    Raises:
        WrongEntry: a field is missing or wrong.
    """
    name = given.get("name", "").strip()
    scope = next((each for each in SCOPES if each == given.get("scope")), None)
    if scope is None or not name.isprintable() or not 0 < len(name) <= NAME_LENGTH:
        raise WrongEntry(f"请选择权限，并写一个不超过 {NAME_LENGTH} 个字的用途。")
    return _Wanted(
        name,
        scope,
        _optional_number(given.get("days", ""), MOST_DAYS, "有效天数"),
        _optional_number(given.get("limit", ""), MOST_PER_MINUTE, "每分钟次数"),
        _origins(given.get("origins", "")),
    )


def _optional_number(text: str, most: int, label: str) -> int | None:
    return number_of(text, 1, most, label) if text.strip() else None


def _origins(text: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(map(_origin, re.findall(r"[^\s,，、;；]+", text))))
    if len(found) > MOST_ORIGINS:
        raise WrongEntry(f"一个密钥最多写 {MOST_ORIGINS} 个网页来源，请再建一个。")
    return found


def _origin(text: str) -> str:
    try:
        return origin(text)
    except ValueError as error:
        raise WrongEntry(
            f"“{text}”不是网页来源。要写成 https://www.example.com 这样：以 http:// 或 https:// 开头，后面不带路径和斜杠；"
            "中文域名写成 xn-- 开头的形式。"
        ) from error
