"""Stateful property test: random requests of five people, compared with the reference model.

The requests go through HTTP: starts, stops, sessions that are over, edits, undone stops, deletions,
times that are set manually, deactivations, auto-stop runs and repeats with a key, with times in the
past and in the future, also during the two nights of the year on which clocks change. STINT_ACTS is
the number of requests.
"""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pynamodb.connection import Connection

from chalicelib.core.settings import Settings
from chalicelib.timers.auto_stop import AutoStop
from tests.properties.bounds import ACTS, bounded
from tests.properties.driver import (
    BOSS,
    DATE,
    PEOPLE,
    TOKENS,
    Driver,
    Moment,
    choose,
    person_record,
)
from tests.properties.model import DAY, HOUR, OLDEST_START
from tests.properties.requests import Request
from tests.support.clock import MONDAY_NINE
from tests.support.fixtures import credentials, put_all


def _utc(*fields: int) -> int:
    return int(datetime(*fields, tzinfo=UTC).timestamp())  # type: ignore[misc,arg-type]


START_TIMES = {
    "an ordinary Monday": MONDAY_NINE,
    "the night with a missing hour": _utc(2026, 3, 28, 21, 30),
    "the night with a repeated hour": _utc(2026, 10, 24, 20, 30),
}

moments: st.SearchStrategy[Moment] = st.one_of(
    st.tuples(st.just("now"), st.just(0), st.integers(-5 * HOUR, HOUR)),
    st.tuples(
        st.just("now"),
        st.just(0),
        st.sampled_from(
            (0, 1, 181, DAY, DAY + 1, -DAY, -OLDEST_START, -OLDEST_START - 1, -40 * DAY)
        ),
    ),
    # The starts and stops of the person's sessions.
    *2
    * [
        st.tuples(
            st.just("edge"), st.integers(0, 20), st.sampled_from((0, 0, 0, -1, 1, 90, -600, 600))
        )
    ],
)
maybe_moments = st.none() | moments
offsets = st.sampled_from((0, 0, 0, 1, -1, 60, 600))
gaps = st.sampled_from((0, 0, 45, 90, 600, HOUR, 4 * HOUR))
picks = st.integers(0, 30)
keys = st.sampled_from((None, None, None, "new", "new", "new", "a"))
callers = st.sampled_from(("owner", "owner", "owner", "owner", "boss", "other"))
# Most acts are those of two people, so that their sessions meet.
people = st.sampled_from((*3 * PEOPLE[:2], *PEOPLE))
lengths = st.one_of(
    st.integers(0, 3 * HOUR), st.sampled_from((0, 0, -1, 90, DAY, 31 * DAY, 31 * DAY + 1))
)


