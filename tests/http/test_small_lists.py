"""Lists that are paged in memory: both modes, and what a cursor is good for."""

from typing import Any

import pytest
from pynamodb.connection import Connection

from chalicelib.domain.directory import Service
from chalicelib.jsonapi.cursors import write_cursor
from chalicelib.services.lists import SmallList
from chalicelib.store import directory
from tests.support.api import Api
from tests.support.clock import FakeClock
from tests.support.faults import failing
from tests.support.world import ADMIN, MEMBER, World, put_all
from tests.support.world import ZAGREB as STUDIO


def walk(api: Api, path: str) -> list[list[str]]:
    """The ids of each page, following links."""
    pages = []
    answer = api.get(path)
    while True:
        pages.append(answer.ids)
        following = answer.document["links"].get("next")
        if following is None:
            return pages
        answer = api.get(following.partition("/api/v2")[2])


@pytest.mark.parametrize("sort", ["name", "-name"])
def test_a_walk_sees_everything_once(admin: Api, sort: str) -> None:
    everything = admin.get(f"/people?sort={sort}").ids
    pages = walk(admin, f"/people?sort={sort}&page[after]=&page[size]=3")
    assert [len(page) for page in pages] == [3, 1]
    assert [record_id for page in pages for record_id in page] == everything
    assert walk(admin, f"/people?sort={sort}&page[after]=&page[size]=4") == [everything]


def test_equal_values_are_told_apart_by_their_ids(admin: Api, world: World) -> None:
    assert world.tokens
    put_all(*(Service(number, STUDIO.id, "Same") for number in range(1, 8)))
    pages = walk(admin, "/services?filter[name]=same&page[after]=&page[size]=2")
    assert pages == [["1", "2"], ["3", "4"], ["5", "6"], ["7"]]
    pages = walk(admin, "/services?filter[name]=same&page[after]=&page[size]=2&sort=-name")
    assert pages == [["7", "6"], ["5", "4"], ["3", "2"], ["1"]]


def test_a_walk_goes_on_where_its_last_row_was(admin: Api) -> None:
    first = admin.get("/services?page[after]=&page[size]=2")
    assert admin.patch(f"/services/{first.ids[-1]}", named("Zzz")).status == 200
    following = admin.get(first.document["links"]["next"].partition("/api/v2")[2])
    assert first.ids[-1] not in following.ids[:-1]
    assert len(following.data) == 2


def named(name: str) -> dict[str, Any]:
    return {"data": {"attributes": {"name": name}}}


def test_pages_are_counted(admin: Api) -> None:
    answer = admin.get("/people?page[size]=3&page[number]=2&filter[status]=1,2")
    assert answer.meta == {
        "current_page": 2,
        "total_pages": 2,
        "total_count": 4,
        "page_size": 3,
        "max_page_size": 200,
    }
    assert set(answer.document["links"]) == {"first", "last", "prev"}
    assert admin.get("/people?page[number]=9").data == []


def test_a_cursor_is_good_for_its_own_list(admin: Api, member: Api) -> None:
    query = "page[size]=1&sort=name"
    following = admin.get(f"/people?{query}&page[after]=").document["links"]["next"]
    cursor = next(part for part in following.split("&") if "after" in part).partition("=")[2]
    assert admin.get(f"/people?{query}&page[after]={cursor}").ids == [str(MEMBER)]
    for api, path in (
        (admin, f"/people?page[size]=1&sort=-name&page[after]={cursor}"),
        (admin, f"/people?{query}&filter[status]=1&page[after]={cursor}"),
        (admin, f"/services?{query}&page[after]={cursor}"),
        (member, f"/people?{query}&page[after]={cursor}"),
    ):
        answer = api.get(path)
        assert (answer.status, answer.error["code"]) == (400, "keyset_invalid_cursor")


@pytest.mark.parametrize(
    "position", ["", "x", "[]", "[1, 2]", '[false, 7, "x"]', "[[], {}, null]", "[" * 3000]
)
def test_a_forged_position_is_no_cursor(
    admin: Api, monkeypatch: pytest.MonkeyPatch, position: str
) -> None:
    listing = ""
    describe = SmallList._description

    def note(self: SmallList[Any], caller: Any, asked: Any) -> str:
        nonlocal listing
        listing = describe(self, caller, asked)
        return listing

    monkeypatch.setattr(SmallList, "_description", note)
    admin.get("/people?page[after]=")
    answer = admin.get(f"/people?page[after]={write_cursor(listing, position)}")
    assert (answer.status, answer.error["code"]) == (400, "keyset_invalid_cursor")


def test_more_than_five_pages_are_too_broad(
    admin: Api, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.get("/people/1")
    dispatch, queries = connection.dispatch, []

    def one_at_a_time(operation: str, arguments: dict[str, Any], *rest: Any) -> Any:
        if operation == "Query":
            queries.append(operation)
            arguments = {**arguments, "Limit": 1}
        return dispatch(operation, arguments, *rest)

    # Pages of one record, instead of ones of 1 MB.
    monkeypatch.setattr(connection, "dispatch", one_at_a_time)
    assert len(admin.get("/services").data) == 4
    put_all(*(Service(number, STUDIO.id, "One more") for number in range(1, 3)))
    queries.clear()
    answer = admin.get("/services")
    assert (answer.status, answer.error["code"]) == (400, "query_too_broad")
    assert answer.error["source"] == {"parameter": "filter[id]"}
    assert len(queries) == directory.MOST_PAGES
    assert admin.get("/services?filter[id]=1").ids == ["1"]


def test_a_busy_database_is_told(admin: Api, connection: Connection, clock: FakeClock) -> None:
    assert clock() > 0
    admin.get(f"/people/{ADMIN}")
    with failing(connection, "Query", "ThrottlingException"):
        assert admin.get("/people").status == 503
