"""CSV of reports, timers and time entries over HTTP. Contract section 10a."""

import csv
import io
from collections.abc import Iterator
from itertools import count, repeat
from typing import Any

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.core.errors import QueryTooBroad
from chalicelib.dynamodb.database import Database
from chalicelib.http.csv_responses import csv_response
from chalicelib.http.csv_table import CsvTable, RelatedRecords, column
from chalicelib.time_entries.model import TimeEntry
from tests.support.api import Api, Response
from tests.support.clock import FakeClock
from tests.support.fixtures import (
    ADMIN,
    DESIGN,
    MEMBER,
    MEMBERS_ENTRY,
    OTHER_MEMBER,
    ZAGREB,
    Fixtures,
    put_all,
)
from tests.support.rollups import roll_up_all

PATHS = (
    "/timers",
    "/time_entries",
    "/reports/time_entry_reports",
    "/reports/time_entry_reports?group=person,month",
    "/reports/time_reports",
)
NASTY = ('=1+1"', "two\r\nlines, and a comma", "Čaj ☕️ 👩🏽‍💻", "-5", "@SUM(A1)", "\t=1", "")
CSV_TYPE = "text/csv; charset=utf-8; header=present"


@pytest.fixture(autouse=True)
def _fixtures(fixtures: Fixtures, connection: Connection) -> None:
    """The records of the fixtures, and their sums."""
    del fixtures
    roll_up_all(connection)


def with_csv(path: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}format=csv"


def records(response: Response) -> list[dict[str, str]]:
    assert response.status == 200, response.body
    assert response.headers["Content-Type"] == CSV_TYPE
    return list(csv.DictReader(io.StringIO(response.body.decode(), newline="")))


def entries(number_of: int, **values: Any) -> list[TimeEntry]:
    first = TimeEntry(7_000, ZAGREB.id, MEMBER, DESIGN, "2026-03-03", 7, 7, MEMBER)
    return [replace(first, id=7_000 + number, **values) for number in range(number_of)]


@pytest.mark.parametrize("path", PATHS)
def test_accept_and_format_ask_for_csv(admin: Api, path: str) -> None:
    by_format = admin.get(with_csv(path))
    by_accept = admin.send("GET", path, headers={"Accept": "text/csv"})
    assert by_format.body == by_accept.body
    assert records(by_format) is not None
    assert by_format.headers["Vary"] == "Accept, Origin, Accept-Encoding"
    name = path.partition("?")[0].rpartition("/")[2]
    disposition = by_format.headers["Content-Disposition"]
    assert disposition.startswith(f'attachment; filename="{name}')
    assert disposition.endswith('.csv"')


@pytest.mark.parametrize(
    ("accept", "is_csv"),
    [
        ("text/csv", True),
        ("text/csv, */*;q=0.1", True),
        ("text/csv;q=0.9, application/vnd.api+json;q=0.5", True),
        ("text/csv, application/json", True),
        ("application/vnd.api+json, text/csv", False),
        ("text/csv;q=0", False),
        ("text/html, application/xhtml+xml, */*;q=0.8", False),
        ("text/*", False),
        ("*/*", False),
        ("text/csv;q=x", True),
    ],
)
def test_accept_header(admin: Api, accept: str, is_csv: bool) -> None:
    response = admin.send("GET", "/time_entries", headers={"Accept": accept})
    assert (response.headers["Content-Type"] == CSV_TYPE) is is_csv


def test_format_takes_precedence_over_accept(admin: Api) -> None:
    response = admin.send("GET", "/timers?format=json", headers={"Accept": "text/csv"})
    assert response.document["data"] == []


def test_routes_without_csv_answer_json(admin: Api) -> None:
    response = admin.send("GET", "/people", headers={"Accept": "text/csv"})
    assert len(response.data) > 0


@pytest.mark.parametrize("path", PATHS)
def test_csv_takes_etag_and_head(admin: Api, path: str) -> None:
    response = admin.get(with_csv(path))
    tag = response.headers["ETag"]
    again = admin.send("GET", with_csv(path), headers={"If-None-Match": tag})
    assert (again.status, again.body) == (304, b"")
    head = admin.send_raw("HEAD", f"/api/v2{with_csv(path)}", b"", admin.headers)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["ETag"] == tag
    assert head.headers["Content-Type"] == CSV_TYPE


