"""Time entries: the time of a person on a service on a date."""

from collections.abc import Iterable
from datetime import date as Date  # noqa: N812 - attributes are called date
from datetime import datetime

from stint_client.generated.api.time_entries import (
    create_time_entry,
    delete_time_entry,
    list_time_entries,
    show_time_entry,
    stop_time_entry,
    update_time_entry,
)
from stint_client.generated.client import AuthenticatedClient
from stint_client.generated.models import (
    CreateTimeEntryAttributes,
    CreateTimeEntryBody,
    CreateTimeEntryData,
    ListTimeEntriesSort,
    StopTimeEntryAttributes,
    StopTimeEntryBody,
    StopTimeEntryData,
    StopTimeEntryDocument,
    TimeEntry,
    TimeEntryDocument,
    TimeEntryInclude,
    TimeEntryList,
    Timer,
    UpdateTimeEntryAttributes,
    UpdateTimeEntryBody,
    UpdateTimeEntryData,
)
from stint_client.generated.types import UNSET, Unset
from stint_client.responses import call, parsed
from stint_client.results import PAGE_SIZE, Listing, Result, given, result

WITH_SERVICE = (TimeEntryInclude.SERVICE,)
"""Each method includes the service: ``result.related("service")``."""

Include = Iterable[TimeEntryInclude | str]


class TimeEntries:
    """Read, create, correct and delete time entries."""

    def __init__(self, api: AuthenticatedClient) -> None:
        self._api = api

    def list(  # noqa: PLR0913
        self,
        *,
        person_id: str | None = None,
        service_id: str | None = None,
        after: Date | None = None,
        before: Date | None = None,
        sort: ListTimeEntriesSort | str = "-date",
        include: Include = WITH_SERVICE,
        fields: Iterable[str] = (),
        page_size: int = PAGE_SIZE,
    ) -> Listing[TimeEntry]:
        """Return the time entries that you may see.

        :param after: the first date.
        :param before: the last date.
        :param fields: only these attributes and relationships; default: all.
        """
        order = ListTimeEntriesSort(sort)
        included = _include(include)
        shown = list_of(fields)

        def read_page(cursor: str) -> TimeEntryList:
            response = call(
                list_time_entries.sync_detailed,
                client=self._api,
                filterperson_id=[person_id] if person_id else UNSET,
                filterservice_id=[service_id] if service_id else UNSET,
                filterafter=given(after),
                filterbefore=given(before),
                sort=order,
                pageafter=cursor,
                pagesize=page_size,
                include=included,
                fieldstime_entries=shown,
            )
            return parsed(response, TimeEntryList)

        return Listing(read_page)

    def get(self, entry_id: str, *, include: Include = WITH_SERVICE) -> Result[TimeEntry]:
        """Return a time entry with its ``etag``."""
        response = call(
            show_time_entry.sync_detailed, entry_id, client=self._api, include=_include(include)
        )
        return result(response, parsed(response, TimeEntryDocument))

    def create(  # noqa: PLR0913
        self,
        *,
        service_id: str,
        time: int = 0,
        date: Date | None = None,
        note: str | None = None,
        billable_time: int | None = None,
        person_id: str | None = None,
        include: Include = WITH_SERVICE,
        idempotency_key: str | Unset = UNSET,
    ) -> Result[TimeEntry]:
        """Create a time entry.

        :param time: minutes.
        :param date: default: today, in the person's time zone.
        :param billable_time: minutes; default: ``time`` on a billable service.
        :param person_id: default: you. Only admins can name somebody else.
        """
        attributes = CreateTimeEntryAttributes(
            person_id=given(person_id),
            service_id=service_id,
            date=given(date),
            time=time,
            billable_time=given(billable_time),
            note=given(note),
        )
        response = call(
            create_time_entry.sync_detailed,
            client=self._api,
            body=CreateTimeEntryBody(data=CreateTimeEntryData(attributes=attributes)),
            include=_include(include),
            idempotency_key=idempotency_key,
        )
        return result(response, parsed(response, TimeEntryDocument))

    def edit(  # noqa: PLR0913
        self,
        entry_id: str,
        *,
        date: Date | Unset = UNSET,
        time: int | Unset | None = UNSET,
        billable_time: int | Unset | None = UNSET,
        note: str | Unset | None = UNSET,
        service_id: str | Unset = UNSET,
        include: Include = WITH_SERVICE,
        idempotency_key: str | Unset = UNSET,
        if_match: str | Unset = UNSET,
    ) -> Result[TimeEntry]:
        """Correct a time entry. What is not given stays.

        Give only what a person changed, or ``if_match``: a ``time`` that a form merely showed
        removes what was tracked since.

        :param time: the total in minutes; None: the time of the sessions.
        :param billable_time: minutes; None: computed from ``time`` and the service.
        :param if_match: only if the entry still has this entity tag; else ``ApiError`` with status
            412.
        """
        attributes = UpdateTimeEntryAttributes(
            service_id=service_id, date=date, time=time, billable_time=billable_time, note=note
        )
        response = call(
            update_time_entry.sync_detailed,
            entry_id,
            client=self._api,
            body=UpdateTimeEntryBody(data=UpdateTimeEntryData(attributes=attributes)),
            include=_include(include),
            idempotency_key=idempotency_key,
            if_match=if_match,
        )
        return result(response, parsed(response, TimeEntryDocument))

    def delete(
        self,
        entry_id: str,
        *,
        idempotency_key: str | Unset = UNSET,
        if_match: str | Unset = UNSET,
    ) -> None:
        """Delete a time entry with its timers. None of them may be running."""
        call(
            delete_time_entry.sync_detailed,
            entry_id,
            client=self._api,
            idempotency_key=idempotency_key,
            if_match=if_match,
        )

    def stop(
        self,
        entry_id: str,
        *,
        stopped_at: datetime | None = None,
        idempotency_key: str | Unset = UNSET,
        if_match: str | Unset = UNSET,
    ) -> Result[Timer]:
        """Stop the running timer of a time entry. To start one: ``timers.start``.

        :param stopped_at: with an offset; default: now.
        """
        attributes = StopTimeEntryAttributes(stopped_at=given(stopped_at))
        response = call(
            stop_time_entry.sync_detailed,
            entry_id,
            client=self._api,
            body=StopTimeEntryBody(data=StopTimeEntryData(attributes=attributes)),
            idempotency_key=idempotency_key,
            if_match=if_match,
        )
        return result(response, parsed(response, StopTimeEntryDocument))


def list_of(fields: Iterable[str]) -> "list[str] | Unset":
    """Return the names for a generated function, which leaves an empty list out."""
    return [*fields] or UNSET


def _include(names: Include) -> list[TimeEntryInclude] | Unset:
    return [TimeEntryInclude(name) for name in names] or UNSET
