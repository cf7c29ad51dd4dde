"""From the queue to receivers on real sockets, with the test's own time."""

import json
import logging
from dataclasses import replace
from typing import Any

import pytest
from pynamodb.connection import Connection
from standardwebhooks import Webhook as Verifier

from chalicelib.domain.deliveries import WAITS
from chalicelib.domain.timers import Timer
from chalicelib.domain.webhooks import PAUSED_AFTER, ROTATION_OVERLAP, PausedReason, WebhookState
from chalicelib.outbound.clients import client
from chalicelib.outbound.posting import Poster
from chalicelib.outbound.queues import LONGEST_DELAY
from chalicelib.store.records import model_of
from tests.support.calls import counted
from tests.support.clock import HOUR, MONDAY_NINE, FakeClock
from tests.support.faults import failing
from tests.support.outside import TOKEN, TOKEN_NAME, Outside
from tests.support.receiver import Receiver, hang, raw, receiving, status
from tests.support.stream_records import stream_record
from tests.support.world import ADMIN, ADMINS_ENTRY, ZAGREB, World

RUNNING = Timer(16, ZAGREB.id, ADMIN, ADMINS_ENTRY, MONDAY_NINE - HOUR, MONDAY_NINE + 11 * HOUR)


@pytest.fixture(autouse=True)
def _world(world: World) -> None:
    """There are organizations and people."""


def start(outside: Outside, timer_id: int = 16) -> str:
    """A timer starts; the event's id."""
    outside.fan_out(stream_record(None, replace(RUNNING, id=timer_id)))
    return outside.queued()[-1].event_id


def test_an_event_arrives_signed(
    outside: Outside, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = outside.create_webhook(receiver.url)
    event_id = start(outside)
    assert outside.deliver() == 1
    (request,) = receiver.received
    assert request.headers["webhook-id"] == event_id
    assert request.headers["webhook-timestamp"] == str(MONDAY_NINE)
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body)["id"] == event_id
    verify(outside.secret(webhook), request.headers, request.body, monkeypatch)
    assert (outside.queued(), outside.dead()) == ([], [])


