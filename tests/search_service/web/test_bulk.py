"""Bulk requests: an answer for each line, a summary, and what is left when a body or the store fails in the middle."""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from indexer import ingest as ingest_module
from indexer.lines import MAX_LINE_BYTES
from search_service.writing import MAX_CHANGING
from tests.search_service.web.portal import as_problem
from tests.search_service.web.press import BULK, FIELDS, Press, held, told


def test_a_bulk_request_takes_no_condition(shared: Press) -> None:
    for headers in ({"If-Match": '"1"'}, {"If-Match": "*"}, {"If-None-Match": "*"}):
        line = json.dumps({"id": "bulk-if", **FIELDS}).encode()
        assert as_problem(shared.ask("POST", BULK, line, headers=headers))["code"] == "bad_request"
    assert held(shared, "bulk-if") is None


@pytest.mark.usefixtures("hasty")
def test_a_bulk_request_makes_room_when_it_ends_however_it_ends(press: Press) -> None:
    for _ in range(MAX_CHANGING + 1):
        press.bulk({"id": "a-1", **FIELDS})
        cut = {"wsgi.input": io.BytesIO(b""), "CONTENT_LENGTH": "5"}
        assert press.ask("POST", BULK, environ=cut).status_code == 400
    assert press.put("a-1")["result"] == "unchanged"


def test_a_bulk_request_answers_each_line_then_sums_up(press: Press) -> None:
    press.put("old")
    article = {"id": "new", **FIELDS}
    assert press.bulk(
        b"\xef\xbb\xbf" + json.dumps(article).encode() + b"\r",
        b"",
        article,
        b"nonsense",
        {"action": "put", "title": "改期", "id": "new", "why": "x"},
        {"action": "withdraw", "id": "old"},
        {"action": "withdraw", "id": "nobody"},
        b" \t\r",
        {"action": "delete", "id": "old"},
        {"action": "erase", "id": "old"},
        {"action": "delete"},
        {"action": "delete", "id": 7},
        {"title": "没有编号", "url": "https://portal.example/2.html"},
    ) == [
        {"line": 1, "result": "created", "id": "new", "revision": 2},
        {"line": 3, "result": "unchanged", "id": "new", "revision": 2},
        {"line": 4, "result": "rejected", "error": "not JSON (Expecting value, character 1)"},
        {"line": 5, "result": "updated", "id": "new", "revision": 2, "unused": ["why"]},
        {"line": 6, "result": "updated", "id": "old", "revision": 3},
        {"line": 7, "result": "absent", "id": "nobody", "revision": 0},
        {"line": 9, "result": "deleted", "id": "old", "revision": 4},
        {
            "line": 10,
            "result": "rejected",
            "error": "action: 'erase' is none of put, delete, withdraw",
        },
        {"line": 11, "result": "rejected", "error": "id: missing: give that of the article, in quotes"},
        {"line": 12, "result": "absent", "id": "7", "revision": 0},
        {
            "line": 13,
            "result": "created",
            "id": hashlib.sha256(b"https://portal.example/2.html").hexdigest()[:32],
            "revision": 5,
        },
        {
            **{"read": 11, "created": 2, "updated": 2, "unchanged": 1, "deleted": 1, "absent": 2},
            **{"rejected": 3, "complete": False, "error": None, "searchable": None},
        },
    ]  # fmt: skip


def test_a_bulk_answer_may_not_be_kept(shared: Press) -> None:
    response = shared.ask("POST", BULK, b"")
    assert [each["read"] for each in told(response)] == [0]
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers


def test_a_line_of_more_than_8_mb_is_rejected_and_the_next_is_taken(shared: Press) -> None:
    long = b'{"title": "' + b"x" * MAX_LINE_BYTES + b'"}'
    first, second, summary = shared.bulk(long, {"id": "after-long", **FIELDS})
    assert (first["result"], second["result"]) == ("rejected", "created")
    assert "longer than 8388608 bytes" in first["error"]
    assert (summary["complete"], summary["error"]) == (False, None)


def test_a_body_that_is_cut_short_ends_the_answer_with_the_reason(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "BATCH", 2)
    lines = [json.dumps({"id": f"a-{n}", **FIELDS}).encode() + b"\n" for n in range(5)]
    body = b"".join(lines)[:-10]
    cut = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body) + 10)}
    *answers, summary = told(press.ask("POST", BULK, environ=cut))
    assert [each["id"] for each in answers] == ["a-0", "a-1", "a-2", "a-3"]
    assert (summary["read"], summary["created"], summary["complete"]) == (4, 4, False)
    assert "send it again" in summary["error"]
    assert held(press, "a-4") is None
    again = told(press.ask("POST", BULK, b"".join(lines)))
    assert [each["result"] for each in again[:-1]] == ["unchanged"] * 4 + ["created"]


def test_a_body_in_utf_16_is_refused_in_the_summary(shared: Press) -> None:
    (summary,) = told(shared.ask("POST", BULK, '{"id": "u"}\n'.encode("utf-16")))
    assert "UTF-16" in summary["error"]
    assert not summary["complete"]


class LockingBody(io.RawIOBase):
    """A body in two pieces. Before the second one, another program locks the store."""

    def __init__(self, pieces: list[bytes], another_program: sqlite3.Connection) -> None:
        self._pieces, self._another_program = pieces, another_program
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._given == len(self._pieces):
            return 0
        if self._given == 1:
            self._another_program.execute("BEGIN IMMEDIATE")
        piece = self._pieces[self._given]
        self._given += 1
        buffer[: len(piece)] = piece
        return len(piece)


@pytest.mark.usefixtures("hasty")
def test_a_store_that_fails_in_the_middle_ends_the_answer_with_the_reason(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "BATCH", 2)
    lines = [json.dumps({"id": f"a-{n}", **FIELDS}).encode() + b"\n" for n in range(4)]
    lines.insert(2, b"nonsense\n")
    path = press.url.removeprefix("sqlite:///")
    with closing(
        sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    ) as another_program:
        body = LockingBody([b"".join(lines[:2]), b"".join(lines[2:])], another_program)
        environ = {"wsgi.input": body, "wsgi.input_terminated": True}
        *answers, summary = told(press.ask("POST", BULK, environ=environ))
        another_program.execute("ROLLBACK")
    assert [each["id"] for each in answers] == ["a-0", "a-1"]
    assert summary == {
        **{"read": 2, "created": 2, "updated": 0, "unchanged": 0, "deleted": 0, "absent": 0},
        **{"rejected": 0, "complete": False, "searchable": None, "error": summary["error"]},
    }
    assert summary["error"].endswith("; send the lines again that were not answered")
    rest = told(press.ask("POST", BULK, b"".join(lines[2:])))
    assert [each["result"] for each in rest[:-1]] == ["rejected", "created", "created"]
