"""Public pages, which need no token: the OpenAPI document and the API reference.

They are loaded at their first request, so that they do not slow down cold starts.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from chalicelib.core.errors import RouteNotFound
from chalicelib.http.conditional import revalidate
from chalicelib.http.request import HttpRequest
from chalicelib.http.responses import HttpResponse
from chalicelib.http.routing import BASE_PATH, Route
from chalicelib.jsonapi.documents import encode
from chalicelib.jsonapi.resource import AnyResource

_FOLDER = Path(__file__).parent / "reference"
_FILES: Mapping[str, str] = {
    "start.js": "text/javascript; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
}
_NO_CACHE = "public, no-cache"
# An upgrade changes the files, but not their names.
_CACHE_FOR_AN_HOUR = "public, max-age=3600"


class DocsPage(Struct, frozen=True):
    """A path that supports GET without a token."""

    name: str
    path: str
    respond: Callable[[HttpRequest], HttpResponse]


def docs_pages(
    routes: Iterable[Route], resources: Mapping[str, AnyResource]
) -> tuple[DocsPage, ...]:
    """Return all public pages. The OpenAPI document describes ``routes``."""
    routes = tuple(routes)

    # A process serves only a few base URLs.
    @cache
    def openapi_json(base_url: str) -> str:
        from chalicelib.http.openapi.document import openapi_document  # noqa: PLC0415

        return encode(openapi_document(routes, resources, base_url))

    def show_openapi(request: HttpRequest) -> HttpResponse:
        return _page_response(
            request, openapi_json(request.base_url), "application/json", _NO_CACHE
        )

    return (
        DocsPage("describe_api", f"{BASE_PATH}/openapi.json", show_openapi),
        DocsPage("show_reference", "/docs", _show_reference),
        DocsPage("load_reference_file", "/docs/{file}", _load_file),
    )


def _show_reference(request: HttpRequest) -> HttpResponse:
    base = urlsplit(request.base_url)
    text = (_FOLDER / "index.html").read_text().replace("{base}", base.path)
    response = _page_response(request, text, "text/html; charset=utf-8", _NO_CACHE)
    # "Try it out" sends requests to the server in the OpenAPI document.
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data:; connect-src 'self' {base.scheme}://{base.netloc}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
    return HttpResponse(response.status, response.body, {**response.headers, **headers})


def _load_file(request: HttpRequest) -> HttpResponse:
    name = request.route_arguments["file"]
    if name not in _FILES:
        raise RouteNotFound
    return _page_response(request, (_FOLDER / name).read_text(), _FILES[name], _CACHE_FOR_AN_HOUR)


def _page_response(
    request: HttpRequest, body: str, content_type: str, cache_control: str
) -> HttpResponse:
    headers = {"Content-Type": content_type, "Cache-Control": cache_control}
    return revalidate(HttpResponse(200, body, headers), request.headers.get("if-none-match"))
