"""Queues of events and the key of webhooks, as the template has them."""

import json

from chalicelib.events.delivery import BATCH
from infra.stack.queues import DEAD_LETTERS, DELIVERIES, WEBHOOK_KEY
from tests.support.stack import Json, of_type


def _queues(template: Json) -> dict[str, Json]:
    return {name: it["Properties"] for name, it in of_type(template, "AWS::SQS::Queue").items()}


def test_every_queue_is_encrypted_and_keeps_what_it_holds_for_two_weeks(template: Json) -> None:
    for queue in _queues(template).values():
        assert queue["SqsManagedSseEnabled"]
        assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_what_the_worker_cannot_handle_becomes_a_dead_letter(template: Json) -> None:
    redrive = _queues(template)[DELIVERIES]["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": [DEAD_LETTERS, "Arn"]}
    assert redrive["maxReceiveCount"] > 1


def test_a_message_stays_hidden_while_a_worker_may_be_at_it(template: Json) -> None:
    worker = template["Resources"]["Delivery"]["Properties"]
    # AWS asks for six times the function's time.
    assert _queues(template)[DELIVERIES]["VisibilityTimeout"] >= 6 * worker["Timeout"]


def test_the_worker_is_fed_by_the_queue_of_deliveries(template: Json) -> None:
    (source,) = template["Resources"]["Delivery"]["Properties"]["Events"].values()
    assert source["Properties"]["Queue"] == {"Fn::GetAtt": [DELIVERIES, "Arn"]}
    assert source["Properties"]["BatchSize"] == BATCH
    assert source["Properties"]["ScalingConfig"]["MaximumConcurrency"] >= 2


def test_the_fan_out_follows_timers_and_time_entries(template: Json) -> None:
    sources = template["Resources"]["FanOut"]["Properties"]["Events"].values()
    assert [it["Properties"]["Stream"]["Fn::GetAtt"] for it in sources] == [
        ["TimersTable", "StreamArn"],
        ["TimeEntriesTable", "StreamArn"],
    ]
    for source in sources:
        # What came while a stack was being made or mended is told, too.
        assert source["Properties"]["StartingPosition"] == "TRIM_HORIZON"


def test_the_key_of_webhooks_is_drawn_by_aws_and_outlives_the_stack(template: Json) -> None:
    key = template["Resources"][WEBHOOK_KEY]
    assert key["DeletionPolicy"] == "RetainExceptOnCreate"
    assert key["UpdateReplacePolicy"] == "Retain"
    assert key["Properties"]["GenerateSecretString"]["PasswordLength"] >= 43
    assert "SecretString" not in key["Properties"]


def test_nothing_deployed_may_post_to_its_own_network(template: Json) -> None:
    assert "STINT_LOCAL_RECEIVERS" not in json.dumps(template)


def test_intercom_is_off_unless_somebody_names_a_token(template: Json) -> None:
    assert template["Parameters"]["IntercomToken"]["Default"] == ""
