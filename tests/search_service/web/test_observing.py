"""What is told of a request: its id, and its line in a log of JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from search_service.web import observing
from search_service.web.logs import log_as_json
from tests.search_service.web.portal import Portal, as_problem, open_portal

ID = "X-Request-Id"


@contextmanager
def logging_json() -> Iterator[None]:
    """The log is JSON, for the length of the ``with`` block."""
    root = logging.getLogger()
    before = root.handlers[:]
    log_as_json()
    try:
        yield
    finally:
        for added in set(root.handlers) - set(before):
            root.removeHandler(added)
        observing.log.setLevel(logging.NOTSET)


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    """The lines of the log, each read as JSON."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.mark.parametrize("path", ["/api/v1/search", "/", "/static/style.css", "/nothing"])
def test_every_answer_has_an_id_of_its_own_or_that_of_the_request(
    portal: Portal, path: str
) -> None:
    made = [portal.client.get(path, buffered=True).headers[ID] for _ in range(2)]
    assert len(set(made)) == 2
    given = portal.client.get(path, headers={ID: "edge-7f.A_1"}, buffered=True)
    assert given.headers.getlist(ID) == ["edge-7f.A_1"]


@pytest.mark.parametrize("given", ["", "a b", "a" * 65, '"}', "云", "a;b", "ä"])
def test_an_id_that_is_not_sane_is_replaced(portal: Portal, given: str) -> None:
    answer = portal.client.get("/healthz", environ_overrides={"HTTP_X_REQUEST_ID": given})
    assert answer.headers[ID] not in (given, "")


def test_an_error_says_the_id(portal: Portal) -> None:
    answer = portal.client.get("/api/v1/nothing", headers={ID: "edge-1"})
    assert as_problem(answer)["request_id"] == "edge-1"


def test_each_request_is_one_line_that_names_no_query_no_address_and_no_key(
    portal: Portal, capsys: pytest.CaptureFixture[str]
) -> None:
    headers = {"Authorization": "Bearer ssk_search_secret", ID: "edge-2", "User-Agent": "browser"}
    with logging_json():
        portal.client.get("/api/v1/articles/story-1/related?size=3")
        portal.client.get("/search?q=云溪秘密", headers=headers)
    first, second = lines_of(capsys)
    assert first.pop("time")
    assert first.pop("ms") >= 0
    assert len(first.pop("request_id")) == 16
    assert first == {
        "level": "info",
        "logger": "search_service.web.observing",
        "message": "request",
        "method": "GET",
        "path": "/api/v1/articles/story-1/related",
        "route": "/api/v1/articles/<path:article_id>/related",
        "status": 200,
    }
    assert (second["request_id"], second["status"], second["code"]) == (
        "edge-2",
        401,
        "key_invalid",
    )
    told = json.dumps(second, ensure_ascii=False)
    assert not any(each in told for each in ("秘密", "127.0.0.1", "secret", "browser"))


def test_an_error_of_the_log_has_the_id_of_its_request_and_stays_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    portal = open_portal(tmp_path, [], engine="memory")
    (tmp_path / "CURRENT").write_text("000009\n\x1b[31m", encoding="utf-8")
    with logging_json():
        answer = portal.client.get("/api/v1/search", headers={ID: "edge-3"})
    assert answer.status_code == 503
    error, request = lines_of(capsys)
    assert error["level"] == "error"
    assert error["request_id"] == request["request_id"] == "edge-3"
    assert request["code"] == "index_missing"


def test_a_log_of_text_has_no_line_for_requests(
    portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    portal.get("/healthz")
    assert caplog.text == ""
