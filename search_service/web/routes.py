"""Routes of the API: how a view gets its parameters.

flask-openapi3 describes the parameters by the view's models. Its own reading takes one field at a
time, and each missing field costs an exception. This module gives the whole query string to a model at once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from search_service.web.params import Parameters, read_parameters


class Routes(APIBlueprint):
    """A blueprint whose views receive the query string as a validated model."""

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
