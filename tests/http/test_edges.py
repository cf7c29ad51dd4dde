"""Headers of every response, and responses to failures: contract sections 1 and 7."""

import json
import logging
import os
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError
from chalice.app import Chalice
from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.settings import Settings
from chalicelib.core.unit_of_work import ATTEMPTS, RETRY_BUDGET_SECONDS
from chalicelib.http.application import create_app
from tests.support.api import JSON_API, Api, Response
from tests.support.clock import FakeClock
from tests.support.failing_calls import failing
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, Fixtures
from tests.support.table_snapshots import snapshot
from tools.devserver.proxy_events import proxy_event

EXPOSED = (
    "Location,ETag,Retry-After,X-RateLimit-Reset,Idempotency-Replayed,Date,"
    "RateLimit,RateLimit-Policy,Content-Disposition"
)


def responses(api: Api) -> list[Response]:
    """One success, and errors from different layers."""
    return [
        api.get("/timers"),
        api.get("/timers?sort=name"),
        api.get("/timers/999"),
        api.send("DELETE", "/timers/999"),
        Api(api._app, {"Origin": api.headers.get("Origin", "")}).get("/timers"),
    ]


def test_every_response_has_the_common_headers(admin: Api) -> None:
    for response in responses(admin):
        assert response.headers["Content-Type"] == "application/vnd.api+json; charset=utf-8"
        assert response.headers["Cache-Control"] == "private, no-cache"
        assert response.headers["Vary"] == "Accept, Origin, Accept-Encoding"
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert response.headers["Access-Control-Expose-Headers"] == EXPOSED
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_allowed_origin_is_a_setting(dependencies: Dependencies, fixtures: Fixtures) -> None:
    origins = ("https://clock.example", "capacitor://localhost")
    app = create_app(Settings(allowed_origins=origins), dependencies)

    def allowed(**headers: str) -> set[str | None]:
        api = Api(app, {**fixtures.headers(ADMIN), **headers})
        return {
            response.headers.get("Access-Control-Allow-Origin")
            for response in (*responses(api), api.send("OPTIONS", "/timers"))
        }

    for origin in origins:
        assert allowed(Origin=origin) == {origin}
    assert allowed(Origin="https://other.example") == {None}
    assert allowed() == {None}


def test_preflight_request_needs_no_token(admin: Api) -> None:
    preflight = Api(admin._app, {"Origin": "https://clock.example"}).send("OPTIONS", "/timers/1")
    assert (preflight.status, preflight.body) == (204, b"")
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert preflight.headers["Access-Control-Allow-Methods"] == "DELETE,GET,HEAD,OPTIONS,PATCH"
    assert preflight.headers["Access-Control-Allow-Headers"] == (
        "X-Auth-Token,X-Organization-Id,X-Feature-Flags,Content-Type,Accept,Idempotency-Key,"
        "If-None-Match,If-Match,Client-Time"
    )
    assert preflight.headers["Access-Control-Max-Age"] == "7200"


@pytest.mark.parametrize(
    "path",
    ["/timers", "/timers?filter[nobody]=1", f"/time_entries/{ADMINS_ENTRY}", "/people/1", "/users"],
)
def test_head_answers_as_get_without_the_body(admin: Api, path: str) -> None:
    expected = admin.get(path)
    response = admin.send("HEAD", path)
    assert (response.status, response.body) == (expected.status, b"")
    assert response.headers == expected.headers


def test_head_is_revalidated(admin: Api) -> None:
    tag = admin.send("HEAD", "/people").headers["ETag"]
    assert admin.send("HEAD", "/people", headers={"If-None-Match": tag}).status == 304
    assert Api(admin._app, {}).send("HEAD", "/people").status == 401
    assert admin.send("HEAD", "/openapi.json").headers["Content-Type"] == "application/json"


def test_response_without_a_body_has_no_content_type(admin: Api) -> None:
    deleted = admin.send("DELETE", f"/time_entries/{ADMINS_ENTRY}")
    assert deleted.status == 204
    assert "Content-Type" not in deleted.headers


def test_unauthenticated_response_names_a_scheme(admin: Api) -> None:
    response = Api(admin._app, {}).get("/timers")
    assert response.headers["WWW-Authenticate"] == 'Token realm="stint"'
    assert "WWW-Authenticate" not in admin.get("/timers/1").headers


def test_every_error_has_a_source(admin: Api) -> None:
    assert admin.get("/timers/1").error["source"] == {}
    assert admin.send("DELETE", "/timers").error["source"] == {}


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/timers", "GET, HEAD, OPTIONS, POST"),
        ("PUT", "/timers/1", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("GET", "/timers/1/stop", "OPTIONS, PATCH, PUT"),
        ("HEAD", "/timers/1/stop", "OPTIONS, PATCH, PUT"),
    ],
)
def test_unsupported_method_returns_the_allowed_methods(
    admin: Api, method: str, path: str, allow: str
) -> None:
    response = admin.send(method, path)
    assert (response.status, response.error["code"]) == (405, "method_not_allowed")
    assert response.headers["Allow"] == allow


