"""No request changes time in a closed period: contract section 10a.

Every route that writes is declared here: with requests that a closed period refuses, or with the
reason why it cannot change time. A new route, command or function without a decision fails.
"""

import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import click
import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib import handlers
from chalicelib.core.dependencies import Dependencies
from chalicelib.http.routing import Route
from tests.support.api import Api, Response
from tests.support.clock import HOUR, MINUTE, FakeClock, rfc3339
from tests.support.closed_period import (
    CLOSED_DATE,
    CLOSED_UNTIL,
    MIDNIGHT,
    OPEN_DATE,
    ClosedPeriod,
    close,
    closed,
    record_time,
)
from tests.support.fixtures import (
    ADMIN,
    DESIGN,
    MEMBER,
    OTHER_MEMBER,
    OTHER_MEMBERS_ENTRY,
    Fixtures,
)
from tests.support.openapi_checks import TABLE
from tests.support.table_snapshots import snapshot
from tools.admin.cli import admin as commands

IN_PERIOD = rfc3339(MIDNIGHT - 1)
"""The last second of the period."""
AFTER = rfc3339(MIDNIGHT + 20 * HOUR)

Send = Callable[[Api, ClosedPeriod], Response]


@dataclass(frozen=True)
class Case:
    """A request of the owner of the time, or of an admin, that a closed period refuses.

    :param pointer: the attribute with the date that is in the period.
    """

    route: str
    what: str
    owner: int
    pointer: str
    send: Send
    only_owner: bool = False


def start(api: Api, **attributes: Any) -> Response:
    return api.start(person_id=OTHER_MEMBER, **attributes)


def create_entry(api: Api, date: str) -> Response:
    attributes = {"service_id": DESIGN, "person_id": MEMBER, "date": date, "time": 30}
    return api.post("/time_entries", {"data": {"attributes": attributes}})


def stop_at(api: Api, path: str, stopped_at: str) -> Response:
    return api.patch(path, {"data": {"attributes": {"stopped_at": stopped_at}}})


EARLIER = rfc3339(MIDNIGHT + HOUR)
"""Before the automatic stop of the session that starts in the period."""

