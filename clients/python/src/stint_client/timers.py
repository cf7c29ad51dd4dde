"""Timers: sessions of work."""

from collections.abc import Callable, Iterable
from datetime import datetime

from stint_client.generated.api.timers import (
    delete_timer,
    list_timers,
    show_timer,
    start_timer,
    stop_running_timer,
    stop_timer,
    update_timer,
)
from stint_client.generated.client import AuthenticatedClient
from stint_client.generated.models import (
    ListTimersSort,
    StartTimerAttributes,
    StartTimerBody,
    StartTimerData,
    StartTimerDocument,
    StopRunningTimerAttributes,
    StopRunningTimerBody,
    StopRunningTimerData,
    StopRunningTimerDocument,
    StopTimerAttributes,
    StopTimerBody,
    StopTimerData,
    StopTimerDocument,
    Timer,
    TimerDocument,
    TimerInclude,
    TimerList,
    UpdateTimerAttributes,
    UpdateTimerBody,
    UpdateTimerData,
    UpdateTimerDocument,
)
from stint_client.generated.types import UNSET, Unset
from stint_client.responses import call, parsed
from stint_client.results import PAGE_SIZE, Included, Listing, Result, given, result

WITH_SERVICE = (TimerInclude.TIME_ENTRY, TimerInclude.TIME_ENTRY_SERVICE)
"""Each method includes the time entry and its service: ``result.related("time_entry")``."""

Include = Iterable[TimerInclude | str]


