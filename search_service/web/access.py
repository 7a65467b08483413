"""Who may ask for what: API keys, sent as ``Authorization: Bearer KEY``.

A blueprint of ``Routes`` names the scope that its routes need, and this module checks it before each request. If the service
is private, all other routes need a key too, except OPEN ones. If it is not, they need none; but a wrong key is refused
everywhere, so that a portal notices that its key was revoked. A key with origins works on pages of these only. Whoever
reads a page can take its key, so such a key is no good where readers have no business: routes of the scope ``search``. No message of
the log holds a key.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from flask import Flask, g, request

from indexer.store.keys import ApiKey, Scope
from search_service.services import Services
from search_service.web.caching import keep_private
from search_service.web.errors import Problem, problem
from search_service.web.routes import Routes

OPEN: Final = frozenset(("desk", "discovery", "docs", "elements", "health", "theme"))
"""Blueprints that need no key, even if the service is private: probes send none, descriptions, scripts and looks hold no article, and
the desk has its own login."""

_ENGLISH: Final = {"expired": "expired", "revoked": "was revoked"}


def register_access(app: Flask, services: Services, *, private: bool) -> None:
    """Check the key of every request to ``app`` before its view runs.

    A key costs one look into the store in KNOWN_SECONDS, about half a millisecond. Reading without a key costs nothing.
    """

    @app.before_request
    def check() -> None:
        if is_open():
            return
        blueprint = app.blueprints.get(request.blueprint or "")
        scope = blueprint.scope if isinstance(blueprint, Routes) else None
        needed = private or scope is not None
        now = services.clock()
        try:
            _check_key(services, scope, needed=needed, now=now)
        except Problem:
            if scope == "write" and not services.keys.may_write(now):
                raise problem("writing_off") from None
            raise
        if needed:
            keep_private()


def is_open() -> bool:
    """Whether this request needs no key, even if the service is private."""
    return request.endpoint == "static" or request.blueprint in OPEN


def usable_key(services: Services) -> ApiKey | None:
    """The key of this request, of whatever scope, if it works now and on the page that asks; None otherwise."""
    if "usable_key" not in g:
        text = _sent_key()
        key = None if text is None else services.keys.find(text)
        works = key is not None and key.state(services.clock()) == "active" and _is_at_home(key)
        g.usable_key = key if works else None
    usable: ApiKey | None = g.usable_key
    return usable


def key_lists_origin() -> bool:
    """Whether the usable key of this request, if the request came that far, is one for pages of its ``Origin``."""
    key: ApiKey | None = g.get("usable_key")
    return key is not None and request.environ.get("HTTP_ORIGIN") in key.origins


def _check_key(services: Services, scope: Scope | None, *, needed: bool, now: datetime) -> None:
    """Raise the problem with the request's key, if there is one.

    Whoever sends an expired or revoked key is told so. Only its owner can send it, so the answer helps no guesser.
    """
    text = _sent_key()
    if text is None:
        if needed:
            raise _refusal("key_missing", "")
        return
    key = services.keys.find(text)
    if key is None:
        raise _refusal("key_invalid", "the key is unknown", 'error="invalid_token"')
    state = key.state(now)
    if state != "active":
        raise _refusal("key_invalid", f"the key {_ENGLISH[state]}", 'error="invalid_token"')
    if not _is_at_home(key):
        page = _page_origin()
        whence = f"this request comes from {page}" if page else "this request names no page"
        raise _refusal("key_origin", f"the key is for pages of certain origins, and {whence}")
    if scope == "search" and key.origins:
        detail = (
            "the key is for pages, which everybody can read, and this route is not for everybody"
        )
        raise _refusal("key_scope", detail, 'error="insufficient_scope"')
    if scope is not None and key.scope not in (scope, "admin"):
        detail = f"the key has the scope {key.scope}, and this route needs {scope}"
        raise _refusal("key_scope", detail, f'error="insufficient_scope", scope="{scope}"')


def _sent_key() -> str | None:
    """The key of the request. None if it sends none, or an Authorization of another kind, which is meant for a proxy."""
    kind, _, text = request.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return text.strip() if kind.lower() == "bearer" else None


def _is_at_home(key: ApiKey) -> bool:
    """Whether the key may be used where this request comes from."""
    return not key.origins or _page_origin() in key.origins


def _page_origin() -> str:
    """The origin of the page that asks; empty if the request names none.

    Browsers send no ``Origin`` with a GET to the page's own host. Its ``Referer`` begins with it.
    """
    environ = request.environ
    origin: str = environ.get("HTTP_ORIGIN", "")
    return origin or "/".join(environ.get("HTTP_REFERER", "").split("/", 3)[:3])


def _refusal(code: str, detail: str, why: str = "") -> Problem:
    """A problem with the challenge of RFC 6750, section 3."""
    made = problem(code, detail)
    made.headers["WWW-Authenticate"] = f"Bearer {why}".strip()
    return made
