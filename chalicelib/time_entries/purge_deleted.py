"""The purge of deleted time entries whose timers did not fit into one transaction.

A deletion purges most of them itself. The scheduled purge reads the sparse index of deleted entries
and deletes their timers in steps of one transaction each. The last step deletes the entry. After
each step the entry counts its remaining timers, so the next run can continue. Decision 0012.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from msgspec import Struct

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import Conflict, Unavailable
from chalicelib.core.unit_of_work import Attempt, Decision, Load, commit_with_retry
from chalicelib.core.write_options import NO_OPTIONS
from chalicelib.dynamodb.items import from_item
from chalicelib.dynamodb.sparse_index import SparseIndexPage
from chalicelib.time_entries.model import TimeEntry
from chalicelib.time_entries.repository import deleted_entries, load_timers
from chalicelib.time_entries.rules import MAX_TIMERS_PER_STEP, decide_purge
from chalicelib.timers.model import Timer

log = logging.getLogger("stint")

PAGE = 25
"""Entries that are read, and then purged, at a time."""


class _Outcome(Enum):
    PURGED = "purged"
    FAILED = "failed"
    LEFT = "left"


class PurgeReport(Struct, frozen=True):
    """The result of a purge, as numbers of deleted entries.

    :param purged: entries that it deleted, with all their timers.
    :param failed: entries that it could not purge. Each has its own log line.
    :param left: entries that it had no time for, whose timers no index shows yet, or for which the
        database was too busy.
    :param complete: whether it read the index to the end. If not, there may be more entries.
    """

    purged: int
    failed: int
    left: int
    complete: bool


class PurgeDeleted:
    """Purges deleted time entries."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self._database = dependencies.database

    def run(self, has_time: Callable[[], bool] = lambda: True) -> PurgeReport:
        """Purge deleted entries while ``has_time`` returns true.

        Never raises because of a single entry, or if the index cannot be read.
        """
        outcomes: Counter[_Outcome] = Counter()
        after = None
        complete = False
        while not complete and has_time():
            page = self._read(after)
            if page is None:
                break
            for item in page.items:
                outcomes[self._purge(item, has_time)] += 1
            after = page.after
            complete = after is None
        return PurgeReport(
            purged=outcomes[_Outcome.PURGED],
            failed=outcomes[_Outcome.FAILED],
            left=outcomes[_Outcome.LEFT],
            complete=complete,
        )

    def _read(self, after: Any) -> SparseIndexPage | None:
        """The next page. None: the database is too busy."""
        try:
            return deleted_entries(self._database.connection, PAGE, after)
        except Unavailable:
            log.warning("cannot read deleted time entries", exc_info=True)
            return None

    def _purge(self, item: Any, has_time: Callable[[], bool]) -> _Outcome:
        try:
            entry = from_item(TimeEntry, item)
            while has_time():
                remaining = purge_step(self._dependencies, entry.organization_id, entry.id)
                if remaining == 0:
                    return _Outcome.PURGED
                if remaining is None:
                    break
        except (Conflict, Unavailable):
            return _Outcome.LEFT
        except Exception:
            # An invalid item must not stop the purge.
            key = item.get("key")
            log.exception("cannot purge a deleted time entry", extra={"time_entry_key": key})
            return _Outcome.FAILED
        return _Outcome.LEFT


def purge_step(dependencies: Dependencies, organization_id: int, entry_id: int) -> int | None:
    """Delete some timers of a deleted entry, and with the last one the entry.

    Returns how many timers remain; None: the index shows none of them. Raises ``Conflict``,
    ``Unavailable``.
    """

    def decide(attempt: Attempt) -> Decision[int | None]:
        entry = attempt.loaded.get(TimeEntry, entry_id)
        if entry is None or entry.deleted_at is None:
            return Decision(0)
        timers: Sequence[Timer] = ()
        if entry.timer_count:
            timers = load_timers(dependencies.database.connection, entry, MAX_TIMERS_PER_STEP)
        purged = decide_purge(entry, timers, attempt.now)
        remaining = purged.entry.timer_count if purged.records else None
        return Decision(remaining, purged.write_set, purged.records)

    load = Load(organization_id, ((TimeEntry, entry_id),), include_deleted=True)
    return commit_with_retry(dependencies, NO_OPTIONS, decide, load).outcome
