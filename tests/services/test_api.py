"""Services: contract section 10."""

import pytest
from pynamodb.connection import Connection

from tests.support.api import Api, Response
from tests.support.call_counter import counted
from tests.support.clock import HOUR, FakeClock
from tests.support.fixtures import ARCHIVED, CLOSED, DESIGN, DEVELOPMENT, MEMBER
from tests.support.table_snapshots import snapshot


def create(api: Api, **attributes: object) -> Response:
    return api.post("/services", {"data": {"type": "services", "attributes": attributes}})


def change(api: Api, service_id: int, **attributes: object) -> Response:
    return api.patch(f"/services/{service_id}", {"data": {"attributes": attributes}})


def test_service_can_be_created_and_tracked(admin: Api) -> None:
    response = create(admin, name=" Research ", billable=False, position="3")
    assert response.status == 201
    assert response.attributes == {
        "name": "Research",
        "billable": False,
        "time_tracking_enabled": True,
        "position": 3,
        "archived_at": None,
        "deleted_at": None,
    }
    started = admin.start(service_id=response.data["id"])
    assert started.status == 201


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", None),
        ("name", "x" * 256),
        ("billable", "yes"),
        ("time_tracking_enabled", 1),
        ("position", -1),
        ("position", 1_000_001),
        ("position", "first"),
        ("position", 1.5),
        ("position", True),
    ],
)
def test_invalid_attribute_is_rejected(
    admin: Api, connection: Connection, name: str, value: object
) -> None:
    before = snapshot(connection)
    response = create(admin, **{"name": "Research", name: value})
    assert (response.status, response.error["code"]) == (422, "invalid_attribute")
    assert response.error["source"] == {"pointer": f"data/attributes/{name}"}
    assert snapshot(connection) == before


def test_null_attributes_are_ignored_on_create(admin: Api) -> None:
    assert create(admin, name="Research", billable=None, position=None).attributes["billable"]


def test_service_can_be_partially_updated(admin: Api, connection: Connection) -> None:
    response = change(admin, DESIGN, position=7)
    assert (response.status, response.attributes["position"]) == (200, 7)
    assert response.attributes["name"] == "Design"
    with counted(connection) as calls:
        change(admin, DESIGN, position=7)
        change(admin, DESIGN, position=8)
    assert calls == ["BatchGetItem", "BatchGetItem", "TransactWriteItems"]


def test_archived_service_accepts_no_timer_until_restored(admin: Api, clock: FakeClock) -> None:
    archived = admin.patch(f"/services/{DESIGN}/archive")
    assert archived.attributes["archived_at"] == "2026-03-02T09:00:00.000+01:00"
    assert admin.start(service_id=DESIGN).status == 422
    clock.advance(HOUR)
    # A second archive request keeps the time of the first one.
    assert admin.patch(f"/services/{DESIGN}/archive").data == archived.data
    assert admin.patch(f"/services/{DESIGN}/restore").attributes["archived_at"] is None
    assert admin.start(service_id=DESIGN).status == 201


