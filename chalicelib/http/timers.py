"""Timers over HTTP: the four endpoints of the source, and one of ours."""

from collections.abc import Mapping
from typing import Any

from chalicelib.core.dependencies import Toolbox
from chalicelib.core.errors import OverlapsSession
from chalicelib.core.idempotency import Outcome, RequestKey
from chalicelib.core.permissions import OWN
from chalicelib.core.unit_of_work import Answer
from chalicelib.domain.directory import Caller
from chalicelib.domain.queries import Page, Stretch, TimerQuery, TimerSort
from chalicelib.domain.timers import Timer
from chalicelib.http.routing import Route, Told
from chalicelib.http.views import Presented, Verb, Views
from chalicelib.jsonapi.in_memory_list import Position
from chalicelib.jsonapi.parameters import ListQuery, PageNumber, Parameters
from chalicelib.jsonapi.requests import Document
from chalicelib.jsonapi.resource import Kind
from chalicelib.time_entries.api import TIME_ENTRIES
from chalicelib.timers.api import PERSON, SERVICE, STARTED_AT, STOPPED_AT, TIME_ENTRY, TIMERS
from chalicelib.timers.operations import (
    StartTimer,
    StopTimer,
    list_timers,
    show_timer,
    start_timer,
    stop_timer,
    walk_timers,
)

_START_INPUTS = (TIME_ENTRY, SERVICE, PERSON, STARTED_AT)
_STOPPED_TIMERS = Told(
    "stopped_timer_ids", Kind.ID, "Timers that this request stopped.", several=True
)
_ALREADY_STOPPED = Told(
    "already_stopped", Kind.BOOLEAN, "True if the timer was already stopped. Nothing changed."
)
_START = Verb(
    "start",
    "Start a timer and stop the running one at the same time.",
    tells=(_STOPPED_TIMERS,),
    refuses=(OverlapsSession,),
)
_STOP = Verb(
    "stop",
    "Stop a timer.",
    (STOPPED_AT,),
    ("PATCH", "PUT"),
    keyed=True,
    tells=(_ALREADY_STOPPED,),
)
_STOP_ON_ENTRY = Verb(
    "stop",
    "Stop the running timer of a time entry.",
    (STOPPED_AT,),
    on=TIME_ENTRIES,
    keyed=True,
    tells=(_ALREADY_STOPPED,),
)


def timer_routes(tools: Toolbox) -> tuple[Route, ...]:
    """What to serve where."""
    views = Views(tools, TIMERS, _present)

    def show(caller: Caller, timer_id: int) -> Timer:
        return show_timer(tools, caller, timer_id)

    def start(caller: Caller, command: StartTimer, key: RequestKey | None) -> Answer[Outcome]:
        return start_timer(tools, caller, command, key)

    def stop(
        caller: Caller, timer_id: int, values: Mapping[str, Any], key: RequestKey | None
    ) -> Answer[Outcome]:
        command = StopTimer(timer_id=timer_id, stopped_at=values.get(STOPPED_AT.name))
        return stop_timer(tools, caller, command, key)

    def stop_on_entry(
        caller: Caller, entry_id: int, values: Mapping[str, Any], key: RequestKey | None
    ) -> Answer[Outcome]:
        command = StopTimer(time_entry_id=entry_id, stopped_at=values.get(STOPPED_AT.name))
        return stop_timer(tools, caller, command, key)

    return (
        views.list(_TimerList(tools), OWN),
        views.create(_START_INPUTS, start, OWN, verb=_START, read=_start_command),
        views.show(show, OWN),
        views.perform(_STOP, stop, OWN),
        views.perform(_STOP_ON_ENTRY, stop_on_entry, OWN),
    )


class _TimerList:
    def __init__(self, tools: Toolbox) -> None:
        self._tools = tools

    def page(self, caller: Caller, asked: ListQuery) -> Page[Timer]:
        return list_timers(self._tools, caller, _timer_query(caller, asked))

    def walk(
        self, caller: Caller, asked: ListQuery, position: Position
    ) -> tuple[Stretch[Timer], str]:
        return walk_timers(self._tools, caller, _timer_query(caller, asked), position)


def _present(outcome: Outcome) -> Presented:
    meta: dict[str, Any] = {}
    if outcome.stopped_timer_id is not None:
        meta["stopped_timer_ids"] = [str(outcome.stopped_timer_id)]
    if outcome.already_stopped:
        meta["already_stopped"] = True
    return outcome.timer, meta


def _start_command(document: Document, parameters: Parameters) -> StartTimer:
    time_entry_id = TIME_ENTRY.read(document, parameters)
    return StartTimer(
        time_entry_id=time_entry_id,
        # A time entry wins, and the service is then not even looked at.
        service_id=SERVICE.read(document, parameters) if time_entry_id is None else None,
        person_id=PERSON.read(document, parameters),
        started_at=STARTED_AT.read(document, parameters),
    )


def _timer_query(caller: Caller, asked: ListQuery) -> TimerQuery:
    conditions = asked.conditions
    return TimerQuery(
        organization_id=caller.organization.id,
        person_ids=conditions.ids("person_id"),
        time_entry_ids=conditions.ids("time_entry_id"),
        started_at=conditions.time("started_at"),
        stopped_at=conditions.time("stopped_at"),
        other_person_ids=conditions.other_ids("person_id"),
        other_time_entry_ids=conditions.other_ids("time_entry_id"),
        started_outside=conditions.other_times("started_at"),
        stopped_outside=conditions.other_times("stopped_at"),
        sort=TimerSort(asked.sort),
        descending=asked.descending,
        page=asked.page.number if isinstance(asked.page, PageNumber) else 1,
        page_size=asked.page.size,
    )
