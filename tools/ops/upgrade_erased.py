"""Mark the people whose data version 0.2.0 erased. It knew them by their e-mail address."""

from collections.abc import Callable

from msgspec.structs import replace

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.write_set import ConcurrentModification, changed
from chalicelib.dynamodb.connection import table_name
from chalicelib.dynamodb.items import directory_prefix, from_item
from chalicelib.dynamodb.tables import DirectoryModel
from chalicelib.people.model import Person
from chalicelib.people.rules import erasure_values
from tools.ops.upgrade_report import UpgradeReport
from tools.ops.upgrade_scan import TableReader


def mark_erased_people(
    dependencies: Dependencies,
    reader: TableReader,
    progress: Callable[[str], None],
    report: UpgradeReport,
    *,
    dry_run: bool,
) -> None:
    """Mark erased people, and add their number to the report. Raises ``Unavailable``."""
    for raw in reader.scan(table_name(DirectoryModel)):
        if not raw["record_key"]["S"].startswith(directory_prefix(Person)):
            continue
        person = from_item(Person, raw)
        if not was_erased(person):
            continue
        marked = replace(person, erased_at=dependencies.now())
        writes = changed(person, marked, "erased_at", "deactivated_at", *erasure_values(person))
        try:
            if not dry_run:
                token = dependencies.request_token()
                reader.patient(lambda: dependencies.database.commit(writes, token))  # noqa: B023
        except ConcurrentModification:
            progress(f"person {person.id} changed meanwhile")
        else:
            report.erased += 1


def was_erased(person: Person) -> bool:
    """Whether version 0.2.0 erased a person: every value is what its erasure wrote.

    The e-mail address alone does not say it: an admin could set it.
    """
    return (
        not person.is_erased
        and person.deactivated_at is not None
        and all(getattr(person, name) == value for name, value in erasure_values(person).items())
    )
