"""People: contract sections 5 and 10. Who may send what is in test_access.py."""

from typing import Any

import pytest
from pynamodb.connection import Connection

from chalicelib.domain.people import LAST_ADMIN
from tests.support.api import Answer, Api
from tests.support.books import violations
from tests.support.calls import counted
from tests.support.clock import HOUR, MINUTE, FakeClock
from tests.support.tables import items, snapshot
from tests.support.world import (
    ADMIN,
    DEACTIVATED,
    DESIGN,
    MEMBER,
    MEMBERS_ENTRY,
    OTHER_MEMBER,
    World,
)


def create(api: Api, **attributes: object) -> Answer:
    given = {"first_name": "Ana", "last_name": "Horvat", "email": "ana@example.com", **attributes}
    return api.post("/people", {"data": {"type": "people", "attributes": given}})


def change(api: Api, person_id: int | str, **attributes: object) -> Answer:
    data = {"type": "people", "id": str(person_id), "attributes": attributes}
    return api.patch(f"/people/{person_id}", {"data": data})


def pointer(answer: Answer) -> str:
    assert (answer.status, answer.error["code"]) == (422, "invalid_attribute")
    found: str = answer.error["source"]["pointer"]
    return found.removeprefix("data/attributes/")


# Creating


def test_somebody_is_added_as_a_member(admin: Api, clock: FakeClock) -> None:
    answer = create(admin, title="Designer")
    assert answer.status == 201
    assert answer.headers["Location"].endswith(f"/api/v2/people/{answer.data['id']}")
    assert answer.attributes == {
        "first_name": "Ana",
        "last_name": "Horvat",
        "email": "ana@example.com",
        "title": "Designer",
        "nickname": None,
        "avatar_url": None,
        "role_id": 3,
        "role": "member",
        "deactivated_at": None,
        "archived_at": None,
        "is_user": True,
        "created_at": "2026-03-02T09:00:00.000+01:00",
    }
    assert clock() > 0
    assert admin.get(f"/people/{answer.data['id']}").data == answer.data


@pytest.mark.parametrize("said", [{"role": "admin"}, {"role_id": 1}, {"role_id": "1"}])
def test_somebody_is_added_as_an_admin(admin: Api, said: dict[str, object]) -> None:
    assert create(admin, **said).attributes["role"] == "admin"


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
        ("role", "owner"),
        ("role_id", 2),
        ("role_id", True),
        ("role", ["admin"]),
    ],
)
def test_what_breaks_a_rule_is_refused_and_changes_nothing(
    admin: Api, connection: Connection, name: str, value: object
) -> None:
    before = snapshot(connection)
    assert pointer(create(admin, **{name: value})) == name.removesuffix("_id")
    assert snapshot(connection) == before


def test_an_address_is_one_persons_whatever_its_case(admin: Api, stranger: Api) -> None:
    first = create(admin)
    assert pointer(create(admin, email="ANA@example.com")) == "email"
    # In another organization it is another address.
    assert create(stranger).status == 201
    # Whoever gives it up, makes room; whoever keeps it, keeps it.
    assert change(admin, first.data["id"], email="Ana@Example.com").status == 200
    assert pointer(create(admin)) == "email"
    assert change(admin, first.data["id"], email="horvat@example.com").status == 200
    assert pointer(change(admin, MEMBER, email="horvat@example.com")) == "email"
    assert create(admin).status == 201


def test_a_repeat_with_a_key_adds_nobody_again(admin: Api, connection: Connection) -> None:
    body = b'{"data":{"attributes":{"first_name":"A","last_name":"B","email":"a@example.com"}}}'
    headers = {"Content-Type": "application/vnd.api+json", "Idempotency-Key": "once"}
    first = admin.send("POST", "/people", body, headers)
    before = snapshot(connection)
    again = admin.send("POST", "/people", body, headers)
    assert (again.status, again.document) == (201, first.document)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert snapshot(connection) == before


# Changing


def test_a_sparse_update_leaves_the_rest_and_null_empties(admin: Api) -> None:
    assert change(admin, MEMBER, title="Designer", nickname="mem").status == 200
    answer = change(admin, MEMBER, title=None, first_name="Iva")
    assert answer.attributes["title"] is None
    assert (answer.attributes["nickname"], answer.attributes["first_name"]) == ("mem", "Iva")
    assert admin.get(f"/people/{MEMBER}").data == answer.data


@pytest.mark.parametrize("name", ["first_name", "last_name", "email", "role"])
@pytest.mark.parametrize("nothing", [None, "", " "])
def test_what_cannot_be_empty_is_not_emptied(admin: Api, name: str, nothing: str | None) -> None:
    assert pointer(change(admin, MEMBER, **{name: nothing})) == name


def test_a_document_that_says_nothing_changes_nothing(admin: Api, connection: Connection) -> None:
    before = snapshot(connection)
    for document in ({}, {"data": None}, {"data": {"attributes": {"unknown": 1}}}):
        assert admin.patch(f"/people/{MEMBER}", document).status == 200
    assert admin.patch(f"/people/{MEMBER}").status == 200
    assert snapshot(connection) == before


