"""The stream's handler, as AWS loads it: its module alone, without ``app``."""

import json
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from pynamodb.connection import Connection

from chalicelib.events import rollup as module
from chalicelib.events.rollup import roll_up_records
from chalicelib.services.toolbox import Toolbox
from chalicelib.store.connection import table_name
from chalicelib.store.models import TallyModel
from infra.local.streams import Feed, Record, Stream
from infra.rollups import behind, drifted, read_all
from tests.support.api import Api
from tests.support.clock import HOUR, FakeClock
from tests.support.rollups import roll_up_all
from tests.support.world import ADMINS_ENTRY, MEMBERS_ENTRY

LOAD = """
import json, sys
import chalicelib.events.rollup as module
heavy = {"app", "chalicelib.http.application", "chalicelib.services.rolling_up"}
print(json.dumps([sorted(heavy & set(sys.modules)), callable(module.rollup)]))
"""


def stream_event(*records: Record) -> dict[str, object]:
    """As Lambda passes it to a function that a stream feeds."""
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
    """A record about an item of the tallies."""
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


def test_its_module_is_loaded_alone() -> None:
    result = subprocess.run(
        [sys.executable, "-c", LOAD], capture_output=True, text=True, check=True
    )
    assert json.loads(result.stdout) == [[], True]


def test_the_handler_rolls_up_what_its_records_are_about(
    admin: Api, tools: Toolbox, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "toolbox", lambda: tools)
    roll_up_all(connection)
    admin.start(time_entry_id=ADMINS_ENTRY)
    # Chalice's decorator leaves a class that makes its event of what Lambda passes.
    handler: Callable[[object, object], object] = module.rollup
    event = stream_event(changed("2149#8779", "2026-03-02"), changed("2149", "month#2026-03"))
    assert handler(event, None) == {"batchItemFailures": []}
    assert behind(read_all(connection)) == set()


def test_what_people_do_reaches_every_bucket_by_the_stream(
    admin: Api,
    member: Api,
    tools: Toolbox,
    connection: Connection,
    clock: FakeClock,
    open_stream: Callable[[str], Stream],
) -> None:
    roll_up_all(connection)
    stream = open_stream(table_name(TallyModel))
    feed = Feed(stream, lambda event: roll_up_records(tools, event))
    for _ in range(3):
        first = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
        member.start(time_entry_id=MEMBERS_ENTRY)
        clock.advance(9 * HOUR)
        admin.stop(first, stopped_at="2026-03-02T10:00:00+01:00")
    for _ in range(200):
        feed.run()
        if not behind(read_all(connection)):
            break
        time.sleep(0.02)
    everything = read_all(connection)
    assert (behind(everything), drifted(everything)) == (set(), set())
    assert admin.get("/timers?page[size]=1").meta["total_count"] == 6
