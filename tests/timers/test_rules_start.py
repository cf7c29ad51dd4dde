"""Tests of ``decide_start``: contract section 3, and section 9 for switches past the limit."""

import pytest
from msgspec.structs import replace

from chalicelib.core.errors import InvalidAttribute, OverlapsSession
from chalicelib.core.timestamps import parse_timestamp
from chalicelib.core.write_set import SetRunning, StopTimer, TimeEntryUpdate
from chalicelib.counters.model import TimerCounterDelta
from chalicelib.organizations.model import Organization
from chalicelib.timers.model import PersonState, RunningTimer, StopReason, Timer
from chalicelib.timers.rules import decide_start
from tests.support.builders import (
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

SECOND_ENTRY = entry(id=OTHER_ENTRY)
MONTH = 31 * DAY


def test_start_creates_a_timer_that_runs_from_now() -> None:
    started = decide_start(idle(), entry(), ORGANIZATION, DRAWN)
    assert started.timer == Timer(
        id=NEW_TIMER,
        organization_id=ORGANIZATION.id,
        person_id=PERSON,
        time_entry_id=ENTRY,
        started_at=NOW,
        auto_stop_at=NOW + LIMIT,
    )


def test_start_without_a_running_timer_stops_no_timer() -> None:
    started = decide_start(idle(), entry(), ORGANIZATION, DRAWN)
    assert (started.stopped_timer_id, started.write_set.stop_timer) == (None, None)


def test_start_writes_its_entry_its_person_state_and_its_day_counters() -> None:
    write_set = decide_start(idle(), entry(), ORGANIZATION, DRAWN).write_set
    assert write_set.entries == (TimeEntryUpdate(ENTRY, timers=1, starts=(NEW_TIMER, NOW)),)
    assert write_set.person_state == SetRunning(
        0, RunningTimer(NEW_TIMER, ENTRY, NOW, NOW + LIMIT), last_stopped_at=None
    )
    assert write_set.counters == (TimerCounterDelta(TODAY, {"s32": 1}),)
    assert write_set.new_entry is None


def test_start_writes_the_returned_timer_for_the_person() -> None:
    started = decide_start(idle(), entry(), ORGANIZATION, DRAWN)
    write_set = started.write_set
    assert (write_set.organization_id, write_set.person_id) == (ORGANIZATION.id, PERSON)
    assert (write_set.now, write_set.new_timer) == (NOW, started.timer)


def test_start_keeps_the_last_stop_and_requires_the_version_that_was_read() -> None:
    state = idle(version=7, last_stopped_at=NOW - HOUR)
    new_state = decide_start(state, entry(), ORGANIZATION, DRAWN).write_set.person_state
    assert isinstance(new_state, SetRunning)
    assert (new_state.version, new_state.last_stopped_at) == (7, NOW - HOUR)


def test_auto_stop_time_uses_the_limit_at_the_start() -> None:
    short = replace(ORGANIZATION, auto_stop_after=HOUR)
    requested = NOW - 10
    assert (
        decide_start(idle(), entry(), short, DRAWN, requested).timer.auto_stop_at
        == requested + HOUR
    )


# Switch to another entry


def test_switch_stops_the_old_timer_when_the_new_timer_starts() -> None:
    started = decide_start(running(), SECOND_ENTRY, ORGANIZATION, DRAWN)
    assert started.timer.started_at == NOW
    assert started.stopped_timer_id == TIMER
    assert started.write_set.stop_timer == StopTimer(TIMER, NOW, StopReason.SUPERSEDED)


def test_switch_updates_the_old_entry_and_the_new_entry() -> None:
    assert decide_start(running(), SECOND_ENTRY, ORGANIZATION, DRAWN).write_set.entries == (
        TimeEntryUpdate(ENTRY, seconds=HOUR, ends=NOW),
        TimeEntryUpdate(OTHER_ENTRY, timers=1, starts=(NEW_TIMER, NOW)),
    )


def test_switch_within_one_entry_updates_the_entry_once() -> None:
    assert decide_start(running(), entry(), ORGANIZATION, DRAWN).write_set.entries == (
        TimeEntryUpdate(ENTRY, seconds=HOUR, timers=1, starts=(NEW_TIMER, NOW), ends=NOW),
    )


def test_switch_updates_the_counters_of_a_day_once() -> None:
    counters = decide_start(running(), SECOND_ENTRY, ORGANIZATION, DRAWN).write_set.counters
    assert counters == (TimerCounterDelta(TODAY, {"s32": 1, "e32": 1}),)


def test_switch_writes_the_new_timer_and_the_last_stop_to_the_person_state() -> None:
    assert decide_start(
        running(), SECOND_ENTRY, ORGANIZATION, DRAWN
    ).write_set.person_state == SetRunning(
        3, RunningTimer(NEW_TIMER, OTHER_ENTRY, NOW, NOW + LIMIT), last_stopped_at=NOW
    )


@pytest.mark.parametrize(
    ("running_for", "tracked", "reason"),
    [
        pytest.param(0, 0, StopReason.SUPERSEDED, id="started this second"),
        pytest.param(LIMIT - 1, LIMIT - 1, StopReason.SUPERSEDED, id="before its limit"),
        pytest.param(LIMIT, LIMIT, StopReason.SUPERSEDED, id="at its limit"),
        pytest.param(LIMIT + 1, LIMIT, StopReason.AUTO, id="past its limit"),
        pytest.param(3 * DAY, LIMIT, StopReason.AUTO, id="running for days"),
    ],
)
def test_switch_past_the_limit_stops_the_old_timer_at_its_limit(
    running_for: int, tracked: int, reason: StopReason
) -> None:
    started_at = NOW - running_for
    started = decide_start(running(started_at), SECOND_ENTRY, ORGANIZATION, DRAWN)
    stopped_at = started_at + tracked
    assert started.timer.started_at == NOW
    assert started.write_set.stop_timer == StopTimer(TIMER, stopped_at, reason)
    assert started.write_set.entries[0] == TimeEntryUpdate(ENTRY, seconds=tracked, ends=stopped_at)
    assert started.write_set.person_state is not None
    assert started.write_set.person_state.last_stopped_at == stopped_at


def test_switch_past_the_limit_is_counted_at_the_stop_of_the_old_timer() -> None:
    counters = decide_start(
        running(NOW - DAY), SECOND_ENTRY, ORGANIZATION, DRAWN
    ).write_set.counters
    assert counters == (
        TimerCounterDelta(TODAY, {"s32": 1}),
        TimerCounterDelta(TODAY - 1, {"e80": 1}),
    )


def test_switch_uses_the_limit_stored_with_the_old_timer() -> None:
    short = replace(ORGANIZATION, auto_stop_after=60)
    started = decide_start(running(), SECOND_ENTRY, short, DRAWN)
    assert started.write_set.stop_timer == StopTimer(TIMER, NOW, StopReason.SUPERSEDED)


def test_backdated_switch_stops_the_old_timer_at_the_same_past_time() -> None:
    started = decide_start(running(), SECOND_ENTRY, ORGANIZATION, DRAWN, NOW - 600)
    assert started.timer.started_at == NOW - 600
    assert started.write_set.stop_timer == StopTimer(TIMER, NOW - 600, StopReason.SUPERSEDED)


# Start time

SESSION_IN_THE_FUTURE = pytest.mark.parametrize(
    "state",
    [
        pytest.param(running(NOW + 5), id="the running timer starts in the future"),
        pytest.param(idle(last_stopped_at=NOW + 5), id="the last session ends in the future"),
    ],
)


@SESSION_IN_THE_FUTURE
@pytest.mark.parametrize("requested", [None, NOW, NOW + 1, NOW + 5, NOW + 120])
def test_start_now_moves_to_the_end_of_a_session_in_the_future(
    state: PersonState, requested: int | None
) -> None:
    started = decide_start(state, SECOND_ENTRY, ORGANIZATION, DRAWN, requested)
    assert started.timer.started_at == NOW + 5


def test_switch_never_stops_the_old_timer_before_its_start() -> None:
    write_set = decide_start(running(NOW + 5), SECOND_ENTRY, ORGANIZATION, DRAWN).write_set
    assert write_set.stop_timer == StopTimer(TIMER, NOW + 5, StopReason.SUPERSEDED)
    assert write_set.entries[0] == TimeEntryUpdate(ENTRY, seconds=0, ends=NOW + 5)


@pytest.mark.parametrize("seconds_ahead", [0, 1, 119, 120])
def test_start_up_to_two_minutes_in_the_future_becomes_now(seconds_ahead: int) -> None:
    started = decide_start(idle(), entry(), ORGANIZATION, DRAWN, NOW + seconds_ahead)
    assert started.timer.started_at == NOW


@pytest.mark.parametrize("seconds_ago", [1, 121, DAY, MONTH - 1, MONTH])
def test_start_up_to_31_days_ago_is_accepted_unchanged(seconds_ago: int) -> None:
    started = decide_start(idle(), entry(), ORGANIZATION, DRAWN, NOW - seconds_ago)
    assert (started.timer.started_at, started.timer.auto_stop_at) == (
        NOW - seconds_ago,
        NOW - seconds_ago + LIMIT,
    )


@pytest.mark.parametrize("requested", [NOW + 121, NOW + DAY, NOW - MONTH - 1, 0])
def test_start_too_far_in_the_future_or_the_past_is_rejected(requested: int) -> None:
    with pytest.raises(InvalidAttribute) as error:
        decide_start(idle(), entry(), ORGANIZATION, DRAWN, requested)
    assert error.value.code == "invalid_attribute"
    assert error.value.source == {"pointer": "data/attributes/started_at"}


NINE = NOW - HOUR
BUSY_UNTIL_NINE = pytest.mark.parametrize(
    "state",
    [
        pytest.param(idle(last_stopped_at=NINE), id="a session ended at nine"),
        pytest.param(running(NINE), id="the running timer started at nine"),
        pytest.param(
            replace(running(NINE), last_stopped_at=NINE - HOUR),
            id="the running timer started after the last session",
        ),
    ],
)


@BUSY_UNTIL_NINE
def test_start_at_the_end_of_the_last_session_does_not_overlap(state: PersonState) -> None:
    assert decide_start(state, SECOND_ENTRY, ORGANIZATION, DRAWN, NINE).timer.started_at == NINE


@BUSY_UNTIL_NINE
@pytest.mark.parametrize("seconds_early", [1, HOUR, MONTH - HOUR])
def test_start_before_the_end_of_the_last_session_overlaps(
    state: PersonState, seconds_early: int
) -> None:
    with pytest.raises(OverlapsSession) as error:
        decide_start(state, SECOND_ENTRY, ORGANIZATION, DRAWN, NINE - seconds_early)
    assert error.value.code == "overlaps_session"
    assert error.value.source == {"pointer": "data/attributes/started_at"}


@pytest.mark.parametrize(
    ("zone", "earliest"),
    [
        ("Europe/Zagreb", "2026-03-02T08:00:00.000+01:00"),
        ("Asia/Kolkata", "2026-03-02T12:30:00.000+05:30"),
        ("Asia/Kathmandu", "2026-03-02T12:45:00.000+05:45"),
        ("UTC", "2026-03-02T07:00:00.000+00:00"),
    ],
)
def test_overlap_error_has_the_earliest_start_in_the_zone_of_the_organization(
    zone: str, earliest: str
) -> None:
    organization = replace(ORGANIZATION, time_zone=zone)
    with pytest.raises(OverlapsSession) as error:
        decide_start(idle(last_stopped_at=NINE), SECOND_ENTRY, organization, DRAWN, NINE - 1)
    assert error.value.meta == {"earliest_started_at": earliest}


# New time entry


def test_start_on_a_service_creates_a_time_entry_with_the_timer() -> None:
    started = decide_start(idle(), SERVICE, ORGANIZATION, DRAWN)
    assert started.timer.time_entry_id == NEW_ENTRY
    assert started.write_set.entries == ()
    new_entry = started.write_set.new_entry
    assert new_entry is not None
    assert (new_entry.id, new_entry.service_id, new_entry.running_timer_id) == (
        NEW_ENTRY,
        SERVICE.id,
        NEW_TIMER,
    )
    assert (new_entry.timer_count, new_entry.timer_started_at, new_entry.timer_stopped_at) == (
        1,
        NOW,
        None,
    )


def test_new_entry_belongs_to_the_person_and_has_zero_time() -> None:
    new_entry = decide_start(idle(), SERVICE, ORGANIZATION, DRAWN).write_set.new_entry
    assert new_entry is not None
    assert (new_entry.organization_id, new_entry.person_id, new_entry.time) == (
        ORGANIZATION.id,
        PERSON,
        0,
    )
    assert (new_entry.created_at, new_entry.updated_at, new_entry.version) == (NOW, NOW, 1)


def test_switch_to_a_service_updates_the_old_entry_and_creates_a_new_one() -> None:
    write_set = decide_start(running(), SERVICE, ORGANIZATION, DRAWN).write_set
    assert write_set.entries == (TimeEntryUpdate(ENTRY, seconds=HOUR, ends=NOW),)
    assert write_set.new_entry is not None
    assert write_set.new_entry.tracked_seconds == 0


@pytest.mark.parametrize("billable", [True, False])
def test_new_entry_is_billable_when_its_service_is_billable(billable: bool) -> None:
    service = replace(SERVICE, billable=billable)
    new_entry = decide_start(idle(), service, ORGANIZATION, DRAWN).write_set.new_entry
    assert new_entry is not None
    assert new_entry.billable is billable


@pytest.mark.parametrize(("creator_id", "expected"), [(None, PERSON), (1, 1)])
def test_new_entry_stores_its_creator(creator_id: int | None, expected: int) -> None:
    write_set = decide_start(idle(), SERVICE, ORGANIZATION, DRAWN, creator_id=creator_id).write_set
    assert write_set.new_entry is not None
    assert (write_set.new_entry.person_id, write_set.new_entry.creator_id) == (PERSON, expected)


@pytest.mark.parametrize(
    ("zone", "start", "date"),
    [
        ("Europe/Zagreb", "2026-03-02T22:59:59Z", "2026-03-02"),
        ("Europe/Zagreb", "2026-03-02T23:00:00Z", "2026-03-03"),
        ("Asia/Kolkata", "2026-03-02T18:29:59Z", "2026-03-02"),
        ("Asia/Kolkata", "2026-03-02T18:30:00Z", "2026-03-03"),
        # The night on which clocks go forward, and the night on which they go back.
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
@pytest.mark.parametrize("delay", [0, 2 * DAY])
def test_new_entry_has_the_local_date_of_the_start(
    zone: str, start: str, date: str, delay: int
) -> None:
    organization: Organization = replace(ORGANIZATION, time_zone=zone)
    requested = parse_timestamp(start)
    generated_ids = replace(DRAWN, now=requested + delay)
    new_entry = decide_start(
        idle(), SERVICE, organization, generated_ids, requested
    ).write_set.new_entry
    assert new_entry is not None
    assert (new_entry.date, new_entry.created_at) == (date, requested + delay)
