"""People: contract sections 5 and 10. test_access.py tests the permissions."""

from typing import Any

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.permissions import Caller
from chalicelib.people.model import Person, Role
from chalicelib.people.operations import People
from chalicelib.people.rules import LAST_ADMIN
from tests.support.api import Api, Response
from tests.support.call_counter import counted
from tests.support.clock import HOUR, MINUTE, FakeClock
from tests.support.fixtures import (
    ADMIN,
    DEACTIVATED,
    DESIGN,
    MEMBER,
    MEMBERS_ENTRY,
    OTHER_MEMBER,
    ZAGREB,
    Fixtures,
    put_all,
)
from tests.support.invariants import violations
from tests.support.table_snapshots import items, snapshot


def create(api: Api, **attributes: object) -> Response:
    values = {"first_name": "Ana", "last_name": "Horvat", "email": "ana@example.com", **attributes}
    return api.post("/people", {"data": {"type": "people", "attributes": values}})


def change(api: Api, person_id: int | str, **attributes: object) -> Response:
    data = {"type": "people", "id": str(person_id), "attributes": attributes}
    return api.patch(f"/people/{person_id}", {"data": data})


def invalid_attribute(response: Response) -> str:
    assert (response.status, response.error["code"]) == (422, "invalid_attribute")
    pointer: str = response.error["source"]["pointer"]
    return pointer.removeprefix("data/attributes/")


# Creating


def test_person_is_created_as_a_member(admin: Api, clock: FakeClock) -> None:
    response = create(admin, title="Designer")
    assert response.status == 201
    assert response.headers["Location"].endswith(f"/api/v2/people/{response.data['id']}")
    assert response.attributes == {
        "first_name": "Ana",
        "last_name": "Horvat",
        "email": "ana@example.com",
        "title": "Designer",
        "nickname": None,
        "avatar_url": None,
        "time_zone": None,
        "auto_stop_at_time": None,
        "role_id": 3,
        "role": "member",
        "deactivated_at": None,
        "archived_at": None,
        "is_user": True,
        "created_at": "2026-03-02T09:00:00.000+01:00",
    }
    assert clock() > 0
    assert admin.get(f"/people/{response.data['id']}").data == response.data


@pytest.mark.parametrize("attributes", [{"role": "admin"}, {"role_id": 1}, {"role_id": "1"}])
def test_person_can_be_created_as_an_admin(admin: Api, attributes: dict[str, object]) -> None:
    assert create(admin, **attributes).attributes["role"] == "admin"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("first_name", None),
        ("last_name", "  "),
        ("email", None),
        ("email", "nobody"),
        ("email", "a@b@c"),
        ("email", "a b@example.com"),
        ("email", f"{'a' * 250}@example.com"),
        ("first_name", "x" * 256),
        ("first_name", 7),
        ("avatar_url", "javascript:alert(1)"),
        ("avatar_url", f"https://example.com/{'x' * 2048}"),
        ("time_zone", "Zagreb"),
        ("auto_stop_at_time", "7 pm"),
        ("role", "owner"),
        ("role_id", 2),
        ("role_id", True),
        ("role", ["admin"]),
    ],
)
def test_invalid_attribute_is_rejected_and_writes_nothing(
    admin: Api, connection: Connection, name: str, value: object
) -> None:
    before = snapshot(connection)
    assert invalid_attribute(create(admin, **{name: value})) == name.removesuffix("_id")
    assert snapshot(connection) == before


def test_email_is_unique_in_an_organization_ignoring_case(admin: Api, stranger: Api) -> None:
    first = create(admin)
    assert invalid_attribute(create(admin, email="ANA@example.com")) == "email"
    # Another organization can use the same address.
    assert create(stranger).status == 201
    # A person keeps their own address. An address that they give up is free again.
    assert change(admin, first.data["id"], email="Ana@Example.com").status == 200
    assert invalid_attribute(create(admin)) == "email"
    assert change(admin, first.data["id"], email="horvat@example.com").status == 200
    assert invalid_attribute(change(admin, MEMBER, email="horvat@example.com")) == "email"
    assert create(admin).status == 201


