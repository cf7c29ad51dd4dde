"""Sample requests for the routes of API tokens."""

from tests.support.fixtures import OTHER_MEMBER, token_id
from tests.support.samples import Sample

SAMPLES = {
    "list_api_tokens": Sample(),
    "show_api_token": Sample(token_id(OTHER_MEMBER)),
    "create_api_token": Sample(attributes={"name": "New"}),
    "update_api_token": Sample(token_id(OTHER_MEMBER), {"name": "Renamed"}),
    "delete_api_token": Sample(token_id(OTHER_MEMBER)),
}
