"""POST /timers: contract section 3."""

from typing import Any

import pytest
from pynamodb.connection import Connection

from tests.support.api import Api
from tests.support.clock import DAY, HOUR, MINUTE, MONDAY_NINE, FakeClock
from tests.support.tables import items, snapshot
from tests.support.world import (
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

NINE = "2026-03-02T09:00:00.000+01:00"


def linked(**relationships: tuple[str, object]) -> dict[str, Any]:
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


def entry_of(api: Api, timer_id: str) -> str:
    answer = api.get(f"/timers/{timer_id}?include=time_entry")
    return str(answer.data["relationships"]["time_entry"]["data"]["id"])


@pytest.mark.parametrize(
    ("query", "document"),
    [
        ("", body(relationships=linked(time_entry=("time_entries", str(ADMINS_ENTRY))))),
        ("", body(relationships=linked(time_entry=("time-entries", ADMINS_ENTRY)))),
        ("", body(relationships={"time_entry": {"data": {"id": str(ADMINS_ENTRY)}}})),
        ("", body({"time_entry_id": str(ADMINS_ENTRY)})),
        ("", body({"time_entry_id": ADMINS_ENTRY})),
        (f"?time_entry_id={ADMINS_ENTRY}", body()),
        (f"?time_entry_id={ADMINS_ENTRY}", {}),
        (f"?time_entry_id={ADMINS_ENTRY}", {"data": None}),
    ],
)
def test_a_time_entry_is_named_in_any_form(admin: Api, query: str, document: object) -> None:
    answer = admin.post(f"/timers{query}", document)
    assert answer.status == 201
    assert entry_of(admin, answer.data["id"]) == str(ADMINS_ENTRY)


@pytest.mark.parametrize(
    ("query", "document"),
    [
        ("", body({"service_id": str(DESIGN)})),
        ("", body({"service_id": DESIGN})),
        ("", body(relationships=linked(service=("services", DESIGN)))),
        (f"?service_id={DESIGN}", body()),
    ],
)
def test_a_service_is_named_in_any_form(admin: Api, query: str, document: object) -> None:
    answer = admin.post(f"/timers{query}", document)
    assert answer.status == 201
    shown = admin.get(f"/timers/{answer.data['id']}?include=time_entry.service")
    assert [(it["type"], it["id"]) for it in shown.document["included"]][1] == (
        "services",
        str(DESIGN),
    )


def test_an_empty_body_does_where_the_query_names_the_work(admin: Api) -> None:
    assert admin.send("POST", f"/timers?time_entry_id={ADMINS_ENTRY}").status == 201


@pytest.mark.parametrize(
    ("query", "attributes", "relationships"),
    [
        (
            f"?time_entry_id={ADMINS_SECOND_ENTRY}",
            {"time_entry_id": ADMINS_SECOND_ENTRY},
            linked(time_entry=("time_entries", ADMINS_ENTRY)),
        ),
        (f"?time_entry_id={ADMINS_SECOND_ENTRY}", {"time_entry_id": ADMINS_ENTRY}, {}),
        (
            f"?time_entry_id={ADMINS_ENTRY}",
            {"time_entry_id": ""},
            linked(time_entry=("time_entries", None)),
        ),
    ],
)
def test_the_first_place_that_names_a_time_entry_wins(
    admin: Api, query: str, attributes: dict[str, Any], relationships: dict[str, Any]
) -> None:
    answer = admin.post(f"/timers{query}", body(attributes, relationships))
    assert entry_of(admin, answer.data["id"]) == str(ADMINS_ENTRY)


def test_a_time_entry_wins_and_its_service_is_not_even_looked_at(admin: Api) -> None:
    document = body({"time_entry_id": ADMINS_ENTRY, "service_id": "no such service"})
    answer = admin.post("/timers", document)
    assert answer.status == 201
    assert entry_of(admin, answer.data["id"]) == str(ADMINS_ENTRY)


def test_what_real_clients_send_without_meaning_it_is_ignored(admin: Api) -> None:
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
            **linked(organization=("organizations", "2149")),
            "person": {"data": None},
            "service": {},
            "unheard_of": ["of"],
        },
    )
    del document["data"]["type"]
    assert admin.post("/timers", document).status == 201


@pytest.mark.parametrize("type_", ["timers", "", None])
def test_a_type_may_be_missing_or_blank(admin: Api, type_: str | None) -> None:
    document = body({"time_entry_id": ADMINS_ENTRY})
    document["data"]["type"] = type_
    assert admin.post("/timers", document).status == 201


@pytest.mark.parametrize("service_id", [None, "", 999, ARCHIVED, CLOSED, FOREIGN_SERVICE, "abc"])
def test_no_usable_service_is_the_error_of_the_source(
    admin: Api, connection: Connection, service_id: object
) -> None:
    before = snapshot(connection)
    answer = admin.start(service_id=service_id)
    assert answer.status == 422
    assert answer.error == {
        "status": "422",
        "code": "invalid_attribute",
        "title": "Invalid Attribute",
        "detail": "attribute is invalid",
        "source": {"pointer": "data/attributes/service"},
    }
    assert snapshot(connection) == before


