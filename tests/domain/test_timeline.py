"""Whatever is started, switched, stopped, swept and corrected: a timeline has no overlaps."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.changes import Tallying
from chalicelib.domain.errors import InvalidAttribute
from chalicelib.domain.ids import IdSource
from chalicelib.domain.timeline import (
    Drawn,
    Started,
    Stopped,
    correction,
    decide_auto_stop,
    decide_correction,
    decide_start,
    decide_stop,
)
from chalicelib.domain.timers import Timer
from tests.domain.builders import (
    ENTRY,
    NOW,
    ORGANIZATION,
    OTHER_ENTRY,
    SERVICE,
    entry,
    idle,
)
from tests.domain.ledger import Ledger

LIMIT = 1800
HASTY = replace(ORGANIZATION, auto_stop_after=LIMIT)


class Timeline:
    """One person's acts, as the services carry them out, on clocks that differ."""

    def __init__(self) -> None:
        self.now = NOW
        self.ledger = Ledger(idle(), entries={id_: entry(id=id_) for id_ in (ENTRY, OTHER_ENTRY)})

    def start(self, work_id: int | None, asked: int | None) -> Started:
        slot, ids = self.ledger.slot, IdSource(lambda: self.now * 1000)
        drawn = Drawn(self.now, ids.draw(after=slot.last_timer_id), ids.draw())
        work = SERVICE if work_id is None else self.ledger.entries[work_id]
        started = decide_start(slot, work, HASTY, drawn, asked)
        self.ledger.apply(started.changes)
        return started

    def stop(self, timer: Timer, asked: int | None) -> Stopped:
        stopped = decide_stop(timer, self.now, asked)
        earlier = correction(timer, self.now, asked)
        if earlier is not None:
            on = self.ledger.entries[timer.time_entry_id]
            stopped = decide_correction(timer, self.ledger.slot, on, self.now, earlier)
        if stopped.changes is not None:
            self.ledger.apply(stopped.changes)
        return stopped

    def sweep(self) -> None:
        """Stop what ran past its limit, at its limit."""
        running = self.ledger.slot.running
        if running is not None:
            changes = decide_auto_stop(self.ledger.timers[running.timer_id], self.now).changes
            if changes is not None:
                self.ledger.apply(changes)


Act = Callable[[Timeline], Any]


def _start(work_id: int | None, ago: int | None) -> Act:
    def act(timeline: Timeline) -> None:
        with suppress(InvalidAttribute):
            timeline.start(work_id, None if ago is None else timeline.now - ago)

    return act


def _stop(nth_last: int, ago: int | None) -> Act:
    def act(timeline: Timeline) -> None:
        timers = sorted(timeline.ledger.timers.values(), key=lambda timer: -timer.id)
        if nth_last < len(timers):
            with suppress(InvalidAttribute):
                timeline.stop(timers[nth_last], None if ago is None else timeline.now - ago)

    return act


def _wait(seconds: int) -> Act:
    def act(timeline: Timeline) -> None:
        timeline.now += seconds

    return act


ago = st.none() | st.integers(-125, 2 * LIMIT)
acts = st.lists(
    st.one_of(
        st.builds(_start, st.sampled_from([ENTRY, OTHER_ENTRY, None]), ago),
        st.builds(_stop, st.integers(0, 3), ago),
        st.builds(_wait, st.integers(-60, 2 * LIMIT)),
        st.just(Timeline.sweep),
    ),
    max_size=25,
)


@settings(max_examples=300, deadline=None)
@given(acts)
def test_whatever_happens_a_timeline_is_in_order_and_adds_up(acts: list[Act]) -> None:
    timeline = Timeline()
    for act in acts:
        act(timeline)
        _check_order(timeline.ledger)
        _check_running(timeline.ledger)
        _check_sums(timeline.ledger)
        _check_tallies(timeline.ledger)


def _check_order(ledger: Ledger) -> None:
    by_id = [ledger.timers[id_] for id_ in sorted(ledger.timers)]
    assert by_id == sorted(by_id, key=lambda it: (it.started_at, it.id))
    assert by_id == sorted(by_id, key=lambda it: (_end(it), it.id))
    assert all(it.started_at <= _end(it) for it in by_id)
    assert all(_end(earlier) <= later.started_at for earlier, later in pairwise(by_id))


def _end(timer: Timer) -> float:
    return float("inf") if timer.stopped_at is None else timer.stopped_at


def _check_running(ledger: Ledger) -> None:
    running = [it.id for it in ledger.timers.values() if it.stopped_at is None]
    slot = ledger.slot
    assert running == ([] if slot.running is None else [slot.running.timer_id])
    assert slot.last_timer_id == max(ledger.timers, default=0)
    if slot.running is None:
        stops = (it.stopped_at for it in ledger.timers.values() if it.stopped_at is not None)
        assert slot.last_stopped_at == max(stops, default=None)


def _check_sums(ledger: Ledger) -> None:
    for on in ledger.entries.values():
        timers = [it for it in ledger.timers.values() if it.time_entry_id == on.id]
        running = next((it.id for it in timers if it.stopped_at is None), None)
        assert on.tracked_seconds == sum(it.seconds for it in timers)
        assert on.timer_count == len(timers)
        assert on.running_timer_id == running
        latest = max(timers, key=lambda it: it.id, default=None)
        assert on.timer_stopped_at == (latest and latest.stopped_at)


def _check_tallies(ledger: Ledger) -> None:
    tallying = Tallying()
    for timer in ledger.timers.values():
        tallying.started(timer.started_at)
        if timer.stopped_at is not None:
            tallying.stopped(timer.stopped_at)
    counted = {
        (tally.day, name): by for tally in tallying.changes() for name, by in tally.counters.items()
    }
    assert Counter({key: by for key, by in ledger.tallies.items() if by}) == Counter(counted)


def test_ten_sessions_of_ninety_seconds_make_fifteen_minutes() -> None:
    timeline = Timeline()
    for _ in range(10):
        started = timeline.start(ENTRY, None)
        timeline.now += 90
        timeline.stop(started.timer, None)
    assert timeline.ledger.entries[ENTRY].time == 15


def test_a_correction_makes_room_for_an_earlier_start() -> None:
    timeline = Timeline()
    forgotten = timeline.start(ENTRY, None).timer
    timeline.now += 2 * LIMIT
    timeline.sweep()
    timeline.stop(timeline.ledger.timers[forgotten.id], NOW + 60)
    assert timeline.start(ENTRY, NOW + 60).timer.started_at == NOW + 60


def test_a_correction_leaves_the_stop_that_an_entry_shows_of_a_session_of_no_length() -> None:
    timeline = Timeline()
    first = timeline.start(ENTRY, None).timer
    timeline.now += 600
    second = timeline.start(ENTRY, None).timer
    timeline.stop(second, None)
    timeline.stop(timeline.ledger.timers[first.id], NOW + 60)
    assert timeline.ledger.entries[ENTRY].timer_stopped_at == NOW + 600
