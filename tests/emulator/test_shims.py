"""Each shim is needed, and does what AWS's documentation says.

Each probe returns whether an emulator follows the sentence of a shim. MiniStack without the shims
must not: if it does, the shim is no longer needed.
"""

import json
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator import probe_templates as templates
from tests.emulator.ministack import Emulator, emulating
from tests.emulator.stage import GatewayClient
from tests.support.api import JSON_API, Response
from tests.support.receiver import eventually

pytestmark = pytest.mark.emulator

POLL_SECONDS = 8
"""A queue is read every second; a function needs some seconds to start."""

Probe = Callable[[Emulator], bool]
PROBES: dict[str, Probe] = {}


def probe(function: Probe) -> Probe:
    """Register a probe. It has the name of its shim."""
    PROBES[function.__name__] = function
    return function


@pytest.fixture(scope="module")
def plain() -> Iterator[Emulator]:
    """MiniStack without the shims."""
    with emulating(shims=False) as started:
        yield started


def shim_names() -> set[str]:
    """Return the names of all shims. Their module runs only in the emulator's environment."""
    source = (templates.FOLDER / "shims.py").read_text().split("\n@shim(")[1:]
    return {part.split("\ndef ")[1].split("(")[0] for part in source}


def test_every_shim_has_a_probe() -> None:
    assert PROBES.keys() == shim_names()


@pytest.mark.parametrize("name", PROBES)
def test_shim_is_still_needed(plain: Emulator, name: str) -> None:
    assert not PROBES[name](plain), f"MiniStack does it itself now: remove the shim {name}"


@pytest.mark.parametrize("name", PROBES)
def test_shim_follows_the_documentation(emulator: Emulator, name: str) -> None:
    assert PROBES[name](emulator)


@probe
def template_url_with_the_bucket_as_host(emulator: Emulator) -> bool:
    storage = emulator.client("s3")
    storage.create_bucket(
        Bucket="probe", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    storage.put_object(Bucket="probe", Key="t.json", Body=json.dumps(templates.ALARM).encode())
    url = "https://probe.s3.eu-central-1.amazonaws.com/t.json"
    try:
        emulator.client("cloudformation").get_template_summary(TemplateURL=url)
    except ClientError:
        return False
    return True


@probe
def change_set_follows_the_conditions(emulator: Emulator) -> bool:
    create(emulator, "probe-condition", templates.CONDITION)
    stacks = emulator.client("cloudformation")
    proposed = stacks.create_change_set(
        StackName="probe-condition",
        ChangeSetName="more",
        TemplateBody=json.dumps(templates.CONDITION),
        Parameters=[{"ParameterKey": "More", "ParameterValue": "yes"}],
    )["Id"]
    changes = stacks.describe_change_set(ChangeSetName=proposed)["Changes"]
    added = [
        change["ResourceChange"]["LogicalResourceId"]
        for change in changes
        if change["ResourceChange"]["Action"] == "Add"
    ]
    return added == ["Sometimes"]


@probe
def alarm_on_a_metric_expression(emulator: Emulator) -> bool:
    stack = create(emulator, "probe-alarm", templates.ALARM)
    return bool(stack["StackStatus"] == "CREATE_COMPLETE")


@probe
def reference_to_a_secret_is_its_arn(emulator: Emulator) -> bool:
    stack = create(emulator, "probe-secret", templates.secret("probe-new"))
    return outputs(stack)["Secret"].startswith("arn:aws:secretsmanager:")


@probe
def secret_with_an_existing_name_is_refused(emulator: Emulator) -> bool:
    secrets = emulator.client("secretsmanager")
    secrets.create_secret(Name="probe-used", SecretString="used")
    stack = create(emulator, "probe-used", templates.secret("probe-used"))
    is_unchanged = secrets.get_secret_value(SecretId="probe-used")["SecretString"] == "used"
    secrets.delete_secret(SecretId="probe-used", RecoveryWindowInDays=7)
    deleted = create(emulator, "probe-deleted", templates.secret("probe-used"))
    statuses = {stack["StackStatus"], deleted["StackStatus"]}
    return bool(is_unchanged) and statuses == {"ROLLBACK_COMPLETE"}


@probe
def table_has_all_its_settings(emulator: Emulator) -> bool:
    stack = create(emulator, "probe-table", templates.TABLE)
    assert stack["StackStatus"] == "CREATE_COMPLETE", emulator.log()
    database = emulator.client("dynamodb")
    table = database.describe_table(TableName="probe")["Table"]
    expiry = database.describe_time_to_live(TableName="probe")["TimeToLiveDescription"]
    backups = database.describe_continuous_backups(TableName="probe")
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    return (
        table.get("SSEDescription", {}).get("Status") == "ENABLED"
        and table["GlobalSecondaryIndexes"][0].get("IndexStatus") == "ACTIVE"
        and expiry["TimeToLiveStatus"] in {"ENABLING", "ENABLED"}
        and recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    )


@probe
def queue_batches_need_the_single_permission(emulator: Emulator) -> bool:
    url = emulator.client("sqs").create_queue(QueueName="probe")["QueueUrl"]
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    sender = emulator.client("sqs", emulator.user({"Statement": [statement]}))
    try:
        sender.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "text"}])
    except ClientError:
        return False
    return True


