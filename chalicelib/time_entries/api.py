"""The JSON:API resource and the routes of time entries. Contract section 10."""

from typing import Any

from msgspec.structs import replace

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import PeriodClosed
from chalicelib.core.lists import CursorPage, Page
from chalicelib.core.permissions import OWN, Caller
from chalicelib.http.formats import CsvExport
from chalicelib.http.includes import IncludedResources
from chalicelib.http.registration import Registration
from chalicelib.http.routing import Route
from chalicelib.http.views import ResourceViews
from chalicelib.jsonapi import example_values as example
from chalicelib.jsonapi.conditions import Conditions, DateFilter, IdFilter
from chalicelib.jsonapi.in_memory_list import ReadPosition, matcher
from chalicelib.jsonapi.input_types import integer_input, reference_input, text_input
from chalicelib.jsonapi.inputs import InAttribute, Input
from chalicelib.jsonapi.parameters import ListQuery, PageNumber
from chalicelib.jsonapi.resource import Attribute, Filter, FilterKind, Kind, Relationship, Resource
from chalicelib.services.api import BILLING_TYPE, BILLING_TYPES, billing_type
from chalicelib.time_entries.model import (
    EARLIEST_DATE,
    LATEST_DATE,
    MAX_MINUTES,
    EntryQuery,
    EntrySort,
    TimeEntry,
    TrackMethod,
)
from chalicelib.time_entries.operations import VIEW_TIME_ENTRY, TimeEntries

MAX_NOTE_LENGTH = 2_000


def _always_false(name: str, description: str) -> Attribute[TimeEntry]:
    return Attribute(name, Kind.BOOLEAN, lambda _: False, f"{description} Always false.")


def _timestamp(name: str, description: str, nullable: bool = True) -> Attribute[TimeEntry]:
    def value(entry: TimeEntry) -> Any:
        return getattr(entry, name)

    return Attribute(name, Kind.TIMESTAMP, value, description, nullable)


def _example_entry() -> TimeEntry:
    return TimeEntry(
        id=example.TIME_ENTRY,
        organization_id=example.ORGANIZATION,
        person_id=example.PERSON,
        service_id=example.SERVICE,
        date="2026-03-02",
        created_at=example.NOW,
        updated_at=example.NOW + example.HOUR,
        creator_id=example.PERSON,
        note="Sketches",
        tracked_seconds=example.HOUR,
        timer_count=1,
        timer_started_at=example.NOW,
        timer_stopped_at=example.NOW + example.HOUR,
    )


_TIME_FILTERS: tuple[Filter[TimeEntry], ...] = (
    Filter("created_at", FilterKind.TIME, "Time of creation.", lambda entry: entry.created_at),
    Filter(
        "created_after",
        FilterKind.TIME_AFTER,
        "Earliest date of creation.",
        lambda entry: entry.created_at,
    ),
    Filter(
        "created_before",
        FilterKind.TIME_BEFORE,
        "Latest date of creation.",
        lambda entry: entry.created_at,
    ),
    Filter(
        "updated_at", FilterKind.TIME, "Time of the last change.", lambda entry: entry.updated_at
    ),
    Filter(
        "last_activity_at",
        FilterKind.TIME,
        "Same as `updated_at`.",
        lambda entry: entry.updated_at,
    ),
)


