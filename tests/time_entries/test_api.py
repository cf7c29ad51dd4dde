"""Time entries: contract section 10."""

from typing import Any

import pytest
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.time_entries import operations
from chalicelib.time_entries.model import MAX_MINUTES
from chalicelib.time_entries.purge_deleted import PurgeDeleted
from chalicelib.time_entries.rules import MAX_TIMERS_PER_STEP
from tests.support.api import Api, Response
from tests.support.clock import DAY, HOUR, MINUTE, FakeClock
from tests.support.fixtures import (
    ADMIN,
    ADMINS_ENTRY,
    ADMINS_SECOND_ENTRY,
    ARCHIVED,
    CLOSED,
    DEACTIVATED,
    DESIGN,
    DEVELOPMENT,
    FOREIGN_SERVICE,
    MEMBER,
    MEMBERS_ENTRY,
    OTHER_MEMBER,
    OTHER_MEMBERS_ENTRY,
    STRANGER,
    token_id,
)
from tests.support.invariants import violations
from tests.support.rollups import roll_up_all
from tests.support.table_snapshots import items, snapshot


def create(api: Api, **attributes: object) -> Response:
    data = {"type": "time_entries", "attributes": {"service_id": DESIGN, **attributes}}
    return api.post("/time_entries", {"data": data})


def change(api: Api, entry_id: object, **attributes: object) -> Response:
    return api.patch(f"/time_entries/{entry_id}", {"data": {"attributes": attributes}})


def delete(api: Api, entry_id: object) -> Response:
    return api.send("DELETE", f"/time_entries/{entry_id}")


def revisions(api: Api, entry_id: object) -> list[dict[str, Any]]:
    response = api.get(f"/time_entry_revisions?filter[time_entry_id]={entry_id}")
    return [revision["attributes"] for revision in response.data]


@pytest.fixture(autouse=True)
def _check_invariants(connection: Connection, fixtures: object) -> Any:
    """Check the invariants of all stored records after each test."""
    assert fixtures
    yield
    assert violations(connection) == []


# Creating


def test_entry_can_be_created_manually(admin: Api) -> None:
    response = create(admin, time=90, note=" by train ", date="2026-02-27", billable_time=60)
    assert response.status == 201
    entry_id = response.data["id"]
    assert response.headers["Location"] == f"http://stint.test/api/v2/time_entries/{entry_id}"
    assert response.attributes == {
        "date": "2026-02-27",
        "time": 90,
        "billable_time": 60,
        "note": "by train",
        "track_method_id": 1,
        "started_at": None,
        "timer_started_at": None,
        "timer_stopped_at": None,
        "approved": False,
        "submitted": False,
        "rejected": False,
        "overhead": False,
        "draft": False,
        "invoiced": False,
        "created_at": "2026-03-02T09:00:00.000+01:00",
        "updated_at": "2026-03-02T09:00:00.000+01:00",
    }
    assert admin.get(f"/time_entries/{entry_id}").document == response.document


def test_person_defaults_to_the_caller_and_date_to_the_local_day(
    member: Api, clock: FakeClock
) -> None:
    # 23:30 in Zagreb. An hour later it is the next day in Zagreb, but not in UTC.
    clock.advance(14 * HOUR + 30 * MINUTE)
    response = create(member, time=0)
    assert response.attributes["date"] == "2026-03-02"
    clock.advance(HOUR)
    entry_id = create(member, time=0).data["id"]
    shown = member.get(f"/time_entries/{entry_id}?include=person,creator,service,task,project")
    assert shown.attributes["date"] == "2026-03-03"
    relationships = {name: related["data"] for name, related in shown.data["relationships"].items()}
    person = {"type": "people", "id": str(MEMBER)}
    assert relationships == {
        "organization": {"type": "organizations", "id": "2149"},
        "person": person,
        "creator": person,
        "service": {"type": "services", "id": str(DESIGN)},
        "task": None,
        "project": None,
    }
    included = {(record["type"], record["id"]) for record in shown.document["included"]}
    assert included == {("people", str(MEMBER)), ("services", str(DESIGN))}


