"""Organizations, people and services. Contract section 10."""

from chalicelib.domain.directory import Organization, Person, Role, Service
from chalicelib.jsonapi.resource import Attribute, Kind, Relationship, Resource

# Productive numbers its roles; an admin is 1 there and an ordinary member of staff 3.
_ROLE_IDS = {Role.ADMIN: 1, Role.MEMBER: 3}

ORGANIZATIONS: Resource[Organization] = Resource(
    type="organizations",
    meaning="A company that tracks time.",
    id=lambda organization: organization.id,
    attributes=(
        Attribute("name", Kind.TEXT, lambda it: it.name, "What it is called."),
        Attribute(
            "time_zone",
            Kind.TEXT,
            lambda it: it.time_zone,
            "The IANA time zone in which its times are shown and its dates are meant.",
        ),
        Attribute(
            "auto_stop_after",
            Kind.INTEGER,
            lambda it: it.auto_stop_after,
            "Seconds after which a forgotten timer is stopped.",
        ),
    ),
)

PEOPLE: Resource[Person] = Resource(
    type="people",
    meaning="Somebody who tracks time.",
    id=lambda person: person.id,
    owner=lambda person: person.id,
    attributes=(
        Attribute("first_name", Kind.TEXT, lambda it: it.first_name, "First name."),
        Attribute("last_name", Kind.TEXT, lambda it: it.last_name, "Last name."),
        Attribute("email", Kind.TEXT, lambda it: it.email, "E-mail address."),
        Attribute("title", Kind.TEXT, lambda it: it.title, "Job title.", nullable=True),
        Attribute("nickname", Kind.TEXT, lambda it: it.nickname, "Nickname.", nullable=True),
        Attribute(
            "avatar_url", Kind.TEXT, lambda it: it.avatar_url, "A picture's URL.", nullable=True
        ),
        Attribute("role_id", Kind.INTEGER, lambda it: _ROLE_IDS[it.role], "1: admin, 3: member."),
        Attribute("role", Kind.TEXT, lambda it: it.role.value, "admin or member."),
        Attribute(
            "deactivated_at",
            Kind.INSTANT,
            lambda it: it.deactivated_at,
            "When they were deactivated; null while they are active.",
            nullable=True,
        ),
        Attribute(
            "archived_at",
            Kind.INSTANT,
            lambda it: it.deactivated_at,
            "The same as deactivated_at.",
            nullable=True,
        ),
        Attribute("is_user", Kind.BOOLEAN, lambda _: True, "Whether they may log in."),
        Attribute("created_at", Kind.INSTANT, lambda it: it.created_at, "When they were added."),
    ),
    relationships=(
        Relationship(
            "organization",
            "organizations",
            lambda it: it.organization_id,
            "Where they work.",
            always=True,
        ),
    ),
)

SERVICES: Resource[Service] = Resource(
    type="services",
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
)
