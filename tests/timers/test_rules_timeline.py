"""Property tests: starts, stops, auto-stops and corrections never make sessions overlap."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.errors import InvalidAttribute
from chalicelib.core.ids import IdSource
from chalicelib.core.write_set import Tallying
from chalicelib.domain.timers import Timer
from chalicelib.timers.rules import (
    Drawn,
    Started,
    Stopped,
    correction,
    decide_auto_stop,
    decide_correction,
    decide_start,
    decide_stop,
)
from tests.support.builders import ENTRY, NOW, ORGANIZATION, OTHER_ENTRY, SERVICE, entry, idle
from tests.timers.timeline_model import Ledger

LIMIT = 1800
SHORT_LIMIT = replace(ORGANIZATION, auto_stop_after=LIMIT)


class PersonTimeline:
    """Runs one person's operations in memory, with the same steps as the services."""

    def __init__(self) -> None:
        self.now = NOW
        self.ledger = Ledger(
            idle(), entries={entry_id: entry(id=entry_id) for entry_id in (ENTRY, OTHER_ENTRY)}
        )

    def start(self, work_id: int | None, requested: int | None) -> Started:
        state, ids = self.ledger.slot, IdSource(lambda: self.now * 1000)
        generated_ids = Drawn(self.now, ids.draw(after=state.last_timer_id), ids.draw())
        work = SERVICE if work_id is None else self.ledger.entries[work_id]
        started = decide_start(state, work, SHORT_LIMIT, generated_ids, requested)
        self.ledger.apply(started.changes)
        return started

    def stop(self, timer: Timer, requested: int | None) -> Stopped:
        stopped = decide_stop(timer, self.now, requested)
        corrected_stop = correction(timer, self.now, requested)
        if corrected_stop is not None:
            time_entry = self.ledger.entries[timer.time_entry_id]
            stopped = decide_correction(
                timer, self.ledger.slot, time_entry, self.now, corrected_stop
            )
        if stopped.changes is not None:
            self.ledger.apply(stopped.changes)
        return stopped

    def auto_stop(self) -> None:
        """Stop the running timer at its limit if the limit has passed."""
        running = self.ledger.slot.running
        if running is not None:
            write_set = decide_auto_stop(self.ledger.timers[running.timer_id], self.now).changes
            if write_set is not None:
                self.ledger.apply(write_set)


Operation = Callable[[PersonTimeline], Any]


def _start(work_id: int | None, seconds_ago: int | None) -> Operation:
    def operation(timeline: PersonTimeline) -> None:
        with suppress(InvalidAttribute):
            timeline.start(work_id, None if seconds_ago is None else timeline.now - seconds_ago)

    return operation


def _stop(nth_last: int, seconds_ago: int | None) -> Operation:
    def operation(timeline: PersonTimeline) -> None:
        timers = sorted(timeline.ledger.timers.values(), key=lambda timer: -timer.id)
        if nth_last < len(timers):
            with suppress(InvalidAttribute):
                timeline.stop(
                    timers[nth_last], None if seconds_ago is None else timeline.now - seconds_ago
                )

    return operation


def _wait(seconds: int) -> Operation:
    def operation(timeline: PersonTimeline) -> None:
        timeline.now += seconds

    return operation


seconds_ago = st.none() | st.integers(-125, 2 * LIMIT)
operations = st.lists(
    st.one_of(
        st.builds(_start, st.sampled_from([ENTRY, OTHER_ENTRY, None]), seconds_ago),
        st.builds(_stop, st.integers(0, 3), seconds_ago),
        st.builds(_wait, st.integers(-60, 2 * LIMIT)),
        st.just(PersonTimeline.auto_stop),
    ),
    max_size=25,
)


@settings(max_examples=300, deadline=None)
@given(operations)
def test_any_sequence_of_operations_keeps_order_and_sums_correct(
    operations: list[Operation],
) -> None:
    timeline = PersonTimeline()
    for operation in operations:
        operation(timeline)
        _check_order(timeline.ledger)
        _check_running(timeline.ledger)
        _check_sums(timeline.ledger)
        _check_counters(timeline.ledger)


def _check_order(ledger: Ledger) -> None:
    by_id = [ledger.timers[timer_id] for timer_id in sorted(ledger.timers)]
    assert by_id == sorted(by_id, key=lambda timer: (timer.started_at, timer.id))
    assert by_id == sorted(by_id, key=lambda timer: (_end(timer), timer.id))
    assert all(timer.started_at <= _end(timer) for timer in by_id)
    assert all(_end(earlier) <= later.started_at for earlier, later in pairwise(by_id))


def _end(timer: Timer) -> float:
    return float("inf") if timer.stopped_at is None else timer.stopped_at


def _check_running(ledger: Ledger) -> None:
    running_ids = [timer.id for timer in ledger.timers.values() if timer.stopped_at is None]
    state = ledger.slot
    assert running_ids == ([] if state.running is None else [state.running.timer_id])
    assert state.last_timer_id == max(ledger.timers, default=0)
    if state.running is None:
        stop_times = (
            timer.stopped_at for timer in ledger.timers.values() if timer.stopped_at is not None
        )
        assert state.last_stopped_at == max(stop_times, default=None)


def _check_sums(ledger: Ledger) -> None:
    for time_entry in ledger.entries.values():
        timers = [timer for timer in ledger.timers.values() if timer.time_entry_id == time_entry.id]
        running_id = next((timer.id for timer in timers if timer.stopped_at is None), None)
        assert time_entry.tracked_seconds == sum(timer.seconds for timer in timers)
        assert time_entry.timer_count == len(timers)
        assert time_entry.running_timer_id == running_id
        latest = max(timers, key=lambda timer: timer.id, default=None)
        assert time_entry.timer_stopped_at == (latest and latest.stopped_at)


def _check_counters(ledger: Ledger) -> None:
    deltas = Tallying()
    for timer in ledger.timers.values():
        deltas.started(timer.started_at)
        if timer.stopped_at is not None:
            deltas.stopped(timer.stopped_at)
    expected = {
        (day_deltas.day, name): delta
        for day_deltas in deltas.changes()
        for name, delta in day_deltas.counters.items()
    }
    assert Counter({key: count for key, count in ledger.tallies.items() if count}) == Counter(
        expected
    )


def test_ten_sessions_of_ninety_seconds_add_up_to_fifteen_minutes() -> None:
    timeline = PersonTimeline()
    for _ in range(10):
        started = timeline.start(ENTRY, None)
        timeline.now += 90
        timeline.stop(started.timer, None)
    assert timeline.ledger.entries[ENTRY].time == 15


def test_correction_allows_an_earlier_start() -> None:
    timeline = PersonTimeline()
    overdue = timeline.start(ENTRY, None).timer
    timeline.now += 2 * LIMIT
    timeline.auto_stop()
    timeline.stop(timeline.ledger.timers[overdue.id], NOW + 60)
    assert timeline.start(ENTRY, NOW + 60).timer.started_at == NOW + 60


def test_correction_does_not_change_the_stop_of_a_later_empty_session() -> None:
    timeline = PersonTimeline()
    first = timeline.start(ENTRY, None).timer
    timeline.now += 600
    second = timeline.start(ENTRY, None).timer
    timeline.stop(second, None)
    timeline.stop(timeline.ledger.timers[first.id], NOW + 60)
    assert timeline.ledger.entries[ENTRY].timer_stopped_at == NOW + 600
