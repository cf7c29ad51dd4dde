"""Uses the client that openapi-generator makes for Python."""

import json
import sys

from stint_client import ApiClient, Configuration
from stint_client.api.people_api import PeopleApi
from stint_client.api.time_entries_api import TimeEntriesApi
from stint_client.api.timers_api import TimersApi
from stint_client.exceptions import ApiException
from stint_client.models import (
    CreateTimeEntryAttributes,
    CreateTimeEntryBody,
    CreateTimeEntryData,
    CreateTimeEntryRelationships,
    Errors,
    ServiceIdentifier,
    ServiceLinkage,
    StartTimerAttributes,
    StartTimerBody,
    StartTimerData,
    TimeEntry,
    TimerInclude,
)

base_url, long_id = sys.argv[1:]
keys = {"token": "demo-admin", "organization": "2149"}
client = ApiClient(Configuration(host=base_url, api_key=keys))
timers, entries = TimersApi(client), TimeEntriesApi(client)

start = StartTimerBody(
    data=StartTimerData(type="timers", attributes=StartTimerAttributes(service_id="1296"))
)
started = timers.start_timer(idempotency_key="python-1", start_timer_body=start)
page = timers.list_timers(
    filter_stopped_at="",
    sort="-started_at",
    include=[TimerInclude.TIME_ENTRY, TimerInclude.TIME_ENTRY_DOT_SERVICE],
)
included = [each.actual_instance for each in page.included or []]
stopped = timers.stop_timer(started.data.id)

created = entries.create_time_entry(
    CreateTimeEntryBody(
        data=CreateTimeEntryData(attributes=CreateTimeEntryAttributes(service_id="1294", time=30))
    )
)
linked = entries.create_time_entry(
    CreateTimeEntryBody(
        data=CreateTimeEntryData(
            attributes=CreateTimeEntryAttributes(),
            relationships=CreateTimeEntryRelationships(
                service=ServiceLinkage(data=ServiceIdentifier(type="services", id="1294"))
            ),
        )
    )
)
of_long_id = timers.list_timers(filter_person_id=[long_id])
person = PeopleApi(client).show_person(long_id)
try:
    timers.show_timer("99")
except ApiException as error:
    assert isinstance(error.data, Errors)
    code = error.data.errors[0].code.value

print(
    json.dumps(
        {
            "started": started.data.id,
            "listed": [timer.id for timer in page.data],
            "included": sorted({each.type for each in included if each}),
            "entries": [each.attributes.time for each in included if isinstance(each, TimeEntry)],
            "stopped": stopped.data.attributes.stopped_at is not None,
            "created": [created.data.attributes.time, linked.data.attributes.time],
            "long_id": [of_long_id.data[0].attributes.person_id, person.data.id],
            "error": code,
        }
    )
)
