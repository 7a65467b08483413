"""The OpenAPI document, and docs/http-api.md, are held to the application."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from search_service.web.errors import CODES
from search_service.web.payloads import SearchPayload
from tests.conftest import PROJECT
from tests.search_service.web.portal import Portal

POSTED = {"/api/v1/clicks", "/api/v1/admin/jobs/{job_id}/cancel"}
ELSEWHERE = {"/api/v1/admin/jobs", "/api/v1/admin/jobs/{job_id}"}
"""Routes whose answers test_jobs.py compares with their schemas, because they need a key and a store."""
NO_API = {"/static/<path:filename>", "/docs/swagger/<path:filename>"}


@pytest.fixture
def document(portal: Portal) -> Any:
    return portal.json("/openapi.json")


@pytest.fixture
def guide() -> str:
    return (PROJECT / "docs" / "http-api.md").read_text(encoding="utf-8")


def routes(app: Flask) -> set[str]:
    """Every route as OpenAPI writes it."""
    rules = {rule.rule for rule in app.url_map.iter_rules()} - NO_API
    return {re.sub(r"<(?:\w+:)?(.*?)>", r"{\1}", rule) for rule in rules}


def operations(document: Any) -> list[Any]:
    """Every operation of the document."""
    return [each for methods in document["paths"].values() for each in methods.values()]


def test_the_document_is_valid_openapi_3_1(document: Any) -> None:
    assert document["openapi"].startswith("3.1.")
    validate(document)


def test_every_route_of_the_api_is_in_the_document(portal: Portal, document: Any) -> None:
    described = {route for route in routes(portal.client.application) if route.startswith("/api/")}
    assert set(document["paths"]) == described | {"/healthz", "/readyz"}


def test_every_limit_is_stated_in_the_document(document: Any) -> None:
    parameters = {
        each["name"]: each for each in document["paths"]["/api/v1/search"]["get"]["parameters"]
    }
    assert {"minimum": 1, "maximum": 100, "default": 10}.items() <= parameters["size"][
        "schema"
    ].items()
    assert {"minimum": 1, "maximum": 10_000}.items() <= parameters["page"]["schema"].items()
    assert "10000" in parameters["page"]["description"]
    assert parameters["sort"]["schema"]["enum"] == ["relevance", "newest", "oldest"]
    for name in ("channel", "source", "author", "tag", "site"):
        assert parameters[name]["schema"]["maxItems"] == 32
        assert parameters[name]["schema"]["items"]["maxLength"] == 1000
    assert parameters["attributes"]["schema"]["additionalProperties"]["maxLength"] == 1000
    assert "attributes.NAME.min" in parameters["attributes"]["description"]
    assert parameters["from"]["schema"]["anyOf"][0]["format"] == "date"
    assert re.fullmatch(
        parameters["facets"]["schema"]["anyOf"][0]["pattern"], "channel,source,author,tag,month"
    )
    assert "500" in parameters["q"]["description"]
    for parameter in parameters.values():
        assert parameter["description"]
        assert parameter["required"] is False


def test_every_answer_in_the_document_is_json_or_a_problem(document: Any) -> None:
    for operation in operations(document):
        for status, response in operation["responses"].items():
            assert response["description"]
            if status == "204":
                assert "content" not in response
                continue
            expected = (
                "application/json" if status in ("200", "202") else "application/problem+json"
            )
            assert list(response["content"]) == [expected]


def test_every_answer_fits_its_schema(portal: Portal, document: Any) -> None:
    asked = {
        "/api/v1/search": "/api/v1/search?q=水库&facets=channel,source,author,tag,month",
        "/api/v1/suggest": "/api/v1/suggest?q=云溪",
        "/api/v1/articles/{article_id}": "/api/v1/articles/story-1",
        "/api/v1/articles/{article_id}/related": "/api/v1/articles/story-1/related",
        "/api/v1/articles": "/api/v1/articles?id=story-1",
        "/api/v1/articles:related": "/api/v1/articles:related?id=story-1",
        "/api/v1/latest": "/api/v1/latest",
        "/api/v1/queries/hot": "/api/v1/queries/hot",
        "/api/v1/queries/related": "/api/v1/queries/related?q=水库",
        "/healthz": "/healthz",
        "/readyz": "/readyz",
    }
    reading = {path for path, each in document["paths"].items() if "get" in each}
    assert set(asked) == reading - ELSEWHERE
    for path, address in asked.items():
        response = document["paths"][path]["get"]["responses"]["200"]
        schema = response["content"]["application/json"]["schema"]
        validator = OAS31Validator({**schema, "components": document["components"]})
        validator.validate(portal.json(address))
    problem = {"$ref": "#/components/schemas/ProblemPayload", "components": document["components"]}
    OAS31Validator(problem).validate(portal.problem("/api/v1/search", page="0"))


@pytest.mark.parametrize(
    "asked", ["q=水库&facets=channel,tag,month&channel=时政&explain=1", "q=板登会", "q=<"]
)
def test_a_search_is_written_as_its_models_would_be(portal: Portal, asked: str) -> None:
    body = portal.client.get("/api/v1/search?" + asked).get_data(as_text=True)
    assert SearchPayload.model_validate_json(body).model_dump_json() == body


def test_every_route_is_in_the_guide(portal: Portal, guide: str) -> None:
    for route in routes(portal.client.application):
        method = "POST" if route in POSTED else "GET"
        assert f"`{method} {route}`" in guide


def test_the_guide_names_every_parameter_and_no_other(guide: str, document: Any) -> None:
    for path, methods in document["paths"].items():
        (method, operation), *_ = methods.items()
        section = guide.split(f"## `{method.upper()} {path}`\n")[1].split("\n## ")[0]
        named = re.findall(r"^\| `(\w+)` \| [^|]*\| [^|]*\|$", section, flags=re.MULTILINE)
        parameters = operation.get("parameters", [])
        assert named == [each["name"] for each in parameters if each["in"] == "query"]
        for each in parameters:
            schema = each["schema"]
            if schema.get("type") == "integer" and each["name"] == "size":
                row = next(line for line in section.splitlines() if line.startswith("| `size`"))
                assert f"| {schema['default']} | 1 to {schema['maximum']} |" in row


def test_the_guide_names_every_code_with_its_status_and_no_other(guide: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d{3}) \| (.*) \|$", guide, flags=re.MULTILINE)
    assert [(name, int(status)) for name, status, _ in rows] == [
        (code.name, code.status) for code in CODES.values()
    ]
    for name, _, when in rows:
        retry_after = CODES[name].retry_after
        assert (f"`Retry-After: {retry_after}`" in when) == (retry_after is not None)
