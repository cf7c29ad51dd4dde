"""Every act in the middle of every other, before its write or its second read: no luck needed."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pynamodb.connection import Connection

from chalicelib.domain.idempotency import Outcome
from chalicelib.domain.timers import TimeEntry
from chalicelib.services.settling import Answer
from chalicelib.services.sweeping import sweep
from chalicelib.services.timers import StartTimer, StopTimer
from chalicelib.store.store import Store
from tests.races.crowd import (
    CALLERS,
    LIMIT,
    Command,
    Phone,
    Request,
    Run,
    check_keys,
    check_starts,
    check_stops,
    check_switches,
    key_for,
    time_entries,
)
from tests.support.books import timers, violations
from tests.support.chaos import WRITE, Call, intercepted
from tests.support.world import put_all

READ = "BatchGetItem"

Act = Callable[["Scene", Phone], object]


class Scene:
    """Somebody who works on their first entry, and has two phones."""

    def __init__(self, store: Store, number: int) -> None:
        self.caller = replace(CALLERS[1], person_id=6_000 + number)
        self.first, self.second = 20_000 + 2 * number, 20_001 + 2 * number
        put_all(*(self._entry(entry_id) for entry_id in (self.first, self.second)))
        self.run = Run()
        self.one, self.other = (Phone(self.run, store, f"{number}/{it}") for it in (1, 2))
        self.start(self.one, self.first)
        (_, self.timer_id) = self.run.seen[-1]
        self.began = self.run.clock()

    def start(self, phone: Phone, entry_id: int) -> Answer[Outcome] | None:
        return self.send(phone, StartTimer(time_entry_id=entry_id))

    def send(
        self, phone: Phone, command: Command, key: bytes | None = None
    ) -> Answer[Outcome] | None:
        kept = None if key is None else key_for(self.caller, command, key)
        return self.run.send(phone.tools, Request(self.caller, command, kept))

    def _entry(self, entry_id: int) -> TimeEntry:
        (like,) = time_entries()[2:3]
        return replace(like, id=entry_id, person_id=self.caller.person_id)


def _forget(scene: Scene, phone: Phone) -> None:
    del phone
    scene.run.clock.advance(2 * LIMIT)


def _forget_and_sweep(scene: Scene, phone: Phone) -> None:
    _forget(scene, phone)
    sweep(phone.tools)


def _work(scene: Scene, phone: Phone) -> None:
    del phone
    scene.run.clock.advance(LIMIT // 2)


def _work_and_switch(scene: Scene, phone: Phone) -> None:
    _work(scene, phone)
    scene.start(phone, scene.first)


ACTS: dict[str, Act] = {
    "starts on the same entry": lambda scene, phone: scene.start(phone, scene.first),
    "starts on another entry": lambda scene, phone: scene.start(phone, scene.second),
    "starts with a key": lambda scene, phone: scene.send(
        phone, StartTimer(time_entry_id=scene.second), b"tap"
    ),
    "stops": lambda scene, phone: scene.send(phone, StopTimer(scene.timer_id)),
    "stops what runs on the entry": lambda scene, phone: scene.send(
        phone, StopTimer(time_entry_id=scene.first)
    ),
    "says that it stopped earlier": lambda scene, phone: scene.send(
        phone, StopTimer(scene.timer_id, stopped_at=scene.began + phone.random.randrange(9))
    ),
    "stops with a key": lambda scene, phone: scene.send(phone, StopTimer(scene.timer_id), b"stop"),
    "corrects it, and stops with the key": lambda scene, phone: (
        ACTS[CORRECTS](scene, phone),
        ACTS["stops with a key"](scene, phone),
    ),
    "is swept": lambda _, phone: sweep(phone.tools),
}

STARTS = ("starts on the same entry", "starts on another entry", "starts with a key")
STOPS = ("stops", "stops what runs on the entry")
CORRECTS = "says that it stopped earlier"
KEYED_STOPS = ("stops with a key", "corrects it, and stops with the key")

STATES: dict[str, tuple[Act, tuple[str, ...]]] = {
    "works": (_work, (*STARTS[1:], *STOPS)),
    "has forgotten it": (_forget, (STARTS[0], STOPS[0], CORRECTS, "is swept")),
    "was swept": (_forget_and_sweep, (STARTS[0], STARTS[2], CORRECTS, *KEYED_STOPS)),
    "has switched": (_work_and_switch, (STARTS[0], STOPS[1], CORRECTS)),
}
"""What a person has done, and what may then meet."""

WINDOWS = {CORRECTS: (READ, WRITE), STOPS[1]: (READ, WRITE)}
"""Which read twice: others have one window, before their write."""


@pytest.mark.parametrize(
    ("state", "act"), [(state, act) for state, (_, acts) in STATES.items() for act in acts]
)
def test_whoever_comes_between_loses_nothing(
    store: Store, connection: Connection, state: str, act: str
) -> None:
    prepare, intruders = STATES[state]
    scenes = []
    windows = [
        (intruder, before) for intruder in intruders for before in WINDOWS.get(act, (WRITE,))
    ]
    for number, (intruder, before) in enumerate(windows):
        scene = Scene(store, number)
        prepare(scene, scene.one)
        with intercepted(connection, _between(scene, ACTS[intruder], before)):
            ACTS[act](scene, scene.one)
        scenes.append(scene)
    _check(scenes, connection)
    # Whatever was wrong while a timer runs shows when it stops.
    for scene in scenes:
        scene.send(scene.one, StopTimer(time_entry_id=scene.first))
        scene.send(scene.one, StopTimer(time_entry_id=scene.second))
    _check(scenes, connection)


def _between(scene: Scene, intruder: Act, before: str) -> Callable[[Call], Call]:
    """Lets the intruder in once: before the write, or the second read."""
    calls: Counter[str] = Counter()
    wanted = 1 if before == WRITE else 2

    def wrap(real: Call) -> Call:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            calls[operation] += 1
            if operation == before and calls[before] == wanted:
                calls[before] += 1
                intruder(scene, scene.other)
            return real(operation, arguments)

        return call

    return wrap


def _check(scenes: list[Scene], connection: Connection) -> None:
    assert violations(connection) == []
    kept = timers(connection)
    check_switches(kept)
    for scene in scenes:
        own = {key: it for key, it in kept.items() if it.person_id == scene.caller.person_id}
        check_starts(scene.run, own)
        check_stops(scene.run, own)
        check_keys(scene.run)
