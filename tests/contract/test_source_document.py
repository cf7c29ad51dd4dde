"""Every request of the source document, and its answer, member for member and in its order."""

from typing import Any

import pytest

from tests.contract import source
from tests.support.api import Answer, Api
from tests.support.clock import HOUR, FakeClock
from tests.support.shapes import shape
from tests.support.world import ADMIN, ADMINS_ENTRY, MEMBER, MEMBERS_ENTRY, OTHER_MEMBERS_ENTRY

JSON_API = "application/vnd.api+json; charset=utf-8"


@pytest.fixture
def caller(admin: Api) -> Api:
    """Sends what the source sends: a browser's Accept, and a Content-Type even with a GET."""
    admin.headers |= source.BROWSER_HEADERS
    return admin


def check(answer: Answer, status: int, expected: dict[str, Any]) -> None:
    assert answer.status == status
    assert answer.headers["Content-Type"] == JSON_API
    assert shape(answer.document) == shape(expected)


def test_get_timers(caller: Api, member: Api) -> None:
    # The source shows two running timers of one person, which one running timer a person forbids.
    caller.start(time_entry_id=ADMINS_ENTRY)
    member.start(time_entry_id=MEMBERS_ENTRY)
    expected = source.listing("http://stint.test", source.timer(ADMIN), source.timer(MEMBER))
    check(caller.get("/timers"), 200, expected)


def test_get_a_timer(caller: Api, member: Api) -> None:
    started = member.start(time_entry_id=MEMBERS_ENTRY)
    check(caller.get(f"/timers/{started.data['id']}"), 200, source.single(MEMBER))


@pytest.mark.parametrize(
    "document",
    [source.START_ON_TIME_ENTRY, source.START_ON_SERVICE, source.START_ON_BOTH],
    ids=["time entry", "service", "both"],
)
def test_post_timers(caller: Api, document: dict[str, Any]) -> None:
    check(caller.post("/timers", document), 201, source.single(ADMIN))


def test_post_timers_with_a_blank_id(caller: Api) -> None:
    check(caller.post("/timers", source.START_ON_BLANK), 422, source.INVALID)


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_patch_stop(caller: Api, other_member: Api, clock: FakeClock, method: str) -> None:
    started = other_member.start(time_entry_id=OTHER_MEMBERS_ENTRY)
    clock.advance(HOUR)
    answer = caller.send(method, f"/timers/{started.data['id']}/stop")
    check(answer, 200, source.STOPPED)
    assert answer.attributes["total_time"] == 60


def test_the_comparison_sees_a_missing_and_a_misplaced_member() -> None:
    document = source.single(ADMIN)
    assert shape(document) != shape({"meta": {}, "data": document["data"]})
    assert shape(document) != shape({"data": document["data"]})
