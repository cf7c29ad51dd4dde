"""Check the invariants of the tables and report violations: ``make check-invariants``.

Works on the tables that the environment selects (STINT_TABLE_PREFIX, AWS_REGION,
DYNAMODB_ENDPOINT), also while the API is in use: a person with a violation is read again, and
is reported only when nothing changes in between. Rolled-up counters are compared with their
sums. With --repair, values that can be derived from the timers are written again. The local
server's in-memory tables cannot be reached.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.connection import Connection
from pynamodb.exceptions import PynamoDBException

from chalicelib.core.dependencies import Toolbox, real_toolbox
from chalicelib.core.settings import read_settings
from chalicelib.dynamodb.connection import connect
from chalicelib.dynamodb.database import Store
from tools.environment import allow_any_credentials
from tools.ops import counter_repair as rollups
from tools.ops.invariants import Books, Violation, check
from tools.ops.snapshot import Ledger, Scope

_READS = 5
_SLEEP_SECONDS = 0.5

Found = dict[Scope, tuple[Books, list[Violation]]]
"""People with violations: their snapshot and the violations in it."""


def find_violations(reader: Ledger, pause: Callable[[float], None] = time.sleep) -> Found:
    """Return the people whose data violates an invariant.

    A person whose data changes at every read is read a few times and then not reported. ``pause``
    sleeps for a number of seconds.
    """
    suspects = {scope: snapshot for scope, snapshot in reader.read_all().items() if check(snapshot)}
    confirmed: Found = {}
    for attempt in range(_READS):
        if not suspects:
            break
        if attempt:
            pause(_SLEEP_SECONDS)
        for scope, snapshot in reader.read_still(suspects.keys()).items():
            # Time entries can change without a new version of the person state: the same snapshot
            # twice is the true state, and not a moment between two writes.
            before, violations = suspects.pop(scope), check(snapshot)
            if violations and snapshot == before:
                confirmed[scope] = (snapshot, violations)
            elif violations:
                suspects[scope] = snapshot
    return confirmed


def repair(reader: Ledger, violating: Found) -> int:
    """Repair what the timers determine; return how many people changed in the meantime."""
    skipped = 0
    for snapshot, violations in violating.values():
        if any(violation.repairable for violation in violations):
            try:
                reader.repair(snapshot)
            except PynamoDBException as error:
                if error.cause_response_code != "ConditionalCheckFailedException":
                    raise
                skipped += 1
    return skipped


def main(arguments: list[str]) -> int:
    """Check, report and optionally repair. Return exit code 1 if violations remain."""
    parser = argparse.ArgumentParser(description="Check the invariants of the tables.")
    parser.add_argument("--repair", action="store_true", help="repair what the timers determine")
    with_repair = parser.parse_args(arguments).repair
    settings = read_settings(os.environ)
    allow_any_credentials(settings)
    connection = connect(settings)
    tools = real_toolbox(Store(connection))
    try:
        return report(connection, tools, with_repair=with_repair)
    except (PynamoDBException, BotoCoreError, ClientError) as error:
        sys.exit(f"Cannot read {settings.table_prefix}-*: {error}")


def report(connection: Connection, tools: Toolbox, *, with_repair: bool) -> int:
    """Print the violations; return 1 if violations remain, else 0."""
    reader = Ledger(connection)
    violating = find_violations(reader, tools.pause)
    if violating and with_repair:
        for scope, (_, violations) in violating.items():
            _print(scope, violations)
        skipped = repair(reader, violating)
        print(f"repaired ({skipped} people skipped: they changed meanwhile); checking again")
        violating = find_violations(reader, tools.pause)
    for scope, (_, violations) in violating.items():
        _print(scope, violations)
    if violating:
        print(f"{len(violating)} people with violations")
    clean = _report_rollups(connection, tools, with_repair) and not violating
    if clean:
        print("all invariants hold")
    return 0 if clean else 1


def _report_rollups(connection: Connection, tools: Toolbox, with_repair: bool) -> bool:
    if with_repair:
        for line in rollups.rebuild(connection, tools).wrong:
            print(f"repaired {line}")
    findings = rollups.check(connection, tools)
    for name in findings.behind:
        print(f"not rolled up: {name}")
    for line in findings.wrong:
        print(f"wrong counters: {line}")
    if findings.behind:
        print(f"{len(findings.behind)} counters are not rolled up: is the stream running?")
    return not (findings.behind or findings.wrong)


def _print(scope: Scope, violations: list[Violation]) -> None:
    for violation in violations:
        hint = "" if violation.repairable else " (repair manually)"
        print(f"organization {scope[0]}, person {scope[1]}: {violation.what}{hint}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
