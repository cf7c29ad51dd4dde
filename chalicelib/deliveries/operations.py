"""The delivery worker: posts events of the queue to webhooks and Intercom, and handles failures.

A delivery that fails is sent to the queue again as a new message, with a delay and the number of
its attempts, so that it does not block other messages. After the last attempt it is sent to the
dead letters, with its last failure. A worker may stop between two calls: then an event is delivered
twice, but never lost. docs/decisions/0013-events.md.

Events of people whose data was erased get only ids here, at each attempt. So no older copy of an
event (in a stream, a queue, the log of attempts) brings back what was erased.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from chalicelib.clients.http_client import WebhookClient
from chalicelib.clients.intercom import HOSTS, Intercom
from chalicelib.clients.secrets_manager import Secrets
from chalicelib.clients.sqs import (
    MAX_DELAY_SECONDS,
    Message,
    Queue,
    decode_delivery,
    encode_delivery,
)
from chalicelib.clients.webhook_signatures import signed_headers
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import Unavailable
from chalicelib.deliveries.model import (
    TEST_EVENT,
    Delivery,
    DeliveryAttempt,
    DeliveryStatus,
    WebhookResponse,
)
from chalicelib.deliveries.repository import MAX_BATCH_SIZE, log_attempts
from chalicelib.deliveries.rules import decide, delivery_attempt, person_id_of, with_ids_only
from chalicelib.dynamodb.connection import Backoff
from chalicelib.people.model import Person
from chalicelib.webhooks.model import PausedReason, Webhook, WebhookState, secret_of
from chalicelib.webhooks.repository import pause, set_failures

log = logging.getLogger("stint")

THREADS = 10
"""The number of messages of a batch: a receiver that is slow does not delay the others."""

_PAUSED = "The webhook is paused."
_DELIVERED, _WAITING, _GIVEN_UP, _DROPPED = "delivered", "waiting", "given_up", "dropped"


class DeliveryReport(Struct, frozen=True):
    """The numbers of messages of a batch by result.

    ``failed`` has the ids of the messages that SQS must deliver again.
    """

    delivered: int = 0
    waiting: int = 0
    given_up: int = 0
    dropped: int = 0
    failed: tuple[str, ...] = ()


class WebhookDelivery:
    """Delivers messages of the queue to webhooks and to Intercom.

    ``master_key_name`` is the name of the secret from which the secrets of webhooks are derived.
    """

    def __init__(
        self,
        dependencies: Dependencies,
        *,
        deliveries: Queue,
        dead_letters: Queue,
        client: WebhookClient,
        secrets: Secrets,
        master_key_name: str,
        intercom: Intercom | None = None,
    ) -> None:
        self.dependencies = dependencies
        self.database = dependencies.database
        self.deliveries = deliveries
        self.dead_letters = dead_letters
        self.client = client
        self.secrets = secrets
        self.master_key_name = master_key_name
        self.intercom = intercom

    def _records(self, deliveries: Iterable[Delivery]) -> Mapping[tuple[type[Any], int, int], Any]:
        """The webhooks of deliveries, and the people whose events they have. One call."""
        record_keys: set[tuple[type[Any], int, int]] = set()
        for delivery in deliveries:
            person_id = person_id_of(delivery)
            if delivery.webhook_id:
                record_keys.add((Webhook, delivery.organization_id, delivery.webhook_id))
            if person_id:
                record_keys.add((Person, delivery.organization_id, person_id))
        return self.database.get_across_organizations(record_keys)

    def run(self, messages: Mapping[str, str]) -> DeliveryReport:
        """Deliver a batch of messages (bodies by message id), all at the same time.

        A message that cannot be decoded fails each time, until SQS moves it to the dead letters.
        Raises ``Unavailable`` if the webhooks cannot be read.
        """
        deliveries: dict[str, Delivery] = {}
        failed = []
        for message_id, text in messages.items():
            try:
                deliveries[message_id] = decode_delivery(text)
            except ValueError:
                log.exception("cannot decode a queue message", extra={"message_id": message_id})
                failed.append(message_id)
        batch = _Batch(self, self._records(deliveries.values()))
        with ThreadPoolExecutor(THREADS) as threads:
            results = list(threads.map(batch.deliver, deliveries.values()))
        # After the deliveries, so that an error of these writes does not affect them.
        batch.update_webhooks()
        batch.log_attempts()
        for message_id, result in zip(deliveries, results, strict=True):
            if result is None:
                failed.append(message_id)
        counts = Counter(result for result in results if result is not None)
        return DeliveryReport(**counts, failed=tuple(failed))


def build_webhook_delivery(dependencies: Dependencies) -> WebhookDelivery:
    """The delivery worker of a stage. Raises ``KeyError`` for an unknown Intercom region."""
    settings = dependencies.settings
    secrets = Secrets(settings.region)
    intercom = None
    if settings.intercom_token:
        url = HOSTS[settings.intercom_region]
        intercom = Intercom(WebhookClient(), secrets, settings.intercom_token, url)
    return WebhookDelivery(
        dependencies,
        deliveries=Queue(settings.deliveries_url, settings.region),
        dead_letters=Queue(settings.dead_letters_url, settings.region),
        client=WebhookClient(local=settings.local_receivers),
        secrets=secrets,
        master_key_name=settings.webhook_key,
        intercom=intercom,
    )


class _Batch(Struct, frozen=True):
    worker: WebhookDelivery
    records: Mapping[tuple[type[Any], int, int], Any]
    attempts: list[DeliveryAttempt] = field(default_factory=list)
    responses: list[tuple[Webhook, WebhookResponse]] = field(default_factory=list)

    def log_attempts(self) -> None:
        """Store the attempts. A failure does not affect the deliveries."""
        connection = self.worker.database.connection
        dependencies = self.worker.dependencies
        for begin in range(0, len(self.attempts), MAX_BATCH_SIZE):
            try:
                backoff = Backoff(dependencies.sleep, dependencies.jitter)
                log_attempts(connection, self.attempts[begin : begin + MAX_BATCH_SIZE], backoff)
            except Unavailable:
                log.warning("cannot store delivery attempts", exc_info=True)

    def update_webhooks(self) -> None:
        """Store which webhooks fail; pause those that failed for too long. Never raises.

        A webhook that responded with success to one delivery of the batch does not fail.
        """
        responses: dict[Webhook, list[WebhookResponse]] = {}
        for webhook, response in self.responses:
            responses.setdefault(webhook, []).append(response)
        for webhook, own in responses.items():
            try:
                _update_webhook(webhook, own, self.worker.dependencies.now())
            except Unavailable:
                # The next response leads to the same update.
                log.warning("cannot update the failure status of a webhook", exc_info=True)

    def deliver(self, delivery: Delivery) -> str | None:
        """Deliver; return the name of the report's counter. None: SQS must deliver it again."""
        try:
            return self._handle(delivery)
        except Exception:
            log.exception("internal error during a delivery attempt", extra=_log_fields(delivery))
            return None

    def _handle(self, delivery: Delivery) -> str:
        if self._is_of_erased_person(delivery):
            if delivery.webhook_id is None:
                return self._drop(delivery, "The person's data was erased.")
            # The event may be older than the erasure: a late stream record, a retry, a dead letter.
            delivery = with_ids_only(delivery)
        now = self.worker.dependencies.now()
        if delivery.due > now:
            # SQS delays a message by at most 15 minutes: longer delays take several messages.
            self._send_later(delivery, now)
            return _WAITING
        if delivery.webhook_id is None:
            return self._to_intercom(delivery)
        webhook = self.records.get((Webhook, delivery.organization_id, delivery.webhook_id))
        if webhook is None:
            return self._drop(delivery, "The webhook was deleted.")
        # Test events are sent to paused webhooks too: an admin tests them before resuming them.
        if webhook.state is not WebhookState.ACTIVE and delivery.event_type != TEST_EVENT:
            self._add_attempt(delivery, DeliveryStatus.GIVEN_UP, WebhookResponse(failure=_PAUSED))
            return self._give_up(replace(delivery, failure=_PAUSED))
        response = self._post(webhook, delivery)
        # Tests are sent to find out whether a receiver works: their failures do not count.
        if delivery.event_type != TEST_EVENT or response.succeeded or response.is_gone:
            self.responses.append((webhook, response))
        return self._handle_response(delivery, response)

    def _is_of_erased_person(self, delivery: Delivery) -> bool:
        person_id = person_id_of(delivery) or 0
        person: Person | None = self.records.get((Person, delivery.organization_id, person_id))
        return person is not None and person.is_erased

    def _to_intercom(self, delivery: Delivery) -> str:
        if self.worker.intercom is None:
            return self._drop(delivery, "Intercom is no longer configured.")
        response = self.worker.intercom.post(delivery.body)
        if response.status == HTTPStatus.NOT_FOUND:
            return self._drop(delivery, "Intercom does not know the person.")
        return self._handle_response(delivery, response)

    def _post(self, webhook: Webhook, delivery: Delivery) -> WebhookResponse:
        now = self.worker.dependencies.now()
        key = self.worker.secrets.get(self.worker.master_key_name).encode()
        secrets = [
            secret_of(key, webhook, number) for number in webhook.signing_secret_numbers(now)
        ]
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "stint-webhooks",
            **signed_headers(delivery.event_id, delivery.body, secrets, now),
        }
        return self.worker.client.post(webhook.url, delivery.body.encode(), headers)

    def _handle_response(self, delivery: Delivery, response: WebhookResponse) -> str:
        now = self.worker.dependencies.now()
        status, after = decide(delivery, response, now, self.worker.dependencies.jitter())
        log.info(
            "delivery attempt",
            extra={**_log_fields(delivery), "status": status.value, "response": response.summary},
        )
        self._add_attempt(delivery, status, response)
        match status:
            case DeliveryStatus.DELIVERED:
                return _DELIVERED
            case DeliveryStatus.AGAIN:
                self._send_later(after, now)
                return _WAITING
            case DeliveryStatus.GIVEN_UP:
                return self._give_up(after)
            case DeliveryStatus.DROPPED:
                return _DROPPED

    def _add_attempt(
        self, delivery: Delivery, status: DeliveryStatus, response: WebhookResponse
    ) -> None:
        if delivery.webhook_id is not None:
            dependencies = self.worker.dependencies
            attempt_id, now = dependencies.ids.generate(), dependencies.now()
            attempt = delivery_attempt(delivery, status, response, attempt_id, now)
            self.attempts.append(attempt)

    def _send_later(self, delivery: Delivery, now: int) -> None:
        delay = min(max(delivery.due - now, 0), MAX_DELAY_SECONDS)
        _send(self.worker.deliveries, delivery, delay)

    def _give_up(self, delivery: Delivery) -> str:
        _send(self.worker.dead_letters, delivery)
        return _GIVEN_UP

    def _drop(self, delivery: Delivery, reason: str) -> str:
        log.info(
            "delivery attempt",
            extra={**_log_fields(delivery), "status": _DROPPED, "response": reason},
        )
        return _DROPPED


def _update_webhook(webhook: Webhook, responses: list[WebhookResponse], now: int) -> None:
    if any(response.is_gone for response in responses):
        pause(webhook, PausedReason.GONE, now)
    elif any(response.succeeded for response in responses):
        if webhook.failing_since is not None:
            set_failures(webhook, webhook.after_success())
    else:
        after = webhook.after_failure(now)
        if after.has_failed_too_long(now):
            pause(webhook, PausedReason.FAILING, now)
        elif after != webhook:
            set_failures(webhook, after)


def _send(queue: Queue, delivery: Delivery, delay: int = 0) -> None:
    if queue.send([Message(encode_delivery(delivery), delivery.destination, delay)]):
        raise RuntimeError("the queue rejected a message")


def _log_fields(delivery: Delivery) -> dict[str, object]:
    return {
        "event_id": delivery.event_id,
        "event_type": delivery.event_type,
        "destination": delivery.destination,
        "attempt": delivery.attempt,
    }
