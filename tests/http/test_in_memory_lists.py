"""Lists that are paged in memory: both page modes, and the scope of a cursor."""

from typing import Any

import pytest
from pynamodb.connection import Connection

from chalicelib.dynamodb.database import MAX_DIRECTORY_PAGES
from chalicelib.jsonapi.cursors import write_cursor
from chalicelib.jsonapi.in_memory_list import InMemoryList
from chalicelib.services.model import Service
from tests.support.api import Api
from tests.support.clock import FakeClock
from tests.support.failing_calls import failing
from tests.support.fixtures import ADMIN, MEMBER, Fixtures, put_all
from tests.support.fixtures import ZAGREB as STUDIO


def read_all_pages(api: Api, path: str) -> list[list[str]]:
    """The ids on each page, by following the ``next`` links."""
    pages = []
    response = api.get(path)
    while True:
        pages.append(response.ids)
        next_link = response.document["links"].get("next")
        if next_link is None:
            return pages
        response = api.get(next_link.partition("/api/v2")[2])


@pytest.mark.parametrize("sort", ["name", "-name"])
def test_cursor_pages_return_each_record_once(admin: Api, sort: str) -> None:
    all_ids = admin.get(f"/people?sort={sort}").ids
    pages = read_all_pages(admin, f"/people?sort={sort}&page[after]=&page[size]=3")
    assert [len(page) for page in pages] == [3, 1]
    assert [record_id for page in pages for record_id in page] == all_ids
    assert read_all_pages(admin, f"/people?sort={sort}&page[after]=&page[size]=4") == [all_ids]


def test_records_with_equal_sort_values_are_ordered_by_id(admin: Api, fixtures: Fixtures) -> None:
    assert fixtures.tokens
    put_all(*(Service(number, STUDIO.id, "Same") for number in range(1, 8)))
    pages = read_all_pages(admin, "/services?filter[name]=same&page[after]=&page[size]=2")
    assert pages == [["1", "2"], ["3", "4"], ["5", "6"], ["7"]]
    pages = read_all_pages(
        admin, "/services?filter[name]=same&page[after]=&page[size]=2&sort=-name"
    )
    assert pages == [["7", "6"], ["5", "4"], ["3", "2"], ["1"]]


def test_paging_continues_at_the_old_position_of_a_renamed_record(admin: Api) -> None:
    first = admin.get("/services?page[after]=&page[size]=2")
    assert admin.patch(f"/services/{first.ids[-1]}", name_document("Zzz")).status == 200
    second = admin.get(first.document["links"]["next"].partition("/api/v2")[2])
    assert first.ids[-1] not in second.ids[:-1]
    assert len(second.data) == 2


def name_document(name: str) -> dict[str, Any]:
    return {"data": {"attributes": {"name": name}}}


def test_page_mode_returns_the_total_count(admin: Api) -> None:
    response = admin.get("/people?page[size]=3&page[number]=2&filter[status]=1,2")
    assert response.meta == {
        "current_page": 2,
        "total_pages": 2,
        "total_count": 4,
        "page_size": 3,
        "max_page_size": 200,
    }
    assert set(response.document["links"]) == {"first", "last", "prev"}
    assert admin.get("/people?page[number]=9").data == []


def test_cursor_of_another_list_or_caller_is_rejected(admin: Api, member: Api) -> None:
    query = "page[size]=1&sort=name"
    next_link = admin.get(f"/people?{query}&page[after]=").document["links"]["next"]
    cursor = next(part for part in next_link.split("&") if "after" in part).partition("=")[2]
    assert admin.get(f"/people?{query}&page[after]={cursor}").ids == [str(MEMBER)]
    for api, path in (
        (admin, f"/people?page[size]=1&sort=-name&page[after]={cursor}"),
        (admin, f"/people?{query}&filter[status]=1&page[after]={cursor}"),
        (admin, f"/services?{query}&page[after]={cursor}"),
        (member, f"/people?{query}&page[after]={cursor}"),
    ):
        response = api.get(path)
        assert (response.status, response.error["code"]) == (400, "keyset_invalid_cursor")


@pytest.mark.parametrize(
    "position", ["", "x", "[]", "[1, 2]", '[false, 7, "x"]', "[[], {}, null]", "[" * 3000]
)
def test_cursor_with_a_forged_position_is_rejected(
    admin: Api, monkeypatch: pytest.MonkeyPatch, position: str
) -> None:
    listing = ""
    original_description = InMemoryList._description

    def record_description(self: InMemoryList[Any], caller: Any, query: Any) -> str:
        nonlocal listing
        listing = original_description(self, caller, query)
        return listing

    monkeypatch.setattr(InMemoryList, "_description", record_description)
    admin.get("/people?page[after]=")
    response = admin.get(f"/people?page[after]={write_cursor(listing, position)}")
    assert (response.status, response.error["code"]) == (400, "keyset_invalid_cursor")


def test_list_of_more_than_five_query_pages_is_too_broad(
    admin: Api, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.get("/people/1")
    dispatch, queries = connection.dispatch, []

    def dispatch_one_record_pages(operation: str, arguments: dict[str, Any], *rest: Any) -> Any:
        if operation == "Query":
            queries.append(operation)
            arguments = {**arguments, "Limit": 1}
        return dispatch(operation, arguments, *rest)

    # Query pages of one record instead of 1 MB.
    monkeypatch.setattr(connection, "dispatch", dispatch_one_record_pages)
    assert len(admin.get("/services").data) == 3
    put_all(*(Service(number, STUDIO.id, "One more") for number in range(1, 3)))
    queries.clear()
    response = admin.get("/services")
    assert (response.status, response.error["code"]) == (400, "query_too_broad")
    assert response.error["source"] == {"parameter": "filter[id]"}
    assert len(queries) == MAX_DIRECTORY_PAGES
    assert admin.get("/services?filter[id]=1").ids == ["1"]


def test_throttled_list_returns_503(admin: Api, connection: Connection, clock: FakeClock) -> None:
    assert clock() > 0
    admin.get(f"/people/{ADMIN}")
    with failing(connection, "Query", "ThrottlingException"):
        assert admin.get("/people").status == 503
