"""Tickets of live updates: resource and route."""

from collections.abc import Mapping
from typing import Any

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import LiveUnavailable
from chalicelib.core.permissions import OWN, Caller, ViewPolicy, Visibility
from chalicelib.core.unit_of_work import Result
from chalicelib.core.write_options import WriteOptions
from chalicelib.http.includes import IncludedResources
from chalicelib.http.registration import Registration
from chalicelib.http.routing import MetaField, Route
from chalicelib.http.views import ResourceViews
from chalicelib.jsonapi import example_values as example
from chalicelib.jsonapi.resource import Attribute, Kind, Relationship, Resource
from chalicelib.live import repository as _repository  # noqa: F401 - declares the items
from chalicelib.live.model import TICKET_SECONDS, LiveTicket

VIEW_LIVE_TICKET: ViewPolicy[LiveTicket] = ViewPolicy(
    Visibility.OWNER, lambda ticket: ticket.person_id
)


def _example() -> LiveTicket:
    now = example.NOW
    return LiveTicket("", 47, example.ORGANIZATION, example.PERSON, now, now + TICKET_SECONDS)


LIVE_TICKETS: Resource[LiveTicket] = Resource(
    type="live_tickets",
    singular="live_ticket",
    description="Ticket for one WebSocket connection, for messages when timers or time entries of "
    "the caller change. Only the response that creates it contains its address.",
    entity=LiveTicket,
    view=VIEW_LIVE_TICKET,
    example=_example,
    id=lambda ticket: ticket.id,
    attributes=(
        Attribute(
            "created_at", Kind.TIMESTAMP, lambda ticket: ticket.created_at, "Time of creation."
        ),
        Attribute(
            "expires_at",
            Kind.TIMESTAMP,
            lambda ticket: ticket.expires_at,
            f"Time until which it can be used, {TICKET_SECONDS} seconds after its creation.",
        ),
    ),
    relationships=(
        Relationship(
            "organization",
            "organizations",
            lambda ticket: ticket.organization_id,
            "Organization of the person.",
            always=True,
        ),
        Relationship(
            "person",
            "people",
            lambda ticket: ticket.person_id,
            "Person whose changes send messages.",
            always=True,
        ),
    ),
    includes=("organization", "person"),
)

_URL = MetaField(
    "url",
    Kind.TEXT,
    "The address of the WebSocket, for one connection. Only this response contains it.",
)


def live_ticket_routes(
    dependencies: Dependencies, included: IncludedResources
) -> tuple[Route, ...]:
    """Return the routes of tickets."""

    def create(
        caller: Caller, values: Mapping[str, Any], options: WriteOptions
    ) -> Result[LiveTicket]:
        del values
        # Lazy: few requests need it, and each module takes time at every cold start.
        from chalicelib.live.operations import LiveTickets  # noqa: PLC0415

        return LiveTickets(dependencies).create(caller, options)

    views = ResourceViews(included, LIVE_TICKETS)
    return (
        views.create(
            create, OWN, (), meta=(_URL,), has_location=False, own_errors=(LiveUnavailable,)
        ),
    )


LIVE_TICKETS_REGISTRATION = Registration(LIVE_TICKETS, live_ticket_routes, is_personal=True)
