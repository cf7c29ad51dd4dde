"""Upgrade what version 0.2.0 stored, after the deployment of this version: ``make upgrade``.

Safe while people work, and can be run again at any time: people who are upgraded are skipped, so an
interrupted run continues. docs/operations.md says what it changes.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import closing

from msgspec import Struct

from chalicelib.core.dependencies import Dependencies, build_dependencies
from chalicelib.dynamodb.connection import connect
from chalicelib.dynamodb.database import Database
from chalicelib.registry import models
from tools.error_messages import REPORTED_ERRORS, describe_error
from tools.ops.access_records import find_wrong_records, mark_indexed, organizations_to_index
from tools.ops.access_records import repair as repair_records
from tools.ops.closed_services import find_wrong_services, repair
from tools.ops.copy_revisions import RevisionCopy
from tools.ops.stage_options import selected_stage
from tools.ops.upgrade_erased import mark_erased_people
from tools.ops.upgrade_people import PeopleUpgrade
from tools.ops.upgrade_report import UpgradeReport
from tools.ops.upgrade_scan import FoundIds, TableReader
from tools.ops.upgrade_sums import SumUpgrade

SUMMARY = "Upgrade what version 0.2.0 stored, after a deployment."

_PROGRESS_SECONDS = 5


class UpgradeContext(Struct, frozen=True):
    """What a step of the upgrade needs. In a dry run, it writes nothing."""

    dependencies: Dependencies
    reader: TableReader
    progress: Callable[[str], None]
    report: UpgradeReport
    dry_run: bool


Step = Callable[[UpgradeContext], None]
"""One part of the upgrade. It can be repeated, and adds what it did to the report."""


def upgrade_people(context: UpgradeContext) -> None:
    """List all sessions in the items of days, and store which sessions a manual time covers."""
    with closing(FoundIds()) as found:
        found.scan(context.reader)
        upgrade = PeopleUpgrade(
            context.dependencies, context.reader, found, context.report, dry_run=context.dry_run
        )
        people = found.people()
        for number, scope in enumerate(people):
            context.progress(f"{number} of {len(people)} people")
            upgrade.run(scope)


def fill_sums(context: UpgradeContext) -> None:
    """Fill the sums of time entries, after everything that changes an entry's time."""
    upgrade = SumUpgrade(
        context.dependencies, context.reader, context.report, dry_run=context.dry_run
    )
    upgrade.run()


def copy_revisions(context: UpgradeContext) -> None:
    """Copy revisions to the table in which this version lists them."""
    copy = RevisionCopy(
        context.dependencies, context.reader, context.report, dry_run=context.dry_run
    )
    copy.run()


def list_closed_services(context: UpgradeContext) -> None:
    """List the services that take no time in their organizations."""
    database = context.dependencies.database
    wrong = find_wrong_services(database.connection)
    skipped = 0 if context.dry_run else repair(database, wrong)
    context.report.services = len(wrong) - skipped
    if skipped:
        # Another request changed them, and listed them itself.
        context.progress(f"{skipped} services changed meanwhile")


def index_access(context: UpgradeContext) -> None:
    """Record the owner of each token, and the active admins."""
    database = context.dependencies.database
    # Read before the records: an organization that is created later has them from the start.
    organizations = organizations_to_index(database.connection)
    wrong = find_wrong_records(database.connection)
    context.report.access_records = len(wrong)
    context.report.indexed_organizations = len(organizations)
    if context.dry_run:
        return
    skipped = repair_records(database, wrong)
    if skipped:
        # Another request changed them, and recorded them itself.
        context.progress(f"{skipped} records of access changed meanwhile")
    mark_indexed(database, organizations)


def mark_erased(context: UpgradeContext) -> None:
    """Mark the people whose data was erased."""
    mark_erased_people(
        context.dependencies,
        context.reader,
        context.progress,
        context.report,
        dry_run=context.dry_run,
    )


STEPS: Sequence[Step] = (
    mark_erased,
    list_closed_services,
    index_access,
    upgrade_people,
    fill_sums,
    copy_revisions,
)


def upgrade(
    dependencies: Dependencies, progress: Callable[[str], None], *, dry_run: bool = False
) -> UpgradeReport:
    """Run all steps. ``progress`` gets the state of the work, often."""
    context = UpgradeContext(
        dependencies, TableReader(dependencies, progress), progress, UpgradeReport(), dry_run
    )
    for step in STEPS:
        step(context)
    return context.report


def print_report(report: UpgradeReport, *, dry_run: bool = False) -> int:
    """Print what was upgraded. Return exit code 1 if somebody could not be upgraded."""
    if dry_run:
        print("dry run: nothing was written; without --dry-run, the command writes:")
    print(f"people: {report.people}, with {report.sessions} sessions on {report.days} days")
    print(f"time entries: {report.entries}")
    print(f"people whose times were summed: {report.sums}")
    print(f"revisions: {report.revisions}")
    print(f"services that take no time: {report.services}")
    print(
        f"owners of tokens, and active admins: {report.access_records}, "
        f"in {report.indexed_organizations} organizations"
    )
    print(f"erased people: {report.erased}")
    if report.corrected:
        print("times that a correction of a session had lowered, in minutes:")
    for time in report.corrected:
        where = f"organization {time.organization_id}, person {time.person_id}"
        print(f"  {where}, time entry {time.entry_id}: {time.before} -> {time.after}")
    for problem in report.problems:
        print(f"not upgraded: {problem}")
    if report.is_empty:
        print("everything is upgraded")
    return 1 if report.problems else 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--dry-run", action="store_true", help="write nothing, print the changes")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Upgrade and print the result. Return exit code 1 if somebody could not be upgraded."""
    dry_run: bool = options.dry_run
    stage = selected_stage(options)
    try:
        dependencies = build_dependencies(Database(connect(stage.settings, models())))
        progress = _progress_to_stderr(dependencies.clock)
        report = upgrade(dependencies, progress, dry_run=dry_run)
    except REPORTED_ERRORS as error:
        sys.exit(
            f"Cannot upgrade {stage.place}: {describe_error(error)}\n"
            "Run the command again: it continues with the people who are not upgraded."
        )
    return print_report(report, dry_run=dry_run)


def _progress_to_stderr(clock: Callable[[], float]) -> Callable[[str], None]:
    """Return a function that prints what it gets, at most once in some seconds."""
    printed_at = [clock()]

    def progress(text: str) -> None:
        if clock() - printed_at[0] >= _PROGRESS_SECONDS:
            printed_at[0] = clock()
            print(text, file=sys.stderr, flush=True)

    return progress
