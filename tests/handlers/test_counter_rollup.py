"""Tests of the stream handler ``counter_rollup``. Lambda imports its module without ``app``."""

import json
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.counters.model import PersonDay
from chalicelib.counters.repository import CounterModel, read_states
from chalicelib.dynamodb.connection import table_name
from chalicelib.handlers import composition
from chalicelib.handlers import counter_rollup as module
from chalicelib.handlers.counter_rollup import LATE_SECONDS, roll_up_records
from tests.counters.test_rollup import add_to_counters
from tests.support.api import Api
from tests.support.clock import DAY, HOUR, MONDAY_NINE, FakeClock
from tests.support.event_services import EventServices
from tests.support.failing_calls import failing
from tests.support.fixtures import ADMINS_ENTRY, MEMBERS_ENTRY
from tests.support.rollups import roll_up_all
from tools.devserver.stream_feed import Feed, Record, Stream
from tools.ops.counter_repair import behind, drifted, read_all

LOAD_MODULE = """
import json, sys
import chalicelib.handlers.counter_rollup as module
heavy = {"app", "chalicelib.http.application", "chalicelib.counters.rollup"}
print(json.dumps([sorted(heavy & set(sys.modules)), callable(module.counter_rollup)]))
"""


def stream_event(*records: Record) -> dict[str, object]:
    """Return the event that Lambda passes for DynamoDB stream records."""
    return {
        "Records": [
            {
                "eventID": f"event-{number}",
                "eventVersion": "1.1",
                "eventSource": "aws:dynamodb",
                "awsRegion": "eu-central-1",
                "eventSourceARN": module.STREAM_PLACEHOLDER,
                **record,
            }
            for number, record in enumerate(records)
        ]
    }


def changed(scope: str, bucket: str, number: int = 1) -> Record:
    """Return the stream record of a changed counter item."""
    return {
        "eventName": "MODIFY",
        "dynamodb": {
            "Keys": {"scope": {"S": scope}, "bucket": {"S": bucket}},
            "SequenceNumber": str(number),
            "ApproximateCreationDateTime": 1_772_438_400,
            "SizeBytes": 100,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }


def test_handler_module_does_not_import_heavy_modules() -> None:
    process = subprocess.run(
        [sys.executable, "-c", LOAD_MODULE], capture_output=True, text=True, check=True
    )
    assert json.loads(process.stdout) == [[], True]


def test_handler_rolls_up_the_scopes_of_its_records(
    admin: Api, dependencies: Dependencies, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composition, "dependencies", lambda: dependencies)
    roll_up_all(connection)
    admin.start(time_entry_id=ADMINS_ENTRY)
    # Chalice's decorator replaces the function with a class that parses the Lambda event.
    handler: Callable[[object, object], object] = module.counter_rollup
    event = stream_event(changed("2149#8779", "2026-03-02"), changed("2149", "month#2026-03"))
    assert handler(event, None) == {"batchItemFailures": []}
    assert behind(read_all(connection)) == set()


def test_stream_updates_the_counters_of_every_bucket(
    admin: Api,
    member: Api,
    dependencies: Dependencies,
    connection: Connection,
    clock: FakeClock,
    open_stream: Callable[[str], Stream],
) -> None:
    roll_up_all(connection)
    stream = open_stream(table_name(CounterModel))
    feed = Feed(stream, lambda event: roll_up_records(dependencies, event))
    for _ in range(3):
        timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
        member.start(time_entry_id=MEMBERS_ENTRY)
        clock.advance(9 * HOUR)
        admin.stop(timer_id, stopped_at="2026-03-02T10:00:00+01:00")
    for _ in range(200):
        feed.run()
        if not behind(read_all(connection)):
            break
        time.sleep(0.02)
    counters = read_all(connection)
    assert (behind(counters), drifted(counters)) == (set(), set())
    assert admin.get("/timers?page[size]=1").meta["total_count"] == 6


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ({"scope": "2149#8784", "bucket": "2026-03-02"}, {"s36": {"N": "1.5"}}),
        ({"scope": "2149#8784", "bucket": "2026-03-02"}, {"x": {"N": "1"}}),
        ({"scope": "2149#8784", "bucket": "2026-02-31"}, {}),
        # Its bucket cannot be added to.
        ({"scope": "2149", "bucket": "month#2026-05"}, {"s02": {"S": "two"}}),
    ],
)
def test_spoilt_counter_does_not_hold_up_the_others(
    admin: Api,
    dependencies: Dependencies,
    connection: Connection,
    event_services: EventServices,
    caplog: pytest.LogCaptureFixture,
    key: dict[str, str],
    values: dict[str, object],
) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    item = {**{name: {"S": text} for name, text in key.items()}, **values}
    connection.dispatch("PutItem", {"TableName": table_name(CounterModel), "Item": item})
    spoilt = changed(key["scope"], key["bucket"], 7)
    if key["bucket"].startswith("month"):
        add_to_counters({"scope": "2149#8784", "bucket": "2026-05-02"}, {"s36": 1})
        spoilt = changed("2149#8784", "2026-05-02", 7)
    event = stream_event(spoilt, changed("2149#8779", "2026-03-02", 8))
    assert roll_up_records(dependencies, event) == {"batchItemFailures": []}
    assert admin.get("/timers?page[size]=1").meta["total_count"] == 1
    today = PersonDay(2149, 8779, MONDAY_NINE // DAY)
    (state,) = read_states(connection, [today])
    assert state.difference == {}
    (stored,) = event_services.texts(event_services.settings.failed_records_url)
    assert json.loads(stored)["dynamodb"]["SequenceNumber"] == "7"
    assert [record.levelname for record in caplog.records if record.exc_info] == ["ERROR"]


def test_wrong_settings_fail_the_batch_as_a_whole(
    dependencies: Dependencies, connection: Connection, event_services: EventServices
) -> None:
    event = stream_event(changed("2149#8779", "2026-03-02"))
    with failing(connection, "BatchGetItem", "AccessDeniedException"), pytest.raises(Exception):  # noqa: B017, PT011
        roll_up_records(dependencies, event)
    assert event_services.texts(event_services.settings.failed_records_url) == []


@pytest.mark.parametrize(("age", "errors"), [(LATE_SECONDS - 1, 0), (LATE_SECONDS, 1)])
def test_late_roll_up_is_an_error(
    dependencies: Dependencies,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
    age: int,
    errors: int,
) -> None:
    clock.advance(age)
    roll_up_records(dependencies, stream_event(changed("2149#8779", "2026-03-02")))
    late = [record for record in caplog.records if record.message == "the counter roll-up is late"]
    assert [record.levelname for record in late] == ["ERROR"] * errors