CASES = (
    Case(
        "start_timer",
        "a running session that started in the period",
        OTHER_MEMBER,
        "started_at",
        lambda api, _: start(api, service_id=DESIGN, started_at=IN_PERIOD),
    ),
    Case(
        "start_timer",
        "a session of the period that is over",
        OTHER_MEMBER,
        "started_at",
        lambda api, _: start(
            api,
            service_id=DESIGN,
            started_at=rfc3339(MIDNIGHT - 10 * HOUR),
            stopped_at=rfc3339(MIDNIGHT - 9 * HOUR),
        ),
    ),
    Case(
        "start_timer",
        "now, on a time entry of the period",
        OTHER_MEMBER,
        "time_entry",
        lambda api, ids: start(api, time_entry_id=ids.closed_entry),
    ),
    Case(
        "start_timer",
        "a later session on a time entry of the period",
        OTHER_MEMBER,
        "time_entry",
        lambda api, ids: start(
            api,
            time_entry_id=ids.closed_entry,
            started_at=AFTER,
            stopped_at=rfc3339(MIDNIGHT + 21 * HOUR),
        ),
    ),
    Case(
        "start_time_entry",
        "now, on a time entry of the period",
        OTHER_MEMBER,
        "time_entry",
        lambda api, ids: api.patch(f"/time_entries/{ids.closed_entry}/start"),
    ),
    Case(
        "start_timer",
        "within a session that starts in the period, which it would supersede",
        OTHER_MEMBER,
        "started_at",
        lambda api, _: start(api, service_id=DESIGN, started_at=EARLIER),
    ),
    Case(
        "stop_timer",
        "a correction of an automatic stop",
        OTHER_MEMBER,
        "started_at",
        lambda api, ids: api.stop(ids.late_timer, stopped_at=EARLIER),
    ),
    Case(
        "stop_time_entry",
        "a correction of an automatic stop",
        OTHER_MEMBER,
        "started_at",
        lambda api, ids: stop_at(api, f"/time_entries/{ids.late_entry}/stop", EARLIER),
    ),
    Case(
        "stop_running_timer",
        "a correction of an automatic stop",
        OTHER_MEMBER,
        "started_at",
        lambda api, _: stop_at(api, "/timers/stop", EARLIER),
        only_owner=True,
    ),
    Case(
        "update_timer",
        "the stop",
        OTHER_MEMBER,
        "started_at",
        lambda api, ids: api.edit(ids.closed_timer, stopped_at=rfc3339(MIDNIGHT - 23.5 * HOUR)),
    ),
    Case(
        "update_timer",
        "the stop of a session that starts in the period",
        OTHER_MEMBER,
        "started_at",
        lambda api, ids: api.edit(ids.late_timer, stopped_at=EARLIER),
    ),
    Case(
        "update_timer",
        "continue a session that starts in the period",
        OTHER_MEMBER,
        "started_at",
        lambda api, ids: api.edit(ids.late_timer, stopped_at=None),
    ),
    Case(
        "update_timer",
        "the start, out of the period",
        OTHER_MEMBER,
        "started_at",
        lambda api, ids: api.edit(ids.late_timer, started_at=EARLIER),
    ),
    Case(
        "update_timer",
        "to another time entry",
        OTHER_MEMBER,
        "started_at",
        lambda api, ids: api.edit(ids.closed_timer, time_entry_id=OTHER_MEMBERS_ENTRY),
    ),
    Case(
        "update_timer",
        "the start, into the period",
        MEMBER,
        "started_at",
        lambda api, ids: api.edit(ids.open_timer, started_at=IN_PERIOD),
    ),
    Case(
        "update_timer",
        "to a time entry of the period",
        MEMBER,
        "time_entry",
        lambda api, ids: api.edit(ids.open_timer, time_entry_id=ids.old_entry),
    ),
    Case(
        "update_timer",
        "from a time entry of the period",
        MEMBER,
        "time_entry",
        lambda api, ids: api.edit(ids.old_timer, time_entry_id=ids.open_entry),
    ),
    Case(
        "update_timer",
        "a later session on a time entry of the period",
        MEMBER,
        "time_entry",
        lambda api, ids: api.edit(ids.old_timer, started_at=rfc3339(MIDNIGHT + 14.5 * HOUR)),
    ),
    Case(
        "delete_timer",
        "in the period",
        OTHER_MEMBER,
        "started_at",
        lambda api, ids: api.send("DELETE", f"/timers/{ids.closed_timer}"),
    ),
    Case(
        "delete_timer",
        "that starts in the period",
        OTHER_MEMBER,
        "started_at",
        lambda api, ids: api.send("DELETE", f"/timers/{ids.late_timer}"),
    ),
    Case(
        "delete_timer",
        "on a time entry of the period",
        MEMBER,
        "time_entry",
        lambda api, ids: api.send("DELETE", f"/timers/{ids.old_timer}"),
    ),
    Case(
        "create_time_entry",
        "in the period",
        MEMBER,
        "date",
        lambda api, _: create_entry(api, CLOSED_UNTIL),
    ),
    Case(
        "update_time_entry",
        "the note",
        OTHER_MEMBER,
        "date",
        lambda api, ids: api.edit_entry(ids.closed_entry, note="Late"),
    ),
    Case(
        "update_time_entry",
        "the time",
        OTHER_MEMBER,
        "date",
        lambda api, ids: api.edit_entry(ids.closed_entry, time=5),
    ),
    Case(
        "update_time_entry",
        "the date, out of the period",
        OTHER_MEMBER,
        "date",
        lambda api, ids: api.edit_entry(ids.closed_entry, date=OPEN_DATE),
    ),
    Case(
        "update_time_entry",
        "the date, into the period",
        MEMBER,
        "date",
        lambda api, ids: api.edit_entry(ids.open_entry, date=CLOSED_DATE),
    ),
    Case(
        "delete_time_entry",
        "in the period",
        OTHER_MEMBER,
        "date",
        lambda api, ids: api.send("DELETE", f"/time_entries/{ids.closed_entry}"),
    ),
    Case(
        "delete_time_entry",
        "dated later, with a session that starts in the period",
        OTHER_MEMBER,
        "started_at",
        lambda api, ids: api.send("DELETE", f"/time_entries/{ids.late_entry}"),
    ),
)

