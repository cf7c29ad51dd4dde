"""The export files of other products: which column has which value. docs/import.md."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from tools.admin.history.names import normalized


class Field(StrEnum):
    """A value of a row. ``--map COLUMN=FIELD`` names one of them."""

    ID = "id"
    EMAIL = "email"
    PERSON = "person"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    CLIENT = "client"
    PROJECT = "project"
    TASK = "task"
    SERVICE = "service"
    NOTE = "note"
    BILLABLE = "billable"
    BILLABLE_DURATION = "billable_duration"
    BILLABLE_SECONDS = "billable_seconds"
    DATE = "date"
    START_TIME = "start_time"
    END_DATE = "end_date"
    END_TIME = "end_time"
    START = "start"
    END = "end"
    DURATION = "duration"
    MINUTES = "minutes"
    SECONDS = "seconds"
    IGNORED = "ignored"


SERVICE_FIELDS = (Field.CLIENT, Field.PROJECT, Field.TASK, Field.SERVICE)
"""The values that may form the name of a service."""


class Format(Struct, frozen=True):
    """A product's export file.

    :param columns: the fields by the name of their column, in lower case.
    :param service_from: the fields that form the name of a service.
    :param mapped: the columns that the file must have, because ``--map`` names them.
    :param is_escaped: whether its texts are escaped, so that no spreadsheet runs them.
    """

    name: str
    columns: Mapping[str, Field]
    service_from: tuple[Field, ...]
    mapped: tuple[str, ...] = ()
    is_escaped: bool = False

    def with_columns(self, mapped: Iterable[tuple[str, Field]]) -> "Format":
        """Return the format with other columns, which come before its own for their fields."""
        own = {normalized(column): field for column, field in mapped}
        taken = set(own.values())
        kept = {column: field for column, field in self.columns.items() if field not in taken}
        return replace(self, columns={**kept, **own}, mapped=tuple(own))


_CLIENT_PROJECT = (Field.CLIENT, Field.PROJECT)

TOGGL = Format(
    "toggl",
    {
        "user": Field.PERSON,
        "member": Field.PERSON,
        "email": Field.EMAIL,
        "client": Field.CLIENT,
        "project": Field.PROJECT,
        "task": Field.TASK,
        "description": Field.NOTE,
        "billable": Field.BILLABLE,
        "start date": Field.DATE,
        "start time": Field.START_TIME,
        "end date": Field.END_DATE,
        "end time": Field.END_TIME,
        "stop date": Field.END_DATE,
        "stop time": Field.END_TIME,
        "duration": Field.DURATION,
    },
    _CLIENT_PROJECT,
)
CLOCKIFY = Format(
    "clockify",
    {
        "project": Field.PROJECT,
        "client": Field.CLIENT,
        "description": Field.NOTE,
        "task": Field.TASK,
        "user": Field.PERSON,
        "email": Field.EMAIL,
        "billable": Field.BILLABLE,
        "start date": Field.DATE,
        "start time": Field.START_TIME,
        "end date": Field.END_DATE,
        "end time": Field.END_TIME,
        "duration (h)": Field.DURATION,
        "duration (decimal)": Field.DURATION,
    },
    _CLIENT_PROJECT,
)
HARVEST = Format(
    "harvest",
    {
        "date": Field.DATE,
        "client": Field.CLIENT,
        "project": Field.PROJECT,
        "task": Field.TASK,
        "notes": Field.NOTE,
        "hours": Field.DURATION,
        "billable?": Field.BILLABLE,
        "first name": Field.FIRST_NAME,
        "last name": Field.LAST_NAME,
        "email": Field.EMAIL,
        "started at": Field.START_TIME,
        "ended at": Field.END_TIME,
    },
    _CLIENT_PROJECT,
)
PRODUCTIVE = Format(
    "productive",
    {
        "id": Field.ID,
        "date": Field.DATE,
        "person": Field.PERSON,
        "email": Field.EMAIL,
        "person email": Field.EMAIL,
        "client": Field.CLIENT,
        "company": Field.CLIENT,
        "project": Field.PROJECT,
        "service": Field.SERVICE,
        "task": Field.TASK,
        "note": Field.NOTE,
        "time": Field.DURATION,
        "worked time": Field.DURATION,
        "billable time": Field.BILLABLE_DURATION,
    },
    (Field.PROJECT, Field.SERVICE),
)
STINT = Format(
    "stint",
    {
        "id": Field.ID,
        "date": Field.DATE,
        "start": Field.START,
        "end": Field.END,
        "duration_seconds": Field.SECONDS,
        "person_email": Field.EMAIL,
        "person": Field.PERSON,
        "service": Field.SERVICE,
        "note": Field.NOTE,
        "billable": Field.BILLABLE,
        "billable_seconds": Field.BILLABLE_SECONDS,
    },
    (Field.SERVICE,),
    is_escaped=True,
)
ANY_CSV = Format("csv", {}, SERVICE_FIELDS)
"""A file of which ``--map`` names every column."""

FORMATS = {form.name: form for form in (TOGGL, CLOCKIFY, HARVEST, PRODUCTIVE, STINT)}
