"""The Chalice application: the route table on blueprints, and the outermost middleware."""

from collections.abc import Callable, Iterable
from typing import Any, cast

from chalice.app import Blueprint, Chalice, CORSConfig, Request, Response

from chalicelib.domain.errors import MethodNotAllowed
from chalicelib.http.exchange import Reply, from_chalice
from chalicelib.http.pipeline import Pipeline
from chalicelib.http.replies import cors_config, error_reply, to_chalice
from chalicelib.http.routes import BASE_PATH, Route
from chalicelib.http.table import route_table
from chalicelib.services.authentication import Authenticator
from chalicelib.services.toolbox import Toolbox
from chalicelib.settings import Settings


def create_app(settings: Settings, tools: Toolbox) -> Chalice:
    """The application, all of it. Nothing is read from the environment here."""
    # Chalice lengthens AWS_EXECUTION_ENV, and with it every request's User-Agent, in whatever
    # environment it is given: not in ours.
    app = Chalice(app_name="stint", configure_logs=False, env={})
    app.api.binary_types = []
    app.register_middleware(_render_methods(app, settings.allowed_origin), "http")
    pipeline = Pipeline(Authenticator(tools))
    blueprint = _blueprint(app, route_table(tools), pipeline, settings)
    app.register_blueprint(blueprint, url_prefix=BASE_PATH)
    return app


def _blueprint(
    app: Chalice, routes: Iterable[Route], pipeline: Pipeline, settings: Settings
) -> Blueprint:
    blueprint = Blueprint(__name__)
    cors = cors_config(settings.allowed_origin)
    for route in routes:
        _register(blueprint, route, cors, _view(app, route, pipeline, settings))
    return blueprint


def _register(
    blueprint: Blueprint, route: Route, cors: CORSConfig, view: Callable[..., Response]
) -> None:
    # No content types: Chalice would refuse a GET for its Content-Type, and would do so in its
    # own words. The pipeline checks them.
    blueprint.route(
        route.path, methods=list(route.methods), content_types=[], cors=cors, name=route.name
    )(view)


def _view(
    app: Chalice, route: Route, pipeline: Pipeline, settings: Settings
) -> Callable[..., Response]:
    def view(**route_arguments: str) -> Response:
        request = cast("Request", app.current_request)
        given = from_chalice(request, route_arguments, settings.public_base_url)
        return to_chalice(pipeline.answer(route, given), settings.allowed_origin)

    return view


def _render_methods(
    app: Chalice, allowed_origin: str
) -> Callable[[Request, Callable[[Request], Response]], Response]:
    """Chalice's own words for a wrong method, in JSON:API. Unknown routes never come this far."""

    def middleware(request: Request, get_response: Callable[[Request], Any]) -> Response:
        methods = app.routes[request.path]
        if request.method not in methods:
            return to_chalice(wrong_method(methods), allowed_origin)
        response: Response = get_response(request)
        return response

    return middleware


def wrong_method(methods: Iterable[str]) -> Reply:
    """The reply to a method that a path does not take."""
    return error_reply(MethodNotAllowed(tuple(sorted(methods))))
