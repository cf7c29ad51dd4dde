"""Tickets and connections in DynamoDB: in the table of person states, which deletes expired items.

The connections of a person are one item, so that the event fan-out reads those of many people in
one call. They are a set of texts: adding and removing one is atomic, also beside other requests.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pynamodb.attributes import UnicodeAttribute, UnicodeSetAttribute
from pynamodb.connection import Connection
from pynamodb.constants import ALL_OLD
from pynamodb.exceptions import DeleteError, UpdateError
from pynamodb.models import Model

from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import table_name, translate_errors
from chalicelib.dynamodb.idempotency_records import declare_result
from chalicelib.dynamodb.items import (
    IntegerAttribute,
    ItemType,
    declare,
    from_item,
    item_with_key,
)
from chalicelib.live.model import LiveConnection, LiveConnections, LiveTicket

_SEPARATOR = "#"
_CONDITION_FAILED = "ConditionalCheckFailedException"


class LiveTicketModel(Model):
    """Item of a :class:`~chalicelib.live.model.LiveTicket`, in a partition of its own."""

    class Meta:
        bare_name = "person_state"

    person_key = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(range_key=True)
    digest = UnicodeAttribute()
    id = IntegerAttribute()
    organization_id = IntegerAttribute()
    person_id = IntegerAttribute()
    created_at = IntegerAttribute()
    expires_at = IntegerAttribute()


class LiveConnectionsModel(Model):
    """Item of :class:`~chalicelib.live.model.LiveConnections`."""

    class Meta:
        bare_name = "person_state"

    person_key = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(range_key=True)
    organization_id = IntegerAttribute()
    person_id = IntegerAttribute()
    connections = UnicodeSetAttribute(null=True)
    expires_at = IntegerAttribute()


def redeem_ticket(connection: Connection, digest: str, now: int) -> LiveTicket | None:
    """Delete a ticket and return it; None if it does not exist, or is expired. One call.

    Raises ``Unavailable``.
    """
    key = _ticket_key(0, digest)
    try:
        with translate_errors():
            response = connection.delete_item(
                table_name(LiveTicketModel),
                key["person_key"],
                key["name"],
                # DynamoDB removes expired items late.
                condition=LiveTicketModel.expires_at > now,
                return_values=ALL_OLD,
            )
    except DeleteError as error:
        if error.cause_response_code != _CONDITION_FAILED:
            raise
        return None
    return from_item(LiveTicket, response["Attributes"])


def add_connection(
    organization_id: int, person_id: int, added: LiveConnection
) -> tuple[LiveConnection, ...]:
    """Add a connection to those of a person, and return all. One call. Raises ``Unavailable``."""
    item: Any = item_with_key(LiveConnections, organization_id, person_id)
    model = LiveConnectionsModel
    with translate_errors():
        item.update(
            actions=[
                model.connections.add({_text(added)}),
                model.organization_id.set(organization_id),
                model.person_id.set(person_id),
                model.expires_at.set(added.expires_at),
            ]
        )
    return _connections(item.connections)


def remove_connections(
    organization_id: int, person_id: int, removed: Iterable[LiveConnection]
) -> None:
    """Remove connections from those of a person. One call. Raises ``Unavailable``."""
    item = item_with_key(LiveConnections, organization_id, person_id)
    try:
        with translate_errors():
            item.update(
                actions=[LiveConnectionsModel.connections.delete({*map(_text, removed)})],
                # An update would create an item that is gone.
                condition=LiveConnectionsModel.person_key.exists(),
            )
    except UpdateError as error:
        if error.cause_response_code != _CONDITION_FAILED:
            raise


def _text(connection: LiveConnection) -> str:
    return f"{connection.expires_at}{_SEPARATOR}{connection.id}"


def _connections(texts: Iterable[str] | None) -> tuple[LiveConnection, ...]:
    parts = (text.partition(_SEPARATOR) for text in texts or ())
    return tuple(sorted(LiveConnection(int(ends), id_) for ends, _, id_ in parts))


def _ticket_key(organization_id: int, digest: str) -> Mapping[str, str]:
    del organization_id
    return {"person_key": keys.live_ticket(digest), "name": keys.LIVE_TICKET}


def _connections_key(organization_id: int, person_id: int) -> Mapping[str, str]:
    return {"person_key": keys.scoped(organization_id, person_id), "name": keys.LIVE_CONNECTIONS}


def _stored_connections(record: LiveConnections) -> Mapping[str, Any]:
    # DynamoDB has no empty sets.
    return {"connections": {*map(_text, record.connections)} or None}


def _restore_connections(values: dict[str, Any]) -> None:
    values["connections"] = _connections(values["connections"])


declare(ItemType(LiveTicket, LiveTicketModel, _ticket_key, record_id=lambda each: each.digest))
declare(
    ItemType(
        LiveConnections,
        LiveConnectionsModel,
        _connections_key,
        record_id=lambda each: each.person_id,
        derived=_stored_connections,
        restore=_restore_connections,
    )
)
declare_result(LiveTicket)
