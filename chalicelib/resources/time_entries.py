"""Time entries. Contract section 10."""

from typing import Any

from chalicelib.domain.policies import Visibility
from chalicelib.domain.timers import TimeEntry
from chalicelib.jsonapi.resource import Attribute, Kind, Relationship, Resource


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
)
