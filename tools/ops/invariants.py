"""Invariants of each person's data: pure checks of a snapshot.

At most one timer runs, and the person state agrees; timers do not overlap; each time entry's
seconds and counters equal its timers; the counters equal the timers, and the sums the time entries;
index keys match the record. ``tools/ops/check_invariants.py`` reads the data that is checked here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from chalicelib.counters.model import (
    CounterKind,
    EntryCounterDeltas,
    EntryMonth,
    PersonDay,
    add,
    day_number,
    day_sums,
    kind_of,
    timer_counters,
    without_zeros,
)
from chalicelib.dynamodb import keys
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.days import DayUpdates, Mark
from chalicelib.timers.model import PersonState, StopReason, Timer
from chalicelib.timers.rules import running_timer

UPGRADE = "not upgraded from version 0.2.0: run `make upgrade`"
"""The end of a violation that the upgrade repairs."""

_UPGRADED = ("timer_started_at", "stopped_timer_id")
"""The values of time entries that version 0.2.0 stored in another way, or not at all."""

CountersByDay = Mapping[str, Mapping[str, int]]
"""Counters of timers, and sums of time entries, by UTC day, without zeros."""

MarksByDay = Mapping[str, Mapping[int, Mark]]
"""The sessions that the items of days list, by UTC day."""

CountersByMonth = Mapping[EntryMonth, Mapping[str, int]]
"""Counters and sums of time entries by month and service, without zeros."""


@dataclass(frozen=True, slots=True)
class PersonSnapshot:
    """Snapshot of everything stored about one person; ``timers`` are in the order of their ids.

    ``misindexed`` are the records whose index keys do not match their times and ids.
    """

    organization_id: int
    person_id: int
    person_state: PersonState
    timers: Sequence[Timer]
    entries: Mapping[int, TimeEntry]
    counters: CountersByDay
    misindexed: Sequence[Timer | TimeEntry] = ()
    entry_counters: CountersByMonth = field(default_factory=dict)
    marks: MarksByDay = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Violation:
    """A violated invariant. ``repairable`` if the timers determine the right value."""

    what: str
    repairable: bool


def check(snapshot: PersonSnapshot) -> list[Violation]:
    """Return all violations in a person's snapshot."""
    checks = (
        _check_timeline,
        _check_index,
        _check_person_state,
        _check_entries,
        _check_manual_times,
        _check_counters,
        _check_entry_counters,
        _check_marks,
    )
    return [violation for run_check in checks for violation in run_check(snapshot)]


def derived_counters(timers: Sequence[Timer]) -> CountersByDay:
    """Return the counters that these timers imply."""
    updates = _day_updates(timers).collected()
    days = {keys.day_bucket_name(day.day): dict(day.counters) for day in updates}
    return {day: counters for day, counters in days.items() if counters}


def derived_marks(timers: Sequence[Timer]) -> MarksByDay:
    """Return how the items of days must list these timers."""
    return {
        keys.day_bucket_name(day.day): {
            timer_id: mark for timer_id, mark in day.marks.items() if mark is not None
        }
        for day in _day_updates(timers).collected()
    }


def _day_updates(timers: Sequence[Timer]) -> DayUpdates:
    updates = DayUpdates()
    for timer in timers:
        updates.added(timer)
    return updates


def derived_entry_counters(entries: Iterable[TimeEntry]) -> CountersByMonth:
    """Return the counters that these time entries imply; deleted ones do not count."""
    counters = EntryCounterDeltas()
    for entry in entries:
        counters.added(entry)
    return {month.name: dict(month.counters) for month in counters.collected()}


def stored_entry_counters(snapshot: PersonSnapshot) -> dict[EntryMonth, dict[str, int]]:
    """Return the counters of time entries that are stored: in months, and in the items of days."""
    stored = {name: {**counters} for name, counters in snapshot.entry_counters.items()}
    for day, counters in snapshot.counters.items():
        number = day_number(date.fromisoformat(day))
        owner = PersonDay(snapshot.organization_id, snapshot.person_id, number)
        for name, counter, value in day_sums(owner, counters):
            add(stored.setdefault(name, {}), {counter: value})
    return {name: without_zeros(counters) for name, counters in stored.items()}


