"""The log of what was done at the desk."""

from __future__ import annotations

from typing import Final

from flask import render_template, request

from search_service.desk.actions import NAMES
from search_service.desk.desk import Desk
from search_service.web.desk.pages import DeskPages, page_number

SIZE: Final = 50
"""Entries of a page."""


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
        )
