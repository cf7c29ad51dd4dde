"""The demo server: its recorded requests, its stored data, and requests from another device."""

import json
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import tzinfo
from http.client import HTTPConnection
from typing import Any

from pynamodb.connection import Connection

from chalicelib.core.timestamps import local_date, parse_span
from chalicelib.dynamodb.idempotency_records import IdempotencyModel
from chalicelib.time_entries.model import TimeEntry
from tests.support.invariants import violations
from tools.devserver.demo_data import KOLKATA, ZAGREB
from tools.devserver.gateway import Gateway, Response
from tools.ops.snapshot import SnapshotReader

ANA, ASHA, RAVI = 8779, 8786, 8788
"""Ana is an admin whose timer has run for 30 minutes. Ravi is a member without any sessions, and
Asha is the admin of his organization."""

TOKENS = {ANA: "demo-admin", ASHA: "demo-other", RAVI: "demo-other-member"}
ORGANIZATIONS = {ANA: 2149, ASHA: 2150, RAVI: 2150}
DESIGN, DEVELOPMENT, TRANSLATION, MEETINGS = 1294, 1296, 1300, 1301


@dataclass(frozen=True)
class RecordedRequest:
    """A received request and its response."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    response: Response
    received_at: float

    @property
    def key(self) -> str | None:
        return self.headers.get("idempotency-key")

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes of the request's document."""
        attributes: dict[str, Any] = json.loads(self.body)["data"]["attributes"]
        return attributes

    @property
    def is_replayed(self) -> bool:
        return self.response.headers.get("Idempotency-Replayed") == "true"


class RecordingGateway(Gateway):
    """The local gateway; it records all requests and responses.

    ``next_responses`` are the responses to the next writes, which are then not processed.
    """

    requests: list[RecordedRequest]
    next_responses: list[Response]

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.requests, self.next_responses = [], []

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Response:
        received_at = time.time()
        if self.next_responses and "idempotency-key" in headers:
            response = self.next_responses.pop(0)
        else:
            response = super().handle(method, target, headers, body)
        request = RecordedRequest(method, target, dict(headers), body, response, received_at)
        self.requests.append(request)
        return response


@dataclass
class DemoServer:
    port: int
    connection: Connection
    gateway: RecordingGateway

    @property
    def methods(self) -> list[str]:
        """The methods of the received writes, including repeated ones."""
        return [request.method for request in self.keyed_requests]

    @property
    def keyed_requests(self) -> list[RecordedRequest]:
        """The received writes, including repeated ones."""
        return [request for request in self.gateway.requests if request.key is not None]

    @property
    def paths(self) -> list[str]:
        """The paths of all received requests, with their queries."""
        return [request.target for request in self.gateway.requests]

    def statuses_of(self, path: str) -> list[int]:
        """Return the status of each GET response of a path."""
        return [
            request.response.status
            for request in self.gateway.requests
            if request.method == "GET" and request.target.startswith(f"/api/v2{path}")
        ]

    def weeks(self) -> list[int]:
        """Return the status of each request of an earlier week's sessions."""
        return [
            request.response.status
            for request in self.gateway.requests
            if "filter%5Bstarted_at%5D%5Blt%5D" in request.target
        ]

    def worked(self, person_id: int) -> list[tuple[int, int, int | None]]:
        """Return a person's stored sessions in order: service id, start and end (Unix seconds)."""
        snapshot = SnapshotReader(self.connection).read_all()[ORGANIZATIONS[person_id], person_id]
        return [
            (snapshot.entries[timer.time_entry_id].service_id, timer.started_at, timer.stopped_at)
            for timer in sorted(snapshot.timers, key=lambda timer: timer.started_at)
        ]

    def entries(self, person_id: int) -> list[TimeEntry]:
        """Return a person's stored time entries that have sessions."""
        snapshot = SnapshotReader(self.connection).read_all()[ORGANIZATIONS[person_id], person_id]
        worked = {timer.time_entry_id for timer in snapshot.timers}
        return [entry for entry_id, entry in snapshot.entries.items() if entry_id in worked]

    def total_today(self, person_id: int, now: int) -> int:
        """Return the seconds that a person has worked today, in their time zone."""
        midnight = self.midnight(person_id, now)
        return sum(
            max(0, (now if end is None else end) - max(start, midnight))
            for _, start, end in self.worked(person_id)
        )

    def midnight(self, person_id: int, now: int) -> int:
        """Return when the current day began, in the person's time zone."""
        zone = zone_of(person_id)
        return parse_span(local_date(now, zone), zone).start

    def record(self, person_id: int, service_id: int, begun: int, ended: int) -> str:
        """Record a session from another device; return its id. Times are Unix seconds."""
        return self.start(person_id, service_id, begun, stopped_at=rfc3339(ended))

    def start(self, person_id: int, service_id: int, begun: int, **attributes: str) -> str:
        """Start a timer from another device; return its id."""
        attributes |= {"service_id": str(service_id), "started_at": rfc3339(begun)}
        document = self.send(person_id, "POST", "/timers", {"data": {"attributes": attributes}})
        timer_id: str = document["data"]["id"]
        return timer_id

    def forget_keys(self) -> None:
        """Delete all idempotency records, as their TTL does after a day."""
        has_outcome = IdempotencyModel.outcome.exists()
        for record in IdempotencyModel.scan(has_outcome, consistent_read=True):
            record.delete()

    def is_in_order(self) -> bool:
        """Check that no invariant is violated."""
        assert violations(self.connection) == []
        return True

    def send(
        self, person_id: int, method: str, path: str, document: Any = None, *, token: str = ""
    ) -> Any:
        """Send a request from another device of the person, or as the owner of a token."""
        body = None if document is None else json.dumps(document)
        headers = {
            "X-Auth-Token": token or TOKENS[person_id],
            "X-Organization-Id": str(ORGANIZATIONS[person_id]),
            "Content-Type": "application/vnd.api+json",
        }
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=20)) as http:
            http.request(method, f"/api/v2{path}", body, headers)
            text = http.getresponse().read()
        return json.loads(text) if text else None


def start_beyond_the_limit(demo: DemoServer) -> int:
    """Start a timer of Ravi's that the limit of 12 hours stopped.

    Returns its start (Unix seconds). Another timer runs now.
    """
    start = int(time.time()) // 60 * 60 - 14 * 3600
    demo.start(RAVI, TRANSLATION, start)
    # A switch after the limit ends the timer at its limit.
    demo.start(RAVI, MEETINGS, start + 13 * 3600 + 1800)
    return start


def zone_of(person_id: int) -> tzinfo:
    return {2149: ZAGREB, 2150: KOLKATA}[ORGANIZATIONS[person_id]].zone


def rfc3339(timestamp: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(timestamp))
