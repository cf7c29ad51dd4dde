"""decide_start: contract section 3, and section 9 for switches past the limit."""

from dataclasses import replace

import pytest

from chalicelib.domain.changes import ChangeEntry, ChangeTally, OccupySlot, StopTimer
from chalicelib.domain.directory import Organization
from chalicelib.domain.errors import InvalidAttribute, OverlapsSession
from chalicelib.domain.instants import parse_instant
from chalicelib.domain.timeline import decide_start
from chalicelib.domain.timers import RunningTimer, Slot, StopReason, Timer
from tests.domain.builders import (
    DRAWN,
    ENTRY,
    LIMIT,
    NEW_ENTRY,
    NEW_TIMER,
    NOW,
    ORGANIZATION,
    OTHER_ENTRY,
    PERSON,
    SERVICE,
    TIMER,
    TODAY,
    entry,
    idle,
    running,
)
from tests.support.clock import DAY, HOUR

NEXT = entry(id=OTHER_ENTRY)
MONTH = 31 * DAY


def test_a_start_makes_a_timer_that_runs_from_now_on() -> None:
    started = decide_start(idle(), entry(), ORGANIZATION, DRAWN)
    assert started.timer == Timer(
        id=NEW_TIMER,
        organization_id=ORGANIZATION.id,
        person_id=PERSON,
        time_entry_id=ENTRY,
        started_at=NOW,
        auto_stop_at=NOW + LIMIT,
    )


def test_a_start_with_nothing_running_stops_nothing() -> None:
    started = decide_start(idle(), entry(), ORGANIZATION, DRAWN)
    assert (started.stopped_timer_id, started.changes.stop_timer) == (None, None)


def test_a_start_is_one_change_of_its_entry_its_slot_and_its_day() -> None:
    changes = decide_start(idle(), entry(), ORGANIZATION, DRAWN).changes
    assert changes.entries == (ChangeEntry(ENTRY, timers=1, starts=(NEW_TIMER, NOW)),)
    assert changes.slot == OccupySlot(
        0, RunningTimer(NEW_TIMER, ENTRY, NOW, NOW + LIMIT), last_stopped_at=None
    )
    assert changes.tallies == (ChangeTally(TODAY, {"s32": 1}),)
    assert changes.new_entry is None


def test_a_start_is_written_for_the_slots_person_with_the_timer_that_it_answers() -> None:
    started = decide_start(idle(), entry(), ORGANIZATION, DRAWN)
    changes = started.changes
    assert (changes.organization_id, changes.person_id) == (ORGANIZATION.id, PERSON)
    assert (changes.now, changes.new_timer) == (NOW, started.timer)


def test_a_start_leaves_the_last_stop_and_guards_the_version_that_was_read() -> None:
    slot = idle(version=7, last_stopped_at=NOW - HOUR)
    occupied = decide_start(slot, entry(), ORGANIZATION, DRAWN).changes.slot
    assert isinstance(occupied, OccupySlot)
    assert (occupied.version, occupied.last_stopped_at) == (7, NOW - HOUR)


def test_the_limit_is_the_one_in_force_at_the_start() -> None:
    short = replace(ORGANIZATION, auto_stop_after=HOUR)
    asked = NOW - 10
    assert decide_start(idle(), entry(), short, DRAWN, asked).timer.auto_stop_at == asked + HOUR


# Switching


def test_a_switch_stops_the_old_timer_where_the_new_one_starts() -> None:
    started = decide_start(running(), NEXT, ORGANIZATION, DRAWN)
    assert started.timer.started_at == NOW
    assert started.stopped_timer_id == TIMER
    assert started.changes.stop_timer == StopTimer(TIMER, NOW, StopReason.SUPERSEDED)


def test_a_switch_counts_the_old_session_on_its_entry_and_begins_the_new_one_on_its_own() -> None:
    assert decide_start(running(), NEXT, ORGANIZATION, DRAWN).changes.entries == (
        ChangeEntry(ENTRY, seconds=HOUR, ends=NOW),
        ChangeEntry(OTHER_ENTRY, timers=1, starts=(NEW_TIMER, NOW)),
    )


