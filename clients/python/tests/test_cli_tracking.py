"""The command line: start, stop, status, log, report, services."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from stint_client import Client, Login
from stint_client.models import Service
from tests.terminal import Terminal

DESIGN, DEVELOPMENT = "1294", "1296"


# Start, stop, status.


def test_start_switch_status_stop(logged_in: Terminal) -> None:
    assert logged_in.text("status") == "No timer is running.\n"
    assert logged_in.text("stop") == "No timer is running.\n"
    assert re.fullmatch(r"Started Design at \d\d:\d\d\.\n", logged_in.text("start", "Design"))
    switched = logged_in.text("start", "dev", "--note", "Review")
    assert re.fullmatch(r"Stopped Design, 0:00\.\nStarted Development at \d\d:\d\d\.\n", switched)
    assert logged_in.text("status").startswith("Development, 0:00, since ")
    assert "Review" in logged_in.text("status")
    assert logged_in.text("stop") == "Stopped Development, 0:00.\n"
    assert "The last one, Development, stopped at" in logged_in.text("stop")


def test_times_of_the_past(logged_in: Terminal) -> None:
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
    begun = logged_in.json("start", "Design", "--at", start.isoformat())
    assert datetime.fromisoformat(begun["timer"]["started_at"]) == start
    running = logged_in.json("status")["timer"]
    assert 7200 <= running["seconds"] <= 7260
    assert running["service"] == {"id": DESIGN, "name": "Design"}
    assert running["stopped_at"] is None
    stop = start + timedelta(minutes=50)
    stopped = logged_in.json("stop", "--at", stop.isoformat())
    assert stopped["was_running"] is True
    assert stopped["timer"]["seconds"] == 3000
    assert 15 <= len(stopped["timer"]["id"]) <= 16
    overlap = logged_in.run("start", "Design", "--at", (start + timedelta(minutes=9)).isoformat())
    assert overlap.exit_code == 1
    assert f"Start at {stop.astimezone():%H:%M} or later" in overlap.stderr


def test_a_time_that_has_not_come_yet(logged_in: Terminal) -> None:
    later = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
    result = logged_in.run("start", "Design", "--at", later)
    assert result.exit_code == 2
    assert "has not come yet" in result.stderr


def test_services_are_found_by_parts_of_their_names(
    logged_in: Terminal, service: Callable[[str], Service]
) -> None:
    service("Čišćenje ureda")
    service("Čišćenje skladišta")
    assert "Started Čišćenje ureda" in logged_in.text("start", "ciscenje ur")
    assert "Started Čišćenje skladišta" in logged_in.text("start", "SKLADISTA")
    several = logged_in.run("start", "čiš")
    assert several.exit_code == 1
    assert "Čišćenje ureda" in several.stderr
    assert "Čišćenje skladišta" in several.stderr
    nothing = logged_in.run("start", "Sleep")
    assert nothing.exit_code == 1
    assert 'No service is called "Sleep"' in nothing.stderr
    assert "Started Design" in logged_in.text("start", "Design")


# Log, report, services.


def test_log(logged_in: Terminal, client: Client) -> None:
    today = datetime.now(UTC).date()
    assert "No time" in logged_in.text("log")
    client.time_entries.create(service_id=DESIGN, time=90, date=today, note="Two\nlines")
    client.time_entries.create(service_id=DEVELOPMENT, time=45, date=today - timedelta(days=10))
    recent = logged_in.json("log")
    assert recent["seconds"] == 90 * 60
    (entry,) = recent["entries"]
    assert entry["service"] == {"id": DESIGN, "name": "Design"}
    assert (entry["date"], entry["note"]) == (str(today), "Two\nlines")
    assert logged_in.json("log", "--days", "11")["seconds"] == 135 * 60
    old = str(today - timedelta(days=10))
    assert logged_in.json("log", "--from", old, "--to", old)["seconds"] == 45 * 60
    text = logged_in.text("log", "--days", "11")
    lines = text.splitlines()
    assert lines[0].startswith(f"{today - timedelta(days=10):%a} {old}")
    assert lines[-1].split() == ["Total", "2:15"]
    assert "Design       Two lines" in text
    client.timers.start(service_id=DESIGN)
    assert "(running)" in logged_in.text("log")


def test_report(logged_in: Terminal, client: Client, login: Login) -> None:
    for service_id, minutes, day in ((DESIGN, 50, 1), (DEVELOPMENT, 25, 31), (DESIGN, 20, 31)):
        client.time_entries.create(service_id=service_id, time=minutes, date=date(2026, 10, day))
    report = logged_in.json("report", "--month", "2026-10", "--by", "service,person")
    assert (report["from"], report["to"]) == ("2026-10-01", "2026-10-31")
    assert report["seconds"] == 95 * 60
    first, second = report["rows"]
    assert first["group"]["service"] == {"id": DESIGN, "name": "Design"}
    assert first["group"]["person"] == {"id": login.person_id, "name": login.person_name}
    assert (first["minutes"], first["entries"]) == (70, 2)
    assert second["minutes"] == 25
    text = logged_in.text("report", "--month", "2026-10", "--mine")
    assert [line.split() for line in text.splitlines()] == [
        ["2026-10-01", "to", "2026-10-31"],
        ["Service", "Time", "Billable", "Entries"],
        ["Design", "1:10", "1:10", "2"],
        ["Development", "0:25", "0:25", "1"],
        ["Total", "1:35", "1:35", "3"],
    ]
    assert logged_in.json("report", "--from", "2026-10-02", "--to", "2026-10-31")["seconds"] == 2700
    assert "No time" in logged_in.text("report", "--month", "2025-01")


@pytest.mark.parametrize(
    "words",
    [
        ("report", "--by", "colour"),
        ("report", "--by", "service,service"),
        ("report", "--month", "October"),
        ("report", "--month", "2026-10", "--from", "2026-10-01"),
        ("report", "--from", "2026-10-02", "--to", "2026-10-01"),
        ("log", "--days", "0"),
        ("log", "--from", "yesterday"),
        ("log", "--from", "2026-10-01", "--days", "3"),
        ("start",),
        ("start", "Design", "--at", "noon"),
        ("start", "Design", "--at", "25:00"),
        ("sing",),
    ],
)
def test_wrong_command_lines(logged_in: Terminal, words: Sequence[str]) -> None:
    assert logged_in.run(*words).exit_code == 2


def test_services(logged_in: Terminal) -> None:
    lines = [line.split() for line in logged_in.text("services").splitlines()]
    assert ["Design", DESIGN] in lines
    listed = logged_in.json("services")["services"]
    assert {"id": DEVELOPMENT, "name": "Development", "billable": True} in listed
