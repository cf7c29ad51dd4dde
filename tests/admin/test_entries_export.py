"""The export of time entries, and its import into another organization."""

import csv
import io
from pathlib import Path

import pytest
from pynamodb.connection import Connection

from chalicelib.core.csv_cells import escape_cell, unescape_cell
from chalicelib.time_entries.csv_rows import COLUMNS
from chalicelib.time_entries.model import TimeEntry
from tests.support.api import Api
from tests.support.clock import HOUR, FakeClock
from tests.support.fixtures import (
    DESIGN,
    KOLKATA,
    MEMBER,
    MEMBERS_ENTRY,
    OTHER_MEMBER,
    ZAGREB,
    Fixtures,
)
from tests.support.invariants import violations
from tests.support.operator import Operator
from tests.support.table_snapshots import items, snapshot
from tools.admin.history.export import export_pieces

IN_ZAGREB = ("-o", ZAGREB.id)
IN_KOLKATA = ("-o", KOLKATA.id)


@pytest.fixture(autouse=True)
def _fixtures(fixtures: Fixtures) -> None:
    assert fixtures.tokens


@pytest.fixture
def tracked(member: Api, clock: FakeClock) -> None:
    """Two sessions and a correction on one entry, and a timer that runs."""
    for _ in range(2):
        timer = member.start(time_entry_id=MEMBERS_ENTRY)
        clock.advance(HOUR)
        member.stop(timer.data["id"])
        clock.advance(HOUR)
    member.edit_entry(MEMBERS_ENTRY, time=150, note="=SUM(A1)\nand more")
    member.start(service_id=DESIGN, note="runs")
    clock.advance(HOUR)


def rows_of(content: str) -> list[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(content))
    assert tuple(reader.fieldnames or ()) == COLUMNS
    return list(reader)


def test_export_has_a_row_for_each_session_and_one_for_time_set_by_hand(
    operator: Operator, tracked: None
) -> None:
    assert tracked is None
    rows = rows_of(operator.done("entries", "export", *IN_ZAGREB))
    own = [row for row in rows if row["person_email"] == f"{MEMBER}@example.com"]
    first, second, corrected, running = own
    assert (first["start"], first["end"]) == (
        "2026-03-02T09:00:00.000+01:00",
        "2026-03-02T10:00:00.000+01:00",
    )
    assert [row["duration_seconds"] for row in own] == ["3600", "3600", "1800", "0"]
    assert (corrected["id"], corrected["start"]) == (str(MEMBERS_ENTRY), "")
    assert (second["date"], second["service"], second["billable"]) == (
        "2026-03-02",
        "Design",
        "yes",
    )
    assert (second["person"], second["note"]) == (f"First Last {MEMBER}", "'=SUM(A1)\nand more")
    assert (running["note"], running["start"]) == ("runs", "")


def test_time_set_to_less_than_its_sessions_is_one_row(
    operator: Operator, member: Api, tracked: None
) -> None:
    assert tracked is None
    member.edit_entry(MEMBERS_ENTRY, time=30, billable_time=0)
    rows = rows_of(operator.done("entries", "export", *IN_ZAGREB))
    (row,) = [row for row in rows if row["note"].startswith("'=SUM")]
    assert (row["id"], row["start"], row["duration_seconds"]) == (str(MEMBERS_ENTRY), "", "1800")
    assert (row["billable"], row["billable_seconds"]) == ("yes", "0")


@pytest.mark.parametrize("billable_time", [0, 20, 70, 200])
def test_billable_time_that_was_set_by_hand_is_exported_and_imported(
    operator: Operator,
    member: Api,
    connection: Connection,
    tracked: None,
    billable_time: int,
) -> None:
    assert tracked is None
    member.edit_entry(MEMBERS_ENTRY, billable_time=billable_time)
    content = operator.done("entries", "export", *IN_ZAGREB)
    own = [row for row in rows_of(content) if row["note"].startswith("'=SUM")]
    assert [row["billable_seconds"] for row in own] == [str(billable_time * 60), "0", "0"]
    assert {row["billable"] for row in own} == {"yes"}
    others = [row for row in rows_of(content) if row not in own]
    assert {row["billable_seconds"] for row in others} == {""}
    arguments = ("entries", "import", "-", *IN_KOLKATA, "--from", "stint", "--create-missing")
    operator.json(*arguments, typed=content)
    ids = [
        (TimeEntry, int(item["key"].partition("#")[2]))
        for item in items(connection, "time_entries")
        if item["organization_id"] == KOLKATA.id and item.get("note", "").startswith("=SUM")
    ]
    database = operator.context.dependencies.database
    entries = database.get_many(KOLKATA.id, ids).records.values()
    assert sum(entry.time for entry in entries) == 150
    assert sum(entry.billable_time for entry in entries) == billable_time
    assert {entry.billable for entry in entries} == {True}
    assert violations(connection) == []


