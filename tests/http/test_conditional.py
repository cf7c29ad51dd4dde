"""ETag, If-None-Match and 304: contract section 8."""

import pytest
from pynamodb.connection import Connection

from tests.support.api import Api, Response
from tests.support.clock import MINUTE, FakeClock
from tests.support.fixtures import ADMINS_ENTRY


def get_if_none_match(api: Api, path: str, if_none_match: str) -> Response:
    return api.send("GET", path, headers={"If-None-Match": if_none_match})


@pytest.mark.parametrize("path", ["/timers", "/timers/{id}", "/timers/{id}?include=time_entry"])
def test_unchanged_document_returns_304(admin: Api, clock: FakeClock, path: str) -> None:
    path = path.replace("{id}", admin.start(time_entry_id=ADMINS_ENTRY).data["id"])
    first = admin.get(path)
    etag = first.headers["ETag"]
    assert etag.startswith('W/"')
    clock.advance(MINUTE)
    response = get_if_none_match(admin, path, etag)
    assert (response.status, response.body, response.headers["ETag"]) == (304, b"", etag)
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert response.headers["Vary"] == "Accept, Origin, Accept-Encoding"
    assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_changed_document_is_returned_with_a_new_etag(admin: Api, clock: FakeClock) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    etag = admin.get(f"/timers/{timer_id}").headers["ETag"]
    clock.advance(MINUTE)
    admin.stop(timer_id)
    response = get_if_none_match(admin, f"/timers/{timer_id}", etag)
    assert response.status == 200
    assert response.headers["ETag"] != etag


@pytest.mark.parametrize(
    ("if_none_match", "status"),
    [
        ("*", 304),
        ("{etag}", 304),
        ("{strong}", 304),
        ('"another", {etag}', 304),
        ('W/"another"', 200),
        ("", 200),
        ("nonsense", 200),
    ],
)
def test_if_none_match_accepts_a_list_of_etags(admin: Api, if_none_match: str, status: int) -> None:
    etag = admin.get("/timers").headers["ETag"]
    header = if_none_match.replace("{etag}", etag).replace("{strong}", etag.removeprefix("W/"))
    assert get_if_none_match(admin, "/timers", header).status == status


def test_each_representation_of_a_timer_has_its_own_etag(admin: Api) -> None:
    path = f"/timers/{admin.start(time_entry_id=ADMINS_ENTRY).data['id']}"
    etags = [
        admin.get(path + query).headers["ETag"]
        for query in ("", "?include=time_entry", "?fields[timers]=started_at")
    ]
    assert len(set(etags)) == 3


def test_errors_and_writes_have_no_etag(admin: Api, connection: Connection) -> None:
    assert connection is not None
    assert "ETag" not in admin.get("/timers/999").headers
    started = admin.send("POST", f"/timers?time_entry_id={ADMINS_ENTRY}", b"")
    assert "ETag" not in started.headers
    stopped = admin.send("PATCH", f"/timers/{started.data['id']}/stop", b"", {"If-None-Match": "*"})
    assert stopped.status == 200
