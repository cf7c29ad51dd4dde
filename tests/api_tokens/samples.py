"""Example records, and sample requests for the routes of API tokens."""

from chalicelib.api_tokens.model import ApiToken, Credential, PersonTokens, TokenOwner
from chalicelib.people.model import Role
from tests.support.fixtures import OTHER_MEMBER, token_id
from tests.support.samples import Sample

RECORDS = (
    ApiToken(5, 2149, 8784, "phone", "d" * 64, 60),
    PersonTokens(8779, 2149, 3, (ApiToken(5, 2149, 8779, "téléphone", "d" * 64, 1, 99),)),
    TokenOwner(5, 2149, 8779),
    Credential("d" * 64, 2149, 8779, Role.MEMBER, "phone"),
    Credential("d" * 64, 2149, 8779, Role.MEMBER, "phone", 99, 5, "2026-03-02"),
)

SAMPLES = {
    "list_api_tokens": Sample(),
    "show_api_token": Sample(token_id(OTHER_MEMBER)),
    "create_api_token": Sample(attributes={"name": "New"}),
    "update_api_token": Sample(token_id(OTHER_MEMBER), {"name": "Renamed"}),
    "delete_api_token": Sample(token_id(OTHER_MEMBER)),
}
