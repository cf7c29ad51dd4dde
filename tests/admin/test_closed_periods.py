"""Closed periods on the command line, and the erasure of a person whose time is closed."""

import json

import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib.api_tokens.authentication import CALLER_CACHE_SECONDS
from chalicelib.core.dependencies import Dependencies
from chalicelib.people.model import Person
from chalicelib.services.model import Service
from tests.support.api import Api
from tests.support.clock import FakeClock
from tests.support.closed_period import (
    CLOSED_DATE,
    CLOSED_UNTIL,
    ClosedPeriod,
    close,
    record_time,
)
from tests.support.fixtures import DESIGN, MEMBERS_ENTRY, OTHER_MEMBER, ZAGREB, Fixtures
from tests.support.operator import Operator
from tests.support.table_snapshots import items, snapshot
from tools.admin.history.planning import PlannedRow
from tools.admin.history.rows import HistoryRow
from tools.admin.history.running import Outcome, RowWriter


@pytest.fixture
def ids(app: Chalice, fixtures: Fixtures, dependencies: Dependencies) -> ClosedPeriod:
    return record_time(app, fixtures, dependencies)


@pytest.mark.usefixtures("fixtures")
def test_operator_closes_a_period_and_lifts_the_closing(
    operator: Operator, connection: Connection
) -> None:
    changed = operator.here("organizations", "change", "--closed-until", CLOSED_UNTIL)
    assert changed["closed_until"] == CLOSED_UNTIL
    assert changed["closed_effective_at"] == "2026-03-02T09:01:00.000+01:00"
    assert CLOSED_UNTIL in operator.done("organizations", "list")
    lifted = operator.here("organizations", "change", "--closed-until", "none")
    assert lifted["closed_until"] is None
    revisions = [row for row in items(connection, "revision_log") if "subject_type" in row]
    closings = [row for row in revisions if row["subject_type"] == "organizations"]
    assert {(row["creator_id"], row["before"], row["after"]) for row in closings} == {
        (0, '{"closed_until":null}', f'{{"closed_until":"{CLOSED_UNTIL}"}}'),
        (0, f'{{"closed_until":"{CLOSED_UNTIL}"}}', '{"closed_until":null}'),
    }


def test_running_timer_refuses_the_closing(operator: Operator, member: Api) -> None:
    assert member.edit_entry(MEMBERS_ENTRY, date=CLOSED_UNTIL).status == 200
    assert member.start(time_entry_id=MEMBERS_ENTRY).status == 201
    command = ("organizations", "change", "-o", 2149, "--closed-until", CLOSED_UNTIL)
    assert "1 timer is running" in operator.refused(*command)
    assert "before today" in operator.refused(*command[:-1], "2026-03-02")
    assert "closed_until" in operator.refused(*command[:-1], "yesterday")


def test_texts_of_closed_time_can_be_erased(
    operator: Operator, admin: Api, ids: ClosedPeriod
) -> None:
    assert admin.edit_entry(ids.closed_entry, note="Ill since Tuesday").status == 200
    before = admin.get(f"/time_entries/{ids.closed_entry}").attributes
    assert close(admin).status == 200
    operator.here("people", "erase", OTHER_MEMBER, "--deactivate", "--with-notes", "--yes")
    after = admin.get(f"/time_entries/{ids.closed_entry}").attributes
    assert after["note"] is None
    assert (after["date"], after["time"]) == (before["date"], before["time"])


def test_closed_time_is_not_erased(
    operator: Operator, admin: Api, connection: Connection, ids: ClosedPeriod
) -> None:
    assert ids.closed_entry
    assert close(admin).status == 200
    before = snapshot(connection)
    erase = ("people", "erase", OTHER_MEMBER, "-o", 2149, "--deactivate", "--with-times", "--yes")
    refusal = operator.refused(*erase)
    assert CLOSED_UNTIL in refusal
    assert "--closed-until none" in refusal
    assert snapshot(connection) == before
    operator.here("organizations", "change", "--closed-until", "none")
    assert operator.run(*erase).exit_code == 0
    assert admin.get(f"/timers?filter[person_id]={OTHER_MEMBER}").data == []


