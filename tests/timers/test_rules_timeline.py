"""Property tests: no sequence of operations makes sessions overlap or a sum wrong."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import Conflict, InvalidAttribute, OverlapsSession, RecordNotFound
from chalicelib.core.ids import IdGenerator
from chalicelib.core.permissions import Caller
from chalicelib.core.timestamps import parse_timestamp, rounded_minutes
from chalicelib.core.write_set import ConcurrentModification, WriteSet
from chalicelib.counters.model import EntryMonth, day_date
from chalicelib.dynamodb import keys
from chalicelib.people.model import Role
from chalicelib.revisions.model import ManualEdit
from chalicelib.services.model import Service
from chalicelib.time_entries.operations import TimeEntries
from chalicelib.time_entries.rules import UpdateResult, decide_deletion
from chalicelib.timers.days import Mark
from chalicelib.timers.editing import TimerEditing
from chalicelib.timers.edits import Edit, resolve_edit
from chalicelib.timers.model import Timer, TimerOutcome
from chalicelib.timers.operations import StartCommand, StopCommand, Timers
from chalicelib.timers.rules import decide_auto_stop
from tests.support.builders import (
    ENTRY,
    ORGANIZATION,
    OTHER_ENTRY,
    PERSON,
    SERVICE,
    TODAY,
    entry,
    idle,
)
from tests.support.clock import DAY, HOUR
from tests.timers.sessions import are_overlapping, times_of
from tests.timers.timeline_model import TimelineDatabase, TimelineModel
from tools.ops.invariants import PersonSnapshot, check

LIMIT = 1800
CALLER = Caller(replace(ORGANIZATION, auto_stop_after=LIMIT), PERSON, Role.MEMBER)

EVENING = TODAY * DAY + 23 * HOUR + LIMIT
"""Half an hour before midnight in UTC: sessions are often on two days."""

MAX_CLOCK_DIFFERENCE = 10
"""How many seconds the clock of a server may be behind that of another one."""


class PersonTimeline:
    """Runs one person's operations in memory, and computes the time of each entry by itself."""

    def __init__(self, now: int = EVENING) -> None:
        self.now = self._latest = now
        model = TimelineModel(
            idle(), entries={entry_id: entry(id=entry_id) for entry_id in (ENTRY, OTHER_ENTRY)}
        )
        model.entry_counters.update(_expected_entry_counters(model))
        self.database = TimelineDatabase(model, {(Service, SERVICE.id): SERVICE})
        self._manual: dict[int, tuple[int, set[int]]] = {}
        """By time entry: the minutes set manually, and the timers that had stopped by then."""

    @property
    def model(self) -> TimelineModel:
        return self.database.model

    @property
    def timers(self) -> Sequence[Timer]:
        return sorted(self.model.timers.values(), key=lambda timer: (timer.started_at, timer.id))

    def wait(self, seconds: int) -> None:
        """Let time pass. The next server's clock may be behind that of the last one."""
        self.now = max(self.now + seconds, self._latest - MAX_CLOCK_DIFFERENCE)
        self._latest = max(self._latest, self.now)

    def start(
        self, work_id: int | None, started_at: int | None = None, stopped_at: int | None = None
    ) -> TimerOutcome:
        command = StartCommand(
            time_entry_id=work_id,
            service_id=SERVICE.id if work_id is None else None,
            started_at=started_at,
            stopped_at=stopped_at,
        )
        outcome = Timers(self._dependencies).start(CALLER, command).outcome
        self._done()
        return outcome

    def stop(self, timer_id: int, stopped_at: int | None = None) -> TimerOutcome:
        command = StopCommand(timer_id, stopped_at=stopped_at)
        outcome = Timers(self._dependencies).stop(CALLER, command).outcome
        self._done()
        return outcome

    def stop_running(self, stopped_at: int | None = None) -> TimerOutcome:
        outcome = Timers(self._dependencies).stop_running(CALLER, stopped_at).outcome
        self._done()
        return outcome

    def edit(self, timer_id: int, edit: Edit) -> TimerOutcome:
        outcome = TimerEditing(self._dependencies).update(CALLER, timer_id, edit).outcome
        self._done()
        return outcome

    def delete(self, timer_id: int) -> None:
        TimerEditing(self._dependencies).delete(CALLER, timer_id)
        self._done()

    def set_time(self, entry_id: int, minutes: int | None) -> None:
        """Set the time of an entry, or return to the time of its sessions."""
        TimeEntries(self._dependencies).update(CALLER, entry_id, {"time": minutes})
        if minutes is None:
            self._manual.pop(entry_id, None)
        elif minutes != rounded_minutes(self.seconds_of(entry_id)):
            stopped = {timer.id for timer in self._timers_of(entry_id) if timer.stopped_at}
            self._manual[entry_id] = minutes, stopped

    def delete_entry(self, entry_id: int) -> None:
        def decide() -> UpdateResult:
            if entry_id not in self.model.entries:
                raise RecordNotFound
            edit = ManualEdit(PERSON, None, self.now, revision_id=1)
            timers = self._timers_of(entry_id)
            return decide_deletion(self.model.entries[entry_id], timers, edit)

        self._commit(lambda: [*(deleted := decide()).records, deleted.write_set])
        self._done()

    def auto_stop(self) -> None:
        """Stop the running timer at its limit if the limit has passed."""

        def decide() -> list[WriteSet | None]:
            running = self.model.state.running
            if running is None:
                return []
            return [decide_auto_stop(self.model.timers[running.timer_id], self.now).write_set]

        self._commit(decide)

    def _commit(self, decide: Callable[[], Sequence[Any]]) -> None:
        while True:
            writes = [write for write in decide() if write is not None]
            if not writes:
                return
            with suppress(ConcurrentModification):
                self.database.commit(writes, "")
                return

    def seconds_of(self, entry_id: int) -> int:
        """The manual time, and the seconds of all sessions that had not stopped by then."""
        minutes, covered = self._manual.get(entry_id, (0, set[int]()))
        timers = self._timers_of(entry_id)
        return minutes * 60 + sum(timer.seconds for timer in timers if timer.id not in covered)

    def _timers_of(self, entry_id: int) -> list[Timer]:
        return [timer for timer in self.timers if timer.time_entry_id == entry_id]

    def _done(self) -> None:
        # A session that leaves an entry, and later comes back, is a new one for the manual time.
        for entry_id, (_, covered) in self._manual.items():
            covered &= {timer.id for timer in self._timers_of(entry_id)}

    @property
    def _dependencies(self) -> Dependencies:
        # Each request may run in another process.
        ids = IdGenerator(lambda: self.now * 1000, random_bits=lambda _: 0)
        return Dependencies(
            self.database, ids, clock=lambda: self.now, sleep=lambda _: None, jitter=lambda: 0
        )


