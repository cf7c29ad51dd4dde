"""``links`` and ``meta`` of lists, in page mode and in cursor mode. Contract section 6."""

from urllib.parse import quote

from chalicelib.jsonapi.cursors import CURSOR_PARAMETER
from chalicelib.jsonapi.parameters import MAX_PAGE_SIZE, PageAfter, PageNumber, Parameters

_PAGE_PARAMETERS = frozenset({"page", "per_page", "page[number]", "page[size]", CURSOR_PARAMETER})


def page_meta(page: PageNumber, total_count: int) -> dict[str, int]:
    """Return the ``meta`` of a page in page mode. An empty list has 0 pages."""
    return {
        "current_page": page.number,
        "total_pages": _total_pages(page, total_count),
        "total_count": total_count,
        "page_size": page.size,
        "max_page_size": MAX_PAGE_SIZE,
    }


def page_links(
    url: str, parameters: Parameters, page: PageNumber, total_count: int
) -> dict[str, str]:
    """Return links to the first, last, previous and next page, with all query parameters."""
    last = max(1, _total_pages(page, total_count))
    targets = {"first": 1, "last": last}
    if page.number > 1:
        targets["prev"] = min(page.number - 1, last)
    if page.number < last:
        targets["next"] = page.number + 1
    return {
        rel: _link(url, parameters, "page[number]", str(number), page.size)
        for rel, number in targets.items()
    }


def cursor_meta(page: PageAfter) -> dict[str, int]:
    """Return the ``meta`` of a page in cursor mode. It has no totals."""
    return {"page_size": page.size, "max_page_size": MAX_PAGE_SIZE}


def cursor_links(
    url: str, parameters: Parameters, page: PageAfter, following: str | None
) -> dict[str, str]:
    """Return links to the first page and, if there is one, to the next page.

    They contain all query parameters. ``following`` is the cursor of the next page.
    """
    targets = {"first": ""}
    if following is not None:
        targets["next"] = following
    return {
        rel: _link(url, parameters, CURSOR_PARAMETER, cursor, page.size)
        for rel, cursor in targets.items()
    }


def _link(url: str, parameters: Parameters, name: str, value: str, size: int) -> str:
    others = [parameter for parameter in parameters if parameter[0] not in _PAGE_PARAMETERS]
    return f"{url}?{_query([*others, (name, value), ('page[size]', str(size))])}"


def _total_pages(page: PageNumber, total_count: int) -> int:
    return -(-total_count // page.size)


def _query(parameters: Parameters) -> str:
    # Sorted only by name: the order of repeated parameters may be significant.
    by_name = sorted(parameters, key=lambda parameter: parameter[0])
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in by_name)
