"""Rebuild the counters from timers and time entries: ``make rebuild-tallies``.

Safe while the API is in use. Works on the tables that the environment selects
(STINT_TABLE_PREFIX, AWS_REGION, DYNAMODB_ENDPOINT). The local server's in-memory tables cannot
be reached. Nothing is deleted first: correct counters stay unchanged, and wrong counters are
written only if they are unchanged since they were read.
"""

import argparse
import os
import sys

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.connection import Connection
from pynamodb.exceptions import PynamoDBException

from chalicelib.core.dependencies import Toolbox, real_toolbox
from chalicelib.core.errors import StintError
from chalicelib.core.settings import read_settings
from chalicelib.dynamodb.connection import connect
from chalicelib.dynamodb.database import Store
from tools.environment import allow_any_credentials
from tools.ops.check_invariants import find_violations
from tools.ops.counter_repair import rebuild
from tools.ops.snapshot import Ledger, repair_tallies


def rebuild_all(connection: Connection, tools: Toolbox) -> int:
    """Rebuild the counters of people, then the roll-ups; return 1 if another run is needed."""
    skipped = 0
    for snapshot, violations in find_violations(Ledger(connection), tools.pause).values():
        if any(violation.what.startswith("counters of ") for violation in violations):
            try:
                repair_tallies(snapshot)
            except PynamoDBException as error:
                if error.cause_response_code != "ConditionalCheckFailedException":
                    raise
                skipped += 1
    findings = rebuild(connection, tools)
    for line in findings.wrong:
        print(f"repaired {line}")
    remaining = skipped + len(findings.behind)
    print(f"counters rebuilt; {remaining} people or days changed meanwhile and need another run")
    return 1 if remaining else 0


def main(arguments: list[str]) -> int:
    """Rebuild. Return exit code 1 if some counters changed meanwhile: run it again."""
    argparse.ArgumentParser(
        description="Rebuild the counters from timers and time entries."
    ).parse_args(arguments)
    settings = read_settings(os.environ)
    allow_any_credentials(settings)
    connection = connect(settings)
    try:
        return rebuild_all(connection, real_toolbox(Store(connection)))
    except (StintError, PynamoDBException, BotoCoreError, ClientError) as error:
        sys.exit(f"Cannot rebuild {settings.table_prefix}-*: {error}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
