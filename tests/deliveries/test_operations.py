"""Webhook delivery from the queue to receivers on real sockets, with a fake clock."""

import json
import logging
from typing import Any

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection
from standardwebhooks import Webhook as Verifier

from chalicelib.clients.aws import client
from chalicelib.clients.http_client import WebhookClient
from chalicelib.clients.sqs import MAX_DELAY_SECONDS, encode_delivery
from chalicelib.deliveries.model import TEST_EVENT, Delivery
from chalicelib.deliveries.rules import RETRY_DELAYS
from chalicelib.dynamodb.items import to_item
from chalicelib.timers.model import Timer
from chalicelib.webhooks.model import (
    FAILURE_INTERVAL_SECONDS,
    MAX_FAILING_SECONDS,
    MAX_FAILURE_GAP_SECONDS,
    MIN_FAILURES,
    ROTATION_OVERLAP_SECONDS,
    PausedReason,
    WebhookState,
)
from chalicelib.webhooks.repository import pause, set_failures
from tests.support.call_counter import counted
from tests.support.clock import HOUR, MONDAY_NINE, FakeClock
from tests.support.event_services import TOKEN, TOKEN_NAME, EventServices
from tests.support.failing_calls import failing
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, ZAGREB, Fixtures
from tests.support.receiver import Receiver, hang, raw, receiving, status
from tests.support.stream_records import stream_record

RUNNING = Timer(16, ZAGREB.id, ADMIN, ADMINS_ENTRY, MONDAY_NINE - HOUR, MONDAY_NINE + 11 * HOUR)


@pytest.fixture(autouse=True)
def _organizations_and_people(fixtures: Fixtures) -> None:
    """Create organizations and people."""


def start(event_services: EventServices, timer_id: int = 16) -> str:
    """Fan out a timer start and return the event id."""
    event_services.fan_out(stream_record(None, replace(RUNNING, id=timer_id)))
    return event_services.queued()[-1].event_id


def test_delivered_event_is_signed(
    event_services: EventServices, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = event_services.create_webhook(receiver.url)
    event_id = start(event_services)
    assert event_services.deliver() == 1
    (request,) = receiver.received
    assert request.headers["webhook-id"] == event_id
    assert request.headers["webhook-timestamp"] == str(MONDAY_NINE)
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body)["id"] == event_id
    verify(event_services.secret(webhook), request.headers, request.body, monkeypatch)
    assert (event_services.queued(), event_services.dead()) == ([], [])


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
    event_services: EventServices, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = event_services.create_webhook(receiver.url)
    start(event_services)
    event_services.deliver()
    (request,) = receiver.received
    other = event_services.create_webhook(receiver.url)
    invalid: list[tuple[str, dict[str, str], bytes, int]] = [
        (event_services.secret(other), {}, request.body, MONDAY_NINE),
        (event_services.secret(webhook), {}, request.body + b" ", MONDAY_NINE),
        (event_services.secret(webhook), {}, request.body, MONDAY_NINE + 301),
        (event_services.secret(webhook), {"webhook-id": "evt_other"}, request.body, MONDAY_NINE),
        (
            event_services.secret(webhook),
            {"webhook-timestamp": "1772438399"},
            request.body,
            MONDAY_NINE,
        ),
    ]
    for secret, changed_headers, body, at in invalid:
        with pytest.raises(Exception, match=r"signature|timestamp"):
            verify(secret, {**request.headers, **changed_headers}, body, monkeypatch, at)