# Operations with any arguments

Operation = Callable[[PersonTimeline], Any]
When = Callable[[PersonTimeline], int]


def _ago(seconds: int) -> When:
    return lambda timeline: timeline.now - seconds


def _near(number: int, at_start: bool, offset: int) -> When:
    """A timestamp next to a start or stop of a session."""

    def when(timeline: PersonTimeline) -> int:
        if not timeline.timers:
            return timeline.now
        timer = timeline.timers[number % len(timeline.timers)]
        return (timer.started_at if at_start else timer.stopped_at or timeline.now) + offset

    return when


def _start(place: int | None, when: When | None) -> Operation:
    def operation(timeline: PersonTimeline) -> None:
        started_at = None if when is None else when(timeline)
        try:
            timeline.start(_entry_id(timeline, place), started_at)
        except OverlapsSession as error:
            assert started_at is not None
            ends = [timer.stopped_at or 0 for timer in timeline.timers]
            starts = [timer.started_at for timer in timeline.timers]
            assert max([*ends, *starts]) > started_at
            # The error names a start that is possible.
            timeline.database.before_commit = None
            meta = error.meta or {}
            earliest = parse_timestamp(str(meta["earliest_started_at"]))
            timeline.start(_entry_id(timeline, place), earliest)
        except InvalidAttribute:
            pass

    return operation


