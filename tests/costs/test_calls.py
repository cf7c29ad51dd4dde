"""Limits for the number of sequential database calls of each request."""

import pytest
from pynamodb.connection import Connection

from chalicelib.api_tokens.authentication import CALLER_CACHE_SECONDS
from tests.support.api import Api
from tests.support.call_counter import counted
from tests.support.clock import HOUR, MINUTE, FakeClock
from tests.support.event_services import EventServices
from tests.support.fixtures import (
    ADMINS_ENTRY,
    ADMINS_SECOND_ENTRY,
    DESIGN,
    DEVELOPMENT,
    MEMBER,
    MEMBERS_ENTRY,
)
from tests.support.permissions import needed_outside
from tests.support.rollups import roll_up_all

READ, COMMIT, QUERY = "BatchGetItem", "TransactWriteItems", "Query"


@pytest.fixture
def cached_admin(admin: Api) -> Api:
    """An admin whose token is already in the cache of callers."""
    admin.get("/timers/1")
    return admin


def test_token_lookup_takes_one_call_and_is_cached(admin: Api, connection: Connection) -> None:
    with counted(connection) as calls:
        admin.get("/timers")
        admin.get("/timers")
    assert calls == [READ, QUERY, QUERY]


@pytest.mark.parametrize(
    "attributes",
    [
        {"time_entry_id": ADMINS_ENTRY},
        {"service_id": DESIGN},
        {"time_entry_id": MEMBERS_ENTRY, "person_id": MEMBER},
    ],
)
def test_start_takes_two_calls(
    cached_admin: Api, connection: Connection, attributes: dict[str, int]
) -> None:
    with counted(connection) as calls:
        assert cached_admin.start(**attributes).status == 201
    assert calls == [READ, COMMIT]


