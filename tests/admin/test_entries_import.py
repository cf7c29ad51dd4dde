"""Imports of the export files of other products: what becomes what, and what is refused."""

import csv
from pathlib import Path
from typing import Any

import pytest
from pynamodb.connection import Connection

from chalicelib.core.time_zones import ZoneInfo
from chalicelib.core.timestamps import format_timestamp, parse_timestamp
from chalicelib.people.model import Person
from chalicelib.services.model import Service
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.model import Timer
from tests.support.api import Api
from tests.support.fixtures import (
    ADMIN,
    ARCHIVED,
    DEACTIVATED,
    DESIGN,
    MEMBER,
    OTHER_MEMBER,
    ZAGREB,
    Fixtures,
)
from tests.support.invariants import violations
from tests.support.operator import Operator
from tests.support.rollups import roll_up_all
from tests.support.table_snapshots import items, snapshot

EXPORTS = Path(__file__).parent / "exports"
IN_ZAGREB = ("-o", ZAGREB.id)
HEADER = "User,Email,Project,Start date,Start time,End date,End time,Duration,Billable\n"


@pytest.fixture(autouse=True)
def _fixtures(fixtures: Fixtures) -> None:
    assert fixtures.tokens


def imported(operator: Operator, name: str, *options: object) -> dict[str, Any]:
    """Import a file of ``exports/``; return the report."""
    product = name.partition(".")[0]
    report: dict[str, Any] = operator.here(
        "entries", "import", EXPORTS / name, "--from", product, *options
    )
    return report


def entries_of(operator: Operator, person_id: int) -> dict[str, TimeEntry]:
    """Return the imported time entries of a person, by note."""
    database = operator.context.dependencies.database
    ids = [
        (TimeEntry, int(item["key"].partition("#")[2]))
        for item in items(database.connection, "time_entries")
    ]
    entries = database.get_many(ZAGREB.id, ids).records.values()
    # The fixtures have no notes.
    return {
        entry.note or str(entry.id): entry
        for entry in entries
        if entry.person_id == person_id and entry.id > 1_000_000
    }


def sessions_of(operator: Operator, person_id: int) -> list[tuple[str, str]]:
    """Return the sessions of a person, as local times of Zagreb."""
    database = operator.context.dependencies.database
    ids = [
        (Timer, int(item["key"].partition("#")[2])) for item in items(database.connection, "timers")
    ]
    timers = database.get_many(ZAGREB.id, ids).records.values()
    zone = ZoneInfo("Europe/Zagreb")
    return sorted(
        (format_timestamp(timer.started_at, zone), format_timestamp(timer.stopped_at, zone))
        for timer in timers
        if timer.person_id == person_id
    )


def test_toggl(operator: Operator, connection: Connection) -> None:
    report = imported(operator, "toggl.csv", "--create-missing")
    assert {name: report[name] for name in ("timer", "minutes", "skipped", "refused")} == {
        "timer": 7,
        "minutes": 1,
        "skipped": 1,
        "refused": 0,
    }
    assert report["created"] == 1
    assert report["ignored_columns"] == ["Tags"]
    # The file has a note of two lines.
    assert [(row["line"], row["outcome"], row["reason"]) for row in report["rows"]] == [
        (8, "minutes", "it overlaps line 7"),
        (11, "skipped", "it has a start and no end"),
    ]
    assert sessions_of(operator, MEMBER) == [
        ("2025-03-30T01:30:00.000+01:00", "2025-03-30T03:30:00.000+02:00"),
        ("2025-10-20T09:00:00.000+02:00", "2025-10-20T10:30:29.000+02:00"),
        ("2025-10-20T10:30:29.000+02:00", "2025-10-20T11:00:00.000+02:00"),
        ("2025-10-20T23:15:00.000+02:00", "2025-10-21T01:45:00.000+02:00"),
        ("2025-10-26T02:30:00.000+02:00", "2025-10-26T02:30:00.000+01:00"),
    ]
    entry = entries_of(operator, MEMBER)["Café ☕"]
    assert (entry.service_id, entry.date, entry.time) == (DESIGN, "2025-10-20", 150)
    assert (entry.billable_time, entry.creator_id) == (0, MEMBER)
    overlapping = entries_of(operator, OTHER_MEMBER)['Two lines,\nand a "quote"']
    assert (overlapping.date, overlapping.time, overlapping.billable_time) == ("2025-10-20", 90, 0)
    assert overlapping.timer_count == 0
    of_archived = entries_of(operator, DEACTIVATED)["Of a person who left"]
    assert (of_archived.service_id, of_archived.time) == (ARCHIVED, 30)
    assert violations(connection) == []


