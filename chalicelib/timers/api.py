"""The JSON:API resource and the routes of timers. Contract sections 2, 3, 4 and 6."""

from typing import Any

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import OverlapsSession, PeriodClosed, RecordNotFound
from chalicelib.core.lists import CursorPage, Page
from chalicelib.core.permissions import OWN, Caller
from chalicelib.core.unit_of_work import Result
from chalicelib.core.write_options import WriteOptions
from chalicelib.http.formats import CsvExport
from chalicelib.http.includes import IncludedResources
from chalicelib.http.registration import Registration
from chalicelib.http.routing import MetaField, Route
from chalicelib.http.views import Presented, ResourceViews
from chalicelib.jsonapi import example_values as example
from chalicelib.jsonapi.in_memory_list import ReadPosition
from chalicelib.jsonapi.inputs import Values
from chalicelib.jsonapi.parameters import ListQuery, PageNumber
from chalicelib.jsonapi.resource import Attribute, Filter, FilterKind, Kind, Relationship, Resource
from chalicelib.time_entries.api import TIME_ENTRIES
from chalicelib.timers.editing import VIEW_TIMER, TimerEditing
from chalicelib.timers.inputs import (
    EDIT_INPUTS,
    ENDED_AT,
    START_INPUTS,
    STARTED_AT,
    STOPPED_AT,
    read_edit,
    read_start,
)
from chalicelib.timers.model import Timer, TimerOutcome, TimerQuery, TimerSort
from chalicelib.timers.operations import StartCommand, StopCommand, Timers

_STOP_REASON: Attribute[Timer] = Attribute(
    "stop_reason",
    Kind.TEXT,
    lambda timer: None if timer.stop_reason is None else timer.stop_reason.value,
    "Why the timer stopped by itself: auto (it reached its limit), "
    "superseded (another timer started) or deactivated (the person was deactivated). "
    "Absent while the timer is running and after a manual stop.",
)


def _example() -> Timer:
    return Timer(
        id=example.TIMER,
        organization_id=example.ORGANIZATION,
        person_id=example.PERSON,
        time_entry_id=example.TIME_ENTRY,
        started_at=example.NOW,
        auto_stop_at=example.NOW + 12 * example.HOUR,
        stopped_at=example.NOW + example.HOUR,
    )