@pytest.mark.parametrize(
    "data",
    [
        {"attributes": {"service_id": str(DESIGN), "person_id": MEMBER}},
        {"attributes": {"service_id": DESIGN, "person_id": str(MEMBER), "task_id": None}},
        {
            "type": "time-entries",
            "attributes": {"time": None, "note": "", "draft": True},
            "relationships": {
                "service": {"data": {"type": "services", "id": DESIGN}},
                "person": {"data": {"type": "people", "id": str(MEMBER)}},
                "organization": {"data": {"type": "organizations", "id": "2149"}},
            },
        },
    ],
)
def test_person_and_service_are_accepted_in_every_form(admin: Api, data: object) -> None:
    response = admin.post("/time_entries?include=person,service", {"data": data})
    assert response.status == 201
    relationships = response.data["relationships"]
    assert relationships["person"]["data"]["id"] == str(MEMBER)
    assert relationships["service"]["data"]["id"] == str(DESIGN)
    assert response.attributes["time"] == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("time", -1),
        ("time", MAX_MINUTES + 1),
        ("time", 1.5),
        ("time", "long"),
        ("billable_time", -1),
        ("billable_time", MAX_MINUTES + 1),
        ("date", "yesterday"),
        ("date", "2026-02-30"),
        ("date", "1999-12-31"),
        ("date", "2200-01-01"),
        ("note", "x" * 2001),
        ("note", 5),
        ("service", ARCHIVED),
        ("service", CLOSED),
        ("service", FOREIGN_SERVICE),
        ("service", 999),
        ("person", DEACTIVATED),
        ("person", STRANGER),
        ("person", 999),
    ],
)
def test_invalid_attribute_is_rejected(
    admin: Api, connection: Connection, name: str, value: object
) -> None:
    attribute = f"{name}_id" if name in ("service", "person") else name
    before = snapshot(connection)
    for response in (create(admin, **{attribute: value}), change(admin, 366, **{attribute: value})):
        assert (response.status, response.error["code"]) == (422, "invalid_attribute"), (
            response.body
        )
        assert response.error["source"] == {"pointer": f"data/attributes/{name}"}
    assert snapshot(connection) == before


def test_service_is_required(admin: Api) -> None:
    response = create(admin, service_id=None)
    assert response.error["source"] == {"pointer": "data/attributes/service"}


def test_member_can_create_only_own_entries(member: Api, connection: Connection) -> None:
    before = snapshot(connection)
    assert create(member, person_id=OTHER_MEMBER).status == 403
    assert change(member, MEMBERS_ENTRY, person_id=OTHER_MEMBER).status == 403
    assert snapshot(connection) == before
    assert create(member, person_id=MEMBER).status == 201


def test_just_deactivated_person_cannot_create_entries(admin: Api, member: Api) -> None:
    assert member.get("/timers").status == 200
    admin.patch(f"/people/{MEMBER}/deactivate")
    assert (create(member).status, create(member).error["code"]) == (403, "access_denied")


def test_repeated_create_with_a_key_creates_one_entry(admin: Api) -> None:
    body = b'{"data":{"attributes":{"service_id":1294,"time":5,"note":"once"}}}'
    headers = {"Content-Type": "application/vnd.api+json", "Idempotency-Key": "once"}
    first, replay = (admin.send("POST", "/time_entries", body, headers) for _ in range(2))
    assert first.document == replay.document
    assert replay.headers["Idempotency-Replayed"] == "true"
    assert len(admin.get("/time_entries?filter[note]=ONCE").data) == 1


# Correcting


