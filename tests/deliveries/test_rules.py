"""Tests of ``decide``: the delivery status after a webhook response."""

import pytest

from chalicelib.deliveries.model import Delivery, DeliveryStatus, WebhookResponse
from chalicelib.deliveries.rules import MAX_RETRY_DELAY, RETRY_DELAYS, decide, read_retry_after
from tests.support.builders import NOW
from tests.support.clock import HOUR

DELIVERY = Delivery("evt_1", "timer.started", 2149, 77, "{}")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_response_is_success(status: int) -> None:
    assert decide(DELIVERY, WebhookResponse(status), NOW, 0.5) == (
        DeliveryStatus.DELIVERED,
        DELIVERY,
    )


@pytest.mark.parametrize(
    ("response", "failure"),
    [
        (WebhookResponse(500), "The receiver responded with status 500."),
        (WebhookResponse(404), "The receiver responded with status 404."),
        (WebhookResponse(301), "The receiver responded with status 301."),
        (WebhookResponse(100), "The receiver responded with status 100."),
        (WebhookResponse(failure="Cannot connect."), "Cannot connect."),
    ],
)
def test_other_responses_and_failures_are_retried(response: WebhookResponse, failure: str) -> None:
    status, after = decide(DELIVERY, response, NOW, 0.0)
    assert status is DeliveryStatus.AGAIN
    assert (after.attempt, after.due, after.failure) == (2, NOW + RETRY_DELAYS[0], failure)
    assert after.body == DELIVERY.body


def test_waits_grow_and_the_last_failure_is_given_up() -> None:
    delivery, waits = DELIVERY, []
    while True:
        now = delivery.due or NOW
        status, delivery = decide(delivery, WebhookResponse(500), now, 0.0)
        if status is DeliveryStatus.GIVEN_UP:
            break
        waits.append(delivery.due - now)
    assert tuple(waits) == RETRY_DELAYS == tuple(sorted(RETRY_DELAYS))
    assert 12 * HOUR < sum(waits) < 24 * HOUR
    assert delivery.failure == "The receiver responded with status 500."


def test_jitter_spreads_the_retries() -> None:
    delivery = Delivery("evt_1", "timer.started", 2149, 77, "{}", attempt=3)
    due_times = {
        decide(delivery, WebhookResponse(500), NOW, jitter / 10)[1].due for jitter in range(10)
    }
    assert len(due_times) == 10
    assert all(NOW + RETRY_DELAYS[2] <= due <= NOW + RETRY_DELAYS[2] * 1.2 for due in due_times)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [
        ("120", 120),
        ("0", RETRY_DELAYS[0]),
        ("999999999999999", MAX_RETRY_DELAY),
        ("Mon, 02 Mar 2026 08:10:00 GMT", 600),
        ("Mon, 02 Mar 2020 08:10:00 GMT", RETRY_DELAYS[0]),
        ("soon", RETRY_DELAYS[0]),
        ("-5", RETRY_DELAYS[0]),
        ("", RETRY_DELAYS[0]),
        (None, RETRY_DELAYS[0]),
    ],
)
def test_retry_after_of_429_and_503_sets_the_wait_within_bounds(
    status: int, retry_after: str | None, wait: int
) -> None:
    _, after = decide(DELIVERY, WebhookResponse(status, retry_after=retry_after), NOW, 0.0)
    assert after.due - NOW == wait


def test_retry_after_of_other_statuses_is_ignored() -> None:
    _, after = decide(DELIVERY, WebhookResponse(500, retry_after="3600"), NOW, 0.0)
    assert after.due - NOW == RETRY_DELAYS[0]


def test_delivery_is_given_up_immediately_when_the_response_is_410() -> None:
    assert decide(DELIVERY, WebhookResponse(410), NOW, 0.0)[0] is DeliveryStatus.GIVEN_UP


@pytest.mark.parametrize("text", ["²", "Mon, 99 Foo", "1.5", "a" * 10_000, "\x00"])
def test_invalid_retry_after_is_ignored(text: str) -> None:
    assert read_retry_after(text, NOW) is None


def test_each_destination_is_distinct() -> None:
    deliveries = [
        DELIVERY,
        Delivery("evt_1", "x", 2149, None, ""),
        Delivery("evt_1", "x", 2150, 77, ""),
        Delivery("evt_1", "x", 2149, 78, ""),
    ]
    assert len({delivery.destination for delivery in deliveries}) == len(deliveries)