TIMERS: Resource[Timer] = Resource(
    type="timers",
    singular="timer",
    description="One session of work on a time entry, with its start and its stop.",
    entity=Timer,
    view=VIEW_TIMER,
    # Its writes give nobody access: a remembered token is enough.
    needs_live_token=False,
    example=_example,
    id=lambda timer: timer.id,
    meta=(_STOP_REASON,),
    attributes=(
        Attribute(
            "person_id",
            Kind.NUMERIC_ID,
            lambda timer: timer.person_id,
            "Id of the person who works.",
        ),
        Attribute("started_at", Kind.TIMESTAMP, lambda timer: timer.started_at, "Start time."),
        Attribute(
            "stopped_at",
            Kind.TIMESTAMP,
            lambda timer: timer.stopped_at,
            "Stop time. Null: the timer is running.",
            nullable=True,
        ),
        Attribute(
            "total_time",
            Kind.INTEGER,
            lambda timer: timer.total_time,
            "Minutes of this session, rounded half up. 0 while the timer is running.",
        ),
    ),
    relationships=(
        Relationship(
            "organization",
            "organizations",
            lambda timer: timer.organization_id,
            "Organization of the timer.",
            always=True,
        ),
        Relationship(
            "time_entry",
            "time_entries",
            lambda timer: timer.time_entry_id,
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

_STOPPED_TIMERS = MetaField(
    "stopped_timer_ids", Kind.ID, "Timers that this request stopped.", is_list=True
)
_ADJUSTED = MetaField(
    "adjusted",
    Kind.TEXT,
    "Requested times that were moved: a time in the future to now, a stop before the start to it.",
    is_list=True,
)
_ALREADY_STOPPED = MetaField(
    "already_stopped", Kind.BOOLEAN, "True if the timer was already stopped. Nothing changed."
)


def timer_routes(dependencies: Dependencies, included: IncludedResources) -> tuple[Route, ...]:
    """The routes of timers."""
    views = ResourceViews(included, TIMERS, _present)
    timers, editing = Timers(dependencies), TimerEditing(dependencies)

    def update(
        caller: Caller, timer_id: int, values: Values, options: WriteOptions
    ) -> Result[TimerOutcome]:
        return editing.update(caller, timer_id, read_edit(values, options.clock_skew), options)

    def stop(
        caller: Caller, timer_id: int, values: Values, options: WriteOptions
    ) -> Result[TimerOutcome]:
        command = StopCommand(timer_id=timer_id, stopped_at=values.get(STOPPED_AT.name))
        return timers.stop(caller, command, options)

    def stop_on_entry(
        caller: Caller, entry_id: int, values: Values, options: WriteOptions
    ) -> Result[TimerOutcome]:
        command = StopCommand(time_entry_id=entry_id, stopped_at=values.get(STOPPED_AT.name))
        return timers.stop(caller, command, options)

    def start_on_entry(
        caller: Caller, entry_id: int, values: Values, options: WriteOptions
    ) -> Result[TimerOutcome]:
        times = {declared.name: values.get(declared.name) for declared in (STARTED_AT, ENDED_AT)}
        command = StartCommand(time_entry_id=entry_id, **times)
        return timers.start_on_entry(caller, command, options)

    def stop_running(caller: Caller, values: Values, options: WriteOptions) -> Result[TimerOutcome]:
        return timers.stop_running(caller, values.get(STOPPED_AT.name), options)

    return (
        views.list(TimerList(timers), OWN, CsvExport(_csv_table, "filter[started_at]")),
        views.create(
            timers.start,
            OWN,
            START_INPUTS,
            read=read_start,
            name="start_timer",
            description="Start a timer and stop the running one at the same time.",
            meta=(_STOPPED_TIMERS, _ADJUSTED),
            own_errors=(OverlapsSession, PeriodClosed),
        ),
        views.show(timers.show, OWN),
        views.update(
            update, OWN, EDIT_INPUTS, meta=(_ADJUSTED,), own_errors=(OverlapsSession, PeriodClosed)
        ),
        views.delete(editing.delete, OWN, own_errors=(PeriodClosed,)),
        views.action(
            "stop",
            stop,
            OWN,
            inputs=(STOPPED_AT,),
            methods=("PATCH", "PUT"),
            description="Stop a timer.",
            meta=(_ALREADY_STOPPED, _ADJUSTED),
            own_errors=(PeriodClosed,),
        ),
        views.action(
            "stop",
            stop_on_entry,
            OWN,
            inputs=(STOPPED_AT,),
            subject=TIME_ENTRIES,
            description="Stop the running timer of a time entry.",
            meta=(_ALREADY_STOPPED, _ADJUSTED),
            own_errors=(PeriodClosed,),
        ),
        views.action(
            "start",
            start_on_entry,
            OWN,
            inputs=(STARTED_AT, ENDED_AT),
            subject=TIME_ENTRIES,
            description="Start a timer on a time entry, for the person of the entry.",
            meta=(_STOPPED_TIMERS, _ADJUSTED),
            own_errors=(OverlapsSession, PeriodClosed),
        ),
        views.collection_action(
            "stop",
            stop_running,
            OWN,
            inputs=(STOPPED_AT,),
            name="stop_running_timer",
            description="Stop the running timer of the caller.",
            meta=(_ALREADY_STOPPED, _ADJUSTED),
            own_errors=(PeriodClosed, RecordNotFound),
        ),
    )


def _csv_table() -> Any:
    # Only here: most processes never need it.
    from chalicelib.timers.csv_columns import TIMERS_TABLE  # noqa: PLC0415

    return TIMERS_TABLE


class TimerList:
    """Reads lists of timers: see :class:`~chalicelib.jsonapi.in_memory_list.ListReader`."""

    def __init__(self, timers: Timers) -> None:
        self._timers = timers

    def page(self, caller: Caller, query: ListQuery) -> Page[Timer]:
        """A page by number."""
        return self._timers.page(caller, _timer_query(caller, query))

    def cursor_page(
        self, caller: Caller, query: ListQuery, position: ReadPosition
    ) -> tuple[CursorPage[Timer], str]:
        """A cursor page, and the list's description."""
        return self._timers.cursor_page(caller, _timer_query(caller, query), position)


def _present(outcome: TimerOutcome) -> Presented:
    meta: dict[str, Any] = {}
    if outcome.stopped_timer_id is not None:
        meta["stopped_timer_ids"] = [str(outcome.stopped_timer_id)]
    if outcome.already_stopped:
        meta["already_stopped"] = True
    if outcome.adjusted:
        meta["adjusted"] = list(outcome.adjusted)
    return outcome.timer, meta


def _timer_query(caller: Caller, query: ListQuery) -> TimerQuery:
    conditions = query.conditions
    return TimerQuery(
        organization_id=caller.organization.id,
        person_ids=conditions.ids("person_id"),
        time_entry_ids=conditions.ids("time_entry_id"),
        started_at=conditions.time("started_at"),
        stopped_at=conditions.time("stopped_at"),
        other_person_ids=conditions.excluded_ids("person_id"),
        other_time_entry_ids=conditions.excluded_ids("time_entry_id"),
        started_outside=conditions.excluded_times("started_at"),
        stopped_outside=conditions.excluded_times("stopped_at"),
        sort=TimerSort(query.sort),
        descending=query.descending,
        page=query.page.number if isinstance(query.page, PageNumber) else 1,
        page_size=query.page.size,
    )


TIMERS_REGISTRATION = Registration(TIMERS, timer_routes, is_personal=True)