def test_a_switch_within_one_entry_changes_it_once() -> None:
    assert decide_start(running(), entry(), ORGANIZATION, DRAWN).changes.entries == (
        ChangeEntry(ENTRY, seconds=HOUR, timers=1, starts=(NEW_TIMER, NOW), ends=NOW),
    )


def test_a_switch_is_counted_once_a_day() -> None:
    tallies = decide_start(running(), NEXT, ORGANIZATION, DRAWN).changes.tallies
    assert tallies == (ChangeTally(TODAY, {"s32": 1, "e32": 1}),)


def test_a_switch_leaves_the_new_timer_in_the_slot_and_the_old_ones_stop() -> None:
    assert decide_start(running(), NEXT, ORGANIZATION, DRAWN).changes.slot == OccupySlot(
        3, RunningTimer(NEW_TIMER, OTHER_ENTRY, NOW, NOW + LIMIT), last_stopped_at=NOW
    )


@pytest.mark.parametrize(
    ("ran", "counted", "reason"),
    [
        pytest.param(0, 0, StopReason.SUPERSEDED, id="started this second"),
        pytest.param(LIMIT - 1, LIMIT - 1, StopReason.SUPERSEDED, id="before its limit"),
        pytest.param(LIMIT, LIMIT, StopReason.SUPERSEDED, id="at its limit"),
        pytest.param(LIMIT + 1, LIMIT, StopReason.AUTO, id="past its limit"),
        pytest.param(3 * DAY, LIMIT, StopReason.AUTO, id="forgotten for days"),
    ],
)
def test_a_switch_past_the_limit_ends_the_old_timer_at_its_limit(
    ran: int, counted: int, reason: StopReason
) -> None:
    begun = NOW - ran
    started = decide_start(running(begun), NEXT, ORGANIZATION, DRAWN)
    ended = begun + counted
    assert started.timer.started_at == NOW
    assert started.changes.stop_timer == StopTimer(TIMER, ended, reason)
    assert started.changes.entries[0] == ChangeEntry(ENTRY, seconds=counted, ends=ended)
    assert started.changes.slot is not None
    assert started.changes.slot.last_stopped_at == ended


def test_a_switch_past_the_limit_is_counted_where_the_old_timer_ended() -> None:
    tallies = decide_start(running(NOW - DAY), NEXT, ORGANIZATION, DRAWN).changes.tallies
    assert tallies == (ChangeTally(TODAY, {"s32": 1}), ChangeTally(TODAY - 1, {"e80": 1}))


def test_the_old_timers_limit_counts_not_todays() -> None:
    short = replace(ORGANIZATION, auto_stop_after=60)
    started = decide_start(running(), NEXT, short, DRAWN)
    assert started.changes.stop_timer == StopTimer(TIMER, NOW, StopReason.SUPERSEDED)


def test_a_backdated_switch_stops_the_old_timer_in_the_past_too() -> None:
    started = decide_start(running(), NEXT, ORGANIZATION, DRAWN, NOW - 600)
    assert started.timer.started_at == NOW - 600
    assert started.changes.stop_timer == StopTimer(TIMER, NOW - 600, StopReason.SUPERSEDED)


# When it starts

AHEAD = pytest.mark.parametrize(
    "slot",
    [
        pytest.param(running(NOW + 5), id="the running timer started in our future"),
        pytest.param(idle(last_stopped_at=NOW + 5), id="the last session ended in our future"),
    ],
)


@AHEAD
@pytest.mark.parametrize("asked", [None, NOW, NOW + 1, NOW + 5, NOW + 120])
def test_a_start_now_waits_for_the_end_of_the_last_session_where_clocks_differ(
    slot: Slot, asked: int | None
) -> None:
    started = decide_start(slot, NEXT, ORGANIZATION, DRAWN, asked)
    assert started.timer.started_at == NOW + 5


