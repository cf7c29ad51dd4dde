"""The date of the last use of a token: one write a day, which never fails or delays a request."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from chalice.app import Chalice
from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.api_tokens.model import Credential
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.settings import Settings
from chalicelib.dynamodb.database import Database
from chalicelib.http.application import create_app
from tests.support.access_endings import ENDINGS
from tests.support.api import Api
from tests.support.call_counter import counted
from tests.support.clock import DAY, HOUR, MINUTE, FakeClock
from tests.support.failing_calls import failing
from tests.support.fault_injection import Call, intercepted
from tests.support.fixtures import ADMIN, FIRST_DAY, MEMBER, Fixtures, put_all, token_id
from tests.support.table_snapshots import items

UPDATE = "UpdateItem"


def last_use(api: Api, person_id: int = ADMIN) -> str | None:
    date: str | None = api.get(f"/api_tokens/{token_id(person_id)}").attributes["last_used_on"]
    return date


@pytest.fixture
def unused(fixtures: Fixtures, database: Database, connection: Connection) -> None:
    """The tokens of the fixtures were not used yet."""
    assert fixtures.tokens
    for item in items(connection, "tokens"):
        credential = database.get(Credential, 0, item["digest"])
        assert credential is not None
        put_all(replace(credential, last_used_on=None))


@pytest.mark.usefixtures("unused")
def test_last_use_is_written_once_a_day(
    admin: Api, member: Api, connection: Connection, clock: FakeClock
) -> None:
    for expected in (FIRST_DAY, "2026-03-03"):
        with counted(connection) as calls:
            for _ in range(3):
                assert admin.get("/users").status == 200
                clock.advance(MINUTE)
        assert calls.count(UPDATE) == 1
        assert last_use(admin) == expected
        clock.advance(DAY)
    assert last_use(admin, MEMBER) is None
    assert member.get("/users").status == 200
    listed = {
        each["id"]: each["attributes"]["last_used_on"] for each in admin.get("/api_tokens").data
    }
    assert listed[str(token_id(MEMBER))] == listed[str(token_id(ADMIN))] == "2026-03-04"
    paged = member.get("/api_tokens?page[after]=")
    assert [each["attributes"]["last_used_on"] for each in paged.data] == ["2026-03-04"]


@pytest.mark.usefixtures("unused")
def test_date_is_the_one_in_the_time_zone_of_the_organization(admin: Api, clock: FakeClock) -> None:
    # 23:30 in UTC, 00:30 in Zagreb.
    clock.advance(15 * HOUR + 30 * MINUTE)
    assert admin.get("/users").status == 200
    assert last_use(admin) == "2026-03-03"


@pytest.mark.usefixtures("unused")
def test_other_processes_do_not_write_it_again(
    admin: Api, connection: Connection, dependencies: Dependencies
) -> None:
    assert admin.get("/users").status == 200
    with counted(connection) as calls:
        api = Api(create_app(Settings(), dependencies), admin.headers)
        assert api.get("/users").status == 200
    assert UPDATE not in calls


@pytest.mark.usefixtures("unused")
def test_failed_write_fails_no_request_and_is_repeated(
    admin: Api, connection: Connection, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    for code in ("ThrottlingException", "AccessDeniedException"):
        caplog.clear()
        with failing(connection, UPDATE, code):
            for _ in range(2):
                assert admin.get("/users").status == 200
        messages = [record.message for record in caplog.records]
        assert messages.count("last use of a token is not recorded") == 1
        assert last_use(admin) is None
        clock.advance(MINUTE)
    assert admin.get("/users").status == 200
    assert last_use(admin) == FIRST_DAY


@pytest.mark.usefixtures("unused")
def test_revoked_token_does_not_come_back(
    admin: Api, connection: Connection, dependencies: Dependencies
) -> None:
    ended: list[str] = []

    def wrap(real: Call) -> Call:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            if operation == UPDATE and not ended:
                ended.append(operation)
                ENDINGS["revoked"](dependencies)
            return real(operation, arguments)

        return call

    with intercepted(connection, wrap):
        assert admin.get("/timers").status == 200
    assert ended
    assert ADMIN not in [token["person_id"] for token in items(connection, "tokens")]


@pytest.mark.usefixtures("unused")
def test_request_does_not_wait_for_the_write(admin: Api, connection: Connection) -> None:
    """The write ends only after the request has made its own call."""
    queried = threading.Event()
    waited: list[bool] = []

    def wrap(real: Call) -> Callable[[str, dict[str, Any]], Any]:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            if operation == UPDATE:
                waited.append(queried.wait(timeout=20))
            response = real(operation, arguments)
            if operation == "Query":
                queried.set()
            return response

        return call

    with intercepted(connection, wrap):
        assert admin.get("/timers").status == 200
    assert waited == [True]


def test_use_of_today_is_not_written(admin: Api, app: Chalice, connection: Connection) -> None:
    assert app is not None
    with counted(connection) as calls:
        assert admin.get("/users").status == 200
    assert UPDATE not in calls
