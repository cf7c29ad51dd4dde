"""A receiver that keeps a sum of hours from events alone: contract section 10b."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.permissions import Caller
from chalicelib.people.model import Role
from chalicelib.time_entries.purge_deleted import PurgeDeleted
from chalicelib.time_entries.rules import MAX_TIMERS_PER_STEP
from chalicelib.timers.auto_stop import AutoStop
from chalicelib.timers.operations import StartCommand, StopCommand, Timers
from tests.support.api import Api
from tests.support.clock import DAY, HOUR, MINUTE, FakeClock
from tests.support.event_services import EventServices
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, ZAGREB
from tools.devserver.event_feeds import event_feeds
from tools.devserver.stream_feed import Feed, Stream

URL = "https://payroll.example.com/"


@dataclass
class Payroll:
    """Adds up minutes as a receiver does: the latest version of each timer counts."""

    event_services: EventServices
    feed: Feed
    minutes: dict[str, int] = field(default_factory=dict)
    _versions: dict[str, int] = field(default_factory=dict)
    _read: int = 0

    @property
    def total(self) -> int:
        return sum(self.minutes.values())

    def receive(self, changes: int) -> list[str]:
        """Receive the events of the changes since the last call. Return their types."""
        processed = self.feed.run()
        while processed < changes:
            # DynamoDB Local shows a change in the stream a moment later.
            time.sleep(0.02)
            processed += self.feed.run()
        queued = self.event_services.queued()
        events = [json.loads(delivery.body) for delivery in queued[self._read :]]
        self._read = len(queued)
        for event in events:
            self._add(event)
        return [event["type"] for event in events]

    def _add(self, event: dict[str, Any]) -> None:
        timer_id = event["data"]["id"]
        if event["version"] < self._versions.get(timer_id, 0):
            return
        self._versions[timer_id] = event["version"]
        deleted = event["type"] == "timer.deleted"
        minutes = 0 if deleted else event["data"]["attributes"]["total_time"]
        self.minutes[timer_id] = minutes


@pytest.fixture
def payroll(
    event_services: EventServices, admin: Api, open_stream: Callable[[str], Stream]
) -> Payroll:
    """A receiver of all events of timers, from now on."""
    assert admin.headers
    event_services.create_webhook(URL)
    timers, _ = event_feeds(event_services.dependencies, open_stream)
    return Payroll(event_services, timers)


def test_payroll_learns_that_an_entry_was_deleted(
    payroll: Payroll, admin: Api, clock: FakeClock
) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(120 * MINUTE)
    admin.stop(timer_id)
    assert payroll.receive(2) == ["timer.started", "timer.stopped"]
    assert payroll.total == 120
    assert admin.send("DELETE", f"/time_entries/{ADMINS_ENTRY}").status == 204
    assert payroll.receive(1) == ["timer.deleted"]
    assert payroll.total == 0


def test_payroll_learns_of_every_timer_of_a_large_entry(
    payroll: Payroll, admin: Api, dependencies: Dependencies, clock: FakeClock
) -> None:
    caller = Caller(ZAGREB, ADMIN, Role.ADMIN)
    timers = MAX_TIMERS_PER_STEP + 5
    for _ in range(timers):
        Timers(dependencies).start(caller, StartCommand(time_entry_id=ADMINS_ENTRY))
        clock.advance(MINUTE)
    Timers(dependencies).stop(caller, StopCommand(time_entry_id=ADMINS_ENTRY))
    payroll.receive(2 * timers)
    assert payroll.total == timers
    assert admin.send("DELETE", f"/time_entries/{ADMINS_ENTRY}").status == 204
    PurgeDeleted(dependencies).run()
    assert payroll.receive(timers) == ["timer.deleted"] * timers
    assert payroll.total == 0


def test_payroll_learns_of_a_corrected_stop(
    payroll: Payroll, admin: Api, dependencies: Dependencies, clock: FakeClock
) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(DAY)
    AutoStop(dependencies).run()
    payroll.receive(2)
    assert payroll.total == 720
    admin.stop(timer_id, stopped_at="2026-03-02T10:00:00+01:00")
    assert payroll.receive(1) == ["timer.stopped", "timer.updated"]
    assert payroll.total == 60


def test_reminder_is_received_once(
    payroll: Payroll, admin: Api, dependencies: Dependencies, clock: FakeClock
) -> None:
    change = {"data": {"attributes": {"remind_after": 60}}}
    assert admin.patch(f"/organizations/{ZAGREB.id}", change).status == 200
    clock.advance(MINUTE)
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    payroll.receive(1)
    clock.advance(HOUR + 2 * MINUTE)
    for _ in range(3):
        AutoStop(dependencies).run()
        clock.advance(5 * MINUTE)
    assert payroll.receive(1) == ["timer.still_running"]
    body = json.loads(payroll.event_services.queued()[-1].body)
    assert (body["timestamp"], body["version"]) == ("2026-03-02T10:03:00.000+01:00", 1)
    assert body["data"]["attributes"]["stopped_at"] is None
    admin.stop(timer_id)
    assert payroll.receive(1) == ["timer.stopped"]


def test_payroll_learns_of_edits_of_a_session(
    payroll: Payroll, admin: Api, clock: FakeClock
) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(HOUR)
    admin.stop(timer_id)
    payroll.receive(2)

    def edit(**attributes: object) -> None:
        document = {"data": {"attributes": attributes}}
        assert admin.patch(f"/timers/{timer_id}", document).status == 200

    edit(started_at="2026-03-02T08:00:00+01:00")
    assert payroll.receive(1) == ["timer.updated"]
    assert payroll.total == 120
    edit(stopped_at="2026-03-02T09:30:00+01:00")
    assert payroll.receive(1) == ["timer.stopped", "timer.updated"]
    assert payroll.total == 90
    edit(stopped_at=None)
    assert payroll.receive(1) == ["timer.updated"]
    assert payroll.total == 0
    admin.stop(timer_id)
    assert payroll.receive(1) == ["timer.stopped"]
    assert payroll.total == 120
    assert admin.send("DELETE", f"/timers/{timer_id}").status == 204
    assert payroll.receive(1) == ["timer.deleted"]
    assert payroll.total == 0


def test_session_that_is_over_is_a_started_and_a_stopped_event(
    payroll: Payroll, admin: Api
) -> None:
    times = {"started_at": "2026-03-02T07:00:00+01:00", "stopped_at": "2026-03-02T08:00:00+01:00"}
    assert admin.start(time_entry_id=ADMINS_ENTRY, **times).status == 201
    assert payroll.receive(1) == ["timer.started", "timer.stopped"]
    assert payroll.total == 60
