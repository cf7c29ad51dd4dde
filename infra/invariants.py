"""What must hold of every person's tables, whatever happened: proved, or reported.

One running timer at most, and the slot agrees; no overlaps; each entry's seconds and counters equal
its timers; the tallies equal the timers; whatever is indexed is indexed as it is. The checks are
pure; what they check is read by ``infra/check_invariants.py``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from chalicelib.domain.changes import EntryTallying, Tallying
from chalicelib.domain.tallies import EntryMonth
from chalicelib.domain.timers import RunningTimer, Slot, StopReason, TimeEntry, Timer
from chalicelib.store import keys

Tallies = Mapping[str, Mapping[str, int]]
"""Counters of sessions by UTC day, zeros left out."""

EntryTallies = Mapping[EntryMonth, Mapping[str, int]]
"""Counters of time entries by month and service, zeros left out."""


@dataclass(frozen=True, slots=True)
class Books:
    """Everything that is kept of one person: ``timers`` in the order of their ids.

    ``misindexed`` are those whose keys are not what their times and ids make them.
    """

    organization_id: int
    person_id: int
    slot: Slot
    timers: Sequence[Timer]
    entries: Mapping[int, TimeEntry]
    tallies: Tallies
    misindexed: Sequence[Timer | TimeEntry] = ()
    entry_tallies: EntryTallies = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Violation:
    """What does not hold. ``repairable`` where it can be derived from the timers."""

    what: str
    repairable: bool


def check(books: Books) -> list[Violation]:
    """All that does not hold for a person."""
    checks = (_check_timeline, _check_index, _check_slot, _check_entries, _check_tallies)
    return [violation for each in checks for violation in each(books)]


def derived_tallies(timers: Sequence[Timer]) -> Tallies:
    """The tallies that those timers make."""
    tallying = Tallying()
    for timer in timers:
        tallying.started(timer.started_at)
        if timer.stopped_at is not None:
            tallying.stopped(timer.stopped_at)
    return {keys.tally_bucket(it.day): dict(it.counters) for it in tallying.changes()}


def derived_entry_tallies(entries: Iterable[TimeEntry]) -> EntryTallies:
    """The tallies that those time entries make. What was deleted is not counted any more."""
    tallying = EntryTallying()
    for entry in entries:
        if entry.deleted_at is None:
            tallying.came(entry)
    return {it.name: dict(it.counters) for it in tallying.changes()}


def derived_counters(timers: Sequence[Timer], entry: TimeEntry) -> dict[str, int | None]:
    """What those timers make of an entry, by the names of its fields.

    Of one that was deleted and still has some of its timers, only what they count for.
    """
    own = [timer for timer in timers if timer.time_entry_id == entry.id]
    runs = running(own)
    latest = max(own, key=lambda it: it.id, default=None)
    counted: dict[str, int | None] = {
        "tracked_seconds": sum(timer.seconds for timer in own),
        "timer_count": len(own),
    }
    if entry.deleted_at is not None:
        return counted
    return counted | {
        "running_timer_id": runs[0].id if runs else None,
        "latest_timer_id": None if latest is None else latest.id,
        "timer_started_at": None if latest is None else latest.started_at,
        "timer_stopped_at": None if latest is None else latest.stopped_at,
    }


def running(timers: Sequence[Timer]) -> list[Timer]:
    """Those that run."""
    return [timer for timer in timers if timer.stopped_at is None]


def last_stop(timers: Sequence[Timer]) -> int | None:
    """The end of the last stopped session."""
    return max((it.stopped_at for it in timers if it.stopped_at is not None), default=None)


def last_known_id(books: Books) -> int:
    """The largest id on the timeline, of a timer that may be gone with its entry."""
    return max([books.slot.last_timer_id, *(timer.id for timer in books.timers)])


def expected_last_stop(books: Books, stopped: int | None) -> int | None:
    """The end of the last session, given that of the last one that is still there."""
    held = books.slot.last_stopped_at
    if held is None or all(timer.id < last_known_id(books) for timer in books.timers):
        # The last timer went with its entry: only what the slot remembers can tell its end.
        return max((it for it in (held, stopped) if it is not None), default=None)
    return stopped


def _check_timeline(books: Books) -> Iterator[Violation]:
    runs = running(books.timers)
    if len(runs) > 1:
        yield Violation(f"{len(runs)} timers run: {[timer.id for timer in runs]}", False)
    for timer in books.timers:
        if timer.seconds < 0:
            yield Violation(f"timer {timer.id} ends before it starts", False)
        if timer.stop_reason is StopReason.AUTO and timer.stopped_at != timer.auto_stop_at:
            yield Violation(f"timer {timer.id} was stopped at another time than its limit", False)
    ordered = sorted(books.timers, key=lambda it: (it.started_at, it.id))
    for one, other in pairwise(ordered):
        if one.stopped_at is None or one.stopped_at > other.started_at:
            yield Violation(f"timers {one.id} and {other.id} overlap", False)
        if one.id > other.id:
            yield Violation(f"timer {one.id} is before {other.id}, but its id is larger", False)


def _check_index(books: Books) -> Iterator[Violation]:
    for record in books.misindexed:
        kind = "timer" if isinstance(record, Timer) else "entry"
        yield Violation(f"{kind} {record.id} is not indexed as it is", True)


def _check_slot(books: Books) -> Iterator[Violation]:
    runs = running(books.timers)
    expected = None
    if len(runs) == 1:
        timer = runs[0]
        expected = RunningTimer(timer.id, timer.time_entry_id, timer.started_at, timer.auto_stop_at)
    if len(runs) <= 1 and books.slot.running != expected:
        held = books.slot.running.timer_id if books.slot.running else None
        runs_id = expected.timer_id if expected else None
        yield Violation(f"the slot holds timer {held}, but {runs_id} runs", True)
    if books.slot.blocked and (runs or books.slot.running):
        yield Violation("the slot is blocked, but something runs", False)
    last_id = max((timer.id for timer in books.timers), default=0)
    # Timers go with the entry that somebody deletes; what the slot knows of them stays.
    if books.slot.last_timer_id < last_id:
        yield Violation(f"the slot's last id is {books.slot.last_timer_id}, not {last_id}", True)
    # While something runs, nobody asks where the last session ended: the next one cannot start
    # before what runs. A correction may have moved that end meanwhile.
    stopped = last_stop(books.timers)
    if not runs and books.slot.last_stopped_at != expected_last_stop(books, stopped):
        yield Violation(
            f"the slot's last stop is {books.slot.last_stopped_at}, not {stopped}", True
        )


def _check_entries(books: Books) -> Iterator[Violation]:
    named = {timer.time_entry_id for timer in books.timers}
    for entry_id in sorted(named - books.entries.keys()):
        yield Violation(f"timers name entry {entry_id}, which is missing", False)
    for entry in books.entries.values():
        for name, value in derived_counters(books.timers, entry).items():
            held = getattr(entry, name)
            if held != value:
                yield Violation(f"entry {entry.id}: {name} is {held}, not {value}", True)


def _check_tallies(books: Books) -> Iterator[Violation]:
    derived = derived_tallies(books.timers)
    for day in sorted(derived.keys() | books.tallies.keys()):
        held, expected = books.tallies.get(day, {}), derived.get(day, {})
        if held != expected:
            yield Violation(f"tally of {day}: {dict(held)}, not {dict(expected)}", True)
    derived_entries = derived_entry_tallies(books.entries.values())
    for name in sorted(derived_entries.keys() | books.entry_tallies.keys()):
        held, expected = books.entry_tallies.get(name, {}), derived_entries.get(name, {})
        if held != expected:
            what = f"tally of entries on service {name.service_id} in {name.month}"
            yield Violation(f"{what}: {dict(held)}, not {dict(expected)}", True)
