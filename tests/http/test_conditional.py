"""ETag, If-None-Match and If-Match: contract sections 4c and 8.

``test_write_headers.py`` sends If-Match to every write route.
"""

import json

import pytest
from pynamodb.connection import Connection

from tests.support.api import JSON_API, Api, Response
from tests.support.clock import HOUR, MINUTE, FakeClock
from tests.support.fixtures import ADMINS_ENTRY, DESIGN, MEMBER, OTHER_MEMBER
from tests.support.table_snapshots import snapshot


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


ENTRY = f"/time_entries/{ADMINS_ENTRY}"


def patch_if_match(api: Api, path: str, if_match: str, attributes: object) -> Response:
    body = json.dumps({"data": {"attributes": attributes}}).encode()
    return api.send("PATCH", path, body, {"Content-Type": JSON_API, "If-Match": if_match})


def version(api: Api, path: str) -> str:
    """Return the version at the start of the record's ETag."""
    tag, _, digest = api.get(path).headers["ETag"].partition("-")
    assert digest
    return tag


def test_stale_full_save_erases_no_time(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    admin.patch(ENTRY, {"data": {"attributes": {"time": 60}}})
    shown = admin.get(ENTRY)
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(HOUR)
    admin.stop(timer_id)
    before = snapshot(connection)
    full_save = {**shown.attributes, "note": "Review"}
    response = patch_if_match(admin, ENTRY, shown.headers["ETag"], full_save)
    assert (response.status, response.error["code"]) == (412, "precondition_failed")
    assert snapshot(connection) == before
    fresh = admin.get(ENTRY)
    assert fresh.attributes["time"] == 120
    full_save = {**fresh.attributes, "note": "Review"}
    saved = patch_if_match(admin, ENTRY, fresh.headers["ETag"], full_save)
    assert (saved.status, saved.attributes["time"]) == (200, 120)
    # Without If-Match, a full save is a decision to set the time.
    assert admin.patch(ENTRY, {"data": {"attributes": shown.attributes}}).attributes["time"] == 60


@pytest.mark.parametrize("running", [True, False])
def test_stale_stop_moves_nothing(
    admin: Api, connection: Connection, clock: FakeClock, running: bool
) -> None:
    """A stop on a timer, or on an entry whose timer has been replaced."""
    first = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    path = ENTRY if running else f"/timers/{first}"
    etag = admin.get(path).headers["ETag"]
    clock.advance(HOUR)
    admin.stop(first)
    if running:
        admin.start(time_entry_id=ADMINS_ENTRY)
    before = snapshot(connection)
    response = admin.send("PATCH", f"{path}/stop", headers={"If-Match": etag})
    assert (response.status, response.error["code"]) == (412, "precondition_failed")
    assert snapshot(connection) == before


def test_if_match_accepts_a_list_of_weak_and_strong_tags(admin: Api) -> None:
    etag = admin.get(ENTRY).headers["ETag"]
    strong = etag.removeprefix("W/")
    for if_match in (etag, strong, f'"other", {etag}', f'W/"1f-0",{strong} , "x"'):
        assert patch_if_match(admin, ENTRY, if_match, {}).status == 200, if_match


def test_tag_of_a_list_never_matches_a_record(admin: Api) -> None:
    etag = admin.get("/time_entries").headers["ETag"]
    assert "-" not in etag
    assert patch_if_match(admin, ENTRY, etag, {}).status == 412


def test_blank_if_match_is_ignored(admin: Api) -> None:
    assert patch_if_match(admin, ENTRY, "  ", {"time": 5}).status == 200


def test_tag_begins_with_the_number_of_the_version(admin: Api) -> None:
    assert version(admin, ENTRY) == 'W/"1'
    admin.patch(ENTRY, {"data": {"attributes": {"time": 60}}})
    assert version(admin, ENTRY) == 'W/"2'
    assert version(admin, f"{ENTRY}?include=service&fields[time_entries]=time") == 'W/"2'


def test_included_records_change_the_tag_but_not_the_version(admin: Api) -> None:
    path = f"{ENTRY}?include=service"
    etag = admin.get(path).headers["ETag"]
    admin.patch(f"/services/{DESIGN}", {"data": {"attributes": {"name": "Renamed"}}})
    assert get_if_none_match(admin, path, etag).status == 200
    assert patch_if_match(admin, ENTRY, etag, {"time": 5}).status == 200


def test_version_without_a_number_changes_exactly_when_the_record_changes(admin: Api) -> None:
    path = f"/services/{DESIGN}"
    first = version(admin, path)
    admin.patch(path, {"data": {"attributes": {"name": "Renamed"}}})
    renamed = version(admin, path)
    admin.patch(path, {"data": {"attributes": {"name": "Renamed"}}})
    assert first != renamed == version(admin, path)
    assert patch_if_match(admin, path, f'{first}-0"', {"position": 3}).status == 412
    assert patch_if_match(admin, path, f'{renamed}-0"', {"position": 3}).status == 200


def test_tag_does_not_tell_a_value_that_is_hidden(admin: Api, member: Api) -> None:
    path = f"/people/{OTHER_MEMBER}"
    before = admin.get(path).headers["ETag"], member.get(path).headers["ETag"]
    admin.patch(path, {"data": {"attributes": {"email": "other@example.com"}}})
    after = admin.get(path).headers["ETag"], member.get(path).headers["ETag"]
    assert before[0] != after[0]
    assert before[1] == after[1]


def test_member_uses_the_tag_of_the_own_record(member: Api) -> None:
    path = f"/people/{MEMBER}"
    etag = member.get(path).headers["ETag"]
    assert patch_if_match(member, path, etag, {"nickname": "M"}).status == 200
    assert patch_if_match(member, path, etag, {"nickname": "N"}).status == 412


def test_forbidden_update_stays_forbidden_with_a_stale_tag(member: Api) -> None:
    response = patch_if_match(member, f"/people/{OTHER_MEMBER}", '"1-0"', {"nickname": "M"})
    assert (response.status, response.error["code"]) == (403, "access_denied")
