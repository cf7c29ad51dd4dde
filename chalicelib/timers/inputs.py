"""The inputs of the routes of timers, and what they ask for. Contract sections 3, 4 and 4a."""

from msgspec import UNSET
from msgspec.structs import replace

from chalicelib.jsonapi.input_types import text_input
from chalicelib.jsonapi.inputs import InAttribute, InParameter, Input, InRelationship, Values
from chalicelib.jsonapi.parameters import Parameters
from chalicelib.jsonapi.requests import Document
from chalicelib.jsonapi.resource import Kind
from chalicelib.time_entries.api import MAX_NOTE_LENGTH
from chalicelib.timers.edits import Edit
from chalicelib.timers.operations import StartCommand

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
    Kind.TIMESTAMP,
    (InAttribute("started_at"),),
    "Start time. Default: now. For a running timer at most 31 days ago, and not before the end of "
    "another session. A time up to 24 hours in the future counts as now.",
    follows_client_clock=True,
)

STOPPED_AT = Input(
    "stopped_at",
    Kind.TIMESTAMP,
    (InAttribute("stopped_at"),),
    "Stop time. Default: now. A time in the future counts as now, a time before the start as the "
    "start.",
    follows_client_clock=True,
)

ENDED_AT = replace(
    STOPPED_AT,
    description="Stop time of a session that is over. It may be before, between or after others. "
    "Default: the timer is running.",
)

NOTE = text_input("note", "Note of a new time entry.", maximum=MAX_NOTE_LENGTH, multiline=True)

START_INPUTS = (TIME_ENTRY, SERVICE, PERSON, STARTED_AT, ENDED_AT, NOTE)

EDIT_INPUTS = (
    replace(
        STARTED_AT,
        description="Start time. The session must not overlap another one. A time up to 24 hours "
        "in the future counts as now.",
    ),
    replace(
        STOPPED_AT,
        nullable=True,
        description="Stop time. The session must not overlap another one. A time in the future "
        "counts as now. Null: the timer continues, if it is the last session of the person.",
    ),
    replace(TIME_ENTRY, nullable=True, description="Time entry of the same person."),
)


def read_start(document: Document, parameters: Parameters) -> StartCommand:
    """The command of a start, from a document and the query."""
    time_entry_id = TIME_ENTRY.read(document, parameters)
    return StartCommand(
        time_entry_id=time_entry_id,
        # With a time entry, an invalid service is not an error.
        service_id=SERVICE.read(document, parameters) if time_entry_id is None else None,
        person_id=PERSON.read(document, parameters),
        started_at=STARTED_AT.read(document, parameters),
        stopped_at=ENDED_AT.read(document, parameters),
        note=NOTE.read(document, parameters),
    )


def read_edit(values: Values, clock_skew: int) -> Edit:
    """The edit that the values of :data:`EDIT_INPUTS` ask for."""
    # A time entry that is null or blank is absent.
    time_entry_id = values.get(TIME_ENTRY.name) or UNSET
    return Edit(
        started_at=values.get(STARTED_AT.name, UNSET),
        stopped_at=values.get(STOPPED_AT.name, UNSET),
        time_entry_id=time_entry_id,
        clock_skew=clock_skew,
    )
