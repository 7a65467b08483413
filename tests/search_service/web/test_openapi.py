"""The OpenAPI document, and docs/http-api.md, are held to the application."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from search_service.web.codes import CODES
from search_service.web.payloads import SearchPayload
from tests.conftest import PROJECT
from tests.search_service.web.portal import Portal

NO_API = {"/static/<path:filename>", "/theme/<name>"}


@pytest.fixture
def document(portal: Portal) -> Any:
    return portal.json("/openapi.json")


@pytest.fixture
def guide() -> str:
    return (PROJECT / "docs" / "http-api.md").read_text(encoding="utf-8")


def as_openapi(rule: str) -> str:
    """A route's path as OpenAPI writes it."""
    return re.sub(r"<(?:\w+:)?(.*?)>", r"{\1}", rule)


def addresses(app: Flask) -> set[str]:
    """The method and path of every route, as the guide's headings write them. Whoever answers GET answers HEAD too."""
    return {
        f"{method} {as_openapi(rule.rule)}"
        for rule in app.url_map.iter_rules()
        if rule.rule not in NO_API
        for method in (rule.methods or set()) - {"HEAD"}
    }


def operations(document: Any) -> dict[str, Any]:
    """Every operation of the document by its method and path."""
    return {
        f"{method.upper()} {path}": each
        for path, methods in document["paths"].items()
        for method, each in methods.items()
    }


def sections(guide: str) -> dict[str, str]:
    """The section of each address that the guide's headings name. Several may share one."""
    found: dict[str, str] = {}
    for section in guide.split("\n## ")[1:]:
        heading, _, text = section.partition("\n")
        found |= dict.fromkeys(re.findall(r"`([A-Z]+ [^`]+)`", heading), text)
    return found


def test_the_document_is_valid_openapi_3_1(document: Any) -> None:
    assert document["openapi"].startswith("3.1.")
    validate(document)


def test_every_route_of_the_api_is_in_the_document(portal: Portal, document: Any) -> None:
    wanted = {
        each
        for each in addresses(portal.client.application)
        if each.split()[1].startswith(
            ("/api/", "/embed/", "/feeds/", "/healthz", "/readyz", "/metrics")
        )
    }
    assert set(operations(document)) == wanted


def test_every_limit_is_stated_in_the_document(document: Any) -> None:
    parameters = {
        each["name"]: each for each in document["paths"]["/api/v1/search"]["get"]["parameters"]
    }
    assert {"minimum": 1, "maximum": 100, "default": 10}.items() <= parameters["size"][
        "schema"
    ].items()
    assert {"minimum": 1, "maximum": 10_000}.items() <= parameters["page"]["schema"].items()
    assert "10000" in parameters["page"]["description"]
    assert parameters["sort"]["schema"]["enum"] == ["relevance", "newest", "oldest", "hot"]
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


def _good(address: str) -> list[str]:
    """The types of a route's good answers."""
    for part, types in (
        (":bulk", ["application/x-ndjson"]),
        (":opensearch", ["application/x-suggestions+json"]),
        ("/metrics", ["text/plain"]),
        ("/feeds/", ["application/atom+xml", "application/rss+xml"]),
    ):
        if part in address:
            return types
    return ["application/json"]


def test_every_answer_in_the_document_is_json_or_a_problem(document: Any) -> None:
    for address, operation in operations(document).items():
        for status, response in operation["responses"].items():
            assert response["description"]
            if status == "204":
                assert "content" not in response
                continue
            good = status in ("200", "201", "202")
            if "/embed/" in address:
                assert list(response.get("content", ())) == (["text/html"] if good else [])
                continue
            expected = _good(address) if good else ["application/problem+json"]
            assert list(response["content"]) == expected


def test_every_answer_fits_its_schema(portal: Portal, document: Any) -> None:
    asked = {
        "/api/v1/search": "/api/v1/search?q=水库&facets=channel,source,author,tag,month",
        "/api/v1/suggest": "/api/v1/suggest?q=云溪",
        "/api/v1/articles/{article_id}": "/api/v1/articles/story-1",
        "/api/v1/articles/{article_id}/related": "/api/v1/articles/story-1/related",
        "/api/v1/articles/{article_id}/blocks": "/api/v1/articles/story-1/blocks",
        "/api/v1/articles": "/api/v1/articles?id=story-1",
        "/api/v1/articles:blocks": "/api/v1/articles:blocks?id=story-1",
        "/api/v1/articles:related": "/api/v1/articles:related?id=story-1",
        "/api/v1/latest": "/api/v1/latest",
        "/api/v1/hot": "/api/v1/hot",
        "/api/v1/queries/hot": "/api/v1/queries/hot",
        "/api/v1/queries/related": "/api/v1/queries/related?q=水库",
        "/healthz": "/healthz",
        "/readyz": "/readyz",
    }
    open_to_all = {
        path
        for path, each in document["paths"].items()
        if "get" in each
        and "security" not in each["get"]
        and "application/json" in each["get"]["responses"]["200"]["content"]
    }
    assert set(asked) == open_to_all | {"/healthz", "/readyz"}
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


def test_every_route_is_in_the_guide(portal: Portal, guide: str, document: Any) -> None:
    for address in addresses(portal.client.application):
        assert f"`{address}`" in guide
    assert set(operations(document)) <= set(sections(guide)) <= addresses(portal.client.application)


def test_the_guide_names_every_parameter_and_no_other(guide: str, document: Any) -> None:
    for address, operation in operations(document).items():
        section = sections(guide)[address]
        named = re.findall(r"^\| `(\w+)` \| [^|]*\| [^|]*\|$", section, flags=re.MULTILINE)
        if "{article_id}" in address:  # the other address of the section takes an id
            named.remove("id")
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