def test_both_secrets_sign_during_a_rotation(
    event_services: EventServices,
    receiver: Receiver,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    webhook = event_services.create_webhook(
        receiver.url, secret_number=2, oldest_secret_number=1, rotated_at=MONDAY_NINE
    )
    start(event_services)
    event_services.deliver()
    (request,) = receiver.received
    assert len(request.headers["webhook-signature"].split(" ")) == 2
    for number in (1, 2):
        verify(event_services.secret(webhook, number), request.headers, request.body, monkeypatch)
    clock.advance(ROTATION_OVERLAP_SECONDS)
    start(event_services, 17)
    event_services.deliver()
    request = receiver.received[1]
    now = MONDAY_NINE + ROTATION_OVERLAP_SECONDS
    verify(event_services.secret(webhook, 2), request.headers, request.body, monkeypatch, now)
    with pytest.raises(Exception, match="signature"):
        verify(event_services.secret(webhook, 1), request.headers, request.body, monkeypatch, now)


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
    event_services: EventServices, receiver: Receiver, clock: FakeClock, response: Any
) -> None:
    event_services.create_webhook(receiver.url)
    event_id = start(event_services)
    receiver.responses = [response]
    event_services.deliver()
    (waiting,) = event_services.queued()
    assert (waiting.attempt, waiting.due) == (2, MONDAY_NINE + RETRY_DELAYS[0])
    assert event_services.deliver() == 0
    clock.advance(RETRY_DELAYS[0])
    event_services.deliver()
    assert receiver.ids == [event_id] * 2
    first, second = receiver.received
    assert first.body == second.body
    assert event_services.queued() == []


def test_delivery_is_retried_for_hours_before_the_dead_letter(
    event_services: EventServices, receiver: Receiver, clock: FakeClock
) -> None:
    # ``failing_since`` is cleared after each delivery, so the webhook stays active.
    webhook = event_services.create_webhook(receiver.url)
    event_id = start(event_services)
    receiver.otherwise = status(500)
    for _ in range(200):
        event_services.deliver()
        failing_webhook = event_services.webhook(webhook)
        set_failures(failing_webhook, failing_webhook.after_success())
        if event_services.dead():
            break
        clock.advance(MAX_DELAY_SECONDS)
    assert receiver.ids == [event_id] * (len(RETRY_DELAYS) + 1)
    (dead_letter,) = event_services.dead()
    assert (dead_letter.event_id, dead_letter.failure) == (
        event_id,
        "The receiver responded with status 500.",
    )
    assert event_services.queued() == []
    assert clock() - MONDAY_NINE > 12 * HOUR


def test_long_retry_delay_is_not_shortened(
    event_services: EventServices, receiver: Receiver, clock: FakeClock
) -> None:
    event_services.create_webhook(receiver.url)
    start(event_services)
    receiver.responses = [status(503, Retry_After="3600")]
    for minutes in range(0, 60, 15):
        event_services.deliver()
        assert len(receiver.received) == 1, f"request sent after {minutes} minutes"
        clock.advance(MAX_DELAY_SECONDS)
    event_services.deliver()
    assert len(receiver.received) == 2


def test_retry_after_header_is_respected(
    event_services: EventServices, receiver: Receiver, clock: FakeClock
) -> None:
    event_services.create_webhook(receiver.url)
    start(event_services)
    receiver.responses = [status(429, Retry_After="90")]
    event_services.deliver()
    clock.advance(89)
    event_services.deliver()
    assert len(receiver.received) == 1
    clock.advance(1)
    event_services.deliver()
    assert len(receiver.received) == 2


def test_gone_response_pauses_the_webhook(
    event_services: EventServices, receiver: Receiver, clock: FakeClock
) -> None:
    webhook = event_services.create_webhook(receiver.url)
    receiver.otherwise = status(410)
    start(event_services)
    event_services.deliver()
    paused = event_services.webhook(webhook)
    assert (paused.state, paused.paused_reason, paused.paused_at, paused.version) == (
        WebhookState.PAUSED,
        PausedReason.GONE,
        MONDAY_NINE,
        2,
    )
    assert [delivery.failure for delivery in event_services.dead()] == [
        "The receiver responded with status 410."
    ]
    event_services.fan_out(stream_record(None, replace(RUNNING, id=17)))
    clock.advance(HOUR)
    event_services.deliver()
    assert len(receiver.received) == 1