def derived_entry_values(timers: Sequence[Timer], entry: TimeEntry) -> dict[str, int | None]:
    """Return the values that these timers imply for a time entry, by field name.

    For a deleted entry that still has some of its timers: only its sum and count.
    """
    own = [timer for timer in timers if timer.time_entry_id == entry.id]
    running_timers = running(own)
    last_id = max([entry.latest_timer_id or 0, *(timer.id for timer in own)]) or None
    stops = {timer.id: timer.stopped_at for timer in own if timer.stopped_at is not None}
    # A deletion or a move removes it, and does not look for the stop before.
    stopped = (entry.stopped_timer_id, entry.timer_stopped_at)
    if stopped != (None, None) and stopped not in stops.items():
        stopped = max(stops.items(), key=lambda item: item[1], default=(None, None))
    totals: dict[str, int | None] = {
        "tracked_seconds": sum(timer.seconds for timer in own),
        "timer_count": len(own),
    }
    if entry.deleted_at is not None:
        return totals
    return totals | {
        "running_timer_id": running_timers[0].id if running_timers else None,
        "latest_timer_id": last_id,
        "timer_started_at": running_timers[0].started_at if running_timers else None,
        "stopped_timer_id": stopped[0],
        "timer_stopped_at": stopped[1],
    }


def running(timers: Sequence[Timer]) -> list[Timer]:
    """Return the timers that run."""
    return [timer for timer in timers if timer.stopped_at is None]


def last_stop(timers: Sequence[Timer]) -> int | None:
    """Return the end of the last stopped timer, in seconds; None without one."""
    return max((timer.stopped_at for timer in timers if timer.stopped_at is not None), default=None)


def last_known_id(snapshot: PersonSnapshot) -> int:
    """Return the largest id on the timeline; its timer may be deleted with its entry."""
    return max([snapshot.person_state.last_timer_id, *(timer.id for timer in snapshot.timers)])


def expected_last_stop(snapshot: PersonSnapshot, stopped: int | None) -> int | None:
    """Return a timestamp after which no session ends; ``stopped`` is the last existing stop."""
    return max(snapshot.person_state.last_stopped_at or 0, stopped or 0) or None


def _check_timeline(snapshot: PersonSnapshot) -> Iterator[Violation]:
    running_timers = running(snapshot.timers)
    if len(running_timers) > 1:
        yield Violation(
            f"{len(running_timers)} timers run: {[timer.id for timer in running_timers]}", False
        )
    for timer in snapshot.timers:
        if timer.seconds < 0:
            yield Violation(f"timer {timer.id} ends before it starts", False)
        if timer.stop_reason is StopReason.AUTO and timer.stopped_at != timer.auto_stop_at:
            yield Violation(
                f"timer {timer.id} was auto-stopped at another time than its limit", False
            )
    ordered = sorted(snapshot.timers, key=lambda timer: (timer.started_at, _end(timer), timer.id))
    for earlier, later in pairwise(ordered):
        if earlier.stopped_at is None or earlier.stopped_at > later.started_at:
            yield Violation(f"timers {earlier.id} and {later.id} overlap", False)
    by_key = sorted(snapshot.timers, key=_started_key)
    for earlier, later in pairwise(by_key):
        if _end(earlier) > _end(later):
            yield Violation(f"timer {earlier.id} is listed before {later.id}, but ends later", True)


def _end(timer: Timer) -> float:
    return float("inf") if timer.stopped_at is None else timer.stopped_at


def _started_key(timer: Timer) -> str:
    start, stop = timer.started_at, timer.stopped_at
    return keys.started_key(start, stop, timer.id, is_edited=timer.edited)


def _check_index(snapshot: PersonSnapshot) -> Iterator[Violation]:
    for record in snapshot.misindexed:
        kind = "timer" if isinstance(record, Timer) else "entry"
        yield Violation(f"{kind} {record.id} is not indexed correctly", True)


def _check_person_state(snapshot: PersonSnapshot) -> Iterator[Violation]:
    state = snapshot.person_state
    running_timers = running(snapshot.timers)
    expected = None
    if len(running_timers) == 1:
        expected = running_timer(running_timers[0])
    if len(running_timers) <= 1 and state.running != expected:
        stored_id = state.running.timer_id if state.running else None
        expected_id = expected.timer_id if expected else None
        yield Violation(
            f"the person state names timer {stored_id} as running, not {expected_id}", True
        )
    if state.disabled and (running_timers or state.running):
        yield Violation("the person state is disabled, but a timer runs", False)
    last_id = max((timer.id for timer in snapshot.timers), default=0)
    # Deleting a time entry deletes its timers; their last id stays in the person state.
    if state.last_timer_id < last_id:
        yield Violation(
            f"the person state's last id is {state.last_timer_id}, not {last_id}",
            True,
        )
    stopped = last_stop(snapshot.timers)
    if state.last_stopped_at != expected_last_stop(snapshot, stopped):
        yield Violation(
            f"the person state's last stop is {state.last_stopped_at}, but one is at {stopped}",
            True,
        )
    if not state.lists_sessions:
        yield Violation(f"the person is {UPGRADE}", False)


