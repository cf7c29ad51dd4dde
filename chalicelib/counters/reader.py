"""Reads the counters of a scope."""

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Any

from msgspec import Struct, field
from pynamodb.connection import Connection

from chalicelib.core.timestamps import SECONDS_PER_DAY
from chalicelib.counters.model import (
    CounterKey,
    CounterKind,
    Counters,
    CounterScope,
    EntryMonth,
    PersonDay,
    quarter_hour_counter,
)
from chalicelib.counters.offsets import Histogram, Period, RequiredCounters, months_between
from chalicelib.counters.repository import CounterModel, counters_in, read_buckets, read_months
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import batch_get, item_key

_MONTHS_PER_BATCH = 12
"""Up to this many months are read by key, in one call with the days; more of them are a range."""


class CounterReader(Struct):
    """Reads the counters of a scope, and holds what was read."""

    connection: Connection
    scope: CounterScope
    months: dict[str, Counters] = field(default_factory=dict)
    days: dict[int, Counters] = field(default_factory=dict)
    partial_counts: dict[int, int] = field(default_factory=dict)

    def calls(
        self, required: RequiredCounters, count_partial: Callable[[int], int]
    ) -> list[Callable[[], None]]:
        """The calls that read counters. They can run at the same time.

        ``count_partial`` counts the records from the start of a timestamp's quarter-hour up to the
        timestamp, in the index.
        """
        months = months_between(*required.months, limit=_MONTHS_PER_BATCH)
        calls: list[Callable[[], None]] = []
        if months is None:
            calls.append(partial(self._read_months, *required.months))
        if months or required.days:
            calls.append(partial(self._read_buckets, required.days, months or ()))
        calls += [partial(self._count, timestamp, count_partial) for timestamp in required.partial]
        return calls

    def read_quarter_hours(self, days: Iterable[Period | None]) -> None:
        """Read the quarter-hours of days that were not read yet. At most one call."""
        numbers = {day.start // SECONDS_PER_DAY for day in days if day is not None}
        if missing := numbers - self.days.keys():
            self._read_buckets(missing, ())

    def read_uncounted(self, last_rows: Mapping[CounterKind, Any]) -> Collection[CounterKind]:
        """The kinds whose buckets do not contain a record yet. One call.

        A record is counted if the counter that its operation wrote is rolled up.

        :param last_rows: a record for each kind.
        """
        counters = {kind: _counter_of(kind, record) for kind, record in last_rows.items()}
        items = batch_get(
            self.connection,
            (
                item_key(CounterModel, **key)
                for counter, _ in counters.values()
                for key in (keys.counter(counter), keys.rolled_up(counter))
            ),
        )

        def count(key: Mapping[str, str], name: str) -> int:
            return counters_in(items.get(item_key(CounterModel, **key), {})).get(name, 0)

        return [
            kind
            for kind, (counter, name) in counters.items()
            if not 0 < count(keys.counter(counter), name) == count(keys.rolled_up(counter), name)
        ]

    def histogram(self, kind: CounterKind) -> Histogram:
        """The counters of a kind that were read."""
        return Histogram(kind, self.months, self.days, self.partial_counts)

    def _read_months(self, first: str, last: str) -> None:
        self.months.update(read_months(self.connection, self._scope_key, first, last))

    def _read_buckets(self, days: Iterable[int], months: Iterable[str]) -> None:
        day_names = {self._day_bucket(day): day for day in days}
        month_names = {keys.bucket_name(month): month for month in months}
        buckets = read_buckets(self.connection, self._scope_key, [*day_names, *month_names])
        self.days.update({day: buckets[name] for name, day in day_names.items()})
        self.months.update({month: buckets[name] for name, month in month_names.items()})

    def _count(self, timestamp: int, count_partial: Callable[[int], int]) -> None:
        self.partial_counts[timestamp] = count_partial(timestamp)

    @property
    def _scope_key(self) -> str:
        return keys.counter_scope(self.scope)

    def _day_bucket(self, day: int) -> str:
        # Operations count a person's day themselves. An organization's day is a rolled-up bucket.
        is_organization = self.scope.person_id is None
        return keys.organization_day(day) if is_organization else keys.day_bucket_name(day)


def _counter_of(kind: CounterKind, record: Any) -> tuple[CounterKey, str]:
    """The key of the counters that count a record, and the name of its counter."""
    if kind is CounterKind.ENTRIES:
        month, _, day = record.date.rpartition("-")
        key = EntryMonth(record.organization_id, record.person_id, record.service_id, month)
        return key, kind.name_of(int(day))
    timestamp = record.started_at if kind is CounterKind.STARTS else record.stopped_at
    day_of = PersonDay(record.organization_id, record.person_id, timestamp // SECONDS_PER_DAY)
    return day_of, quarter_hour_counter(kind, timestamp)