def _insert(place: int | None, first: When, second: When) -> Operation:
    def operation(timeline: PersonTimeline) -> None:
        start, stop = sorted([first(timeline), second(timeline)])
        try:
            timeline.start(_entry_id(timeline, place), start, stop)
        except OverlapsSession:
            span = min(start, timeline.now), min(stop, timeline.now)
            assert any(are_overlapping(span, times_of(timer)) for timer in timeline.timers)
        except InvalidAttribute:
            pass

    return operation


def _stop(number: int, when: When | None) -> Operation:
    def operation(timeline: PersonTimeline) -> None:
        if timeline.timers:
            timer = timeline.timers[number % len(timeline.timers)]
            timeline.stop(timer.id, None if when is None else when(timeline))

    return operation


def _stop_running(when: When | None) -> Operation:
    def operation(timeline: PersonTimeline) -> None:
        # The last timer may be deleted.
        with suppress(RecordNotFound):
            timeline.stop_running(None if when is None else when(timeline))

    return operation


def _edit(number: int, start: When | None, stop: When | None, place: int | None) -> Operation:
    def operation(timeline: PersonTimeline) -> None:
        if not timeline.timers:
            return
        timer_id = timeline.timers[number % len(timeline.timers)].id
        edit = Edit(
            started_at=UNSET if start is None else start(timeline),
            stopped_at=UNSET if stop is None else stop(timeline),
            time_entry_id=UNSET if place is None else _entry_id(timeline, place) or UNSET,
        )
        _try_edit(timeline, timer_id, edit)

    return operation


def _run_on(number: int) -> Operation:
    def operation(timeline: PersonTimeline) -> None:
        if timeline.timers:
            # Only the last session can run on.
            timer_id = timeline.timers[-1 - number % len(timeline.timers)].id
            _try_edit(timeline, timer_id, Edit(stopped_at=None))

    return operation


def _try_edit(timeline: PersonTimeline, timer_id: int, edit: Edit) -> None:
    try:
        timeline.edit(timer_id, edit)
    except OverlapsSession:
        after, _ = resolve_edit(timeline.model.timers[timer_id], edit, timeline.now)
        others = [timer for timer in timeline.timers if timer.id != timer_id]
        is_second = after.stopped_at is None and any(timer.stopped_at is None for timer in others)
        assert is_second or any(
            are_overlapping(times_of(after), times_of(timer)) for timer in others
        )
    except InvalidAttribute:
        pass


def _delete(number: int) -> Operation:
    def operation(timeline: PersonTimeline) -> None:
        if timeline.timers:
            timeline.delete(timeline.timers[number % len(timeline.timers)].id)

    return operation


def _set_time(place: int, minutes: int | None) -> Operation:
    def operation(timeline: PersonTimeline) -> None:
        entry_id = _entry_id(timeline, place)
        if entry_id is not None:
            timeline.set_time(entry_id, minutes)

    return operation


def _delete_entry(place: int) -> Operation:
    def operation(timeline: PersonTimeline) -> None:
        entry_id = _entry_id(timeline, place)
        if entry_id is not None:
            with suppress(Conflict):
                timeline.delete_entry(entry_id)

    return operation


def _entry_id(timeline: PersonTimeline, place: int | None) -> int | None:
    entry_ids = sorted(timeline.model.entries)
    return None if place is None or not entry_ids else entry_ids[place % len(entry_ids)]