def test_repeated_create_with_a_key_creates_one_person(admin: Api, connection: Connection) -> None:
    body = b'{"data":{"attributes":{"first_name":"A","last_name":"B","email":"a@example.com"}}}'
    headers = {"Content-Type": "application/vnd.api+json", "Idempotency-Key": "once"}
    first = admin.send("POST", "/people", body, headers)
    before = snapshot(connection)
    replay = admin.send("POST", "/people", body, headers)
    assert (replay.status, replay.document) == (201, first.document)
    assert replay.headers["Location"] == first.headers["Location"]
    assert replay.headers["Idempotency-Replayed"] == "true"
    assert snapshot(connection) == before


# Changing


def test_sparse_update_changes_only_sent_attributes_and_null_clears(admin: Api) -> None:
    assert change(admin, MEMBER, title="Designer", nickname="mem").status == 200
    response = change(admin, MEMBER, title=None, first_name="Iva")
    assert response.attributes["title"] is None
    assert (response.attributes["nickname"], response.attributes["first_name"]) == ("mem", "Iva")
    assert admin.get(f"/people/{MEMBER}").data == response.data


@pytest.mark.parametrize("name", ["first_name", "last_name", "email", "role"])
@pytest.mark.parametrize("empty_value", [None, "", " "])
def test_required_attribute_cannot_be_cleared(
    admin: Api, name: str, empty_value: str | None
) -> None:
    assert invalid_attribute(change(admin, MEMBER, **{name: empty_value})) == name


def test_empty_update_changes_nothing(admin: Api, connection: Connection) -> None:
    before = snapshot(connection)
    for data in ({}, {"attributes": {"unknown": 1}}):
        assert admin.patch(f"/people/{MEMBER}", {"data": data}).status == 200
    without_data: tuple[object, ...] = ({}, {"data": None}, {"attributes": {"first_name": "Iva"}})
    for document in without_data:
        response = admin.patch(f"/people/{MEMBER}", document)
        assert (response.status, response.error["code"]) == (400, "malformed_document")
    assert admin.patch(f"/people/{MEMBER}").status == 200
    assert snapshot(connection) == before


def test_document_with_another_id_or_type_is_a_conflict(admin: Api) -> None:
    response = admin.patch(f"/people/{MEMBER}", {"data": {"id": str(OTHER_MEMBER)}})
    assert (response.status, response.error["code"]) == (409, "id_conflict")
    response = admin.patch(f"/people/{MEMBER}", {"data": {"type": "services"}})
    assert (response.status, response.error["code"]) == (409, "type_conflict")


def test_member_can_change_own_profile(member: Api) -> None:
    response = change(
        member,
        MEMBER,
        first_name="Iva",
        last_name="Babić",
        title="Designer",
        nickname="iva",
        avatar_url="https://example.com/iva.png",
        time_zone="Europe/Lisbon",
    )
    assert response.status == 200
    assert response.attributes["last_name"] == "Babić"
    # A client can send the shown values back: that is no change.
    assert change(member, MEMBER, **response.attributes).status == 200


@pytest.mark.parametrize(
    "attributes",
    [
        {"role": "admin"},
        {"role_id": 1},
        {"email": "x@example.com"},
        {"auto_stop_at_time": "23:00"},
    ],
)
def test_member_cannot_change_own_role_email_or_limit(
    member: Api, connection: Connection, attributes: dict[str, Any]
) -> None:
    before = snapshot(connection)
    response = change(member, MEMBER, **attributes)
    assert (response.status, response.error["code"]) == (403, "access_denied")
    assert snapshot(connection) == before


def test_role_change_applies_to_existing_tokens(admin: Api, member: Api, clock: FakeClock) -> None:
    assert member.get(f"/people/{ADMIN}").attributes["email"] is None
    assert change(admin, MEMBER, role="admin").attributes["role_id"] == 1
    clock.advance(MINUTE + 1)
    assert member.get(f"/people/{ADMIN}").attributes["email"] == f"{ADMIN}@example.com"
    assert change(admin, MEMBER, role="member").status == 200
    clock.advance(MINUTE + 1)
    assert create(member).status == 403


# Visibility of email addresses


