"""Checks 1 and 2: the first deployment of a stage, the next ones, and what goes wrong in them."""

import signal
from collections.abc import Mapping

import pytest

from tests.emulator.ministack import Emulator
from tests.emulator.operator_commands import LAST, describe, refusal, running, wait_for
from tests.emulator.stage import Stage, deployed

pytestmark = pytest.mark.emulator

ALLOW_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@pytest.fixture(scope="module")
def stage(emulator: Emulator) -> Stage:
    return deployed(Stage(emulator, "first"))


@pytest.fixture
def new(emulator: Emulator, request: pytest.FixtureRequest) -> Stage:
    """A stage that is not deployed yet, of its own for each test."""
    return Stage(emulator, request.node.name.replace("_", "-").removeprefix("test-")[:30])


def test_second_deployment_changes_nothing(stage: Stage) -> None:
    process = stage.make("deploy")
    assert process.returncode == 0, process.stderr
    assert f"{stage.stack} was up to date." in process.stdout


def test_stack_has_tags_and_is_protected_from_deletion(stage: Stage) -> None:
    stack = describe(stage)
    tags = {tag["Key"]: tag["Value"] for tag in stack["Tags"]}
    assert tags == {"application": "stint", "stage": stage.name}
    assert stack["EnableTerminationProtection"]


def test_setting_is_applied_and_kept(stage: Stage) -> None:
    deployed(stage, "LogLevel=WARN")
    deployed(stage, "LogRetentionDays=7")
    functions = stage.emulator.client("lambda")
    function = functions.get_function_configuration(FunctionName=stage.resource("APIHandler"))
    assert function["Environment"]["Variables"]["STINT_LOG_LEVEL"] == "WARN"


def test_setting_adds_and_removes_resources(stage: Stage) -> None:
    def has_dashboard() -> bool:
        entries = stage.emulator.client("cloudwatch").list_dashboards()["DashboardEntries"]
        return stage.stack in {entry["DashboardName"] for entry in entries}

    deployed(stage, "AlarmSet=full", "CreateDashboard=yes")
    assert has_dashboard()
    assert stage.resource("TimersTableThrottles")
    process = stage.make("deploy", "SET=AlarmSet=basic CreateDashboard=no")
    assert "remove   TimersTableThrottles" in process.stdout
    assert not has_dashboard()


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("LogLevel=LOUD", "LogLevel=LOUD is not accepted. Accepted: DEBUG, INFO, WARN, ERROR."),
        ("RequestBurst=many", "RequestBurst=many is not accepted. Accepted: a number from 1 on."),
        ("Colour=red", "unknown settings: Colour."),
        ("LogLevel", "'LogLevel' does not have the form Name=value"),
    ],
)
def test_wrong_setting_is_refused(stage: Stage, setting: str, reason: str) -> None:
    assert reason in refusal(stage.make("deploy", f"SET={setting}"))


@pytest.mark.parametrize(
    "action",
    [
        "apigateway:GET",
        "cloudformation:ExecuteChangeSet",
        "dynamodb:DescribeTable",
        "s3:PutObject",
    ],
)
def test_missing_permission_is_one_line_that_names_it(emulator: Emulator, action: str) -> None:
    deny = {"Effect": "Deny", "Action": action, "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [ALLOW_ALL, deny]}
    # A new stage has a new template, so that the deployment needs all of its permissions.
    stage = Stage(emulator, f"lacks-{action.partition(':')[0]}")
    line = refusal(stage.make("deploy", environment=emulator.user(policy)))
    assert f"Missing permission: {action} on " in line
    assert "run the same command again" in line


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        (
            {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None},
            "There are no AWS credentials. Set AWS_PROFILE",
        ),
        ({"AWS_SECRET_ACCESS_KEY": None}, "The AWS credentials are incomplete"),
        ({"AWS_PROFILE": "nobody"}, "There is no AWS profile 'nobody'"),
        ({"AWS_ACCESS_KEY_ID": "AKIA0000000000000000"}, "AWS does not accept these credentials"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "AWS STS does not respond in eu-central-1"),
    ],
)
def test_unusable_credentials_are_one_line(
    stage: Stage, environment: Mapping[str, str | None], reason: str
) -> None:
    assert reason in refusal(stage.make("deploy", environment=environment))


def test_destroy_without_credentials_is_one_line(stage: Stage) -> None:
    environment = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
    assert "There are no AWS credentials" in refusal(stage.make("destroy", environment=environment))


def test_debug_adds_the_traceback(stage: Stage) -> None:
    process = stage.make("deploy", "DEBUG=1", environment={"AWS_PROFILE": "nobody"})
    assert "Traceback" in process.stderr
    assert "There is no AWS profile 'nobody'" in process.stderr


def test_second_operator_waits_and_an_interrupted_deployment_continues(
    emulator: Emulator, new: Stage
) -> None:
    with emulator.held(LAST) as is_reached, running(new, "infra.deploy") as first:
        wait_for(is_reached)
        for second in (new.make("deploy"), new.make("destroy", f"CONFIRM={new.stack}")):
            line = refusal(second)
            assert f"{new.stack} is in state CREATE_IN_PROGRESS" in line
            assert "Wait until it ends" in line
        first.send_signal(signal.SIGINT)
        _, errors = first.communicate(timeout=30)
    assert first.returncode == 130
    assert f"CloudFormation continues to deploy {new.stack}" in errors
    assert "It is safe to run the same command again." in errors
    assert "Traceback" not in errors
    wait_for(lambda: new.status() == "CREATE_COMPLETE")
    assert "was up to date" in new.make("deploy").stdout
    assert describe(new)["EnableTerminationProtection"]


def test_reason_of_a_failed_creation_is_printed_and_the_next_deployment_works(
    emulator: Emulator, new: Stage
) -> None:
    reason = "the account has too many of these"
    with emulator.failing(LAST, reason):
        process = new.make("deploy")
    assert process.returncode != 0
    # Only the operation's reason: not those of resources that were cancelled because of it.
    assert process.stderr.splitlines()[:2] == [
        f"{new.stack}: ROLLBACK_COMPLETE",
        f"  {LAST}: {reason}",
    ]
    assert "Traceback" not in process.stderr
    again = new.make("deploy")
    assert again.returncode == 0, again.stderr
    assert "was never created completely: deleting it, not its tables" in again.stdout
    assert describe(new)["StackStatus"] == "CREATE_COMPLETE"


def test_reason_of_a_failed_update_is_printed(emulator: Emulator, stage: Stage) -> None:
    with emulator.failing("WebhookDelivery", "the code is too large"):
        process = stage.make("deploy", "SET=LogLevel=ERROR")
    assert process.returncode != 0
    assert f"{stage.stack}: UPDATE_ROLLBACK_COMPLETE" in process.stderr
    assert "  WebhookDelivery: the code is too large" in process.stderr
    deployed(stage, "LogLevel=ERROR")
