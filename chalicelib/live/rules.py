"""Decisions: which connections end, and what a message says."""

from collections.abc import Collection

import msgspec

from chalicelib.live.model import MAX_CONNECTIONS, OPENING_SECONDS, LiveConnection


def surplus_connections(connections: Collection[LiveConnection], now: int) -> set[LiveConnection]:
    """The connections to remove at the timestamp ``now``: those that ended, and the oldest ones
    beyond the maximum."""
    open_ones = sorted(each for each in connections if each.expires_at > now)
    return {*connections} - {*open_ones[-MAX_CONNECTIONS:]}


def is_gone(connection: LiveConnection, now: int) -> bool:
    """Whether a connection that API Gateway does not know has ended.

    It is stored before API Gateway opens it: a new one may be unknown for a moment.
    """
    return now - connection.connected_at >= OPENING_SECONDS


def message(changed_types: Collection[str]) -> str:
    """The text of a message: the types of the records that changed. It contains no data.

    A client that misses a message, or gets it twice, loads its lists again and loses nothing.
    """
    return msgspec.json.encode({"changed": sorted(changed_types)}).decode()
