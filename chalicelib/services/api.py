"""Services: resource and routes."""

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.permissions import ADMINS, EVERYONE
from chalicelib.http.includes import IncludedResources
from chalicelib.http.registration import Registration
from chalicelib.http.routing import Route
from chalicelib.http.views import ResourceViews, without_values
from chalicelib.jsonapi import example_values as example
from chalicelib.jsonapi.in_memory_list import InMemoryList
from chalicelib.jsonapi.input_types import boolean_input, integer_input, text_input
from chalicelib.jsonapi.inputs import Input
from chalicelib.jsonapi.resource import Attribute, Filter, FilterKind, Kind, Relationship, Resource
from chalicelib.services import repository as _repository  # noqa: F401 - declares the items
from chalicelib.services.model import Service
from chalicelib.services.operations import VIEW_SERVICE, Services

_MAX_POSITION = 1_000_000

# Productive's numbers; it also has 1, a fixed price.
_ACTUALS, _NON_BILLABLE = 2, 3
BILLING_TYPES = (1, 2, 3, 4)
BILLING_TYPE = "Billing type: 2 is billable, 3 is not billable. 1 and 4 match nothing."


def billing_type(billable: bool) -> int:
    """Return the number of a billing type."""
    return _ACTUALS if billable else _NON_BILLABLE


def _example() -> Service:
    return Service(example.SERVICE, example.ORGANIZATION, "Design")


SERVICES: Resource[Service] = Resource(
    type="services",
    singular="service",
    description="A service that time is tracked on.",
    entity=Service,
    view=VIEW_SERVICE,
    example=_example,
    id=lambda service: service.id,
    attributes=(
        Attribute("name", Kind.TEXT, lambda service: service.name, "Name of the service."),
        Attribute(
            "billable",
            Kind.BOOLEAN,
            lambda service: service.billable,
            "Whether time on the service is billable.",
        ),
        Attribute(
            "time_tracking_enabled",
            Kind.BOOLEAN,
            lambda service: service.time_tracking_enabled,
            "Whether the service allows time tracking.",
        ),
        Attribute(
            "position", Kind.INTEGER, lambda service: service.position, "Position in a list."
        ),
        Attribute(
            "archived_at",
            Kind.TIMESTAMP,
            lambda service: service.archived_at,
            "Time of archiving. Null: not archived.",
            nullable=True,
        ),
        Attribute(
            "deleted_at",
            Kind.TIMESTAMP,
            lambda service: service.deleted_at,
            "Time of deletion. Null: not deleted.",
            nullable=True,
        ),
    ),
    relationships=(
        Relationship(
            "organization",
            "organizations",
            lambda service: service.organization_id,
            "Organization of the service.",
            always=True,
        ),
    ),
    includes=("organization",),
    filters=(
        Filter("id", FilterKind.ID, "Id of the service.", lambda service: service.id),
        Filter("name", FilterKind.TEXT, "Name of the service.", lambda service: service.name),
        Filter(
            "query",
            FilterKind.QUERY,
            "Words in the name. Every word must match.",
            lambda service: (service.name,),
        ),
        Filter(
            "time_tracking_enabled",
            FilterKind.BOOLEAN,
            "Whether the service allows time tracking.",
            lambda service: service.time_tracking_enabled,
        ),
        Filter(
            "archived",
            FilterKind.BOOLEAN,
            "Whether the service is archived. Without this filter and without `filter[id]`, the "
            "list has no archived services.",
            lambda service: service.archived_at is not None,
            default=False,
        ),
        Filter(
            "billable",
            FilterKind.BOOLEAN,
            "Whether time on the service is billable.",
            lambda service: service.billable,
        ),
        Filter(
            "billing_type",
            FilterKind.NUMBER,
            BILLING_TYPE,
            lambda service: billing_type(service.billable),
            choices=BILLING_TYPES,
        ),
    ),
    sorts=("name",),
    orders={"name": lambda service: service.name},
)


def _inputs(required: bool) -> tuple[Input, ...]:
    return (
        text_input("name", "Name of the service.", required=required),
        boolean_input("billable", "Whether time on the service is billable."),
        boolean_input("time_tracking_enabled", "Whether the service allows time tracking."),
        integer_input("position", "Position in a list.", 0, _MAX_POSITION),
    )


CREATION = _inputs(required=True)
CHANGES = _inputs(required=False)

_ARCHIVE = "Archive a service. New timers and time entries cannot use it."
_RESTORE = "Restore an archived service."


def service_routes(dependencies: Dependencies, included: IncludedResources) -> tuple[Route, ...]:
    """Return the routes of services."""
    views = ResourceViews(included, SERVICES)
    services = Services(dependencies)
    return (
        views.list(InMemoryList(SERVICES, services.read), EVERYONE),
        views.show(services.show, EVERYONE),
        views.create(services.create, ADMINS, CREATION),
        views.update(services.update, ADMINS, CHANGES),
        views.action("archive", without_values(services.archive), ADMINS, description=_ARCHIVE),
        views.action("restore", without_values(services.restore), ADMINS, description=_RESTORE),
    )


SERVICES_REGISTRATION = Registration(SERVICES, service_routes, is_personal=False)
