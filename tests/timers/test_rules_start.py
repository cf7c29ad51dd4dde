"""Tests of ``decide_start``: contract section 3, and section 9 for switches past the limit."""

import pytest
from msgspec.structs import replace

from chalicelib.core.errors import InvalidAttribute, OverlapsSession
from chalicelib.core.timestamps import parse_timestamp
from chalicelib.core.write_set import SetRunning, StopTimer, TimeEntryUpdate
from chalicelib.organizations.model import Organization
from chalicelib.timers.days import DaySessions, DayUpdate, days_between
from chalicelib.timers.model import PersonState, RunningTimer, StopReason, Timer
from chalicelib.timers.rules import EntryDetails, decide_start
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
    SUM_TARGET,
    TIMER,
    TODAY,
    days_with,
    entry,
    idle,
    running,
    timer,
)
from tests.support.clock import DAY, HOUR

SECOND_ENTRY = entry(id=OTHER_ENTRY)
MONTH = 31 * DAY
ADJUSTED = ("started_at",)


def stop_of_old_timer(
    stopped_at: int, reason: StopReason, started_at: int = NOW - HOUR
) -> StopTimer:
    """Return the stop in a switch. The person state, not a version, protects the start."""
    return StopTimer(
        timer(
            started_at=started_at,
            auto_stop_at=started_at + LIMIT,
            stopped_at=stopped_at,
            stop_reason=reason,
            version=2,
        ),
        version=None,
    )


def test_start_creates_a_timer_that_runs_from_now() -> None:
    started = decide_start(idle(), entry(), ORGANIZATION, DRAWN)
    assert started.timer == Timer(
        id=NEW_TIMER,
        organization_id=ORGANIZATION.id,
        person_id=PERSON,
        time_entry_id=ENTRY,
        started_at=NOW,
        auto_stop_at=NOW + LIMIT,
        sum_target=SUM_TARGET,
    )


def test_start_without_a_running_timer_stops_no_timer() -> None:
    started = decide_start(idle(), entry(), ORGANIZATION, DRAWN)
    assert (started.stopped_timer_id, started.write_set.stop_timer) == (None, None)


def test_start_writes_its_entry_its_person_state_and_its_day() -> None:
    write_set = decide_start(idle(), entry(), ORGANIZATION, DRAWN).write_set
    assert write_set.entries == (
        TimeEntryUpdate(
            ENTRY,
            timers=1,
            starts=(NEW_TIMER, NOW),
            target=SUM_TARGET,
        ),
    )
    assert write_set.person_state == SetRunning(
        0,
        RunningTimer(
            NEW_TIMER,
            ENTRY,
            NOW,
            NOW + LIMIT,
            sum_target=SUM_TARGET,
        ),
        last_stopped_at=None,
    )
    assert write_set.days == (DayUpdate(TODAY, {"s32": 1}, {NEW_TIMER: (NOW,)}),)
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
    assert started.write_set.stop_timer == stop_of_old_timer(NOW, StopReason.SUPERSEDED)


def test_switch_updates_the_old_entry_and_the_new_entry() -> None:
    assert decide_start(running(), SECOND_ENTRY, ORGANIZATION, DRAWN).write_set.entries == (
        TimeEntryUpdate(ENTRY, seconds=HOUR, ends=NOW),
        TimeEntryUpdate(
            OTHER_ENTRY,
            timers=1,
            starts=(NEW_TIMER, NOW),
            target=SUM_TARGET,
        ),
    )


def test_switch_within_one_entry_updates_the_entry_once() -> None:
    assert decide_start(running(), entry(), ORGANIZATION, DRAWN).write_set.entries == (
        TimeEntryUpdate(
            ENTRY, seconds=HOUR, timers=1, starts=(NEW_TIMER, NOW), ends=NOW, target=SUM_TARGET
        ),
    )


def test_switch_updates_a_day_once() -> None:
    assert decide_start(running(), SECOND_ENTRY, ORGANIZATION, DRAWN).write_set.days == (
        DayUpdate(TODAY, {"s32": 1, "e32": 1}, {TIMER: (NOW - HOUR, NOW), NEW_TIMER: (NOW,)}),
    )


