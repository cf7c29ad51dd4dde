"""Takes a stage off AWS: ``make destroy STAGE=prod``, or ``python -m infra.destroy STAGE [STACK]``.

Without the stack's name as a confirmation it only says what would be deleted and what is kept.
"""

import sys

from infra.aws.account import GATEWAY_ROLE, bucket_name
from infra.aws.session import Aws, connect, stack_name
from infra.aws.stacks import Stack, StackError
from infra.stack.queues import WEBHOOK_KEY_NAME

_TABLE = "AWS::DynamoDB::Table"
_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a type

_KEPT = """
Kept, because hours are not to be lost with a stack:
  {tables}
  Each is protected against deletion, and `make deploy STAGE={stage}` takes them back as they are.
  To delete one for good:
    aws dynamodb update-table --no-deletion-protection-enabled --table-name NAME
    aws dynamodb delete-table --table-name NAME
Kept, because the receivers of webhooks know secrets that derive from it, and taken back in the same
way: the secret {stack}-{key}.
Kept, because other stages share it: the bucket {bucket}, the role {role}.
"""


def explain(aws: Aws, stack: Stack, stage: str) -> str:
    """What goes and what stays."""
    resources = stack.resources()
    tables = [it["PhysicalResourceId"] for it in resources if it["ResourceType"] == _TABLE]
    others = sorted({it["ResourceType"] for it in resources} - {_TABLE, _SECRET})
    lines = [f"Deleted with {stack.name}: the API and its address, functions, logs, alarms."]
    lines += [f"  {it}" for it in others]
    kept = _KEPT.format(
        tables="\n  ".join(tables),
        stage=stage,
        stack=stack.name,
        key=WEBHOOK_KEY_NAME,
        bucket=bucket_name(aws),
        role=GATEWAY_ROLE,
    )
    return "\n".join(lines) + "\n" + kept


def main(arguments: list[str]) -> None:
    """Explain, and delete the stack where its name confirms it."""
    stage = arguments[0] if arguments else ""
    name = stack_name(stage)
    aws = connect()
    stack = Stack(aws.client("cloudformation"), name)
    if stack.describe() is None:
        sys.exit(f"There is no stack {name} in account {aws.account}, {aws.region}.")
    print(explain(aws, stack, stage))
    if arguments[1:] != [name]:
        print(f"Nothing was deleted. To go ahead: make destroy STAGE={stage} CONFIRM={name}")
        return
    try:
        stack.delete()
    except StackError as error:
        sys.exit(str(error))
    print(f"{name} is gone; the tables are there.")


if __name__ == "__main__":
    main(sys.argv[1:])
