"""Every resource by its type, with the record that it shows."""

from typing import Any

from chalicelib.domain.directory import Organization, Person, Service
from chalicelib.domain.timers import TimeEntry, Timer
from chalicelib.jsonapi.resource import AnyResource
from chalicelib.resources.directory import ORGANIZATIONS, PEOPLE, SERVICES
from chalicelib.resources.time_entries import TIME_ENTRIES
from chalicelib.resources.timers import TIMERS

RECORDS: dict[str, type[Any]] = {
    TIMERS.type: Timer,
    TIME_ENTRIES.type: TimeEntry,
    ORGANIZATIONS.type: Organization,
    PEOPLE.type: Person,
    SERVICES.type: Service,
}

RESOURCES: dict[str, AnyResource] = {
    resource.type: resource for resource in (TIMERS, TIME_ENTRIES, ORGANIZATIONS, PEOPLE, SERVICES)
}
