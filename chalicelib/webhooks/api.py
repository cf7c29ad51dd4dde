"""Webhooks, and the log of what was delivered to them. Ours: Productive has none for timers."""

from chalicelib.clients.receiver_urls import LONGEST_URL
from chalicelib.core.permissions import Visibility
from chalicelib.deliveries.rules import Attempt
from chalicelib.events.rules import EventType
from chalicelib.jsonapi.input_types import flag, text
from chalicelib.jsonapi.inputs import InAttribute, Input
from chalicelib.jsonapi.resource import Attribute, Filter, FilterKind, Kind, Relationship, Resource
from chalicelib.webhooks.model import Webhook, WebhookState

WEBHOOKS: Resource[Webhook] = Resource(
    type="webhooks",
    singular="webhook",
    meaning="A URL that receives signed events of an organization.",
    id=lambda webhook: webhook.id,
    # Nobody's own: admins alone see them.
    visibility=Visibility.OWN,
    attributes=(
        Attribute("name", Kind.TEXT, lambda it: it.name, "Purpose of the webhook."),
        Attribute("url", Kind.TEXT, lambda it: it.url, "URL that receives events."),
        Attribute(
            "events",
            Kind.WORDS,
            lambda it: [event.value for event in it.events],
            "Event types that are sent.",
        ),
        Attribute("state", Kind.TEXT, lambda it: it.state.value, "State: active or paused."),
        Attribute(
            "paused_reason",
            Kind.TEXT,
            lambda it: None if it.paused_reason is None else it.paused_reason.value,
            "Why the webhook is paused: by_hand, failing (for hours) or gone (status 410).",
            nullable=True,
        ),
        Attribute(
            "paused_at", Kind.INSTANT, lambda it: it.paused_at, "Time of the pause.", nullable=True
        ),
        Attribute(
            "failing_since",
            Kind.INSTANT,
            lambda it: it.failing_since,
            "Time of the first failure since the last success. Null: no failure since then.",
            nullable=True,
        ),
        Attribute(
            "secret_rotated_at",
            Kind.INSTANT,
            lambda it: it.rotated_at,
            "Time of the last secret rotation.",
            nullable=True,
        ),
        Attribute("created_at", Kind.INSTANT, lambda it: it.created_at, "Time of creation."),
        Attribute("updated_at", Kind.INSTANT, lambda it: it.updated_at, "Time of the last change."),
    ),
    relationships=(
        Relationship(
            "organization",
            "organizations",
            lambda it: it.organization_id,
            "Organization of the events.",
            always=True,
        ),
    ),
    includes=("organization",),
    filters=(
        Filter("id", FilterKind.ID, "Id of the webhook.", lambda it: it.id),
        Filter("name", FilterKind.TEXT, "Name of the webhook.", lambda it: it.name),
        Filter("state", FilterKind.TEXT, "State: active or paused.", lambda it: it.state.value),
    ),
    sorts=("created_at", "name"),
    orders={"created_at": lambda it: it.created_at, "name": lambda it: it.name},
)

WEBHOOK_DELIVERIES: Resource[Attempt] = Resource(
    type="webhook_deliveries",
    singular="webhook_delivery",
    meaning="One attempt to deliver an event to a webhook. Stored for two weeks.",
    id=lambda attempt: attempt.id,
    visibility=Visibility.OWN,
    attributes=(
        Attribute("event_id", Kind.TEXT, lambda it: it.event_id, "Id of the event."),
        Attribute("event_type", Kind.TEXT, lambda it: it.event_type, "Type of the event."),
        Attribute("attempt", Kind.INTEGER, lambda it: it.attempt, "Number of the attempt, from 1."),
        Attribute(
            "outcome",
            Kind.TEXT,
            lambda it: it.fate.value,
            "Outcome: delivered, again (retry follows), given_up (dead letter) or dropped (test).",
        ),
        Attribute(
            "status",
            Kind.INTEGER,
            lambda it: it.status,
            "HTTP status of the receiver's response.",
            nullable=True,
        ),
        Attribute(
            "failure", Kind.TEXT, lambda it: it.failure, "Reason of the failure.", nullable=True
        ),
        Attribute("created_at", Kind.INSTANT, lambda it: it.at, "Time of the attempt."),
    ),
    relationships=(
        Relationship(
            "webhook", "webhooks", lambda it: it.webhook_id, "Webhook of the delivery.", always=True
        ),
    ),
    includes=("webhook",),
    filters=(
        Filter("webhook_id", FilterKind.ID, "Id of the webhook.", lambda it: it.webhook_id),
        Filter("event_id", FilterKind.TEXT, "Id of the event.", lambda it: it.event_id),
        Filter("outcome", FilterKind.TEXT, "Outcome of the attempt.", lambda it: it.fate.value),
    ),
    sorts=("created_at",),
    orders={"created_at": lambda it: it.at},
)

_EVENTS = Input(
    "events",
    Kind.WORDS,
    (InAttribute("events"),),
    "Event types to send. Default: all.",
    choices={event.value: event for event in EventType},
)
_STATE = Input(
    "state",
    Kind.TEXT,
    (InAttribute("state"),),
    "State: active or paused.",
    choices={state.value: state for state in WebhookState},
)


def _url(required: bool) -> Input:
    meaning = "URL that receives events: https, and not in a private network."
    return text("url", meaning, required=required, most=LONGEST_URL)


def _instant(name: str, meaning: str) -> Input:
    return Input(name, Kind.INSTANT, (InAttribute(name),), meaning)


CREATION = (text("name", "Purpose of the webhook.", required=True), _url(required=True), _EVENTS)
CHANGES = (text("name", "Purpose of the webhook."), _url(required=False), _EVENTS, _STATE)
ROTATION = (flag("at_once", "Whether the old secrets become invalid immediately."),)
REPLAY = (
    _instant("after", "Send events again from this time."),
    _instant("before", "Send events again before this time."),
    flag("dead_letters", "Send dead letters again, instead of a time range."),
)
