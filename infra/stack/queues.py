"""Queues of events, the key that webhooks' secrets derive from, and what wakes somebody up."""

from infra.stack.intrinsics import Json, arn, either, ref, sub
from infra.stack.streams import FAILURES

DELIVERIES = "DeliveriesQueue"
DEAD_LETTERS = "DeadLettersQueue"
WEBHOOK_KEY = "WebhookKeySecret"
WEBHOOK_KEY_NAME = "webhook-key"
"""What the key is called, after its stack's name and a dash."""

_DAY_SECONDS = 24 * 3600
_KEPT_SECONDS = 14 * _DAY_SECONDS
# Lambda wants six times what the function may take.
_HIDDEN_SECONDS = 6 * 60
# A message comes again where the worker or the database fails: two hours of that may pass.
_RECEIVES = 20
_KEY_CHARACTERS = 64


def queues() -> dict[str, Json]:
    """The queues, and the key."""
    return {
        DELIVERIES: _queue(
            MessageRetentionPeriod=_KEPT_SECONDS,
            VisibilityTimeout=_HIDDEN_SECONDS,
            RedrivePolicy={
                "deadLetterTargetArn": arn(DEAD_LETTERS),
                "maxReceiveCount": _RECEIVES,
            },
        ),
        DEAD_LETTERS: _queue(MessageRetentionPeriod=_KEPT_SECONDS),
        WEBHOOK_KEY: {
            "Type": "AWS::SecretsManager::Secret",
            "Condition": "MakesWebhookKey",
            # Every receiver knows a secret that derives from it: it outlives the stack, as tables
            # do, and `make deploy` finds it again by its name. docs/decisions/0014-webhook-keys.md
            "DeletionPolicy": "RetainExceptOnCreate",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "Name": sub(f"${{AWS::StackName}}-{WEBHOOK_KEY_NAME}"),
                "Description": "stint: what the secrets of webhooks are derived from",
                "GenerateSecretString": {
                    "PasswordLength": _KEY_CHARACTERS,
                    "ExcludePunctuation": True,
                },
            },
        },
    }


def webhook_key() -> Json:
    """The ARN of the key: the stack's own, or one that outlived an earlier stack."""
    return either("MakesWebhookKey", ref(WEBHOOK_KEY), ref("WebhookKey"))


def api_environment() -> Json:
    """Settings of the API alone: it makes, tries and replays webhooks."""
    return {"STINT_DELIVERIES_URL": ref(DELIVERIES), "STINT_WEBHOOK_KEY": webhook_key()}


def fan_out_environment() -> Json:
    """Settings of the fan-out alone."""
    return {
        "STINT_DELIVERIES_URL": ref(DELIVERIES),
        "STINT_FAILED_RECORDS_URL": ref(FAILURES),
        "STINT_INTERCOM_TOKEN": ref("IntercomToken"),
        "STINT_INTERCOM_PERSON": ref("IntercomPerson"),
    }


def delivery_environment() -> Json:
    """Settings of the delivery worker alone."""
    return {
        "STINT_DELIVERIES_URL": ref(DELIVERIES),
        "STINT_DEAD_LETTERS_URL": ref(DEAD_LETTERS),
        "STINT_WEBHOOK_KEY": webhook_key(),
        "STINT_INTERCOM_TOKEN": ref("IntercomToken"),
        "STINT_INTERCOM_REGION": ref("IntercomRegion"),
    }


def queue_source() -> Json:
    """How the queue feeds the worker."""
    return {"Queue": arn(DELIVERIES), "FunctionResponseTypes": ["ReportBatchItemFailures"]}


def _queue(**properties: object) -> Json:
    return {
        "Type": "AWS::SQS::Queue",
        "Properties": {"SqsManagedSseEnabled": True, **properties},
    }
