"""Public pages, which need no token: links, OpenAPI document, API reference, static pages.

They are loaded at their first request, so that they do not slow down cold starts. The files of the
reference page, 1.8 MB, have a hash in their names: a browser loads them once per version. Lambda
returns them as text, and API Gateway compresses them to a quarter: it returns bytes, such as a
stored gzip, only to an ``Accept`` that begins with a binary type, and that of a browser does not.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
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
# A file that changes gets another name.
_CACHE_FOR_A_YEAR = "public, max-age=31536000, immutable"
_HASH_DIGITS = 16


class PublicPage(Struct, frozen=True):
    """A path that supports GET without a token."""

    name: str
    path: str
    respond: Callable[[HttpRequest], HttpResponse]


def public_pages(
    routes: Iterable[Route], resources: Mapping[str, AnyResource], *, serves_pages: bool = True
) -> tuple[PublicPage, ...]:
    """Return all public pages.

    :param routes: what the OpenAPI document describes.
    :param serves_pages: whether the pocket client and the admin page are served; else 404.
    """
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

    def show_home(request: HttpRequest) -> HttpResponse:
        from chalicelib.http.home_page import home_page  # noqa: PLC0415

        return _revalidated(request, home_page(request, serves_pages=serves_pages))

    return (
        PublicPage("show_home", "/", show_home),
        PublicPage("describe_api", f"{BASE_PATH}/openapi.json", show_openapi),
        PublicPage("show_reference", "/docs", _show_reference),
        PublicPage("load_reference_file", "/docs/{file}", _load_file),
        *_static_page("app", _APP_FILES, served=serves_pages),
        *_static_page("admin", served=serves_pages),
    )


# Its service worker controls the addresses below its own, and its manifest names them.
_APP_FILES = ("service-worker.js", "manifest.webmanifest")


def _static_page(
    page: str, fixed_addresses: Iterable[str] = (), *, served: bool
) -> Iterator[PublicPage]:
    """Yield the page, its files with a fixed address, and the folder with the others."""

    def show(request: HttpRequest, file: str = "index.html") -> HttpResponse:
        if not served:
            raise RouteNotFound
        from chalicelib.http import static_pages  # noqa: PLC0415

        return _revalidated(request, static_pages.respond(page, request, file))

    def load(request: HttpRequest) -> HttpResponse:
        if not served:
            raise RouteNotFound
        from chalicelib.http import static_pages  # noqa: PLC0415

        return _revalidated(request, static_pages.respond_version(page, request))

    yield PublicPage(f"show_{page}", f"/{page}", show)
    for file in fixed_addresses:
        yield PublicPage(f"load_{page}_{file}", f"/{page}/{file}", partial(show, file=file))
    yield PublicPage(f"load_{page}_file", f"/{page}/{{version}}/{{folder}}/{{file}}", load)


class _File(Struct, frozen=True):
    """A file of the reference page. Its public name contains the hash of its content."""

    name: str
    text: str
    digest: str

    @property
    def public_name(self) -> str:
        stem, _, suffix = self.name.rpartition(".")
        return f"{stem}.{self.digest}.{suffix}"


@cache
def _files() -> Mapping[str, _File]:
    """The files of the reference page by their public names."""
    files = [_read_file(name) for name in _FILES]
    return {file.public_name: file for file in files}


def _read_file(name: str) -> _File:
    content = (_FOLDER / name).read_bytes()
    return _File(name, content.decode(), hashlib.sha256(content).hexdigest()[:_HASH_DIGITS])


def _show_reference(request: HttpRequest) -> HttpResponse:
    base = urlsplit(request.base_url)
    text = (_FOLDER / "index.html").read_text().replace("{base}", base.path)
    for file in _files().values():
        text = text.replace(f"/{file.name}", f"/{file.public_name}")
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
    file = _files().get(request.route_arguments["file"])
    if file is None:
        raise RouteNotFound
    return _page_response(request, file.text, _FILES[file.name], _CACHE_FOR_A_YEAR)


def _page_response(
    request: HttpRequest, body: str, content_type: str, cache_control: str
) -> HttpResponse:
    headers = {"Content-Type": content_type, "Cache-Control": cache_control}
    return _revalidated(request, HttpResponse(200, body, headers))


def _revalidated(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    return revalidate(response, request.headers.get("if-none-match"))
