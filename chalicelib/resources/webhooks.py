"""Webhooks, and the log of what was delivered to them. Ours: Productive has none for timers."""

from chalicelib.domain.deliveries import Attempt
from chalicelib.domain.events import EventType
from chalicelib.domain.policies import Visibility
from chalicelib.domain.receivers import LONGEST_URL
from chalicelib.domain.webhooks import Webhook, WebhookState
from chalicelib.jsonapi.inputs import InAttribute, Input
from chalicelib.jsonapi.resource import Attribute, Filter, FilterKind, Kind, Relationship, Resource
from chalicelib.resources.values import flag, text

WEBHOOKS: Resource[Webhook] = Resource(
    type="webhooks",
    singular="webhook",
    meaning="An address to which an organization's events are posted, signed.",
    id=lambda webhook: webhook.id,
    # Nobody's own: admins alone see them.
    visibility=Visibility.OWN,
    attributes=(
        Attribute("name", Kind.TEXT, lambda it: it.name, "What it is for."),
        Attribute("url", Kind.TEXT, lambda it: it.url, "Where events are posted."),
        Attribute(
            "events",
            Kind.WORDS,
            lambda it: [event.value for event in it.events],
            "The types of the events that are posted.",
        ),
        Attribute("state", Kind.TEXT, lambda it: it.state.value, "active or paused."),
        Attribute(
            "paused_reason",
            Kind.TEXT,
            lambda it: None if it.paused_reason is None else it.paused_reason.value,
            "Why it is paused: by_hand, failing (for hours), or gone (the receiver answered 410).",
            nullable=True,
        ),
        Attribute("paused_at", Kind.INSTANT, lambda it: it.paused_at, "Since when.", nullable=True),
        Attribute(
            "failing_since",
            Kind.INSTANT,
            lambda it: it.failing_since,
            "Since when every delivery failed; null: the last one did not.",
            nullable=True,
        ),
        Attribute(
            "secret_rotated_at",
            Kind.INSTANT,
            lambda it: it.rotated_at,
            "When its secret was last rotated.",
            nullable=True,
        ),
        Attribute("created_at", Kind.INSTANT, lambda it: it.created_at, "When it was made."),
        Attribute("updated_at", Kind.INSTANT, lambda it: it.updated_at, "When it last changed."),
    ),
    relationships=(
        Relationship(
            "organization",
            "organizations",
            lambda it: it.organization_id,
            "Whose events it hears of.",
            always=True,
        ),
    ),
    includes=("organization",),
    filters=(
        Filter("id", FilterKind.ID, "These webhooks.", lambda it: it.id),
        Filter("name", FilterKind.TEXT, "Of that name.", lambda it: it.name),
        Filter("state", FilterKind.TEXT, "In that state.", lambda it: it.state.value),
    ),
    sorts=("created_at", "name"),
    orders={"created_at": lambda it: it.created_at, "name": lambda it: it.name},
)

WEBHOOK_DELIVERIES: Resource[Attempt] = Resource(
    type="webhook_deliveries",
    singular="webhook_delivery",
    meaning="What became of posting an event to a webhook, once. Known for two weeks.",
    id=lambda attempt: attempt.id,
    visibility=Visibility.OWN,
    attributes=(
        Attribute("event_id", Kind.TEXT, lambda it: it.event_id, "Which event."),
        Attribute("event_type", Kind.TEXT, lambda it: it.event_type, "Of which type."),
        Attribute("attempt", Kind.INTEGER, lambda it: it.attempt, "Counted from 1."),
        Attribute(
            "outcome",
            Kind.TEXT,
            lambda it: it.fate.value,
            "delivered, again (it waits), given_up (a dead letter), or dropped (a test).",
        ),
        Attribute(
            "status",
            Kind.INTEGER,
            lambda it: it.status,
            "The HTTP status that the receiver answered.",
            nullable=True,
        ),
        Attribute("failure", Kind.TEXT, lambda it: it.failure, "What went wrong.", nullable=True),
        Attribute("created_at", Kind.INSTANT, lambda it: it.at, "When it was tried."),
    ),
    relationships=(
        Relationship(
            "webhook", "webhooks", lambda it: it.webhook_id, "Where it was posted.", always=True
        ),
    ),
    includes=("webhook",),
    filters=(
        Filter("webhook_id", FilterKind.ID, "To these webhooks.", lambda it: it.webhook_id),
        Filter("event_id", FilterKind.TEXT, "Of that event.", lambda it: it.event_id),
        Filter("outcome", FilterKind.TEXT, "With that outcome.", lambda it: it.fate.value),
    ),
    sorts=("created_at",),
    orders={"created_at": lambda it: it.at},
)

_EVENTS = Input(
    "events",
    Kind.WORDS,
    (InAttribute("events"),),
    "The types of the events that are posted; all of them, where none is said.",
    choices={event.value: event for event in EventType},
)
_STATE = Input(
    "state",
    Kind.TEXT,
    (InAttribute("state"),),
    "active or paused.",
    choices={state.value: state for state in WebhookState},
)


def _url(required: bool) -> Input:
    meaning = "Where events are posted: https, and nothing inside a private network."
    return text("url", meaning, required=required, most=LONGEST_URL)


def _instant(name: str, meaning: str) -> Input:
    return Input(name, Kind.INSTANT, (InAttribute(name),), meaning)


CREATION = (text("name", "What it is for.", required=True), _url(required=True), _EVENTS)
CHANGES = (text("name", "What it is for."), _url(required=False), _EVENTS, _STATE)
ROTATION = (flag("at_once", "Whether the secrets so far are good no longer, at once."),)
REPLAY = (
    _instant("after", "What started or stopped from that instant on is sent again."),
    _instant("before", "What started or stopped before that instant is."),
    flag("dead_letters", "Instead: send again what was given up."),
)