def test_later_sessions_add_to_a_manual_correction(admin: Api, clock: FakeClock) -> None:
    started = admin.start(service_id=DESIGN)
    (entry,) = admin.get("/time_entries?sort=-created_at&page[size]=1").data
    assert entry["attributes"]["track_method_id"] == 2
    clock.advance(HOUR + 29)
    # A running session does not count yet.
    corrected = change(admin, entry["id"], time=30)
    assert (corrected.status, corrected.attributes["time"]) == (200, 30)
    assert corrected.attributes["track_method_id"] == 4
    assert corrected.attributes["timer_stopped_at"] is None
    clock.advance(MINUTE)
    admin.stop(started.data["id"])
    shown = admin.get(f"/time_entries/{entry['id']}").attributes
    assert (shown["time"], shown["billable_time"]) == (91, 91)
    admin.start(time_entry_id=entry["id"])
    clock.advance(31)
    admin.patch(f"/time_entries/{entry['id']}/stop")
    # 30 minutes entered manually, and sessions of 61:29 and 0:31.
    assert admin.get(f"/time_entries/{entry['id']}").attributes["time"] == 92


def test_timer_on_a_manual_entry_changes_the_track_method(admin: Api, clock: FakeClock) -> None:
    entry_id = create(admin, time=10).data["id"]
    started = admin.start(time_entry_id=entry_id)
    clock.advance(5 * MINUTE)
    admin.stop(started.data["id"])
    shown = admin.get(f"/time_entries/{entry_id}").attributes
    assert (shown["time"], shown["track_method_id"]) == (15, 4)


def test_unchanged_update_writes_nothing(admin: Api, connection: Connection) -> None:
    shown = admin.get(f"/time_entries/{ADMINS_ENTRY}")
    before = snapshot(connection)
    attributes = {**shown.attributes, "timer_started_at": "2020-01-01T00:00:00Z", "approved": True}
    assert change(admin, ADMINS_ENTRY, **attributes).data == shown.data
    assert snapshot(connection) == before


def test_sparse_update_clears_only_nullable_attributes(admin: Api) -> None:
    entry_id = create(admin, time=60, note="n", billable_time=5).data["id"]
    assert change(admin, entry_id, note=None).attributes["note"] is None
    assert change(admin, entry_id, billable_time=None).attributes["billable_time"] == 60
    for name in ("date", "service_id", "person_id"):
        assert change(admin, entry_id, **{name: None}).status == 422
    assert change(admin, entry_id, date="2026-03-05").attributes["time"] == 60


def test_changing_the_service_changes_the_billable_time(admin: Api) -> None:
    entry_id = create(admin, time=60).data["id"]
    moved = change(admin, entry_id, service_id=DEVELOPMENT)
    assert moved.attributes["billable_time"] == 0
    assert admin.get(f"/time_entries?filter[service_id]={DEVELOPMENT}&filter[id]={entry_id}").data


def test_entry_on_an_archived_service_can_be_corrected(admin: Api) -> None:
    admin.patch(f"/services/{DESIGN}/archive")
    assert change(admin, ADMINS_ENTRY, time=5, service_id=DESIGN).status == 200


def test_entry_with_sessions_cannot_move_to_another_person(admin: Api, clock: FakeClock) -> None:
    assert change(admin, ADMINS_ENTRY, person_id=MEMBER).status == 200
    assert admin.start(time_entry_id=ADMINS_ENTRY).error["source"] == {
        "pointer": "data/attributes/time_entry"
    }
    assert admin.start(time_entry_id=ADMINS_SECOND_ENTRY).status == 201
    for _ in range(2):
        response = change(admin, ADMINS_SECOND_ENTRY, person_id=MEMBER)
        assert (response.status, response.error["code"]) == (409, "conflict")
        clock.advance(MINUTE)
        admin.patch(f"/time_entries/{ADMINS_SECOND_ENTRY}/stop")


