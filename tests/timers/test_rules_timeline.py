"""Property tests: starts, stops, auto-stops and corrections never make sessions overlap."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.core.errors import InvalidAttribute
from chalicelib.core.ids import IdGenerator
from chalicelib.counters.model import TimerCounterDeltas
from chalicelib.timers.model import Timer
from chalicelib.timers.rules import (
    GeneratedIds,
    Started,
    Stopped,
    correction,
    decide_auto_stop,
    decide_correction,
    decide_start,
    decide_stop,
)
from tests.support.builders import ENTRY, NOW, ORGANIZATION, OTHER_ENTRY, SERVICE, entry, idle
from tests.timers.timeline_model import TimelineModel

LIMIT = 1800
SHORT_LIMIT = replace(ORGANIZATION, auto_stop_after=LIMIT)


class PersonTimeline:
    """Runs one person's operations in memory, with the same steps as the services."""

    def __init__(self) -> None:
        self.now = NOW
        self.model = TimelineModel(
            idle(), entries={entry_id: entry(id=entry_id) for entry_id in (ENTRY, OTHER_ENTRY)}
        )

    def start(self, work_id: int | None, requested: int | None) -> Started:
        state, ids = self.model.state, IdGenerator(lambda: self.now * 1000)
        generated_ids = GeneratedIds(
            self.now, ids.generate(after=state.last_timer_id), ids.generate()
        )
        work = SERVICE if work_id is None else self.model.entries[work_id]
        started = decide_start(state, work, SHORT_LIMIT, generated_ids, requested)
        self.model.apply(started.write_set)
        return started

    def stop(self, timer: Timer, requested: int | None) -> Stopped:
        stopped = decide_stop(timer, self.now, requested)
        corrected_stop = correction(timer, self.now, requested)
        if corrected_stop is not None:
            time_entry = self.model.entries[timer.time_entry_id]
            stopped = decide_correction(
                timer, self.model.state, time_entry, self.now, corrected_stop
            )
        if stopped.write_set is not None:
            self.model.apply(stopped.write_set)
        return stopped

    def auto_stop(self) -> None:
        """Stop the running timer at its limit if the limit has passed."""
        running = self.model.state.running
        if running is not None:
            write_set = decide_auto_stop(self.model.timers[running.timer_id], self.now).write_set
            if write_set is not None:
                self.model.apply(write_set)


Operation = Callable[[PersonTimeline], Any]


def _start(work_id: int | None, seconds_ago: int | None) -> Operation:
    def operation(timeline: PersonTimeline) -> None:
        with suppress(InvalidAttribute):
            timeline.start(work_id, None if seconds_ago is None else timeline.now - seconds_ago)

    return operation


def _stop(nth_last: int, seconds_ago: int | None) -> Operation:
    def operation(timeline: PersonTimeline) -> None:
        timers = sorted(timeline.model.timers.values(), key=lambda timer: -timer.id)
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
        _check_order(timeline.model)
        _check_running(timeline.model)
        _check_sums(timeline.model)
        _check_counters(timeline.model)


def _check_order(model: TimelineModel) -> None:
    by_id = [model.timers[timer_id] for timer_id in sorted(model.timers)]
    assert by_id == sorted(by_id, key=lambda timer: (timer.started_at, timer.id))
    assert by_id == sorted(by_id, key=lambda timer: (_end(timer), timer.id))
    assert all(timer.started_at <= _end(timer) for timer in by_id)
    assert all(_end(earlier) <= later.started_at for earlier, later in pairwise(by_id))


def _end(timer: Timer) -> float:
    return float("inf") if timer.stopped_at is None else timer.stopped_at


def _check_running(model: TimelineModel) -> None:
    running_ids = [timer.id for timer in model.timers.values() if timer.stopped_at is None]
    state = model.state
    assert running_ids == ([] if state.running is None else [state.running.timer_id])
    assert state.last_timer_id == max(model.timers, default=0)
    if state.running is None:
        stop_times = (
            timer.stopped_at for timer in model.timers.values() if timer.stopped_at is not None
        )
        assert state.last_stopped_at == max(stop_times, default=None)


def _check_sums(model: TimelineModel) -> None:
    for time_entry in model.entries.values():
        timers = [timer for timer in model.timers.values() if timer.time_entry_id == time_entry.id]
        running_id = next((timer.id for timer in timers if timer.stopped_at is None), None)
        assert time_entry.tracked_seconds == sum(timer.seconds for timer in timers)
        assert time_entry.timer_count == len(timers)
        assert time_entry.running_timer_id == running_id
        latest = max(timers, key=lambda timer: timer.id, default=None)
        assert time_entry.timer_stopped_at == (latest and latest.stopped_at)


def _check_counters(model: TimelineModel) -> None:
    deltas = TimerCounterDeltas()
    for timer in model.timers.values():
        deltas.started(timer.started_at)
        if timer.stopped_at is not None:
            deltas.stopped(timer.stopped_at)
    expected = {
        (day_deltas.day, name): delta
        for day_deltas in deltas.collected()
        for name, delta in day_deltas.counters.items()
    }
    assert Counter({key: count for key, count in model.counters.items() if count}) == Counter(
        expected
    )


def test_ten_sessions_of_ninety_seconds_add_up_to_fifteen_minutes() -> None:
    timeline = PersonTimeline()
    for _ in range(10):
        started = timeline.start(ENTRY, None)
        timeline.now += 90
        timeline.stop(started.timer, None)
    assert timeline.model.entries[ENTRY].time == 15


def test_correction_allows_an_earlier_start() -> None:
    timeline = PersonTimeline()
    overdue = timeline.start(ENTRY, None).timer
    timeline.now += 2 * LIMIT
    timeline.auto_stop()
    timeline.stop(timeline.model.timers[overdue.id], NOW + 60)
    assert timeline.start(ENTRY, NOW + 60).timer.started_at == NOW + 60


def test_correction_does_not_change_the_stop_of_a_later_empty_session() -> None:
    timeline = PersonTimeline()
    first = timeline.start(ENTRY, None).timer
    timeline.now += 600
    second = timeline.start(ENTRY, None).timer
    timeline.stop(second, None)
    timeline.stop(timeline.model.timers[first.id], NOW + 60)
    assert timeline.model.entries[ENTRY].timer_stopped_at == NOW + 600
