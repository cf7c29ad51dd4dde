"""Services. Contract section 10."""

from chalicelib.domain.directory import Service
from chalicelib.jsonapi.inputs import Input
from chalicelib.jsonapi.resource import Attribute, Filter, FilterKind, Kind, Relationship, Resource
from chalicelib.resources.values import flag, integer, text

_LAST_POSITION = 1_000_000

SERVICES: Resource[Service] = Resource(
    type="services",
    singular="service",
    meaning="What time is sold as.",
    id=lambda service: service.id,
    attributes=(
        Attribute("name", Kind.TEXT, lambda it: it.name, "What it is called."),
        Attribute("billable", Kind.BOOLEAN, lambda it: it.billable, "Whether it is invoiced."),
        Attribute(
            "time_tracking_enabled",
            Kind.BOOLEAN,
            lambda it: it.time_tracking_enabled,
            "Whether work may be started on it.",
        ),
        Attribute("position", Kind.INTEGER, lambda it: it.position, "Its place in a list."),
        Attribute(
            "archived_at",
            Kind.INSTANT,
            lambda it: it.archived_at,
            "When it was archived.",
            nullable=True,
        ),
        Attribute(
            "deleted_at",
            Kind.INSTANT,
            lambda it: it.deleted_at,
            "When it was deleted.",
            nullable=True,
        ),
    ),
    relationships=(
        Relationship(
            "organization",
            "organizations",
            lambda it: it.organization_id,
            "Who sells it.",
            always=True,
        ),
    ),
    includes=("organization",),
    filters=(
        Filter("id", FilterKind.ID, "These services.", lambda it: it.id),
        Filter("name", FilterKind.TEXT, "Of that name.", lambda it: it.name),
        Filter("query", FilterKind.QUERY, "Each word in its name.", lambda it: (it.name,)),
        Filter(
            "time_tracking_enabled",
            FilterKind.BOOLEAN,
            "Whether work may be started on it.",
            lambda it: it.time_tracking_enabled,
        ),
        Filter("person_id", FilterKind.LACKING, "Services are everybody's here: nothing matches."),
        Filter("project_id", FilterKind.LACKING, "There are no projects here: nothing matches."),
    ),
    sorts=("name",),
    orders={"name": lambda it: it.name},
)


def _inputs(required: bool) -> tuple[Input, ...]:
    return (
        text("name", "What it is called.", required=required),
        flag("billable", "Whether it is invoiced."),
        flag("time_tracking_enabled", "Whether work may be started on it."),
        integer("position", "Its place in a list.", 0, _LAST_POSITION),
    )


CREATION = _inputs(required=True)
CHANGES = _inputs(required=False)
