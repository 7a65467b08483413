"""How errors become answers: which code of ``codes.py`` an error has, and how it is sent.

The API answers with problem+json (RFC 9457), the pages with an error page. Only this module maps errors of the index
and the store to a code and a status. An answer never contains a path of the server; the log does.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from flask import Flask, Response, request, url_for
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    MethodNotAllowed,
    NotFound,
    RequestTimeout,
    ServiceUnavailable,
)
from werkzeug.urls import iri_to_uri

from indexer.errors import (
    ArticleNotFound,
    ConditionFailed,
    IndexFailure,
    JobNotFound,
    JobWaiting,
    Overloaded,
    StoreError,
)
from search_service.web.codes import CODES, Code
from search_service.web.index_codes import index_code
from search_service.web.observing import note_problem, request_id, shown_path
from search_service.web.payloads import ProblemPayload, ReasonPayload, WrongParameter

log = logging.getLogger(__name__)

ErrorPage = Callable[["Problem"], str]
"""Renders a problem as a page for readers."""


API_PATHS: Final = ("/api/", "/feeds/", "/healthz", "/readyz", "/metrics", "/openapi.json")
"""Paths whose errors are problem+json. Errors of all other paths are pages."""

FRAGMENT_PATHS: Final = "/embed/"
"""Paths whose errors have no body: a page that includes the answer would show it."""


_HOST: Final = re.compile(
    r"(?:[\w-]{1,63}(?:\.[\w-]{1,63})*\.?|\[[0-9a-fA-F:.]+\])(?::\d{0,5})?", re.ASCII
)
"""A host name or an address, and a port. Names may hold underscores, as a proxy's upstream names do."""


@dataclass(eq=False)
class Problem(Exception):
    """An error to send to the client. ``detail`` says what is wrong with this request."""

    code: Code
    detail: str
    errors: tuple[WrongParameter, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    degraded: list[ReasonPayload] | None = None
    request_id: str | None = None
    """For a page that shows it, because the log has more."""


def problem(name: str, detail: str = "", *, errors: tuple[WrongParameter, ...] = ()) -> Problem:
    """Make the problem of the code with this name. ``detail`` defaults to the meaning of the code."""
    code = CODES[name]
    headers = {} if code.retry_after is None else {"Retry-After": str(code.retry_after)}
    return Problem(code, detail or code.meaning, errors, headers)


def problem_of(error: Exception) -> Problem:
    """The problem that tells the client about an error. Details that the client must not see are logged here."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, MethodNotAllowed):
        made = problem("method_not_allowed", f"{request.method} is not allowed here")
        made.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
        return made
    if isinstance(error, NotFound):
        return problem("not_found", f"there is nothing at {request.path}")
    if isinstance(error, ArticleNotFound):
        return problem("article_not_found", f"there is no article {error.article_id!r}")
    if isinstance(error, JobNotFound):
        return problem("job_not_found", f"there is no job {error.job_id}")
    if isinstance(error, JobWaiting):
        made = problem("job_waiting", str(error))
        made.headers["Location"] = url_for("jobs.job", job_id=error.job_id)
        return made
    if isinstance(error, RequestTimeout):
        return problem("request_timeout")
    if isinstance(error, ConditionFailed):
        return problem("condition_failed", str(error))
    if isinstance(error, Overloaded):
        return problem("overloaded", str(error))
    if isinstance(error, StoreError):
        _note(error)
        return problem("store_unavailable")
    if isinstance(error, ServiceUnavailable):
        return problem("overloaded", error.description or "")
    if isinstance(error, HTTPException) and error.code is not None and error.code < 500:
        return problem("bad_request", error.description or "")
    if isinstance(error, IndexFailure):
        _note(error)
        return problem(index_code(error))
    made = problem("internal_error")
    made.request_id = request_id()
    log.error("request %s: %s %s", made.request_id, request.method, shown_path(), exc_info=error)
    return made


def _note(error: Exception) -> None:
    log.error("request %s: %s %s: %s", request_id(), request.method, shown_path(), error)


def problem_payload(made: Problem) -> ProblemPayload:
    """The problem in the form of RFC 9457. ``type`` is the address of the code in our documentation."""
    return ProblemPayload(
        type=url_for("docs.errors", _anchor=made.code.name),
        title=made.code.title,
        status=made.code.status,
        detail=made.detail,
        instance=iri_to_uri(request.path),
        code=made.code.name,
        errors=list(made.errors),
        degraded=made.degraded,
        request_id=request_id(),
    )


def register_errors(app: Flask, *, page: ErrorPage) -> None:
    """Answer every error of ``app``: with problem+json under API_PATHS, elsewhere with a page made by ``page``.

    Under FRAGMENT_PATHS the status is the answer.
    """

    def answer(error: Exception) -> Response:
        made = problem_of(error)
        note_problem(made.code.name)
        if request.path.startswith(API_PATHS):
            body = problem_payload(made).model_dump_json(exclude_none=True)
            response = Response(body, made.code.status, content_type="application/problem+json")
        elif request.path.startswith(FRAGMENT_PATHS):
            response = Response(status=made.code.status, content_type="text/html; charset=utf-8")
        else:
            response = Response(page(made), made.code.status)
        response.headers.extend(made.headers)
        return response

    app.register_error_handler(Exception, answer)
    app.before_request(_refuse_without_host)


def _refuse_without_host() -> None:
    """Refuse an invalid Host header, as RFC 9112 demands. Only HTTP/1.0 may omit it."""
    host = request.environ.get("HTTP_HOST", "")
    old = request.environ.get("SERVER_PROTOCOL") in ("HTTP/1", "HTTP/1.0")
    if not (_HOST.fullmatch(host) or (old and not host)):
        raise BadRequest("the header Host is missing, or names no host")
