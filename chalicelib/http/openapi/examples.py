"""Examples in the OpenAPI document: resources, request and response documents, errors."""

from collections.abc import Mapping
from typing import Any

from chalicelib.core import errors
from chalicelib.core.time_zones import ZoneInfo
from chalicelib.http.routing import Route, RouteKind
from chalicelib.jsonapi.documents import ViewOptions, list_document, render, single_document
from chalicelib.jsonapi.errors import error_document
from chalicelib.jsonapi.example_values import EVENT
from chalicelib.jsonapi.inputs import Input, InRelationship
from chalicelib.jsonapi.paging import cursor_links, cursor_meta, page_links, page_meta
from chalicelib.jsonapi.parameters import PageAfter, PageNumber
from chalicelib.jsonapi.resource import AnyResource, Kind

_VIEW = ViewOptions(zone=ZoneInfo("Europe/Zagreb"))

_META_EXAMPLES: Mapping[str, object] = {
    "stopped_timer_ids": ["11"],
    "adjusted": ["stopped_at"],
    "already_stopped": True,
    "secret": "whsec_ZXhhbXBsZSwgbm90IGEgc2VjcmV0",
    "token": "example-not-a-token",
    "code": "7K3M-Q9XA-04TP",
    "url": "wss://live.example.com/live?ticket=example-not-a-ticket",
    "event_id": EVENT,
    "events": 12,
    "clock_skew_seconds": 600,
    "after": "2026-03-01",
    "before": "2026-03-31",
    **dict.fromkeys(("total_time", "total_billable_time", "worked_time"), 8641),
    **dict.fromkeys(("billable_time", "client_time"), 8641),
    "internal_time": 0,
}
_INPUT_EXAMPLES: Mapping[str, object] = {
    "stopped_at": "2026-03-02T10:00:00.000+01:00",
    "at_once": True,
    "dead_letters": True,
    "nickname": "Ana",
    "code": "7K3M-Q9XA-04TP",
    "avatar_url": "https://example.com/ana.png",
}
# Clients mostly leave ids and times to the server, so example requests have no optional ones.
_KINDS_LEFT_OUT = (Kind.ID, Kind.TIMESTAMP)

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
    errors.InvalidHeader(
        "Client-Time", "Use a date-time with an offset, such as 2026-03-02T09:00:00.000+01:00."
    ),
    errors.InvalidAuthToken(),
    errors.NoOrganizationId(),
    errors.AccessDenied(),
    errors.RecordNotFound(),
    errors.LiveUnavailable(),
    errors.RouteNotFound(),
    errors.MethodNotAllowed(("GET", "POST")),
    errors.NotAcceptable(),
    errors.TypeConflict("timers"),
    errors.IdConflict(),
    errors.Conflict(retry_after=1),
    errors.PayloadTooLarge(),
    errors.UnsupportedMediaType(),
    errors.InvalidAttribute("service"),
    errors.OverlapsSession("started_at", 364, "2026-03-02T10:00:00.000+01:00"),
    errors.PeriodClosed("date", "2026-02-28", "The time entry is dated 2026-02-27."),
    errors.TimersRunning("2026-02-28", [364]),
    errors.IdempotencyKeyReused(),
    errors.PreconditionFailed(),
    errors.RateLimited(retry_after=1),
    errors.ServerError(),
    errors.Unavailable(retry_after=1),
)


def error_examples() -> dict[str, Any]:
    """Return an example object for each error, by error code."""
    return {
        error.code: {
            "summary": error.detail,
            "value": error_document(
                error, "b1946ac92492d234" if isinstance(error, errors.ServerError) else None
            ),
        }
        for error in ERRORS
    }


def resource_example(resource: AnyResource) -> dict[str, Any]:
    """Return an example resource object."""
    return render(resource, resource.example(), _VIEW)


def response_example(route: Route, url: str) -> dict[str, Any]:
    """Return the document of a successful response. ``url`` is the URL of the route."""
    resource = route.resource
    record = resource.example()
    if route.kind is RouteKind.LIST:
        links, list_meta = _list_example(resource, url)
        list_meta |= {field.name: _META_EXAMPLES[field.name] for field in route.meta}
        return list_document(resource, [record], _VIEW, (), links, list_meta)
    meta = {meta_field.name: _META_EXAMPLES[meta_field.name] for meta_field in route.meta}
    return single_document(resource, record, _VIEW, meta=meta)


def _list_example(resource: AnyResource, url: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the links and the meta of a list with one record."""
    if resource.cursor_only:
        cursor = PageAfter()
        return cursor_links(url, [], cursor, None), cursor_meta(cursor)
    page = PageNumber()
    return page_links(url, [], page, 1), page_meta(page, 1)


def request_example(route: Route, resources: Mapping[str, AnyResource]) -> dict[str, Any]:
    """Return a request document with the values that clients mostly send."""
    example = resource_example(route.subject)
    data: dict[str, Any] = {"type": route.subject.type}
    if route.names_record:
        data["id"] = example["id"]
    inputs = [
        declared
        for declared in route.inputs
        if declared.required or declared.kind not in _KINDS_LEFT_OUT
    ]
    if route.kind is RouteKind.CREATE and not any(declared.required for declared in inputs):
        # A start: none of its inputs is required, because one of several must be there.
        inputs = []
    for declared in inputs or route.inputs[:1]:
        match declared.sources[0]:
            case InRelationship(name, to):
                identifier = {"type": to, "id": _example_id(resources[to])}
                data.setdefault("relationships", {})[name] = {"data": identifier}
            case source:
                value = _example_value(declared, example["attributes"], resources)
                data.setdefault("attributes", {})[source.name] = value
    return {"data": data}


def _example_id(resource: AnyResource) -> str:
    return str(resource.id(resource.example()))


def _example_value(
    declared: Input, attributes: Mapping[str, object], resources: Mapping[str, AnyResource]
) -> object:
    if declared.kind is Kind.ID:
        to = next(source.to for source in declared.sources if isinstance(source, InRelationship))
        return _example_id(resources[to])
    return _INPUT_EXAMPLES.get(declared.name, attributes.get(declared.name))