def test_revisions_record_each_correction_and_its_author(
    admin: Api, member: Api, clock: FakeClock
) -> None:
    change(member, MEMBERS_ENTRY, time=30, note="x")
    clock.advance(HOUR)
    change(admin, MEMBERS_ENTRY, time=20)
    clock.advance(HOUR)
    assert delete(admin, MEMBERS_ENTRY).status == 204
    response = admin.get(f"/time_entry_revisions?filter[time_entry_id]={MEMBERS_ENTRY}")
    third, second, first = response.data
    assert first["attributes"] == {
        "time_entry_id": MEMBERS_ENTRY,
        "person_id": MEMBER,
        "creator_id": MEMBER,
        "token_id": token_id(MEMBER),
        "act": "updated",
        "created_at": "2026-03-02T09:00:00.000+01:00",
        "before": {"time": 0, "billable_time": 0, "note": None},
        "after": {"time": 30, "billable_time": 30, "note": "x"},
    }
    creators = [revision["relationships"]["creator"]["data"]["id"] for revision in response.data]
    assert creators == [str(ADMIN), str(ADMIN), str(MEMBER)]
    assert second["attributes"]["token_id"] == token_id(ADMIN)
    assert second["attributes"]["after"] == {"time": 20, "billable_time": 20}
    assert third["attributes"]["act"] == "deleted"
    assert third["attributes"]["before"]["time"] == 20
    # The person sees the revisions of their own time, also those that others made.
    own = member.get(f"/time_entry_revisions?filter[time_entry_id]={MEMBERS_ENTRY}")
    assert own.data == response.data


# Deleting


def test_deleted_entry_is_never_returned(
    admin: Api, clock: FakeClock, connection: Connection
) -> None:
    first = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(HOUR)
    response = delete(admin, ADMINS_ENTRY)
    assert (response.status, response.error["code"]) == (409, "conflict")
    assert first in response.error["detail"]
    admin.stop(first)
    assert (delete(admin, ADMINS_ENTRY).status, delete(admin, ADMINS_ENTRY).status) == (204, 404)
    assert admin.get(f"/time_entries/{ADMINS_ENTRY}").status == 404
    assert change(admin, ADMINS_ENTRY, time=1).status == 404
    assert admin.patch(f"/time_entries/{ADMINS_ENTRY}/stop").status == 404
    assert admin.start(time_entry_id=ADMINS_ENTRY).error["source"] == {
        "pointer": "data/attributes/time_entry"
    }
    for query in ("", f"?filter[id]={ADMINS_ENTRY}", "?sort=updated_at", "?page[after]="):
        assert str(ADMINS_ENTRY) not in admin.get(f"/time_entries{query}").ids
    assert admin.get(f"/timers/{first}").status == 404
    assert admin.get("/timers").meta["total_count"] == 0
    assert items(connection, "timers") == []


@pytest.fixture
def session_count(admin: Api, clock: FakeClock) -> int:
    """Creates more sessions on one entry than one transaction can delete; their number."""
    count = MAX_TIMERS_PER_STEP + 5
    for _ in range(count):
        assert admin.start(time_entry_id=ADMINS_ENTRY).status == 201
        clock.advance(MINUTE)
    admin.patch(f"/time_entries/{ADMINS_ENTRY}/stop")
    return count


@pytest.mark.usefixtures("session_count")
def test_deletion_continues_beyond_one_transaction(admin: Api, connection: Connection) -> None:
    assert delete(admin, ADMINS_ENTRY).status == 204
    assert items(connection, "timers") == []
    assert admin.get("/timers").data == []
    assert violations(connection) == []


