"""Reports over HTTP. Contract section 10a."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

import pytest
from pynamodb.connection import Connection

from chalicelib.core.timestamps import rounded_minutes
from chalicelib.time_entries.model import TimeEntry
from tests.support.api import Api
from tests.support.fixtures import (
    ADMIN,
    DESIGN,
    DEVELOPMENT,
    KOLKATA,
    MEMBER,
    OTHER_MEMBER,
    STRANGER,
    ZAGREB,
    Fixtures,
    put_all,
)
from tests.support.rollups import roll_up_all
from tests.support.tables import prepare

REPORT = "/reports/time_entry_reports"
TIME_REPORT = "/reports/time_reports"
ALL = "filter[after]=2026-01-01&filter[before]=2026-12-31"


def _entry(number: int) -> TimeEntry:
    day = date(2026, 1, 5) + timedelta(days=11 * number)
    is_billable = number % 3 != 0
    return TimeEntry(
        5_000 + number,
        ZAGREB.id,
        (ADMIN, MEMBER, OTHER_MEMBER)[number % 3],
        (DESIGN, DEVELOPMENT)[number % 2],
        day.isoformat(),
        7,
        7,
        ADMIN,
        billable=is_billable,
        billable_minutes=7 if number % 5 == 0 else None,
        note=f"Note {number}",
        tracked_seconds=90 + 37 * number,
        adjusted_seconds=-60 if number % 4 == 0 else 0,
        covered_to=1 if number % 4 == 0 else None,
    )


ENTRIES = [_entry(number) for number in range(24)]
FOREIGN = TimeEntry(
    6_000, KOLKATA.id, STRANGER, DESIGN, "2026-03-02", 7, 7, STRANGER, tracked_seconds=600
)
FIXED_ENTRIES = [
    TimeEntry(id_, ZAGREB.id, person, service, "2026-03-02", 7, 7, person)
    for id_, person, service in (
        (364, ADMIN, DESIGN),
        (366, ADMIN, DEVELOPMENT),
        (365, MEMBER, DESIGN),
        (367, OTHER_MEMBER, DEVELOPMENT),
        (369, OTHER_MEMBER, DESIGN),
    )
]
"""Those of the fixtures: they have no time."""

KEYS: dict[str, Callable[[TimeEntry], str]] = {
    "person": lambda entry: str(entry.person_id),
    "service": lambda entry: str(entry.service_id),
    "date": lambda entry: entry.date,
    "day": lambda entry: entry.date,
    "week": lambda entry: _monday(entry.date),
    "month": lambda entry: f"{entry.date[:7]}-01",
    "quarter": lambda entry: f"2026-{(int(entry.date[5:7]) - 1) // 3 * 3 + 1:02d}-01",
    "year": lambda _: "2026-01-01",
    "organization": lambda _: str(ZAGREB.id),
    "billable": lambda entry: str(entry.billable).lower(),
}
GROUPS = [
    *KEYS,
    *("person,service", "service,month", "week,person", "billable,person", "organization,year"),
]


def _monday(day: str) -> str:
    parsed = date.fromisoformat(day)
    return (parsed - timedelta(days=parsed.weekday())).isoformat()


@pytest.fixture(autouse=True)
def _entries(fixtures: Fixtures, connection: Connection) -> None:
    del fixtures
    prepare(_put_entries, connection)


def _put_entries(connection: Connection) -> None:
    put_all(*ENTRIES, FOREIGN)
    roll_up_all(connection)


def recount(entries: Iterable[TimeEntry], group: str) -> dict[str, dict[str, int]]:
    """Count entries one by one: the attributes of each row, by its id."""
    rows: dict[str, list[TimeEntry]] = defaultdict(list)
    for entry in entries:
        rows[",".join(f"{name}-{KEYS[name](entry)}" for name in group.split(","))].append(entry)
    return {id_: _sums(of_row) for id_, of_row in rows.items()}


def _sums(entries: list[TimeEntry]) -> dict[str, int]:
    seconds = {entry.id: entry.tracked_seconds + entry.adjusted_seconds for entry in entries}
    billable = [
        60 * entry.billable_minutes
        if entry.billable_minutes is not None
        else seconds[entry.id] * entry.billable
        for entry in entries
    ]
    return {
        "count": len(entries),
        "total_time": rounded_minutes(sum(seconds.values())),
        "total_billable_time": rounded_minutes(sum(billable)),
        "total_seconds": sum(seconds.values()),
    }


def rows(api: Api, query: str, path: str = REPORT) -> dict[str, dict[str, Any]]:
    response = api.get(f"{path}?{query}&page[size]=200")
    assert response.status == 200, response.body
    assert len(response.ids) == len(set(response.ids)) == response.meta["total_count"]
    return {row["id"]: row["attributes"] for row in response.data}


@pytest.mark.parametrize("group", GROUPS)
def test_report_equals_a_recount(admin: Api, group: str) -> None:
    expected = recount([*ENTRIES, *FIXED_ENTRIES], group)
    fields = "fields[time_entry_reports]=count,total_time,total_billable_time,total_seconds"
    assert rows(admin, f"group={group}&{ALL}&{fields}") == expected


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        (f"filter[person_id]={MEMBER}", lambda entry: entry.person_id == MEMBER),
        (f"filter[person_id]={MEMBER},{ADMIN}", lambda entry: entry.person_id != OTHER_MEMBER),
        (f"filter[person_id][not_eq]={MEMBER}", lambda entry: entry.person_id != MEMBER),
        (f"filter[service_id]={DESIGN}", lambda entry: entry.service_id == DESIGN),
        (f"filter[service_id][not_eq]={DESIGN}", lambda entry: entry.service_id != DESIGN),
        ("filter[billable]=true", lambda entry: entry.billable),
        ("filter[billable][not_eq]=true", lambda entry: not entry.billable),
        ("filter[date]=2026-03-02", lambda entry: entry.date == "2026-03-02"),
        ("filter[date][not_eq]=2026-03-02", lambda entry: entry.date != "2026-03-02"),
        ("filter[date][gt]=2026-03-02", lambda entry: entry.date > "2026-03-02"),
        ("filter[date][lt_eq]=2026-03-02", lambda entry: entry.date <= "2026-03-02"),
        ("filter[project_id]=5", lambda _: False),
        ("filter[project_id][not_eq]=5", lambda _: True),
        (
            f"filter[person_id]={MEMBER}&filter[service_id]={DESIGN}&filter[billable]=true",
            lambda entry: (
                (entry.person_id, entry.service_id, entry.billable) == (MEMBER, DESIGN, True)
            ),
        ),
    ],
)
@pytest.mark.parametrize("group", ["organization", "person", "date", ""])
def test_filters(admin: Api, query: str, matches: Callable[[TimeEntry], bool], group: str) -> None:
    matching = [entry for entry in (*ENTRIES, *FIXED_ENTRIES) if matches(entry)]
    found = rows(admin, f"group={group}&{ALL}&{query}")
    if group:
        assert {id_: row["count"] for id_, row in found.items()} == {
            id_: row["count"] for id_, row in recount(matching, group).items()
        }
    else:
        assert found.keys() == {str(entry.id) for entry in matching}


def test_member_sees_only_their_own_time(member: Api) -> None:
    own = [entry for entry in (*ENTRIES, *FIXED_ENTRIES) if entry.person_id == MEMBER]
    assert rows(member, f"group=person&{ALL}").keys() == {f"person-{MEMBER}"}
    (row,) = rows(member, f"group=organization&{ALL}").values()
    assert row["count"] == len(own)
    assert rows(member, ALL).keys() == {str(entry.id) for entry in own}
    for query in (f"filter[person_id]={ADMIN}", f"filter[person_id][not_eq]={MEMBER}"):
        for group in ("organization", "person", ""):
            assert rows(member, f"group={group}&{ALL}&{query}") == {}


def test_other_organization_sees_nothing_of_this_one(stranger: Api) -> None:
    (row,) = rows(stranger, f"group=organization&{ALL}").values()
    assert (row["count"], row["total_time"]) == (2, 10)


def test_row_has_its_group(admin: Api) -> None:
    response = admin.get(f"{REPORT}?group=person,month&{ALL}")
    row = response.data[0]
    assert row["type"] == "time_entry_reports"
    assert row["id"] == f"person-{ADMIN},month-2026-01-01"
    assert row["attributes"].keys() == {
        "total_time",
        "total_billable_time",
        "count",
        "date_period",
    }
    assert row["attributes"]["date_period"] == "2026-01-01"
    assert row["relationships"] == {
        "organization": {"data": {"type": "organizations", "id": str(ZAGREB.id)}},
        "person": {"data": {"type": "people", "id": str(ADMIN)}},
    }
    by_service = admin.get(f"{REPORT}?group=service,billable&{ALL}").data[0]
    assert by_service["relationships"].keys() == {"organization", "service"}
    assert by_service["attributes"]["billable"] is False
    assert "date_period" not in by_service["attributes"]


def test_row_without_group_is_an_entry(admin: Api) -> None:
    response = admin.get(f"{REPORT}?{ALL}&filter[person_id]={MEMBER}&filter[service_id]={DESIGN}")
    row = next(row for row in response.data if row["id"] == "5004")
    assert row["attributes"] == {
        "date": "2026-02-18",
        "time": 3,
        "billable_time": 3,
        "note": "Note 4",
        "billable": True,
    }
    assert row["relationships"]["person"] == {"data": {"type": "people", "id": str(MEMBER)}}
    assert row["relationships"]["service"] == {"data": {"type": "services", "id": str(DESIGN)}}
    assert response.meta.keys() >= {"after", "before", "total_count"}
    assert "total_time" not in response.meta


def test_people_and_services_can_be_included(admin: Api) -> None:
    response = admin.get(f"{REPORT}?group=person,service&{ALL}&include=person,service")
    included = {(each["type"], each["id"]) for each in response.document["included"]}
    assert included == {
        *(("people", str(id_)) for id_ in (ADMIN, MEMBER, OTHER_MEMBER)),
        *(("services", str(id_)) for id_ in (DESIGN, DEVELOPMENT)),
    }


SORTS = ["date", "month", "person", "service", "count", "total_time", "total_billable_time"]


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("group", ["person,service", "person,month", "date"])
def test_sorts_and_their_reverse(admin: Api, sort: str, group: str) -> None:
    path = f"{REPORT}?group={group}&{ALL}&page[size]=200"
    ascending = admin.get(f"{path}&sort={sort}")
    descending = admin.get(f"{path}&sort=-{sort}")
    assert descending.ids == ascending.ids[::-1]
    if sort in ("count", "total_time", "total_billable_time"):
        values = [row["attributes"][sort] for row in ascending.data]
        assert values == sorted(values)
    if sort == "date" and group != "person,service":
        periods = [row["attributes"]["date_period"] for row in ascending.data]
        assert periods == sorted(periods)


def test_people_are_sorted_by_name(admin: Api) -> None:
    document = {"data": {"attributes": {"first_name": "Aaron"}}}
    assert admin.patch(f"/people/{OTHER_MEMBER}", document).status == 200
    ids = admin.get(f"{REPORT}?group=person&{ALL}&sort=person").ids
    assert ids == [f"person-{id_}" for id_ in (OTHER_MEMBER, ADMIN, MEMBER)]


@pytest.mark.parametrize("group", ["date", "person,month", ""])
def test_pages_contain_each_row_once(admin: Api, group: str) -> None:
    path = f"{REPORT}?group={group}&{ALL}"
    whole = admin.get(f"{path}&page[size]=200").ids
    for page in ("page[number]=1", "page[after]="):
        ids, url = [], f"{path}&{page}&page[size]=7"
        while url:
            response = admin.get(url)
            ids += response.ids
            following = response.document["links"].get("next", "")
            url = following.partition("/api/v2")[2]
        assert ids == whole


def test_cursor_of_another_report_is_refused(admin: Api) -> None:
    path = f"{REPORT}?{ALL}&page[size]=2&page[after]="
    following = admin.get(f"{path}&group=date").document["links"]["next"]
    cursor = following.partition("page%5Bafter%5D=")[2].partition("&")[0]
    assert cursor
    for other in ("group=day", "group=date&sort=count", "group=date&filter[billable]=true", ""):
        refused = admin.get(f"{path}{cursor}&{other}")
        assert (refused.status, refused.error["code"]) == (400, "keyset_invalid_cursor")


def test_meta_has_the_totals_and_the_range(admin: Api) -> None:
    response = admin.get(f"{REPORT}?group=person&{ALL}&page[size]=1")
    (total,) = recount([*ENTRIES, *FIXED_ENTRIES], "organization").values()
    assert response.meta["total_time"] == total["total_time"]
    assert response.meta["total_billable_time"] == total["total_billable_time"]
    assert (response.meta["after"], response.meta["before"]) == ("2026-01-01", "2026-12-31")
    assert (response.meta["total_count"], response.meta["total_pages"]) == (3, 3)


def test_report_without_dates_is_of_the_present_month(admin: Api) -> None:
    response = admin.get(f"{REPORT}?group=month")
    assert response.ids == ["month-2026-03-01"]
    assert (response.meta["after"], response.meta["before"]) == ("2026-03-01", "2026-03-31")


def test_empty_range_has_no_rows(admin: Api) -> None:
    for query in ("group=person", ""):
        response = admin.get(f"{REPORT}?{query}&filter[date][lt]=0001-01-01")
        assert (response.status, response.data) == (200, [])
        assert "after" not in response.meta


def test_time_report_splits_time(admin: Api) -> None:
    found = rows(admin, f"group=organization&{ALL}", TIME_REPORT)
    entries = [*ENTRIES, *FIXED_ENTRIES]
    split = {flag: [each for each in entries if each.billable is flag] for flag in (True, False)}
    total = _sums(entries)
    (row,) = found.values()
    assert row["worked_time"] == total["total_time"]
    assert row["billable_time"] == total["total_billable_time"]
    assert row["client_time"] == _sums(split[True])["total_time"]
    assert row["internal_time"] == _sums(split[False])["total_time"]
    assert row["count"] == total["count"]
    names = ("holiday_time", "scheduled_time", "capacity", "available_time", "workload")
    assert {row[name] for name in names} == {0}


def test_time_report_without_group_is_by_person(admin: Api) -> None:
    found = rows(admin, ALL, TIME_REPORT)
    assert found == rows(admin, f"group=person&{ALL}", TIME_REPORT)
    assert len(found) == 3


@pytest.mark.parametrize(
    ("query", "code", "parameter", "named"),
    [
        ("group=project", "invalid_parameter", "group", "billable"),
        ("group=month,week", "invalid_parameter", "group", "quarter"),
        ("group=person&sort=colour", "sort_param_unsupported", "sort", "total_billable_time"),
        ("sort=total_time", "sort_param_unsupported", "sort", "person"),
        ("filter[colour]=1", "unsupported_filter", "filter[colour]", "service_id"),
        (
            "filter[date][like]=1",
            "unsupported_filter_operation",
            "filter[date][like]",
            "gt_eq",
        ),
        ("format=xml", "invalid_parameter", "format", "csv"),
        ("group=person&filter[after]=2020-01-01", "query_too_broad", "filter[after]", "366"),
        ("filter[after]=2020-01-01", "query_too_broad", "filter[after]", "366"),
        ("include=colour", "unsupported_include", "include", "colour"),
    ],
)
def test_error_names_what_is_accepted(
    admin: Api, query: str, code: str, parameter: str, named: str
) -> None:
    response = admin.get(f"{REPORT}?{query}")
    assert (response.status, response.error["code"]) == (400, code)
    assert response.error["source"] == {"parameter": parameter}
    assert named in response.error["detail"]


def test_started_time_is_in_the_report(member: Api) -> None:
    timer = member.start(service_id=DESIGN)
    assert timer.status == 201
    assert member.stop(timer.data["id"]).status == 200
    assert rows(member, "group=person")[f"person-{MEMBER}"]["count"] >= 2


def test_report_takes_etag_and_head(admin: Api) -> None:
    path = f"{REPORT}?group=person&{ALL}"
    response = admin.get(path)
    again = admin.send("GET", path, headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    head = admin.send_raw("HEAD", f"/api/v2{path}", b"", admin.headers)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["ETag"] == response.headers["ETag"]
