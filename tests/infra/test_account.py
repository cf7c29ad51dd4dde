"""What a deployment reads in the account: secrets, quotas, events that are not delivered."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from botocore.stub import Stubber

from infra.aws.errors import SettingError
from infra.aws.quotas import concurrency_advice
from infra.aws.secret_store import SecretStore
from infra.aws.session import Aws
from infra.aws.undelivered import undelivered_events
from tests.support.moto_stack import SESSION, client, fresh_account
from tests.support.stack import REGION

KEY = "stint-one-webhook-key"


@pytest.fixture
def aws() -> Iterator[Aws]:
    with fresh_account() as number:
        yield Aws(SESSION, REGION, number, "aws")


@pytest.fixture
def messages() -> list[str]:
    return []


@pytest.fixture
def store(aws: Aws, messages: list[str]) -> SecretStore:
    return SecretStore(aws.client("secretsmanager"), messages.append)


def create_secret(name: str, *, deleted: bool = False) -> str:
    secrets = client("secretsmanager")
    arn: str = secrets.create_secret(Name=name, SecretString="secret")["ARN"]
    if deleted:
        secrets.delete_secret(SecretId=arn)
    return arn


def settings(**values: str) -> dict[str, str]:
    return {"WebhookKey": "", "IntercomToken": "", **values}


def test_retained_key_is_found_by_its_name(store: SecretStore, messages: list[str]) -> None:
    assert store.usable_key(KEY) is None
    arn = create_secret(KEY)
    assert store.usable_key(KEY) == arn
    assert messages == []


def test_key_that_is_scheduled_for_deletion_is_restored(
    store: SecretStore, messages: list[str]
) -> None:
    arn = create_secret(KEY, deleted=True)
    assert store.usable_key(KEY) == arn
    assert messages == [f"  {KEY} was scheduled for deletion: restoring it"]
    secrets = client("secretsmanager")
    assert secrets.get_secret_value(SecretId=arn)["SecretString"] == "secret"


def test_key_of_the_setting_is_restored_too(store: SecretStore, messages: list[str]) -> None:
    store.check(settings(WebhookKey=create_secret("another", deleted=True)))
    assert messages == ["  another was scheduled for deletion: restoring it"]


@pytest.mark.parametrize("setting", ["WebhookKey", "IntercomToken"])
def test_setting_with_an_unknown_secret_is_refused(store: SecretStore, setting: str) -> None:
    arn = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:nothing-abcdef"
    refusal = f"{setting}: the secret {arn} does not exist. Create it, or pass another one: "
    with pytest.raises(SettingError, match=refusal):
        store.check(settings(**{setting: arn}))


def test_intercom_token_that_is_scheduled_for_deletion_is_refused(store: SecretStore) -> None:
    arn = create_secret("intercom", deleted=True)
    with pytest.raises(SettingError, match=f"restore-secret --secret-id {arn}"):
        store.check(settings(IntercomToken=arn))
    client("secretsmanager").restore_secret(SecretId=arn)
    store.check(settings(IntercomToken=arn))


@pytest.mark.parametrize(("limit", "advice"), [(10, True), (99, True), (100, False)])
def test_small_quota_of_functions_is_mentioned(limit: int, *, advice: bool) -> None:
    functions = client("lambda")
    with Stubber(functions) as stub:
        answer = {"AccountLimit": {"ConcurrentExecutions": limit}}
        stub.add_response("get_account_settings", answer)
        text = concurrency_advice(functions, REGION)
    assert bool(text) == advice
    if text:
        assert f"at most {limit} functions" in text
        assert f"--region {REGION}" in text
        assert "--quota-code L-B99A9384 --desired-value 1000" in text


def test_unknown_quota_does_not_stop_a_deployment() -> None:
    functions = client("lambda")
    message = "User: ana is not authorized to perform: lambda:GetAccountSettings"
    with Stubber(functions) as stub:
        stub.add_client_error("get_account_settings", "AccessDeniedException", message)
        text = concurrency_advice(functions, REGION)
    assert text
    assert "Missing permission: lambda:GetAccountSettings" in text


def test_undelivered_events_are_counted(aws: Aws) -> None:
    sqs = client("sqs")
    queues = {
        name: sqs.create_queue(QueueName=name)["QueueUrl"]
        for name in ("DeliveriesQueue", "DeadLettersQueue")
    }
    sqs.send_message(QueueUrl=queues["DeliveriesQueue"], MessageBody="now")
    sqs.send_message(QueueUrl=queues["DeliveriesQueue"], MessageBody="later", DelaySeconds=60)
    sqs.send_message(QueueUrl=queues["DeadLettersQueue"], MessageBody="dead")
    age = {
        "MetricName": "IteratorAge",
        "Dimensions": [{"Name": "FunctionName", "Value": "fan-out"}],
        "Timestamp": datetime.now(UTC) - timedelta(minutes=2),
        "Value": 42_000,
    }
    client("cloudwatch").put_metric_data(Namespace="AWS/Lambda", MetricData=[age])
    lines = undelivered_events(aws, {**queues, "EventFanout": "fan-out"})
    assert "2 queued, 1 dead letters" in lines[0]
    assert "it is 42 s behind" in lines[1]


def test_incomplete_stack_has_no_undelivered_events(aws: Aws) -> None:
    assert "0 queued, 0 dead letters" in undelivered_events(aws, {})[0]


def test_unreadable_queue_does_not_stop_a_deletion(aws: Aws) -> None:
    url = f"https://sqs.{REGION}.amazonaws.com/123456789012/gone"
    (line,) = undelivered_events(aws, {"DeliveriesQueue": url})
    assert "deleted too. AWS refused GetQueueAttributes" in line
