"""Writes the rows of an import: people at the same time, the rows of a person in order.

Each row is one transaction with a key that never expires. So a repeated import continues where the
last one stopped, and two imports at the same time write each row once. Decision 0034.
"""

import threading
from collections import defaultdict
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from enum import StrEnum
from queue import SimpleQueue
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.api_tokens.authentication import CALLER_CACHE_SECONDS
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import Conflict, OverlapsSession, StintError, Unavailable
from chalicelib.core.permissions import Caller
from chalicelib.core.write_options import WriteOptions
from chalicelib.organizations.model import Organization
from chalicelib.time_entries.operations import TimeEntries
from chalicelib.timers.operations import StartCommand, Timers
from tools.admin.history.planning import PlannedRow, order
from tools.admin.history.row_keys import key_of_row, lasting_key_of_row
from tools.error_messages import describe_error

PEOPLE_AT_ONCE = 8
"""How many people's rows are written at the same time. Each has its own partitions."""


class Outcome(StrEnum):
    """What happened to a row."""

    TIMER = "timer"
    MINUTES = "minutes"
    SKIPPED = "skipped"
    REFUSED = "refused"


class RowResult(Struct, frozen=True):
    """The result of a row; ``reason`` says why it is not a timer."""

    planned: PlannedRow
    outcome: Outcome
    reason: str = ""


def expected_result(planned: PlannedRow) -> RowResult:
    """Return what an import will do with a row, if nothing comes between."""
    if planned.done:
        return RowResult(planned, Outcome.SKIPPED, planned.done)
    if planned.refused:
        return RowResult(planned, Outcome.REFUSED, planned.refused)
    if planned.no_timer:
        return RowResult(planned, Outcome.MINUTES, planned.no_timer)
    return RowResult(planned, Outcome.TIMER)


class RowWriter:
    """Writes single rows. Two calls for each; four if another session came between."""

    def __init__(self, dependencies: Dependencies, caller: Caller) -> None:
        self._dependencies = dependencies
        self._caller, self._read_at = caller, dependencies.now()
        self._timers = Timers(dependencies)
        self._entries = TimeEntries(dependencies)

    def write(self, planned: PlannedRow) -> RowResult:
        """Write a row. Raises ``Unavailable`` and ``Conflict``: the row can be written later."""
        if planned.is_settled:
            return expected_result(planned)
        try:
            return self._write(planned)
        except (Unavailable, Conflict):
            raise
        except StintError as error:
            return RowResult(planned, Outcome.REFUSED, describe_error(error))

    def _current_caller(self) -> Caller:
        """The caller with an organization that was read lately: it may close a period meanwhile."""
        now = self._dependencies.now()
        if now - self._read_at >= CALLER_CACHE_SECONDS:
            organization_id = self._caller.organization.id
            database = self._dependencies.database
            organization = database.get(Organization, organization_id, organization_id)
            if organization is not None:
                self._caller = replace(self._caller, organization=organization)
                self._read_at = now
        return self._caller

    def _write(self, planned: PlannedRow) -> RowResult:
        row, person_id = planned.row, _id_of(planned.person)
        caller = self._current_caller()
        options = WriteOptions(
            key=key_of_row(caller, person_id, row),
            lasting_key=lasting_key_of_row(caller, row),
            is_history=True,
        )
        reason = planned.no_timer
        if row.span is not None and not reason:
            start, stop = row.span
            command = StartCommand(
                service_id=_id_of(planned.service),
                person_id=person_id,
                started_at=start,
                stopped_at=stop,
                note=row.note,
                billable_minutes=planned.billable_minutes,
                billable=row.billable,
            )
            try:
                replayed = self._timers.start(caller, command, options).replayed
            except OverlapsSession as error:
                reason = f"it overlaps timer {(error.meta or {}).get('conflicting_timer_id')}"
            else:
                return _result(planned, Outcome.TIMER, "", replayed=replayed)
        values: dict[str, Any] = {
            "person": person_id,
            "service": _id_of(planned.service),
            "date": row.date,
            "time": row.minutes,
            "note": row.note,
            "billable_time": planned.billable_minutes,
            "billable": row.billable,
        }
        replayed = self._entries.create(caller, values, options).replayed
        return _result(planned, Outcome.MINUTES, reason, replayed=replayed)


def _result(planned: PlannedRow, outcome: Outcome, reason: str, *, replayed: bool) -> RowResult:
    if replayed:
        return RowResult(planned, Outcome.SKIPPED, "another import wrote it at the same time")
    return RowResult(planned, outcome, reason)


def _id_of(record: Any) -> int:
    record_id: int = record.id
    return record_id


def write_all(writer: RowWriter, planned: Sequence[PlannedRow]) -> Generator[RowResult]:
    """Write rows and yield their results as they come.

    Closing the iterator, or an error, ends all threads after the row that each is writing.
    """
    by_person: dict[int, list[PlannedRow]] = defaultdict(list)
    for row in sorted(planned, key=order):
        by_person[_id_of(row.person)].append(row)
    results: SimpleQueue[RowResult | BaseException] = SimpleQueue()
    stop = threading.Event()

    def write_person(rows: Sequence[PlannedRow]) -> None:
        try:
            for row in rows:
                if stop.is_set():
                    return
                results.put(writer.write(row))
        except BaseException as error:  # noqa: BLE001 - raised again where the results are read
            results.put(error)

    threads = ThreadPoolExecutor(PEOPLE_AT_ONCE, "import")
    try:
        # The longest first, so that none is left alone at the end.
        for rows in sorted(by_person.values(), key=len, reverse=True):
            threads.submit(copy_context().run, write_person, rows)
        for _ in planned:
            result = results.get()
            if isinstance(result, BaseException):
                raise result
            yield result
    finally:
        stop.set()
        threads.shutdown(cancel_futures=True)
