"""Servers whose clocks differ can draw the same id: the second one draws again, or events differ.

An id that is in use is refused by the database. An id of a deleted record is not: then the events
of the two records must have different ids.
"""

from collections.abc import Callable, Sequence

import pytest
from msgspec.structs import replace

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import Conflict
from chalicelib.core.ids import IdGenerator
from chalicelib.core.permissions import Caller
from chalicelib.dynamodb.database import Database
from chalicelib.events.fanout import read_events
from chalicelib.events.rules import current_entry_event, current_timer_events
from chalicelib.people.model import Role
from chalicelib.time_entries.model import TimeEntry
from chalicelib.time_entries.operations import TimeEntries
from chalicelib.timers.auto_stop import AutoStop
from chalicelib.timers.editing import TimerEditing
from chalicelib.timers.model import Timer
from chalicelib.timers.operations import StartCommand, Timers
from tests.support.clock import HOUR, FakeClock
from tests.support.fixtures import ADMIN, DESIGN, MEMBER, ZAGREB
from tests.support.invariants import violations
from tests.support.stream_records import stream_record

pytestmark = pytest.mark.usefixtures("fixtures")

ADMIN_CALLER = Caller(ZAGREB, ADMIN, Role.ADMIN)
MEMBER_CALLER = Caller(ZAGREB, MEMBER, Role.MEMBER)
ON_SERVICE = StartCommand(service_id=DESIGN)


class DrawnIds(IdGenerator):
    """Returns certain ids first, as a server with another clock would, then new ones."""

    def __init__(self, clock: FakeClock, drawn: Sequence[int]) -> None:
        super().__init__(clock.milliseconds)
        self._drawn = list(drawn)

    def generate(self, after: int = 0) -> int:
        return self._drawn.pop(0) if self._drawn else super().generate(after)


DrawingServer = Callable[..., Dependencies]


@pytest.fixture
def drawing(dependencies: Dependencies, clock: FakeClock) -> DrawingServer:
    """Returns a function that returns a server that draws certain ids first."""

    def server(*drawn: int) -> Dependencies:
        return replace(dependencies, ids=DrawnIds(clock, drawn))

    return server


def new_entry(dependencies: Dependencies) -> TimeEntry:
    values = {"service": DESIGN, "time": 30}
    return TimeEntries(dependencies).create(ADMIN_CALLER, values).outcome


def entry_of(database: Database, timer: Timer) -> TimeEntry:
    entry = database.get(TimeEntry, ZAGREB.id, timer.time_entry_id)
    assert entry is not None
    return entry


def test_switch_that_draws_the_running_time_entry_draws_again(
    dependencies: Dependencies, database: Database, clock: FakeClock, drawing: DrawingServer
) -> None:
    entry = new_entry(dependencies)
    command = StartCommand(time_entry_id=entry.id)
    first = Timers(dependencies).start(ADMIN_CALLER, command).outcome.timer
    clock.advance(HOUR)
    server = drawing(first.id + 5, entry.id)
    second = Timers(server).start(ADMIN_CALLER, ON_SERVICE).outcome
    assert second.stopped_timer_id == first.id
    assert second.timer.time_entry_id != entry.id
    assert entry_of(database, first).tracked_seconds == HOUR
    assert violations(database.connection) == []


def test_late_start_that_draws_the_superseded_time_entry_draws_again(
    dependencies: Dependencies, database: Database, clock: FakeClock, drawing: DrawingServer
) -> None:
    entry = new_entry(dependencies)
    command = StartCommand(time_entry_id=entry.id)
    first = Timers(dependencies).start(ADMIN_CALLER, command).outcome.timer
    clock.advance(13 * HOUR)
    AutoStop(dependencies).run()
    late = StartCommand(service_id=DESIGN, started_at=first.started_at + HOUR)
    server = drawing(first.id + 5, entry.id)
    second = Timers(server).start(ADMIN_CALLER, late).outcome.timer
    assert second.time_entry_id != entry.id
    assert entry_of(database, first).tracked_seconds == HOUR
    assert violations(database.connection) == []


def test_transaction_that_always_draws_an_id_of_its_own_is_a_conflict(
    dependencies: Dependencies, drawing: DrawingServer
) -> None:
    entry = new_entry(dependencies)
    command = StartCommand(time_entry_id=entry.id)
    first = Timers(dependencies).start(ADMIN_CALLER, command).outcome.timer
    drawn = [number for each in range(20) for number in (first.id + 5 + each, entry.id)]
    with pytest.raises(Conflict):
        Timers(drawing(*drawn)).start(ADMIN_CALLER, ON_SERVICE)


def test_time_entry_with_the_id_of_a_deleted_one_has_other_events(
    dependencies: Dependencies, database: Database, drawing: DrawingServer
) -> None:
    first = new_entry(dependencies)
    TimeEntries(dependencies).delete(ADMIN_CALLER, first.id)
    second = new_entry(drawing(1, first.id))
    assert second.id == first.id
    stored = database.get(TimeEntry, ZAGREB.id, second.id)
    assert stored is not None
    assert lifetime(stored).isdisjoint(lifetime(first))


def test_timer_with_the_id_of_a_deleted_one_has_other_events(
    dependencies: Dependencies, database: Database, drawing: DrawingServer
) -> None:
    first = Timers(dependencies).start(ADMIN_CALLER, ON_SERVICE).outcome.timer
    first_entry = entry_of(database, first)
    # Deletes the time entry too, which the start made.
    TimerEditing(dependencies).delete(ADMIN_CALLER, first.id)
    server = drawing(first.id, first_entry.id)
    Timers(server).start(MEMBER_CALLER, ON_SERVICE)
    second = database.get(Timer, ZAGREB.id, first.id)
    assert second is not None
    assert second.person_id == MEMBER
    assert lifetime(second).isdisjoint(lifetime(first))
    second_entry = entry_of(database, second)
    assert second_entry.id == first_entry.id
    assert lifetime(second_entry).isdisjoint(lifetime(first_entry))


def test_inserted_timer_with_the_id_of_a_deleted_one_has_other_events(
    dependencies: Dependencies, database: Database, clock: FakeClock, drawing: DrawingServer
) -> None:
    start = int(clock()) - HOUR
    over = StartCommand(service_id=DESIGN, started_at=start, stopped_at=start + 60)
    first = Timers(dependencies).start(ADMIN_CALLER, over).outcome.timer
    TimerEditing(dependencies).delete(ADMIN_CALLER, first.id)
    Timers(drawing(first.id)).start(MEMBER_CALLER, over)
    second = database.get(Timer, ZAGREB.id, first.id)
    assert second is not None
    assert lifetime(second).isdisjoint(lifetime(first))


def lifetime(record: Timer | TimeEntry) -> set[str]:
    """The ids of the events of a record's creation and deletion, and of a replay."""
    changes = stream_record(None, record), stream_record(record, None)
    events = [event for change in changes for event in read_events(change)]
    if isinstance(record, Timer):
        events += current_timer_events(record)
    else:
        events.append(current_entry_event(record))
    return {event.id for event in events}