@probe
def any_method_is_imported(emulator: Emulator) -> bool:
    client = probe_api(emulator)
    return (call(client, "PUT").status, call(client, "TRACE").status) == (200, 418)


@probe
def gateway_responses_are_imported(emulator: Emulator) -> bool:
    response = call(probe_api(emulator), "GET", "/unknown")
    return (response.status, response.body) == (418, b"teapot")


@probe
def integration_mappings_are_imported(emulator: Emulator) -> bool:
    return call(probe_api(emulator), "GET").headers.get("X-Mapped") == "yes"


@probe
def mock_reads_its_status_from_a_body_without_template(emulator: Emulator) -> bool:
    client = probe_api(emulator)
    response = call(client, "GET", headers={"Content-Type": JSON_API})
    return (response.status, response.body) == (503, b"failed")


@probe
def concurrency_of_a_queue_can_be_a_parameter(emulator: Emulator) -> bool:
    stack = create(emulator, "probe-queue", templates.queue_with_concurrency())
    queues, url = emulator.client("sqs"), outputs(stack)["Queue"]
    queues.send_message(QueueUrl=url, MessageBody="text")

    def is_empty() -> bool:
        counts = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return all(counts[name] == "0" for name in names)

    return eventually(is_empty, POLL_SECONDS)


@probe
def failed_function_is_a_gateway_response(emulator: Emulator) -> bool:
    response = call(probe_api(emulator), "GET", "/failing")
    return (response.status, response.body) == (503, b"failed")


@probe
def new_definition_keeps_the_api(emulator: Emulator) -> bool:
    probe_api(emulator)
    before = api_id(emulator)
    stacks = emulator.client("cloudformation")
    changed = json.dumps(templates.api(title="changed"))
    options = {"Capabilities": ["CAPABILITY_IAM"], "TemplateBody": changed}
    stacks.update_stack(StackName=API_STACK, **options)
    assert wait(emulator, API_STACK)["StackStatus"] == "UPDATE_COMPLETE"
    return api_id(emulator) == before


@probe
def deployment_of_a_websocket_api_is_a_resource(emulator: Emulator) -> bool:
    try:
        stack = create(emulator, "probe-sockets", templates.websocket_api("one"))
    except ClientError:
        return False
    assert stack["StackStatus"] == "CREATE_COMPLETE", emulator.log()
    before = deployment_of_stage(emulator, outputs(stack)["Api"])
    changed = json.dumps(templates.websocket_api("two"))
    stacks = emulator.client("cloudformation")
    stacks.update_stack(StackName="probe-sockets", TemplateBody=changed)
    stack = wait(emulator, "probe-sockets")
    assert stack["StackStatus"] == "UPDATE_COMPLETE", emulator.log()
    gateway, api = emulator.client("apigatewayv2"), outputs(stack)["Api"]
    deployments = [each["DeploymentId"] for each in gateway.get_deployments(ApiId=api)["Items"]]
    return deployments == [deployment_of_stage(emulator, api)] != [before]


def deployment_of_stage(emulator: Emulator, api: str) -> str:
    """Return the id of the deployment that the stage of a WebSocket API uses."""
    stage = emulator.client("apigatewayv2").get_stage(ApiId=api, StageName="live")
    deployment: str = stage["DeploymentId"]
    return deployment


API_STACK = "probe-api"


@cache
def probe_api(emulator: Emulator) -> GatewayClient:
    """Create the API of ``probe_templates.py``; return a client of it."""
    stack = create(emulator, API_STACK, templates.api())
    assert stack["StackStatus"] == "CREATE_COMPLETE", emulator.log()
    return GatewayClient(emulator.port, f"{api_id(emulator)}.execute-api.127.0.0.1", "/live", {})


def api_id(emulator: Emulator) -> str:
    """Return the id of the probes' API."""
    return outputs(wait(emulator, API_STACK))["Api"]


def call(
    client: GatewayClient, method: str, path: str = "/path", headers: dict[str, str] | None = None
) -> Response:
    """Send a request to the probes' API."""
    return client.send_raw(method, path, b"", headers or {})


def create(emulator: Emulator, name: str, template: dict[str, Any]) -> dict[str, Any]:
    """Create a stack, and return its description when it is created or has failed."""
    emulator.client("cloudformation").create_stack(
        StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"]
    )
    return wait(emulator, name)


def wait(emulator: Emulator, name: str) -> dict[str, Any]:
    """Wait until a stack does not change any more, and return its description."""
    while True:
        described = emulator.client("cloudformation").describe_stacks(StackName=name)
        stack: dict[str, Any] = described["Stacks"][0]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack
        time.sleep(0.05)


def outputs(stack: dict[str, Any]) -> dict[str, str]:
    """Return the outputs of a described stack."""
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
