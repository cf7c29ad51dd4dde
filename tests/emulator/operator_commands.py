"""What the checks of deployments do and look at: commands, their output, the state of a stack."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from subprocess import CompletedProcess, Popen
from typing import Any

from infra.stack.template import ROOT
from tests.emulator.stage import Stage
from tests.support.receiver import eventually

LAST = "WebhookDeliveryWebhookDeliverySqsEventSource"
"""A resource that CloudFormation creates among the last: it depends on a function and a queue."""


def refusal(process: CompletedProcess[str]) -> str:
    """Return the only line of a command that AWS or the command refused."""
    assert process.returncode != 0, process.stdout
    lines = [line for line in process.stderr.splitlines() if not line.startswith("make: ")]
    assert len(lines) == 1, process.stderr
    return lines[0]


@contextmanager
def running(stage: Stage, module: str, *words: str) -> Iterator["Popen[str]"]:
    """Run a deployment or a deletion in the background."""
    with Popen(
        [sys.executable, "-m", module, stage.name, *words],
        cwd=ROOT,
        env=stage.emulator.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(condition: Callable[[], Any], seconds: float = 30) -> None:
    """Wait until a condition holds."""
    assert eventually(lambda: bool(condition()), seconds), "timeout"


def describe(stage: Stage) -> Mapping[str, Any]:
    """Return CloudFormation's description of the stack."""
    cloudformation = stage.emulator.client("cloudformation")
    (stack,) = cloudformation.describe_stacks(StackName=stage.stack)["Stacks"]
    described: Mapping[str, Any] = stack
    return described


def parameters(stage: Stage) -> dict[str, str]:
    """Return the parameters of the stack."""
    return {
        parameter["ParameterKey"]: parameter["ParameterValue"]
        for parameter in describe(stage)["Parameters"]
    }