def test_deletion_that_does_not_end_is_hidden_and_purged_later(
    admin: Api,
    session_count: int,
    connection: Connection,
    dependencies: Dependencies,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(operations, "MAX_PURGE_STEPS", 0)
    assert delete(admin, ADMINS_ENTRY).status == 204
    assert len(items(connection, "timers")) == session_count - MAX_TIMERS_PER_STEP
    assert violations(connection) == []
    assert admin.get(f"/time_entries/{ADMINS_ENTRY}").status == 404
    assert str(ADMINS_ENTRY) not in admin.get("/time_entries").ids
    assert admin.start(time_entry_id=ADMINS_ENTRY).status == 422
    assert admin.patch(f"/time_entries/{ADMINS_ENTRY}/stop").status == 404
    shown = admin.get("/timers?include=time_entry")
    assert len(shown.data) == session_count - MAX_TIMERS_PER_STEP
    assert shown.document["included"] == []
    assert PurgeDeleted(dependencies).run().purged == 1
    assert items(connection, "timers") == []
    assert str(ADMINS_ENTRY) not in {str(item["id"]) for item in items(connection, "time_entries")}
    assert [revision["act"] for revision in revisions(admin, ADMINS_ENTRY)] == ["deleted"]


def test_deletion_frees_the_timeline_of_the_person(admin: Api, clock: FakeClock) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    clock.advance(HOUR)
    admin.patch(f"/time_entries/{ADMINS_ENTRY}/stop")
    delete(admin, ADMINS_ENTRY)
    early = admin.start(time_entry_id=ADMINS_SECOND_ENTRY, started_at="2026-03-02T09:30:00+01:00")
    assert (early.status, early.attributes["started_at"]) == (201, "2026-03-02T09:30:00.000+01:00")


# Listing


@pytest.fixture
def week(admin: Api, clock: FakeClock, connection: Connection) -> dict[str, str]:
    """The ids of five entries, by name. The fixtures add their own entries of 2026-03-02."""
    attributes_by_name: dict[str, dict[str, object]] = {
        "a": {"date": "2026-03-04", "note": "Büro, plans"},
        "b": {"date": "2026-03-03", "person_id": MEMBER, "service_id": DEVELOPMENT},
        "c": {"date": "2026-03-05", "person_id": MEMBER, "note": "plans and more"},
        "d": {"date": "2026-03-03", "person_id": OTHER_MEMBER, "note": "plans"},
        "e": {"date": "2026-03-01", "service_id": DEVELOPMENT},
    }
    ids = {}
    for name, attributes in attributes_by_name.items():
        ids[name] = create(admin, **attributes).data["id"]
        clock.advance(MINUTE)
    change(admin, ids["b"], time=5)
    roll_up_all(connection)
    return ids


def names(week: dict[str, str], ids: list[str]) -> str:
    by_id = {entry_id: name for name, entry_id in week.items()}
    return "".join(by_id.get(entry_id, "") for entry_id in ids)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "cadbe"),
        ("sort=date", "ebdac"),
        ("sort=-date", "cadbe"),
        ("sort=-deal_name", "cadbe"),
        ("sort=deal_name,created_at", "abcde"),
        ("sort=created_at", "abcde"),
        ("sort=-created_at", "edcba"),
        ("sort=-updated_at", "bedca"),
        (f"filter[person_id]={MEMBER}", "cb"),
        (f"filter[person_id]={MEMBER}&sort=date", "bc"),
        (f"filter[person_id]={MEMBER},{OTHER_MEMBER}", "cdb"),
        (f"filter[person_id][not_eq]={ADMIN}", "cdb"),
        (f"filter[service_id]={DEVELOPMENT}", "be"),
        (f"filter[service_id]={DEVELOPMENT}&filter[person_id]={MEMBER}", "b"),
        (f"filter[person_id]={STRANGER}", ""),
        ("filter[date]=2026-03-03", "db"),
        ("filter[date][gt]=2026-03-03", "ca"),
        ("filter[date][not_eq]=2026-03-03&filter[after]=2026-03-03", "ca"),
        ("filter[after]=2026-03-03", "cadb"),
        ("filter[before]=2026-03-03", "dbe"),
        ("filter[after]=2026-03-03&filter[before]=2026-03-04", "adb"),
        ("filter[after]=2026-03-05&filter[before]=2026-03-04", ""),
        ("filter[after]=0001-01-01&filter[before]=9999-12-31", "cadbe"),
        (f"filter[after]=2026-03-04&filter[person_id]={MEMBER}", "c"),
        ("filter[$op]=and&filter[0][after][eq]=2026-03-03&filter[1][before][eq]=2026-03-03", "db"),
        ("filter[note]=PLANS", "d"),
        ("filter[note][contains]=plans", "cad"),
        ("filter[query]=plans büro", "a"),
        ("filter[track_method_id]=1", "cadbe"),
        ("filter[track_method_id]=4", ""),
        ("filter[with_draft]=true", "cadbe"),
        ("filter[invoicing_status]=1", "cadbe"),
        ("filter[invoiced]=false&filter[approved]=0", "cadbe"),
        ("filter[status]=2,3", "cadbe"),
        ("filter[status][not_eq]=1", "cadbe"),
        ("filter[status][gt]=2", ""),
        ("filter[task_id][not_eq]=1", "cadbe"),
        ("filter[task_id]=", "cadbe"),
        ("filter[task_id][not_eq]=null", ""),
        (f"filter[creator_id]={ADMIN}", "cadbe"),
        (f"filter[creator_id]={MEMBER}", ""),
        ("filter[billing_type_id]=2,3&filter[billing_type_id][not_eq]=1", "cadbe"),
        ("filter[time][gt_eq]=0&filter[billable_time][lt]=0", ""),
        ("filter[time][not_eq]=100000", "cadbe"),
        ("filter[created_after]=2026-03-02&filter[created_before]=9999-12-31", "cadbe"),
        ("filter[created_before]=2026-03-01", ""),
        ("filter[updated_at][gt]=2026-03-01&filter[last_activity_at][gt]=2026-03-01", "cadbe"),
        *(
            (f"filter[{name}]=1", "")
            for name in (
                "task_id",
                "project_id",
                "deal_id",
                "budget_id",
                "company_id",
                "status",
                "billing_type_id",
                "invoiced",
                "calendar_event_id",
            )
        ),
    ],
)
def test_page_mode_and_cursor_mode_filter_and_sort_alike(
    admin: Api, week: dict[str, str], query: str, expected: str
) -> None:
    full_list = admin.get(f"/time_entries?{query}")
    assert names(week, full_list.ids) == expected
    for size in (1, 2, 3):
        paged: list[str] = []
        for number in range(1, len(full_list.ids) + 2):
            page = admin.get(f"/time_entries?{query}&page[size]={size}&page[number]={number}")
            assert page.meta["total_count"] == len(full_list.ids), page.document
            paged += page.ids
        assert paged == full_list.ids
        assert by_cursor(admin, query, size) == full_list.ids


