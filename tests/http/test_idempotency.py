"""Idempotency-Key: contract section 8. ``test_write_headers.py`` sends one to every write route."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from pynamodb.connection import Connection

from chalicelib.core.idempotency import RETENTION_SECONDS
from chalicelib.dynamodb.idempotency_records import IdempotencyModel
from tests.support.api import JSON_API, Api, Response
from tests.support.call_counter import counted
from tests.support.clock import HOUR, MINUTE, FakeClock
from tests.support.failing_calls import failing
from tests.support.fixtures import ADMINS_ENTRY, ADMINS_SECOND_ENTRY, DESIGN, MEMBER, MEMBERS_ENTRY
from tests.support.table_snapshots import items, snapshot
from tools.devserver.gateway import Gateway

ON_ENTRY = {"data": {"type": "timers", "attributes": {"time_entry_id": ADMINS_ENTRY}}}
ON_SERVICE = {"data": {"type": "timers", "attributes": {"service_id": DESIGN}}}
HALF_AN_HOUR = 30 * MINUTE


def send(
    api: Api, method: str, path: str, document: object | None = None, key: str = "tap-1"
) -> Response:
    body = b"" if document is None else json.dumps(document).encode()
    return api.send(method, path, body, {"Content-Type": JSON_API, "Idempotency-Key": key})


def is_replayed(response: Response) -> bool:
    return response.headers.get("Idempotency-Replayed") == "true"


@pytest.mark.parametrize("document", [ON_ENTRY, ON_SERVICE])
def test_repeated_start_returns_the_first_timer(
    admin: Api, connection: Connection, clock: FakeClock, document: object
) -> None:
    first = send(admin, "POST", "/timers", document)
    before = snapshot(connection)
    clock.advance(HOUR)
    replay = send(admin, "POST", "/timers", document)
    assert (first.status, replay.status) == (201, 201)
    assert (is_replayed(first), is_replayed(replay)) == (False, True)
    assert replay.document == first.document
    assert replay.headers["Location"] == first.headers["Location"]
    assert snapshot(connection) == before


def test_replay_returns_the_timer_as_it_was_at_the_first_request(
    admin: Api, clock: FakeClock
) -> None:
    admin.start(time_entry_id=ADMINS_SECOND_ENTRY)
    first = send(admin, "POST", "/timers", ON_ENTRY)
    clock.advance(HOUR)
    admin.stop(first.data["id"])
    replay = send(admin, "POST", "/timers", ON_ENTRY)
    assert replay.attributes["stopped_at"] is None
    assert replay.meta == first.meta
    assert replay.meta["stopped_timer_ids"]


def test_repeated_stop_returns_the_first_response(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    path = f"/timers/{admin.start(time_entry_id=ADMINS_ENTRY).data['id']}/stop"
    clock.advance(HOUR)
    first = send(admin, "PATCH", path)
    clock.advance(HOUR)
    before = snapshot(connection)
    replay = send(admin, "PATCH", path)
    assert (replay.status, replay.document) == (200, first.document)
    assert replay.meta == {}
    assert is_replayed(replay)
    assert snapshot(connection) == before


def test_stop_of_a_stopped_timer_is_replayed_too(admin: Api, clock: FakeClock) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(HOUR)
    admin.stop(timer_id)
    first = send(admin, "PATCH", f"/timers/{timer_id}/stop")
    assert first.meta == {"already_stopped": True}
    replay = send(admin, "PATCH", f"/timers/{timer_id}/stop")
    assert replay.document == first.document
    assert is_replayed(replay)


@pytest.mark.parametrize(
    ("method", "path", "document"),
    [
        ("POST", "/timers", ON_SERVICE),
        ("POST", "/timers?include=time_entry", ON_ENTRY),
        ("PATCH", "/timers/{id}/stop", None),
        ("PATCH", "/time_entries/364/stop", None),
    ],
)
def test_key_reused_with_another_request_is_rejected(
    admin: Api, connection: Connection, method: str, path: str, document: object | None
) -> None:
    timer_id = send(admin, "POST", "/timers", ON_ENTRY).data["id"]
    before = snapshot(connection)
    response = send(admin, method, path.replace("{id}", timer_id), document)
    assert (response.status, response.error["code"]) == (422, "idempotency_key_reused")
    assert response.error["source"] == {"header": "Idempotency-Key"}
    assert snapshot(connection) == before


def test_order_of_query_parameters_does_not_matter(admin: Api) -> None:
    send(admin, "POST", "/timers?include=time_entry&x=1", ON_ENTRY)
    assert is_replayed(send(admin, "POST", "/timers?x=1&include=time_entry", ON_ENTRY))


def test_key_is_scoped_to_the_person(admin: Api, member: Api, stranger: Api) -> None:
    assert send(admin, "POST", "/timers", ON_ENTRY).status == 201
    members_document = {"data": {"type": "timers", "attributes": {"time_entry_id": MEMBERS_ENTRY}}}
    assert not is_replayed(send(member, "POST", "/timers", members_document))
    strangers_document = {"data": {"type": "timers", "attributes": {"time_entry_id": 368}}}
    assert not is_replayed(send(stranger, "POST", "/timers", strangers_document))


def test_key_of_an_admin_belongs_to_the_admin(admin: Api, member: Api) -> None:
    document = {
        "data": {"attributes": {"time_entry_id": MEMBERS_ENTRY, "person_id": MEMBER}},
    }
    first = send(admin, "POST", "/timers", document)
    assert first.attributes["person_id"] == MEMBER
    assert is_replayed(send(admin, "POST", "/timers", document))
    members_document = {"data": {"attributes": {"time_entry_id": MEMBERS_ENTRY}}}
    assert not is_replayed(send(member, "POST", "/timers", members_document))


def test_rejected_request_is_not_stored(admin: Api) -> None:
    assert send(admin, "POST", "/timers", {"data": {}}).status == 422
    response = send(admin, "POST", "/timers", ON_ENTRY)
    assert (response.status, is_replayed(response)) == (201, False)


def test_key_expires_after_a_day_before_dynamodb_removes_it(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    first = send(admin, "POST", "/timers", ON_ENTRY)
    clock.advance(RETENTION_SECONDS - 1)
    assert is_replayed(send(admin, "POST", "/timers", ON_ENTRY))
    clock.advance(1)
    # The record still exists: DynamoDB removes expired items within days.
    assert [item for item in items(connection, "person_state") if item["name"].startswith("key#")]
    response = send(admin, "POST", "/timers", ON_ENTRY)
    assert (response.status, is_replayed(response)) == (201, False)
    assert response.data["id"] != first.data["id"]
    assert is_replayed(send(admin, "POST", "/timers", ON_ENTRY))


def test_key_is_stored_only_as_a_hash(admin: Api, connection: Connection) -> None:
    send(admin, "POST", "/timers", ON_ENTRY, key="my-secret-key")
    assert "my-secret-key" not in str(snapshot(connection))
    (record,) = IdempotencyModel.scan(IdempotencyModel.name.startswith("key#"))
    assert len(record.name) == len("key#") + 64


@pytest.mark.parametrize("key", ["", "   "])
def test_blank_key_is_ignored(admin: Api, key: str) -> None:
    first = send(admin, "POST", "/timers", ON_ENTRY, key=key)
    second = send(admin, "POST", "/timers", ON_ENTRY, key=key)
    assert first.data["id"] != second.data["id"]


def test_key_is_limited_to_255_characters(admin: Api, connection: Connection) -> None:
    assert send(admin, "POST", "/timers", ON_ENTRY, key="k" * 255).status == 201
    before = snapshot(connection)
    response = send(admin, "POST", "/timers", ON_ENTRY, key="k" * 256)
    assert (response.status, response.error["code"]) == (400, "invalid_header")
    assert response.error["source"] == {"header": "Idempotency-Key"}
    assert snapshot(connection) == before


def test_key_adds_no_dynamodb_call(admin: Api, connection: Connection) -> None:
    admin.get("/timers/1")
    with counted(connection) as calls:
        started = send(admin, "POST", "/timers", ON_ENTRY, key="a")
        send(admin, "PATCH", f"/timers/{started.data['id']}/stop", key="b")
    assert calls == ["BatchGetItem", "TransactWriteItems"] * 2
    with counted(connection) as calls:
        send(admin, "POST", "/timers", ON_ENTRY, key="a")
        send(admin, "PATCH", f"/timers/{started.data['id']}/stop", key="b")
    assert calls == ["BatchGetItem"] * 2


def test_concurrent_starts_with_one_key_create_one_timer(
    admin: Api, connection: Connection
) -> None:
    gateway = Gateway(admin._app)
    headers = {name.lower(): value for name, value in admin.headers.items()}
    headers |= {"content-type": JSON_API, "idempotency-key": "double tap"}
    body = json.dumps(ON_ENTRY).encode()

    def start_once(_: int) -> str:
        response = gateway.handle("POST", "/api/v2/timers", headers, body)
        assert response.status == 201, response.body
        return str(json.loads(response.body)["data"]["id"])

    with ThreadPoolExecutor(6) as clients:
        ids = set(clients.map(start_once, range(12)))
    assert len(ids) == 1
    assert len(items(connection, "timers")) == 1


def test_repeated_correction_loses_no_minutes(admin: Api, clock: FakeClock) -> None:
    path = f"/time_entries/{ADMINS_ENTRY}"
    admin.patch(path, {"data": {"attributes": {"time": 60}}})
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    correction = {"data": {"attributes": {"time": 45}}}
    first = send(admin, "PATCH", path, correction)
    assert first.attributes["time"] == 45
    clock.advance(HALF_AN_HOUR)
    admin.stop(timer_id)
    assert admin.get(path).attributes["time"] == 75
    replay = send(admin, "PATCH", path, correction)
    assert (replay.document, is_replayed(replay)) == (first.document, True)
    assert admin.get(path).attributes["time"] == 75
    other = send(admin, "PATCH", path, {"data": {"attributes": {"time": 44}}})
    assert (other.status, other.error["code"]) == (422, "idempotency_key_reused")


def test_repeated_deletion_returns_204_again(admin: Api) -> None:
    path = f"/time_entries/{ADMINS_ENTRY}"
    first, replay = (send(admin, "DELETE", path) for _ in range(2))
    assert (first.status, replay.status) == (204, 204)
    assert (is_replayed(first), is_replayed(replay)) == (False, True)
    assert send(admin, "DELETE", path, key="tap-2").status == 404


def test_update_that_changed_nothing_is_replayed(admin: Api, connection: Connection) -> None:
    path = f"/time_entries/{ADMINS_ENTRY}"
    unchanged = {"data": {"attributes": {"time": 0}}}
    first = send(admin, "PATCH", path, unchanged)
    admin.patch(path, {"data": {"attributes": {"time": 30}}})
    before = snapshot(connection)
    replay = send(admin, "PATCH", path, unchanged)
    assert (replay.document, is_replayed(replay)) == (first.document, True)
    assert snapshot(connection) == before


def test_update_of_a_record_that_was_deleted_since_is_replayed(admin: Api) -> None:
    path = f"/time_entries/{ADMINS_ENTRY}"
    correction = {"data": {"attributes": {"time": 45}}}
    first = send(admin, "PATCH", path, correction)
    assert admin.send("DELETE", path).status == 204
    replay = send(admin, "PATCH", path, correction)
    assert (replay.status, replay.document) == (200, first.document)
    assert is_replayed(replay)


def test_rejected_update_and_deletion_are_not_stored(admin: Api) -> None:
    path = f"/time_entries/{ADMINS_ENTRY}"
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    assert send(admin, "DELETE", path).status == 409
    admin.stop(timer_id)
    deleted = send(admin, "DELETE", path)
    assert (deleted.status, is_replayed(deleted)) == (204, False)


def test_key_adds_no_call_to_an_edit(admin: Api, connection: Connection) -> None:
    path = f"/time_entries/{ADMINS_ENTRY}"
    correction = {"data": {"attributes": {"time": 45}}}
    admin.get(path)
    with counted(connection) as calls:
        send(admin, "PATCH", path, correction, key="a")
        send(admin, "PATCH", path, correction, key="a")
        send(admin, "DELETE", path, key="b")
        send(admin, "DELETE", path, key="b")
    assert calls == ["BatchGetItem", "TransactWriteItems", "BatchGetItem"] * 2


def test_start_with_a_lost_response_is_not_repeated(admin: Api, connection: Connection) -> None:
    # The transaction succeeds. The read of the included records then fails.
    admin.get("/timers/1")
    with failing(connection, "BatchGetItem", "ThrottlingException", after=1):
        lost = send(admin, "POST", "/timers?include=time_entry", ON_ENTRY)
    assert lost.status == 503
    replay = send(admin, "POST", "/timers?include=time_entry", ON_ENTRY)
    assert (replay.status, is_replayed(replay)) == (201, True)
    assert len(items(connection, "timers")) == 1
