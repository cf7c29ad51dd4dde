"""Runs of an import: dry, interrupted, repeated, at the same time; and what they cost."""

import json
import threading
from typing import Any

import pytest
from pynamodb.connection import Connection

from benchmarks.costs import counted as measured
from chalicelib.core.unit_of_work import ATTEMPTS
from tests.support.call_counter import counted
from tests.support.engine import ENDPOINT
from tests.support.fault_injection import (
    WRITE,
    Fault,
    Injection,
    Killed,
    cancelled,
    intercepted,
    throttled,
)
from tests.support.fixtures import ADMIN, MEMBER, OTHER_MEMBER, ZAGREB, Fixtures
from tests.support.invariants import violations
from tests.support.operator import Operator
from tests.support.table_snapshots import items, snapshot
from tools.admin.history.formats import TOGGL
from tools.admin.history.importing import HistoryImport, Wishes
from tools.admin.history.options import Source
from tools.admin.history.report import ImportReport
from tools.admin.history.running import Outcome

PEOPLE = (ADMIN, MEMBER, OTHER_MEMBER)
IMPORT = ("entries", "import", "-", "-o", ZAGREB.id, "--from", "toggl", "--create-missing")


def toggl_file(rows: int) -> str:
    """Return rows of three people: two sessions of a day that overlap, one without times."""
    lines = ["User,Email,Project,Description,Start date,Start time,End date,End time,Duration"]
    for number in range(rows):
        person, day = PEOPLE[number % 3], number // 12
        date = f"2025-{day // 28 + 1:02}-{day % 28 + 1:02}"
        hour = 8 + number % 12 // 3
        times = f"{date},{hour:02}:00:00,{date},{hour:02}:{40 + number % 3 * 10 - 1}:00,"
        if number % 12 == 9:
            times = f"{date},{hour:02}:00:00,{date},{hour + 2}:00:00,"
        elif number % 12 == 10:
            times = f"{date},,,,0:30:00"
        lines.append(f",{person}@example.com,Project {number % 2},Work {number},{times}")
    return "\n".join(lines) + "\n"


FILE = toggl_file(24)
ROWS = 100 if ENDPOINT is None else 1000
"""The rows of the test that counts calls: moto copies all tables for each transaction."""


@pytest.fixture(autouse=True)
def _fixtures(fixtures: Fixtures) -> None:
    assert fixtures.tokens


def imported_entries(connection: Connection) -> int:
    notes = [item.get("note") for item in items(connection, "time_entries")]
    imported = [note for note in notes if note]
    assert len(set(imported)) == len(imported)
    return len(imported)


def test_dry_run_reports_what_the_import_does_and_writes_nothing(
    operator: Operator, connection: Connection
) -> None:
    before = snapshot(connection)
    expected = operator.json(*IMPORT, "--dry-run", typed=FILE)
    assert snapshot(connection) == before
    report = operator.json(*IMPORT, typed=FILE)
    assert report == {**expected, "dry_run": False}
    assert report["timer"] + report["minutes"] == 24
    assert report["created"] == 2
    summary = operator.done(*IMPORT, "--dry-run", typed=FILE)
    assert "dry run, nothing was written: 0 rows became timers" in summary
    assert violations(connection) == []


def test_repeated_import_writes_nothing(operator: Operator, connection: Connection) -> None:
    operator.json(*IMPORT, typed=FILE)
    before = snapshot(connection)
    report = operator.json(*IMPORT, typed=FILE)
    assert (report["skipped"], report["timer"], report["created"]) == (24, 0, 0)
    assert {row["reason"] for row in report["rows"]} == {"it was imported before"}
    assert snapshot(connection) == before


def test_keys_of_rows_never_expire(operator: Operator, connection: Connection, clock: Any) -> None:
    operator.json(*IMPORT, typed=FILE)
    clock.advance(20 * 365 * 86_400)
    assert operator.json(*IMPORT, typed=FILE)["skipped"] == 24
    assert imported_entries(connection) == 24