def by_cursor(api: Api, query: str, size: int) -> list[str]:
    entry_ids: list[str] = []
    path = f"/time_entries?{query}&page[size]={size}&page[after]="
    while path:
        page = api.get(path)
        entry_ids += page.ids
        assert len(page.ids) <= size
        path = page.document["links"].get("next", "").removeprefix("http://stint.test/api/v2")
    return entry_ids


def test_entries_can_be_filtered_by_id(admin: Api, member: Api, week: dict[str, str]) -> None:
    path = f"/time_entries?filter[id]={week['c']},{week['a']},999,368"
    assert names(week, admin.get(path).ids) == "ca"
    assert names(week, admin.get(f"{path}&sort=date").ids) == "ac"
    assert names(week, member.get(path).ids) == "c"
    assert admin.get(f"{path}&page[size]=1").meta["total_count"] == 2


def test_member_lists_only_own_entries(member: Api, week: dict[str, str]) -> None:
    own = [week["b"], week["c"]]
    assert set(member.get("/time_entries").ids) == {*own, str(MEMBERS_ENTRY)}
    assert member.get(f"/time_entries?filter[person_id]={ADMIN}").ids == []
    assert member.get(f"/time_entries?filter[service_id]={DEVELOPMENT}").ids == own[:1]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("filter[hours]=5", "unsupported_filter"),
        ("filter[time]=-5", "unsupported_filter_value_type"),
        ("filter[invoiced]=maybe", "unsupported_filter_value_type"),
        ("filter[status]=open", "unsupported_filter_value_type"),
        ("filter[task_id][like]=5", "unsupported_filter_operation"),
        ("filter[date]=soon", "unsupported_filter_value_type"),
        ("filter[after][gt]=2026-03-03", "unsupported_filter_operation"),
        ("filter[track_method_id]=3", "unsupported_filter_value_type"),
        ("sort=time", "sort_param_unsupported"),
        ("include=timers", "unsupported_include"),
    ],
)
def test_invalid_list_parameter_is_rejected(admin: Api, query: str, code: str) -> None:
    response = admin.get(f"/time_entries?{query}")
    assert (response.status, response.error["code"]) == (400, code)


