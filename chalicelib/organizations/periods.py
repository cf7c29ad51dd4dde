"""Closed periods: time that nobody makes, changes or deletes; and closing them. Pure.

A time entry is in the closed period if its date is, a session if it starts in it, by the time zone
of the organization. Each operation that writes time calls one of these functions, with the
organization that the process remembers for up to 60 seconds. Contract section 10a, decision 0033.
"""

from msgspec.structs import replace

from chalicelib.core.errors import InvalidAttribute, PeriodClosed
from chalicelib.core.timestamps import local_date
from chalicelib.organizations.model import Organization

CLOSING_DELAY_SECONDS = 60
"""Within this time every process knows a new ``closed_until``: ``api_tokens/authentication.py``."""


def is_closed_date(organization: Organization, date: str) -> bool:
    """Whether a date (``YYYY-MM-DD``) is in the closed period."""
    return organization.closed_until is not None and date <= organization.closed_until


def is_closed_start(organization: Organization, started_at: int) -> bool:
    """Whether a session that starts at a timestamp is in the closed period."""
    if organization.closed_until is None:
        return False
    return is_closed_date(organization, local_date(started_at, organization.zone))


def require_open_date(organization: Organization, date: str, name: str = "date") -> None:
    """Require that the date of a time entry is not in the closed period.

    ``name`` is the attribute that the error points to. Raises :class:`PeriodClosed`.
    """
    if organization.closed_until is not None and is_closed_date(organization, date):
        raise PeriodClosed(name, organization.closed_until, f"The time entry is dated {date}.")


def require_open_start(
    organization: Organization, started_at: int, timer_id: int | None = None
) -> None:
    """Require that a session does not start in the closed period.

    ``timer_id`` is its timer; None: it is a new one. Raises :class:`PeriodClosed`.
    """
    if organization.closed_until is not None and is_closed_start(organization, started_at):
        session = "The session" if timer_id is None else f"Timer {timer_id}"
        dated = f"{session} starts on {local_date(started_at, organization.zone)}."
        raise PeriodClosed("started_at", organization.closed_until, dated)


def decide_closing(before: Organization, after: Organization, now: int) -> Organization:
    """The organization after a change, with the timestamp at which its closing is in force.

    Raises :class:`InvalidAttribute` for a new ``closed_until``, or a new time zone, with which
    today is closed: no timer could start.
    """
    is_unchanged = after.closed_until == before.closed_until
    if is_unchanged and after.time_zone == before.time_zone:
        return after
    today = local_date(now, after.zone)
    if after.closed_until is not None and after.closed_until >= today:
        if is_unchanged:
            detail = f"There it is {today}, and time up to {after.closed_until} is closed."
            raise InvalidAttribute("time_zone", detail)
        raise InvalidAttribute("closed_until", f"Use a date before today, which is {today}.")
    if is_unchanged:
        return after
    return replace(after, closed_effective_at=now + CLOSING_DELAY_SECONDS)


def closes_more(before: Organization, after: Organization) -> bool:
    """Whether a change closes dates that were open."""
    if after.closed_until is None:
        return False
    return before.closed_until is None or after.closed_until > before.closed_until
