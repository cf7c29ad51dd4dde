"""Closing a period, and lifting it: contract section 10a."""

import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib.api_tokens.authentication import CALLER_CACHE_SECONDS, COMMIT_SECONDS
from chalicelib.core.dependencies import Dependencies
from chalicelib.organizations.periods import CLOSING_DELAY_SECONDS
from chalicelib.time_entries.purge_deleted import PurgeDeleted
from chalicelib.timers.auto_stop import AutoStop
from tests.support.api import Api
from tests.support.call_counter import counted
from tests.support.clock import DAY, HOUR, MINUTE, FakeClock, rfc3339
from tests.support.closed_period import CLOSED_UNTIL, MIDNIGHT, OPEN_DATE, close, created
from tests.support.fault_injection import intercepted, once_before_a_write
from tests.support.fixtures import (
    ADMIN,
    ADMINS_ENTRY,
    DESIGN,
    MEMBER,
    MEMBERS_ENTRY,
    OTHER_MEMBER,
    OTHER_MEMBERS_ENTRY,
    ZAGREB,
    Fixtures,
)
from tests.support.table_snapshots import snapshot

ORGANIZATION = f"/organizations/{ZAGREB.id}"
BEFORE_MIDNIGHT = rfc3339(MIDNIGHT - 1)


def test_processes_know_a_closing_when_it_is_committed_and_their_cached_callers_end() -> None:
    assert CLOSING_DELAY_SECONDS == CALLER_CACHE_SECONDS + COMMIT_SECONDS


def test_admin_closes_a_period_and_lifts_the_closing(admin: Api, clock: FakeClock) -> None:
    response = close(admin)
    assert response.status == 200
    assert response.attributes["closed_until"] == CLOSED_UNTIL
    assert response.attributes["closed_effective_at"] == "2026-03-02T09:01:00.000+01:00"
    assert admin.get(ORGANIZATION).data == response.data
    clock.advance(HOUR)
    # What does not change the closing leaves its time.
    assert close(admin).data == response.data
    name = {"data": {"attributes": {"name": "Studio", "closed_effective_at": None}}}
    assert admin.patch(ORGANIZATION, name).attributes["closed_effective_at"] == (
        "2026-03-02T09:01:00.000+01:00"
    )
    lifted = close(admin, None).attributes
    assert (lifted["closed_until"], lifted["closed_effective_at"]) == (
        None,
        "2026-03-02T10:01:00.000+01:00",
    )


def test_members_cannot_close_a_period(member: Api, connection: Connection) -> None:
    before = snapshot(connection)
    response = close(member)
    assert (response.status, response.error["code"]) == (403, "access_denied")
    assert snapshot(connection) == before


@pytest.mark.parametrize(
    "value", ["2026-03-02", "2026-03-03", "2126-02-28", "2026-02-29", "2026-2-1", 20260228, True]
)
def test_other_dates_are_refused(admin: Api, connection: Connection, value: object) -> None:
    before = snapshot(connection)
    response = admin.patch(ORGANIZATION, {"data": {"attributes": {"closed_until": value}}})
    assert (response.status, response.error["code"]) == (422, "invalid_attribute")
    assert response.error["source"] == {"pointer": "data/attributes/closed_until"}
    assert snapshot(connection) == before


def test_time_zone_in_which_today_is_closed_is_refused(admin: Api, clock: FakeClock) -> None:
    clock.timestamp = MIDNIGHT + DAY + 2 * HOUR  # 2026-03-02T02:00:00+01:00
    closed = {"data": {"attributes": {"closed_until": "2026-03-01"}}}
    assert admin.patch(ORGANIZATION, closed).status == 200
    west = {"data": {"attributes": {"time_zone": "America/Los_Angeles"}}}
    response = admin.patch(ORGANIZATION, west)
    assert response.status == 422
    assert response.error["source"] == {"pointer": "data/attributes/time_zone"}
    clock.advance(8 * HOUR)
    assert admin.patch(ORGANIZATION, west).status == 200


def test_yesterday_is_the_last_date_that_can_be_closed(admin: Api, clock: FakeClock) -> None:
    """By the time zone of the organization: in UTC, it is still the day before."""
    clock.timestamp = MIDNIGHT + 30 * MINUTE
    assert close(admin, OPEN_DATE).status == 422
    assert close(admin, CLOSED_UNTIL).status == 200


