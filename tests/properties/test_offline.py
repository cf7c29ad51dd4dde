"""A phone that was offline and sends everything later leaves what being online would have left."""

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pynamodb.connection import Connection

from chalicelib.domain.directory import Caller, Role, Service
from chalicelib.domain.timers import TimeEntry
from chalicelib.services.sweeping import sweep
from chalicelib.services.timers import StartTimer, StopTimer, start_timer, stop_timer
from chalicelib.services.toolbox import Toolbox
from infra.ledger import Ledger
from infra.tables import empty_tables
from tests.properties.bounds import bounded
from tests.support.books import outline, violations
from tests.support.clock import DAY, HOUR, MONDAY_NINE, FakeClock
from tests.support.world import ZAGREB, put_all

SERVICE = Service(1294, ZAGREB.id, "Design")
ONLINE, OFFLINE = 8784, 8796
ENTRIES = {ONLINE: (371, 372), OFFLINE: (373, 374)}
LIMIT = ZAGREB.auto_stop_after


@dataclass(frozen=True)
class Event:
    """What somebody does, so many seconds after the last thing they did.

    ``work``: start on an entry (0, 1) or on the service (2); None: stop the timer that was
    started last, or with ``back`` one before it. ``swept``: a sweep runs before it is sent late.
    """

    after: int
    work: int | None
    back: int = 0
    swept: bool = False


gaps = st.one_of(st.integers(0, 3 * HOUR), st.sampled_from((0, 45, LIMIT, LIMIT + 1, DAY)))
starts = st.builds(Event, gaps, st.integers(0, 2))
stops = st.builds(Event, gaps, st.none(), st.integers(0, 2), st.booleans())
days = st.lists(st.one_of(starts, stops), min_size=1, max_size=12)


class Phone:
    """Sends what somebody does: online at once, offline with the instant at which it was done."""

    def __init__(self, tools: Toolbox, person_id: int) -> None:
        self.tools, self.person_id = tools, person_id
        self.caller = Caller(ZAGREB, person_id, Role.MEMBER)
        self.timers: list[int] = []

    def send(self, event: Event, done_at: int | None) -> None:
        if event.work is not None:
            entries = dict(enumerate(ENTRIES[self.person_id]))
            service = None if event.work in entries else SERVICE.id
            command = StartTimer(entries.get(event.work), service, started_at=done_at)
            answer = start_timer(self.tools, self.caller, command)
            self.timers.append(answer.outcome.timer.id)
        elif self.timers:
            timer_id = self.timers[-1 - event.back % len(self.timers)]
            stop_timer(self.tools, self.caller, StopTimer(timer_id, stopped_at=done_at))


def _sweeps_in_vain(event: Event, last_start: int | None, instant: int) -> bool:
    """Whether a sweep before a late event changes nothing in the end.

    That is so before a stop by hand of what runs, within its limit: it replaces the automatic one.
    """
    if not event.swept or event.work is not None or event.back or last_start is None:
        return False
    return instant - last_start < LIMIT


def _story(connection: Connection, person_id: int) -> dict[str, Any]:
    """Timers, entries, slot and tallies, but for ids and for how often each was written."""
    books = Ledger(connection).read_all()[ZAGREB.id, person_id]
    timers = [replace(timer, version=0) for timer in books.timers]
    entries = {it.id: replace(it, version=0) for it in books.entries.values()}
    slot = replace(books.slot, version=0)
    return outline(replace(books, timers=timers, entries=entries, slot=slot))


def _begin_anew() -> None:
    empty_tables()
    put_all(
        SERVICE,
        *(
            TimeEntry(
                entry_id,
                ZAGREB.id,
                person_id,
                SERVICE.id,
                "2026-03-02",
                MONDAY_NINE,
                MONDAY_NINE,
                person_id,
            )
            for person_id, entry_ids in ENTRIES.items()
            for entry_id in entry_ids
        ),
    )


BEGINNINGS = {
    "an ordinary Monday": MONDAY_NINE,
    # 2026-03-28T22:30:00+01:00 and 2026-10-24T22:30:00+02:00.
    "the night that lacks an hour": 1_774_733_400,
    "the night that has one more": 1_792_873_800,
}


def test_what_was_done_offline_is_as_if_it_had_been_online(
    tools: Toolbox, clock: FakeClock, connection: Connection
) -> None:
    @bounded(18)
    @given(days, st.sampled_from(sorted(BEGINNINGS)))
    def replay(day: list[Event], beginning: str) -> None:
        _begin_anew()
        online, offline = Phone(tools, ONLINE), Phone(tools, OFFLINE)
        clock.instant = BEGINNINGS[beginning]
        done_at = []
        for event in day:
            clock.advance(event.after)
            done_at.append(int(clock.instant))
            online.send(event, None)
        clock.advance(HOUR)
        last_start = None
        for event, instant in zip(day, done_at, strict=True):
            if _sweeps_in_vain(event, last_start, instant):
                sweep(tools)
            offline.send(event, instant)
            last_start = instant if event.work is not None else last_start
        # What runs past its limit is stopped on both sides: a sweep is for everybody.
        sweep(tools)
        assert _story(connection, OFFLINE) == _story(connection, ONLINE)
        assert violations(connection) == []

    replay()
