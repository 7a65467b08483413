"""Who asks, as a request tells it, and what of a request goes to the query log."""

from __future__ import annotations

from typing import Literal

from flask import request

from search_service.answering.search import Answer
from search_service.querylog.base import QueryLog
from search_service.querylog.visitors import Visitor

Logging = Literal["on", "off"]


def visitor() -> Visitor:
    """Whoever sent this request. Behind proxies that the settings count, the address is the one they were asked from."""
    return Visitor(request.remote_addr or "", request.user_agent.string)


def note_search(query_log: QueryLog, answer: Answer, logging: Logging) -> str | None:
    """Tell the query log of an answer that a reader gets to see; the id that clicks refer to, if it is logged.

    A browser that fetches a page ahead (Sec-Purpose) and a HEAD show it to nobody. What was cut short says nothing about
    what the index holds.
    """
    unseen = request.method == "HEAD" or "prefetch" in request.environ.get("HTTP_SEC_PURPOSE", "")
    if logging == "off" or unseen or not answer.complete:
        return None
    return query_log.searched(answer, visitor())
