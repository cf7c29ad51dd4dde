"""Property test: late requests of an offline client give the same result as online requests."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.permissions import Caller
from chalicelib.people.model import Role
from chalicelib.services.model import Service
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.auto_stop import AutoStop
from chalicelib.timers.operations import StartCommand, StopCommand, Timers
from tests.properties.bounds import bounded
from tests.support.clock import DAY, HOUR, MONDAY_NINE, FakeClock
from tests.support.fixtures import ZAGREB, put_all
from tests.support.invariants import outline, violations
from tests.support.tables import empty_tables
from tools.ops.snapshot import SnapshotReader

SERVICE = Service(1294, ZAGREB.id, "Design")
ONLINE, OFFLINE = 8784, 8796
ENTRIES = {ONLINE: (371, 372), OFFLINE: (373, 374)}
LIMIT = ZAGREB.auto_stop_after


@dataclass(frozen=True)
class UserAction:
    """An action of a person.

    :param after: seconds since the previous action.
    :param work: the entry (0, 1) or the service (2) of a start; None for a stop.
    :param back: which timer to stop: 0 is the latest, 1 is the timer before that; None: the one
        that is running.
    :param auto_stop_first: whether an auto-stop run happens before the offline client sends it.
    """

    after: int
    work: int | None
    back: int | None = 0
    auto_stop_first: bool = False


gaps = st.one_of(st.integers(0, 3 * HOUR), st.sampled_from((0, 45, LIMIT, LIMIT + 1, DAY)))
starts = st.builds(UserAction, gaps, st.integers(0, 2), st.just(0), st.booleans())
stops = st.builds(
    UserAction, gaps, st.none(), st.sampled_from((0, 0, 1, 2, None, None)), st.booleans()
)
action_lists = st.lists(st.one_of(starts, stops), min_size=1, max_size=12)


class Client:
    """Sends actions: online immediately, or offline later with their timestamps."""

    def __init__(self, dependencies: Dependencies, person_id: int) -> None:
        self.dependencies, self.person_id = dependencies, person_id
        self.caller = Caller(ZAGREB, person_id, Role.MEMBER)
        self.timers: list[int] = []

    def send(self, action: UserAction, done_at: int | None) -> None:
        if action.work is not None:
            entries = dict(enumerate(ENTRIES[self.person_id]))
            service = None if action.work in entries else SERVICE.id
            command = StartCommand(entries.get(action.work), service, started_at=done_at)
            result = Timers(self.dependencies).start(self.caller, command)
            self.timers.append(result.outcome.timer.id)
        elif self.timers and action.back is None:
            Timers(self.dependencies).stop_running(self.caller, done_at)
        elif self.timers:
            timer_id = self.timers[-1 - (action.back or 0) % len(self.timers)]
            Timers(self.dependencies).stop(self.caller, StopCommand(timer_id, stopped_at=done_at))


def _runs_before_online_stops(actions: list[UserAction]) -> list[bool]:
    """Return before which actions the auto-stop must also run online.

    A manual stop past the limit wins if no auto-stop run came first. So if the offline client's
    timer met a run before its stop, the online client's timer must meet one too.
    """
    needed, is_due = [], False
    for action in actions:
        is_start = action.work is not None
        is_due = is_due or action.auto_stop_first
        needed.append(is_due and not is_start)
        is_due = is_due and not is_start
    return needed


def _comparable_records(connection: Connection, person_id: int) -> dict[str, Any]:
    """Return timers, entries, person state and counters, without ids and versions.

    Without the person state's bound of stops too: an auto-stop that is corrected leaves it later.
    """
    snapshot = SnapshotReader(connection).read_all()[ZAGREB.id, person_id]
    timers = [replace(timer, version=0) for timer in snapshot.timers]
    entries = {entry.id: replace(entry, version=0) for entry in snapshot.entries.values()}
    state = replace(snapshot.person_state, version=0, last_stopped_at=None)
    return outline(
        dataclasses.replace(snapshot, timers=timers, entries=entries, person_state=state)
    )


def _reset_tables() -> None:
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


MONDAY = "an ordinary Monday"
START_TIMES = {
    MONDAY: MONDAY_NINE,
    # 2026-03-28T22:30:00+01:00 and 2026-10-24T22:30:00+02:00.
    "the night with a missing hour": 1_774_733_400,
    "the night with a repeated hour": 1_792_873_800,
}


def test_offline_actions_give_the_same_result_as_online_actions(
    dependencies: Dependencies, clock: FakeClock, connection: Connection
) -> None:
    @bounded(18)
    @given(action_lists, st.sampled_from(sorted(START_TIMES)), st.sampled_from((HOUR, 2 * DAY)))
    @example([UserAction(0, 0), UserAction(HOUR, 1, auto_stop_first=True)], MONDAY, 13 * HOUR)
    @example([UserAction(0, 0), UserAction(HOUR, 0, auto_stop_first=True)], MONDAY, 13 * HOUR)
    @example([UserAction(0, 0), UserAction(HOUR, None, None, True)], MONDAY, 13 * HOUR)
    @example([UserAction(0, 0), UserAction(LIMIT, 0, auto_stop_first=True)], MONDAY, HOUR)
    def compare(actions: list[UserAction], start_time: str, late: int) -> None:
        _reset_tables()
        online, offline = Client(dependencies, ONLINE), Client(dependencies, OFFLINE)
        clock.timestamp = START_TIMES[start_time]
        done_at = []
        for action, runs in zip(actions, _runs_before_online_stops(actions), strict=True):
            clock.advance(action.after)
            done_at.append(int(clock.timestamp))
            if runs:
                AutoStop(dependencies).run()
            online.send(action, None)
        clock.advance(late)
        for action, timestamp in zip(actions, done_at, strict=True):
            if action.auto_stop_first:
                AutoStop(dependencies).run()
            offline.send(action, timestamp)
        # An auto-stop run stops the overdue timers of both people.
        AutoStop(dependencies).run()
        assert _comparable_records(connection, OFFLINE) == _comparable_records(connection, ONLINE)
        assert violations(connection) == []

    compare()
