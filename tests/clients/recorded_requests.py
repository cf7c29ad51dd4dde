"""What clients of Productive send, as data: requests, and what must be in the answers.

The requests follow public clients and the documentation of Productive. The clients read the members
that are named here. ``{timer}`` and ``{entry}`` are the ids of the timer that a scenario started
and of its time entry. Contract sections 1, 2, 6, 7 and 10.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.support.fixtures import ADMIN, DESIGN, DEVELOPMENT, MEMBER, ZAGREB

JSON_API = "application/vnd.api+json"
TODAY = "2026-03-02"

PRESENT: Any = object()
"""Any value but null."""

NOT_INCLUDED = {"meta": {"included": False}}
NOTHING: dict[str, Any] = {"data": None}


@dataclass(frozen=True)
class Request:
    """A request, and the parts of its answer that the client reads.

    :param expected: members of the document; an object can have more members, a list has exactly
        these elements.
    :param related: what relationships of included records must be: by type and relationship.
    :param headers_read: headers of the response that the client reads.
    :param minutes: minutes that pass before the request.
    """

    method: str
    path: str
    expected: Any = field(default_factory=dict)
    status: int = 200
    body: Any = None
    content_type: str = JSON_API
    headers: dict[str, str] = field(default_factory=dict)
    related: dict[tuple[str, str], Any] = field(default_factory=dict)
    headers_read: dict[str, str] = field(default_factory=dict)
    minutes: int = 0


def _timer(document: Any) -> dict[str, Any]:
    return {"data": {"type": "timers", **document}}


_ORGANIZATION = {"data": {"type": "organizations", "id": str(ZAGREB.id)}}
_EMPTY = {
    "data": [],
    "links": {"first": PRESENT, "last": PRESENT},
    "meta": {"total_pages": 0, "total_count": 0, "current_page": 1, "max_page_size": 200},
}
_START = {
    "type": "timers",
    "attributes": {"started_at": None, "stopped_at": None, "service_id": str(DESIGN)},
    "relationships": {"organization": _ORGANIZATION, "time_entry": NOTHING},
}
_STARTED = {
    "id": PRESENT,
    "attributes": {"person_id": ADMIN, "stopped_at": None, "total_time": 0},
    "relationships": {"organization": _ORGANIZATION, "time_entry": NOT_INCLUDED},
}

SCENARIOS: dict[str, tuple[Request, ...]] = {
    "phone app: login": (
        Request(
            "GET",
            "/organization_memberships?include=person,organization.company",
            {
                "data": [
                    {
                        "relationships": {
                            "person": {"data": {"type": "people", "id": str(ADMIN)}},
                            "organization": _ORGANIZATION,
                        }
                    }
                ],
                "included": PRESENT,
            },
            headers={"X-Organization-Id": ""},
            related={("organizations", "company"): NOTHING},
        ),
        Request(
            "GET",
            "/organization_memberships?include=user",
            {"included": [{"type": "users", "id": str(ADMIN), "attributes": {"email": PRESENT}}]},
            headers={"X-Organization-Id": ""},
        ),
        Request("GET", "/people?include=company", related={("people", "company"): NOTHING}),
    ),
    "desktop app: what can be tracked": (
        Request(
            "GET",
            f"/services?filter[trackable_by_person_id]={ADMIN}&filter[time_tracking_enabled]=true"
            f"&filter[budget_status]=1&filter[after]={TODAY}&filter[before]={TODAY}"
            "&include=deal,service_type,person&page[size]=200",
            {"data": [{"id": str(DESIGN)}, {"id": str(DEVELOPMENT)}], "included": []},
            related={
                ("services", "deal"): NOTHING,
                ("services", "service_type"): NOTHING,
                ("services", "person"): NOTHING,
            },
        ),
        Request(
            "GET",
            f"/services?filter[person_id]={MEMBER}&include=section,deal&sort=-budget",
            {"data": PRESENT, "included": []},
            related={("services", "section"): NOTHING},
        ),
        Request(
            "GET",
            f"/services?filter[id]={DESIGN}&include=deal.company,deal.project",
            {"data": [{"attributes": {"name": "Design"}}], "included": []},
        ),
        Request("GET", "/services?filter[project_id]=12&filter[budget_status]=1", _EMPTY),
        Request("GET", "/services?filter[task_id]=5&filter[company_id]=7", _EMPTY),
        Request("GET", "/services?filter[deal_id]=3&filter[billing_type]=1,2,3", _EMPTY),
    ),
    "desktop app: start, stop, continue": (
        Request("POST", "/timers", _timer(_STARTED), 201, {"data": _START}),
        Request(
            "GET",
            f"/timers?filter[person_id]={ADMIN}&filter[stopped_at]="
            "&include=time_entry.service.deal,time_entry.task.project",
            {
                "data": [{"id": "{timer}", "attributes": {"stopped_at": None}}],
                "included": [{"type": "time_entries"}, {"type": "services"}],
            },
            related={("services", "deal"): NOTHING, ("time_entries", "task"): NOTHING},
            minutes=5,
        ),
        Request(
            "GET",
            "/time_entries/{entry}",
            {
                "data": {
                    "attributes": {
                        "timer_started_at": f"{TODAY}T09:00:00.000+01:00",
                        "timer_stopped_at": None,
                        "time": 0,
                    }
                }
            },
        ),
        Request(
            "PATCH",
            "/timers/{timer}/stop",
            _timer({"attributes": {"total_time": 60, "stopped_at": PRESENT}}),
            content_type=f"{JSON_API}; ext=bulk",
            body={"data": {"type": "timers", "id": "{timer}"}},
            minutes=55,
        ),
        Request(
            "GET",
            "/time_entries/{entry}",
            {
                "data": {
                    "attributes": {
                        # Clients test it for truth: an entry with a start looks as if it ran.
                        "timer_started_at": None,
                        "timer_stopped_at": f"{TODAY}T10:00:00.000+01:00",
                        "time": 60,
                        "approved": False,
                        "invoiced": False,
                    }
                }
            },
        ),
        Request(
            "POST",
            "/timers",
            _timer(_STARTED),
            201,
            {
                "data": {
                    "type": "timers",
                    "attributes": {},
                    "relationships": {
                        "time_entry": {"data": {"type": "time-entries", "id": "{entry}"}}
                    },
                }
            },
            content_type=f"{JSON_API}; ext=bulk",
            headers={"Accept": f"{JSON_API}; ext=bulk"},
            minutes=30,
        ),
        Request(
            "GET",
            "/time_entries/{entry}",
            {
                "data": {
                    "attributes": {
                        "timer_started_at": f"{TODAY}T10:30:00.000+01:00",
                        "timer_stopped_at": f"{TODAY}T10:00:00.000+01:00",
                    }
                }
            },
        ),
        Request("PATCH", "/timers/undefined/stop", {"errors": [{"source": {}}]}, 404),
    ),
    "launcher: the entries of today": (
        Request(
            "POST",
            "/time_entries",
            {"data": {"id": PRESENT, "attributes": {"date": TODAY, "time": 90}}},
            201,
            {
                "data": {
                    "type": "time_entries",
                    "attributes": {"time": 90, "note": "Plans", "date": None},
                    "relationships": {
                        "person": {"data": {"type": "people", "id": str(ADMIN)}},
                        "service": {"data": {"type": "services", "id": str(DESIGN)}},
                    },
                }
            },
            content_type=f"{JSON_API}; ext=bulk",
        ),
        Request(
            "GET",
            f"/time_entries?filter[person_id]={ADMIN}&page[size]=1",
            {"data": [{"attributes": {"note": "Plans", "date": TODAY}}]},
        ),
        Request(
            "GET",
            f"/time_entries?filter[person_id]={ADMIN}&filter[after]={TODAY}"
            f"&filter[before]={TODAY}&filter[query]=plans"
            "&include=service.section,service.deal.company,approver,person.company,task.project",
            {"data": [{"attributes": {"note": "Plans"}}], "included": PRESENT},
            related={
                ("services", "section"): NOTHING,
                ("services", "deal"): NOTHING,
                ("people", "company"): NOTHING,
                ("time_entries", "approver"): NOTHING,
                ("time_entries", "task"): NOTHING,
            },
        ),
    ),
    "invoice script: time that is neither approved nor invoiced": (
        Request(
            "GET",
            f"/time_entries?filter[person_id]={MEMBER}&filter[invoiced]=false"
            "&filter[status]=2&filter[invoicing_status]=1",
            {"data": [{"attributes": {"approved": False}}], "meta": {"total_count": 1}},
        ),
        Request("GET", "/time_entries?filter[approved]=true", _EMPTY),
        Request("GET", "/time_entries?filter[status]=1&filter[billing_type_id]=2", _EMPTY),
        Request("GET", "/time_entries?filter[project_id]=1&sort=-deal_name", _EMPTY),
        Request(
            "GET",
            "/time_entries?filter[$op]=and&filter[0][person_id][eq][]=8784"
            "&filter[1][invoiced][eq]=false&filter[2][task_id][not_eq][]=9&sort=-updated_at",
            {"data": PRESENT, "meta": {"total_count": 1}},
        ),
    ),
    "command line: doctor": (
        *(
            Request("GET", f"/{collection}?page[size]=200&sort=name&filter[status]=1", _EMPTY)
            for collection in ("projects", "companies", "deals", "tasks", "teams", "events")
        ),
        Request("GET", "/service_types?include=assignees", {**_EMPTY, "included": []}),
        Request("GET", "/pipelines?filter[archived]=false", _EMPTY),
        Request("GET", "/sections?per_page=50&page=1", _EMPTY),
        Request("GET", "/activities?filter[item_type]=task", _EMPTY),
        Request(
            "GET",
            "/deals/7",
            {"errors": [{"code": "record_not_found", "source": {}}]},
            404,
        ),
        Request(
            "POST",
            "/tasks",
            {"errors": [{"code": "access_denied"}]},
            403,
            {"data": {"type": "tasks", "attributes": {"title": "x"}}},
        ),
        Request("HEAD", "/people?filter[status]=1&filter[company_id][not_eq]=2"),
    ),
    "generated client: application/json": (
        Request(
            "POST",
            "/timers",
            _timer(_STARTED),
            201,
            {"data": {"type": "timers", "attributes": {"service_id": DESIGN}}},
            content_type="application/json",
            headers={"Accept": "application/json"},
        ),
        Request(
            "PATCH",
            "/timers/{timer}/stop",
            _timer({"attributes": {"total_time": 1}}),
            content_type="application/json; charset=utf-8",
            body={},
            minutes=1,
        ),
        Request(
            "PATCH",
            "/time_entries/{entry}",
            {"errors": [{"code": "malformed_document", "source": {"pointer": "data"}}]},
            400,
            {"data": None},
            content_type="application/json",
        ),
    ),
    "client that shows errors": (
        Request(
            "GET",
            "/timers",
            {
                "errors": [
                    {
                        "title": "Unauthenticated",
                        "source": PRESENT,
                        "detail": PRESENT,
                    }
                ]
            },
            401,
            headers={"X-Auth-Token": "wrong"},
            headers_read={"WWW-Authenticate": 'Token realm="stint"'},
        ),
        Request(
            "POST",
            "/timers",
            {
                "errors": [
                    {
                        "status": "422",
                        "code": "invalid_attribute",
                        "title": "Invalid Attribute",
                        "detail": "attribute is invalid",
                        "source": {"pointer": "data/attributes/service"},
                        "meta": {"reason": "not_given"},
                    }
                ]
            },
            422,
            {"data": {"type": "timers", "attributes": {}}},
        ),
        Request(
            "GET",
            "/time_entries?filter[colour]=red",
            {"errors": [{"code": "unsupported_filter", "source": {"parameter": "filter[colour]"}}]},
            400,
        ),
        Request(
            "GET",
            "/time_entries?include=invoice_lines",
            {"errors": [{"code": "unsupported_include", "source": {"parameter": "include"}}]},
            400,
        ),
    ),
    "hybrid app: preflight": (
        Request(
            "OPTIONS",
            "/timers",
            status=204,
            headers={"Origin": "capacitor://localhost", "X-Auth-Token": ""},
            headers_read={"Access-Control-Allow-Origin": "*"},
        ),
    ),
}
"""Requests by the kind of client and what it does. Each scenario starts with the fixtures."""
