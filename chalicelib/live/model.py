"""Tickets and connections of live updates.

A browser cannot send headers when it opens a WebSocket, and a token that lives long must not be in
a URL, which proxies log. So a client exchanges its token for a ticket, and the URL contains that.
"""

from msgspec import Struct

TICKET_SECONDS = 60
"""How long a ticket is valid."""

CONNECTION_SECONDS = 2 * 60 * 60
"""How long a connection lasts at most: API Gateway ends it then."""

OPENING_SECONDS = 10
"""How long API Gateway may answer that a connection is gone because it is not open yet."""

MAX_CONNECTIONS = 50
"""How many connections of a person are stored. A new one replaces the oldest. Decision 0037."""


class LiveTicket(Struct, frozen=True):
    """A ticket with which a person opens one connection, without its secret.

    ``digest`` is the hash of the secret. ``created_at`` and ``expires_at`` are timestamps.
    """

    digest: str
    id: int
    organization_id: int
    person_id: int
    created_at: int
    expires_at: int


class LiveConnection(Struct, frozen=True, order=True):
    """A connection: the timestamp at which it ends, and its id in API Gateway.

    Connections sort by age, the oldest first.
    """

    expires_at: int
    id: str

    @property
    def connected_at(self) -> int:
        """The timestamp at which it was stored."""
        return self.expires_at - CONNECTION_SECONDS


class LiveConnections(Struct, frozen=True):
    """The connections of a person, the oldest first. Some of them may have ended.

    ``expires_at`` is the timestamp at which the last of them ends.
    """

    organization_id: int
    person_id: int
    connections: tuple[LiveConnection, ...]
    expires_at: int
