"""Views of a resource. A view parses the request, calls an operation and renders its outcome.

``present`` converts an operation's outcome to a record and the ``meta`` of its document.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from functools import partial
from typing import Any

from msgspec.structs import replace

from chalicelib.core.errors import RecordNotFound
from chalicelib.core.ids import parse_id
from chalicelib.core.permissions import ANYBODY, Caller, Permission
from chalicelib.core.unit_of_work import Result
from chalicelib.core.write_options import WriteOptions, version_of
from chalicelib.http.client_clock import CLOCK_SKEW
from chalicelib.http.formats import CsvExport, wants_csv
from chalicelib.http.includes import IncludedResources, load_included
from chalicelib.http.list_pages import (
    ReadPage,
    read_cursor_page,
    read_page,
    require_response_size,
)
from chalicelib.http.request import AuthenticatedRequest, HttpRequest
from chalicelib.http.responses import HttpResponse, document_response
from chalicelib.http.routing import BASE_PATH, PublicView, Route, RouteKind
from chalicelib.http.write_headers import check_replay, write_options
from chalicelib.jsonapi.documents import Included, ViewOptions, list_document, single_document
from chalicelib.jsonapi.in_memory_list import CursorReader, ListReader
from chalicelib.jsonapi.inputs import Input, Values, is_in_query, read_changes, read_values
from chalicelib.jsonapi.parameters import (
    Parameters,
    read_list_query,
    read_view_options,
)
from chalicelib.jsonapi.requests import Document, read_document
from chalicelib.jsonapi.resource import AnyResource

ReadCommand = Callable[[Document, Parameters], Any]
"""Parses an operation's command from a document and the query."""

Presented = tuple[Any, Mapping[str, Any]]
"""A record and the ``meta`` of its document."""

_VOWELS = "aeioA"

CURRENT = "current"
"""In a path, instead of an id: the record that belongs to the request, such as its token."""


