"""A company whose time up to 2026-02-28 is closed, with sessions on both sides of the midnight."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chalice.app import Chalice

from chalicelib.core.dependencies import Dependencies
from chalicelib.organizations.periods import CLOSING_DELAY_SECONDS
from chalicelib.timers.auto_stop import AutoStop
from tests.support.api import Api, Response
from tests.support.clock import DAY, HOUR, MONDAY_NINE, FakeClock, rfc3339
from tests.support.fixtures import ADMIN, DESIGN, MEMBER, OTHER_MEMBER, ZAGREB, Fixtures

CLOSED_UNTIL = "2026-02-28"
CLOSED_DATE = "2026-02-27"
OPEN_DATE = "2026-03-01"
MIDNIGHT = MONDAY_NINE - 33 * HOUR
"""2026-03-01T00:00:00+01:00: the first second that is open."""


@dataclass(frozen=True)
class ClosedPeriod:
    """The ids of what was recorded before the period was closed.

    :param closed_entry: of OTHER_MEMBER, dated in the period.
    :param closed_timer: its session, which is in the period.
    :param late_entry: of OTHER_MEMBER, dated after the period.
    :param late_timer: its session, which starts in the period and was stopped automatically after
        it; the last one of OTHER_MEMBER.
    :param old_entry: of MEMBER, dated in the period.
    :param old_timer: its session, which starts after the period.
    :param open_entry: of MEMBER, dated after the period.
    :param open_timer: its session, which starts after the period.
    """

    closed_entry: str
    closed_timer: str
    late_entry: str
    late_timer: str
    old_entry: str
    old_timer: str
    open_entry: str
    open_timer: str


def record_time(app: Chalice, fixtures: Fixtures, dependencies: Dependencies) -> ClosedPeriod:
    """Record the time; the clock is at Monday nine then, and nothing is closed yet."""
    clock = dependencies.clock
    assert isinstance(clock, FakeClock)
    admin = Api(app, fixtures.headers(ADMIN))

    def entry(person_id: int, date: str) -> str:
        attributes = {"service_id": DESIGN, "person_id": person_id, "date": date, "time": None}
        return str(created(admin.post("/time_entries", {"data": {"attributes": attributes}})))

    def session(person_id: int, entry_id: str, start: int) -> str:
        times = {"started_at": rfc3339(start), "stopped_at": rfc3339(start + HOUR)}
        return created(admin.start(person_id=person_id, time_entry_id=entry_id, **times))

    clock.timestamp = MIDNIGHT - 4 * HOUR
    closed_entry, late_entry = (entry(OTHER_MEMBER, date) for date in (CLOSED_DATE, OPEN_DATE))
    closed_timer = session(OTHER_MEMBER, closed_entry, MIDNIGHT - DAY)
    late_timer = created(admin.start(person_id=OTHER_MEMBER, time_entry_id=late_entry))
    clock.timestamp = MONDAY_NINE
    assert AutoStop(dependencies).run().stopped == 1
    old_entry, open_entry = entry(MEMBER, CLOSED_UNTIL), entry(MEMBER, OPEN_DATE)
    old_timer, open_timer = (
        session(MEMBER, entry_id, MIDNIGHT + hours * HOUR)
        for entry_id, hours in ((old_entry, 14), (open_entry, 12))
    )
    return ClosedPeriod(
        closed_entry,
        closed_timer,
        late_entry,
        late_timer,
        old_entry,
        old_timer,
        open_entry,
        open_timer,
    )


def close(admin: Api, until: str | None = CLOSED_UNTIL) -> Response:
    """Close the period up to a date, or lift the closing."""
    return admin.patch(
        f"/organizations/{ZAGREB.id}", {"data": {"attributes": {"closed_until": until}}}
    )


@contextmanager
def closed(admin: Api, clock: FakeClock) -> Iterator[None]:
    """Close the period, and lift the closing at the end. Each is in force then."""
    assert close(admin).status == 200
    clock.advance(CLOSING_DELAY_SECONDS)
    yield
    assert close(admin, None).status == 200
    clock.advance(CLOSING_DELAY_SECONDS)


def created(response: Response) -> str:
    """The id of a created record."""
    assert response.status == 201, response.body
    return str(response.data["id"])
