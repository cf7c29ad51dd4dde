"""People, and the caller as a user: resources and routes."""

from msgspec.structs import replace

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.permissions import ADMINS, EVERYONE, OWN, OWN_OF_VISIBLE, Caller
from chalicelib.core.validation import email, http_url, time_of_day, time_zone
from chalicelib.http.includes import IncludedResources
from chalicelib.http.registration import Registration
from chalicelib.http.routing import Route
from chalicelib.http.views import ResourceViews, without_values
from chalicelib.jsonapi import example_values as example
from chalicelib.jsonapi.in_memory_list import InMemoryList
from chalicelib.jsonapi.input_types import text_input
from chalicelib.jsonapi.inputs import InAttribute, Input
from chalicelib.jsonapi.resource import Attribute, Filter, FilterKind, Kind, Relationship, Resource
from chalicelib.organizations.operations import CurrentUser, find_by_id
from chalicelib.people import repository as _repository  # noqa: F401 - declares the items
from chalicelib.people.model import ROLE_IDS, Person, Role
from chalicelib.people.operations import VIEW_PERSON, People

# Productive's numbers for the status and the type of a person.
_ACTIVE, _DEACTIVATED = 1, 2
_USER = 1
_MAX_AVATAR_URL_LENGTH = 2048


def _redact_for(caller: Caller, person: Person) -> Person:
    if caller.is_admin or caller.person_id == person.id:
        return person
    return replace(person, email=None)


def _full_name(person: Person) -> str:
    return f"{person.first_name} {person.last_name}"


def _texts(person: Person) -> tuple[str | None, ...]:
    return _full_name(person), person.nickname, person.title, person.email


_NAMES: tuple[Attribute[Person], ...] = (
    Attribute("first_name", Kind.TEXT, lambda person: person.first_name, "First name."),
    Attribute("last_name", Kind.TEXT, lambda person: person.last_name, "Last name."),
    Attribute(
        "email",
        Kind.TEXT,
        lambda person: person.email,
        "E-mail address. Members see only their own; others are null.",
        nullable=True,
    ),
)


_PICTURE: Attribute[Person] = Attribute(
    "avatar_url", Kind.TEXT, lambda person: person.avatar_url, "URL of a picture.", nullable=True
)


_TIME_SETTINGS: tuple[Attribute[Person], ...] = (
    Attribute(
        "time_zone",
        Kind.TEXT,
        lambda person: person.time_zone,
        "IANA time zone of the person. Null: the organization's.",
        nullable=True,
    ),
    Attribute(
        "auto_stop_at_time",
        Kind.TEXT,
        lambda person: person.auto_stop_at_time,
        "Time of day at which the person's running timer stops. Null: the organization's.",
        nullable=True,
    ),
)


_ROLES: tuple[Attribute[Person], ...] = (
    Attribute(
        "role_id",
        Kind.INTEGER,
        lambda person: ROLE_IDS[person.role],
        "Role: 1 is admin, 3 is member.",
    ),
    Attribute("role", Kind.TEXT, lambda person: person.role.value, "Role: admin or member."),
)


_CREATED: Attribute[Person] = Attribute(
    "created_at", Kind.TIMESTAMP, lambda person: person.created_at, "Time of creation."
)


_ORGANIZATION: Relationship[Person] = Relationship(
    "organization",
    "organizations",
    lambda person: person.organization_id,
    "Organization of the person.",
    always=True,
)


_ID: Filter[Person] = Filter("id", FilterKind.ID, "Id of the person.", lambda person: person.id)


def _example() -> Person:
    return Person(
        id=example.PERSON,
        organization_id=example.ORGANIZATION,
        first_name="Ana",
        last_name="Horvat",
        email="ana@example.com",
        role=Role.ADMIN,
        created_at=example.NOW,
        title="Designer",
    )


