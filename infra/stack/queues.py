"""SQS queues for events, and the key from which webhook secrets are derived."""

from infra.stack.intrinsics import Json, arn, either, ref, sub
from infra.stack.streams import FAILURES

DELIVERIES = "DeliveriesQueue"
DEAD_LETTERS = "DeadLettersQueue"
WEBHOOK_KEY = "WebhookKeySecret"
WEBHOOK_KEY_NAME = "webhook-key"
"""The name of the key, after its stack's name and a dash."""

_DAY_SECONDS = 24 * 3600
_RETENTION_SECONDS = 14 * _DAY_SECONDS
# AWS recommends six times the function's timeout.
_HIDDEN_SECONDS = 6 * 60
# A message is retried while the worker or the database fails: for up to two hours.
_MAX_RECEIVES = 20
_KEY_CHARACTERS = 64


def queues() -> dict[str, Json]:
    """Return the queues and the key."""
    return {
        DELIVERIES: _queue(
            MessageRetentionPeriod=_RETENTION_SECONDS,
            VisibilityTimeout=_HIDDEN_SECONDS,
            RedrivePolicy={
                "deadLetterTargetArn": arn(DEAD_LETTERS),
                "maxReceiveCount": _MAX_RECEIVES,
            },
        ),
        DEAD_LETTERS: _queue(MessageRetentionPeriod=_RETENTION_SECONDS),
        WEBHOOK_KEY: {
            "Type": "AWS::SecretsManager::Secret",
            "Condition": "MakesWebhookKey",
            # Every receiver has a secret derived from this key: like the tables, it stays when the
            # stack is deleted, and `make deploy` finds it by its name.
            # docs/decisions/0014-webhook-keys.md
            "DeletionPolicy": "RetainExceptOnCreate",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "Name": sub(f"${{AWS::StackName}}-{WEBHOOK_KEY_NAME}"),
                "Description": "stint: key from which webhook secrets are derived",
                "GenerateSecretString": {
                    "PasswordLength": _KEY_CHARACTERS,
                    "ExcludePunctuation": True,
                },
            },
        },
    }


def webhook_key() -> Json:
    """Return the key's ARN: the stack's own key, or one that an earlier stack left behind."""
    return either("MakesWebhookKey", ref(WEBHOOK_KEY), ref("WebhookKey"))


def api_environment() -> Json:
    """Return the environment of the API only: it creates, tests and replays webhooks."""
    return {
        "STINT_DELIVERIES_URL": ref(DELIVERIES),
        "STINT_WEBHOOK_KEY": webhook_key(),
        "STINT_REQUESTS_PER_TOKEN": ref("RequestsPerToken"),
        "STINT_SERVE_PAGES": ref("ServePages"),
    }


def counter_rollup_environment() -> Json:
    """Return the environment of the counter roll-up only."""
    return {"STINT_FAILED_RECORDS_URL": ref(FAILURES)}


def event_fanout_environment() -> Json:
    """Return the environment of the event fan-out only."""
    return {
        "STINT_DELIVERIES_URL": ref(DELIVERIES),
        "STINT_FAILED_RECORDS_URL": ref(FAILURES),
        "STINT_EVENTS_AFTER": ref("EventsAfter"),
        "STINT_INTERCOM_TOKEN": ref("IntercomToken"),
        "STINT_INTERCOM_PERSON": ref("IntercomPerson"),
    }


def webhook_delivery_environment() -> Json:
    """Return the environment of the delivery worker only."""
    return {
        "STINT_DELIVERIES_URL": ref(DELIVERIES),
        "STINT_DEAD_LETTERS_URL": ref(DEAD_LETTERS),
        "STINT_WEBHOOK_KEY": webhook_key(),
        "STINT_INTERCOM_TOKEN": ref("IntercomToken"),
        "STINT_INTERCOM_REGION": ref("IntercomRegion"),
    }


def queue_source() -> Json:
    """Return the settings of the worker's event source."""
    return {
        "Queue": arn(DELIVERIES),
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        # Slow receivers must not use up the account's concurrency, which the API needs.
        "ScalingConfig": {"MaximumConcurrency": ref("DeliveryConcurrency")},
    }


def _queue(**properties: object) -> Json:
    return {
        "Type": "AWS::SQS::Queue",
        "Properties": {"SqsManagedSseEnabled": True, **properties},
    }
