"""What DynamoDB leaves unprocessed is requested again, after waits; and where lists end."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pynamodb.connection import Connection

from chalicelib.core.errors import Unavailable
from chalicelib.deliveries.model import DeliveryAttempt, DeliveryStatus
from chalicelib.deliveries.repository import latest_attempts, log_attempts
from chalicelib.dynamodb.connection import (
    MAX_ANSWERS_WITHOUT_PROGRESS,
    MAX_BATCH_WAIT_SECONDS,
    Backoff,
)
from chalicelib.dynamodb.database import Database
from chalicelib.people.repository import PersonModel
from chalicelib.services.model import Service
from tests.support.api import Api
from tests.support.fault_injection import Call, intercepted
from tests.support.fixtures import ZAGREB, put_all
from tools.ops.snapshot import scan

ROOT = Path(__file__).parents[2]
SERVICES = [Service(number, ZAGREB.id, f"Service {number}") for number in range(1, 101)]
ATTEMPTS = [
    DeliveryAttempt(
        number, ZAGREB.id, 7, "evt", "t", 1, 5, DeliveryStatus.GIVEN_UP, 500, "x", "{}", 2**31
    )
    for number in range(1, 26)
]


class Throttled:
    """Processes at most so many keys of each batch call; the last number holds for all later ones.

    Records the number of keys of each call.
    """

    def __init__(self, *processed: int) -> None:
        self._processed = list(processed)
        self.calls: list[int] = []

    def wrap(self, real: Call) -> Call:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            if operation not in ("BatchGetItem", "BatchWriteItem"):
                return real(operation, arguments)
            ((table, request),) = arguments["RequestItems"].items()
            is_read = operation == "BatchGetItem"
            keys = request["Keys"] if is_read else request
            self.calls.append(len(keys))
            count = self._processed.pop(0) if len(self._processed) > 1 else self._processed[0]
            done, left = keys[:count], keys[count:]
            response: dict[str, Any] = {"Responses": {}}
            if done:
                sent = {**request, "Keys": done} if is_read else done
                response = real(operation, {**arguments, "RequestItems": {table: sent}})
            rest = {table: {**request, "Keys": left} if is_read else left} if left else {}
            response["UnprocessedKeys" if is_read else "UnprocessedItems"] = rest
            return response

        return call


@pytest.fixture
def waits() -> list[float]:
    return []


def _read(connection: Connection, waits: list[float], jitter: float = 0.5) -> int:
    database = Database(connection, lambda: Backoff(waits.append, lambda: jitter))
    ids = [(Service, service.id) for service in SERVICES]
    return len(database.get_many(ZAGREB.id, ids).records)


def test_answers_with_progress_do_not_count_as_failures(
    connection: Connection, waits: list[float]
) -> None:
    put_all(*SERVICES)
    throttled = Throttled(5)
    with intercepted(connection, throttled.wrap):
        assert _read(connection, waits) == 100
    assert throttled.calls == list(range(100, 0, -5))
    # A short wait before each of the 19 repetitions.
    assert waits == [0.025] * 19


def test_waits_grow_without_progress_and_start_again_with_it(
    connection: Connection, waits: list[float]
) -> None:
    put_all(*SERVICES)
    throttled = Throttled(0, 0, 0, 1, 0, 99)
    with intercepted(connection, throttled.wrap):
        assert _read(connection, waits) == 100
    assert throttled.calls == [100, 100, 100, 100, 99, 99]
    assert waits == [0.05, 0.1, 0.2, 0.025, 0.05]


def test_jitter_is_full(connection: Connection, waits: list[float]) -> None:
    with intercepted(connection, Throttled(0, 0, 100).wrap):
        _read(connection, waits, jitter=0.0)
    assert waits == [0, 0]


def test_no_progress_raises_unavailable(connection: Connection, waits: list[float]) -> None:
    throttled = Throttled(0)
    with intercepted(connection, throttled.wrap), pytest.raises(Unavailable) as raised:
        _read(connection, waits)
    assert raised.value.retry_after
    assert len(throttled.calls) == MAX_ANSWERS_WITHOUT_PROGRESS


@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.99])
@pytest.mark.parametrize(
    "processed",
    [(0,), (1,), tuple([0, 0, 0, 0, 0, 1] * 99 + [1]), tuple([0, 1] * 99 + [1])],
    ids=["none", "one each", "one in six", "one in two"],
)
def test_total_wait_is_bounded(
    connection: Connection, waits: list[float], processed: tuple[int, ...], jitter: float
) -> None:
    try:
        with intercepted(connection, Throttled(*processed).wrap):
            _read(connection, waits, jitter)
    except Unavailable:
        pass
    assert sum(waits) <= MAX_BATCH_WAIT_SECONDS


def test_delivery_attempts_are_stored_although_the_table_is_throttled(
    connection: Connection, waits: list[float]
) -> None:
    throttled = Throttled(0, 10, 15)
    with intercepted(connection, throttled.wrap):
        log_attempts(connection, ATTEMPTS, Backoff(waits.append, lambda: 0.5))
    assert throttled.calls == [25, 25, 15]
    assert waits == [0.05, 0.025]
    assert len(latest_attempts(connection, ZAGREB.id, 7, 100)) == 25


def test_delivery_attempts_that_stay_unprocessed_raise_unavailable(
    connection: Connection, waits: list[float]
) -> None:
    with intercepted(connection, Throttled(0).wrap), pytest.raises(Unavailable):
        log_attempts(connection, ATTEMPTS, Backoff(waits.append))


@pytest.fixture
def _empty_keys_at_the_end(connection: Connection) -> Iterator[None]:
    def wrap(real: Call) -> Call:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            response = real(operation, arguments)
            if operation in ("Query", "Scan"):
                assert arguments.get("ExclusiveStartKey") != {}
                response.setdefault("LastEvaluatedKey", {})
            return response

        return call

    with intercepted(connection, wrap):
        yield


LISTS = [
    "/timers",
    "/timers?page[after]=",
    "/timers?filter[person_id][not_eq]=1",
    "/timers?page[number]=2&page[size]=1",
    "/time_entries",
    "/time_entries?sort=created_at",
    "/time_entries?page[after]=",
    "/timer_revisions",
    "/time_entry_revisions",
    "/people",
    "/services",
    "/webhooks",
    "/webhook_deliveries?filter[webhook_id]=77",
]


@pytest.mark.usefixtures("_empty_keys_at_the_end")
@pytest.mark.parametrize("path", LISTS)
def test_list_ends_at_an_empty_last_evaluated_key(admin: Api, path: str) -> None:
    assert admin.get(path).status == 200


@pytest.mark.usefixtures("_empty_keys_at_the_end", "fixtures")
def test_scan_ends_at_an_empty_last_evaluated_key(connection: Connection) -> None:
    assert list(scan(connection, PersonModel))


def test_only_one_function_reads_the_last_evaluated_key() -> None:
    folders = ("chalicelib", "tools", "infra")
    files = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    readers = {
        path.relative_to(ROOT).as_posix()
        for path in files
        if "LastEvaluatedKey" in path.read_text(encoding="utf-8")
    }
    assert readers == {"chalicelib/dynamodb/connection.py"}