def test_open_time_of_a_closed_organization_is_erased(
    operator: Operator, admin: Api, other_member: Api
) -> None:
    assert other_member.start(service_id=DESIGN).status == 201
    assert close(admin).status == 200
    erase = ("people", "erase", OTHER_MEMBER, "-o", 2149, "--deactivate", "--with-times", "--yes")
    assert operator.run(*erase).exit_code == 0
    assert admin.get(f"/timers?filter[person_id]={OTHER_MEMBER}").data == []


TOGGL = """\
User,Email,Project,Start date,Start time,End date,End time,Duration
,{person}@example.com,Design,{day},09:00:00,{day},10:00:00,
,{person}@example.com,Design,2026-03-01,09:00:00,2026-03-01,10:00:00,
"""
ZAGREB_OPTION = ("-o", ZAGREB.id)
IMPORT = ("entries", "import", "-", *ZAGREB_OPTION, "--from", "toggl", "--service-from", "project")


@pytest.mark.usefixtures("fixtures")
def test_import_writes_no_closed_time(
    operator: Operator, admin: Api, connection: Connection
) -> None:
    assert close(admin).status == 200
    rows = TOGGL.format(person=OTHER_MEMBER, day=CLOSED_UNTIL)
    before = len(items(connection, "timers"))
    refusal = operator.refused(*IMPORT, typed=rows)
    assert "1 rows were refused" in refusal
    assert len(items(connection, "timers")) == before + 1


@pytest.mark.usefixtures("fixtures")
def test_dry_run_refuses_closed_rows_and_only_open_rows_create_services(
    operator: Operator, admin: Api
) -> None:
    assert close(admin).status == 200
    header, closed, open_row = TOGGL.format(person=OTHER_MEMBER, day=CLOSED_UNTIL).splitlines()
    rows = [
        header,
        closed.replace("Design", "Only closed"),
        # Only a duration: a time entry with minutes.
        f",{OTHER_MEMBER}@example.com,Only closed,{CLOSED_DATE},,,,1:00:00",
        # A session that is refused does not keep one that overlaps it from being a timer.
        f",{OTHER_MEMBER}@example.com,Design,{CLOSED_UNTIL},23:00:00,2026-03-01,00:30:00,",
        f",{OTHER_MEMBER}@example.com,New,2026-03-01,00:15:00,2026-03-01,00:45:00,",
        open_row,
    ]
    content = "\n".join(rows) + "\n"
    command = (*IMPORT, "--create-missing")
    dry_run = operator.run(*command, "--json", "--dry-run", typed=content)
    assert dry_run.exit_code == 1
    expected = json.loads(dry_run.stdout)
    assert (expected["refused"], expected["timer"], expected["created"]) == (3, 2, 1)
    assert {row["line"] for row in expected["rows"]} == {2, 3, 4}
    assert all("closed" in row["reason"] for row in expected["rows"])
    result = operator.run(*command, "--json", typed=content)
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {**expected, "dry_run": False}
    names = {service["name"] for service in operator.here("services", "list")}
    assert "New" in names
    assert "Only closed" not in names


@pytest.mark.usefixtures("fixtures")
def test_import_that_runs_for_long_learns_of_a_closing(
    dependencies: Dependencies, operator: Operator, clock: FakeClock
) -> None:
    writer = RowWriter(dependencies, operator.context.operator(ZAGREB.id))
    database = dependencies.database
    person = database.get(Person, ZAGREB.id, OTHER_MEMBER)
    service = database.get(Service, ZAGREB.id, DESIGN)
    operator.done("organizations", "change", *ZAGREB_OPTION, "--closed-until", CLOSED_UNTIL)
    outcomes = []
    for number in range(2):
        row = HistoryRow(
            number, "", "", "Design", CLOSED_DATE, None, 60, f"row {number}", digest=str(number)
        )
        outcomes.append(writer.write(PlannedRow(row, person, service, "it has no times")).outcome)
        clock.advance(CALLER_CACHE_SECONDS)
    assert outcomes == [Outcome.MINUTES, Outcome.REFUSED]
