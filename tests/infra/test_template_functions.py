"""Every handler of the code is a function of the template, with all required settings."""

import copy
import json
import subprocess
import sys

import pytest

from benchmarks.idle import BILLED, FREE_WHILE_UNUSED
from chalicelib.handlers.auto_stop import EVERY_MINUTES
from infra.archive import TASK_ROOT
from infra.stack.functions import FUNCTIONS
from infra.stack.template import ROOT
from tests.support.stack import Json, of_type, references
from tests.support.template_checks import missing


def test_functions_have_all_required_settings(template: Json) -> None:
    assert missing(template) == []


# Runs in a separate process: importing app connects the models again.
HANDLERS = """
import json
from app import app
others = [*app.pure_lambda_functions, *app.event_sources, *app.builtin_auth_handlers]
# Chalice names these functions by their routes, whatever name the handler has.
sockets = ["websocket_" + route.removeprefix("$") for route in app.websocket_handlers]
print(json.dumps(sorted({"api_handler", *sockets, *(handler.name for handler in others)})))
"""


def test_every_handler_of_the_code_is_a_function_of_the_template(template: Json) -> None:
    result = subprocess.run(
        [sys.executable, "-c", HANDLERS], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert sorted(function.name for function in FUNCTIONS) == json.loads(result.stdout)
    assert {function.logical_id for function in FUNCTIONS} == set(
        of_type(template, "AWS::Serverless::Function")
    )


def test_every_handler_has_its_own_policy_file() -> None:
    (stage,) = json.loads((ROOT / ".chalice/config.json").read_text())["stages"].values()
    policies = {
        name: function["iam_policy_file"] for name, function in stage["lambda_functions"].items()
    }
    assert policies == {function.name: f"policy-{function.name}.json" for function in FUNCTIONS}


@pytest.mark.parametrize(
    ("event", "messages"),
    [
        (
            {"Type": "DynamoDB", "Properties": {"Stream": "arn:aws:dynamodb:placeholder"}},
            [
                "DynamoDB without BisectBatchOnFunctionError",
                "DynamoDB without DestinationConfig",
                "DynamoDB without FunctionResponseTypes",
                "DynamoDB without MaximumRecordAgeInSeconds",
                "DynamoDB without MaximumRetryAttempts",
                "DynamoDB with a placeholder for its stream",
            ],
        ),
        (
            {
                "Type": "SQS",
                "Properties": {"FunctionResponseTypes": [], "ScalingConfig": {}},
            },
            ["SQS without partial batches"],
        ),
        (
            {"Type": "Schedule", "Properties": {"Schedule": "rate(5 minutes)"}},
            ["Schedule without RetryPolicy", "asynchronous without EventInvokeConfig"],
        ),
        (
            {"Type": "Kinesis", "Properties": {}},
            ["an event of type Kinesis: say in tests/support/template_checks.py what it needs"],
        ),
    ],
    ids=["stream", "queue", "schedule", "unknown type"],
)
def test_missing_settings_of_a_handler_are_reported(
    template: Json, event: Json, messages: list[str]
) -> None:
    changed = copy.deepcopy(template)
    handler = copy.deepcopy(changed["Resources"]["APIHandler"])
    handler["Properties"] |= {"Events": {"Source": event}}
    changed["Resources"]["NewHandler"] = handler
    role = "no role of its own"
    assert missing(changed) == [
        f"APIHandler: {role}",
        "NewHandler: not among infra.stack.functions.FUNCTIONS",
        "NewHandler: no JSON log in a log group of its own",
        f"NewHandler: {role}",
        "NewHandler: no metric filter for FunctionFailures",
        "NewHandler: no alarm on Duration in AlarmSet=full",
        "NewHandler: no alarm on Errors in AlarmSet=full",
        "NewHandler: no alarm on Throttles in AlarmSet=full",
        *(f"NewHandler: {message}" for message in messages),
    ]


def test_environment_has_no_literal_values(template: Json) -> None:
    for function in of_type(template, "AWS::Serverless::Function").values():
        variables = dict(function["Properties"]["Environment"]["Variables"])
        # Empty: Python reads no time zone data of the host.
        assert variables.pop("PYTHONTZPATH") == ""
        for value in variables.values():
            # The only literal values are paths in the unpacked package; others come from the stack.
            is_package_path = isinstance(value, str) and value.startswith(f"{TASK_ROOT}/")
            assert is_package_path or not isinstance(value, str), (
                "the value must come from the stack"
            )


def test_log_level_does_not_reach_the_root_logger(template: Json) -> None:
    for function in of_type(template, "AWS::Serverless::Function").values():
        # Lambda's runtime gives this level to the root logger. At DEBUG, botocore logs requests.
        assert function["Properties"]["LoggingConfig"]["ApplicationLogLevel"] == "INFO"
        assert function["Properties"]["Environment"]["Variables"]["STINT_LOG_LEVEL"] == {
            "Ref": "LogLevel"
        }


def test_only_the_delivery_worker_may_send_to_itself(processed: Json) -> None:
    # Lambda stops other loops of a function and a queue after about 16 invocations.
    allowed = {
        name: function["Properties"].get("RecursiveLoop")
        for name, function in of_type(processed, "AWS::Lambda::Function").items()
    }
    assert allowed.pop("WebhookDelivery") == "Allow"
    assert set(allowed.values()) == {None}


def test_failed_auto_stop_run_is_not_repeated(processed: Json) -> None:
    # Lambda's own retries, in addition to EventBridge's. The next run does the same work.
    (config,) = of_type(processed, "AWS::Lambda::EventInvokeConfig").values()
    assert config["Properties"]["FunctionName"] == {"Ref": "AutoStop"}
    assert config["Properties"]["MaximumRetryAttempts"] == 0
    assert config["Properties"]["MaximumEventAgeInSeconds"] == EVERY_MINUTES * 60


def test_only_the_event_fan_out_has_the_time_of_the_first_event(template: Json) -> None:
    assert template["Parameters"]["EventsAfter"]["Default"] == 0
    with_time = {
        name: function["Properties"]["Environment"]["Variables"]["STINT_EVENTS_AFTER"]
        for name, function in of_type(template, "AWS::Serverless::Function").items()
        if "STINT_EVENTS_AFTER" in function["Properties"]["Environment"]["Variables"]
    }
    assert with_time == {"EventFanout": {"Ref": "EventsAfter"}}


def test_no_parameter_has_the_name_of_a_resource(processed: Json) -> None:
    # CloudFormation wants unique names, and a reference would be ambiguous.
    assert not processed["Parameters"].keys() & processed["Resources"].keys()


def test_every_reference_has_a_target(processed: Json) -> None:
    known = set(processed["Resources"]) | set(processed["Parameters"])
    assert {
        name for name in references(processed["Resources"]) if not name.startswith("AWS::")
    } <= known


def test_idle_bill_knows_every_type_of_resource(processed: Json) -> None:
    # A new type belongs into one of the two: does it cost something while nobody uses it?
    types = {resource["Type"] for resource in processed["Resources"].values()}
    assert types == BILLED | FREE_WHILE_UNUSED
