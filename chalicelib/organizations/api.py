"""Organizations and memberships: resources and routes."""

from msgspec.structs import replace

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import TimersRunning
from chalicelib.core.permissions import ADMINS, EVERYONE, OWN
from chalicelib.core.validation import time_of_day, time_zone
from chalicelib.http.includes import IncludedResources
from chalicelib.http.registration import Registration
from chalicelib.http.routing import Route
from chalicelib.http.views import ResourceViews
from chalicelib.jsonapi import example_values as example
from chalicelib.jsonapi.in_memory_list import InMemoryList
from chalicelib.jsonapi.input_types import integer_input, text_input
from chalicelib.jsonapi.inputs import InAttribute, Input
from chalicelib.jsonapi.resource import Attribute, Filter, FilterKind, Kind, Relationship, Resource
from chalicelib.organizations import repository as _repository  # noqa: F401 - declares the items
from chalicelib.organizations.model import (
    MAX_AUTO_STOP_AFTER,
    MAX_REMIND_AFTER,
    MIN_AUTO_STOP_AFTER,
    MIN_REMIND_AFTER,
    Membership,
    Organization,
)
from chalicelib.organizations.operations import (
    VIEW_MEMBERSHIP,
    VIEW_ORGANIZATION,
    CurrentUser,
    find_by_id,
)
from chalicelib.people.model import ROLE_IDS, Role


def _example_organization() -> Organization:
    return Organization(example.ORGANIZATION, "Example Studio", "Europe/Zagreb")


ORGANIZATIONS: Resource[Organization] = Resource(
    type="organizations",
    singular="organization",
    description="A company that tracks time.",
    entity=Organization,
    view=VIEW_ORGANIZATION,
    example=_example_organization,
    id=lambda organization: organization.id,
    attributes=(
        Attribute("name", Kind.TEXT, lambda organization: organization.name, "Name."),
        Attribute(
            "time_zone",
            Kind.TEXT,
            lambda organization: organization.time_zone,
            "IANA time zone of all dates and times in responses.",
        ),
        Attribute(
            "auto_stop_after",
            Kind.INTEGER,
            lambda organization: organization.auto_stop_after,
            "Seconds after which a running timer stops automatically.",
        ),
        Attribute(
            "auto_stop_at_time",
            Kind.TEXT,
            lambda organization: organization.auto_stop_at_time,
            "Time of day at which a running timer stops, in the person's time zone. Null: at none.",
            nullable=True,
        ),
        Attribute(
            "remind_after",
            Kind.INTEGER,
            lambda organization: organization.remind_after,
            "Minutes after which the event `timer.still_running` is sent. Null: it is not sent.",
            nullable=True,
        ),
        Attribute(
            "closed_until",
            Kind.DATE,
            lambda organization: organization.closed_until,
            "Last date of the closed period, whose time cannot be changed. Null: none is closed.",
            nullable=True,
        ),
        Attribute(
            "closed_effective_at",
            Kind.TIMESTAMP,
            lambda organization: organization.closed_effective_at,
            "When every request knows `closed_until`: 60 seconds after it was set or lifted.",
            nullable=True,
        ),
    ),
    filters=(
        Filter(
            "id", FilterKind.ID, "Id of the organization.", lambda organization: organization.id
        ),
    ),
    sorts=("name",),
    orders={"name": lambda organization: organization.name},
)


CHANGES = (
    text_input("name", "Name."),
    text_input("time_zone", "IANA time zone, such as Europe/Zagreb.", rule=time_zone),
    integer_input(
        "auto_stop_after",
        "Seconds after which a running timer stops automatically. Applies to new timers.",
        MIN_AUTO_STOP_AFTER,
        MAX_AUTO_STOP_AFTER,
    ),
    text_input(
        "auto_stop_at_time",
        "Time of day, such as 19:00, at which a running timer stops, in the person's time zone. "
        "Applies to new timers.",
        nullable=True,
        rule=time_of_day,
    ),
    integer_input(
        "remind_after",
        "Minutes after which the event `timer.still_running` is sent. Applies to new timers.",
        MIN_REMIND_AFTER,
        MAX_REMIND_AFTER,
        nullable=True,
    ),
    Input(
        "closed_until",
        Kind.DATE,
        (InAttribute("closed_until"),),
        "Last date of the closed period, before today. Nobody can make, change or delete time in "
        "it. Null: lift the closing.",
        nullable=True,
    ),
)


