"""Routes of the API: how a view gets its parameters, how a route names an article, and which key its client needs.

flask-openapi3 describes the parameters by the view's models. Its own reading takes one field at a
time, and each missing field costs an exception. This module gives the whole query string to a model at once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, Literal, TypeVar, get_type_hints

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import create_model

from indexer.store.keys import Scope
from search_service.web.params import (
    ArticlePath,
    ArticleQuery,
    NoParameters,
    Parameters,
    read_parameters,
)

_View = TypeVar("_View", bound=Callable[..., Response])

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

    def of_article(
        self,
        method: Literal["get", "post", "put", "delete"],
        action: str = "",
        *,
        base: str = "/articles",
        operation_id: str,
        **described: Any,
    ) -> Callable[[_View], _View]:
        """Register a view of one article under both forms of its address.

        ``/articles/{article_id}`` and ``/articles?id=`` without an ``action``; with one, such as ``related``,
        ``/articles/{article_id}/related`` and ``/articles:related?id=``. The first is handy, the second takes any id: of
        ``a/related`` too. ``base`` stands before both. The view takes ``article_id``; if it takes a ``query``, that is its model of the other parameters.
        ``described`` is what the decorators of flask-openapi3 take.
        """
        register = getattr(self, method)
        in_path = f"{base}/<path:article_id>" + (f"/{action}" if action else "")
        in_query = base + (f":{action}" if action else "")
        by_id = f"{operation_id}_by_id"

        def add(view: _View) -> _View:
            path_view, query_view = _by_path(view), _by_query(view)
            register(in_path, operation_id=operation_id, endpoint=operation_id, **described)(
                path_view
            )
            register(in_query, operation_id=by_id, endpoint=by_id, **described)(query_view)
            return view

        return add

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


def _by_path(view: Callable[..., Response]) -> Callable[..., Response]:
    """The view of the form that names the article in its path."""

    @wraps(view)
    def by_path(path: ArticlePath, query: Parameters, **given: Any) -> Response:
        return _answer(view, path.article_id, query, given)

    hints = get_type_hints(view)
    by_path.__annotations__ = {"query": NoParameters} | hints | {"path": ArticlePath}
    return by_path


def _by_query(view: Callable[..., Response]) -> Callable[..., Response]:
    """The view of the form that names the article in its query string."""

    @wraps(view)
    def by_query(query: Any, **given: Any) -> Response:
        return _answer(view, query.id, query, given)

    hints = get_type_hints(view)
    others_model = hints.get("query", NoParameters)
    model = create_model(f"{others_model.__name__}OfArticle", __base__=(others_model, ArticleQuery))
    by_query.__annotations__ = hints | {"query": model}
    return by_query


def _answer(
    view: Callable[..., Response], article_id: str, query: Parameters, given: dict[str, Any]
) -> Response:
    others = {"query": query} if "query" in view.__annotations__ else {}
    return view(article_id=article_id, **others, **given)
