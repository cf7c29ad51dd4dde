"""What the stack has beside tables, made on moto: queues, and the key of webhooks' secrets."""

import json
import secrets
from dataclasses import replace
from typing import Any

from chalicelib.outbound.clients import client
from chalicelib.settings import Settings

RECEIVES = 20
"""As the stack has it: how often a message comes before it is a dead letter."""

HIDDEN_SECONDS = 360
"""As the stack has it: how long a message that was taken stays hidden."""


def create_outside(settings: Settings) -> Settings:
    """Make them, for as long as moto lives; the settings that name them."""
    sqs = client("sqs", settings.region)
    prefix = settings.table_prefix
    dead = _queue(sqs, f"{prefix}-dead-letters", {})
    redrive = {"deadLetterTargetArn": _arn(sqs, dead), "maxReceiveCount": RECEIVES}
    attributes = {"VisibilityTimeout": str(HIDDEN_SECONDS), "RedrivePolicy": json.dumps(redrive)}
    key = client("secretsmanager", settings.region).create_secret(
        Name=f"{prefix}-webhook-key", SecretString=secrets.token_urlsafe(48)
    )
    return replace(
        settings,
        deliveries_url=_queue(sqs, f"{prefix}-deliveries", attributes),
        dead_letters_url=dead,
        failed_records_url=_queue(sqs, f"{prefix}-stream-failures", {}),
        webhook_key=key["ARN"],
    )


def _queue(sqs: Any, name: str, attributes: dict[str, str]) -> str:
    url: str = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url


def _arn(sqs: Any, url: str) -> str:
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn: str = found["Attributes"]["QueueArn"]
    return arn
