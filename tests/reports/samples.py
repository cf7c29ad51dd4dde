"""Example rows, and sample requests for the routes of reports."""

from chalicelib.reports.model import Sum
from chalicelib.reports.rules import Group, ReportRow
from chalicelib.time_entries.model import TimeEntry
from tests.support.samples import Sample

_ENTRY = TimeEntry(364, 2149, 8784, 1294, "2026-03-02", 7, 60, 8784, note="Sketches")

RECORDS = (
    ReportRow(
        2149, (Group.PERSON, Group.SERVICE), person_id=8784, service_id=1294, sum=Sum(1, 1, 90, 90)
    ),
    ReportRow(2149, (), None, 8784, 1294, True, entry=_ENTRY),
)

SAMPLES = {
    "list_time_entry_reports": Sample(query="?group=person"),
    "list_time_reports": Sample(query="?group=person"),
}