def test_a_document_about_somebody_else_is_a_conflict(admin: Api) -> None:
    answer = admin.patch(f"/people/{MEMBER}", {"data": {"id": str(OTHER_MEMBER)}})
    assert (answer.status, answer.error["code"]) == (409, "id_conflict")
    answer = admin.patch(f"/people/{MEMBER}", {"data": {"type": "services"}})
    assert (answer.status, answer.error["code"]) == (409, "type_conflict")


def test_a_member_changes_what_is_theirs_of_themselves(member: Api) -> None:
    answer = change(
        member,
        MEMBER,
        first_name="Iva",
        last_name="Babić",
        title="Designer",
        nickname="iva",
        avatar_url="https://example.com/iva.png",
    )
    assert answer.status == 200
    assert answer.attributes["last_name"] == "Babić"
    # What comes back as it was shown is no change.
    assert change(member, MEMBER, **answer.attributes).status == 200


@pytest.mark.parametrize("said", [{"role": "admin"}, {"role_id": 1}, {"email": "x@example.com"}])
def test_a_member_does_not_change_the_rest(
    member: Api, connection: Connection, said: dict[str, Any]
) -> None:
    before = snapshot(connection)
    answer = change(member, MEMBER, **said)
    assert (answer.status, answer.error["code"]) == (403, "access_denied")
    assert snapshot(connection) == before


def test_a_role_reaches_the_tokens(admin: Api, member: Api, clock: FakeClock) -> None:
    assert member.get(f"/people/{ADMIN}").attributes["email"] is None
    assert change(admin, MEMBER, role="admin").attributes["role_id"] == 1
    clock.advance(MINUTE + 1)
    assert member.get(f"/people/{ADMIN}").attributes["email"] == f"{ADMIN}@example.com"
    assert change(admin, MEMBER, role="member").status == 200
    clock.advance(MINUTE + 1)
    assert create(member).status == 403


# Whose addresses one sees


def test_addresses_are_the_admins_and_ones_own(admin: Api, member: Api) -> None:
    assert all(it["attributes"]["email"] for it in admin.get("/people").data)
    shown = {it["id"]: it["attributes"]["email"] for it in member.get("/people").data}
    assert {key for key, email in shown.items() if email} == {str(MEMBER)}
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
def test_no_filter_tells_an_address_that_one_may_not_see(
    admin: Api, member: Api, query: str
) -> None:
    assert str(OTHER_MEMBER) in admin.get(f"/people?{query}").ids
    assert set(member.get(f"/people?{query}").ids) <= {str(MEMBER)}


def test_no_sort_tells_an_address_that_one_may_not_see(admin: Api, member: Api) -> None:
    change(admin, OTHER_MEMBER, email="aaa@example.com")
    assert admin.get("/people?sort=email").ids[-1] == str(OTHER_MEMBER)
    # Their own first, then those whose address they do not see, by id.
    others = [str(it) for it in sorted((ADMIN, OTHER_MEMBER, DEACTIVATED))]
    assert member.get("/people?sort=email").ids == [str(MEMBER), *others]


def test_what_is_included_hides_addresses_too(member: Api, admin: Api) -> None:
    admin.post(
        "/timers", {"data": {"attributes": {"time_entry_id": MEMBERS_ENTRY, "person_id": MEMBER}}}
    )
    timers = member.get("/timers?include=time_entry.person")
    (person,) = (it for it in timers.document["included"] if it["type"] == "people")
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
def test_people_are_filtered_and_sorted(admin: Api, query: str, expected: list[int]) -> None:
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
        ("sort=title", "sort_param_unsupported"),
        ("include=company", "unsupported_include"),
        ("page[after]=nonsense", "keyset_invalid_cursor"),
    ],
)
def test_what_nobody_knows_is_refused(admin: Api, query: str, code: str) -> None:
    answer = admin.get(f"/people?{query}")
    assert (answer.status, answer.error["code"]) == (400, code)


def test_a_list_takes_one_call(admin: Api, connection: Connection) -> None:
    admin.get("/people/1")
    with counted(connection) as calls:
        admin.get("/people")
        admin.get("/people?filter[id]=1,2")
        admin.get(f"/people/{MEMBER}")
        admin.get("/people?include=organization")
    assert calls == ["Query", "BatchGetItem", "BatchGetItem", "Query", "BatchGetItem"]


# Deactivating and restoring


@pytest.mark.parametrize("act", ["deactivate", "archive"])
def test_who_is_deactivated_is_stopped_blocked_and_shut_out(
    admin: Api, member: Api, connection: Connection, clock: FakeClock, act: str
) -> None:
    timer_id = member.start(time_entry_id=MEMBERS_ENTRY).data["id"]
    clock.advance(10 * MINUTE)
    assert member.get("/users").status == 200
    answer = admin.patch(f"/people/{MEMBER}/{act}")
    assert answer.status == 200
    assert answer.attributes["deactivated_at"] == answer.attributes["archived_at"]
    assert answer.attributes["deactivated_at"] == "2026-03-02T09:10:00.000+01:00"
    timer = admin.get(f"/timers/{timer_id}?include=time_entry")
    assert timer.data["meta"] == {"stop_reason": "deactivated"}
    assert timer.attributes["total_time"] == 10
    assert timer.document["included"][0]["attributes"]["time"] == 10
    # The token is remembered for up to a minute; it starts nothing any more.
    refused = member.start(service_id=DESIGN)
    assert (refused.status, refused.error["code"]) == (403, "access_denied")
    refused = admin.start(service_id=DESIGN, person_id=MEMBER)
    assert pointer(refused) == "person"
    clock.advance(MINUTE)
    assert member.get("/timers").status == 401
    assert admin.get(f"/api_tokens?filter[person_id]={MEMBER}").data == []
    assert violations(connection) == []


