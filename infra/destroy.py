"""Delete a stage: ``make destroy STAGE=prod``, or ``python -m infra.destroy STAGE [STACK]``.

Without the stack's name as confirmation it only prints what would be deleted and what stays.
"""

import sys

from infra.aws.account import GATEWAY_ROLE, bucket_name
from infra.aws.session import Aws, connect, stack_name
from infra.aws.stacks import Stack, StackError
from infra.stack.queues import WEBHOOK_KEY_NAME

_TABLE = "AWS::DynamoDB::Table"
_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a type

_RETAINED = """
Retained tables, because they hold people's tracked time:
  {tables}
  Deletion protection stays on, and `make deploy STAGE={stage}` imports the tables unchanged.
  To delete a table permanently:
    aws dynamodb update-table --no-deletion-protection-enabled --table-name NAME
    aws dynamodb delete-table --table-name NAME
Retained secret, because webhook receivers have secrets derived from it; the next deployment reuses
it: {stack}-{key}.
Retained because other stages share them: the bucket {bucket}, the role {role}.
"""


def explain(aws: Aws, stack: Stack, stage: str) -> str:
    """Return the text that lists what is deleted and what is retained."""
    resources = stack.resources()
    tables = [
        resource["PhysicalResourceId"]
        for resource in resources
        if resource["ResourceType"] == _TABLE
    ]
    others = sorted({resource["ResourceType"] for resource in resources} - {_TABLE, _SECRET})
    lines = [f"Deleted with {stack.name}: the API and its URL, functions, logs, alarms."]
    lines += [f"  {resource_type}" for resource_type in others]
    retained = _RETAINED.format(
        tables="\n  ".join(tables),
        stage=stage,
        stack=stack.name,
        key=WEBHOOK_KEY_NAME,
        bucket=bucket_name(aws),
        role=GATEWAY_ROLE,
    )
    return "\n".join(lines) + "\n" + retained


def main(arguments: list[str]) -> None:
    """Explain, and delete the stack if its name is given as confirmation."""
    stage = arguments[0] if arguments else ""
    name = stack_name(stage)
    aws = connect()
    stack = Stack(aws.client("cloudformation"), name)
    if stack.describe() is None:
        sys.exit(f"There is no stack {name} in account {aws.account}, {aws.region}.")
    print(explain(aws, stack, stage))
    if arguments[1:] != [name]:
        print(f"Nothing was deleted. To delete it: make destroy STAGE={stage} CONFIRM={name}")
        return
    try:
        stack.delete()
    except StackError as error:
        sys.exit(str(error))
    print(f"{name} is deleted; the tables are retained.")


if __name__ == "__main__":
    main(sys.argv[1:])