def verify(
    secret: str, headers: Any, body: bytes, monkeypatch: pytest.MonkeyPatch, at: int = MONDAY_NINE
) -> None:
    """As a receiver does it, with the scheme's own library, at the test's time."""
    from datetime import UTC, datetime  # noqa: PLC0415

    class Then(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime.fromtimestamp(at, tz or UTC)

    with monkeypatch.context() as patched:
        patched.setattr("standardwebhooks.webhooks.datetime", Then)
        Verifier(secret).verify(body, dict(headers))


def test_a_signature_is_of_this_body_this_secret_and_this_moment(
    outside: Outside, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = outside.create_webhook(receiver.url)
    start(outside)
    outside.deliver()
    (request,) = receiver.received
    other = outside.create_webhook(receiver.url)
    wrong: list[tuple[str, dict[str, str], bytes, int]] = [
        (outside.secret(other), {}, request.body, MONDAY_NINE),
        (outside.secret(webhook), {}, request.body + b" ", MONDAY_NINE),
        (outside.secret(webhook), {}, request.body, MONDAY_NINE + 301),
        (outside.secret(webhook), {"webhook-id": "evt_other"}, request.body, MONDAY_NINE),
        (outside.secret(webhook), {"webhook-timestamp": "1772438399"}, request.body, MONDAY_NINE),
    ]
    for secret, changed, body, at in wrong:
        with pytest.raises(Exception, match=r"signature|timestamp"):
            verify(secret, {**request.headers, **changed}, body, monkeypatch, at)


def test_during_a_rotation_both_secrets_sign(
    outside: Outside, receiver: Receiver, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = outside.create_webhook(
        receiver.url, secret_number=2, oldest_secret_number=1, rotated_at=MONDAY_NINE
    )
    start(outside)
    outside.deliver()
    (request,) = receiver.received
    assert len(request.headers["webhook-signature"].split(" ")) == 2
    for number in (1, 2):
        verify(outside.secret(webhook, number), request.headers, request.body, monkeypatch)
    clock.advance(ROTATION_OVERLAP)
    start(outside, 17)
    outside.deliver()
    request = receiver.received[1]
    now = MONDAY_NINE + ROTATION_OVERLAP
    verify(outside.secret(webhook, 2), request.headers, request.body, monkeypatch, now)
    with pytest.raises(Exception, match="signature"):
        verify(outside.secret(webhook, 1), request.headers, request.body, monkeypatch, now)


FAILURES: dict[str, Any] = {
    "500": status(500),
    "404": status(404),
    "redirect": status(302, Location="http://127.0.0.1:1/"),
    "garbage": raw(b"\xff\x00"),
    "nothing": raw(b""),
    "hangs": hang,
}


@pytest.mark.parametrize("answering", FAILURES.values(), ids=FAILURES.keys())
def test_whatever_fails_is_sent_again_with_the_same_id_and_bytes(
    outside: Outside, receiver: Receiver, clock: FakeClock, answering: Any
) -> None:
    outside.create_webhook(receiver.url)
    event_id = start(outside)
    receiver.answers = [answering]
    outside.deliver()
    (waiting,) = outside.queued()
    assert (waiting.attempt, waiting.due) == (2, MONDAY_NINE + WAITS[0])
    assert outside.deliver() == 0
    clock.advance(WAITS[0])
    outside.deliver()
    assert receiver.ids == [event_id] * 2
    first, second = receiver.received
    assert first.body == second.body
    assert outside.queued() == []


def test_it_is_tried_for_hours_and_then_a_dead_letter(
    outside: Outside, receiver: Receiver, clock: FakeClock
) -> None:
    # Something else succeeds now and then: the webhook stays active.
    webhook = outside.create_webhook(receiver.url)
    event_id = start(outside)
    receiver.otherwise = status(500)
    for _ in range(200):
        outside.deliver()
        outside.tools.store.mark_failing(outside.webhook(webhook), None)
        if outside.dead():
            break
        clock.advance(LONGEST_DELAY)
    assert receiver.ids == [event_id] * (len(WAITS) + 1)
    (dead,) = outside.dead()
    assert (dead.event_id, dead.failure) == (event_id, "answered 500")
    assert outside.queued() == []
    assert clock() - MONDAY_NINE > 12 * HOUR


def test_a_long_wait_is_not_cut_short(
    outside: Outside, receiver: Receiver, clock: FakeClock
) -> None:
    outside.create_webhook(receiver.url)
    start(outside)
    receiver.answers = [status(503, Retry_After="3600")]
    for minutes in range(0, 60, 15):
        outside.deliver()
        assert len(receiver.received) == 1, f"after {minutes} minutes"
        clock.advance(LONGEST_DELAY)
    outside.deliver()
    assert len(receiver.received) == 2


def test_a_retry_after_is_heeded(outside: Outside, receiver: Receiver, clock: FakeClock) -> None:
    outside.create_webhook(receiver.url)
    start(outside)
    receiver.answers = [status(429, Retry_After="90")]
    outside.deliver()
    clock.advance(89)
    outside.deliver()
    assert len(receiver.received) == 1
    clock.advance(1)
    outside.deliver()
    assert len(receiver.received) == 2


def test_who_is_gone_is_paused_and_hears_nothing_more(
    outside: Outside, receiver: Receiver, clock: FakeClock
) -> None:
    webhook = outside.create_webhook(receiver.url)
    receiver.otherwise = status(410)
    start(outside)
    outside.deliver()
    paused = outside.webhook(webhook)
    assert (paused.state, paused.paused_reason, paused.paused_at, paused.version) == (
        WebhookState.PAUSED,
        PausedReason.GONE,
        MONDAY_NINE,
        2,
    )
    assert [it.failure for it in outside.dead()] == ["answered 410"]
    outside.fan_out(stream_record(None, replace(RUNNING, id=17)))
    clock.advance(HOUR)
    outside.deliver()
    assert len(receiver.received) == 1


def test_nothing_but_failures_for_hours_pauses(
    outside: Outside, receiver: Receiver, clock: FakeClock
) -> None:
    webhook = outside.create_webhook(receiver.url)
    receiver.otherwise = status(500)
    start(outside)
    outside.deliver()
    assert outside.webhook(webhook).failing_since == MONDAY_NINE
    clock.advance(PAUSED_AFTER)
    start(outside, 17)
    outside.deliver()
    paused = outside.webhook(webhook)
    assert (paused.state, paused.paused_reason) == (WebhookState.PAUSED, PausedReason.FAILING)
    # What was on its way to it is kept, and not tried.
    tried = len(receiver.received)
    clock.advance(HOUR)
    outside.deliver()
    assert len(receiver.received) == tried
    assert {it.failure for it in outside.dead()} == {"the webhook is paused"}
    assert outside.queued() == []


def test_a_success_in_between_is_remembered(
    outside: Outside, receiver: Receiver, clock: FakeClock
) -> None:
    webhook = outside.create_webhook(receiver.url)
    receiver.answers = [status(500)]
    start(outside)
    outside.deliver()
    clock.advance(WAITS[0])
    outside.deliver()
    assert outside.webhook(webhook).failing_since is None
    clock.advance(PAUSED_AFTER)
    receiver.answers = [status(500)]
    start(outside, 17)
    outside.deliver()
    assert outside.webhook(webhook).state is WebhookState.ACTIVE


def test_what_was_mended_meanwhile_is_not_paused(outside: Outside, receiver: Receiver) -> None:
    webhook = outside.create_webhook(receiver.url)
    model_of(replace(webhook, url="https://new.example.com/", version=2)).save()
    outside.tools.store.pause_webhook(webhook, PausedReason.GONE, MONDAY_NINE)
    assert outside.webhook(webhook).state is WebhookState.ACTIVE


def test_a_webhook_that_was_deleted_gets_nothing(outside: Outside, receiver: Receiver) -> None:
    webhook = outside.create_webhook(receiver.url)
    start(outside)
    model_of(webhook).delete()
    assert outside.deliver() == 1
    assert (receiver.received, outside.queued(), outside.dead()) == ([], [], [])


def test_where_it_moved_to_is_where_it_is_delivered(outside: Outside, receiver: Receiver) -> None:
    webhook = outside.create_webhook("http://127.0.0.1:1/")
    start(outside)
    model_of(replace(webhook, url=receiver.url, version=2)).save()
    outside.deliver()
    assert len(receiver.received) == 1


def test_who_hangs_makes_nobody_else_wait(outside: Outside, receiver: Receiver) -> None:
    with receiving() as slow:
        slow.otherwise = hang
        outside.create_webhook(slow.url)
        outside.create_webhook(receiver.url)
        for number in range(1, 6):
            start(outside, number)
        arrived: list[int] = []

        def note(out: Any, told: Receiver) -> None:
            # How many hang at this moment: they have not been given up yet.
            arrived.append(len(slow.received))
            status(204)(out, told)

        receiver.otherwise = note
        assert outside.deliver() == 10
        assert len(arrived) == 5
        assert len(outside.queued()) == 5


def test_a_message_that_nobody_can_read_ends_as_a_dead_letter(
    outside: Outside, receiver: Receiver, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    outside.create_webhook(receiver.url)
    sqs = client("sqs", outside.settings.region)
    for text in ("nonsense", '{"event_id": 7}', "[]"):
        sqs.send_message(QueueUrl=outside.settings.deliveries_url, MessageBody=text)
    start_event = stream_record(None, RUNNING)
    outside.fan_out(start_event)
    for _ in range(25):
        outside.deliver()
        clock.advance(HOUR)
    assert len(receiver.received) == 1
    assert sorted(outside.texts(outside.settings.dead_letters_url)) == sorted(
        ["nonsense", '{"event_id": 7}', "[]"]
    )
    assert "nonsense" not in caplog.text


def test_while_the_database_is_away_nothing_is_lost(
    outside: Outside, receiver: Receiver, connection: Connection, clock: FakeClock
) -> None:
    outside.create_webhook(receiver.url)
    event_id = start(outside)
    with failing(connection, "BatchGetItem", "ThrottlingException"):
        assert outside.deliver() == 0
    assert receiver.received == []
    clock.advance(HOUR)
    outside.deliver()
    assert receiver.ids == [event_id]


def test_a_mark_that_cannot_be_made_costs_no_delivery(
    outside: Outside, receiver: Receiver, connection: Connection
) -> None:
    outside.create_webhook(receiver.url, failing_since=MONDAY_NINE - 60)
    start(outside)
    with failing(connection, "UpdateItem", "ThrottlingException"):
        assert outside.deliver() == 1
    assert (len(receiver.received), outside.queued()) == (1, [])


def test_a_delivery_that_succeeds_costs_one_call_a_batch(
    outside: Outside, receiver: Receiver, connection: Connection
) -> None:
    outside.create_webhook(receiver.url)
    outside.create_webhook(receiver.url)
    for number in range(1, 6):
        start(outside, number)
    with counted(connection) as calls:
        assert outside.deliver() == 10
    # What became of them is written once, for all.
    assert calls == ["BatchGetItem", "BatchWriteItem"]
    assert len(receiver.received) == 10


def test_the_log_names_events_and_no_more(
    outside: Outside, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    webhook = outside.create_webhook(receiver.url + "?key=of-the-receiver")
    receiver.answers = [status(500, b"what they answer")]
    with caplog.at_level(logging.DEBUG):
        event_id = start(outside)
        outside.deliver()
    line = next(it for it in caplog.records if it.getMessage() == "delivery")
    assert line.__dict__["event_id"] == event_id
    assert (line.__dict__["fate"], line.__dict__["answer"]) == ("again", "answered 500")
    written = "".join(str(it.__dict__) for it in caplog.records if it.name == "stint")
    for secret in ("of-the-receiver", "what they answer", outside.secret(webhook), "started_at"):
        assert secret not in written


@pytest.fixture
def intercom(outside: Outside, receiver: Receiver) -> Receiver:
    """A receiver in Intercom's place."""
    outside.intercom_url = receiver.url.removesuffix("/hook")
    outside.intercom_person = "user_id"
    receiver.otherwise = status(202)
    return receiver


def test_intercom_gets_its_event(outside: Outside, intercom: Receiver) -> None:
    start(outside)
    assert outside.deliver() == 1
    (request,) = intercom.received
    assert request.path == "/events"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body)["event_name"] == "timer-started"
    assert outside.queued() == []


def test_intercoms_token_is_read_anew_when_it_is_refused(
    outside: Outside, intercom: Receiver
) -> None:
    feed = outside.feed(outside.delivery_tools())
    start(outside)
    feed.run()
    client("secretsmanager", outside.settings.region).put_secret_value(
        SecretId=TOKEN_NAME, SecretString="the next one"
    )
    intercom.answers = [status(401)]
    start(outside, 17)
    feed.run()
    assert [it.headers["authorization"] for it in intercom.received] == [
        f"Bearer {TOKEN}",
        f"Bearer {TOKEN}",
        "Bearer the next one",
    ]
    assert outside.queued() == []


def test_a_token_that_is_bad_for_good_is_a_failure_like_others(
    outside: Outside, intercom: Receiver
) -> None:
    intercom.otherwise = status(401)
    start(outside)
    outside.deliver()
    assert len(intercom.received) == 1
    assert [it.failure for it in outside.queued()] == ["answered 401"]


def test_who_intercom_does_not_know_is_left_out(outside: Outside, intercom: Receiver) -> None:
    intercom.otherwise = status(404)
    start(outside)
    outside.deliver()
    assert (outside.queued(), outside.dead()) == ([], [])


def test_what_was_meant_for_intercom_goes_with_it(outside: Outside, intercom: Receiver) -> None:
    start(outside)
    outside.intercom_url = None
    outside.deliver()
    assert (intercom.received, outside.queued(), outside.dead()) == ([], [], [])


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/hook", "https://localhost:{port}/", "https://[::1]:{port}/"]
)
def test_without_the_switch_this_machine_is_not_posted_to(
    outside: Outside, receiver: Receiver, url: str
) -> None:
    outside.poster = Poster()
    outside.create_webhook(url.format(port=receiver.port))
    start(outside)
    outside.deliver()
    assert receiver.received == []
    (waiting,) = outside.queued()
    assert waiting.failure is not None
    assert waiting.failure.startswith("the URL must")
