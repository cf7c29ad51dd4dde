"""A company begins, and somebody works a day: by what an operator types and what a phone sends.

Over HTTP, on the real local server, from empty tables, which the server and the command line share.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.instants import format_instant
from tests.support.api import JSON_API
from tests.support.clock import DAY, HOUR
from tests.support.engine import ENDPOINT
from tests.support.local_server import START_SECONDS, Server, free_port, serving

pytestmark = pytest.mark.skipif(
    ENDPOINT is None,
    reason="the local server in memory shares its tables with no command: needs DYNAMODB_ENDPOINT",
)

SERVICES = 'name,billable\nDesign,yes\n"Meetings, internal",no\n'
IVAN = ("--first-name", "Ivan", "--last-name", "Babić", "--email", "ivan@example.com")


@dataclass(frozen=True)
class Stage:
    """A server, and the tables that it shares with whoever types commands."""

    server: Server
    prefix: str

    def type(self, *arguments: object, typed: str = "") -> Any:
        """Run a command, which must succeed; the JSON that it answers."""
        done = subprocess.run(
            [sys.executable, "-m", "infra.admin", *map(str, arguments), "--json"],
            env={**os.environ, "STINT_TABLE_PREFIX": self.prefix},
            input=typed,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@dataclass
class Phone:
    """Sends what a client sends that knows a token and nothing else, until it has logged in."""

    server: Server
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, path: str, **attributes: object) -> dict[str, Any]:
        """Send a request, which must succeed; the document that it answers."""
        headers, body = dict(self.headers), None
        if attributes:
            headers["Content-Type"] = JSON_API
            type_ = path.partition("/")[0]
            body = json.dumps({"data": {"type": type_, "attributes": attributes}}).encode()
        status, _, document = self.server.send(method, f"/api/v2/{path}", headers, body)
        assert status in (200, 201), document
        answered: dict[str, Any] = document
        return answered

    def get(self, path: str, **parameters: str) -> Any:
        """The data of a document."""
        return self.send("GET", f"{path}?{urlencode(parameters)}")["data"]


@pytest.fixture
def stage() -> Iterator[Stage]:
    port = free_port()
    prefix = f"stint-life-{port}"
    with serving(port, STINT_TABLE_PREFIX=prefix, STINT_DEMO="0") as server:
        assert "demo data none" in server.greeting
        yield Stage(server, prefix)


def test_a_day_in_the_life(stage: Stage) -> None:
    phone = Phone(stage.server)
    organization = begin_a_company(stage, phone)
    ivan = log_in(phone, organization)
    work_a_day(phone)
    correct_an_entry(phone)
    list_the_week(phone, ivan)
    ask_what_is_kept(stage, organization)


def begin_a_company(stage: Stage, phone: Phone) -> int:
    """An operator lets an organization in, its services and a member; its id."""
    made = stage.type(
        *("organizations", "create", "Example Studio", "--time-zone", "Europe/Zagreb"),
        *("--first-name", "Ana", "--last-name", "Horvat", "--email", "ana@example.com"),
    )
    organization: int = made["organization"]["id"]
    here = ("-o", organization)
    imported = stage.type("services", "import", "-", *here, typed=SERVICES)
    assert [it["name"] for it in imported["created"]] == ["Design", "Meetings, internal"]
    stage.type("people", "create", *here, *IVAN)
    token = stage.type("tokens", "create", "ivan@example.com", *here, "--name", "phone")
    phone.headers["X-Auth-Token"] = token["token"]
    return organization


def log_in(phone: Phone, organization: int) -> str:
    """A client finds out where it is by its token alone; the id of who holds it."""
    (membership,) = phone.get("organization_memberships")
    found = membership["relationships"]["organization"]["data"]["id"]
    assert found == str(organization)
    (user,) = phone.get("users")
    assert user["attributes"]["role"] == "member"
    phone.headers["X-Organization-Id"] = found
    person_id: str = user["id"]
    return person_id


def work_a_day(phone: Phone) -> None:
    """Start on a service, switch, stop."""
    design, meetings = phone.get("services", sort="name")
    first, second = an_hour_apart()
    drawing = phone.send("POST", "timers", service_id=design["id"], started_at=first)["data"]
    (running,) = phone.get("timers", **{"filter[stopped_at]": "null"})
    assert running["id"] == drawing["id"]
    meeting = phone.send("POST", "timers", service_id=meetings["id"], started_at=second)
    assert meeting["meta"]["stopped_timer_ids"] == [drawing["id"]]
    stopped = phone.send("PATCH", f"timers/{meeting['data']['id']}/stop")["data"]
    assert stopped["attributes"]["total_time"] == 60
    assert phone.get("timers", **{"filter[stopped_at]": "null"}) == []


def correct_an_entry(phone: Phone) -> None:
    """The hour of drawing was three quarters of one: said by hand, beside what was tracked."""
    first = phone.get("time_entries", sort="created_at")[0]
    assert first["attributes"]["track_method_id"] == 2
    path = f"time_entries/{first['id']}"
    corrected = phone.send("PATCH", path, time=45, note="without the break")["data"]
    assert corrected["attributes"]["time"] == 45
    assert corrected["attributes"]["track_method_id"] == 4
    assert (
        phone.get("timers", **{"filter[time_entry_id]": first["id"]})[0]["attributes"]["total_time"]
        == 60
    )


def list_the_week(phone: Phone, ivan: str) -> None:
    """What was worked in the last days, on what, and how long."""
    now = int(time.time())
    week = phone.send(
        "GET",
        "time_entries?"
        + urlencode(
            {
                "filter[person_id]": ivan,
                "filter[after]": at(now - 7 * DAY)[:10],
                "filter[before]": at(now)[:10],
                "include": "service",
                "sort": "created_at",
            }
        ),
    )
    entries = [it["attributes"] for it in week["data"]]
    assert [(it["time"], it["billable_time"]) for it in entries] == [(45, 45), (60, 0)]
    assert entries[0]["note"] == "without the break"
    included = [it for it in week["included"] if it["type"] == "services"]
    assert {it["attributes"]["name"] for it in included} == {"Design", "Meetings, internal"}
    assert week["meta"]["total_count"] == 2


def ask_what_is_kept(stage: Stage, organization: int) -> None:
    """The operator tells a person what is kept of them: the day that they have worked."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "infra.admin", "people", "export", "ivan@example.com"),
            *("-o", str(organization)),
        ],
        env={**os.environ, "STINT_TABLE_PREFIX": stage.prefix},
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=True,
    )
    told = json.loads(done.stdout)
    assert sorted(it["time"] for it in told["time_entries"]) == [45, 60]
    assert told["slot"]["running"] is None


def an_hour_apart() -> tuple[str, str]:
    """Two hours ago, and one: the phone was offline, and knows when it was."""
    now = int(time.time())
    return at(now - 2 * HOUR), at(now - HOUR)


def at(instant: int) -> str:
    """An instant as a phone in Zagreb writes it."""
    return format_instant(instant, ZoneInfo("Europe/Zagreb"))
