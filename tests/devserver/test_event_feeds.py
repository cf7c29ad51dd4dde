"""The local server's event fan-out: the times of stream records, and restarts."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.core.settings import Settings
from chalicelib.dynamodb.connection import table_name
from chalicelib.timers.model import Timer
from chalicelib.timers.repository import TimerModel
from tests.support.api import Api
from tests.support.clock import DAY, HOUR, MINUTE, MONDAY_NINE
from tests.support.engine import ENDPOINT
from tests.support.event_services import EventServices
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, ZAGREB
from tests.support.stream_records import stream_record
from tools.devserver.event_feeds import event_feeds
from tools.devserver.local_database import served_stream
from tools.devserver.stream_feed import Stream

URL = "https://hooks.example.com/"
RUNNING = Timer(16, ZAGREB.id, ADMIN, ADMINS_ENTRY, MONDAY_NINE - HOUR, MONDAY_NINE + 11 * HOUR)


class OneRecord:
    """A stream that has one record, of a time."""

    def __init__(self, at: object) -> None:
        record = stream_record(None, RUNNING)
        record["dynamodb"]["ApproximateCreationDateTime"] = at
        self._records = [record]

    def read(self) -> list[dict[str, Any]]:
        records, self._records = self._records, []
        return records

    def processed(self, records: Sequence[dict[str, Any]]) -> None:
        pass


def _messages(event_services: EventServices, at: object) -> int:
    before = len(event_services.queued())
    feed, _ = event_feeds(event_services.dependencies, lambda _: OneRecord(at))
    feed.run()
    return len(event_services.queued()) - before


@pytest.mark.usefixtures("fixtures")
@pytest.mark.parametrize("convert", [float, lambda at: datetime.fromtimestamp(at, UTC)])
def test_new_webhook_receives_a_change_whose_time_is_rounded_down_to_the_minute(
    event_services: EventServices, convert: Callable[[float], object]
) -> None:
    minute = MONDAY_NINE - MONDAY_NINE % MINUTE
    event_services.create_webhook(URL, created_at=minute + 30)
    # DynamoDB Local gives the minute of a change, AWS and moto give the second.
    assert _messages(event_services, convert(minute)) == 1
    assert _messages(event_services, convert(minute + 31)) == 1
    assert _messages(event_services, convert(minute + 29)) == 0
    assert _messages(event_services, convert(minute - MINUTE)) == 0


@pytest.mark.usefixtures("fixtures")
def test_corrected_time_is_never_in_the_future(event_services: EventServices) -> None:
    now = int(time.time())
    event_services.create_webhook(URL, created_at=now + DAY)
    assert _messages(event_services, float(now - now % MINUTE)) == 0


@pytest.mark.usefixtures("fixtures")
def test_setting_skips_earlier_changes(event_services: EventServices) -> None:
    event_services.create_webhook(URL, created_at=1)
    settings = replace(event_services.dependencies.settings, events_after=MONDAY_NINE)
    event_services.dependencies = replace(event_services.dependencies, settings=settings)
    assert _messages(event_services, MONDAY_NINE - 1) == 0
    assert _messages(event_services, MONDAY_NINE + 1) == 1


@pytest.mark.skipif(ENDPOINT is None, reason="moto's streams have no records of earlier runs")
def test_restarted_server_does_not_send_events_again(
    event_services: EventServices,
    admin: Api,
    settings: Settings,
    open_stream: Callable[[str], Stream],
) -> None:
    # From here on, the table has a stream.
    assert open_stream(table_name(TimerModel)).read() == []
    event_services.create_webhook(URL, created_at=1)
    admin.start(time_entry_id=ADMINS_ENTRY)
    time.sleep(0.5)
    stream = served_stream(settings, table_name(TimerModel))
    assert stream.read() == []
    admin.start(time_entry_id=ADMINS_ENTRY)
    time.sleep(0.5)
    assert stream.read()
