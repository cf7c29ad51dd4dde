"""What the verbs on webhooks need beside the database: the queue of deliveries, the key of secrets.

Imported when somebody makes or tries a webhook: no other request needs it.
"""

from functools import cache

from chalicelib.clients.secrets_manager import Secrets
from chalicelib.clients.sqs import Queue
from chalicelib.core.settings import Settings
from chalicelib.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Offices:
    """``webhook_key`` names the secret from which those of webhooks derive."""

    deliveries: Queue
    secrets: Secrets
    webhook_key: str

    def master_key(self) -> bytes:
        """The key itself. One call, once in five minutes. Raises ``Unavailable``."""
        return self.secrets.get(self.webhook_key).encode()


@cache
def offices(settings: Settings) -> Offices:
    """Once a process."""
    return Offices(
        Queue(settings.deliveries_url, settings.region),
        Secrets(settings.region),
        settings.webhook_key,
    )
