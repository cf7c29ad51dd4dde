"""What the server heard, what its books say, and somebody else's phone."""

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

from pynamodb.connection import Connection

from chalicelib.domain.instants import local_date
from chalicelib.domain.timers import Timer
from chalicelib.store.models import KeptOutcomeModel
from infra.demo import KOLKATA, ZAGREB
from infra.ledger import Ledger
from infra.local.gateway import Answer, Gateway
from tests.support.books import violations

ANA, RAVI = 8779, 8788
"""The demo's admin, who has run a timer for half an hour, and a member who never did anything."""

TOKENS = {ANA: "demo-admin", RAVI: "demo-other-member"}
ORGANIZATIONS = {ANA: 2149, RAVI: 2150}
DESIGN, DEVELOPMENT, TRANSLATION, MEETINGS = 1294, 1296, 1300, 1301


@dataclass(frozen=True)
class Exchange:
    """A request that arrived, and how it was answered."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    answer: Answer

    @property
    def key(self) -> str | None:
        return self.headers.get("idempotency-key")

    @property
    def is_replayed(self) -> bool:
        return self.answer.headers.get("Idempotency-Replayed") == "true"


class Heard(Gateway):
    """The gateway, which remembers what it answered.

    ``instead`` are answers that the next acts get, without being looked at.
    """

    exchanges: list[Exchange]
    instead: list[Answer]

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.exchanges, self.instead = [], []

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if self.instead and "idempotency-key" in headers:
            answer = self.instead.pop(0)
        else:
            answer = super().handle(method, target, headers, body)
        self.exchanges.append(Exchange(method, target, dict(headers), body, answer))
        return answer


@dataclass
class Company:
    port: int
    connection: Connection
    heard: Heard

    @property
    def acts(self) -> list[Exchange]:
        """The starts and stops that arrived, also those that came again."""
        return [it for it in self.heard.exchanges if it.key is not None]

    def answers_to(self, path: str) -> list[int]:
        """The statuses of the reads of a path."""
        return [
            it.answer.status
            for it in self.heard.exchanges
            if it.method == "GET" and it.target.startswith(f"/api/v2{path}")
        ]

    def worked(self, person_id: int) -> list[tuple[int, int, int | None]]:
        """Somebody's sessions as the tables have them: service, start and end, in their order."""
        books = Ledger(self.connection).read_all()[ORGANIZATIONS[person_id], person_id]
        return [(books.entries[it.time_entry_id].service_id, *_times(it)) for it in books.timers]

    def total_today(self, person_id: int, now: int) -> int:
        """The seconds of what somebody started today, where they work."""
        return sum(
            (now if end is None else end) - start
            for _, start, end in self.worked(person_id)
            if self.is_today(person_id, start, now)
        )

    def is_today(self, person_id: int, instant: int, now: int) -> bool:
        """Whether an instant lies on the day on which it is now, where somebody works."""
        zone = {2149: ZAGREB, 2150: KOLKATA}[ORGANIZATIONS[person_id]].zone
        return local_date(instant, zone) == local_date(now, zone)

    def forget_keys(self) -> None:
        """What a day does: no request is known any more."""
        for kept in KeptOutcomeModel.scan(KeptOutcomeModel.outcome.exists(), consistent_read=True):
            kept.delete()

    def is_in_order(self) -> bool:
        assert violations(self.connection) == []
        return True

    def send(self, person_id: int, method: str, path: str, document: Any = None) -> Any:
        """What somebody does with another phone."""
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
