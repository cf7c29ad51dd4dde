"""Property test: a list that is read by cursor while sessions change has each unchanged one once.

Contract section 6.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.dynamodb.database import Database
from chalicelib.timers.model import Timer
from tests.properties.bounds import bounded
from tests.support.api import Api
from tests.support.clock import DAY, MINUTE, FakeClock, rfc3339
from tests.support.fixtures import (
    ADMIN,
    ADMINS_ENTRY,
    ADMINS_SECOND_ENTRY,
    MEMBER,
    MEMBERS_ENTRY,
    ZAGREB,
    create_fixtures,
)
from tests.support.invariants import timers, violations
from tests.support.tables import empty_tables

ENTRIES = {ADMINS_ENTRY: ADMIN, ADMINS_SECOND_ENTRY: ADMIN, MEMBERS_ENTRY: MEMBER}
SCOPES = ("", f"&filter[person_id]={ADMIN}", f"&filter[time_entry_id]={ADMINS_ENTRY}")

times = st.integers(-40, 0)
"""Minutes from now. They are few, so that sessions meet in the same second."""

changes = st.tuples(
    st.sampled_from(["insert", "started_at", "stopped_at", *2 * ["shorten"], "both", "delete"]),
    st.integers(0, 20),
    times,
    times,
)


def place(sort: str, timer: Timer) -> tuple[object, ...]:
    """The sorted value, and what decides between timers that have the same one."""
    # An empty session comes before others that start in the same second.
    by_start = timer.started_at, timer.started_at == timer.stopped_at
    # A person's list that is sorted by stop is read in the order of starts.
    return by_start if sort == "started_at" else (timer.stopped_at, *by_start)


class Editor:
    """Inserts, edits and deletes sessions. Requests that overlap others are refused."""

    def __init__(self, api: Api, database: Database, clock: FakeClock) -> None:
        self.api, self.database, self.clock = api, database, clock
        self.connection = database.connection

    def set_up(self) -> None:
        """Begin a new example."""
        empty_tables()
        # The callers of the example before are cached for a minute.
        self.clock.advance(DAY)
        self.api.headers = create_fixtures(self.database).headers(ADMIN)

    def places(self, sort: str) -> dict[str, tuple[object, ...]]:
        """The place of each timer, by id."""
        stored = timers(self.connection).values()
        return {str(timer.id): place(sort, timer) for timer in stored}

    def track(self, entry: int, start: int, stop: int) -> None:
        """Start a session and stop it."""
        person = {} if ENTRIES[entry] == ADMIN else {"person_id": ENTRIES[entry]}
        response = self.api.start(time_entry_id=entry, **person, started_at=self._text(start))
        if response.status == 201:
            assert self.api.stop(response.data["id"], stopped_at=self._text(stop)).status == 200

    def insert(self, entry: int, start: int, stop: int) -> None:
        person = {} if ENTRIES[entry] == ADMIN else {"person_id": ENTRIES[entry]}
        attributes = {"started_at": self._text(start), "stopped_at": self._text(stop)}
        response = self.api.start(time_entry_id=entry, **person, **attributes)
        assert response.status in (201, 422), response.body

    def shorten(self, timer_id: str) -> None:
        """Shorten a session to a half."""
        timer = timers(self.connection).get((ZAGREB.id, int(timer_id)))
        if timer is not None:
            stop = rfc3339(timer.started_at + timer.seconds // 2)
            assert self.api.edit(timer_id, stopped_at=stop).status == 200

    def change(self, kind: str, number: int, start: int, stop: int) -> None:
        stored = sorted(timers(self.connection).values(), key=lambda timer: timer.id)
        if kind in {"insert", "shorten"} or not stored:
            self.insert(sorted(ENTRIES)[number % len(ENTRIES)], start, stop)
            return
        timer_id = stored[number % len(stored)].id
        if kind == "delete":
            assert self.api.send("DELETE", f"/timers/{timer_id}").status == 204
            return
        attributes = {"started_at": self._text(start), "stopped_at": self._text(stop)}
        if kind != "both":
            attributes = {kind: self._text(start)}
        response = self.api.edit(timer_id, **attributes)
        assert response.status in (200, 422), response.body

    def _text(self, minutes: int) -> str:
        return self.clock.at(minutes * MINUTE)


@pytest.fixture
def editor(admin: Api, database: Database, clock: FakeClock) -> Editor:
    return Editor(admin, database, clock)


@given(
    sessions=st.lists(
        st.tuples(st.sampled_from(sorted(ENTRIES)), times, times), min_size=5, max_size=12
    ),
    steps=st.lists(st.lists(changes, min_size=1, max_size=3), min_size=5, max_size=12),
    order=st.sampled_from(["started_at", "-started_at", "stopped_at", "-stopped_at"]),
    scope_and_size=st.tuples(st.sampled_from(SCOPES), st.integers(1, 3)),
)
@bounded(60)
def test_list_that_is_read_while_sessions_change_has_each_unchanged_one_once(
    editor: Editor,
    sessions: list[tuple[int, int, int]],
    steps: list[list[Any]],
    order: str,
    scope_and_size: tuple[str, int],
) -> None:
    editor.set_up()
    for entry, start, length in sorted(sessions, key=lambda session: session[1]):
        create = editor.insert if length % 4 == 0 else editor.track
        create(entry, start, min(0, start - length // 8))
    (scope, size), sort = scope_and_size, order.removeprefix("-")
    list_path = f"/timers?sort={order}{scope}&page[after]=&page[size]="
    whole_list = editor.api.get(f"{list_path}200").ids
    places = editor.places(sort)
    unchanged = {id_: places[id_] for id_ in whole_list}
    listed: list[str] = []
    path = f"{list_path}{size}"
    while path:
        response = editor.api.get(path)
        listed += response.ids
        path = response.document["links"].get("next", "").partition("/api/v2")[2]
        for kind, *values in steps.pop() if steps else ():
            if kind == "shorten" and listed:
                # The list goes on behind this one.
                editor.shorten(listed[-1])
            else:
                editor.change(kind, *values)
            places = editor.places(sort)
            unchanged = {id_: old for id_, old in unchanged.items() if places.get(id_) == old}
    once = [id_ for id_ in listed if id_ in unchanged]
    assert once == [id_ for id_ in whole_list if id_ in unchanged]
    assert violations(editor.connection) == []
