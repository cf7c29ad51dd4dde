"""Corrections and deletions while people work: nothing is lost, and nothing is left behind."""

from collections import Counter
from functools import partial
from typing import Any

import pytest
from pynamodb.connection import Connection

from chalicelib.domain.errors import (
    AccessDenied,
    Conflict,
    InvalidAttribute,
    RecordNotFound,
)
from chalicelib.domain.timers import TimeEntry, TrackMethod
from chalicelib.services.clearing import clear_deleted
from chalicelib.services.people import People
from chalicelib.services.sweeping import sweep
from chalicelib.services.time_entries import TimeEntries
from chalicelib.services.timers import StartTimer, StopTimer, start_timer, stop_timer
from chalicelib.store.store import Store
from tests.races.crowd import CALLERS, ENTRIES, Phone, Run, all_at_once, tried, weather_of
from tests.support.books import timers, violations
from tests.support.chaos import intercepted, once_before_a_write
from tests.support.clock import MINUTE
from tests.support.tables import items
from tests.support.world import DESIGN, DEVELOPMENT, MEMBER, OTHER_MEMBER, ZAGREB

BOSS, WORKER = CALLERS[0], CALLERS[1]
ENTRY, SECOND = ENTRIES[MEMBER]


class Scene:
    """Two phones of one person."""

    def __init__(self, store: Store) -> None:
        self.run = Run()
        self.one, self.other = (Phone(self.run, store, str(it)).tools for it in (1, 2))
        self.mine, self.theirs = TimeEntries(self.one), TimeEntries(self.other)
        self.store = store

    def start(self) -> object:
        return start_timer(self.other, WORKER, StartTimer(time_entry_id=ENTRY))

    def stop(self) -> object:
        return stop_timer(self.other, WORKER, StopTimer(time_entry_id=ENTRY))

    def entry(self) -> TimeEntry:
        entry = self.store.look(ZAGREB.id, [(TimeEntry, ENTRY)]).record(TimeEntry, ENTRY)
        assert entry is not None
        return entry


@pytest.fixture
def scene(store: Store) -> Scene:
    return Scene(store)


def test_a_stop_in_the_middle_of_a_correction_is_not_lost(
    scene: Scene, connection: Connection
) -> None:
    scene.start()
    scene.run.clock.advance(MINUTE)
    with intercepted(connection, once_before_a_write(scene.stop)):
        corrected = scene.mine.change(WORKER, ENTRY, {"time": 30}).outcome
    # It was said after the stop, so the session is in it.
    assert (corrected.time, corrected.running_timer_id) == (30, None)
    assert scene.entry() == corrected
    assert violations(connection) == []


def test_a_correction_in_the_middle_of_a_stop_refuses_nobody(
    scene: Scene, connection: Connection
) -> None:
    scene.start()
    scene.run.clock.advance(MINUTE)
    correct = lambda: scene.mine.change(WORKER, ENTRY, {"time": 30})  # noqa: E731
    with intercepted(connection, once_before_a_write(correct)):
        scene.stop()
    # It was said before: the session is added.
    assert scene.entry().time == 31
    assert violations(connection) == []


def test_two_corrections_at_once_are_both_kept(scene: Scene, connection: Connection) -> None:
    other = lambda: scene.theirs.change(BOSS, ENTRY, {"time": 10, "note": "said"})  # noqa: E731
    with intercepted(connection, once_before_a_write(other)):
        scene.mine.change(WORKER, ENTRY, {"time": 30})
    assert (scene.entry().time, scene.entry().note) == (30, "said")
    kept = [(it["person_id"], it["before"], it["after"]) for it in items(connection, "revisions")]
    assert len(kept) == 2
    assert any("10" in before and "30" in after for _, before, after in kept)


def test_a_start_in_the_middle_of_a_deletion_wins(scene: Scene, connection: Connection) -> None:
    with (
        intercepted(connection, once_before_a_write(scene.start)),
        pytest.raises(Conflict, match="runs on it"),
    ):
        scene.mine.delete(WORKER, ENTRY)
    assert scene.entry().running_timer_id is not None
    assert violations(connection) == []


def test_a_deletion_in_the_middle_of_a_start_wins(scene: Scene, connection: Connection) -> None:
    delete = lambda: scene.mine.delete(WORKER, ENTRY)  # noqa: E731
    with (
        intercepted(connection, once_before_a_write(delete)),
        pytest.raises(InvalidAttribute) as error,
    ):
        scene.start()
    assert error.value.source == {"pointer": "data/attributes/time_entry"}
    assert timers(connection) == {}
    assert violations(connection) == []


def test_a_start_never_reaches_an_entry_that_is_half_deleted(
    scene: Scene, connection: Connection
) -> None:
    for _ in range(45):
        scene.start()
        scene.run.clock.advance(1)
    scene.stop()
    delete = lambda: scene.mine.delete(WORKER, ENTRY)  # noqa: E731
    with intercepted(connection, once_before_a_write(delete)), pytest.raises(InvalidAttribute):
        scene.start()
    assert len(timers(connection)) == 5
    assert violations(connection) == []
    assert clear_deleted(scene.one).cleared == 1
    assert timers(connection) == {}


def test_a_deletion_in_the_middle_of_a_correction_wins(
    scene: Scene, connection: Connection
) -> None:
    delete = lambda: scene.theirs.delete(WORKER, ENTRY)  # noqa: E731
    with intercepted(connection, once_before_a_write(delete)), pytest.raises(RecordNotFound):
        scene.mine.change(WORKER, ENTRY, {"time": 30})
    assert violations(connection) == []