def test_switch_adds_nothing_to_the_time_of_an_entry_that_covers_the_old_timer() -> None:
    started = decide_start(running(covered=True), SECOND_ENTRY, ORGANIZATION, DRAWN)
    assert started.write_set.entries[0] == TimeEntryUpdate(
        ENTRY, seconds=HOUR, covered_seconds=HOUR, ends=NOW
    )
    assert started.timer.covered is False


def test_switch_within_one_entry_keeps_what_its_manual_time_covers() -> None:
    started = decide_start(running(covered=True), entry(), ORGANIZATION, DRAWN)
    assert started.write_set.entries == (
        TimeEntryUpdate(
            ENTRY,
            seconds=HOUR,
            covered_seconds=HOUR,
            timers=1,
            starts=(NEW_TIMER, NOW),
            ends=NOW,
            target=SUM_TARGET,
        ),
    )


def test_switch_stops_an_edited_timer_as_it_was_edited() -> None:
    stop = decide_start(
        running(edited=True, covered=True), SECOND_ENTRY, ORGANIZATION, DRAWN
    ).write_set.stop_timer
    assert stop is not None
    assert (stop.timer.edited, stop.timer.covered) == (True, False)


def test_switch_writes_the_new_timer_and_the_last_stop_to_the_person_state() -> None:
    assert decide_start(
        running(), SECOND_ENTRY, ORGANIZATION, DRAWN
    ).write_set.person_state == SetRunning(
        3,
        RunningTimer(
            NEW_TIMER,
            OTHER_ENTRY,
            NOW,
            NOW + LIMIT,
            sum_target=SUM_TARGET,
        ),
        last_stopped_at=NOW,
    )


@pytest.mark.parametrize(
    ("running_for", "tracked", "reason"),
    [
        pytest.param(0, 0, StopReason.SUPERSEDED, id="started this second"),
        pytest.param(LIMIT - 1, LIMIT - 1, StopReason.SUPERSEDED, id="before its limit"),
        pytest.param(LIMIT, LIMIT, StopReason.AUTO, id="at its limit"),
        pytest.param(LIMIT + 1, LIMIT, StopReason.AUTO, id="past its limit"),
        pytest.param(3 * DAY, LIMIT, StopReason.AUTO, id="running for days"),
    ],
)
def test_switch_at_or_past_the_limit_stops_the_old_timer_at_its_limit(
    running_for: int, tracked: int, reason: StopReason
) -> None:
    started_at = NOW - running_for
    started = decide_start(running(started_at), SECOND_ENTRY, ORGANIZATION, DRAWN)
    stopped_at = started_at + tracked
    assert started.timer.started_at == NOW
    assert started.write_set.stop_timer == stop_of_old_timer(stopped_at, reason, started_at)
    assert started.write_set.entries[0] == TimeEntryUpdate(ENTRY, seconds=tracked, ends=stopped_at)
    assert started.write_set.person_state is not None
    assert started.write_set.person_state.last_stopped_at == stopped_at


def test_switch_past_the_limit_is_counted_and_listed_at_the_stop_of_the_old_timer() -> None:
    days = decide_start(running(NOW - DAY), SECOND_ENTRY, ORGANIZATION, DRAWN).write_set.days
    assert days == (
        DayUpdate(TODAY - 1, {"e80": 1}, {TIMER: (NOW - DAY, NOW - DAY + LIMIT)}),
        DayUpdate(TODAY, {"s32": 1}, {NEW_TIMER: (NOW,)}),
    )


def test_switch_uses_the_limit_stored_with_the_old_timer() -> None:
    short = replace(ORGANIZATION, auto_stop_after=60)
    started = decide_start(running(), SECOND_ENTRY, short, DRAWN)
    assert started.write_set.stop_timer == stop_of_old_timer(NOW, StopReason.SUPERSEDED)


def test_backdated_switch_stops_the_old_timer_at_the_same_past_time() -> None:
    started = decide_start(running(), SECOND_ENTRY, ORGANIZATION, DRAWN, NOW - 600)
    assert started.timer.started_at == NOW - 600
    assert started.write_set.stop_timer == stop_of_old_timer(NOW - 600, StopReason.SUPERSEDED)
    assert started.adjusted == ()


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
    assert started.adjusted == (() if requested in (None, NOW + 5) else ADJUSTED)


