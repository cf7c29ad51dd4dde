"""Rebuild the counters and sums from timers and time entries: ``make rebuild-counters``.

Safe while the API is in use. Nothing is deleted first: correct counters stay unchanged, and wrong
counters are written only if they are unchanged since they were read.
"""

import argparse
import sys

from pynamodb.connection import Connection
from pynamodb.exceptions import PynamoDBException

from chalicelib.core.dependencies import Dependencies, build_dependencies
from chalicelib.dynamodb.connection import connect
from chalicelib.dynamodb.database import Database
from chalicelib.registry import models
from tools.error_messages import REPORTED_ERRORS, describe_error
from tools.ops.check_invariants import find_violations
from tools.ops.counter_repair import rebuild
from tools.ops.snapshot import SnapshotReader, repair_counters
from tools.ops.stage_options import selected_stage

SUMMARY = "Rebuild the counters and sums from timers and time entries."


def rebuild_all(connection: Connection, dependencies: Dependencies) -> int:
    """Rebuild the counters of people, then the roll-ups; return 1 if another run is needed."""
    skipped = 0
    for snapshot, violations in find_violations(
        SnapshotReader(connection), dependencies.sleep
    ).values():
        if any(violation.what.startswith(("counters of ", "sums of ")) for violation in violations):
            try:
                repair_counters(snapshot)
            except PynamoDBException as error:
                if error.cause_response_code != "ConditionalCheckFailedException":
                    raise
                skipped += 1
    findings = rebuild(connection, dependencies)
    for line in findings.wrong:
        print(f"repaired {line}")
    remaining = skipped + len(findings.behind)
    print(f"counters rebuilt; {remaining} people or days changed meanwhile and need another run")
    return 1 if remaining else 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command. It has no options."""
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Rebuild. Return exit code 1 if some counters changed meanwhile: run it again."""
    stage = selected_stage(options)
    connection = connect(stage.settings, models())
    try:
        return rebuild_all(connection, build_dependencies(Database(connection)))
    except REPORTED_ERRORS as error:
        sys.exit(f"Cannot rebuild {stage.place}: {describe_error(error)}")
