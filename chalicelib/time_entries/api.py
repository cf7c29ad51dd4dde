"""Time entries, and what was changed of them by hand. Contract section 10."""

from dataclasses import replace
from typing import Any

from chalicelib.core.permissions import Visibility
from chalicelib.domain.timers import TimeEntry, TrackMethod
from chalicelib.jsonapi.input_types import integer, one, text
from chalicelib.jsonapi.inputs import InAttribute, Input
from chalicelib.jsonapi.resource import (
    Attribute,
    Filter,
    FilterKind,
    Kind,
    Relationship,
    Resource,
)
from chalicelib.time_entries.rules import EARLIEST_DATE, LATEST_DATE, MOST_MINUTES, Revision

_LONGEST_NOTE = 2_000


def _never(name: str, meaning: str) -> Attribute[TimeEntry]:
    return Attribute(name, Kind.BOOLEAN, lambda _: False, f"{meaning} Always false.")


def _instant(name: str, meaning: str, nullable: bool = True) -> Attribute[TimeEntry]:
    def value(entry: TimeEntry) -> Any:
        return getattr(entry, name)

    return Attribute(name, Kind.INSTANT, value, meaning, nullable)


TIME_ENTRIES: Resource[TimeEntry] = Resource(
    type="time_entries",
    singular="time_entry",
    meaning="Time of a person on a service on a date.",
    id=lambda entry: entry.id,
    owner=lambda entry: entry.person_id,
    visibility=Visibility.OWN,
    attributes=(
        Attribute("date", Kind.DATE, lambda it: it.date, "Date of the work."),
        Attribute(
            "time", Kind.INTEGER, lambda it: it.time, "Total time in minutes, rounded half up."
        ),
        Attribute(
            "billable_time", Kind.INTEGER, lambda it: it.billable_time, "Billable time in minutes."
        ),
        Attribute("note", Kind.TEXT, lambda it: it.note, "Note.", nullable=True),
        Attribute(
            "track_method_id",
            Kind.INTEGER,
            lambda it: int(it.track_method),
            "How the time was tracked: 1 is manually, 2 is with timers, 4 is both.",
        ),
        Attribute(
            "started_at",
            Kind.INSTANT,
            lambda _: None,
            "Always null. The timers of the entry have start times.",
            nullable=True,
        ),
        _instant("timer_started_at", "Start of the latest session."),
        _instant("timer_stopped_at", "Stop of the latest session. Null: a timer is running."),
        _never("approved", "Whether the entry is approved."),
        _never("submitted", "Whether the entry is submitted for approval."),
        _never("rejected", "Whether the entry is rejected."),
        _never("overhead", "Whether the entry is internal time."),
        _never("draft", "Whether the entry is a draft."),
        _never("invoiced", "Whether the entry is invoiced."),
        _instant("created_at", "Time of creation.", nullable=False),
        _instant("updated_at", "Time of the last change.", nullable=False),
    ),
    relationships=(
        Relationship(
            "organization",
            "organizations",
            lambda it: it.organization_id,
            "Organization of the entry.",
            always=True,
        ),
        Relationship("person", "people", lambda it: it.person_id, "Person who worked."),
        Relationship("service", "services", lambda it: it.service_id, "Service of the work."),
        Relationship(
            "creator", "people", lambda it: it.creator_id, "Person who created the entry."
        ),
        Relationship("task", "tasks", lambda _: None, "Always null: there are no tasks."),
        Relationship("project", "projects", lambda _: None, "Always null: there are no projects."),
    ),
    includes=("creator", "organization", "person", "project", "service", "task"),
    filters=(
        Filter("person_id", FilterKind.ID, "Id of the person.", lambda it: it.person_id),
        Filter("service_id", FilterKind.ID, "Id of the service.", lambda it: it.service_id),
        Filter("date", FilterKind.DATE, "Date of the work.", lambda it: it.date),
        Filter("after", FilterKind.AFTER, "Earliest date of the work.", lambda it: it.date),
        Filter("before", FilterKind.BEFORE, "Latest date of the work.", lambda it: it.date),
        Filter("id", FilterKind.ID, "Id of the time entry.", lambda it: it.id),
        Filter("note", FilterKind.TEXT, "Note.", lambda it: it.note),
        Filter(
            "query",
            FilterKind.QUERY,
            "Words in the note. Every word must match.",
            lambda it: (it.note,),
        ),
        Filter(
            "track_method_id",
            FilterKind.NUMBER,
            "How the time was tracked: 1 is manually, 2 is with timers, 4 is both.",
            lambda it: int(it.track_method),
            choices=tuple(int(method) for method in TrackMethod),
        ),
        *(
            Filter(name, FilterKind.LACKING, "Matches nothing: this field does not exist here.")
            for name in (
                "task_id",
                "project_id",
                "deal_id",
                "budget_id",
                "company_id",
                "status",
                "billing_type_id",
                "invoicing_status",
            )
        ),
        Filter("with_draft", FilterKind.IGNORED, "Has no effect: there are no drafts."),
    ),
    sorts=("date", "created_at", "updated_at"),
)