def _check_entries(snapshot: PersonSnapshot) -> Iterator[Violation]:
    referenced = {timer.time_entry_id for timer in snapshot.timers}
    for entry_id in sorted(referenced - snapshot.entries.keys()):
        yield Violation(f"timers refer to entry {entry_id}, which is missing", False)
    for entry in snapshot.entries.values():
        for name, value in derived_entry_values(snapshot.timers, entry).items():
            stored = getattr(entry, name)
            if name in _UPGRADED and not snapshot.person_state.lists_sessions:
                continue
            if stored != value:
                yield Violation(f"entry {entry.id}: {name} is {stored}, not {value}", True)


def _check_manual_times(snapshot: PersonSnapshot) -> Iterator[Violation]:
    for entry in snapshot.entries.values():
        # The timers of a deleted entry are deleted one by one: its total has no meaning.
        if entry.deleted_at is not None:
            continue
        own = [timer for timer in snapshot.timers if timer.time_entry_id == entry.id]
        if entry.covered_to is None:
            if entry.adjusted_seconds and snapshot.person_state.lists_sessions:
                yield Violation(f"entry {entry.id} is {UPGRADE}", False)
            continue
        uncovered = sum(timer.seconds for timer in own if not entry.covers(timer.id))
        if entry.tracked_seconds + entry.adjusted_seconds < uncovered:
            yield Violation(f"entry {entry.id} shows less than its uncovered sessions", False)
        for timer in own:
            if timer.covered and (timer.stopped_at is not None or not entry.covers(timer.id)):
                yield Violation(f"timer {timer.id} is covered, but its entry denies it", False)
    for timer in snapshot.timers:
        entry_of = snapshot.entries.get(timer.time_entry_id)
        if timer.covered and entry_of is not None and entry_of.covered_to is None:
            yield Violation(f"timer {timer.id} is covered, but its entry has no manual time", False)


def _check_marks(snapshot: PersonSnapshot) -> Iterator[Violation]:
    if not snapshot.person_state.lists_sessions:
        return
    derived = derived_marks(snapshot.timers)
    for day in sorted(derived.keys() | snapshot.marks.keys()):
        stored, expected = snapshot.marks.get(day, {}), derived.get(day, {})
        if stored != expected:
            yield Violation(f"sessions of {day}: {dict(stored)}, not {dict(expected)}", True)


def _check_counters(snapshot: PersonSnapshot) -> Iterator[Violation]:
    derived = derived_counters(snapshot.timers)
    for day in sorted(derived.keys() | snapshot.counters.keys()):
        stored, expected = timer_counters(snapshot.counters.get(day, {})), derived.get(day, {})
        if stored != expected:
            yield Violation(f"counters of {day}: {dict(stored)}, not {dict(expected)}", True)


def _check_entry_counters(snapshot: PersonSnapshot) -> Iterator[Violation]:
    derived = derived_entry_counters(snapshot.entries.values())
    summed = stored_entry_counters(snapshot)
    for name in sorted(derived.keys() | summed.keys()):
        where = f"of entries on service {name.service_id} in {name.month}"
        for kind, stored, expected in (
            ("counters", *(_counts(each.get(name, {}), True) for each in (summed, derived))),
            ("sums", *(_counts(each.get(name, {}), False) for each in (summed, derived))),
        ):
            # The upgrade fills the sums of a person of version 0.2.0.
            is_upgraded = kind == "counters" or snapshot.person_state.lists_sessions
            if stored != expected and is_upgraded:
                yield Violation(f"{kind} {where}: {stored}, not {expected}", True)


def _counts(counters: Mapping[str, int], are_counts: bool) -> dict[str, int]:
    """The numbers of entries that lists use, or the others."""
    return {
        name: count
        for name, count in counters.items()
        if (kind_of(name) is CounterKind.ENTRIES) is are_counts
    }