def test_toggl_service_of_client_and_project_is_created_once(operator: Operator) -> None:
    imported(operator, "toggl.csv", "--create-missing")
    names = [service["name"] for service in operator.here("services", "list")]
    assert names.count("Acme / Website") == 1
    assert "Website" not in names


def test_clockify(operator: Operator, connection: Connection) -> None:
    report = imported(operator, "clockify.csv")
    assert (report["timer"], report["rows"]) == (2, [])
    assert "Duration (decimal)" in report["ignored_columns"]
    assert sessions_of(operator, MEMBER) == [
        ("2024-04-03T10:23:00.000+02:00", "2024-04-03T11:23:30.000+02:00"),
        ("2024-04-25T23:30:00.000+02:00", "2024-04-26T00:30:00.000+02:00"),
    ]
    assert violations(connection) == []


def test_harvest_rows_have_minutes_only_and_equal_rows_count_each(
    operator: Operator, connection: Connection
) -> None:
    result = operator.run(
        "entries", "import", EXPORTS / "harvest.csv", *IN_ZAGREB, "--from", "harvest"
    )
    assert result.exit_code == 0
    assert "it is read as cp1252" in result.stderr
    assert "line 2: minutes: it has no start and end" in result.stderr
    entry = entries_of(operator, MEMBER)["Skizze für Büro"]
    assert (entry.date, entry.time, entry.billable_time) == ("2025-10-13", 150, 150)
    others = entries_of(operator, OTHER_MEMBER).values()
    assert [(entry.date, entry.time, entry.billable_time) for entry in others] == [
        ("2025-10-14", 15, 0)
    ] * 2
    assert violations(connection) == []


def test_productive(operator: Operator) -> None:
    imported(operator, "productive.csv", "--service-from", "service")
    entry = entries_of(operator, MEMBER)["Posters"]
    assert (entry.service_id, entry.date) == (DESIGN, "2024-03-04")
    assert (entry.time, entry.billable_time) == (90, 60)
    (other,) = entries_of(operator, OTHER_MEMBER).values()
    assert (other.time, other.billable_time) == (1200, 0)


@pytest.mark.parametrize("times", ["09:00,2025-10-20,10:00,", ",,,1:00"])
def test_rows_count_as_client_time_if_they_are_billable(
    operator: Operator, admin: Api, connection: Connection, times: str
) -> None:
    operator.here("services", "import", "-", typed="name,billable\nInternal,no\n")
    rows = "".join(
        f",{person}@example.com,{service},2025-10-20,{times},{billable}\n"
        for person, service, billable in (
            (MEMBER, "Design", "No"),
            (OTHER_MEMBER, "Internal", "Yes"),
            (ADMIN, "Design", ""),
        )
    )
    operator.here("entries", "import", "-", "--from", "toggl", typed=HEADER + rows)
    roll_up_all(connection)
    path = "/reports/time_reports?group=person&filter[after]=2025-10-20&filter[before]=2025-10-20"
    times_of = {
        int(row["relationships"]["person"]["data"]["id"]): [
            row["attributes"][name]
            for name in ("worked_time", "billable_time", "client_time", "internal_time")
        ]
        for row in admin.get(path).data
    }
    assert times_of == {
        MEMBER: [60, 0, 0, 60],
        OTHER_MEMBER: [60, 60, 60, 0],
        ADMIN: [60, 60, 60, 0],
    }
    assert violations(connection) == []


def test_any_csv_with_named_columns(operator: Operator) -> None:
    content = "Day;Employee;Job;Hours;Remark\n14.10.2025;first LAST 8784;DÉSIGN;1,5;Logo\n"
    mapped = ("Day=date", "Employee=person", "Job=service", "Hours=duration", "Remark=note")
    options = [word for column in mapped for word in ("--map", column)]
    report = operator.here("entries", "import", "-", *options, typed=content)
    assert report["minutes"] == 1
    entry = entries_of(operator, MEMBER)["Logo"]
    assert (entry.service_id, entry.date, entry.time) == (DESIGN, "2025-10-14", 90)


