"""Webhooks of a deployed stage: create them, and read the log of their deliveries."""

from tests.emulator.stage import GatewayClient
from tests.support.receiver import Receiver

SECONDS = 60
"""The longest time to wait. A stream is read every second; a busy machine takes longer."""


def create_webhook(admin: GatewayClient, receiver: Receiver) -> tuple[str, str]:
    """Create a webhook for the starts of timers; return its id and its secret."""
    attributes = {"name": "a receiver", "url": receiver.url, "events": ["timer.started"]}
    document = {"data": {"type": "webhooks", "attributes": attributes}}
    created = admin.post("/webhooks", document)
    assert created.status == 201, created.body
    return created.data["id"], created.meta["secret"]


def deliveries(admin: GatewayClient, webhook: str) -> list[tuple[int, str]]:
    """Return the number and the outcome of the attempts in the log of a webhook, in order."""
    logged = admin.get(f"/webhook_deliveries?filter[webhook_id]={webhook}").data
    attempts = [attempt["attributes"] for attempt in logged]
    return sorted((attempt["attempt"], attempt["outcome"]) for attempt in attempts)
