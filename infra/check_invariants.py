"""Proves or reports what must hold of the tables: ``make check-invariants``.

Works on the tables that the environment names (STINT_TABLE_PREFIX, AWS_REGION, DYNAMODB_ENDPOINT),
also while traffic runs: whoever looks wrong is read again, at rest, before they are reported. What
is rolled up is compared with what it is the sum of. With --repair, what the timers tell is written
anew. The local server in memory cannot be reached.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.connection import Connection
from pynamodb.exceptions import PynamoDBException

from chalicelib.services.toolbox import Toolbox, real_toolbox
from chalicelib.settings import read_settings
from chalicelib.store.connection import connect
from chalicelib.store.store import Store
from infra import rollups
from infra.environment import allow_any_credentials
from infra.invariants import Books, Violation, check
from infra.ledger import Ledger, Scope

_LOOKS = 5
_PAUSE_SECONDS = 0.5


Found = dict[Scope, tuple[Books, list[Violation]]]
"""Those for whom something does not hold, with the books that show it."""


def find_violations(ledger: Ledger, pause: Callable[[float], None] = time.sleep) -> Found:
    """Everybody for whom something does not hold.

    Whoever works without a break is looked at a few times, and then not reported.
    """
    suspects = {scope: books for scope, books in ledger.read_all().items() if check(books)}
    found: Found = {}
    for look in range(_LOOKS):
        if not suspects:
            break
        if look:
            pause(_PAUSE_SECONDS)
        for scope, books in ledger.read_still(suspects.keys()).items():
            # Entries change without the slot: twice the same is what it is, and no moment's.
            before, violations = suspects.pop(scope), check(books)
            if violations and books == before:
                found[scope] = (books, violations)
            elif violations:
                suspects[scope] = books
    return found


def repair(ledger: Ledger, found: Found) -> int:
    """Repair what can be; how many people were at work meanwhile, and are to be looked at again."""
    missed = 0
    for books, violations in found.values():
        if any(violation.repairable for violation in violations):
            try:
                ledger.repair(books)
            except PynamoDBException as error:
                if error.cause_response_code != "ConditionalCheckFailedException":
                    raise
                missed += 1
    return missed


def main(arguments: list[str]) -> int:
    """Check, report, perhaps repair. Exit code 1 where something does not hold in the end."""
    parser = argparse.ArgumentParser(description="Prove or report what must hold of the tables.")
    parser.add_argument("--repair", action="store_true", help="write anew what timers tell")
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
    """Say what does not hold; 1 where something does not, in the end."""
    ledger = Ledger(connection)
    found = find_violations(ledger, tools.pause)
    if found and with_repair:
        for scope, (_, violations) in found.items():
            _print(scope, violations)
        missed = repair(ledger, found)
        print(f"repaired what timers tell ({missed} people changed meanwhile); checking again")
        found = find_violations(ledger, tools.pause)
    for scope, (_, violations) in found.items():
        _print(scope, violations)
    if found:
        print(f"{len(found)} people for whom something does not hold")
    fine = _report_rollups(connection, tools, with_repair) and not found
    if fine:
        print("everything holds")
    return 0 if fine else 1


def _report_rollups(connection: Connection, tools: Toolbox, with_repair: bool) -> bool:
    if with_repair:
        for line in rollups.rebuild(connection, tools).wrong:
            print(f"mended {line}")
    found = rollups.check(connection, tools)
    for name in found.behind:
        print(f"not rolled up: {name}")
    for line in found.wrong:
        print(f"tally {line}")
    if found.behind:
        print(f"{len(found.behind)} tallies are not rolled up: does the stream run?")
    return not (found.behind or found.wrong)


def _print(scope: Scope, violations: list[Violation]) -> None:
    for violation in violations:
        hint = "" if violation.repairable else " (needs a person)"
        print(f"organization {scope[0]}, person {scope[1]}: {violation.what}{hint}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
