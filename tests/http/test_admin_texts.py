"""The texts of the admin page: words for every recorded change and for every recorded value."""

import re

from chalicelib.admin_revisions.model import AdminAction
from chalicelib.admin_revisions.rules import Author, record_change
from chalicelib.http.static_pages import PAGES_FOLDER
from chalicelib.revisions.model import RevisionAction
from chalicelib.timers.model import StopReason
from tests.support.access_endings import OPERATOR
from tests.support.clock import MONDAY_NINE
from tests.support.samples import records

TEXTS = (PAGES_FOLDER / "admin" / "texts.js").read_text()
VALUES_OF_TIME = {
    *("started_at", "stopped_at", "time_entry_id", "stop_reason"),
    *("date", "time", "billable_time", "note", "service_id", "person_id"),
}
VALUES_OF_AN_IMPORT = {"imported_from", "file_sha256", "timers", "time_entries"}


def names_of(start: str) -> set[str]:
    """The names of an object of the texts."""
    return set(re.findall(r"(\w+): ", TEXTS.split(f"{start} {{")[1].split("}")[0]))


def test_every_recorded_value_has_a_name() -> None:
    recorded = [record for record in records() if hasattr(record, "recorded_as")]
    values = VALUES_OF_TIME | VALUES_OF_AN_IMPORT
    for record in recorded:
        (write,) = record_change(Author(OPERATOR, 1, MONDAY_NINE), None, record)
        values |= write.record.after.keys()
    assert len(values) > len(VALUES_OF_TIME | VALUES_OF_AN_IMPORT)
    assert values - names_of("export const FIELDS =") == set()
    assert {record.recorded_as for record in recorded} - names_of("  subjects:") == set()


def test_every_kind_of_change_has_a_verb() -> None:
    assert {*AdminAction, *RevisionAction} - names_of("  acts:") == set()
    assert set(StopReason) - names_of("  stopReasons:") == set()