class ResourceViews:
    """Creates the routes of a resource.

    A route's name and description follow from its kind and its resource. Where they do not, and for
    what only some routes have, ``declared`` sets fields of :class:`Route`.
    """

    def __init__(
        self,
        included: IncludedResources,
        resource: AnyResource,
        present: Callable[[Any], Presented] = lambda outcome: (outcome, {}),
    ) -> None:
        self._included = included
        self._resource = resource
        self._present = present

    def list(
        self, reader: ListReader[Any], permission: Permission, csv: CsvExport | None = None
    ) -> Route:
        """Create the route ``GET /{type}``. Contract section 6. ``csv``: it also answers CSV."""
        if csv is None:
            return self._list(partial(read_page, reader), permission)
        return self._list(partial(read_page, reader), permission, partial(self._csv, csv, reader))

    def cursor_list(self, reader: CursorReader[Any], permission: Permission) -> Route:
        """Create the route ``GET /{type}`` of a resource that declares ``cursor_only``."""
        return self._list(partial(read_cursor_page, reader), permission)

    def _csv(
        self, csv: CsvExport, reader: ListReader[Any], request: AuthenticatedRequest
    ) -> HttpResponse:
        # Only here: most processes never need it.
        from chalicelib.http.csv_responses import list_response  # noqa: PLC0415

        return list_response(csv, self._resource, reader, self._included.database, request)

    def _list(
        self,
        read: ReadPage,
        permission: Permission,
        csv: Callable[[AuthenticatedRequest], HttpResponse] | None = None,
    ) -> Route:
        def view(request: AuthenticatedRequest) -> HttpResponse:
            if csv is not None and wants_csv(request.request):
                return csv(request)
            options = self._view_options(request)
            parameters, zone = request.request.parameters, request.caller.zone
            query = read_list_query(self._resource, parameters, zone)
            records, links, meta = read(request, query)
            redacted = [self._resource.redact_for(request.caller, record) for record in records]
            included = self._load_included(request, redacted, options)
            document = list_document(self._resource, redacted, options, included, links, meta)
            response = document_response(200, document)
            require_response_size(response.body)
            return response

        type_ = self._resource.type
        name, description = f"list_{type_}", f"List {_words(type_)}."
        declared: dict[str, Any] = {"name": name, "description": description, "methods": ("GET",)}
        declared["has_csv"] = csv is not None
        return self._route(RouteKind.LIST, "", view, permission, declared)

    def show(self, find: Callable[[Caller, int], Any], permission: Permission) -> Route:
        """Create the route ``GET /{type}/{id}``."""

        def view(request: AuthenticatedRequest) -> HttpResponse:
            options = self._view_options(request)
            record = find(request.caller, self._record_id(request))
            record = self._resource.redact_for(request.caller, record)
            response = document_response(200, self._document(request, record, options))
            # Of the record as the caller sees it: a digest must not reveal hidden values.
            # Nobody may change a record of which something is hidden from them.
            return replace(response, version=version_of(record))

        declared = {**self._named("show"), "methods": ("GET",)}
        return self._route(RouteKind.SHOW, "/{id}", view, permission, declared)

    def create(
        self,
        create: Callable[[Caller, Any, WriteOptions], Result[Any]],
        permission: Permission,
        inputs: tuple[Input, ...],
        *,
        read: ReadCommand | None = None,
        **declared: Any,
    ) -> Route:
        """Create the route ``POST /{type}``.

        ``read`` parses the operation's command; None: the command is the values of ``inputs``.
        """

        def view(request: AuthenticatedRequest) -> HttpResponse:
            # Before the operation: a request with an invalid include must not start a timer.
            options = self._view_options(request)
            parameters = request.request.parameters
            # With a value in the query, a document has nothing to add.
            needs_data = not any(is_in_query(declared, parameters) for declared in inputs)
            document = self._read_document(request, self._resource, needs_data=needs_data)
            if read is None:
                command: Any = read_values(inputs, document, parameters)
            else:
                command = read(document, parameters)
            result = create(request.caller, command, write_options(request))
            record, _ = self._present(result.outcome)
            location = self._location(request, record) if declared.get("has_location", True) else {}
            return self._result_response(request, 201, result, options, location)

        defaults = {**self._named("create"), "methods": ("POST",)}
        declared = {**defaults, "inputs": inputs, **declared}
        return self._route(RouteKind.CREATE, "", view, permission, declared)

    def public_create(
        self,
        action: str,
        create: Callable[[Values], tuple[Result[Any], Caller]],
        inputs: tuple[Input, ...],
        subject: AnyResource,
        **declared: Any,
    ) -> Route:
        """Create the route ``POST /{type of subject}/{action}``, which needs no token.

        ``create`` also returns the person as whom the response shows the new record.
        """

        def respond(request: HttpRequest) -> tuple[HttpResponse, Caller]:
            parameters, resources = request.parameters, self._included.resources
            # Before the operation, which nobody can repeat. The zone is known only after it.
            options = read_view_options(self._resource, parameters, UTC, resources)
            values = read_values(inputs, read_document(request.body, subject.type), parameters)
            result, caller = create(values)
            shown_to = AuthenticatedRequest(request, caller)
            options = replace(options, zone=caller.zone)
            record, _ = self._present(result.outcome)
            location = self._location(shown_to, record)
            return self._result_response(shown_to, 201, result, options, location), caller

        declared = {"methods": ("POST",), "inputs": inputs, "subject": subject, **declared}
        view = PublicView(respond)
        return self._route(RouteKind.CREATE, f"/{action}", view, ANYBODY, declared)

    def update(
        self,
        update: Callable[[Caller, int, Values, WriteOptions], Result[Any]],
        permission: Permission,
        inputs: tuple[Input, ...],
        **declared: Any,
    ) -> Route:
        """Create the route ``PATCH /{type}/{id}``. Absent values stay unchanged."""

        def view(request: AuthenticatedRequest) -> HttpResponse:
            options = self._view_options(request)
            document = self._read_document(request, self._resource, needs_data=True)
            changes = read_changes(inputs, document, request.request.parameters)
            record_id = self._record_id(request)
            result = update(request.caller, record_id, changes, write_options(request))
            return self._result_response(request, 200, result, options)

        declared = {**self._named("update"), "inputs": inputs, **declared}
        return self._route(RouteKind.UPDATE, "/{id}", view, permission, declared)

    def delete(
        self,
        delete: Callable[[Caller, int, WriteOptions], Result[None]],
        permission: Permission,
        **declared: Any,
    ) -> Route:
        """Create the route ``DELETE /{type}/{id}``. Its response is 204."""

        def view(request: AuthenticatedRequest) -> HttpResponse:
            result = delete(request.caller, self._record_id(request), write_options(request))
            return HttpResponse(204, headers=_replayed(result))

        declared = {**self._named("delete"), "methods": ("DELETE",), **declared}
        return self._route(RouteKind.DELETE, "/{id}", view, permission, declared)

    def action(
        self,
        action: str,
        perform: Callable[[Caller, int, Values, WriteOptions], Result[Any]],
        permission: Permission,
        *,
        inputs: tuple[Input, ...] = (),
        subject: AnyResource | None = None,
        **declared: Any,
    ) -> Route:
        """Create the route ``PATCH /{type}/{id}/{action}``, another operation on a record.

        ``subject`` is the resource in the path; None: the resource in the response.
        """
        subject = subject or self._resource

        def view(request: AuthenticatedRequest) -> HttpResponse:
            options = self._view_options(request)
            values = read_values(inputs, self._read_document(request, subject))
            record_id = self._record_id(request)
            result = perform(request.caller, record_id, values, write_options(request))
            return self._result_response(request, 200, result, options)

        declared = {
            "name": f"{action}_{subject.singular}",
            "subject": subject,
            "inputs": inputs,
            **declared,
        }
        return self._route(RouteKind.ACTION, f"/{{id}}/{action}", view, permission, declared)

    def collection_action(
        self,
        action: str,
        perform: Callable[[Caller, Values, WriteOptions], Result[Any]],
        permission: Permission,
        *,
        inputs: tuple[Input, ...] = (),
        **declared: Any,
    ) -> Route:
        """Create the route ``PATCH /{type}/{action}``, an operation that names no record."""

        def view(request: AuthenticatedRequest) -> HttpResponse:
            options = self._view_options(request)
            document = self._read_document(request, self._resource)
            values = read_values(inputs, document)
            result = perform(request.caller, values, write_options(request))
            return self._result_response(request, 200, result, options)

        declared = {"inputs": inputs, **declared}
        return self._route(RouteKind.ACTION, f"/{action}", view, permission, declared)

    def _named(self, operation: str) -> dict[str, Any]:
        singular = _words(self._resource.singular)
        article = "an" if singular[0] in _VOWELS else "a"
        return {
            "name": f"{operation}_{self._resource.singular}",
            "description": f"{operation.capitalize()} {article} {singular}.",
        }

    def _route(
        self,
        kind: RouteKind,
        suffix: str,
        view: Callable[[AuthenticatedRequest], HttpResponse] | PublicView,
        permission: Permission,
        declared: Mapping[str, Any],
    ) -> Route:
        fields = {"methods": ("PATCH",), "subject": self._resource, **declared}
        if any(declared_input.follows_client_clock for declared_input in fields.get("inputs", ())):
            fields["meta"] = (*fields.get("meta", ()), CLOCK_SKEW)
        return Route(
            path=f"/{fields['subject'].type}{suffix}",
            view=view,
            permission=permission,
            kind=kind,
            resource=self._resource,
            **fields,
        )

    def _record_id(self, request: AuthenticatedRequest) -> int:
        text = request.request.route_arguments["id"]
        is_current = text == CURRENT
        record_id = self._resource.current_id(request.caller) if is_current else parse_id(text)
        if record_id is None:
            raise RecordNotFound
        return record_id

    def _view_options(self, request: AuthenticatedRequest) -> ViewOptions:
        parameters, zone = request.request.parameters, request.caller.zone
        return read_view_options(self._resource, parameters, zone, self._included.resources)

    def _read_document(
        self, request: AuthenticatedRequest, subject: AnyResource, *, needs_data: bool = False
    ) -> Document:
        record_id = request.request.route_arguments.get("id")
        body, clock_skew = request.request.body, request.clock_skew
        return read_document(body, subject.type, record_id, clock_skew, needs_data=needs_data)

    def _location(self, request: AuthenticatedRequest, record: Any) -> Mapping[str, str]:
        path = f"{BASE_PATH}/{self._resource.type}/{self._resource.id(record)}"
        return {"Location": f"{request.request.base_url}{path}"}

    def _result_response(
        self,
        request: AuthenticatedRequest,
        status: int,
        result: Result[Any],
        options: ViewOptions,
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        record, meta = self._present(result.outcome)
        if result.replayed:
            check_replay(self._included.database, self._resource, request.caller, record)
        meta = {**meta, **result.one_time_meta}
        if request.clock_skew:
            meta[CLOCK_SKEW.name] = request.clock_skew
        document = self._document(request, record, options, meta)
        return document_response(status, document, {**_replayed(result), **(headers or {})})

    def _document(
        self,
        request: AuthenticatedRequest,
        record: Any,
        options: ViewOptions,
        meta: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        redacted = self._resource.redact_for(request.caller, record)
        included = self._load_included(request, [redacted], options)
        return single_document(self._resource, redacted, options, included, meta)

    def _load_included(
        self, request: AuthenticatedRequest, records: Sequence[Any], options: ViewOptions
    ) -> Sequence[Included]:
        return load_included(self._included, request.caller, self._resource, records, options)


def without_values(
    operation: Callable[[Caller, int, WriteOptions], Result[Any]],
) -> Callable[[Caller, int, Values, WriteOptions], Result[Any]]:
    """Adapt an operation without values to an action."""

    def perform(
        caller: Caller, record_id: int, values: Values, options: WriteOptions
    ) -> Result[Any]:
        del values
        return operation(caller, record_id, options)

    return perform


def _words(name: str) -> str:
    """Return a name as it is written in a sentence: ``API token`` for ``api_token``."""
    return name.replace("_", " ").replace("api ", "API ")


def _replayed(result: Result[Any]) -> Mapping[str, str]:
    return {"Idempotency-Replayed": "true"} if result.replayed else {}
