"""Timers over HTTP: the four endpoints of the source, and one of ours.

A view parses, delegates, renders.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.domain.errors import InvalidCursor
from chalicelib.domain.ids import parse_id
from chalicelib.domain.queries import BadPosition, TimerQuery, TimerSort
from chalicelib.domain.timers import Timer
from chalicelib.http.exchange import Exchange, Reply, document_reply
from chalicelib.http.including import load_included
from chalicelib.http.keys import request_key
from chalicelib.http.routes import BASE_PATH, Route
from chalicelib.jsonapi.cursors import PARAMETER, read_cursor, write_cursor
from chalicelib.jsonapi.documents import Included, View, list_document, single_document
from chalicelib.jsonapi.paging import cursor_links, cursor_meta, page_links, page_meta
from chalicelib.jsonapi.parameters import (
    ListQuery,
    PageAfter,
    PageNumber,
    read_list_query,
    read_view,
)
from chalicelib.jsonapi.requests import Document, read_document
from chalicelib.jsonapi.resource import AnyResource
from chalicelib.resources.time_entries import TIME_ENTRIES
from chalicelib.resources.timers import (
    PERSON,
    SERVICE,
    STARTED_AT,
    STOPPED_AT,
    TIME_ENTRY,
    TIMERS,
)
from chalicelib.services.settling import Answer
from chalicelib.services.timers import (
    StartTimer,
    StopTimer,
    list_timers,
    show_timer,
    start_timer,
    stop_timer,
    walk_timers,
)
from chalicelib.services.toolbox import Toolbox


class TimerViews:
    """Timers over HTTP."""

    def __init__(self, tools: Toolbox) -> None:
        self._tools = tools

    def routes(self) -> tuple[Route, ...]:
        """What to serve where."""
        return (
            Route("list_timers", ("GET",), "/timers", self.list),
            Route("start_timer", ("POST",), "/timers", self.start),
            Route("show_timer", ("GET",), "/timers/{id}", self.show),
            Route("stop_timer", ("PATCH", "PUT"), "/timers/{id}/stop", self.stop),
            Route("stop_time_entry", ("PATCH",), "/time_entries/{id}/stop", self.stop_on_entry),
        )

    def list(self, exchange: Exchange) -> Reply:
        """``GET /timers`` (contract section 6)."""
        request, caller = exchange.request, exchange.caller
        view = self._view(exchange)
        asked = read_list_query(TIMERS, request.parameters, caller.organization.zone)
        query = _timer_query(caller.organization.id, asked)
        url = request.base_url + request.path
        rows: Sequence[Timer]
        match asked.page:
            case PageNumber() as page:
                found = list_timers(self._tools, caller, query)
                rows = found.rows
                links = page_links(url, request.parameters, page, found.total_count)
                meta = page_meta(page, found.total_count)
            case PageAfter() as page:
                rows, following = self._walk(exchange, query, page)
                links = cursor_links(url, request.parameters, page, following)
                meta = cursor_meta(page)
        included = self._included(exchange, rows, view)
        return document_reply(200, list_document(TIMERS, rows, view, included, links, meta))

    def _walk(
        self, exchange: Exchange, query: TimerQuery, page: PageAfter
    ) -> tuple[Sequence[Timer], str | None]:
        def position(listing: str) -> str | None:
            return read_cursor(listing, page.cursor) if page.cursor else None

        try:
            found, listing = walk_timers(self._tools, exchange.caller, query, position)
        except BadPosition as error:
            raise InvalidCursor(PARAMETER) from error
        following = found.following
        return found.rows, None if following is None else write_cursor(listing, following)

    def show(self, exchange: Exchange) -> Reply:
        """``GET /timers/{id}``."""
        view = self._view(exchange)
        timer_id = parse_id(exchange.request.route_arguments["id"])
        timer = show_timer(self._tools, exchange.caller, timer_id)
        return document_reply(200, self._document(exchange, timer, view))

    def start(self, exchange: Exchange) -> Reply:
        """``POST /timers`` (contract section 3)."""
        view = self._view(exchange)
        document = read_document(exchange.request.body, TIMERS.type)
        command = _start_command(exchange, document)
        answer = start_timer(self._tools, exchange.caller, command, request_key(exchange))
        location = f"{exchange.request.base_url}{BASE_PATH}/timers/{answer.outcome.timer.id}"
        return self._acted(exchange, 201, answer, view, {"Location": location})

    def stop(self, exchange: Exchange) -> Reply:
        """``PATCH`` or ``PUT /timers/{id}/stop`` (contract section 4)."""
        return self._stop(exchange, TIMERS, lambda id_, at: StopTimer(id_, None, at))

    def stop_on_entry(self, exchange: Exchange) -> Reply:
        """``PATCH /time_entries/{id}/stop``: stop what runs on a time entry (section 4)."""
        return self._stop(exchange, TIME_ENTRIES, lambda id_, at: StopTimer(None, id_, at))

    def _stop(
        self,
        exchange: Exchange,
        named: AnyResource,
        command: Callable[[int | None, int | None], StopTimer],
    ) -> Reply:
        view = self._view(exchange)
        given_id = exchange.request.route_arguments["id"]
        document = read_document(exchange.request.body, named.type, given_id)
        asked = command(parse_id(given_id), STOPPED_AT.read(document))
        answer = stop_timer(self._tools, exchange.caller, asked, request_key(exchange))
        return self._acted(exchange, 200, answer, view)

    def _acted(
        self,
        exchange: Exchange,
        status: int,
        answer: Answer,
        view: View,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        outcome = answer.outcome
        meta: dict[str, Any] = {}
        if outcome.stopped_timer_id is not None:
            meta["stopped_timer_ids"] = [str(outcome.stopped_timer_id)]
        if outcome.already_stopped:
            meta["already_stopped"] = True
        replayed = {"Idempotency-Replayed": "true"} if answer.replayed else {}
        document = self._document(exchange, outcome.timer, view, meta)
        return document_reply(status, document, {**(headers or {}), **replayed})

    def _view(self, exchange: Exchange) -> View:
        # Before anything is done: a wrong include on a POST must not start a timer.
        zone = exchange.caller.organization.zone
        return read_view(TIMERS, exchange.request.parameters, zone)

    def _document(
        self,
        exchange: Exchange,
        timer: Timer,
        view: View,
        meta: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        included = self._included(exchange, [timer], view)
        return single_document(TIMERS, timer, view, included, meta)

    def _included(
        self, exchange: Exchange, timers: Sequence[Timer], view: View
    ) -> Sequence[Included]:
        organization_id = exchange.caller.organization.id
        return load_included(self._tools.store, organization_id, TIMERS, timers, view)


def _start_command(exchange: Exchange, document: Document) -> StartTimer:
    parameters = exchange.request.parameters
    time_entry_id = TIME_ENTRY.read(document, parameters)
    return StartTimer(
        time_entry_id=time_entry_id,
        # A time entry wins, and the service is then not even looked at.
        service_id=SERVICE.read(document, parameters) if time_entry_id is None else None,
        person_id=PERSON.read(document, parameters),
        started_at=STARTED_AT.read(document, parameters),
    )


def _timer_query(organization_id: int, asked: ListQuery) -> TimerQuery:
    conditions = asked.conditions
    return TimerQuery(
        organization_id=organization_id,
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
