"""Property test: limits and reminders of a timer, with auto-stop runs at any times.

The expected stop comes from the contract, section 9: it is found minute by minute, on the clock of
the person.
"""

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.permissions import Caller
from chalicelib.core.time_zones import ZoneInfo
from chalicelib.people.model import Person, Role
from chalicelib.services.model import Service
from chalicelib.timers.auto_stop import AutoStop
from chalicelib.timers.model import StopReason, Timer
from chalicelib.timers.operations import StartCommand, StopCommand, Timers
from tests.properties.bounds import bounded
from tests.support.clock import HOUR, MINUTE, MONDAY_NINE, FakeClock
from tests.support.fixtures import ZAGREB, put_all
from tests.support.invariants import violations
from tests.support.tables import empty_tables

SERVICE = Service(1294, ZAGREB.id, "Design")
WORKER = Person(8784, ZAGREB.id, "Iva", "Babić", "iva@example.com", Role.MEMBER, MONDAY_NINE)


class Day(Struct, frozen=True):
    """Settings, a start, and when auto-stop runs and a stop follow.

    :param start: when the timer starts, rounded to minutes: the expected times are too.
    :param runs: minutes between the auto-stop runs.
    :param stop_before: the number of the run before which the person stops the timer; None: never.
    :param switch: whether another start stops it.
    """

    start: int
    limit_hours: int
    time_of_day: str | None
    own_time: str | None
    own_zone: str | None
    remind_after: int | None
    runs: list[int]
    stop_before: int | None
    switch: bool


# An ordinary Monday, 2026-03-28T20:00:00+01:00 and 2026-10-24T20:00:00+02:00.
starts = st.builds(
    lambda night, minutes: night + minutes * MINUTE,
    st.sampled_from([MONDAY_NINE, 1_774_724_400, 1_792_864_800]),
    st.integers(0, 10 * 60),
)
times_of_day = st.sampled_from(["00:00", "02:00", "02:30", "03:00", "19:00"])
days = st.builds(
    Day,
    starts,
    st.integers(1, 30),
    st.none() | times_of_day,
    st.none() | times_of_day,
    st.none() | st.sampled_from(["Europe/Lisbon", "America/St_Johns", "Asia/Kolkata"]),
    st.none() | st.integers(1, 20 * 60),
    st.lists(st.integers(1, 8 * 60), min_size=1, max_size=6),
    st.none() | st.integers(0, 5),
    st.booleans(),
)


def expected_limit(day: Day) -> int:
    """The first minute at which the timer must end."""
    zone = ZoneInfo(day.own_zone or ZAGREB.time_zone)
    time_of_day = day.own_time or day.time_of_day
    latest = day.start + day.limit_hours * HOUR
    for moment in range(day.start + MINUTE, latest, MINUTE):
        shown = datetime.fromtimestamp(moment, zone)
        # In the night in which clocks go from 02:00 to 03:00, 02:30 counts as 03:30.
        yesterday = datetime.fromtimestamp(moment - 24 * HOUR, zone)
        is_skipped = f"{yesterday:%H:%M}" == time_of_day and yesterday.utcoffset() != (
            shown.utcoffset()
        )
        skipped_on = shown.replace(hour=yesterday.hour, minute=yesterday.minute)
        exists = skipped_on.astimezone(ZoneInfo("UTC")).astimezone(zone).hour == yesterday.hour
        if f"{shown:%H:%M}" == time_of_day or (is_skipped and not exists):
            return moment
    return latest


def test_timer_ends_at_its_limit_and_is_reminded_at_most_once(
    dependencies: Dependencies, clock: FakeClock, connection: Connection
) -> None:
    @bounded(60)
    @given(days)
    def run(day: Day) -> None:
        empty_tables()
        person = replace(WORKER, time_zone=day.own_zone, auto_stop_at_time=day.own_time)
        organization = replace(
            ZAGREB,
            auto_stop_after=day.limit_hours * HOUR,
            auto_stop_at_time=day.time_of_day,
            remind_after=day.remind_after,
        )
        put_all(organization, person, SERVICE)
        caller = Caller(organization, WORKER.id, Role.MEMBER)
        timers, auto_stop = Timers(dependencies), AutoStop(dependencies)
        clock.timestamp = day.start
        start = StartCommand(service_id=SERVICE.id)
        timer_id = timers.start(caller, start).outcome.timer.id
        limit = expected_limit(day)
        stop, reason = None, None
        reminders = reminded = 0
        for number, minutes in enumerate(day.runs):
            clock.advance(minutes * MINUTE)
            now = int(clock.timestamp)
            if stop is None and number == day.stop_before:
                stop = now
                if day.switch:
                    timers.start(caller, start)
                    stop = min(now, limit)
                    reason = StopReason.AUTO if now >= limit else StopReason.SUPERSEDED
                else:
                    timers.stop(caller, StopCommand(timer_id))
            if stop is None and now >= limit:
                stop, reason = limit, StopReason.AUTO
            due = day.remind_after is not None and now >= day.start + day.remind_after * MINUTE
            if stop is None and due:
                reminders = 1
            auto_stop.run()
            timer = dependencies.database.get(Timer, ZAGREB.id, timer_id)
            assert timer is not None
            assert (timer.stopped_at, timer.stop_reason) == (stop, reason)
            reminded = int(timer.reminded_at is not None)
            assert reminded == reminders
        assert violations(connection) == []

    run()
