"""The OpenAPI document as values for the page ``/docs``: routes in groups, with their parameters, answers and types in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup, escape

_METHODS: Final = ("get", "post", "put", "delete")
_MARKED: Final = re.compile(r"`([^`]+)`|\[([^\]]+)\]\(([^)]+)\)")
_BOUNDS: Final = (
    ("minimum", "from {}"),
    ("maximum", "to {}"),
    ("minLength", "at least {} characters"),
    ("maxLength", "at most {} characters"),
    ("maxItems", "at most {} values"),
)


@dataclass(frozen=True, slots=True)
class Value:
    """A parameter of a route, or a member of an object. ``place`` is path, query or empty."""

    name: str
    place: str
    kind: Markup
    text: Markup
    required: bool
    example: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer with a status: the type of its body, or the codes of errors."""

    status: str
    kind: Markup
    text: Markup
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path. ``name`` is its operation id, which stands in addresses."""

    name: str
    method: str
    path: str
    summary: str
    text: Markup
    keyed: bool
    parameters: tuple[Value, ...]
    body: tuple[str, Markup] | None
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Routes with one tag."""

    name: str
    text: Markup
    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """An object that bodies hold."""

    name: str
    text: Markup
    members: tuple[Value, ...]


def marked_up(text: str) -> Markup:
    """A description with its code and links as HTML, and everything else as text."""
    parts, end = Markup(""), 0
    for found in _MARKED.finditer(text):
        code, shown, address = found.groups()
        parts += escape(text[end : found.start()])
        parts += (
            Markup("<code>{}</code>").format(code)
            if code
            else Markup('<a href="{}">{}</a>').format(address, shown)
        )
        end = found.end()
    return parts + escape(text[end:])


def groups_of(document: Mapping[str, Any]) -> tuple[Group, ...]:
    """The routes of a document in the order of its tags."""
    routes = [
        (operation.get("tags", ("",))[0], _route(method, path, operation))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in _METHODS
    ]
    return tuple(
        Group(
            tag["name"],
            marked_up(tag.get("description", "")),
            tuple(route for name, route in routes if name == tag["name"]),
        )
        for tag in document["tags"]
    )


def shapes_of(document: Mapping[str, Any]) -> tuple[Shape, ...]:
    """The objects that bodies of a document hold, by name."""
    return tuple(
        Shape(name, marked_up(schema.get("description", "")), tuple(_members(schema)))
        for name, schema in sorted(document["components"]["schemas"].items())
    )


def _route(method: str, path: str, operation: Mapping[str, Any]) -> Route:
    parameters = [
        _value(each["name"], each["in"], each["schema"], required=each.get("required", False))
        for each in operation.get("parameters", ())
    ]
    content = operation.get("requestBody", {}).get("content", {})
    return Route(
        name=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        text=marked_up(operation.get("description", "")),
        keyed=any(operation.get("security", ())),
        parameters=tuple(parameters),
        body=next(((kind, _kind(held.get("schema", {}))) for kind, held in content.items()), None),
        outcomes=tuple(
            _outcome(status, answer) for status, answer in sorted(operation["responses"].items())
        ),
    )


def _outcome(status: str, answer: Mapping[str, Any]) -> Outcome:
    content = answer.get("content", {})
    text = answer.get("description", "")
    if "application/problem+json" in content:
        return Outcome(status, Markup(""), Markup(""), tuple(re.findall(r"`(\w+)`:", text)))
    schemas = [held["schema"] for held in content.values() if "$ref" in held.get("schema", {})]
    kind = _kind(schemas[0]) if schemas else escape(", ".join(content))
    return Outcome(status, kind, marked_up(text), ())


def _members(schema: Mapping[str, Any]) -> Iterator[Value]:
    required = schema.get("required", ())
    for name, member in schema.get("properties", {}).items():
        yield _value(name, "", member, required=name in required)


def _value(name: str, place: str, schema: Mapping[str, Any], *, required: bool) -> Value:
    example = schema.get("example", "")
    return Value(
        name=name,
        place=place,
        kind=_kind(schema),
        text=marked_up(schema.get("description", "")),
        required=required,
        example=example if isinstance(example, str) else "",
    )


def _kind(schema: Mapping[str, Any]) -> Markup:
    """The type of a value in words, with its bounds and its default. Objects with a name are links to their shapes."""
    said = [_bare_kind(schema)]
    bounds = [text.format(_number(schema[name])) for name, text in _BOUNDS if name in schema]
    if bounds:
        said.append(escape(" ".join(bounds)))
    if schema.get("default") not in (None, "", [], {}):
        said.append(escape(f"default {schema['default']}"))
    return Markup(", ").join(said)


def _bare_kind(schema: Mapping[str, Any]) -> Markup:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#{0}">{0}</a>').format(name)
    if "anyOf" in schema:
        return Markup(" or ").join(_kind(each) for each in schema["anyOf"])
    if "const" in schema or "enum" in schema:
        return Markup(" | ").join(
            Markup("<code>{}</code>").format(each)
            for each in schema.get("enum", [schema.get("const")])
        )
    if schema.get("type") == "array":
        return Markup("list of {}").format(_kind(schema.get("items", {})))
    return escape(schema.get("format") or schema.get("type") or "any")


def _number(value: float) -> str:
    return f"{value:g}" if value < 1_000_000 else f"{value:.0f}"
