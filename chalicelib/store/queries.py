"""Lists of timers, along the index that a plan names."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from pynamodb.connection import Connection

from chalicelib.domain.errors import QueryTooBroad
from chalicelib.domain.queries import Page, Stretch, TimerQuery
from chalicelib.domain.timers import Timer
from chalicelib.store import keys
from chalicelib.store.connection import table_name, translated
from chalicelib.store.models import TimerModel
from chalicelib.store.plans import Plan, asks_what_runs, narrowing_filter, plan
from chalicelib.store.reads import RawItem, read
from chalicelib.store.records import read_noun, read_slot, slot_ref

_MOST_INDEX_PAGES = 5
"""Index pages of 1 MB that a query may take which no index serves."""

_PARTITION_KEYS = {
    "by_person": "person_key",
    "by_time_entry": "time_entry_key",
    "by_organization_started": "organization_id",
    "by_organization_stopped": "organization_id",
}
_SORT_KEYS = {
    "by_person": TimerModel.started_key,
    "by_time_entry": TimerModel.started_key,
    "by_organization_started": TimerModel.started_key,
    "by_organization_stopped": TimerModel.stopped_key,
}


def timers(connection: Connection, query: TimerQuery) -> Page[Timer]:
    """One page of a list of timers, and the exact total, which is counted by reading them all.

    Raises :class:`QueryTooBroad` where no index serves the query and five index pages do not
    hold what would have to be checked.
    """
    if (person_id := asks_what_runs(query)) is not None:
        runs = _running(connection, query, person_id)
        return Page(runs if query.page == 1 else (), len(runs))
    steps = plan(query)
    if steps is None:
        return Page((), 0)
    matching = _all_matching(connection, steps, query)
    first = (query.page - 1) * query.page_size
    return Page(matching[first : first + query.page_size], len(matching))


def _all_matching(connection: Connection, steps: Plan, query: TimerQuery) -> Sequence[Timer]:
    found: list[Timer] = []
    position = None
    for number in count(1):
        items, position = _read_index(connection, steps, query, position, None)
        found += (it for it in (read_noun(Timer, item) for item in items) if query.matches(it))
        if position is None:
            break
        if number == _MOST_INDEX_PAGES and not steps.exact:
            raise QueryTooBroad(f"filter[{narrowing_filter(steps)}]")
    return found


def _running(connection: Connection, query: TimerQuery, person_id: int) -> Sequence[Timer]:
    """What runs of a person, from their slot: consistently, where an index may be behind."""
    place = slot_ref(query.organization_id, person_id)
    slot = read_slot(query.organization_id, person_id, read(connection, [place]).get(place))
    timer = slot.timer
    return [timer] if timer is not None and query.matches(timer) else []


@dataclass(frozen=True, slots=True)
class OverduePage:
    """A page of the index of running timers. Items are read one by one, by :meth:`timer`, so
    that a spoilt one does not hide the others. ``after`` begins the next page; None: the end."""

    items: Sequence[RawItem]
    after: Any

    @staticmethod
    def timer(item: RawItem) -> Timer:
        """The timer that an item holds. Raises whatever a spoilt item makes it raise."""
        return read_noun(Timer, item)

    @staticmethod
    def limit(item: RawItem) -> int:
        """The instant at which the timer that an item holds must end, from its sort key."""
        return int(item["auto_stop_key"]["S"].partition("#")[0])


def overdue(
    connection: Connection, shard: str, now: int, limit: int, after: Any = None
) -> OverduePage:
    """Running timers of a shard whose limit has come, the oldest first."""
    request = {
        "TableName": table_name(TimerModel),
        "IndexName": "running",
        "KeyConditionExpression": "running_shard = :shard AND auto_stop_key < :end",
        "ExpressionAttributeValues": {
            ":shard": {"S": shard},
            ":end": {"S": keys.begin(now + 1)},
        },
        "Limit": limit,
    }
    if after is not None:
        request["ExclusiveStartKey"] = after
    with translated():
        answer = connection.dispatch("Query", request)
    return OverduePage(answer["Items"], answer.get("LastEvaluatedKey"))


def stretch(
    connection: Connection, query: TimerQuery, after: str | None, size: int
) -> Stretch[Timer]:
    """Up to ``size`` timers of a list behind a position (None: from its beginning).

    One call where the index says all; otherwise at most five, of 1 MB of the index each.
    """
    if (person_id := asks_what_runs(query)) is not None:
        return Stretch(() if after else _running(connection, query, person_id), None)
    steps = plan(query)
    if steps is None:
        return Stretch((), None)
    limit = size + 1 if steps.exact else None
    found: list[tuple[str, Timer]] = []
    position = after
    for _ in range(1 if steps.exact else _MOST_INDEX_PAGES):
        items, position = _read_index(connection, steps, query, position, limit)
        for item in items:
            timer = read_noun(Timer, item)
            if query.matches(timer):
                found.append((item[_SORT_KEYS[steps.index].attr_name]["S"], timer))
        if len(found) > size or position is None:
            break
    rows = [timer for _, timer in found[:size]]
    # One more than is asked for tells whether there is more, without an empty page at the end.
    return Stretch(rows, found[size - 1][0] if len(found) > size else position)


def _read_index(
    connection: Connection, steps: Plan, query: TimerQuery, after: str | None, limit: int | None
) -> tuple[Sequence[RawItem], str | None]:
    """Rows of the index behind a position, and the position at which they end; None: the end."""
    hash_name, range_name = _PARTITION_KEYS[steps.index], _SORT_KEYS[steps.index].attr_name
    partition = _typed(steps.partition)
    request: dict[str, Any] = {
        "TableName": table_name(TimerModel),
        "IndexName": steps.index,
        "KeyConditionExpression": "#hash = :hash AND #range BETWEEN :begin AND :end",
        "ExpressionAttributeNames": {"#hash": hash_name, "#range": range_name},
        "ExpressionAttributeValues": {
            ":hash": partition,
            ":begin": {"S": steps.begin},
            ":end": {"S": steps.end},
        },
        "ScanIndexForward": not query.descending,
    }
    if limit is not None:
        request["Limit"] = limit
    if after is not None:
        timer_id = keys.id_in(after)
        request["ExclusiveStartKey"] = {
            "key": {"S": keys.scoped(query.organization_id, timer_id)},
            hash_name: partition,
            range_name: {"S": after},
        }
    with translated():
        answer = connection.dispatch("Query", request)
    last = answer.get("LastEvaluatedKey")
    return answer["Items"], None if last is None else last[range_name]["S"]


def _typed(partition: str | int) -> dict[str, str]:
    return {"N": str(partition)} if isinstance(partition, int) else {"S": partition}