whens = st.one_of(
    st.builds(_ago, st.integers(-125, 2 * LIMIT)),
    st.builds(_ago, st.integers(0, 2 * DAY)),
    st.builds(_near, st.integers(0, 5), st.booleans(), st.integers(-1, 1)),
)
numbers = st.integers(0, 5)
places = st.sampled_from([0, 0, 0, 1, 1, 2])
works = st.sampled_from([0, 0, 1, None])
each_operation = st.one_of(
    st.builds(_start, works, st.none() | whens),
    st.builds(_stop, numbers, st.none() | whens),
    st.builds(_stop_running, st.none() | whens),
    st.just(PersonTimeline.auto_stop),
    st.builds(_insert, works, whens, whens),
    st.builds(_edit, numbers, st.none() | whens, st.none() | whens, st.none() | places),
    st.builds(_run_on, st.integers(0, 1)),
    st.builds(_delete, numbers),
    st.builds(_set_time, places, st.none() | st.integers(0, 120)),
    st.builds(_delete_entry, places),
)
waits = st.integers(-MAX_CLOCK_DIFFERENCE, 90) | st.integers(0, 2 * LIMIT)


def _later(seconds: int, then: Operation) -> Operation:
    def operation(timeline: PersonTimeline) -> None:
        timeline.wait(seconds)
        then(timeline)

    return operation


def _race(first: Operation, second: Operation) -> Operation:
    """The second operation runs between the decision and the commit of the first one."""

    def operation(timeline: PersonTimeline) -> None:
        timeline.database.before_commit = lambda: second(timeline)
        with suppress(RecordNotFound):
            first(timeline)
        timeline.database.before_commit = None

    return operation


@settings(max_examples=300, deadline=None)
@given(st.lists(st.builds(_later, waits, each_operation), min_size=12, max_size=30))
def test_any_sequence_of_operations_keeps_order_and_sums_correct(
    operations: list[Operation],
) -> None:
    timeline = PersonTimeline()
    for operation in operations:
        operation(timeline)
        _check(timeline)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.builds(_later, waits, each_operation), min_size=5, max_size=10),
    st.lists(
        st.builds(_later, waits, st.builds(_race, each_operation, each_operation)),
        min_size=5,
        max_size=10,
    ),
)
def test_concurrent_operations_keep_order_and_sums_correct(
    operations: list[Operation], races: list[Operation]
) -> None:
    timeline = PersonTimeline()
    for operation in [*operations, *races]:
        operation(timeline)
        _check(timeline)


def _check(timeline: PersonTimeline) -> None:
    _check_order(timeline)
    _check_running(timeline.model)
    _check_entries(timeline)
    _check_days(timeline.model)
    assert _stored_entry_counters(timeline.model) == _expected_entry_counters(timeline.model)
    _check_invariants(timeline.model)


def _check_order(timeline: PersonTimeline) -> None:
    assert all(timer.started_at <= times_of(timer)[1] for timer in timeline.timers)
    for one, other in combinations(timeline.timers, 2):
        assert not are_overlapping(times_of(one), times_of(other))


def _check_running(model: TimelineModel) -> None:
    running = [timer for timer in model.timers.values() if timer.stopped_at is None]
    state = model.state
    expected = [replace(timer, version=1, nonce=None) for timer in running]
    assert [state.timer] * len(running) == expected
    assert len(running) == (state.running is not None)
    assert state.last_timer_id >= max(model.timers, default=0)
    stops = [timer.stopped_at for timer in model.timers.values() if timer.stopped_at is not None]
    assert (state.last_stopped_at or 0) >= max(stops, default=0)


def _check_entries(timeline: PersonTimeline) -> None:
    model = timeline.model
    assert {timer.time_entry_id for timer in model.timers.values()} <= model.entries.keys()
    for time_entry in model.entries.values():
        timers = [timer for timer in timeline.timers if timer.time_entry_id == time_entry.id]
        running = next((timer for timer in timers if timer.stopped_at is None), None)
        assert time_entry.tracked_seconds == sum(timer.seconds for timer in timers)
        assert time_entry.timer_count == len(timers)
        assert time_entry.running_timer_id == (running and running.id)
        assert time_entry.timer_started_at == (running and running.started_at)
        last_stop = time_entry.stopped_timer_id, time_entry.timer_stopped_at
        assert last_stop in {(None, None), *((timer.id, timer.stopped_at) for timer in timers)}
        assert (time_entry.latest_timer_id or 0) >= max((timer.id for timer in timers), default=0)
        seconds = timeline.seconds_of(time_entry.id)
        assert time_entry.tracked_seconds + time_entry.adjusted_seconds == seconds
        assert time_entry.time == rounded_minutes(seconds)


