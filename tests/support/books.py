"""Everybody's books: what is wrong with them, and what they say but for ids and names."""

from collections.abc import Mapping
from typing import Any

from pynamodb.connection import Connection

from chalicelib.domain.timers import Timer
from infra.invariants import Books, check
from infra.ledger import Ledger, Scope

TimerKey = tuple[int, int]
"""An organization's id and a timer's."""


def violations(connection: Connection) -> list[str]:
    """Every invariant that does not hold, for anybody."""
    return violations_of(Ledger(connection).read_all())


def violations_of(everybody: Mapping[Scope, Books]) -> list[str]:
    """The same, of books that were read."""
    return [
        f"{scope}: {violation.what}"
        for scope, books in everybody.items()
        for violation in check(books)
    ]


def timers(connection: Connection) -> dict[TimerKey, Timer]:
    """Every timer of everybody."""
    everybody = Ledger(connection).read_all().values()
    return {key_of(timer): timer for books in everybody for timer in books.timers}


def key_of(timer: Timer) -> TimerKey:
    """What names a timer: two organizations may have drawn the same id."""
    return timer.organization_id, timer.id


def outline(books: Books) -> dict[str, Any]:
    """The books with each id replaced by its rank: equal where the same happened, as often.

    Versions are kept, since each counts how often its item was written.
    """
    timer_rank = {timer.id: rank for rank, timer in enumerate(books.timers)}
    entries = sorted(books.entries.values(), key=lambda it: it.id)
    entry_rank = {entry.id: rank for rank, entry in enumerate(entries)}
    slot = books.slot
    return {
        "timers": [
            (
                entry_rank[it.time_entry_id],
                it.started_at,
                it.auto_stop_at,
                it.stopped_at,
                it.stop_reason,
                it.version,
            )
            for it in books.timers
        ],
        "entries": [
            (
                it.service_id,
                it.date,
                it.tracked_seconds,
                it.timer_count,
                timer_rank.get(it.running_timer_id or 0),
                timer_rank.get(it.latest_timer_id or 0),
                it.timer_started_at,
                it.timer_stopped_at,
                it.version,
            )
            for it in entries
        ],
        "slot": (
            slot.version,
            timer_rank.get(slot.running.timer_id) if slot.running else None,
            timer_rank.get(slot.last_timer_id),
            slot.last_stopped_at,
        ),
        "tallies": books.tallies,
    }
