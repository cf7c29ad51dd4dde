"""Read the times and dates that people type."""

import re
from datetime import UTC, date, datetime, timedelta

import click

_TIME = re.compile(
    r"(?:(?P<day>yesterday|today|\d{4}-\d\d-\d\d)[ T])?(?P<time>\d{1,2}:\d\d(:\d\d)?)"
)
_FORMS = "9:30, 'yesterday 17:00', '2026-10-31 9:30', or a time with an offset"
_MAX_AHEAD = timedelta(minutes=1)


def to_time(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    """Return the time of an option, with an offset. A time of day alone is today's.

    :raises BadParameter: if it is no time, or has not come yet.
    """
    if value is None:
        return None
    time = read_local_time(value.strip(), datetime.now(UTC).astimezone().date())
    if time is None:
        raise click.BadParameter(f"{value!r} is not a time. Use {_FORMS}.")
    if time > datetime.now(UTC) + _MAX_AHEAD:
        raise click.BadParameter(
            f"{value} has not come yet. For a time of yesterday: 'yesterday 17:00'."
        )
    return time


def to_date(_: click.Context, __: click.Parameter, value: str | None) -> date | None:
    """Return the date of an option.

    :raises BadParameter: if it is none.
    """
    try:
        return None if value is None else date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is not a date. Use a date such as 2026-10-31."
        ) from None


def to_month(_: click.Context, __: click.Parameter, value: str | None) -> date | None:
    """Return the first day of the month of an option.

    :raises BadParameter: if it is no month.
    """
    try:
        return None if value is None else date.fromisoformat(f"{value}-01")
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is not a month. Use a month such as 2026-10."
        ) from None


def read_local_time(text: str, today: date) -> datetime | None:
    """Return the time that a person means; None: it is none.

    :param today: the date on this computer's clock.
    """
    match = _TIME.fullmatch(text)
    try:
        if match is None:
            time = datetime.fromisoformat(text)
            return time if time.tzinfo else None
        day = _day(match["day"], today)
        clock = match["time"] if match["time"][1] != ":" else f"0{match['time']}"
        return datetime.fromisoformat(f"{day}T{clock}").astimezone()
    except (ValueError, OverflowError):
        return None


def _day(text: str | None, today: date) -> date:
    if text in (None, "today"):
        return today
    if text == "yesterday":
        return today - timedelta(days=1)
    return date.fromisoformat(str(text))


def last_day(month: date) -> date:
    """Return the last day of a month."""
    return (month.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
