"""The API of writing: every route under both forms of its address, every error, and that an article means the same either way."""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openapi_schema_validator import OAS31Validator
from werkzeug.test import TestResponse

from indexer.ingest import accept
from indexer.lines import MAX_LINE_BYTES
from indexer.reading import Reading
from indexer.sources.json_files import JsonFile
from search_service import writing as writing_module
from search_service.writing import MAX_CHANGING
from tests.search_service.indexes import SHANGHAI
from tests.search_service.web.portal import as_problem
from tests.search_service.web.press import BULK, FIELDS, Press, held
from tests.search_service.web.test_ids import IDS, NO_PATH

ROUTES = (
    ("PUT", "/api/v1/articles/a-1", "/api/v1/articles"),
    ("DELETE", "/api/v1/articles/a-1", "/api/v1/articles"),
    ("POST", "/api/v1/articles/a-1/withdraw", "/api/v1/articles:withdraw"),
    ("GET", "/api/v1/articles/a-1/stored", "/api/v1/articles:stored"),
)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait as long as a busy machine takes."""
    monkeypatch.setattr(writing_module, "WAIT_SECONDS", 60.0)


def every_route(press: Press) -> Iterator[TestResponse]:
    """The answers to a request to every route that needs a write key, in both forms."""
    for method, by_path, by_query in ROUTES:
        body = FIELDS if method == "PUT" else None
        yield press.ask(method, by_path, body)
        yield press.ask(method, by_query, body, id="a-1")
    yield press.ask("POST", BULK, b"")


@pytest.mark.parametrize("form", ["path", "query"])
def test_an_article_is_stored_changed_withdrawn_and_deleted(press: Press, form: str) -> None:
    def ask(method: str, action: str = "", body: object = None) -> tuple[int, Any]:
        if form == "path":
            address = "/api/v1/articles/a-1" + (f"/{action}" if action else "")
            response = press.ask(method, address, body)
        else:
            address = "/api/v1/articles" + (f":{action}" if action else "")
            response = press.ask(method, address, body, id="a-1")
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["ETag"] == f'"{response.json["revision"]}"'
        assert response.headers.get("Surrogate-Key") == ("article/a-1" if method != "GET" else None)
        return response.status_code, response.json

    def answer(result: str, revision: int) -> dict[str, Any]:
        members = {"id": "a-1", "result": result, "revision": revision}
        return members | {"unused": [], "notes": [], "searchable": None}

    assert ask("DELETE") == (200, answer("absent", 0))
    assert ask("PUT", body=FIELDS) == (201, answer("created", 1))
    assert ask("PUT", body=FIELDS) == (200, answer("unchanged", 1))
    assert ask("PUT", body=FIELDS | {"id": "a-1", "title": "改期"}) == (200, answer("updated", 2))
    article = {"id": "a-1", **FIELDS, "title": "改期", "status": "published"}
    status, stored = ask("GET", "stored")
    assert (status, stored["article"] | {"status": "published"}) == (200, article)
    assert ask("POST", "withdraw") == (200, answer("updated", 3))
    assert ask("POST", "withdraw") == (200, answer("unchanged", 3))
    assert ask("GET", "stored")[1]["article"]["status"] == "withdrawn"
    assert ask("DELETE") == (200, answer("deleted", 4))
    assert ask("DELETE") == (200, answer("absent", 4))
    assert ask("PUT", body=FIELDS) == (201, answer("created", 5))


@pytest.mark.parametrize("each", [*IDS, *NO_PATH])
def test_an_article_of_any_id_can_be_written_by_its_query_form(shared: Press, each: str) -> None:
    put = shared.ask("PUT", "/api/v1/articles", FIELDS, id=each)
    assert (put.status_code, put.json["id"]) == (201, each)
    stored = shared.ask("GET", "/api/v1/articles:stored", id=each)
    assert stored.json["article"]["id"] == each
    assert shared.ask("POST", "/api/v1/articles:withdraw", id=each).json["id"] == each
    gone = shared.ask("DELETE", "/api/v1/articles", id=each)
    assert (gone.json["id"], gone.json["result"]) == (each, "deleted")
    keys = gone.headers["Surrogate-Key"]
    hashed = hashlib.sha256(each.encode()).hexdigest()[:32]
    assert keys in (f"article/{each}", f"article/sha256-{hashed}")


@pytest.mark.parametrize("each", IDS)
def test_an_article_of_any_id_can_be_written_by_its_path(shared: Press, each: str) -> None:
    path = f"/api/v1/articles/{quote(each, safe='')}"
    assert shared.ask("PUT", path, FIELDS | {"id": each}).json["id"] == each
    assert shared.ask("GET", f"{path}/stored").json["id"] == each
    assert shared.ask("POST", f"{path}/withdraw").json["id"] == each
    assert shared.ask("DELETE", path).json["result"] == "deleted"


@pytest.mark.parametrize("each", NO_PATH)
def test_an_id_without_a_path_form_cannot_be_written_there(shared: Press, each: str) -> None:
    before = shared.bulk()
    for method in ("PUT", "DELETE"):
        path = f"/api/v1/articles/{quote(each, safe='')}"
        assert shared.ask(method, path, FIELDS).status_code in (400, 404, 405)
    assert held(shared, each) is None
    assert shared.bulk() == before


@pytest.mark.parametrize(
    "each",
    [".", "..", " ", " a", "a ", "a\x00", "a\nb", "a\u200bb", "\u3000", "长" * 86, "x" * 257],
)
def test_an_id_that_no_article_can_have_is_refused(shared: Press, each: str) -> None:
    problem = as_problem(shared.ask("PUT", "/api/v1/articles", FIELDS, id=each))
    assert problem["code"] == "invalid_article"
    assert problem["detail"].startswith("id: ")
    assert len(problem["detail"]) < 200
    (line, summary) = shared.bulk({"action": "delete", "id": each})
    assert (line["result"], summary["rejected"]) == ("rejected", 1)
    assert shared.ask("DELETE", "/api/v1/articles", id=each).json["result"] == "absent"


def test_a_bulk_line_may_name_an_id_as_a_number(shared: Press) -> None:
    made, gone, summary = shared.bulk({"id": 307, **FIELDS}, {"action": "delete", "id": 307})
    assert (made["id"], gone["id"], gone["result"]) == ("307", "307", "deleted")
    assert summary["complete"]


@pytest.mark.parametrize("given", [{}, {"id": None}, {"id": True}, {"id": ["307"]}])
def test_a_removal_without_an_id_says_so(shared: Press, given: dict[str, object]) -> None:
    line, _ = shared.bulk({"action": "withdraw", **given})
    assert line["error"] == "id: missing: give that of the article, in quotes"


@pytest.mark.parametrize("named", ["12", " 12 ", 12, "", None])
def test_the_body_may_name_the_id_of_the_address(shared: Press, named: object) -> None:
    response = shared.ask("PUT", "/api/v1/articles/12", FIELDS | {"id": named})
    assert response.json["id"] == "12"


@pytest.mark.parametrize("named", ["13", 13, "012", ["12"], {"id": "12"}, True, "y" * 5_000])
def test_the_body_may_not_name_another_id(shared: Press, named: object) -> None:
    problem = as_problem(shared.ask("PUT", "/api/v1/articles/12", FIELDS | {"id": named}))
    assert problem["code"] == "invalid_article"
    assert "the address '12'" in problem["detail"]
    assert len(problem["detail"]) < 200


BAD_BODIES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "not JSON"),
    "no JSON": (b"title=x", "not JSON"),
    "an array": (json.dumps([FIELDS]).encode(), "not a JSON object"),
    "a text": (b'"x"', "not a JSON object"),
    "two objects": (b'{"title": "x"}\n{"title": "y"}', "not JSON"),
    "cut": (b'{"title": "x"', "not JSON"),
    "too deep": (
        b'{"title": "x", "a": ' + b"[" * 100_000,
        "lie in one another too deep; leave out what no article needs",
    ),
    "a key twice": (b'{"title": "x", "title": "y"}', "'title' stands twice"),
    "no number": (b'{"title": "x", "a": NaN}', "NaN is no JSON value"),
    "GB18030": ('{"title": "云溪"}'.encode("gb18030"), "not UTF-8"),
    "UTF-16": ('{"title": "云溪"}'.encode("utf-16"), "not UTF-8"),
    "neither title nor body": (b'{"lead": "x"}', "neither a title nor a body"),
    "a long status": (json.dumps(FIELDS | {"status": "x" * 9_999}).encode(), "status: "),
    "a surrogate": (b'{"title": "\\ud800"}', "neither a title nor a body"),
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_body_that_holds_no_article_is_refused_with_the_reason(shared: Press, name: str) -> None:
    body, why = BAD_BODIES[name]
    problem = as_problem(shared.ask("PUT", "/api/v1/articles/bad", body))
    assert (problem["status"], problem["code"]) == (400, "invalid_article")
    assert why in problem["detail"]
    assert len(problem["detail"]) < 300
    assert held(shared, "bad") is None


def test_a_body_has_at_most_8_mb(shared: Press) -> None:
    start = json.dumps(FIELDS)[:-1].encode()
    body = start + b" " * (MAX_LINE_BYTES - len(start) - 1) + b"}"
    assert len(body) == MAX_LINE_BYTES
    assert shared.ask("PUT", "/api/v1/articles/large", body).status_code == 201
    problem = as_problem(shared.ask("PUT", "/api/v1/articles/larger", body + b" "))
    assert problem["code"] == "bad_request"
    chunked = {"wsgi.input": io.BytesIO(body + b" "), "wsgi.input_terminated": True}
    response = shared.ask("PUT", "/api/v1/articles/larger", environ=chunked)
    assert as_problem(response)["code"] == "bad_request"
    assert held(shared, "larger") is None


def test_a_body_that_is_cut_short_is_no_article(shared: Press) -> None:
    body = json.dumps(FIELDS).encode()
    cut = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body) + 1)}
    response = shared.ask("PUT", "/api/v1/articles/cut", environ=cut)
    assert as_problem(response)["code"] == "bad_request"
    assert held(shared, "cut") is None


def test_the_content_type_does_not_matter_nor_does_a_byte_order_mark(shared: Press) -> None:
    body = b"\xef\xbb\xbf\r\n" + json.dumps(FIELDS).encode() + b"\n"
    for number, kind in enumerate(("application/x-www-form-urlencoded", "text/plain", "")):
        response = shared.ask(
            "PUT", f"/api/v1/articles/kind-{number}", body, headers={"Content-Type": kind}
        )
        assert response.status_code == 201
    assert held(shared, "kind-0") is not None


def test_members_that_an_article_does_not_have_are_named(shared: Press) -> None:
    answer = shared.put("unused-1", titel="x", duplicate_group=7, **{"\ud800": 1})
    assert answer["unused"] == ["\\ud800", "duplicate_group", "titel"]
    line, _ = shared.bulk({"id": "unused-1", **FIELDS, "titel": "x", "\ud800": 1})
    assert (line["result"], line["unused"]) == ("unchanged", ["\\ud800", "titel"])
    many = shared.put("unused-2", **{f"{n}-{'x' * 99}": n for n in range(99)})
    assert len(many["unused"]) == 20


_text = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["", "渡口", " 云\u3000溪 ", "a\r\nb\n\nc", "零\u200b宽", "\ud800", "\x07"]),
)
_odd: st.SearchStrategy[object] = st.sampled_from([None, 5, 2.5, True, [], {}, "x"])
_time = st.sampled_from(
    ["2026-02-01 08:30", "2026-02-01T08:30:00Z", "2023年10月19日", "昨天", "", " ", 2026, None]
)
_texts = st.one_of(_text, _odd, st.lists(_text, max_size=3), st.just(["x"] * 65))
_record = st.fixed_dictionaries(
    {"title": st.one_of(st.just("云溪"), _text, _odd)},
    optional={
        "body": st.one_of(_text, _odd),
        "lead": st.one_of(_text, _odd),
        "channel": st.one_of(st.sampled_from([" 情感 / 故事/", "/", "a/b/c/d/e/f/g/h/i"]), _text),
        "channels": _texts,
        "tags": _texts,
        "published_at": _time,
        "expires_at": _time,
        "status": st.sampled_from(["draft", "published", "withdrawn", "", None, "gone", 3]),
        "url": st.sampled_from(["https://a.example/1", "/1", "ftp://x", "a b", None]),
        "attributes": st.one_of(
            _odd,
            st.dictionaries(
                st.sampled_from(["region", "n.min", "地区", ""]),
                st.one_of(_text, st.integers(-(2**64), 2**64), st.floats(allow_nan=False), _odd),
            ),
        ),
        "unknown": _odd,
    },
)


@settings(max_examples=25)
@example(record={"title": "云溪"})
@given(record=_record)
def test_an_article_means_the_same_whichever_way_it_came(
    shared: Press, tmp_path_factory: pytest.TempPathFactory, record: dict[str, Any]
) -> None:
    put = shared.ask("PUT", "/api/v1/articles/by-put", record)
    line, _ = shared.bulk({"id": "by-bulk", **record})
    file = tmp_path_factory.mktemp("same") / "one.jsonl"
    file.write_text(json.dumps({"id": "by-file", **record}) + "\n", encoding="utf-8")
    with shared.store() as store:
        report = accept(JsonFile(str(file)).records(), store, Reading(timezone=SHANGHAI))
    if report.rejected:
        why = report.rejections[0].why
        assert line["error"] == why
        assert as_problem(put)["detail"] == why
    else:
        unused = [*report.unused_fields]
        assert (put.json["unused"], line.get("unused", [])) == (unused, unused)
        articles = [held(shared, f"by-{way}") for way in ("put", "bulk", "file")]
        assert len({replace(each, id="") for each in articles if each}) == 1
    for way in ("put", "bulk", "file"):
        shared.ask("DELETE", f"/api/v1/articles/by-{way}")


FULL: dict[str, object] = {
    **FIELDS,
    "lead": "导语",
    "channel": "情感/故事",
    "channels": ["乡村"],
    "tags": ["茶会", "渡口"],
    "url": "https://portal.example/1.html",
    "image_url": "/1.jpg",
    "source": "青川日报",
    "author": "覃望舒",
    "editor": "鲁一鸣",
    "site": "portal",
    "published_at": "2026-02-01 08:30",
    "updated_at": "2026-02-02",
    "expires_at": "2036-01-01",
    "status": "draft",
    "attributes": {"reads": 12, "weight": 0.5, "desk": "夜班"},
}


def test_what_is_stored_can_be_put_back(shared: Press) -> None:
    shared.put("full", **FULL)
    shared.put("full-twin", **FULL)  # so that they have a duplicate group
    answer: Any = shared.ask("GET", "/api/v1/articles/full/stored").json
    assert set(answer["article"]) == {"id", *FULL}
    assert answer["article"]["published_at"] == "2026-02-01T08:30:00+08:00"
    again = shared.ask("PUT", "/api/v1/articles/full", answer["article"])
    assert again.json["result"] == "unchanged"


CONDITIONS = [
    ({"If-Match": '"1"'}, True, False),
    ({"If-Match": "1"}, True, False),
    ({"If-Match": '"1-gzip"'}, True, False),
    ({"If-Match": '"2"'}, False, False),
    ({"If-Match": "*"}, True, False),
    ({"If-None-Match": "*"}, False, True),
]


@pytest.mark.parametrize(("headers", "with_one", "without"), CONDITIONS)
def test_a_condition_decides_whether_an_article_is_changed(
    press: Press, headers: dict[str, str], *, with_one: bool, without: bool
) -> None:
    response = press.ask("PUT", "/api/v1/articles/new", FIELDS, headers=headers)
    assert response.status_code == (201 if without else 412)
    if not without:
        assert as_problem(response)["code"] == "condition_failed"
        press.put("other")
    for method, action, body in (
        ("PUT", "", FIELDS | {"title": "改期"}),
        ("POST", "/withdraw", None),
        ("DELETE", "", None),
    ):
        press.ask("DELETE", "/api/v1/articles/a-1")
        revision = press.put("a-1")["revision"]
        meant = {name: value.replace("1", str(revision)) for name, value in headers.items()}
        if headers.get("If-Match") == '"2"':
            meant = {"If-Match": f'"{revision + 1}"'}
        response = press.ask(method, f"/api/v1/articles/a-1{action}", body, headers=meant)
        if with_one:
            assert response.status_code == 200
            continue
        problem = as_problem(response)
        assert (problem["status"], problem["code"]) == (412, "condition_failed")
        assert f"'a-1' is at revision {revision}" in problem["detail"]
        assert press.ask("GET", "/api/v1/articles/a-1/stored").json["revision"] == revision


def test_a_repeated_request_succeeds_whatever_its_condition(press: Press) -> None:
    press.put("a-1")
    changed = FIELDS | {"title": "改期"}
    for _ in range(2):
        response = press.ask("PUT", "/api/v1/articles/a-1", changed, headers={"If-Match": '"1"'})
        assert (response.status_code, response.json["revision"]) == (200, 2)
    for _ in range(2):
        new = press.ask("PUT", "/api/v1/articles/b", FIELDS, headers={"If-None-Match": "*"})
        assert new.json["revision"] == 3
    for result in ("deleted", "absent"):
        gone = press.ask("DELETE", "/api/v1/articles/b", headers={"If-Match": '"3"'})
        assert (gone.status_code, gone.json["result"]) == (200, result)


@pytest.mark.parametrize(
    "headers",
    [
        {"If-Match": '"1", "2"'},
        {"If-Match": 'W/"1"'},
        {"If-Match": "abc"},
        {"If-Match": ""},
        {"If-Match": "-1"},
        {"If-Match": "１"},
        {"If-Match": '"' + "9" * 30 + '"'},
        {"If-None-Match": '"1"'},
        {"If-Match": "*", "If-None-Match": "*"},
    ],
)
def test_a_condition_that_is_not_understood_is_never_passed_over(
    shared: Press, headers: dict[str, str]
) -> None:
    for method, path, body in (
        ("PUT", "/api/v1/articles/odd", FIELDS),
        ("DELETE", "/api/v1/articles/odd", None),
        ("POST", "/api/v1/articles/odd/withdraw", None),
        ("POST", BULK, b""),
    ):
        problem = as_problem(shared.ask(method, path, body, headers=headers))
        assert (problem["status"], problem["code"]) == (400, "bad_request")
    assert held(shared, "odd") is None


def test_the_tag_of_a_compressed_answer_is_a_condition_too(shared: Press) -> None:
    gzip = {"Accept-Encoding": "gzip"}
    body = FIELDS | {"body": "茶会。" * 2_000}
    shared.ask("PUT", "/api/v1/articles/gzip", body)
    answer = shared.ask("GET", "/api/v1/articles/gzip/stored", headers=gzip)
    assert answer.headers["Content-Encoding"] == "gzip"
    tag = answer.headers["ETag"]
    again = shared.ask("GET", "/api/v1/articles/gzip/stored", headers=gzip | {"If-None-Match": tag})
    assert again.status_code == 304
    changed = body | {"title": "改期"}
    response = shared.ask("PUT", "/api/v1/articles/gzip", changed, headers={"If-Match": tag})
    assert response.json["result"] == "updated"


def test_every_route_needs_a_key_of_the_scope_write(press: Press) -> None:
    for key, code in (
        (None, "key_missing"),
        ("ssk_write_guess", "key_invalid"),
        (press.make_key("search"), "key_scope"),
    ):
        for response in every_route(replace(press, key=key)):
            assert as_problem(response)["code"] == code
    assert held(press, "a-1") is None
    for response in every_route(replace(press, key=press.make_key("admin"))):
        assert response.status_code in (200, 201, 404)


def test_without_a_key_that_may_write_every_route_is_off(press: Press) -> None:
    with closing(sqlite3.connect(press.url.removeprefix("sqlite:///"))) as database, database:
        database.execute("DELETE FROM api_keys")
    for response in every_route(press):
        assert as_problem(response)["code"] == "writing_off"


def test_unknown_parameters_and_values_are_refused(shared: Press) -> None:
    for method, by_path, by_query in ROUTES:
        addresses: list[tuple[str, dict[str, Any]]] = [(by_path, {}), (by_query, {"id": "p-1"})]
        for path, query in addresses:
            answers = [shared.ask(method, path, FIELDS, **query, refesh="wait_for")]
            if method != "GET":
                answers += [shared.ask(method, path, FIELDS, **query, refresh="true")]
            for response in answers:
                assert as_problem(response)["code"] == "invalid_parameter"
            if method != "GET":
                allowed = as_problem(answers[1])["errors"][0]["allowed"]
                assert allowed == "only wait_for"
        missing = as_problem(shared.ask(method, by_query, FIELDS))
        if method != "GET":
            assert missing["errors"][0]["message"] == "is missing"
    for answer in (
        shared.ask("POST", BULK, b"", refresh="1"),
        shared.ask("POST", BULK, b"", size="3"),
    ):
        assert as_problem(answer)["code"] == "invalid_parameter"
    assert held(shared, "p-1") is None


def test_an_article_that_does_not_exist_is_not_found(shared: Press) -> None:
    shared.put("gone")
    shared.ask("DELETE", "/api/v1/articles/gone")
    for each in ("nobody", "gone"):
        for method, action in (("POST", "withdraw"), ("GET", "stored")):
            for response in (
                shared.ask(method, f"/api/v1/articles/{each}/{action}"),
                shared.ask(method, f"/api/v1/articles:{action}", id=each),
            ):
                assert as_problem(response)["code"] == "article_not_found"


def test_other_methods_are_not_allowed(shared: Press) -> None:
    for method, path, allowed in (
        ("POST", "/api/v1/articles/a-1", "DELETE, GET, HEAD, PUT"),
        ("GET", BULK, "POST"),
        ("GET", "/api/v1/articles:withdraw", "POST"),
    ):
        response = shared.ask(method, path)
        assert as_problem(response)["code"] == "method_not_allowed"
        assert response.headers["Allow"] == allowed


def test_more_than_16_requests_that_change_articles_are_refused(press: Press) -> None:
    assert press.services.writing is not None
    with ExitStack() as others:
        for _ in range(MAX_CHANGING):
            others.enter_context(press.services.writing.admitted())
        for response in every_route(press):
            if response.request.method == "GET":
                continue
            assert as_problem(response)["code"] == "overloaded"
            assert response.headers["Retry-After"] == "2"
    assert press.put("a-1")["result"] == "created"


@pytest.mark.usefixtures("hasty")
def test_a_locked_store_is_told_and_nothing_is_lost(press: Press) -> None:
    press.put("a-1")
    with closing(
        sqlite3.connect(press.url.removeprefix("sqlite:///"), isolation_level=None)
    ) as another_program:
        another_program.execute("BEGIN IMMEDIATE")
        for method, path, body in (
            ("PUT", "/api/v1/articles/a-2", FIELDS),
            ("DELETE", "/api/v1/articles/a-1", None),
            ("POST", "/api/v1/articles/a-1/withdraw", None),
        ):
            response = press.ask(method, path, body)
            problem = as_problem(response)
            assert (problem["status"], problem["code"]) == (503, "store_unavailable")
            assert response.headers["Retry-After"] == "5"
        assert press.ask("GET", "/api/v1/articles/a-1/stored").status_code == 200
        another_program.execute("ROLLBACK")
    assert press.put("a-2")["revision"] == 2
    assert press.put("a-1")["result"] == "unchanged"


def test_answers_fit_their_schemas(shared: Press) -> None:
    document: Any = shared.ask("GET", "/openapi.json").json

    def check(path: str, method: str, status: int, kind: str, value: object) -> None:
        content = document["paths"][path][method]["responses"][str(status)]["content"]
        schema = content[kind]["schema"] | {"components": document["components"]}
        OAS31Validator(schema).validate(value)

    json_type = "application/json"
    forms: list[tuple[str, dict[str, Any]]] = [
        ("/api/v1/articles/{article_id}", {}),
        ("/api/v1/articles", {"id": "schema"}),
    ]
    for path, id_query in forms:
        address = path.replace("{article_id}", "schema")
        action = "/{}" if "{" in path else ":{}"
        for body, status in ((FIELDS, 201), (FIELDS, 200)):
            response = shared.ask("PUT", address, body, **id_query)
            assert response.status_code == status
            check(path, "put", status, json_type, response.json)
        stored = shared.ask("GET", address + action.format("stored"), **id_query)
        check(path + action.format("stored"), "get", 200, json_type, stored.json)
        gone = shared.ask("POST", address + action.format("withdraw"), **id_query)
        check(path + action.format("withdraw"), "post", 200, json_type, gone.json)
        check(path, "delete", 200, json_type, shared.ask("DELETE", address, **id_query).json)
    for line in shared.bulk({"id": "schema", **FIELDS}, b"nonsense", {"title": "x"}):
        check(BULK, "post", 200, "application/x-ndjson", line)


@pytest.mark.usefixtures("hasty")
def test_without_a_follower_a_change_is_stored_but_not_searchable(press: Press) -> None:
    response = press.ask("PUT", "/api/v1/articles/a-1", FIELDS, refresh="wait_for")
    assert (response.status_code, response.json["searchable"]) == (201, False)
    assert held(press, "a-1") is not None
    assert press.bulk({"id": "a-2", **FIELDS}, refresh="wait_for")[-1]["searchable"] is False
    absent = press.ask("DELETE", "/api/v1/articles/nobody", refresh="wait_for")
    assert absent.json["searchable"] is True


def seen(press: Press) -> set[str]:
    """Where readers see an article with the id a-1."""
    found = set()
    for place in ("search?q=云溪茶会", "latest"):
        answer: Any = press.client.get(f"/api/v1/{place}").json
        if "a-1" in [hit["id"] for hit in answer["hits"]]:
            found.add(place)
    offered: Any = press.client.get("/api/v1/suggest?q=云溪").json
    if any("云溪" in hit["text"] for hit in offered["hits"]):
        found.add("suggest")
    for path in ("/api/v1/articles/a-1", "/api/v1/articles/a-1/related", "/articles/a-1"):
        if press.client.get(path).status_code == 200:
            found.add(path)
    return found


@pytest.mark.usefixtures("patient")
def test_a_change_is_found_when_it_is_answered(press: Press) -> None:
    with press.followed():

        def ask(method: str, path: str, body: object = None) -> None:
            response = press.ask(method, path, body, refresh="wait_for")
            assert response.json["searchable"] is True
            assert response.headers["Surrogate-Key"] == "article/a-1"

        ask("PUT", "/api/v1/articles/a-1", FIELDS)
        everywhere = seen(press)
        assert len(everywhere) == 6
        ask("POST", "/api/v1/articles/a-1/withdraw")
        assert seen(press) == set()
        ask("PUT", "/api/v1/articles/a-1", FIELDS)
        assert seen(press) == everywhere
        ask("DELETE", "/api/v1/articles/a-1")
        assert seen(press) == set()
        *_, summary = press.bulk({"id": "a-1", **FIELDS}, refresh="wait_for")
        assert summary["searchable"] is True
        assert seen(press) == everywhere


@pytest.mark.usefixtures("patient")
def test_a_draft_and_articles_outside_their_time_are_stored_but_not_shown(press: Press) -> None:
    """A scheduled article appears and an expired one goes when their time comes, without any write."""
    press.put("draft", status="draft", body="草稿")
    press.put("scheduled", published_at="2026-03-02 08:00", body="预告")
    press.put("expiring", expires_at="2026-03-02 08:00", body="短讯")
    press.put("expired", expires_at="2026-02-20", body="旧讯")

    def shown() -> set[str]:
        found: Any = press.client.get("/api/v1/search?q=云溪").json
        lasting: Any = press.client.get("/api/v1/latest").json
        ids = {hit["id"] for hit in found["hits"]}
        assert ids == {hit["id"] for hit in lasting["hits"]} - {"other"}
        for each in ("draft", "scheduled", "expiring", "expired"):
            answer = press.client.get(f"/api/v1/articles/{each}")
            assert (answer.status_code == 200) == (each in ids)
            assert press.ask("GET", f"/api/v1/articles/{each}/stored").status_code == 200
        return ids

    with press.followed():
        last = press.ask(
            "PUT", "/api/v1/articles/other", FIELDS | {"title": "河灯"}, refresh="wait_for"
        )
        assert last.json["searchable"] is True
    with press.store() as store:
        revision = store.revision()
    assert shown() == {"expiring"}
    press.time[0] = datetime(2026, 3, 2, 7, 59, 59, tzinfo=SHANGHAI)
    assert shown() == {"expiring"}
    press.time[0] = datetime(2026, 3, 2, 8, 0, 0, tzinfo=SHANGHAI)
    assert shown() == {"scheduled"}
    with press.store() as store:
        assert store.revision() == revision


def test_a_store_of_a_newer_release_is_unavailable(press: Press) -> None:
    with closing(sqlite3.connect(press.url.removeprefix("sqlite:///"))) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    problem = as_problem(press.ask("PUT", "/api/v1/articles/a-1", FIELDS))
    assert (problem["status"], problem["code"]) == (503, "store_unavailable")


def test_a_value_that_cannot_be_used_costs_the_value_and_with_strict_the_article(
    press: Press,
) -> None:
    fields = FIELDS | {
        "published_at": "昨天",
        "tags": "茶会,古塔",
        "body": "<p>头一段</p><p>第二段</p>",
    }
    stored = press.put("noted", **fields)
    assert stored["result"] == "created"
    assert [each.partition(":")[0] for each in stored["notes"]] == [
        "body cleaned of markup",
        "published_at dropped",
        "tags read as a list",
    ]
    refused = press.ask("PUT", "/api/v1/articles", fields, id="noted", strict="on")
    assert (refused.status_code, refused.json["code"]) == (400, "invalid_article")
    first, summary = press.bulk(fields | {"id": "noted-2"})
    assert (first["result"], len(first["notes"]), summary["complete"]) == ("created", 3, True)
    first, summary = press.bulk(fields | {"id": "noted-3"}, strict="on")
    assert (first["result"], summary["complete"]) == ("rejected", False)
