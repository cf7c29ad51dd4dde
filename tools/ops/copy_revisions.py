"""Copy the revisions of version 0.2.0 to this version's table. The old table is not changed."""

from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import RawItem, table_name
from chalicelib.revisions.model import RevisionSubject
from chalicelib.revisions.repository import RevisionModel
from chalicelib.time_entries.model import TimeEntry
from tools.ops.upgrade_report import UpgradeReport
from tools.ops.upgrade_revisions import upgraded_items
from tools.ops.upgrade_scan import TableReader, old_revisions, old_revisions_table


class RevisionCopy:
    """Copies revisions, entry by entry. In a dry run it writes nothing."""

    def __init__(
        self,
        dependencies: Dependencies,
        reader: TableReader,
        report: UpgradeReport,
        *,
        dry_run: bool,
    ) -> None:
        self._database = dependencies.database
        self._connection: Connection = dependencies.database.connection
        self._reader = reader
        self._report = report
        self._dry_run = dry_run

    def run(self) -> None:
        """Copy what is not copied yet. Raises ``Unavailable``."""
        for old_items in _by_entry(self._reader):
            self._copy(old_items)

    def _copy(self, old_items: list[RawItem]) -> None:
        organization_id, entry_id = (
            int(old_items[0][name]["N"]) for name in ("organization_id", "time_entry_id")
        )
        present = list(entry_revisions(self._reader, organization_id, entry_id))
        old_ids = {item["id"]["N"] for item in old_items}
        later = [item for item in present if item["id"]["N"] not in old_ids]
        try:
            items = upgraded_items(old_items, self._person_id(organization_id, entry_id, later))
        except ValueError as error:
            self._report.problems.append(f"revisions of time entry {entry_id}: {error}")
            return
        copied = {item["revision_key"]["S"] for item in present}
        for item in items:
            if item["revision_key"]["S"] not in copied:
                self._put(item)
                self._report.revisions += 1

    def _person_id(
        self, organization_id: int, entry_id: int, later: Sequence[RawItem]
    ) -> int | None:
        """Whose time the entry was after the old revisions; None: the old revisions show it.

        :param later: the revisions that this version wrote, the oldest first.
        """
        if later:
            return int(later[0]["person_id"]["N"])
        loaded = self._reader.patient(
            lambda: self._database.get_many(
                organization_id, [(TimeEntry, entry_id)], include_deleted=True
            )
        )
        entry = loaded.get(TimeEntry, entry_id)
        return None if entry is None else entry.person_id

    def _put(self, item: RawItem) -> None:
        request: dict[str, Any] = {
            "TableName": table_name(RevisionModel),
            "Item": item,
            "ConditionExpression": "attribute_not_exists(subject_key)",
        }
        if self._dry_run:
            return
        try:
            self._reader.patient(lambda: self._connection.dispatch("PutItem", dict(request)))
        except ClientError as error:
            # Another run of this command copied it.
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise


def entry_revisions(reader: TableReader, organization_id: int, entry_id: int) -> Iterator[RawItem]:
    """The revisions of a time entry in the table of this version, the oldest first."""
    subject_key = keys.of_kind(organization_id, RevisionSubject.TIME_ENTRY, entry_id)
    request = {
        "TableName": table_name(RevisionModel),
        "KeyConditionExpression": "subject_key = :subject",
        "ExpressionAttributeValues": {":subject": {"S": subject_key}},
    }
    for page in reader.pages("Query", request):
        yield from page


def _by_entry(reader: TableReader) -> Iterator[list[RawItem]]:
    """All old revisions of each time entry that has some."""
    # A Scan returns the items of one partition one after the other.
    last = ""
    for raw in old_revisions(reader):
        entry_key = raw["time_entry_key"]["S"]
        if entry_key == last:
            continue
        last = entry_key
        request = {
            "TableName": old_revisions_table(),
            "KeyConditionExpression": "time_entry_key = :entry",
            "ExpressionAttributeValues": {":entry": {"S": entry_key}},
        }
        yield [raw for page in reader.pages("Query", request) for raw in page]
