"""Every request of the source document and its response: the same members in the same order."""

from typing import Any

import pytest

from tests.contract import source
from tests.contract.source import assert_matches
from tests.support.api import Api
from tests.support.clock import HOUR, FakeClock
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, MEMBER, MEMBERS_ENTRY, OTHER_MEMBERS_ENTRY
from tests.support.json_shapes import shape


@pytest.fixture
def caller(admin: Api) -> Api:
    """Sends the headers of the source: a browser's Accept, and a Content-Type even with GET."""
    admin.headers |= source.BROWSER_HEADERS
    return admin


def test_list_of_timers_matches_the_source_document(caller: Api, member: Api) -> None:
    # The source document shows two running timers of one person. Stint allows one running timer
    # per person, so the second timer belongs to the member.
    caller.start(time_entry_id=ADMINS_ENTRY)
    member.start(time_entry_id=MEMBERS_ENTRY)
    expected = source.listing("http://stint.test", source.timer(ADMIN), source.timer(MEMBER))
    assert_matches(caller.get("/timers"), 200, expected)


def test_shown_timer_matches_the_source_document(caller: Api, member: Api) -> None:
    started = member.start(time_entry_id=MEMBERS_ENTRY)
    assert_matches(caller.get(f"/timers/{started.data['id']}"), 200, source.single(MEMBER))


@pytest.mark.parametrize(
    "document",
    [source.START_ON_TIME_ENTRY, source.START_ON_SERVICE, source.START_ON_BOTH],
    ids=["time entry", "service", "both"],
)
def test_started_timer_matches_the_source_document(caller: Api, document: dict[str, Any]) -> None:
    assert_matches(caller.post("/timers", document), 201, source.single(ADMIN))


def test_start_with_a_blank_id_matches_the_source_document(caller: Api) -> None:
    assert_matches(caller.post("/timers", source.START_ON_BLANK), 422, source.INVALID)


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_stopped_timer_matches_the_source_document(
    caller: Api, other_member: Api, clock: FakeClock, method: str
) -> None:
    started = other_member.start(time_entry_id=OTHER_MEMBERS_ENTRY)
    clock.advance(HOUR)
    response = caller.send(method, f"/timers/{started.data['id']}/stop")
    assert_matches(response, 200, source.STOPPED)
    assert response.attributes["total_time"] == 60


def test_shape_detects_missing_and_misplaced_members() -> None:
    document = source.single(ADMIN)
    assert shape(document) != shape({"meta": {}, "data": document["data"]})
    assert shape(document) != shape({"data": document["data"]})