def test_each_closing_and_lifting_is_recorded(admin: Api, clock: FakeClock) -> None:
    for until in ("2026-01-31", CLOSED_UNTIL, CLOSED_UNTIL, None):
        clock.advance(1)
        assert close(admin, until).status == 200
    path = f"/admin_revisions?filter[subject_type]=organizations&filter[subject_id]={ZAGREB.id}"
    revisions = [revision["attributes"] for revision in admin.get(path).data]
    assert [(each["before"], each["after"]) for each in revisions] == [
        ({"closed_until": CLOSED_UNTIL}, {"closed_until": None}),
        ({"closed_until": "2026-01-31"}, {"closed_until": CLOSED_UNTIL}),
        ({"closed_until": None}, {"closed_until": "2026-01-31"}),
    ]
    assert {(each["creator_id"], each["token_id"]) for each in revisions} == {(ADMIN, 10 * ADMIN)}
    assert revisions[-1]["created_at"] == "2026-03-02T09:00:01.000+01:00"


def test_concurrent_closings_are_recorded_one_after_the_other(
    admin: Api, connection: Connection
) -> None:
    between = once_before_a_write(lambda: close(admin, "2026-01-31"))
    with intercepted(connection, between):
        assert close(admin).status == 200
    revisions = admin.get("/admin_revisions?filter[subject_type]=organizations").data
    values = [
        (each["attributes"]["before"]["closed_until"], each["attributes"]["after"]["closed_until"])
        for each in revisions
    ]
    assert sorted(values, key=str) == [("2026-01-31", CLOSED_UNTIL), (None, "2026-01-31")]


def test_running_timer_of_the_period_refuses_the_closing(
    admin: Api, member: Api, other_member: Api, connection: Connection, clock: FakeClock
) -> None:
    clock.timestamp = MIDNIGHT + HOUR
    started = created(member.start(service_id=DESIGN, started_at=BEFORE_MIDNIGHT))
    later = created(other_member.start(service_id=DESIGN, started_at=rfc3339(MIDNIGHT)))
    before = snapshot(connection)
    refused = close(admin)
    assert (refused.status, refused.error["code"]) == (409, "timers_running")
    assert refused.error["meta"] == {"timer_ids": [started]}
    assert refused.error["source"] == {"pointer": "data/attributes/closed_until"}
    assert snapshot(connection) == before
    # The period before it is not in the way.
    assert close(admin, "2026-02-27").status == 200
    assert member.stop(started).status == 200
    assert close(admin).status == 200
    assert other_member.stop(later).status == 200


def test_timer_that_runs_on_an_entry_of_the_period_refuses_the_closing(
    admin: Api, member: Api, clock: FakeClock
) -> None:
    """Its stop would change the time of an entry that is closed."""
    assert member.edit_entry(MEMBERS_ENTRY, date=CLOSED_UNTIL).status == 200
    timer_id = created(member.start(time_entry_id=MEMBERS_ENTRY))
    refused = close(admin)
    assert (refused.status, refused.error["meta"]) == (409, {"timer_ids": [timer_id]})
    clock.advance(MINUTE)
    assert member.stop(timer_id).status == 200
    assert close(admin).status == 200


def test_lifting_needs_no_stop(admin: Api, member: Api, clock: FakeClock) -> None:
    assert member.get("/timers").status == 200
    assert close(admin).status == 200
    # A function that remembers the organization still takes the start.
    timer_id = created(member.start(service_id=DESIGN, started_at=BEFORE_MIDNIGHT))
    clock.advance(HOUR)
    for until in ("2026-02-27", "2026-01-31", None):
        assert close(admin, until).status == 200
    assert member.stop(timer_id).status == 200


def test_calls_of_a_closing_are_few(
    admin: Api, member: Api, other_member: Api, connection: Connection
) -> None:
    created(member.start(time_entry_id=MEMBERS_ENTRY))
    created(other_member.start(time_entry_id=OTHER_MEMBERS_ENTRY))
    created(admin.start(time_entry_id=ADMINS_ENTRY))
    with counted(connection) as calls:
        assert close(admin).status == 200
    # The organization; the running timers; their time entries; the transaction.
    assert calls == ["BatchGetItem", "Query", "BatchGetItem", "TransactWriteItems"]
    with counted(connection) as calls:
        assert close(admin, None).status == 200
    assert calls == ["BatchGetItem", "TransactWriteItems"]


