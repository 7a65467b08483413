"""The blueprint of the desk: each of its views names the role that it needs, and nothing is answered before that is checked.

``page`` registers what is looked at, ``action`` what changes something. An action is a form that is posted: it carries the token of
its session, and comes from a page of this service. It ends in a redirect to a page, with a message.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeVar
from urllib.parse import quote

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from indexer.store.accounts import Role
from indexer.store.sessions import Session
from search_service.desk.desk import Desk
from search_service.web.desk.forms import drop_upload, form, most_bytes, read_form, receive, same
from search_service.web.errors import Problem, problem_of

COOKIE: Final = "desk"
"""The name of the cookie."""

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
}

_View = TypeVar("_View", bound=Callable[..., Any])
_NEXT: Final = re.compile(r"/desk(?:/[^\\\s]*)?(?:\?[^\\\s]*)?")
"""A page of the desk, as a path below this service."""


class Refused(Exception):
    """A request that the desk does not do, as a page says it."""

    def __init__(self, status: int, heading: str, advice: str) -> None:
        super().__init__(heading)
        self.status, self.heading, self.advice = status, heading, advice


class DeskPages(Blueprint):
    """The views of the desk. Each part of it adds its own."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("desk", __name__, url_prefix="/desk")
        self._desk = desk
        self._roles: dict[str, Role | None] = {}
        self._fragments: set[str] = set()
        self._uploads: dict[str, int] = {}
        self.before_request(self._enter)
        self.after_request(_add_headers)
        self.teardown_request(drop_upload)
        self.register_error_handler(Exception, _answer)

    def page(self, rule: str, *, role: Role | None) -> Callable[[_View], _View]:
        """Register a view that only shows something, under its own name. Without a role everybody may see it."""
        return self._add(rule, role, "GET")

    def fragment(self, rule: str, *, role: Role) -> Callable[[_View], _View]:
        """Register a view of a part of a page, which a script fetches again and again. It leaves messages to the pages."""

        def add(view: _View) -> _View:
            self._fragments.add(f"{self.name}.{view.__name__}")
            return self.page(rule, role=role)(view)

        return add

    def action(self, rule: str, *, role: Role | None) -> Callable[[_View], _View]:
        """Register a view that changes something."""
        return self._add(rule, role, "POST")

    def upload(self, rule: str, *, role: Role, most: int) -> Callable[[_View], _View]:
        """Register an action whose form has a file (``forms.upload``), and at most so many bytes."""

        def add(view: _View) -> _View:
            self._uploads[f"{self.name}.{view.__name__}"] = most
            return self.action(rule, role=role)(view)

        return add

    def _add(self, rule: str, role: Role | None, method: str) -> Callable[[_View], _View]:
        def add(view: _View) -> _View:
            self._roles[f"{self.name}.{view.__name__}"] = role
            self.add_url_rule(rule, view.__name__, view, methods=[method])
            return view

        return add

    def _enter(self) -> AnyResponse | None:
        """Check the origin, the session, the role and the token, in this order."""
        g.session = None
        role = self._roles[request.endpoint or ""]
        changes = request.method == "POST"
        if changes:
            _refuse_foreign()
        if role is None:
            read_form()
            return None
        token = request.cookies.get(COOKIE)
        found = g.session = self._desk.session(token) if token else None
        if found is None:
            return _to_login(changes)
        if role == "admin" and found.account.role != "admin":
            raise Refused(
                403, "没有权限", "这里只有管理员可以使用。需要的话，请管理员调整你的角色。"
            )
        most = self._uploads.get(request.endpoint or "")
        if most is None:
            read_form()
        else:
            receive(self._desk.uploads, most=most)
        if changes and not same(form().get("csrf", ""), found.csrf):
            raise Refused(403, "表单已失效", "请返回上一页，刷新后再提交一次。什么也没有改动。")
        if found.message and not changes and request.endpoint not in self._fragments:
            g.message = found.message
            self._desk.tell(found, "")
        return None


def session() -> Session:
    """The session of this request, in a view that needs a role."""
    found: Session = g.session
    return found


def page_number() -> int:
    """The number of the page that the address asks for; 1 if it names none."""
    text = request.args.get("page", "")
    return int(text) if re.fullmatch(r"[1-9]\d{0,5}", text, re.ASCII) else 1


def goes_to(text: str) -> str:
    """The address below this host that a login leads to: the page of the desk that ``text`` names, else the first one."""
    return f"{request.script_root}{text}" if _NEXT.fullmatch(text) else url_for("desk.overview")


def fill_cookie(response: AnyResponse, token: str) -> AnyResponse:
    """Let a browser keep the token of a session, and send it to the desk only."""
    response.set_cookie(
        COOKIE,
        token,
        path=f"{request.script_root}/desk",
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def empty_cookie(response: AnyResponse) -> AnyResponse:
    """Let a browser forget its session."""
    response.delete_cookie(
        COOKIE,
        path=f"{request.script_root}/desk",
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def _to_login(changes: bool) -> AnyResponse:
    wanted = request.path
    if request.query_string:
        wanted += "?" + request.query_string.decode("ascii", errors="replace")
    at = url_for("desk.login")
    return redirect(at if changes else f"{at}?next={quote(wanted, safe='/')}", 303)


def _refuse_foreign() -> None:
    """Refuse a form of another site. Browsers say with every POST where it comes from.

    A proxy may end TLS, so only host and port are compared. One that replaces the Host leaves Sec-Fetch-Site, which browsers send
    over TLS.
    """
    environ = request.environ
    fetched = environ.get("HTTP_SEC_FETCH_SITE")
    origin: str = environ.get("HTTP_ORIGIN", "")
    own = environ.get("HTTP_HOST", "").lower() == origin.partition("://")[2].lower()
    if fetched != "same-origin" if fetched else not (origin and own):
        raise Refused(403, "来源不对", "这个表单不是从编辑台的页面提交的。请重新打开编辑台再试。")


def _add_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response


def _answer(error: Exception) -> tuple[str, int, dict[str, str]]:
    """Any error as a page of the desk."""
    headers: dict[str, str] = {}
    request_id = None
    if isinstance(error, RequestEntityTooLarge):
        most = most_bytes() // 1_000_000
        error = Refused(413, "太大了", f"一次最多提交 {most} MB，请分成几次。什么也没有保存。")
    if not isinstance(error, Refused):
        made = problem_of(error)
        headers, request_id = made.headers, made.request_id
        error = _refused(made)
    page = render_template("desk/problem.html", refused=error, request_id=request_id)
    return page, error.status, headers


def _refused(made: Problem) -> Refused:
    """A problem in the words of the desk."""
    code = made.code
    if code.name == "store_unavailable":
        advice = "编辑台要用的数据库现在打不开，请稍后再试。读者的搜索不受影响。"
        return Refused(code.status, "编辑台暂时不可用", advice)
    if code.name == "not_found":
        return Refused(code.status, code.heading, "请从导航重新进入。")
    return Refused(code.status, code.heading, code.advice)
