"""Puts the package on AWS: ``make deploy STAGE=prod``, or ``python -m infra.deploy STAGE [SET]``.

``SET`` are the stack's parameters, as ``Name=value``; what is not given stays as it is. May be run
as often as one likes: what is there already is left alone.
"""

import json
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from infra.aws.account import kept_secret, let_gateway_log, prepare_bucket, upload
from infra.aws.session import Aws, connect, stack_name
from infra.aws.stacks import Stack, StackError
from infra.aws.tables import index_troubles
from infra.aws.template import Json, effective_parameters, for_stage
from infra.package import ARCHIVE, DEFAULT_FOLDER, TEMPLATE
from infra.stack.queues import WEBHOOK_KEY_NAME

_NEXT = """
{stack} {done}.

  base URL   {url}
  try it     curl -i {url}/api/v2/timers       (401: it answers, and wants a token)
  next       an organization, its people and their tokens: python -m infra.admin --help
"""


def deploy(aws: Aws, stack: Stack, folder: Path, given: dict[str, str]) -> bool:
    """Deploy the package in a folder; False where nothing was to be done.

    Raises :class:`ValueError` for a parameter that does not exist, :class:`StackError` where
    CloudFormation fails or would.
    """
    template: Json = json.loads((folder / TEMPLATE).read_text())
    parameters = effective_parameters(template, stack.parameters(), given)
    if not parameters["WebhookKey"] and stack.describe() is None:
        parameters["WebhookKey"] = kept_secret(aws, f"{stack.name}-{WEBHOOK_KEY_NAME}") or ""
    if let_gateway_log(aws):
        print("  API Gateway may now write logs in this account")
    bucket = prepare_bucket(aws)
    archive = upload(aws, bucket, folder / ARCHIVE)
    ready = for_stage(template, stack.name, parameters, bucket, archive)
    troubles = index_troubles(aws.client("dynamodb"), ready)
    if troubles:
        raise StackError(
            "one index of a table at a time; deploy these in as many steps "
            "(docs/operations.md):\n  " + "\n  ".join(troubles)
        )
    with tempfile.TemporaryDirectory() as scratch:
        written = Path(scratch) / TEMPLATE
        written.write_text(json.dumps(ready))
        key = upload(aws, bucket, written)
    suffix = "amazonaws.com.cn" if aws.partition == "aws-cn" else "amazonaws.com"
    return stack.deploy(f"https://{bucket}.s3.{aws.region}.{suffix}/{key}", parameters)


def read_settings(words: Iterable[str]) -> dict[str, str]:
    """``Name=value`` words. Raises :class:`ValueError` for any other."""
    settings = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise ValueError(f"{word!r} is not of the form Name=value")
        settings[name] = value
    return settings


def main(arguments: list[str]) -> None:
    """Deploy, and say where it is and what comes next."""
    name = stack_name(arguments[0] if arguments else "")
    aws = connect()
    stack = Stack(aws.client("cloudformation"), name)
    print(f"Deploying {name} to account {aws.account}, {aws.region} ...", flush=True)
    try:
        changed = deploy(aws, stack, DEFAULT_FOLDER, read_settings(arguments[1:]))
    except (StackError, ValueError) as error:
        sys.exit(str(error))
    done = "is deployed" if changed else "was up to date"
    print(_NEXT.format(stack=name, done=done, url=stack.outputs()["BaseUrl"]))


if __name__ == "__main__":
    main(sys.argv[1:])