def test_cursor_of_another_list_or_caller_is_rejected(
    admin: Api, member: Api, week: dict[str, str]
) -> None:
    assert week
    page = admin.get("/time_entries?page[size]=1&page[after]=")
    cursor = page.document["links"]["next"].partition("page%5Bafter%5D=")[2].partition("&")[0]
    for api, query in ((admin, "sort=date"), (admin, "filter[after]=2026-03-01"), (member, "")):
        response = api.get(f"/time_entries?{query}&page[after]={cursor}")
        assert response.error["code"] == "keyset_invalid_cursor"


def test_other_people_cannot_change_or_delete_an_entry(
    member: Api, stranger: Api, connection: Connection
) -> None:
    before = snapshot(connection)
    for api in (member, stranger):
        assert change(api, OTHER_MEMBERS_ENTRY, time=1).status == 404
        assert delete(api, OTHER_MEMBERS_ENTRY).status == 404
    assert snapshot(connection) == before


def test_counters_page_through_many_entries(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    entry_ids = []
    for number in range(40):
        clock.advance(DAY)
        entry_ids.append(create(admin, note=str(number)).data["id"])
    delete(admin, entry_ids.pop(7))
    change(admin, entry_ids[3], date="2026-03-01")
    roll_up_all(connection)
    all_ids = by_cursor(admin, f"filter[person_id]={ADMIN}", 200)
    assert len(all_ids) == 39 + 2
    for size in (1, 7):
        query = f"/time_entries?filter[person_id]={ADMIN}&page[size]={size}"
        for number in (1, 3, 41 // size):
            page = admin.get(f"{query}&page[number]={number}")
            assert page.meta["total_count"] == 41
            assert page.ids == all_ids[(number - 1) * size : number * size]


# Limits of values


def test_time_beyond_the_limit_is_not_refused_when_it_is_sent_back(
    admin: Api, clock: FakeClock
) -> None:
    for _ in range(32):
        admin.start(
            time_entry_id=ADMINS_ENTRY,
            started_at=clock.at(-24 * HOUR),
            stopped_at=clock.at(0),
        )
        clock.advance(24 * HOUR)
    shown = admin.get(f"/time_entries/{ADMINS_ENTRY}").attributes
    assert shown["time"] == 32 * 24 * 60 > MAX_MINUTES
    noted = change(admin, ADMINS_ENTRY, **{**shown, "note": "A month at sea"})
    assert (noted.status, noted.attributes["time"]) == (200, shown["time"])
    for name in ("time", "billable_time"):
        refused = change(admin, ADMINS_ENTRY, **{name: MAX_MINUTES + 1})
        assert (refused.status, refused.error["source"]) == (
            422,
            {"pointer": f"data/attributes/{name}"},
        )


def test_old_date_is_not_refused_when_it_is_sent_back(admin: Api) -> None:
    started = admin.start(
        service_id=DESIGN,
        started_at="1998-05-04T09:00:00+02:00",
        stopped_at="1998-05-04T10:00:00+02:00",
    )
    shown = admin.get(f"/timers/{started.data['id']}?include=time_entry").document["included"][0]
    assert shown["attributes"]["date"] == "1998-05-04"
    assert change(admin, shown["id"], **{**shown["attributes"], "note": "Then"}).status == 200
    assert change(admin, shown["id"], date="1999-12-31").status == 422
