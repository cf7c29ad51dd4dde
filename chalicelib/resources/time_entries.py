"""Time entries, and what was changed of them by hand. Contract section 10."""

from dataclasses import replace
from typing import Any

from chalicelib.domain.policies import Visibility
from chalicelib.domain.time_entries import EARLIEST_DATE, LATEST_DATE, MOST_MINUTES, Revision
from chalicelib.domain.timers import TimeEntry, TrackMethod
from chalicelib.jsonapi.inputs import InAttribute, Input
from chalicelib.jsonapi.resource import (
    Attribute,
    Filter,
    FilterKind,
    Kind,
    Relationship,
    Resource,
)
from chalicelib.resources.values import integer, one, text

_LONGEST_NOTE = 2_000


def _never(name: str, meaning: str) -> Attribute[TimeEntry]:
    return Attribute(name, Kind.BOOLEAN, lambda _: False, f"{meaning} Always false here.")


def _instant(name: str, meaning: str, nullable: bool = True) -> Attribute[TimeEntry]:
    def value(entry: TimeEntry) -> Any:
        return getattr(entry, name)

    return Attribute(name, Kind.INSTANT, value, meaning, nullable)


TIME_ENTRIES: Resource[TimeEntry] = Resource(
    type="time_entries",
    singular="time_entry",
    meaning="What a person's sessions on a service add up to on a date.",
    id=lambda entry: entry.id,
    owner=lambda entry: entry.person_id,
    visibility=Visibility.OWN,
    attributes=(
        Attribute("date", Kind.DATE, lambda it: it.date, "The day it is booked on."),
        Attribute("time", Kind.INTEGER, lambda it: it.time, "Minutes, rounded half up."),
        Attribute(
            "billable_time", Kind.INTEGER, lambda it: it.billable_time, "Minutes to invoice."
        ),
        Attribute("note", Kind.TEXT, lambda it: it.note, "A remark.", nullable=True),
        Attribute(
            "track_method_id",
            Kind.INTEGER,
            lambda it: int(it.track_method),
            "1: entered by hand, 2: by a timer, 4: both.",
        ),
        Attribute(
            "started_at",
            Kind.INSTANT,
            lambda _: None,
            "Always null here: an entry has a date, its timers have instants.",
            nullable=True,
        ),
        _instant("timer_started_at", "When its latest session started."),
        _instant("timer_stopped_at", "When its latest session stopped; null while one runs."),
        _never("approved", "Whether it was approved."),
        _never("submitted", "Whether it was submitted for approval."),
        _never("rejected", "Whether it was rejected."),
        _never("overhead", "Whether it is internal time."),
        _never("draft", "Whether it is a draft."),
        _never("invoiced", "Whether it was invoiced."),
        _instant("created_at", "When it was created.", nullable=False),
        _instant("updated_at", "When it last changed.", nullable=False),
    ),
    relationships=(
        Relationship(
            "organization",
            "organizations",
            lambda it: it.organization_id,
            "Where the person works.",
            always=True,
        ),
        Relationship("person", "people", lambda it: it.person_id, "Whose time it is."),
        Relationship("service", "services", lambda it: it.service_id, "What it is sold as."),
        Relationship("creator", "people", lambda it: it.creator_id, "Who created it."),
        Relationship("task", "tasks", lambda _: None, "There are no tasks here."),
        Relationship("project", "projects", lambda _: None, "There are no projects here."),
    ),
    includes=("creator", "organization", "person", "project", "service", "task"),
    filters=(
        Filter("person_id", FilterKind.ID, "Of these people.", lambda it: it.person_id),
        Filter("service_id", FilterKind.ID, "On these services.", lambda it: it.service_id),
        Filter("date", FilterKind.DATE, "On that date.", lambda it: it.date),
        Filter("after", FilterKind.AFTER, "On that date, or later.", lambda it: it.date),
        Filter("before", FilterKind.BEFORE, "On that date, or earlier.", lambda it: it.date),
        Filter("id", FilterKind.ID, "These time entries.", lambda it: it.id),
        Filter("note", FilterKind.TEXT, "With that note.", lambda it: it.note),
        Filter("query", FilterKind.QUERY, "Each word in the note.", lambda it: (it.note,)),
        Filter(
            "track_method_id",
            FilterKind.NUMBER,
            "1: entered by hand, 2: by a timer, 4: both.",
            lambda it: int(it.track_method),
            choices=tuple(int(method) for method in TrackMethod),
        ),
        *(
            Filter(name, FilterKind.LACKING, "There is no such thing here: nothing matches.")
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
        Filter("with_draft", FilterKind.IGNORED, "There are no drafts here: changes nothing."),
    ),
    sorts=("date", "created_at", "updated_at"),
)


def _date(value: str) -> str:
    if not EARLIEST_DATE <= value <= LATEST_DATE:
        raise ValueError(f"must lie between {EARLIEST_DATE} and {LATEST_DATE}")
    return value


_PERSON = one(
    "person", "people", "Whose time it is, if not the caller's; only an admin may name another."
)
_DATE = Input(
    "date", Kind.DATE, (InAttribute("date"),), "The day it is booked on, if not today.", rule=_date
)
_TIME = integer(
    "time", "Minutes; what a timer tracks from then on is added to it.", 0, MOST_MINUTES
)
_BILLABLE_TIME = replace(
    integer(
        "billable_time",
        "Minutes to invoice, if not all of a billable service's time.",
        0,
        MOST_MINUTES,
    ),
    nullable=True,
)
_NOTE = text("note", "A remark.", nullable=True, most=_LONGEST_NOTE)

CREATION = (
    _PERSON,
    one("service", "services", "What it is sold as.", required=True),
    _DATE,
    _TIME,
    _BILLABLE_TIME,
    _NOTE,
)
CHANGES = (
    _PERSON,
    one("service", "services", "What it is sold as."),
    _DATE,
    _TIME,
    _BILLABLE_TIME,
    _NOTE,
)

TIME_ENTRY_REVISIONS: Resource[Revision] = Resource(
    type="time_entry_revisions",
    singular="time_entry_revision",
    meaning="What somebody changed of a time entry by hand.",
    id=lambda revision: revision.id,
    attributes=(
        Attribute("time_entry_id", Kind.INTEGER, lambda it: it.time_entry_id, "Of which entry."),
        Attribute("act", Kind.TEXT, lambda it: it.act.value, "updated or deleted."),
        Attribute("created_at", Kind.INSTANT, lambda it: it.created_at, "When."),
        Attribute(
            "before",
            Kind.OBJECT,
            lambda it: it.before,
            "The values that it changed, by name, as they were; times in minutes.",
        ),
        Attribute(
            "after",
            Kind.OBJECT,
            lambda it: it.after,
            "The same values as they were from then on; all null where it was deleted.",
        ),
    ),
    relationships=(
        Relationship(
            "organization",
            "organizations",
            lambda it: it.organization_id,
            "Where that was.",
            always=True,
        ),
        Relationship("creator", "people", lambda it: it.person_id, "Who did it.", always=True),
    ),
    includes=("creator", "organization"),
    filters=(
        Filter(
            "time_entry_id",
            FilterKind.ID,
            "Of these time entries; it must be said.",
            lambda it: it.time_entry_id,
        ),
    ),
    sorts=("created_at",),
    orders={"created_at": lambda it: it.created_at},
)
