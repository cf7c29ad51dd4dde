"""Client-Time: the times of a client whose clock is wrong are corrected. Contract section 4b."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from pynamodb.connection import Connection

from chalicelib.core.errors import InvalidHeader
from chalicelib.http.client_clock import read_clock_skew
from tests.support.api import JSON_API, Api, Response
from tests.support.clock import DAY, HOUR, MINUTE, MONDAY_NINE, FakeClock
from tests.support.fixtures import ADMINS_ENTRY, DESIGN
from tests.support.table_snapshots import snapshot

YEAR = 365 * DAY


def at(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="milliseconds")


def send(
    api: Api,
    method: str,
    path: str,
    client_time: str | None,
    attributes: Mapping[str, object],
    key: str = "",
) -> Response:
    headers = {"Content-Type": JSON_API, "Idempotency-Key": key}
    if client_time is not None:
        headers["Client-Time"] = client_time
    body = json.dumps({"data": {"attributes": attributes}}).encode()
    return api.send(method, path, body, headers)


def start(api: Api, client_time: str | None, started_at: float, key: str = "") -> Response:
    attributes = {"time_entry_id": ADMINS_ENTRY, "started_at": at(started_at)}
    return send(api, "POST", "/timers", client_time, attributes, key)


def stop(api: Api, timer_id: str, client_time: str | None, stopped_at: float) -> Response:
    attributes = {"stopped_at": at(stopped_at)}
    return send(api, "PATCH", f"/timers/{timer_id}/stop", client_time, attributes)


@pytest.mark.parametrize(
    "skew", [2, -2, 121, -121, 3 * MINUTE, 10 * MINUTE, -10 * MINUTE, DAY, YEAR, -YEAR, 30 * YEAR]
)
def test_session_of_a_client_with_a_wrong_clock_has_the_right_times(
    admin: Api, clock: FakeClock, skew: int
) -> None:
    started = start(admin, at(clock() + skew), clock() + skew)
    assert (started.status, started.meta) == (201, {"clock_skew_seconds": skew})
    assert started.attributes["started_at"] == "2026-03-02T09:00:00.000+01:00"
    clock.advance(5 * MINUTE)
    stopped = stop(admin, started.data["id"], at(clock() + skew), clock() + skew)
    assert (stopped.status, stopped.meta) == (200, {"clock_skew_seconds": skew})
    assert stopped.attributes["stopped_at"] == "2026-03-02T09:05:00.000+01:00"
    assert stopped.attributes["total_time"] == 5


def test_times_that_arrive_late_are_moved_too(admin: Api, clock: FakeClock) -> None:
    skew = -10 * MINUTE
    began, ended = clock(), clock() + 5 * MINUTE
    clock.advance(3 * HOUR)
    started = start(admin, at(clock() + skew), began + skew)
    clock.advance(1)
    stopped = stop(admin, started.data["id"], at(clock() + skew), ended + skew)
    assert stopped.attributes["started_at"] == "2026-03-02T09:00:00.000+01:00"
    assert stopped.attributes["stopped_at"] == "2026-03-02T09:05:00.000+01:00"


@pytest.mark.parametrize("clock_shows", ["1970-01-01T00:10:00+02:00", "2400-02-29T12:00:00Z"])
def test_clock_that_was_reset_books_the_right_minutes(admin: Api, clock_shows: str) -> None:
    # A phone without power begins at 1970-01-01 in its own zone: before 1970 in UTC.
    client_now = datetime.fromisoformat(clock_shows)
    attributes = {
        "time_entry_id": ADMINS_ENTRY,
        "started_at": (client_now - timedelta(minutes=9)).isoformat(),
        "stopped_at": (client_now - timedelta(minutes=4)).isoformat(),
    }
    response = send(admin, "POST", "/timers", clock_shows, attributes)
    assert response.attributes["started_at"] == "2026-03-02T08:51:00.000+01:00"
    assert response.attributes["stopped_at"] == "2026-03-02T08:56:00.000+01:00"


def test_stop_by_time_entry_follows_the_clients_clock(admin: Api, clock: FakeClock) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    clock.advance(HOUR)
    client_now = clock() + 3 * MINUTE
    path, attributes = f"/time_entries/{ADMINS_ENTRY}/stop", {"stopped_at": at(client_now)}
    response = send(admin, "PATCH", path, at(client_now), attributes)
    assert (response.status, response.attributes["total_time"]) == (200, 60)
    assert response.meta == {"clock_skew_seconds": 180}


def test_skew_is_shown_without_times_in_the_document(admin: Api, clock: FakeClock) -> None:
    response = send(admin, "POST", "/timers", at(clock() + YEAR), {"service_id": DESIGN})
    assert response.attributes["started_at"] == "2026-03-02T09:00:00.000+01:00"
    assert response.meta == {"clock_skew_seconds": YEAR}


@pytest.mark.parametrize("skew", [-10 * MINUTE, 10 * MINUTE])
def test_times_that_are_sent_back_as_shown_stay(
    admin: Api, clock: FakeClock, connection: Connection, skew: int
) -> None:
    # The server showed them: they are not the times of the client's clock.
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(3 * MINUTE)
    admin.patch(f"/timers/{timer_id}/stop")
    clock.advance(HOUR)
    path = f"/timers/{timer_id}"
    shown = admin.get(path).attributes
    before = snapshot(connection)
    saved = send(admin, "PATCH", path, at(clock() + skew), shown)
    assert (saved.attributes, saved.meta) == (shown, {"clock_skew_seconds": skew})
    assert snapshot(connection) == before
    # A time that the client changed is of its clock.
    changed = {**shown, "stopped_at": at(MONDAY_NINE + 5 * MINUTE + skew)}
    saved = send(admin, "PATCH", path, at(clock() + skew), changed)
    assert saved.attributes == {
        **shown,
        "stopped_at": "2026-03-02T09:05:00.000+01:00",
        "total_time": 5,
    }


def test_automatic_stop_that_is_sent_back_as_shown_stays(admin: Api, clock: FakeClock) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(HOUR)
    admin.start(service_id=DESIGN)
    shown = admin.get(f"/timers/{timer_id}")
    client_time = at(clock() + 10 * MINUTE)
    path = f"/timers/{timer_id}/stop"
    again = send(admin, "PATCH", path, client_time, shown.attributes)
    assert (again.data, again.meta["already_stopped"]) == (shown.data, True)


@pytest.mark.parametrize("difference", [0, 1, -1, 1.999, -1.999])
def test_difference_below_two_seconds_changes_nothing(
    admin: Api, clock: FakeClock, difference: float
) -> None:
    clock.advance(HOUR)
    response = start(admin, at(clock() + difference), MONDAY_NINE)
    assert response.meta == {}
    assert response.attributes["started_at"] == "2026-03-02T09:00:00.000+01:00"


def test_request_without_the_header_is_not_corrected(admin: Api, clock: FakeClock) -> None:
    response = start(admin, None, clock() - 10 * MINUTE)
    assert response.attributes["started_at"] == "2026-03-02T08:50:00.000+01:00"
    assert response.meta == {}


@pytest.mark.parametrize(
    "header",
    [
        "now",
        "2026-03-02",
        "2026-03-02T09:00:00",
        "2026-03-02T25:00:00Z",
        "1772438400",
        "Mon, 02 Mar 2026 08:00:00 GMT",
        "0000-01-01T00:00:00Z",
    ],
)
def test_malformed_header_is_rejected(admin: Api, connection: Connection, header: str) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    before = snapshot(connection)
    for response in (
        start(admin, header, MONDAY_NINE),
        stop(admin, timer_id, header, MONDAY_NINE),
    ):
        assert (response.status, response.error["code"]) == (400, "invalid_header")
        assert response.error["source"] == {"header": "Client-Time"}
        assert "with an offset" in response.error["detail"]
    assert snapshot(connection) == before


def test_blank_header_is_ignored(admin: Api, clock: FakeClock) -> None:
    assert start(admin, " ", clock()).meta == {}


def test_routes_without_times_of_the_client_ignore_the_header(admin: Api, clock: FakeClock) -> None:
    headers = {"Client-Time": "nonsense"}
    assert admin.send("GET", "/timers", headers=headers).status == 200
    expires_at = at(clock() + DAY)
    attributes = {"name": "phone", "expires_at": expires_at}
    created = send(admin, "POST", "/api_tokens", at(clock() + YEAR), attributes)
    assert created.status == 201
    assert created.attributes["expires_at"] == "2026-03-03T09:00:00.000+01:00"
    assert "clock_skew_seconds" not in created.meta


def test_retry_with_another_client_time_returns_the_first_timer(
    admin: Api, clock: FakeClock, connection: Connection
) -> None:
    began = clock() + 600
    first = start(admin, at(clock() + 600), began, key="tap")
    before = snapshot(connection)
    clock.advance(HOUR)
    replay = start(admin, at(clock() + 600.4), began, key="tap")
    assert (replay.status, replay.headers["Idempotency-Replayed"]) == (201, "true")
    assert replay.document == first.document
    assert snapshot(connection) == before


@pytest.mark.parametrize(
    ("header", "skew"),
    [
        (None, 0),
        ("", 0),
        ("2026-03-02T09:00:01.9Z", 0),
        ("2026-03-02T09:00:02Z", 2),
        ("2026-03-02T10:00:02.499+01:00", 2),
        ("2026-03-02T09:00:02.500Z", 3),
        ("2026-03-02T08:59:58Z", -2),
        ("2026-03-02T08:59:57.400Z", -3),
        ("2025-03-02T09:00:00Z", -YEAR),
    ],
)
def test_skew_is_the_rounded_difference_of_the_clocks(header: str | None, skew: int) -> None:
    assert read_clock_skew(header, MONDAY_NINE + HOUR) == skew


def test_skew_counts_the_fraction_of_the_servers_second() -> None:
    # In whole seconds, these clocks differ by two.
    assert read_clock_skew("2026-03-02T08:00:02.000Z", MONDAY_NINE + 0.5) == 0
    with pytest.raises(InvalidHeader):
        read_clock_skew("2026-03-02T08:00:02.000", MONDAY_NINE)
