"""The log of webhook deliveries over HTTP, for admins. Docs: docs/webhooks.md."""

from collections.abc import Sequence

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.lists import CursorPage, Page
from chalicelib.core.permissions import ADMINS, Caller, ViewPolicy, Visibility
from chalicelib.deliveries.model import DeliveryAttempt, DeliveryStatus
from chalicelib.deliveries.repository import latest_attempts
from chalicelib.events.model import EventType
from chalicelib.http.includes import IncludedResources
from chalicelib.http.registration import Registration
from chalicelib.http.routing import Route
from chalicelib.http.views import ResourceViews
from chalicelib.jsonapi import example_values as example
from chalicelib.jsonapi.in_memory_list import InMemoryList, ReadPosition
from chalicelib.jsonapi.parameters import ListQuery
from chalicelib.jsonapi.resource import Attribute, Filter, FilterKind, Kind, Relationship, Resource
from chalicelib.webhooks.model import Webhook

VIEW_ATTEMPT: ViewPolicy[DeliveryAttempt] = ViewPolicy(Visibility.ADMINS, lambda _: None)


def _example() -> DeliveryAttempt:
    return DeliveryAttempt(
        id=51,
        organization_id=example.ORGANIZATION,
        webhook_id=example.WEBHOOK,
        event_id=example.EVENT,
        event_type=EventType.TIMER_STOPPED.value,
        attempt=1,
        at=example.NOW,
        status=DeliveryStatus.DELIVERED,
        response_status=204,
        failure=None,
        body=None,
        expires_at=example.NOW,
    )


WEBHOOK_DELIVERIES: Resource[DeliveryAttempt] = Resource(
    type="webhook_deliveries",
    singular="webhook_delivery",
    description="One attempt to deliver an event to a webhook. Stored for two weeks.",
    entity=DeliveryAttempt,
    view=VIEW_ATTEMPT,
    example=_example,
    id=lambda attempt: attempt.id,
    attributes=(
        Attribute("event_id", Kind.TEXT, lambda attempt: attempt.event_id, "Id of the event."),
        Attribute(
            "event_type", Kind.TEXT, lambda attempt: attempt.event_type, "Type of the event."
        ),
        Attribute(
            "attempt",
            Kind.INTEGER,
            lambda attempt: attempt.attempt,
            "Number of the attempt, from 1.",
        ),
        Attribute(
            "outcome",
            Kind.TEXT,
            lambda attempt: attempt.status.value,
            "Outcome: delivered, again (retry follows), given_up (dead letter) or dropped (test).",
        ),
        Attribute(
            "status",
            Kind.INTEGER,
            lambda attempt: attempt.response_status,
            "HTTP status of the receiver's response.",
            nullable=True,
        ),
        Attribute(
            "failure",
            Kind.TEXT,
            lambda attempt: attempt.failure,
            "Reason of the failure.",
            nullable=True,
        ),
        Attribute("created_at", Kind.TIMESTAMP, lambda attempt: attempt.at, "Time of the attempt."),
    ),
    relationships=(
        Relationship(
            "webhook",
            "webhooks",
            lambda attempt: attempt.webhook_id,
            "Webhook of the delivery.",
            always=True,
        ),
    ),
    includes=("webhook",),
    filters=(
        Filter(
            "webhook_id", FilterKind.ID, "Id of the webhook.", lambda attempt: attempt.webhook_id
        ),
        Filter("event_id", FilterKind.TEXT, "Id of the event.", lambda attempt: attempt.event_id),
        Filter(
            "outcome",
            FilterKind.TEXT,
            "Outcome of the attempt.",
            lambda attempt: attempt.status.value,
        ),
    ),
    sorts=("created_at",),
    orders={"created_at": lambda attempt: attempt.at},
)

MAX_LISTED = 200
"""A list has at most so many attempts of each webhook, the latest ones."""


def delivery_routes(dependencies: Dependencies, included: IncludedResources) -> tuple[Route, ...]:
    """The routes of webhook deliveries."""
    views = ResourceViews(included, WEBHOOK_DELIVERIES)
    return (views.list(DeliveryLog(dependencies), ADMINS),)


class DeliveryLog:
    """Lists the latest attempts of some webhooks, or of all webhooks of the organization.

    One call for each webhook, and one more if the query has no ``webhook_id``.
    """

    def __init__(self, dependencies: Dependencies) -> None:
        self._database = dependencies.database

    def page(self, caller: Caller, query: ListQuery) -> Page[DeliveryAttempt]:
        """A page by number."""
        return self._list(query).page(caller, query)

    def cursor_page(
        self, caller: Caller, query: ListQuery, position: ReadPosition
    ) -> tuple[CursorPage[DeliveryAttempt], str]:
        """A page by position, and the list's description."""
        return self._list(query).cursor_page(caller, query, position)

    def _list(self, query: ListQuery) -> InMemoryList[DeliveryAttempt]:
        requested_ids = query.conditions.ids("webhook_id")

        def read(caller: Caller, _: frozenset[int] | None) -> Sequence[DeliveryAttempt]:
            organization_id = caller.organization.id
            webhook_ids = requested_ids
            if webhook_ids is None:
                webhooks = self._database.directory(Webhook, organization_id)
                webhook_ids = frozenset(webhook.id for webhook in webhooks)
            return [
                attempt
                for webhook_id in sorted(webhook_ids)
                for attempt in latest_attempts(
                    self._database.connection, organization_id, webhook_id, MAX_LISTED
                )
            ]

        return InMemoryList(WEBHOOK_DELIVERIES, read)


DELIVERIES_REGISTRATION = Registration(WEBHOOK_DELIVERIES, delivery_routes, is_personal=True)
