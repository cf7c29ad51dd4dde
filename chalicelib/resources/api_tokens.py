"""API tokens. Ours."""

from chalicelib.domain.directory import ApiToken
from chalicelib.domain.policies import Visibility
from chalicelib.jsonapi.inputs import InAttribute, Input
from chalicelib.jsonapi.resource import Attribute, Filter, FilterKind, Kind, Relationship, Resource
from chalicelib.resources.values import one, text

API_TOKENS: Resource[ApiToken] = Resource(
    type="api_tokens",
    singular="api_token",
    meaning="What lets a program act as a person. The token itself is told once, when it is made.",
    id=lambda token: token.id,
    owner=lambda token: token.person_id,
    visibility=Visibility.OWN,
    attributes=(
        Attribute("name", Kind.TEXT, lambda it: it.name, "What it is for."),
        Attribute("created_at", Kind.INSTANT, lambda it: it.created_at, "When it was made."),
        Attribute(
            "expires_at",
            Kind.INSTANT,
            lambda it: it.expires_at,
            "From when on it is good no longer; null: never.",
            nullable=True,
        ),
    ),
    relationships=(
        Relationship(
            "organization",
            "organizations",
            lambda it: it.organization_id,
            "Where it is good.",
            always=True,
        ),
        Relationship("person", "people", lambda it: it.person_id, "As whom it acts.", always=True),
    ),
    includes=("organization", "person"),
    filters=(
        Filter("id", FilterKind.ID, "These tokens.", lambda it: it.id),
        Filter("person_id", FilterKind.ID, "Tokens of these people.", lambda it: it.person_id),
        Filter("name", FilterKind.TEXT, "Of that name.", lambda it: it.name),
    ),
    sorts=("created_at", "name"),
    orders={"created_at": lambda it: it.created_at, "name": lambda it: it.name},
)

_EXPIRES_AT = Input(
    "expires_at",
    Kind.INSTANT,
    (InAttribute("expires_at"),),
    "From when on it is good no longer, if ever.",
    nullable=True,
)

CREATION = (
    text("name", "What it is for.", required=True),
    one("person", "people", "As whom it acts, if not the caller; only an admin may name another."),
    _EXPIRES_AT,
)
CHANGES = (text("name", "What it is for."), _EXPIRES_AT)
