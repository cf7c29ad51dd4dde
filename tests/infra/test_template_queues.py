"""The event queues and the webhook key of the template."""

import json

from chalicelib.handlers.webhook_delivery import BATCH
from infra.stack.queues import DEAD_LETTERS, DELIVERIES, WEBHOOK_KEY
from tests.support.stack import Json, of_type

NEW_ACCOUNT_CONCURRENCY = 10


def _queues(template: Json) -> dict[str, Json]:
    return {
        name: queue["Properties"] for name, queue in of_type(template, "AWS::SQS::Queue").items()
    }


def test_queues_are_encrypted_and_retain_messages_for_14_days(template: Json) -> None:
    for queue in _queues(template).values():
        assert queue["SqsManagedSseEnabled"]
        assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_failed_messages_move_to_the_dead_letter_queue(template: Json) -> None:
    redrive = _queues(template)[DELIVERIES]["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": [DEAD_LETTERS, "Arn"]}
    assert redrive["maxReceiveCount"] > 1


def test_visibility_timeout_is_six_times_the_function_timeout(template: Json) -> None:
    worker = template["Resources"]["WebhookDelivery"]["Properties"]
    # AWS recommends six times the function's timeout.
    assert _queues(template)[DELIVERIES]["VisibilityTimeout"] >= 6 * worker["Timeout"]


def test_delivery_function_reads_the_delivery_queue(template: Json) -> None:
    (source,) = template["Resources"]["WebhookDelivery"]["Properties"]["Events"].values()
    assert source["Properties"]["Queue"] == {"Fn::GetAtt": [DELIVERIES, "Arn"]}
    assert source["Properties"]["BatchSize"] == BATCH


def test_deliveries_leave_most_of_a_new_accounts_concurrency_to_the_api(template: Json) -> None:
    (source,) = template["Resources"]["WebhookDelivery"]["Properties"]["Events"].values()
    scaling = source["Properties"]["ScalingConfig"]
    assert scaling == {"MaximumConcurrency": {"Ref": "DeliveryConcurrency"}}
    concurrency = template["Parameters"]["DeliveryConcurrency"]
    # AWS accepts 2 to 1000.
    assert (concurrency["MinValue"], concurrency["MaxValue"]) == (2, 1000)
    # One invocation at a time of each stream and of the auto-stop; a new account has ten.
    others = 3 + 1
    assert NEW_ACCOUNT_CONCURRENCY - concurrency["Default"] - others >= 4


def test_event_fan_out_reads_the_streams_of_timers_and_entries(template: Json) -> None:
    sources = template["Resources"]["EventFanout"]["Properties"]["Events"].values()
    assert [source["Properties"]["Stream"]["Fn::GetAtt"] for source in sources] == [
        ["TimersTable", "StreamArn"],
        ["TimeEntriesTable", "StreamArn"],
    ]
    for source in sources:
        # Includes records written while the stack is created or updated.
        assert source["Properties"]["StartingPosition"] == "TRIM_HORIZON"


def test_webhook_key_is_generated_by_aws_and_retained(template: Json) -> None:
    key = template["Resources"][WEBHOOK_KEY]
    assert key["DeletionPolicy"] == "RetainExceptOnCreate"
    assert key["UpdateReplacePolicy"] == "Retain"
    assert key["Properties"]["GenerateSecretString"]["PasswordLength"] >= 43
    assert "SecretString" not in key["Properties"]


def test_deployed_functions_cannot_post_to_local_receivers(template: Json) -> None:
    assert "STINT_LOCAL_RECEIVERS" not in json.dumps(template)


def test_intercom_is_off_by_default(template: Json) -> None:
    assert template["Parameters"]["IntercomToken"]["Default"] == ""