class Timers:
    """Start, stop, read and correct timers. A person has one running timer."""

    def __init__(self, api: AuthenticatedClient, caller_id: Callable[[], str]) -> None:
        self._api = api
        self._caller_id = caller_id

    def start(  # noqa: PLR0913
        self,
        *,
        service_id: str | None = None,
        time_entry_id: str | None = None,
        note: str | None = None,
        started_at: datetime | None = None,
        stopped_at: datetime | None = None,
        person_id: str | None = None,
        include: Include = WITH_SERVICE,
        idempotency_key: str | Unset = UNSET,
    ) -> Result[Timer]:
        """Start a timer. A running one is stopped: ``meta["stopped_timer_ids"]`` names it.

        :param service_id: the service of a new time entry.
        :param time_entry_id: the time entry to continue, instead.
        :param note: the note of a new time entry.
        :param started_at: with an offset; default: now.
        :param stopped_at: makes a session that is over. Whatever runs goes on.
        :param person_id: who works; default: you. Only admins can name somebody else.
        """
        attributes = StartTimerAttributes(
            time_entry_id=given(time_entry_id),
            service_id=given(service_id),
            person_id=given(person_id),
            started_at=given(started_at),
            stopped_at=given(stopped_at),
            note=given(note),
        )
        response = call(
            start_timer.sync_detailed,
            client=self._api,
            body=StartTimerBody(data=StartTimerData(attributes=attributes)),
            include=_include(include),
            idempotency_key=idempotency_key,
        )
        return result(response, parsed(response, StartTimerDocument))

    def stop(
        self,
        timer_id: str | None = None,
        *,
        stopped_at: datetime | None = None,
        include: Include = WITH_SERVICE,
        idempotency_key: str | Unset = UNSET,
        if_match: str | Unset = UNSET,
    ) -> Result[Timer]:
        """Stop a timer.

        A timer that had stopped is not changed: ``meta["already_stopped"]``.

        :param timer_id: None: the running timer. If none runs, the last one is returned.
        :param stopped_at: with an offset; default: now.
        :param if_match: only if the timer still has this entity tag; needs ``timer_id``.
        """
        if timer_id is None:
            return self._stop_running(stopped_at, include, idempotency_key, if_match)
        attributes = StopTimerAttributes(stopped_at=given(stopped_at))
        response = call(
            stop_timer.sync_detailed,
            timer_id,
            client=self._api,
            body=StopTimerBody(data=StopTimerData(attributes=attributes)),
            include=_include(include),
            idempotency_key=idempotency_key,
            if_match=if_match,
        )
        return result(response, parsed(response, StopTimerDocument))

    def _stop_running(
        self,
        stopped_at: datetime | None,
        include: Include,
        idempotency_key: str | Unset,
        if_match: str | Unset,
    ) -> Result[Timer]:
        if not isinstance(if_match, Unset):
            raise TypeError("if_match needs timer_id: an entity tag belongs to one timer")
        attributes = StopRunningTimerAttributes(stopped_at=given(stopped_at))
        response = call(
            stop_running_timer.sync_detailed,
            client=self._api,
            body=StopRunningTimerBody(data=StopRunningTimerData(attributes=attributes)),
            include=_include(include),
            idempotency_key=idempotency_key,
        )
        return result(response, parsed(response, StopRunningTimerDocument))

    def running(
        self, person_id: str | None = None, *, include: Include = WITH_SERVICE
    ) -> Result[Timer] | None:
        """Return the running timer; None: no timer is running.

        :param person_id: default: you.
        """
        response = call(
            list_timers.sync_detailed,
            client=self._api,
            filterperson_id=[person_id or self._caller_id()],
            filterstopped_at="",
            pagesize=1,
            include=_include(include),
        )
        page = parsed(response, TimerList)
        if not page.data:
            return None
        return Result(page.data[0], {}, Included(page))

    def get(self, timer_id: str, *, include: Include = WITH_SERVICE) -> Result[Timer]:
        """Return a timer with its ``etag``."""
        response = call(
            show_timer.sync_detailed, timer_id, client=self._api, include=_include(include)
        )
        return result(response, parsed(response, TimerDocument))

    def list(
        self,
        *,
        person_id: str | None = None,
        time_entry_id: str | None = None,
        started_after: datetime | None = None,
        started_before: datetime | None = None,
        sort: ListTimersSort | str = "started_at",
        include: Include = WITH_SERVICE,
        page_size: int = PAGE_SIZE,
    ) -> Listing[Timer]:
        """Return the timers that you may see.

        :param started_after: timers that started at this time or later.
        :param started_before: timers that started earlier than this time.
        """
        order = ListTimersSort(sort)
        included = _include(include)

        def read_page(cursor: str) -> TimerList:
            response = call(
                list_timers.sync_detailed,
                client=self._api,
                filterperson_id=[person_id] if person_id else UNSET,
                filtertime_entry_id=[time_entry_id] if time_entry_id else UNSET,
                filterstarted_atgt_eq=started_after.isoformat() if started_after else UNSET,
                filterstarted_atlt=started_before.isoformat() if started_before else UNSET,
                sort=order,
                pageafter=cursor,
                pagesize=page_size,
                include=included,
            )
            return parsed(response, TimerList)

        return Listing(read_page)

    def edit(
        self,
        timer_id: str,
        *,
        started_at: datetime | Unset = UNSET,
        stopped_at: datetime | Unset | None = UNSET,
        time_entry_id: str | Unset = UNSET,
        include: Include = WITH_SERVICE,
        idempotency_key: str | Unset = UNSET,
        if_match: str | Unset = UNSET,
    ) -> Result[Timer]:
        """Correct a timer. What is not given stays.

        :param stopped_at: None: the timer runs on, if it is the last one of the person.
        """
        attributes = UpdateTimerAttributes(
            started_at=started_at, stopped_at=stopped_at, time_entry_id=time_entry_id
        )
        response = call(
            update_timer.sync_detailed,
            timer_id,
            client=self._api,
            body=UpdateTimerBody(data=UpdateTimerData(attributes=attributes)),
            include=_include(include),
            idempotency_key=idempotency_key,
            if_match=if_match,
        )
        return result(response, parsed(response, UpdateTimerDocument))

    def delete(
        self,
        timer_id: str,
        *,
        idempotency_key: str | Unset = UNSET,
        if_match: str | Unset = UNSET,
    ) -> None:
        """Delete a timer with its seconds."""
        call(
            delete_timer.sync_detailed,
            timer_id,
            client=self._api,
            idempotency_key=idempotency_key,
            if_match=if_match,
        )


def _include(names: Include) -> list[TimerInclude] | Unset:
    return [TimerInclude(name) for name in names] or UNSET
