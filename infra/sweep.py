"""Runs the sweep once, by hand: ``make sweep``, or ``python -m infra.sweep [--dry-run]``.

Works on the tables that the environment names (STINT_TABLE_PREFIX, AWS_REGION, DYNAMODB_ENDPOINT).
The local server in memory cannot be reached from here; it sweeps by itself.
"""

import argparse
import os
import sys
from dataclasses import asdict

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from chalicelib.domain.errors import StintError
from chalicelib.services.clearing import ClearingReport, clear_deleted
from chalicelib.services.sweeping import sweep
from chalicelib.services.toolbox import real_toolbox
from chalicelib.settings import read_settings
from chalicelib.store.connection import connect
from chalicelib.store.store import Store
from infra.environment import allow_any_credentials, log_to_terminal


def main(arguments: list[str]) -> int:
    """Sweep, clear away what was deleted, and say what was done.

    Exit code 1 where a timer could not be stopped, or a deleted time entry not be cleared away.
    """
    parser = argparse.ArgumentParser(description="Stop the timers that are past their limit.")
    parser.add_argument("--dry-run", action="store_true", help="stop nothing, only count")
    dry_run = parser.parse_args(arguments).dry_run
    settings = read_settings(os.environ)
    allow_any_credentials(settings)
    log_to_terminal(settings.log_level)
    try:
        tools = real_toolbox(Store(connect(settings)))
        report = sweep(tools, dry_run=dry_run)
        clearing = ClearingReport(0, 0, 0) if dry_run else clear_deleted(tools)
    except (StintError, PynamoDBException, BotoCoreError, ClientError) as error:
        sys.exit(f"Cannot sweep {settings.table_prefix}-*: {error}")
    print(f"{settings.table_prefix}-*{' (dry run: nothing was written)' if dry_run else ''}")
    for name, value in asdict(report).items():
        print(f"  {name:12} {value}")
    if not dry_run:
        print(f"deleted time entries: {clearing.cleared} cleared away, {clearing.left} left")
    return 1 if report.failed or clearing.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
