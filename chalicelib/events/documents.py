"""What is posted: a domain event as webhooks get it, and as Intercom does."""

from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from chalicelib.clients.sqs import MAX_BODY_BYTES
from chalicelib.core.timestamps import format_instant
from chalicelib.deliveries.rules import TEST_EVENT
from chalicelib.domain.directory import Caller, Organization, Person
from chalicelib.domain.timers import TimeEntry, Timer
from chalicelib.events.rules import DomainEvent, EventType
from chalicelib.jsonapi.documents import View, encode, render
from chalicelib.jsonapi.resource import AnyResource
from chalicelib.time_entries.api import TIME_ENTRIES
from chalicelib.timers.api import TIMERS
from chalicelib.webhooks.api import WEBHOOKS
from chalicelib.webhooks.model import Webhook

INTERCOM_NAMES = {
    EventType.TIMER_STARTED: "timer-started",
    EventType.TIMER_STOPPED: "timer-stopped",
}
"""What Intercom hears of, and by which name. Contract section 10."""

_UNSEEN = frozenset({"updated_at"})


def webhook_body(event: DomainEvent, zone: ZoneInfo, *, whole: bool = True) -> str:
    """An event as webhooks get it; without ``whole`` it only names the resource.

    Its resource is as the API shows it, with every relationship's data.
    """
    resource = _resource(event.record)
    shown = _shown(event.record, zone)
    if not whole:
        shown = {"id": shown["id"], "type": shown["type"], "meta": {"truncated": True}}
    return encode(
        {
            "id": event.id,
            "type": event.type.value,
            "timestamp": format_instant(event.at, zone),
            "organization_id": event.record.organization_id,
            "person_id": resource.owner(event.record),
            "version": event.version,
            "data": shown,
        }
    )


def webhook_delivery_body(event: DomainEvent, organization: Organization) -> str:
    """The same, and what would be too large for the queue only names its resource."""
    body = webhook_body(event, organization.zone)
    # Quotes and backslashes are escaped once more within the message.
    if len(msgspec.json.encode(body)) > MAX_BODY_BYTES:
        body = webhook_body(event, organization.zone, whole=False)
    return body


def trial_body(event_id: str, webhook: Webhook, caller: Caller, now: int) -> str:
    """An event in which nothing happened, about the webhook itself."""
    zone = caller.organization.zone
    return encode(
        {
            "id": event_id,
            "type": TEST_EVENT,
            "timestamp": format_instant(now, zone),
            "organization_id": webhook.organization_id,
            "person_id": caller.person_id,
            "version": webhook.version,
            "data": render(WEBHOOKS, webhook, View(zone=zone)),
        }
    )


def intercom_body(event: DomainEvent, person: Person | None, known_by: str) -> str | None:
    """An event as Intercom gets it; None where it is none that Intercom hears of.

    People are named by our id, or by their e-mail address (``known_by``).
    """
    timer = event.record
    name = INTERCOM_NAMES.get(event.type)
    if name is None or not isinstance(timer, Timer):
        return None
    if known_by == "email":
        if person is None:
            return None
        who = {"email": person.email}
    else:
        who = {"user_id": str(timer.person_id)}
    metadata = {
        "event_id": event.id,
        "organization_id": timer.organization_id,
        "timer_id": timer.id,
        "time_entry_id": timer.time_entry_id,
        "version": event.version,
        # By Intercom's convention instants are Unix seconds under a name that ends in _at.
        "started_at": timer.started_at,
    }
    if event.type is EventType.TIMER_STOPPED:
        reason = timer.stop_reason
        metadata |= {
            "stopped_at": timer.stopped_at or event.at,
            "total_time": timer.total_time,
            "stop_reason": "by_hand" if reason is None else reason.value,
        }
    return encode({"event_name": name, "created_at": event.at, **who, "metadata": metadata})


def looks(entry: TimeEntry) -> dict[str, Any]:
    """What an outsider sees of a time entry, but for the instant of its last change."""
    shown = _shown(entry, ZoneInfo("UTC"))
    attributes = {name: it for name, it in shown["attributes"].items() if name not in _UNSEEN}
    return {**shown, "attributes": attributes}


def _resource(record: Timer | TimeEntry) -> AnyResource:
    return TIMERS if isinstance(record, Timer) else TIME_ENTRIES


def _shown(record: Timer | TimeEntry, zone: ZoneInfo) -> dict[str, Any]:
    resource = _resource(record)
    # Who listens cannot ask for an include: the ids of what belongs to it come along.
    linked = frozenset(relationship.name for relationship in resource.relationships)
    return render(resource, record, View(include=linked, zone=zone))
