"""Requests of the stateful property test, and the parts of the responses that it compares."""

import json
from datetime import UTC, datetime
from typing import Any

from chalicelib.core.time_zones import ZoneInfo
from tests.properties.model import Refusal, Session
from tests.support.api import JSON_API, Api, Response

ZONE = ZoneInfo("Europe/Zagreb")

Answer = tuple[int, dict[str, Any], dict[str, Any], dict[str, Any]]
"""The status, the attributes, the record's ``meta`` and the document's ``meta``."""


class Request:
    """A request. Two requests are equal if a client that repeats one sends the other.

    :param skew: seconds by which the clock of the client is ahead.
    """

    def __init__(self, method: str, path: str, skew: int = 0, **attributes: Any) -> None:
        is_timer = method != "DELETE" and (path.startswith("/timers") or path.endswith("/stop"))
        for name in attributes.keys() & {"started_at", "stopped_at"}:
            attributes[name] = _text(attributes[name], skew)
        self.skew = skew
        path = f"{path}?include=time_entry" if is_timer else path
        document = {"data": {"attributes": attributes}}
        body = b"" if method == "DELETE" else json.dumps(document).encode()
        self.sent = method, path, body

    def send(self, api: Api, now: int, headers: dict[str, str]) -> Response:
        method, path, body = self.sent
        if body:
            headers = {**headers, "Content-Type": JSON_API}
        if self.skew:
            headers = {**headers, "Client-Time": _client_time(now, self.skew)}
        return api.send(method, path, body, headers)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Request) and self.sent == other.sent

    def __hash__(self) -> int:
        return hash(self.sent)

    def __repr__(self) -> str:
        return f"{self.sent} {self.skew}"


def check_refusal(response: Response, refusal: Refusal) -> None:
    assert (response.status, response.error["code"]) == (refusal.status, refusal.code)
    pointer = None if refusal.name is None else f"data/attributes/{refusal.name}"
    assert response.error.get("source", {}).get("pointer") == pointer
    meta = response.error.get("meta", {})
    assert (refusal.conflicting == frozenset()) is ("conflicting_timer_id" not in meta)
    if refusal.conflicting:
        assert int(meta["conflicting_timer_id"]) in refusal.conflicting
    assert meta.get("earliest_started_at") == shown(refusal.earliest)


def answer_of(response: Response) -> Answer:
    if response.status == 204:
        return 204, {}, {}, {}
    attributes = response.attributes
    names: tuple[str, ...] = ("date", "note", "time")
    if response.data["type"] == "timers":
        names = ("person_id", "started_at", "stopped_at", "total_time")
    shown = {"id": response.data["id"], **{name: attributes[name] for name in names}}
    return response.status, shown, response.data.get("meta", {}), response.meta


def shown_session(session: Session) -> dict[str, Any]:
    return {
        "id": str(session.id),
        "person_id": session.person,
        "started_at": shown(session.start),
        "stopped_at": shown(session.stop),
        "total_time": (session.seconds + 30) // 60,
    }


def shown(timestamp: int | None) -> str | None:
    """A timestamp as responses have it."""
    if timestamp is None:
        return None
    text = datetime.fromtimestamp(timestamp, ZONE).strftime("%Y-%m-%dT%H:%M:%S.000%z")
    return f"{text[:-2]}:{text[-2:]}"


def _text(timestamp: int | None, skew: int) -> str | None:
    """A timestamp as requests have it: by the client's clock, with one of several offsets."""
    if timestamp is None:
        return None
    zone = (UTC, ZONE, ZoneInfo("Asia/Kathmandu"))[timestamp % 3]
    return datetime.fromtimestamp(timestamp + skew, zone).isoformat()


def _client_time(now: int, skew: int) -> str:
    return datetime.fromtimestamp(now + skew, UTC).isoformat()