TIME_ENTRIES: Resource[TimeEntry] = Resource(
    type="time_entries",
    singular="time_entry",
    description="Time of a person on a service on a date.",
    entity=TimeEntry,
    view=VIEW_TIME_ENTRY,
    # Its writes give nobody access: a remembered token is enough.
    needs_live_token=False,
    example=_example_entry,
    id=lambda entry: entry.id,
    attributes=(
        Attribute("date", Kind.DATE, lambda entry: entry.date, "Date of the work."),
        Attribute(
            "time",
            Kind.INTEGER,
            lambda entry: entry.time,
            "Total time in minutes, rounded half up.",
        ),
        Attribute(
            "billable_time",
            Kind.INTEGER,
            lambda entry: entry.billable_time,
            "Billable time in minutes.",
        ),
        Attribute("note", Kind.TEXT, lambda entry: entry.note, "Note.", nullable=True),
        Attribute(
            "track_method_id",
            Kind.INTEGER,
            lambda entry: int(entry.track_method),
            "How the time was tracked: 1 is manually, 2 is with timers, 4 is both.",
        ),
        Attribute(
            "started_at",
            Kind.TIMESTAMP,
            lambda _: None,
            "Always null. The timers of the entry have start times.",
            nullable=True,
        ),
        Attribute(
            "timer_started_at",
            Kind.TIMESTAMP,
            # Version 0.2.0 also stored the start of a session that had stopped.
            lambda entry: None if entry.running_timer_id is None else entry.timer_started_at,
            "Start of the running session. Null: no timer is running.",
            nullable=True,
        ),
        _timestamp(
            "timer_stopped_at",
            "Stop of the session that stopped last. Null: none did, or it was deleted or moved.",
        ),
        _always_false("approved", "Whether the entry is approved."),
        _always_false("submitted", "Whether the entry is submitted for approval."),
        _always_false("rejected", "Whether the entry is rejected."),
        _always_false("overhead", "Whether the entry is internal time."),
        _always_false("draft", "Whether the entry is a draft."),
        _always_false("invoiced", "Whether the entry is invoiced."),
        _timestamp("created_at", "Time of creation.", nullable=False),
        _timestamp("updated_at", "Time of the last change.", nullable=False),
    ),
    relationships=(
        Relationship(
            "organization",
            "organizations",
            lambda entry: entry.organization_id,
            "Organization of the entry.",
            always=True,
        ),
        Relationship("person", "people", lambda entry: entry.person_id, "Person who worked."),
        Relationship("service", "services", lambda entry: entry.service_id, "Service of the work."),
        Relationship(
            "creator", "people", lambda entry: entry.creator_id, "Person who created the entry."
        ),
        Relationship("task", "tasks", lambda _: None, "Always null: there are no tasks."),
        Relationship("project", "projects", lambda _: None, "Always null: there are no projects."),
    ),
    includes=("creator", "organization", "person", "project", "service", "task"),
    filters=(
        Filter("person_id", FilterKind.ID, "Id of the person.", lambda entry: entry.person_id),
        Filter("service_id", FilterKind.ID, "Id of the service.", lambda entry: entry.service_id),
        Filter("date", FilterKind.DATE, "Date of the work.", lambda entry: entry.date),
        Filter("after", FilterKind.AFTER, "Earliest date of the work.", lambda entry: entry.date),
        Filter("before", FilterKind.BEFORE, "Latest date of the work.", lambda entry: entry.date),
        Filter("id", FilterKind.ID, "Id of the time entry.", lambda entry: entry.id),
        Filter("note", FilterKind.TEXT, "Note.", lambda entry: entry.note),
        Filter(
            "query",
            FilterKind.QUERY,
            "Words in the note. Every word must match.",
            lambda entry: (entry.note,),
        ),
        Filter(
            "track_method_id",
            FilterKind.NUMBER,
            "How the time was tracked: 1 is manually, 2 is with timers, 4 is both.",
            lambda entry: int(entry.track_method),
            choices=tuple(int(method) for method in TrackMethod),
        ),
        Filter(
            "creator_id",
            FilterKind.ID,
            "Id of the person who created the entry.",
            lambda entry: entry.creator_id,
        ),
        Filter(
            "billable",
            FilterKind.BOOLEAN,
            "Whether the time is billable.",
            lambda entry: entry.billable,
        ),
        Filter(
            "billing_type_id",
            FilterKind.NUMBER,
            BILLING_TYPE,
            lambda entry: billing_type(entry.billable),
            choices=BILLING_TYPES,
        ),
        Filter("time", FilterKind.QUANTITY, "Total time in minutes.", lambda entry: entry.time),
        Filter(
            "billable_time",
            FilterKind.QUANTITY,
            "Billable time in minutes.",
            lambda entry: entry.billable_time,
        ),
        *_TIME_FILTERS,
        Filter("with_draft", FilterKind.IGNORED, "Has no effect: there are no drafts."),
    ),
    sorts=("date", "created_at", "updated_at", "person_name", "service_name"),
    # As Productive: clients read the first page for the entries of today.
    descending=True,
)