def _check_days(model: TimelineModel) -> None:
    counters: Counter[tuple[int, str]] = Counter()
    marks: dict[tuple[int, int], Mark] = {}
    for timer in model.timers.values():
        start, stop = timer.started_at, timer.stopped_at
        counters[start // DAY, f"s{start % DAY // 900:02d}"] += 1
        marks[start // DAY, timer.id] = (start,)
        if stop is not None:
            counters[stop // DAY, f"e{stop % DAY // 900:02d}"] += 1
            for day in range(start // DAY + 1, stop // DAY + 1):
                marks[day, timer.id] = (start, stop)
            if start // DAY == stop // DAY:
                marks[start // DAY, timer.id] = (start, stop)
    stored = {key: count for key, count in model.counters.items() if count and key[1][0] in "se"}
    assert stored == counters
    assert model.marks == marks


def _expected_entry_counters(model: TimelineModel) -> Counter[tuple[EntryMonth, str]]:
    counters: Counter[tuple[EntryMonth, str]] = Counter()
    for each in model.entries.values():
        month, day = (
            EntryMonth(ORGANIZATION.id, PERSON, each.service_id, each.date[:7]),
            each.date[8:],
        )
        counters[month, f"n{day}"] += 1
        counters[month, f"{'c' if each.billable else 'm'}{day}"] += 1
        kind = "u" if not each.billable else "b" if each.billable_minutes is None else "f"
        counters[month, f"{kind}{day}"] += each.tracked_seconds + each.adjusted_seconds
        if each.billable_minutes is not None:
            counters[month, f"{'h' if each.billable else 'g'}{day}"] += each.billable_minutes * 60
    return counters


def _stored_entry_counters(model: TimelineModel) -> Counter[tuple[EntryMonth, str]]:
    """Those of months, and those in the items of days, which are at most one day away."""
    counters = model.entry_counters.copy()
    for (day, name), value in model.counters.items():
        if name[0] in "bfu":
            date = day_date(day + {"-": -1, "=": 0, "+": 1}[name[1]]).isoformat()
            month = EntryMonth(ORGANIZATION.id, PERSON, int(name[2:]), date[:7])
            counters[month, f"{name[0]}{date[8:]}"] += value
    return counters


def _by_month(counters: Counter[tuple[EntryMonth, str]]) -> dict[EntryMonth, dict[str, int]]:
    by_month: dict[EntryMonth, dict[str, int]] = defaultdict(dict)
    for (month, name), value in counters.items():
        if value:
            by_month[month][name] = value
    return by_month


def _check_invariants(model: TimelineModel) -> None:
    """Check what the operator's tool checks."""
    counters: dict[str, dict[str, int]] = defaultdict(dict)
    for (day, name), count in model.counters.items():
        if count:
            counters[keys.day_bucket_name(day)][name] = count
    marks: dict[str, dict[int, Mark]] = defaultdict(dict)
    for (day, timer_id), mark in model.marks.items():
        marks[keys.day_bucket_name(day)][timer_id] = mark
    snapshot = PersonSnapshot(
        ORGANIZATION.id,
        PERSON,
        model.state,
        sorted(model.timers.values(), key=lambda timer: timer.id),
        model.entries,
        counters,
        entry_counters=_by_month(model.entry_counters),
        marks=marks,
    )
    assert check(snapshot) == []


def test_ten_sessions_of_ninety_seconds_add_up_to_fifteen_minutes() -> None:
    timeline = PersonTimeline()
    for _ in range(10):
        started = timeline.start(ENTRY)
        timeline.wait(90)
        timeline.stop(started.timer.id)
    assert timeline.model.entries[ENTRY].time == 15


def test_correction_allows_an_earlier_start() -> None:
    timeline = PersonTimeline()
    overdue = timeline.start(ENTRY).timer
    timeline.wait(2 * LIMIT)
    timeline.auto_stop()
    timeline.stop(overdue.id, EVENING + 60)
    assert timeline.start(ENTRY, EVENING + 60).timer.started_at == EVENING + 60
    _check(timeline)


def test_deletion_of_the_last_session_allows_an_earlier_start() -> None:
    timeline = PersonTimeline()
    timer = timeline.start(ENTRY).timer
    timeline.wait(2 * HOUR)
    timeline.stop(timer.id)
    timeline.delete(timer.id)
    assert timeline.start(ENTRY, EVENING - 60).timer.started_at == EVENING - 60
    _check(timeline)


def test_switch_at_a_past_time_while_a_stopped_timer_runs_on() -> None:
    timeline = PersonTimeline()
    timer = timeline.start(ENTRY).timer
    timeline.wait(1200)
    timeline.stop(timer.id)
    timeline.edit(timer.id, Edit(stopped_at=None))
    started = timeline.start(OTHER_ENTRY, EVENING + 600)
    assert (started.timer.started_at, started.stopped_timer_id) == (EVENING + 600, timer.id)
    _check(timeline)


MIDNIGHT = (TODAY + 1) * DAY


@pytest.mark.parametrize(
    "then",
    [
        lambda timeline, _: timeline.start(ENTRY, timeline.now - 5),
        lambda timeline, first: timeline.edit(first.id, Edit(stopped_at=None)),
    ],
    ids=["start", "the first session runs on"],
)
def test_session_that_another_server_ended_after_midnight_is_not_overlapped(
    then: Callable[[PersonTimeline, Timer], object],
) -> None:
    timeline = PersonTimeline(MIDNIGHT - HOUR)
    first = timeline.start(ENTRY).timer
    timeline.wait(LIMIT)
    timeline.stop(first.id)
    timeline.wait(LIMIT)
    second = timeline.start(ENTRY).timer
    timeline.wait(5)
    timeline.stop(second.id)
    # The clock of the next server is behind: there, it is not midnight yet.
    timeline.wait(-MAX_CLOCK_DIFFERENCE)
    with pytest.raises(OverlapsSession):
        then(timeline, first)
    _check(timeline)


def test_set_time_stays_a_total_when_its_sessions_are_edited() -> None:
    timeline = PersonTimeline()
    timer = timeline.start(ENTRY).timer
    timeline.wait(600)
    timeline.stop(timer.id)
    timeline.set_time(ENTRY, 60)
    timeline.edit(timer.id, Edit(stopped_at=None))
    timeline.wait(600)
    timeline.stop(timer.id)
    assert timeline.model.entries[ENTRY].time == 60
    timeline.start(ENTRY)
    timeline.wait(600)
    timeline.auto_stop()
    later = timeline.start(OTHER_ENTRY).stopped_timer_id
    assert timeline.model.entries[ENTRY].time == 70
    assert later is not None
    timeline.delete(later)
    assert timeline.model.entries[ENTRY].time == 60
    timeline.set_time(ENTRY, None)
    assert timeline.model.entries[ENTRY].time == 20
    _check(timeline)


def test_correction_does_not_change_the_stop_of_a_later_empty_session() -> None:
    timeline = PersonTimeline()
    first = timeline.start(ENTRY).timer
    timeline.wait(600)
    second = timeline.start(ENTRY).timer
    timeline.stop(second.id)
    timeline.stop(first.id, EVENING + 60)
    assert timeline.model.entries[ENTRY].timer_stopped_at == EVENING + 600
    _check(timeline)