def test_switch_never_stops_the_old_timer_before_its_start() -> None:
    write_set = decide_start(running(NOW + 5), SECOND_ENTRY, ORGANIZATION, DRAWN).write_set
    assert write_set.stop_timer == stop_of_old_timer(NOW + 5, StopReason.SUPERSEDED, NOW + 5)
    assert write_set.entries[0] == TimeEntryUpdate(ENTRY, seconds=0, ends=NOW + 5)


@pytest.mark.parametrize("seconds_ahead", [1, 120, 121, DAY - 1, DAY])
def test_start_up_to_a_day_in_the_future_counts_as_now(seconds_ahead: int) -> None:
    started = decide_start(idle(), entry(), ORGANIZATION, DRAWN, NOW + seconds_ahead)
    assert (started.timer.started_at, started.adjusted) == (NOW, ADJUSTED)


@pytest.mark.parametrize("requested", [None, NOW])
def test_start_now_is_not_adjusted(requested: int | None) -> None:
    started = decide_start(idle(), entry(), ORGANIZATION, DRAWN, requested)
    assert (started.timer.started_at, started.adjusted) == (NOW, ())


@pytest.mark.parametrize("seconds_ago", [1, 121, DAY, MONTH - 1, MONTH])
def test_start_up_to_31_days_ago_is_accepted_unchanged(seconds_ago: int) -> None:
    started = decide_start(idle(), entry(), ORGANIZATION, DRAWN, NOW - seconds_ago)
    assert (started.timer.started_at, started.timer.auto_stop_at) == (
        NOW - seconds_ago,
        NOW - seconds_ago + LIMIT,
    )
    assert started.adjusted == ()


@pytest.mark.parametrize("requested", [NOW + DAY + 1, NOW + MONTH, NOW - MONTH - 1, 0])
def test_start_too_far_in_the_future_or_the_past_is_rejected(requested: int) -> None:
    with pytest.raises(InvalidAttribute) as error:
        decide_start(idle(), entry(), ORGANIZATION, DRAWN, requested)
    assert error.value.code == "invalid_attribute"
    assert error.value.source == {"pointer": "data/attributes/started_at"}


NINE = NOW - HOUR
LAST = 10


def stopped_at_nine(**fields: object) -> Timer:
    return timer(**{"id": LAST, "started_at": NINE - HOUR, "stopped_at": NINE, **fields})


def days_until_now(start: int, *sessions: Timer) -> tuple[DaySessions, ...]:
    return days_with(days_between(start, NOW), *sessions)


BUSY_UNTIL_NINE = pytest.mark.parametrize(
    ("state", "session"),
    [
        pytest.param(idle(last_stopped_at=NINE), stopped_at_nine(), id="a session ended at nine"),
        pytest.param(
            idle(last_stopped_at=NOW),
            stopped_at_nine(),
            id="a session ended at nine, a later one was deleted",
        ),
        pytest.param(running(NINE), timer(started_at=NINE), id="the running timer started at nine"),
        pytest.param(
            replace(running(NINE), last_stopped_at=NINE - HOUR),
            timer(started_at=NINE),
            id="the running timer started after the last session",
        ),
        pytest.param(
            replace(running(NINE), last_stopped_at=NOW),
            timer(started_at=NINE),
            id="the running timer had stopped and runs on",
        ),
    ],
)


@BUSY_UNTIL_NINE
@pytest.mark.parametrize("seconds_late", [0, 60])
def test_start_at_the_end_of_the_last_session_does_not_overlap(
    state: PersonState, session: Timer, seconds_late: int
) -> None:
    start = NINE + seconds_late
    days = days_until_now(start, session)
    started = decide_start(state, SECOND_ENTRY, ORGANIZATION, DRAWN, start, days=days)
    assert (started.timer.started_at, started.adjusted) == (start, ())


@BUSY_UNTIL_NINE
@pytest.mark.parametrize("seconds_early", [1, HOUR, MONTH - HOUR])
def test_start_before_the_end_of_the_last_session_overlaps(
    state: PersonState, session: Timer, seconds_early: int
) -> None:
    start = NINE - seconds_early
    days = days_until_now(start, session)
    with pytest.raises(OverlapsSession) as error:
        decide_start(state, SECOND_ENTRY, ORGANIZATION, DRAWN, start, days=days)
    assert error.value.code == "overlaps_session"
    assert error.value.source == {"pointer": "data/attributes/started_at"}
    assert error.value.meta == {
        "conflicting_timer_id": str(session.id),
        "earliest_started_at": "2026-03-02T08:00:00.000+01:00",
    }


