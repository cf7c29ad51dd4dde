"""Delete a stage: ``make destroy STAGE=prod``, or ``python -m infra.destroy STAGE [STACK]``.

Without the stack's name as confirmation it only prints what would be deleted and what stays.
``--debug`` prints the traceback of an error. ``--region`` and ``--profile`` come before those of
the environment.
"""

import sys

from infra.aws.account import GATEWAY_ROLE, bucket_name
from infra.aws.errors import StackError, run
from infra.aws.session import Aws, account_parser, connect, stack_name, use_account
from infra.aws.stack_states import busy, is_busy
from infra.aws.stacks import Stack
from infra.aws.tables import TABLE
from infra.aws.undelivered import undelivered_events
from infra.stack.parameters import PARAMETERS
from infra.stack.queues import WEBHOOK_KEY_NAME

_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a type

# `make deploy` itself sets these again.
_RESTORED = frozenset({"EventsAfter", "WebhookKey"})

_RETAINED = """
Retained tables, because they hold people's tracked time:
  {tables}
  Deletion protection stays on, and `make deploy STAGE={stage}` uses the tables again.
  To delete a table permanently:
    aws dynamodb update-table --no-deletion-protection-enabled --table-name NAME
    aws dynamodb delete-table --table-name NAME
Retained secret, because webhook receivers have secrets derived from it; the next deployment reuses
it: {key}.
Settings are deleted too. To deploy the stage again as it is:
  make deploy STAGE={stage}{settings}
Retained because other stages share them: the bucket {bucket}, the role {role}.
"""


def explain(aws: Aws, stack: Stack, stage: str) -> str:
    """Return the text that lists what is deleted and what is retained."""
    resources = stack.resources()
    physical_ids = {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for resource in resources
        if "PhysicalResourceId" in resource
    }
    tables = [
        physical_ids[resource["LogicalResourceId"]]
        for resource in resources
        if resource["ResourceType"] == TABLE and resource["LogicalResourceId"] in physical_ids
    ]
    others = sorted({resource["ResourceType"] for resource in resources} - {TABLE, _SECRET})
    lines = [
        f"{stack.name} in account {aws.account}, {aws.region}.",
        "Deleted with it: the API and its URL, functions, logs, alarms.",
    ]
    lines += [f"  {resource_type}" for resource_type in others]
    lines += undelivered_events(aws, physical_ids)
    retained = _RETAINED.format(
        tables="\n  ".join(tables),
        stage=stage,
        settings=_settings(stack),
        # Another stack can have created it: docs/operations.md, "Restore from a backup".
        key=stack.parameters().get("WebhookKey") or f"{stack.name}-{WEBHOOK_KEY_NAME}",
        bucket=bucket_name(aws),
        role=GATEWAY_ROLE,
    )
    return "\n".join(lines) + "\n" + retained


def _settings(stack: Stack) -> str:
    """Return the settings that are not the default, as a word of ``make deploy``."""
    values = [
        f"{name}={value}"
        for name, value in sorted(stack.parameters().items())
        if name in PARAMETERS.keys() - _RESTORED and value != str(PARAMETERS[name]["Default"])
    ]
    return f' SET="{" ".join(values)}"' if values else ""


def main(arguments: list[str]) -> None:
    """Explain, and delete the stack if its name is given as confirmation."""
    parser = account_parser("infra.destroy", "Show what deleting a stage deletes, or delete it.")
    parser.add_argument(
        "confirmation", metavar="STACK", nargs="?", help="the name of its stack: delete it"
    )
    options = parser.parse_args(arguments)
    use_account(options)
    name = stack_name(options.stage)
    aws = connect()
    stack = Stack(aws.client("cloudformation"), name)
    described = stack.describe()
    if described is None:
        sys.exit(f"There is no stack {name} in account {aws.account}, {aws.region}.")
    if is_busy(described["StackStatus"]):
        raise StackError(busy(name, described["StackStatus"]))
    print(explain(aws, stack, options.stage))
    if options.confirmation != name:
        print(f"Nothing was deleted. To delete it, run the same command with CONFIRM={name}")
        return
    print(f"Deleting {name} ...", flush=True)
    stack.delete()
    print(f"{name} is deleted; the tables are retained.")


if __name__ == "__main__":
    run(main, sys.argv[1:])
