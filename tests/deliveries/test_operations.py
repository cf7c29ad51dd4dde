"""Webhook delivery from the queue to receivers on real sockets, with a fake clock."""

import json
import logging
from dataclasses import replace
from typing import Any

import pytest
from pynamodb.connection import Connection
from standardwebhooks import Webhook as Verifier

from chalicelib.clients.aws import client
from chalicelib.clients.http_client import Poster
from chalicelib.clients.sqs import LONGEST_DELAY
from chalicelib.deliveries.rules import WAITS
from chalicelib.domain.timers import Timer
from chalicelib.dynamodb.items import model_of
from chalicelib.webhooks.model import PAUSED_AFTER, ROTATION_OVERLAP, PausedReason, WebhookState
from tests.support.call_counter import counted
from tests.support.clock import HOUR, MONDAY_NINE, FakeClock
from tests.support.event_services import TOKEN, TOKEN_NAME, Outside
from tests.support.failing_calls import failing
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, ZAGREB, World
from tests.support.receiver import Receiver, hang, raw, receiving, status
from tests.support.stream_records import stream_record

RUNNING = Timer(16, ZAGREB.id, ADMIN, ADMINS_ENTRY, MONDAY_NINE - HOUR, MONDAY_NINE + 11 * HOUR)


@pytest.fixture(autouse=True)
def _organizations_and_people(world: World) -> None:
    """Create organizations and people."""


def start(outside: Outside, timer_id: int = 16) -> str:
    """Fan out a timer start and return the event id."""
    outside.fan_out(stream_record(None, replace(RUNNING, id=timer_id)))
    return outside.queued()[-1].event_id


