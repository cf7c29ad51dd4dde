"""What an answer means for a delivery."""

import pytest

from chalicelib.domain.deliveries import (
    LONGEST_WAIT,
    WAITS,
    Answer,
    Delivery,
    Fate,
    decide,
    read_retry_after,
)
from tests.domain.builders import NOW
from tests.support.clock import HOUR

DELIVERY = Delivery("evt_1", "timer.started", 2149, 77, "{}")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_success(status: int) -> None:
    assert decide(DELIVERY, Answer(status), NOW, 0.5) == (Fate.DELIVERED, DELIVERY)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (Answer(500), "answered 500"),
        (Answer(404), "answered 404"),
        (Answer(301), "answered 301"),
        (Answer(100), "answered 100"),
        (Answer(failure="did not answer in time"), "did not answer in time"),
    ],
)
def test_anything_else_is_tried_again(answer: Answer, failure: str) -> None:
    fate, after = decide(DELIVERY, answer, NOW, 0.0)
    assert fate is Fate.AGAIN
    assert (after.attempt, after.due, after.failure) == (2, NOW + WAITS[0], failure)
    assert after.body == DELIVERY.body


def test_waits_grow_over_hours_and_then_it_is_given_up() -> None:
    delivery, waited = DELIVERY, []
    while True:
        before = delivery.due or NOW
        fate, delivery = decide(delivery, Answer(500), before, 0.0)
        if fate is Fate.GIVEN_UP:
            break
        waited.append(delivery.due - before)
    assert tuple(waited) == WAITS == tuple(sorted(WAITS))
    assert 12 * HOUR < sum(waited) < 24 * HOUR
    assert delivery.failure == "answered 500"


def test_those_that_failed_together_do_not_come_back_together() -> None:
    third = Delivery("evt_1", "timer.started", 2149, 77, "{}", attempt=3)
    dues = {decide(third, Answer(500), NOW, jitter / 10)[1].due for jitter in range(10)}
    assert len(dues) == 10
    assert all(NOW + WAITS[2] <= due <= NOW + WAITS[2] * 1.2 for due in dues)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("asked", "wait"),
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
def test_who_asks_for_patience_gets_it_within_bounds(
    status: int, asked: str | None, wait: int
) -> None:
    _, after = decide(DELIVERY, Answer(status, retry_after=asked), NOW, 0.0)
    assert after.due - NOW == wait


def test_others_do_not_say_when() -> None:
    _, after = decide(DELIVERY, Answer(500, retry_after="3600"), NOW, 0.0)
    assert after.due - NOW == WAITS[0]


def test_who_is_gone_is_given_up_at_once() -> None:
    assert decide(DELIVERY, Answer(410), NOW, 0.0)[0] is Fate.GIVEN_UP


@pytest.mark.parametrize("text", ["²", "Mon, 99 Foo", "1.5", "a" * 10_000, "\x00"])
def test_a_garbled_retry_after_says_nothing(text: str) -> None:
    assert read_retry_after(text, NOW) is None


def test_destinations_are_told_apart() -> None:
    others = [
        DELIVERY,
        Delivery("evt_1", "x", 2149, None, ""),
        Delivery("evt_1", "x", 2150, 77, ""),
        Delivery("evt_1", "x", 2149, 78, ""),
    ]
    assert len({it.destination for it in others}) == len(others)
