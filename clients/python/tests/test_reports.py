"""Sums of time entries."""

from datetime import date

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
    assert (whole.group["month"].id, whole.group["month"].name) == ("2026-10-01", "2026-10")
    assert whole.minutes == 95
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


def test_seconds_are_exact_and_read_from_every_page(script: ScriptedServer) -> None:
    services = [
        {"id": str(i), "type": "services", "attributes": {"name": f"S{i}"}, "relationships": {}}
        for i in range(2)
    ]
    pages = [
        {
            "data": [
                {
                    "id": f"service-{i}",
                    "type": "time_entry_reports",
                    "attributes": {"total_seconds": 90, "total_billable_seconds": 29, "count": 1},
                    "relationships": {"service": {"data": {"type": "services", "id": str(i)}}},
                }
            ],
            "included": [service],
            "links": {"first": "x"},
            "meta": PAGE_META,
        }
        for i, service in enumerate(services)
    ]
    pages[0]["links"] = {"first": "x", "next": f"{script.url}/next?page[after]=c1"}
    script.answers = [Answer(200, page) for page in pages]
    with Client(script.url, "token", 2149) as client:
        rows = client.reports.time_entries(after=FIRST, before=LAST)
    assert names(rows) == [("S0",), ("S1",)]
    assert [(row.seconds, row.minutes, row.billable_minutes) for row in rows] == [(90, 2, 0)] * 2
    assert "total_seconds" in script.requests[0].path