def _date(value: str) -> str:
    if not EARLIEST_DATE <= value <= LATEST_DATE:
        raise ValueError(f"Use a date from {EARLIEST_DATE} to {LATEST_DATE}.")
    return value


_PERSON = one(
    "person",
    "people",
    "Person who worked. Default: the caller. Only admins can name another person.",
)
_DATE = Input(
    "date", Kind.DATE, (InAttribute("date"),), "Date of the work. Default: today.", rule=_date
)
_TIME = integer("time", "Total time in minutes. Later timers add to it.", 0, MOST_MINUTES)
_BILLABLE_TIME = replace(
    integer(
        "billable_time",
        "Billable time in minutes. Default: all of the time on a billable service.",
        0,
        MOST_MINUTES,
    ),
    nullable=True,
)
_NOTE = text("note", "Note.", nullable=True, most=_LONGEST_NOTE)

CREATION = (
    _PERSON,
    one("service", "services", "Service of the work.", required=True),
    _DATE,
    _TIME,
    _BILLABLE_TIME,
    _NOTE,
)
CHANGES = (
    _PERSON,
    one("service", "services", "Service of the work."),
    _DATE,
    _TIME,
    _BILLABLE_TIME,
    _NOTE,
)

TIME_ENTRY_REVISIONS: Resource[Revision] = Resource(
    type="time_entry_revisions",
    singular="time_entry_revision",
    meaning="A manual change of a time entry.",
    id=lambda revision: revision.id,
    attributes=(
        Attribute(
            "time_entry_id", Kind.INTEGER, lambda it: it.time_entry_id, "Id of the time entry."
        ),
        Attribute("act", Kind.TEXT, lambda it: it.act.value, "Kind of change: updated or deleted."),
        Attribute("created_at", Kind.INSTANT, lambda it: it.created_at, "Time of the change."),
        Attribute(
            "before",
            Kind.OBJECT,
            lambda it: it.before,
            "Changed values by name, before the change. Times are in minutes.",
        ),
        Attribute(
            "after",
            Kind.OBJECT,
            lambda it: it.after,
            "The same values after the change. After a deletion, all are null.",
        ),
    ),
    relationships=(
        Relationship(
            "organization",
            "organizations",
            lambda it: it.organization_id,
            "Organization of the entry.",
            always=True,
        ),
        Relationship(
            "creator", "people", lambda it: it.person_id, "Person who made the change.", always=True
        ),
    ),
    includes=("creator", "organization"),
    filters=(
        Filter(
            "time_entry_id",
            FilterKind.ID,
            "Id of the time entry. Required.",
            lambda it: it.time_entry_id,
        ),
    ),
    sorts=("created_at",),
    orders={"created_at": lambda it: it.created_at},
)
