"""The endpoints. Concurrent requests may leave two running timers, as is common."""

import hashlib
import json
import time
import uuid
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from chalice.app import (
    BadRequestError,
    Chalice,
    ForbiddenError,
    NotFoundError,
    Response,
    UnauthorizedError,
)
from pynamodb.exceptions import DoesNotExist

from benchmarks.baselines.usual_chalice.models import Entry, Organization, Timer, Token

app = Chalice(app_name="usual", configure_logs=False, env={})
_PAGE = 30
_JSON = ["application/json", "application/vnd.api+json"]


@app.route("/api/v2/timers", methods=["GET"], content_types=_JSON)
def list_timers() -> Response:
    """Return a page by its number, with the total."""
    token, zone = _caller()
    given = app.current_request.query_params or {}
    number, size = int(given.get("page[number]", 1)), int(given.get("page[size]", _PAGE))
    total = Timer.by_organization.count(token.organization)
    begin = (number - 1) * size
    found = Timer.by_organization.query(token.organization, limit=begin + size)
    rows = [_resource(timer, zone) for timer in islice(found, begin, None)]
    meta = {"current_page": number, "total_count": total, "total_pages": -(-total // size)}
    return _answer(200, {"data": rows, "meta": meta})


@app.route("/api/v2/timers/{id}", methods=["GET"], content_types=_JSON)
def show_timer(id: str) -> Response:
    """Return one timer."""
    token, zone = _caller()
    return _answer(200, {"data": _resource(_timer(token, id), zone), "meta": {}})


@app.route("/api/v2/timers", methods=["POST"], content_types=_JSON)
def start_timer() -> Response:
    """Stop the running timer, and start another."""
    token, zone = _caller()
    attributes = json.loads(app.current_request.raw_body)["data"]["attributes"]
    try:
        entry = Entry.get(token.organization, f"ENTRY#{attributes['time_entry_id']}")
    except DoesNotExist as error:
        raise BadRequestError("time_entry") from error
    if entry.owner != token.person:
        raise BadRequestError("time_entry")
    latest = Timer.by_person.query(token.person, scan_index_forward=False, limit=1)
    for running in latest:
        if running.stopped is None:
            _stop(running)
    timer = Timer(
        token.organization,
        f"TIMER#{uuid.uuid4().int >> 80}",
        organization=token.organization,
        person=token.person,
        entry=entry.sk,
        started=time.time(),
    )
    timer.save()
    return _answer(201, {"data": _resource(timer, zone), "meta": {}})


@app.route("/api/v2/timers/{id}/stop", methods=["PATCH"], content_types=_JSON)
def stop_timer(id: str) -> Response:
    """Stop a timer if it runs."""
    token, zone = _caller()
    timer = _timer(token, id)
    if timer.stopped is None:
        _stop(timer)
    return _answer(200, {"data": _resource(timer, zone), "meta": {}})


def _caller() -> tuple[Token, ZoneInfo]:
    headers = app.current_request.headers
    digest = hashlib.sha256(headers.get("x-auth-token", "").encode()).hexdigest()
    try:
        token = Token.get(f"TOKEN#{digest}", "TOKEN")
    except DoesNotExist as error:
        raise UnauthorizedError("invalid_auth_token") from error
    if token.organization != f"ORG#{headers.get('x-organization-id')}":
        raise ForbiddenError("access_denied")
    return token, ZoneInfo(Organization.get(token.organization, "ORG").time_zone)


def _timer(token: Token, timer_id: str) -> Timer:
    try:
        timer = Timer.get(token.organization, f"TIMER#{timer_id}")
    except DoesNotExist as error:
        raise NotFoundError("record_not_found") from error
    if timer.person != token.person and token.role != "admin":
        raise NotFoundError("record_not_found")
    return timer


def _stop(timer: Timer) -> None:
    timer.stopped = time.time()
    timer.save()
    entry = Entry.get(timer.organization, timer.entry)
    entry.seconds += timer.stopped - timer.started
    entry.save()


def _resource(timer: Timer, zone: ZoneInfo) -> dict[str, Any]:
    started_at, stopped_at = timer.started, timer.stopped
    return {
        "id": timer.sk.removeprefix("TIMER#"),
        "type": "timers",
        "attributes": {
            "person_id": int(timer.person.rpartition("#")[2]),
            "started_at": _timestamp(started_at, zone),
            "stopped_at": None if stopped_at is None else _timestamp(stopped_at, zone),
            "total_time": 0 if stopped_at is None else int(stopped_at - started_at + 30) // 60,
        },
        "relationships": {
            "organization": {
                "data": {"type": "organizations", "id": timer.organization.removeprefix("ORG#")}
            },
            "time_entry": {"meta": {"included": False}},
        },
    }


def _timestamp(timestamp: float, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(timestamp, zone).isoformat(timespec="milliseconds")


def _answer(status: int, document: dict[str, Any]) -> Response:
    return Response(document, status_code=status, headers={"Content-Type": "application/json"})
