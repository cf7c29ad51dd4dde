"""Turns the rows of an export file into sessions and durations, checked as a whole."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.core.idempotency import fingerprint_of
from chalicelib.core.time_zones import ZoneInfo
from chalicelib.core.timestamps import local_date, parse_timestamp, rounded_minutes
from chalicelib.time_entries.model import EARLIEST_DATE, MAX_MINUTES
from chalicelib.timers.edits import MAX_SESSION_SECONDS
from tools.admin.csvfile import BadFile
from tools.admin.history import cells
from tools.admin.history.cells import DateOrder, UnknownDateOrder
from tools.admin.history.formats import SERVICE_FIELDS, STINT, Field, Format
from tools.admin.history.local_times import resolve_span, resolve_time
from tools.admin.history.names import normalized
from tools.admin.history.notes import checked_note
from tools.admin.history.table import Record, Table

T = TypeVar("T")

_NO_ORDER = "Say which with --date-order dmy, mdy or ymd."
_NAME_SEPARATOR = " / "
_DURATIONS = {
    Field.DURATION: cells.parse_duration,
    Field.MINUTES: cells.parse_minutes,
    Field.SECONDS: cells.parse_seconds,
}
_BILLABLE_TIMES = {
    Field.BILLABLE_DURATION: cells.parse_duration,
    Field.BILLABLE_SECONDS: cells.parse_seconds,
}


class Reading(Struct, frozen=True):
    """How to read a file.

    :param zone: the time zone of its local times.
    :param now: the present timestamp; later times are refused.
    :param service_from: the fields that form the name of a service.
    :param date_order: None: as the dates show.
    :param default_service: the name of the service of rows that name none.
    :param again: part of the key of each row, so that rows can be imported once more.
    """

    form: Format
    zone: ZoneInfo
    now: int
    service_from: tuple[Field, ...]
    date_order: DateOrder | None = None
    default_service: str = ""
    again: str = ""


class HistoryRow(Struct, frozen=True):
    """A row of a file.

    :param service: the name of its service; empty: it names none.
    :param date: the date of its time entry, if it becomes no timer.
    :param span: start and stop as timestamps; None: the row has only a duration.
    :param billable: None: as the service says.
    :param billable_seconds: None: the file has no billable time.
    :param digest: identifies the row in every run and every file, with its person.
    :param id: its id in its product; empty: the file has none.
    :param form: the name of the format of the file.
    :param skipped: why it is not imported; empty: it is.
    """

    line: int
    email: str
    person: str
    service: str
    date: str
    span: tuple[int, int] | None
    seconds: int
    note: str | None
    billable: bool | None = None
    billable_seconds: int | None = None
    digest: str = ""
    id: str = ""
    form: str = ""
    skipped: str = ""

    @property
    def minutes(self) -> int:
        """The duration in minutes, rounded half up."""
        return rounded_minutes(self.seconds)


class History(Struct, frozen=True):
    """The rows of a file, and what the operator should know about them, by line."""

    rows: tuple[HistoryRow, ...]
    warnings: tuple[str, ...] = ()


def person_of(record: Record) -> tuple[str, str]:
    """Return the e-mail address and the name of the person of a row; either may be empty."""
    names = record.get(Field.FIRST_NAME), record.get(Field.LAST_NAME)
    name = record.get(Field.PERSON) or " ".join(filter(None, names))
    return record.get(Field.EMAIL).casefold(), " ".join(name.split())


def service_of(record: Record, fields: Sequence[Field]) -> str:
    """Return the name of the service of a row, from these fields; empty if the row has none."""
    parts = (" ".join(record.get(field).split()) for field in fields)
    return _NAME_SEPARATOR.join(filter(None, parts))


def billable_of(record: Record) -> bool | None:
    """Return whether a row is billable; None: it does not say. Raises ``ValueError``."""
    text = record.get(Field.BILLABLE)
    return cells.parse_boolean(text) if text else None


def read_history(table: Table, reading: Reading) -> History:
    """Return the rows of a table. Raises :class:`BadFile` with all problems."""
    missing = _missing_fields(table)
    if missing:
        raise BadFile(missing)
    parser = _Parser(reading, _date_order(table, reading))
    rows = [row for record in table.records if (row := parser.row(record)) is not None]
    if parser.problems:
        raise BadFile(parser.problems)
    return History(tuple(rows), tuple(parser.warnings))


def _missing_fields(table: Table) -> list[str]:
    groups: dict[str, set[Field]] = {
        "a person": {Field.EMAIL, Field.PERSON, Field.FIRST_NAME, Field.LAST_NAME},
        "a date": {Field.DATE, Field.START},
        "a duration, or a start and an end": {
            Field.DURATION,
            Field.MINUTES,
            Field.SECONDS,
            Field.END,
            Field.END_TIME,
        },
    }
    return [
        f"line 1: no column has {what}: name one with --map COLUMN={min(fields)}"
        for what, fields in groups.items()
        if not fields & table.fields
    ]


def _date_order(table: Table, reading: Reading) -> DateOrder:
    if reading.date_order is not None:
        return reading.date_order
    names = (Field.DATE, Field.END_DATE)
    texts = (record.get(name) for record in table.records for name in names)
    try:
        return cells.find_date_order(texts)
    except UnknownDateOrder as error:
        raise BadFile([f"{error}. {_NO_ORDER}"]) from error


class _Parser:
    """Parses records, and collects their problems and warnings."""

    def __init__(self, reading: Reading, order: DateOrder) -> None:
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self._reading = reading
        self._order = order
        self._equal_rows: Counter[str] = Counter()
        self._today = local_date(reading.now, reading.zone)

    def row(self, record: Record) -> HistoryRow | None:
        """Return the row of a record; None if it has a problem."""
        try:
            row = self._times(record)
            self._check(row)
        except ValueError as error:
            self.problems.append(f"line {record.line}: {error}")
            return None
        return replace(row, digest=self._digest(record, row))

    def _times(self, record: Record) -> HistoryRow:
        """Read everything but the digest. Raises ``ValueError``."""
        email, person = person_of(record)
        if not email and not person:
            raise ValueError("has no person")
        day = self._cell(record, Field.DATE, self._date)
        seconds = self._duration(record)
        span = self._span(record, day, seconds)
        if day is None and span is None:
            raise ValueError("has no date")
        if span is not None:
            seconds = span[1] - span[0]
        has_start = bool(record.get(Field.START) or record.get(Field.START_TIME))
        skipped = ""
        if seconds is None:
            skipped = "it has a start and no end" if has_start else "it has no duration"
        return HistoryRow(
            line=record.line,
            email=email,
            person=person,
            service=service_of(record, self._reading.service_from) or self._reading.default_service,
            date=day.isoformat() if day else local_date((span or (0,))[0], self._reading.zone),
            span=span,
            seconds=seconds or 0,
            note=checked_note(record.get(Field.NOTE)),
            billable=self._cell(record, Field.BILLABLE, cells.parse_boolean),
            billable_seconds=self._first(record, _BILLABLE_TIMES),
            id=record.get(Field.ID),
            form=self._reading.form.name,
            skipped=skipped,
        )

    def _span(
        self, record: Record, day: date | None, seconds: int | None
    ) -> tuple[int, int] | None:
        start = self._cell(record, Field.START, parse_timestamp)
        stop = self._cell(record, Field.END, parse_timestamp)
        if start is not None:
            if stop is None and seconds is not None:
                stop = start + seconds
            return None if stop is None else (start, stop)
        start_time = self._cell(record, Field.START_TIME, cells.parse_time)
        end_time = self._cell(record, Field.END_TIME, cells.parse_time)
        if day is None or start_time is None:
            return None
        local_start = datetime.combine(day, start_time)
        if end_time is None:
            if seconds is None:
                return None
            first = resolve_time(local_start, self._reading.zone)
            return first, first + seconds
        local_stop = self._local_stop(record, local_start, end_time)
        span = resolve_span(local_start, local_stop, self._reading.zone, seconds)
        self.warnings += (f"line {record.line}: {warning}" for warning in span.warnings)
        return span.start, span.stop

    def _local_stop(self, record: Record, start: datetime, end_time: time) -> datetime:
        end_date = self._cell(record, Field.END_DATE, self._date)
        if end_date is not None:
            return datetime.combine(end_date, end_time)
        # The file has one date for both times: an earlier end is on the next day.
        stop = datetime.combine(start.date(), end_time)
        return stop + timedelta(days=1) if stop < start else stop

    def _duration(self, record: Record) -> int | None:
        return self._first(record, _DURATIONS)

    def _first(self, record: Record, parsers: Mapping[Field, Callable[[str], int]]) -> int | None:
        durations = (self._cell(record, field, parse) for field, parse in parsers.items())
        return next((seconds for seconds in durations if seconds is not None), None)

    def _date(self, text: str) -> date:
        return cells.parse_date(text, self._order)

    def _cell(self, record: Record, field: Field, parse: Callable[[str], T]) -> T | None:
        text = record.get(field)
        if not text:
            return None
        try:
            return parse(text)
        except ValueError as error:
            raise ValueError(f"{field.value}: {text!r}: {error}") from error

    def _check(self, row: HistoryRow) -> None:
        """Check what no import may bring. Raises ``ValueError``."""
        if row.span is not None:
            start, stop = row.span
            if stop < start:
                raise ValueError("ends before it starts")
            if stop > self._reading.now:
                raise ValueError("ends in the future")
            if stop - start > MAX_SESSION_SECONDS:
                raise ValueError("lasts more than 31 days")
        if row.date > self._today:
            raise ValueError("is in the future")
        if row.date < EARLIEST_DATE:
            raise ValueError(f"is before {EARLIEST_DATE}")
        if max(row.minutes, rounded_minutes(row.billable_seconds or 0)) > MAX_MINUTES:
            raise ValueError("lasts more than 31 days")

    def _digest(self, record: Record, row: HistoryRow) -> str:
        """Return what identifies a row: its product's id, or what it says and its ordinal.

        What it says are parsed values, so the row of another export of the same time is the same,
        also with other columns, another format of dates or another time zone.
        """
        again = self._reading.again.encode()
        if row.id:
            form = self._reading.form.name.encode()
            # The ids of stint are unique among timers and among time entries, but not among both.
            kind = b"entry" if row.form == STINT.name and row.span is None else b""
            return fingerprint_of(b"import", again, b"id", form, kind, row.id.encode())
        times = (
            self._cell(record, Field.DATE, self._date),
            self._cell(record, Field.START_TIME, cells.parse_time),
            self._cell(record, Field.END_DATE, self._date),
            self._cell(record, Field.END_TIME, cells.parse_time),
        )
        texts = (
            row.email or normalized(row.person),
            *(str(value or "") for value in times),
            record.get(Field.START),
            record.get(Field.END),
            "" if record.get(Field.END_TIME) else str(row.seconds),
            *(record.get(field) for field in SERVICE_FIELDS),
            row.note or "",
        )
        digest = fingerprint_of(b"import", again, b"row", *(text.encode() for text in texts))
        self._equal_rows[digest] += 1
        ordinal = str(self._equal_rows[digest]).encode()
        return fingerprint_of(digest.encode(), ordinal)
