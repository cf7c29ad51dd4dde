"""Timers. The source document; contract sections 2, 3, 4 and 6."""

from chalicelib.core.permissions import Visibility
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
    "Why the timer stopped by itself: auto (it reached the limit of the organization), "
    "superseded (another timer started) or deactivated (the person was deactivated). "
    "Absent while the timer is running and after a manual stop.",
)

TIMERS: Resource[Timer] = Resource(
    type="timers",
    singular="timer",
    meaning="One session of work on a time entry, with its start and its stop.",
    id=lambda timer: timer.id,
    owner=lambda timer: timer.person_id,
    visibility=Visibility.OWN,
    meta=(_STOP_REASON,),
    attributes=(
        Attribute(
            "person_id", Kind.INTEGER, lambda it: it.person_id, "Id of the person who works."
        ),
        Attribute("started_at", Kind.INSTANT, lambda it: it.started_at, "Start time."),
        Attribute(
            "stopped_at",
            Kind.INSTANT,
            lambda it: it.stopped_at,
            "Stop time. Null: the timer is running.",
            nullable=True,
        ),
        Attribute(
            "total_time",
            Kind.INTEGER,
            lambda it: it.total_time,
            "Minutes of this session, rounded half up. 0 while the timer is running.",
        ),
    ),
    relationships=(
        Relationship(
            "organization",
            "organizations",
            lambda it: it.organization_id,
            "Organization of the timer.",
            always=True,
        ),
        Relationship(
            "time_entry",
            "time_entries",
            lambda it: it.time_entry_id,
            "Time entry that the session counts on.",
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
        Filter("person_id", FilterKind.ID, "Id of the person."),
        Filter("time_entry_id", FilterKind.ID, "Id of the time entry."),
        Filter(
            "started_at",
            FilterKind.TIME,
            "Start time: a date (the whole day) or a date-time (that second).",
        ),
        Filter(
            "stopped_at",
            FilterKind.TIME,
            "Stop time: a date (the whole day) or a date-time (that second). Empty: running.",
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
    "The service of a new time entry. Ignored if a time entry is given.",
)
PERSON = Input(
    "person",
    Kind.ID,
    (InAttribute("person_id"), InRelationship("person", "people")),
    "Person who works. Default: the caller. Only admins can name another person.",
)
STARTED_AT = Input(
    "started_at",
    Kind.INSTANT,
    (InAttribute("started_at"),),
    "Start time. Default: now. At most 31 days ago and not before the end of the last session.",
)
STOPPED_AT = Input(
    "stopped_at",
    Kind.INSTANT,
    (InAttribute("stopped_at"),),
    "Stop time. Default: now.",
)
