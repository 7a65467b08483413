"""The log of what was done at the desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import render_template, request

from indexer.store.audit import Entry
from search_service.desk.actions import NAMES
from search_service.desk.desk import Desk
from search_service.web.desk.chinese.names import FIELD_NAMES
from search_service.web.desk.keys import SCOPE_NAMES
from search_service.web.desk.layout import KIND_NAMES, ROLE_NAMES
from search_service.web.desk.list_names import LIST_TEXTS
from search_service.web.desk.pages import DeskPages, page_number

SIZE: Final = 50
"""Entries of a page."""

DETAIL_NAMES: Final[Mapping[str, str]] = {
    "added": "新增",
    "address": "地址",
    "bytes": "字节",
    "changed": "修改",
    "days": "天数",
    "file": "文件",
    "force": "检查没有通过也上线",
    "generation": "版本",
    "kind": "任务",
    "like": "照着任务",
    "limit": "每分钟请求",
    "lines": "条目",
    "made_at": "备份时间",
    "mapping": "字段对应",
    "name": "名字",
    "origins": "来源",
    "promote": "做完上线",
    "query": "查询",
    "removed": "删除",
    "revision": "改动号",
    "role": "角色",
    "scope": "权限",
    "title": "标题",
}
"""The details of the log. One without a name is shown under the name that it has there."""


def add_audit(pages: DeskPages, desk: Desk) -> None:
    """The route ``/desk/audit``."""

    @pages.page("/audit", role="admin")
    def audit() -> str:
        who, action, page = (
            request.args.get("who", ""),
            request.args.get("action", ""),
            page_number(),
        )
        with desk.store.use() as store:
            entries, total = store.audit.entries(who=who, action=action, page=page, size=SIZE)
            people = store.audit.people()
        return render_template(
            "desk/audit.html",
            entries=entries,
            total=total,
            page=page,
            size=SIZE,
            asked={"who": who, "action": action},
            people=[("", "所有人"), *((each, each) for each in people)],
            actions=[("", "所有操作"), *NAMES.items()],
            subject_text=subject_text,
            details_text=details_text,
        )


def details_text(details: Mapping[str, Any]) -> str:
    """What the log knows of a change, in one line."""
    return "；".join(
        f"{DETAIL_NAMES.get(name, name)}：{_detail_text(name, value)}"
        for name, value in details.items()
        if value not in ("", None, {}, [])
    )


def _detail_text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(f"“{each}”" for each in value)
    if isinstance(value, dict):
        return "、".join(f"{key} → {FIELD_NAMES.get(each, each)}" for key, each in value.items())
    named: Mapping[str, Mapping[Any, str]] = {
        "kind": KIND_NAMES,
        "role": ROLE_NAMES,
        "scope": SCOPE_NAMES,
    }
    return named.get(name, {}).get(value, str(value))


def subject_text(entry: Entry) -> str:
    """What an entry of the log is about, in the words of the pages."""
    subject: str = entry.subject
    match entry.action.partition(".")[0]:
        case "job":
            return f"任务 {subject}"
        case "key":
            return f"密钥 {subject}"
        case "list":
            return next(
                (text.name for name, text in LIST_TEXTS.items() if name == subject), subject
            )
    return subject
