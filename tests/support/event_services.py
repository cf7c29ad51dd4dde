"""The external services except the database: queues and secrets, on moto in this process.

They use the fake clock of the test: a message that is delayed for an hour becomes visible when the
test advances the clock by an hour.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sqs.models import sqs_backends
from msgspec.structs import replace

from chalicelib.clients.aws import client
from chalicelib.clients.http_client import Limits, WebhookClient
from chalicelib.clients.intercom import Intercom
from chalicelib.clients.secrets_manager import Secrets
from chalicelib.clients.sqs import Queue, decode_delivery
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.settings import Settings
from chalicelib.deliveries.model import Delivery
from chalicelib.deliveries.operations import WebhookDelivery
from chalicelib.events.fanout import EventFanout, EventFanoutReport
from chalicelib.events.model import EventType
from chalicelib.handlers.webhook_delivery import BATCH
from chalicelib.live.pushes import LivePushes, Send
from chalicelib.webhooks import delivery_queue
from chalicelib.webhooks.model import Webhook, secret_of
from tests.support.clock import FakeClock
from tests.support.fixtures import ZAGREB
from tools.devserver.queue_feed import QueueFeed

TOKEN_NAME = "intercom-token"
TOKEN = "dG9rOmludGVyY29t"

_QUICK = Limits(resolve=1, connect=1, total=1, tail=0.1)


@dataclass
class EventServices:
    """Queues and secrets, and the workers that use them."""

    settings: Settings
    dependencies: Dependencies
    client: WebhookClient
    intercom_url: str | None = None
    intercom_person: str | None = None
    send_live_update: Send | None = None

    def event_fanout(self) -> EventFanout:
        region, send = self.settings.region, self.send_live_update
        return EventFanout(
            self.dependencies.database,
            Queue(self.settings.deliveries_url, region),
            Queue(self.settings.failed_records_url, region),
            self.intercom_person,
            self.settings.events_after,
            None if send is None else LivePushes(self.dependencies, lambda: send),
        )

    def webhook_delivery(self) -> WebhookDelivery:
        region = self.settings.region
        secrets = Secrets(region, self.dependencies.clock)
        intercom = None
        if self.intercom_url is not None:
            intercom = Intercom(
                self.client, secrets, str(self.settings.intercom_token), self.intercom_url
            )
        return WebhookDelivery(
            self.dependencies,
            deliveries=Queue(self.settings.deliveries_url, region),
            dead_letters=Queue(self.settings.dead_letters_url, region),
            client=self.client,
            secrets=secrets,
            master_key_name=self.settings.webhook_key,
            intercom=intercom,
        )

    def fan_out(self, *records: dict[str, Any]) -> EventFanoutReport:
        return self.event_fanout().run(records)

    def deliver(self) -> int:
        """Deliver until no message is visible; return the number of received messages."""
        return self.feed(self.webhook_delivery()).run()

    def feed(self, worker: WebhookDelivery, handle: Callable[..., Any] | None = None) -> QueueFeed:
        """Return a poller that works like Lambda: one invocation for each batch of the queue."""

        def handler(event: dict[str, Any]) -> dict[str, Any]:
            messages = {record["messageId"]: record["body"] for record in event["Records"]}
            failed = worker.run(messages).failed
            return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

        sqs = client("sqs", self.settings.region)
        return QueueFeed(sqs, self.settings.deliveries_url, handle or handler, BATCH)

    def queued(self) -> list[Delivery]:
        """Return all messages on the delivery queue, including delayed ones."""
        return [decode_delivery(text) for text in self.texts(self.settings.deliveries_url)]

    def dead(self) -> list[Delivery]:
        """Return the dead letters."""
        return [decode_delivery(text) for text in self.texts(self.settings.dead_letters_url)]

    def texts(self, url: str) -> list[str]:
        """Return the bodies of all messages on a queue."""
        backend = sqs_backends[DEFAULT_ACCOUNT_ID][self.settings.region]
        queue = backend.queues[url.rsplit("/", 1)[1]]
        return [message.body for message in queue._messages]

    def empty_deliveries(self) -> None:
        """Delete all messages on the delivery queue."""
        _empty(self.settings.deliveries_url, self.settings.region)

    def secret(self, webhook: Webhook, number: int = 1) -> str:
        """Return the secret of a webhook, as its receiver has it."""
        response = client("secretsmanager", self.settings.region).get_secret_value(
            SecretId=self.settings.webhook_key
        )
        return secret_of(response["SecretString"].encode(), webhook, number)

    def create_webhook(self, url: str, *events: EventType, **members: Any) -> Webhook:
        """Create a webhook; without ``events`` it subscribes to all event types."""
        now = self.dependencies.now()
        webhook = Webhook(
            id=self.dependencies.ids.generate(),
            organization_id=ZAGREB.id,
            name="a receiver",
            url=url,
            events=events or tuple(EventType),
            created_at=now,
            updated_at=now,
        )
        webhook = replace(webhook, **members)
        assert self.dependencies.database.create(webhook)
        return webhook

    def webhook(self, created: Webhook) -> Webhook:
        """Return the current state of a webhook."""
        (stored,) = self.dependencies.database.get_many_across_organizations(
            Webhook, [(created.organization_id, created.id)]
        ).values()
        return stored


@contextmanager
def event_services_of(dependencies: Dependencies, clock: FakeClock) -> Iterator[EventServices]:
    """Provide empty queues, which use the fake clock, and secrets."""
    settings = dependencies.settings
    region = settings.region
    secrets_manager = client("secretsmanager", region)
    token = secrets_manager.create_secret(Name=TOKEN_NAME, SecretString=TOKEN)["ARN"]
    queues = (settings.deliveries_url, settings.dead_letters_url, settings.failed_records_url)
    with (
        patch("moto.sqs.models.unix_time", clock),
        patch("moto.sqs.models.unix_time_millis", clock.milliseconds),
    ):
        for url in queues:
            _empty(url, region)
        # Clients cache secrets: without this, a call for a secret could be missing.
        delivery_queue._secrets.cache_clear()
        try:
            yield EventServices(
                replace(settings, intercom_token=token),
                dependencies,
                WebhookClient(local=True, limits=_QUICK),
            )
        finally:
            secrets_manager.delete_secret(SecretId=token, ForceDeleteWithoutRecovery=True)


def _empty(url: str, region: str) -> None:
    queue = sqs_backends[DEFAULT_ACCOUNT_ID][region].queues[url.rsplit("/", 1)[1]]
    queue._messages.clear()
    queue.pending_messages.clear()
    queue.deleted_messages.clear()