class DayMachine(Driver, RuleBasedStateMachine):
    """The acts."""

    @initialize(
        start_time=st.sampled_from(sorted(START_TIMES)),
        history=st.lists(st.tuples(people, picks, gaps, gaps), max_size=6),
    )
    def initialize_day(self, start_time: str, history: list[tuple[int, int, int, int]]) -> None:
        self.set_up(START_TIMES[start_time])
        begin = self.now - DAY
        for person, work, gap, seconds in history:
            last = max((s.stop or 0 for s in self.model.of(person)), default=begin)
            times = last + gap, last + gap + seconds
            self.send_start(person, "owner", None if work % 3 == 0 else work, *times, None)

    # Time

    @rule(seconds=st.integers(0, 4 * HOUR))
    def advance_seconds(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(hours=st.sampled_from((11, 12, 13, 25)))
    def advance_hours(self, hours: int) -> None:
        self.clock.advance(hours * HOUR)

    @precondition(lambda self: self.clock.timestamp >= self.latest)
    @rule(seconds=st.integers(1, 90))
    def set_clock_back(self, seconds: int) -> None:
        """The clocks of two servers differ."""
        self.latest = self.clock.timestamp
        self.clock.advance(-seconds)

    @rule(minutes=st.sampled_from((0, 0, -3, 10, -600, 365 * 24 * 60)))
    def set_client_clock(self, minutes: int) -> None:
        """The clocks of the clients are ahead, and the clients say so."""
        self.skew = minutes * 60

    # Starts and stops

    @rule(
        wait=gaps,
        person=people,
        who=callers,
        work=st.none() | picks,
        at=maybe_moments,
        key=keys,
    )
    def start(
        self, wait: int, person: int, who: str, work: int | None, at: Moment | None, key: str | None
    ) -> None:
        self.clock.advance(wait)
        self.send_start(person, who, work, self.timestamp(person, at), None, key)

    @precondition(lambda self: self.running())
    @rule(wait=gaps, pick=picks, at=maybe_moments, key=keys)
    def switch_within_entry(self, wait: int, pick: int, at: Moment | None, key: str | None) -> None:
        self.clock.advance(wait)
        running = choose(self.running(), pick)
        work = self.model.entries.index(running.entry)
        started_at = self.timestamp(running.person, at)
        self.send_start(running.person, "owner", work, started_at, None, key)

    @rule(
        person=people,
        who=callers,
        work=st.none() | picks,
        at=maybe_moments,
        until=moments | lengths,
        key=keys,
    )
    def insert(
        self,
        person: int,
        who: str,
        work: int | None,
        at: Moment | None,
        until: Moment | int,
        key: str | None,
    ) -> None:
        started_at = self.timestamp(person, at)
        if isinstance(until, int):
            stopped_at: int | None = (self.now if started_at is None else started_at) + until
        else:
            stopped_at = self.timestamp(person, until)
        self.send_start(person, who, work, started_at, stopped_at, key)

    @precondition(lambda self: self.stopped())
    @rule(pick=picks, work=st.none() | picks, key=keys, before=offsets, after=offsets)
    def fill_gap(
        self, pick: int, work: int | None, key: str | None, before: int, after: int
    ) -> None:
        """Insert a session between two others, or into one of them."""
        session = choose(self.stopped(), pick)
        assert session.stop is not None
        later = [other.start for other in self.model.of(session.person)]
        end = min((start for start in later if start > session.stop), default=self.now)
        times = session.stop + before, end - after
        self.send_start(session.person, "owner", work, *times, key)

    @precondition(lambda self: self.model.sessions)
    @rule(pick=picks, who=callers, at=maybe_moments, key=keys)
    def stop(self, pick: int, who: str, at: Moment | None, key: str | None) -> None:
        session = choose(self.model.sessions + self.gone[-1:], pick)
        self.send_stop(session, who, self.timestamp(session.person, at), key)

    @precondition(lambda self: self.running())
    @rule(wait=gaps, pick=picks, at=maybe_moments, key=keys)
    def stop_running(self, wait: int, pick: int, at: Moment | None, key: str | None) -> None:
        self.clock.advance(wait)
        session = choose(self.running(), pick)
        self.send_stop(session, "owner", self.timestamp(session.person, at), key)

    @precondition(lambda self: self.stopped_automatically())
    @rule(pick=picks, earlier=st.sampled_from((-1, 0, 1, 600, 13 * HOUR)), key=keys)
    def correct_stop(self, pick: int, earlier: int, key: str | None) -> None:
        session = choose(self.stopped_automatically(), pick)
        assert session.stop is not None
        self.send_stop(session, "owner", session.stop - earlier, key)

    @rule(pick=picks, who=callers, at=maybe_moments, key=keys)
    def stop_on_entry(self, pick: int, who: str, at: Moment | None, key: str | None) -> None:
        entry = self.pick_entry(pick)
        caller, stopped_at = self.caller(who, entry.person), self.timestamp(entry.person, at)
        skew = self.skew
        self.send(
            caller,
            key,
            lambda: self.model.stop_on_entry(self.now, caller, entry, stopped_at, skew),
            Request("PATCH", f"/time_entries/{entry.id}/stop", skew=skew, stopped_at=stopped_at),
        )

    @rule()
    def auto_stop(self) -> None:
        expected = self.model.auto_stop(self.now)
        report = AutoStop(self.dependencies).run()
        assert (report.found, report.stopped, report.complete) == (expected, expected, True)

    @rule(person=st.sampled_from(PEOPLE[1:]))
    def deactivate_or_restore(self, person: int) -> None:
        action = "restore" if person in self.model.deactivated else "deactivate"
        response = self.apis[BOSS].patch(f"/people/{person}/{action}")
        assert response.status == 200, response.body
        if action == "deactivate":
            self.model.deactivate(self.now, person)
        else:
            self.model.deactivated.remove(person)
            put_all(*credentials(person_record(person), TOKENS[person]))

    # Edits

    @precondition(lambda self: self.model.sessions)
    @rule(
        pick=picks,
        who=callers,
        started_at=maybe_moments,
        stopped_at=maybe_moments,
        entry=st.sampled_from((None, None, 0, 1, 2, 7)),
        key=keys,
    )
    def edit(
        self,
        pick: int,
        who: str,
        started_at: Moment | None,
        stopped_at: Moment | None,
        entry: int | None,
        key: str | None,
    ) -> None:
        session = choose(self.model.sessions + self.gone[-1:], pick)
        values: dict[str, Any] = {}
        if started_at is not None:
            values["started_at"] = self.timestamp(session.person, started_at)
        if stopped_at is not None:
            values["stopped_at"] = self.timestamp(session.person, stopped_at)
        if entry is not None:
            own = [e for e in self.model.entries if e.person == session.person]
            values["entry"] = choose(own if entry < 7 else self.model.entries, entry)
        self.send_edit(session, who, values, key)

    @precondition(lambda self: self.stopped())
    @rule(pick=picks, key=keys)
    def move(self, pick: int, key: str | None) -> None:
        """Move a session to just before or after another one, or into it."""
        session = choose(self.stopped(), pick)
        others = [s for s in self.model.of(session.person) if s is not session] or [session]
        other = choose(others, pick // 2)
        start = (other.stop or other.start) if pick % 2 else other.start - session.seconds
        stop = start + session.seconds - (pick % 3 == 0)
        self.send_edit(session, "owner", {"started_at": start, "stopped_at": stop}, key)

    @precondition(lambda self: self.stopped())
    @rule(pick=picks, key=keys, starts_at=maybe_moments)
    def undo_stop(self, pick: int, key: str | None, starts_at: Moment | None) -> None:
        stopped = sorted(self.stopped(), key=lambda session: session.start)
        session = stopped[-1 - pick % min(3, len(stopped))]
        values: dict[str, Any] = {"stopped_at": None}
        if starts_at is not None and pick % 4 == 0:
            values["started_at"] = self.timestamp(session.person, starts_at)
        self.send_edit(session, "owner", values, key)

    @precondition(lambda self: self.model.sessions)
    @rule(pick=picks, who=callers, key=keys)
    def delete_session(self, pick: int, who: str, key: str | None) -> None:
        session = choose(self.model.sessions + self.gone[-1:], pick)
        caller = self.caller(who, session.person)

        def delete() -> None:
            self.model.delete_session(caller, session)
            self.gone.append(session)

        self.send(caller, key, delete, Request("DELETE", f"/timers/{session.id}"))

    # Time entries

    @rule(pick=picks, who=callers, minutes=st.none() | st.integers(0, 300), key=keys)
    def set_time(self, pick: int, who: str, minutes: int | None, key: str | None) -> None:
        entry = self.pick_entry(pick)
        values: dict[str, Any] = {"time": minutes}
        if minutes is not None and minutes % 4 == 0:
            # What was shown, with another note.
            values = {
                "time": self.model.minutes(entry),
                "date": DATE if pick % 2 else entry.date,
                "note": f"Sketches {minutes}",
            }

        self.send_update(entry, who, values, key)

    @precondition(lambda self: self.last_sessions())
    @rule(pick=picks, minutes=st.integers(0, 300), wait=gaps, stops=st.booleans())
    def run_on_after_time_is_set(self, pick: int, minutes: int, wait: int, stops: bool) -> None:
        """Set the time of an entry, and undo the stop of a session that it covers."""
        session = choose(self.last_sessions(), pick)
        self.send_update(session.entry, "owner", {"time": minutes}, None)
        self.send_edit(session, "owner", {"stopped_at": None}, None)
        self.clock.advance(wait)
        if stops:
            self.send_stop(session, "owner", None, None)

    @precondition(lambda self: len(self.used_entries()) > 4)
    @rule(pick=picks, who=callers, key=keys)
    def delete_entry(self, pick: int, who: str, key: str | None) -> None:
        entry = self.pick_entry(pick)
        caller = self.caller(who, entry.person)

        def delete() -> None:
            sessions = self.model.on(entry)
            self.model.delete_entry(caller, entry)
            self.gone += sessions

        self.send(caller, key, delete, Request("DELETE", f"/time_entries/{entry.id}"))

    @precondition(lambda self: self.sent)
    @rule(pick=picks)
    def retry(self, pick: int) -> None:
        caller, key, act, request = choose(self.sent, pick)
        if caller not in self.model.deactivated:
            self.send(caller, key, act, request)

    def teardown(self) -> None:
        if hasattr(self, "model"):
            self.check_stored_data()


def test_random_requests_match_the_reference_model(
    connection: Connection, settings: Settings
) -> None:
    Driver.connection, Driver.settings, Driver.total_acts = connection, settings, 0
    while Driver.total_acts <= ACTS:
        run_state_machine_as_test(DayMachine, settings=bounded(14, steps=40))
