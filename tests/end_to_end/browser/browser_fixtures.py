"""The demo server: its recorded requests, its stored data, and requests from another device."""

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

from pynamodb.connection import Connection

from chalicelib.core.timestamps import local_date
from chalicelib.dynamodb.idempotency_records import IdempotencyModel
from chalicelib.timers.model import Timer
from tests.support.invariants import violations
from tools.devserver.demo_data import KOLKATA, ZAGREB
from tools.devserver.gateway import Gateway, Response
from tools.ops.snapshot import SnapshotReader

ANA, RAVI = 8779, 8788
"""The demo's admin, whose timer has run for 30 minutes, and a member without any sessions."""

TOKENS = {ANA: "demo-admin", RAVI: "demo-other-member"}
ORGANIZATIONS = {ANA: 2149, RAVI: 2150}
DESIGN, DEVELOPMENT, TRANSLATION, MEETINGS = 1294, 1296, 1300, 1301


@dataclass(frozen=True)
class RecordedRequest:
    """A received request and its response."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    response: Response

    @property
    def key(self) -> str | None:
        return self.headers.get("idempotency-key")

    @property
    def is_replayed(self) -> bool:
        return self.response.headers.get("Idempotency-Replayed") == "true"


class RecordingGateway(Gateway):
    """The local gateway; it records all requests and responses.

    ``next_responses`` are the responses to the next starts and stops, which are then not processed.
    """

    requests: list[RecordedRequest]
    next_responses: list[Response]

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.requests, self.next_responses = [], []

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Response:
        if self.next_responses and "idempotency-key" in headers:
            response = self.next_responses.pop(0)
        else:
            response = super().handle(method, target, headers, body)
        self.requests.append(RecordedRequest(method, target, dict(headers), body, response))
        return response


@dataclass
class DemoServer:
    port: int
    connection: Connection
    gateway: RecordingGateway

    @property
    def keyed_requests(self) -> list[RecordedRequest]:
        """The received start and stop requests, including repeated ones."""
        return [request for request in self.gateway.requests if request.key is not None]

    def statuses_of(self, path: str) -> list[int]:
        """Return the status of each GET response of a path."""
        return [
            request.response.status
            for request in self.gateway.requests
            if request.method == "GET" and request.target.startswith(f"/api/v2{path}")
        ]

    def worked(self, person_id: int) -> list[tuple[int, int, int | None]]:
        """Return a person's stored sessions in order: service id, start and end (Unix seconds)."""
        snapshot = SnapshotReader(self.connection).read_all()[ORGANIZATIONS[person_id], person_id]
        return [
            (snapshot.entries[timer.time_entry_id].service_id, *_times(timer))
            for timer in snapshot.timers
        ]

    def total_today(self, person_id: int, now: int) -> int:
        """Return the seconds of the sessions that a person started today, in their time zone."""
        return sum(
            (now if end is None else end) - start
            for _, start, end in self.worked(person_id)
            if self.is_today(person_id, start, now)
        )

    def is_today(self, person_id: int, timestamp: int, now: int) -> bool:
        """Return whether a timestamp is on the current day, in the person's time zone."""
        zone = {2149: ZAGREB, 2150: KOLKATA}[ORGANIZATIONS[person_id]].zone
        return local_date(timestamp, zone) == local_date(now, zone)

    def forget_keys(self) -> None:
        """Delete all idempotency records, as their TTL does after a day."""
        has_outcome = IdempotencyModel.outcome.exists()
        for record in IdempotencyModel.scan(has_outcome, consistent_read=True):
            record.delete()

    def is_in_order(self) -> bool:
        """Check that no invariant is violated."""
        assert violations(self.connection) == []
        return True

    def send(self, person_id: int, method: str, path: str, document: Any = None) -> Any:
        """Send a request from another device of the person."""
        body = None if document is None else json.dumps(document)
        headers = {
            "X-Auth-Token": TOKENS[person_id],
            "X-Organization-Id": str(ORGANIZATIONS[person_id]),
            "Content-Type": "application/vnd.api+json",
        }
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=20)) as http:
            http.request(method, f"/api/v2{path}", body, headers)
            text = http.getresponse().read()
        return json.loads(text)


def _times(timer: Timer) -> tuple[int, int | None]:
    return timer.started_at, timer.stopped_at