def test_a_switch_never_ends_the_old_timer_before_its_start() -> None:
    changes = decide_start(running(NOW + 5), NEXT, ORGANIZATION, DRAWN).changes
    assert changes.stop_timer == StopTimer(TIMER, NOW + 5, StopReason.SUPERSEDED)
    assert changes.entries[0] == ChangeEntry(ENTRY, seconds=0, ends=NOW + 5)


@pytest.mark.parametrize("ahead", [0, 1, 119, 120])
def test_a_start_up_to_two_minutes_ahead_is_taken_as_now(ahead: int) -> None:
    started = decide_start(idle(), entry(), ORGANIZATION, DRAWN, NOW + ahead)
    assert started.timer.started_at == NOW


@pytest.mark.parametrize("ago", [1, 121, DAY, MONTH - 1, MONTH])
def test_a_start_up_to_31_days_ago_is_taken_as_it_is(ago: int) -> None:
    started = decide_start(idle(), entry(), ORGANIZATION, DRAWN, NOW - ago)
    assert (started.timer.started_at, started.timer.auto_stop_at) == (NOW - ago, NOW - ago + LIMIT)


@pytest.mark.parametrize("asked", [NOW + 121, NOW + DAY, NOW - MONTH - 1, 0])
def test_a_start_further_ahead_or_older_than_31_days_is_refused(asked: int) -> None:
    with pytest.raises(InvalidAttribute) as caught:
        decide_start(idle(), entry(), ORGANIZATION, DRAWN, asked)
    assert caught.value.code == "invalid_attribute"
    assert caught.value.source == {"pointer": "data/attributes/started_at"}


NINE = NOW - HOUR
BUSY_UNTIL_NINE = pytest.mark.parametrize(
    "slot",
    [
        pytest.param(idle(last_stopped_at=NINE), id="a session ended then"),
        pytest.param(running(NINE), id="the running timer started then"),
        pytest.param(
            replace(running(NINE), last_stopped_at=NINE - HOUR),
            id="the running timer started later than the last session ended",
        ),
    ],
)


@BUSY_UNTIL_NINE
def test_a_start_at_the_end_of_the_last_session_does_not_overlap(slot: Slot) -> None:
    assert decide_start(slot, NEXT, ORGANIZATION, DRAWN, NINE).timer.started_at == NINE


@BUSY_UNTIL_NINE
@pytest.mark.parametrize("too_early", [1, HOUR, MONTH - HOUR])
def test_a_start_before_that_overlaps(slot: Slot, too_early: int) -> None:
    with pytest.raises(OverlapsSession) as caught:
        decide_start(slot, NEXT, ORGANIZATION, DRAWN, NINE - too_early)
    assert caught.value.code == "overlaps_session"
    assert caught.value.source == {"pointer": "data/attributes/started_at"}


@pytest.mark.parametrize(
    ("zone", "earliest"),
    [
        ("Europe/Zagreb", "2026-03-02T08:00:00.000+01:00"),
        ("Asia/Kolkata", "2026-03-02T12:30:00.000+05:30"),
        ("Asia/Kathmandu", "2026-03-02T12:45:00.000+05:45"),
        ("UTC", "2026-03-02T07:00:00.000+00:00"),
    ],
)
def test_an_overlap_says_in_the_organizations_zone_when_a_session_may_start(
    zone: str, earliest: str
) -> None:
    organization = replace(ORGANIZATION, time_zone=zone)
    with pytest.raises(OverlapsSession) as caught:
        decide_start(idle(last_stopped_at=NINE), NEXT, organization, DRAWN, NINE - 1)
    assert caught.value.meta == {"earliest_started_at": earliest}


# A new time entry


