"""``report`` writes the rows of the API's reports as CSV. Contract section 10a."""

import csv
import io
from pathlib import Path

import pytest
from click.testing import Result
from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.time_entries.model import TimeEntry
from tests.support.api import Api
from tests.support.failing_calls import failing
from tests.support.fixtures import ADMIN, DESIGN, DEVELOPMENT, MEMBER, ZAGREB, Fixtures, put_all
from tests.support.operator import Operator
from tests.support.rollups import roll_up_all

IN_ZAGREB = ("report", "-o", ZAGREB.id)
TWO_YEARS = ("--from", "2025-01-01", "--to", "2026-12-31")
_FIRST = TimeEntry(
    7_000, ZAGREB.id, MEMBER, DESIGN, "2025-01-31", 7, 7, MEMBER, tracked_seconds=100, note="=1+1"
)
ENTRIES = [
    _FIRST,
    replace(_FIRST, id=7_001, person_id=ADMIN, date="2025-02-01", tracked_seconds=50),
    replace(_FIRST, id=7_002, service_id=DEVELOPMENT, date="2026-03-02", billable=False),
    replace(_FIRST, id=7_003, date="2026-10-31", billable_minutes=9),
]


@pytest.fixture(autouse=True)
def _entries(fixtures: Fixtures, connection: Connection) -> None:
    del fixtures
    put_all(*ENTRIES)
    roll_up_all(connection)


def rows(result: Result) -> list[dict[str, str]]:
    assert result.exit_code == 0, result.output
    text = result.stdout_bytes.decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("group", ["person,service", "month", "person", "organization", ""])
def test_file_equals_the_answer_of_the_api(
    operator: Operator, admin: Api, tmp_path: Path, group: str
) -> None:
    path = tmp_path / "march.csv"
    by = ("--by", group) if group else ()
    result = operator.run(*IN_ZAGREB, "--month", "2026-03", *by, "--output", path)
    assert result.exit_code == 0, result.output
    query = f"format=csv&group={group}&filter[after]=2026-03-01&filter[before]=2026-03-31"
    assert path.read_bytes() == admin.get(f"/reports/time_entry_reports?{query}").body
    assert result.stdout == ""
    assert f"written to {path}" in result.stderr
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_range_can_be_longer_than_that_of_a_request(operator: Operator) -> None:
    result = operator.run(*IN_ZAGREB, *TWO_YEARS, "--by", "year", "--output", "-")
    assert rows(result) == [
        {
            "date_period": "2025-01-01",
            "total_time": "3",
            "total_billable_time": "3",
            "count": "2",
        },
        {
            "date_period": "2026-01-01",
            "total_time": "3",
            "total_billable_time": "9",
            "count": "7",
        },
    ]
    assert "reading months: 24 of 24" in result.stderr


def test_person_has_one_row_for_all_months(operator: Operator) -> None:
    found = rows(operator.run(*IN_ZAGREB, *TWO_YEARS, "--by", "person", "--output", "-"))
    by_person = {row["person_id"]: (row["person_name"], row["count"]) for row in found}
    assert by_person[str(MEMBER)] == (f"First Last {MEMBER}", "4")
    assert by_person[str(ADMIN)] == (f"First Last {ADMIN}", "3")


def test_entries_are_written_month_by_month(operator: Operator) -> None:
    found = rows(operator.run(*IN_ZAGREB, *TWO_YEARS, "--output", "-"))
    assert [row["id"] for row in found if int(row["id"]) >= 7_000] == [
        str(entry.id) for entry in ENTRIES
    ]
    assert found[0]["note"] == "'=1+1"


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--month", "2026-13"),
        ("--month", "2026"),
        ("--month", "2026-10", "--to", "2026-10-31"),
        ("--from", "2026-10-01"),
        ("--from", "2026-10-02", "--to", "2026-10-01"),
        ("--from", "yesterday", "--to", "2026-10-01"),
        ("--month", "2026-10", "--by", "project"),
        ("--month", "2026-10", "--by", "month,week"),
    ],
)
def test_wrong_usage(operator: Operator, options: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    result = operator.run(*IN_ZAGREB, *options, "--output", path)
    assert result.exit_code == 2
    assert not path.exists()


def test_failed_report_leaves_no_file(
    operator: Operator, connection: Connection, tmp_path: Path
) -> None:
    path = tmp_path / "report.csv"
    with failing(connection, "Query", "ValidationException"):
        operator.refused(*IN_ZAGREB, "--month", "2026-03", "--output", path)
    assert list(tmp_path.iterdir()) == []


def test_existing_file_is_not_overwritten(operator: Operator, tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_text("old")
    message = operator.refused(*IN_ZAGREB, "--month", "2026-03", "--output", path)
    assert f"{path} already exists" in message
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_output_is_stdout_by_default(operator: Operator) -> None:
    assert rows(operator.run(*IN_ZAGREB, *TWO_YEARS, "--by", "organization"))


def test_file_that_cannot_be_written_is_an_error(operator: Operator, tmp_path: Path) -> None:
    path = tmp_path / "absent" / "report.csv"
    message = operator.refused(*IN_ZAGREB, "--month", "2026-03", "--output", path)
    assert f"cannot write {path}" in message
