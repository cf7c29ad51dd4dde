"""Write sets: what a decision writes, in one transaction.

A DynamoDB transaction can contain only one write for each item. So rules merge, for example, the
stop and the start of a switch within one time entry before they build a write set.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import fields

from chalicelib.core.idempotency import IdempotencyKey
from chalicelib.counters.model import EntryCounterDelta, PersonDay
from chalicelib.time_entries.model import SumTarget, TimeEntry, TrackMethod
from chalicelib.timers.days import DayUpdate
from chalicelib.timers.model import RunningTimer, Timer


class ConcurrentModification(Exception):
    """A record has changed since the decision read it: load and decide again."""


class TransactionConflict(ConcurrentModification):
    """Another transaction was writing the same items. It may be the same one, sent before.

    :param resent: whether the client sent the transaction more than once within the call, because
        it got no usable response.
    """

    def __init__(self, *, resent: bool = False) -> None:
        super().__init__()
        self.resent = resent


class StopTimer(Struct, frozen=True):
    """Stop a timer, which must still be running.

    :param timer: the timer after the stop.
    :param version: the version of the timer before the stop; None: the condition on the person
        state makes sure that its start is unchanged.
    """

    timer: Timer
    version: int | None = None


class TimeEntryUpdate(Struct, frozen=True):
    """Update the sessions of a time entry.

    :param seconds: added to the tracked seconds.
    :param covered_seconds: those of them that the manually set time of the entry already covers.
    :param timers: added to the number of timers.
    :param starts: the timer id and the timestamp of a session that starts. The timer then runs on
        the time entry, even if another session ends.
    :param ends: the timestamp at which the running session ended.
    :param inserts: the timer id of a session that is inserted after it ended, and its stop if it
        is the latest of the entry.
    :param track_method: the new track method; None: unchanged.
    :param target: where the seconds of the entry count in sums; None: not known, which is possible
        only if its seconds do not change.
    """

    time_entry_id: int
    seconds: int = 0
    covered_seconds: int = 0
    timers: int = 0
    starts: tuple[int, int] | None = None
    ends: int | None = None
    inserts: tuple[int, int | None] | None = None
    track_method: TrackMethod | None = None
    target: SumTarget | None = None

    @property
    def shown_seconds(self) -> int:
        """What is added to the seconds that the entry shows."""
        return self.seconds - self.covered_seconds


class SetRunning(Struct, frozen=True):
    """A timer starts. The person state must be unchanged since it was read (``version``)."""

    version: int
    running: RunningTimer
    last_stopped_at: int | None


class ClearRunning(Struct, frozen=True):
    """The running timer stops. It must still be the running one; the version does not matter."""

    timer_id: int
    last_stopped_at: int


class SetTimeline(Struct, frozen=True):
    """Sessions are edited, inserted or deleted.

    The person state must be unchanged since it was read (``version``).
    """

    version: int
    running: RunningTimer | None
    last_timer_id: int
    last_stopped_at: int | None


class Disable(Struct, frozen=True):
    """A person is deactivated: no timer runs, and none may start.

    The person state must be unchanged since it was read (``version``): of this and a concurrent
    start, one fails and is decided again.
    """

    version: int
    last_stopped_at: int | None


class Enable(Struct, frozen=True):
    """A person is restored and may start timers. The person state must be unchanged."""

    version: int
    last_stopped_at: None = None


PersonStateUpdate = SetRunning | ClearRunning | SetTimeline | Disable | Enable


class WriteSet(Struct, frozen=True):
    """All writes of one operation, for one person of one organization, at the timestamp ``now``.

    ``person_state`` is None if the operation does not change the person's timeline. The counters of
    time entries follow from the other writes: ``timers/entry_counters.py`` adds them.
    """

    organization_id: int
    person_id: int
    now: int
    person_state: PersonStateUpdate | None
    new_timer: Timer | None = None
    stop_timer: StopTimer | None = None
    new_entry: TimeEntry | None = None
    entries: tuple[TimeEntryUpdate, ...] = ()
    days: tuple[DayUpdate, ...] = ()
    entry_counters: tuple[EntryCounterDelta, ...] = ()


RecordId = int | str | IdempotencyKey | PersonDay
"""An id; for a credential its token's hash, for a unique constraint its name."""


class CreateRecord(Struct, frozen=True):
    """Create a record that does not exist yet."""

    record: Any


class PutRecord(Struct, frozen=True):
    """Write a whole record, whether or not it exists."""

    record: Any


class UpdateRecord(Struct, frozen=True):
    """Set values of an existing record, if it has the ``expected`` values.

    None in ``values`` removes an attribute; None in ``expected`` requires that it is absent.
    """

    entity: type[Any]
    organization_id: int
    id: RecordId
    values: Mapping[str, Any]
    expected: Mapping[str, Any] = field(default_factory=dict)


class ReplaceRecord(Struct, frozen=True):
    """Replace a record by one with the same id, if its ``version`` is still that of ``before``.

    Only values that differ are written.
    """

    before: Any
    after: Any


class DeleteRecord(Struct, frozen=True):
    """Delete a record, if it has the ``expected`` values.

    Without expected values, the record need not exist. ``before`` is the record, if the expected
    values make sure that it is unchanged, and it is counted.
    """

    entity: type[Any]
    organization_id: int
    id: RecordId
    expected: Mapping[str, Any] = field(default_factory=dict)
    before: Any = None


class RequireRecord(Struct, frozen=True):
    """Require the ``expected`` values of a record, also of one that the same transaction writes.

    A record that does not exist has no values.
    """

    entity: type[Any]
    organization_id: int
    id: RecordId
    expected: Mapping[str, Any]


class AddToSet(Struct, frozen=True):
    """Add ids to a set of an existing record, its field ``name``. Ids that it contains stay.

    Other requests may add and remove other ids at the same time.
    """

    entity: type[Any]
    organization_id: int
    id: RecordId
    name: str
    ids: tuple[int, ...]


class RemoveFromSet(Struct, frozen=True):
    """Remove ids from a set of an existing record, its field ``name``. See :class:`AddToSet`."""

    entity: type[Any]
    organization_id: int
    id: RecordId
    name: str
    ids: tuple[int, ...]


RecordWrite = (
    CreateRecord
    | PutRecord
    | UpdateRecord
    | ReplaceRecord
    | DeleteRecord
    | RequireRecord
    | AddToSet
    | RemoveFromSet
)


def changed(before: Any, after: Any, *unchanged: str) -> tuple[UpdateRecord, ...]:
    """Return the update that writes the values that differ; nothing if none differ.

    Other requests may change other values at the same time, except those named ``unchanged``.
    """
    values = {
        field_info.name: getattr(after, field_info.name)
        for field_info in fields(before)
        if getattr(after, field_info.name) != getattr(before, field_info.name)
    }
    if not values:
        return ()
    expected = {name: getattr(before, name) for name in unchanged}
    # The key of an organization is its own id.
    organization_id = getattr(before, "organization_id", before.id)
    return (UpdateRecord(type(before), organization_id, before.id, values, expected),)
