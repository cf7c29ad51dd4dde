"""The stack's resources other than tables, on moto: queues and the key of webhook secrets."""

import json
import secrets
from typing import Any

from msgspec.structs import replace

from chalicelib.clients.aws import client
from chalicelib.core.settings import Settings

RECEIVES = 20
"""Maximum number of receives before a message becomes a dead letter, as in the stack."""

HIDDEN_SECONDS = 360
"""Visibility timeout of a received message, as in the stack."""


def create_aws_services(settings: Settings, webhook_key: str | None = None) -> Settings:
    """Create the resources in moto; return the settings with their names.

    ``webhook_key`` is the key of earlier runs; None: a new one.
    """
    sqs = client("sqs", settings.region)
    prefix = settings.table_prefix
    dead = _queue(sqs, f"{prefix}-dead-letters", {})
    redrive = {"deadLetterTargetArn": _arn(sqs, dead), "maxReceiveCount": RECEIVES}
    attributes = {"VisibilityTimeout": str(HIDDEN_SECONDS), "RedrivePolicy": json.dumps(redrive)}
    key = client("secretsmanager", settings.region).create_secret(
        Name=f"{prefix}-webhook-key", SecretString=webhook_key or secrets.token_urlsafe(48)
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
    response = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn: str = response["Attributes"]["QueueArn"]
    return arn
