"""Who may ask for what: API keys, sent as ``Authorization: Bearer KEY``.

A blueprint of ``Routes`` names the scope that its routes need, and this module checks it before each request. If the service
is private, all other routes need a key too, except OPEN ones. If it is not, they need none; but a wrong key is refused
everywhere, so that a portal notices that its key was revoked. No message of the log holds a key.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from flask import Flask, request

from indexer.store.keys import Scope
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


def has_active_key(services: Services) -> bool:
    """Whether this request has a key that works now, of whatever scope."""
    text = _sent_key()
    key = None if text is None else services.keys.find(text)
    return key is not None and key.state(services.clock()) == "active"


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
    if scope is not None and key.scope not in (scope, "admin"):
        detail = f"the key has the scope {key.scope}, and this route needs {scope}"
        raise _refusal("key_scope", detail, f'error="insufficient_scope", scope="{scope}"')


def _sent_key() -> str | None:
    """The key of the request. None if it sends none, or an Authorization of another kind, which is meant for a proxy."""
    kind, _, text = request.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return text.strip() if kind.lower() == "bearer" else None


def _refusal(code: str, detail: str, why: str = "") -> Problem:
    """A problem with the challenge of RFC 6750, section 3."""
    made = problem(code, detail)
    made.headers["WWW-Authenticate"] = f"Bearer {why}".strip()
    return made
