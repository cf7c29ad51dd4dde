"""POST /timers: contract section 3."""

from typing import Any

import pytest
from pynamodb.connection import Connection

from tests.support.api import Api
from tests.support.clock import DAY, HOUR, MINUTE, MONDAY_NINE, FakeClock
from tests.support.fixtures import (
    ADMIN,
    ADMINS_ENTRY,
    ADMINS_SECOND_ENTRY,
    ARCHIVED,
    CLOSED,
    DEACTIVATED,
    DESIGN,
    DEVELOPMENT,
    FOREIGN_ENTRY,
    FOREIGN_SERVICE,
    MEMBER,
    MEMBERS_ENTRY,
)
from tests.support.table_snapshots import items, snapshot

NINE = "2026-03-02T09:00:00.000+01:00"


def relationships_to(**relationships: tuple[str, object]) -> dict[str, Any]:
    return {
        name: {"data": {"type": type_, "id": id_}} for name, (type_, id_) in relationships.items()
    }


def body(
    attributes: dict[str, Any] | None = None, relationships: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "data": {
            "type": "timers",
            "attributes": attributes or {},
            "relationships": relationships or {},
        }
    }


def time_entry_id_of(api: Api, timer_id: str) -> str:
    response = api.get(f"/timers/{timer_id}?include=time_entry")
    return str(response.data["relationships"]["time_entry"]["data"]["id"])


@pytest.mark.parametrize(
    ("query", "document"),
    [
        ("", body(relationships=relationships_to(time_entry=("time_entries", str(ADMINS_ENTRY))))),
        ("", body(relationships=relationships_to(time_entry=("time-entries", ADMINS_ENTRY)))),
        ("", body(relationships={"time_entry": {"data": {"id": str(ADMINS_ENTRY)}}})),
        ("", body({"time_entry_id": str(ADMINS_ENTRY)})),
        ("", body({"time_entry_id": ADMINS_ENTRY})),
        (f"?time_entry_id={ADMINS_ENTRY}", body()),
        (f"?time_entry_id={ADMINS_ENTRY}", {}),
        (f"?time_entry_id={ADMINS_ENTRY}", {"data": None}),
    ],
)
def test_time_entry_id_is_accepted_in_every_form(admin: Api, query: str, document: object) -> None:
    response = admin.post(f"/timers{query}", document)
    assert response.status == 201
    assert time_entry_id_of(admin, response.data["id"]) == str(ADMINS_ENTRY)


@pytest.mark.parametrize(
    ("query", "document"),
    [
        ("", body({"service_id": str(DESIGN)})),
        ("", body({"service_id": DESIGN})),
        ("", body(relationships=relationships_to(service=("services", DESIGN)))),
        (f"?service_id={DESIGN}", body()),
    ],
)
def test_service_id_is_accepted_in_every_form(admin: Api, query: str, document: object) -> None:
    response = admin.post(f"/timers{query}", document)
    assert response.status == 201
    shown = admin.get(f"/timers/{response.data['id']}?include=time_entry.service")
    assert [(record["type"], record["id"]) for record in shown.document["included"]][1] == (
        "services",
        str(DESIGN),
    )


def test_start_accepts_an_empty_body_with_a_query_parameter(admin: Api) -> None:
    assert admin.send("POST", f"/timers?time_entry_id={ADMINS_ENTRY}").status == 201


@pytest.mark.parametrize(
    ("query", "attributes", "relationships"),
    [
        (
            f"?time_entry_id={ADMINS_SECOND_ENTRY}",
            {"time_entry_id": ADMINS_SECOND_ENTRY},
            relationships_to(time_entry=("time_entries", ADMINS_ENTRY)),
        ),
        (f"?time_entry_id={ADMINS_SECOND_ENTRY}", {"time_entry_id": ADMINS_ENTRY}, {}),
        (
            f"?time_entry_id={ADMINS_ENTRY}",
            {"time_entry_id": ""},
            relationships_to(time_entry=("time_entries", None)),
        ),
    ],
)
def test_first_source_with_a_time_entry_id_is_used(
    admin: Api, query: str, attributes: dict[str, Any], relationships: dict[str, Any]
) -> None:
    response = admin.post(f"/timers{query}", body(attributes, relationships))
    assert time_entry_id_of(admin, response.data["id"]) == str(ADMINS_ENTRY)


