"""End-to-end test: an operator creates an organization with commands, and a member tracks a day.

The client sends HTTP requests to the local server. The server and the commands share the tables,
which are empty at the start.
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

import pytest

from chalicelib.core.time_zones import ZoneInfo
from chalicelib.core.timestamps import format_timestamp
from tests.support.api import JSON_API
from tests.support.clock import DAY, HOUR
from tests.support.local_server import START_SECONDS, Server, free_port, serving

SERVICES = 'name,billable\nDesign,yes\n"Meetings, internal",no\n'
IVAN = ("--first-name", "Ivan", "--last-name", "Babić", "--email", "ivan@example.com")


@dataclass(frozen=True)
class Deployment:
    """A local server and the prefix of the tables that it shares with the commands."""

    server: Server
    prefix: str

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the commands."""
        selected = {
            "STINT_TABLE_PREFIX": self.prefix,
            "DYNAMODB_ENDPOINT": self.server.endpoint,
        }
        return {**os.environ, **selected}

    def run(self, *arguments: object, stdin: str = "") -> Any:
        """Run a ``tools.admin`` command, check that it succeeds, and return its JSON output."""
        process = subprocess.run(
            [sys.executable, "-m", "tools.admin", *map(str, arguments), "--json"],
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )
        assert process.returncode == 0, process.stderr
        return json.loads(process.stdout)


@dataclass
class Client:
    """An API client that knows only its token until ``log_in``."""

    server: Server
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, path: str, **attributes: object) -> dict[str, Any]:
        """Send a request, check that it succeeds, and return the response document."""
        headers, body = dict(self.headers), None
        if attributes:
            headers["Content-Type"] = JSON_API
            type_ = path.partition("/")[0]
            body = json.dumps({"data": {"type": type_, "attributes": attributes}}).encode()
        status, _, document = self.server.send(method, f"/api/v2/{path}", headers, body)
        assert status in (200, 201), document
        result: dict[str, Any] = document
        return result

    def get(self, path: str, **parameters: str) -> Any:
        """Send a GET request and return ``data`` of the response document."""
        return self.send("GET", f"{path}?{urlencode(parameters)}")["data"]


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    port = free_port()
    prefix = f"stint-life-{port}"
    with serving(port, STINT_TABLE_PREFIX=prefix, STINT_DEMO="0") as server:
        assert "demo data none" in server.greeting
        yield Deployment(server, prefix)


@pytest.mark.every_engine
def test_new_organization_can_track_correct_list_and_export_time(deployment: Deployment) -> None:
    client = Client(deployment.server)
    organization = create_organization(deployment, client)
    ivan = log_in(client, organization)
    track_time(client)
    correct_an_entry(client)
    list_entries_of_the_week(client, ivan)
    export_person(deployment, organization)


def create_organization(deployment: Deployment, client: Client) -> int:
    """Create an organization, its services, a member and a token. Return the organization id."""
    created = deployment.run(
        *("organizations", "create", "Example Studio", "--time-zone", "Europe/Zagreb"),
        *("--first-name", "Ana", "--last-name", "Horvat", "--email", "ana@example.com"),
    )
    organization: int = created["organization"]["id"]
    option = ("-o", organization)
    imported = deployment.run("services", "import", "-", *option, stdin=SERVICES)
    assert [service["name"] for service in imported["created"]] == ["Design", "Meetings, internal"]
    deployment.run("people", "create", *option, *IVAN)
    token = deployment.run("tokens", "create", "ivan@example.com", *option, "--name", "phone")
    client.headers["X-Auth-Token"] = token["token"]
    return organization


def log_in(client: Client, organization: int) -> str:
    """Find the organization and the user of the token. Return the user id."""
    (membership,) = client.get("organization_memberships")
    organization_id = membership["relationships"]["organization"]["data"]["id"]
    assert organization_id == str(organization)
    (user,) = client.get("users")
    assert user["attributes"]["role"] == "member"
    client.headers["X-Organization-Id"] = organization_id
    person_id: str = user["id"]
    return person_id


def track_time(client: Client) -> None:
    """Start on a service, switch to another service, stop."""
    design, meetings = client.get("services", sort="name")
    design_start, meeting_start = two_start_times()
    design_response = client.send(
        "POST", "timers", service_id=design["id"], started_at=design_start
    )
    design_timer = design_response["data"]
    (running,) = client.get("timers", **{"filter[stopped_at]": "null"})
    assert running["id"] == design_timer["id"]
    meeting_response = client.send(
        "POST", "timers", service_id=meetings["id"], started_at=meeting_start
    )
    assert meeting_response["meta"]["stopped_timer_ids"] == [design_timer["id"]]
    stopped = client.send("PATCH", f"timers/{meeting_response['data']['id']}/stop")["data"]
    assert stopped["attributes"]["total_time"] == 60
    assert client.get("timers", **{"filter[stopped_at]": "null"}) == []


def correct_an_entry(client: Client) -> None:
    """Set the first entry to 45 minutes manually. The tracked time does not change."""
    time_entry = client.get("time_entries", sort="created_at")[0]
    assert time_entry["attributes"]["track_method_id"] == 2
    path = f"time_entries/{time_entry['id']}"
    corrected = client.send("PATCH", path, time=45, note="without the break")["data"]
    assert corrected["attributes"]["time"] == 45
    assert corrected["attributes"]["track_method_id"] == 4
    timer = client.get("timers", **{"filter[time_entry_id]": time_entry["id"]})[0]
    assert timer["attributes"]["total_time"] == 60


def list_entries_of_the_week(client: Client, ivan: str) -> None:
    """List the time entries of the last seven days with their services."""
    now = int(time.time())
    week = client.send(
        "GET",
        "time_entries?"
        + urlencode(
            {
                "filter[person_id]": ivan,
                "filter[after]": local_time(now - 7 * DAY)[:10],
                "filter[before]": local_time(now)[:10],
                "include": "service",
                "sort": "created_at",
            }
        ),
    )
    entries = [entry["attributes"] for entry in week["data"]]
    assert [(entry["time"], entry["billable_time"]) for entry in entries] == [(45, 45), (60, 0)]
    assert entries[0]["note"] == "without the break"
    included = [resource for resource in week["included"] if resource["type"] == "services"]
    assert {service["attributes"]["name"] for service in included} == {
        "Design",
        "Meetings, internal",
    }
    assert week["meta"]["total_count"] == 2


def export_person(deployment: Deployment, organization: int) -> None:
    """Export the data of the person: their two time entries and no running timer."""
    process = subprocess.run(
        [
            *(sys.executable, "-m", "tools.admin", "people", "export", "ivan@example.com"),
            *("-o", str(organization)),
        ],
        env=deployment.environment,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=True,
    )
    exported = json.loads(process.stdout)
    assert sorted(entry["time"] for entry in exported["time_entries"]) == [45, 60]
    assert exported["person_state"]["running"] is None


def two_start_times() -> tuple[str, str]:
    """Return two hours ago and one hour ago: the client was offline and sends the real times."""
    now = int(time.time())
    return local_time(now - 2 * HOUR), local_time(now - HOUR)


def local_time(timestamp: int) -> str:
    """Format a timestamp in the time zone Europe/Zagreb."""
    return format_timestamp(timestamp, ZoneInfo("Europe/Zagreb"))