PEOPLE: Resource[Person] = Resource(
    type="people",
    singular="person",
    description="A person who tracks time.",
    entity=Person,
    view=VIEW_PERSON,
    example=_example,
    id=lambda person: person.id,
    redact_for=_redact_for,
    attributes=(
        *_NAMES,
        Attribute("title", Kind.TEXT, lambda person: person.title, "Job title.", nullable=True),
        Attribute(
            "nickname", Kind.TEXT, lambda person: person.nickname, "Nickname.", nullable=True
        ),
        _PICTURE,
        *_TIME_SETTINGS,
        *_ROLES,
        Attribute(
            "deactivated_at",
            Kind.TIMESTAMP,
            lambda person: person.deactivated_at,
            "Time of deactivation. Null: the person is active.",
            nullable=True,
        ),
        Attribute(
            "archived_at",
            Kind.TIMESTAMP,
            lambda person: person.deactivated_at,
            "Same as `deactivated_at`.",
            nullable=True,
        ),
        Attribute("is_user", Kind.BOOLEAN, lambda _: True, "Always true here."),
        _CREATED,
    ),
    relationships=(_ORGANIZATION,),
    includes=("organization",),
    filters=(
        _ID,
        Filter("email", FilterKind.TEXT, "E-mail address.", lambda person: person.email),
        Filter(
            "query",
            FilterKind.QUERY,
            "Words in the name, nickname, title or e-mail address. Every word must match.",
            _texts,
        ),
        *(
            Filter(name, FilterKind.QUERY, "Same as `query`.", _texts)
            for name in ("full_query", "jump_query", "fuzzy_people")
        ),
        Filter("first_name", FilterKind.TEXT, "First name.", lambda person: person.first_name),
        Filter("last_name", FilterKind.TEXT, "Last name.", lambda person: person.last_name),
        Filter("title", FilterKind.TEXT, "Job title.", lambda person: person.title),
        Filter(
            "role_id",
            FilterKind.NUMBER,
            "Role: 1 is admin, 3 is member.",
            lambda person: ROLE_IDS[person.role],
            choices=tuple(ROLE_IDS.values()),
        ),
        Filter(
            "created_at", FilterKind.TIME, "Time of creation.", lambda person: person.created_at
        ),
        *(
            Filter(
                name,
                FilterKind.TIME,
                "Time of deactivation. Empty: active.",
                lambda person: person.deactivated_at,
            )
            for name in ("deactivated_at", "archived_at")
        ),
        Filter(
            "status",
            FilterKind.NUMBER,
            "Status: 1 is active, 2 is deactivated.",
            lambda person: _ACTIVE if person.deactivated_at is None else _DEACTIVATED,
            choices=(_ACTIVE, _DEACTIVATED),
        ),
        Filter(
            "person_type",
            FilterKind.NUMBER,
            "Type: 1 is user, and every person is one. 2 and 3 match nothing.",
            lambda _: _USER,
            choices=(1, 2, 3),
        ),
    ),
    sorts=("name", "email", "title", "role_id"),
    orders={
        "name": _full_name,
        "email": lambda person: person.email,
        "title": lambda person: person.title,
        "role_id": lambda person: ROLE_IDS[person.role],
    },
)


USERS: Resource[Person] = Resource(
    type="users",
    singular="user",
    description="The caller.",
    entity=Person,
    view=VIEW_PERSON,
    example=_example,
    id=lambda person: person.id,
    attributes=(*_NAMES, _PICTURE, *_ROLES, _CREATED),
    relationships=(_ORGANIZATION,),
    includes=("organization",),
    filters=(_ID,),
    sorts=("name",),
    orders={"name": _full_name},
)


_ROLE = Input(
    "role",
    Kind.TEXT,
    (InAttribute("role"), InAttribute("role_id")),
    "Role: admin (or 1) or member (or 3). Default: member.",
    choices={
        **{role.value: role for role in Role},
        **{number: role for role, number in ROLE_IDS.items()},
        **{str(number): role for role, number in ROLE_IDS.items()},
    },
)


_OTHER_INPUTS = (
    text_input("title", "Job title.", nullable=True),
    text_input("nickname", "Nickname.", nullable=True),
    text_input(
        "avatar_url",
        "URL of a picture.",
        nullable=True,
        maximum=_MAX_AVATAR_URL_LENGTH,
        rule=http_url,
    ),
    text_input(
        "time_zone",
        "IANA time zone of the person. Null: the organization's.",
        nullable=True,
        rule=time_zone,
    ),
    text_input(
        "auto_stop_at_time",
        "Time of day, such as 19:00, at which the person's running timer stops. "
        "Null: the organization's. Applies to new timers.",
        nullable=True,
        rule=time_of_day,
    ),
    _ROLE,
)


def _inputs(required: bool) -> tuple[Input, ...]:
    return (
        text_input("first_name", "First name.", required=required),
        text_input("last_name", "Last name.", required=required),
        text_input(
            "email",
            "E-mail address, unique in the organization.",
            required=required,
            rule=email,
        ),
        *_OTHER_INPUTS,
    )


CREATION = _inputs(required=True)
CHANGES = _inputs(required=False)

_DEACTIVATE = "Deactivate a person: stop their timer, prevent new ones, revoke their tokens."
_RESTORE = "Restore a deactivated person. The person needs new tokens."
_OWN_WITHOUT_ORGANIZATION = replace(OWN, organization_required=False)


def people_routes(dependencies: Dependencies, included: IncludedResources) -> tuple[Route, ...]:
    """Return the routes of people. Archive is an alias of deactivate, activate of restore."""
    views = ResourceViews(included, PEOPLE)
    people = People(dependencies)
    deactivate, restore = without_values(people.deactivate), without_values(people.restore)
    return (
        views.list(InMemoryList(PEOPLE, people.read), EVERYONE),
        views.show(people.show, EVERYONE),
        views.create(people.create, ADMINS, CREATION),
        views.update(people.update, OWN_OF_VISIBLE, CHANGES),
        views.action("archive", deactivate, ADMINS, description=_DEACTIVATE),
        views.action("deactivate", deactivate, ADMINS, description=_DEACTIVATE),
        views.action("restore", restore, ADMINS, description=_RESTORE),
        views.action("activate", restore, ADMINS, description=_RESTORE),
    )


def user_routes(dependencies: Dependencies, included: IncludedResources) -> tuple[Route, ...]:
    """Return the routes of the caller as a user."""
    views = ResourceViews(included, USERS)
    current_user = CurrentUser(dependencies)
    return (
        views.list(InMemoryList(USERS, current_user.users), _OWN_WITHOUT_ORGANIZATION),
        views.show(find_by_id(current_user.users), _OWN_WITHOUT_ORGANIZATION),
    )


PEOPLE_REGISTRATION = Registration(PEOPLE, people_routes, is_personal=True)
USERS_REGISTRATION = Registration(USERS, user_routes, is_personal=True)