CHANGE_NO_TIME = {
    "update_organization": "closes a period, and lifts the closing",
    "create_person": "people",
    "update_person": "people",
    "archive_person": "as deactivate_person",
    "deactivate_person": "stops a running timer, which is always possible",
    "restore_person": "people",
    "activate_person": "people",
    "create_service": "services",
    "update_service": "services: time entries store whether theirs was billable",
    "archive_service": "services",
    "restore_service": "services",
    "create_api_token": "access",
    "update_api_token": "access",
    "delete_api_token": "access",
    "create_pairing": "access",
    "create_live_ticket": "access",
    "create_webhook": "webhooks",
    "update_webhook": "webhooks",
    "rotate_secret_webhook": "webhooks",
    "test_webhook": "webhooks",
    "replay_webhook": "webhooks",
    "delete_webhook": "webhooks",
}
COMMANDS = {
    "init": "organizations",
    "organizations create": "organizations",
    "organizations list": "reads",
    "organizations change": "closes a period, and lifts the closing",
    "people create": "people",
    "people list": "reads",
    "people change": "people",
    "people deactivate": "stops a running timer, which is always possible",
    "people restore": "people",
    "people import": "people",
    "people export": "reads",
    "people erase": "erases texts; --with-times is refused: tests/admin/test_closed_periods.py",
    "services create": "services",
    "services list": "reads",
    "services archive": "services",
    "services restore": "services",
    "services import": "services",
    "entries import": "refused, row by row: tests/admin/test_closed_periods.py",
    "entries export": "reads",
    "report": "reads",
    "tokens pair": "access",
    "tokens create": "access",
    "tokens list": "reads",
    "tokens revoke": "access",
}
FUNCTIONS = {
    "auto_stop": "stops running timers, which is always possible, and finishes deletions",
    "composition": "no function",
    "counter_rollup": "counters follow from what was written",
    "event_fanout": "events",
    "live_connect": "access",
    "webhook_delivery": "events",
}


@pytest.fixture
def ids(app: Chalice, fixtures: Fixtures, dependencies: Dependencies) -> ClosedPeriod:
    return record_time(app, fixtures, dependencies)


@pytest.fixture
def api_of(app: Chalice, fixtures: Fixtures) -> Callable[[int], Api]:
    return lambda person_id: Api(app, fixtures.headers(person_id))


def _each_case() -> Iterator[Any]:
    for case in CASES:
        for person_id in (case.owner,) if case.only_owner else (case.owner, ADMIN):
            who = "admin" if person_id == ADMIN else "owner"
            yield pytest.param(case, person_id, id=f"{case.route}: {case.what}, {who}")


@pytest.mark.parametrize(("case", "person_id"), list(_each_case()))
def test_closed_period_refuses_the_write(
    api_of: Callable[[int], Api],
    connection: Connection,
    clock: FakeClock,
    ids: ClosedPeriod,
    case: Case,
    person_id: int,
) -> None:
    api = api_of(person_id)
    api.headers["Idempotency-Key"] = "once"
    with closed(api_of(ADMIN), clock):
        # The first request of a day stores the date in the token.
        assert api.get("/timers").status == 200
        before = snapshot(connection)
        refused = case.send(api, ids)
        assert (refused.status, refused.error["code"]) == (422, "period_closed"), refused.body
        assert refused.error["title"] == "Invalid Attribute"
        assert refused.error["source"] == {"pointer": f"data/attributes/{case.pointer}"}
        assert refused.error["meta"] == {"closed_until": CLOSED_UNTIL}
        assert CLOSED_UNTIL in refused.error["detail"]
        assert snapshot(connection) == before
    # The closing is the only reason, and a refusal is not stored under the key.
    assert case.send(api, ids).status == _route(case.route).success


def _route(name: str) -> Route:
    (route,) = (route for route in TABLE if route.name == name)
    return route


def test_every_route_that_writes_is_declared() -> None:
    names = {route.name for route in TABLE if route.is_write}
    refused = {case.route for case in CASES}
    assert refused | CHANGE_NO_TIME.keys() == names
    assert not refused & CHANGE_NO_TIME.keys()
    # What a route declares is in the description of the API.
    declared = {
        route.name
        for route in TABLE
        if any(error.code == "period_closed" for error in route.errors)
    }
    assert declared == refused


def _commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[str]:
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from _commands(child, (*path, name))
    else:
        yield " ".join(path)


def test_every_admin_command_and_function_is_declared() -> None:
    assert set(_commands(commands)) == COMMANDS.keys()
    assert {module.name for module in pkgutil.iter_modules(handlers.__path__)} == FUNCTIONS.keys()


