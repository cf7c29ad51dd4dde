"""Webhooks over HTTP, for admins. Docs: docs/webhooks.md."""

from chalicelib.clients.receiver_urls import MAX_URL_LENGTH
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.permissions import ADMINS
from chalicelib.events.model import EventType
from chalicelib.http.includes import IncludedResources
from chalicelib.http.registration import Registration
from chalicelib.http.routing import MetaField, Route
from chalicelib.http.views import Presented, ResourceViews, without_values
from chalicelib.jsonapi import example_values as example
from chalicelib.jsonapi.in_memory_list import InMemoryList
from chalicelib.jsonapi.input_types import boolean_input, text_input
from chalicelib.jsonapi.inputs import InAttribute, Input
from chalicelib.jsonapi.resource import Attribute, Filter, FilterKind, Kind, Relationship, Resource
from chalicelib.webhooks import repository as _repository  # noqa: F401 - declares the items
from chalicelib.webhooks.model import SentEvents, Webhook, WebhookState
from chalicelib.webhooks.operations import VIEW_WEBHOOK, Webhooks


def _example() -> Webhook:
    return Webhook(
        id=example.WEBHOOK,
        organization_id=example.ORGANIZATION,
        name="Payroll",
        url="https://hooks.example.com/stint",
        events=(EventType.TIMER_STARTED, EventType.TIMER_STOPPED),
        created_at=example.NOW,
        updated_at=example.NOW,
    )


WEBHOOKS: Resource[Webhook] = Resource(
    type="webhooks",
    singular="webhook",
    description="A URL that receives signed events of an organization.",
    entity=Webhook,
    view=VIEW_WEBHOOK,
    example=_example,
    id=lambda webhook: webhook.id,
    attributes=(
        Attribute("name", Kind.TEXT, lambda webhook: webhook.name, "Purpose of the webhook."),
        Attribute("url", Kind.TEXT, lambda webhook: webhook.url, "URL that receives events."),
        Attribute(
            "events",
            Kind.ENUM_LIST,
            lambda webhook: [event.value for event in webhook.events],
            "Event types that are sent.",
        ),
        Attribute(
            "state", Kind.TEXT, lambda webhook: webhook.state.value, "State: active or paused."
        ),
        Attribute(
            "paused_reason",
            Kind.TEXT,
            lambda webhook: None if webhook.paused_reason is None else webhook.paused_reason.value,
            "Why the webhook is paused: by_hand, failing (for hours) or gone (status 410).",
            nullable=True,
        ),
        Attribute(
            "paused_at",
            Kind.TIMESTAMP,
            lambda webhook: webhook.paused_at,
            "Time of the pause.",
            nullable=True,
        ),
        Attribute(
            "failing_since",
            Kind.TIMESTAMP,
            lambda webhook: webhook.failing_since,
            "Time of the first failure since the last success. Null: no failure since then.",
            nullable=True,
        ),
        Attribute(
            "secret_rotated_at",
            Kind.TIMESTAMP,
            lambda webhook: webhook.rotated_at,
            "Time of the last secret rotation.",
            nullable=True,
        ),
        Attribute(
            "created_at", Kind.TIMESTAMP, lambda webhook: webhook.created_at, "Time of creation."
        ),
        Attribute(
            "updated_at",
            Kind.TIMESTAMP,
            lambda webhook: webhook.updated_at,
            "Time of the last change.",
        ),
    ),
    relationships=(
        Relationship(
            "organization",
            "organizations",
            lambda webhook: webhook.organization_id,
            "Organization of the events.",
            always=True,
        ),
    ),
    includes=("organization",),
    filters=(
        Filter("id", FilterKind.ID, "Id of the webhook.", lambda webhook: webhook.id),
        Filter("name", FilterKind.TEXT, "Name of the webhook.", lambda webhook: webhook.name),
        Filter(
            "state",
            FilterKind.TEXT,
            "State: active or paused.",
            lambda webhook: webhook.state.value,
        ),
    ),
    sorts=("created_at", "name"),
    orders={"created_at": lambda webhook: webhook.created_at, "name": lambda webhook: webhook.name},
)

_EVENTS = Input(
    "events",
    Kind.ENUM_LIST,
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
    description = "URL that receives events: https, and not in a private network."
    return text_input("url", description, required=required, maximum=MAX_URL_LENGTH)


def _timestamp(name: str, description: str) -> Input:
    return Input(name, Kind.TIMESTAMP, (InAttribute(name),), description)


CREATION = (
    text_input("name", "Purpose of the webhook.", required=True),
    _url(required=True),
    _EVENTS,
)
CHANGES = (text_input("name", "Purpose of the webhook."), _url(required=False), _EVENTS, _STATE)
ROTATION = (boolean_input("at_once", "Whether the old secrets become invalid immediately."),)
REPLAY = (
    _timestamp("after", "Send events again from this time."),
    _timestamp("before", "Send events again before this time."),
    boolean_input("dead_letters", "Send dead letters again, instead of a time range."),
)

_SECRET = MetaField(
    "secret", Kind.TEXT, "Secret that signs deliveries. Only this response contains it."
)
_EVENT_ID = MetaField("event_id", Kind.TEXT, "Id of the test event.")
_EVENT_COUNT = MetaField("events", Kind.INTEGER, "Number of events that are sent again.")


def webhook_routes(dependencies: Dependencies, included: IncludedResources) -> tuple[Route, ...]:
    """The routes of webhooks."""
    views = ResourceViews(included, WEBHOOKS)
    sending_views = ResourceViews(included, WEBHOOKS, _present_sent)
    webhooks = Webhooks(dependencies)
    return (
        views.list(InMemoryList(WEBHOOKS, webhooks.read), ADMINS),
        views.show(webhooks.show, ADMINS),
        views.create(webhooks.create, ADMINS, CREATION, meta=(_SECRET,)),
        views.update(webhooks.update, ADMINS, CHANGES),
        views.action(
            "rotate_secret",
            webhooks.rotate_secret,
            ADMINS,
            inputs=ROTATION,
            description="Create a new secret for a webhook.",
            meta=(_SECRET,),
        ),
        sending_views.action(
            "test",
            without_values(webhooks.send_test),
            ADMINS,
            description="Send a test event to a webhook.",
            meta=(_EVENT_ID,),
        ),
        sending_views.action(
            "replay",
            webhooks.replay,
            ADMINS,
            inputs=REPLAY,
            description="Send events to a webhook again.",
            meta=(_EVENT_COUNT,),
        ),
        views.delete(webhooks.delete, ADMINS),
    )


def _present_sent(sent: SentEvents) -> Presented:
    meta = {"event_id": sent.test_event_id, "events": sent.replayed_events}
    return sent.webhook, {name: value for name, value in meta.items() if value is not None}


WEBHOOKS_REGISTRATION = Registration(WEBHOOKS, webhook_routes, is_personal=False)
