"""GET /timers in cursor mode: contract section 6."""

import base64
from itertools import chain
from urllib.parse import parse_qs, urlparse

import pytest
from pynamodb.connection import Connection

from tests.support.api import Api, Response
from tests.support.call_counter import counted
from tests.support.clock import MINUTE, FakeClock
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, MEMBER, MEMBERS_ENTRY

# Engines differ in the positions that they accept.
pytestmark = pytest.mark.every_engine


@pytest.fixture
def ids(admin: Api, member: Api, clock: FakeClock) -> list[str]:
    """The ids of seven timers of the admin and one of the member between them, by start time."""
    timer_ids = []
    for number in range(7):
        timer_ids.append(admin.start(time_entry_id=ADMINS_ENTRY).data["id"])
        clock.advance(MINUTE)
        if number == 3:
            timer_ids.append(member.start(time_entry_id=MEMBERS_ENTRY).data["id"])
            clock.advance(MINUTE)
    return timer_ids


def read_all_pages(api: Api, query: str) -> list[list[str]]:
    """The ids on each page, from the first to the last, by following the ``next`` links."""
    pages = []
    path = f"/timers?page[after]=&page[size]=3{query}"
    while True:
        response = api.get(path)
        assert response.status == 200
        assert response.meta == {"page_size": 3, "max_page_size": 200}
        pages.append(response.ids)
        links = response.document["links"]
        assert links["first"].startswith("http://stint.test/api/v2/timers?")
        if "next" not in links:
            return pages
        path = links["next"].removeprefix("http://stint.test/api/v2")


def next_cursor(response: Response) -> str:
    parameters = parse_qs(urlparse(response.document["links"]["next"]).query)
    return str(parameters["page[after]"][0])


def test_cursor_pages_return_each_timer_once(admin: Api, ids: list[str]) -> None:
    assert read_all_pages(admin, "") == [ids[:3], ids[3:6], ids[6:]]
    assert read_all_pages(admin, "&sort=-started_at") == [ids[:4:-1], ids[4:1:-1], ids[1::-1]]


def test_next_links_preserve_filter_and_sort(admin: Api, ids: list[str]) -> None:
    members_timer = ids[4]
    admins_timers = [timer_id for timer_id in ids if timer_id != members_timer]
    assert list(chain(*read_all_pages(admin, f"&filter[person_id]={ADMIN}"))) == admins_timers
    pages = read_all_pages(admin, f"&filter[person_id][not_eq]={MEMBER}&sort=-stopped_at")
    assert list(chain(*pages)) == admins_timers[::-1]
    assert read_all_pages(admin, f"&filter[person_id]={MEMBER}") == [[members_timer]]
    assert read_all_pages(admin, "&filter[person_id]=1") == [[]]


def test_member_pages_through_own_timers(member: Api, ids: list[str]) -> None:
    assert read_all_pages(member, "") == [[ids[4]]]


def test_first_link_points_to_the_first_page(admin: Api, ids: list[str]) -> None:
    response = admin.get(f"/timers?page[after]=&page[size]=3&filter[person_id]={ADMIN}&x=1")
    assert ids
    expected = f"filter%5Bperson_id%5D={ADMIN}&page%5Bafter%5D=&page%5Bsize%5D=3&x=1"
    assert response.document["links"]["first"] == f"http://stint.test/api/v2/timers?{expected}"


def test_include_works_with_cursor_pages(admin: Api, ids: list[str]) -> None:
    response = admin.get("/timers?page[after]=&page[size]=2&include=time_entry")
    assert response.ids == ids[:2]
    assert [record["id"] for record in response.document["included"]] == [str(ADMINS_ENTRY)]


def test_timer_added_while_paging_is_returned_once(
    admin: Api, ids: list[str], clock: FakeClock
) -> None:
    first = admin.get("/timers?page[after]=&page[size]=6")
    clock.advance(MINUTE)
    added = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    second = admin.get(f"/timers?page[size]=6&page[after]={next_cursor(first)}")
    assert first.ids + second.ids == [*ids, added]


@pytest.mark.parametrize(
    "query",
    [
        "&sort=-started_at",
        "&sort=stopped_at",
        f"&filter[person_id]={ADMIN}",
        "&filter[started_at][gt]=2026-03-01",
    ],
)
def test_cursor_of_another_list_is_rejected(admin: Api, ids: list[str], query: str) -> None:
    assert ids
    cursor = next_cursor(admin.get("/timers?page[after]=&page[size]=3"))
    response = admin.get(f"/timers?page[after]={cursor}{query}")
    assert (response.status, response.error["code"]) == (400, "keyset_invalid_cursor")
    assert response.error["source"] == {"parameter": "page[after]"}


def test_cursor_of_another_caller_is_rejected(
    admin: Api, member: Api, stranger: Api, ids: list[str]
) -> None:
    assert ids
    cursor = next_cursor(admin.get("/timers?page[after]=&page[size]=3"))
    for other in (member, stranger):
        response = other.get(f"/timers?page[after]={cursor}")
        assert response.error["code"] == "keyset_invalid_cursor"


def test_cursor_works_with_another_page_size(admin: Api, ids: list[str]) -> None:
    cursor = next_cursor(admin.get("/timers?page[after]=&page[size]=3"))
    assert admin.get(f"/timers?page[after]={cursor}&page[size]=200").ids == ids[3:]


@pytest.mark.parametrize("forged", ["x", "%00", "AAAA", "!!!!", "é", "=" * 8, "A" * 500])
def test_forged_cursor_is_rejected(admin: Api, ids: list[str], forged: str) -> None:
    assert ids
    response = admin.get(f"/timers?page[after]={forged}")
    assert (response.status, response.error["code"]) == (400, "keyset_invalid_cursor")


@pytest.mark.parametrize("position", [b"", b"nowhere", b"1#1", b"\xff\xfe", b"9999999999#x"])
def test_cursor_with_a_valid_hash_and_an_invalid_position_is_rejected(
    admin: Api, ids: list[str], position: bytes
) -> None:
    assert ids
    cursor = next_cursor(admin.get("/timers?page[after]=&page[size]=3"))
    list_hash = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[:12]
    forged = base64.urlsafe_b64encode(list_hash + position).decode().rstrip("=")
    response = admin.get(f"/timers?page[after]={forged}")
    assert (response.status, response.error["code"]) == (400, "keyset_invalid_cursor")


@pytest.mark.parametrize("other", ["page[number]=1", "page=1"])
def test_cursor_and_page_number_cannot_be_combined(admin: Api, other: str) -> None:
    response = admin.get(f"/timers?page[after]=&{other}")
    assert (response.status, response.error["code"]) == (400, "keyset_conflict")
    assert response.error["source"] == {"parameter": "page[after]"}


def test_cursor_page_takes_one_dynamodb_call(
    admin: Api, ids: list[str], connection: Connection
) -> None:
    assert ids
    admin.get("/timers/1")
    with counted(connection) as calls:
        cursor = next_cursor(admin.get("/timers?page[after]=&page[size]=3"))
        admin.get(f"/timers?page[after]={cursor}&page[size]=3")
    assert calls == ["Query", "Query"]
