"""Signatures of the Standard Webhooks specification (https://www.standardwebhooks.com)."""

from collections.abc import Iterable
from datetime import UTC, datetime

from standardwebhooks import Webhook


def signed_headers(event_id: str, body: str, secrets: Iterable[str], now: int) -> dict[str, str]:
    """The headers that sign a body and its timestamp, with one signature for each secret."""
    signed_at = datetime.fromtimestamp(now, UTC)
    signatures = (Webhook(secret).sign(event_id, signed_at, body) for secret in secrets)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(now),
        "webhook-signature": " ".join(signatures),
    }
