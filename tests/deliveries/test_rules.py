"""Tests of ``decide``: the delivery status after a webhook response."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.deliveries.model import Delivery, DeliveryStatus, WebhookResponse
from chalicelib.deliveries.rules import (
    MAX_RETRY_DELAY,
    MAX_RETRY_SECONDS,
    RETRY_DELAYS,
    decide,
    read_retry_after,
)
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


def _schedule(response: WebhookResponse, jitter: float = 0.0) -> tuple[int, ...]:
    """The seconds between the first failure and each later attempt, until it is given up."""
    delivery = DELIVERY
    attempts: list[int] = []
    while True:
        status, delivery = decide(delivery, response, delivery.due or NOW, jitter)
        if status is DeliveryStatus.GIVEN_UP:
            return tuple(attempts)
        assert status is DeliveryStatus.AGAIN
        attempts.append(delivery.due - NOW)


@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999])
@pytest.mark.parametrize("retry_after", ["1", "0", "5", "Mon, 02 Mar 2020 08:10:00 GMT"])
@pytest.mark.parametrize("status", [429, 503])
def test_short_retry_after_does_not_change_the_schedule(
    status: int, retry_after: str, jitter: float
) -> None:
    schedule = _schedule(WebhookResponse(status, retry_after=retry_after), jitter)
    assert schedule == _schedule(WebhookResponse(500), jitter)
    assert len(schedule) == len(RETRY_DELAYS)
    assert 15 * HOUR < schedule[-1] <= MAX_RETRY_SECONDS < 19 * HOUR


@pytest.mark.parametrize("jitter", [0.0, 0.999])
@pytest.mark.parametrize("minutes", [1, 10, 60, 120, 240, 480, 9_999])
def test_long_retry_after_lengthens_waits_within_the_promised_total(
    minutes: int, jitter: float
) -> None:
    requested = _schedule(WebhookResponse(503, retry_after=str(60 * minutes)), jitter)
    regular = _schedule(WebhookResponse(500), jitter)
    assert requested[0] >= 60 * min(minutes, 480)
    # No attempt is earlier than without the header, and the patience is not shorter.
    assert all(late >= early for late, early in zip(requested[:-1], regular, strict=False))
    assert regular[-1] <= requested[-1] <= MAX_RETRY_SECONDS


@given(
    st.integers(1, len(RETRY_DELAYS)),
    st.integers(0, MAX_RETRY_SECONDS),
    st.integers(0, 10**6),
    st.floats(0, 0.999),
)
def test_retry_after_never_shortens_a_wait(
    attempt: int, age: int, retry_after: int, jitter: float
) -> None:
    delivery = replace(DELIVERY, attempt=attempt, first_failed_at=NOW - age)
    default = decide(delivery, WebhookResponse(503), NOW, jitter)
    requested = decide(delivery, WebhookResponse(503, retry_after=str(retry_after)), NOW, jitter)
    assert requested[0] is default[0]
    assert requested[1].due >= default[1].due


def test_replayed_delivery_begins_a_new_schedule() -> None:
    dead = replace(DELIVERY, attempt=1, first_failed_at=NOW - 48 * HOUR)
    status, after = decide(dead, WebhookResponse(500), NOW, 0.0)
    assert (status, after.first_failed_at) == (DeliveryStatus.AGAIN, NOW)


def test_delivery_that_version_0_2_0_queued_keeps_its_attempts() -> None:
    queued = replace(DELIVERY, attempt=8, due=NOW)
    status, after = decide(queued, WebhookResponse(500), NOW, 0.0)
    assert (status, after.due) == (DeliveryStatus.AGAIN, NOW + RETRY_DELAYS[7])


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
