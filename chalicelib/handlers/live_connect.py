"""The connections of live updates: handles the ``$connect`` route of the WebSocket API.

API Gateway needs no other function: messages of clients are not read, and connections that ended
are removed when something is pushed to them.
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint

if TYPE_CHECKING:
    from chalicelib.core.dependencies import Dependencies

log = logging.getLogger("stint")

blueprint = Blueprint(__name__)


# Chalice wraps the WebSocket handlers of an app, but not those of a blueprint.
@blueprint.on_ws_connect()
def live_connect(event: Mapping[str, Any], context: object) -> dict[str, int]:
    """Accept a connection that has a ticket: return the response for API Gateway."""
    del context
    # Lazy: the API imports this module only for its route and never runs it. Decision 0018.
    from chalicelib.handlers.composition import dependencies  # noqa: PLC0415

    return accept_connection(dependencies(), event)


def accept_connection(dependencies: "Dependencies", event: Mapping[str, Any]) -> dict[str, int]:
    """Redeem the ticket of a connection and store the connection: 200, or 403.

    Raises ``Unavailable``: API Gateway then refuses the connection, and the client tries again.
    """
    from chalicelib.live.operations import LiveTickets  # noqa: PLC0415 - as above

    secret = (event.get("queryStringParameters") or {}).get("ticket", "")
    connection_id = event["requestContext"]["connectionId"]
    ticket = LiveTickets(dependencies).connect(secret, connection_id)
    if ticket is None:
        log.info("live connect", extra={"accepted": False})
        return {"statusCode": 403}
    ids = {"organization_id": ticket.organization_id, "person_id": ticket.person_id}
    log.info("live connect", extra={"accepted": True, **ids})
    return {"statusCode": 200}
