"""The delivery worker: posts what is on the queue, and decides what becomes of what fails.

A delivery that must wait goes back onto the queue by itself, with its delay and its count of
attempts, so that nothing waits behind it; what is given up goes to the dead letters with its last
failure. Between the two calls a worker may be killed: then a delivery happens twice, and never not
at all. docs/decisions/0013-events.md.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field, replace
from http import HTTPStatus

from chalicelib.clients.http_client import Poster
from chalicelib.clients.intercom import Intercom
from chalicelib.clients.secrets_manager import Secrets
from chalicelib.clients.sqs import LONGEST_DELAY, Message, Queue, decode, encode
from chalicelib.clients.webhook_signatures import signed_headers
from chalicelib.core.dependencies import Toolbox
from chalicelib.core.errors import Unavailable
from chalicelib.dataclass import dataclass
from chalicelib.deliveries.repository import MOST_AT_ONCE
from chalicelib.deliveries.rules import (
    TEST_EVENT,
    Answer,
    Attempt,
    Delivery,
    Fate,
    attempt_of,
    decide,
)
from chalicelib.webhooks.model import PausedReason, Webhook, WebhookState, secret_of

log = logging.getLogger("stint")

THREADS = 10
"""As many as a batch has messages: who does not answer makes nobody else wait."""

_NO_LONGER_WANTED = "The webhook is paused."


@dataclass(frozen=True, slots=True)
class DeliveryTools:
    """What the worker needs. ``webhook_key`` names the secret that webhooks' own derive from."""

    tools: Toolbox
    deliveries: Queue
    dead_letters: Queue
    poster: Poster
    secrets: Secrets
    webhook_key: str
    intercom: Intercom | None = None


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What became of a batch of messages, and the ids of those that are to come again."""

    delivered: int = 0
    waiting: int = 0
    given_up: int = 0
    dropped: int = 0
    failed: tuple[str, ...] = ()


_DELIVERED, _WAITING, _GIVEN_UP, _DROPPED = "delivered", "waiting", "given_up", "dropped"


def deliver(tools: DeliveryTools, messages: Mapping[str, str]) -> DeliveryReport:
    """Deliver some messages, by their ids, all at once.

    One that nobody can read fails until the queue itself takes it to the dead letters. Raises
    ``Unavailable`` where nothing can be delivered at all.
    """
    readable: dict[str, Delivery] = {}
    failed = []
    for message_id, text in messages.items():
        try:
            readable[message_id] = decode(text)
        except ValueError:
            log.exception("cannot decode a queue message", extra={"message_id": message_id})
            failed.append(message_id)
    webhooks = tools.tools.store.everywhere(
        Webhook,
        {(it.organization_id, it.webhook_id) for it in readable.values() if it.webhook_id},
    )
    worker = _Worker(tools, webhooks)
    with ThreadPoolExecutor(THREADS) as threads:
        ends = list(threads.map(worker.try_one, readable.values()))
    worker.keep_log()
    for message_id, end in zip(readable, ends, strict=True):
        if end is None:
            failed.append(message_id)
    counted = Counter(end for end in ends if end is not None)
    return DeliveryReport(**counted, failed=tuple(failed))


@dataclass(frozen=True, slots=True)
class _Worker:
    tools: DeliveryTools
    webhooks: Mapping[tuple[int, int], Webhook]
    attempts: list[Attempt] = field(default_factory=list)

    def keep_log(self) -> None:
        """Keep what became of the attempts. No delivery depends on it."""
        store = self.tools.tools.store
        for begin in range(0, len(self.attempts), MOST_AT_ONCE):
            try:
                store.log_attempts(self.attempts[begin : begin + MOST_AT_ONCE])
            except Unavailable:
                log.warning("cannot store delivery attempts", exc_info=True)

    def try_one(self, delivery: Delivery) -> str | None:
        """What became of it; None: it is to come again, by the queue."""
        try:
            return self._handle(delivery)
        except Exception:
            log.exception("internal error during a delivery attempt", extra=_named(delivery))
            return None

    def _handle(self, delivery: Delivery) -> str:
        now = self.tools.tools.now()
        if delivery.due > now:
            # No message may be kept back for longer than a quarter of an hour at a time.
            self._send_later(delivery, now)
            return _WAITING
        if delivery.webhook_id is None:
            return self._to_intercom(delivery)
        webhook = self.webhooks.get((delivery.organization_id, delivery.webhook_id))
        if webhook is None:
            return self._drop(delivery, "The webhook was deleted.")
        # Whoever tries a webhook wants to know, also before it is resumed.
        if webhook.state is not WebhookState.ACTIVE and delivery.event_type != TEST_EVENT:
            self._note_attempt(delivery, Fate.GIVEN_UP, Answer(failure=_NO_LONGER_WANTED))
            return self._give_up(replace(delivery, failure=_NO_LONGER_WANTED))
        answer = self._post(webhook, delivery)
        fate = self._settle(delivery, answer)
        # Last: what is noted about the webhook must not cost a delivery.
        self._note(webhook, answer)
        return fate

    def _to_intercom(self, delivery: Delivery) -> str:
        if self.tools.intercom is None:
            return self._drop(delivery, "Intercom is no longer configured.")
        answer = self.tools.intercom.post(delivery.body)
        if answer.status == HTTPStatus.NOT_FOUND:
            return self._drop(delivery, "Intercom does not know the person.")
        return self._settle(delivery, answer)

    def _post(self, webhook: Webhook, delivery: Delivery) -> Answer:
        now = self.tools.tools.now()
        key = self.tools.secrets.get(self.tools.webhook_key).encode()
        secrets = [secret_of(key, webhook, number) for number in webhook.signing_numbers(now)]
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "stint-webhooks",
            **signed_headers(delivery.event_id, delivery.body, secrets, now),
        }
        return self.tools.poster.post(webhook.url, delivery.body.encode(), headers)

    def _settle(self, delivery: Delivery, answer: Answer) -> str:
        now = self.tools.tools.now()
        fate, after = decide(delivery, answer, now, self.tools.tools.jitter())
        log.info(
            "delivery attempt",
            extra={**_named(delivery), "fate": fate.value, "answer": answer.words},
        )
        self._note_attempt(delivery, fate, answer)
        match fate:
            case Fate.DELIVERED:
                return _DELIVERED
            case Fate.AGAIN:
                self._send_later(after, now)
                return _WAITING
            case Fate.GIVEN_UP:
                return self._give_up(after)
            case Fate.DROPPED:
                return _DROPPED

    def _note_attempt(self, delivery: Delivery, fate: Fate, answer: Answer) -> None:
        if delivery.webhook_id is not None:
            tools = self.tools.tools
            self.attempts.append(attempt_of(delivery, fate, answer, tools.ids.draw(), tools.now()))

    def _send_later(self, delivery: Delivery, now: int) -> None:
        delay = min(max(delivery.due - now, 0), LONGEST_DELAY)
        _send(self.tools.deliveries, delivery, delay)

    def _give_up(self, delivery: Delivery) -> str:
        _send(self.tools.dead_letters, delivery)
        return _GIVEN_UP

    def _drop(self, delivery: Delivery, reason: str) -> str:
        log.info("delivery attempt", extra={**_named(delivery), "fate": _DROPPED, "answer": reason})
        return _DROPPED

    def _note(self, webhook: Webhook, answer: Answer) -> None:
        """Keep in mind since when a webhook fails; pause the one that does so for too long."""
        try:
            self._mark(webhook, answer, self.tools.tools.now())
        except Unavailable:
            # The next answer says the same.
            log.warning("cannot update the failure status of a webhook", exc_info=True)

    def _mark(self, webhook: Webhook, answer: Answer, now: int) -> None:
        store = self.tools.tools.store
        if answer.succeeded:
            if webhook.failing_since is not None:
                store.mark_failing(webhook, None)
        elif answer.is_gone:
            store.pause_webhook(webhook, PausedReason.GONE, now)
        elif webhook.gives_up(now):
            store.pause_webhook(webhook, PausedReason.FAILING, now)
        elif webhook.failing_since is None:
            store.mark_failing(webhook, now)


def _send(queue: Queue, delivery: Delivery, delay: int = 0) -> None:
    if queue.send([Message(encode(delivery), delivery.destination, delay)]):
        raise RuntimeError("the queue rejected a message")


def _named(delivery: Delivery) -> dict[str, object]:
    return {
        "event_id": delivery.event_id,
        "event_type": delivery.event_type,
        "destination": delivery.destination,
        "attempt": delivery.attempt,
    }