def test_service_that_is_made_during_an_export_is_exported(
    operator: Operator, member: Api, clock: FakeClock
) -> None:
    pieces = export_pieces(operator.context.dependencies, operator.context.operator(ZAGREB.id))
    content = next(pieces)
    created = operator.here("services", "create", "--name", "New")
    timer = member.start(service_id=created["id"])
    clock.advance(HOUR)
    member.stop(timer.data["id"])
    rows = rows_of(content + "".join(pieces))
    assert [row["service"] for row in rows].count("New") == 1


def test_own_export_is_in_the_organization_already(
    operator: Operator, connection: Connection, tracked: None, tmp_path: Path
) -> None:
    assert tracked is None
    path = tmp_path / "entries.csv"
    operator.done("entries", "export", *IN_ZAGREB, "--output", path)
    assert path.stat().st_mode & 0o777 == 0o600
    before = snapshot(connection)
    report = operator.here("entries", "import", path, "--from", "stint")
    assert (report["timer"], report["minutes"]) == (0, 0)
    assert {row["reason"] for row in report["rows"]} == {"it is in this organization"}
    assert snapshot(connection) == before
    message = operator.refused("entries", "export", *IN_ZAGREB, "--output", path)
    assert "already exists" in message


def test_export_is_imported_into_another_organization(
    operator: Operator, connection: Connection, tracked: None
) -> None:
    assert tracked is None
    content = operator.done("entries", "export", *IN_ZAGREB)
    arguments = ("entries", "import", "-", *IN_KOLKATA, "--from", "stint", "--create-missing")
    report = operator.json(*arguments, typed=content)
    assert (report["timer"], report["refused"]) == (2, 0)
    assert operator.json(*arguments, typed=content)["timer"] == 0
    timers = [item for item in items(connection, "timers") if item["organization_id"] == KOLKATA.id]
    assert sorted(item["stopped_at"] - item["started_at"] for item in timers) == [HOUR, HOUR]
    notes = [
        item["note"]
        for item in items(connection, "time_entries")
        if item["organization_id"] == KOLKATA.id and item.get("note")
    ]
    assert sorted(notes) == ["=SUM(A1)\nand more"] * 3 + ["runs"]
    assert violations(connection) == []


def test_sum_of_an_export_is_the_exact_time(
    operator: Operator, member: Api, clock: FakeClock
) -> None:
    for seconds in (89, 90, 91):
        timer = member.start(time_entry_id=MEMBERS_ENTRY)
        clock.advance(seconds)
        member.stop(timer.data["id"])
    rows = rows_of(operator.done("entries", "export", *IN_ZAGREB))
    own = [row for row in rows if row["person_email"] == f"{MEMBER}@example.com"]
    assert sum(int(row["duration_seconds"]) for row in own) == 270
    others = [row for row in rows if row["person_email"] == f"{OTHER_MEMBER}@example.com"]
    assert [row["duration_seconds"] for row in others] == ["0", "0"]


def test_ids_of_timers_and_of_time_entries_are_not_mistaken_for_each_other(
    operator: Operator, tracked: None
) -> None:
    assert tracked is None
    exported = rows_of(operator.done("entries", "export", *IN_ZAGREB))
    timer_id = next(row["id"] for row in exported if row["start"])
    header = "id,date,start,end,duration_seconds,person_email,service\n"
    person = f"{OTHER_MEMBER}@example.com,Design"
    session = (
        f"{MEMBERS_ENTRY},2025-03-03,2025-03-03T09:00:00Z,2025-03-03T10:00:00Z,3600,{person}\n"
    )
    minutes = f"{timer_id},2025-03-03,,,60,{person}\n"
    both = f"{MEMBERS_ENTRY},2025-03-03,,,60,{person}\n"
    command = ("entries", "import", "-", "--from", "stint")
    report = operator.here(*command, typed=header + session + minutes + both)
    assert (report["timer"], report["minutes"], report["skipped"]) == (1, 1, 1)
    content = header + session + both
    report = operator.json(*command, *IN_KOLKATA, "--create-missing", typed=content)
    assert (report["timer"], report["minutes"]) == (1, 1)
    assert operator.json(*command, *IN_KOLKATA, typed=content)["skipped"] == 2


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "'", "'=1", "plain", "", "a=1"])
def test_escaped_cells_are_read_as_they_were(text: str) -> None:
    assert unescape_cell(escape_cell(text)) == text
    assert not escape_cell(text).startswith(("=", "+", "-", "@"))
