"""Uses the client that openapi-python-client makes."""

import json
import sys

from stint_client import AuthenticatedClient
from stint_client.api.people import show_person
from stint_client.api.time_entries import create_time_entry
from stint_client.api.timers import list_timers, show_timer, start_timer, stop_timer
from stint_client.models import (
    CreateTimeEntryAttributes,
    CreateTimeEntryBody,
    CreateTimeEntryData,
    CreateTimeEntryRelationships,
    Errors,
    ListTimersSort,
    PersonDocument,
    ServiceIdentifier,
    ServiceIdentifierType,
    ServiceLinkage,
    StartTimerAttributes,
    StartTimerBody,
    StartTimerData,
    StartTimerDataType,
    StartTimerDocument,
    StopTimerDocument,
    TimeEntry,
    TimeEntryDocument,
    TimerInclude,
    TimerList,
)

base_url, long_id = sys.argv[1:]
client = AuthenticatedClient(
    base_url=base_url,
    token="demo-admin",
    prefix="",
    auth_header_name="X-Auth-Token",
    headers={"X-Organization-Id": "2149"},
)

start = StartTimerBody(
    data=StartTimerData(
        type_=StartTimerDataType.TIMERS, attributes=StartTimerAttributes(service_id="1296")
    )
)
started = start_timer.sync(client=client, body=start, idempotency_key="python-client-1")
assert isinstance(started, StartTimerDocument), started
page = list_timers.sync(
    client=client,
    filterstopped_at="",
    sort=ListTimersSort.VALUE_1,
    include=[TimerInclude.TIME_ENTRY, TimerInclude.TIME_ENTRY_SERVICE],
)
assert isinstance(page, TimerList), page
included = list(page.included or [])
stopped = stop_timer.sync(started.data.id, client=client)
assert isinstance(stopped, StopTimerDocument), stopped


def create(data: CreateTimeEntryData) -> TimeEntryDocument:
    """Create a time entry."""
    created = create_time_entry.sync(client=client, body=CreateTimeEntryBody(data=data))
    assert isinstance(created, TimeEntryDocument), created
    return created


created = create(
    CreateTimeEntryData(attributes=CreateTimeEntryAttributes(service_id="1294", time=30))
)
service = ServiceIdentifier(type_=ServiceIdentifierType.SERVICES, id="1294")
linked = create(
    CreateTimeEntryData(
        attributes=CreateTimeEntryAttributes(),
        relationships=CreateTimeEntryRelationships(service=ServiceLinkage(data=service)),
    )
)
of_long_id = list_timers.sync(client=client, filterperson_id=[long_id])
assert isinstance(of_long_id, TimerList), of_long_id
person = show_person.sync(long_id, client=client)
assert isinstance(person, PersonDocument), person
missing = show_timer.sync("99", client=client)
assert isinstance(missing, Errors), missing

print(
    json.dumps(
        {
            "started": started.data.id,
            "listed": [timer.id for timer in page.data],
            "included": sorted({each.type_.value for each in included}),
            "entries": [each.attributes.time for each in included if isinstance(each, TimeEntry)],
            "stopped": bool(stopped.data.attributes.stopped_at),
            "created": [created.data.attributes.time, linked.data.attributes.time],
            "long_id": [of_long_id.data[0].attributes.person_id, person.data.id],
            "error": missing.errors[0].code.value,
        }
    )
)
