"""One record of each resource, and one of each error: what examples in the description show."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.core import errors
from chalicelib.deliveries.rules import Attempt, Fate
from chalicelib.domain.directory import (
    ApiToken,
    Membership,
    Organization,
    Person,
    Role,
    Service,
)
from chalicelib.domain.timers import TimeEntry, Timer
from chalicelib.events.rules import EventType
from chalicelib.http.routing import Act, Route
from chalicelib.jsonapi.documents import View, list_document, render, single_document
from chalicelib.jsonapi.errors import error_document
from chalicelib.jsonapi.inputs import Input, InRelationship
from chalicelib.jsonapi.paging import page_links, page_meta
from chalicelib.jsonapi.parameters import PageNumber
from chalicelib.jsonapi.resource import AnyResource, Kind
from chalicelib.time_entries import rules as time_entries
from chalicelib.webhooks.model import Webhook

_NOW = 1_772_438_400  # 2026-03-02T09:00:00+01:00
_HOUR = 3600
_ORGANIZATION, _PERSON, _SERVICE, _ENTRY, _TIMER, _WEBHOOK = 2149, 8779, 1294, 364, 16, 21
_EVENT = "evt_9a1a3de0d1c1ff31a5d46a4bd5f4b6c9"
_VIEW = View(zone=ZoneInfo("Europe/Zagreb"))

_ANA = Person(
    _PERSON, _ORGANIZATION, "Ana", "Horvat", "ana@example.com", Role.ADMIN, _NOW, "Designer"
)
RECORDS: Mapping[str, Any] = {
    "timers": Timer(
        _TIMER, _ORGANIZATION, _PERSON, _ENTRY, _NOW, _NOW + 12 * _HOUR, stopped_at=_NOW + _HOUR
    ),
    "time_entries": TimeEntry(
        id=_ENTRY,
        organization_id=_ORGANIZATION,
        person_id=_PERSON,
        service_id=_SERVICE,
        date="2026-03-02",
        created_at=_NOW,
        updated_at=_NOW + _HOUR,
        creator_id=_PERSON,
        note="Sketches",
        tracked_seconds=_HOUR,
        timer_count=1,
        timer_started_at=_NOW,
        timer_stopped_at=_NOW + _HOUR,
    ),
    "time_entry_revisions": time_entries.Revision(
        31,
        _ORGANIZATION,
        _ENTRY,
        _PERSON,
        time_entries.Act.UPDATED,
        _NOW,
        {"time": 60},
        {"time": 45},
    ),
    "organizations": Organization(_ORGANIZATION, "Example Studio", "Europe/Zagreb"),
    "organization_memberships": Membership(_PERSON, _ORGANIZATION, Role.ADMIN),
    "people": _ANA,
    "users": _ANA,
    "services": Service(_SERVICE, _ORGANIZATION, "Design"),
    "api_tokens": ApiToken(41, _ORGANIZATION, _PERSON, "My phone", "", _NOW),
    "webhooks": Webhook(
        _WEBHOOK,
        _ORGANIZATION,
        "Payroll",
        "https://hooks.example.com/stint",
        (EventType.TIMER_STARTED, EventType.TIMER_STOPPED),
        _NOW,
        _NOW,
    ),
    "webhook_deliveries": Attempt(
        51,
        _ORGANIZATION,
        _WEBHOOK,
        _EVENT,
        EventType.TIMER_STOPPED.value,
        1,
        _NOW,
        Fate.DELIVERED,
        204,
        None,
        None,
        _NOW,
    ),
}
"""By type. A resource that has none cannot be described."""

_MADE: Mapping[str, object] = {
    "stopped_timer_ids": ["11"],
    "already_stopped": True,
    "secret": "whsec_ZXhhbXBsZSwgbm90IGEgc2VjcmV0",
    "token": "example-not-a-token",
    "event_id": _EVENT,
    "events": 12,
}
_GIVEN: Mapping[str, object] = {
    "stopped_at": "2026-03-02T10:00:00.000+01:00",
    "at_once": True,
    "dead_letters": True,
    "nickname": "Ana",
    "avatar_url": "https://example.com/ana.png",
}
# Who is meant, and when, is mostly left to the server.
_SELDOM = (Kind.ID, Kind.INSTANT)

ERRORS: tuple[errors.StintError, ...] = (
    errors.MalformedDocument("The body is not valid JSON in UTF-8."),
    errors.InvalidParameter("page[number]", "Use a whole number, 1 or greater."),
    errors.UnsupportedFilter("filter[colour]"),
    errors.UnsupportedFilterOperation("filter[person_id][like]"),
    errors.UnsupportedFilterValue("filter[person_id]"),
    errors.UnsupportedSort("sort"),
    errors.UnsupportedInclude(
        "include", "This resource cannot include 'colour'. Remove this path."
    ),
    errors.CursorConflict("page[after]"),
    errors.InvalidCursor("page[after]"),
    errors.QueryTooBroad("filter[person_id]"),
    errors.InvalidAuthToken(),
    errors.NoOrganizationId(),
    errors.AccessDenied(),
    errors.RecordNotFound(),
    errors.RouteNotFound(),
    errors.MethodNotAllowed(("GET", "POST")),
    errors.NotAcceptable(),
    errors.TypeConflict("timers"),
    errors.IdConflict(),
    errors.Conflict(retry_after=1),
    errors.PayloadTooLarge(),
    errors.UnsupportedMediaType(),
    errors.InvalidAttribute("service"),
    errors.OverlapsSession("started_at", "2026-03-02T10:00:00.000+01:00"),
    errors.IdempotencyKeyReused(),
    errors.RateLimited(retry_after=1),
    errors.ServerError(),
    errors.Unavailable(retry_after=1),
)


def error_examples() -> dict[str, Any]:
    """Example objects of errors, by code."""
    return {
        it.code: {
            "summary": it.detail,
            "value": error_document(
                it, "b1946ac92492d234" if isinstance(it, errors.ServerError) else None
            ),
        }
        for it in ERRORS
    }


def resource_example(resource: AnyResource) -> dict[str, Any]:
    """A resource object."""
    return render(resource, RECORDS[resource.type], _VIEW)


def answer_example(route: Route, url: str) -> dict[str, Any]:
    """The document that a route answers when all is well; ``url`` is the route's own."""
    resource = route.resource
    record = RECORDS[resource.type]
    if route.act is Act.LIST:
        page = PageNumber()
        links = page_links(url, [], page, 1)
        return list_document(resource, [record], _VIEW, (), links, page_meta(page, 1))
    return single_document(
        resource, record, _VIEW, meta={it.name: _MADE[it.name] for it in route.tells}
    )


def request_example(route: Route) -> dict[str, Any]:
    """A document that a route takes, with what people mostly give."""
    shown = resource_example(route.document)
    data: dict[str, Any] = {"type": route.document.type}
    if route.is_about_one:
        data["id"] = shown["id"]
    given = [it for it in route.inputs if it.required or it.kind not in _SELDOM]
    for declared in given or route.inputs[:1]:
        match declared.sources[0]:
            case InRelationship(name, to):
                identifier = {"type": to, "id": str(RECORDS[to].id)}
                data.setdefault("relationships", {})[name] = {"data": identifier}
            case source:
                value = _value(declared, shown["attributes"])
                data.setdefault("attributes", {})[source.name] = value
    return {"data": data}


def _value(declared: Input, shown: Mapping[str, object]) -> object:
    if declared.kind is Kind.ID:
        to = next(it.to for it in declared.sources if isinstance(it, InRelationship))
        return str(RECORDS[to].id)
    return _GIVEN.get(declared.name, shown.get(declared.name))