def test_who_is_deactivated_past_their_limit_worked_until_then(
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
def test_who_was_erased_is_not_to_come_back(
    admin: Api, connection: Connection, path: str, attributes: dict[str, str]
) -> None:
    gone = f"erased-{MEMBER}@erased.invalid"
    admin.patch(f"/people/{MEMBER}/deactivate")
    admin.patch(f"/people/{MEMBER}", {"data": {"attributes": {"email": gone}}})
    before = snapshot(connection)
    document = {"data": {"attributes": attributes}}
    refused = admin.patch(f"/people/{MEMBER}/{path}".rstrip("/"), document)
    assert (refused.status, refused.error["code"]) == (409, "conflict")
    assert snapshot(connection) == before
    # What changes nothing is not refused: erasing goes on where it was cut off.
    same = {"data": {"attributes": {"email": gone}}}
    assert admin.patch(f"/people/{MEMBER}", same).status == 200


def test_who_never_worked_is_blocked_too_and_may_be_restored(
    admin: Api, member: Api, connection: Connection, clock: FakeClock
) -> None:
    member.get("/timers")
    admin.patch(f"/people/{MEMBER}/deactivate")
    assert violations(connection) == []
    assert member.start(service_id=DESIGN).status == 403
    for act in ("restore", "activate"):
        restored = admin.patch(f"/people/{MEMBER}/{act}")
        assert (restored.status, restored.attributes["deactivated_at"]) == (200, None)
    assert admin.start(service_id=DESIGN, person_id=MEMBER).status == 201
    clock.advance(MINUTE)
    # Their tokens are gone; they need new ones.
    assert member.get("/timers").status == 401
    assert violations(connection) == []


def test_a_stop_by_deactivation_is_not_corrected(admin: Api, member: Api, clock: FakeClock) -> None:
    timer_id = member.start(time_entry_id=MEMBERS_ENTRY).data["id"]
    clock.advance(HOUR)
    admin.patch(f"/people/{MEMBER}/deactivate")
    again = admin.stop(timer_id, stopped_at="2026-03-02T09:10:00+01:00")
    assert again.meta == {"already_stopped": True}
    assert again.attributes["total_time"] == 60


def test_deactivating_twice_changes_nothing(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    first = admin.patch(f"/people/{MEMBER}/deactivate")
    before = snapshot(connection)
    clock.advance(HOUR)
    again = admin.patch(f"/people/{MEMBER}/archive")
    assert (again.status, again.data) == (200, first.data)
    assert snapshot(connection) == before


@pytest.mark.parametrize("act", ["deactivate", "archive"])
def test_the_last_active_admin_stays(admin: Api, connection: Connection, act: str) -> None:
    before = snapshot(connection)
    answer = admin.patch(f"/people/{ADMIN}/{act}")
    assert pointer(answer) == "deactivated_at"
    assert answer.error["detail"] == LAST_ADMIN
    assert pointer(change(admin, ADMIN, role="member")) == "role"
    assert snapshot(connection) == before
    # One who is deactivated does not count.
    assert change(admin, DEACTIVATED, role="admin").status == 200
    assert pointer(admin.patch(f"/people/{ADMIN}/{act}")) == "deactivated_at"


def test_an_admin_may_go_once_there_is_another(admin: Api) -> None:
    change(admin, MEMBER, role="admin")
    assert admin.patch(f"/people/{ADMIN}/deactivate").status == 200


def test_a_deactivation_takes_two_calls_and_one_more_for_an_admin(
    admin: Api, connection: Connection
) -> None:
    change(admin, MEMBER, role="admin")
    with counted(connection) as calls:
        admin.patch(f"/people/{OTHER_MEMBER}/deactivate")
    assert calls == ["BatchGetItem", "TransactWriteItems"]
    with counted(connection) as calls:
        admin.patch(f"/people/{MEMBER}/deactivate")
    assert calls == ["BatchGetItem", "Query", "TransactWriteItems"]


def test_twenty_tokens_and_a_timer_go_at_once(
    admin: Api, member: Api, connection: Connection, world: World
) -> None:
    assert world.tokens
    for number in range(19):
        attributes = {"name": str(number), "person_id": MEMBER}
        assert admin.post("/api_tokens", {"data": {"attributes": attributes}}).status == 201
    member.start(time_entry_id=MEMBERS_ENTRY)
    assert admin.patch(f"/people/{MEMBER}/deactivate").status == 200
    assert [it for it in items(connection, "tokens") if it["person_id"] == MEMBER] == []
