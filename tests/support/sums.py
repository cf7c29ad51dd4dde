"""Compare the sums of reports with a plain recount of the time entries."""

from collections.abc import Iterator
from itertools import product

from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.dynamodb.items import from_item
from chalicelib.reports.model import Sum, SumKey, SumQuery
from chalicelib.reports.sums import read_sums
from chalicelib.time_entries.model import TimeEntry
from chalicelib.time_entries.repository import TimeEntryModel
from tools.ops.snapshot import scan


def assert_sums(connection: Connection) -> int:
    """Check every grouping of every organization, after a roll-up; return how many sums exist."""
    entries = [from_item(TimeEntry, raw) for raw in scan(connection, TimeEntryModel)]
    entries = [entry for entry in entries if entry.deleted_at is None]
    for organization_id in {entry.organization_id for entry in entries}:
        own = [entry for entry in entries if entry.organization_id == organization_id]
        for query in queries(organization_id, own):
            assert read_sums(connection, query) == recount(own, query), query
    return len(entries)


def queries(organization_id: int, entries: list[TimeEntry]) -> Iterator[SumQuery]:
    """Yield queries with all groupings, and with filters of one and of several people."""
    dates = sorted(entry.date for entry in entries)
    people = sorted({entry.person_id for entry in entries})
    services = sorted({entry.service_id for entry in entries})
    everything = SumQuery(organization_id, dates[0], dates[-1])
    for by_person, by_service, by_billable in product((False, True), repeat=3):
        query = replace(
            everything, by_person=by_person, by_service=by_service, by_billable=by_billable
        )
        yield query
        yield replace(query, person_ids=frozenset(people[:1]))
        yield replace(query, person_ids=frozenset(people[:2]))
        yield replace(query, service_ids=frozenset(services[:1]))
        yield replace(
            query, person_ids=frozenset(people[-1:]), service_ids=frozenset(services[-1:])
        )
        yield replace(query, first_date=dates[len(dates) // 2])
        yield replace(query, last_date=dates[len(dates) // 2], person_ids=frozenset(people[-1:]))


def recount(entries: list[TimeEntry], query: SumQuery) -> dict[SumKey, Sum]:
    """Add up entries, one by one."""
    sums: dict[SumKey, Sum] = {}
    for entry in entries:
        if not query.first_date <= entry.date <= query.last_date:
            continue
        if query.person_ids is not None and entry.person_id not in query.person_ids:
            continue
        if query.service_ids is not None and entry.service_id not in query.service_ids:
            continue
        key = SumKey(
            entry.date,
            entry.person_id if query.by_person else None,
            entry.service_id if query.by_service else None,
            entry.billable if query.by_billable else None,
        )
        seconds = entry.tracked_seconds + entry.adjusted_seconds
        billable_seconds = seconds if entry.billable else 0
        if entry.billable_minutes is not None:
            billable_seconds = entry.billable_minutes * 60
        one = Sum(1, int(entry.billable), seconds, billable_seconds)
        sums[key] = sums.get(key, Sum()) + one
    return sums