def test_delivered_event_is_signed(
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
    """Verify a signature as a receiver does: with the Standard Webhooks library, at a given time.

    :param at: the current time of the receiver, in Unix seconds.
    """
    from datetime import UTC, datetime  # noqa: PLC0415

    class FixedTime(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime.fromtimestamp(at, tz or UTC)

    with monkeypatch.context() as patched:
        patched.setattr("standardwebhooks.webhooks.datetime", FixedTime)
        Verifier(secret).verify(body, dict(headers))


def test_signature_is_valid_only_for_its_body_secret_and_timestamp(
    outside: Outside, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = outside.create_webhook(receiver.url)
    start(outside)
    outside.deliver()
    (request,) = receiver.received
    other = outside.create_webhook(receiver.url)
    invalid: list[tuple[str, dict[str, str], bytes, int]] = [
        (outside.secret(other), {}, request.body, MONDAY_NINE),
        (outside.secret(webhook), {}, request.body + b" ", MONDAY_NINE),
        (outside.secret(webhook), {}, request.body, MONDAY_NINE + 301),
        (outside.secret(webhook), {"webhook-id": "evt_other"}, request.body, MONDAY_NINE),
        (outside.secret(webhook), {"webhook-timestamp": "1772438399"}, request.body, MONDAY_NINE),
    ]
    for secret, changed_headers, body, at in invalid:
        with pytest.raises(Exception, match=r"signature|timestamp"):
            verify(secret, {**request.headers, **changed_headers}, body, monkeypatch, at)


def test_both_secrets_sign_during_a_rotation(
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
    "empty": raw(b""),
    "hangs": hang,
}


@pytest.mark.parametrize("response", FAILURES.values(), ids=FAILURES.keys())
def test_failed_delivery_is_retried_with_the_same_id_and_body(
    outside: Outside, receiver: Receiver, clock: FakeClock, response: Any
) -> None:
    outside.create_webhook(receiver.url)
    event_id = start(outside)
    receiver.answers = [response]
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


def test_delivery_is_retried_for_hours_before_the_dead_letter(
    outside: Outside, receiver: Receiver, clock: FakeClock
) -> None:
    # ``failing_since`` is cleared after each delivery, so the webhook stays active.
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
    (dead_letter,) = outside.dead()
    assert (dead_letter.event_id, dead_letter.failure) == (
        event_id,
        "The receiver responded with status 500.",
    )
    assert outside.queued() == []
    assert clock() - MONDAY_NINE > 12 * HOUR


def test_long_retry_delay_is_not_shortened(
    outside: Outside, receiver: Receiver, clock: FakeClock
) -> None:
    outside.create_webhook(receiver.url)
    start(outside)
    receiver.answers = [status(503, Retry_After="3600")]
    for minutes in range(0, 60, 15):
        outside.deliver()
        assert len(receiver.received) == 1, f"request sent after {minutes} minutes"
        clock.advance(LONGEST_DELAY)
    outside.deliver()
    assert len(receiver.received) == 2


def test_retry_after_header_is_respected(
    outside: Outside, receiver: Receiver, clock: FakeClock
) -> None:
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


def test_gone_response_pauses_the_webhook(
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
    assert [delivery.failure for delivery in outside.dead()] == [
        "The receiver responded with status 410."
    ]
    outside.fan_out(stream_record(None, replace(RUNNING, id=17)))
    clock.advance(HOUR)
    outside.deliver()
    assert len(receiver.received) == 1


def test_webhook_is_paused_after_hours_of_failures(
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
    # The queued deliveries become dead letters without a further attempt.
    request_count = len(receiver.received)
    clock.advance(HOUR)
    outside.deliver()
    assert len(receiver.received) == request_count
    assert {delivery.failure for delivery in outside.dead()} == {"The webhook is paused."}
    assert outside.queued() == []


def test_success_resets_the_failure_period(
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


def test_concurrently_changed_webhook_is_not_paused(outside: Outside, receiver: Receiver) -> None:
    webhook = outside.create_webhook(receiver.url)
    model_of(replace(webhook, url="https://new.example.com/", version=2)).save()
    outside.tools.store.pause_webhook(webhook, PausedReason.GONE, MONDAY_NINE)
    assert outside.webhook(webhook).state is WebhookState.ACTIVE


def test_deleted_webhook_receives_nothing(outside: Outside, receiver: Receiver) -> None:
    webhook = outside.create_webhook(receiver.url)
    start(outside)
    model_of(webhook).delete()
    assert outside.deliver() == 1
    assert (receiver.received, outside.queued(), outside.dead()) == ([], [], [])


def test_delivery_uses_the_current_url(outside: Outside, receiver: Receiver) -> None:
    webhook = outside.create_webhook("http://127.0.0.1:1/")
    start(outside)
    model_of(replace(webhook, url=receiver.url, version=2)).save()
    outside.deliver()
    assert len(receiver.received) == 1


def test_hanging_receiver_does_not_delay_the_others(outside: Outside, receiver: Receiver) -> None:
    with receiving() as slow:
        slow.otherwise = hang
        outside.create_webhook(slow.url)
        outside.create_webhook(receiver.url)
        for number in range(1, 6):
            start(outside, number)
        hanging_requests: list[int] = []

        def record_and_respond(out: Any, handler: Receiver) -> None:
            # The number of requests that hang now and have not timed out yet.
            hanging_requests.append(len(slow.received))
            status(204)(out, handler)

        receiver.otherwise = record_and_respond
        assert outside.deliver() == 10
        assert len(hanging_requests) == 5
        assert len(outside.queued()) == 5


def test_unreadable_message_becomes_a_dead_letter(
    outside: Outside, receiver: Receiver, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    outside.create_webhook(receiver.url)
    sqs = client("sqs", outside.settings.region)
    for body in ("nonsense", '{"event_id": 7}', "[]"):
        sqs.send_message(QueueUrl=outside.settings.deliveries_url, MessageBody=body)
    record = stream_record(None, RUNNING)
    outside.fan_out(record)
    for _ in range(25):
        outside.deliver()
        clock.advance(HOUR)
    assert len(receiver.received) == 1
    assert sorted(outside.texts(outside.settings.dead_letters_url)) == sorted(
        ["nonsense", '{"event_id": 7}', "[]"]
    )
    assert "nonsense" not in caplog.text


def test_database_outage_loses_no_delivery(
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


def test_delivery_succeeds_when_the_failing_since_update_fails(
    outside: Outside, receiver: Receiver, connection: Connection
) -> None:
    outside.create_webhook(receiver.url, failing_since=MONDAY_NINE - 60)
    start(outside)
    with failing(connection, "UpdateItem", "ThrottlingException"):
        assert outside.deliver() == 1
    assert (len(receiver.received), outside.queued()) == (1, [])


def test_successful_batch_takes_one_read_and_one_write(
    outside: Outside, receiver: Receiver, connection: Connection
) -> None:
    outside.create_webhook(receiver.url)
    outside.create_webhook(receiver.url)
    for number in range(1, 6):
        start(outside, number)
    with counted(connection) as calls:
        assert outside.deliver() == 10
    # All delivery statuses are written in one call.
    assert calls == ["BatchGetItem", "BatchWriteItem"]
    assert len(receiver.received) == 10


def test_log_contains_event_ids_and_no_secrets(
    outside: Outside, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    webhook = outside.create_webhook(receiver.url + "?key=of-the-receiver")
    receiver.answers = [status(500, b"what they answer")]
    with caplog.at_level(logging.DEBUG):
        event_id = start(outside)
        outside.deliver()
    log_record = next(entry for entry in caplog.records if entry.getMessage() == "delivery attempt")
    assert log_record.__dict__["event_id"] == event_id
    assert (log_record.__dict__["fate"], log_record.__dict__["answer"]) == (
        "again",
        "The receiver responded with status 500.",
    )
    log_text = "".join(str(entry.__dict__) for entry in caplog.records if entry.name == "stint")
    for secret in ("of-the-receiver", "what they answer", outside.secret(webhook), "started_at"):
        assert secret not in log_text


@pytest.fixture
def intercom(outside: Outside, receiver: Receiver) -> Receiver:
    """A receiver that replaces the Intercom API."""
    outside.intercom_url = receiver.url.removesuffix("/hook")
    outside.intercom_person = "user_id"
    receiver.otherwise = status(202)
    return receiver


def test_intercom_receives_its_event(outside: Outside, intercom: Receiver) -> None:
    start(outside)
    assert outside.deliver() == 1
    (request,) = intercom.received
    assert request.path == "/events"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body)["event_name"] == "timer-started"
    assert outside.queued() == []


def test_refused_intercom_token_is_read_again(outside: Outside, intercom: Receiver) -> None:
    feed = outside.feed(outside.delivery_tools())
    start(outside)
    feed.run()
    client("secretsmanager", outside.settings.region).put_secret_value(
        SecretId=TOKEN_NAME, SecretString="the next one"
    )
    intercom.answers = [status(401)]
    start(outside, 17)
    feed.run()
    assert [request.headers["authorization"] for request in intercom.received] == [
        f"Bearer {TOKEN}",
        f"Bearer {TOKEN}",
        "Bearer the next one",
    ]
    assert outside.queued() == []


def test_permanently_invalid_token_is_an_ordinary_failure(
    outside: Outside, intercom: Receiver
) -> None:
    intercom.otherwise = status(401)
    start(outside)
    outside.deliver()
    assert len(intercom.received) == 1
    assert [delivery.failure for delivery in outside.queued()] == [
        "The receiver responded with status 401."
    ]


def test_event_of_a_person_unknown_to_intercom_is_dropped(
    outside: Outside, intercom: Receiver
) -> None:
    intercom.otherwise = status(404)
    start(outside)
    outside.deliver()
    assert (outside.queued(), outside.dead()) == ([], [])


def test_intercom_messages_are_dropped_when_intercom_is_disabled(
    outside: Outside, intercom: Receiver
) -> None:
    start(outside)
    outside.intercom_url = None
    outside.deliver()
    assert (intercom.received, outside.queued(), outside.dead()) == ([], [], [])


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/hook", "https://localhost:{port}/", "https://[::1]:{port}/"]
)
def test_loopback_urls_are_rejected_unless_local_is_enabled(
    outside: Outside, receiver: Receiver, url: str
) -> None:
    outside.poster = Poster()
    outside.create_webhook(url.format(port=receiver.port))
    start(outside)
    outside.deliver()
    assert receiver.received == []
    (waiting,) = outside.queued()
    assert waiting.failure is not None
    assert waiting.failure.startswith("The URL must")
