"""What every answer carries, and how faults are told: contract sections 1 and 7."""

import logging
import os
from dataclasses import replace

import pytest
from botocore.exceptions import NoCredentialsError
from pynamodb.connection import Connection

from chalicelib.http.application import create_app
from chalicelib.services.settling import ATTEMPTS, PATIENCE_SECONDS
from chalicelib.services.toolbox import Toolbox
from chalicelib.settings import Settings
from tests.support.api import Answer, Api
from tests.support.clock import FakeClock
from tests.support.faults import failing
from tests.support.tables import snapshot
from tests.support.world import ADMIN, ADMINS_ENTRY, World

EXPOSED = "Location,ETag,Retry-After,X-RateLimit-Reset,Idempotency-Replayed"


def answers(api: Api) -> list[Answer]:
    """A success, and errors of several makings."""
    return [
        api.get("/timers"),
        api.get("/timers?sort=name"),
        api.get("/timers/999"),
        api.send("DELETE", "/timers/999"),
        Api(api._app, {}).get("/timers"),
    ]


def test_every_answer_carries_the_headers_of_the_contract(admin: Api) -> None:
    for answer in answers(admin):
        assert answer.headers["Content-Type"] == "application/vnd.api+json; charset=utf-8"
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["Vary"] == "Accept, Origin, Accept-Encoding"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Access-Control-Expose-Headers"] == EXPOSED


def test_the_allowed_origin_is_a_setting(tools: Toolbox, world: World) -> None:
    app = create_app(Settings(allowed_origin="https://clock.example"), tools)
    for answer in answers(Api(app, world.headers(ADMIN))):
        assert answer.headers["Access-Control-Allow-Origin"] == "https://clock.example"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/timers", "GET, POST"),
        ("PATCH", "/timers/1", "GET"),
        ("GET", "/timers/1/stop", "PATCH, PUT"),
        ("HEAD", "/timers", "GET, POST"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(
    admin: Api, method: str, path: str, allow: str
) -> None:
    answer = admin.send(method, path)
    assert (answer.status, answer.error["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == allow


def test_a_fault_of_ours_is_logged_and_tells_nothing_but_an_id(
    admin: Api, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "arn:aws:internal"
    with failing(connection, "Query", RuntimeError(secret)):
        answer = admin.get("/timers")
    assert (answer.status, answer.error["code"]) == (500, "server_error")
    assert secret.encode() not in answer.body
    (line,) = [it for it in caplog.records if it.name == "stint" and it.levelno == logging.ERROR]
    assert line.__dict__["error_id"] == answer.error["id"]
    assert line.exc_info is not None


@pytest.mark.parametrize("operation", ["BatchGetItem", "Query", "TransactWriteItems"])
@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError"])
def test_a_database_that_throttles_is_told_as_such(
    admin: Api, connection: Connection, operation: str, code: str
) -> None:
    before = snapshot(connection)
    with failing(connection, operation, code):
        answer = admin.get("/timers") if operation == "Query" else start(admin)
    assert (answer.status, answer.error["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert snapshot(connection) == before


@pytest.mark.parametrize("reason", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_cancelled_for_want_of_capacity_is_no_fault_of_ours(
    admin: Api, connection: Connection, reason: str
) -> None:
    with failing(connection, "TransactWriteItems", reason):
        answer = start(admin)
    assert (answer.status, answer.error["code"]) == (503, "unavailable")


def test_a_race_that_does_not_settle_is_a_conflict(admin: Api, connection: Connection) -> None:
    before = snapshot(connection)
    with failing(connection, "TransactWriteItems", "TransactionConflict") as attempts:
        answer = start(admin)
    assert (answer.status, answer.error["code"]) == (409, "conflict")
    assert int(answer.headers["Retry-After"]) > 0
    assert len(attempts) == ATTEMPTS
    assert snapshot(connection) == before


def test_a_race_lost_once_is_decided_again(admin: Api, connection: Connection) -> None:
    with failing(connection, "TransactWriteItems", "TransactionConflict", times=1) as attempts:
        answer = start(admin)
    assert answer.status == 201
    # Another decision, so another token: the database must not take it for the first.
    first, second = (attempt["ClientRequestToken"] for attempt in attempts)
    assert first != second
    assert max(len(first), len(second)) <= 36


def start(api: Api) -> Answer:
    return api.start(time_entry_id=ADMINS_ENTRY)


def test_a_database_that_is_away_is_logged(
    admin: Api, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    with failing(connection, "Query", "ThrottlingException"):
        assert admin.get("/timers").status == 503
    (line,) = [it for it in caplog.records if it.name == "stint" and it.levelno == logging.WARNING]
    assert line.exc_info is not None


def test_missing_credentials_are_a_fault_of_ours(admin: Api, connection: Connection) -> None:
    with failing(connection, "Query", NoCredentialsError()):
        assert admin.get("/timers").status == 500


def test_a_race_that_takes_too_long_is_given_up(
    admin: Api, connection: Connection, tools: Toolbox, clock: FakeClock
) -> None:
    impatient = replace(tools, pause=lambda _: clock.advance(PATIENCE_SECONDS / 2 + 1))
    api = Api(create_app(Settings(), impatient), admin.headers)
    with failing(connection, "TransactWriteItems", "TransactionConflict") as attempts:
        assert start(api).status == 409
    assert len(attempts) == 2


def test_an_application_leaves_the_environment_as_it_was(tools: Toolbox) -> None:
    before = dict(os.environ)
    create_app(Settings(), tools)
    assert dict(os.environ) == before