def test_longer_export_brings_only_what_is_new(operator: Operator, connection: Connection) -> None:
    operator.json(*IMPORT, typed=FILE)
    report = operator.json(*IMPORT, typed=toggl_file(30))
    assert (report["skipped"], report["timer"] + report["minutes"]) == (24, 6)
    assert imported_entries(connection) == 30


def test_deleted_entry_does_not_come_back(operator: Operator, admin: Any) -> None:
    operator.json(*IMPORT, typed=FILE)
    (entry,) = admin.get("/time_entries?filter[note]=Work 0").data
    assert admin.write("DELETE", f"/time_entries/{entry['id']}", None).status == 204
    assert operator.json(*IMPORT, typed=FILE)["skipped"] == 24


def test_rows_are_imported_once_for_each_word_of_again(
    operator: Operator, connection: Connection
) -> None:
    content = toggl_file(1)
    operator.json(*IMPORT, typed=content)
    assert operator.json(*IMPORT, "--again", "zone", typed=content)["skipped"] == 0
    assert operator.json(*IMPORT, "--again", "zone", typed=content)["skipped"] == 1
    entries = [item for item in items(connection, "time_entries") if item.get("note")]
    assert len(entries) == 2


def test_keys_of_rows_are_personal_data(operator: Operator, connection: Connection) -> None:
    def keys() -> int:
        return sum(item["name"].startswith("key#") for item in items(connection, "person_state"))

    operator.json(*IMPORT, typed=FILE)
    exported = json.loads(operator.done("people", "export", MEMBER, "-o", ZAGREB.id))
    assert len(exported["idempotency_records"]) == 8
    before = keys()
    operator.json(
        "people", "erase", MEMBER, "-o", ZAGREB.id, "--deactivate", "--yes", "--with-times"
    )
    assert keys() == before - 8


def test_rows_of_an_erased_person_are_not_imported_again(
    operator: Operator, connection: Connection
) -> None:
    operator.json(*IMPORT, typed=FILE)
    operator.json("people", "erase", MEMBER, "-o", ZAGREB.id, "--deactivate", "--yes")
    expected = operator.json(*IMPORT, "--dry-run", typed=FILE)
    before = snapshot(connection)
    report = operator.json(*IMPORT, typed=FILE)
    assert (report["skipped"], report["created"]) == (24, 0)
    assert sum("was erased" in row["reason"] for row in report["rows"]) == 8
    assert expected == {**report, "dry_run": True}
    assert snapshot(connection) == before
    # New time of the same address is that of a new person.
    report = operator.json(*IMPORT, typed=toggl_file(30))
    assert (report["skipped"], report["created"], report["refused"]) == (24, 1, 0)
    assert operator.json(*IMPORT, typed=toggl_file(30))["skipped"] == 30
    assert imported_entries(connection) == 30
    assert violations(connection) == []


