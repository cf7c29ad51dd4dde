"""``links`` and ``meta`` of offset pages: the source document and contract section 6."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.jsonapi.paging import page_links, page_meta
from chalicelib.jsonapi.parameters import PageNumber, Parameters

URL = "http://api-test.productive.io/api/v2/timers"


def _pages(links: dict[str, str]) -> dict[str, str]:
    return {
        rel: dict(parse_qsl(urlsplit(link).query))["page[number]"] for rel, link in links.items()
    }


def test_page_links_and_meta_equal_the_source_document() -> None:
    links = page_links(URL, [], PageNumber(), 2)
    first = f"{URL}?page%5Bnumber%5D=1&page%5Bsize%5D=30"
    assert list(links.items()) == [("first", first), ("last", first)]
    assert list(page_meta(PageNumber(), 2).items()) == [
        ("current_page", 1),
        ("total_pages", 1),
        ("total_count", 2),
        ("page_size", 30),
        ("max_page_size", 200),
    ]


@pytest.mark.parametrize(
    ("number", "total_count", "pages"),
    [
        pytest.param(1, 30, {"first": "1", "last": "1"}, id="one full page"),
        pytest.param(1, 31, {"first": "1", "last": "2", "next": "2"}, id="first of two pages"),
        pytest.param(2, 31, {"first": "1", "last": "2", "prev": "1"}, id="last of two pages"),
        pytest.param(
            2, 90, {"first": "1", "last": "3", "prev": "1", "next": "3"}, id="middle page"
        ),
        pytest.param(4, 90, {"first": "1", "last": "3", "prev": "3"}, id="just past the end"),
        pytest.param(99, 90, {"first": "1", "last": "3", "prev": "3"}, id="far past the end"),
        pytest.param(1, 0, {"first": "1", "last": "1"}, id="empty list"),
        pytest.param(
            2, 0, {"first": "1", "last": "1", "prev": "1"}, id="past the end of an empty list"
        ),
    ],
)
def test_prev_and_next_links_exist_only_for_existing_pages(
    number: int, total_count: int, pages: dict[str, str]
) -> None:
    assert _pages(page_links(URL, [], PageNumber(number), total_count)) == pages


@pytest.mark.parametrize(
    ("total_count", "size", "total_pages"),
    [(0, 30, 0), (1, 30, 1), (30, 30, 1), (31, 30, 2), (200, 200, 1), (3, 1, 3)],
)
def test_total_pages_is_zero_for_an_empty_list_and_rounds_up(
    total_count: int, size: int, total_pages: int
) -> None:
    assert page_meta(PageNumber(1, size), total_count)["total_pages"] == total_pages


def test_meta_past_the_last_page_has_the_requested_page_number() -> None:
    meta = page_meta(PageNumber(9), 31)
    assert (meta["current_page"], meta["total_pages"]) == (9, 2)


@pytest.mark.parametrize(
    ("parameters", "query"),
    [
        pytest.param(
            [("sort", "-started_at"), ("filter[person_id]", "1,2")],
            "filter%5Bperson_id%5D=1%2C2&page%5Bnumber%5D=1&page%5Bsize%5D=30&sort=-started_at",
            id="sorted by name",
        ),
        pytest.param(
            [("filter[person_id][]", "2"), ("a", "x"), ("filter[person_id][]", "1")],
            "a=x&filter%5Bperson_id%5D%5B%5D=2&filter%5Bperson_id%5D%5B%5D=1"
            "&page%5Bnumber%5D=1&page%5Bsize%5D=30",
            id="repeated parameters in their order",
        ),
        pytest.param(
            [("filter[started_at]", "2026-03-02T09:00:00+01:00")],
            "filter%5Bstarted_at%5D=2026-03-02T09%3A00%3A00%2B01%3A00"
            "&page%5Bnumber%5D=1&page%5Bsize%5D=30",
            id="plus sign is encoded",
        ),
        pytest.param(
            [("q", "a b/c&d=e#f?g"), ("z\u017e", "\u010d")],
            "page%5Bnumber%5D=1&page%5Bsize%5D=30&q=a%20b%2Fc%26d%3De%23f%3Fg&z%C5%BE=%C4%8D",
            id="percent-encoded",
        ),
        pytest.param(
            [("include", "")], "include=&page%5Bnumber%5D=1&page%5Bsize%5D=30", id="empty parameter"
        ),
        pytest.param(
            [("page", "1"), ("per_page", "30"), ("page[size]", "30")],
            "page%5Bnumber%5D=1&page%5Bsize%5D=30",
            id="page parameters in one syntax",
        ),
    ],
)
def test_links_contain_every_query_parameter(parameters: Parameters, query: str) -> None:
    assert page_links(URL, parameters, PageNumber(), 1)["first"] == f"{URL}?{query}"


def test_links_contain_the_effective_page_size() -> None:
    links = page_links(URL, [("page[size]", "5000")], PageNumber(1, 200), 1)
    assert links["first"] == f"{URL}?page%5Bnumber%5D=1&page%5Bsize%5D=200"


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=5))
def test_link_query_parses_back_to_the_request_parameters(
    parameters: list[tuple[str, str]],
) -> None:
    link = page_links(URL, parameters, PageNumber(2, 5), 100)["next"]
    parsed = parse_qsl(urlsplit(link).query, keep_blank_values=True)
    page_parameters = [("page[number]", "3"), ("page[size]", "5")]
    assert sorted(parsed) == sorted([*_without_page_parameters(parameters), *page_parameters])


def _without_page_parameters(parameters: Parameters) -> Parameters:
    return [parameter for parameter in parameters if parameter[0] not in ("page", "per_page")]
