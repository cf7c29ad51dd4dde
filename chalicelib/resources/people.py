"""People, and the caller as a user. Contract section 10."""

from dataclasses import replace

from chalicelib.domain.directory import ROLE_IDS, Caller, Person, Role
from chalicelib.domain.values import email, web_address
from chalicelib.jsonapi.inputs import InAttribute, Input
from chalicelib.jsonapi.resource import Attribute, Filter, FilterKind, Kind, Relationship, Resource
from chalicelib.resources.values import text

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
        "E-mail address; null where the caller, no admin, looks at somebody else.",
        nullable=True,
    ),
)
_PICTURE: Attribute[Person] = Attribute(
    "avatar_url", Kind.TEXT, lambda it: it.avatar_url, "A picture's URL.", nullable=True
)
_ROLES: tuple[Attribute[Person], ...] = (
    Attribute("role_id", Kind.INTEGER, lambda it: ROLE_IDS[it.role], "1: admin, 3: member."),
    Attribute("role", Kind.TEXT, lambda it: it.role.value, "admin or member."),
)
_CREATED: Attribute[Person] = Attribute(
    "created_at", Kind.INSTANT, lambda it: it.created_at, "When they were added."
)
_ORGANIZATION: Relationship[Person] = Relationship(
    "organization", "organizations", lambda it: it.organization_id, "Where they work.", always=True
)
_ID: Filter[Person] = Filter("id", FilterKind.ID, "These people.", lambda it: it.id)

PEOPLE: Resource[Person] = Resource(
    type="people",
    singular="person",
    meaning="Somebody who tracks time.",
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
        _CREATED,
    ),
    relationships=(_ORGANIZATION,),
    includes=("organization",),
    filters=(
        _ID,
        Filter("email", FilterKind.TEXT, "With that e-mail address.", lambda it: it.email),
        Filter(
            "query",
            FilterKind.QUERY,
            "Each word in their name, nickname, title or e-mail address.",
            lambda it: (_full_name(it), it.nickname, it.title, it.email),
        ),
        Filter(
            "status",
            FilterKind.NUMBER,
            "1: active, 2: deactivated.",
            lambda it: _ACTIVE if it.deactivated_at is None else _DEACTIVATED,
            choices=(_ACTIVE, _DEACTIVATED),
        ),
        Filter(
            "person_type",
            FilterKind.NUMBER,
            "1: users. Everybody is one here: the others (2: contacts, 3: placeholders) are none.",
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
    meaning="Who calls.",
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
    "admin or member, or Productive's number for it; a member, where nothing is said.",
    choices={
        **{role.value: role for role in Role},
        **{number: role for role, number in ROLE_IDS.items()},
        **{str(number): role for role, number in ROLE_IDS.items()},
    },
)
_OTHERS = (
    text("title", "Job title.", nullable=True),
    text("nickname", "Nickname.", nullable=True),
    text("avatar_url", "A picture's URL.", nullable=True, most=_LONGEST_ADDRESS, rule=web_address),
    _ROLE,
)


def _inputs(required: bool) -> tuple[Input, ...]:
    return (
        text("first_name", "First name.", required=required),
        text("last_name", "Last name.", required=required),
        text(
            "email",
            "E-mail address; nobody else's in the organization.",
            required=required,
            rule=email,
        ),
        *_OTHERS,
    )


CREATION = _inputs(required=True)
CHANGES = _inputs(required=False)
