"""Organizations, and who belongs to them. Contract section 10."""

from chalicelib.core.permissions import Visibility
from chalicelib.core.validation import time_zone
from chalicelib.domain.directory import (
    LONGEST_AUTO_STOP_AFTER,
    ROLE_IDS,
    SHORTEST_AUTO_STOP_AFTER,
    Membership,
    Organization,
)
from chalicelib.jsonapi.input_types import integer, text
from chalicelib.jsonapi.resource import Attribute, Filter, FilterKind, Kind, Relationship, Resource

ORGANIZATIONS: Resource[Organization] = Resource(
    type="organizations",
    singular="organization",
    meaning="A company that tracks time.",
    id=lambda organization: organization.id,
    attributes=(
        Attribute("name", Kind.TEXT, lambda it: it.name, "Name."),
        Attribute(
            "time_zone",
            Kind.TEXT,
            lambda it: it.time_zone,
            "IANA time zone of all dates and times in responses.",
        ),
        Attribute(
            "auto_stop_after",
            Kind.INTEGER,
            lambda it: it.auto_stop_after,
            "Seconds after which a running timer stops automatically.",
        ),
    ),
    filters=(Filter("id", FilterKind.ID, "Id of the organization.", lambda it: it.id),),
    sorts=("name",),
    orders={"name": lambda it: it.name},
)

CHANGES = (
    text("name", "Name."),
    text("time_zone", "IANA time zone, such as Europe/Zagreb.", rule=time_zone),
    integer(
        "auto_stop_after",
        "Seconds after which a running timer stops automatically. Applies to new timers.",
        SHORTEST_AUTO_STOP_AFTER,
        LONGEST_AUTO_STOP_AFTER,
    ),
)

ORGANIZATION_MEMBERSHIPS: Resource[Membership] = Resource(
    type="organization_memberships",
    singular="organization_membership",
    meaning="Membership of the caller in an organization.",
    id=lambda membership: membership.id,
    owner=lambda membership: membership.id,
    visibility=Visibility.OWN,
    attributes=(
        Attribute(
            "role_id", Kind.INTEGER, lambda it: ROLE_IDS[it.role], "Role: 1 is admin, 3 is member."
        ),
        Attribute("role", Kind.TEXT, lambda it: it.role.value, "Role: admin or member."),
    ),
    relationships=(
        Relationship("person", "people", lambda it: it.id, "The member.", always=True),
        Relationship(
            "organization",
            "organizations",
            lambda it: it.organization_id,
            "The organization.",
            always=True,
        ),
    ),
    includes=("organization", "person"),
    filters=(
        Filter("id", FilterKind.ID, "Id of the membership.", lambda it: it.id),
        Filter("person_id", FilterKind.ID, "Id of the person.", lambda it: it.id),
    ),
    sorts=("id",),
    orders={"id": lambda it: it.id},
)