def test_a_start_in_the_middle_of_a_change_of_person_keeps_it(
    scene: Scene, connection: Connection
) -> None:
    with intercepted(connection, once_before_a_write(scene.start)), pytest.raises(Conflict):
        scene.mine.change(BOSS, ENTRY, {"person": OTHER_MEMBER})
    assert scene.entry().person_id == MEMBER
    assert violations(connection) == []


def test_a_change_of_person_in_the_middle_of_a_start_refuses_it(
    scene: Scene, connection: Connection
) -> None:
    change = lambda: scene.mine.change(BOSS, ENTRY, {"person": OTHER_MEMBER})  # noqa: E731
    with intercepted(connection, once_before_a_write(change)), pytest.raises(InvalidAttribute):
        scene.start()
    assert scene.entry().person_id == OTHER_MEMBER
    assert violations(connection) == []


@pytest.mark.parametrize("caller", [WORKER, BOSS])
def test_a_deactivation_in_the_middle_of_making_an_entry_wins(
    scene: Scene, connection: Connection, caller: Any
) -> None:
    before = len(items(connection, "time_entries"))
    leave = lambda: People(scene.other).deactivate(BOSS, MEMBER)  # noqa: E731
    values = {"service": DESIGN, "person": MEMBER, "time": 5}
    refusal = AccessDenied if caller is WORKER else InvalidAttribute
    with intercepted(connection, once_before_a_write(leave)), pytest.raises(refusal):
        scene.mine.create(caller, values, None)
    assert len(items(connection, "time_entries")) == before


class Hand:
    """Somebody who starts, stops, corrects, moves, makes and deletes entries, as a seed says."""

    def __init__(self, run: Run, store: Store, number: int) -> None:
        phone = Phone(run, store, f"entries/{number}")
        self.tools, self.draw, self.number = phone.tools, phone.random, number
        self.verbs = TimeEntries(phone.tools)

    def act(self) -> object:
        acts = [self.start, self.stop, self.correct, self.move, self.make, self.tidy]
        if self.number % 8 == 0:
            acts += 3 * [self.delete]
        return self.draw.choice(acts)()

    def start(self) -> object:
        entry_id, service_id = self.draw.choice(((ENTRY, None), (SECOND, None), (None, DESIGN)))
        return start_timer(self.tools, BOSS, StartTimer(entry_id, service_id, MEMBER))

    def stop(self) -> object:
        return stop_timer(self.tools, BOSS, StopTimer(time_entry_id=self._entry()))

    def correct(self) -> object:
        return self.verbs.change(BOSS, self._entry(), {"time": self.draw.randrange(90)})

    def move(self) -> object:
        day = f"2026-{self.draw.randrange(2, 4):02d}-{self.draw.randrange(1, 28):02d}"
        values = self.draw.choice(({"date": day}, {"service": DESIGN}, {"service": DEVELOPMENT}))
        return self.verbs.change(BOSS, self._entry(), values)

    def make(self) -> object:
        return self.verbs.create(BOSS, {"service": DEVELOPMENT, "person": MEMBER}, None)

    def tidy(self) -> object:
        return sweep(self.tools), clear_deleted(self.tools)

    def delete(self) -> object:
        self.verbs.delete(BOSS, SECOND)
        return None

    def _entry(self) -> int:
        return self.draw.choice((ENTRY, SECOND))


def test_whatever_is_corrected_moved_and_deleted_at_once_the_books_are_right(
    store: Store, connection: Connection
) -> None:
    run = Run()
    outcomes: Counter[str] = Counter()

    def act(number: int) -> None:
        hand = Hand(run, store, number)
        for _ in range(5):
            run.clock.advance(hand.draw.choice((0, 1, 20)))
            done = tried(hand.act, RecordNotFound, InvalidAttribute)
            outcomes[type(done).__name__] += 1

    with intercepted(connection, weather_of("entries").wrap):
        all_at_once(act)
    assert outcomes["Answer"], outcomes
    assert violations(connection) == []
    # In good weather, whatever is left goes: with its last timer, and with what is counted of it.
    quiet = Phone(run, store, "").tools
    for entry_id in {it["id"] for it in items(connection, "time_entries")}:
        stop = StopTimer(time_entry_id=entry_id)
        tried(partial(stop_timer, quiet, BOSS, stop), RecordNotFound)
        tried(partial(TimeEntries(quiet).delete, BOSS, entry_id), RecordNotFound)
    while clear_deleted(quiet).cleared:
        pass
    assert violations(connection) == []
    assert [it for it in timers(connection).values() if it.person_id == MEMBER] == []


def test_a_start_on_an_entry_made_by_hand_makes_it_both_whoever_comes_between(
    scene: Scene, connection: Connection
) -> None:
    made = scene.mine.create(WORKER, {"service": DESIGN, "time": 5}, None).outcome
    start = lambda: start_timer(  # noqa: E731
        scene.other, WORKER, StartTimer(time_entry_id=made.id)
    )
    with intercepted(connection, once_before_a_write(start)):
        corrected = scene.mine.change(WORKER, made.id, {"time": 6}).outcome
    assert corrected.track_method is TrackMethod.BOTH
    assert corrected.time == 6
    assert violations(connection) == []