def test_start_on_an_entry_takes_two_calls_after_authentication_also_in_a_new_process(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    for _ in range(2):
        with counted(connection) as calls:
            assert admin.start(time_entry_id=ADMINS_ENTRY).status == 201
            assert admin.start(time_entry_id=ADMINS_SECOND_ENTRY).status == 201
        assert calls == [READ, READ, COMMIT, READ, COMMIT]
        clock.advance(CALLER_CACHE_SECONDS)


def test_start_on_an_entry_of_an_archived_service_is_refused_after_two_calls(
    cached_admin: Api, connection: Connection, clock: FakeClock
) -> None:
    with counted(connection) as calls:
        cached_admin.patch(f"/services/{DESIGN}/archive")
    assert calls == [READ, COMMIT]
    clock.advance(CALLER_CACHE_SECONDS)
    cached_admin.get("/timers/1")
    with counted(connection) as calls:
        assert cached_admin.start(time_entry_id=ADMINS_ENTRY).status == 422
    # The second one is for the reason: the organization lists only the ids of closed services.
    assert calls == [READ, READ]


def test_switch_takes_two_calls(
    cached_admin: Api, connection: Connection, clock: FakeClock
) -> None:
    cached_admin.start(time_entry_id=ADMINS_ENTRY)
    clock.advance(30)
    with counted(connection) as calls:
        assert cached_admin.start(time_entry_id=ADMINS_SECOND_ENTRY).status == 201
    assert calls == [READ, COMMIT]


def test_stop_takes_two_calls_and_a_repeated_stop_one(
    cached_admin: Api, connection: Connection, clock: FakeClock
) -> None:
    timer_id = cached_admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(30)
    with counted(connection) as calls:
        assert cached_admin.stop(timer_id).status == 200
    assert calls == [READ, COMMIT]
    with counted(connection) as calls:
        assert cached_admin.stop(timer_id).status == 200
    assert calls == [READ]


def test_webhooks_add_no_calls_to_a_request(
    cached_admin: Api, connection: Connection, event_services: EventServices, clock: FakeClock
) -> None:
    event_services.create_webhook("https://hooks.example.com/")
    with needed_outside(event_services.settings) as outside_calls, counted(connection) as calls:
        timer_id = cached_admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
        clock.advance(30)
        assert cached_admin.stop(timer_id).status == 200
    assert calls == [READ, COMMIT, READ, COMMIT]
    assert outside_calls == set()


def test_corrected_stop_takes_three_calls(
    cached_admin: Api, connection: Connection, clock: FakeClock
) -> None:
    timer_id = cached_admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(30)
    cached_admin.start(time_entry_id=ADMINS_ENTRY)
    with counted(connection) as calls:
        cached_admin.stop(timer_id, stopped_at="2026-03-02T09:00:10+01:00")
    assert calls == [READ, READ, COMMIT]


def test_timer_takes_one_call_plus_one_per_include_level(
    cached_admin: Api, connection: Connection
) -> None:
    timer_id = cached_admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    for include, steps in (
        ("", 0),
        ("?include=organization", 1),
        ("?include=time_entry,organization", 1),
        ("?include=time_entry.service,time_entry.person,organization", 2),
        ("?include=time_entry.task", 1),
    ):
        with counted(connection) as calls:
            assert cached_admin.get(f"/timers/{timer_id}{include}").status == 200
        assert calls == [READ] * (1 + steps)


def test_list_takes_one_call(cached_admin: Api, connection: Connection) -> None:
    cached_admin.start(time_entry_id=ADMINS_ENTRY)
    for query in ("", "?sort=-stopped_at", "?filter[person_id]=8779", "?filter[stopped_at]="):
        with counted(connection) as calls:
            assert len(cached_admin.get(f"/timers{query}").data) == 1
        assert calls == [QUERY]


def test_invalid_request_takes_no_calls(cached_admin: Api, connection: Connection) -> None:
    with counted(connection) as calls:
        cached_admin.get("/timers?sort=name")
        cached_admin.get("/timers/abc")
        cached_admin.start()
        cached_admin.post("/timers", [])
        cached_admin.stop("abc")
    assert calls == []


def test_running_timer_of_a_person_takes_one_consistent_read(
    cached_admin: Api, connection: Connection
) -> None:
    cached_admin.start(time_entry_id=ADMINS_ENTRY)
    with counted(connection) as calls:
        assert len(cached_admin.get("/timers?filter[person_id]=8779&filter[stopped_at]=").data) == 1
    assert calls == [READ]


def _entry(**attributes: object) -> object:
    return {"data": {"type": "time_entries", "attributes": attributes}}


def test_time_entry_create_and_update_take_two_calls_each(
    cached_admin: Api, connection: Connection
) -> None:
    with counted(connection) as calls:
        created = cached_admin.post("/time_entries", _entry(service_id=DESIGN, time=5))
    assert (created.status, calls) == (201, [READ, COMMIT])
    path = f"/time_entries/{created.data['id']}"
    for change in ({"time": 6}, {"service_id": DEVELOPMENT}, {"person_id": MEMBER}):
        with counted(connection) as calls:
            assert cached_admin.patch(path, _entry(**change)).status == 200
        assert calls == [READ, COMMIT]
    with counted(connection) as calls:
        assert cached_admin.patch(path, _entry(time=6)).status == 200
    assert calls == [READ]


def test_time_entry_delete_takes_two_calls_or_four_with_timers(
    cached_admin: Api, connection: Connection, clock: FakeClock
) -> None:
    cached_admin.start(time_entry_id=ADMINS_ENTRY)
    with counted(connection) as calls:
        assert cached_admin.send("DELETE", f"/time_entries/{ADMINS_ENTRY}").status == 409
    assert calls == [READ]
    clock.advance(30)
    cached_admin.patch(f"/time_entries/{ADMINS_ENTRY}/stop")
    with counted(connection) as calls:
        assert cached_admin.send("DELETE", f"/time_entries/{ADMINS_ENTRY}").status == 204
    assert calls == [READ, QUERY, READ, COMMIT]
    with counted(connection) as calls:
        assert cached_admin.send("DELETE", f"/time_entries/{ADMINS_SECOND_ENTRY}").status == 204
    assert calls == [READ, COMMIT]


def test_time_entry_takes_one_call_plus_one_for_includes(
    cached_admin: Api, connection: Connection
) -> None:
    included = "organization,person,service,creator,task,project"
    for query, steps in (("", 0), (f"?include={included}", 1)):
        with counted(connection) as calls:
            assert cached_admin.get(f"/time_entries/{ADMINS_ENTRY}{query}").status == 200
        assert calls == [READ] * (1 + steps)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [QUERY]),
        ("sort=-date", [QUERY]),
        ("filter[person_id]=8779&filter[after]=2026-03-01", [QUERY]),
        ("filter[service_id]=1294&page[after]=", [QUERY]),
        ("filter[note]=x", [QUERY]),
        ("sort=updated_at&page[after]=", [QUERY]),
        ("filter[id]=364,366&sort=created_at", [READ]),
        ("filter[task_id]=1", []),
        ("filter[after]=2026-03-02&filter[before]=2026-03-01", []),
        # With more than one page, the counters of the months or of a range are read, and the last
        # rows at the same time.
        ("page[size]=1", [QUERY, QUERY, QUERY]),
        ("page[size]=1&filter[date]=2026-03-02", [QUERY, READ, QUERY]),
        ("page[size]=1&page[number]=2", [QUERY, QUERY]),
    ],
)
def test_list_of_time_entries_takes_the_expected_calls(
    cached_admin: Api, connection: Connection, query: str, expected: list[str]
) -> None:
    roll_up_all(connection)
    with counted(connection) as calls:
        assert cached_admin.get(f"/time_entries?{query}").status == 200
    # Parallel calls have no order.
    assert sorted(calls) == sorted(expected)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [QUERY]),
        (f"filter[person_id]={MEMBER}&filter[created_at][gt]=2026-03-02", [QUERY]),
        ("filter[creator_id]=1&sort=created_at&page[after]=", [QUERY]),
        # One call for each entry, at the same time.
        ("filter[time_entry_id]=364,366", [QUERY, QUERY]),
    ],
)
def test_list_of_revisions_takes_the_expected_calls(
    cached_admin: Api, connection: Connection, query: str, expected: list[str]
) -> None:
    with counted(connection) as calls:
        assert cached_admin.get(f"/time_entry_revisions?{query}").status == 200
    # Parallel calls have no order.
    assert sorted(calls) == sorted(expected)


