"""Idempotency-Key on starts and stops: contract section 8."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from pynamodb.connection import Connection

from chalicelib.domain.idempotency import KEPT_SECONDS
from chalicelib.store.models import KeptOutcomeModel
from infra.local.gateway import Gateway
from tests.support.api import JSON_API, Answer, Api
from tests.support.calls import counted
from tests.support.clock import HOUR, FakeClock
from tests.support.faults import failing
from tests.support.tables import items, snapshot
from tests.support.world import ADMINS_ENTRY, ADMINS_SECOND_ENTRY, DESIGN, MEMBER, MEMBERS_ENTRY

ON_ENTRY = {"data": {"type": "timers", "attributes": {"time_entry_id": ADMINS_ENTRY}}}
ON_SERVICE = {"data": {"type": "timers", "attributes": {"service_id": DESIGN}}}


def send(
    api: Api, method: str, path: str, document: object | None = None, key: str = "tap-1"
) -> Answer:
    body = b"" if document is None else json.dumps(document).encode()
    return api.send(method, path, body, {"Content-Type": JSON_API, "Idempotency-Key": key})


def is_replayed(answer: Answer) -> bool:
    return answer.headers.get("Idempotency-Replayed") == "true"


@pytest.mark.parametrize("document", [ON_ENTRY, ON_SERVICE])
def test_a_repeated_start_answers_the_first_timer(
    admin: Api, connection: Connection, clock: FakeClock, document: object
) -> None:
    first = send(admin, "POST", "/timers", document)
    before = snapshot(connection)
    clock.advance(HOUR)
    again = send(admin, "POST", "/timers", document)
    assert (first.status, again.status) == (201, 201)
    assert (is_replayed(first), is_replayed(again)) == (False, True)
    assert again.document == first.document
    assert again.headers["Location"] == first.headers["Location"]
    assert snapshot(connection) == before


def test_a_repeat_answers_the_timer_as_it_was_then(admin: Api, clock: FakeClock) -> None:
    admin.start(time_entry_id=ADMINS_SECOND_ENTRY)
    first = send(admin, "POST", "/timers", ON_ENTRY)
    clock.advance(HOUR)
    admin.stop(first.data["id"])
    again = send(admin, "POST", "/timers", ON_ENTRY)
    assert again.attributes["stopped_at"] is None
    assert again.meta == first.meta
    assert again.meta["stopped_timer_ids"]


def test_a_repeated_stop_answers_the_first_stop(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    path = f"/timers/{admin.start(time_entry_id=ADMINS_ENTRY).data['id']}/stop"
    clock.advance(HOUR)
    first = send(admin, "PATCH", path)
    clock.advance(HOUR)
    before = snapshot(connection)
    again = send(admin, "PATCH", path)
    assert (again.status, again.document) == (200, first.document)
    assert again.meta == {}
    assert is_replayed(again)
    assert snapshot(connection) == before


def test_a_stop_of_a_stopped_timer_keeps_its_answer_too(admin: Api, clock: FakeClock) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(HOUR)
    admin.stop(timer_id)
    first = send(admin, "PATCH", f"/timers/{timer_id}/stop")
    assert first.meta == {"already_stopped": True}
    again = send(admin, "PATCH", f"/timers/{timer_id}/stop")
    assert again.document == first.document
    assert is_replayed(again)


@pytest.mark.parametrize(
    ("method", "path", "document"),
    [
        ("POST", "/timers", ON_SERVICE),
        ("POST", "/timers?include=time_entry", ON_ENTRY),
        ("PATCH", "/timers/{id}/stop", None),
        ("PATCH", "/time_entries/364/stop", None),
    ],
)
def test_the_same_key_with_another_request_is_refused(
    admin: Api, connection: Connection, method: str, path: str, document: object | None
) -> None:
    timer_id = send(admin, "POST", "/timers", ON_ENTRY).data["id"]
    before = snapshot(connection)
    answer = send(admin, method, path.replace("{id}", timer_id), document)
    assert (answer.status, answer.error["code"]) == (422, "idempotency_key_reused")
    assert answer.error["source"] == {"header": "Idempotency-Key"}
    assert snapshot(connection) == before


def test_the_order_of_query_parameters_does_not_matter(admin: Api) -> None:
    send(admin, "POST", "/timers?include=time_entry&x=1", ON_ENTRY)
    assert is_replayed(send(admin, "POST", "/timers?x=1&include=time_entry", ON_ENTRY))


def test_a_key_is_a_persons_own(admin: Api, member: Api, stranger: Api) -> None:
    assert send(admin, "POST", "/timers", ON_ENTRY).status == 201
    theirs = {"data": {"type": "timers", "attributes": {"time_entry_id": MEMBERS_ENTRY}}}
    assert not is_replayed(send(member, "POST", "/timers", theirs))
    foreign = {"data": {"type": "timers", "attributes": {"time_entry_id": 368}}}
    assert not is_replayed(send(stranger, "POST", "/timers", foreign))


def test_an_admins_key_is_kept_with_the_admin_whoever_works(admin: Api, member: Api) -> None:
    document = {
        "data": {"attributes": {"time_entry_id": MEMBERS_ENTRY, "person_id": MEMBER}},
    }
    first = send(admin, "POST", "/timers", document)
    assert first.attributes["person_id"] == MEMBER
    assert is_replayed(send(admin, "POST", "/timers", document))
    theirs = {"data": {"attributes": {"time_entry_id": MEMBERS_ENTRY}}}
    assert not is_replayed(send(member, "POST", "/timers", theirs))


def test_a_refusal_is_not_kept(admin: Api) -> None:
    assert send(admin, "POST", "/timers", {}).status == 422
    answer = send(admin, "POST", "/timers", ON_ENTRY)
    assert (answer.status, is_replayed(answer)) == (201, False)


def test_a_key_is_kept_for_a_day_though_it_is_removed_late(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    first = send(admin, "POST", "/timers", ON_ENTRY)
    clock.advance(KEPT_SECONDS - 1)
    assert is_replayed(send(admin, "POST", "/timers", ON_ENTRY))
    clock.advance(1)
    # The record still lies there: DynamoDB removes what has expired within days.
    assert [it for it in items(connection, "slots") if it["name"].startswith("key#")]
    answer = send(admin, "POST", "/timers", ON_ENTRY)
    assert (answer.status, is_replayed(answer)) == (201, False)
    assert answer.data["id"] != first.data["id"]
    assert is_replayed(send(admin, "POST", "/timers", ON_ENTRY))


def test_a_key_is_kept_as_its_digest_alone(admin: Api, connection: Connection) -> None:
    send(admin, "POST", "/timers", ON_ENTRY, key="my-secret-key")
    assert "my-secret-key" not in str(snapshot(connection))
    (kept,) = KeptOutcomeModel.scan(KeptOutcomeModel.name.startswith("key#"))
    assert len(kept.name) == len("key#") + 64


@pytest.mark.parametrize("key", ["", "   "])
def test_a_blank_key_is_none(admin: Api, key: str) -> None:
    first = send(admin, "POST", "/timers", ON_ENTRY, key=key)
    second = send(admin, "POST", "/timers", ON_ENTRY, key=key)
    assert first.data["id"] != second.data["id"]


def test_a_key_may_have_255_characters_and_no_more(admin: Api, connection: Connection) -> None:
    assert send(admin, "POST", "/timers", ON_ENTRY, key="k" * 255).status == 201
    before = snapshot(connection)
    answer = send(admin, "POST", "/timers", ON_ENTRY, key="k" * 256)
    assert (answer.status, answer.error["source"]) == (400, {"header": "Idempotency-Key"})
    assert snapshot(connection) == before


def test_a_key_costs_no_call(admin: Api, connection: Connection) -> None:
    admin.get("/timers/1")
    with counted(connection) as calls:
        started = send(admin, "POST", "/timers", ON_ENTRY, key="a")
        send(admin, "PATCH", f"/timers/{started.data['id']}/stop", key="b")
    assert calls == ["BatchGetItem", "TransactWriteItems"] * 2
    with counted(connection) as calls:
        send(admin, "POST", "/timers", ON_ENTRY, key="a")
        send(admin, "PATCH", f"/timers/{started.data['id']}/stop", key="b")
    assert calls == ["BatchGetItem"] * 2


def test_two_who_race_with_one_key_get_one_timer(admin: Api, connection: Connection) -> None:
    gateway = Gateway(admin._app, "*")
    headers = {name.lower(): value for name, value in admin.headers.items()}
    headers |= {"content-type": JSON_API, "idempotency-key": "double tap"}
    body = json.dumps(ON_ENTRY).encode()

    def tap(_: int) -> str:
        answer = gateway.handle("POST", "/api/v2/timers", headers, body)
        assert answer.status == 201, answer.body
        return str(json.loads(answer.body)["data"]["id"])

    with ThreadPoolExecutor(6) as phones:
        ids = set(phones.map(tap, range(12)))
    assert len(ids) == 1
    assert len(items(connection, "timers")) == 1


def test_a_start_whose_answer_was_lost_is_not_done_twice(
    admin: Api, connection: Connection
) -> None:
    # The transaction is applied; reading what is to be included then fails.
    admin.get("/timers/1")
    with failing(connection, "BatchGetItem", "ThrottlingException", after=1):
        lost = send(admin, "POST", "/timers?include=time_entry", ON_ENTRY)
    assert lost.status == 503
    again = send(admin, "POST", "/timers?include=time_entry", ON_ENTRY)
    assert (again.status, is_replayed(again)) == (201, True)
    assert len(items(connection, "timers")) == 1