def test_time_after_the_period_is_recorded_as_always(
    admin: Api, member: Api, clock: FakeClock, ids: ClosedPeriod
) -> None:
    with closed(admin, clock):
        first = rfc3339(MIDNIGHT)
        inserted = member.start(
            service_id=DESIGN, started_at=first, stopped_at=rfc3339(MIDNIGHT + HOUR)
        )
        assert inserted.status == 201, inserted.body
        timer_id = member.start(service_id=DESIGN).data["id"]
        clock.advance(MINUTE)
        assert member.stop(timer_id).attributes["total_time"] == 1
        assert member.edit(timer_id, started_at=clock.at(-2 * MINUTE)).status == 200
        assert member.send("DELETE", f"/timers/{timer_id}").status == 204
        assert create_entry(member, OPEN_DATE).status == 201
        assert member.edit_entry(ids.open_entry, time=5, date="2026-03-02").status == 200
        assert member.send("DELETE", f"/time_entries/{ids.open_entry}").status == 204


def test_entry_dated_later_can_change_although_a_session_starts_in_the_period(
    admin: Api, other_member: Api, clock: FakeClock, ids: ClosedPeriod
) -> None:
    with closed(admin, clock):
        changed = other_member.edit_entry(ids.late_entry, note="Night shift", date="2026-03-02")
        assert (changed.status, changed.attributes["date"]) == (200, "2026-03-02")


def test_write_that_changes_nothing_is_not_refused(
    admin: Api, other_member: Api, connection: Connection, clock: FakeClock, ids: ClosedPeriod
) -> None:
    with closed(admin, clock):
        shown = other_member.get(f"/time_entries/{ids.closed_entry}").attributes
        before = snapshot(connection)
        # Clients save whole forms, and repeat stops.
        saved = other_member.edit_entry(ids.closed_entry, date=shown["date"], note=shown["note"])
        assert saved.status == 200
        times = other_member.get(f"/timers/{ids.closed_timer}").attributes
        edited = other_member.edit(
            ids.closed_timer, started_at=times["started_at"], stopped_at=times["stopped_at"]
        )
        assert edited.status == 200
        for timer_id in (ids.closed_timer, ids.late_timer):
            assert other_member.stop(timer_id).meta["already_stopped"] is True
        assert snapshot(connection) == before


def test_repeat_of_a_request_from_before_the_closing_gets_its_response(
    admin: Api, app: Chalice, fixtures: Fixtures, clock: FakeClock, ids: ClosedPeriod
) -> None:
    keyed = Api(app, {**fixtures.headers(OTHER_MEMBER), "Idempotency-Key": "tap"})
    first = keyed.edit(ids.closed_timer, stopped_at=rfc3339(MIDNIGHT - 23.5 * HOUR))
    assert first.status == 200
    with closed(admin, clock):
        again = keyed.edit(ids.closed_timer, stopped_at=rfc3339(MIDNIGHT - 23.5 * HOUR))
        assert (again.status, again.headers["Idempotency-Replayed"]) == (200, "true")
        assert again.data == first.data


def test_closed_time_and_its_revisions_stay_readable(
    admin: Api, other_member: Api, clock: FakeClock, ids: ClosedPeriod
) -> None:
    assert other_member.edit_entry(ids.closed_entry, note="Corrected").status == 200
    with closed(admin, clock):
        for path in (f"/timers/{ids.closed_timer}", f"/time_entries/{ids.closed_entry}"):
            assert other_member.get(path).status == 200
        (revision,) = other_member.get(
            f"/time_entry_revisions?filter[time_entry_id]={ids.closed_entry}"
        ).data
        assert revision["attributes"]["after"] == {"note": "Corrected"}


def test_new_entry_is_dated_in_the_zone_of_the_person(
    admin: Api, member: Api, clock: FakeClock
) -> None:
    """In Honolulu it is still the last evening of the period, at nine on the first of March."""
    zone = {"data": {"attributes": {"time_zone": "Pacific/Honolulu"}}}
    assert admin.patch(f"/people/{MEMBER}", zone).status == 200
    times = {"started_at": rfc3339(MIDNIGHT + 8 * HOUR), "stopped_at": rfc3339(MIDNIGHT + 9 * HOUR)}
    assert close(admin).status == 200
    clock.advance(60)
    refused = member.start(service_id=DESIGN, **times)
    assert refused.error["code"] == "period_closed"
    assert refused.error["source"] == {"pointer": "data/attributes/started_at"}
    assert "dated 2026-02-28" in refused.error["detail"]
