"""Why a service or a time entry is refused, in ``meta.reason``: contract section 7."""

from typing import Any

import pytest
from pynamodb.connection import Connection

from tests.support.api import Api, Response
from tests.support.call_counter import counted
from tests.support.clock import FakeClock
from tests.support.fixtures import ADMINS_ENTRY, ARCHIVED, CLOSED, DESIGN, FOREIGN_SERVICE

FIXED = {
    "status": "422",
    "code": "invalid_attribute",
    "title": "Invalid Attribute",
    "detail": "attribute is invalid",
    "source": {"pointer": "data/attributes/service"},
}


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({}, "not_given"),
        ({"service_id": None, "time_entry_id": " "}, "not_given"),
        ({"service_id": 999}, "unknown"),
        ({"service_id": "abc"}, "unknown"),
        ({"service_id": FOREIGN_SERVICE}, "unknown"),
        ({"service_id": ARCHIVED}, "archived"),
        ({"service_id": str(CLOSED)}, "time_tracking_disabled"),
    ],
)
def test_start_says_why_the_service_is_refused(
    admin: Api, attributes: dict[str, Any], reason: str
) -> None:
    assert admin.start(**attributes).error == {**FIXED, "meta": {"reason": reason}}


@pytest.mark.parametrize(
    ("closing", "reason"), [("archive", "archived"), (None, "time_tracking_disabled")]
)
def test_start_on_an_entry_says_why_its_service_is_refused(
    admin: Api, clock: FakeClock, connection: Connection, closing: str | None, reason: str
) -> None:
    if closing is None:
        document = {"data": {"attributes": {"time_tracking_enabled": False}}}
        assert admin.patch(f"/services/{DESIGN}", document).status == 200
    else:
        assert admin.patch(f"/services/{DESIGN}/{closing}").status == 200
    clock.advance(61)
    expected = {**FIXED, "meta": {"reason": reason}}
    assert admin.start(time_entry_id=ADMINS_ENTRY).error == expected
    assert admin.patch(f"/time_entries/{ADMINS_ENTRY}/start").error == expected
    with counted(connection) as calls:
        admin.start(time_entry_id=ADMINS_ENTRY)
    assert len(calls) == 2  # The start, and the service, for the reason.


def entry(api: Api, service_id: object) -> Response:
    attributes = {"service_id": service_id, "time": 30}
    return api.post("/time_entries", {"data": {"attributes": attributes}})


@pytest.mark.parametrize(
    ("service_id", "reason"),
    [(999, "unknown"), (ARCHIVED, "archived"), (CLOSED, "time_tracking_disabled")],
)
def test_time_entry_says_why_its_service_is_refused(
    admin: Api, service_id: int, reason: str
) -> None:
    error = entry(admin, service_id).error
    assert error["meta"] == {"reason": reason}
    assert error["source"] == {"pointer": "data/attributes/service"}
    assert error["detail"] != "attribute is invalid"


def test_unknown_time_entry_has_a_reason(admin: Api) -> None:
    for entry_id in (999, "abc"):
        error = admin.start(time_entry_id=entry_id).error
        assert error["meta"] == {"reason": "unknown"}
        assert error["source"] == {"pointer": "data/attributes/time_entry"}


def test_null_time_is_absent_in_a_new_entry(admin: Api) -> None:
    attributes = {"service_id": DESIGN, "time": None, "date": None, "note": None}
    created = admin.post("/time_entries", {"data": {"attributes": attributes}})
    assert created.status == 201
    assert (created.attributes["time"], created.attributes["date"]) == (0, "2026-03-02")
    # It is not a total that somebody set: the sessions count.
    admin.start(time_entry_id=created.data["id"])


@pytest.mark.parametrize("body", [b'{"data": null}', b"{}"])
def test_body_without_data_changes_nothing(admin: Api, body: bytes) -> None:
    headers = {"Content-Type": "application/vnd.api+json"}
    for method, path in (("PATCH", f"/time_entries/{ADMINS_ENTRY}"), ("POST", "/timers")):
        response = admin.send(method, path, body, headers)
        assert (response.status, response.error["code"]) == (400, "malformed_document")
        assert response.error["source"] == {"pointer": "data"}
    timer = admin.start(service_id=DESIGN).data["id"]
    assert admin.send("PATCH", f"/timers/{timer}/stop", body, headers).status == 200
