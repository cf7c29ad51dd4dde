"""Every handler in the code has its settings in the template."""

import copy
import json
import subprocess
import sys

import pytest

from infra.archive import TASK_ROOT
from infra.stack.functions import FUNCTIONS
from infra.stack.template import ROOT
from tests.support.rooms import missing
from tests.support.stack import Json, of_type, references


def test_nothing_is_missing(template: Json) -> None:
    assert missing(template) == []


# In a process of its own: whoever loads app connects the models anew.
HANDLERS = """
import json
from app import app
beside = [*app.pure_lambda_functions, *app.event_sources, *app.builtin_auth_handlers]
print(json.dumps(sorted({"api_handler", *(handler.name for handler in beside)})))
"""


def test_every_handler_in_the_code_is_a_function_of_the_template(template: Json) -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", HANDLERS], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert sorted(function.name for function in FUNCTIONS) == json.loads(loaded.stdout)
    assert {function.logical_id for function in FUNCTIONS} == set(
        of_type(template, "AWS::Serverless::Function")
    )


def test_every_handler_has_a_policy_file_of_its_own() -> None:
    (stage,) = json.loads((ROOT / ".chalice/config.json").read_text())["stages"].values()
    policies = {name: it["iam_policy_file"] for name, it in stage["lambda_functions"].items()}
    assert policies == {function.name: f"policy-{function.name}.json" for function in FUNCTIONS}


@pytest.mark.parametrize(
    ("event", "complaints"),
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
            ["Schedule without RetryPolicy"],
        ),
        (
            {"Type": "Kinesis", "Properties": {}},
            ["an event of type Kinesis: say in tests/support/rooms.py what it needs"],
        ),
    ],
    ids=["stream", "queue", "schedule", "anything else"],
)
def test_a_handler_without_its_settings_is_found(
    template: Json, event: Json, complaints: list[str]
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
        "NewHandler: no alarm on Duration",
        "NewHandler: no alarm on Errors",
        "NewHandler: no alarm on Throttles",
        *(f"NewHandler: {complaint}" for complaint in complaints),
    ]


def test_no_function_knows_a_secret_or_a_machine(template: Json) -> None:
    for function in of_type(template, "AWS::Serverless::Function").values():
        for value in function["Properties"]["Environment"]["Variables"].values():
            # Or a file of the package itself, where Lambda unpacks it.
            is_ours = isinstance(value, str) and value.startswith(f"{TASK_ROOT}/")
            assert is_ours or not isinstance(value, str), "a value is the stack's"


def test_whatever_is_referred_to_is_there(processed: Json) -> None:
    known = set(processed["Resources"]) | set(processed["Parameters"])
    assert {
        name for name in references(processed["Resources"]) if not name.startswith("AWS::")
    } <= known
