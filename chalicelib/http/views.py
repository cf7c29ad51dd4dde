"""The views of a resource, made of its declaration and its verbs: parse, delegate, render.

A resource costs its declaration, its verbs and a line a route. What a verb answers is a record, or
something that ``present`` turns into a record and the document's meta.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chalicelib.core.dependencies import Toolbox
from chalicelib.core.errors import InvalidCursor, RecordNotFound
from chalicelib.core.idempotency import RequestKey
from chalicelib.core.ids import parse_id
from chalicelib.core.permissions import Access
from chalicelib.core.unit_of_work import Answer
from chalicelib.dataclass import dataclass
from chalicelib.domain.directory import Caller
from chalicelib.domain.queries import BadPosition
from chalicelib.http.includes import load_included
from chalicelib.http.request import request_key
from chalicelib.http.responses import Exchange, Reply, document_reply
from chalicelib.http.routing import BASE_PATH, Act, Errors, Route, Told
from chalicelib.jsonapi.cursors import PARAMETER, read_cursor, write_cursor
from chalicelib.jsonapi.documents import View, list_document, single_document
from chalicelib.jsonapi.in_memory_list import Lister
from chalicelib.jsonapi.inputs import Input, Values, read_changes, read_values
from chalicelib.jsonapi.paging import cursor_links, cursor_meta, page_links, page_meta
from chalicelib.jsonapi.parameters import (
    ListQuery,
    PageAfter,
    PageNumber,
    Parameters,
    read_list_query,
    read_view,
)
from chalicelib.jsonapi.requests import Document, read_document
from chalicelib.jsonapi.resource import AnyResource

Read = Callable[[Document, Parameters], Any]
"""Makes what a verb takes of a document and the query."""

_VOWELS = "aeioA"

Presented = tuple[Any, Mapping[str, Any]]
"""A record, and the meta of its document."""


@dataclass(frozen=True, slots=True)
class Verb:
    """How an act is called, what it means and what it takes. ``on`` is the resource that it is done
    to, where that is another one. The others are the route's."""

    name: str
    meaning: str
    inputs: tuple[Input, ...] = ()
    methods: tuple[str, ...] = ("PATCH",)
    on: AnyResource | None = None
    keyed: bool = False
    tells: tuple[Told, ...] = ()
    refuses: Errors = ()


