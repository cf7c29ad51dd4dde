"""Connect to a server: the token and the headers."""

from collections.abc import Generator

import httpx

from stint_client.generated.client import AuthenticatedClient
from stint_client.transport import Retries, RetryingClient

DEFAULT_TIMEOUT = httpx.Timeout(30, connect=5)
"""Seconds. API Gateway answers within 29."""


class TokenAuth(httpx.Auth):
    """Adds the token to requests. Neither its ``repr`` nor the client's shows the token."""

    def __init__(self, token: str) -> None:
        # An error of the HTTP library about a wrong header would show it.
        if not token.isascii() or not token.isprintable() or " " in token or not token:
            raise ValueError("The token is empty, or has a character that no token has.")
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header."""
        request.headers["X-Auth-Token"] = self._token
        yield request

    def __repr__(self) -> str:
        return "TokenAuth(...)"


def connect(
    base_url: str,
    token: str | None,
    organization_id: str | None,
    retries: Retries | None = None,
    timeout: httpx.Timeout | float = DEFAULT_TIMEOUT,
    transport: httpx.BaseTransport | None = None,
) -> AuthenticatedClient:
    """Return a client for the generated functions, whose ``repr`` has no token.

    :param token: None: for requests that need none.
    """
    headers = {"Accept": "application/vnd.api+json", "User-Agent": "stint-client"}
    if organization_id is not None:
        headers["X-Organization-Id"] = organization_id
    http = RetryingClient(
        retries or Retries(),
        base_url=base_url,
        auth=None if token is None else TokenAuth(token),
        headers=headers,
        timeout=timeout,
        transport=transport,
    )
    return AuthenticatedClient(base_url=base_url, token="").set_httpx_client(http)
