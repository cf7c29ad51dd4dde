"""The limits of a timer, fixed at its start: its auto-stop and its reminder. Contract section 9."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from msgspec import Struct

from chalicelib.core.time_zones import ZoneInfo, zone_of
from chalicelib.core.timestamps import SECONDS_PER_MINUTE
from chalicelib.organizations.model import Organization
from chalicelib.people.model import Person


class Limits(Struct, frozen=True):
    """The limits of a timer, as timestamps.

    :param auto_stop_at: when the timer stops automatically.
    :param remind_at: when it counts as still running; None: never, or not before it stops.
    """

    auto_stop_at: int
    remind_at: int | None


def limits_of(start: int, organization: Organization, person: Person | None) -> Limits:
    """Return the limits of a timer that starts at the timestamp ``start``.

    ``person`` is the one who works; None: only the settings of the organization apply.
    """
    auto_stop_at = start + organization.auto_stop_after
    own_time = None if person is None else person.auto_stop_at_time
    time_of_day = own_time or organization.auto_stop_at_time
    if time_of_day is not None:
        next_time = next_time_of_day(start, time_of_day, person_zone(organization, person))
        auto_stop_at = min(auto_stop_at, next_time)
    remind_at = None
    if organization.remind_after is not None:
        remind_at = start + organization.remind_after * SECONDS_PER_MINUTE
    if remind_at is not None and remind_at >= auto_stop_at:
        remind_at = None
    return Limits(auto_stop_at, remind_at)


def person_zone(organization: Organization, person: Person | None) -> ZoneInfo:
    """Return the time zone of a person: their own, or else the organization's."""
    if person is None or person.time_zone is None:
        return organization.zone
    return zone_of(person.time_zone, organization.id)


def next_time_of_day(after: int, time_of_day: str, zone: ZoneInfo) -> int:
    """Return the first timestamp later than ``after`` at which clocks in ``zone`` show a time.

    ``time_of_day`` is like ``19:00``. When clocks go back, a time comes twice, and both count. When
    clocks go forward, a skipped time counts with the UTC offset before the change, as in iCalendar
    (RFC 5545, section 3.3.5): 02:30 is then 03:30.
    """
    clock = time.fromisoformat(time_of_day)
    today = datetime.fromtimestamp(after, zone).date()
    # A change of clocks may repeat the end of the day before, or skip a whole day.
    days = (today + timedelta(days=days) for days in range(-1, 3))
    timestamps = (
        timestamp for day in days for timestamp in _timestamps(datetime.combine(day, clock, zone))
    )
    return min(timestamp for timestamp in timestamps if timestamp > after)


def _timestamps(local: datetime) -> Iterable[int]:
    """The timestamps of a local time: two if clocks show it twice, else one."""
    first, second = (int(local.replace(fold=fold).timestamp()) for fold in (0, 1))
    # Of a skipped time, the first is the later one.
    return (first, second) if first < second else (first,)
