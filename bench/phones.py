"""Simulated phones: each starts, looks now and again, switches and stops, as people do, faster."""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException

from bench.crowd import Worker
from bench.lists import ORGANIZATION
from chalicelib.dataclass import dataclass

_TIMEOUT_SECONDS = 30
_POLLS = 3
_NO_ANSWER = 0
_BAD = 400


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that was answered: what it was, its status (0: nobody answered), its seconds."""

    what: str
    status: int
    seconds: float

    @property
    def failed(self) -> bool:
        """Whether it was anything but a success or a 304."""
        return self.status == _NO_ANSWER or self.status >= _BAD


class Phone:
    """One person's phone, on one connection that is kept."""

    def __init__(self, port: int, worker: Worker, think_seconds: float) -> None:
        self._port = port
        self._worker = worker
        self._think = think_seconds
        self._drawn = random.Random(worker.person_id)  # noqa: S311
        self._tag = ""

    def run(self, goes_on: Callable[[], bool]) -> list[Sent]:
        """Work, one session after the other, for as long as it goes on; what it sent meanwhile."""
        sent = []
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_SECONDS)) as http:
            # Nobody starts at the same moment as everybody.
            time.sleep(self._drawn.uniform(0, 2 * self._think))
            while goes_on():
                for what, method, path, document in self._session():
                    sent.append(self._send(http, what, method, path, document))
                    time.sleep(self._drawn.uniform(0, 2 * self._think))
        return sent

    def _session(self) -> Iterator[tuple[str, str, str, object]]:
        first, second = self._drawn.sample(self._worker.entries, 2)
        yield "start", "POST", "/timers", _on(first)
        yield from self._looks()
        yield "switch", "POST", "/timers", _on(second)
        yield from self._looks()
        stop = f"/time_entries/{second}/stop"
        yield "stop", "PATCH", stop, None
        if self._drawn.random() < 0.2:  # noqa: PLR2004
            # The answer was lost on the way: the phone tries again.
            yield "stop, again", "PATCH", stop, None

    def _looks(self) -> Iterator[tuple[str, str, str, object]]:
        path = f"/timers?filter[person_id]={self._worker.person_id}&filter[stopped_at]="
        for _ in range(_POLLS):
            yield "look", "GET", path, None

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
                "Idempotency-Key": f"{self._drawn.getrandbits(64):x}",
            }
        began = time.perf_counter()
        try:
            status, tag = _ask(http, method, f"/api/v2{path}", body, headers)
        except (OSError, HTTPException):
            http.close()
            status, tag = _NO_ANSWER, ""
        seconds = time.perf_counter() - began
        if method == "GET":
            self._tag = tag
        return Sent(what, status, seconds)


def _ask(
    http: HTTPConnection, method: str, path: str, body: str | None, headers: Mapping[str, str]
) -> tuple[int, str]:
    http.request(method, path, body, dict(headers))
    response = http.getresponse()
    response.read()
    return response.status, response.headers.get("ETag", "")


def _on(entry_id: int) -> object:
    return {"data": {"type": "timers", "attributes": {"time_entry_id": entry_id}}}
