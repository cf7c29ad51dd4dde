"""What a decision asks the store to write: at most one change an item, all or nothing.

A transaction may touch an item once. So a switch within one time entry, or a stop and a start in
one day's tally, are merged here, before the store sees them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace

from chalicelib.core.timestamps import SECONDS_PER_DAY
from chalicelib.counters.model import QUARTER_HOUR, Counted, EntryMonth
from chalicelib.dataclass import dataclass
from chalicelib.domain.timers import RunningTimer, StopReason, TimeEntry, Timer, TrackMethod


@dataclass(frozen=True, slots=True)
class StopTimer:
    """Stop a timer that still runs.

    With ``replaces``, an instant, move the stop of one that nobody stopped by hand and that
    stopped then.
    """

    timer_id: int
    stopped_at: int
    stop_reason: StopReason | None
    replaces: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeEntry:
    """Count sessions and seconds on a time entry, and say what runs on it.

    ``starts`` is the (timer id, instant) of a session that begins; ``ends``, an instant, says
    when the last one ended. A session that begins outranks one that ends: the entry runs.
    ``track_method`` is how its time comes about from now on; None: as before.
    """

    time_entry_id: int
    seconds: int = 0
    timers: int = 0
    starts: tuple[int, int] | None = None
    ends: int | None = None
    track_method: TrackMethod | None = None

    def merge(self, other: "ChangeEntry") -> "ChangeEntry":
        """Both changes of the same entry, as one."""
        return ChangeEntry(
            self.time_entry_id,
            self.seconds + other.seconds,
            self.timers + other.timers,
            self.starts or other.starts,
            self.ends if self.ends is not None else other.ends,
            self.track_method or other.track_method,
        )


@dataclass(frozen=True, slots=True)
class OccupySlot:
    """Something starts: the slot must be just as it was read (``version``)."""

    version: int
    running: RunningTimer
    last_stopped_at: int | None


@dataclass(frozen=True, slots=True)
class FreeSlot:
    """The running timer stops: the slot must still hold it, whatever else was read."""

    timer_id: int
    last_stopped_at: int


@dataclass(frozen=True, slots=True)
class MoveLastStop:
    """A stop is corrected: the slot must be just as it was read (``version``)."""

    version: int
    last_stopped_at: int | None


@dataclass(frozen=True, slots=True)
class BlockSlot:
    """A person is deactivated: nothing runs and nothing may start.

    The slot must be just as it was read (``version``), so that a start meanwhile loses or wins.
    """

    version: int
    last_stopped_at: int | None


@dataclass(frozen=True, slots=True)
class OpenSlot:
    """A person is restored: they may start again. The slot must be as it was read."""

    version: int
    last_stopped_at: None = None


SlotChange = OccupySlot | FreeSlot | MoveLastStop | BlockSlot | OpenSlot


@dataclass(frozen=True, slots=True)
class ChangeTally:
    """Add to the counters of one UTC day (days since 1970-01-01) of the person's tally."""

    day: int
    counters: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ChangeEntryTally:
    """Add to the counters of a person's time entries on a service in a month."""

    name: EntryMonth
    counters: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Changes:
    """All that one act changes, for one person of one organization, at one instant (``now``).

    ``slot`` is None where the act neither starts nor stops anything.
    """

    organization_id: int
    person_id: int
    now: int
    slot: SlotChange | None
    new_timer: Timer | None = None
    stop_timer: StopTimer | None = None
    new_entry: TimeEntry | None = None
    entries: tuple[ChangeEntry, ...] = ()
    tallies: tuple[ChangeTally, ...] = ()
    entry_tallies: tuple[ChangeEntryTally, ...] = ()


@dataclass(slots=True)
class Tallying:
    """Collects starts and stops, and gives one change a day (``domain/tallies.py``)."""

    _days: dict[int, dict[str, int]] = field(default_factory=dict)

    def started(self, instant: int, by: int = 1) -> None:
        """A session started then; ``by=-1`` where that is taken back."""
        self._add(Counted.STARTS, instant, by)

    def stopped(self, instant: int, by: int = 1) -> None:
        """A session stopped then; ``by=-1`` where that stop is taken back."""
        self._add(Counted.STOPS, instant, by)

    @property
    def days(self) -> set[int]:
        """The days on which something was collected."""
        return set(self._days)

    def changes(self) -> tuple[ChangeTally, ...]:
        """What was collected, without what cancels out."""
        kept = (
            (day, {name: by for name, by in counters.items() if by})
            for day, counters in self._days.items()
        )
        return tuple(ChangeTally(day, counters) for day, counters in kept if counters)

    def _add(self, counted: Counted, instant: int, by: int) -> None:
        day, second = divmod(instant, SECONDS_PER_DAY)
        counters = self._days.setdefault(day, {})
        name = counted.name_of(second // QUARTER_HOUR)
        counters[name] = counters.get(name, 0) + by


@dataclass(slots=True)
class EntryTallying:
    """Collects time entries that come and go, and gives one change a tally."""

    _months: dict[EntryMonth, dict[str, int]] = field(default_factory=dict)

    def came(self, entry: TimeEntry) -> None:
        """An entry is there from now on, as it is."""
        self._add(entry, 1)

    def went(self, entry: TimeEntry) -> None:
        """An entry is no longer there as it was: removed, or changed to what :meth:`came`."""
        self._add(entry, -1)

    def changes(self) -> tuple[ChangeEntryTally, ...]:
        """What was collected, without what cancels out."""
        kept = (
            (name, {counter: by for counter, by in counters.items() if by})
            for name, counters in self._months.items()
        )
        return tuple(ChangeEntryTally(name, counters) for name, counters in kept if counters)

    def _add(self, entry: TimeEntry, by: int) -> None:
        month, _, day = entry.date.rpartition("-")
        name = EntryMonth(entry.organization_id, entry.person_id, entry.service_id, month)
        counters = self._months.setdefault(name, {})
        counter = Counted.ENTRIES.name_of(int(day))
        counters[counter] = counters.get(counter, 0) + by


def merge_entries(changes: Iterable[ChangeEntry]) -> tuple[ChangeEntry, ...]:
    """One change a time entry, in the order in which the entries first appear."""
    merged: dict[int, ChangeEntry] = {}
    for change in changes:
        known = merged.get(change.time_entry_id)
        merged[change.time_entry_id] = change if known is None else known.merge(change)
    return tuple(merged.values())


def apply_to_new_entry(entry: TimeEntry, change: ChangeEntry) -> TimeEntry:
    """The entry as it is written when it begins its life with that change."""
    timer_id, started_at = change.starts or (None, None)
    return replace(
        entry,
        tracked_seconds=change.seconds,
        timer_count=change.timers,
        running_timer_id=timer_id,
        latest_timer_id=timer_id,
        timer_started_at=started_at,
    )
