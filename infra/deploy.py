"""Deploy to AWS: ``make deploy STAGE=prod``, or ``python -m infra.deploy STAGE [SET]``.

``SET`` holds stack parameters, as ``Name=value``; a parameter that is not set keeps its value.
``--package`` builds the package first, after everything that can be checked without it.
``--region`` and ``--profile`` come before those of the environment.
``--debug`` prints the traceback of an error. Safe to repeat: what exists already stays unchanged.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from infra import package
from infra.aws.account import allow_gateway_logs, prepare_bucket, upload
from infra.aws.errors import SettingError, StackError, run
from infra.aws.quotas import concurrency_advice
from infra.aws.secret_store import SecretStore
from infra.aws.session import Aws, account_parser, connect, stack_name, use_account
from infra.aws.stack_history import DeletedStack, last_deleted
from infra.aws.stacks import Stack
from infra.aws.tables import Tables, index_conflicts, table_properties
from infra.aws.template import Json, check_settings, effective_parameters, for_stage
from infra.package import ARCHIVE, DEFAULT_FOLDER, TEMPLATE
from infra.stack.parameters import PARAMETERS
from infra.stack.queues import WEBHOOK_KEY_NAME

_NEXT = """
{stack} {result}.

  base URL   {url}
  test       curl -i {url}/api/v2/timers       (401: the API works and requires a token)
  next       create an organization, people and tokens: .venv/bin/stint-admin --help
"""


class Deployment:
    """A deployment of a stage in an account."""

    def __init__(self, aws: Aws, stack: Stack) -> None:
        self._aws = aws
        self._stack = stack
        self._cloudformation = aws.client("cloudformation")
        self._secrets = SecretStore(aws.client("secretsmanager"), stack.say)
        self._tables = Tables(aws.client("dynamodb"), stack.say, stack.pause)

    def run(self, folder: Path, settings: dict[str, str]) -> bool:
        """Deploy the package in a folder; return False if nothing changed.

        Raises SettingError for a setting that is not accepted, StackError if CloudFormation fails
        or would fail.
        """
        template: Json = json.loads((folder / TEMPLATE).read_text())
        parameters = effective_parameters(
            template["Parameters"], self._stack.parameters(), settings
        )
        exists = self._stack.prepare()
        predecessor = None if exists else last_deleted(self._cloudformation, self._stack.name)
        self._prepare_secrets(parameters, predecessor, exists=exists)
        if allow_gateway_logs(self._aws, self._stack.pause):
            self._stack.say("  API Gateway can now write logs in this account")
        bucket = prepare_bucket(self._aws)
        archive = upload(self._aws, bucket, folder / ARCHIVE)
        stage = for_stage(template, self._stack.name, bucket, archive)
        imported = self._prepare_tables(stage, exists=exists)
        if imported and predecessor and "EventsAfter" not in settings:
            # It sent what was changed before. Without a predecessor, nothing was ever sent.
            parameters["EventsAfter"] = str(int(predecessor.deletion_began.timestamp()))
        url = self._upload_template(bucket, stage)
        tags = {"application": "stint", "stage": self._stack.name.removeprefix("stint-")}
        changed = self._stack.deploy(url, parameters, tags)
        self._stack.protect()
        planned = table_properties(stage).values()
        self._tables.verify({properties["TableName"]: properties for properties in planned})
        return changed or self._tables.changed

    def _prepare_secrets(
        self, parameters: dict[str, str], predecessor: DeletedStack | None, *, exists: bool
    ) -> None:
        """Reuse the key of webhooks that an earlier stack left behind, or used."""
        used = predecessor.parameters.get("WebhookKey") if predecessor else None
        if used and not parameters["WebhookKey"]:
            parameters["WebhookKey"] = self._secrets.usable_key(used) or ""
        if not parameters["WebhookKey"]:
            key = self._secrets.usable_key(f"{self._stack.name}-{WEBHOOK_KEY_NAME}")
            # While the stack exists, it owns the key.
            parameters["WebhookKey"] = "" if exists else key or ""
        self._secrets.check(parameters)

    def _prepare_tables(self, stage: Json, *, exists: bool) -> bool:
        """Give existing tables what they lack; return whether the stack will import some."""
        after = table_properties(stage)
        owned: set[str] = set()
        if exists:
            before = table_properties(self._stack.template())
            conflicts = index_conflicts(before, after)
            if conflicts:
                raise StackError(
                    "CloudFormation changes one index of a table at a time; deploy these changes "
                    "one by one (docs/operations.md):\n  " + "\n  ".join(conflicts)
                )
            owned = before.keys() & after.keys()
            # What the stack's current template says: CloudFormation changes only what differs
            # between it and the new one.
            current = {after[name]["TableName"]: before[name] for name in owned}
            self._tables.complete(current, in_stack=True)
        foreign = {
            properties["TableName"]: properties
            for name, properties in after.items()
            if name not in owned
        }
        return bool(self._tables.complete(foreign))

    def _upload_template(self, bucket: str, stage: Json) -> str:
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / TEMPLATE
            path.write_text(json.dumps(stage))
            key = upload(self._aws, bucket, path)
        suffix = "amazonaws.com.cn" if self._aws.partition == "aws-cn" else "amazonaws.com"
        return f"https://{bucket}.s3.{self._aws.region}.{suffix}/{key}"


def deploy(aws: Aws, stack: Stack, folder: Path, settings: dict[str, str]) -> bool:
    """Deploy the package in a folder; return False if nothing changed. See :class:`Deployment`."""
    return Deployment(aws, stack).run(folder, settings)


def read_settings(words: Iterable[str]) -> dict[str, str]:
    """Parse ``Name=value`` words. Raises SettingError for any other form."""
    settings = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise SettingError(f"{word!r} does not have the form Name=value")
        settings[name] = value
    return settings


def _parser() -> argparse.ArgumentParser:
    parser = account_parser("infra.deploy", "Deploy a stage to AWS. Safe to repeat.")
    parser.add_argument("--package", action="store_true", help="build the package first")
    parser.add_argument(
        "settings",
        metavar="NAME=VALUE",
        nargs="*",
        help="a setting of docs/operations.md; one that is not named keeps its value",
    )
    return parser


def main(arguments: list[str]) -> None:
    """Deploy, then print the API's address and the next steps."""
    options = _parser().parse_args(arguments)
    use_account(options)
    name = stack_name(options.stage)
    settings = read_settings(options.settings)
    check_settings(PARAMETERS, settings)
    aws = connect()
    stack = Stack(aws.client("cloudformation"), name)
    stack.check()
    advice = concurrency_advice(aws.client("lambda"), aws.region)
    if advice:
        print(advice)
    if options.package:
        package.main([])
    print(f"Deploying {name} to account {aws.account}, {aws.region} ...", flush=True)
    changed = deploy(aws, stack, DEFAULT_FOLDER, settings)
    result = "is deployed" if changed else "was up to date"
    print(_NEXT.format(stack=name, result=result, url=stack.outputs()["BaseUrl"]))


if __name__ == "__main__":
    run(main, sys.argv[1:])
