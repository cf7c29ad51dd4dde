"""The budget of requests of an API token: contract sections 7 and 11, decision 0028."""

import re

import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.settings import Settings, read_settings
from chalicelib.http.application import create_app
from chalicelib.http.rate_limit import WINDOW_SECONDS, RequestBudgets
from tests.support.api import Api
from tests.support.call_counter import counted
from tests.support.clock import FakeClock
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, MEMBER, Fixtures

QUOTA = 5
SECONDS_PER_REQUEST = WINDOW_SECONDS / QUOTA


@pytest.fixture
def limited_app(dependencies: Dependencies) -> Chalice:
    return create_app(Settings(requests_per_token=QUOTA), dependencies)


@pytest.fixture
def limited(limited_app: Chalice, fixtures: Fixtures) -> Api:
    return Api(limited_app, fixtures.headers(ADMIN))


def test_headers_say_what_is_left(limited: Api, clock: FakeClock) -> None:
    response = limited.get("/timers")
    assert response.headers["RateLimit-Policy"] == '"token";q=5;w=10'
    assert response.headers["RateLimit"] == '"token";r=4;t=2'
    # Errors, writes and responses without a body have them too.
    assert limited.get("/timers/1").headers["RateLimit"] == '"token";r=3;t=4'
    assert limited.start(time_entry_id=ADMINS_ENTRY).headers["RateLimit"] == '"token";r=2;t=6'
    clock.advance(SECONDS_PER_REQUEST)
    assert limited.get("/timers?sort=x").headers["RateLimit"] == '"token";r=2;t=6'


def test_request_over_the_budget_is_rejected_until_it_is_back(
    limited: Api, clock: FakeClock
) -> None:
    for _ in range(QUOTA):
        assert limited.get("/timers").status == 200
    rejected = limited.get("/timers")
    assert (rejected.status, rejected.error["code"]) == (429, "rate_limited")
    assert rejected.headers["Retry-After"] == rejected.headers["X-RateLimit-Reset"] == "2"
    assert rejected.headers["RateLimit"] == '"token";r=0;t=10'
    clock.advance(SECONDS_PER_REQUEST - 0.5)
    assert limited.get("/timers").headers["Retry-After"] == "1"
    # Rejected requests are not counted: waiting that long is enough.
    clock.advance(0.5)
    assert limited.get("/timers").status == 200
    assert limited.get("/timers").status == 429


def test_rejected_write_writes_nothing_and_can_be_repeated(
    limited: Api, connection: Connection, clock: FakeClock
) -> None:
    for _ in range(QUOTA):
        limited.get("/timers")
    with counted(connection) as calls:
        assert limited.start(time_entry_id=ADMINS_ENTRY).status == 429
    assert calls == []
    clock.advance(SECONDS_PER_REQUEST)
    assert limited.start(time_entry_id=ADMINS_ENTRY).status == 201


def test_log_line_of_a_rejected_request_names_the_token(
    limited: Api, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(QUOTA):
        limited.get("/timers")
    caplog.clear()
    caplog.set_level("INFO")
    assert limited.get("/timers").status == 429
    (line,) = [record for record in caplog.records if record.message == "request"]
    assert (vars(line)["status"], vars(line)["person_id"]) == (429, ADMIN)
    assert vars(line)["token_id"]


def test_each_token_has_its_own_budget(
    limited: Api, limited_app: Chalice, fixtures: Fixtures
) -> None:
    for _ in range(QUOTA + 1):
        limited.get("/timers")
    member = Api(limited_app, fixtures.headers(MEMBER))
    assert member.get("/timers").headers["RateLimit"] == '"token";r=4;t=2'


def test_invalid_token_uses_no_budget(limited: Api, limited_app: Chalice) -> None:
    stranger = Api(limited_app, {**limited.headers, "X-Auth-Token": "stint_unknown"})
    for _ in range(QUOTA + 1):
        response = stranger.get("/timers")
        assert response.status == 401
        assert "RateLimit" not in response.headers
    assert limited.get("/timers").status == 200


def test_budget_costs_no_database_call(limited: Api, connection: Connection) -> None:
    limited.get("/timers/1")
    with counted(connection) as calls:
        limited.start(time_entry_id=ADMINS_ENTRY)
    assert calls == ["BatchGetItem", "TransactWriteItems"]


def test_without_a_budget_there_are_no_headers(admin: Api) -> None:
    for _ in range(120):
        response = admin.get("/timers/1")
    assert response.status == 404
    assert "RateLimit" not in response.headers


def test_budget_is_a_setting() -> None:
    assert read_settings({}).requests_per_token == 0
    assert read_settings({"STINT_REQUESTS_PER_TOKEN": "100"}).requests_per_token == 100


@pytest.mark.parametrize("step", [0.0, 0.1, 0.7, 3.0])
def test_no_more_than_the_quota_and_the_rate_are_allowed(step: float) -> None:
    clock = FakeClock()
    budgets = RequestBudgets(QUOTA, clock)
    allowed = 0
    for _ in range(200):
        budget = budgets.spend("7")
        allowed += budget.retry_after is None
        assert re.fullmatch(r'"token";r=[0-5];t=([0-9]|10)', budget.headers["RateLimit"])
        clock.advance(step)
    expected = min(200, QUOTA + 199 * step / SECONDS_PER_REQUEST)
    assert expected - 1 <= allowed <= expected + 1e-6


def test_clock_that_goes_backwards_takes_no_budget_away() -> None:
    clock = FakeClock()
    budgets = RequestBudgets(QUOTA, clock)
    assert budgets.spend("7").headers["RateLimit"] == '"token";r=4;t=2'
    clock.advance(-3600)
    assert budgets.spend("7").headers["RateLimit"] == '"token";r=3;t=4'
