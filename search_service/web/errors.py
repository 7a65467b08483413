"""All errors that HTTP answers with: stable code, status, meaning and remedy.

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
from search_service.web.index_codes import index_code
from search_service.web.observing import note_problem, request_id, shown_path
from search_service.web.payloads import ProblemPayload, ReasonPayload, WrongParameter

log = logging.getLogger(__name__)

ErrorPage = Callable[["Problem"], str]
"""Renders a problem as a page for readers."""


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of error: ``meaning`` and ``remedy`` are for programmers, ``heading`` and ``advice`` for readers."""

    name: str
    status: int
    title: str
    meaning: str
    remedy: str
    heading: str
    advice: str
    retry_after: int | None = None


CODES: Final = {
    code.name: code
    for code in (
        Code(
            "invalid_parameter",
            400,
            "A parameter cannot be used",
            "At least one parameter is unknown, has a second value but takes one, or has a value that is not allowed.",
            "The member errors names each wrong parameter, its value and what is allowed.",
            "这个地址里有一处看不懂",
            "请改正地址，或回到首页重新搜索。",
        ),
        Code(
            "invalid_article",
            400,
            "The article cannot be accepted",
            "The body is no JSON object, or a field has a value that an article cannot have.",
            "The detail names the field and the reason. Correct it and send the article again.",
            "文章无法保存",
            "请按提示修改后再试。",
        ),
        Code(
            "bad_request",
            400,
            "The request cannot be read",
            "The request is not valid HTTP, or asks for something that this server does not do.",
            "Correct the request.",
            "这个请求无法读取",
            "请回到首页重新搜索。",
        ),
        Code(
            "key_missing",
            401,
            "This needs an API key",
            "The route needs an API key, and the request has none.",
            "Send the key as 'Authorization: Bearer KEY'. 'python -m search_service keys create' makes one.",
            "这里需要密钥",
            "请向网站管理员索取访问权限。",
        ),
        Code(
            "key_invalid",
            401,
            "The API key does not work",
            "The key in the header Authorization is unknown, expired or revoked. It is refused even where none is needed.",
            "Send another key. 'python -m search_service keys create' makes one.",
            "密钥无效",
            "密钥可能已经过期或被撤销，请联系网站管理员。",
        ),
        Code(
            "key_scope",
            403,
            "The API key is for something else",
            "The key works, but its scope does not cover this route.",
            "Send a key of the scope that detail names, or an admin key.",
            "没有权限",
            "这个密钥不能用在这里，请联系网站管理员。",
        ),
        Code(
            "key_origin",
            403,
            "The API key is for other pages",
            "The key is for pages of certain origins. The request comes from a page of another one, or names none in Origin or Referer.",
            "Make a key for the page's origin with 'python -m search_service keys create --origin ORIGIN'; for a back end, make one without.",
            "没有权限",
            "这个密钥只能用在指定网站的页面上，请联系网站管理员。",
        ),
        Code(
            "origin_not_allowed",
            403,
            "Pages of this origin do not count",
            "A click or a view comes from a page of an origin that neither SEARCH_ORIGINS nor its key lists. Nothing was counted.",
            "Add the origin of the page to SEARCH_ORIGINS, and restart the service.",
            "没有权限",
            "请联系网站管理员。",
        ),
        Code(
            "writing_off",
            403,
            "Writing is off",
            "There is no active key of the scope write or admin, so nobody can write.",
            "Run 'python -m search_service keys create --scope write'. No restart is needed.",
            "不能写入",
            "写入功能没有开启，请联系网站管理员。",
        ),
        Code(
            "not_found",
            404,
            "There is nothing at this address",
            "No route has this path.",
            "See /docs for the routes.",
            "没有这个页面",
            "地址可能写错了，或者页面已经移走。",
        ),
        Code(
            "article_not_found",
            404,
            "There is no such article",
            "The id is unknown, or its article is not shown: a draft, withdrawn, expired, or not yet published.",
            "Check the id. Do not link to the article.",
            "没有这篇文章",
            "它可能已经撤下，或者地址写错了。",
        ),
        Code(
            "job_not_found",
            404,
            "There is no such job",
            "No job has this id.",
            "See /api/v1/admin/jobs for the jobs.",
            "没有这个任务",
            "地址可能写错了。",
        ),
        Code(
            "method_not_allowed",
            405,
            "This method is not allowed here",
            "This route does not take this method; most take GET and HEAD only.",
            "Use one of the methods in the header Allow.",
            "不支持这种请求方式",
            "请回到首页重新搜索。",
        ),
        Code(
            "request_timeout",
            408,
            "The request took too long",
            "The body of the request did not come in time, or came too slowly.",
            "Send the body at once. Trying again is safe.",
            "请求超时",
            "请检查网络，稍后再试。",
        ),
        Code(
            "job_waiting",
            409,
            "A job of this kind is queued or running",
            "The job was not added, because one of the same kind with other arguments has not ended yet.",
            "The header Location has the address of that job. Wait until it ends, or cancel it first.",
            "这项任务已在进行",
            "请等它结束后再试。",
        ),
        Code(
            "condition_failed",
            412,
            "The article has changed meanwhile",
            "The article is not in the state that If-Match or If-None-Match demands. Nothing was changed.",
            "Read the article as it is stored, then decide.",
            "文章已被修改",
            "请重新读取后再试。",
        ),
        Code(
            "rate_limited",
            429,
            "Too many requests",
            "The address of the client sent more requests than SEARCH_RATE_LIMIT allows, or the key was used more often than its limit allows.",
            "Try again after the seconds that Retry-After names. The detail says which limit it is. A key for a back end may have none.",
            "访问太频繁",
            "请稍等片刻再试。",
        ),
        Code(
            "internal_error",
            500,
            "The server failed",
            "A fault of ours. It was logged under the request_id of the answer.",
            "Report the request_id. Trying again is safe.",
            "出错了",
            "这是我们的问题，已经记录下来。请稍后再试。",
        ),
        Code(
            "overloaded",
            503,
            "Too much is asked at once",
            "The index did not get to this request within the time limit, too many requests wait for it or change "
            "articles, or too many large bodies are being received.",
            "Try again after the seconds that Retry-After names. SEARCH_WORKERS adds processes.",
            "现在搜索的人太多",
            "请过几秒钟再试一次。",
            retry_after=2,
        ),
        Code(
            "store_unavailable",
            503,
            "The store cannot be used",
            "The database of the articles and keys cannot be opened, or is locked. Searches without a key do not need it.",
            "Try again after the seconds that Retry-After names. The log says why.",
            "服务暂时不可用",
            "请过几秒钟再试一次。",
            retry_after=5,
        ),
        Code(
            "index_missing",
            503,
            "There is no index yet",
            "No index was built, or the live one is no longer on disk.",
            "Run 'python -m indexer rebuild', then try again. No restart is needed.",
            "搜索暂时不可用",
            "索引还没有建好，请稍后再来。",
            retry_after=10,
        ),
        Code(
            "index_format",
            503,
            "The index has the format of another release",
            "The live index was made by an older or a newer release, and this one cannot read it: it needs a rebuild.",
            "Run 'python -m indexer rebuild', then try again. No restart is needed.",
            "搜索暂时不可用",
            "程序已经更新，索引需要重建，请稍后再来。",
            retry_after=60,
        ),
        Code(
            "index_damaged",
            503,
            "The index cannot be read",
            "Files of the live index are damaged.",
            "Run 'python -m indexer rebuild', or roll back with 'python -m indexer generations rollback'.",
            "搜索暂时不可用",
            "索引出了故障，正等待修复，请稍后再来。",
            retry_after=60,
        ),
    )
}

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
