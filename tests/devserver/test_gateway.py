"""The local replacement for API Gateway: unknown routes, preflights, concurrent requests."""

import gzip
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
from chalice.app import Chalice

from tests.support.api import Api
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, FOREIGN_ENTRY, STRANGER
from tools.devserver.gateway import Gateway, Response


@pytest.fixture
def gateway(app: Chalice) -> Gateway:
    return Gateway(app)


def error_code(response: Response) -> str:
    (error,) = json.loads(response.body)["errors"]
    assert error["status"] == str(response.status)
    return str(error["code"])


def is_cross_origin(headers: Mapping[str, str]) -> bool:
    return headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", ["/api/v2", "/api/v2/timer", "/api/v2/timers/1/stop/now"])
def test_unknown_route_returns_an_error_document(gateway: Gateway, path: str) -> None:
    response = gateway.handle("GET", path, {}, b"")
    assert (response.status, error_code(response)) == (404, "route_not_found")
    assert is_cross_origin(response.headers)


def test_unsupported_method_returns_an_error_document(gateway: Gateway) -> None:
    response = gateway.handle("DELETE", "/api/v2/timers", {}, b"")
    assert (response.status, error_code(response)) == (405, "method_not_allowed")
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert is_cross_origin(response.headers)


@pytest.mark.parametrize(
    "content_type", ["", "application/json", "application/vnd.api+json", "x/y"]
)
def test_preflight_needs_no_token(gateway: Gateway, content_type: str) -> None:
    headers = {"origin": "https://x.example", "content-type": content_type}
    response = gateway.handle("OPTIONS", "/api/v2/timers", headers, b"")
    assert (response.status, response.body) == (204, b"")
    assert is_cross_origin(response.headers)
    assert response.headers["Access-Control-Allow-Methods"] == "GET,HEAD,OPTIONS,POST"
    allowed = response.headers["Access-Control-Allow-Headers"].split(",")
    assert {
        "X-Auth-Token",
        "X-Organization-Id",
        "X-Feature-Flags",
        "Content-Type",
        "Accept",
        "Idempotency-Key",
        "If-None-Match",
        "If-Match",
        "Client-Time",
    } <= set(allowed)


def test_preflight_of_an_unknown_path_is_404(gateway: Gateway) -> None:
    response = gateway.handle("OPTIONS", "/api/v2/nothing", {}, b"")
    assert (response.status, error_code(response)) == (404, "route_not_found")


def test_concurrent_requests_get_their_own_responses(
    gateway: Gateway, admin: Api, stranger: Api
) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    stranger.start(time_entry_id=FOREIGN_ENTRY)

    def person_ids_listed_by(api: Api) -> set[int]:
        headers = {name.lower(): value for name, value in api.headers.items()}
        response = gateway.handle("GET", "/api/v2/timers", headers, b"")
        return {timer["attributes"]["person_id"] for timer in json.loads(response.body)["data"]}

    with ThreadPoolExecutor(8) as threads:
        person_ids = list(threads.map(person_ids_listed_by, [admin, stranger] * 32))
    assert person_ids == [{ADMIN}, {STRANGER}] * 32


@pytest.mark.parametrize(
    ("accept_encoding", "encoding"),
    [("gzip", "gzip"), ("br, GZIP;q=0.5", "gzip"), ("br", None), ("", None), ("gzip;q=0", None)],
)
def test_large_response_is_compressed_when_the_client_accepts_gzip(
    gateway: Gateway, admin: Api, accept_encoding: str, encoding: str | None
) -> None:
    started = admin.start(time_entry_id=ADMINS_ENTRY)
    headers = {name.lower(): value for name, value in admin.headers.items()}
    headers["accept-encoding"] = accept_encoding
    path = f"/api/v2/timers/{started.data['id']}?include=time_entry.service,time_entry.person"
    response = gateway.handle("GET", path, headers, b"")
    assert response.headers.get("Content-Encoding") == encoding
    body = gzip.decompress(response.body) if encoding else response.body
    assert json.loads(body)["data"]["id"] == started.data["id"]
    assert "Accept-Encoding" in response.headers["Vary"]


def test_small_response_is_not_compressed(gateway: Gateway) -> None:
    response = gateway.handle("GET", "/api/v2/timers", {"accept-encoding": "gzip"}, b"")
    assert "Content-Encoding" not in response.headers


@pytest.mark.parametrize(
    "path", ["/api/v2//timers", "//api/v2/timers", "/api/v2/timers//", "/api/v2/timers//stop"]
)
def test_path_with_an_empty_part_is_unknown(gateway: Gateway, path: str) -> None:
    response = gateway.handle("GET", path, {}, b"")
    assert (response.status, error_code(response)) == (404, "route_not_found")