@pytest.mark.parametrize(
    "time_entry_id",
    [999, MEMBERS_ENTRY, FOREIGN_ENTRY, "abc", -1, 0, 2**53, "9" * 40, 1.5, True, [364], {"id": 1}],
)
def test_a_time_entry_that_is_not_theirs_is_refused(
    admin: Api, connection: Connection, time_entry_id: object
) -> None:
    before = snapshot(connection)
    answer = admin.start(time_entry_id=time_entry_id, service_id=DESIGN)
    assert (answer.status, answer.error["code"]) == (422, "invalid_attribute")
    assert answer.error["source"] == {"pointer": "data/attributes/time_entry"}
    assert snapshot(connection) == before


def test_a_relationship_of_another_type_names_no_time_entry(admin: Api) -> None:
    answer = admin.post("/timers", body(relationships=linked(time_entry=("services", 364))))
    assert answer.status == 422
    assert answer.error["source"] == {"pointer": "data/attributes/time_entry"}


def test_location_names_the_timer(admin: Api) -> None:
    answer = admin.start(time_entry_id=ADMINS_ENTRY)
    assert answer.headers["Location"] == f"http://stint.test/api/v2/timers/{answer.data['id']}"


def test_an_id_fits_javascript(admin: Api) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    assert timer_id.isdecimal()
    assert int(timer_id) < 2**53


def test_a_new_entry_is_booked_on_the_local_day_of_the_start(
    admin: Api, stranger: Api, clock: FakeClock
) -> None:
    clock.instant = MONDAY_NINE + 14.5 * HOUR  # 23:30 in Zagreb, 04:00 on Tuesday in Kolkata
    ours = admin.post("/timers?include=time_entry", body({"service_id": DESIGN}))
    theirs = stranger.post("/timers?include=time_entry", body({"service_id": FOREIGN_SERVICE}))
    assert ours.document["included"][0]["attributes"]["date"] == "2026-03-02"
    assert theirs.document["included"][0]["attributes"]["date"] == "2026-03-03"
    assert theirs.attributes["started_at"] == "2026-03-03T04:00:00.000+05:30"


def test_a_new_entry_has_the_service_and_its_billing(admin: Api) -> None:
    answer = admin.post("/timers?include=time_entry", body({"service_id": DEVELOPMENT}))
    entry = answer.document["included"][0]["attributes"]
    assert (entry["time"], entry["billable_time"], entry["track_method_id"]) == (0, 0, 2)
    assert entry["timer_started_at"] == NINE
    assert entry["timer_stopped_at"] is None


