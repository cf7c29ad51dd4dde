"""Requests for tickets, and connections with them."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from chalicelib.core.dependencies import Dependencies
from chalicelib.handlers.live_connect import accept_connection
from chalicelib.live.model import LiveConnections
from tests.support.api import Api, Response
from tests.support.fixtures import MEMBER, ZAGREB


def create_ticket(api: Api) -> Response:
    """Ask for a ticket."""
    return api.post("/live_tickets", {"data": {"type": "live_tickets"}})


def secret_of(response: Response) -> str:
    """Return the secret in the address of a new ticket."""
    (secret,) = parse_qs(urlsplit(str(response.meta["url"])).query)["ticket"]
    return secret


def connect_event(secret: str | None, connection_id: str) -> dict[str, Any]:
    """Return the event of the route ``$connect``, as API Gateway sends it."""
    event: dict[str, Any] = {
        "headers": {"Host": "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com"},
        "multiValueHeaders": {"Host": ["a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com"]},
        "requestContext": {
            "routeKey": "$connect",
            "eventType": "CONNECT",
            "connectionId": connection_id,
            "domainName": "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com",
            "stage": "live",
            "apiId": "a1b2c3d4e5",
        },
        "isBase64Encoded": False,
    }
    if secret is not None:
        # Without a query, API Gateway leaves these members out.
        event["queryStringParameters"] = {"ticket": secret}
        event["multiValueQueryStringParameters"] = {"ticket": [secret]}
    return event


def connect(dependencies: Dependencies, secret: str | None, connection_id: str = "one") -> int:
    """Open a connection with a ticket; return the HTTP status."""
    return accept_connection(dependencies, connect_event(secret, connection_id))["statusCode"]


def open_connection(dependencies: Dependencies, api: Api, connection_id: str = "one") -> None:
    """Open a connection of the caller of an API."""
    assert connect(dependencies, secret_of(create_ticket(api)), connection_id) == 200


def connection_ids(
    dependencies: Dependencies, person_id: int = MEMBER, organization_id: int = ZAGREB.id
) -> list[str]:
    """Return the ids of the stored connections of a person, the oldest first."""
    stored = dependencies.database.get(LiveConnections, organization_id, person_id)
    return [] if stored is None else [each.id for each in stored.connections]
