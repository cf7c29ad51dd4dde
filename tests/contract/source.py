"""Requests and responses of the source document, with its ids and timestamps."""

from typing import Any

from tests.support.api import Response
from tests.support.json_shapes import shape

ORGANIZATION_ID = "2149"


def timer(
    person_id: int, timer_id: str = "1", stopped_at: str | None = None, total_time: int = 0
) -> dict[str, Any]:
    return {
        "id": timer_id,
        "type": "timers",
        "attributes": {
            "person_id": person_id,
            "started_at": "2025-08-02T01:21:26.000+02:00",
            "stopped_at": stopped_at,
            "total_time": total_time,
        },
        "relationships": {
            "organization": {"data": {"type": "organizations", "id": ORGANIZATION_ID}},
            "time_entry": {"meta": {"included": False}},
        },
    }


def single(person_id: int) -> dict[str, Any]:
    """The response to a request that shows or starts a timer."""
    return {"data": timer(person_id), "meta": {}}


def listing(base_url: str, *timers: dict[str, Any]) -> dict[str, Any]:
    page = f"{base_url}/api/v2/timers?page%5Bnumber%5D=1&page%5Bsize%5D=30"
    return {
        "data": list(timers),
        "links": {"first": page, "last": page},
        "meta": {
            "current_page": 1,
            "total_pages": 1,
            "total_count": len(timers),
            "page_size": 30,
            "max_page_size": 200,
        },
    }


STOPPED = {
    "data": timer(8796, stopped_at="2025-08-02T02:21:27.000+02:00", total_time=60),
    "meta": {},
}

INVALID = {
    "errors": [
        {
            "status": "422",
            "code": "invalid_attribute",
            "title": "Invalid Attribute",
            "detail": "attribute is invalid",
            "source": {"pointer": "data/attributes/service"},
            # Added by the contract, in the only place for it.
            "meta": {"reason": "not_given"},
        }
    ]
}

START_ON_TIME_ENTRY = {
    "data": {
        "type": "timers",
        "attributes": {},
        "relationships": {"time_entry": {"data": {"type": "time_entries", "id": "364"}}},
    }
}

START_ON_SERVICE = {
    "data": {"type": "timers", "attributes": {"service_id": "1294"}, "relationships": {}}
}

START_ON_BOTH = {
    "data": {
        "type": "timers",
        "attributes": {"service_id": "1296"},
        "relationships": {"time_entry": {"data": {"type": "time_entries", "id": "366"}}},
    }
}

START_ON_BLANK = {
    "data": {
        "type": "timers",
        "attributes": {},
        "relationships": {"time_entry": {"data": {"type": "time_entries", "id": ""}}},
    }
}

BROWSER_HEADERS = {
    "Accept": (
        "text/xml,application/xml,application/xhtml+xml,text/html;q=0.9,text/plain;q=0.8,"
        "image/png,*/*;q=0.5"
    ),
    "Content-Type": "application/vnd.api+json",
}
"""The headers of every request in the source document."""


def assert_matches(response: Response, status: int, expected: dict[str, Any]) -> None:
    """Compare a response with that of the source document: the same members, in that order."""
    assert response.status == status
    assert response.headers["Content-Type"] == "application/vnd.api+json; charset=utf-8"
    assert shape(response.document) == shape(expected)
