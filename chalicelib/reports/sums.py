"""Reads sums of time entries, without reading the entries. Contract section 10a; decision 0032.

The sums of one person are read from the counters that each request writes itself: they are exact at
once. Those of several people follow within about a second, through the roll-up.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import partial

from msgspec import Struct, field
from pynamodb.connection import Connection

from chalicelib.core.errors import QueryTooBroad
from chalicelib.counters.model import (
    Bucket,
    CounterKind,
    Counters,
    CounterScope,
    EntryMonth,
    Listed,
    PersonDay,
    day_sums,
    kind_of,
)
from chalicelib.counters.offsets import months_between
from chalicelib.counters.repository import CounterModel, bucket_key, counters_in, range_request
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import RawItem, batch_get, item_key, query_all
from chalicelib.dynamodb.parallel_calls import run_concurrently
from chalicelib.reports.model import Sum, SumKey, SumQuery

MAX_MONTHS_OF_PEOPLE = 24
"""The most months whose sums by person are read at a time. Other sums have no such limit."""

MAX_PAGES = 5
"""Of 1 MB, of one Query."""

_NARROWING = "filter[date]"
_MAX_KEYS = 100
_MAX_QUERIES_OF_PEOPLE = 24
_UNITS: dict[CounterKind, tuple[bool, Sum]] = {
    CounterKind.BILLABLE_ENTRIES: (True, Sum(count=1, billable_count=1)),
    CounterKind.OTHER_ENTRIES: (False, Sum(count=1)),
    CounterKind.SECONDS: (True, Sum(seconds=1, billable_seconds=1)),
    CounterKind.SECONDS_WITH_SET: (True, Sum(seconds=1)),
    CounterKind.OTHER_SECONDS: (False, Sum(seconds=1)),
    CounterKind.SET_SECONDS: (True, Sum(billable_seconds=1)),
    CounterKind.OTHER_SET_SECONDS: (False, Sum(billable_seconds=1)),
}
"""By kind of counter: whether its entries are billable, and what one of it adds to a sum."""


class _Part(Struct, frozen=True):
    """The counters of a month of a person or a service; None: of all."""

    person_id: int | None
    service_id: int | None
    month: str
    counters: Counters


def read_sums(connection: Connection, query: SumQuery) -> dict[SumKey, Sum]:
    """Return the sums of the entries that match a query, by date. Dates without entries are absent.

    Of one person: two parallel calls, read consistently, exact at once. By person, or of several
    people: one call for each month, in parallel; one more before them if the range is longer than
    24 months. Of services or the organization: one call. Each call reads pages of 1 MB.

    Raises ``QueryTooBroad`` if there are entries in more than 24 months of people, or if one of the
    calls has more than 5 pages. Raises ``Unavailable``.
    """
    if _is_empty(query):
        return {}
    totals = _Totals(query)
    for parts in _read(connection, query):
        for part in parts:
            totals.add(part)
    return totals.collected()


def _is_empty(query: SumQuery) -> bool:
    nobody = frozenset[int]()
    return nobody in (query.person_ids, query.service_ids) or query.first_date > query.last_date


def _read(connection: Connection, query: SumQuery) -> Iterable[Iterable[_Part]]:
    if query.person_ids is not None and len(query.person_ids) == 1:
        (person_id,) = query.person_ids
        return _read_person(connection, query, person_id)
    if query.by_person or query.person_ids is not None:
        return _read_people(connection, query)
    if query.by_service or query.service_ids is not None:
        return [_read_services(connection, query)]
    return [_read_organization(connection, query)]


def _read_person(
    connection: Connection, query: SumQuery, person_id: int
) -> Iterable[Iterable[_Part]]:
    owner = keys.scoped(query.organization_id, person_id)
    # A sum is in the item of a day that is at most one day away from its date.
    first, last = _shifted(query.first_date, -1), _shifted(query.last_date, 1)
    months = f"{query.first_date[:7]}#", f"{query.last_date[:7]}#~"
    scopes = (owner, (first, last)), (keys.entries_scope(owner), months)
    queries = (
        partial(_query, connection, scope, between, consistent=True) for scope, between in scopes
    )
    return [_parts_of_person(items) for items in run_concurrently(*queries)]


def _parts_of_person(items: Iterable[RawItem]) -> Iterator[_Part]:
    for item in items:
        match keys.counter_key_in(item["scope"]["S"], item["bucket"]["S"]):
            case EntryMonth() as name:
                yield _Part(name.person_id, name.service_id, name.month, counters_in(item))
            case PersonDay() as name:
                for month, counter, value in day_sums(name, counters_in(item)):
                    yield _Part(month.person_id, month.service_id, month.month, {counter: value})
            case None:
                pass


def _read_people(connection: Connection, query: SumQuery) -> Iterable[Iterable[_Part]]:
    scopes = [keys.person_sums_scope(query.organization_id, m) for m in _months(connection, query)]
    prefixes = [""]
    if query.person_ids is not None:
        people = [keys.person_sums_prefix(person_id) for person_id in sorted(query.person_ids)]
        if len(people) * len(scopes) <= _MAX_QUERIES_OF_PEOPLE:
            prefixes = people
    calls = (
        partial(_read_buckets, connection, scope, (prefix or "person#", f"{prefix or 'person#'}~"))
        for scope in scopes
        for prefix in prefixes
    )
    queries = list(calls)
    return run_concurrently(*queries) if queries else []


def _months(connection: Connection, query: SumQuery) -> Sequence[str]:
    """The months of a query, or those of them that have entries, if there are many."""
    first, last = query.first_date[:7], query.last_date[:7]
    months: Sequence[str] | None = months_between(first, last, MAX_MONTHS_OF_PEOPLE)
    if months is None:
        parts = _read_organization(connection, query)
        months = sorted({part.month for part in parts if any(part.counters.values())})
    if len(months) > MAX_MONTHS_OF_PEOPLE:
        raise QueryTooBroad(_NARROWING)
    return months


def _read_services(connection: Connection, query: SumQuery) -> Iterable[_Part]:
    first, last = query.first_date[:7], query.last_date[:7]
    scope = CounterScope(Listed.SUMS, query.organization_id, service_id=0)
    if query.service_ids is not None:
        months = months_between(first, last, _MAX_KEYS // len(query.service_ids) or 1)
        if months is not None and len(months) * len(query.service_ids) <= _MAX_KEYS:
            return _read_named(connection, query, months, query.service_ids)
    between = keys.bucket_name(first), f"{keys.bucket_name(last)}~"
    return _read_buckets(connection, keys.counter_scope(scope), between)


def _read_named(
    connection: Connection, query: SumQuery, months: Sequence[str], service_ids: Iterable[int]
) -> Iterable[_Part]:
    buckets = [
        Bucket(CounterScope(Listed.SUMS, query.organization_id, service_id=service_id), month)
        for month in months
        for service_id in service_ids
    ]
    item_keys = {item_key(CounterModel, **bucket_key(bucket)): bucket for bucket in buckets}
    items = batch_get(connection, item_keys)
    return [
        _Part(None, bucket.scope.service_id, bucket.when, counters_in(items[key]))
        for key, bucket in item_keys.items()
        if key in items
    ]


def _read_organization(connection: Connection, query: SumQuery) -> Iterable[_Part]:
    scope = keys.counter_scope(CounterScope(Listed.SUMS, query.organization_id))
    between = keys.bucket_name(query.first_date[:7]), keys.bucket_name(query.last_date[:7])
    return _read_buckets(connection, scope, between)


def _read_buckets(connection: Connection, scope: str, between: tuple[str, str]) -> Sequence[_Part]:
    parts = []
    for item in _query(connection, scope, between):
        bucket = keys.bucket_in(scope, item["bucket"]["S"])
        if bucket is not None:
            scope_of = bucket.scope
            parts.append(
                _Part(scope_of.person_id, scope_of.service_id, bucket.when, counters_in(item))
            )
    return parts


def _query(
    connection: Connection, scope: str, between: tuple[str, str], *, consistent: bool = False
) -> Sequence[RawItem]:
    """The items of a scope whose sort keys are in a range, both ends included."""
    request = {**range_request(scope, *between), "ConsistentRead": consistent}
    return query_all(connection, request, MAX_PAGES, _NARROWING)


def _shifted(date_: str, days: int) -> str:
    """A date some days later; the same date at the ends of the calendar."""
    try:
        return (date.fromisoformat(date_) + timedelta(days)).isoformat()
    except (ValueError, OverflowError):
        return date_


class _Totals(Struct):
    """Adds parts up, by what the query asks for."""

    query: SumQuery
    _sums: dict[SumKey, list[int]] = field(default_factory=dict)

    def add(self, part: _Part) -> None:
        query = self.query
        if query.person_ids is not None and part.person_id not in query.person_ids:
            return
        if query.service_ids is not None and part.service_id not in query.service_ids:
            return
        for counter, value in part.counters.items():
            unit = _UNITS.get(kind_of(counter))
            date_ = f"{part.month}-{counter[1:]}"
            if unit is not None and query.first_date <= date_ <= query.last_date:
                self._add(part, date_, unit, value)

    def _add(self, part: _Part, date_: str, unit: tuple[bool, Sum], value: int) -> None:
        is_billable, one = unit
        key = SumKey(
            date_,
            part.person_id if self.query.by_person else None,
            part.service_id if self.query.by_service else None,
            is_billable if self.query.by_billable else None,
        )
        total = self._sums.setdefault(key, [0, 0, 0, 0])
        total[0] += one.count * value
        total[1] += one.billable_count * value
        total[2] += one.seconds * value
        total[3] += one.billable_seconds * value

    def collected(self) -> dict[SumKey, Sum]:
        return {key: Sum(*values) for key, values in self._sums.items() if any(values)}
