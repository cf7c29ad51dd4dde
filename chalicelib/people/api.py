"""People, and the caller as a user. Contract section 10."""

from dataclasses import replace

from chalicelib.core.validation import email, web_address
from chalicelib.domain.directory import ROLE_IDS, Caller, Person, Role
from chalicelib.jsonapi.input_types import text
from chalicelib.jsonapi.inputs import InAttribute, Input
from chalicelib.jsonapi.resource import Attribute, Filter, FilterKind, Kind, Relationship, Resource

_ACTIVE, _DEACTIVATED = 1, 2
_USER = 1
_LONGEST_ADDRESS = 2048


def _seen(caller: Caller, person: Person) -> Person:
    if caller.is_admin or caller.person_id == person.id:
        return person
    return replace(person, email=None)


def _full_name(person: Person) -> str:
    return f"{person.first_name} {person.last_name}"


_NAMES: tuple[Attribute[Person], ...] = (
    Attribute("first_name", Kind.TEXT, lambda it: it.first_name, "First name."),
    Attribute("last_name", Kind.TEXT, lambda it: it.last_name, "Last name."),
    Attribute(
        "email",
        Kind.TEXT,
        lambda it: it.email,
        "E-mail address. Members see only their own; others are null.",
        nullable=True,
    ),
)
_PICTURE: Attribute[Person] = Attribute(
    "avatar_url", Kind.TEXT, lambda it: it.avatar_url, "URL of a picture.", nullable=True
)
_ROLES: tuple[Attribute[Person], ...] = (
    Attribute(
        "role_id", Kind.INTEGER, lambda it: ROLE_IDS[it.role], "Role: 1 is admin, 3 is member."
    ),
    Attribute("role", Kind.TEXT, lambda it: it.role.value, "Role: admin or member."),
)
_CREATED: Attribute[Person] = Attribute(
    "created_at", Kind.INSTANT, lambda it: it.created_at, "Time of creation."
)
_ORGANIZATION: Relationship[Person] = Relationship(
    "organization",
    "organizations",
    lambda it: it.organization_id,
    "Organization of the person.",
    always=True,
)
_ID: Filter[Person] = Filter("id", FilterKind.ID, "Id of the person.", lambda it: it.id)

PEOPLE: Resource[Person] = Resource(
    type="people",
    singular="person",
    meaning="A person who tracks time.",
    id=lambda person: person.id,
    owner=lambda person: person.id,
    seen=_seen,
    attributes=(
        *_NAMES,
        Attribute("title", Kind.TEXT, lambda it: it.title, "Job title.", nullable=True),
        Attribute("nickname", Kind.TEXT, lambda it: it.nickname, "Nickname.", nullable=True),
        _PICTURE,
        *_ROLES,
        Attribute(
            "deactivated_at",
            Kind.INSTANT,
            lambda it: it.deactivated_at,
            "Time of deactivation. Null: the person is active.",
            nullable=True,
        ),
        Attribute(
            "archived_at",
            Kind.INSTANT,
            lambda it: it.deactivated_at,
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
        Filter("email", FilterKind.TEXT, "E-mail address.", lambda it: it.email),
        Filter(
            "query",
            FilterKind.QUERY,
            "Words in the name, nickname, title or e-mail address. Every word must match.",
            lambda it: (_full_name(it), it.nickname, it.title, it.email),
        ),
        Filter(
            "status",
            FilterKind.NUMBER,
            "Status: 1 is active, 2 is deactivated.",
            lambda it: _ACTIVE if it.deactivated_at is None else _DEACTIVATED,
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
    sorts=("name", "email"),
    orders={"name": _full_name, "email": lambda it: it.email},
)

USERS: Resource[Person] = Resource(
    type="users",
    singular="user",
    meaning="The caller.",
    id=lambda person: person.id,
    owner=lambda person: person.id,
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
_OTHERS = (
    text("title", "Job title.", nullable=True),
    text("nickname", "Nickname.", nullable=True),
    text("avatar_url", "URL of a picture.", nullable=True, most=_LONGEST_ADDRESS, rule=web_address),
    _ROLE,
)


def _inputs(required: bool) -> tuple[Input, ...]:
    return (
        text("first_name", "First name.", required=required),
        text("last_name", "Last name.", required=required),
        text(
            "email",
            "E-mail address, unique in the organization.",
            required=required,
            rule=email,
        ),
        *_OTHERS,
    )


CREATION = _inputs(required=True)
CHANGES = _inputs(required=False)
