"""Exchange a pairing code for a token."""

from dataclasses import dataclass, field

import httpx

from stint_client.connection import DEFAULT_TIMEOUT, connect
from stint_client.errors import UnexpectedResponse
from stint_client.generated.api.pairings import redeem_pairing as redeem
from stint_client.generated.models import (
    ApiTokenInclude,
    RedeemPairingAttributes,
    RedeemPairingBody,
    RedeemPairingData,
    RedeemPairingDocument,
)
from stint_client.responses import call, parsed
from stint_client.results import Included, full_name
from stint_client.transport import Retries


@dataclass(frozen=True, slots=True)
class Login:
    """A token, and whose it is. Its ``repr`` does not show the token.

    :param base_url: the address of the API.
    """

    base_url: str
    token: str = field(repr=False)
    organization_id: str
    organization_name: str
    person_id: str
    person_name: str


def redeem_pairing(
    base_url: str,
    code: str,
    *,
    retries: Retries | None = None,
    transport: httpx.BaseTransport | None = None,
) -> Login:
    """Exchange a pairing code for a token of its person. A code works once.

    A request that the server may have received is not repeated: the code would be used. Then create
    another code.

    :raises ApiError: ``access_denied``: the code is wrong, used or too old.
    :raises ConnectionFailed: if there was no response.
    """
    api = connect(base_url.rstrip("/"), None, None, retries, DEFAULT_TIMEOUT, transport)
    with api.get_httpx_client():
        response = call(
            redeem.sync_detailed,
            client=api,
            body=RedeemPairingBody(
                data=RedeemPairingData(attributes=RedeemPairingAttributes(code=code))
            ),
            include=[ApiTokenInclude.ORGANIZATION, ApiTokenInclude.PERSON],
        )
    document = parsed(response, RedeemPairingDocument)
    included = Included(document)
    organization = included.related(document.data, "organization")
    person = included.related(document.data, "person")
    token = document.meta.token
    if not isinstance(token, str) or organization is None or person is None:
        raise UnexpectedResponse("The response to the code has no token.", response.status_code)
    return Login(
        base_url=base_url.rstrip("/"),
        token=token,
        organization_id=organization.id,
        organization_name=organization.attributes.name,
        person_id=person.id,
        person_name=full_name(person),
    )