@pytest.fixture
def late(admin: Api, member: Api, clock: FakeClock) -> str:
    """A timer that started in the period within the minute after the closing, and runs."""
    clock.timestamp = MIDNIGHT + HOUR
    assert member.get("/timers").status == 200
    assert close(admin).status == 200
    timer_id = created(member.start(service_id=DESIGN, started_at=rfc3339(MIDNIGHT - HOUR)))
    clock.advance(CLOSING_DELAY_SECONDS)
    assert member.start(service_id=DESIGN, started_at=BEFORE_MIDNIGHT).status == 422
    return timer_id


def test_running_timer_of_the_period_can_always_be_stopped(member: Api, late: str) -> None:
    # Neither edited nor deleted.
    assert member.edit(late, started_at=rfc3339(MIDNIGHT)).error["code"] == "period_closed"
    assert member.send("DELETE", f"/timers/{late}").error["code"] == "period_closed"
    stopped = member.stop(late, stopped_at=BEFORE_MIDNIGHT)
    assert (stopped.status, stopped.attributes["total_time"]) == (200, 60)
    assert member.edit(late, stopped_at=None).error["code"] == "period_closed"


def test_edit_that_only_stops_a_running_timer_is_a_stop(member: Api, late: str) -> None:
    stopped = member.edit(late, stopped_at=BEFORE_MIDNIGHT)
    assert (stopped.status, stopped.attributes["total_time"]) == (200, 60)


@pytest.mark.parametrize("path", ["/timers/stop", "/time_entries/{entry}/stop"])
def test_shortcuts_stop_it_too(member: Api, late: str, path: str) -> None:
    shown = member.get(f"/timers/{late}?include=time_entry").document["included"][0]
    assert member.patch(path.format(entry=shown["id"])).attributes["stopped_at"] is not None


def test_switch_stops_it(member: Api, late: str) -> None:
    switched = member.start(service_id=DESIGN)
    assert (switched.status, switched.meta["stopped_timer_ids"]) == (201, [late])


def test_limit_stops_it(
    admin: Api, member: Api, late: str, dependencies: Dependencies, clock: FakeClock
) -> None:
    clock.advance(DAY)
    assert AutoStop(dependencies).run().stopped == 1
    stopped = admin.get(f"/timers/{late}").data
    assert stopped["meta"] == {"stop_reason": "auto"}
    # The limit was 11 hours after the midnight; an earlier end is a correction of closed time.
    assert member.stop(late, stopped_at=BEFORE_MIDNIGHT).error["code"] == "period_closed"


def test_deactivation_stops_it(admin: Api, late: str) -> None:
    assert admin.patch(f"/people/{MEMBER}/deactivate").status == 200
    assert admin.get(f"/timers/{late}").data["meta"] == {"stop_reason": "deactivated"}


def test_purge_finishes_a_deletion_from_before_the_closing(
    admin: Api, dependencies: Dependencies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.time_entries.rules.MAX_TIMERS_PER_STEP", 2)
    monkeypatch.setattr("chalicelib.time_entries.operations.MAX_PURGE_STEPS", 0)
    for hours in range(1, 6):
        span = {
            "started_at": rfc3339(MIDNIGHT - hours * HOUR),
            "stopped_at": rfc3339(MIDNIGHT - hours * HOUR + MINUTE),
        }
        created(admin.start(person_id=OTHER_MEMBER, time_entry_id=OTHER_MEMBERS_ENTRY, **span))
    path = f"/time_entries/{OTHER_MEMBERS_ENTRY}"
    assert admin.send("DELETE", path).status == 204
    listed = f"/timers?filter[person_id]={OTHER_MEMBER}"
    assert len(admin.get(listed).data) == 3
    assert close(admin).status == 200
    assert PurgeDeleted(dependencies).run().purged == 1
    assert admin.get(listed).data == []


def test_other_organizations_are_not_closed(admin: Api, stranger: Api, clock: FakeClock) -> None:
    assert close(admin).status == 200
    clock.advance(CLOSING_DELAY_SECONDS)
    span = {"started_at": rfc3339(MIDNIGHT - HOUR), "stopped_at": BEFORE_MIDNIGHT}
    assert stranger.start(service_id=1300, **span).status == 201


def test_admin_is_refused_as_everybody_is(
    app: Chalice, admin: Api, fixtures: Fixtures, clock: FakeClock
) -> None:
    assert close(admin).status == 200
    clock.advance(CLOSING_DELAY_SECONDS)
    own = Api(app, fixtures.headers(ADMIN))
    assert own.start(service_id=DESIGN, started_at=BEFORE_MIDNIGHT).status == 422
