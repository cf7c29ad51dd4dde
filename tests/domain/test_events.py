"""From images of a record to what happened."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.events import DomainEvent, EventType, entry_events, timer_events
from chalicelib.domain.timers import StopReason, TimeEntry
from tests.domain.builders import NOW, entry, timer
from tests.support.clock import HOUR

STOPPED = timer(stopped_at=NOW, version=2)


def kinds(events: tuple[DomainEvent, ...]) -> list[EventType]:
    return [event.type for event in events]


def looks(shown: TimeEntry) -> tuple[object, ...]:
    return shown.time, shown.note


def test_a_timer_that_appears_has_started() -> None:
    (event,) = timer_events(None, timer())
    assert (event.type, event.version, event.at) == (EventType.TIMER_STARTED, 1, NOW - HOUR)
    assert event.record == timer()


def test_a_timer_that_gets_a_stop_has_stopped() -> None:
    (event,) = timer_events(timer(), STOPPED)
    assert (event.type, event.version, event.at) == (EventType.TIMER_STOPPED, 2, NOW)


def test_a_corrected_stop_is_a_stop_again_with_a_higher_version() -> None:
    auto = replace(STOPPED, stop_reason=StopReason.AUTO)
    corrected = replace(STOPPED, stopped_at=NOW - 60, version=3)
    (first,) = timer_events(timer(), auto)
    (second,) = timer_events(auto, corrected)
    assert (second.type, second.version, second.at) == (EventType.TIMER_STOPPED, 3, NOW - 60)
    assert second.id != first.id


def test_a_stop_that_changes_its_reason_alone_is_a_stop_again() -> None:
    by_hand = replace(STOPPED, version=3)
    auto = replace(STOPPED, stop_reason=StopReason.AUTO)
    assert kinds(timer_events(auto, by_hand)) == [EventType.TIMER_STOPPED]


def test_a_timer_that_appears_stopped_has_done_both() -> None:
    assert kinds(timer_events(None, STOPPED)) == [
        EventType.TIMER_STARTED,
        EventType.TIMER_STOPPED,
    ]


def test_what_nobody_sees_is_no_event() -> None:
    assert timer_events(timer(), timer(version=2)) == ()
    assert timer_events(STOPPED, replace(STOPPED, version=3)) == ()
    assert timer_events(STOPPED, None) == ()
    assert entry_events(entry(), entry(version=2, timer_count=1), looks, NOW) == ()
    assert entry_events(None, None, looks, NOW) == ()


def test_an_entry_is_created_updated_and_deleted() -> None:
    old, new = entry(), entry(note="lunch", version=2, updated_at=NOW)
    (created,) = entry_events(None, old, looks, NOW)
    (updated,) = entry_events(old, new, looks, NOW)
    (deleted,) = entry_events(new, None, looks, NOW + 5)
    assert kinds((created, updated, deleted)) == [
        EventType.TIME_ENTRY_CREATED,
        EventType.TIME_ENTRY_UPDATED,
        EventType.TIME_ENTRY_DELETED,
    ]
    assert [it.version for it in (created, updated, deleted)] == [1, 2, 3]
    assert [it.at for it in (created, updated, deleted)] == [old.created_at, NOW, NOW + 5]


def test_the_same_change_has_the_same_id_and_no_other_has_it() -> None:
    changes = [
        (None, timer()),
        (None, timer(id=12)),
        (None, timer(organization_id=2150)),
        (timer(), STOPPED),
        (timer(), replace(STOPPED, version=3)),
    ]
    seen = [timer_events(*change)[0].id for change in changes]
    assert seen == [timer_events(*change)[0].id for change in changes]
    assert len(set(seen)) == len(changes)
    entries = entry_events(None, entry(id=timer().id), looks, NOW)
    assert entries[0].id not in seen


@given(st.integers(1, 2**53), st.integers(1, 2**53), st.integers(1, 2**53))
def test_an_id_is_what_a_signature_takes(organization: int, record: int, version: int) -> None:
    (event,) = timer_events(None, timer(organization_id=organization, id=record, version=version))
    assert event.id.startswith("evt_")
    assert event.id.removeprefix("evt_").isalnum()
