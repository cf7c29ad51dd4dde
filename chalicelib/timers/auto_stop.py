"""The sweep: stops the timers that were forgotten. Contract section 9.

It walks the sparse index of running timers, shard by shard, and stops what is past its limit, each
timer in a transaction of its own that a person's own stop at the same moment wins or loses
cleanly. What it does not get to, the next run does.
"""

import logging
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import Any

from chalicelib.core.dependencies import Toolbox
from chalicelib.core.errors import Unavailable
from chalicelib.dataclass import dataclass
from chalicelib.domain.timers import Timer
from chalicelib.dynamodb.keys import RUNNING_SHARDS
from chalicelib.dynamodb.sparse_index import SparsePage
from chalicelib.dynamodb.transactions import Commit, LostRace
from chalicelib.timers.repository import limit_of, overdue_timer
from chalicelib.timers.rules import decide_auto_stop

log = logging.getLogger("stint")

PAGE = 64
"""Timers read, and then stopped, at a time. The remaining time is looked at in between."""

THREADS = 8
_ATTEMPTS = 3


class _Fate(Enum):
    STOPPED = "stopped"
    LOST = "lost"
    FAILED = "failed"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a run did, and what it knows of what it did not do.

    :param found: timers past their limit that it came across.
    :param stopped: those it stopped (in a dry run: would have).
    :param lost: those that somebody else stopped first.
    :param failed: those that could not be stopped; each has a log line of its own.
    :param left: those it had no time for, or for which the database was too busy.
    :param complete: whether it came to the end of every shard; if not, there are more than it
        found.
    :param lag_seconds: how long the oldest timer that still runs is past its limit; or 0.
    """

    found: int
    stopped: int
    lost: int
    failed: int
    left: int
    complete: bool
    lag_seconds: int


def sweep(
    tools: Toolbox, has_time: Callable[[], bool] = lambda: True, *, dry_run: bool = False
) -> SweepReport:
    """Stop what is past its limit, for as long as ``has_time`` says so.

    Never raises for a single timer, nor for a shard that cannot be read.
    """
    now = tools.now()
    fates: Counter[_Fate] = Counter()
    oldest = now
    shards: deque[_Place] = deque(_Place(str(number)) for number in range(RUNNING_SHARDS))
    unread: list[_Place] = []
    with ThreadPoolExecutor(THREADS) as threads:
        # In turns, so that one full shard does not make the others wait.
        while shards and has_time():
            place = shards.popleft()
            page = _read(tools, place, now, PAGE)
            if page is None:
                unread.append(place)
                continue
            run = _Run(tools, now, has_time, dry_run)
            for fate, limit in threads.map(run.stop, page.items):
                fates[fate] += 1
                if dry_run or fate in (_Fate.FAILED, _Fate.LEFT):
                    oldest = min(oldest, limit)
            if page.after is not None:
                shards.append(_Place(place.shard, page.after))
    unread += shards
    return SweepReport(
        found=fates.total(),
        stopped=fates[_Fate.STOPPED],
        lost=fates[_Fate.LOST],
        failed=fates[_Fate.FAILED],
        left=fates[_Fate.LEFT],
        complete=not unread,
        lag_seconds=now - min([oldest, *(_oldest_limit(tools, it, now) for it in unread)]),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """How far a shard of the index has been read."""

    shard: str
    after: Any = None


def _read(tools: Toolbox, place: _Place, now: int, limit: int) -> SparsePage | None:
    """What comes next in a shard; None where the database is too busy to say."""
    try:
        return tools.store.overdue(place.shard, now, limit, place.after)
    except Unavailable:
        log.warning("cannot read overdue timers", exc_info=True, extra={"shard": place.shard})
        return None


def _oldest_limit(tools: Toolbox, place: _Place, now: int) -> int:
    """The limit of the first timer in what was not read, so that nobody takes it for nothing."""
    page = _read(tools, place, now, 1)
    if page is None or not page.items:
        return now
    return limit_of(page.items[0])


@dataclass(frozen=True, slots=True)
class _Run:
    tools: Toolbox
    now: int
    has_time: Callable[[], bool]
    dry_run: bool

    def stop(self, item: Any) -> tuple[_Fate, int]:
        """What became of an item of the index, and the limit that it was past."""
        limit = self.now
        try:
            timer = overdue_timer(item)
            limit = timer.auto_stop_at
            return self._stop(timer), limit
        except Unavailable:
            return _Fate.LEFT, limit
        except Exception:
            # One spoilt item must not hold up the others.
            log.exception("cannot auto-stop a timer", extra={"timer_key": item.get("key")})
            return _Fate.FAILED, limit

    def _stop(self, timer: Timer) -> _Fate:
        token = self.tools.request_token()
        current: Timer | None = timer
        for attempt in range(_ATTEMPTS):
            decided = None if current is None else decide_auto_stop(current, self.now)
            if decided is None or decided.changes is None:
                return _Fate.LOST
            if not self.has_time():
                return _Fate.LEFT
            if self.dry_run:
                return _Fate.STOPPED
            try:
                self.tools.store.commit(Commit(decided.changes), f"{token}-{attempt}")
            except LostRace:
                # The index may be behind, or the transaction met another one: ask the table.
                current = self.tools.store.timer(timer.organization_id, timer.id)
            else:
                return _Fate.STOPPED
        raise LostRace