def test_time_entries(admin: Api) -> None:
    put_all(
        *(
            replace(entry, note=note, tracked_seconds=90)
            for entry, note in zip(entries(len(NASTY)), NASTY, strict=True)
        )
    )
    response = admin.get("/time_entries?format=csv&filter[after]=2026-03-03&sort=date")
    rows = records(response)
    assert [row["note"] for row in rows] == [
        f"'{note}" if note[:1] in ("=", "-", "@", "\t") else note for note in NASTY
    ]
    assert response.body.count(b"\r\n") >= len(NASTY) + 1
    assert rows[0] == {
        "id": "7000",
        "date": "2026-03-03",
        "person_id": str(MEMBER),
        "person_name": f"First Last {MEMBER}",
        "service_id": str(DESIGN),
        "service_name": "Design",
        "time": "2",
        "billable_time": "2",
        "note": "'=1+1\"",
        "track_method_id": "2",
        "created_at": "1970-01-01T01:00:07.000+01:00",
        "updated_at": "1970-01-01T01:00:07.000+01:00",
    }


def test_timers(other_member: Api, admin: Api, clock: FakeClock) -> None:
    started = other_member.start(service_id=DESIGN, note="=HYPERLINK()")
    clock.advance(90)
    timer_id, entry_id = started.data["id"], started.data["relationships"]["time_entry"]
    assert other_member.stop(timer_id).status == 200
    assert other_member.start(time_entry_id=367).status == 201
    rows = records(admin.get("/timers?format=csv"))
    assert rows[0] == {
        "id": timer_id,
        "person_id": str(OTHER_MEMBER),
        "person_name": f"First Last {OTHER_MEMBER}",
        "time_entry_id": rows[0]["time_entry_id"],
        "service_id": str(DESIGN),
        "service_name": "Design",
        "started_at": "2026-03-02T09:00:00.000+01:00",
        "stopped_at": "2026-03-02T09:01:30.000+01:00",
        "total_time": "2",
        "note": "'=HYPERLINK()",
    }
    assert entry_id is not None
    assert (rows[1]["time_entry_id"], rows[1]["stopped_at"]) == ("367", "")
    assert rows[1]["service_name"] == "Development"


def test_report_has_the_rows_of_the_document(admin: Api, connection: Connection) -> None:
    put_all(*entries(40, tracked_seconds=100))
    roll_up_all(connection)
    path = "/reports/time_entry_reports?group=person,service&sort=-total_time"
    rows = records(admin.get(with_csv(path)))
    assert [
        {
            "person_id": row["relationships"]["person"]["data"]["id"],
            "service_id": row["relationships"]["service"]["data"]["id"],
            **{name: str(value) for name, value in row["attributes"].items()},
        }
        for row in admin.get(f"{path}&page[size]=200").data
    ] == [
        {name: value for name, value in row.items() if not name.endswith("_name")} for row in rows
    ]
    assert rows[0]["person_name"] == f"First Last {MEMBER}"
    assert rows[0]["service_name"] == "Design"
    assert rows[0]["total_time"] == "67"


def test_report_of_a_period_names_the_file_by_its_dates(admin: Api) -> None:
    response = admin.get("/reports/time_reports?format=csv&group=month")
    assert response.headers["Content-Disposition"] == (
        'attachment; filename="time_reports-2026-03-01-2026-03-31.csv"'
    )
    assert records(response)[0]["date_period"] == "2026-03-01"


def test_report_without_group_has_a_row_for_each_entry(admin: Api, connection: Connection) -> None:
    put_all(*entries(250))
    roll_up_all(connection)
    response = admin.get("/reports/time_entry_reports?format=csv&page[number]=7&page[size]=x")
    rows = records(response)
    assert len(rows) == 255
    assert list(rows[0]) == [
        "id",
        "person_id",
        "person_name",
        "service_id",
        "service_name",
        "date",
        "billable",
        "time",
        "billable_time",
        "note",
    ]
    assert (rows[0]["date"], rows[0]["billable"]) == ("2026-03-02", "true")


