"""The Chalice application: its routes and its middleware."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from chalice.app import Blueprint, Chalice, Request, Response

from chalicelib.api_tokens.authentication import Authenticator
from chalicelib.api_tokens.last_use import LastUse
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import MethodNotAllowed
from chalicelib.core.settings import Settings
from chalicelib.http.absent_collections import absent_routes
from chalicelib.http.pipeline import Pipeline, Respond, chalice_view, public_page_response
from chalicelib.http.public_pages import public_pages
from chalicelib.http.registration import Registration
from chalicelib.http.responses import (
    HttpResponse,
    allow_origin,
    error_response,
    preflight_response,
    to_chalice,
)
from chalicelib.http.routing import BASE_PATH
from chalicelib.registry import REGISTRY, build_routes


def create_app(
    settings: Settings, dependencies: Dependencies, registry: Iterable[Registration] = REGISTRY
) -> Chalice:
    """Create the application of the registered resources. It does not read the environment."""
    registry = tuple(registry)
    # Chalice appends its name to AWS_EXECUTION_ENV, which makes the User-Agent of every AWS request
    # longer. With env={} it does not change the environment of the process.
    app = Chalice(app_name="stint", configure_logs=False, env={})
    app.api.binary_types = []
    app.register_middleware(_method_middleware(app, settings.allowed_origins), "http")
    pipeline = Pipeline(
        Authenticator(dependencies),
        LastUse(dependencies),
        dependencies.clock,
        settings.requests_per_token,
    )
    routes = build_routes(dependencies, registry)
    resources = {entry.resource.type: entry.resource for entry in registry}
    blueprint = Blueprint(__name__)

    def add_route(path: str, methods: tuple[str, ...], name: str, respond: Respond) -> None:
        if "GET" in methods:
            methods = (*methods, "HEAD")
        view = chalice_view(app, respond, settings)
        # No content types: Chalice would reject a GET with an unknown Content-Type, and its error
        # is not a JSON:API document. The pipeline checks content types.
        blueprint.route(path, methods=list(methods), content_types=[], name=name)(view)

    for route in (*routes, *absent_routes(resources)):
        path = f"{BASE_PATH}{route.path}"
        add_route(path, route.methods, route.name, partial(pipeline.respond, route))
    for page in public_pages(routes, resources, serves_pages=settings.serves_pages):
        add_route(page.path, ("GET",), page.name, partial(public_page_response, page))
    app.register_blueprint(blueprint)
    return app


def _method_middleware(
    app: Chalice, allowed_origins: Sequence[str]
) -> Callable[[Request, Callable[[Request], Response]], Response]:
    """Return the middleware that answers preflight requests, and other methods without a route.

    Unknown paths do not reach it. Chalice's own CORS support has one fixed origin.
    """

    def middleware(request: Request, get_response: Callable[[Request], Any]) -> Response:
        methods = app.routes[request.path]
        if request.method in methods:
            response: Response = get_response(request)
            return response
        all_methods = [*methods, "OPTIONS"]
        allowed = allow_origin(allowed_origins, request.headers.get("origin"))
        if request.method == "OPTIONS":
            return to_chalice(preflight_response(all_methods), allowed)
        return to_chalice(method_not_allowed_response(all_methods), allowed)

    return middleware


def method_not_allowed_response(methods: Iterable[str]) -> HttpResponse:
    """Return the response for a path that does not have the request's method."""
    return error_response(MethodNotAllowed(tuple(sorted(methods))))