def test_times_are_in_the_named_zone(operator: Operator) -> None:
    row = f"{HEADER},8784@example.com,Design,2025-07-01,09:00,2025-07-01,10:00,,\n"
    operator.here(
        "entries", "import", "-", "--from", "toggl", "--time-zone", "America/New_York", typed=row
    )
    assert sessions_of(operator, MEMBER) == [
        ("2025-07-01T15:00:00.000+02:00", "2025-07-01T16:00:00.000+02:00")
    ]


def test_date_of_a_timer_is_that_of_the_persons_zone(operator: Operator) -> None:
    operator.here("people", "change", f"{MEMBER}@example.com", "--time-zone", "Asia/Tokyo")
    row = f"{HEADER},8784@example.com,Design,2025-07-01,20:00,2025-07-01,21:00,,\n"
    operator.here("entries", "import", "-", "--from", "toggl", typed=row)
    (entry,) = entries_of(operator, MEMBER).values()
    assert entry.date == "2025-07-02"


def test_session_that_overlaps_an_existing_one_has_minutes_only(
    operator: Operator, admin: Api, connection: Connection
) -> None:
    attributes = {
        "service_id": str(DESIGN),
        "started_at": "2025-10-20T09:30:00+02:00",
        "stopped_at": "2025-10-20T10:00:00+02:00",
    }
    timer = admin.post("/timers", {"data": {"type": "timers", "attributes": attributes}})
    row = f"{HEADER},{ADMIN}@example.com,Design,2025-10-20,09:00,2025-10-20,10:00,,\n"
    dry_run = operator.here("entries", "import", "-", "--from", "toggl", "--dry-run", typed=row)
    report = operator.here("entries", "import", "-", "--from", "toggl", typed=row)
    assert report["rows"] == dry_run["rows"]
    assert report["rows"][0]["reason"] == f"it overlaps timer {timer.data['id']}"
    assert violations(connection) == []


def test_running_timer_stays(operator: Operator, member: Api, connection: Connection) -> None:
    assert member.start(service_id=DESIGN).status == 201
    report = imported(operator, "clockify.csv")
    assert report["timer"] == 2
    assert len(member.get("/timers?filter[stopped_at]=null").data) == 1
    assert violations(connection) == []


def test_unknown_names_are_printed_at_once_and_nothing_is_written(
    operator: Operator, connection: Connection
) -> None:
    rows = (
        ",x@example.com,Design,2025-10-20,,,,1:00,\n"
        "Nobody,,Design,2025-10-20,,,,1:00,\n"
        ",8784@example.com,Nothing,2025-10-20,,,,1:00,\n"
        ",8784@example.com,,2025-10-20,,,,1:00,\n"
        ",8784@example.com,nothing,2025-10-20,,,,1:00,\n"
    )
    before = snapshot(connection)
    arguments = ("entries", "import", "-", *IN_ZAGREB, "--from", "toggl")
    message = operator.refused(*arguments, typed=HEADER + rows)
    for line in (
        "unknown person: x@example.com (1 rows, first on line 2)",
        "unknown person: Nobody (1 rows, first on line 3)",
        "unknown service: Nothing (2 rows, first on line 4)",
        "no service is named (1 rows, first on line 5)",
        "--create-missing",
        "nothing was written",
    ):
        assert line in message
    message = operator.refused(*arguments, "--create-missing", typed=HEADER + rows)
    assert "line 3: Nobody has no e-mail address in the file" in message
    assert "line 5: names no service" in message
    assert "--default-service" in message
    assert snapshot(connection) == before


def test_missing_people_and_services_are_created_by_the_rules_of_imports(
    operator: Operator, connection: Connection
) -> None:
    rows = (
        "Ana Marija Horvat,ANA@example.com,Retainer,2025-10-20,,,,1:00,No\n"
        "Ana Marija Horvat,ana@example.com,,2025-10-20,,,,0:30,No\n"
    )
    report = operator.here(
        "entries",
        "import",
        "-",
        *("--from", "toggl", "--create-missing", "--default-service", "Internal"),
        typed=HEADER + rows,
    )
    assert (report["created"], report["minutes"]) == (3, 2)
    database = operator.context.dependencies.database
    ana = next(
        person
        for person in database.directory(Person, ZAGREB.id)
        if person.email == "ana@example.com"
    )
    assert (ana.first_name, ana.last_name) == ("Ana", "Marija Horvat")
    services = {service.name: service for service in database.directory(Service, ZAGREB.id)}
    assert services["Retainer"].billable is False
    assert violations(connection) == []