def test_service_id_is_ignored_when_a_time_entry_is_named(admin: Api) -> None:
    document = body({"time_entry_id": ADMINS_ENTRY, "service_id": "no such service"})
    response = admin.post("/timers", document)
    assert response.status == 201
    assert time_entry_id_of(admin, response.data["id"]) == str(ADMINS_ENTRY)


def test_null_and_unknown_members_of_a_start_are_ignored(admin: Api) -> None:
    document = body(
        {
            "time_entry_id": ADMINS_ENTRY,
            "service_id": None,
            "person_id": None,
            "started_at": None,
            "stopped_at": None,
            "total_time": None,
            "invented": {"by": ["a", "client"]},
        },
        {
            **relationships_to(organization=("organizations", "2149")),
            "person": {"data": None},
            "service": {},
            "unheard_of": ["of"],
        },
    )
    del document["data"]["type"]
    assert admin.post("/timers", document).status == 201


@pytest.mark.parametrize("type_", ["timers", "", None])
def test_document_type_is_optional(admin: Api, type_: str | None) -> None:
    document = body({"time_entry_id": ADMINS_ENTRY})
    document["data"]["type"] = type_
    assert admin.post("/timers", document).status == 201


@pytest.mark.parametrize(
    ("service_id", "reason"),
    [
        (None, "not_given"),
        ("", "not_given"),
        (999, "unknown"),
        (FOREIGN_SERVICE, "unknown"),
        ("abc", "unknown"),
        (ARCHIVED, "archived"),
        (CLOSED, "time_tracking_disabled"),
    ],
)
def test_unusable_service_returns_the_error_of_the_source_document(
    admin: Api, connection: Connection, service_id: object, reason: str
) -> None:
    before = snapshot(connection)
    response = admin.start(service_id=service_id)
    assert response.status == 422
    assert response.error == {
        "status": "422",
        "code": "invalid_attribute",
        "title": "Invalid Attribute",
        "detail": "attribute is invalid",
        "source": {"pointer": "data/attributes/service"},
        "meta": {"reason": reason},
    }
    assert snapshot(connection) == before


@pytest.mark.parametrize(
    "time_entry_id",
    [999, MEMBERS_ENTRY, FOREIGN_ENTRY, "abc", -1, 0, 2**53, "9" * 40, 1.5, True, [364], {"id": 1}],
)
def test_start_on_an_inaccessible_time_entry_is_rejected(
    admin: Api, connection: Connection, time_entry_id: object
) -> None:
    before = snapshot(connection)
    response = admin.start(time_entry_id=time_entry_id, service_id=DESIGN)
    assert (response.status, response.error["code"]) == (422, "invalid_attribute")
    assert response.error["source"] == {"pointer": "data/attributes/time_entry"}
    assert snapshot(connection) == before


def test_relationship_of_a_wrong_type_is_rejected(admin: Api) -> None:
    response = admin.post(
        "/timers", body(relationships=relationships_to(time_entry=("services", 364)))
    )
    assert response.status == 422
    assert response.error["source"] == {"pointer": "data/attributes/time_entry"}


def test_location_header_is_the_url_of_the_timer(admin: Api) -> None:
    response = admin.start(time_entry_id=ADMINS_ENTRY)
    assert response.headers["Location"] == f"http://stint.test/api/v2/timers/{response.data['id']}"


def test_timer_id_fits_a_javascript_number(admin: Api) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    assert timer_id.isdecimal()
    assert int(timer_id) < 2**53


def test_new_entry_has_the_local_date_of_the_start(
    admin: Api, stranger: Api, clock: FakeClock
) -> None:
    clock.timestamp = MONDAY_NINE + 14.5 * HOUR  # 23:30 in Zagreb, 04:00 on Tuesday in Kolkata
    zagreb_timer = admin.post("/timers?include=time_entry", body({"service_id": DESIGN}))
    kolkata_timer = stranger.post(
        "/timers?include=time_entry", body({"service_id": FOREIGN_SERVICE})
    )
    assert zagreb_timer.document["included"][0]["attributes"]["date"] == "2026-03-02"
    assert kolkata_timer.document["included"][0]["attributes"]["date"] == "2026-03-03"
    assert kolkata_timer.attributes["started_at"] == "2026-03-03T04:00:00.000+05:30"


def test_new_entry_uses_the_billing_of_its_service(admin: Api) -> None:
    response = admin.post("/timers?include=time_entry", body({"service_id": DEVELOPMENT}))
    entry = response.document["included"][0]["attributes"]
    assert (entry["time"], entry["billable_time"], entry["track_method_id"]) == (0, 0, 2)
    assert entry["timer_started_at"] == NINE
    assert entry["timer_stopped_at"] is None


