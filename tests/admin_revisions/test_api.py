"""Admin revisions: what is recorded, by whom, and how it is listed. Contract section 11."""

import json
from typing import Any

import pytest
from pynamodb.connection import Connection

from chalicelib.api_tokens.authentication import digest
from chalicelib.dynamodb.idempotency_records import IdempotencyModel
from chalicelib.http.routing import Route
from tests.support.api import JSON_API, Api
from tests.support.clock import HOUR, FakeClock
from tests.support.event_services import EventServices
from tests.support.fixtures import (
    ADMIN,
    DESIGN,
    MEMBER,
    OTHER_MEMBER,
    WEBHOOK,
    ZAGREB,
    Fixtures,
    token_id,
)
from tests.support.openapi_checks import TABLE
from tests.support.samples import send_sample
from tests.support.table_snapshots import items, snapshot

UNCHANGED = {"restore_service", "restore_person", "activate_person"}
"""Routes whose sample request changes nothing."""

UNRECORDED = {"create_live_ticket"}
"""A ticket lasts for a minute, and gives nothing but messages without data."""

FIXTURE = 73

each_route = pytest.mark.parametrize(
    ("route", "method"),
    [
        pytest.param(route, method, id=f"{method} {route.path}")
        for route in TABLE
        if route.needs_live_token and route.name not in UNRECORDED
        for method in route.methods
    ],
)


def revisions(api: Api, query: str = "") -> list[dict[str, Any]]:
    """The attributes of the revisions, without that of the fixtures."""
    response = api.get(f"/admin_revisions?{query}")
    assert response.status == 200, response.body
    return [each["attributes"] for each in response.data if each["id"] != str(FIXTURE)]


def patch(api: Api, path: str, **attributes: object) -> None:
    assert api.patch(path, {"data": {"attributes": attributes}}).status == 200


@each_route
@pytest.mark.usefixtures("event_services")
def test_every_write_that_gives_access_is_recorded(
    admin: Api, fixtures: Fixtures, connection: Connection, route: Route, method: str
) -> None:
    response = send_sample(admin, route, method, "")
    assert response.status == route.success
    recorded = revisions(admin)
    if route.name in UNCHANGED:
        assert recorded == []
        return
    (revision,) = recorded
    assert revision["subject_type"] == route.subject.type
    assert (revision["creator_id"], revision["token_id"]) == (ADMIN, token_id(ADMIN))
    assert revision["before"].keys() == revision["after"].keys() != set()
    assert revision["before"] != revision["after"]
    if not route.names_record:
        assert revision["act"] == "created"
        assert str(revision["subject_id"]) == response.data["id"]
    stored = json.dumps(items(connection, "revision_log"))
    one_time = response.meta.values() if response.body else ()
    secrets = [*fixtures.tokens.values(), *(text for text in one_time if isinstance(text, str))]
    secrets = [text for text in secrets if not text.startswith("evt_test_")]
    for secret in secrets:
        assert secret not in stored
        assert digest(secret) not in stored


def test_token_of_a_colleague_leaves_a_trace(admin: Api, app: Any) -> None:
    data = {"attributes": {"name": "phone", "person_id": MEMBER}}
    created = admin.post("/api_tokens", {"data": data})
    record_id = created.data["id"]
    as_member = Api(app, {**admin.headers, "X-Auth-Token": created.meta["token"]})
    patch(as_member, f"/people/{MEMBER}", nickname="boss")
    assert admin.send("DELETE", f"/api_tokens/{record_id}").status == 204
    deleted, renamed, made = revisions(admin, f"filter[person_id]={MEMBER}")
    assert (made["act"], made["creator_id"], made["person_id"]) == ("created", ADMIN, MEMBER)
    assert made["after"] == {"name": "phone", "person_id": MEMBER}
    assert made["before"] == {"name": None, "person_id": None}
    # Written as the member, with the token that the admin made.
    assert (renamed["creator_id"], renamed["token_id"]) == (MEMBER, int(record_id))
    assert (renamed["before"], renamed["after"]) == ({"nickname": None}, {"nickname": "boss"})
    assert (deleted["act"], deleted["after"]) == ("deleted", {"name": None, "person_id": None})
    assert deleted["subject_id"] == int(record_id)


