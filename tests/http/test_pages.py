"""What anybody may look at: the description, and the reference page made of it."""

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

from chalicelib.http.application import create_app
from chalicelib.http.exchange import HttpRequest
from chalicelib.http.pages import pages
from chalicelib.services.toolbox import Toolbox
from chalicelib.settings import Settings
from infra import reference
from tests.support.calls import counted
from tests.support.described import TABLE, description

DESCRIPTION = "/api/v2/openapi.json"
PATHS = (DESCRIPTION, "/docs", "/docs/start.js", "/docs/swagger-ui.css")


def get(app: Chalice, path: str, **headers: str) -> HTTPResponse:
    with Client(app) as client:
        return client.http.get(path, headers=headers)


def test_the_description_is_served_to_anybody(app: Chalice) -> None:
    answer = get(app, DESCRIPTION)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert json.loads(answer.body) == json.loads(json.dumps(description()))


def test_it_names_the_address_at_which_it_is_served(tools: Toolbox) -> None:
    app = create_app(Settings(public_base_url="https://time.example.com/v"), tools)
    served = json.loads(get(app, DESCRIPTION).body)
    assert served["servers"] == [{"url": "https://time.example.com/v/api/v2"}]


@pytest.mark.parametrize("path", PATHS)
def test_what_is_known_is_not_sent_again(app: Chalice, path: str) -> None:
    first = get(app, path)
    again = get(app, path, **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.body) == (304, b"")
    assert "public" in first.headers["Cache-Control"]
    assert first.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", PATHS)
def test_nobody_asks_the_database(app: Chalice, connection: Connection, path: str) -> None:
    with counted(connection) as calls:
        assert get(app, path).status_code == 200
    assert calls == []


@pytest.mark.parametrize("prefix", ["", "/prod"])
def test_the_page_leads_to_what_is_there(tools: Toolbox, prefix: str) -> None:
    app = create_app(Settings(public_base_url=f"https://time.example.com{prefix}"), tools)
    answer = get(app, "/docs")
    text = answer.body.decode()
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    links = re.findall(r'(?:src|href|data-description)="(/[^"]*)"', text)
    assert len(links) == 5
    for link in links:
        assert link.startswith(f"{prefix}/")
        assert get(app, link.removeprefix(prefix)).status_code == 200


def test_the_page_needs_nobody_elses_server(app: Chalice) -> None:
    answer = get(app, "/docs")
    assert b"//" not in answer.body.replace(b"<!doctype", b"")
    policy = dict(
        part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self' http://stint.test"


@pytest.mark.parametrize(
    "name", ["index.html", "NOTICE", "..", "%2e%2e", "..%2fpages.py", "swagger-ui.css.map"]
)
def test_nothing_else_is_served_beside_it(app: Chalice, name: str) -> None:
    answer = get(app, f"/docs/{name}")
    assert answer.status_code == 404
    assert json.loads(answer.body)["errors"][0]["code"] == "route_not_found"


def test_a_fault_is_told_without_its_insides(app: Chalice, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("chalicelib.http.pages.revalidate", fail)
    answer = get(app, "/docs")
    assert answer.status_code == 500
    assert b"secret" not in answer.body


def test_the_description_is_made_once() -> None:
    (page,) = [it for it in pages(TABLE) if it.name == "describe_api"]
    request = HttpRequest("GET", DESCRIPTION, "https://stint.test", {}, [], {}, b"")
    assert page.make(request).body is page.make(request).body


def test_no_cold_start_knows_of_it() -> None:
    script = (
        "import os, sys;"
        "os.environ['AWS_ACCESS_KEY_ID'] = os.environ['AWS_SECRET_ACCESS_KEY'] = 'none';"
        "import app;"
        "print([name for name in sys.modules if name.startswith('chalicelib.http.openapi')])"
    )
    command = [sys.executable, "-c", script]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told.strip() == "[]"


def test_the_renderer_is_as_it_came() -> None:
    kept = (reference.FOLDER / "SHA256SUMS").read_text()
    for name in reference.FILES:
        digest = hashlib.sha256((reference.FOLDER / name).read_bytes()).hexdigest()
        assert f"{digest}  {name}\n" in kept
    ours = {"SHA256SUMS", "index.html", "start.js"}
    there = {it.name for it in Path(reference.FOLDER).iterdir()}
    assert there == {*reference.FILES, *ours}
