"""The bodies that webhooks and Intercom receive for a domain event."""

from typing import Any

import msgspec

from chalicelib.clients.sqs import MAX_BODY_BYTES
from chalicelib.core.permissions import Caller
from chalicelib.core.time_zones import ZoneInfo
from chalicelib.core.timestamps import format_timestamp
from chalicelib.deliveries.model import TEST_EVENT
from chalicelib.deliveries.rules import identifier
from chalicelib.events.model import DomainEvent, EventType
from chalicelib.jsonapi.documents import ViewOptions, encode, render
from chalicelib.jsonapi.resource import AnyResource
from chalicelib.organizations.model import Organization
from chalicelib.people.model import Person
from chalicelib.time_entries.api import TIME_ENTRIES
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.api import TIMERS
from chalicelib.timers.model import Timer
from chalicelib.webhooks.api import WEBHOOKS
from chalicelib.webhooks.model import Webhook

INTERCOM_NAMES = {
    EventType.TIMER_STARTED: "timer-started",
    EventType.TIMER_STOPPED: "timer-stopped",
    EventType.TIMER_UPDATED: "timer-updated",
    EventType.TIMER_DELETED: "timer-deleted",
    EventType.TIMER_STILL_RUNNING: "timer-still-running",
}
"""The events that are sent to Intercom, and their names there. Contract section 10."""

_NOT_COMPARED = frozenset({"updated_at"})


def webhook_body(event: DomainEvent, zone: ZoneInfo, *, whole: bool = True) -> str:
    """The body of an event for webhooks, with the resource as in a response of the API.

    Without ``whole`` it has only the resource's type and id.
    """
    resource = _resource(event.record)
    document = _render(event.record, zone)
    if not whole:
        document = identifier(document)
    return encode(
        {
            "id": event.id,
            "type": event.type.value,
            "timestamp": format_timestamp(event.at, zone),
            "organization_id": event.record.organization_id,
            "person_id": resource.view.owner_id(event.record),
            "version": event.version,
            "data": document,
        }
    )


def webhook_delivery_body(event: DomainEvent, organization: Organization) -> str:
    """The body of an event for webhooks. If it is too large for the queue, it is truncated."""
    body = webhook_body(event, organization.zone)
    # The message is JSON too: it escapes the quotes and backslashes of the body.
    if len(msgspec.json.encode(body)) > MAX_BODY_BYTES:
        body = webhook_body(event, organization.zone, whole=False)
    return body


def test_body(event_id: str, webhook: Webhook, caller: Caller, now: int) -> str:
    """The body of a test event, with the webhook as its resource."""
    zone = caller.organization.zone
    return encode(
        {
            "id": event_id,
            "type": TEST_EVENT,
            "timestamp": format_timestamp(now, zone),
            "organization_id": webhook.organization_id,
            "person_id": caller.person_id,
            "version": webhook.version,
            "data": render(WEBHOOKS, webhook, ViewOptions(zone=zone)),
        }
    )


def intercom_body(event: DomainEvent, person: Person | None, identified_by: str) -> str | None:
    """The body of an event for Intercom; None if the event is not sent to Intercom.

    Events of an erased person are not. ``identified_by`` is how Intercom identifies people:
    ``email``, or ``user_id`` (a person's id).
    """
    timer = event.record
    name = INTERCOM_NAMES.get(event.type)
    if name is None or not isinstance(timer, Timer):
        return None
    if person is not None and person.is_erased:
        return None
    if identified_by == "email":
        if person is None:
            return None
        user = {"email": person.email}
    else:
        user = {"user_id": str(timer.person_id)}
    metadata = {
        "event_id": event.id,
        "organization_id": timer.organization_id,
        "timer_id": timer.id,
        "time_entry_id": timer.time_entry_id,
        "version": event.version,
        # Intercom reads names that end in _at as timestamps: Unix seconds.
        "started_at": timer.started_at,
    }
    if timer.stopped_at is not None:
        reason = timer.stop_reason
        metadata |= {
            "stopped_at": timer.stopped_at,
            "total_time": timer.total_time,
            "stop_reason": "by_hand" if reason is None else reason.value,
        }
    return encode({"event_name": name, "created_at": event.at, **user, "metadata": metadata})


def public_content(entry: TimeEntry) -> dict[str, Any]:
    """A time entry as webhooks receive it, without the time of its last change."""
    document = _render(entry, ZoneInfo("UTC"))
    attributes = document["attributes"].items()
    compared = {name: value for name, value in attributes if name not in _NOT_COMPARED}
    return {**document, "attributes": compared}


def _resource(record: Timer | TimeEntry) -> AnyResource:
    return TIMERS if isinstance(record, Timer) else TIME_ENTRIES


def _render(record: Timer | TimeEntry, zone: ZoneInfo) -> dict[str, Any]:
    resource = _resource(record)
    # A receiver cannot use the parameter `include`: it gets the ids of all relationships.
    relationships = frozenset(relationship.name for relationship in resource.relationships)
    return render(resource, record, ViewOptions(include=relationships, zone=zone))
