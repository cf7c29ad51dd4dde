"""A repeated Idempotency-Key shows only what its sender may see now. Contract sections 5 and 8."""

from typing import Any

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.api_tokens.authentication import digest
from chalicelib.api_tokens.model import Credential
from chalicelib.core.dependencies import Dependencies
from chalicelib.http.routing import Route
from chalicelib.people.model import Person, Role
from chalicelib.registry import build_routes
from chalicelib.time_entries.model import TimeEntry
from tests.http.test_idempotency import is_replayed, send
from tests.support.api import Api
from tests.support.call_counter import counted
from tests.support.clock import MINUTE, FakeClock
from tests.support.fixtures import (
    ADMIN,
    DESIGN,
    MEMBER,
    OTHER_MEMBER,
    OTHER_MEMBERS_ENTRY,
    ZAGREB,
    Fixtures,
    put_all,
)
from tests.support.samples import TIMER, samples, send_sample

ENTRY = {"data": {"attributes": {"service_id": DESIGN, "note": "mine"}}}


@pytest.fixture
def demoted(admin: Api, fixtures: Fixtures, clock: FakeClock) -> Any:
    """Makes the admin a member; functions forget the role after a minute."""

    def demote() -> Api:
        person = fixtures.database.get(Person, ZAGREB.id, ADMIN)
        credential = fixtures.database.get(Credential, ZAGREB.id, digest(fixtures.tokens[ADMIN]))
        assert person is not None
        assert credential is not None
        put_all(replace(person, role=Role.MEMBER), replace(credential, role=Role.MEMBER))
        clock.advance(2 * MINUTE)
        return admin

    return demote


def write_routes(dependencies: Dependencies) -> list[tuple[Route, str]]:
    return [
        (route, method)
        for route in build_routes(dependencies)
        if route.is_write
        for method in route.methods
    ]


def test_demoted_admin_sees_no_record_of_others_in_a_replay(
    admin: Api, dependencies: Dependencies, demoted: Any, clock: FakeClock
) -> None:
    sent = []
    for number, (route, method) in enumerate(write_routes(dependencies)):
        document = {
            "data": {
                "attributes": {"person_id": OTHER_MEMBER, "time_entry_id": OTHER_MEMBERS_ENTRY}
            }
        }
        timer_id = "0"
        if samples()[route.name].record_id == TIMER or "stop" in route.name:
            timer_id = admin.post("/timers", document).data["id"]
            clock.advance(MINUTE)
        headers = {"Idempotency-Key": f"key-{number}"}
        first = send_sample(admin, route, method, timer_id, headers=headers)
        if first.status in (200, 201):
            sent.append((route, method, timer_id, headers, first))
    assert len(sent) > 8
    demoted()
    hidden = []
    for route, method, timer_id, headers, first in sent:
        replay = send_sample(admin, route, method, timer_id, headers=headers)
        if not route.has_location:
            # The record is the caller's own, and has no URL.
            assert replay.data == first.data
            continue
        shown = admin.get(f"/{route.resource.type}/{first.data['id']}")
        if shown.status == 200:
            # An operation that only admins may use is refused also for a record that all may see.
            assert replay.status in (first.status, 403), (route.name, replay.body)
        else:
            assert replay.status == shown.status, (route.name, replay.body)
            hidden.append(route.name)
    assert {"update_time_entry", "update_timer", "stop_timer"} <= set(hidden)


def test_demoted_admin_gets_404_for_a_colleagues_entry(admin: Api, demoted: Any) -> None:
    path = f"/time_entries/{OTHER_MEMBERS_ENTRY}"
    change = {"data": {"attributes": {"note": "private"}}}
    assert send(admin, "PATCH", path, change).status == 200
    assert is_replayed(send(admin, "PATCH", path, change))
    demoted()
    replay = send(admin, "PATCH", path, change)
    assert (replay.status, replay.error["code"]) == (404, "record_not_found")
    assert b"private" not in replay.body


def test_replayed_deletion_shows_nothing(admin: Api, demoted: Any) -> None:
    path = f"/time_entries/{OTHER_MEMBERS_ENTRY}"
    assert send(admin, "DELETE", path).status == 204
    demoted()
    replay = send(admin, "DELETE", path)
    assert (replay.status, replay.body) == (204, b"")


def test_entry_that_was_moved_to_somebody_else_is_not_replayed(admin: Api, member: Api) -> None:
    created = send(member, "POST", "/time_entries", ENTRY)
    entry_id = created.data["id"]
    change = {"data": {"attributes": {"note": "longer"}}}
    path = f"/time_entries/{entry_id}"
    assert send(member, "PATCH", path, change, key="edit").status == 200
    assert admin.edit_entry(entry_id, person_id=OTHER_MEMBER).status == 200
    for replay in (
        send(member, "POST", "/time_entries", ENTRY),
        send(member, "PATCH", path, change, key="edit"),
    ):
        assert (replay.status, replay.error["code"]) == (404, "record_not_found")


def test_entry_that_came_back_or_was_deleted_is_replayed(admin: Api, member: Api) -> None:
    created = send(member, "POST", "/time_entries", ENTRY)
    entry_id = created.data["id"]
    admin.edit_entry(entry_id, person_id=OTHER_MEMBER)
    admin.edit_entry(entry_id, person_id=MEMBER)
    assert send(member, "POST", "/time_entries", ENTRY).document == created.document
    assert member.send("DELETE", f"/time_entries/{entry_id}").status == 204
    assert send(member, "POST", "/time_entries", ENTRY).document == created.document


def test_check_adds_a_call_only_to_a_members_replay_of_an_entry(
    member: Api, connection: Connection, clock: FakeClock
) -> None:
    member.get("/timers/1")
    document = {"data": {"attributes": {"service_id": DESIGN}}}
    with counted(connection) as calls:
        entry = send(member, "POST", "/time_entries", ENTRY, key="a")
        started = send(member, "POST", "/timers", document, key="b")
        clock.advance(MINUTE // 3)
        send(member, "PATCH", f"/timers/{started.data['id']}/stop", key="c")
    assert calls == ["BatchGetItem", "TransactWriteItems"] * 3
    with counted(connection) as calls:
        send(member, "POST", "/timers", document, key="b")
        send(member, "PATCH", f"/timers/{started.data['id']}/stop", key="c")
    assert calls == ["BatchGetItem"] * 2
    with counted(connection) as calls:
        assert send(member, "POST", "/time_entries", ENTRY, key="a").document == entry.document
    assert calls == ["BatchGetItem"] * 2


def test_included_records_are_those_that_the_caller_may_see(
    admin: Api, member: Api, fixtures: Fixtures
) -> None:
    path = f"/timers/{member.start(service_id=DESIGN).data['id']}?include=time_entry"
    (included,) = member.get(path).document["included"]
    entry_id = int(included["id"])
    # No operation does this. If one did, the entry must not be shown.
    entry = fixtures.database.get(TimeEntry, ZAGREB.id, entry_id)
    assert entry is not None
    put_all(replace(entry, person_id=OTHER_MEMBER))
    response = member.get(path)
    assert (response.status, response.document.get("included", [])) == (200, [])
    assert [each["id"] for each in admin.get(path).document["included"]] == [str(entry_id)]
