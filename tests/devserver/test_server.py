"""The real local server (``make run``) over a socket."""

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.contract import source
from tests.support.json_shapes import shape
from tests.support.local_server import START_SECONDS, Server, free_port, serving
from tests.support.receiver import Received, Receiver, eventually

ADMIN = {"X-Auth-Token": "demo-admin", "X-Organization-Id": "2149"}
JSON_API = {"Content-Type": "application/vnd.api+json"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    port = free_port()
    with serving(port, STINT_TABLE_PREFIX=f"stint-smoke-{port}") as started:
        yield started


def test_greeting_reports_the_created_tables(server: Server) -> None:
    assert "For development" in server.greeting
    assert "8 created" in server.greeting
    assert f"http://127.0.0.1:{server.port}/api/v2/timers" in server.greeting


def test_greeting_lists_the_urls(server: Server) -> None:
    url = f"http://127.0.0.1:{server.port}"
    for name, path in (
        ("Home", "/"),
        ("API", "/api/v2"),
        ("Docs", "/docs"),
        ("App", "/app/"),
        ("Admin", "/admin/"),
    ):
        assert re.search(rf"^  {name} +{url}{path}$", server.greeting, re.MULTILINE)


def test_server_serves_the_app_next_to_the_api(server: Server) -> None:
    for path, status, kind in (
        ("/", 200, "text/html; charset=utf-8"),
        ("/app", 200, "text/html; charset=utf-8"),
        ("/app/", 200, "text/html; charset=utf-8"),
        ("/app/service-worker.js", 200, "text/javascript; charset=utf-8"),
        ("/app/../README.md", 404, "application/vnd.api+json; charset=utf-8"),
    ):
        with closing(HTTPConnection("127.0.0.1", server.port, timeout=20)) as http:
            http.request("GET", path)
            response = http.getresponse()
            assert (response.status, response.headers["Content-Type"]) == (status, kind)
    assert server.send("POST", "/app/", {})[0] == 405
    for path in ("/", "/app/"):
        assert server.send("HEAD", path, {})[::2] == (200, None)


def test_demo_timer_16_has_run_for_an_hour(server: Server) -> None:
    status, _, document = server.send("PATCH", "/api/v2/timers/16/stop", ADMIN)
    assert status == 200
    assert document["data"]["attributes"]["total_time"] == 60
    assert shape(document) == shape(source.STOPPED)


@pytest.mark.every_engine
def test_demo_data_match_the_source_document(server: Server) -> None:
    _, _, document = server.send("GET", "/api/v2/timers", ADMIN | source.BROWSER_HEADERS)
    timers = {timer["id"]: timer["attributes"] for timer in document["data"]}
    assert {"9", "10", "11", "16"} <= timers.keys()
    assert timers["9"]["total_time"] == 60
    for token, organization, status in (
        ("demo-member", "2149", 200),
        ("demo-other", "2150", 200),
        ("demo-other-member", "2150", 200),
        ("demo-other", "2149", 403),
        ("demo-nobody", "2149", 401),
    ):
        headers = {"X-Auth-Token": token, "X-Organization-Id": organization}
        assert server.send("GET", "/api/v2/timers", headers)[0] == status


@pytest.mark.every_engine
@pytest.mark.parametrize(
    ("document", "status", "expected"),
    [
        (source.START_ON_TIME_ENTRY, 201, source.single(8779)),
        (source.START_ON_SERVICE, 201, source.single(8779)),
        (source.START_ON_BOTH, 201, source.single(8779)),
        (source.START_ON_BLANK, 422, source.INVALID),
    ],
)
def test_requests_of_the_source_document_work(
    server: Server, document: Any, status: int, expected: dict[str, Any]
) -> None:
    body = json.dumps(document).encode()
    actual_status, headers, response = server.send("POST", "/api/v2/timers", ADMIN | JSON_API, body)
    assert actual_status == status
    assert headers["Content-Type"] == "application/vnd.api+json; charset=utf-8"
    # Each start stops the running timer and lists it; in the source document no timer was running.
    response.get("meta", {}).pop("stopped_timer_ids", None)
    assert shape(response) == shape(expected)


def test_printed_curl_commands_work(server: Server) -> None:
    greeting = server.greeting.replace("\\\n", " ")
    commands = re.findall(r"^\s*(curl .*)$", greeting, re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        words = shlex.split(command)
        url = next(word for word in words if word.startswith("http"))
        headers = dict(
            words[index + 1].split(": ", 1) for index, word in enumerate(words) if word == "-H"
        )
        body = words[words.index("-d") + 1].encode() if "-d" in words else None
        method = words[words.index("-X") + 1] if "-X" in words else "POST" if body else "GET"
        path = url.removeprefix(f"http://127.0.0.1:{server.port}")
        assert server.send(method, path, headers, body)[0] in (200, 201)


@pytest.mark.every_engine
def test_webhook_receives_a_signed_start_event(server: Server, receiver: Receiver) -> None:
    webhook = {"data": {"attributes": {"name": "mine", "url": receiver.url}}}
    status, _, created = server.send(
        "POST", "/api/v2/webhooks", ADMIN | JSON_API, json.dumps(webhook).encode()
    )
    assert status == 201
    body = json.dumps(source.START_ON_SERVICE).encode()
    _, _, started = server.send("POST", "/api/v2/timers", ADMIN | JSON_API, body)
    # Events from just before the webhook was created may also arrive.
    expected = ("timer.started", started["data"]["id"])
    assert eventually(lambda: expected in [_type_and_id(request) for request in receiver.received])
    for request in receiver.received:
        Webhook(created["meta"]["secret"]).verify(request.body, dict(request.headers))
    server.send("DELETE", f"/api/v2/webhooks/{created['data']['id']}", ADMIN)


def _type_and_id(request: Received) -> tuple[str, str]:
    event = json.loads(request.body)
    return event["type"], event["data"]["id"]


def test_server_errors_outside_the_application_are_json_api(server: Server) -> None:
    (error,) = server.send("GET", "/nowhere", {})[2]["errors"]
    assert error["code"] == "route_not_found"
    (description,) = re.findall(r"/\S+", error["detail"])
    assert server.send("GET", description, {})[0] == 200
    assert server.send("DELETE", "/api/v2/timers", {})[2]["errors"][0]["status"] == "405"
    too_long = {**ADMIN, **JSON_API, "Content-Length": str(11 * 1024 * 1024)}
    assert server.send("POST", "/api/v2/timers", too_long)[0] == 413


def test_too_long_request_returns_a_json_api_error(server: Server) -> None:
    for path, headers in (
        ("/api/v2/timers?" + "x" * 70_000, ADMIN),
        ("/api/v2/timers", {**ADMIN, "X-Long": "x" * 70_000}),
        ("/api/v2/timers", {**ADMIN, "Content-Length": "9" * 5_000}),
    ):
        status, _, document = server.send("GET", path, headers)
        assert (status, document["errors"][0]["code"]) == (400, "malformed_document")


def test_whitespace_around_header_values_is_ignored(server: Server) -> None:
    headers = {"X-Auth-Token": " demo-admin ", "X-Organization-Id": "2149 "}
    assert server.send("GET", "/api/v2/timers", headers)[0] == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v2/timers"),
        ("GET", "/api/v2/timers/1"),
        ("GET", "/nowhere"),
        ("OPTIONS", "/api/v2/timers"),
    ],
)
def test_every_response_shows_its_date_to_other_origins(
    server: Server, method: str, path: str
) -> None:
    _, headers, _ = server.send(method, path, {**ADMIN, "Origin": "https://clock.example"})
    assert abs(parsedate_to_datetime(headers["Date"]).timestamp() - time.time()) < 30
    assert "Date" in headers["Access-Control-Expose-Headers"].split(",")