def test_fields_select_columns(admin: Api) -> None:
    fields = "fields[time_entry_reports]=person,total_seconds,unknown"
    response = admin.get(f"/reports/time_entry_reports?format=csv&group=person&{fields}")
    assert list(records(response)[0]) == ["person_id", "person_name", "total_seconds"]
    entry_fields = admin.get("/time_entries?format=csv&fields[time_entries]=date,note")
    assert list(records(entry_fields)[0]) == ["date", "note"]


@pytest.mark.parametrize("path", ["/time_entries", "/reports/time_entry_reports"])
def test_member_gets_only_their_own_rows(member: Api, path: str) -> None:
    rows = records(member.get(with_csv(path)))
    assert {(row["id"], row["person_id"]) for row in rows} == {(str(MEMBERS_ENTRY), str(MEMBER))}
    others = records(member.get(f"{with_csv(path)}&filter[person_id]={ADMIN}"))
    assert others == []


def test_whole_list_is_in_the_file_in_its_order(admin: Api) -> None:
    # More than 1 MB: the list is read in several calls.
    put_all(*entries(600, note="a" * 2_000))
    rows = records(admin.get("/time_entries?format=csv&sort=-date&filter[after]=2026-03-03"))
    assert [int(row["id"]) for row in rows] == list(range(7_599, 6_999, -1))


@pytest.mark.parametrize(
    "query", ["sort=person_name", "sort=-updated_at", "filter[note]=a", "filter[billable]=true"]
)
def test_lists_that_no_index_serves(admin: Api, query: str) -> None:
    put_all(*entries(5, note="a"))
    path = f"/time_entries?{query}&filter[after]=2026-03-03"
    assert [row["id"] for row in records(admin.get(with_csv(path)))] == admin.get(path).ids


def test_filter_for_what_stint_lacks_leaves_only_the_header(admin: Api) -> None:
    for path in ("/time_entries?", "/reports/time_entry_reports?group=person&"):
        response = admin.get(f"{path}format=csv&filter[project_id]=1")
        assert response.body.count(b"\r\n") == 1


@pytest.mark.parametrize("path", ["/time_entries", "/reports/time_entry_reports"])
def test_larger_file_is_an_error_that_names_the_filter(admin: Api, path: str) -> None:
    # Lambda's runtime writes 12 characters for each of these.
    put_all(*entries(270, note="\U0001f469" * 2_000))
    refused = admin.get(with_csv(path))
    assert (refused.status, refused.error["code"]) == (400, "query_too_broad")
    assert refused.error["source"] == {"parameter": "filter[after]"}
    assert refused.headers["Content-Type"] == "application/vnd.api+json; charset=utf-8"
    narrower = admin.get(f"{with_csv(path)}&filter[date]=2026-03-02")
    assert len(records(narrower)) == 5


def test_reading_stops_at_the_limit() -> None:
    """No more of a list is read than the response can hold, and its pages are not kept."""
    zone = ZAGREB.zone
    table = CsvTable((column("note", lambda text: text),))
    read: list[int] = []

    def pages(size: int) -> Iterator[list[str]]:
        for number in count():
            read.append(number)
            yield ["a" * (size - 2)] * 200

    # For rows that need no record: no database is behind it.
    related = RelatedRecords(Database(Connection()), ZAGREB.id)
    with pytest.raises(QueryTooBroad) as caught:
        csv_response(table, pages(1_000), related, zone, "notes.csv", "filter[after]")
    assert caught.value.source == {"parameter": "filter[after]"}
    assert len(read) == 25


def test_list_that_matches_little_is_an_error() -> None:
    """A filter that no index serves would read a long list to its end."""
    related = RelatedRecords(Database(Connection()), ZAGREB.id)
    table = CsvTable((column("note", lambda text: text),))
    with pytest.raises(QueryTooBroad):
        csv_response(table, repeat([]), related, ZAGREB.zone, "notes.csv", "filter[after]")
