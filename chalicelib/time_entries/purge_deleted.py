"""Removes what is left of deleted time entries: timers that one transaction could not take.

It walks the sparse index of deleted entries and removes their timers step by step, each step one
transaction, until the last one removes the entry itself. Whenever it ends, what it has not done is
still counted on the entry, and the next run goes on from there. docs/decisions/0012-time-entries.md
"""

import logging
from collections import Counter
from collections.abc import Callable
from enum import Enum
from typing import Any

from chalicelib.core.dependencies import Toolbox
from chalicelib.core.errors import Conflict, Unavailable
from chalicelib.core.unit_of_work import Decision, settle
from chalicelib.dataclass import dataclass
from chalicelib.dynamodb.sparse_index import SparsePage
from chalicelib.time_entries.repository import deleted_entry
from chalicelib.time_entries.rules import MOST_TIMERS_A_STEP, Changed, decide_clearing

log = logging.getLogger("stint")

PAGE = 25
"""Entries read, and then cleared away, at a time."""


class _Fate(Enum):
    CLEARED = "cleared"
    FAILED = "failed"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class ClearingReport:
    """What a run did, and what it knows of what it did not do.

    :param cleared: deleted entries that are gone, with all their timers.
    :param failed: those that could not be cleared away; each has a log line of its own.
    :param left: those it had no time for, whose last timers no index shows yet, or for which the
        database was too busy.
    """

    cleared: int
    failed: int
    left: int


def clear_deleted(tools: Toolbox, has_time: Callable[[], bool] = lambda: True) -> ClearingReport:
    """Clear away deleted entries, for as long as ``has_time`` says so.

    Never raises for a single entry, nor where the index cannot be read.
    """
    fates: Counter[_Fate] = Counter()
    after = None
    while has_time():
        page = _read(tools, after)
        if page is None:
            break
        for item in page.items:
            fates[_clear(tools, item, has_time)] += 1
        if page.after is None:
            break
        after = page.after
    return ClearingReport(fates[_Fate.CLEARED], fates[_Fate.FAILED], fates[_Fate.LEFT])


def _read(tools: Toolbox, after: Any) -> SparsePage | None:
    """What comes next; None where the database is too busy to say."""
    try:
        return tools.store.deleted_entries(PAGE, after)
    except Unavailable:
        log.warning("cannot read deleted time entries", exc_info=True)
        return None


def _clear(tools: Toolbox, item: Any, has_time: Callable[[], bool]) -> _Fate:
    try:
        entry = deleted_entry(item)
        while has_time():
            counted = _step(tools, entry.organization_id, entry.id)
            if counted == 0:
                return _Fate.CLEARED
            if counted is None:
                break
    except (Conflict, Unavailable):
        return _Fate.LEFT
    except Exception:
        # One spoilt item must not hold up the others.
        log.exception(
            "cannot purge a deleted time entry", extra={"time_entry_key": item.get("key")}
        )
        return _Fate.FAILED
    return _Fate.LEFT


def _step(tools: Toolbox, organization_id: int, entry_id: int) -> int | None:
    """How many timers are still to be removed; None where none of them was found."""

    def decide() -> Decision[int | None]:
        entry = tools.store.deleted_entry(organization_id, entry_id)
        if entry is None:
            return Decision(0)
        timers = []
        if entry.timer_count:
            timers = list(tools.store.timers_of_entry(entry, MOST_TIMERS_A_STEP))
        cleared: Changed = decide_clearing(entry, timers, tools.now())
        left = cleared.entry.timer_count if cleared.records else None
        return Decision(left, cleared.changes, cleared.records)

    return settle(tools, None, decide).outcome