def test_values_before_and_after_are_recorded(admin: Api) -> None:
    patch(admin, f"/people/{MEMBER}", role="admin", first_name="First")
    patch(admin, f"/services/{DESIGN}", billable=False)
    patch(admin, f"/webhooks/{WEBHOOK}", events=["timer.started"])
    patch(admin, f"/organizations/{ZAGREB.id}", remind_after=30)
    assert admin.patch(f"/people/{MEMBER}/deactivate").status == 200
    recorded = [(each["before"], each["after"]) for each in revisions(admin, "sort=created_at")]
    now = "2026-03-02T09:00:00.000+01:00"
    assert recorded == [
        ({"role": "member"}, {"role": "admin"}),
        ({"billable": True}, {"billable": False}),
        ({"events": ["time_entry.deleted"]}, {"events": ["timer.started"]}),
        ({"remind_after": None}, {"remind_after": 30}),
        ({"deactivated_at": None}, {"deactivated_at": now}),
    ]


def test_unchanged_and_repeated_requests_record_nothing(admin: Api, connection: Connection) -> None:
    patch(admin, f"/people/{MEMBER}", first_name="First")
    patch(admin, f"/services/{DESIGN}", name="Design")
    assert revisions(admin) == []
    body = json.dumps({"data": {"attributes": {"name": "New"}}}).encode()
    headers = {"Content-Type": JSON_API, "Idempotency-Key": "tap-1"}
    for _ in range(2):
        assert admin.send("POST", "/services", body, headers).status == 201
    assert len(revisions(admin)) == 1
    assert IdempotencyModel.Meta.bare_name in snapshot(connection)


def test_only_admins_list_admin_revisions(member: Api, stranger: Api) -> None:
    refused = member.get("/admin_revisions")
    assert (refused.status, refused.error["code"]) == (403, "access_denied")
    assert stranger.get("/admin_revisions").data == []


def test_revisions_are_filtered(admin: Api, member: Api, clock: FakeClock) -> None:
    patch(admin, f"/people/{MEMBER}", title="A")
    clock.advance(HOUR)
    patch(member, f"/people/{MEMBER}", title="B")
    clock.advance(HOUR)
    patch(admin, f"/services/{DESIGN}", position=7)
    for query, titles in {
        "": [None, "B", "A"],
        "sort=created_at": ["A", "B", None],
        "filter[subject_type]=people": ["B", "A"],
        "filter[subject_type]=services": [None],
        "filter[subject_type]=timers": [],
        f"filter[subject_id]={MEMBER},{DESIGN}": [None, "B", "A"],
        f"filter[subject_id]={DESIGN}": [None],
        f"filter[person_id]={MEMBER}": ["B", "A"],
        f"filter[creator_id]={MEMBER}": ["B"],
        f"filter[token_id]={token_id(ADMIN)}": [None, "A"],
        "filter[created_at][gt]=2026-03-02T09:30:00%2B01:00": [None, "B"],
        "filter[created_at][lt]=2026-03-02T09:30:00%2B01:00": ["A"],
        f"filter[person_id]={MEMBER}&filter[creator_id]={ADMIN}": ["A"],
    }.items():
        assert [each["after"].get("title") for each in revisions(admin, query)] == titles, query
    assert admin.get("/admin_revisions?filter[colour]=red").status == 400


def test_revisions_are_paged_by_cursor_and_include_people(admin: Api) -> None:
    for number in range(5):
        patch(admin, f"/services/{DESIGN}", position=number + 1)
    query, walked = "/admin_revisions?page[size]=2", []
    while query:
        page = admin.get(query)
        walked += [each["attributes"]["after"].get("position") for each in page.data]
        following = page.document["links"].get("next", "")
        query = following.removeprefix("http://stint.test/api/v2")
    assert walked == [5, 4, 3, 2, 1, None]
    assert admin.get("/admin_revisions?page[number]=2").status == 400
    included = admin.get("/admin_revisions?include=person,creator&page[size]=200").document
    assert {each["id"] for each in included["included"]} == {str(ADMIN), str(OTHER_MEMBER)}


def test_failed_act_is_not_recorded(admin: Api, event_services: EventServices) -> None:
    assert event_services.settings.deliveries_url
    assert admin.patch(f"/people/{ADMIN}/deactivate").status == 422
    patch(admin, f"/webhooks/{WEBHOOK}", state="paused")
    before = revisions(admin)
    document = {"data": {"attributes": {"dead_letters": True}}}
    assert admin.patch(f"/webhooks/{WEBHOOK}/replay", document).status == 422
    assert revisions(admin) == before
