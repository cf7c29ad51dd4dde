"""From a query to the index that serves it. Pure.

A scope (time entry, person or organization) picks the index; a time that the index is sorted by
narrows its range; what is left is checked row by row.
"""

from dataclasses import dataclass

from chalicelib.domain.queries import TimeIs, TimerQuery, TimerSort
from chalicelib.store import keys


@dataclass(frozen=True, slots=True)
class Plan:
    """One walk along an index: its name, the partition, and the range of sort keys.

    ``begin`` is the first sort key that counts, ``end`` the first that no longer does. Where
    ``exact``, everything in the range is meant; otherwise each row is to be checked.
    """

    index: str
    partition: str | int
    begin: str
    end: str
    exact: bool


def plan(query: TimerQuery) -> Plan | None:
    """How to answer a query; None where its answer is empty by itself."""
    if query.person_ids == frozenset() or query.time_entry_ids == frozenset():
        return None
    if _is_empty(query.started_at) or _is_empty(query.stopped_at):
        return None
    index, partition = _scope(query)
    by_stop = index == "by_organization_stopped"
    begin, end = _range(query.stopped_at if by_stop else query.started_at)
    return Plan(index, partition, begin, end, _is_served(query, index))


def asks_what_runs(query: TimerQuery) -> int | None:
    """The person of whom a query asks what runs, if it asks that: their slot has the answer."""
    if query.stopped_at != TimeIs(None) or query.person_ids is None or len(query.person_ids) != 1:
        return None
    (person_id,) = query.person_ids
    return person_id


def narrowing_filter(steps: Plan) -> str:
    """The filter that would narrow what a plan reads: a scope, or a range of the sorted time."""
    if steps.index == "by_organization_stopped":
        return "stopped_at"
    if steps.index == "by_organization_started":
        return "person_id" if steps.begin == _FIRST else "started_at"
    return "started_at"


def _is_empty(time: TimeIs | None) -> bool:
    return time is not None and time.span is not None and time.span.start >= time.span.end


def _is_served(query: TimerQuery, index: str) -> bool:
    """Whether the index says all: one scope, and at most a range of the time it is sorted by."""
    other_time = query.started_at if index == "by_organization_stopped" else query.stopped_at
    other_scopes = {
        "by_time_entry": (query.person_ids,),
        "by_person": (query.time_entry_ids,),
    }.get(index, (query.person_ids, query.time_entry_ids))
    refused = (
        query.other_person_ids,
        query.other_time_entry_ids,
        query.started_outside,
        query.stopped_outside,
    )
    return other_time is None and other_scopes.count(None) == len(other_scopes) and not any(refused)


def _scope(query: TimerQuery) -> tuple[str, str | int]:
    # Within one time entry and within one person, order by start is order by stop.
    if query.time_entry_ids is not None and len(query.time_entry_ids) == 1:
        (entry_id,) = query.time_entry_ids
        return "by_time_entry", keys.scoped(query.organization_id, entry_id)
    if query.person_ids is not None and len(query.person_ids) == 1:
        (person_id,) = query.person_ids
        return "by_person", keys.scoped(query.organization_id, person_id)
    if query.sort is TimerSort.STOPPED_AT:
        return "by_organization_stopped", query.organization_id
    return "by_organization_started", query.organization_id


def _range(time: TimeIs | None) -> tuple[str, str]:
    if time is None:
        return _FIRST, _LAST
    if time.span is None:
        return keys.begin(keys.ENDLESS), _LAST
    return keys.begin(time.span.start), keys.begin(time.span.end)


# Before and behind every "instant#id".
_FIRST = keys.begin(0)
_LAST = ":"
