"""Signatures by the Standard Webhooks scheme (https://www.standardwebhooks.com)."""

from collections.abc import Iterable
from datetime import UTC, datetime

from standardwebhooks import Webhook


def signed_headers(event_id: str, body: str, secrets: Iterable[str], now: int) -> dict[str, str]:
    """The headers that prove who sends a body, and when: one signature for each secret."""
    moment = datetime.fromtimestamp(now, UTC)
    signatures = (Webhook(secret).sign(event_id, moment, body) for secret in secrets)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(now),
        "webhook-signature": " ".join(signatures),
    }
