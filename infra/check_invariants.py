"""Proves or reports what must hold of the tables: ``make check-invariants``.

Works on the tables that the environment names (STINT_TABLE_PREFIX, AWS_REGION, DYNAMODB_ENDPOINT),
also while traffic runs: whoever looks wrong is read again, alone, before they are reported. With
--repair, what the timers tell is written anew. The local server in memory cannot be reached.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from chalicelib.settings import read_settings
from chalicelib.store.connection import connect
from infra.environment import allow_any_credentials
from infra.invariants import Books, Violation, check
from infra.ledger import Ledger, Scope

_LOOKS = 5
_PAUSE_SECONDS = 0.5


def find_violations(
    ledger: Ledger, pause: Callable[[float], None] = time.sleep
) -> dict[Scope, tuple[Books, list[Violation]]]:
    """Everybody for whom something does not hold, with the books that show it."""
    suspects = [scope for scope, books in ledger.read_all().items() if check(books)]
    found = {}
    for scope in suspects:
        books = _look_again(ledger, scope, pause)
        if books is not None:
            found[scope] = (books, check(books))
    return found


def _look_again(ledger: Ledger, scope: Scope, pause: Callable[[float], None]) -> Books | None:
    """The books of somebody who still looks wrong; None for who does not, or never stands still."""
    wrong = None
    for look in range(_LOOKS):
        if look:
            # An index follows its table within moments, and people go on working.
            pause(_PAUSE_SECONDS)
        books = ledger.read_person(scope)
        if books is not None:
            if not check(books):
                return None
            wrong = books
    return wrong


def main(arguments: list[str]) -> int:
    """Check, report, perhaps repair. Exit code 1 where something does not hold in the end."""
    parser = argparse.ArgumentParser(description="Prove or report what must hold of the tables.")
    parser.add_argument("--repair", action="store_true", help="write anew what timers tell")
    repair = parser.parse_args(arguments).repair
    settings = read_settings(os.environ)
    allow_any_credentials(settings)
    ledger = Ledger(connect(settings))
    try:
        return _report(ledger, repair)
    except (PynamoDBException, BotoCoreError, ClientError) as error:
        sys.exit(f"Cannot read {settings.table_prefix}-*: {error}")


def _report(ledger: Ledger, repair: bool) -> int:
    found = find_violations(ledger)
    if found and repair:
        for scope, (books, violations) in found.items():
            _print(scope, violations)
            if any(violation.repairable for violation in violations):
                ledger.repair(books)
        print("repaired what the timers tell; checking again")
        found = find_violations(ledger)
    for scope, (_, violations) in found.items():
        _print(scope, violations)
    print(f"{len(found)} people for whom something does not hold" if found else "everything holds")
    return 1 if found else 0


def _print(scope: Scope, violations: list[Violation]) -> None:
    for violation in violations:
        hint = "" if violation.repairable else " (needs a person)"
        print(f"organization {scope[0]}, person {scope[1]}: {violation.what}{hint}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