@pytest.fixture
def others_timer(member: Api, clock: FakeClock) -> str:
    """A timer of the member, which ran an hour and ended a minute ago."""
    timer_id = str(member.start(time_entry_id=MEMBERS_ENTRY).data["id"])
    clock.advance(HOUR)
    member.stop(timer_id)
    clock.advance(MINUTE)
    return timer_id


@pytest.mark.parametrize(
    "attributes",
    [
        {"stopped_at": "2026-03-02T09:30:00+01:00"},
        {"started_at": "2026-02-01T22:00:00+01:00", "stopped_at": "2026-02-03T01:00:00+01:00"},
        {"stopped_at": None},
        {"time_entry_id": MEMBERS_ENTRY, "started_at": "2026-03-02T09:10:00+01:00"},
    ],
    ids=["shorter", "to other days", "runs on", "later start"],
)
def test_edit_takes_three_calls(
    admin: Api, others_timer: str, connection: Connection, attributes: dict[str, object]
) -> None:
    admin.get("/organizations")
    with counted(connection) as calls:
        assert admin.edit(others_timer, **attributes).status == 200
    assert calls == [READ, READ, COMMIT]


def test_deletion_of_a_session_takes_three_calls(
    admin: Api, others_timer: str, connection: Connection
) -> None:
    admin.get("/organizations")
    with counted(connection) as calls:
        assert admin.send("DELETE", f"/timers/{others_timer}").status == 204
    assert calls == [READ, READ, COMMIT]


def test_session_that_is_over_takes_two_calls(
    admin: Api, others_timer: str, connection: Connection
) -> None:
    assert others_timer
    admin.get("/organizations")
    times = {"started_at": "2026-02-01T22:00:00+01:00", "stopped_at": "2026-02-03T01:00:00+01:00"}
    with counted(connection) as calls:
        started = admin.start(time_entry_id=MEMBERS_ENTRY, person_id=MEMBER, **times)
        assert started.status == 201
    assert calls == [READ, COMMIT]
