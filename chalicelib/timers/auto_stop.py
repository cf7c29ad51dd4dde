"""The auto-stop run: stops overdue timers. Contract section 9.

A timer is overdue when its auto-stop time is past. The run reads the sparse index of running
timers, shard by shard, and stops each overdue timer in its own transaction. If the person stops the
timer at the same moment, one of the two transactions fails. The next run stops the timers that
remain.
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
from chalicelib.core.write_set import ConcurrentModification
from chalicelib.dynamodb.items import from_item
from chalicelib.dynamodb.keys import RUNNING_SHARDS
from chalicelib.dynamodb.sparse_index import SparseIndexPage
from chalicelib.timers.model import Timer
from chalicelib.timers.repository import auto_stop_at_in, overdue_timers
from chalicelib.timers.rules import decide_auto_stop

log = logging.getLogger("stint")

PAGE = 64
"""Timers that are read, and then stopped, at a time. After each page, the run checks its time."""

THREADS = 8
_ATTEMPTS = 3


class _Outcome(Enum):
    STOPPED = "stopped"
    LOST = "lost"
    FAILED = "failed"
    LEFT = "left"


class AutoStopReport(Struct, frozen=True):
    """The result of an auto-stop run, as numbers of timers.

    :param found: overdue timers that it read.
    :param stopped: timers that it stopped (in a dry run: would stop).
    :param lost: timers that another request stopped first.
    :param failed: timers that it could not stop. Each has its own log line.
    :param left: timers that it had no time for, or for which the database was too busy.
    :param complete: whether it read every shard to the end. If not, there are more overdue timers.
    :param lag_seconds: how long the oldest timer that is still running is overdue; 0: none is.
    """

    found: int
    stopped: int
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
    """Stops overdue timers."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self._database = dependencies.database

    def run(
        self, has_time: Callable[[], bool] = lambda: True, *, dry_run: bool = False
    ) -> AutoStopReport:
        """Stop overdue timers while ``has_time`` returns true.

        Never raises because of a single timer, or of a shard that cannot be read. A dry run stops
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
                stop = partial(self._stop_item, now=now, has_time=has_time, dry_run=dry_run)
                for outcome, auto_stop_at in threads.map(stop, page.items):
                    outcomes[outcome] += 1
                    if dry_run or outcome in (_Outcome.FAILED, _Outcome.LEFT):
                        earliest = min(earliest, auto_stop_at)
                if page.after is not None:
                    shards.append(_Position(position.shard, page.after))
        unread += shards
        earliest = min([earliest, *(self._first_auto_stop_at(shard, now) for shard in unread)])
        return AutoStopReport(
            found=outcomes.total(),
            stopped=outcomes[_Outcome.STOPPED],
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
            return overdue_timers(connection, position.shard, now, limit, position.after)
        except Unavailable:
            extra = {"shard": position.shard}
            log.warning("cannot read overdue timers", exc_info=True, extra=extra)
            return None

    def _first_auto_stop_at(self, position: _Position, now: int) -> int:
        """The auto-stop time of a shard's first timer that was not read. The lag includes it."""
        page = self._read(position, now, 1)
        if page is None or not page.items:
            return now
        return auto_stop_at_in(page.items[0])

    def _stop_item(
        self, item: Any, *, now: int, has_time: Callable[[], bool], dry_run: bool
    ) -> tuple[_Outcome, int]:
        """Stop the timer of an index item. Returns the outcome and the timer's auto-stop time."""
        auto_stop_at = now
        try:
            timer = from_item(Timer, item)
            auto_stop_at = timer.auto_stop_at
            return self._stop(timer, now, has_time, dry_run), auto_stop_at
        except Unavailable:
            return _Outcome.LEFT, auto_stop_at
        except Exception:
            # An invalid item must not stop the run.
            log.exception("cannot auto-stop a timer", extra={"timer_key": item.get("key")})
            return _Outcome.FAILED, auto_stop_at

    def _stop(
        self, timer: Timer, now: int, has_time: Callable[[], bool], dry_run: bool
    ) -> _Outcome:
        token = self._dependencies.request_token()
        current: Timer | None = timer
        for attempt in range(_ATTEMPTS):
            stopped = None if current is None else decide_auto_stop(current, now)
            if stopped is None or stopped.write_set is None:
                return _Outcome.LOST
            if not has_time():
                return _Outcome.LEFT
            if dry_run:
                return _Outcome.STOPPED
            try:
                self._database.commit([stopped.write_set], f"{token}-{attempt}")
            except ConcurrentModification:
                # The index was behind, or another transaction wrote the items: read the table.
                current = self._database.get(Timer, timer.organization_id, timer.id)
            else:
                return _Outcome.STOPPED
        raise ConcurrentModification
