"""Virtual users: each starts, reads, switches and stops timers, faster than people do."""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException

from benchmarks.lists import ORGANIZATION
from benchmarks.seed_people import Worker

_TIMEOUT_SECONDS = 30
_POLLS = 3
_NO_RESPONSE = 0
_FIRST_ERROR_STATUS = 400


@dataclass(frozen=True, slots=True)
class Sent:
    """A request: its kind, its status (0 without a response), its duration in seconds."""

    what: str
    status: int
    seconds: float

    @property
    def failed(self) -> bool:
        """Whether the response was an error, or missing."""
        return self.status == _NO_RESPONSE or self.status >= _FIRST_ERROR_STATUS


class VirtualUser:
    """A virtual user with one persistent connection."""

    def __init__(self, port: int, worker: Worker, think_seconds: float) -> None:
        self._port = port
        self._worker = worker
        self._think = think_seconds
        self._rng = random.Random(worker.person_id)  # noqa: S311
        self._tag = ""

    def run(self, goes_on: Callable[[], bool]) -> list[Sent]:
        """Run one session after the other while ``goes_on`` is true; return the requests."""
        sent = []
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_SECONDS)) as http:
            # Virtual users start at different moments.
            time.sleep(self._rng.uniform(0, 2 * self._think))
            while goes_on():
                for what, method, path, document in self._session():
                    sent.append(self._send(http, what, method, path, document))
                    time.sleep(self._rng.uniform(0, 2 * self._think))
        return sent

    def _session(self) -> Iterator[tuple[str, str, str, object]]:
        first, second = self._rng.sample(self._worker.entries, 2)
        yield "start", "POST", "/timers", _timer_document(first)
        yield from self._reads()
        yield "switch", "POST", "/timers", _timer_document(second)
        yield from self._reads()
        stop = f"/time_entries/{second}/stop"
        yield "stop", "PATCH", stop, None
        if self._rng.random() < 0.2:  # noqa: PLR2004
            # The response was lost: the client retries.
            yield "stop, repeated", "PATCH", stop, None

    def _reads(self) -> Iterator[tuple[str, str, str, object]]:
        path = f"/timers?filter[person_id]={self._worker.person_id}&filter[stopped_at]="
        for _ in range(_POLLS):
            yield "read", "GET", path, None

    def _send(
        self, http: HTTPConnection, what: str, method: str, path: str, document: object
    ) -> Sent:
        headers = {
            "X-Auth-Token": self._worker.token,
            "X-Organization-Id": str(ORGANIZATION),
            "Accept-Encoding": "gzip",
        }
        if method == "GET":
            headers["If-None-Match"] = self._tag
        body = None
        if document is not None:
            body = json.dumps(document)
            headers |= {
                "Content-Type": "application/vnd.api+json",
                "Idempotency-Key": f"{self._rng.getrandbits(64):x}",
            }
        began = time.perf_counter()
        try:
            status, tag = _request(http, method, f"/api/v2{path}", body, headers)
        except (OSError, HTTPException):
            http.close()
            status, tag = _NO_RESPONSE, ""
        seconds = time.perf_counter() - began
        if method == "GET":
            self._tag = tag
        return Sent(what, status, seconds)


def _request(
    http: HTTPConnection, method: str, path: str, body: str | None, headers: Mapping[str, str]
) -> tuple[int, str]:
    http.request(method, path, body, dict(headers))
    response = http.getresponse()
    response.read()
    return response.status, response.headers.get("ETag", "")


def _timer_document(entry_id: int) -> object:
    return {"data": {"type": "timers", "attributes": {"time_entry_id": entry_id}}}
