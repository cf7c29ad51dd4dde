"""Tests of ``limits_of`` and ``next_time_of_day``: contract section 9."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.core.time_zones import ZoneInfo
from chalicelib.core.timestamps import format_timestamp, parse_timestamp
from chalicelib.organizations.model import Organization
from chalicelib.people.model import Person, Role
from chalicelib.timers.limits import Limits, limits_of, next_time_of_day
from chalicelib.timers.rules import EntryDetails, decide_start
from tests.support.builders import DRAWN, LIMIT, NOW, ORGANIZATION, PERSON, SERVICE, idle, running
from tests.support.clock import DAY, HOUR, MINUTE

WORKER = Person(PERSON, ORGANIZATION.id, "Iva", "Babić", "iva@example.com", Role.MEMBER, 0)
UNTIL_SEVEN = replace(ORGANIZATION, auto_stop_at_time="19:00")

# Since 1975, no offset has seconds, so clocks show whole minutes at whole minutes.
timestamps = st.integers(157_766_400, 2_145_916_800)
zones = st.timezone_keys(allow_prefix=False).map(ZoneInfo)
times_of_day = st.times().map(lambda time: time.strftime("%H:%M"))
changes_of_clocks = st.sampled_from(
    [
        ("Europe/Zagreb", "2026-03-29T01:00:00Z"),
        ("Europe/Zagreb", "2026-10-25T01:00:00Z"),
        ("America/St_Johns", "2010-11-07T02:31:00Z"),
        ("Africa/Cairo", "2024-04-25T22:00:00Z"),
        ("America/Sao_Paulo", "2018-11-04T03:00:00Z"),
        ("America/Sao_Paulo", "2019-02-17T02:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
        ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    ]
)


def shown(timestamp: int, zone: ZoneInfo) -> str:
    """The time of day that clocks in a zone show, to the second."""
    return datetime.fromtimestamp(timestamp, zone).strftime("%H:%M:%S")


def is_skipped(timestamp: int, zone: ZoneInfo) -> bool:
    """Whether clocks went forward during the day before."""
    before, after = (
        datetime.fromtimestamp(moment, zone).utcoffset() for moment in (timestamp - DAY, timestamp)
    )
    assert before is not None
    assert after is not None
    return after > before


@pytest.mark.parametrize(
    ("zone", "after", "time_of_day", "expected"),
    [
        ("Europe/Zagreb", "2026-03-02T09:00:00+01:00", "19:00", "2026-03-02T19:00:00.000+01:00"),
        ("Europe/Zagreb", "2026-03-02T18:59:59+01:00", "19:00", "2026-03-02T19:00:00.000+01:00"),
        # A timer that starts at this time of day runs until it comes again.
        ("Europe/Zagreb", "2026-03-02T19:00:00+01:00", "19:00", "2026-03-03T19:00:00.000+01:00"),
        ("Europe/Zagreb", "2026-03-02T22:00:00+01:00", "00:00", "2026-03-03T00:00:00.000+01:00"),
        ("Asia/Kathmandu", "2026-03-02T09:00:00Z", "19:00", "2026-03-02T19:00:00.000+05:45"),
        # Clocks go forward: 23 hours until the next 19:00. A skipped time counts an hour later.
        ("Europe/Zagreb", "2026-03-28T19:00:00+01:00", "19:00", "2026-03-29T19:00:00.000+02:00"),
        ("Europe/Zagreb", "2026-03-28T22:00:00+01:00", "02:30", "2026-03-29T03:30:00.000+02:00"),
        ("Africa/Cairo", "2024-04-25T20:00:00+02:00", "00:00", "2024-04-26T01:00:00.000+03:00"),
        # Clocks go back: the first of the two counts, then the second.
        ("Europe/Zagreb", "2026-10-24T22:00:00+02:00", "02:30", "2026-10-25T02:30:00.000+02:00"),
        ("Europe/Zagreb", "2026-10-25T02:30:00+02:00", "02:30", "2026-10-25T02:30:00.000+01:00"),
        ("Europe/Zagreb", "2026-10-25T02:30:00+01:00", "02:30", "2026-10-26T02:30:00.000+01:00"),
        # Clocks go back over midnight: the end of the day before comes again.
        ("America/St_Johns", "2010-11-07T02:30:30Z", "23:30", "2010-11-06T23:30:00.000-03:30"),
        # A whole day is skipped.
        ("Pacific/Apia", "2011-12-29T20:00:00-10:00", "19:00", "2011-12-31T19:00:00.000+14:00"),
    ],
)
def test_next_time_of_day(zone: str, after: str, time_of_day: str, expected: str) -> None:
    timestamp = next_time_of_day(parse_timestamp(after), time_of_day, ZoneInfo(zone))
    assert format_timestamp(timestamp, ZoneInfo(zone)) == expected


@given(timestamps, times_of_day, zones)
def test_next_time_of_day_is_the_first_after_the_start(
    after: int, time_of_day: str, zone: ZoneInfo
) -> None:
    _check_next(after, time_of_day, zone)


@given(changes_of_clocks, st.integers(-2 * DAY, DAY), times_of_day)
def test_next_time_of_day_is_the_first_around_a_change_of_clocks(
    change: tuple[str, str], offset: int, time_of_day: str
) -> None:
    name, moment = change
    _check_next(parse_timestamp(moment) + offset, time_of_day, ZoneInfo(name))


def _check_next(after: int, time_of_day: str, zone: ZoneInfo) -> None:
    end = next_time_of_day(after, time_of_day, zone)
    assert after < end
    if shown(end, zone) != f"{time_of_day}:00":
        assert is_skipped(end, zone)
    first_minute = after - after % MINUTE + MINUTE
    between = range(first_minute, end, MINUTE)
    assert not [moment for moment in between if shown(moment, zone) == f"{time_of_day}:00"]


def test_limits_without_settings_are_the_time_after_the_start() -> None:
    assert limits_of(NOW, ORGANIZATION, None) == Limits(NOW + LIMIT, None)
    assert limits_of(NOW, ORGANIZATION, WORKER) == Limits(NOW + LIMIT, None)


@pytest.mark.parametrize(
    ("own_time", "own_zone", "hours"),
    [
        (None, None, 10),
        ("17:00", None, 8),
        (None, "Europe/Lisbon", 11),
        ("17:00", "Europe/Lisbon", 9),
        # The earlier limit holds.
        ("23:00", None, 12),
    ],
)
def test_time_and_zone_of_the_person_come_before_those_of_the_organization(
    own_time: str | None, own_zone: str | None, hours: int
) -> None:
    worker = replace(WORKER, auto_stop_at_time=own_time, time_zone=own_zone)
    assert limits_of(NOW, UNTIL_SEVEN, worker).auto_stop_at == NOW + hours * HOUR


def test_time_of_the_person_applies_without_one_of_the_organization() -> None:
    worker = replace(WORKER, auto_stop_at_time="17:00")
    assert limits_of(NOW, ORGANIZATION, worker).auto_stop_at == NOW + 8 * HOUR


@pytest.mark.parametrize(
    ("minutes", "remind_at"),
    [
        (1, NOW + MINUTE),
        (8 * 60, NOW + 8 * HOUR),
        (10 * 60 - 1, NOW + 10 * HOUR - MINUTE),
        # A timer that stops by then is not reminded.
        (10 * 60, None),
        (11 * 60, None),
    ],
)
def test_reminder_comes_only_before_the_auto_stop(minutes: int, remind_at: int | None) -> None:
    organization = replace(UNTIL_SEVEN, remind_after=minutes)
    assert limits_of(NOW, organization, WORKER) == Limits(NOW + 10 * HOUR, remind_at)


@given(
    timestamps,
    st.builds(
        Organization,
        st.just(1),
        st.just("Studio"),
        st.timezone_keys(allow_prefix=False),
        st.integers(300, 604_800),
        st.none() | times_of_day,
        st.none() | st.integers(1, 10_080),
    ),
    st.none() | times_of_day,
    st.none() | st.timezone_keys(allow_prefix=False),
)
def test_limits_are_after_the_start_and_never_later_than_the_longest_time(
    start: int, organization: Organization, own_time: str | None, own_zone: str | None
) -> None:
    worker = replace(WORKER, auto_stop_at_time=own_time, time_zone=own_zone)
    limits = limits_of(start, organization, worker)
    assert start < limits.auto_stop_at <= start + organization.auto_stop_after
    assert limits.remind_at is None or start < limits.remind_at < limits.auto_stop_at


# Start and switch


def test_start_fixes_the_limits() -> None:
    organization = replace(UNTIL_SEVEN, remind_after=60)
    timer = decide_start(
        idle(), SERVICE, organization, DRAWN, details=EntryDetails(worker=WORKER)
    ).timer
    assert (timer.auto_stop_at, timer.remind_at) == (NOW + 10 * HOUR, NOW + HOUR)
    assert (timer.reminded_at, timer.due_at) == (None, NOW + HOUR)


def test_backdated_start_counts_from_its_start() -> None:
    start = NOW - 15 * HOUR
    timer = decide_start(idle(), SERVICE, UNTIL_SEVEN, DRAWN, start).timer
    assert timer.auto_stop_at == NOW - 14 * HOUR


def test_switch_past_a_time_of_day_ends_the_old_timer_there() -> None:
    started_at = NOW - 15 * HOUR
    limit = limits_of(started_at, UNTIL_SEVEN, None).auto_stop_at
    state = running(started_at, auto_stop_at=limit)
    stop = decide_start(state, SERVICE, UNTIL_SEVEN, DRAWN).write_set.stop_timer
    assert stop is not None
    assert (stop.timer.stopped_at, stop.timer.stop_reason) == (NOW - 14 * HOUR, "auto")


@pytest.mark.parametrize(
    ("own_zone", "date"),
    [(None, "2026-03-02"), ("Pacific/Kiritimati", "2026-03-02"), ("Pacific/Niue", "2026-03-01")],
)
def test_new_entry_has_the_date_in_the_zone_of_the_person(own_zone: str | None, date: str) -> None:
    worker = replace(WORKER, time_zone=own_zone)
    new_entry = decide_start(
        idle(), SERVICE, ORGANIZATION, DRAWN, details=EntryDetails(worker=worker)
    ).write_set.new_entry
    assert new_entry is not None
    assert new_entry.date == date
