"""Deliveries of events, delivery attempts, and responses of receivers."""

from enum import StrEnum
from http import HTTPStatus

from msgspec import Struct

TEST_EVENT = "webhook.test"
"""The type of test events. An admin sends one to test a webhook."""

ATTEMPT_RETENTION_SECONDS = 14 * 24 * 3600
"""Seconds for which delivery attempts are stored: two weeks."""


class Delivery(Struct, frozen=True):
    """An event to deliver to one destination: a webhook, or Intercom.

    :param webhook_id: the webhook; None: Intercom.
    :param body: the body of the request, the same in every attempt.
    :param attempt: the number of the next attempt, from 1.
    :param due: the timestamp of the next attempt: none is made before it.
    :param failure: why the last attempt failed.
    :param first_failed_at: the timestamp of the first failure; 0: none yet.
    """

    event_id: str
    event_type: str
    organization_id: int
    webhook_id: int | None
    body: str
    attempt: int = 1
    due: int = 0
    failure: str | None = None
    first_failed_at: int = 0

    @property
    def destination(self) -> str:
        """The message group: deliveries to one destination do not delay those to another."""
        return f"{self.organization_id}-{self.webhook_id or 'intercom'}"


class WebhookResponse(Struct, frozen=True):
    """The response of a receiver: its status, or the failure because of which there is none.

    ``retry_after`` is the value of the ``Retry-After`` header.
    """

    status: int | None = None
    failure: str | None = None
    retry_after: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the receiver accepted the event: the status is 2xx."""
        return self.status is not None and HTTPStatus(200) <= self.status < HTTPStatus(300)

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants no more events: status 410."""
        return self.status == HTTPStatus.GONE

    @property
    def summary(self) -> str:
        """The status or the failure as a sentence. It contains nothing that the receiver wrote."""
        return self.failure or f"The receiver responded with status {self.status}."


class DeliveryStatus(StrEnum):
    """The status of a delivery after an attempt."""

    DELIVERED = "delivered"
    AGAIN = "again"
    """It failed and waits for the next attempt."""
    GIVEN_UP = "given_up"
    """It failed for the last time and is a dead letter now. An admin can replay it."""
    DROPPED = "dropped"
    """It has no destination any more, or it was a test event that failed."""


class DeliveryAttempt(Struct, frozen=True):
    """One attempt to deliver an event to a webhook.

    :param attempt: the number of the attempt, from 1.
    :param at: the timestamp of the attempt.
    :param status: the status of the delivery after the attempt.
    :param response_status: the HTTP status of the response; None if there was no response.
    :param failure: why the attempt failed; None if it succeeded.
    :param body: stored only with the status ``GIVEN_UP``, for a replay.
    :param expires_at: the timestamp after which DynamoDB may remove the record.
    """

    id: int
    organization_id: int
    webhook_id: int
    event_id: str
    event_type: str
    attempt: int
    at: int
    status: DeliveryStatus
    response_status: int | None
    failure: str | None
    body: str | None
    expires_at: int
