"""Run the auto-stop once, manually: ``make auto-stop``, or ``python -m tools.ops auto-stop``.

The local server runs the auto-stop itself.
"""

import argparse
import sys

from msgspec.structs import asdict

from chalicelib.core.dependencies import build_dependencies
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
    """Stop overdue timers, purge deleted time entries, and print the result.

    Returns exit code 1 if a timer could not be read or stopped, or a deleted time entry not be
    purged.
    """
    dry_run: bool = options.dry_run
    stage = selected_stage(options)
    log_to_terminal(stage.settings.log_level)
    try:
        dependencies = build_dependencies(Database(connect(stage.settings, models())))
        # The scheduled run logs what it cannot read, and continues later. Here somebody waits.
        with translate_errors():
            TimerModel.describe_table()
        report = AutoStop(dependencies).run(dry_run=dry_run)
        purge = PurgeReport(0, 0, 0) if dry_run else PurgeDeleted(dependencies).run()
    except REPORTED_ERRORS as error:
        sys.exit(f"Auto-stop failed: {describe_error(error)}")
    print(f"{stage.settings.table_prefix}-*{' (dry run: nothing was written)' if dry_run else ''}")
    for name, value in asdict(report).items():
        print(f"  {name:12} {value}")
    if not dry_run:
        print(f"deleted time entries: {purge.purged} purged, {purge.left} left")
    return 1 if report.failed or purge.failed or not report.complete else 0
