"""Responses in CSV: a whole list, up to 5 MB. Contract section 10a.

The body is built page by page, and the limit is checked after each page. So the memory that it
takes is bounded. Import this module only for a response in CSV.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo
from typing import Any

from msgspec.structs import replace

from chalicelib.core.errors import QueryTooBroad
from chalicelib.core.lists import CursorPage, all_pages, from_position
from chalicelib.core.permissions import Caller
from chalicelib.dynamodb.database import Database
from chalicelib.http.csv_table import CsvTable, RelatedRecords, csv_chunks
from chalicelib.http.formats import CsvExport
from chalicelib.http.list_pages import MAX_RESPONSE_BYTES
from chalicelib.http.request import AuthenticatedRequest
from chalicelib.http.responses import HttpResponse
from chalicelib.jsonapi.in_memory_list import CursorReader
from chalicelib.jsonapi.parameters import (
    ListQuery,
    PageAfter,
    read_list_query,
    read_view_options,
)
from chalicelib.jsonapi.resource import AnyResource

MAX_CSV_BYTES = 5_000_000
_PAGE_SIZE = 2_000
# An exact list reaches 5 MB before. Of a list that is filtered in memory, a page takes up to five
# calls of 1 MB and may have no rows.
_MAX_PAGES = 30


def list_response(
    csv: CsvExport,
    resource: AnyResource,
    reader: CursorReader[Any],
    database: Database,
    request: AuthenticatedRequest,
) -> HttpResponse:
    """Return a whole list. It takes the filters, the sort and ``fields`` of the list."""
    caller, parameters = request.caller, request.request.parameters
    fields = read_view_options(resource, parameters, caller.zone).fields.get(resource.type)
    query = read_list_query(resource, without_pages(parameters), caller.zone)
    table: CsvTable = csv.table().of_members(fields)
    pages = list_pages(reader, caller, query)
    related = RelatedRecords(database, caller.organization.id)
    return csv_response(table, pages, related, caller.zone, f"{resource.type}.csv", csv.narrow)


def csv_response(
    table: CsvTable,
    pages: Iterable[Sequence[Any]],
    related: RelatedRecords,
    zone: tzinfo,
    file_name: str,
    narrow: str,
) -> HttpResponse:
    """Return a response with all rows.

    :param pages: the records, page by page.
    :param zone: the time zone of times.
    :param file_name: a name without quotes.
    :param narrow: the query parameter that makes the list shorter.
    :raises QueryTooBroad: if the body is larger than 5 MB, or the pages are too many.
    """
    chunks = csv_chunks(table, pages, related, zone)
    return HttpResponse(
        200,
        "".join(_limited(chunks, narrow)),
        {
            "Content-Type": "text/csv; charset=utf-8; header=present",
            "Content-Disposition": f'attachment; filename="{file_name}"',
        },
    )


def list_pages(
    reader: CursorReader[Any], caller: Caller, query: ListQuery
) -> Iterator[Sequence[Any]]:
    """Return a whole list, page by page, in the order of the query."""
    if query.conditions.match_nothing:
        return iter(())
    query = replace(query, page=PageAfter("", _PAGE_SIZE))

    def read(position: str | None) -> CursorPage[Any]:
        return reader.cursor_page(caller, query, from_position(position))[0]

    return all_pages(read)


def without_pages(parameters: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the parameters without those of pages: CSV has none."""
    return [
        (name, value)
        for name, value in parameters
        if name not in ("page", "per_page") and not name.startswith("page[")
    ]


def _limited(chunks: Iterable[str], narrow: str) -> Iterator[str]:
    size = encoded = 0
    for number, chunk in enumerate(chunks):
        size += len(chunk.encode())
        # As the runtime encodes it for API Gateway, with its own limit.
        encoded += len(json.dumps(chunk))
        if size > MAX_CSV_BYTES or encoded > MAX_RESPONSE_BYTES or number > _MAX_PAGES:
            raise QueryTooBroad(
                narrow, "This file would be too large. Use a shorter range in this filter."
            )
        yield chunk