def test_start_stops_the_running_timer(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    first = admin.start(time_entry_id=ADMINS_ENTRY)
    clock.advance(10 * MINUTE)
    second = admin.start(time_entry_id=ADMINS_SECOND_ENTRY)
    assert second.meta == {"stopped_timer_ids": [first.data["id"]]}
    stopped = admin.get(f"/timers/{first.data['id']}")
    assert stopped.attributes["stopped_at"] == second.attributes["started_at"]
    assert stopped.attributes["total_time"] == 10
    assert stopped.data["meta"] == {"stop_reason": "superseded"}
    entries = {entry["id"]: entry for entry in items(connection, "time_entries")}
    assert entries[ADMINS_ENTRY]["tracked_seconds"] == 600
    assert "running_timer_id" not in entries[ADMINS_ENTRY]
    assert entries[ADMINS_SECOND_ENTRY]["running_timer_id"] == int(second.data["id"])


def test_restart_on_the_same_entry_counts_both_sessions(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    clock.advance(90)
    second = admin.start(time_entry_id=ADMINS_ENTRY)
    (entry,) = [item for item in items(connection, "time_entries") if item["id"] == ADMINS_ENTRY]
    assert (entry["tracked_seconds"], entry["timer_count"]) == (90, 2)
    assert entry["running_timer_id"] == int(second.data["id"])


def test_overdue_timer_stops_at_its_limit_on_the_next_start(admin: Api, clock: FakeClock) -> None:
    first = admin.start(time_entry_id=ADMINS_ENTRY)
    clock.advance(2 * DAY)
    admin.start(time_entry_id=ADMINS_ENTRY)
    overdue = admin.get(f"/timers/{first.data['id']}")
    assert overdue.attributes["total_time"] == 12 * 60
    assert overdue.data["meta"] == {"stop_reason": "auto"}


def test_two_people_can_have_running_timers(admin: Api, member: Api) -> None:
    assert admin.start(time_entry_id=ADMINS_ENTRY).meta == {}
    assert member.start(time_entry_id=MEMBERS_ENTRY).meta == {}
    assert len(admin.get("/timers?filter[stopped_at]=null").data) == 2


def test_admin_can_start_a_timer_for_another_person(admin: Api, member: Api) -> None:
    for document in (
        body({"time_entry_id": MEMBERS_ENTRY, "person_id": MEMBER}),
        body({"time_entry_id": MEMBERS_ENTRY}, relationships_to(person=("people", MEMBER))),
    ):
        response = admin.post("/timers", document)
        assert (response.status, response.attributes["person_id"]) == (201, MEMBER)
        assert member.get(f"/timers/{response.data['id']}").status == 200


def test_entry_created_by_an_admin_belongs_to_the_named_person(admin: Api) -> None:
    document = body({"service_id": DESIGN, "person_id": MEMBER})
    response = admin.post("/timers?include=time_entry.person", document)
    entry, person = response.document["included"]
    assert entry["relationships"]["person"]["data"]["id"] == str(MEMBER)
    assert person["id"] == str(MEMBER)


@pytest.mark.parametrize("person_id", [999, DEACTIVATED, 8786, "abc"])
def test_admin_cannot_start_a_timer_for_an_invalid_person(
    admin: Api, connection: Connection, person_id: object
) -> None:
    before = snapshot(connection)
    response = admin.start(service_id=DESIGN, person_id=person_id)
    assert (response.status, response.error["source"]["pointer"]) == (422, "data/attributes/person")
    assert snapshot(connection) == before


def test_member_can_start_a_timer_only_for_themselves(member: Api, connection: Connection) -> None:
    assert member.start(time_entry_id=MEMBERS_ENTRY, person_id=str(MEMBER)).status == 201
    before = snapshot(connection)
    response = member.start(time_entry_id=ADMINS_ENTRY, person_id=ADMIN)
    assert (response.status, response.error["code"]) == (403, "access_denied")
    assert snapshot(connection) == before


@pytest.mark.parametrize(
    ("started_at", "shown"),
    [
        ("2026-03-02T08:30:00+01:00", "2026-03-02T08:30:00.000+01:00"),
        ("2026-03-02T07:30:00Z", "2026-03-02T08:30:00.000+01:00"),
        ("2026-03-02T13:00:00.900+0530", "2026-03-02T08:30:00.000+01:00"),
        ("2026-03-02T09:02:00+01:00", NINE),
        ("2026-01-30T09:00:00+01:00", "2026-01-30T09:00:00.000+01:00"),
    ],
)
def test_start_accepts_a_start_time(admin: Api, started_at: str, shown: str) -> None:
    response = admin.start(time_entry_id=ADMINS_ENTRY, started_at=started_at)
    assert (response.status, response.attributes["started_at"]) == (201, shown)


@pytest.mark.parametrize(
    "started_at",
    [
        "2026-03-03T09:00:01+01:00",
        "2026-01-30T08:59:59+01:00",
        "2026-03-02T08:30:00",
        "2026-03-02",
        "yesterday",
        1_772_438_400,
        ["2026-03-02T08:30:00Z"],
    ],
)
def test_invalid_start_time_is_rejected(
    admin: Api, connection: Connection, started_at: object
) -> None:
    before = snapshot(connection)
    response = admin.start(time_entry_id=ADMINS_ENTRY, started_at=started_at)
    assert (response.status, response.error["code"]) == (422, "invalid_attribute")
    assert response.error["source"] == {"pointer": "data/attributes/started_at"}
    assert snapshot(connection) == before


def test_start_before_the_last_stop_is_rejected(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    first = admin.start(time_entry_id=ADMINS_ENTRY)
    clock.advance(HOUR)
    admin.stop(first.data["id"])
    clock.advance(HOUR)
    before = snapshot(connection)
    response = admin.start(time_entry_id=ADMINS_ENTRY, started_at="2026-03-02T09:59:59+01:00")
    assert (response.status, response.error["code"]) == (422, "overlaps_session")
    assert response.error["meta"] == {
        "conflicting_timer_id": first.data["id"],
        "earliest_started_at": "2026-03-02T10:00:00.000+01:00",
    }
    assert snapshot(connection) == before
    earliest = response.error["meta"]["earliest_started_at"]
    assert admin.start(time_entry_id=ADMINS_ENTRY, started_at=earliest).status == 201


def test_start_before_the_start_of_the_running_timer_is_rejected(admin: Api) -> None:
    running = admin.start(time_entry_id=ADMINS_ENTRY)
    response = admin.start(time_entry_id=ADMINS_ENTRY, started_at="2026-03-02T08:59:59+01:00")
    assert (response.status, response.error["code"]) == (422, "overlaps_session")
    assert response.error["meta"] == {
        "conflicting_timer_id": running.data["id"],
        "earliest_started_at": NINE,
    }


@pytest.mark.parametrize("started_at", ["2026-03-02T09:02:01+01:00", "2026-03-03T09:00:00+01:00"])
def test_start_ahead_of_the_servers_clock_counts_as_now(admin: Api, started_at: str) -> None:
    response = admin.start(time_entry_id=ADMINS_ENTRY, started_at=started_at)
    assert (response.status, response.attributes["started_at"]) == (201, NINE)
    assert response.meta == {"adjusted": ["started_at"]}


def test_clock_skew_cannot_start_a_timer_before_the_last_stop(admin: Api, clock: FakeClock) -> None:
    first = admin.start(time_entry_id=ADMINS_ENTRY)
    clock.advance(HOUR)
    admin.stop(first.data["id"])
    clock.advance(-MINUTE)
    response = admin.start(time_entry_id=ADMINS_ENTRY)
    assert response.attributes["started_at"] == "2026-03-02T10:00:00.000+01:00"


def test_start_supports_include_and_fields(admin: Api) -> None:
    response = admin.post(
        "/timers?include=time_entry&fields[timers]=started_at,time_entry&fields[time_entries]=date",
        body({"time_entry_id": ADMINS_ENTRY}),
    )
    assert response.data["attributes"] == {"started_at": NINE}
    assert list(response.data["relationships"]) == ["time_entry"]
    assert response.document["included"] == [
        {
            "id": str(ADMINS_ENTRY),
            "type": "time_entries",
            "attributes": {"date": "2026-03-02"},
            "relationships": {},
        }
    ]


def test_unsupported_include_starts_no_timer(admin: Api, connection: Connection) -> None:
    before = snapshot(connection)
    response = admin.post("/timers?include=budget", body({"time_entry_id": ADMINS_ENTRY}))
    assert (response.status, response.error["code"]) == (400, "unsupported_include")
    assert snapshot(connection) == before
