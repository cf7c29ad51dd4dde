"""Sums of time entries."""

from datetime import date
from typing import Any

from stint_client import Client
from stint_client.reports import ReportRow
from tests.scripted_server import PAGE_META, Answer, ScriptedServer

DESIGN, DEVELOPMENT = "1294", "1296"
FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)


def names(rows: list[ReportRow]) -> list[tuple[str, ...]]:
    return [tuple(member.name for member in row.group.values()) for row in rows]


def test_sums_by_each_group(client: Client) -> None:
    for service_id, minutes, day in (
        (DESIGN, 50, 1),
        (DEVELOPMENT, 20, 31),
        (DESIGN, 25, 31),
    ):
        client.time_entries.create(service_id=service_id, time=minutes, date=date(2026, 10, day))
    client.time_entries.create(service_id=DESIGN, time=500, date=date(2026, 11, 1))

    by_service = client.reports.time_entries(after=FIRST, before=LAST)
    assert names(by_service) == [("Design",), ("Development",)]
    assert [(row.minutes, row.count) for row in by_service] == [(75, 2), (20, 1)]
    assert by_service[0].billable_minutes == 75
    assert by_service[0].group["service"].id == DESIGN

    by_both = client.reports.time_entries(after=FIRST, before=LAST, group=("date", "service"))
    assert names(by_both) == [
        ("2026-10-01", "Design"),
        ("2026-10-31", "Design"),
        ("2026-10-31", "Development"),
    ]
    (whole,) = client.reports.time_entries(after=FIRST, before=LAST, group=("month",))
    assert (whole.group["month"].id, whole.minutes) == ("2026-10", 95)
    (total,) = client.reports.time_entries(after=FIRST, before=LAST, group=())
    assert total.minutes == 95
    (billable,) = client.reports.time_entries(after=FIRST, before=LAST, group=("billable",))
    assert billable.group["billable"].id == "true"


def test_members_see_themselves_and_admins_choose(admin: Client, client: Client) -> None:
    me = client.me().id
    client.time_entries.create(service_id=DESIGN, time=15, date=date(2026, 10, 5))
    people = {
        row.group["person"].id
        for row in client.reports.time_entries(after=FIRST, before=LAST, group=("person",))
    }
    assert people == {me}
    (row,) = admin.reports.time_entries(after=FIRST, before=LAST, group=(), person_id=me)
    assert row.minutes == 15


def _entry(entry_id: str, attributes: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": entry_id,
        "type": "time_entries",
        "attributes": {"date": "2026-10-05", "billable_time": 0, **attributes},
        "relationships": {"service": {"data": {"type": "services", "id": "7"}}},
    }


def test_seconds_are_added_up_before_they_are_rounded(script: ScriptedServer) -> None:
    service = {
        "id": "7",
        "type": "services",
        "attributes": {"name": "Design"},
        "relationships": {},
    }
    seconds = [_entry(str(i), {"time": 2, "total_seconds": 90}) for i in range(10)]
    page = {"data": seconds, "included": [service], "links": {"first": "x"}, "meta": PAGE_META}
    script.answers = [Answer(200, page)]
    with Client(script.url, "token", 2149) as client:
        (row,) = client.reports.time_entries(after=FIRST, before=LAST)
        assert (row.seconds, row.minutes, row.is_exact) == (900, 15, True)
        assert "total_seconds" in script.requests[0].path

        page["data"] = [*seconds, _entry("11", {"time": 1})]
        (row,) = client.reports.time_entries(after=FIRST, before=LAST)
        assert (row.seconds, row.is_exact) == (960, False)