class Views:
    """Makes the routes of a resource. ``present`` says what a verb's outcome shows."""

    def __init__(
        self,
        tools: Toolbox,
        resource: AnyResource,
        present: Callable[[Any], Presented] = lambda outcome: (outcome, {}),
    ) -> None:
        self._tools = tools
        self._resource = resource
        self._present = present

    def list(self, lister: Lister[Any], access: Access) -> Route:
        """``GET /{type}`` (contract section 6)."""

        def view(exchange: Exchange) -> Reply:
            how = self._how(exchange)
            zone = exchange.caller.organization.zone
            asked = read_list_query(self._resource, exchange.request.parameters, zone)
            rows, links, meta = _rows(exchange, lister, asked)
            return self._list_reply(exchange, rows, how, links, meta)

        verb = Verb("list", f"List {_words(self._resource.type)}.", methods=("GET",))
        return self._route(verb, "", view, access, Act.LIST)

    def show(self, find: Callable[[Caller, int], Any], access: Access) -> Route:
        """``GET /{type}/{id}``."""

        def view(exchange: Exchange) -> Reply:
            how = self._how(exchange)
            record = find(exchange.caller, _record_id(exchange))
            return document_reply(200, self._document(exchange, record, how))

        verb = Verb("show", f"Show {_one(self._resource)}.", methods=("GET",))
        return self._route(verb, "/{id}", view, access, Act.SHOW)

    def create(
        self,
        inputs: tuple[Input, ...],
        create: Callable[[Caller, Any, RequestKey | None], Answer[Any]],
        access: Access,
        *,
        verb: Verb | None = None,
        read: Read | None = None,
    ) -> Route:
        """``POST /{type}``. ``read`` makes a command of the document; else it is its values."""

        def view(exchange: Exchange) -> Reply:
            how = self._how(exchange)
            command = self._command(exchange, inputs, read)
            answer = create(exchange.caller, command, request_key(exchange))
            reply = self._acted(exchange, 201, answer, how)
            place = f"{BASE_PATH}/{self._resource.type}/{self._id(answer)}"
            location = f"{exchange.request.base_url}{place}"
            return Reply(reply.status, reply.body, {**reply.headers, "Location": location})

        said = verb or Verb("create", f"Create {_one(self._resource)}.")
        said = replace(said, inputs=inputs, methods=("POST",), keyed=True)
        return self._route(said, "", view, access, Act.CREATE)

    def update(
        self,
        inputs: tuple[Input, ...],
        update: Callable[[Caller, int, Values], Answer[Any]],
        access: Access,
    ) -> Route:
        """``PATCH /{type}/{id}``: what the document does not mention stays as it is."""

        def view(exchange: Exchange) -> Reply:
            how = self._how(exchange)
            request = exchange.request
            given_id = request.route_arguments["id"]
            document = read_document(request.body, self._resource.type, given_id)
            changes = read_changes(inputs, document)
            answer = update(exchange.caller, _record_id(exchange), changes)
            return self._acted(exchange, 200, answer, how)

        verb = Verb("update", f"Update {_one(self._resource)}.", inputs)
        return self._route(verb, "/{id}", view, access, Act.UPDATE)

    def delete(self, delete: Callable[[Caller, int], None], access: Access) -> Route:
        """``DELETE /{type}/{id}``: 204, without a body."""

        def view(exchange: Exchange) -> Reply:
            delete(exchange.caller, _record_id(exchange))
            return Reply(204)

        verb = Verb("delete", f"Delete {_one(self._resource)}.", methods=("DELETE",))
        return self._route(verb, "/{id}", view, access, Act.DELETE)

    def perform(
        self,
        verb: Verb,
        perform: Callable[[Caller, int, Values, RequestKey | None], Answer[Any]],
        access: Access,
    ) -> Route:
        """``PATCH /{type}/{id}/{verb}``: something else that is done to a record."""
        subject = verb.on or self._resource

        def view(exchange: Exchange) -> Reply:
            how = self._how(exchange)
            request = exchange.request
            given_id = request.route_arguments["id"]
            document = read_document(request.body, subject.type, given_id)
            values = read_values(verb.inputs, document)
            key = request_key(exchange) if verb.keyed else None
            answer = perform(exchange.caller, _record_id(exchange), values, key)
            return self._acted(exchange, 200, answer, how)

        return self._route(verb, f"/{{id}}/{verb.name}", view, access, Act.PERFORM)

    def _route(
        self,
        verb: Verb,
        suffix: str,
        view: Callable[[Exchange], Reply],
        access: Access,
        act: Act,
    ) -> Route:
        subject = verb.on or self._resource
        return Route(
            name=f"{verb.name}_{subject.type if act is Act.LIST else subject.singular}",
            methods=verb.methods,
            path=f"/{subject.type}{suffix}",
            view=view,
            access=access,
            act=act,
            resource=self._resource,
            meaning=verb.meaning,
            inputs=verb.inputs,
            document=subject,
            keyed=verb.keyed,
            tells=verb.tells,
            refuses=verb.refuses,
        )

    def _how(self, exchange: Exchange) -> View:
        # Before anything is done: a wrong include on a POST must not start a timer.
        zone = exchange.caller.organization.zone
        return read_view(self._resource, exchange.request.parameters, zone)

    def _command(self, exchange: Exchange, inputs: tuple[Input, ...], read: Read | None) -> Any:
        request = exchange.request
        document = read_document(request.body, self._resource.type)
        if read is not None:
            return read(document, request.parameters)
        return read_values(inputs, document, request.parameters)

    def _id(self, answer: Answer[Any]) -> int:
        record, _ = self._present(answer.outcome)
        return self._resource.id(record)

    def _acted(self, exchange: Exchange, status: int, answer: Answer[Any], how: View) -> Reply:
        record, meta = self._present(answer.outcome)
        document = self._document(exchange, record, how, {**meta, **answer.once})
        headers = {"Idempotency-Replayed": "true"} if answer.replayed else {}
        return document_reply(status, document, headers)

    def _document(
        self,
        exchange: Exchange,
        record: Any,
        how: View,
        meta: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        seen = self._resource.seen(exchange.caller, record)
        included = load_included(self._tools.store, exchange.caller, self._resource, [seen], how)
        return single_document(self._resource, seen, how, included, meta)

    def _list_reply(
        self,
        exchange: Exchange,
        rows: Sequence[Any],
        how: View,
        links: Mapping[str, str],
        meta: Mapping[str, Any],
    ) -> Reply:
        caller = exchange.caller
        seen = [self._resource.seen(caller, row) for row in rows]
        included = load_included(self._tools.store, caller, self._resource, seen, how)
        return document_reply(200, list_document(self._resource, seen, how, included, links, meta))


def _one(resource: AnyResource) -> str:
    """``an API token``, for people."""
    said = _words(resource.singular)
    return f"{'an' if said[0] in _VOWELS else 'a'} {said}"


def _words(name: str) -> str:
    return name.replace("_", " ").replace("api ", "API ")


def _record_id(exchange: Exchange) -> int:
    record_id = parse_id(exchange.request.route_arguments["id"])
    if record_id is None:
        raise RecordNotFound
    return record_id


def _rows(
    exchange: Exchange, lister: Lister[Any], asked: ListQuery
) -> tuple[Sequence[Any], Mapping[str, str], Mapping[str, Any]]:
    """The rows of a list, its links and its meta."""
    request = exchange.request
    url = request.base_url + request.path
    match asked.page:
        case PageNumber() as page:
            found = lister.page(exchange.caller, asked)
            links = page_links(url, request.parameters, page, found.total_count)
            return found.rows, links, page_meta(page, found.total_count)
        case PageAfter() as page:
            rows, following = _walk(exchange, lister, asked, page)
            return rows, cursor_links(url, request.parameters, page, following), cursor_meta(page)


def _walk(
    exchange: Exchange, lister: Lister[Any], asked: ListQuery, page: PageAfter
) -> tuple[Sequence[Any], str | None]:
    def position(listing: str) -> str | None:
        return read_cursor(listing, page.cursor) if page.cursor else None

    try:
        found, listing = lister.walk(exchange.caller, asked, position)
    except BadPosition as error:
        raise InvalidCursor(PARAMETER) from error
    following = found.following
    return found.rows, None if following is None else write_cursor(listing, following)
