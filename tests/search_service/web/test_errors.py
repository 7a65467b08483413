"""Errors: each code, when it comes, and what it keeps to itself."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest
from werkzeug.exceptions import (
    BadRequest,
    ClientDisconnected,
    HTTPException,
    ImATeapot,
    RequestTimeout,
    ServiceUnavailable,
)
from werkzeug.test import TestResponse

import indexer.errors
from indexer.errors import (
    ArticleNotFound,
    FormatMismatch,
    GenerationMissing,
    IndexDamaged,
    IndexFailure,
    IndexUnavailable,
    InvalidQuery,
    ManifestDamaged,
    NoLiveGeneration,
    SearchIndexError,
    StoreUnavailable,
)
from indexer.generations import Generations
from search_service.answering.search import Answer, Question
from search_service.live.decisions import Decisions
from search_service.services import Services
from search_service.settings import SearchSettings
from search_service.web.bodies import RefusedBody
from search_service.web.codes import CODES
from search_service.web.errors import problem_of
from search_service.web.factory import create_app
from tests.factories import article, give_format
from tests.search_service.indexes import SHANGHAI, live_index, promote
from tests.search_service.web.portal import Portal, as_problem, open_portal

ASKING = (
    "/api/v1/search",
    "/api/v1/suggest?q=a",
    "/api/v1/latest",
    "/api/v1/articles/a-1",
    "/api/v1/articles/a-1/related",
    "/readyz",
)
PAGES = ("/", "/search?q=a", "/articles/a-1")


def assert_all_answer(portal: Portal, code: str, *, retry_after: str) -> None:
    """Every route that asks the index answers 503 with ``code``, and no route shows a path of this machine."""
    for path in ASKING:
        response = portal.client.get(path)
        assert as_problem(response)["code"] == code
        assert response.status_code == 503
        assert response.headers["Retry-After"] == retry_after
        assert str(portal.root) not in response.text
    for path in PAGES:
        page = portal.client.get(path)
        assert page.status_code == 503
        assert page.headers["Retry-After"] == retry_after
        assert "搜索暂时不可用" in page.text
        assert 'name="q"' in page.text
        assert str(portal.root) not in page.text
    assert portal.client.get("/healthz").status_code == 200


def test_without_an_index_everything_says_so_until_there_is_one(tmp_path: Path) -> None:
    services = Services(live_index(tmp_path), SHANGHAI)
    portal = Portal(tmp_path, create_app(services, SearchSettings()).test_client())
    assert_all_answer(portal, "index_missing", retry_after="10")
    promote(tmp_path, [article("a-1")])
    assert portal.client.get("/readyz").status_code == 200
    assert portal.client.get("/").status_code == 200


def test_an_index_folder_that_is_deleted_under_the_server_is_missing(tmp_path: Path) -> None:
    portal = open_portal(tmp_path / "index", [article("a-1")])
    assert portal.client.get("/readyz").status_code == 200
    shutil.rmtree(tmp_path / "index")
    assert_all_answer(portal, "index_missing", retry_after="10")


def test_a_generation_that_is_deleted_under_the_server_is_missing(tmp_path: Path) -> None:
    portal = open_portal(tmp_path, [article("a-1")])
    shutil.rmtree(Generations(tmp_path).live().folder)
    assert_all_answer(portal, "index_missing", retry_after="10")


def test_a_manifest_that_cannot_be_read_is_damage(tmp_path: Path) -> None:
    promote(tmp_path, [article("a-1")])
    (Generations(tmp_path).live().folder / "manifest.json").write_text("{", encoding="utf-8")
    services = Services(live_index(tmp_path), SHANGHAI)
    portal = Portal(tmp_path, create_app(services, SearchSettings()).test_client())
    assert_all_answer(portal, "index_damaged", retry_after="60")


def test_an_index_whose_files_are_gone_is_damage(tmp_path: Path) -> None:
    promote(tmp_path, [article("a-1")], engine="whoosh")
    for path in Generations(tmp_path).live().index.iterdir():
        path.unlink()
    services = Services(live_index(tmp_path), SHANGHAI)
    portal = Portal(tmp_path, create_app(services, SearchSettings()).test_client())
    assert_all_answer(portal, "index_damaged", retry_after="60")


@pytest.mark.parametrize(("version", "age"), [(1, "an older"), (99, "a newer")])
def test_an_index_of_another_format_is_no_damage(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, version: int, age: str
) -> None:
    give_format(promote(tmp_path, [article("a-1")], engine="whoosh").folder, version)
    services = Services(live_index(tmp_path), SHANGHAI)
    portal = Portal(tmp_path, create_app(services, SearchSettings()).test_client())
    assert_all_answer(portal, "index_format", retry_after="60")
    assert "needs a rebuild" in portal.client.get("/readyz").text
    assert f"generation 000001 has {age} format than this program's" in caplog.text
    promote(tmp_path, [article("a-1")], engine="whoosh")
    assert portal.client.get("/readyz").status_code == 200


def test_an_index_of_another_format_that_can_be_read_answers_and_is_outdated(
    tmp_path: Path,
) -> None:
    give_format(promote(tmp_path, [article("a-1")], fingerprint="another").folder, 1)
    assert live_index(tmp_path).state().outdated


def test_the_log_says_what_the_answer_does_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    services = Services(live_index(tmp_path), SHANGHAI)
    client = create_app(services, SearchSettings()).test_client()
    with caplog.at_level(logging.ERROR):
        client.get("/readyz")
    assert f"GET /readyz: there is no index in {tmp_path}" in caplog.text
    assert "indexer rebuild" in caplog.text


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v2/search", "/api/"])
def test_an_unknown_path_of_the_api_is_a_problem(portal: Portal, path: str) -> None:
    body = as_problem(portal.client.get(path))
    assert (body["code"], body["instance"]) == ("not_found", path)


@pytest.mark.parametrize("path", ["/nothing", "/search/", "/static/nothing.js", "/%ff", "/<b>"])
def test_an_unknown_path_is_a_page_with_a_way_on(portal: Portal, path: str) -> None:
    page = portal.client.get(path)
    assert page.status_code == 404
    assert page.headers["Cache-Control"] == "no-store"
    assert "没有这个页面" in page.text
    assert 'href="/"' in page.text
    assert "<b>" not in page.text


@pytest.mark.parametrize("path", ["/api/v1/articles/nobody", "/api/v1/articles/nobody/related"])
def test_an_unknown_article_is_a_problem(portal: Portal, path: str) -> None:
    assert as_problem(portal.client.get(path))["code"] == "article_not_found"


def test_an_unknown_article_is_a_page_of_its_own(portal: Portal) -> None:
    page = portal.client.get("/articles/nobody")
    assert page.status_code == 404
    assert "没有这篇文章" in page.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_get_and_head_are_answered(portal: Portal, method: str) -> None:
    response = portal.client.open("/api/v1/search", method=method)
    assert as_problem(response)["code"] == "method_not_allowed"
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD"
    page = portal.client.open("/search", method=method)
    assert (page.status_code, page.mimetype) == (405, "text/html")


@pytest.mark.parametrize(
    "host",
    ["a..b", ".", "a" * 64, "a b", "a,b", "[::1", "a:b", "a:99999999", "a/b", "é", ":80", ""],
)
@pytest.mark.parametrize("path", ["/api/v1/search", "/healthz", "/api/v1/nothing", "/", "/nothing"])
def test_a_host_that_cannot_be_is_refused(
    portal: Portal, caplog: pytest.LogCaptureFixture, host: str, path: str
) -> None:
    response = portal.client.get(path, headers={"Host": host})
    assert response.status_code == 400
    if path.startswith(("/api/", "/healthz")):
        assert as_problem(response)["code"] == "bad_request"
    else:
        assert "这个请求无法读取" in response.text
    assert caplog.text == ""


@pytest.mark.parametrize(
    "host", ["a", "a.b:80", "a_b", "127.0.0.1:8000", "[::1]:8000", "xn--fiqs8s.example", "A.B."]
)
def test_a_host_that_can_be_is_answered(portal: Portal, host: str) -> None:
    for path in ("/api/v1/search", "/"):
        assert portal.client.get(path, headers={"Host": host}).status_code == 200


class Failing(Services):
    """Services with a fault of ours in them."""

    def search(self, question: Question, *, decisions: Decisions | None = None) -> Answer:  # noqa: ARG002
        raise RuntimeError(f"secret of {question.text}")


@pytest.fixture
def failing(tmp_path: Path) -> Portal:
    services = Failing(live_index(tmp_path), SHANGHAI)
    return Portal(tmp_path, create_app(services, SearchSettings()).test_client())


def test_a_fault_of_ours_is_logged_under_an_id_and_not_shown(
    failing: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    body = failing.problem("/api/v1/search", q="x")
    assert (body["status"], body["code"]) == (500, "internal_error")
    assert f"request {body['request_id']}: GET /api/v1/search" in caplog.text
    assert "secret of x" in caplog.text
    assert "secret" not in str(body)


def test_a_fault_of_ours_is_a_page_with_its_id(
    failing: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    page = failing.get("/search", q="x")
    assert page.status_code == 500
    assert "Traceback" not in page.text
    assert "secret" not in page.text
    (identity,) = {record.args[0] for record in caplog.records if isinstance(record.args, tuple)}
    assert str(identity) in page.text


@pytest.mark.parametrize("error", [BadRequest(), ImATeapot()], ids=["400", "418"])
def test_a_request_that_cannot_be_read_has_a_code(error: HTTPException) -> None:
    assert problem_of(error).code.name == "bad_request"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NoLiveGeneration(Path()), "index_missing"),
        (GenerationMissing("1", Path()), "index_missing"),
        (ManifestDamaged(Path(), ""), "index_damaged"),
        (FormatMismatch("1", 1, 2), "index_format"),
        (IndexDamaged(Path(), ""), "index_damaged"),
        (IndexUnavailable(""), "index_unavailable"),
        (ArticleNotFound("a"), "article_not_found"),
        (StoreUnavailable("sqlite:///a", ""), "store_unavailable"),
        (InvalidQuery(""), "internal_error"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_each_error_of_the_use_cases_has_its_code(
    portal: Portal, error: SearchIndexError, code: str
) -> None:
    with portal.client.application.test_request_context("/"):
        assert problem_of(error).code is CODES[code]


def test_every_failure_of_the_index_is_the_servers_to_mend_and_not_the_clients() -> None:
    kinds = [
        kind
        for kind in vars(indexer.errors).values()
        if isinstance(kind, type) and issubclass(kind, IndexFailure)
    ]
    assert len(kinds) > 5
    app = create_app(Services(live_index(Path()), SHANGHAI), SearchSettings())
    with app.test_request_context("/"):
        for kind in kinds:
            assert problem_of(kind.__new__(kind)).code.status == 503


def test_each_code_is_explained_where_its_type_leads(portal: Portal) -> None:
    page = portal.client.get("/docs/errors")
    assert page.status_code == 200
    for code in CODES.values():
        assert f'<section id="{code.name}">' in page.text
        assert code.remedy.replace("'", "&#39;") in page.text


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RequestTimeout, "request_timeout"),
        (ClientDisconnected, "bad_request"),
        (ServiceUnavailable, "overloaded"),
    ],
)
def test_a_body_that_cannot_be_read_is_an_error_only_where_it_is_read(
    portal: Portal, error: type[HTTPException], code: str
) -> None:
    body = RefusedBody(error, "four other bodies")

    def post(path: str) -> TestResponse:
        return portal.client.post(
            path,
            content_type="application/json",
            environ_overrides={"wsgi.input": body, "wsgi.input_terminated": True},
        )

    answer = post("/api/v1/clicks")
    assert as_problem(answer)["code"] == code
    assert answer.status_code == CODES[code].status
    assert ("Retry-After" in answer.headers) == (code == "overloaded")
    assert as_problem(post("/api/v1/nowhere"))["code"] == "not_found"
