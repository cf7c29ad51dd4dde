"""From a query to the index that serves it. Pure.

A scope (time entry, person or organization) picks the index; a time that the index is sorted by
narrows its range; what is left is checked row by row.
"""

from chalicelib.core.timestamps import Span, next_date
from chalicelib.dataclass import dataclass
from chalicelib.domain.queries import EntryQuery, EntrySort, TimeIs, TimerQuery, TimerSort
from chalicelib.dynamodb import keys
from chalicelib.time_entries.rules import EARLIEST_DATE, LATEST_DATE

FIRST = keys.begin(0)
LAST = ":"
"""Before and behind every "instant#id"."""

MOST_INDEX_PAGES = 5
"""Index pages of 1 MB that a query may take which no index serves."""

BY_PERSON = "by_person"
BY_TIME_ENTRY = "by_time_entry"
BY_STARTED = "by_organization_started"
BY_STOPPED = "by_organization_stopped"

BY_PERSON_DATE = "by_person_date"
BY_SERVICE_DATE = "by_service_date"
BY_ORGANIZATION_DATE = "by_organization_date"


@dataclass(frozen=True, slots=True)
class Plan:
    """One walk along an index: its name, the partition, and the range of sort keys.

    ``begin`` is the first sort key that counts, ``end`` the first that no longer does. Where
    ``exact``, everything in the range is meant; otherwise each row is to be checked.

    With ``stops``, an exact walk along an index that is sorted by start is to be narrowed to what
    stopped in that span: its first and last row may lie a session beside the span
    (``windows.py``). Where not ``ordered``, the rows come in another order than they are wanted.
    """

    index: str
    partition: str | int
    begin: str
    end: str
    exact: bool
    stops: Span | None = None
    ordered: bool = True


def plan(query: TimerQuery) -> Plan | None:
    """How to answer a query in its order; None where its answer is empty by itself."""
    if query.person_ids == frozenset() or query.time_entry_ids == frozenset():
        return None
    if _is_empty(query.started_at) or _is_empty(query.stopped_at):
        return None
    index, partition = _scope(query)
    by_stop = index == BY_STOPPED
    begin, end = _range(query.stopped_at if by_stop else query.started_at)
    exact = _is_served(query, index)
    return Plan(index, partition, begin, end, exact, _stops(query, index) if exact else None)


def detour(query: TimerQuery) -> Plan | None:
    """A range that holds all that an organization's query wants, in another order; if there is one.

    What was started on some days is little beside what was ever stopped, and the other way round.
    """
    steps = plan(query)
    if steps is None or steps.exact:
        return None
    if steps.index == BY_STARTED and query.stopped_at is not None and query.started_at is None:
        begin, end = _range(query.stopped_at)
        return Plan(BY_STOPPED, steps.partition, begin, end, exact=False, ordered=False)
    if steps.index == BY_STOPPED and query.started_at is not None and query.stopped_at is None:
        begin, end = _range(query.started_at)
        return Plan(BY_STARTED, steps.partition, begin, end, exact=False, ordered=False)
    return None


def entry_plan(query: EntryQuery) -> Plan:
    """How to answer a query for time entries that is not empty by itself.

    Where it wants them in another order than by date, the plan says all but the order.
    """
    index, partition = _entry_scope(query)
    served = {
        BY_PERSON_DATE: query.service_ids is None,
        BY_SERVICE_DATE: query.person_ids is None,
        BY_ORGANIZATION_DATE: query.person_ids is None and query.service_ids is None,
    }
    exact = served[index] and query.ids is None and query.meets is None
    # Beyond what dates an entry may have lies nothing: neither an entry nor a tally.
    begin = FIRST if query.first_date <= EARLIEST_DATE else query.first_date
    end = LAST if query.last_date >= LATEST_DATE else next_date(query.last_date)
    return Plan(index, partition, begin, end, exact, ordered=query.sort is EntrySort.DATE)


def asks_what_runs(query: TimerQuery) -> int | None:
    """The person of whom a query asks what runs, if it asks that: their slot has the answer."""
    return _only(query.person_ids) if query.stopped_at == TimeIs(None) else None


def narrowing_filter(steps: Plan) -> str:
    """The filter that would narrow what a plan reads: a scope, or a range of the sorted time."""
    if steps.index == BY_STOPPED:
        return "stopped_at"
    if steps.index == BY_STARTED:
        return "person_id" if steps.begin == FIRST else "started_at"
    return "started_at"


def _entry_scope(query: EntryQuery) -> tuple[str, str | int]:
    if (person_id := _only(query.person_ids)) is not None:
        return BY_PERSON_DATE, keys.scoped(query.organization_id, person_id)
    if (service_id := _only(query.service_ids)) is not None:
        return BY_SERVICE_DATE, keys.scoped(query.organization_id, service_id)
    return BY_ORGANIZATION_DATE, query.organization_id


def _is_empty(time: TimeIs | None) -> bool:
    return time is not None and time.span is not None and time.span.start >= time.span.end


def _is_served(query: TimerQuery, index: str) -> bool:
    """Whether the index says all: one scope, and ranges of what it is sorted by."""
    other_scopes = {
        BY_TIME_ENTRY: (query.person_ids,),
        BY_PERSON: (query.time_entry_ids,),
    }.get(index, (query.person_ids, query.time_entry_ids))
    refused = (
        query.other_person_ids,
        query.other_time_entry_ids,
        query.started_outside,
        query.stopped_outside,
    )
    one_scope = other_scopes.count(None) == len(other_scopes)
    return one_scope and _times_are_served(query, index) and not any(refused)


def _times_are_served(query: TimerQuery, index: str) -> bool:
    if index == BY_STOPPED:
        return query.started_at is None
    if index == BY_STARTED:
        return query.stopped_at is None
    # Within a person and within an entry, order by start is order by stop; but what runs of an
    # entry is its last timer, or none.
    return query.stopped_at != TimeIs(None)


def _stops(query: TimerQuery, index: str) -> Span | None:
    if index in (BY_STARTED, BY_STOPPED) or query.stopped_at is None:
        return None
    return query.stopped_at.span


def _scope(query: TimerQuery) -> tuple[str, str | int]:
    # Within one time entry and within one person, order by start is order by stop.
    if (entry_id := _only(query.time_entry_ids)) is not None:
        return BY_TIME_ENTRY, keys.scoped(query.organization_id, entry_id)
    if (person_id := _only(query.person_ids)) is not None:
        return BY_PERSON, keys.scoped(query.organization_id, person_id)
    if query.sort is TimerSort.STOPPED_AT:
        return BY_STOPPED, query.organization_id
    return BY_STARTED, query.organization_id


def _only(ids: frozenset[int] | None) -> int | None:
    """The one id that is asked for, where it is one."""
    return next(iter(ids)) if ids is not None and len(ids) == 1 else None


def _range(time: TimeIs | None) -> tuple[str, str]:
    if time is None:
        return FIRST, LAST
    if time.span is None:
        return keys.begin(keys.ENDLESS), LAST
    return keys.begin(time.span.start), keys.begin(time.span.end)
