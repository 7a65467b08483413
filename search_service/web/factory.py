"""The application: puts together routes, errors, caching and security headers. It decides nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flask import Flask, Request, Response
from flask.json.provider import DefaultJSONProvider
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.info import Info
from flask_openapi3.models.path_item import PathItem
from flask_openapi3.openapi import OpenAPI
from werkzeug.exceptions import BadHost
from werkzeug.routing import MapAdapter

from search_service.desk.desk import Desk
from search_service.services import Services
from search_service.settings import SearchSettings
from search_service.web.access import register_access
from search_service.web.api import api_blueprint
from search_service.web.caching import register_caching
from search_service.web.desk.blueprint import desk_blueprint
from search_service.web.discovery import discovery_blueprint
from search_service.web.docs import DESCRIPTION, docs_blueprint
from search_service.web.elements import elements_blueprint
from search_service.web.errors import problem, register_errors
from search_service.web.feeds import feeds_blueprint
from search_service.web.forwarding import register_forwarding
from search_service.web.fragments import fragments_blueprint
from search_service.web.health import health_blueprint
from search_service.web.jobs import jobs_blueprint
from search_service.web.limiting import register_limiting
from search_service.web.metrics import metrics_blueprint
from search_service.web.observing import register_observing
from search_service.web.origins import register_origins, register_preflights
from search_service.web.pages import error_page, pages_blueprint, register_templates
from search_service.web.params import check_path, refuse_parameters
from search_service.web.payloads import ProblemPayload
from search_service.web.queries import queries_blueprint
from search_service.web.routes import KEY_SCHEME
from search_service.web.surrogates import register_surrogates
from search_service.web.theme import Theme, check_error_page, read_theme, register_theme
from search_service.web.writing import writing_blueprint

VERSION: Final = "0.1.0"

STATIC_MAX_AGE: Final = 86_400
"""Seconds that caches may keep a static file. Our own files may be kept for ever if the address holds their version."""

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' https: data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
}

KEY: Final = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key, made with `python -m search_service keys create`.",
}
"""The security scheme of the OpenAPI document."""

Application = Flask
"""A WSGI application with a test client: all that the command line and app.py need to know of it."""


def create_app(
    services: Services, settings: SearchSettings, desk: Desk | None = None
) -> Application:
    """The WSGI application. It keeps no state. Only the desk sets a cookie; without ``desk`` there is none.

    Raises:
        InvalidSetting: the theme cannot be used.
    """
    app = _Application(
        "search_service.web",
        info=Info(title=f"{settings.site_name} API", version=VERSION, description=DESCRIPTION),
        security_schemes={KEY_SCHEME: KEY},
        openapi_extensions={"security": [{KEY_SCHEME: []}]} if settings.private else {},
        doc_ui=False,
        validation_error_status=400,
        validation_error_model=ProblemPayload,
        validation_error_callback=refuse_parameters,
    )
    register_observing(app, services.metrics)
    app.url_map.merge_slashes = False  # a//b is another article than a/b
    app.before_request(check_path)
    app.config.update(PROVIDE_AUTOMATIC_OPTIONS=False, SEND_FILE_MAX_AGE_DEFAULT=STATIC_MAX_AGE)
    register_templates(app, settings, services)
    register_theme(app, read_theme(settings.theme) if settings.theme else Theme())
    register_errors(app, page=error_page)
    register_caching(app)
    register_surrogates(app)
    register_security_headers(app)
    register_preflights(app, services)
    register_limiting(app, services, settings.rate_limit)
    register_origins(app, settings.origins)
    register_access(app, services, private=settings.private)
    app.register_api(api_blueprint(services))
    app.register_api(queries_blueprint(services))
    app.register_api(feeds_blueprint(services, settings.site_name))
    app.register_api(fragments_blueprint(services, settings.origins))
    app.register_api(writing_blueprint(services))
    app.register_api(jobs_blueprint(services))
    app.register_api(health_blueprint(services))
    app.register_api(metrics_blueprint(services))
    app.register_blueprint(discovery_blueprint(private=settings.private))
    app.register_blueprint(docs_blueprint(app, services, private=settings.private))
    app.register_blueprint(elements_blueprint())
    app.register_blueprint(pages_blueprint(services, settings.site_name))
    if desk is not None:
        app.register_blueprint(desk_blueprint(services, desk))
    register_forwarding(app, settings.proxies)
    if settings.theme:
        check_error_page(app, lambda: error_page(problem("not_found")))
    return app


class _Json(DefaultJSONProvider):
    """JSON. A text that is nested too deeply raises the same error as a text that is not JSON."""

    def loads(self, s: str | bytes, **options: Any) -> Any:
        try:
            return super().loads(s, **options)
        except RecursionError as error:
            raise ValueError("is nested too deeply") from error


class _Application(OpenAPI):
    """Flask, but an unreadable Host or body gets a status for an error of the client."""

    json_provider_class = _Json

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``func`` as it is: no view is a coroutine. Flask would check each hook in each request."""
        return func

    def register_api(self, api: APIBlueprint, **options: Any) -> None:
        """Register a blueprint. Its routes may share a path with those of another, which need another key.

        flask-openapi3 4 would keep only the methods of the last of them in the OpenAPI document.
        """
        earlier = dict(self.paths)
        super().register_api(api, **options)
        for path in earlier.keys() & api.paths.keys():
            added: PathItem = api.paths[path]
            methods = {name: getattr(added, name) for name in added.model_fields_set}
            self.paths[path] = earlier[path].model_copy(update=methods)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """The URL adapter of a request. If the Host is invalid, an adapter without a host; such a request is refused later."""
        try:
            return super().create_url_adapter(request)
        except BadHost:
            if request is None:
                raise
            return self.url_map.bind_to_environ(request.environ, server_name="", subdomain="")


def register_security_headers(app: Flask) -> None:
    """Send SECURITY_HEADERS with every answer. A header that the answer sets itself stays."""

    @app.after_request
    def add_headers(response: Response) -> Response:
        headers = response.headers
        for name, value in SECURITY_HEADERS.items():
            if name not in headers:
                headers.add(name, value)
        return response
