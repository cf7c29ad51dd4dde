"""Timestamps, dates and minutes.

A timestamp is a whole number of seconds since 1970-01-01 UTC. Time zones matter only where a
person reads or enters a time. Contract section 2.
"""

import re
from datetime import date, datetime, timedelta, tzinfo

from msgspec import Struct

SECONDS_PER_MINUTE = 60
SECONDS_PER_DAY = 86_400
# Ten digits suffice until the year 2286, so zero-padded timestamps sort correctly as text.
MAX_TIMESTAMP = 9_999_999_998
FIRST_DATE = "0001-01-01"
LAST_DATE = "9999-12-31"
_AFTER_EVERY_DATE = "~"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DATE_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,9}))?"
    r"([Zz]|[+-][0-2]\d:?[0-5]\d)",
    re.ASCII,
)


class Span(Struct, frozen=True):
    """The timestamps from ``start`` up to, but not including, ``end``."""

    start: int
    end: int

    def __contains__(self, timestamp: int) -> bool:
        return self.start <= timestamp < self.end


def rounded_minutes(seconds: int) -> int:
    """Convert seconds to minutes, rounded half up: 89 seconds are 1 minute, 90 are 2."""
    return (seconds + SECONDS_PER_MINUTE // 2) // SECONDS_PER_MINUTE


def format_timestamp(timestamp: int, zone: tzinfo) -> str:
    """Format a timestamp as ``2025-08-02T01:21:26.000+02:00``, with the UTC offset of ``zone``."""
    return datetime.fromtimestamp(timestamp, zone).isoformat(timespec="milliseconds")


def parse_timestamp(text: str, clock_skew: int = 0) -> int:
    """Parse an ISO 8601 date-time with an offset or ``Z``; a fraction of a second is dropped.

    Raises ``ValueError`` for other texts, such as a date-time without an offset.

    :param clock_skew: seconds by which the clock that gave the time is ahead. They are subtracted
        first: such a clock may show a year that is out of range.
    """
    date_time, _ = _parse_date_time(text)
    return _seconds_since_epoch(date_time, clock_skew)


def parse_milliseconds(text: str) -> int:
    """Parse a date-time as :func:`parse_timestamp` does, to milliseconds since 1970-01-01 UTC.

    It is not limited to the range of timestamps. Raises ``ValueError`` for other texts.
    """
    date_time, fraction = _parse_date_time(text)
    milliseconds = int(fraction[:3].ljust(3, "0"))
    try:
        return (date_time - _EPOCH) // timedelta(milliseconds=1) + milliseconds
    except OverflowError as error:
        raise ValueError("The time is out of range.") from error


def parse_span(text: str, zone: tzinfo) -> Span:
    """Parse a date as the whole day in ``zone``, or a date-time as one second.

    Raises ``ValueError`` for other texts. Contract section 6.
    """
    if _DATE.fullmatch(text):
        return day_span(date.fromisoformat(text), zone)
    timestamp = parse_timestamp(text)
    return Span(timestamp, timestamp + 1)


def day_span(day: date, zone: tzinfo) -> Span:
    """Return the span of a day in ``zone``: usually 24 hours, 23 or 25 where clocks change."""
    if day == date.max:
        return Span(_midnight(day, zone), MAX_TIMESTAMP + 1)
    return Span(_midnight(day, zone), _midnight(day + timedelta(days=1), zone))


def local_date(timestamp: int, zone: tzinfo) -> str:
    """Return the local date (``YYYY-MM-DD``) in ``zone`` at a timestamp."""
    return datetime.fromtimestamp(timestamp, zone).date().isoformat()


def parse_date(text: str) -> str:
    """Return a valid date (``YYYY-MM-DD``) unchanged. Raises ``ValueError`` for other texts."""
    if not _DATE.fullmatch(text):
        raise ValueError("Use a date, such as 2025-08-02.")
    return date.fromisoformat(text).isoformat()


def next_date(day: str) -> str:
    """Return the next date; for the last possible date, a text that sorts after every date."""
    parsed = date.fromisoformat(day)
    return _AFTER_EVERY_DATE if parsed == date.max else (parsed + timedelta(days=1)).isoformat()


def previous_date(day: str) -> str:
    """Return the previous date; for the first possible date, the empty text, which sorts first."""
    parsed = date.fromisoformat(day)
    return "" if parsed == date.min else (parsed - timedelta(days=1)).isoformat()


def _parse_date_time(text: str) -> tuple[datetime, str]:
    """Return a date-time in whole seconds, and the digits of its fraction of a second."""
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError("Use a date-time with an offset, such as 2025-08-02T01:21:26+02:00.")
    day, time_of_day, fraction, offset = match.groups()
    iso_offset = "+00:00" if offset in "Zz" else offset
    return datetime.fromisoformat(f"{day}T{time_of_day}{iso_offset}"), fraction or ""


def _midnight(day: date, zone: tzinfo) -> int:
    # Where clocks skip midnight, fold=0 yields the time of the change: the first of the day.
    return _seconds_since_epoch(datetime(day.year, day.month, day.day, tzinfo=zone))


def _seconds_since_epoch(date_time: datetime, clock_skew: int = 0) -> int:
    # The difference is exact; timestamp() would use a float. The result is limited to the range of
    # the sort keys, which contains every session.
    try:
        seconds = (date_time - _EPOCH) // timedelta(seconds=1)
    except OverflowError as error:
        raise ValueError("The time is out of range.") from error
    return min(max(seconds - clock_skew, 0), MAX_TIMESTAMP)


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
