"""Public pages: the OpenAPI description and the reference page that shows it."""

import gzip
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from chalice.app import Chalice
from chalice.test import Client, HTTPResponse
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.settings import Settings
from chalicelib.http.application import create_app
from chalicelib.http.public_pages import public_pages
from chalicelib.http.request import HttpRequest
from chalicelib.registry import RESOURCES
from infra import reference
from tests.support.call_counter import counted
from tests.support.openapi_checks import ALL_ROUTES, description

DESCRIPTION = "/api/v2/openapi.json"
HASHED = re.compile(r"/docs/(start|swagger-ui|swagger-ui-bundle)\.[0-9a-f]{16}\.(js|css)")
FILES = ("start.js", "swagger-ui.css", "swagger-ui-bundle.js")
PATHS = (DESCRIPTION, "/docs", *FILES)


def get(app: Chalice, path: str, **headers: str) -> HTTPResponse:
    """GET a path, or a file of the reference page by its name without the hash."""
    if path in FILES:
        stem, _, suffix = path.rpartition(".")
        text = get(app, "/docs").body.decode()
        (path,) = re.findall(rf'"(/docs/{stem}\.[0-9a-f]+\.{suffix})"', text)
    return get_path(app, path, **headers)


def get_path(app: Chalice, path: str, **headers: str) -> HTTPResponse:
    with Client(app) as client:
        return client.http.get(path, headers=headers)


def test_description_is_public(app: Chalice) -> None:
    response = get(app, DESCRIPTION)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert json.loads(response.body) == json.loads(json.dumps(description()))


def test_description_contains_the_public_base_url(dependencies: Dependencies) -> None:
    app = create_app(Settings(public_base_url="https://time.example.com/v"), dependencies)
    document = json.loads(get(app, DESCRIPTION).body)
    assert document["servers"] == [{"url": "https://time.example.com/v/api/v2"}]


@pytest.mark.parametrize("path", PATHS)
def test_unchanged_page_returns_304(app: Chalice, path: str) -> None:
    first = get(app, path)
    second = get(app, path, **{"If-None-Match": first.headers["ETag"]})
    assert (second.status_code, second.body) == (304, b"")
    assert "public" in first.headers["Cache-Control"]
    assert first.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", FILES)
def test_file_is_cached_for_a_year_under_a_name_with_its_hash(app: Chalice, name: str) -> None:
    response = get(app, name)
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    content = (reference.FOLDER / name).read_bytes()
    assert bytes(response.body) == content
    stem, _, suffix = name.rpartition(".")
    hashed = f"/docs/{stem}.{hashlib.sha256(content).hexdigest()[:16]}.{suffix}"
    assert HASHED.fullmatch(hashed)
    assert get(app, hashed).status_code == 200


def test_page_and_description_are_revalidated(app: Chalice) -> None:
    for path in (DESCRIPTION, "/docs"):
        response = get(app, path)
        assert response.headers["Cache-Control"] == "public, no-cache"
        assert response.headers["ETag"].startswith('W/"')


def test_response_of_lambda_is_text_that_api_gateway_compresses(app: Chalice) -> None:
    # API Gateway returns bytes only to an Accept header that begins with a binary type.
    assert app.api.binary_types == []
    config = json.loads((Path(reference.ROOT) / ".chalice" / "config.json").read_text())
    assert config["minimum_compression_size"] == 1024
    body = bytes(get(app, "swagger-ui-bundle.js").body)
    assert len(json.dumps({"body": body.decode()})) < 2_000_000
    assert len(gzip.compress(body)) < 500_000


@pytest.mark.parametrize("path", PATHS)
def test_page_makes_no_dynamodb_call(app: Chalice, connection: Connection, path: str) -> None:
    with counted(connection) as calls:
        assert get(app, path).status_code == 200
    assert calls == []


@pytest.mark.parametrize("prefix", ["", "/prod"])
def test_links_of_the_reference_page_work(dependencies: Dependencies, prefix: str) -> None:
    app = create_app(Settings(public_base_url=f"https://time.example.com{prefix}"), dependencies)
    response = get(app, "/docs")
    text = response.body.decode()
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    links = re.findall(r'(?:src|href|data-description)="(/[^"]*)"', text)
    assert len(links) == 5
    for link in links:
        assert link.startswith(f"{prefix}/")
        assert get(app, link.removeprefix(prefix)).status_code == 200


def test_reference_page_loads_nothing_from_other_servers(app: Chalice) -> None:
    response = get(app, "/docs")
    assert b"//" not in response.body.replace(b"<!doctype", b"")
    policy = dict(
        part.strip().split(" ", 1)
        for part in response.headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self' http://stint.test"


@pytest.mark.parametrize(
    "name",
    [
        "index.html",
        "NOTICE",
        "..",
        "%2e%2e",
        "..%2fpublic_pages.py",
        "swagger-ui.css.map",
        "swagger-ui.css",
        "swagger-ui.0123456789abcdef.css",
    ],
)
def test_other_files_are_not_served(app: Chalice, name: str) -> None:
    response = get(app, f"/docs/{name}")
    assert response.status_code == 404
    assert json.loads(response.body)["errors"][0]["code"] == "route_not_found"


def test_server_error_does_not_reveal_details(
    app: Chalice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("chalicelib.http.public_pages.revalidate", fail)
    response = get(app, "/docs")
    assert response.status_code == 500
    assert b"secret" not in response.body


def test_description_is_built_once() -> None:
    (page,) = [page for page in public_pages(ALL_ROUTES, RESOURCES) if page.name == "describe_api"]
    request = HttpRequest("GET", DESCRIPTION, "https://stint.test", {}, [], {}, b"")
    assert page.respond(request).body is page.respond(request).body


def test_cold_start_does_not_import_openapi() -> None:
    script = (
        "import os, sys;"
        "os.environ['AWS_ACCESS_KEY_ID'] = os.environ['AWS_SECRET_ACCESS_KEY'] = 'none';"
        "import app;"
        "print([name for name in sys.modules if name.startswith('chalicelib.http.openapi')])"
    )
    command = [sys.executable, "-c", script]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"


def test_swagger_ui_files_match_their_checksums() -> None:
    checksums = (reference.FOLDER / "SHA256SUMS").read_text()
    for name in reference.FILES:
        checksum = hashlib.sha256((reference.FOLDER / name).read_bytes()).hexdigest()
        assert f"{checksum}  {name}\n" in checksums
    own_files = {"SHA256SUMS", "index.html", "start.js"}
    file_names = {path.name for path in Path(reference.FOLDER).iterdir()}
    assert file_names == {*reference.FILES, *own_files}
