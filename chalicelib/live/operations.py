"""Create tickets, and open connections with them."""

import secrets

from chalicelib.api_tokens.authentication import digest, is_well_formed
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import LiveUnavailable
from chalicelib.core.permissions import Caller
from chalicelib.core.unit_of_work import Attempt, Decision, Result, commit_with_retry
from chalicelib.core.write_options import NO_OPTIONS, WriteOptions
from chalicelib.core.write_set import CreateRecord
from chalicelib.live.model import CONNECTION_SECONDS, TICKET_SECONDS, LiveConnection, LiveTicket
from chalicelib.live.repository import add_connection, redeem_ticket, remove_connections
from chalicelib.live.rules import surplus_connections

_SECRET_BYTES = 32


class LiveTickets:
    """Operations on tickets and connections."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    def create(self, caller: Caller, options: WriteOptions = NO_OPTIONS) -> Result[LiveTicket]:
        """Create a ticket of the caller. One call.

        Only this result contains the address with the secret, in ``one_time_meta``. Raises
        ``LiveUnavailable`` if this stage has no live updates.
        """
        live_url = self._dependencies.settings.live_url
        if not live_url:
            raise LiveUnavailable

        def decide(attempt: Attempt) -> Decision[LiveTicket]:
            secret = secrets.token_urlsafe(_SECRET_BYTES)
            ticket = LiveTicket(
                digest=digest(secret),
                id=self._dependencies.ids.generate(),
                organization_id=caller.organization.id,
                person_id=caller.person_id,
                created_at=attempt.now,
                expires_at=attempt.now + TICKET_SECONDS,
            )
            meta = {"url": f"{live_url}?ticket={secret}"}
            return Decision(ticket, records=(CreateRecord(ticket),), one_time_meta=meta)

        return commit_with_retry(self._dependencies, options, decide)

    def connect(self, secret: str, connection_id: str) -> LiveTicket | None:
        """Store a connection of the person with this ticket, and return the ticket.

        None: the ticket is unknown, used or expired. Two calls, and a third one if connections of
        the person ended or are too many. Raises ``Unavailable``.
        """
        if not is_well_formed(secret):
            return None
        now, database = self._dependencies.now(), self._dependencies.database
        ticket = redeem_ticket(database.connection, digest(secret), now)
        if ticket is None:
            return None
        connection = LiveConnection(now + CONNECTION_SECONDS, connection_id)
        connections = add_connection(ticket.organization_id, ticket.person_id, connection)
        surplus = surplus_connections(connections, now)
        if surplus:
            remove_connections(ticket.organization_id, ticket.person_id, surplus)
        return ticket
