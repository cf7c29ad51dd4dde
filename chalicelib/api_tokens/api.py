"""API tokens: resource and routes."""

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.api_tokens import repository as _repository  # noqa: F401 - declares the items
from chalicelib.api_tokens.model import ApiToken
from chalicelib.api_tokens.operations import VIEW_TOKEN, ApiTokens
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.lists import CursorPage, Page
from chalicelib.core.permissions import OWN, Caller
from chalicelib.http.includes import IncludedResources
from chalicelib.http.registration import Registration
from chalicelib.http.routing import MetaField, Route
from chalicelib.http.views import ResourceViews
from chalicelib.jsonapi import example_values as example
from chalicelib.jsonapi.in_memory_list import InMemoryList, ReadPosition
from chalicelib.jsonapi.input_types import reference_input, text_input
from chalicelib.jsonapi.inputs import InAttribute, Input
from chalicelib.jsonapi.parameters import ListQuery
from chalicelib.jsonapi.resource import Attribute, Filter, FilterKind, Kind, Relationship, Resource


def _example() -> ApiToken:
    return ApiToken(41, example.ORGANIZATION, example.PERSON, "My phone", "", example.NOW)


API_TOKENS: Resource[ApiToken] = Resource(
    type="api_tokens",
    singular="api_token",
    description="Access token of a person. Only the response that creates it contains the token. "
    "In a path, `current` instead of an id is the token of the request.",
    entity=ApiToken,
    view=VIEW_TOKEN,
    example=_example,
    id=lambda token: token.id,
    attributes=(
        Attribute("name", Kind.TEXT, lambda token: token.name, "Purpose of the token."),
        Attribute(
            "created_at", Kind.TIMESTAMP, lambda token: token.created_at, "Time of creation."
        ),
        Attribute(
            "expires_at",
            Kind.TIMESTAMP,
            lambda token: token.expires_at,
            "Expiry time. Null: it never expires.",
            nullable=True,
        ),
        Attribute(
            "last_used_on",
            Kind.DATE,
            lambda token: token.last_used_on,
            "Date on which the token was last used. Null: never, or not since this is recorded.",
            nullable=True,
        ),
    ),
    relationships=(
        Relationship(
            "organization",
            "organizations",
            lambda token: token.organization_id,
            "Organization of the token.",
            always=True,
        ),
        Relationship(
            "person",
            "people",
            lambda token: token.person_id,
            "Person who uses the token.",
            always=True,
        ),
    ),
    includes=("organization", "person"),
    filters=(
        Filter("id", FilterKind.ID, "Id of the token.", lambda token: token.id),
        Filter("person_id", FilterKind.ID, "Id of the person.", lambda token: token.person_id),
        Filter("name", FilterKind.TEXT, "Name of the token.", lambda token: token.name),
    ),
    sorts=("created_at", "name"),
    current_id=lambda caller: caller.token_id,
    orders={"created_at": lambda token: token.created_at, "name": lambda token: token.name},
)


_EXPIRES_AT = Input(
    "expires_at",
    Kind.TIMESTAMP,
    (InAttribute("expires_at"),),
    "Expiry time. Null or absent: it never expires.",
    nullable=True,
)


CREATION = (
    text_input("name", "Purpose of the token.", required=True),
    reference_input(
        "person",
        "people",
        "Person who uses the token. Default: the caller. Only admins can name another.",
    ),
    _EXPIRES_AT,
)


CHANGES = (text_input("name", "Purpose of the token."), _EXPIRES_AT)

TOKEN = MetaField("token", Kind.TEXT, "The token. Only this response contains it.")


class TokenList(Struct, frozen=True):
    """Lists tokens, with the dates of the last use of those on the page."""

    tokens: ApiTokens
    listed: InMemoryList[ApiToken]

    def page(self, caller: Caller, query: ListQuery) -> Page[ApiToken]:
        """See :class:`~chalicelib.jsonapi.in_memory_list.InMemoryList`."""
        page = self.listed.page(caller, query)
        return replace(page, rows=self.tokens.with_last_use(page.rows))

    def cursor_page(
        self, caller: Caller, query: ListQuery, position: ReadPosition
    ) -> tuple[CursorPage[ApiToken], str]:
        """See :class:`~chalicelib.jsonapi.in_memory_list.InMemoryList`."""
        page, listing = self.listed.cursor_page(caller, query, position)
        return replace(page, rows=self.tokens.with_last_use(page.rows)), listing


def token_routes(dependencies: Dependencies, included: IncludedResources) -> tuple[Route, ...]:
    """Return the routes of API tokens."""
    views = ResourceViews(included, API_TOKENS)
    tokens = ApiTokens(dependencies)
    return (
        views.list(TokenList(tokens, InMemoryList(API_TOKENS, tokens.read)), OWN),
        views.show(tokens.show, OWN),
        views.create(tokens.create, OWN, CREATION, meta=(TOKEN,)),
        views.update(tokens.update, OWN, CHANGES),
        views.delete(tokens.revoke, OWN),
    )


API_TOKENS_REGISTRATION = Registration(API_TOKENS, token_routes, is_personal=True)
