"""Property test: a client with a wrong clock books the same time as a client with a right clock."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalice.app import Chalice
from hypothesis import example, given
from hypothesis import strategies as st
from pynamodb.connection import Connection

from chalicelib.dynamodb.database import Database
from tests.properties.bounds import bounded
from tests.support.api import JSON_API, Api
from tests.support.clock import DAY, HOUR, MONDAY_NINE, FakeClock
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, MEMBER, MEMBERS_ENTRY, create_fixtures
from tests.support.invariants import violations
from tests.support.tables import empty_tables

YEAR = 365 * DAY


@dataclass(frozen=True)
class Session:
    """A session of work, on the right clock.

    :param pause: seconds since the end of the previous session.
    :param seconds: its length.
    :param delays: seconds after which its start and its stop are sent.
    """

    pause: int
    seconds: int
    delays: tuple[int, int] = (0, 0)


class Client:
    """Sends each start and each stop with the time that its own clock showed.

    :param skew: seconds by which its clock is ahead of the server's.
    """

    def __init__(self, api: Api, clock: FakeClock, entry_id: int, skew: int) -> None:
        self.api, self.clock, self.entry_id, self.skew = api, clock, entry_id, skew
        self.timer_id = ""

    def start(self, timestamp: int) -> None:
        attributes = {"time_entry_id": self.entry_id, "started_at": self._shown(timestamp)}
        self.timer_id = self._send("POST", "/timers", attributes)["id"]

    def stop(self, timestamp: int) -> None:
        attributes = {"stopped_at": self._shown(timestamp)}
        self._send("PATCH", f"/timers/{self.timer_id}/stop", attributes)

    def booked(self) -> list[tuple[str, str]]:
        """Return the start and the stop of each session."""
        timers = self.api.get(f"/timers?filter[time_entry_id]={self.entry_id}&page[size]=200").data
        attributes = [timer["attributes"] for timer in timers]
        return [(timer["started_at"], timer["stopped_at"]) for timer in attributes]

    def _send(self, method: str, path: str, attributes: dict[str, Any]) -> dict[str, Any]:
        client_time = self._shown(self.clock.timestamp)
        headers = {"Content-Type": JSON_API, "Client-Time": client_time}
        body = json.dumps({"data": {"attributes": attributes}}).encode()
        response = self.api.send(method, path, body, headers)
        assert response.status in (200, 201), response.body
        assert response.meta == ({"clock_skew_seconds": self.skew} if self.skew else {})
        data: dict[str, Any] = response.data
        return data

    def _shown(self, timestamp: float) -> str:
        return datetime.fromtimestamp(timestamp + self.skew, UTC).isoformat(timespec="milliseconds")


delays = st.one_of(st.just(0), st.integers(0, 2 * DAY))
sessions = st.builds(
    Session, st.integers(0, DAY), st.integers(0, 11 * HOUR), st.tuples(delays, delays)
)
skews = st.one_of(
    st.integers(2, 2 * HOUR),
    st.integers(-2 * HOUR, -2),
    st.integers(-40 * YEAR, 100 * YEAR).filter(lambda skew: abs(skew) >= 2),
)


def test_wrong_clock_books_the_same_seconds_as_a_right_one(
    app: Chalice, clock: FakeClock, connection: Connection, database: Database
) -> None:
    @bounded(30)
    @given(st.lists(sessions, min_size=1, max_size=4), skews)
    @example([Session(0, 300)], -600)
    @example([Session(0, 300), Session(0, 90, (0, DAY))], 121)
    def compare(plan: list[Session], skew: int) -> None:
        empty_tables()
        fixtures = create_fixtures(database)
        clock.timestamp = MONDAY_NINE
        wrong = Client(Api(app, fixtures.headers(ADMIN)), clock, ADMINS_ENTRY, skew)
        right = Client(Api(app, fixtures.headers(MEMBER)), clock, MEMBERS_ENTRY, 0)
        timestamp = MONDAY_NINE
        for session in plan:
            started_at = timestamp + session.pause
            timestamp = stopped_at = started_at + session.seconds
            start_delay, stop_delay = session.delays
            # A client sends one request at a time, in order.
            clock.timestamp = max(clock.timestamp, started_at + start_delay)
            for client in (right, wrong):
                client.start(started_at)
            clock.timestamp = max(clock.timestamp, stopped_at + stop_delay)
            for client in (right, wrong):
                client.stop(stopped_at)
        assert wrong.booked() == right.booked()
        assert len(wrong.booked()) == len(plan)
        assert violations(connection) == []

    compare()
