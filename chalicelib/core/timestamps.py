"""Instants, days and minutes.

An instant is a whole number of seconds since 1970-01-01 UTC. Zones enter only where a person
reads or types a time. Contract section 2.
"""

import re
from datetime import date, datetime, timedelta, tzinfo

from chalicelib.dataclass import dataclass

SECONDS_PER_MINUTE = 60
SECONDS_PER_DAY = 86_400

# Ten digits hold every instant until the year 2286, so that zero-padded instants sort as text.
LAST_INSTANT = 9_999_999_998

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DATE_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}(?::\d{2})?)(?:[.,]\d{1,9})?([Zz]|[+-][0-2]\d:?[0-5]\d)",
    re.ASCII,
)


FIRST_DATE = "0001-01-01"
LAST_DATE = "9999-12-31"

_AFTER_ALL = "~"


@dataclass(frozen=True, slots=True)
class Span:
    """The instants from ``start`` up to, not including, ``end``."""

    start: int
    end: int

    def __contains__(self, instant: int) -> bool:
        return self.start <= instant < self.end


def whole_minutes(seconds: int) -> int:
    """Seconds as minutes, rounded half up: 89 seconds are 1 minute, 90 are 2."""
    return (seconds + SECONDS_PER_MINUTE // 2) // SECONDS_PER_MINUTE


def format_instant(instant: int, zone: tzinfo) -> str:
    """As ``2025-08-02T01:21:26.000+02:00``, with the offset that then holds in ``zone``."""
    return datetime.fromtimestamp(instant, zone).isoformat(timespec="milliseconds")


def parse_instant(text: str) -> int:
    """Read an ISO 8601 date-time with an offset or ``Z``; a fraction of a second is dropped.

    A date-time without an offset names no instant and is refused, as is anything else:
    ``ValueError``.
    """
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError("Use a date-time with an offset, such as 2025-08-02T01:21:26+02:00.")
    day, clock, offset = match.groups()
    moment = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if offset in 'Zz' else offset}")
    return _since_epoch(moment)


def parse_span(text: str, zone: tzinfo) -> Span:
    """A date means that whole day in ``zone``, a date-time that one second (contract section 6).

    Raises ``ValueError`` for anything else.
    """
    if _DATE.fullmatch(text):
        return day_span(date.fromisoformat(text), zone)
    instant = parse_instant(text)
    return Span(instant, instant + 1)


def day_span(day: date, zone: tzinfo) -> Span:
    """The 23, 24 or 25 hours that ``day`` has in ``zone``."""
    if day == date.max:
        return Span(_midnight(day, zone), LAST_INSTANT + 1)
    return Span(_midnight(day, zone), _midnight(day + timedelta(days=1), zone))


def local_date(instant: int, zone: tzinfo) -> str:
    """The date (``YYYY-MM-DD``) on the wall in ``zone`` at that instant."""
    return datetime.fromtimestamp(instant, zone).date().isoformat()


def parse_date(text: str) -> str:
    """A date of the calendar, as ``YYYY-MM-DD``. Raises ``ValueError`` for anything else."""
    if not _DATE.fullmatch(text):
        raise ValueError("Use a date, such as 2025-08-02.")
    return date.fromisoformat(text).isoformat()


def next_date(day: str) -> str:
    """The date after a date; after the calendar's last one, what sorts after every date."""
    parsed = date.fromisoformat(day)
    return _AFTER_ALL if parsed == date.max else (parsed + timedelta(days=1)).isoformat()


def previous_date(day: str) -> str:
    """The date before a date; before the calendar's first one, what sorts before every date."""
    parsed = date.fromisoformat(day)
    return "" if parsed == date.min else (parsed - timedelta(days=1)).isoformat()


def _midnight(day: date, zone: tzinfo) -> int:
    # Where clocks skip midnight, fold=0 makes this the moment of the skip: the day's first.
    return _since_epoch(datetime(day.year, day.month, day.day, tzinfo=zone))


def _since_epoch(moment: datetime) -> int:
    # The difference is exact where timestamp() would go through a float. Whatever a calendar can
    # name is pulled into the range that sort keys can hold; no session lies outside it.
    try:
        seconds = (moment - _EPOCH) // timedelta(seconds=1)
    except OverflowError as error:
        raise ValueError("The time is out of range.") from error
    return min(max(seconds, 0), LAST_INSTANT)


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
