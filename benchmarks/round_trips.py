"""Database calls and capacity units of each endpoint.

``make bench-round-trips`` runs it on DynamoDB Local. Read units are the engine's; write units are
computed by AWS's rules (``benchmarks/write_units.py``), because the engine's numbers for
transactions differ from AWS's.
"""

import json
import os
import sys
import time
from datetime import UTC, datetime

from benchmarks.costs import counted
from chalicelib.core.dependencies import build_dependencies
from chalicelib.core.settings import read_settings
from chalicelib.dynamodb.connection import connect
from chalicelib.dynamodb.database import Database
from chalicelib.http.application import create_app
from chalicelib.registry import models
from infra.command_line import new_parser
from tools.devserver.demo_data import load_demo_data
from tools.devserver.gateway import Gateway
from tools.tables import create_tables

_HEADERS = {
    "x-auth-token": "demo-admin",
    "x-organization-id": "2149",
    "content-type": "application/vnd.api+json",
}
_ON_ENTRY = {"data": {"type": "timers", "attributes": {"time_entry_id": 364}}}
_ON_SERVICE = {"data": {"type": "timers", "attributes": {"service_id": 1294}}}

_MANUAL = {"data": {"type": "time_entries", "attributes": {"service_id": 1294, "time": 30}}}
_CORRECTED = {"data": {"type": "time_entries", "attributes": {"time": 45}}}
_CREATED = "the timer of the latest POST"


def _session(**hours_ago: float) -> object:
    """Return a document with instants, some hours ago."""
    now = time.time()
    attributes: dict[str, object] = {
        name: datetime.fromtimestamp(now - hours * 3600, UTC).isoformat()
        for name, hours in hours_ago.items()
    }
    return {"data": {"type": "timers", "attributes": attributes | {"time_entry_id": 364}}}


_REQUESTS: tuple[tuple[str, str, str, object], ...] = (
    ("list, token not cached", "GET", "/timers", None),
    ("list, 4 timers", "GET", "/timers", None),
    ("list, one person", "GET", "/timers?filter[person_id]=8779", None),
    ("show", "GET", "/timers/9", None),
    ("show, include time entry", "GET", "/timers/9?include=time_entry", None),
    ("show, include its service", "GET", "/timers/9?include=time_entry.service", None),
    ("switch, time entry", "POST", "/timers", _ON_ENTRY),
    ("switch, service", "POST", "/timers", _ON_SERVICE),
    ("stop", "PATCH", "/timers/16/stop", None),
    ("stop, repeated", "PATCH", "/timers/16/stop", None),
    ("session that is over", "POST", "/timers", _session(started_at=900, stopped_at=899)),
    ("edit, shorter", "PATCH", _CREATED, _session(stopped_at=899.5)),
    ("edit, to another day", "PATCH", _CREATED, _session(started_at=1000, stopped_at=999)),
    ("delete a session", "DELETE", _CREATED, None),
    ("list of time entries", "GET", "/time_entries", None),
    ("list of entries, one service", "GET", "/time_entries?filter[service_id]=1294", None),
    ("create a time entry", "POST", "/time_entries", _MANUAL),
    ("change a time entry", "PATCH", "/time_entries/367", _CORRECTED),
    ("list of all revisions", "GET", "/time_entry_revisions", None),
    ("list of revisions", "GET", "/time_entry_revisions?filter[time_entry_id]=367", None),
    ("delete an entry with a timer", "DELETE", "/time_entries/367", None),
)


def main() -> None:
    """Load the demo data, send each request once, print its cost."""
    new_parser("benchmarks.round_trips", "Count the calls and units of each request.").parse_args()
    settings = read_settings(os.environ)
    if settings.dynamodb_endpoint is None:
        sys.exit("This benchmark needs DynamoDB Local: make bench-round-trips")
    connection = connect(settings, models())
    create_tables()
    store = Database(connection)
    load_demo_data(store, int(time.time()))
    gateway = Gateway(create_app(settings, build_dependencies(store)))
    print(f"{'request':32} {'calls':>5} {'read units':>10} {'write units':>11}  operations")
    created = ""
    for name, method, target, document in _REQUESTS:
        path = created if target == _CREATED else target
        body = b"" if document is None else json.dumps(document).encode()
        with counted(connection) as cost:
            response = gateway.handle(method, f"/api/v2{path}", _HEADERS, body)
        if response.status >= 400:  # noqa: PLR2004
            sys.exit(f"{name}: {response.status} {response.body.decode()}")
        if method == "POST":
            created = f"{target}/{json.loads(response.body)['data']['id']}"
        units = f"{cost.read_units:10.1f} {cost.write_units:11}"
        print(f"{name:32} {len(cost.calls):5} {units}  {', '.join(cost.calls)}")


if __name__ == "__main__":
    main()
