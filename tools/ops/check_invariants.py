"""Check the invariants of the tables and report violations: ``make check-invariants``.

Also works while the API is in use: a person with a violation is read again, and is reported only
when nothing changes in between. Rolled-up counters are compared with their sums, the closed
services that each organization lists with the services, the owners of tokens with the tokens, and
the active admins with the people. With --repair, values that can be derived are written again.
"""

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from pynamodb.connection import Connection
from pynamodb.exceptions import PynamoDBException

from chalicelib.core.dependencies import Dependencies, build_dependencies
from chalicelib.core.write_set import ConcurrentModification
from chalicelib.dynamodb.connection import connect
from chalicelib.dynamodb.database import Database
from chalicelib.registry import models
from tools.error_messages import REPORTED_ERRORS, describe_error
from tools.ops import access_records, closed_services, counter_repair
from tools.ops.invariants import UPGRADE, PersonSnapshot, Violation, check
from tools.ops.snapshot import Scope, SnapshotReader
from tools.ops.stage_options import selected_stage

T = TypeVar("T")

SUMMARY = "Check the invariants of the tables, and report violations."

_READS = 5
_SLEEP_SECONDS = 0.5

Violations = dict[Scope, tuple[PersonSnapshot, list[Violation]]]
"""People with violations: their snapshot and the violations in it."""


def find_violations(
    reader: SnapshotReader, sleep: Callable[[float], None] = time.sleep
) -> Violations:
    """Return the people whose data violates an invariant.

    A person whose data changes at every read is read a few times and then not reported. ``sleep``
    waits for a number of seconds.
    """
    suspects = {scope: snapshot for scope, snapshot in reader.read_all().items() if check(snapshot)}
    confirmed: Violations = {}
    for attempt in range(_READS):
        if not suspects:
            break
        if attempt:
            sleep(_SLEEP_SECONDS)
        for scope, snapshot in reader.read_still(suspects.keys()).items():
            # Time entries can change without a new version of the person state: the same snapshot
            # twice is the true state, and not a moment between two writes.
            before, violations = suspects.pop(scope), check(snapshot)
            if violations and snapshot == before:
                confirmed[scope] = (snapshot, violations)
            elif violations:
                suspects[scope] = snapshot
    return confirmed


def repair(reader: SnapshotReader, violating: Violations) -> int:
    """Repair what the timers determine; return how many people changed in the meantime."""
    skipped = 0
    for snapshot, violations in violating.values():
        if any(violation.repairable for violation in violations):
            try:
                reader.repair(snapshot)
            except ConcurrentModification:
                skipped += 1
            except PynamoDBException as error:
                if error.cause_response_code != "ConditionalCheckFailedException":
                    raise
                skipped += 1
    return skipped


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "--repair", action="store_true", help="repair what the timers and services determine"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check, report and optionally repair. Return exit code 1 if violations remain."""
    stage = selected_stage(options)
    connection = connect(stage.settings, models())
    dependencies = build_dependencies(Database(connection))
    try:
        return report(connection, dependencies, with_repair=options.repair)
    except REPORTED_ERRORS as error:
        sys.exit(f"Cannot check {stage.place}: {describe_error(error)}")


def report(connection: Connection, dependencies: Dependencies, *, with_repair: bool) -> int:
    """Print the violations; return 1 if violations remain, else 0."""
    reader = SnapshotReader(connection)
    violating = find_violations(reader, dependencies.sleep)
    if violating and with_repair:
        for scope, (_, violations) in violating.items():
            _print(scope, violations)
        skipped = repair(reader, violating)
        print(f"repaired ({skipped} people skipped: they changed meanwhile); checking again")
        violating = find_violations(reader, dependencies.sleep)
    for scope, (_, violations) in violating.items():
        _print(scope, violations)
    if violating:
        print(f"{len(violating)} people with violations")
    clean = _report_rollups(connection, dependencies, with_repair) and not violating
    database = dependencies.database
    services_are_right = _report_derived(
        "services",
        partial(closed_services.find_wrong_services, connection),
        partial(closed_services.repair, database),
        with_repair,
    )
    access_is_right = _report_derived(
        "records of access",
        partial(access_records.find_wrong_records, connection),
        partial(access_records.repair, database),
        with_repair,
    )
    clean = clean and services_are_right and access_is_right
    if clean:
        print("all invariants hold")
    return 0 if clean else 1


def _report_rollups(connection: Connection, dependencies: Dependencies, with_repair: bool) -> bool:
    if with_repair:
        for line in counter_repair.rebuild(connection, dependencies).wrong:
            print(f"repaired {line}")
    findings = counter_repair.check(connection, dependencies)
    for name in findings.behind:
        print(f"not rolled up: {name}")
    for line in findings.wrong:
        print(f"wrong counters: {line}")
    if findings.behind:
        print(f"{len(findings.behind)} counters are not rolled up: is the stream running?")
    return not (findings.behind or findings.wrong)


def _report_derived(
    name: str,
    find_wrong: Callable[[], list[T]],
    repair_wrong: Callable[[list[T]], int],
    with_repair: bool,
) -> bool:
    wrong = find_wrong()
    for record in wrong:
        print(record)
    if not (wrong and with_repair):
        return not wrong
    skipped = repair_wrong(wrong)
    print(f"repaired {len(wrong) - skipped} {name}; {skipped} changed meanwhile")
    return not find_wrong()


def _print(scope: Scope, violations: list[Violation]) -> None:
    for violation in violations:
        is_upgrade = violation.what.endswith(UPGRADE)
        hint = "" if violation.repairable or is_upgrade else " (repair manually)"
        print(f"organization {scope[0]}, person {scope[1]}: {violation.what}{hint}")
