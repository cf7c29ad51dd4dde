"""Requests about pairing codes."""

from chalice.app import Chalice

from tests.support.api import Api, Response
from tests.support.fixtures import ZAGREB


def create_code(api: Api, **attributes: object) -> str:
    """Create a pairing code."""
    response = pair(api, **attributes)
    assert response.status == 201, response.body
    return str(response.meta["code"])


def pair(api: Api, **attributes: object) -> Response:
    """Ask for a pairing code."""
    return api.post("/pairings", {"data": {"type": "pairings", "attributes": attributes}})


def redeem(app: Chalice, code: object) -> Response:
    """Redeem a code, without a token and an organization."""
    document = {"data": {"type": "pairings", "attributes": {"code": code}}}
    return Api(app, {}).post("/pairings/redeem", document)


def redeemed(app: Chalice, code: str) -> Api:
    """Redeem a code; return a client with the new token."""
    response = redeem(app, code)
    assert response.status == 201, response.body
    token = response.meta["token"]
    return Api(app, {"X-Auth-Token": token, "X-Organization-Id": str(ZAGREB.id)})


def assert_refused(response: Response) -> None:
    """Check that a code was refused. The response never says why."""
    assert (response.status, response.error["code"]) == (403, "access_denied")
    assert response.error["detail"] == (
        "This code is not valid. It is mistyped or used, a newer one replaced it, or it is older "
        "than 15 minutes. Ask for another code."
    )