def test_webhook_is_paused_after_hours_of_failures(
    event_services: EventServices, receiver: Receiver, clock: FakeClock
) -> None:
    webhook = event_services.create_webhook(receiver.url)
    receiver.otherwise = status(500)
    start(event_services)
    event_services.deliver()
    assert event_services.webhook(webhook).failing_since == MONDAY_NINE
    clock.advance(FAILURE_INTERVAL_SECONDS)
    while clock() < MONDAY_NINE + MAX_FAILING_SECONDS:
        event_services.deliver()
        assert event_services.webhook(webhook).state is WebhookState.ACTIVE
        clock.advance(MAX_DELAY_SECONDS)
    start(event_services, 17)
    event_services.deliver()
    paused = event_services.webhook(webhook)
    assert (paused.state, paused.paused_reason) == (WebhookState.PAUSED, PausedReason.FAILING)
    # The queued deliveries become dead letters without a further attempt.
    request_count = len(receiver.received)
    while event_services.queued():
        clock.advance(HOUR)
        event_services.deliver()
    assert len(receiver.received) == request_count
    assert {delivery.failure for delivery in event_services.dead()} == {"The webhook is paused."}
    assert event_services.queued() == []


def test_failures_far_apart_do_not_pause_the_webhook(
    event_services: EventServices, receiver: Receiver, clock: FakeClock
) -> None:
    webhook = event_services.create_webhook(receiver.url)
    for number in range(MIN_FAILURES + 1):
        receiver.responses = [status(502)]
        start(event_services, 16 + number)
        event_services.deliver()
        failing_webhook = event_services.webhook(webhook)
        assert failing_webhook.failing_since == clock()
        event_services.empty_deliveries()
        clock.advance(MAX_FAILURE_GAP_SECONDS + 1)
    assert event_services.webhook(webhook).state is WebhookState.ACTIVE


