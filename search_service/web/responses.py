"""How a payload becomes a response, and how the OpenAPI document describes responses."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response
from flask_openapi3.models import OPENAPI3_REF_PREFIX

from search_service.web.codes import CODES
from search_service.web.payloads import Payload, ProblemPayload

ALWAYS = ("bad_request", "internal_error")
KEYS = ("key_missing", "key_invalid", "key_origin", "rate_limited", "store_unavailable")
"""Codes of every route outside of health checks. Without a key, they come only if the service is private, or limits requests."""
INDEX = ("index_missing", "index_format", "index_damaged", "index_unavailable")
SEARCHING = (*INDEX, *KEYS, "overloaded")


def json_response(payload: Payload | dict[str, Any]) -> Response:
    """The payload as JSON with status 200."""
    return Response(json_bytes(payload), content_type="application/json")


def json_bytes(payload: Payload | dict[str, Any], *, indented: bool = False) -> bytes:
    """The payload (a model, or a dict that may hold models) as JSON: the bytes that pydantic writes, in a quarter of the time."""
    option = orjson.OPT_UTC_Z | (orjson.OPT_INDENT_2 if indented else 0)
    return orjson.dumps(payload, default=dict, option=option)


def described(
    payload: type[Payload] | dict[str, Any] | None, *codes: str, status: int = 200
) -> dict[str | int, Any]:
    """The responses of a route for the OpenAPI document: ``payload`` with ``status``, and errors by the names of their codes.

    An answer of another type than JSON is described by a dict. Without a payload the route answers 204.
    """
    responses: dict[str | int, Any] = {204: None} if payload is None else {status: payload}
    for name in sorted((*codes, *ALWAYS), key=lambda name: CODES[name].status):
        responses.setdefault(CODES[name].status, _problem_response(CODES[name].status, codes))
    return responses


def _problem_response(status: int, codes: tuple[str, ...]) -> dict[str, Any]:
    kinds = [CODES[name] for name in (*codes, *ALWAYS) if CODES[name].status == status]
    return {
        "description": " ".join(f"`{kind.name}`: {kind.meaning}" for kind in kinds),
        "content": {
            "application/problem+json": {
                "schema": {"$ref": f"{OPENAPI3_REF_PREFIX}/{ProblemPayload.__name__}"}
            }
        },
    }