_PERSON = reference_input(
    "person",
    "people",
    "Person who worked. Default: the caller. Only admins can name another person.",
)

_DATE = Input(
    "date",
    Kind.DATE,
    (InAttribute("date"),),
    f"Date of the work. Default: today. A new date is from {EARLIEST_DATE} to {LATEST_DATE}.",
)

_TIME = replace(
    integer_input(
        "time",
        "Total time in minutes of the sessions that have stopped. Later sessions add to it. "
        f"A new time is at most {MAX_MINUTES}. Null: the time of the sessions.",
        0,
    ),
    nullable=True,
)

_BILLABLE_TIME = replace(
    integer_input(
        "billable_time",
        "Billable time in minutes. Default: all of the time on a billable service. "
        f"A new value is at most {MAX_MINUTES}.",
        0,
    ),
    nullable=True,
)

_NOTE = text_input("note", "Note.", nullable=True, maximum=MAX_NOTE_LENGTH, multiline=True)

CREATION = (
    _PERSON,
    reference_input("service", "services", "Service of the work.", required=True),
    _DATE,
    _TIME,
    _BILLABLE_TIME,
    _NOTE,
)

CHANGES = (
    _PERSON,
    reference_input("service", "services", "Service of the work."),
    _DATE,
    _TIME,
    _BILLABLE_TIME,
    _NOTE,
)


def time_entry_routes(dependencies: Dependencies, included: IncludedResources) -> tuple[Route, ...]:
    """The routes of time entries."""
    views = ResourceViews(included, TIME_ENTRIES)
    entries = TimeEntries(dependencies)
    return (
        views.list(TimeEntryList(entries), OWN, CsvExport(_csv_table, "filter[after]")),
        views.show(entries.show, OWN),
        views.create(entries.create, OWN, CREATION, own_errors=(PeriodClosed,)),
        views.update(entries.update, OWN, CHANGES, own_errors=(PeriodClosed,)),
        views.delete(entries.delete, OWN, own_errors=(PeriodClosed,)),
    )


def _csv_table() -> Any:
    # Only here: most processes never need it.
    from chalicelib.time_entries.csv_columns import TIME_ENTRIES_TABLE  # noqa: PLC0415

    return TIME_ENTRIES_TABLE


class TimeEntryList:
    """Reads lists of time entries: see :class:`~chalicelib.jsonapi.in_memory_list.ListReader`."""

    def __init__(self, entries: TimeEntries) -> None:
        self._entries = entries

    def page(self, caller: Caller, query: ListQuery) -> Page[TimeEntry]:
        """A page by number."""
        return self._entries.page(caller, entry_query(caller, query))

    def cursor_page(
        self, caller: Caller, query: ListQuery, position: ReadPosition
    ) -> tuple[CursorPage[TimeEntry], str]:
        """A cursor page, and the list's description."""
        conditions = query.conditions.description()
        return self._entries.cursor_page(caller, entry_query(caller, query), conditions, position)


_INDEXED_IDS = ("id", "person_id", "service_id")
_DATES = ("date", "after", "before")


def entry_query(caller: Caller, query: ListQuery) -> EntryQuery:
    """Return the query of a list of time entries."""
    conditions = query.conditions
    first, last = conditions.dates(*_DATES)
    return EntryQuery(
        organization_id=caller.organization.id,
        ids=conditions.ids("id"),
        person_ids=conditions.ids("person_id"),
        service_ids=conditions.ids("service_id"),
        first_date=first,
        last_date=last,
        predicate=None if _is_indexed(conditions) else matcher(TIME_ENTRIES, conditions),
        sort=EntrySort(query.sort),
        descending=query.descending,
        page=query.page.number if isinstance(query.page, PageNumber) else 1,
        page_size=query.page.size,
    )


def _is_indexed(conditions: Conditions) -> bool:
    """Whether ids and a range of dates express all conditions."""
    return all(
        (isinstance(condition, IdFilter) and not condition.negated and name in _INDEXED_IDS)
        or (isinstance(condition, DateFilter) and not condition.negated and name in _DATES)
        for name, filter_conditions in conditions.by_name.items()
        for condition in filter_conditions
    )


TIME_ENTRIES_REGISTRATION = Registration(TIME_ENTRIES, time_entry_routes, is_personal=True)
