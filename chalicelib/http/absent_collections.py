"""Collections that Productive has and stint lacks. Contract section 10.

Their lists are empty, and they have no records. Clients read them when they start.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from functools import partial
from typing import Any, NoReturn

from msgspec import Struct

from chalicelib.core.errors import AccessDenied, RecordNotFound
from chalicelib.core.lists import CursorPage, Page
from chalicelib.core.permissions import EVERYONE, Caller, ViewPolicy, Visibility
from chalicelib.http.list_pages import read_page
from chalicelib.http.request import AuthenticatedRequest
from chalicelib.http.responses import HttpResponse, document_response
from chalicelib.http.routing import Route, RouteKind
from chalicelib.jsonapi.documents import ViewOptions, list_document
from chalicelib.jsonapi.in_memory_list import ReadPosition
from chalicelib.jsonapi.parameters import ListQuery, read_list_query
from chalicelib.jsonapi.resource import AnyResource, Resource

COLLECTIONS: Mapping[str, str] = {
    "activities": "History of records.",
    "companies": "Customers.",
    "deals": "Deals and budgets.",
    "events": "Absences.",
    "pipelines": "Sales pipelines.",
    "projects": "Projects.",
    "sections": "Sections of a budget.",
    "service_types": "Types of services.",
    "tasks": "Tasks.",
    "teams": "Teams.",
}
"""The collections that Productive has and stint lacks: their lists are empty. By type."""

_METHODS = ("GET", "DELETE", "PATCH", "POST", "PUT")
_PAGE_PARAMETERS = ("page", "per_page")


View = Callable[[AuthenticatedRequest], HttpResponse]


class _Absent(Struct, frozen=True):
    """A record of such a collection. There is none."""

    id: int


class _NoRecords:
    def page(self, caller: Caller, query: ListQuery) -> Page[_Absent]:
        del caller, query
        return Page((), 0)

    def cursor_page(
        self, caller: Caller, query: ListQuery, position: ReadPosition
    ) -> tuple[CursorPage[_Absent], str]:
        del caller, query
        # Raises for every cursor: no page has a next one.
        position("")
        return CursorPage((), None), ""


def absent_routes(types: Container[str]) -> tuple[Route, ...]:
    """Return the routes of the collections that are not among the types that the API has."""
    return tuple(
        route
        for type_, description in COLLECTIONS.items()
        if type_ not in types
        for route in _routes(type_, description)
    )


def _routes(type_: str, description: str) -> Iterable[Route]:
    resource: Resource[_Absent] = Resource(
        type=type_,
        singular=type_,
        description=description,
        entity=_Absent,
        view=ViewPolicy(Visibility.EVERYONE, lambda _: None),
        example=lambda: _Absent(1),
        id=lambda record: record.id,
        attributes=(),
        sorts=("id",),
    )
    words = type_.replace("_", " ")
    for suffix, kind, view in (
        ("", RouteKind.LIST, partial(_list, resource)),
        ("/{id}", RouteKind.SHOW, _show),
    ):
        yield Route(
            name=f"{kind.value}_{type_}",
            methods=_METHODS,
            path=f"/{type_}{suffix}",
            view=partial(_read_only, words, view),
            permission=EVERYONE,
            kind=kind,
            resource=resource,
            subject=resource,
            description=f"List {words}: there are none.",
        )


def _read_only(words: str, view: View, request: AuthenticatedRequest) -> HttpResponse:
    if request.request.method not in ("GET", "HEAD"):
        raise AccessDenied(f"This API has no {words}. Their list is always empty.")
    return view(request)


def _list(resource: AnyResource, request: AuthenticatedRequest) -> HttpResponse:
    parameters = request.request.parameters
    # The names of filters, sorts and relationships are not known: none is an error.
    page_parameters = [
        parameter
        for parameter in parameters
        if parameter[0].startswith("page[") or parameter[0] in _PAGE_PARAMETERS
    ]
    query = read_list_query(resource, page_parameters, request.caller.zone)
    records, links, meta = read_page(_NoRecords(), request, query)
    options = ViewOptions(has_included=any(name == "include" for name, _ in parameters))
    document: dict[str, Any] = list_document(resource, records, options, (), links, meta)
    return document_response(200, document)


def _show(request: AuthenticatedRequest) -> NoReturn:
    del request
    raise RecordNotFound
