"""The visitor behind a request, and which searches go to the query log."""

from __future__ import annotations

from typing import Literal

from flask import request

from search_service.answering.search import Answer
from search_service.querylog.base import QueryLog
from search_service.querylog.visitors import Visitor

Logging = Literal["on", "off"]


def visitor() -> Visitor:
    """The sender of this request. If the settings count proxies, the address belongs to the client in front of the proxies."""
    return Visitor(request.remote_addr or "", request.user_agent.string)


def note_search(query_log: QueryLog, answer: Answer, logging: Logging) -> str | None:
    """Log an answer that a reader sees. Returns the id that clicks refer to; None if it is not logged.

    Not logged: HEAD requests and prefetched pages (Sec-Purpose), because no reader sees them; and incomplete answers,
    because they do not tell what the index holds.
    """
    unseen = request.method == "HEAD" or "prefetch" in request.environ.get("HTTP_SEC_PURPOSE", "")
    if logging == "off" or unseen or not answer.complete:
        return None
    return query_log.searched(answer, visitor())
