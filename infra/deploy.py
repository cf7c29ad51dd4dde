"""Deploy to AWS: ``make deploy STAGE=prod``, or ``python -m infra.deploy STAGE [SET]``.

``SET`` holds stack parameters, as ``Name=value``; a parameter that is not set keeps its value.
Safe to repeat: what exists already stays unchanged.
"""

import json
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from infra.aws.account import allow_gateway_logs, prepare_bucket, retained_secret, upload
from infra.aws.session import Aws, connect, stack_name
from infra.aws.stacks import Stack, StackError
from infra.aws.tables import index_conflicts
from infra.aws.template import Json, effective_parameters, for_stage
from infra.package import ARCHIVE, DEFAULT_FOLDER, TEMPLATE
from infra.stack.queues import WEBHOOK_KEY_NAME

_NEXT = """
{stack} {result}.

  base URL   {url}
  test       curl -i {url}/api/v2/timers       (401: the API works and requires a token)
  next       create an organization, people and tokens: .venv/bin/stint-admin --help
"""


def deploy(aws: Aws, stack: Stack, folder: Path, settings: dict[str, str]) -> bool:
    """Deploy the package in a folder; return False if nothing changed.

    Raises :class:`ValueError` for an unknown parameter, :class:`StackError` if CloudFormation
    fails or would fail.
    """
    template: Json = json.loads((folder / TEMPLATE).read_text())
    parameters = effective_parameters(template, stack.parameters(), settings)
    if not parameters["WebhookKey"] and stack.describe() is None:
        parameters["WebhookKey"] = retained_secret(aws, f"{stack.name}-{WEBHOOK_KEY_NAME}") or ""
    if allow_gateway_logs(aws):
        print("  API Gateway can now write logs in this account")
    bucket = prepare_bucket(aws)
    archive = upload(aws, bucket, folder / ARCHIVE)
    prepared = for_stage(template, stack.name, parameters, bucket, archive)
    conflicts = index_conflicts(aws.client("dynamodb"), prepared)
    if conflicts:
        raise StackError(
            "CloudFormation changes one index of a table at a time; deploy these changes one by "
            "one (docs/operations.md):\n  " + "\n  ".join(conflicts)
        )
    with tempfile.TemporaryDirectory() as scratch:
        stage_template = Path(scratch) / TEMPLATE
        stage_template.write_text(json.dumps(prepared))
        key = upload(aws, bucket, stage_template)
    suffix = "amazonaws.com.cn" if aws.partition == "aws-cn" else "amazonaws.com"
    return stack.deploy(f"https://{bucket}.s3.{aws.region}.{suffix}/{key}", parameters)


def read_settings(words: Iterable[str]) -> dict[str, str]:
    """Parse ``Name=value`` words. Raises :class:`ValueError` for any other form."""
    settings = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise ValueError(f"{word!r} does not have the form Name=value")
        settings[name] = value
    return settings


def main(arguments: list[str]) -> None:
    """Deploy, then print the API's address and the next steps."""
    name = stack_name(arguments[0] if arguments else "")
    aws = connect()
    stack = Stack(aws.client("cloudformation"), name)
    print(f"Deploying {name} to account {aws.account}, {aws.region} ...", flush=True)
    try:
        changed = deploy(aws, stack, DEFAULT_FOLDER, read_settings(arguments[1:]))
    except (StackError, ValueError) as error:
        sys.exit(str(error))
    result = "is deployed" if changed else "was up to date"
    print(_NEXT.format(stack=name, result=result, url=stack.outputs()["BaseUrl"]))


if __name__ == "__main__":
    main(sys.argv[1:])
