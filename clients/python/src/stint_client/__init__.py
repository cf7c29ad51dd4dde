"""A client for stint, the timers API.

::

    from stint_client import Client

    with Client("https://api.example.com/api/v2", token, organization_id) as client:
        timer = client.timers.start(service_id="1296", note="Review")
        client.timers.stop()
"""

from importlib.metadata import version

from stint_client.client import Client
from stint_client.errors import (
    ApiError,
    ConnectionFailed,
    ErrorObject,
    StintError,
    UnexpectedResponse,
)
from stint_client.generated.types import UNSET, Unset
from stint_client.pairing import Login, redeem_pairing
from stint_client.results import Listing, Result
from stint_client.transport import Retries, Wait

__version__ = version("stint-client")

__all__ = [
    "UNSET",
    "ApiError",
    "Client",
    "ConnectionFailed",
    "ErrorObject",
    "Listing",
    "Login",
    "Result",
    "Retries",
    "StintError",
    "UnexpectedResponse",
    "Unset",
    "Wait",
    "redeem_pairing",
]