def test_member_sees_only_own_email_and_admin_sees_all(admin: Api, member: Api) -> None:
    assert all(person["attributes"]["email"] for person in admin.get("/people").data)
    emails = {person["id"]: person["attributes"]["email"] for person in member.get("/people").data}
    assert {person_id for person_id, email in emails.items() if email} == {str(MEMBER)}
    assert member.get(f"/people/{MEMBER}").attributes["email"] == f"{MEMBER}@example.com"


@pytest.mark.parametrize(
    "query",
    [
        f"filter[email]={OTHER_MEMBER}@example.com",
        "filter[email][contains]=example.com",
        f"filter[query]={OTHER_MEMBER}@example.com",
        "filter[email][not_eq]=nobody@example.com",
        "filter[email][not_contain]=nobody",
    ],
)
def test_filter_does_not_reveal_hidden_emails(admin: Api, member: Api, query: str) -> None:
    assert str(OTHER_MEMBER) in admin.get(f"/people?{query}").ids
    assert set(member.get(f"/people?{query}").ids) <= {str(MEMBER)}


def test_sort_does_not_reveal_hidden_emails(admin: Api, member: Api) -> None:
    change(admin, OTHER_MEMBER, email="aaa@example.com")
    assert admin.get("/people?sort=email").ids[-1] == str(OTHER_MEMBER)
    # The member's own email sorts first. People with hidden emails follow, by id.
    others = [str(person_id) for person_id in sorted((ADMIN, OTHER_MEMBER, DEACTIVATED))]
    assert member.get("/people?sort=email").ids == [str(MEMBER), *others]


def test_included_person_shows_the_members_own_email(member: Api, admin: Api) -> None:
    admin.post(
        "/timers", {"data": {"attributes": {"time_entry_id": MEMBERS_ENTRY, "person_id": MEMBER}}}
    )
    timers = member.get("/timers?include=time_entry.person")
    (person,) = (record for record in timers.document["included"] if record["type"] == "people")
    assert (person["id"], person["attributes"]["email"]) == (str(MEMBER), f"{MEMBER}@example.com")


# Listing


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [ADMIN, MEMBER, OTHER_MEMBER, DEACTIVATED]),
        ("sort=-name", [DEACTIVATED, OTHER_MEMBER, MEMBER, ADMIN]),
        ("filter[status]=1", [ADMIN, MEMBER, OTHER_MEMBER]),
        ("filter[status]=2", [DEACTIVATED]),
        ("filter[status]=1,2", [ADMIN, MEMBER, OTHER_MEMBER, DEACTIVATED]),
        ("filter[status][not_eq]=1", [DEACTIVATED]),
        ("filter[person_type]=1&filter[query]=first", [ADMIN, MEMBER, OTHER_MEMBER, DEACTIVATED]),
        ("filter[person_type]=2", []),
        (f"filter[id]={MEMBER},{ADMIN},1", [ADMIN, MEMBER]),
        (f"filter[id][not_eq]={MEMBER}", [ADMIN, OTHER_MEMBER, DEACTIVATED]),
        (f"filter[query]=LAST+{MEMBER}", [MEMBER]),
        ("filter[query]=nobody", []),
        (f"filter[email]={MEMBER}@EXAMPLE.com", [MEMBER]),
        (
            f"filter[$op]=and&filter[0][status][eq]=1&filter[1][id][not_eq]={ADMIN}",
            [MEMBER, OTHER_MEMBER],
        ),
        ("page[size]=2&page[number]=2", [OTHER_MEMBER, DEACTIVATED]),
    ],
)
def test_people_can_be_filtered_and_sorted(admin: Api, query: str, expected: list[int]) -> None:
    assert admin.get(f"/people?{query}").ids == [str(person_id) for person_id in expected]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("filter[status]=3", "unsupported_filter_value_type"),
        ("filter[status]=active", "unsupported_filter_value_type"),
        ("filter[email][gt]=a", "unsupported_filter_operation"),
        ("filter[salary]=1", "unsupported_filter"),
        ("filter[email]=a&filter[email]=b", "unsupported_filter_value_type"),
        (f"filter[query]={'x' * 256}", "unsupported_filter_value_type"),
        ("sort=salary", "sort_param_unsupported"),
        ("include=salary", "unsupported_include"),
        ("page[after]=nonsense", "keyset_invalid_cursor"),
    ],
)
def test_invalid_list_parameter_is_rejected(admin: Api, query: str, code: str) -> None:
    response = admin.get(f"/people?{query}")
    assert (response.status, response.error["code"]) == (400, code)


