"""The Chalice application: the route table on blueprints, and the outermost middleware."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, cast

from chalice.app import Blueprint, Chalice, Request, Response

from chalicelib.api_tokens.authentication import Authenticator
from chalicelib.core.dependencies import Toolbox
from chalicelib.core.errors import MethodNotAllowed
from chalicelib.core.settings import Settings
from chalicelib.http.docs_pages import pages
from chalicelib.http.pipeline import Pipeline, open_page
from chalicelib.http.replies import cors_config, error_reply, to_chalice
from chalicelib.http.responses import HttpRequest, Reply, from_chalice
from chalicelib.http.routing import BASE_PATH
from chalicelib.http.table import route_table

_Answer = Callable[[HttpRequest], Reply]


def create_app(settings: Settings, tools: Toolbox) -> Chalice:
    """The application, all of it. Nothing is read from the environment here."""
    # Chalice lengthens AWS_EXECUTION_ENV, and with it every request's User-Agent, in whatever
    # environment it is given: not in ours.
    app = Chalice(app_name="stint", configure_logs=False, env={})
    app.api.binary_types = []
    app.register_middleware(_render_methods(app, settings.allowed_origin), "http")
    pipeline = Pipeline(Authenticator(tools))
    routes = route_table(tools)
    blueprint = Blueprint(__name__)
    cors = cors_config(settings.allowed_origin)

    def serve(path: str, methods: tuple[str, ...], name: str, answer: _Answer) -> None:
        view = _view(app, answer, settings)
        # No content types: Chalice would refuse a GET for its Content-Type, and would do so in
        # its own words. The pipeline checks them.
        blueprint.route(path, methods=list(methods), content_types=[], cors=cors, name=name)(view)

    for route in routes:
        path = f"{BASE_PATH}{route.path}"
        serve(path, route.methods, route.name, partial(pipeline.answer, route))
    for page in pages(routes):
        serve(page.path, ("GET",), page.name, partial(open_page, page))
    app.register_blueprint(blueprint)
    return app


def _view(app: Chalice, answer: _Answer, settings: Settings) -> Callable[..., Response]:
    def view(**route_arguments: str) -> Response:
        request = cast("Request", app.current_request)
        given = from_chalice(request, route_arguments, settings.public_base_url)
        return to_chalice(answer(given), settings.allowed_origin)

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