def test_repeated_create_with_a_key_creates_one_service(admin: Api) -> None:
    body = b'{"data":{"attributes":{"name":"Once"}}}'
    headers = {"Content-Type": "application/vnd.api+json", "Idempotency-Key": "once"}
    first, replay = (admin.send("POST", "/services", body, headers) for _ in range(2))
    assert first.document == replay.document
    assert len(admin.get("/services?filter[name]=once").data) == 1
    other = admin.send("POST", "/services", body.replace(b"Once", b"Twice"), headers)
    assert other.error["code"] == "idempotency_key_reused"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [DESIGN, DEVELOPMENT, CLOSED]),
        ("sort=-name", [CLOSED, DEVELOPMENT, DESIGN]),
        ("filter[archived]=true", [ARCHIVED]),
        ("filter[archived]=1&filter[time_tracking_enabled]=true", [ARCHIVED]),
        ("filter[archived]=false", [DESIGN, DEVELOPMENT, CLOSED]),
        ("filter[archived][not_eq]=false", [ARCHIVED]),
        ("filter[$op]=and&filter[0][archived]=true", [ARCHIVED]),
        (f"filter[id]={DESIGN},{ARCHIVED}", [DESIGN, ARCHIVED]),
        (f"filter[id]={DESIGN},{ARCHIVED}&filter[archived]=false", [DESIGN]),
        (f"filter[id][not_eq]={DESIGN}", [DEVELOPMENT, CLOSED]),
        (f"filter[id][not_eq]={DESIGN}&filter[archived]=true", [ARCHIVED]),
        ("filter[time_tracking_enabled]=true", [DESIGN, DEVELOPMENT]),
        ("page[after]=&page[size]=200", [DESIGN, DEVELOPMENT, CLOSED]),
        ("filter[name]=design", [DESIGN]),
        ("filter[name][contains]=DE", [DESIGN, DEVELOPMENT]),
        ("filter[name][not_contain]=de", [CLOSED]),
        ("filter[name][not_eq]=design", [DEVELOPMENT, CLOSED]),
        ("filter[query]=price+fixed", [CLOSED]),
        ("filter[query]=", [DESIGN, DEVELOPMENT, CLOSED]),
        ("filter[query]=print", []),
        ("filter[time_tracking_enabled]=false", [CLOSED]),
        ("filter[time_tracking_enabled][not_eq]=1", [CLOSED]),
        (f"filter[person_id]={MEMBER}", [DESIGN, DEVELOPMENT, CLOSED]),
        (
            f"filter[trackable_by_person_id]={MEMBER}&filter[task_id][not_eq]=1",
            [DESIGN, DEVELOPMENT, CLOSED],
        ),
        ("filter[after]=2026-03-02&filter[before]=2026-03-02", [DESIGN, DEVELOPMENT, CLOSED]),
        ("filter[budget_status]=1&filter[time_tracking_enabled]=true", [DESIGN, DEVELOPMENT]),
        ("filter[budget_status]=2", []),
        ("filter[limitation_type][contains]=NO_", [DESIGN, DEVELOPMENT, CLOSED]),
        ("filter[limitation_type]=budget_fully_used", []),
        ("filter[deal_id]=1", []),
        ("filter[company_id][not_eq]=1", [DESIGN, DEVELOPMENT, CLOSED]),
        ("filter[$op]=and&filter[0][project_id][eq][]=1&filter[1][id]=1294", []),
        ("filter[billing_type]=2,3", [DESIGN, DEVELOPMENT, CLOSED]),
        ("filter[billing_type]=1", []),
        ("sort=-budget", [DESIGN, DEVELOPMENT, CLOSED]),
        ("sort=project_name,-name", [CLOSED, DEVELOPMENT, DESIGN]),
        ("filter[project_id]=1&filter[name]=design", []),
        (f"filter[id]={DESIGN}&filter[name][contains]=p", []),
    ],
)
def test_services_can_be_filtered_and_sorted(admin: Api, query: str, expected: list[int]) -> None:
    assert admin.get(f"/services?{query}").ids == [str(service_id) for service_id in expected]


def test_archived_service_is_listed_only_on_request(admin: Api) -> None:
    admin.patch(f"/services/{DEVELOPMENT}/archive")
    assert str(DEVELOPMENT) not in admin.get("/services").ids
    assert str(DEVELOPMENT) in admin.get("/services?filter[archived]=true").ids
    assert admin.get(f"/services/{DEVELOPMENT}").status == 200
    admin.patch(f"/services/{DEVELOPMENT}/restore")
    assert str(DEVELOPMENT) in admin.get("/services").ids


@pytest.mark.parametrize("value", ["", "maybe", "null", "true,false"])
def test_invalid_value_of_the_archived_filter_is_rejected(admin: Api, value: str) -> None:
    response = admin.get(f"/services?filter[archived]={value}")
    assert (response.status, response.error["code"]) == (400, "unsupported_filter_value_type")


def test_member_can_list_and_view_services(member: Api) -> None:
    assert len(member.get("/services").data) == 3
    assert member.get(f"/services/{DESIGN}?include=organization").document["included"]
