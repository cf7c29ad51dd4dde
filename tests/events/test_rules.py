"""Tests of ``timer_events`` and ``entry_events``: stream images to domain events."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.events.model import DomainEvent, EventType
from chalicelib.events.rules import entry_events, timer_events
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.model import StopReason
from tests.support.builders import NOW, entry, timer
from tests.support.clock import HOUR

STOPPED = timer(stopped_at=NOW, version=2)


def event_types(events: tuple[DomainEvent, ...]) -> list[EventType]:
    return [event.type for event in events]


def visible_fields(time_entry: TimeEntry) -> tuple[object, ...]:
    return time_entry.time, time_entry.note


def test_new_timer_is_a_started_event() -> None:
    (event,) = timer_events(None, timer())
    assert (event.type, event.version, event.at) == (EventType.TIMER_STARTED, 1, NOW - HOUR)
    assert event.record == timer()


def test_stop_of_a_timer_is_a_stopped_event() -> None:
    (event,) = timer_events(timer(), STOPPED)
    assert (event.type, event.version, event.at) == (EventType.TIMER_STOPPED, 2, NOW)


def test_corrected_stop_is_another_stopped_event_with_a_higher_version() -> None:
    auto = replace(STOPPED, stop_reason=StopReason.AUTO)
    corrected = replace(STOPPED, stopped_at=NOW - 60, version=3)
    (first,) = timer_events(timer(), auto)
    (second,) = timer_events(auto, corrected)
    assert (second.type, second.version, second.at) == (EventType.TIMER_STOPPED, 3, NOW - 60)
    assert second.id != first.id


def test_changed_stop_reason_is_another_stopped_event() -> None:
    manual = replace(STOPPED, version=3)
    auto = replace(STOPPED, stop_reason=StopReason.AUTO)
    assert event_types(timer_events(auto, manual)) == [EventType.TIMER_STOPPED]


def test_new_stopped_timer_is_a_started_and_a_stopped_event() -> None:
    assert event_types(timer_events(None, STOPPED)) == [
        EventType.TIMER_STARTED,
        EventType.TIMER_STOPPED,
    ]


def test_invisible_changes_produce_no_events() -> None:
    assert timer_events(timer(), timer(version=2)) == ()
    assert timer_events(STOPPED, replace(STOPPED, version=3)) == ()
    assert timer_events(STOPPED, None) == ()
    assert entry_events(entry(), entry(version=2, timer_count=1), visible_fields, NOW) == ()
    assert entry_events(None, None, visible_fields, NOW) == ()


def test_entry_events_are_created_updated_and_deleted() -> None:
    old, new = entry(), entry(note="lunch", version=2, updated_at=NOW)
    (created,) = entry_events(None, old, visible_fields, NOW)
    (updated,) = entry_events(old, new, visible_fields, NOW)
    (deleted,) = entry_events(new, None, visible_fields, NOW + 5)
    assert event_types((created, updated, deleted)) == [
        EventType.TIME_ENTRY_CREATED,
        EventType.TIME_ENTRY_UPDATED,
        EventType.TIME_ENTRY_DELETED,
    ]
    assert [event.version for event in (created, updated, deleted)] == [1, 2, 3]
    assert [event.at for event in (created, updated, deleted)] == [old.created_at, NOW, NOW + 5]


def test_event_id_is_deterministic_and_unique() -> None:
    changes = [
        (None, timer()),
        (None, timer(id=12)),
        (None, timer(organization_id=2150)),
        (timer(), STOPPED),
        (timer(), replace(STOPPED, version=3)),
    ]
    event_ids = [timer_events(*change)[0].id for change in changes]
    assert event_ids == [timer_events(*change)[0].id for change in changes]
    assert len(set(event_ids)) == len(changes)
    entries = entry_events(None, entry(id=timer().id), visible_fields, NOW)
    assert entries[0].id not in event_ids


@given(st.integers(1, 2**53), st.integers(1, 2**53), st.integers(1, 2**53))
def test_event_id_is_valid_for_webhook_signatures(
    organization: int, record: int, version: int
) -> None:
    (event,) = timer_events(None, timer(organization_id=organization, id=record, version=version))
    assert event.id.startswith("evt_")
    assert event.id.removeprefix("evt_").isalnum()
