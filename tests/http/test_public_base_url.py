"""Links start with the API's public address and ignore the host headers of the client."""

from typing import Any

import pytest
from chalice.app import Chalice
from chalice.local import LambdaContext, LambdaEventConverter, RouteMatcher

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.settings import Settings
from chalicelib.http.application import create_app
from tests.support.api import JSON_API
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, Fixtures

DEPLOYED = "https://{api_id}.execute-api.eu-central-1.amazonaws.com/live"
CALLED = "https://a1b2c3.execute-api.eu-central-1.amazonaws.com/live/api/v2/timers"


@pytest.fixture
def deployed(dependencies: Dependencies) -> Chalice:
    return create_app(Settings(public_base_url=DEPLOYED), dependencies)


def _call(app: Chalice, fixtures: Fixtures, method: str, body: bytes = b"") -> Any:
    """Invoke the application as API Gateway does: with its API id and the client's host headers."""
    headers = {
        **fixtures.headers(ADMIN),
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "Content-Type": JSON_API,
    }
    events = LambdaEventConverter(RouteMatcher(list(app.routes)))
    event = events.create_lambda_event(method, "/api/v2/timers", headers, body)
    event["requestContext"] |= {"apiId": "a1b2c3", "domainName": "evil.example"}
    return app(event, LambdaContext("stint", 1024))


def test_list_links_use_the_address_of_the_called_api(
    deployed: Chalice, fixtures: Fixtures
) -> None:
    response = _call(deployed, fixtures, "GET")
    assert f'"first":"{CALLED}?' in response["body"]
    assert "evil" not in response["body"]


def test_location_header_uses_the_address_of_the_called_api(
    deployed: Chalice, fixtures: Fixtures
) -> None:
    body = b'{"data": {"attributes": {"time_entry_id": %d}}}' % ADMINS_ENTRY
    response = _call(deployed, fixtures, "POST", body)
    assert response["headers"]["Location"].startswith(f"{CALLED}/")
