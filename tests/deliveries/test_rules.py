"""Tests of ``decide``: the delivery status after a webhook response."""

import pytest

from chalicelib.deliveries.rules import (
    LONGEST_WAIT,
    WAITS,
    Answer,
    Delivery,
    Fate,
    decide,
    read_retry_after,
)
from tests.support.builders import NOW
from tests.support.clock import HOUR

DELIVERY = Delivery("evt_1", "timer.started", 2149, 77, "{}")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_response_is_success(status: int) -> None:
    assert decide(DELIVERY, Answer(status), NOW, 0.5) == (Fate.DELIVERED, DELIVERY)


@pytest.mark.parametrize(
    ("response", "failure"),
    [
        (Answer(500), "The receiver responded with status 500."),
        (Answer(404), "The receiver responded with status 404."),
        (Answer(301), "The receiver responded with status 301."),
        (Answer(100), "The receiver responded with status 100."),
        (Answer(failure="Cannot connect."), "Cannot connect."),
    ],
)
def test_other_responses_and_failures_are_retried(response: Answer, failure: str) -> None:
    status, after = decide(DELIVERY, response, NOW, 0.0)
    assert status is Fate.AGAIN
    assert (after.attempt, after.due, after.failure) == (2, NOW + WAITS[0], failure)
    assert after.body == DELIVERY.body


def test_waits_grow_and_the_last_failure_is_given_up() -> None:
    delivery, waits = DELIVERY, []
    while True:
        now = delivery.due or NOW
        status, delivery = decide(delivery, Answer(500), now, 0.0)
        if status is Fate.GIVEN_UP:
            break
        waits.append(delivery.due - now)
    assert tuple(waits) == WAITS == tuple(sorted(WAITS))
    assert 12 * HOUR < sum(waits) < 24 * HOUR
    assert delivery.failure == "The receiver responded with status 500."


def test_jitter_spreads_the_retries() -> None:
    delivery = Delivery("evt_1", "timer.started", 2149, 77, "{}", attempt=3)
    due_times = {decide(delivery, Answer(500), NOW, jitter / 10)[1].due for jitter in range(10)}
    assert len(due_times) == 10
    assert all(NOW + WAITS[2] <= due <= NOW + WAITS[2] * 1.2 for due in due_times)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [
        ("120", 120),
        ("0", WAITS[0]),
        ("999999999999999", LONGEST_WAIT),
        ("Mon, 02 Mar 2026 08:10:00 GMT", 600),
        ("Mon, 02 Mar 2020 08:10:00 GMT", WAITS[0]),
        ("soon", WAITS[0]),
        ("-5", WAITS[0]),
        ("", WAITS[0]),
        (None, WAITS[0]),
    ],
)
def test_retry_after_of_429_and_503_sets_the_wait_within_bounds(
    status: int, retry_after: str | None, wait: int
) -> None:
    _, after = decide(DELIVERY, Answer(status, retry_after=retry_after), NOW, 0.0)
    assert after.due - NOW == wait


def test_retry_after_of_other_statuses_is_ignored() -> None:
    _, after = decide(DELIVERY, Answer(500, retry_after="3600"), NOW, 0.0)
    assert after.due - NOW == WAITS[0]


def test_delivery_is_given_up_immediately_when_the_response_is_410() -> None:
    assert decide(DELIVERY, Answer(410), NOW, 0.0)[0] is Fate.GIVEN_UP


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