def test_starting_another_stops_the_one_that_runs(
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
    entries = {it["id"]: it for it in items(connection, "time_entries")}
    assert entries[ADMINS_ENTRY]["tracked_seconds"] == 600
    assert "running_timer_id" not in entries[ADMINS_ENTRY]
    assert entries[ADMINS_SECOND_ENTRY]["running_timer_id"] == int(second.data["id"])


def test_a_switch_within_one_entry_counts_both_sessions(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    clock.advance(90)
    second = admin.start(time_entry_id=ADMINS_ENTRY)
    (entry,) = [it for it in items(connection, "time_entries") if it["id"] == ADMINS_ENTRY]
    assert (entry["tracked_seconds"], entry["timer_count"]) == (90, 2)
    assert entry["running_timer_id"] == int(second.data["id"])


def test_a_forgotten_timer_ends_at_its_limit_when_another_starts(
    admin: Api, clock: FakeClock
) -> None:
    first = admin.start(time_entry_id=ADMINS_ENTRY)
    clock.advance(2 * DAY)
    admin.start(time_entry_id=ADMINS_ENTRY)
    forgotten = admin.get(f"/timers/{first.data['id']}")
    assert forgotten.attributes["total_time"] == 12 * 60
    assert forgotten.data["meta"] == {"stop_reason": "auto"}


def test_two_people_run_at_the_same_time(admin: Api, member: Api) -> None:
    assert admin.start(time_entry_id=ADMINS_ENTRY).meta == {}
    assert member.start(time_entry_id=MEMBERS_ENTRY).meta == {}
    assert len(admin.get("/timers?filter[stopped_at]=null").data) == 2


def test_an_admin_starts_for_somebody_else(admin: Api, member: Api) -> None:
    for document in (
        body({"time_entry_id": MEMBERS_ENTRY, "person_id": MEMBER}),
        body({"time_entry_id": MEMBERS_ENTRY}, linked(person=("people", MEMBER))),
    ):
        answer = admin.post("/timers", document)
        assert (answer.status, answer.attributes["person_id"]) == (201, MEMBER)
        assert member.get(f"/timers/{answer.data['id']}").status == 200


def test_an_entry_that_an_admin_makes_belongs_to_whom_it_is_for(admin: Api) -> None:
    document = body({"service_id": DESIGN, "person_id": MEMBER})
    answer = admin.post("/timers?include=time_entry.person", document)
    entry, person = answer.document["included"]
    assert entry["relationships"]["person"]["data"]["id"] == str(MEMBER)
    assert person["id"] == str(MEMBER)


@pytest.mark.parametrize("person_id", [999, DEACTIVATED, 8786, "abc"])
def test_an_admin_cannot_start_for_nobody(
    admin: Api, connection: Connection, person_id: object
) -> None:
    before = snapshot(connection)
    answer = admin.start(service_id=DESIGN, person_id=person_id)
    assert (answer.status, answer.error["source"]["pointer"]) == (422, "data/attributes/person")
    assert snapshot(connection) == before


def test_a_member_may_name_themselves_and_nobody_else(member: Api, connection: Connection) -> None:
    assert member.start(time_entry_id=MEMBERS_ENTRY, person_id=str(MEMBER)).status == 201
    before = snapshot(connection)
    answer = member.start(time_entry_id=ADMINS_ENTRY, person_id=ADMIN)
    assert (answer.status, answer.error["code"]) == (403, "access_denied")
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
def test_a_start_may_say_when_it_was(admin: Api, started_at: str, shown: str) -> None:
    answer = admin.start(time_entry_id=ADMINS_ENTRY, started_at=started_at)
    assert (answer.status, answer.attributes["started_at"]) == (201, shown)


@pytest.mark.parametrize(
    "started_at",
    [
        "2026-03-02T09:02:01+01:00",
        "2026-01-30T08:59:59+01:00",
        "2026-03-02T08:30:00",
        "2026-03-02",
        "yesterday",
        1_772_438_400,
        ["2026-03-02T08:30:00Z"],
    ],
)
def test_a_start_at_an_impossible_time_is_refused(
    admin: Api, connection: Connection, started_at: object
) -> None:
    before = snapshot(connection)
    answer = admin.start(time_entry_id=ADMINS_ENTRY, started_at=started_at)
    assert (answer.status, answer.error["code"]) == (422, "invalid_attribute")
    assert answer.error["source"] == {"pointer": "data/attributes/started_at"}
    assert snapshot(connection) == before


def test_a_start_before_the_last_stop_is_refused(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    first = admin.start(time_entry_id=ADMINS_ENTRY)
    clock.advance(HOUR)
    admin.stop(first.data["id"])
    clock.advance(HOUR)
    before = snapshot(connection)
    answer = admin.start(time_entry_id=ADMINS_ENTRY, started_at="2026-03-02T09:59:59+01:00")
    assert (answer.status, answer.error["code"]) == (422, "overlaps_session")
    assert answer.error["meta"] == {"earliest_started_at": "2026-03-02T10:00:00.000+01:00"}
    assert snapshot(connection) == before
    earliest = answer.error["meta"]["earliest_started_at"]
    assert admin.start(time_entry_id=ADMINS_ENTRY, started_at=earliest).status == 201


def test_a_start_before_the_running_timers_start_is_refused(admin: Api) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    answer = admin.start(time_entry_id=ADMINS_ENTRY, started_at="2026-03-02T08:59:59+01:00")
    assert (answer.status, answer.error["code"]) == (422, "overlaps_session")
    assert answer.error["meta"] == {"earliest_started_at": NINE}


def test_a_start_never_precedes_the_last_stop_though_clocks_differ(
    admin: Api, clock: FakeClock
) -> None:
    first = admin.start(time_entry_id=ADMINS_ENTRY)
    clock.advance(HOUR)
    admin.stop(first.data["id"])
    clock.advance(-MINUTE)
    answer = admin.start(time_entry_id=ADMINS_ENTRY)
    assert answer.attributes["started_at"] == "2026-03-02T10:00:00.000+01:00"


def test_include_and_fields_work_on_a_start(admin: Api) -> None:
    answer = admin.post(
        "/timers?include=time_entry&fields[timers]=started_at,time_entry&fields[time_entries]=date",
        body({"time_entry_id": ADMINS_ENTRY}),
    )
    assert answer.data["attributes"] == {"started_at": NINE}
    assert list(answer.data["relationships"]) == ["time_entry"]
    assert answer.document["included"] == [
        {
            "id": str(ADMINS_ENTRY),
            "type": "time_entries",
            "attributes": {"date": "2026-03-02"},
            "relationships": {},
        }
    ]


def test_a_wrong_include_starts_nothing(admin: Api, connection: Connection) -> None:
    before = snapshot(connection)
    answer = admin.post("/timers?include=budget", body({"time_entry_id": ADMINS_ENTRY}))
    assert (answer.status, answer.error["code"]) == (400, "unsupported_include")
    assert snapshot(connection) == before
