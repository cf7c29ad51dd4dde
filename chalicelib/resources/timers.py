"""Timers. The source document; contract sections 2, 3, 4 and 6."""

from chalicelib.domain.policies import Visibility
from chalicelib.domain.timers import Timer
from chalicelib.jsonapi.inputs import InAttribute, InParameter, Input, InRelationship
from chalicelib.jsonapi.resource import (
    Attribute,
    Filter,
    FilterKind,
    Kind,
    Relationship,
    Resource,
)

_STOP_REASON: Attribute[Timer] = Attribute(
    "stop_reason",
    Kind.TEXT,
    lambda it: None if it.stop_reason is None else it.stop_reason.value,
    "Why it stopped, where nobody stopped it by hand: auto (it ran into its organization's limit), "
    "superseded (another was started), or deactivated (its person was).",
)

TIMERS: Resource[Timer] = Resource(
    type="timers",
    singular="timer",
    meaning="One session of work on a time entry: when it was started and when it was stopped.",
    id=lambda timer: timer.id,
    owner=lambda timer: timer.person_id,
    visibility=Visibility.OWN,
    meta=(_STOP_REASON,),
    attributes=(
        Attribute("person_id", Kind.INTEGER, lambda it: it.person_id, "Who works."),
        Attribute("started_at", Kind.INSTANT, lambda it: it.started_at, "When it started."),
        Attribute(
            "stopped_at",
            Kind.INSTANT,
            lambda it: it.stopped_at,
            "When it stopped; null while it runs.",
            nullable=True,
        ),
        Attribute(
            "total_time",
            Kind.INTEGER,
            lambda it: it.total_time,
            "The minutes of this session, rounded half up; 0 while it runs.",
        ),
    ),
    relationships=(
        Relationship(
            "organization",
            "organizations",
            lambda it: it.organization_id,
            "Where the person works.",
            always=True,
        ),
        Relationship(
            "time_entry",
            "time_entries",
            lambda it: it.time_entry_id,
            "What the session is counted on.",
        ),
    ),
    includes=(
        "organization",
        "time_entry",
        "time_entry.person",
        "time_entry.project",
        "time_entry.service",
        "time_entry.task",
    ),
    filters=(
        Filter("person_id", FilterKind.ID, "Timers of these people."),
        Filter("time_entry_id", FilterKind.ID, "Timers of these time entries."),
        Filter("started_at", FilterKind.TIME, "Started on that day, or in that second."),
        Filter(
            "stopped_at", FilterKind.TIME, "Stopped on that day, or in that second; empty: running."
        ),
    ),
    sorts=("started_at", "stopped_at"),
)

TIME_ENTRY = Input(
    "time_entry",
    Kind.ID,
    (
        InRelationship("time_entry", "time_entries"),
        InAttribute("time_entry_id"),
        InParameter("time_entry_id"),
    ),
    "The time entry to work on.",
)
SERVICE = Input(
    "service",
    Kind.ID,
    (
        InAttribute("service_id"),
        InRelationship("service", "services"),
        InParameter("service_id"),
    ),
    "The service to make a new time entry for; ignored where a time entry is named.",
)
PERSON = Input(
    "person",
    Kind.ID,
    (InAttribute("person_id"), InRelationship("person", "people")),
    "Who works, if not the caller; only an admin may name somebody else.",
)
STARTED_AT = Input(
    "started_at",
    Kind.INSTANT,
    (InAttribute("started_at"),),
    "When it started, if not now: up to 31 days back, not before the last session's end.",
)
STOPPED_AT = Input(
    "stopped_at",
    Kind.INSTANT,
    (InAttribute("stopped_at"),),
    "When it stopped, if not now.",
)