@pytest.mark.parametrize("surrogate", ["\ud800", "a\udc00b"])
@pytest.mark.parametrize(
    "place", ["body", "path", "query name", "query value", "token", "content type"]
)
def test_lone_surrogate_in_an_event_is_a_malformed_document(
    app: Chalice, admin: Api, place: str, surrogate: str
) -> None:
    """The JSON of an event can escape it, and no UTF-8 can contain it."""
    event = proxy_event(
        "POST", "/api/v2/timers", {**admin.headers, "Content-Type": JSON_API}, document={}
    )
    if place == "path":
        event = proxy_event(
            "GET", "/api/v2/timers/{id}", admin.headers, arguments={"id": surrogate}
        )
    elif place == "body":
        event["body"] = f'{{"meta": "{surrogate}"}}'
    elif place == "query name":
        event["multiValueQueryStringParameters"] = {surrogate: ["1"]}
    elif place == "query value":
        event["multiValueQueryStringParameters"] = {"sort": [surrogate]}
    elif place == "token":
        event["headers"]["X-Auth-Token"] = surrogate
    else:
        event["headers"]["Content-Type"] = f"{JSON_API}; a={surrogate}"
    assert_malformed(app(json.loads(json.dumps(event)), None))


@pytest.mark.parametrize("body", ["YQ", "\u017e"])
def test_body_that_is_not_base64_is_a_malformed_document(
    app: Chalice, admin: Api, body: str
) -> None:
    headers = {**admin.headers, "Content-Type": JSON_API}
    event = proxy_event("POST", "/api/v2/timers", headers)
    assert_malformed(app({**event, "body": body, "isBase64Encoded": True}, None))


def assert_malformed(response: dict[str, Any]) -> None:
    (error,) = json.loads(response["body"])["errors"]
    assert (response["statusCode"], error["code"]) == (400, "malformed_document")
    assert response["headers"]["Content-Type"].startswith(JSON_API)
    assert response["headers"]["Access-Control-Allow-Origin"] == "*"


def test_server_error_is_logged_and_returns_only_an_error_id(
    admin: Api, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "arn:aws:internal"
    with failing(connection, "Query", RuntimeError(secret)):
        response = admin.get("/timers")
    assert (response.status, response.error["code"]) == (500, "server_error")
    assert secret.encode() not in response.body
    (line,) = [
        record
        for record in caplog.records
        if record.name == "stint" and record.levelno == logging.ERROR
    ]
    assert line.__dict__["error_id"] == response.error["id"]
    assert line.exc_info is not None


@pytest.mark.parametrize("operation", ["BatchGetItem", "Query", "TransactWriteItems"])
@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError"])
def test_dynamodb_throttling_returns_503(
    admin: Api, connection: Connection, operation: str, code: str
) -> None:
    before = snapshot(connection)
    with failing(connection, operation, code):
        response = admin.get("/timers") if operation == "Query" else start(admin)
    assert (response.status, response.error["code"]) == (503, "unavailable")
    assert int(response.headers["Retry-After"]) > 0
    assert snapshot(connection) == before


@pytest.mark.parametrize("reason", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_transaction_cancelled_by_throttling_returns_503(
    admin: Api, connection: Connection, reason: str
) -> None:
    with failing(connection, "TransactWriteItems", reason):
        response = start(admin)
    assert (response.status, response.error["code"]) == (503, "unavailable")


def test_lasting_transaction_conflict_returns_409(admin: Api, connection: Connection) -> None:
    before = snapshot(connection)
    with failing(connection, "TransactWriteItems", "TransactionConflict") as attempts:
        response = start(admin)
    assert (response.status, response.error["code"]) == (409, "conflict")
    assert int(response.headers["Retry-After"]) > 0
    assert len(attempts) == ATTEMPTS
    assert snapshot(connection) == before


def test_transaction_conflict_is_retried_with_a_new_request_token(
    admin: Api, connection: Connection
) -> None:
    with failing(connection, "TransactWriteItems", "TransactionConflict", times=1) as attempts:
        response = start(admin)
    assert response.status == 201
    # The retry is a new decision. With the same client request token, DynamoDB would treat it as
    # the first request.
    first, second = (attempt["ClientRequestToken"] for attempt in attempts)
    assert first != second
    assert max(len(first), len(second)) <= 36


def start(api: Api) -> Response:
    return api.start(time_entry_id=ADMINS_ENTRY)


def test_unavailable_database_is_logged(
    admin: Api, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    with failing(connection, "Query", "ThrottlingException"):
        assert admin.get("/timers").status == 503
    (line,) = [
        record
        for record in caplog.records
        if record.name == "stint" and record.levelno == logging.WARNING
    ]
    assert line.exc_info is not None


def test_missing_credentials_return_500(admin: Api, connection: Connection) -> None:
    with failing(connection, "Query", NoCredentialsError()):
        assert admin.get("/timers").status == 500


def test_commit_retry_stops_after_the_time_limit(
    admin: Api, connection: Connection, dependencies: Dependencies, clock: FakeClock
) -> None:
    slow_retries = replace(
        dependencies, sleep=lambda _: clock.advance(RETRY_BUDGET_SECONDS / 2 + 1)
    )
    api = Api(create_app(Settings(), slow_retries), admin.headers)
    with failing(connection, "TransactWriteItems", "TransactionConflict") as attempts:
        assert start(api).status == 409
    assert len(attempts) == 2


def test_create_app_does_not_change_the_environment(dependencies: Dependencies) -> None:
    before = dict(os.environ)
    create_app(Settings(), dependencies)
    assert dict(os.environ) == before
