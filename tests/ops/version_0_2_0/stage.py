"""Load the items of version 0.2.0 into the tables of this version, and what becomes of them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.counters.repository import CounterModel
from chalicelib.revisions.repository import RevisionModel
from chalicelib.time_entries.repository import TimeEntryModel
from tests.support.table_snapshots import TABLE_PREFIX
from tests.support.tables import empty_tables
from tools.ops.snapshot import SnapshotReader
from tools.ops.upgrade import upgrade
from tools.ops.upgrade_report import UpgradeReport

STORED: dict[str, Any] = json.loads(Path(__file__).with_name("items.json").read_text())
NOW: int = STORED["now"]
"""The time of the last request to version 0.2.0."""

RULE = {
    # Set to 60, then 2, 4, 5 and 1 hours. Version 0.2.0 showed 120.
    "hours swallowed": 780,
    # Set to 60. Version 0.2.0 showed 0.
    "switch corrected": 60,
    # Set to 600. Version 0.2.0 showed 540.
    "part swallowed": 600,
    # Set to 60, which was also the sum of the sessions. Version 0.2.0 showed 40.
    "adjustment of zero": 60,
    # These times do not change.
    "set while running": 90,
    "stop sent late": 90,
    "entered manually": 150,
    "entered and changed": 50,
    "entered as zero": 0,
    "entered without a state": 75,
    "running on a manual time": 25,
    "ordinary": 45,
    "ordinary, switched": 0,
    "ordinary, zero seconds": 0,
    "ordinary, after zero seconds": 0,
    "after the switch": 20,
    "after adjustment": 5,
    "night": 180,
    "three days": 3180,
    "deactivated": 25,
}
"""The minutes of each entry by its note, as the contract's section 4a says."""

BEFORE = {
    "hours swallowed": 120,
    "switch corrected": 0,
    "part swallowed": 540,
    "adjustment of zero": 40,
}
"""What version 0.2.0 showed of the entries whose time it had lowered."""

_REVISIONS = f"{TABLE_PREFIX}-revisions"


def put(connection: Connection, table: str, item: dict[str, Any]) -> None:
    """Put an item of plain values: texts, numbers and booleans."""
    typed = {name: _typed(value) for name, value in item.items()}
    connection.dispatch("PutItem", {"TableName": f"{TABLE_PREFIX}-{table}", "Item": typed})


@contextmanager
def old_stage(connection: Connection) -> Iterator[None]:
    """Replace the time entries of the fixtures by all that version 0.2.0 stored."""
    empty_tables(TimeEntryModel, CounterModel, RevisionModel)
    with _old_revisions(connection):
        for table in ("timers", "time_entries", "revisions", "person_state", "counters"):
            for item in STORED[table]:
                put(connection, table, item)
        yield


@contextmanager
def _old_revisions(connection: Connection) -> Iterator[None]:
    """The table of revisions, as version 0.2.0 created it."""
    client: Any = connection.client
    names = ("time_entry_key", "revision_key")
    client.create_table(
        TableName=_REVISIONS,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=[
            {"AttributeName": "time_entry_key", "KeyType": "HASH"},
            {"AttributeName": "revision_key", "KeyType": "RANGE"},
        ],
    )
    try:
        yield
    finally:
        client.delete_table(TableName=_REVISIONS)


def _typed(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def run(dependencies: Dependencies, *, dry_run: bool = False) -> UpgradeReport:
    return upgrade(dependencies, lambda _: None, dry_run=dry_run)


def shown_times(connection: Connection) -> dict[str, int]:
    """The minutes of the entries that are not deleted, by note."""
    return {
        entry.note: entry.time
        for person in SnapshotReader(connection).read_all().values()
        for entry in person.entries.values()
        if entry.deleted_at is None and entry.note is not None
    }
