"""Tests of ``timer_events`` and ``entry_events``: stream images to domain events."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.events.model import DomainEvent, EventType
from chalicelib.events.rules import current_timer_events, entry_events
from chalicelib.events.rules import timer_events as events_of_change
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.model import StopReason, Timer
from tests.support.builders import NOW, OTHER_ENTRY, entry, timer
from tests.support.clock import HOUR

STOPPED = timer(stopped_at=NOW, version=2)
AUTO = replace(STOPPED, stop_reason=StopReason.AUTO)
CHANGED_AT = NOW + 7


def timer_events(old: Timer | None, new: Timer | None) -> tuple[DomainEvent, ...]:
    return events_of_change(old, new, CHANGED_AT)


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


@pytest.mark.parametrize(
    "corrected",
    [
        replace(STOPPED, stopped_at=NOW - 60, version=3),
        # The same time, now manually.
        replace(STOPPED, version=3),
    ],
)
def test_corrected_stop_is_a_stopped_and_an_updated_event(corrected: Timer) -> None:
    (first,) = timer_events(timer(), AUTO)
    second, updated = timer_events(AUTO, corrected)
    assert (second.type, second.version, second.at) == (
        EventType.TIMER_STOPPED,
        3,
        corrected.stopped_at,
    )
    assert (updated.type, updated.version, updated.at) == (EventType.TIMER_UPDATED, 3, CHANGED_AT)
    assert len({first.id, second.id, updated.id}) == 3


@pytest.mark.parametrize(
    ("old", "changes", "types"),
    [
        pytest.param(timer(), {"started_at": NOW - 60}, ["timer.updated"], id="start"),
        pytest.param(STOPPED, {"started_at": NOW - 60}, ["timer.updated"], id="start of a stopped"),
        pytest.param(timer(), {"time_entry_id": OTHER_ENTRY}, ["timer.updated"], id="entry"),
        pytest.param(STOPPED, {"stopped_at": None}, ["timer.updated"], id="runs on"),
        pytest.param(AUTO, {"stopped_at": None, "stop_reason": None}, ["timer.updated"], id="undo"),
        pytest.param(
            STOPPED, {"stopped_at": NOW + 60}, ["timer.stopped", "timer.updated"], id="later stop"
        ),
        pytest.param(
            timer(),
            {"started_at": NOW - 60, "stopped_at": NOW},
            ["timer.stopped", "timer.updated"],
            id="start and first stop",
        ),
        pytest.param(
            timer(version=3), {"stopped_at": NOW}, ["timer.stopped"], id="stop after an edit"
        ),
        pytest.param(timer(), {"auto_stop_at": NOW + 60}, [], id="limit"),
        pytest.param(timer(), {"remind_at": NOW + 60}, [], id="reminder"),
    ],
)
def test_change_by_hand_is_an_updated_event(
    old: Timer, changes: dict[str, Any], types: list[str]
) -> None:
    new = replace(old, version=old.version + 1, **changes)
    events = timer_events(old, new)
    assert event_types(events) == types
    assert all((event.record, event.version) == (new, new.version) for event in events)


@pytest.mark.parametrize("last", [timer(), STOPPED, AUTO])
def test_deleted_timer_is_a_deleted_event_with_its_last_state(last: Timer) -> None:
    (event,) = timer_events(last, None)
    assert (event.type, event.version, event.at) == (
        EventType.TIMER_DELETED,
        last.version + 1,
        CHANGED_AT,
    )
    assert event.record == last


def test_reminder_is_one_still_running_event() -> None:
    due = timer(remind_at=NOW)
    reminded = replace(due, reminded_at=NOW + 60)
    (event,) = timer_events(due, reminded)
    assert (event.type, event.version, event.at) == (EventType.TIMER_STILL_RUNNING, 1, NOW + 60)
    assert event.record == reminded
    # Whatever comes later, there is no second one.
    for later in (
        replace(reminded, reminded_at=NOW + 90),
        replace(reminded, started_at=NOW - 60, version=2),
        replace(reminded, stopped_at=NOW + 90, version=2),
    ):
        assert EventType.TIMER_STILL_RUNNING not in event_types(timer_events(reminded, later))


@pytest.mark.parametrize(
    ("current", "types"),
    [
        (timer(), ["timer.started"]),
        (timer(reminded_at=NOW), ["timer.started", "timer.still_running"]),
        (timer(version=2), ["timer.started", "timer.updated"]),
        (STOPPED, ["timer.started", "timer.stopped"]),
        (replace(STOPPED, reminded_at=NOW), ["timer.started", "timer.stopped"]),
        (replace(STOPPED, version=1), ["timer.started", "timer.stopped"]),
        (replace(STOPPED, version=3), ["timer.started", "timer.stopped", "timer.updated"]),
    ],
)
def test_current_events_of_a_timer(current: Timer, types: list[str]) -> None:
    assert event_types(current_timer_events(current)) == types


def test_current_events_have_the_ids_of_the_first_ones() -> None:
    corrected = replace(STOPPED, stopped_at=NOW - 60, version=3)
    sent = {
        event.id
        for change in ((None, timer()), (timer(), AUTO), (AUTO, corrected))
        for event in timer_events(*change)
    }
    assert {event.id for event in current_timer_events(corrected)} < sent


def test_new_stopped_timer_is_a_started_and_a_stopped_event() -> None:
    assert event_types(timer_events(None, STOPPED)) == [
        EventType.TIMER_STARTED,
        EventType.TIMER_STOPPED,
    ]


def test_invisible_changes_produce_no_events() -> None:
    assert timer_events(timer(), timer(version=2)) == ()
    assert timer_events(STOPPED, replace(STOPPED, version=3)) == ()
    assert timer_events(None, None) == ()
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
        (STOPPED, None),
        (timer(), None),
        (STOPPED, timer(version=3)),
        (timer(), timer(version=4, started_at=NOW)),
        (timer(), timer(reminded_at=NOW)),
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
