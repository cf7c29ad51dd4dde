"""List a person's sessions in the items of their days, safely while people work.

Each transaction requires that its timers are unchanged since they were read. A request that changes
a timer in between also lists it, so no start, stop, edit or deletion is undone.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from msgspec import Struct

from chalicelib.core.write_set import RequireRecord, WriteSet
from chalicelib.counters.model import day_number
from chalicelib.timers.days import DayUpdate, Mark
from chalicelib.timers.model import Timer
from tools.ops.invariants import MarksByDay, derived_marks

_MAX_ITEMS = 100
"""DynamoDB's limit of a transaction."""

_Change = tuple[int, int, Mark | None]
"""A day, a timer, and how the day must list it; None: not at all."""


class MarkUpdate(Struct, frozen=True):
    """The writes of one transaction, and how many sessions it lists or removes on how many days."""

    writes: tuple[RequireRecord | WriteSet, ...]
    sessions: int
    days: int


def mark_updates(
    organization_id: int, person_id: int, timers: Sequence[Timer], stored: MarksByDay
) -> Iterator[MarkUpdate]:
    """The transactions that let a person's days list these timers; none if nothing differs.

    ``stored`` is what the days list, read before the timers.
    """
    versions = {timer.id: timer.version for timer in timers}
    for changes in _chunks(_changes(timers, stored)):
        timer_ids = dict.fromkeys(timer_id for _, timer_id, _ in changes)
        checks = (
            RequireRecord(
                Timer,
                organization_id,
                timer_id,
                # A timer that does not exist must not be listed.
                {"version": versions[timer_id]} if timer_id in versions else {"id": None},
            )
            for timer_id in timer_ids
        )
        days: dict[int, dict[int, Mark | None]] = {}
        for day, timer_id, mark in changes:
            days.setdefault(day, {})[timer_id] = mark
        updates = tuple(DayUpdate(day, {}, marks) for day, marks in days.items())
        write_set = WriteSet(organization_id, person_id, 0, person_state=None, days=updates)
        yield MarkUpdate((*checks, write_set), len(timer_ids), len(days))


def _changes(timers: Sequence[Timer], stored: MarksByDay) -> Iterator[_Change]:
    expected = derived_marks(timers)
    nothing: Mapping[int, Mark] = {}
    for name in sorted(expected.keys() | stored.keys()):
        before, after = stored.get(name, nothing), expected.get(name, nothing)
        for timer_id in sorted(before.keys() | after.keys()):
            if before.get(timer_id) != after.get(timer_id):
                yield day_number(date.fromisoformat(name)), timer_id, after.get(timer_id)


def _chunks(changes: Iterator[_Change]) -> Iterator[Sequence[_Change]]:
    """Split changes, so that the timers and days of each part fit into one transaction."""
    chunk: list[_Change] = []
    items: set[tuple[str, int]] = set()
    for change in changes:
        needed = {("day", change[0]), ("timer", change[1])}
        if chunk and len(items | needed) > _MAX_ITEMS:
            yield chunk
            chunk, items = [], set()
        chunk.append(change)
        items |= needed
    if chunk:
        yield chunk
