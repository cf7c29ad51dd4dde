"""``links`` and ``meta`` of lists, in page mode and in cursor mode. Contract section 6."""

from urllib.parse import quote

from chalicelib.jsonapi.cursors import PARAMETER
from chalicelib.jsonapi.parameters import MAX_PAGE_SIZE, PageAfter, PageNumber, Parameters

_OURS = frozenset({"page", "per_page", "page[number]", "page[size]", PARAMETER})


def page_meta(page: PageNumber, total_count: int) -> dict[str, int]:
    """Where in the list this page lies. An empty list has 0 pages."""
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
    """Links to the pages around this one; every query parameter is kept."""
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
    """Cursor mode counts nothing."""
    return {"page_size": page.size, "max_page_size": MAX_PAGE_SIZE}


def cursor_links(
    url: str, parameters: Parameters, page: PageAfter, following: str | None
) -> dict[str, str]:
    """Links to the beginning and, until the end, to what follows; parameters are kept."""
    targets = {"first": ""}
    if following is not None:
        targets["next"] = following
    return {
        rel: _link(url, parameters, PARAMETER, cursor, page.size) for rel, cursor in targets.items()
    }


def _link(url: str, parameters: Parameters, where: str, at: str, size: int) -> str:
    kept = [(name, value) for name, value in parameters if name not in _OURS]
    return f"{url}?{_query([*kept, (where, at), ('page[size]', str(size))])}"


def _total_pages(page: PageNumber, total_count: int) -> int:
    return -(-total_count // page.size)


def _query(parameters: Parameters) -> str:
    # Sorted by name alone: the order of repeated parameters may mean something.
    ordered = sorted(parameters, key=lambda parameter: parameter[0])
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in ordered)
