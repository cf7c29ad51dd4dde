"""Pairings: resource and routes. One of the routes needs no token.

The operations are imported by the first request that needs them: few requests do, and each module
takes time at every cold start.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.api_tokens.api import API_TOKENS, TOKEN
from chalicelib.api_tokens.model import ApiToken
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.permissions import OWN, Caller, ViewPolicy, Visibility
from chalicelib.core.unit_of_work import Result
from chalicelib.core.write_options import WriteOptions
from chalicelib.http.includes import IncludedResources
from chalicelib.http.registration import Registration
from chalicelib.http.routing import MetaField, Route
from chalicelib.http.views import ResourceViews
from chalicelib.jsonapi import example_values as example
from chalicelib.jsonapi.input_types import reference_input, text_input
from chalicelib.jsonapi.inputs import Values
from chalicelib.jsonapi.resource import Attribute, Kind, Relationship, Resource
from chalicelib.pairings import repository as _repository  # noqa: F401 - declares the items
from chalicelib.pairings.model import VALID_SECONDS, Pairing

VIEW_PAIRING: ViewPolicy[Pairing] = ViewPolicy(Visibility.OWNER, lambda pairing: pairing.person_id)


def _example() -> Pairing:
    now = example.NOW
    return Pairing(
        "", 43, example.ORGANIZATION, example.PERSON, "My phone", now, now + VALID_SECONDS
    )


PAIRINGS: Resource[Pairing] = Resource(
    type="pairings",
    singular="pairing",
    description="One-time code with which a device gets a token of a person. Only the response "
    "that creates it contains the code.",
    entity=Pairing,
    view=VIEW_PAIRING,
    example=_example,
    id=lambda pairing: pairing.id,
    attributes=(
        Attribute("name", Kind.TEXT, lambda pairing: pairing.token_name, "Name of the new token."),
        Attribute(
            "created_at", Kind.TIMESTAMP, lambda pairing: pairing.created_at, "Time of creation."
        ),
        Attribute(
            "expires_at",
            Kind.TIMESTAMP,
            lambda pairing: pairing.expires_at,
            f"End of the code, {VALID_SECONDS // 60} minutes after its creation.",
        ),
    ),
    relationships=(
        Relationship(
            "organization",
            "organizations",
            lambda pairing: pairing.organization_id,
            "Organization of the new token.",
            always=True,
        ),
        Relationship(
            "person",
            "people",
            lambda pairing: pairing.person_id,
            "Person who uses the new token.",
            always=True,
        ),
    ),
    includes=("organization", "person"),
)

CREATION = (
    text_input("name", "Name of the new token. Default: `Paired device`."),
    reference_input(
        "person",
        "people",
        "Person who uses the new token. Default: the caller. Only admins can name another.",
    ),
)

REDEMPTION = (
    text_input(
        "code", "The code. Case, spaces and dashes do not matter.", required=True, maximum=64
    ),
)

_CODE = MetaField("code", Kind.TEXT, "The code. Only this response contains it.")


def pairing_routes(dependencies: Dependencies, included: IncludedResources) -> tuple[Route, ...]:
    """Return the routes of pairings."""

    def create(caller: Caller, values: Mapping[str, Any], options: WriteOptions) -> Result[Pairing]:
        from chalicelib.pairings.operations import Pairings  # noqa: PLC0415

        return Pairings(dependencies).create(caller, values, options)

    def redeem(values: Values) -> tuple[Result[ApiToken], Caller]:
        from chalicelib.pairings.operations import Pairings  # noqa: PLC0415

        redemption = Pairings(dependencies).redeem(values["code"])
        result = Result(redemption.token, one_time_meta={"token": redemption.secret})
        return result, redemption.caller

    views, token_views = ResourceViews(included, PAIRINGS), ResourceViews(included, API_TOKENS)
    return (
        views.create(create, OWN, CREATION, meta=(_CODE,), has_location=False),
        token_views.public_create(
            "redeem",
            redeem,
            REDEMPTION,
            PAIRINGS,
            name="redeem_pairing",
            description="Redeem a pairing code: get a token, once.",
            meta=(TOKEN,),
        ),
    )


PAIRINGS_REGISTRATION = Registration(PAIRINGS, pairing_routes, is_personal=True)
