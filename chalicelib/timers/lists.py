"""Lists of timers: pages by number, cursor pages, and running timers."""

from collections.abc import Sequence

from pynamodb.connection import Connection

from chalicelib.core.errors import QueryTooBroad
from chalicelib.core.lists import CursorPage, Page, TimeFilter
from chalicelib.counters.model import CounterScope, Listed
from chalicelib.counters.offset_pages import exact_index_query, read_page
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import batch_get
from chalicelib.dynamodb.cursor_pages import filtered_page, page_after_position, page_of_rows
from chalicelib.dynamodb.database import Database
from chalicelib.dynamodb.index_query import index_query
from chalicelib.dynamodb.items import key_of, read_item
from chalicelib.dynamodb.query_planner import (
    BY_TIME_ENTRY,
    MAX_INDEX_PAGES,
    QueryPlan,
    alternative_plan,
    narrowing_filter,
    plan_timers,
    running_timer_person_id,
)
from chalicelib.organizations.model import Organization
from chalicelib.organizations.periods import is_closed_date, is_closed_start
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.model import PersonState, Timer, TimerQuery, TimerSort


def page(connection: Connection, query: TimerQuery) -> Page[Timer]:
    """A page of a list by its number, and the list's total.

    Raises :class:`QueryTooBroad` if no index serves the query and five index pages of 1 MB do not
    contain all rows to check.
    """
    if (person_id := running_timer_person_id(query)) is not None:
        timers = _running_timer(connection, query, person_id)
        return Page(timers if query.page == 1 else (), len(timers))
    plan = plan_timers(query)
    if plan is None:
        return Page((), 0)
    if plan.exact and plan.index != BY_TIME_ENTRY:
        # An exact plan is for one person, or for the organization.
        (person_id,) = query.person_ids or (None,)
        scope = CounterScope(Listed.TIMERS, query.organization_id, person_id)
        return read_page(connection, query, plan, scope)
    return _read_all(connection, query, alternative_plan(query) or plan, narrowing_filter(plan))


def cursor_page(
    connection: Connection, query: TimerQuery, after: str | None, size: int
) -> CursorPage[Timer]:
    """Up to ``size`` timers after a position; None: from the beginning.

    One call if an index serves the query. Two parallel calls come before it if timers of a person
    or a time entry are filtered by their stops. Otherwise at most five calls, of 1 MB each. Raises
    ``InvalidPosition``.
    """
    if after is not None:
        # An invalid position is an error in every list.
        keys.record_id_in(after)
    if (person_id := running_timer_person_id(query)) is not None:
        return CursorPage(() if after else _running_timer(connection, query, person_id), None)
    plan = plan_timers(query)
    if plan is None:
        return CursorPage((), None)
    if plan.exact:
        return _exact_page(connection, query, plan, after, size)
    alternative = alternative_plan(query)
    if alternative is not None and alternative.begin == keys.timestamp_prefix(keys.NEVER):
        # The running timers of an organization: at most one per person.
        return _sorted_page(connection, query, alternative, after, size)
    return filtered_page(index_query(connection, plan, query.descending), query, after, size)


def running_timers_in_period(database: Database, organization: Organization) -> Sequence[Timer]:
    """The running timers that started in the closed period, or run on a time entry of it.

    The stop of such a timer changes the period. One call for each MB of running timers, one for
    each 100 time entries, and one if there are such timers. The index can miss a timer that started
    a moment ago.
    """
    query = TimerQuery(
        organization.id, stopped_at=TimeFilter(None), sort=TimerSort.STOPPED_AT, descending=True
    )
    plan = plan_timers(query)
    if plan is None:
        raise AssertionError("an organization has an index of its running timers")
    running, _ = index_query(database.connection, plan, query.descending).matching(query.matches)
    entries = database.get_many(
        organization.id,
        [
            (TimeEntry, timer.time_entry_id)
            for timer in running
            if not is_closed_start(organization, timer.started_at)
        ],
        include_deleted=True,
    )

    def is_in_period(timer: Timer) -> bool:
        if is_closed_start(organization, timer.started_at):
            return True
        entry = entries.get(TimeEntry, timer.time_entry_id)
        return entry is not None and is_closed_date(organization, entry.date)

    # The index can still have timers that have just stopped: the table says which of them run.
    ids = [timer.id for timer in running if is_in_period(timer)]
    current = database.get_many(organization.id, [(Timer, timer_id) for timer_id in ids])
    timers = (current.get(Timer, timer_id) for timer_id in sorted(ids))
    return [timer for timer in timers if timer is not None and timer.stopped_at is None]


def _running_timer(connection: Connection, query: TimerQuery, person_id: int) -> Sequence[Timer]:
    """A person's running timer, if it matches. The person's state is never behind, as an index."""
    organization_id = query.organization_id
    key = key_of(PersonState, organization_id, person_id)
    item = batch_get(connection, [key]).get(key)
    state = read_item(PersonState, organization_id, person_id, item)
    timer = None if state is None else state.timer
    return [timer] if timer is not None and query.matches(timer) else []


def _exact_page(
    connection: Connection, query: TimerQuery, plan: QueryPlan, after: str | None, size: int
) -> CursorPage[Timer]:
    timers = exact_index_query(connection, query, plan)
    if timers is None:
        return CursorPage((), None)
    # One more row shows whether there is a next page. So the last page is never empty.
    rows, position = timers.page(after, size + 1)
    return page_of_rows(rows, position, size)


def _sorted_page(
    connection: Connection, query: TimerQuery, plan: QueryPlan, after: str | None, size: int
) -> CursorPage[Timer]:
    timers, _ = index_query(connection, plan, query.descending).matching(query.matches)
    rows = [(_position_of(query, timer), timer) for timer in _sorted(query, timers)]
    return page_after_position(rows, query, after, size)


def _read_all(
    connection: Connection, query: TimerQuery, plan: QueryPlan, narrowing_parameter: str
) -> Page[Timer]:
    """A page of a list that is read and checked as a whole."""
    max_pages = None if plan.exact else MAX_INDEX_PAGES
    timers, is_complete = index_query(connection, plan, query.descending).matching(
        query.matches, max_pages
    )
    if not is_complete:
        raise QueryTooBroad(f"filter[{narrowing_parameter}]")
    if not plan.ordered:
        timers = _sorted(query, timers)
    first = (query.page - 1) * query.page_size
    return Page(timers[first : first + query.page_size], len(timers))


def _sorted(query: TimerQuery, timers: Sequence[Timer]) -> list[Timer]:
    return sorted(timers, key=lambda timer: _position_of(query, timer), reverse=query.descending)


def _position_of(query: TimerQuery, timer: Timer) -> str:
    start, stop = timer.started_at, timer.stopped_at
    if query.sort is TimerSort.STARTED_AT:
        return keys.started_key(start, stop, timer.id, is_edited=timer.edited)
    return keys.timestamp_key(stop, timer.id)
