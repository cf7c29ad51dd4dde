"""The auto-stop run: stops overdue timers, and notes which still run. Contract section 9.

A timer is overdue when its auto-stop time is past. The run reads the sparse index of running
timers, shard by shard, and stops each overdue timer in its own transaction. If the person stops the
timer at the same moment, one of the two transactions fails. The next run stops the timers that
remain.

A timer whose reminder is due gets ``reminded_at``, once, in a transaction of its own. The event
follows from that change: ``events/rules.py``.
"""

import logging
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from functools import partial
from typing import Any

from msgspec import Struct

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import Unavailable
from chalicelib.core.write_set import ConcurrentModification, UpdateRecord, WriteSet
from chalicelib.dynamodb.items import from_item
from chalicelib.dynamodb.keys import RUNNING_SHARDS
from chalicelib.dynamodb.sparse_index import SparseIndexPage
from chalicelib.timers.model import Timer
from chalicelib.timers.repository import due_at_in, due_timers, set_reminded
from chalicelib.timers.rules import decide_auto_stop
from chalicelib.timers.sum_targets import with_target

log = logging.getLogger("stint")

PAGE = 64
"""Timers that are read, and then handled, at a time. After each page, the run checks its time."""

THREADS = 8
_ATTEMPTS = 3


class _Outcome(Enum):
    STOPPED = "stopped"
    REMINDED = "reminded"
    LOST = "lost"
    FAILED = "failed"
    LEFT = "left"


class AutoStopReport(Struct, frozen=True):
    """The result of an auto-stop run, as numbers of timers.

    :param found: timers that it read: their reminder or auto-stop is due.
    :param stopped: timers that it stopped (in a dry run: would stop).
    :param reminded: timers whose reminder it sent (in a dry run: would send).
    :param lost: timers that another request stopped or changed first.
    :param failed: timers that it could not write. Each has its own log line.
    :param left: timers that it had no time for, or for which the database was too busy.
    :param complete: whether it read every shard to the end. If not, there are more due timers.
    :param lag_seconds: how long the oldest remaining reminder or auto-stop is due; 0: none is.
    """

    found: int
    stopped: int
    reminded: int
    lost: int
    failed: int
    left: int
    complete: bool
    lag_seconds: int


class _Position(Struct, frozen=True):
    """Where the next page of a shard begins."""

    shard: str
    after: Any = None


class AutoStop:
    """Stops overdue timers, and sends the reminders of timers that still run."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self._database = dependencies.database

    def run(
        self, has_time: Callable[[], bool] = lambda: True, *, dry_run: bool = False
    ) -> AutoStopReport:
        """Stop overdue timers and send due reminders while ``has_time`` returns true.

        Never raises because of a single timer, or of a shard that cannot be read. A dry run writes
        nothing.
        """
        now = self._dependencies.now()
        outcomes: Counter[_Outcome] = Counter()
        earliest = now
        shards = deque(_Position(str(number)) for number in range(RUNNING_SHARDS))
        unread: list[_Position] = []
        with ThreadPoolExecutor(THREADS) as threads:
            # The shards take turns, so the others do not wait for a large one.
            while shards and has_time():
                position = shards.popleft()
                page = self._read(position, now, PAGE)
                if page is None:
                    unread.append(position)
                    continue
                handle = partial(self._handle_item, now=now, has_time=has_time, dry_run=dry_run)
                for outcome, due_at in threads.map(handle, page.items):
                    outcomes[outcome] += 1
                    if dry_run or outcome in (_Outcome.FAILED, _Outcome.LEFT):
                        earliest = min(earliest, due_at)
                if page.after is not None:
                    shards.append(_Position(position.shard, page.after))
        unread += shards
        earliest = min([earliest, *(self._first_due_at(shard, now) for shard in unread)])
        return AutoStopReport(
            found=outcomes.total(),
            stopped=outcomes[_Outcome.STOPPED],
            reminded=outcomes[_Outcome.REMINDED],
            lost=outcomes[_Outcome.LOST],
            failed=outcomes[_Outcome.FAILED],
            left=outcomes[_Outcome.LEFT],
            complete=not unread,
            lag_seconds=now - earliest,
        )

    def _read(self, position: _Position, now: int, limit: int) -> SparseIndexPage | None:
        """The next page of a shard. None: the database is too busy."""
        connection = self._database.connection
        try:
            return due_timers(connection, position.shard, now, limit, position.after)
        except Unavailable:
            extra = {"shard": position.shard}
            log.warning("cannot read due timers", exc_info=True, extra=extra)
            return None

    def _first_due_at(self, position: _Position, now: int) -> int:
        """When a shard's first timer that was not read is due. The lag includes it."""
        page = self._read(position, now, 1)
        if page is None or not page.items:
            return now
        return due_at_in(page.items[0])

    def _handle_item(
        self, item: Any, *, now: int, has_time: Callable[[], bool], dry_run: bool
    ) -> tuple[_Outcome, int]:
        """Handle the timer of an index item. Returns the outcome and when the timer was due."""
        due_at = now
        try:
            due_at = due_at_in(item)
            return self._handle(from_item(Timer, item), now, has_time, dry_run), due_at
        except Unavailable:
            return _Outcome.LEFT, due_at
        except Exception:
            # An invalid item must not stop the run.
            log.exception("cannot auto-stop a timer", extra={"timer_key": item.get("key")})
            return _Outcome.FAILED, due_at

    def _handle(
        self, timer: Timer, now: int, has_time: Callable[[], bool], dry_run: bool
    ) -> _Outcome:
        token = self._dependencies.request_token()
        outcome, write = self._decide(timer, now)
        for attempt in range(_ATTEMPTS):
            if write is None:
                return outcome
            if not has_time():
                return _Outcome.LEFT
            if dry_run:
                return outcome
            try:
                self._database.commit([write], f"{token}-{attempt}")
            except ConcurrentModification:
                # The index was behind, or another transaction wrote the items: read the table.
                current = self._database.get(Timer, timer.organization_id, timer.id)
                if current is None or current.due_at > now:
                    return _Outcome.LOST
                outcome, write = self._decide(current, now, is_retry=True)
            else:
                return outcome
        raise ConcurrentModification

    def _decide(
        self, timer: Timer, now: int, *, is_retry: bool = False
    ) -> tuple[_Outcome, WriteSet | UpdateRecord | None]:
        if timer.stopped_at is None and timer.auto_stop_at <= now:
            organization_id = timer.organization_id
            timer = with_target(self._database, organization_id, timer, is_retry=is_retry)
        return _decide(timer, now)


def _decide(timer: Timer, now: int) -> tuple[_Outcome, WriteSet | UpdateRecord | None]:
    """What to do with a timer that the index shows as due, and the write; None: nothing to do."""
    if timer.stopped_at is not None:
        return _Outcome.LOST, None
    if timer.auto_stop_at <= now:
        return _Outcome.STOPPED, decide_auto_stop(timer, now).write_set
    if timer.due_at <= now:
        return _Outcome.REMINDED, set_reminded(timer, now)
    # An edit and a reminder at the same moment left an old index key: write the present one.
    return _Outcome.LOST, set_reminded(timer, timer.reminded_at)