@pytest.mark.every_engine
@pytest.mark.parametrize("sent", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("position", [0, 1, 2, 5, 14, 25])
def test_killed_import_continues_where_it_stopped(
    operator: Operator, connection: Connection, position: int, sent: bool
) -> None:
    injection = Injection(Fault(lambda _: Killed(), sent=sent, only=WRITE), position)
    with intercepted(connection, injection.wrap), pytest.raises(Killed):
        operator.run(*IMPORT, typed=FILE)
    written = imported_entries(connection)
    assert written < 24 or sent
    report = operator.json(*IMPORT, typed=FILE)
    assert (report["skipped"], report["timer"] + report["minutes"]) == (written, 24 - written)
    assert imported_entries(connection) == 24
    assert violations(connection) == []


def test_unavailable_database_stops_the_import_and_says_so(
    operator: Operator, connection: Connection
) -> None:
    injection = Injection(Fault(throttled, only=WRITE), 10, lasting=True)
    with intercepted(connection, injection.wrap):
        result = operator.run(*IMPORT, typed=FILE)
    assert result.exit_code == 1
    assert "stopped: The database is not available" in result.stderr
    assert "Run it again" in result.stderr
    assert "the admin revisions lack this import" in result.stderr
    operator.done(*IMPORT, typed=FILE)
    assert imported_entries(connection) == 24


def test_interrupt_stops_the_import_and_says_so(operator: Operator, connection: Connection) -> None:
    injection = Injection(Fault(lambda _: KeyboardInterrupt(), only=WRITE), 10)
    with intercepted(connection, injection.wrap):
        assert "stopped: interrupted" in operator.refused(*IMPORT, typed=FILE)
    operator.done(*IMPORT, typed=FILE)
    assert imported_entries(connection) == 24


def test_two_imports_at_the_same_time_write_each_row_once(
    operator: Operator, connection: Connection
) -> None:
    barrier = threading.Barrier(2)
    reports: list[ImportReport] = []

    def run() -> None:
        # Not through click's runner, which redirects stdout for the whole process.
        caller = operator.context.operator(ZAGREB.id)
        importing = HistoryImport(operator.context.dependencies, caller, Wishes(False, True))
        source = Source(TOGGL, (), None, None, None, (), "")
        barrier.wait(timeout=20)
        reports.append(importing.run(source, FILE.encode()))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [report.stopped for report in reports] == ["", ""]
    outcomes = [result.outcome for report in reports for result in report.results]
    assert len(outcomes) == 48
    assert outcomes.count(Outcome.SKIPPED) == 24
    assert imported_entries(connection) == 24
    assert sum(report.created for report in reports) == 2
    assert violations(connection) == []


def test_row_that_a_rule_refuses_is_reported_and_others_are_imported(
    operator: Operator, connection: Connection
) -> None:
    def wrap(real: Any) -> Any:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            if operation == "BatchGetItem" and not erased and imported_entries(connection) == 1:
                # The person is erased after the plan was made.
                erased.append(True)
                operator.here("people", "erase", f"{MEMBER}@example.com", "--deactivate", "--yes")
            return real(operation, arguments)

        return call

    erased: list[bool] = []
    rows = FILE.splitlines(keepends=True)
    of_member = "".join([rows[0], *(row for row in rows if f",{MEMBER}@" in row)])
    with intercepted(connection, wrap):
        result = operator.run(*IMPORT, typed=of_member)
    assert result.exit_code == 1
    assert "7 rows were refused" in result.stderr
    assert "line 3: refused: person" in result.stderr
    assert imported_entries(connection) == 1


def test_import_makes_two_calls_for_each_row(operator: Operator, connection: Connection) -> None:
    content = toggl_file(ROWS)
    with counted(connection) as calls:
        report = operator.json(*IMPORT, typed=content)
    assert report["timer"] + report["minutes"] == ROWS
    # One for each row, the two services, and the admin revision.
    assert calls.count(WRITE) == ROWS + 3
    # Besides those of the rows: the two services and their names; keys, and days with sessions.
    assert calls.count("BatchGetItem") <= ROWS + 4 + ROWS // 50 + 2
    assert calls.count("Query") <= 6
    assert len(calls) <= 2 * ROWS + 15 + ROWS // 50
    with counted(connection) as calls:
        operator.json(*IMPORT, typed=content)
    assert calls.count(WRITE) == 0
    assert len(calls) <= 20
    assert violations(connection) == []


@pytest.mark.parametrize(
    ("times", "write_units"), [("09:00,2025-07-01,10:00,", 23), (",,,1:00", 13)]
)
def test_write_units_of_a_row(
    operator: Operator, connection: Connection, times: str, write_units: int
) -> None:
    header = toggl_file(0)
    row = f",{MEMBER}@example.com,Design,A note,2025-07-01,{times}\n"
    with measured(connection) as cost:
        operator.json(*IMPORT, typed=header + row)
    # The admin revision of the import takes 3 more.
    assert cost.write_units == write_units + 3


def test_concurrent_change_is_retried(operator: Operator, connection: Connection) -> None:
    assert ATTEMPTS > 1
    injection = Injection(Fault(_conflict, only=WRITE), 6)
    with intercepted(connection, injection.wrap):
        report = operator.json(*IMPORT, typed=FILE)
    assert injection.struck
    assert report["timer"] + report["minutes"] == 24


def _conflict(operation: str) -> BaseException:
    assert operation == WRITE
    return cancelled("TransactionConflict")