def test_ambiguous_names_are_refused(operator: Operator) -> None:
    operator.here("services", "create", "--name", "design")
    row = f"{HEADER},8784@example.com,DESIGN,2025-10-20,,,,1:00,\n"
    arguments = ("entries", "import", "-", *IN_ZAGREB, "--from", "toggl")
    assert "several services have the name DESIGN" in operator.refused(*arguments, typed=row)
    operator.done(*arguments, typed=row.replace("DESIGN", "Design"))


def test_person_is_matched_by_name_if_the_address_is_unknown(operator: Operator) -> None:
    row = f"{HEADER}First Last 8784,old@example.com,Design,2025-10-20,,,,1:00,\n"
    result = operator.run("entries", "import", "-", *IN_ZAGREB, "--from", "toggl", typed=row)
    assert result.exit_code == 0
    assert "<old@example.com> is matched by name with 8784@example.com" in result.stderr
    assert len(entries_of(operator, MEMBER)) == 1


def test_erased_person_receives_nothing(operator: Operator) -> None:
    operator.here("people", "erase", f"{OTHER_MEMBER}@example.com", "--deactivate", "--yes")
    row = f"{HEADER},{OTHER_MEMBER}@example.com,Design,2025-10-20,,,,1:00,\n"
    message = operator.refused("entries", "import", "-", *IN_ZAGREB, "--from", "toggl", typed=row)
    assert "unknown person" in message


def test_report_file_has_every_row(operator: Operator, tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    imported(operator, "toggl.csv", "--create-missing", "--report", path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 9
    assert rows[0] == {
        "line": "2",
        "outcome": "timer",
        "reason": "",
        "person": "8784@example.com",
        "service": "Acme / Website",
        "date": "2025-10-20",
        "minutes": "90",
    }
    assert path.stat().st_mode & 0o777 == 0o600


def test_existing_report_file_is_refused_before_the_import(
    operator: Operator, tmp_path: Path, connection: Connection
) -> None:
    path = tmp_path / "report.csv"
    path.write_text("old")
    before = snapshot(connection)
    row = f"{HEADER},8784@example.com,Design,2025-10-20,,,,1:00,\n"
    options = (*IN_ZAGREB, "--from", "toggl", "--report", path)
    message = operator.refused("entries", "import", "-", *options, typed=row)
    assert f"{path} already exists" in message
    assert path.read_text() == "old"
    assert snapshot(connection) == before


def test_file_without_named_columns_is_a_usage_error(operator: Operator) -> None:
    for options in ((), ("--map", "a=b"), ("--from", "toggl", "--service-from", "note")):
        result = operator.run("entries", "import", "-", *IN_ZAGREB, *options, typed="a\n1\n")
        assert result.exit_code == 2


def test_import_is_recorded_once_for_admins(operator: Operator, admin: Api) -> None:
    imported(operator, "clockify.csv")
    imported(operator, "clockify.csv")
    revisions = [
        revision["attributes"]
        for revision in admin.get("/admin_revisions").data
        if revision["attributes"]["act"] == "imported"
    ]
    (revision,) = revisions
    assert (revision["subject_type"], revision["creator_id"]) == ("organizations", None)
    after = revision["after"]
    assert (after["imported_from"], after["timers"], after["time_entries"]) == ("clockify", 2, 2)
    assert len(after["file_sha256"]) == 64


def test_people_and_services_of_an_export_file(operator: Operator) -> None:
    path = EXPORTS / "toggl.csv"
    people = operator.here("people", "import", path, "--from", "toggl")
    assert (people["created"], people["unchanged"]) == ([], 3)
    assert people["differing"] == []
    services = operator.here("services", "import", path, "--from", "toggl")
    assert [row["name"] for row in services["created"]] == ["Acme / Website"]
    broken = "Project,Billable\nWebsite,maybe\n"
    message = operator.refused(
        "services", "import", "-", *IN_ZAGREB, "--from", "toggl", typed=broken
    )
    assert "line 2: billable: Use yes or no." in message
    message = operator.refused(
        "people", "import", EXPORTS / "harvest.csv", *IN_ZAGREB, "--from", "harvest"
    )
    assert "no column has e-mail addresses" in message


def test_history_is_shown_by_the_api(operator: Operator, member: Api) -> None:
    imported(operator, "clockify.csv")
    timers = member.get("/timers?include=time_entry")
    assert [timer["attributes"]["total_time"] for timer in timers.data] == [61, 60]
    assert parse_timestamp(timers.data[0]["attributes"]["started_at"]) == 1_712_132_580
