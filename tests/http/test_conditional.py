"""ETag, If-None-Match and 304: contract section 8."""

import pytest
from pynamodb.connection import Connection

from tests.support.api import Answer, Api
from tests.support.clock import MINUTE, FakeClock
from tests.support.world import ADMINS_ENTRY


def get(api: Api, path: str, known: str) -> Answer:
    return api.send("GET", path, headers={"If-None-Match": known})


@pytest.mark.parametrize("path", ["/timers", "/timers/{id}", "/timers/{id}?include=time_entry"])
def test_what_the_client_has_is_not_sent_again(admin: Api, clock: FakeClock, path: str) -> None:
    path = path.replace("{id}", admin.start(time_entry_id=ADMINS_ENTRY).data["id"])
    first = admin.get(path)
    tag = first.headers["ETag"]
    assert tag.startswith('W/"')
    clock.advance(MINUTE)
    answer = get(admin, path, tag)
    assert (answer.status, answer.body, answer.headers["ETag"]) == (304, b"", tag)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Vary"] == "Accept, Origin, Accept-Encoding"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_change_is_sent(admin: Api, clock: FakeClock) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    tag = admin.get(f"/timers/{timer_id}").headers["ETag"]
    clock.advance(MINUTE)
    admin.stop(timer_id)
    answer = get(admin, f"/timers/{timer_id}", tag)
    assert answer.status == 200
    assert answer.headers["ETag"] != tag


@pytest.mark.parametrize(
    ("known", "status"),
    [
        ("*", 304),
        ("{tag}", 304),
        ("{strong}", 304),
        ('"another", {tag}', 304),
        ('W/"another"', 200),
        ("", 200),
        ("nonsense", 200),
    ],
)
def test_if_none_match_is_a_list_of_tags(admin: Api, known: str, status: int) -> None:
    tag = admin.get("/timers").headers["ETag"]
    header = known.replace("{tag}", tag).replace("{strong}", tag.removeprefix("W/"))
    assert get(admin, "/timers", header).status == status


def test_another_view_of_the_same_timer_has_another_tag(admin: Api) -> None:
    path = f"/timers/{admin.start(time_entry_id=ADMINS_ENTRY).data['id']}"
    tags = [
        admin.get(path + query).headers["ETag"]
        for query in ("", "?include=time_entry", "?fields[timers]=started_at")
    ]
    assert len(set(tags)) == 3


def test_errors_and_writes_carry_no_tag(admin: Api, connection: Connection) -> None:
    assert connection is not None
    assert "ETag" not in admin.get("/timers/999").headers
    started = admin.send("POST", f"/timers?time_entry_id={ADMINS_ENTRY}", b"")
    assert "ETag" not in started.headers
    known = admin.send("PATCH", f"/timers/{started.data['id']}/stop", b"", {"If-None-Match": "*"})
    assert known.status == 200
