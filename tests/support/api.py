"""JSON:API clients for tests. ``Api`` uses Chalice's test client."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalice.app import Chalice
from chalice.test import Client

from tests.support.openapi_checks import is_described_csv, openapi_violation
from tools.devserver.gateway import Gateway

JSON_API = "application/vnd.api+json"


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document

    @property
    def data(self) -> Any:
        return self.document["data"]

    @property
    def attributes(self) -> dict[str, Any]:
        attributes: dict[str, Any] = self.data["attributes"]
        return attributes

    @property
    def meta(self) -> dict[str, Any]:
        meta: dict[str, Any] = self.document["meta"]
        return meta

    @property
    def ids(self) -> list[str]:
        return [record["id"] for record in self.data]

    @property
    def error(self) -> dict[str, Any]:
        """The error of an error document that has exactly one."""
        (error,) = self.document["errors"]
        assert error["status"] == str(self.status)
        return dict(error)


class ApiClient(ABC):
    """Sends requests with a person's headers. Checks responses against the OpenAPI document."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.headers = dict(headers)

    @abstractmethod
    def send_raw(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """Send a request with exactly these headers, to a full path; check nothing."""

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send a request to a path after ``/api/v2``."""
        all_headers = {**self.headers, **(headers or {})}
        response = self.send_raw(method, f"/api/v2{path}", body, all_headers)
        if method == "OPTIONS":
            # Preflight requests are not described.
            return response
        if response.headers.get("Content-Type", "").startswith("text/csv"):
            assert is_described_csv(method, path.partition("?")[0], response.status)
            return response
        document = response.document if response.body else None
        problem = openapi_violation(method, path.partition("?")[0], response.status, document)
        assert problem is None, problem
        return response

    def get(self, path: str) -> Response:
        return self.send("GET", path)

    def write(self, method: str, path: str, document: object) -> Response:
        body = json.dumps(document).encode()
        return self.send(method, path, body, {"Content-Type": JSON_API})

    def post(self, path: str, document: object) -> Response:
        return self.write("POST", path, document)

    def patch(self, path: str, document: object | None = None) -> Response:
        if document is None:
            return self.send("PATCH", path)
        return self.write("PATCH", path, document)

    def start(self, **attributes: object) -> Response:
        """Start a timer, for example ``start(time_entry_id=364)``."""
        return self.post("/timers", {"data": {"type": "timers", "attributes": attributes}})

    def stop(self, timer_id: str, **attributes: object) -> Response:
        """Stop a timer, now or at ``stopped_at`` (an RFC 3339 timestamp)."""
        if not attributes:
            return self.patch(f"/timers/{timer_id}/stop")
        document = {"data": {"type": "timers", "id": timer_id, "attributes": attributes}}
        return self.patch(f"/timers/{timer_id}/stop", document)

    def edit(self, timer_id: object, **attributes: object) -> Response:
        """Change a timer."""
        document = {"data": {"type": "timers", "id": str(timer_id), "attributes": attributes}}
        return self.patch(f"/timers/{timer_id}", document)

    def edit_entry(self, entry_id: object, **attributes: object) -> Response:
        """Change a time entry."""
        document = {"data": {"type": "time_entries", "id": str(entry_id), "attributes": attributes}}
        return self.patch(f"/time_entries/{entry_id}", document)


class Api(ApiClient):
    """Calls the application in this process."""

    def __init__(self, app: Chalice, headers: Mapping[str, str]) -> None:
        super().__init__(headers)
        self._app = app

    def send_raw(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Response:
        if method == "OPTIONS":
            # Chalice's test client would answer it itself.
            lower = {name.lower(): value for name, value in headers.items()}
            answer = Gateway(self._app).handle(method, path, lower, body)
            return Response(answer.status, answer.headers, answer.body)
        with Client(self._app) as client:
            received = client.http.request(method, path, dict(headers), body)
        return Response(received.status_code, received.headers, bytes(received.body))
