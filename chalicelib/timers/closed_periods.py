"""Which starts, edits and deletions of sessions a closed period refuses. Pure.

A session changes its time entry too, so neither may be in the period. A running timer can always be
stopped. Contract section 10a, decision 0033.
"""

from chalicelib.core.timestamps import local_date
from chalicelib.organizations.model import Organization
from chalicelib.organizations.periods import require_open_date, require_open_start
from chalicelib.people.model import Person
from chalicelib.services.model import Service
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.limits import person_zone
from chalicelib.timers.model import Timer


def require_open_work(
    organization: Organization, started_at: int, work: TimeEntry | Service, worker: Person | None
) -> None:
    """Require that a new session, and the time entry that it is on, are not in the closed period.

    Raises :class:`PeriodClosed`.

    :param started_at: the timestamp of its start.
    :param work: a time entry, or the service of a new one, dated at the start.
    :param worker: whose time zone gives the date of a new time entry.
    """
    if organization.closed_until is None:
        return
    require_open_start(organization, started_at)
    if isinstance(work, TimeEntry):
        require_open_date(organization, work.date, "time_entry")
    else:
        date = local_date(started_at, person_zone(organization, worker))
        require_open_date(organization, date, "started_at")


def require_open_session(organization: Organization, timer: Timer, entry: TimeEntry) -> None:
    """Require that a session and its time entry are not in the closed period.

    Raises :class:`PeriodClosed`.
    """
    require_open_start(organization, timer.started_at, timer.id)
    require_open_date(organization, entry.date, "time_entry")


def require_open_edit(
    organization: Organization,
    timer: Timer,
    after: Timer,
    entry: TimeEntry,
    new_entry: TimeEntry | None,
) -> None:
    """Require that a session is not in the closed period, before and after an edit.

    Raises :class:`PeriodClosed`.

    :param new_entry: the time entry to which it moves; None: it stays.
    """
    if _is_stop(timer, after):
        return
    require_open_session(organization, timer, entry)
    require_open_session(organization, after, new_entry or entry)


def _is_stop(timer: Timer, after: Timer) -> bool:
    is_stopped = timer.stopped_at is None and after.stopped_at is not None
    same = (timer.started_at, timer.time_entry_id) == (after.started_at, after.time_entry_id)
    return is_stopped and same
