"""The local stand-in for API Gateway: unknown routes, preflights, parallel requests."""

import gzip
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
from chalice.app import Chalice

from infra.local.gateway import Answer, Gateway
from tests.support.api import Api
from tests.support.world import ADMIN, ADMINS_ENTRY, FOREIGN_ENTRY, STRANGER


@pytest.fixture
def gateway(app: Chalice) -> Gateway:
    return Gateway(app, "*")


def error_code(answer: Answer) -> str:
    (error,) = json.loads(answer.body)["errors"]
    assert error["status"] == str(answer.status)
    return str(error["code"])


def is_cross_origin(headers: Mapping[str, str]) -> bool:
    return headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", ["/", "/api/v2", "/api/v2/timer", "/api/v2/timers/1/stop/now"])
def test_an_unknown_route_is_an_error_document(gateway: Gateway, path: str) -> None:
    answer = gateway.handle("GET", path, {}, b"")
    assert (answer.status, error_code(answer)) == (404, "route_not_found")
    assert is_cross_origin(answer.headers)


def test_a_wrong_method_is_an_error_document(gateway: Gateway) -> None:
    answer = gateway.handle("DELETE", "/api/v2/timers", {}, b"")
    assert (answer.status, error_code(answer)) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, POST"
    assert is_cross_origin(answer.headers)


def test_a_preflight_needs_no_token(gateway: Gateway) -> None:
    answer = gateway.handle("OPTIONS", "/api/v2/timers", {"origin": "https://x.example"}, b"")
    assert (answer.status, answer.body) == (204, b"")
    assert is_cross_origin(answer.headers)
    assert answer.headers["Access-Control-Allow-Methods"] == "GET,POST,OPTIONS"
    allowed = answer.headers["Access-Control-Allow-Headers"].split(",")
    assert {
        "X-Auth-Token",
        "X-Organization-Id",
        "X-Feature-Flags",
        "Content-Type",
        "Accept",
        "Idempotency-Key",
        "If-None-Match",
    } <= set(allowed)


def test_requests_in_parallel_do_not_take_each_others_answers(
    gateway: Gateway, admin: Api, stranger: Api
) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    stranger.start(time_entry_id=FOREIGN_ENTRY)

    def people_seen_by(api: Api) -> set[int]:
        headers = {name.lower(): value for name, value in api.headers.items()}
        answer = gateway.handle("GET", "/api/v2/timers", headers, b"")
        return {it["attributes"]["person_id"] for it in json.loads(answer.body)["data"]}

    with ThreadPoolExecutor(8) as threads:
        seen = list(threads.map(people_seen_by, [admin, stranger] * 32))
    assert seen == [{ADMIN}, {STRANGER}] * 32


@pytest.mark.parametrize(
    ("accept_encoding", "encoding"),
    [("gzip", "gzip"), ("br, GZIP;q=0.5", "gzip"), ("br", None), ("", None), ("gzip;q=0", None)],
)
def test_a_large_answer_is_compressed_where_the_client_accepts_it(
    gateway: Gateway, admin: Api, accept_encoding: str, encoding: str | None
) -> None:
    started = admin.start(time_entry_id=ADMINS_ENTRY)
    headers = {name.lower(): value for name, value in admin.headers.items()}
    headers["accept-encoding"] = accept_encoding
    path = f"/api/v2/timers/{started.data['id']}?include=time_entry.service,time_entry.person"
    answer = gateway.handle("GET", path, headers, b"")
    assert answer.headers.get("Content-Encoding") == encoding
    body = gzip.decompress(answer.body) if encoding else answer.body
    assert json.loads(body)["data"]["id"] == started.data["id"]
    assert "Accept-Encoding" in answer.headers["Vary"]


def test_a_small_answer_is_sent_as_it_is(gateway: Gateway) -> None:
    answer = gateway.handle("GET", "/api/v2/timers", {"accept-encoding": "gzip"}, b"")
    assert "Content-Encoding" not in answer.headers
