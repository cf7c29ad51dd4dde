"""GET /timers in cursor mode: contract section 6."""

import base64
from itertools import chain
from urllib.parse import parse_qs, urlparse

import pytest
from pynamodb.connection import Connection

from tests.support.api import Answer, Api
from tests.support.calls import counted
from tests.support.clock import MINUTE, FakeClock
from tests.support.world import ADMIN, ADMINS_ENTRY, MEMBER, MEMBERS_ENTRY


@pytest.fixture
def ids(admin: Api, member: Api, clock: FakeClock) -> list[str]:
    """Seven timers of the admin, and one of the member in their midst; in order of start."""
    found = []
    for number in range(7):
        found.append(admin.start(time_entry_id=ADMINS_ENTRY).data["id"])
        clock.advance(MINUTE)
        if number == 3:
            found.append(member.start(time_entry_id=MEMBERS_ENTRY).data["id"])
            clock.advance(MINUTE)
    return found


def walk(api: Api, query: str) -> list[list[str]]:
    """The ids of each page, from the first to the last, by the links."""
    pages = []
    path = f"/timers?page[after]=&page[size]=3{query}"
    while True:
        answer = api.get(path)
        assert answer.status == 200
        assert answer.meta == {"page_size": 3, "max_page_size": 200}
        pages.append(answer.ids)
        links = answer.document["links"]
        assert links["first"].startswith("http://stint.test/api/v2/timers?")
        if "next" not in links:
            return pages
        path = links["next"].removeprefix("http://stint.test/api/v2")


def cursor(answer: Answer) -> str:
    parameters = parse_qs(urlparse(answer.document["links"]["next"]).query)
    return str(parameters["page[after]"][0])


def test_a_walk_sees_each_timer_once(admin: Api, ids: list[str]) -> None:
    assert walk(admin, "") == [ids[:3], ids[3:6], ids[6:]]
    assert walk(admin, "&sort=-started_at") == [ids[:4:-1], ids[4:1:-1], ids[1::-1]]


def test_a_walk_keeps_filter_and_sort(admin: Api, ids: list[str]) -> None:
    theirs = ids[4]
    ours = [timer_id for timer_id in ids if timer_id != theirs]
    assert list(chain(*walk(admin, f"&filter[person_id]={ADMIN}"))) == ours
    others = walk(admin, f"&filter[person_id][not_eq]={MEMBER}&sort=-stopped_at")
    assert list(chain(*others)) == ours[::-1]
    assert walk(admin, f"&filter[person_id]={MEMBER}") == [[theirs]]
    assert walk(admin, "&filter[person_id]=1") == [[]]


def test_a_member_walks_their_own(member: Api, ids: list[str]) -> None:
    assert walk(member, "") == [[ids[4]]]


def test_first_leads_back_to_the_beginning(admin: Api, ids: list[str]) -> None:
    answer = admin.get(f"/timers?page[after]=&page[size]=3&filter[person_id]={ADMIN}&x=1")
    assert ids
    expected = f"filter%5Bperson_id%5D={ADMIN}&page%5Bafter%5D=&page%5Bsize%5D=3&x=1"
    assert answer.document["links"]["first"] == f"http://stint.test/api/v2/timers?{expected}"


def test_include_works_in_a_walk(admin: Api, ids: list[str]) -> None:
    answer = admin.get("/timers?page[after]=&page[size]=2&include=time_entry")
    assert answer.ids == ids[:2]
    assert [it["id"] for it in answer.document["included"]] == [str(ADMINS_ENTRY)]


def test_what_is_added_behind_is_seen_and_nothing_twice(
    admin: Api, ids: list[str], clock: FakeClock
) -> None:
    first = admin.get("/timers?page[after]=&page[size]=6")
    clock.advance(MINUTE)
    added = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    second = admin.get(f"/timers?page[size]=6&page[after]={cursor(first)}")
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
def test_a_cursor_is_good_for_its_own_list_alone(admin: Api, ids: list[str], query: str) -> None:
    assert ids
    given = cursor(admin.get("/timers?page[after]=&page[size]=3"))
    answer = admin.get(f"/timers?page[after]={given}{query}")
    assert (answer.status, answer.error["code"]) == (400, "keyset_invalid_cursor")
    assert answer.error["source"] == {"parameter": "page[after]"}


def test_a_cursor_is_good_for_its_own_people_alone(
    admin: Api, member: Api, stranger: Api, ids: list[str]
) -> None:
    assert ids
    given = cursor(admin.get("/timers?page[after]=&page[size]=3"))
    for other in (member, stranger):
        answer = other.get(f"/timers?page[after]={given}")
        assert answer.error["code"] == "keyset_invalid_cursor"


def test_another_page_size_is_the_same_list(admin: Api, ids: list[str]) -> None:
    given = cursor(admin.get("/timers?page[after]=&page[size]=3"))
    assert admin.get(f"/timers?page[after]={given}&page[size]=200").ids == ids[3:]


@pytest.mark.parametrize("forged", ["x", "%00", "AAAA", "!!!!", "é", "=" * 8, "A" * 500])
def test_a_forged_cursor_is_refused(admin: Api, ids: list[str], forged: str) -> None:
    assert ids
    answer = admin.get(f"/timers?page[after]={forged}")
    assert (answer.status, answer.error["code"]) == (400, "keyset_invalid_cursor")


@pytest.mark.parametrize("position", [b"", b"nowhere", b"1#1", b"\xff\xfe", b"9999999999#x"])
def test_a_cursor_with_a_good_digest_and_a_bad_position_is_refused(
    admin: Api, ids: list[str], position: bytes
) -> None:
    assert ids
    given = cursor(admin.get("/timers?page[after]=&page[size]=3"))
    digest = base64.urlsafe_b64decode(given + "=" * (-len(given) % 4))[:12]
    forged = base64.urlsafe_b64encode(digest + position).decode().rstrip("=")
    answer = admin.get(f"/timers?page[after]={forged}")
    assert (answer.status, answer.error["code"]) == (400, "keyset_invalid_cursor")


@pytest.mark.parametrize("other", ["page[number]=1", "page=1"])
def test_a_cursor_and_a_page_number_exclude_each_other(admin: Api, other: str) -> None:
    answer = admin.get(f"/timers?page[after]=&{other}")
    assert (answer.status, answer.error["code"]) == (400, "keyset_conflict")
    assert answer.error["source"] == {"parameter": "page[after]"}


def test_a_walk_takes_one_call_a_page(admin: Api, ids: list[str], connection: Connection) -> None:
    assert ids
    admin.get("/timers/1")
    with counted(connection) as calls:
        given = cursor(admin.get("/timers?page[after]=&page[size]=3"))
        admin.get(f"/timers?page[after]={given}&page[size]=3")
    assert calls == ["Query", "Query"]
