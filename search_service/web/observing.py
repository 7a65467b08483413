"""What is told of every request: its id, its count and time in the metrics, and a line of the log if the log is JSON.

The line holds no address, no key and no query string: with them, the log would tell who reads what. The query log is the place of
queries, and keeps them by its own rules.
"""

from __future__ import annotations

import logging
import re
import secrets
from time import perf_counter
from typing import Final

from flask import Flask, Response, g, has_request_context, request

from search_service.metrics import Metrics

REQUEST_ID: Final = "X-Request-Id"

_SANE: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
"""Ids that are taken over. Others could break a line of the log, or fill it."""

log = logging.getLogger(__name__)


def register_observing(app: Flask, metrics: Metrics) -> None:
    """Observe every request to ``app``. Must be registered before all other hooks, so that the time is that of all."""

    @app.before_request
    def begin() -> None:
        g.began = perf_counter()
        given = request.environ.get("HTTP_X_REQUEST_ID", "")
        g.request_id = given if _SANE.fullmatch(given) else secrets.token_hex(8)

    @app.after_request
    def end(response: Response) -> Response:
        seconds = perf_counter() - g.began
        rule = request.url_rule
        route, method = ("", "") if rule is None else (rule.rule, request.method)
        metrics.answered(route, method, response.status_code, seconds)
        code: str | None = g.get("problem")
        if code is not None:
            metrics.failed(code)
        response.headers[REQUEST_ID] = g.request_id
        if log.isEnabledFor(logging.INFO):
            facts = {
                "method": request.method,
                "path": shown_path(),
                "route": route,
                "status": response.status_code,
                "ms": round(seconds * 1000, 1),
            }
            log.info("request", extra={"facts": facts | ({} if code is None else {"code": code})})
        return response


def shown_path() -> str:
    """The path of the request as a log may hold it: of an invitation only the rule, since its token lets its reader in."""
    rule = request.url_rule
    return rule.rule if rule is not None and "token" in (request.view_args or {}) else request.path


def request_id() -> str | None:
    """The id of the request that this thread answers; None outside of requests."""
    found: str | None = g.get("request_id") if has_request_context() else None
    return found


def note_problem(code: str) -> None:
    """Note that the request is answered with an error of this code."""
    g.problem = code