def test_people_requests_use_the_expected_dynamodb_calls(
    admin: Api, connection: Connection
) -> None:
    admin.get("/people/1")
    with counted(connection) as calls:
        admin.get("/people")
        admin.get("/people?filter[id]=1,2")
        admin.get(f"/people/{MEMBER}")
        admin.get("/people?include=organization")
    assert calls == ["Query", "BatchGetItem", "BatchGetItem", "Query", "BatchGetItem"]


# Deactivating and restoring


@pytest.mark.parametrize("operation", ["deactivate", "archive"])
def test_deactivation_stops_the_timer_and_revokes_access(
    admin: Api, member: Api, connection: Connection, clock: FakeClock, operation: str
) -> None:
    timer_id = member.start(time_entry_id=MEMBERS_ENTRY).data["id"]
    clock.advance(10 * MINUTE)
    assert member.get("/users").status == 200
    response = admin.patch(f"/people/{MEMBER}/{operation}")
    assert response.status == 200
    assert response.attributes["deactivated_at"] == response.attributes["archived_at"]
    assert response.attributes["deactivated_at"] == "2026-03-02T09:10:00.000+01:00"
    timer = admin.get(f"/timers/{timer_id}?include=time_entry")
    assert timer.data["meta"] == {"stop_reason": "deactivated"}
    assert timer.attributes["total_time"] == 10
    assert timer.document["included"][0]["attributes"]["time"] == 10
    # The token stays cached for up to a minute, but it cannot start a timer.
    refused = member.start(service_id=DESIGN)
    assert (refused.status, refused.error["code"]) == (403, "access_denied")
    refused = admin.start(service_id=DESIGN, person_id=MEMBER)
    assert invalid_attribute(refused) == "person"
    clock.advance(MINUTE)
    assert member.get("/timers").status == 401
    assert admin.get(f"/api_tokens?filter[person_id]={MEMBER}").data == []
    assert violations(connection) == []


def test_deactivation_past_the_auto_stop_limit_ends_the_timer_at_the_limit(
    admin: Api, member: Api, connection: Connection, clock: FakeClock
) -> None:
    timer_id = member.start(time_entry_id=MEMBERS_ENTRY).data["id"]
    clock.advance(20 * HOUR)
    admin.patch(f"/people/{MEMBER}/deactivate")
    timer = admin.get(f"/timers/{timer_id}")
    assert (timer.data["meta"], timer.attributes["total_time"]) == ({"stop_reason": "auto"}, 720)
    assert violations(connection) == []


@pytest.mark.parametrize(
    ("path", "attributes"),
    [("restore", {}), ("activate", {}), ("", {"email": "back@example.com"}), ("", {"title": "?"})],
)
def test_erased_person_cannot_be_restored_or_changed(
    admin: Api,
    connection: Connection,
    dependencies: Dependencies,
    path: str,
    attributes: dict[str, str],
) -> None:
    admin.patch(f"/people/{MEMBER}/deactivate")
    caller = Caller(ZAGREB, ADMIN, Role.ADMIN)
    People(dependencies).begin_erasure(caller, MEMBER)
    # From the beginning of the erasure on, not only when the e-mail address is overwritten.
    assert admin.patch(f"/people/{MEMBER}/restore").status == 409
    People(dependencies).overwrite(caller, MEMBER)
    before = snapshot(connection)
    document = {"data": {"attributes": attributes}}
    refused = admin.patch(f"/people/{MEMBER}/{path}".rstrip("/"), document)
    assert (refused.status, refused.error["code"]) == (409, "conflict")
    assert snapshot(connection) == before
    # What is sent back as it was shown is accepted.
    unchanged = {"data": {"attributes": {"email": f"erased-{MEMBER}@erased.invalid"}}}
    assert admin.patch(f"/people/{MEMBER}", unchanged).status == 200