def test_start_between_two_sessions_overlaps_the_later_one() -> None:
    later = timer(id=LAST + 1, started_at=NINE + 600, stopped_at=NINE + 1200)
    days = days_until_now(NINE, stopped_at_nine(), later)
    with pytest.raises(OverlapsSession) as error:
        decide_start(
            idle(last_stopped_at=NINE + 1200), entry(), ORGANIZATION, DRAWN, NINE, days=days
        )
    assert error.value.meta == {
        "conflicting_timer_id": str(LAST + 1),
        "earliest_started_at": "2026-03-02T08:20:00.000+01:00",
    }


def test_start_after_a_deleted_session_is_accepted() -> None:
    state = idle(version=4, last_stopped_at=NOW)
    started = decide_start(
        state, entry(), ORGANIZATION, DRAWN, NINE - DAY, days=days_until_now(NINE - DAY)
    )
    assert started.timer.started_at == NINE - DAY
    # The person state still says that a session may end at this time.
    person_state = started.write_set.person_state
    assert person_state == SetRunning(
        4,
        RunningTimer(
            NEW_TIMER,
            ENTRY,
            NINE - DAY,
            NINE - DAY + LIMIT,
            sum_target=SUM_TARGET,
        ),
        last_stopped_at=NOW,
    )


def test_start_after_a_deleted_session_requires_that_the_days_are_unchanged() -> None:
    start = NINE - DAY
    days = days_until_now(start, stopped_at_nine(started_at=start - HOUR, stopped_at=start))
    started = decide_start(
        idle(last_stopped_at=NOW), entry(), ORGANIZATION, DRAWN, start, days=days
    )
    assert started.write_set.days == (
        DayUpdate(TODAY - 1, {"s28": 1}, {NEW_TIMER: (start,)}, version=2),
        DayUpdate(TODAY, {}, {}, version=1),
    )


@pytest.mark.parametrize("requested", [None, NINE, NOW, NOW + 60])
def test_start_after_all_sessions_does_not_rely_on_the_days(requested: int | None) -> None:
    days = days_until_now(NINE, stopped_at_nine())
    state = idle(last_stopped_at=NINE)
    started = decide_start(state, entry(), ORGANIZATION, DRAWN, requested, days=days)
    assert [day.version for day in started.write_set.days] == [None]


def test_start_before_the_last_stop_is_refused_until_the_days_list_all_sessions() -> None:
    state = idle(last_stopped_at=NINE, lists_sessions=False)
    with pytest.raises(OverlapsSession) as error:
        decide_start(state, entry(), ORGANIZATION, DRAWN, NINE - 1, days=days_until_now(NINE - 1))
    assert error.value.meta == {"earliest_started_at": "2026-03-02T08:00:00.000+01:00"}
    assert decide_start(state, entry(), ORGANIZATION, DRAWN, NINE).timer.started_at == NINE


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
    state, days = idle(last_stopped_at=NINE), days_until_now(NINE - 1, stopped_at_nine())
    with pytest.raises(OverlapsSession) as error:
        decide_start(state, SECOND_ENTRY, organization, DRAWN, NINE - 1, days=days)
    assert error.value.meta == {
        "conflicting_timer_id": str(LAST),
        "earliest_started_at": earliest,
    }
    assert earliest in str(error.value.detail)


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
    assert (new_entry.made_by_timer_id, new_entry.covered_to) == (NEW_TIMER, None)


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
    details = EntryDetails(creator_id=creator_id)
    write_set = decide_start(idle(), SERVICE, ORGANIZATION, DRAWN, details=details).write_set
    assert write_set.new_entry is not None
    assert (write_set.new_entry.person_id, write_set.new_entry.creator_id) == (PERSON, expected)


def test_note_is_for_a_new_entry() -> None:
    details = EntryDetails(note="by train")
    new = decide_start(idle(), SERVICE, ORGANIZATION, DRAWN, details=details).write_set
    assert new.new_entry is not None
    assert new.new_entry.note == "by train"
    existing = decide_start(idle(), entry(note="n"), ORGANIZATION, DRAWN, details=details)
    assert existing.write_set == decide_start(idle(), entry(), ORGANIZATION, DRAWN).write_set


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