def _example_membership() -> Membership:
    return Membership(example.PERSON, example.ORGANIZATION, Role.ADMIN)


ORGANIZATION_MEMBERSHIPS: Resource[Membership] = Resource(
    type="organization_memberships",
    singular="organization_membership",
    description="Membership of the caller in an organization.",
    entity=Membership,
    view=VIEW_MEMBERSHIP,
    example=_example_membership,
    id=lambda membership: membership.id,
    attributes=(
        Attribute(
            "role_id",
            Kind.INTEGER,
            lambda membership: ROLE_IDS[membership.role],
            "Role: 1 is admin, 3 is member.",
        ),
        Attribute(
            "role", Kind.TEXT, lambda membership: membership.role.value, "Role: admin or member."
        ),
    ),
    relationships=(
        Relationship(
            "person", "people", lambda membership: membership.id, "The member.", always=True
        ),
        Relationship(
            "organization",
            "organizations",
            lambda membership: membership.organization_id,
            "The organization.",
            always=True,
        ),
        Relationship("user", "users", lambda membership: membership.id, "The member as a user."),
    ),
    includes=("organization", "person", "user"),
    filters=(
        Filter("id", FilterKind.ID, "Id of the membership.", lambda membership: membership.id),
        Filter("person_id", FilterKind.ID, "Id of the person.", lambda membership: membership.id),
        Filter(
            "organization_id",
            FilterKind.ID,
            "Id of the organization.",
            lambda membership: membership.organization_id,
        ),
    ),
    sorts=("id",),
    orders={"id": lambda membership: membership.id},
)


# A client's first requests: it does not know the id of an organization yet.
_EVERYONE_WITHOUT_ORGANIZATION = replace(EVERYONE, organization_required=False)
_OWN_WITHOUT_ORGANIZATION = replace(OWN, organization_required=False)
_ADMINS_WITHOUT_ORGANIZATION = replace(ADMINS, organization_required=False)


def organization_routes(
    dependencies: Dependencies, included: IncludedResources
) -> tuple[Route, ...]:
    """Return the routes of organizations."""
    views = ResourceViews(included, ORGANIZATIONS)
    current_user = CurrentUser(dependencies)
    return (
        views.list(
            InMemoryList(ORGANIZATIONS, current_user.organizations), _EVERYONE_WITHOUT_ORGANIZATION
        ),
        views.show(find_by_id(current_user.organizations), _EVERYONE_WITHOUT_ORGANIZATION),
        views.update(
            current_user.update_organization,
            _ADMINS_WITHOUT_ORGANIZATION,
            CHANGES,
            own_errors=(TimersRunning,),
        ),
    )


def membership_routes(dependencies: Dependencies, included: IncludedResources) -> tuple[Route, ...]:
    """Return the routes of memberships."""
    views = ResourceViews(included, ORGANIZATION_MEMBERSHIPS)
    current_user = CurrentUser(dependencies)
    return (
        views.list(
            InMemoryList(ORGANIZATION_MEMBERSHIPS, current_user.memberships),
            _OWN_WITHOUT_ORGANIZATION,
        ),
        views.show(find_by_id(current_user.memberships), _OWN_WITHOUT_ORGANIZATION),
    )


ORGANIZATIONS_REGISTRATION = Registration(ORGANIZATIONS, organization_routes, is_personal=False)
MEMBERSHIPS_REGISTRATION = Registration(
    ORGANIZATION_MEMBERSHIPS, membership_routes, is_personal=False
)
