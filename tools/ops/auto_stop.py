"""Run the auto-stop once, manually: ``make sweep``, or ``python -m tools.ops.auto_stop [--dry-run]``.

Works on the tables that the environment selects (STINT_TABLE_PREFIX, AWS_REGION,
DYNAMODB_ENDPOINT). The local server's in-memory tables cannot be reached; that server runs the
auto-stop itself.
"""

import argparse
import os
import sys
from dataclasses import asdict

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from chalicelib.core.dependencies import real_toolbox
from chalicelib.core.errors import StintError
from chalicelib.core.settings import read_settings
from chalicelib.dynamodb.connection import connect
from chalicelib.dynamodb.database import Store
from chalicelib.time_entries.purge_deleted import ClearingReport, clear_deleted
from chalicelib.timers.auto_stop import sweep
from tools.environment import allow_any_credentials, log_to_terminal


def main(arguments: list[str]) -> int:
    """Stop overdue timers, purge deleted time entries, and print the result.

    Returns exit code 1 if a timer could not be stopped or a deleted time entry not be purged.
    """
    parser = argparse.ArgumentParser(description="Stop the timers that are over their limit.")
    parser.add_argument("--dry-run", action="store_true", help="only count, stop nothing")
    dry_run = parser.parse_args(arguments).dry_run
    settings = read_settings(os.environ)
    allow_any_credentials(settings)
    log_to_terminal(settings.log_level)
    try:
        tools = real_toolbox(Store(connect(settings)))
        report = sweep(tools, dry_run=dry_run)
        purge = ClearingReport(0, 0, 0) if dry_run else clear_deleted(tools)
    except (StintError, PynamoDBException, BotoCoreError, ClientError) as error:
        sys.exit(f"Auto-stop failed on {settings.table_prefix}-*: {error}")
    print(f"{settings.table_prefix}-*{' (dry run: nothing was written)' if dry_run else ''}")
    for name, value in asdict(report).items():
        print(f"  {name:12} {value}")
    if not dry_run:
        print(f"deleted time entries: {purge.cleared} purged, {purge.left} left")
    return 1 if report.failed or purge.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
