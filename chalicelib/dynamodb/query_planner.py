"""Chooses the index of a query. Pure.

The query's time entry, person or organization determines the index. A filter of the time that the
index is sorted by limits the range of sort keys. The other filters are checked row by row.
"""

from msgspec import Struct

from chalicelib.core.lists import TimeFilter
from chalicelib.core.timestamps import Span, next_date
from chalicelib.dynamodb import keys
from chalicelib.time_entries.model import EARLIEST_DATE, LATEST_DATE, EntryQuery, EntrySort
from chalicelib.timers.model import TimerQuery, TimerSort

FIRST = keys.timestamp_prefix(0)
LAST = ":"
"""Sort before and after every sort key of a timestamp or a date."""

MAX_INDEX_PAGES = 5
"""Index pages of 1 MB that are read for a query without an exact plan."""

BY_PERSON = "by_person"
BY_TIME_ENTRY = "by_time_entry"
BY_STARTED = "by_organization_started"
BY_STOPPED = "by_organization_stopped"
BY_PERSON_DATE = "by_person_date"
BY_SERVICE_DATE = "by_service_date"
BY_ORGANIZATION_DATE = "by_organization_date"


class QueryPlan(Struct, frozen=True):
    """One query of an index.

    :param index: the name of the index.
    :param partition: the partition of the index.
    :param begin: the first sort key of the range.
    :param end: the first sort key after the range.
    :param exact: whether every row of the range matches; otherwise each row must be checked.
    :param stops: set for an exact plan of an index that is sorted by start: only timers that
        stopped in this span match. The first and the last row of the range may be one session
        outside the span, see ``counters/key_ranges.py``.
    :param ordered: whether the rows are in the order of the query.
    """

    index: str
    partition: str | int
    begin: str
    end: str
    exact: bool
    stops: Span | None = None
    ordered: bool = True


def plan_timers(query: TimerQuery) -> QueryPlan | None:
    """The plan of a query for timers, in the order of the query; None if no timer can match."""
    if query.person_ids == frozenset() or query.time_entry_ids == frozenset():
        return None
    if _is_empty(query.started_at) or _is_empty(query.stopped_at):
        return None
    index, partition = _scope(query)
    by_stop = index == BY_STOPPED
    begin, end = _range(query.stopped_at if by_stop else query.started_at)
    exact = _is_served(query, index)
    return QueryPlan(index, partition, begin, end, exact, _stops(query, index) if exact else None)


def alternative_plan(query: TimerQuery) -> QueryPlan | None:
    """A plan with the index of the filtered time, in another order; None where there is none.

    It applies to an organization's timers that are filtered by one time and sorted by the other.
    The timers that started on some days are few, compared with all that ever stopped.
    """
    plan = plan_timers(query)
    if plan is None or plan.exact:
        return None
    if plan.index == BY_STARTED and query.stopped_at is not None and query.started_at is None:
        begin, end = _range(query.stopped_at)
        return QueryPlan(BY_STOPPED, plan.partition, begin, end, exact=False, ordered=False)
    if plan.index == BY_STOPPED and query.started_at is not None and query.stopped_at is None:
        begin, end = _range(query.started_at)
        return QueryPlan(BY_STARTED, plan.partition, begin, end, exact=False, ordered=False)
    return None


def plan_time_entries(query: EntryQuery) -> QueryPlan:
    """The plan of a query for time entries. Rows are sorted by date.

    A query whose ``is_empty`` is true has no plan.
    """
    index, partition = _entry_scope(query)
    is_served = {
        BY_PERSON_DATE: query.service_ids is None,
        BY_SERVICE_DATE: query.person_ids is None,
        BY_ORGANIZATION_DATE: query.person_ids is None and query.service_ids is None,
    }
    exact = is_served[index] and query.ids is None and query.predicate is None
    # No time entry, and no counter, has a date outside the supported range.
    begin = FIRST if query.first_date <= EARLIEST_DATE else query.first_date
    end = LAST if query.last_date >= LATEST_DATE else next_date(query.last_date)
    return QueryPlan(index, partition, begin, end, exact, ordered=query.sort is EntrySort.DATE)


def running_timer_person_id(query: TimerQuery) -> int | None:
    """The person, if a query is for the running timer of one person: their state has it."""
    return _only(query.person_ids) if query.stopped_at == TimeFilter(None) else None


def narrowing_filter(plan: QueryPlan) -> str:
    """The filter that would narrow the range of a plan: a scope, or the sorted time."""
    if plan.index == BY_STOPPED:
        return "stopped_at"
    if plan.index == BY_STARTED:
        return "person_id" if plan.begin == FIRST else "started_at"
    return "started_at"


def _entry_scope(query: EntryQuery) -> tuple[str, str | int]:
    if (person_id := _only(query.person_ids)) is not None:
        return BY_PERSON_DATE, keys.scoped(query.organization_id, person_id)
    if (service_id := _only(query.service_ids)) is not None:
        return BY_SERVICE_DATE, keys.scoped(query.organization_id, service_id)
    return BY_ORGANIZATION_DATE, query.organization_id


def _is_empty(time: TimeFilter | None) -> bool:
    return time is not None and time.span is not None and time.span.start >= time.span.end


def _is_served(query: TimerQuery, index: str) -> bool:
    """Whether the index serves the query alone: one scope, and ranges of the sorted time."""
    other_scopes = {
        BY_TIME_ENTRY: (query.person_ids,),
        BY_PERSON: (query.time_entry_ids,),
    }.get(index, (query.person_ids, query.time_entry_ids))
    exclusions = (
        query.other_person_ids,
        query.other_time_entry_ids,
        query.started_outside,
        query.stopped_outside,
    )
    one_scope = other_scopes.count(None) == len(other_scopes)
    return one_scope and _times_are_served(query, index) and not any(exclusions)


def _times_are_served(query: TimerQuery, index: str) -> bool:
    if index == BY_STOPPED:
        return query.started_at is None
    if index == BY_STARTED:
        return query.stopped_at is None
    # The timers of a person or a time entry have the same order by start and by stop. The running
    # timer of a time entry is its last one: a range cannot find it.
    return query.stopped_at != TimeFilter(None)


def _stops(query: TimerQuery, index: str) -> Span | None:
    if index in (BY_STARTED, BY_STOPPED) or query.stopped_at is None:
        return None
    return query.stopped_at.span


def _scope(query: TimerQuery) -> tuple[str, str | int]:
    # The timers of a person or a time entry have the same order by start and by stop.
    if (entry_id := _only(query.time_entry_ids)) is not None:
        return BY_TIME_ENTRY, keys.scoped(query.organization_id, entry_id)
    if (person_id := _only(query.person_ids)) is not None:
        return BY_PERSON, keys.scoped(query.organization_id, person_id)
    if query.sort is TimerSort.STOPPED_AT:
        return BY_STOPPED, query.organization_id
    return BY_STARTED, query.organization_id


def _only(ids: frozenset[int] | None) -> int | None:
    """The id, if there is exactly one."""
    return next(iter(ids)) if ids is not None and len(ids) == 1 else None


def _range(time: TimeFilter | None) -> tuple[str, str]:
    if time is None:
        return FIRST, LAST
    if time.span is None:
        return keys.timestamp_prefix(keys.NEVER), LAST
    return keys.timestamp_prefix(time.span.start), keys.timestamp_prefix(time.span.end)