def test_a_service_alone_makes_a_time_entry_on_which_the_timer_runs() -> None:
    started = decide_start(idle(), SERVICE, ORGANIZATION, DRAWN)
    assert started.timer.time_entry_id == NEW_ENTRY
    assert started.changes.entries == ()
    new = started.changes.new_entry
    assert new is not None
    assert (new.id, new.service_id, new.running_timer_id) == (NEW_ENTRY, SERVICE.id, NEW_TIMER)
    assert (new.timer_count, new.timer_started_at, new.timer_stopped_at) == (1, NOW, None)


def test_a_new_entry_belongs_to_the_person_and_is_without_time() -> None:
    new = decide_start(idle(), SERVICE, ORGANIZATION, DRAWN).changes.new_entry
    assert new is not None
    assert (new.organization_id, new.person_id, new.time) == (ORGANIZATION.id, PERSON, 0)
    assert (new.created_at, new.updated_at, new.version) == (NOW, NOW, 1)


def test_a_switch_to_a_service_changes_the_old_entry_and_makes_a_new_one() -> None:
    changes = decide_start(running(), SERVICE, ORGANIZATION, DRAWN).changes
    assert changes.entries == (ChangeEntry(ENTRY, seconds=HOUR, ends=NOW),)
    assert changes.new_entry is not None
    assert changes.new_entry.tracked_seconds == 0


@pytest.mark.parametrize("billable", [True, False])
def test_a_new_entry_is_billable_as_its_service_is(billable: bool) -> None:
    service = replace(SERVICE, billable=billable)
    new = decide_start(idle(), service, ORGANIZATION, DRAWN).changes.new_entry
    assert new is not None
    assert new.billable is billable


@pytest.mark.parametrize(("creator_id", "creator"), [(None, PERSON), (1, 1)])
def test_a_new_entry_remembers_who_created_it(creator_id: int | None, creator: int) -> None:
    changes = decide_start(idle(), SERVICE, ORGANIZATION, DRAWN, creator_id=creator_id).changes
    assert changes.new_entry is not None
    assert (changes.new_entry.person_id, changes.new_entry.creator_id) == (PERSON, creator)


@pytest.mark.parametrize(
    ("zone", "start", "date"),
    [
        ("Europe/Zagreb", "2026-03-02T22:59:59Z", "2026-03-02"),
        ("Europe/Zagreb", "2026-03-02T23:00:00Z", "2026-03-03"),
        ("Asia/Kolkata", "2026-03-02T18:29:59Z", "2026-03-02"),
        ("Asia/Kolkata", "2026-03-02T18:30:00Z", "2026-03-03"),
        # The night in which clocks go forward, and the one in which they go back.
        ("Europe/Zagreb", "2026-03-28T22:59:59Z", "2026-03-28"),
        ("Europe/Zagreb", "2026-03-28T23:00:00Z", "2026-03-29"),
        ("Europe/Zagreb", "2026-03-29T21:59:59Z", "2026-03-29"),
        ("Europe/Zagreb", "2026-03-29T22:00:00Z", "2026-03-30"),
        ("Europe/Zagreb", "2026-10-24T22:00:00Z", "2026-10-25"),
        ("Europe/Zagreb", "2026-10-25T22:59:59Z", "2026-10-25"),
        ("Europe/Zagreb", "2026-10-25T23:00:00Z", "2026-10-26"),
        ("Africa/Cairo", "2024-04-25T21:59:59Z", "2024-04-25"),
        ("Africa/Cairo", "2024-04-25T22:00:00Z", "2024-04-26"),
    ],
)
@pytest.mark.parametrize("later", [0, 2 * DAY])
def test_a_new_entry_is_booked_on_the_local_date_of_the_start(
    zone: str, start: str, date: str, later: int
) -> None:
    organization: Organization = replace(ORGANIZATION, time_zone=zone)
    asked = parse_instant(start)
    drawn = replace(DRAWN, now=asked + later)
    new = decide_start(idle(), SERVICE, organization, drawn, asked).changes.new_entry
    assert new is not None
    assert (new.date, new.created_at) == (date, asked + later)
