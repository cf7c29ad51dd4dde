"""Services. Contract section 10."""

from chalicelib.domain.directory import Service
from chalicelib.jsonapi.input_types import flag, integer, text
from chalicelib.jsonapi.inputs import Input
from chalicelib.jsonapi.resource import Attribute, Filter, FilterKind, Kind, Relationship, Resource

_LAST_POSITION = 1_000_000

SERVICES: Resource[Service] = Resource(
    type="services",
    singular="service",
    meaning="A service that time is tracked on.",
    id=lambda service: service.id,
    attributes=(
        Attribute("name", Kind.TEXT, lambda it: it.name, "Name of the service."),
        Attribute(
            "billable",
            Kind.BOOLEAN,
            lambda it: it.billable,
            "Whether time on the service is billable.",
        ),
        Attribute(
            "time_tracking_enabled",
            Kind.BOOLEAN,
            lambda it: it.time_tracking_enabled,
            "Whether the service allows time tracking.",
        ),
        Attribute("position", Kind.INTEGER, lambda it: it.position, "Position in a list."),
        Attribute(
            "archived_at",
            Kind.INSTANT,
            lambda it: it.archived_at,
            "Time of archiving. Null: not archived.",
            nullable=True,
        ),
        Attribute(
            "deleted_at",
            Kind.INSTANT,
            lambda it: it.deleted_at,
            "Time of deletion. Null: not deleted.",
            nullable=True,
        ),
    ),
    relationships=(
        Relationship(
            "organization",
            "organizations",
            lambda it: it.organization_id,
            "Organization of the service.",
            always=True,
        ),
    ),
    includes=("organization",),
    filters=(
        Filter("id", FilterKind.ID, "Id of the service.", lambda it: it.id),
        Filter("name", FilterKind.TEXT, "Name of the service.", lambda it: it.name),
        Filter(
            "query",
            FilterKind.QUERY,
            "Words in the name. Every word must match.",
            lambda it: (it.name,),
        ),
        Filter(
            "time_tracking_enabled",
            FilterKind.BOOLEAN,
            "Whether the service allows time tracking.",
            lambda it: it.time_tracking_enabled,
        ),
        Filter(
            "person_id", FilterKind.LACKING, "Matches nothing: services do not belong to people."
        ),
        Filter("project_id", FilterKind.LACKING, "Matches nothing: there are no projects."),
    ),
    sorts=("name",),
    orders={"name": lambda it: it.name},
)


def _inputs(required: bool) -> tuple[Input, ...]:
    return (
        text("name", "Name of the service.", required=required),
        flag("billable", "Whether time on the service is billable."),
        flag("time_tracking_enabled", "Whether the service allows time tracking."),
        integer("position", "Position in a list.", 0, _LAST_POSITION),
    )


CREATION = _inputs(required=True)
CHANGES = _inputs(required=False)
