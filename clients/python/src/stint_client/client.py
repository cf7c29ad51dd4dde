"""The client: settings, and the resources."""

from types import TracebackType
from typing import Self

import httpx

from stint_client.connection import DEFAULT_TIMEOUT, connect
from stint_client.directory import Organizations, People, Services
from stint_client.generated.api.api_tokens import delete_api_token
from stint_client.generated.models import User
from stint_client.reports import Reports
from stint_client.responses import call
from stint_client.time_entries import TimeEntries
from stint_client.timers import Timers
from stint_client.transport import Retries


class Client:
    """A client of a stint server, for one person in one organization. Use it as a context manager.

    Every write gets an ``Idempotency-Key`` and ``Client-Time`` by itself, and is repeated with the
    same key when that may help. Methods raise ``StintError``.

    :param base_url: the address of the API, such as ``https://api.example.com/api/v2``.
    :param token: the API token of the person.
    :param organization_id: decimal digits; None: only ``organizations.memberships`` and ``me``
        work, which tell the organizations of the token.
    :param retries: how long to try; ``Retries(attempts=1)``: once.
    :param timeout: seconds for each attempt.
    :param transport: connections of your own, such as those of a proxy.

    :ivar api: pass it as ``client`` to the functions in ``stint_client.generated.api``, which cover
        the whole API. They raise the same errors and are repeated in the same way.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        organization_id: str | int | None,
        *,
        retries: Retries | None = None,
        timeout: httpx.Timeout | float = DEFAULT_TIMEOUT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.organization_id = None if organization_id is None else str(organization_id)
        self.api = connect(self.base_url, token, self.organization_id, retries, timeout, transport)
        self.timers = Timers(self.api, self.caller_id)
        self.time_entries = TimeEntries(self.api)
        self.services = Services(self.api)
        self.people = People(self.api)
        self.organizations = Organizations(self.api)
        self.reports = Reports(self.api)

        self._caller_id: str | None = None

    def me(self) -> User:
        """Return the person of the token."""
        user = self.organizations.me()
        self._caller_id = user.id
        return user

    def caller_id(self) -> str:
        """Return the id of the person of the token. The first call asks the server."""
        return self._caller_id or self.me().id

    def log_out(self) -> None:
        """Revoke the token. Servers forget it within a minute, and then answer 401."""
        call(delete_api_token.sync_detailed, "current", client=self.api)

    def close(self) -> None:
        """Close the connections."""
        self.api.get_httpx_client().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.base_url!r}, organization_id={self.organization_id!r})"
