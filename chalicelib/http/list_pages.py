"""The page of a list: its records, and the ``links`` and ``meta`` of its document.

Contract section 6.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.core.errors import InvalidCursor, QueryTooBroad
from chalicelib.core.lists import InvalidPosition, Page
from chalicelib.http.request import AuthenticatedRequest
from chalicelib.jsonapi.cursors import CURSOR_PARAMETER, read_cursor, write_cursor
from chalicelib.jsonapi.in_memory_list import CursorReader, ListReader
from chalicelib.jsonapi.paging import cursor_links, cursor_meta, page_links, page_meta
from chalicelib.jsonapi.parameters import ListQuery, PageAfter, PageNumber

MAX_RESPONSE_BYTES = 6_000_000
"""Lambda's limit is 6 MB (6,291,456 bytes) for a response with its headers. Above it, API Gateway
would answer 502."""

_MAX_BYTES_PER_CHARACTER = 12
"""The runtimes for Python 3.11 and earlier write ASCII: ``\\ud83d\\ude00`` for an emoji."""

ListPage = tuple[Sequence[Any], Mapping[str, str], Mapping[str, Any]]
"""The records of a page, and the ``links`` and ``meta`` of its document."""

_NOTHING: Page[Any] = Page((), 0)

ReadPage = Callable[[AuthenticatedRequest, ListQuery], ListPage]


def require_response_size(body: str) -> None:
    """Check that Lambda can return a page. Raises ``QueryTooBroad`` if it is too large."""
    if len(body) * _MAX_BYTES_PER_CHARACTER <= MAX_RESPONSE_BYTES:
        return
    # As the runtime encodes it.
    if len(json.dumps(body)) > MAX_RESPONSE_BYTES:
        raise QueryTooBroad("page[size]", "This page is too large. Use a smaller `page[size]`.")


def read_page(reader: ListReader[Any], request: AuthenticatedRequest, query: ListQuery) -> ListPage:
    """A page by number or by cursor, as the query asks for."""
    match query.page:
        case PageNumber() as page:
            result = _NOTHING
            if not query.conditions.match_nothing:
                result = reader.page(request.caller, query)
            parameters, url = request.request.parameters, _url(request)
            links = page_links(url, parameters, page, result.total_count)
            return result.rows, links, page_meta(page, result.total_count)
        case PageAfter() as page:
            return _cursor_page(reader, request, query, page)


def read_cursor_page(
    reader: CursorReader[Any], request: AuthenticatedRequest, query: ListQuery
) -> ListPage:
    """A page by cursor, of a resource that declares ``cursor_only``."""
    if isinstance(query.page, PageNumber):
        raise TypeError("the resource must declare cursor_only")
    return _cursor_page(reader, request, query, query.page)


def _cursor_page(
    reader: CursorReader[Any], request: AuthenticatedRequest, query: ListQuery, page: PageAfter
) -> ListPage:
    rows, cursor = _rows_after_cursor(reader, request, query, page)
    links = cursor_links(_url(request), request.request.parameters, page, cursor)
    return rows, links, cursor_meta(page)


def _url(request: AuthenticatedRequest) -> str:
    return request.request.base_url + request.request.path


def _rows_after_cursor(
    reader: CursorReader[Any], request: AuthenticatedRequest, query: ListQuery, page: PageAfter
) -> tuple[Sequence[Any], str | None]:
    """Return the records of a page, and the cursor of the next page if there is one."""
    if query.conditions.match_nothing:
        if page.cursor:
            # No such list ever has a second page.
            raise InvalidCursor(CURSOR_PARAMETER)
        return (), None

    def position(listing: str) -> str | None:
        return read_cursor(listing, page.cursor) if page.cursor else None

    try:
        result, listing = reader.cursor_page(request.caller, query, position)
    except InvalidPosition as error:
        raise InvalidCursor(CURSOR_PARAMETER) from error
    following = result.following
    return result.rows, None if following is None else write_cursor(listing, following)
