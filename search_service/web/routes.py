"""Routes of the API: how a view gets its parameters, and which key its client needs.

flask-openapi3 describes the parameters by the view's models. Its own reading takes one field at a
time, and each missing field costs an exception. This module gives the whole query string to a model at once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from indexer.store.keys import Scope
from search_service.web.params import Parameters, read_parameters

KEY_SCHEME: Final = "key"
"""The name of our security scheme in the OpenAPI document."""


class Routes(APIBlueprint):
    """A blueprint whose views receive the query string as a validated model.

    With ``scope``, all its routes need an API key of this scope. ``access.py`` demands it.
    """

    def __init__(
        self, name: str, import_name: str, *, scope: Scope | None = None, **options: Any
    ) -> None:
        security: list[dict[str, list[str]]] | None = None if scope is None else [{KEY_SCHEME: []}]
        super().__init__(name, import_name, abp_security=security, **options)
        self.scope = scope

    @staticmethod
    def create_view_func(
        func: Callable[..., Response],
        header: Any,
        cookie: Any,
        path: Any,
        query: type[Parameters] | None,
        *others: Any,
        **options: Any,
    ) -> Any:
        """Make Flask's view of ``func``, which gets the parameters that it asks for."""
        view = _with_parameters(func, query) if query else func
        return APIBlueprint.create_view_func(view, header, cookie, path, None, *others, **options)


def _with_parameters(
    view: Callable[..., Response], model: type[Parameters]
) -> Callable[..., Response]:
    @wraps(view)
    def read(**given: Any) -> Response:
        return view(query=read_parameters(model), **given)

    return read
