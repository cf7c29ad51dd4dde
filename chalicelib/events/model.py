"""Domain events: changes of timers and time entries, for webhooks and Intercom.

An event's id is derived from the change: the same change always has the same event id. An event has
the version of its resource, which grows with each change: a receiver may ignore an event with a
lower version than a previous one. Contract section 10; docs/decisions/0013-events.md.
"""

from enum import StrEnum

from msgspec import Struct

from chalicelib.core.idempotency import fingerprint_of
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.model import Timer

_ID_DIGITS = 32


class EventType(StrEnum):
    """The type of an event."""

    TIMER_STARTED = "timer.started"
    TIMER_STOPPED = "timer.stopped"
    """Also sent when the stop of a timer is corrected, with a higher version."""
    TIMER_UPDATED = "timer.updated"
    """The start, the stop or the time entry of a timer is changed manually."""
    TIMER_DELETED = "timer.deleted"
    TIMER_STILL_RUNNING = "timer.still_running"
    """Sent once, when a timer runs longer than the organization's ``remind_after``."""
    TIME_ENTRY_CREATED = "time_entry.created"
    TIME_ENTRY_UPDATED = "time_entry.updated"
    TIME_ENTRY_DELETED = "time_entry.deleted"


class DomainEvent(Struct, frozen=True):
    """An event of a record.

    :param record: the record after the change; for a deletion, before it.
    :param version: the version of the record after the change.
    :param at: the timestamp of the change. For a start or a stop it is that of the session, which
        may be earlier than the request; for a reminder, that of the auto-stop run.
    """

    type: EventType
    record: Timer | TimeEntry
    version: int
    at: int

    @property
    def id(self) -> str:
        """The same for the same change. It has no full stop: signatures use it as a separator."""
        record = self.record
        # A deleted record may have had the same id. Records of earlier versions have no nonce.
        nonce = () if record.nonce is None else (record.nonce,)
        parts = (record.organization_id, record.id, self.version, self.type.value, *nonce)
        return f"evt_{fingerprint_of(*(str(part).encode() for part in parts))[:_ID_DIGITS]}"