def test_response_over_http_does_not_require_https(server: Server) -> None:
    _, headers, _ = server.send("GET", "/api/v2/timers/9", ADMIN)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Strict-Transport-Security" not in headers


def test_304_response_has_no_content_length(server: Server) -> None:
    _, headers, _ = server.send("GET", "/api/v2/timers/9", ADMIN)
    known = {**ADMIN, "If-None-Match": headers["ETag"]}
    status, headers, _ = server.send("GET", "/api/v2/timers/9", known)
    assert status == 304
    assert "Content-Length" not in headers


def startup_error(environment: dict[str, str]) -> str:
    """The error message of a server that does not start: no traceback."""
    result = subprocess.run(
        [sys.executable, "-m", "tools.devserver"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    return result.stderr


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PORT", "abc", "PORT must be"),
        ("DYNAMODB_ENDPOINT", "https://dynamodb.eu-central-1.api.aws", "is AWS"),
        ("DYNAMODB_ENDPOINT", "localhost", "must be an address such as http://127.0.0.1:8001"),
        ("HOST", "203.0.113.9", "Cannot assign requested address. Try: HOST=127.0.0.1 make run"),
        ("STINT_DEMO", "no", "STINT_DEMO must be 0 or 1"),
        ("FRESH", "yes", "FRESH must be 0 or 1"),
        ("ENGINE", "sqlite", "ENGINE must be embedded or dynamodb-local"),
    ],
)
def test_invalid_setting_prints_an_error_without_traceback(
    name: str, value: str, expected: str
) -> None:
    assert expected in startup_error({**os.environ, name: value})


def test_head_response_has_no_body(server: Server) -> None:
    status, headers, document = server.send("HEAD", "/api/v2/timers", ADMIN)
    assert (status, document) == (200, None)
    assert "Content-Length" not in headers


def test_connection_is_reused_for_the_next_request(server: Server) -> None:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=20)) as http:
        for _ in range(3):
            http.request("GET", "/api/v2/timers", headers=ADMIN)
            response = http.getresponse()
            assert response.status == 200
            response.read()
        assert http.sock is not None


def test_help_names_the_settings_and_starts_no_server() -> None:
    command = [sys.executable, "-m", "tools.devserver"]
    shown = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True).stdout
    assert all(name in shown for name in ("HOST", "PORT", "DYNAMODB_ENDPOINT", "STINT_DEMO"))
    refused = subprocess.run([*command, "--bogus"], capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "unrecognized arguments: --bogus" in refused.stderr


def test_used_port_prints_an_error_without_traceback(server: Server) -> None:
    assert f"PORT={server.port + 1} make run" in startup_error(
        {**os.environ, "PORT": str(server.port)}
    )