def test_failed_test_event_does_not_count(
    event_services: EventServices, receiver: Receiver, clock: FakeClock
) -> None:
    webhook = event_services.create_webhook(receiver.url)
    receiver.otherwise = status(502)
    body = '{"type":"webhook.test"}'
    test = Delivery("evt_test", TEST_EVENT, ZAGREB.id, webhook.id, body)
    for _ in range(MIN_FAILURES + 1):
        event_services.webhook_delivery().run({"1": encode_delivery(test)})
        clock.advance(MAX_FAILING_SECONDS // MIN_FAILURES)
    assert event_services.webhook(webhook) == webhook
    assert len(receiver.received) == MIN_FAILURES + 1


FAILING = {
    "failing_since": MONDAY_NINE - MAX_FAILING_SECONDS,
    "last_failure_at": MONDAY_NINE - HOUR,
    "failures": MIN_FAILURES - 1,
}


@pytest.mark.parametrize("failed", range(3))
def test_webhook_that_succeeds_in_a_batch_is_not_paused(
    event_services: EventServices, receiver: Receiver, failed: int
) -> None:
    webhook = event_services.create_webhook(receiver.url, **FAILING)
    receiver.responses = [status(502 if number == failed else 200) for number in range(3)]
    event_services.fan_out(
        *(stream_record(None, replace(RUNNING, id=number)) for number in range(16, 19))
    )
    event_services.deliver()
    after = event_services.webhook(webhook)
    assert (after.state, after.failing_since, after.failures) == (WebhookState.ACTIVE, None, None)


def test_webhook_that_succeeded_meanwhile_is_not_paused(
    event_services: EventServices, receiver: Receiver
) -> None:
    webhook = event_services.create_webhook(receiver.url, **FAILING)
    start(event_services)

    def succeed_elsewhere_and_fail(out: Any, handler: Receiver) -> None:
        # Another worker delivers an event while the response to this one is late.
        set_failures(webhook, webhook.after_success())
        status(502)(out, handler)

    receiver.responses = [succeed_elsewhere_and_fail]
    event_services.deliver()
    assert event_services.webhook(webhook).state is WebhookState.ACTIVE
    # The same webhook, with no success in between.
    other = event_services.create_webhook(receiver.url, **FAILING)
    receiver.otherwise = status(502)
    start(event_services, 17)
    event_services.deliver()
    assert event_services.webhook(other).paused_reason is PausedReason.FAILING


def test_success_resets_the_failure_period(
    event_services: EventServices, receiver: Receiver, clock: FakeClock
) -> None:
    webhook = event_services.create_webhook(receiver.url)
    receiver.responses = [status(500)]
    start(event_services)
    event_services.deliver()
    clock.advance(RETRY_DELAYS[0])
    event_services.deliver()
    assert event_services.webhook(webhook).failing_since is None
    clock.advance(MAX_FAILING_SECONDS)
    receiver.responses = [status(500)]
    start(event_services, 17)
    event_services.deliver()
    assert event_services.webhook(webhook).state is WebhookState.ACTIVE


def test_concurrently_changed_webhook_is_not_paused(
    event_services: EventServices, receiver: Receiver
) -> None:
    webhook = event_services.create_webhook(receiver.url)
    to_item(replace(webhook, url="https://new.example.com/", version=2)).save()
    pause(webhook, PausedReason.GONE, MONDAY_NINE)
    assert event_services.webhook(webhook).state is WebhookState.ACTIVE


def test_deleted_webhook_receives_nothing(
    event_services: EventServices, receiver: Receiver
) -> None:
    webhook = event_services.create_webhook(receiver.url)
    start(event_services)
    to_item(webhook).delete()
    assert event_services.deliver() == 1
    assert (receiver.received, event_services.queued(), event_services.dead()) == ([], [], [])


def test_delivery_uses_the_current_url(event_services: EventServices, receiver: Receiver) -> None:
    webhook = event_services.create_webhook("http://127.0.0.1:1/")
    start(event_services)
    to_item(replace(webhook, url=receiver.url, version=2)).save()
    event_services.deliver()
    assert len(receiver.received) == 1


def test_hanging_receiver_does_not_delay_the_others(
    event_services: EventServices, receiver: Receiver
) -> None:
    with receiving() as slow:
        slow.otherwise = hang
        event_services.create_webhook(slow.url)
        event_services.create_webhook(receiver.url)
        for number in range(1, 6):
            start(event_services, number)
        hanging_requests: list[int] = []

        def record_and_respond(out: Any, handler: Receiver) -> None:
            # The number of requests that hang now and have not timed out yet.
            hanging_requests.append(len(slow.received))
            status(204)(out, handler)

        receiver.otherwise = record_and_respond
        assert event_services.deliver() == 10
        assert len(hanging_requests) == 5
        assert len(event_services.queued()) == 5


def test_unreadable_message_becomes_a_dead_letter(
    event_services: EventServices,
    receiver: Receiver,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    event_services.create_webhook(receiver.url)
    sqs = client("sqs", event_services.settings.region)
    for body in ("nonsense", '{"event_id": 7}', "[]"):
        sqs.send_message(QueueUrl=event_services.settings.deliveries_url, MessageBody=body)
    record = stream_record(None, RUNNING)
    event_services.fan_out(record)
    for _ in range(25):
        event_services.deliver()
        clock.advance(HOUR)
    assert len(receiver.received) == 1
    assert sorted(event_services.texts(event_services.settings.dead_letters_url)) == sorted(
        ["nonsense", '{"event_id": 7}', "[]"]
    )
    assert "nonsense" not in caplog.text


def test_database_outage_loses_no_delivery(
    event_services: EventServices, receiver: Receiver, connection: Connection, clock: FakeClock
) -> None:
    event_services.create_webhook(receiver.url)
    event_id = start(event_services)
    with failing(connection, "BatchGetItem", "ThrottlingException"):
        assert event_services.deliver() == 0
    assert receiver.received == []
    clock.advance(HOUR)
    event_services.deliver()
    assert receiver.ids == [event_id]


def test_delivery_succeeds_when_the_failing_since_update_fails(
    event_services: EventServices, receiver: Receiver, connection: Connection
) -> None:
    event_services.create_webhook(receiver.url, failing_since=MONDAY_NINE - 60)
    start(event_services)
    with failing(connection, "UpdateItem", "ThrottlingException"):
        assert event_services.deliver() == 1
    assert (len(receiver.received), event_services.queued()) == (1, [])


def test_successful_batch_takes_one_read_and_one_write(
    event_services: EventServices, receiver: Receiver, connection: Connection
) -> None:
    event_services.create_webhook(receiver.url)
    event_services.create_webhook(receiver.url)
    for number in range(1, 6):
        start(event_services, number)
    with counted(connection) as calls:
        assert event_services.deliver() == 10
    # All delivery statuses are written in one call.
    assert calls == ["BatchGetItem", "BatchWriteItem"]
    assert len(receiver.received) == 10


def test_log_contains_event_ids_and_no_secrets(
    event_services: EventServices, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    webhook = event_services.create_webhook(receiver.url + "?key=of-the-receiver")
    receiver.responses = [status(500, b"text of the response")]
    with caplog.at_level(logging.DEBUG):
        event_id = start(event_services)
        event_services.deliver()
    log_record = next(entry for entry in caplog.records if entry.getMessage() == "delivery attempt")
    assert log_record.__dict__["event_id"] == event_id
    assert (log_record.__dict__["status"], log_record.__dict__["response"]) == (
        "again",
        "The receiver responded with status 500.",
    )
    log_text = "".join(str(entry.__dict__) for entry in caplog.records if entry.name == "stint")
    for secret in (
        "of-the-receiver",
        "text of the response",
        event_services.secret(webhook),
        "started_at",
    ):
        assert secret not in log_text


@pytest.fixture
def intercom(event_services: EventServices, receiver: Receiver) -> Receiver:
    """A receiver that replaces the Intercom API."""
    event_services.intercom_url = receiver.url.removesuffix("/hook")
    event_services.intercom_person = "user_id"
    receiver.otherwise = status(202)
    return receiver


def test_intercom_receives_its_event(event_services: EventServices, intercom: Receiver) -> None:
    start(event_services)
    assert event_services.deliver() == 1
    (request,) = intercom.received
    assert request.path == "/events"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body)["event_name"] == "timer-started"
    assert event_services.queued() == []


def test_refused_intercom_token_is_read_again(
    event_services: EventServices, intercom: Receiver
) -> None:
    feed = event_services.feed(event_services.webhook_delivery())
    start(event_services)
    feed.run()
    client("secretsmanager", event_services.settings.region).put_secret_value(
        SecretId=TOKEN_NAME, SecretString="the next one"
    )
    intercom.responses = [status(401)]
    start(event_services, 17)
    feed.run()
    assert [request.headers["authorization"] for request in intercom.received] == [
        f"Bearer {TOKEN}",
        f"Bearer {TOKEN}",
        "Bearer the next one",
    ]
    assert event_services.queued() == []


def test_permanently_invalid_token_is_an_ordinary_failure(
    event_services: EventServices, intercom: Receiver
) -> None:
    intercom.otherwise = status(401)
    start(event_services)
    event_services.deliver()
    assert len(intercom.received) == 1
    assert [delivery.failure for delivery in event_services.queued()] == [
        "The receiver responded with status 401."
    ]


def test_event_of_a_person_unknown_to_intercom_is_dropped(
    event_services: EventServices, intercom: Receiver
) -> None:
    intercom.otherwise = status(404)
    start(event_services)
    event_services.deliver()
    assert (event_services.queued(), event_services.dead()) == ([], [])


def test_intercom_messages_are_dropped_when_intercom_is_disabled(
    event_services: EventServices, intercom: Receiver
) -> None:
    start(event_services)
    event_services.intercom_url = None
    event_services.deliver()
    assert (intercom.received, event_services.queued(), event_services.dead()) == ([], [], [])


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/hook", "https://localhost:{port}/", "https://[::1]:{port}/"]
)
def test_loopback_urls_are_rejected_unless_local_is_enabled(
    event_services: EventServices, receiver: Receiver, url: str
) -> None:
    event_services.client = WebhookClient()
    event_services.create_webhook(url.format(port=receiver.port))
    start(event_services)
    event_services.deliver()
    assert receiver.received == []
    (waiting,) = event_services.queued()
    assert waiting.failure is not None
    assert waiting.failure.startswith("The URL must")
