"""The queue of deliveries and the master key, for requests about webhooks.

The first request that needs this module imports it.
"""

from collections.abc import Sequence
from functools import cache

from chalicelib.clients.secrets_manager import Secrets
from chalicelib.clients.sqs import Queue
from chalicelib.core.settings import Settings
from chalicelib.deliveries.model import Delivery
from chalicelib.deliveries.replay import dead_letters, enqueue, events_between
from chalicelib.events.documents import test_body

__all__ = ["dead_letters", "events_between", "master_key", "send", "test_body"]


def send(settings: Settings, deliveries: Sequence[Delivery]) -> None:
    """Send deliveries to the queue. Raises ``Unavailable`` if it rejects some of them."""
    enqueue(_queue(settings.deliveries_url, settings.region), deliveries)


def master_key(settings: Settings) -> bytes:
    """The key from which the secrets of webhooks are derived. One call in five minutes.

    Raises ``Unavailable``.
    """
    return _secrets(settings.region).get(settings.webhook_key).encode()


@cache
def _queue(url: str, region: str) -> Queue:
    return Queue(url, region)


@cache
def _secrets(region: str) -> Secrets:
    return Secrets(region)
