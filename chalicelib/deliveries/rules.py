"""Decides what happens to a delivery after an attempt. Pure.

``deliveries/operations.py`` carries it out.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from chalicelib.deliveries.model import (
    ATTEMPT_RETENTION_SECONDS,
    TEST_EVENT,
    Delivery,
    DeliveryAttempt,
    DeliveryStatus,
    WebhookResponse,
)

RETRY_DELAYS = (5, 60, 5 * 60, 30 * 60, 3600, 2 * 3600, 4 * 3600, 8 * 3600)
"""Seconds before the next attempt, after the first failed attempt, the second, and so on.

Together between 15 and 16 hours, plus at most 20 % jitter.
"""

MAX_RETRY_DELAY = 8 * 3600
"""The maximum of seconds that a receiver can request in its ``Retry-After`` header."""

_MAX_JITTER = 0.2

MAX_RETRY_SECONDS = round(sum(RETRY_DELAYS) * (1 + _MAX_JITTER))
"""The last attempt is at most so long after the first failure, whatever receivers request."""

_RETRY_AFTER_STATUSES = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


def decide(
    delivery: Delivery, response: WebhookResponse, now: int, jitter: float
) -> tuple[DeliveryStatus, Delivery]:
    """Decide the status of a delivery after an attempt.

    Returns the status, and the delivery for the next attempt or the dead letters. ``jitter`` is a
    random number from 0 to 1: deliveries that failed together are not retried together.
    """
    if response.succeeded:
        return DeliveryStatus.DELIVERED, delivery
    failed = replace(delivery, failure=response.summary)
    if delivery.event_type == TEST_EVENT:
        return DeliveryStatus.DROPPED, failed
    # A delivery that is sent again, such as a dead letter, begins with attempt 1. Messages of
    # version 0.2.0 do not have the time of their first failure.
    began = delivery.first_failed_at if delivery.attempt > 1 and delivery.first_failed_at else now
    deadline = began + MAX_RETRY_SECONDS
    if response.is_gone or delivery.attempt > len(RETRY_DELAYS) or now >= deadline:
        return DeliveryStatus.GIVEN_UP, failed
    delay = _retry_delay(delivery, response, now)
    due = min(now + round(delay * (1 + _MAX_JITTER * jitter)), deadline)
    attempt = delivery.attempt + 1
    return DeliveryStatus.AGAIN, replace(failed, attempt=attempt, due=due, first_failed_at=began)


def _retry_delay(delivery: Delivery, response: WebhookResponse, now: int) -> int:
    """The seconds before the next attempt. A ``Retry-After`` may lengthen them, never shorten them.

    The waits are what makes the retries last for hours: a receiver that requests one second in each
    response would use up all attempts within a minute.
    """
    default = RETRY_DELAYS[delivery.attempt - 1]
    if response.status not in _RETRY_AFTER_STATUSES:
        return default
    requested = read_retry_after(response.retry_after, now) or 0
    return max(default, min(requested, MAX_RETRY_DELAY))


def read_retry_after(text: str | None, now: int) -> int | None:
    """The seconds of a ``Retry-After`` header, from a number or a date; None if it is invalid."""
    value = (text or "").strip()
    if value.isascii() and value.isdecimal():
        return int(value[:10])
    try:
        retry_at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0, int(retry_at.replace(tzinfo=retry_at.tzinfo or UTC).timestamp()) - now)


class _Subject(Struct):
    """Whom the body of an event is about: ``person_id`` for webhooks, ``user_id`` for Intercom."""

    person_id: int | None = None
    user_id: str | None = None


def person_id_of(delivery: Delivery) -> int | None:
    """The person whose event a delivery has; None if its body does not say it."""
    try:
        subject = msgspec.json.decode(delivery.body, type=_Subject)
        return subject.person_id or (int(subject.user_id) if subject.user_id else None)
    except ValueError:
        return None


def with_ids_only(delivery: Delivery) -> Delivery:
    """The delivery to a webhook, with the type and the id of the resource instead of its content.

    Its event id stays: receivers recognize the event.
    """
    body: dict[str, Any] = msgspec.json.decode(delivery.body)
    body["data"] = identifier(body["data"])
    return replace(delivery, body=msgspec.json.encode(body).decode())


def identifier(resource: Mapping[str, Any]) -> dict[str, Any]:
    """A resource of an event without its content: receivers fetch it from the API."""
    return {"id": resource["id"], "type": resource["type"], "meta": {"truncated": True}}


def delivery_attempt(
    delivery: Delivery,
    status: DeliveryStatus,
    response: WebhookResponse,
    attempt_id: int,
    now: int,
) -> DeliveryAttempt:
    """The record of an attempt to deliver to a webhook."""
    return DeliveryAttempt(
        id=attempt_id,
        organization_id=delivery.organization_id,
        webhook_id=delivery.webhook_id or 0,
        event_id=delivery.event_id,
        event_type=delivery.event_type,
        attempt=delivery.attempt,
        at=now,
        status=status,
        response_status=response.status,
        failure=None if response.succeeded else response.summary,
        body=delivery.body if status is DeliveryStatus.GIVEN_UP else None,
        expires_at=now + ATTEMPT_RETENTION_SECONDS,
    )


def find_dead_letters(attempts: Iterable[DeliveryAttempt]) -> list[DeliveryAttempt]:
    """The attempts of the events whose latest attempt was given up, the oldest first."""
    latest = {
        attempt.event_id: attempt
        for attempt in sorted(attempts, key=lambda attempt: (attempt.at, attempt.id))
    }
    return [
        attempt
        for attempt in latest.values()
        if attempt.status is DeliveryStatus.GIVEN_UP and attempt.body is not None
    ]
