"""No request outlives API Gateway's timeout, however slow the database is."""

from collections.abc import Callable
from typing import Any

import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.permissions import Caller
from chalicelib.people.model import Role
from chalicelib.timers.auto_stop import AutoStop
from chalicelib.timers.operations import StartCommand, Timers
from tests.support.api import Api, Response
from tests.support.clock import HOUR, FakeClock
from tests.support.fault_injection import WRITE, Call, cancelled, intercepted, silent
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, DESIGN, MEMBER, ZAGREB, Fixtures

TIMEOUT_SECONDS = 29
LONGEST_CALL_SECONDS = 8
"""Two attempts of the client, of 1 s for the connection and 3 s for the response."""

INCLUDE = "include=time_entry.service"


def document(type_: str, **attributes: object) -> dict[str, object]:
    return {"data": {"type": type_, "attributes": attributes}}


def start(api: Api) -> Response:
    return api.post(f"/timers?{INCLUDE}", document("timers", time_entry_id=ADMINS_ENTRY))


def create_entry(api: Api) -> Response:
    entry = document("time_entries", service_id=DESIGN, time=30)
    return api.post("/time_entries?include=person,service", entry)


def rename(api: Api) -> Response:
    # It requires the live token.
    return api.patch(f"/people/{MEMBER}", document("people", title="Designer"))


REQUESTS: dict[str, Callable[[Api], Response]] = {
    "start": start,
    "create an entry": create_entry,
    "change a person": rename,
    "delete an entry": lambda api: api.send("DELETE", f"/time_entries/{ADMINS_ENTRY}"),
    "list": lambda api: api.get("/time_entries?page[size]=1&page[number]=2&include=service,person"),
    "show": lambda api: api.get(f"/time_entries/{ADMINS_ENTRY}?include=person,service"),
}

Answer = Callable[[Callable[[], Any], str], Any]


def fails(_: Callable[[], Any], __: str) -> Any:
    raise silent()


def is_in_conflict(send: Callable[[], Any], operation: str) -> Any:
    if operation == WRITE:
        raise cancelled("TransactionConflict")
    return send()


def loses_writes(send: Callable[[], Any], operation: str) -> Any:
    if operation == WRITE:
        raise silent()
    return send()


ANSWERS: dict[str, Answer] = {
    "late": lambda send, _: send(),
    "never": fails,
    "a conflict": is_in_conflict,
    "never to writes": loses_writes,
}


def slowed(clock: FakeClock, seconds: float, answer: Answer) -> Callable[[Call], Call]:
    """Let every call take some seconds. For :func:`intercepted`."""

    def wrap(real: Call) -> Call:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            clock.advance(seconds)
            return answer(lambda: real(operation, arguments), operation)

        return call

    return wrap


@pytest.mark.parametrize("seconds", [1.3, 3.9, LONGEST_CALL_SECONDS])
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("request_name", REQUESTS)
def test_request_to_a_slow_database_ends_before_the_timeout(
    app: Chalice,
    fixtures: Fixtures,
    connection: Connection,
    clock: FakeClock,
    request_name: str,
    answer: str,
    seconds: float,
) -> None:
    # The process does not remember the token yet.
    api = Api(app, fixtures.headers(ADMIN))
    begin = clock()
    with intercepted(connection, slowed(clock, seconds, ANSWERS[answer])):
        response = REQUESTS[request_name](api)
    assert clock() - begin < TIMEOUT_SECONDS
    assert response.status in (200, 201, 204, 409, 503)


def test_write_whose_include_has_no_time_is_repeated_with_its_key(
    app: Chalice, fixtures: Fixtures, connection: Connection, clock: FakeClock
) -> None:
    api = Api(app, {**fixtures.headers(ADMIN), "Idempotency-Key": "k1"})
    with intercepted(connection, slowed(clock, 6.5, ANSWERS["late"])):
        assert start(api).status == 503
    repeated = start(api)
    assert repeated.status == 201
    assert repeated.headers["Idempotency-Replayed"] == "true"


def test_attempts_count_from_the_arrival_of_the_request(
    app: Chalice, fixtures: Fixtures, connection: Connection, clock: FakeClock
) -> None:
    writes: list[float] = []

    def answer(send: Callable[[], Any], operation: str) -> Any:
        if operation != WRITE:
            return send()
        writes.append(clock())
        raise cancelled("TransactionConflict")

    api = Api(app, fixtures.headers(ADMIN))
    begin = clock()
    with intercepted(connection, slowed(clock, 3, answer)):
        assert start(api).status == 409
    # The authentication took 3 or 6 s. Each attempt takes 6 s, and none starts after 12 s.
    assert len(writes) == 2
    assert max(writes) - begin <= 12 + 2 * 3


def test_scheduled_run_has_no_such_limit(
    dependencies: Dependencies, fixtures: Fixtures, connection: Connection, clock: FakeClock
) -> None:
    assert fixtures.tokens
    for person_id in (ADMIN, MEMBER):
        caller = Caller(ZAGREB, person_id, Role.ADMIN)
        Timers(dependencies).start(caller, StartCommand(service_id=DESIGN))
    clock.advance(13 * HOUR)
    with intercepted(connection, slowed(clock, 15, ANSWERS["late"])):
        assert AutoStop(dependencies).run().stopped == 2