def test_admin_cannot_give_a_colleague_the_address_of_an_erased_person(
    admin: Api, fixtures: Fixtures
) -> None:
    address = f"erased-{MEMBER}@erased.invalid"
    for refused in (change(admin, MEMBER, email=address), create(admin, email=address)):
        assert (refused.status, invalid_attribute(refused)) == (422, "email")
        assert "reserved for erased people" in refused.error["detail"]
    # Version 0.2.0 took it for an erasure: this colleague could not be changed any more.
    member = fixtures.database.get(Person, ZAGREB.id, MEMBER)
    assert member is not None
    put_all(replace(member, email=address))
    assert change(admin, MEMBER, title="Designer").status == 200
    assert change(admin, MEMBER, email="back@example.com").status == 200


def test_person_without_timers_can_be_deactivated_and_restored(
    admin: Api, member: Api, connection: Connection, clock: FakeClock
) -> None:
    member.get("/timers")
    admin.patch(f"/people/{MEMBER}/deactivate")
    assert violations(connection) == []
    assert member.start(service_id=DESIGN).status == 403
    for operation in ("restore", "activate"):
        restored = admin.patch(f"/people/{MEMBER}/{operation}")
        assert (restored.status, restored.attributes["deactivated_at"]) == (200, None)
    assert admin.start(service_id=DESIGN, person_id=MEMBER).status == 201
    clock.advance(MINUTE)
    # Deactivation deleted the tokens. The person needs new ones.
    assert member.get("/timers").status == 401
    assert violations(connection) == []


def test_stop_by_deactivation_can_be_corrected(admin: Api, member: Api, clock: FakeClock) -> None:
    timer_id = member.start(time_entry_id=MEMBERS_ENTRY).data["id"]
    clock.advance(HOUR)
    admin.patch(f"/people/{MEMBER}/deactivate")
    second = admin.stop(timer_id, stopped_at="2026-03-02T09:10:00+01:00")
    assert second.meta == {}
    assert (second.attributes["total_time"], "meta" in second.data) == (10, False)


def test_second_deactivation_changes_nothing(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    first = admin.patch(f"/people/{MEMBER}/deactivate")
    before = snapshot(connection)
    clock.advance(HOUR)
    second = admin.patch(f"/people/{MEMBER}/archive")
    assert (second.status, second.data) == (200, first.data)
    assert snapshot(connection) == before


@pytest.mark.parametrize("operation", ["deactivate", "archive"])
def test_last_active_admin_cannot_be_deactivated_or_demoted(
    admin: Api, connection: Connection, operation: str
) -> None:
    before = snapshot(connection)
    response = admin.patch(f"/people/{ADMIN}/{operation}")
    assert invalid_attribute(response) == "deactivated_at"
    assert response.error["detail"] == LAST_ADMIN
    assert invalid_attribute(change(admin, ADMIN, role="member")) == "role"
    assert snapshot(connection) == before
    # A deactivated admin does not count.
    assert change(admin, DEACTIVATED, role="admin").status == 200
    assert invalid_attribute(admin.patch(f"/people/{ADMIN}/{operation}")) == "deactivated_at"


def test_admin_can_be_deactivated_when_another_admin_exists(admin: Api) -> None:
    change(admin, MEMBER, role="admin")
    assert admin.patch(f"/people/{ADMIN}/deactivate").status == 200


def test_deactivation_takes_two_dynamodb_calls_and_four_for_an_admin(
    admin: Api, connection: Connection
) -> None:
    change(admin, MEMBER, role="admin")
    with counted(connection) as calls:
        admin.patch(f"/people/{OTHER_MEMBER}/deactivate")
    assert calls == ["BatchGetItem", "TransactWriteItems"]
    with counted(connection) as calls:
        admin.patch(f"/people/{MEMBER}/deactivate")
    assert calls == ["BatchGetItem", "Query", "BatchGetItem", "TransactWriteItems"]


def test_deactivation_deletes_twenty_tokens_and_stops_the_timer(
    admin: Api, member: Api, connection: Connection, fixtures: Fixtures
) -> None:
    assert fixtures.tokens
    for number in range(19):
        attributes = {"name": str(number), "person_id": MEMBER}
        assert admin.post("/api_tokens", {"data": {"attributes": attributes}}).status == 201
    member.start(time_entry_id=MEMBERS_ENTRY)
    assert admin.patch(f"/people/{MEMBER}/deactivate").status == 200
    assert [token for token in items(connection, "tokens") if token["person_id"] == MEMBER] == []
