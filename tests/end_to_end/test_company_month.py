"""A month of a company of 50, through the API and the commands, compared with a plain recount.

The company brings its last months from another product, tracks a month, corrects it, closes it, and
pays by its CSV. What every report must show is added up here, from what the people did.
"""

import csv
import io
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.timestamps import rounded_minutes
from tests.support.api import Api
from tests.support.clock import MINUTE, FakeClock
from tests.support.company import Company, Entry
from tests.support.invariants import violations
from tests.support.operator import Operator
from tests.support.rollups import roll_up_all
from tools.admin.context import AdminContext

MARCH = "filter[after]=2026-03-01&filter[before]=2026-03-31"


@dataclass
class Total:
    """What a row of a report must show."""

    seconds: int = 0
    billable_seconds: int = 0
    count: int = 0

    def add(self, entry: Entry) -> None:
        self.seconds += entry.seconds
        self.billable_seconds += entry.billable_seconds
        self.count += 1

    @property
    def shown(self) -> dict[str, int]:
        return {
            "total_time": rounded_minutes(self.seconds),
            "total_billable_time": rounded_minutes(self.billable_seconds),
            "count": self.count,
        }


Key = tuple[str, ...]


def recount(
    company: Company, group: str, first: str, last: str, person: str = ""
) -> dict[Key, Any]:
    """Add up the entries of a range by one or two groups."""
    totals: dict[Key, Total] = defaultdict(Total)
    for entry in company.entries.values():
        if first <= entry.date <= last and person in ("", entry.person):
            values = {
                "person": company.people[entry.person],
                "service": company.services[entry.service],
                "date": entry.date,
                "month": f"{entry.date[:7]}-01",
                "organization": "",
            }
            totals[tuple(values[name] for name in group.split(","))].add(entry)
    return {key: total.shown for key, total in totals.items()}


def report(client: Api, group: str, dates: str) -> dict[Key, Any]:
    """Read all pages of a report; return its rows by their groups."""
    rows: dict[Key, Any] = {}
    page, pages = 1, 1
    while page <= pages:
        path = (
            f"/reports/time_entry_reports?group={group}&{dates}&page[number]={page}&page[size]=60"
        )
        response = client.get(path)
        assert response.status == 200, response.document
        for row in response.data:
            key = tuple(_group_of(row, name) for name in group.split(","))
            assert key not in rows
            rows[key] = {name: row["attributes"][name] for name in Total().shown}
        page, pages = page + 1, response.meta["total_pages"]
    return rows


def _group_of(row: Any, name: str) -> str:
    if name in ("person", "service"):
        identifier: str = row["relationships"][name]["data"]["id"]
        return identifier
    return "" if name == "organization" else str(row["attributes"]["date_period"])


@pytest.fixture
def company(
    app: Chalice, connection: Connection, dependencies: Dependencies, clock: FakeClock
) -> Company:
    context = AdminContext("the tests", connection, dependencies, on_aws=False)
    company = Company(app, Operator(context), clock)
    company.bring_history()
    company.track()
    company.correct()
    return company


def test_every_figure_of_a_month_is_that_of_a_plain_recount(
    company: Company, connection: Connection
) -> None:
    person = company.emails[7]
    own = company.clients[person]
    # A person's own sums are right at once.
    for group in ("date", "service"):
        expected = recount(company, group, "2026-03-01", "2026-03-31", person)
        assert report(own, group, MARCH) == expected
    roll_up_all(connection)
    for group in ("person", "service", "month", "date", "person,service", "organization"):
        expected = recount(company, group, "2026-03-01", "2026-03-31")
        assert report(company.admin, group, MARCH) == expected
    year = "filter[after]=2025-04-01&filter[before]=2026-03-31"
    for group in ("month", "person,month"):
        assert report(company.admin, group, year) == recount(
            company, group, "2025-04-01", "2026-03-31"
        )
    assert payroll(company) == recount(company, "person", "2026-03-01", "2026-03-31")
    close_march(company)
    assert violations(connection) == []


def payroll(company: Company) -> dict[Key, Any]:
    """Write March by person with the command; it must be what the API answers. Return its rows."""
    command = ("report", *company.organization, "--month", "2026-03", "--by", "person")
    written = company.operator.done(*command, "--output", "-")
    answered = company.admin.get(f"/reports/time_entry_reports?group=person&format=csv&{MARCH}")
    assert list(csv.reader(io.StringIO(written))) == list(
        csv.reader(io.StringIO(answered.body.decode()))
    )
    return {
        (row["person_id"],): {name: int(row[name]) for name in Total().shown}
        for row in csv.DictReader(io.StringIO(written))
    }


def close_march(company: Company) -> None:
    """Close March: nothing in it changes any more, and its figures stay. April is open."""
    before = report(company.admin, "person,service", MARCH)
    company.clock.timestamp = datetime(2026, 4, 1, 9, tzinfo=UTC).timestamp()
    company.operator.done(
        "organizations", "change", *company.organization, "--closed-until", "2026-03-31"
    )
    company.clock.advance(2 * MINUTE)
    entry_id, entry = next(
        (key, entry) for key, entry in company.entries.items() if entry.date >= "2026-03"
    )
    client = company.clients[entry.person]
    refused = (
        client.edit_entry(entry_id, time=1),
        client.send("DELETE", f"/time_entries/{entry_id}"),
        company.admin.edit_entry(entry_id, note="too late"),
        client.start(
            service_id=company.services["Design"],
            started_at="2026-03-31T20:00:00Z",
            stopped_at="2026-03-31T21:00:00Z",
        ),
    )
    for response in refused:
        assert (response.status, response.error["code"]) == (422, "period_closed")
    late = "User,Email,Project,Start date,Start time,End date,End time,Duration\n"
    late += f",{entry.person},Design,2026-03-31,20:00:00,2026-03-31,21:00:00,\n"
    wishes = ("--from", "toggl", "--service-from", "project")
    company.operator.refused("entries", "import", "-", *company.organization, *wishes, typed=late)
    assert report(company.admin, "person,service", MARCH) == before
    started = client.start(service_id=company.services["Design"])
    assert started.status == 201
    assert client.stop(started.data["id"]).status == 200
