"""Run the auto-stop once, manually: ``make auto-stop``, or ``python -m tools.ops auto-stop``.

The local server runs the auto-stop itself.
"""

import argparse
import sys

from msgspec.structs import asdict

from chalicelib.core.dependencies import Dependencies, build_dependencies
from chalicelib.dynamodb.connection import connect, translate_errors
from chalicelib.dynamodb.database import Database
from chalicelib.registry import models
from chalicelib.time_entries.purge_deleted import PurgeDeleted, PurgeReport
from chalicelib.timers.auto_stop import AutoStop
from chalicelib.timers.repository import TimerModel
from tools.environment import log_to_terminal
from tools.error_messages import REPORTED_ERRORS, describe_error
from tools.ops.stage_options import selected_stage

SUMMARY = "Stop the timers that are over their limit."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--dry-run", action="store_true", help="only count, stop nothing")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Stop overdue timers, purge deleted time entries, print the result; return the exit code."""
    dry_run: bool = options.dry_run
    stage = selected_stage(options)
    log_to_terminal(stage.settings.log_level)
    try:
        dependencies = build_dependencies(
            Database(connect(stage.settings, models())), stage.settings
        )
        # The scheduled run logs what it cannot read, and continues later. Here somebody waits.
        with translate_errors():
            TimerModel.describe_table()
        return stop_and_purge(dependencies, dry_run=dry_run)
    except REPORTED_ERRORS as error:
        sys.exit(f"Auto-stop failed: {describe_error(error)}")


def stop_and_purge(dependencies: Dependencies, *, dry_run: bool) -> int:
    """Stop and purge once, and print the numbers. A dry run only counts timers.

    Returns 1 if something is left: a timer or an entry that it could not read or write; else 0.
    """
    report = AutoStop(dependencies).run(dry_run=dry_run)
    prefix = dependencies.settings.table_prefix
    print(f"{prefix}-*{' (dry run: nothing was written)' if dry_run else ''}")
    for name, value in asdict(report).items():
        print(f"  {name:12} {value}")
    is_done = report.complete and not (report.failed or report.left)
    if not dry_run:
        purge = PurgeDeleted(dependencies).run()
        unread = "" if purge.complete else ", not all read"
        print(f"deleted time entries: {purge.purged} purged, {_unpurged(purge)} left{unread}")
        is_done = is_done and purge.complete and not _unpurged(purge)
    return 0 if is_done else 1


def _unpurged(purge: PurgeReport) -> int:
    return purge.failed + purge.left
