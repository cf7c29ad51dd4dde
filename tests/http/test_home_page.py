"""`GET /`: links to what is served."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest
from chalice.test import Client, HTTPResponse

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.settings import Settings
from chalicelib.core.version import VERSION
from chalicelib.http.application import create_app
from infra.command_line import version
from tests.support.api import JSON_API, Api

DOCUMENT = "application/vnd.api+json, */*"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def get(
    dependencies: Dependencies,
    path: str = "/",
    prefix: str = "",
    *,
    serves_pages: bool = True,
    **headers: str,
) -> HTTPResponse:
    settings = Settings(
        public_base_url=f"https://time.example.com{prefix}", serves_pages=serves_pages
    )
    with Client(create_app(settings, dependencies)) as client:
        return client.http.get(path, headers=headers)


def links_of(response: HTTPResponse) -> list[str]:
    return re.findall(r'href="([^"]*)"', response.body.decode())


@pytest.mark.parametrize("prefix", ["", "/live"])
def test_every_link_works(dependencies: Dependencies, prefix: str) -> None:
    response = get(dependencies, prefix=prefix, Accept=BROWSER)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    paths = ["/app/", "/admin/", "/docs", "/api/v2/openapi.json"]
    assert links_of(response) == [prefix + path for path in paths]
    for path in paths:
        assert get(dependencies, path, prefix).status_code == 200
    text = response.body.decode()
    assert f"<code>https://time.example.com{prefix}/api/v2</code>" in text
    assert f"version {VERSION}." in text


def test_pages_that_are_not_served_have_no_link(dependencies: Dependencies) -> None:
    response = get(dependencies, serves_pages=False)
    assert links_of(response) == ["/docs", "/api/v2/openapi.json"]
    document = get(dependencies, serves_pages=False, Accept=DOCUMENT).json_body
    assert document["links"].keys() == {"docs", "describedby"}


def test_client_that_asks_for_json_gets_a_document(dependencies: Dependencies) -> None:
    for accept in (DOCUMENT, "application/json", f"{JSON_API}, text/html;q=0.5"):
        response = get(dependencies, Accept=accept)
        assert response.headers["Content-Type"] == JSON_API
        assert response.headers["Vary"] == "Accept, Origin, Accept-Encoding"
        assert response.json_body == {
            "jsonapi": {"version": "1.1"},
            "links": {
                "app": "/app/",
                "admin": "/admin/",
                "docs": "/docs",
                "describedby": "/api/v2/openapi.json",
            },
            "meta": {"version": VERSION, "base_url": "https://time.example.com/api/v2"},
        }
    for accept in ("*/*", "", "text/html, application/json;q=0.5"):
        assert get(dependencies, Accept=accept).headers["Content-Type"].startswith("text/html")


def test_page_loads_nothing_and_runs_nothing(dependencies: Dependencies) -> None:
    response = get(dependencies)
    (style,) = re.findall(r"<style>(.*?)</style>", response.body.decode(), re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert response.headers["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"<(script|img|link|iframe)", response.body.decode())


def test_address_is_escaped(dependencies: Dependencies) -> None:
    response = get(dependencies, prefix='/"><script>')
    assert b"<script>" not in response.body


def test_unchanged_page_returns_304_and_head_has_no_body(
    admin: Api, dependencies: Dependencies
) -> None:
    first = get(dependencies)
    known = {"If-None-Match": first.headers["ETag"]}
    second = get(dependencies, **known)  # type: ignore[arg-type]
    assert (second.status_code, second.body) == (304, b"")
    head = admin.send_raw("HEAD", "/", b"", {})
    assert (head.status, head.body) == (200, b"")
    assert admin.send_raw("POST", "/", b"", {}).status == 405


def test_version_is_that_of_the_project() -> None:
    assert version() == VERSION
