"""The page at ``/``: links to what this API serves. For a client that asks for JSON, a document."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from html import escape
from urllib.parse import urlsplit

from chalicelib.core.version import VERSION
from chalicelib.http.request import HttpRequest
from chalicelib.http.responses import HttpResponse
from chalicelib.http.routing import BASE_PATH
from chalicelib.jsonapi.documents import encode
from chalicelib.jsonapi.requests import JSON_API, prefers

_HTML = "text/html"
_JSON = "application/json"

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:10vh auto;padding:0 1rem}"
    "dt{margin-top:1rem}dd{margin:0}code{overflow-wrap:anywhere}"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>stint</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>stint</h1>
<p>An API for timers, version {version}.</p>
<dl>
{links}
</dl>
<p>The API is at <code>{base}</code>.</p>
</main>
</body>
</html>
"""
_STYLE_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Cache-Control": "public, no-cache",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
}
_TEXTS = {
    "app": ("Pocket client", "Start and stop timers."),
    "admin": ("Admin page", "People, services, closed months."),
    "docs": ("API reference", "Try each request."),
    "describedby": ("OpenAPI document", "The description of the API, for programs."),
}


def home_page(request: HttpRequest, *, serves_pages: bool) -> HttpResponse:
    """Return the page, or a JSON:API document with the same links.

    :param serves_pages: whether the pocket client and the admin page are served.
    """
    links = _links(urlsplit(request.base_url).path, serves_pages=serves_pages)
    base = f"{request.base_url}{BASE_PATH}"
    if _asks_for_json(request.headers.get("accept")):
        document = {
            "jsonapi": {"version": "1.1"},
            "links": links,
            "meta": {"version": VERSION, "base_url": base},
        }
        return HttpResponse(200, encode(document), {"Content-Type": JSON_API, **_HEADERS})
    items = (
        f'<dt><a href="{escape(link)}">{title}</a></dt><dd>{text}</dd>'
        for link, (title, text) in ((link, _TEXTS[name]) for name, link in links.items())
    )
    body = _PAGE.format(style=_STYLE, version=VERSION, links="\n".join(items), base=escape(base))
    return HttpResponse(200, body, {"Content-Type": f"{_HTML}; charset=utf-8", **_HEADERS})


def _links(prefix: str, *, serves_pages: bool) -> Mapping[str, str]:
    """Return the addresses by their relation. ``prefix`` is the stage of API Gateway."""
    pages = {"app": f"{prefix}/app/", "admin": f"{prefix}/admin/"} if serves_pages else {}
    return {
        **pages,
        "docs": f"{prefix}/docs",
        "describedby": f"{prefix}{BASE_PATH}/openapi.json",
    }


def _asks_for_json(accept: str | None) -> bool:
    return any(prefers(kind, accept) for kind in (JSON_API, _JSON)) and not prefers(_HTML, accept)
