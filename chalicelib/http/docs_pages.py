"""What anybody may look at, token or not: the API's description, and its reference page.

Nothing of it is loaded before somebody asks: a cold start knows nothing of it.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from chalicelib.core.errors import RouteNotFound
from chalicelib.dataclass import dataclass
from chalicelib.http.conditional import revalidate
from chalicelib.http.responses import HttpRequest, Reply
from chalicelib.http.routing import BASE_PATH, Route
from chalicelib.jsonapi.documents import encode

_FOLDER = Path(__file__).parent / "reference"
_FILES: Mapping[str, str] = {
    "start.js": "text/javascript; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
}
_NO_CACHE = "public, no-cache"
# They change with an upgrade; the page that names them does not.
_AN_HOUR = "public, max-age=3600"


@dataclass(frozen=True, slots=True)
class Page:
    """A path that anybody may GET. Beside it stand the routes, each of which wants a token."""

    name: str
    path: str
    make: Callable[[HttpRequest], Reply]


def pages(routes: Iterable[Route]) -> tuple[Page, ...]:
    """Every page. ``routes`` is what the description describes."""
    routes = tuple(routes)

    # A process serves one address, or a few.
    @cache
    def description(base_url: str) -> str:
        from chalicelib.http.openapi.document import describe  # noqa: PLC0415

        return encode(describe(routes, base_url))

    def describe_api(request: HttpRequest) -> Reply:
        return _reply(request, description(request.base_url), "application/json", _NO_CACHE)

    return (
        Page("describe_api", f"{BASE_PATH}/openapi.json", describe_api),
        Page("show_reference", "/docs", _show_reference),
        Page("load_reference_file", "/docs/{file}", _load_file),
    )


def _show_reference(request: HttpRequest) -> Reply:
    base = urlsplit(request.base_url)
    text = (_FOLDER / "index.html").read_text().replace("{base}", base.path)
    reply = _reply(request, text, "text/html; charset=utf-8", _NO_CACHE)
    # "Try it out" calls the API by the address that its description names.
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data:; connect-src 'self' {base.scheme}://{base.netloc}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
    return Reply(reply.status, reply.body, {**reply.headers, **headers})


def _load_file(request: HttpRequest) -> Reply:
    name = request.route_arguments["file"]
    if name not in _FILES:
        raise RouteNotFound
    return _reply(request, (_FOLDER / name).read_text(), _FILES[name], _AN_HOUR)


def _reply(request: HttpRequest, body: str, content_type: str, caching: str) -> Reply:
    headers = {
        "Content-Type": content_type,
        "Cache-Control": caching,
        "X-Content-Type-Options": "nosniff",
    }
    return revalidate(Reply(200, body, headers), request.headers.get("if-none-match"))
