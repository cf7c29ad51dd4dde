"""The cells of export files: dates, times, durations and booleans, as each product writes them.

A parser raises ``ValueError`` with what is accepted.
"""

import re
from collections.abc import Iterable
from datetime import date, time
from enum import StrEnum

from chalicelib.core.timestamps import SECONDS_PER_MINUTE

_HOUR = 3600
_NOON = 12
_MAX_MONTH = 12
_CENTURY = 100
_DATE = re.compile(r"(\d{1,4})[-/. ]+(\d{1,2})[-/. ]+(\d{1,4})\.?", re.ASCII)
_YEAR_DIGITS = 4
_TIME = re.compile(
    r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?\s*(?:([ap])\.?\s*m\.?)?", re.IGNORECASE | re.ASCII
)
_CLOCK = re.compile(r"(\d{1,5}):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
_UNITS = re.compile(
    r"(?:(\d{1,5})\s*h)?\s*(?:(\d{1,5})\s*m(?:in)?)?\s*(?:(\d{1,5})\s*s)?", re.ASCII
)
_DECIMAL = re.compile(r"\d{1,6}(?:[.,]\d{1,9})?", re.ASCII)
_YES = frozenset({"yes", "true", "1", "y", "billable", "da", "ja", "oui", "si"})
_NO = frozenset({"no", "false", "0", "n", "non-billable", "ne", "nein", "non"})


class DateOrder(StrEnum):
    """The order of day, month and year in the dates of a file."""

    DMY = "dmy"
    MDY = "mdy"
    YMD = "ymd"


class UnknownDateOrder(ValueError):
    """The dates of a file do not show their order."""


def find_date_order(texts: Iterable[str]) -> DateOrder:
    """Return the order of the dates of a file, from all of them.

    A number above 12 cannot be a month. Dates that begin with a year of four digits say nothing:
    their order is known. Raises ``UnknownDateOrder`` if the dates show no order, or two of them.
    Invalid dates are ignored.
    """
    first_day = second_day = is_ambiguous = False
    for text in set(texts):
        match = _DATE.fullmatch(text)
        if match is None or len(match[1]) == _YEAR_DIGITS:
            continue
        first, second = int(match[1]), int(match[2])
        first_day |= first > _MAX_MONTH
        second_day |= second > _MAX_MONTH
        is_ambiguous |= first != second and max(first, second) <= _MAX_MONTH
    if first_day and second_day:
        raise UnknownDateOrder("some dates have the day first, and others the month")
    if is_ambiguous and not first_day and not second_day:
        raise UnknownDateOrder("the dates can be read with the day or the month first")
    return DateOrder.MDY if second_day else DateOrder.DMY


def parse_date(text: str, order: DateOrder) -> date:
    """Parse a date such as 03/04/2024, 4.3.2024, 2024-04-03, 03-04-24."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError("Use a date, such as 2024-04-03, 03/04/2024 or 03.04.2024.")
    first, second, third = (int(group) for group in match.groups())
    if len(match[1]) == _YEAR_DIGITS or order is DateOrder.YMD:
        year, month, day = first, second, third
    elif order is DateOrder.DMY:
        day, month, year = first, second, third
    else:
        month, day, year = first, second, third
    try:
        return date(year + 2000 if year < _CENTURY else year, month, day)
    except ValueError as error:
        raise ValueError(
            f"There is no such date with the order {order.value}. Check --date-order."
        ) from error


def parse_time(text: str) -> time:
    """Parse a time of day such as 10:23 AM, 22:23, 22:23:00."""
    match = _TIME.fullmatch(text)
    if match is not None:
        hour, minute, second = (int(group or 0) for group in match.groups()[:3])
        half = (match[4] or "").casefold()
        if not half or 1 <= hour <= _NOON:
            if half:
                hour = hour % _NOON + (_NOON if half == "p" else 0)
            try:
                return time(hour, minute, second)
            except ValueError:
                pass
    raise ValueError("Use a time of day, such as 22:23, 22:23:00 or 10:23 PM.")


def parse_duration(text: str) -> int:
    """Parse a duration such as 1:30:00, 1:30, 1h 30m, or hours such as 1.5 or 1,5: seconds."""
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        hours, minutes, seconds = (int(group or 0) for group in clock.groups())
        return hours * _HOUR + minutes * SECONDS_PER_MINUTE + seconds
    if _DECIMAL.fullmatch(text):
        whole, _, fraction = text.replace(",", ".").partition(".")
        # Of seconds, half up, without the error of a float.
        scale: int = 10 ** len(fraction)
        return (int(whole + fraction) * _HOUR * 2 + scale) // (2 * scale)
    units = _UNITS.fullmatch(text.casefold())
    if units is not None and any(units.groups()):
        hours, minutes, seconds = (int(group or 0) for group in units.groups())
        return hours * _HOUR + minutes * SECONDS_PER_MINUTE + seconds
    raise ValueError("Use a duration, such as 1:30:00, 1.5 or 1,5 (hours), or 1h 30m.")


def parse_seconds(text: str) -> int:
    """Parse a whole number of seconds."""
    if not (text.isascii() and text.isdecimal()):
        raise ValueError("Use a whole number.")
    return int(text)


def parse_minutes(text: str) -> int:
    """Parse a whole number of minutes: seconds."""
    return parse_seconds(text) * SECONDS_PER_MINUTE


def parse_boolean(text: str) -> bool:
    """Parse yes or no, in some of the languages of the products."""
    word = text.casefold()
    if word not in _YES | _NO:
        raise ValueError("Use yes or no.")
    return word in _YES
