"""API tokens. Ours."""

from chalicelib.core.permissions import Visibility
from chalicelib.domain.directory import ApiToken
from chalicelib.jsonapi.input_types import one, text
from chalicelib.jsonapi.inputs import InAttribute, Input
from chalicelib.jsonapi.resource import Attribute, Filter, FilterKind, Kind, Relationship, Resource

API_TOKENS: Resource[ApiToken] = Resource(
    type="api_tokens",
    singular="api_token",
    meaning="Access token of a person. Only the response that creates it contains the token.",
    id=lambda token: token.id,
    owner=lambda token: token.person_id,
    visibility=Visibility.OWN,
    attributes=(
        Attribute("name", Kind.TEXT, lambda it: it.name, "Purpose of the token."),
        Attribute("created_at", Kind.INSTANT, lambda it: it.created_at, "Time of creation."),
        Attribute(
            "expires_at",
            Kind.INSTANT,
            lambda it: it.expires_at,
            "Expiry time. Null: it never expires.",
            nullable=True,
        ),
    ),
    relationships=(
        Relationship(
            "organization",
            "organizations",
            lambda it: it.organization_id,
            "Organization of the token.",
            always=True,
        ),
        Relationship(
            "person", "people", lambda it: it.person_id, "Person who uses the token.", always=True
        ),
    ),
    includes=("organization", "person"),
    filters=(
        Filter("id", FilterKind.ID, "Id of the token.", lambda it: it.id),
        Filter("person_id", FilterKind.ID, "Id of the person.", lambda it: it.person_id),
        Filter("name", FilterKind.TEXT, "Name of the token.", lambda it: it.name),
    ),
    sorts=("created_at", "name"),
    orders={"created_at": lambda it: it.created_at, "name": lambda it: it.name},
)

_EXPIRES_AT = Input(
    "expires_at",
    Kind.INSTANT,
    (InAttribute("expires_at"),),
    "Expiry time. Null or absent: it never expires.",
    nullable=True,
)

CREATION = (
    text("name", "Purpose of the token.", required=True),
    one(
        "person",
        "people",
        "Person who uses the token. Default: the caller. Only admins can name another.",
    ),
    _EXPIRES_AT,
)
CHANGES = (text("name", "Purpose of the token."), _EXPIRES_AT)
