"""Page mode's ``links`` and ``meta``, as the source document shows them. Contract section 6."""

from urllib.parse import quote

from chalicelib.jsonapi.parameters import MAX_PAGE_SIZE, PageNumber, Parameters

_OURS = frozenset({"page", "per_page", "page[number]", "page[size]"})


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
    kept = [(name, value) for name, value in parameters if name not in _OURS]
    return {
        rel: f"{url}?{_query([*kept, *_page_parameters(number, page.size)])}"
        for rel, number in targets.items()
    }


def _total_pages(page: PageNumber, total_count: int) -> int:
    return -(-total_count // page.size)


def _page_parameters(number: int, size: int) -> Parameters:
    return [("page[number]", str(number)), ("page[size]", str(size))]


def _query(parameters: Parameters) -> str:
    # Sorted by name alone: the order of repeated parameters may mean something.
    ordered = sorted(parameters, key=lambda parameter: parameter[0])
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in ordered)
